"""Where the files lie that come with Glowface, and where a user's own lie. Nothing else knows."""

from __future__ import annotations

import os
import sys
from importlib.resources import files
from pathlib import Path

from storage.values import InvalidValueError

_IN_PACKAGE = Path(str(files("glowface"))) / "assets"

INSTALLED = _IN_PACKAGE.is_dir()
"""Whether Glowface is installed, and not run from a checkout: nothing may be written beside its files then."""

ASSETS = _IN_PACKAGE if INSTALLED else Path(__file__).parent.parent / "assets"
"""The folder of what comes with Glowface: in a checkout, the one at the top."""

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


def user_folder() -> Path:
    """Where this system keeps a user's data; Glowface's in a folder of its own."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "glowface"


def called(command: str) -> str:
    """How a command, such as ``app labels`` or ``attributes learn``, is called here."""
    return f"glowface {command.removeprefix('app ')}" if INSTALLED else f"python -m {command}"


def is_installed(path: Path) -> bool:
    """Whether a path leads into what is installed with Glowface."""
    return INSTALLED and path.resolve().is_relative_to(ASSETS.resolve())


def writable(path: Path) -> Path:
    """``path``, where a user's own files shall lie; one of :func:`user_folder` instead if it is installed."""
    return user_folder() / path.name if is_installed(path) else path


def check_own(path: Path) -> Path:
    """``path``, which shall be written.

    Raises:
        InvalidValueError: it belongs to what is installed with Glowface.
    """
    if is_installed(path):
        raise InvalidValueError(
            f"{path} belongs to the installed Glowface and stays as it is; name another file, or a copy of the model."
        )
    return path
