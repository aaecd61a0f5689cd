"""The language in which a browser is given the page: the one that its ``Accept-Language`` likes best."""

from __future__ import annotations

import re

from app.ui.languages import ENGLISH, LANGUAGES


def preferred_language(accepted: str | None) -> str:
    """The one of :data:`LANGUAGES` that a browser's ``Accept-Language`` likes best; English where it likes none."""
    liked = []
    for place, part in enumerate((accepted or "").split(",")[:20]):
        name, _, weight = part.strip().partition(";q=")
        with_weight = re.fullmatch(r"[01](\.\d{0,3})?", weight.strip())
        liked.append((-float(weight) if with_weight else -1.0, place, name.strip().lower().partition("-")[0]))
    return next((name for weight, _, name in sorted(liked) if name in LANGUAGES and weight < 0), ENGLISH)
