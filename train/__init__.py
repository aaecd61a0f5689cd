"""Training and measuring Glow models: ``python -m train fit`` and ``python -m train eval``."""
