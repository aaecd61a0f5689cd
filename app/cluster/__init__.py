"""Glowface on Ray Serve: the model in deployments of its own, and an HTTP API before them. Alone imports Ray."""
