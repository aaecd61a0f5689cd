"""Values that come from outside, out of JSON for the most part: each is of the kind that it has to be, or refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from errors import GlowfaceError

DEEPEST = 20
"""Lists and objects in one another that JSON may have: ours have five."""

LONGEST_NAME = 100
"""Characters of the longest name or title."""


class InvalidValueError(GlowfaceError):
    """A value is not what it has to be; the message names it and says what it must be."""


def parse_json(text: str) -> Any:
    """The value of a JSON text, in which no object has a name twice.

    Raises:
        InvalidValueError: it is not JSON, or lists and objects are more than :data:`DEEPEST` deep in one another.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:  # a ValueError too of a number with thousands of digits
        raise InvalidValueError(f"it is not JSON: {error}") from error
    inside = [value]
    for _ in range(DEEPEST + 1):
        inside = [each for outer in inside if isinstance(outer, dict | list) for each in _parts(outer)]
    if inside:
        raise InvalidValueError(f"it is not JSON as we write it: it is nested more than {DEEPEST} deep")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise ValueError(f"{name!r} is in it twice")
        values[name] = value
    return values


def _parts(outer: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return outer.values() if isinstance(outer, dict) else outer


def integer(name: str, value: Any, low: int, high: int) -> int:
    """``value`` if it is a whole number from ``low`` to ``high``.

    Raises:
        InvalidValueError: it is not; the message calls it ``name``.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidValueError(f"{name} is {value!r}; it must be a whole number from {low} to {high}.")
    return value


def number(name: str, value: Any, low: float, high: float) -> float:
    """``value`` as a float if it is a number from ``low`` to ``high``; NaN never is.

    Raises:
        InvalidValueError: it is not; the message calls it ``name``.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidValueError(f"{name} is {value!r}; it must be a number from {low:g} to {high:g}.")
    return float(value)


def boolean(name: str, value: Any) -> bool:
    """``value`` if it is true or false.

    Raises:
        InvalidValueError: it is not; the message calls it ``name``.
    """
    if not isinstance(value, bool):
        raise InvalidValueError(f"{name} is {value!r}; it must be true or false.")
    return value


def caption(name: str, value: Any) -> str:
    """``value`` if it is a text that can be shown in one line: not empty, and of no more than 100 characters.

    Raises:
        InvalidValueError: it is not; the message calls it ``name``.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME or not value.isprintable():
        raise InvalidValueError(
            f"{name} is {value!r}; it must be a text of 1 to {LONGEST_NAME} characters without control characters."
        )
    return value


def choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """``value`` if it is one of ``choices``.

    Raises:
        InvalidValueError: it is not; the message calls it ``name``.
    """
    if value not in choices:
        raise InvalidValueError(f"{name} is {value!r}; choose one of {', '.join(choices)}.")
    return str(value)


def table(name: str, value: Any, most: int = 1000) -> dict[str, Any]:
    """``value`` if it is a JSON object of at most ``most`` fields.

    Raises:
        InvalidValueError: it is not; the message calls it ``name``.
    """
    if not isinstance(value, dict) or len(value) > most:
        raise InvalidValueError(f"{name} is {value!r}; it must be an object of at most {most} named values.")
    return value
