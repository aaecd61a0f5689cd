"""The page's texts in the reader's language. English texts are the keys; ``app/ui/languages/`` has the others.

The page is built once, for readers of all languages: where a text stands in it, :func:`t` puts a mark, and the text in
the reader's language takes its place on the way to the browser (``app/ui/server/response_translator.py``). Gradio's own
I18n would leave out choices, captions and what a message is made of, and the server would not know what the reader
sees.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from gradio.context import LocalContext

from app.ui.languages import ENGLISH, LANGUAGES, catalogue
from app.ui.languages.preferred_language import preferred_language

_BEGIN, _END = "\ue000", "\ue001"  # for private use: no text has them, and nothing escapes them
_MARK = re.compile(f"{_BEGIN}([0-9a-f]{{16}}){_END}")
_MARKED: dict[str, str] = {}
_CONFIG = re.compile(r"window\.gradio_(?:config|api_info) = ")
_IN_HTML = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&'\u2028\u2029"}


def t(text: str) -> str:
    """A fixed text of the page: a label, a title, a choice. One that no catalogue knows stays as it is."""
    if not any(text in catalogue(language).texts for language in LANGUAGES):
        return text
    name = blake2b(text.encode(), digest_size=8).hexdigest()
    _MARKED[name] = text
    return f"{_BEGIN}{name}{_END}"


def say(language: str, text: str, **values: Any) -> str:
    """A message to a reader of ``language``, a text with ``{names}`` that ``values`` fill in."""
    return catalogue(language).texts.get(text, text).format(**values)


def explain(language: str, error: Exception | str) -> str:
    """An error's message to a reader of ``language``, as a sentence."""
    text = catalogue(language).error(str(error))
    return text[:1].upper() + text[1:]


def asking_language() -> str:
    """The language of whoever's event is being answered."""
    request = LocalContext.request.get(None)
    return preferred_language(request.headers.get("accept-language")) if request is not None else ENGLISH


def marked(text: str) -> bool:
    """Whether a text, as it stands or inside of JSON, has marks of :func:`t`."""
    return _BEGIN in text or "\\ue000" in text


def localised(language: str, value: Any) -> Any:
    """Something of JSON's with texts where marks were. Of choices, what is shown: what the page sends back stays."""
    if isinstance(value, str):
        return (
            _MARK.sub(lambda mark: catalogue(language).texts.get(_MARKED[mark[1]], _MARKED[mark[1]]), value)
            if _BEGIN in value
            else value
        )
    if isinstance(value, list):
        return [localised(language, part) for part in value]
    if isinstance(value, dict):
        kept = {}
        if isinstance(value.get("choices"), list):
            kept["choices"] = [[localised(language, shown), sent] for shown, sent in value["choices"]]
            kept |= {"value": value["value"]} if "value" in value else {}
        return {name: kept[name] if name in kept else localised(language, part) for name, part in value.items()}
    return value


@lru_cache(maxsize=8)  # it is the same for all who come, and half a megabyte of JSON is taken apart for it
def page_in(language: str, html: str) -> str:
    """The page's HTML in a language."""
    html, done = html.replace('lang="en"', f'lang="{LANGUAGES[language]}"', 1), 0
    while (found := _CONFIG.search(html, done)) is not None:
        config, end = json.JSONDecoder().raw_decode(html, found.end())
        text = json.dumps(localised(language, config), ensure_ascii=False).translate(_IN_HTML)
        html, done = html[: found.end()] + text + html[end:], found.end() + len(text)
    return html
