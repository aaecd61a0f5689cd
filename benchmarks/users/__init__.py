"""Many users of one server at once: ``python -m benchmarks.users``."""
