"""Training and measuring Glow models: ``python -m train`` with the commands fit, eval, sample and prepare."""
