"""Where the files lie that come with Glowface. Nothing else knows."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def _find() -> Path:
    """In a checkout, the folder at the top; where Glowface is installed, that of its package."""
    checkout = Path(__file__).parent.parent / "assets"
    if checkout.is_dir():
        return checkout
    return Path(str(files("glowface"))) / "assets"


ASSETS = _find()
"""The folder."""

FACES_128 = ASSETS / "faces-128.safetensors"
"""The model that comes with Glowface, for faces of 128 pixels."""

FACES_64 = ASSETS / "faces-64.safetensors"
"""A smaller and faster one, for 64 pixels."""

DEFAULT_CHECKPOINT = FACES_128
"""The one that is used where no other is asked for."""

DEFAULT_CLASSIFIER = ASSETS / "attribute-classifier.safetensors"
"""The attribute classifier."""

DEFAULT_MATTE = ASSETS / "matte.safetensors"
"""The network that tells a person from the background."""

RECIPES = ASSETS / "recipes"
"""The recipes that come with Glowface, JSON files."""
