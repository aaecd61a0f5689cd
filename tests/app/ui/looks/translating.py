"""What translators have to do: ``python -m tests.app.ui.looks.translating`` prints the texts without a translation, as
entries for the catalogues in ``app/ui/languages/``, and the entries that nothing uses any more."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.ui.languages import LANGUAGES, catalogue
from attributes import FOUND, GROUPS, LABELS, YOUR_OWN, shipped_recipes
from tests.conftest import ROOT

SHOWN = {
    "FaceError", "NoFaceError", "PhotoError", "FolderError", "UploadError", "Refused", "RecipeError", "CheckpointError",
    "DirectionsError",
}  # fmt: skip
"""Errors whose messages the page shows."""

PLACES = ("app", "faces", "attributes/sliders", "attributes/directions", "storage/tensors.py", "glow/checkpoint.py")
"""Where they are raised."""

TERMINAL = re.compile(r"app/(cli|doctor)\.py|app/commands/.*|app/ui/launch\.py")
"""What only a terminal shows."""

CODE = re.compile(
    r"shape|uint|finite \(x, y\)|min_confidence|size is|Points must|Pixels are|mapper|calibration|binary mode"
    r"|belongs to the installed|^\{\}[,:] \{\}$"
)
"""In messages that only a caller from Python can get."""

COMPOSED = re.compile(r".*there is no such slider.*")
"""Messages that are made of several."""


@dataclass
class Found:
    """What the code has."""

    texts: set[str] = field(default_factory=set)
    """For readers of the page."""

    errors: set[str] = field(default_factory=set)
    """Messages of errors that the page shows, with ``{}`` for what they put in."""

    strings: set[str] = field(default_factory=set)
    """All that could be either."""

    glued: list[str] = field(default_factory=list)
    """Calls of ``t`` and ``say`` with something put together, which no catalogue can have."""


def found() -> Found:
    """What is in the code, and in what comes with it."""
    all_of_it = Found()
    titles = [label.title for label in LABELS]
    all_of_it.texts |= {*titles, *GROUPS, YOUR_OWN, FOUND, *(recipe.name for recipe in shipped_recipes().values())}
    for path in (
        file for room in ("app", "attributes", "faces", "glow", "storage") for file in (ROOT / room).rglob("*.py")
    ):
        name = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text())
        constants = _constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant | ast.JoinedStr):
                all_of_it.strings |= set(_template(node))
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("t", "say") and name.startswith("app/ui/") and name != "app/ui/words.py":
                asked = node.args[0 if called == "t" else 1]
                if any(isinstance(part, ast.JoinedStr) for part in ast.walk(asked)):
                    all_of_it.glued.append(f"{name}:{node.lineno}")
                all_of_it.texts |= set(_texts(asked, constants))
            told = called in SHOWN and name.startswith(PLACES) and not TERMINAL.fullmatch(name)
            for text in (part for argument in node.args if told for part in _template(argument)):
                if not CODE.search(text):
                    all_of_it.errors.add(text)
        if name.startswith("app/ui/"):
            for statement in ast.walk(tree):
                if isinstance(statement, ast.ListComp | ast.GeneratorExp | ast.DictComp) and _translates(statement):
                    names = (part.id for part in ast.walk(statement) if isinstance(part, ast.Name))
                    all_of_it.texts |= {text for part in names for text in constants.get(part, ())}
    all_of_it.strings |= all_of_it.texts
    return all_of_it


def _template(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def _constants(tree: ast.Module) -> dict[str, list[str]]:
    """The texts in a module's constants: what has a capital or a space; the rest are names for the code."""
    constants = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and target.id.isupper() and value is not None:
                texts = (text for part in ast.walk(value) for text in _template(part))
                constants[target.id] = [text for text in texts if re.search(r"^[A-Z]|\s", text)]
    return constants


def _texts(asked: ast.expr, constants: dict[str, list[str]]) -> Iterator[str]:
    if any(isinstance(part, ast.JoinedStr) for part in ast.walk(asked)):
        return
    for part in ast.walk(asked):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
        elif isinstance(part, ast.Name):
            yield from constants.get(part.id, ())


def _translates(comprehension: ast.AST) -> bool:
    calls = (part.func for part in ast.walk(comprehension) if isinstance(part, ast.Call))
    return any(isinstance(called, ast.Name) and called.id in ("t", "say") for called in calls)


def to_do() -> dict[str, dict[str, list[str]]]:
    """For each language, what is missing and what is unused."""
    code, answer = found(), {}
    for language in LANGUAGES:
        known = catalogue(language)
        missing = {"texts": code.texts - known.texts.keys(), "errors": code.errors - known.errors.keys()}
        unused = (known.texts.keys() | known.errors.keys()) - code.strings - code.errors
        if language == "en":
            missing = {}
        answer[language] = {table: sorted(texts) for table, texts in missing.items() if texts} | (
            {"unused": sorted(gone)} if (gone := {text for text in unused if not COMPOSED.fullmatch(text)}) else {}
        )
    return answer


if __name__ == "__main__":
    for language, work in to_do().items():
        for table, texts in work.items():
            print(f"{language}, {table}:", json.dumps(dict.fromkeys(texts, ""), ensure_ascii=False, indent=1))
    print("put together, write whole sentences:", found().glued)
