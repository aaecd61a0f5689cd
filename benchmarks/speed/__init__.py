"""What things cost in time and memory, beside other implementations."""
