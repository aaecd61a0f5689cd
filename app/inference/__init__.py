"""How an editor has its model run: directly, or for many users at once."""
