"""Recipes: named moves in a JSON file, to be made again and passed on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attributes.sliders.errors import DirectionsError
from attributes.sliders.moves import check_names
from attributes.sliders.slider import FURTHEST
from errors import GlowfaceError
from storage.assets import RECIPES
from storage.files import FileError, atomic_write, read_text
from storage.png_text import add_text, is_png, read_text_inside
from storage.values import InvalidValueError, caption, number, parse_json

LARGEST = 100_000
"""Bytes; a recipe is a few hundred."""

MOST = 200
"""Moves in a recipe, and as many names that it keeps."""


INSIDE = "Glowface recipe"
"""Under what a recipe stands inside of a PNG."""


class RecipeError(GlowfaceError):
    """A file is no recipe, or names what is not there; the message says what, with its value, and what to do."""


@dataclass(frozen=True)
class Recipe:
    """Named moves of sliders.

    In a file: ``{"name": "Party", "moves": {"Smiling": 0.8, "Wearing_Lipstick": 0.5}, "keep": ["Male"]}``; ``keep`` may
    be missing. A name that stands there twice is refused, for one of its values would be lost.
    """

    name: str
    """What people see."""

    moves: Mapping[str, float]
    """A value other than 0 per slider name, as CelebA means it: ``Young`` -1 is older."""

    keep: Sequence[str] = field(default=())
    """Names of sliders that are kept fixed."""

    @staticmethod
    def load(path: str | Path) -> Recipe:
        """The recipe of a file, or the one inside of a PNG that :meth:`put_into` has written.

        Raises:
            RecipeError: there is no such file, or it is no recipe.
        """
        path = Path(path)
        try:
            text = read_text_inside(path, INSIDE, LARGEST) if is_png(path) else read_text(path, LARGEST)
            if text is None:
                raise RecipeError(
                    f"there is no recipe inside of {path.name}; choose a picture that was saved with its recipe inside."
                )
        except FileError as error:
            raise RecipeError(f"the recipe {path} cannot be read ({error}); choose another file.") from error
        try:
            content = parse_json(text)
        except InvalidValueError as error:
            raise RecipeError(f"{path.name} is no recipe ({error}); it must be as a saved recipe is.") from error
        return Recipe.parse(content, path.name)

    @staticmethod
    def of(name: str, values: Mapping[str, float], keep: Sequence[str]) -> Recipe:
        """The recipe of what is moved and kept fixed; values of 0 are left out.

        Raises:
            RecipeError: nothing is moved, or the name is empty.
        """
        moves = {slider: value for slider, value in values.items() if value}
        if not moves:
            raise RecipeError("nothing is moved yet; move a slider, and then save.")
        return Recipe.parse({"name": name, "moves": moves, "keep": list(keep)}, "the recipe")

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
        if not isinstance(moves, dict) or not 0 < len(moves) <= MOST:
            raise RecipeError(
                f"the moves in {source} are {moves!r}; they must be 1 to {MOST} values by name, as in {shape}."
            )
        if not isinstance(keep, list) or len(keep) > MOST:
            raise RecipeError(f'keep in {source} is {keep!r}; it must be a list of names, such as ["Male"].')
        try:
            caption(f"the name in {source}", name)
            for kept in keep:
                caption(f"a name in keep in {source}", kept)
            for slider, value in moves.items():
                caption(f"a name in the moves in {source}", slider)
                number(f"the value of {slider} in {source}", value, -FURTHEST, FURTHEST)
        except InvalidValueError as error:
            raise RecipeError(str(error)) from error
        values = {slider: float(value) for slider, value in moves.items() if value}
        return Recipe(name.strip(), values, tuple(keep))

    def check(self, names: Sequence[str]) -> None:
        """Whether all that the recipe moves or keeps is among the sliders' ``names``.

        Raises:
            RecipeError: something is not.
        """
        try:
            check_names((*self.moves, *self.keep), names, by=f"the recipe {self.name!r}")
        except DirectionsError as error:
            raise RecipeError(str(error)) from error

    def save(self, path: str | Path) -> None:
        """Write it to ``path`` (JSON): whole, or not at all.

        Raises:
            RecipeError: no such recipe could be read again, or the file cannot be written; one that was there still is.
        """
        text = self._text()
        try:
            with atomic_write(Path(path)) as aside:
                aside.write_text(text, encoding="utf-8")
        except OSError as error:
            raise RecipeError(
                f"{path} cannot be written ({error.strerror}); make room or choose another place."
            ) from error

    def put_into(self, path: str | Path) -> None:
        """Put it into a PNG, whose picture stays as it is; :meth:`load` finds it there.

        Raises:
            RecipeError: no such recipe could be read again, or the file is no PNG, or cannot be written.
        """
        try:
            add_text(path, INSIDE, self._text())
        except (FileError, OSError) as error:
            raise RecipeError(f"the recipe cannot be put into {path} ({error}); save it as a file.") from error

    def _text(self) -> str:
        """What a file says.

        Raises:
            RecipeError: no such recipe could be read again.
        """
        content = {"name": self.name, "moves": dict(self.moves), "keep": list(self.keep)}
        Recipe.parse(content, "the recipe")
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def shipped_recipes() -> dict[str, Recipe]:
    """The recipes that come with Glowface, by their files' names without the ending."""
    return {path.stem: Recipe.load(path) for path in sorted(RECIPES.glob("*.json"))}


def find_recipe(text: str) -> Recipe:
    """The recipe of a file, or one of Glowface's own by its name.

    Raises:
        RecipeError: it is neither.
    """
    shipped = shipped_recipes()
    if text in shipped:
        return shipped[text]
    if not Path(text).is_file():
        raise RecipeError(f"there is no recipe {text!r}; give a JSON file, or one of {', '.join(shipped)}.")
    return Recipe.load(text)
