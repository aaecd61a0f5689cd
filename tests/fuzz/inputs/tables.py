"""Broken recipes, tables, CelebA's files of labels, and sets of pictures in arrays."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from attributes import LABEL_NAMES, DatasetError, FaceSet, Recipe, RecipeError
from data.open_pictures import open_pictures
from data.photos import table_photos
from tests.fuzz.inputs.arrays import arrays
from tests.fuzz.inputs.models import no_file
from tests.fuzz.inputs.mutate import mutated
from tests.fuzz.inputs.trees import broken_json
from tests.fuzz.target import Target

RECIPE = {"name": "Party", "moves": {"Smiling": 0.8, "Young": -1, "Wearing_Lipstick": 0.5}, "keep": ["Male", "Bald"]}
TABLE = "file,Grin,Wearing hat\na.png,1,0\nb.png,yes,\n\nsub/c.png,-1,TRUE\n"
ODD_CELLS = (
    "",
    "maybe",
    "1e9",
    "\0",
    "../a.png",
    "/dev/zero",
    "/etc/hostname",
    "x" * 300,
    "x" * 200_000,
    '"',
    "ä",
    "１",
)


def _recipe(chance: random.Random, folder: Path) -> Path:
    path, text = folder / "recipe.json", broken_json(chance, RECIPE)
    match chance.random():
        case share if share < 0.03:
            no_file(chance, path, text.encode())
        case share if share < 0.3:
            path.write_bytes(mutated(chance, text.encode(), text.encode))
        case _:
            encoding = chance.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32"))
            path.write_bytes(text.encode(encoding, "surrogatepass"))
    return path


def _read_recipe(path: Path) -> None:
    recipe = Recipe.load(path)
    recipe.save(path.with_name("again.json"))
    assert Recipe.load(path.with_name("again.json")) == recipe
    recipe.check(LABEL_NAMES)


def _table(chance: random.Random, folder: Path) -> Path:
    (folder / "sub").mkdir()
    for name in ("a.png", "b.png", "sub/c.png"):
        (folder / name).touch()
    path = folder / "table.csv"
    if chance.random() < 0.03:
        no_file(chance, path, TABLE.encode())
        return path
    rows = [line.split(",") for line in TABLE.splitlines()]
    for _ in range(chance.choice((1, 1, 2, 5))):
        row = rows[chance.randrange(len(rows))]
        match chance.choice(("cell", "cell", "longer", "shorter", "rows")):
            case "cell" if row:
                row[chance.randrange(len(row))] = chance.choice(ODD_CELLS)
            case "longer":
                row += [chance.choice(("1", "", "a"))] * chance.choice((1, 3, 200_000))
            case "shorter" if row:
                row.pop()
            case "rows" if len(",".join(row)) < 100:
                rows += [list(row) for _ in range(chance.choice((1, 20_000)))]
    text = "\n".join(",".join(row) for row in rows).encode(chance.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16")))
    path.write_bytes(mutated(chance, text, lambda: text) if chance.random() < 0.4 else text)
    return path


def _celeba(chance: random.Random, folder: Path) -> Path:
    """A whole folder in CelebA-HQ's layout, with broken texts."""
    (folder / "CelebA-HQ-img").mkdir()
    for number in range(4):
        (folder / "CelebA-HQ-img" / f"{number}.png").touch()
    rows = [f"{number}.jpg " + " ".join(chance.choice(("1", "-1")) for _ in LABEL_NAMES) for number in range(4)]
    texts = {
        "CelebAMask-HQ-attribute-anno.txt": "\n".join(["4", " ".join(LABEL_NAMES), *rows, ""]),
        "list_eval_partition.txt": "".join(f"{number}.jpg {number % 3}\n" for number in range(4)),
    }
    broken = chance.choice(list(texts))
    for name, text in texts.items():
        data = text.encode()
        if name == broken:
            if chance.random() < 0.03:
                no_file(chance, folder / name, data)
                continue
            match chance.choice(("bytes", "bytes", "words", "line", "wide")):
                case "bytes":
                    data = mutated(chance, data, texts["list_eval_partition.txt"].encode)
                case "words":
                    words = text.split(" ")
                    words[chance.randrange(len(words))] = chance.choice((*ODD_CELLS, "2", "-2", "9" * 5000, "٣.jpg"))
                    data = " ".join(words).encode()
                case "line":
                    lines = text.split("\n")
                    lines.insert(chance.randrange(len(lines)), chance.choice(("", " ", "a", "1", "\0", "1 1")))
                    data = "\n".join(lines).encode(chance.choice(("utf-8", "utf-16", "utf-8-sig")))
                case "wide":
                    data = (text + " 1" * 500_000).encode()
        (folder / name).write_bytes(data)
    return folder


def _read_celeba(folder: Path) -> None:
    pictures = FaceSet.open(folder, "all")
    assert pictures.identity
    assert pictures.labels is not None


def _read_arrays(folder: Path) -> None:
    pictures = open_pictures(folder, "train")
    pictures.read(0, 1)


def _target(name: str, make: Callable[[random.Random, Path], Path], read: Callable[[Path], object]) -> Target:
    return Target(name, make, read, (RecipeError,) if name == "recipes" else (DatasetError,))


TARGETS = (
    _target("recipes", _recipe, _read_recipe),
    _target("tables", _table, table_photos),
    _target("labels", _celeba, _read_celeba),
    _target("arrays", arrays, _read_arrays),
)
"""What is attacked."""
