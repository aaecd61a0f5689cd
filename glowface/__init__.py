"""Glowface as it is installed: its version, its command and its weights."""

__version__ = "0.1.0"
