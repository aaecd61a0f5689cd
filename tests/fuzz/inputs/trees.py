"""Ways to break a JSON text by its structure: other kinds of values, other names, numbers without end."""

from __future__ import annotations

import json
import random
from typing import Any

_NUMBERS = ("0", "-0.0", "1", "-1", "0.5", "1e-300", "1e999", "-1e999", "NaN", "Infinity", "-Infinity", "2147483648")
_LONG = ("9223372036854775807", "9223372036854775808", "-" + "9" * 400, "7" * 400, "8" * 5000, "1." + "3" * 400)
_TEXTS = ('""', '" "', '"a"', '"1x1-lu"', '"\\u0000"', '"\\ud800"', '"\\u202e\\n"', '"' + "x" * 5000 + '"', '"1.5"')
_OTHERS = ("null", "true", "false", "[]", "{}", "[[]]", "[1, 2]", '{"a": 1}', "[0, 0, 0, 0, 0]", '[NaN, "a", null]')


def odd_value(chance: random.Random) -> str:
    """The JSON text, or nearly so, of a value that nobody expects."""
    deep = chance.choice((3, 21, 200, 100_000))
    nested = "[" * deep + "]" * deep if chance.random() < 0.5 else '{"a":' * deep + "1" + "}" * deep
    kinds = (_NUMBERS, _NUMBERS, _LONG, _TEXTS, _OTHERS, (nested,))
    return chance.choice(chance.choice(kinds))


def broken_json(chance: random.Random, value: Any) -> str:
    """The text of a JSON value with one to three of its parts changed."""
    value, raw = json.loads(json.dumps(value)), dict[str, str]()
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        value = _changed(chance, value, raw)
    text = json.dumps(value)
    for mark, odd in raw.items():
        text = text.replace(f'"{mark}"', odd)
    if chance.random() < 0.05:
        text = text[: chance.randrange(1, len(text) + 1)]
    return text


def _marked(chance: random.Random, raw: dict[str, str]) -> str:
    mark = f"odd-{len(raw)}-value"
    raw[mark] = odd_value(chance)
    return mark


def _changed(chance: random.Random, value: Any, raw: dict[str, str]) -> Any:
    """A part of the tree, or all of it, changed."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.1:
        if isinstance(value, int | float) and not isinstance(value, bool) and chance.random() < 0.4:
            return value * chance.choice((-1, 0, 2, 0.5, 1000, 2**40)) + chance.choice((0, 0, 1, -1))
        return _marked(chance, raw)
    if isinstance(value, list):
        at = chance.randrange(len(value))
        match chance.choice(("inside", "inside", "drop", "more", "swap")):
            case "inside":
                value[at] = _changed(chance, value[at], raw)
            case "drop":
                del value[at]
            case "more":
                value += value[at:] * chance.choice((1, 2, 100))
            case "swap":
                value.reverse()
        return value
    name = chance.choice(list(value))
    match chance.choice(("inside", "inside", "inside", "drop", "rename", "twice", "more")):
        case "inside":
            value[name] = _changed(chance, value[name], raw)
        case "drop":
            del value[name]
        case "rename":
            value[chance.choice(("", "\0", "x" * 300, name.upper(), name + "_"))] = value.pop(name)
        case "twice":
            mark = f"odd-{len(raw)}-value"
            raw[mark] = f"1, {json.dumps(name)}: {odd_value(chance)}"
            value[name] = mark
        case "more":
            value[f"more {chance.randrange(3)}"] = _marked(chance, raw)
    return value
