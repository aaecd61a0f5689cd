"""The page's languages: which there are, and each one's catalogue of texts. Which one a browser is given,
``preferred_language.py`` says.

A catalogue is a JSON file with two tables by the English text. ``texts`` has what the page shows and says; where a text
has ``{names}``, so has its translation. ``errors`` has messages of errors: there ``{}`` stands for whatever the error
puts in, and ``{0}``, ``{1}``, ... in the translation for these in their order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

ENGLISH = "en"
LANGUAGES = {ENGLISH: "en", "ko": "ko", "zh": "zh-CN"}
"""The languages, each with what HTML calls it."""


@dataclass(frozen=True)
class Catalogue:
    """Translations by the English text."""

    texts: Mapping[str, str]
    errors: Mapping[str, str]

    def error(self, message: str) -> str:
        """The translation of an error's message, and of what it puts in; the message itself where there is none."""
        for pattern, translation in self._patterns:
            found = pattern.fullmatch(message)
            if found is not None:
                return translation.format(*(self.error(value) if value else value for value in found.groups()))
        return self.texts.get(message, message)

    @property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        return _patterns(tuple(self.errors.items()))


@cache
def _patterns(errors: tuple[tuple[str, str], ...]) -> list[tuple[re.Pattern[str], str]]:
    """Patterns with their translations: those that say most first."""
    told = sorted(errors, key=lambda pair: -len(pair[0]))
    return [(re.compile("(.*?)".join(map(re.escape, text.split("{}"))), re.S), turned) for text, turned in told]


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of one of :data:`LANGUAGES`. That of English has only errors which would speak of the terminal."""
    return Catalogue(**json.loads(files(__name__).joinpath(f"{language}.json").read_text("utf-8")))
