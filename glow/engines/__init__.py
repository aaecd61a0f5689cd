"""How the layers are run: in training, with little memory, and once trained. The numbers are those of the layers."""
