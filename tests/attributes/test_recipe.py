"""Recipes: read and written, and refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from attributes import LABEL_NAMES, Recipe, RecipeError, find_recipe, shipped_recipes


def test_a_saved_recipe_comes_back(tmp_path: Path) -> None:
    recipe = Recipe("Größer", {"Smiling": 0.8, "Young": -1.0}, ("Male",))
    recipe.save(tmp_path / "r.json")
    assert find_recipe(str(tmp_path / "r.json")) == recipe


def test_glowfaces_own_recipes_move_what_there_is() -> None:
    recipes = shipped_recipes()
    assert len({recipe.name for recipe in recipes.values()}) == len(recipes) >= 5
    for name, recipe in recipes.items():
        recipe.check(LABEL_NAMES)
        assert all(0 < abs(value) <= 1 for value in recipe.moves.values())
        assert find_recipe(name) == recipe


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "has no name and moves"),
        ('{"name": "A"}', "has no name and moves"),
        ('{"name": "", "moves": {"Smiling": 1}}', "the name in r.json is ''"),
        ('{"name": "A", "moves": {}}', r"the moves in r.json are \{\}"),
        ('{"name": "A", "moves": {"Smiling": "much"}}', "the value of Smiling in r.json is 'much'"),
        ('{"name": "A", "moves": {"Smiling": true}}', "the value of Smiling in r.json is True"),
        ('{"name": "A", "moves": {"Smiling": NaN}}', "the value of Smiling in r.json is nan"),
        ('{"name": "A", "moves": {"Smiling": 1}, "keep": "Male"}', "keep in r.json is 'Male'"),
        ('{"name": "A", "moves": {"Smiling": 1}, "speed": 3}', "also has speed"),
        ("[" * 50_000, "is not JSON"),
        (" " * 200_000, "has 200000 bytes"),
    ],
)
def test_what_is_no_recipe_is_said_with_its_value(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(RecipeError, match=message):
        Recipe.load(tmp_path / "r.json")


def test_misspelt_names_are_told_with_what_is_near() -> None:
    with pytest.raises(RecipeError, match="names 'Smilling', and there is no such slider; did you mean Smiling"):
        Recipe("A", {"Smilling": 1.0}).check(LABEL_NAMES)
    with pytest.raises(RecipeError, match="names 'Mail'"):
        Recipe("A", {"Smiling": 1.0}, ("Mail",)).check(LABEL_NAMES)
    with pytest.raises(RecipeError, match="there is no recipe 'nowhere'; give a JSON file, or one of"):
        find_recipe("nowhere")
