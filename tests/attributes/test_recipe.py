"""Recipes: read and written, and refused in words."""

from __future__ import annotations

import os
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
        ("{", "it is not JSON"),
        ("[]", "has no name and moves"),
        ('{"name": "A"}', "has no name and moves"),
        ('{"name": "", "moves": {"Smiling": 1}}', "the name in r.json is ''"),
        ('{"name": "A\\u0000", "moves": {"Smiling": 1}}', "the name in r.json is 'A.*without control characters"),
        ('{"name": "' + "A" * 101 + '", "moves": {"Smiling": 1}}', "must be a text of 1 to 100 characters"),
        (
            '{"name": "A", "moves": {"Smiling": 1e300}}',
            "the value of Smiling in r.json is 1e\\+300; .* from -100 to 100",
        ),
        ('{"name": "A", "moves": {"Smiling": ' + "9" * 400 + "}}", "the value of Smiling in r.json is 9999"),
        ('{"name": "A", "moves": {"Smiling": 1, "Smiling": 2}}', "'Smiling' is in it twice"),
        ('{"name": "A", "moves": {' + ", ".join(f'"{n}": 1' for n in range(201)) + "}}", "must be 1 to 200 values"),
        ('{"name": "A", "moves": {"Smiling": 1}, "keep": [["Male"]]}', "a name in keep in r.json is"),
        ('{"name": "A", "moves": {}}', r"the moves in r.json are \{\}"),
        ('{"name": "A", "moves": {"Smiling": "much"}}', "the value of Smiling in r.json is 'much'"),
        ('{"name": "A", "moves": {"Smiling": true}}', "the value of Smiling in r.json is True"),
        ('{"name": "A", "moves": {"Smiling": NaN}}', "the value of Smiling in r.json is nan"),
        ('{"name": "A", "moves": {"Smiling": 1}, "keep": "Male"}', "keep in r.json is 'Male'"),
        ('{"name": "A", "moves": {"Smiling": 1}, "speed": 3}', "also has speed"),
        ("[" * 50_000, "it is not JSON"),
        (" " * 200_000, "it has 200000 bytes, more than 100000"),
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


def test_a_byte_order_mark_is_borne_and_a_pipe_is_not(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"name": "A", "moves": {"Smiling": 1}}', encoding="utf-8-sig")
    assert Recipe.load(tmp_path / "r.json").moves == {"Smiling": 1.0}
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RecipeError, match="it is no regular file"):
        Recipe.load(tmp_path / "pipe")
    (tmp_path / "r.json").write_bytes(b"\xff\xfe")
    with pytest.raises(RecipeError, match="no UTF-8"):
        Recipe.load(tmp_path / "r.json")


def test_only_what_can_be_read_again_is_written_and_whole(tmp_path: Path) -> None:
    recipe = Recipe("A", {"Smiling": 0.8})
    recipe.save(tmp_path / "r.json")
    with pytest.raises(RecipeError, match="the name in the recipe is ''"):
        Recipe("", {"Smiling": 0.8}).save(tmp_path / "r.json")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RecipeError, match="cannot be written"):
        recipe.save(tmp_path / "folder")
    assert Recipe.load(tmp_path / "r.json") == recipe
    assert {path.name for path in tmp_path.iterdir()} == {"r.json", "folder"}
