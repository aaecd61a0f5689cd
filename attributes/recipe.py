"""Recipes: named moves in a JSON file, to be made again and passed on."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RECIPES = Path(__file__).parent.parent / "assets" / "recipes"
"""The recipes that come with Glowface."""

LARGEST = 100_000
"""Bytes; a recipe is a few hundred."""


class RecipeError(ValueError):
    """A file is no recipe, or names what is not there; the message says what, with its value, and what to do."""


@dataclass(frozen=True)
class Recipe:
    """Named moves of sliders.

    In a file: ``{"name": "Party", "moves": {"Smiling": 0.8, "Wearing_Lipstick": 0.5}, "keep": ["Male"]}``; ``keep`` may
    be missing.
    """

    name: str
    """What people see."""

    moves: Mapping[str, float]
    """A value other than 0 per slider name, in CelebA's sense: ``Young`` -1 is older."""

    keep: Sequence[str] = field(default=())
    """Names of sliders that are kept fixed."""

    @staticmethod
    def load(path: str | Path) -> Recipe:
        """The recipe of a file.

        Raises:
            RecipeError: there is no such file, or it is no recipe.
        """
        path = Path(path)
        try:
            if path.stat().st_size > LARGEST:
                raise RecipeError(
                    f"{path.name} has {path.stat().st_size} bytes, more than a recipe can; choose another."
                )
            content = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise RecipeError(f"the recipe {path} cannot be read ({error.strerror}); check the path.") from error
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise RecipeError(f"{path.name} is not JSON ({error}); it must be as a saved recipe is.") from error
        return Recipe.parse(content, path.name)

    @staticmethod
    def parse(content: Any, source: str) -> Recipe:
        """The recipe of a decoded JSON file; ``source`` names it in errors.

        Raises:
            RecipeError: it is no recipe.
        """
        shape = '{"name": "...", "moves": {"Smiling": 0.8}, "keep": []}'
        if not isinstance(content, dict) or not {"name", "moves"} <= set(content):
            raise RecipeError(f"{source} has no name and moves; a recipe looks like {shape}.")
        unknown = sorted(set(content) - {"name", "moves", "keep"})
        if unknown:
            raise RecipeError(f"{source} also has {', '.join(unknown)}, which no recipe knows; a recipe is {shape}.")
        name, moves, keep = content["name"], content["moves"], content.get("keep", [])
        if not isinstance(name, str) or not name.strip():
            raise RecipeError(f"the name in {source} is {name!r}; it must be a text.")
        if not isinstance(moves, dict) or not moves:
            raise RecipeError(f"the moves in {source} are {moves!r}; they must be values by name: {shape}.")
        for slider, value in moves.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise RecipeError(f"the value of {slider} in {source} is {value!r}; it must be a number, such as 0.8.")
        if not isinstance(keep, list) or not all(isinstance(kept, str) for kept in keep):
            raise RecipeError(f'keep in {source} is {keep!r}; it must be a list of names, such as ["Male"].')
        values = {slider: float(value) for slider, value in moves.items() if value}
        return Recipe(name.strip(), values, tuple(keep))

    def check(self, names: Sequence[str]) -> None:
        """Whether all that the recipe moves or keeps is among the sliders' ``names``.

        Raises:
            RecipeError: something is not.
        """
        for name in (*self.moves, *self.keep):
            if name not in names:
                raise RecipeError(f"the recipe {self.name!r} names {name!r}, {no_slider(name, names)}")

    def save(self, path: str | Path) -> None:
        """Write it to ``path`` (JSON)."""
        content = {"name": self.name, "moves": dict(self.moves), "keep": list(self.keep)}
        Path(path).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def no_slider(name: str, names: Sequence[str]) -> str:
    """What to say of a name that no slider has, with those that are near."""
    near = difflib.get_close_matches(name, names, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`python -m app labels` lists all."
    return f"and there is no such slider; {hint}"


def shipped_recipes() -> dict[str, Recipe]:
    """The recipes that come with Glowface, by their files' names without the ending."""
    return {path.stem: Recipe.load(path) for path in sorted(RECIPES.glob("*.json"))}


def find_recipe(text: str) -> Recipe:
    """The recipe of a file, or one of Glowface's own by its name.

    Raises:
        RecipeError: it is neither.
    """
    own = shipped_recipes()
    if text in own:
        return own[text]
    if not Path(text).is_file():
        raise RecipeError(f"there is no recipe {text!r}; give a JSON file, or one of {', '.join(own)}.")
    return Recipe.load(text)
