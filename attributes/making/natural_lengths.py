"""How far edits go, as was seen by a look at them: ``python -m benchmarks.natural kinds`` lays them out.

How much of a change a face bears depends on which it is, and on how well it is made; no measure was found that tells
the uglier one of two moves of the same oddness (docs/natural.md).
"""

from __future__ import annotations

from attributes.sliders.oddness import NATURAL

LENGTHS: dict[tuple[str, int], float] = {
    ("Smiling", 1): 0.75,
    ("Smiling", -1): 0.9,
    ("Young", 1): 1.0,
    ("Young", -1): 0.75,
    ("Male", 1): 0.5,
    ("Male", -1): 0.9,
    ("Blond_Hair", 1): 0.8,
    ("Black_Hair", 1): 0.65,
    ("Eyeglasses", 1): 0.8,
    ("Bangs", 1): 0.7,
    ("No_Beard", -1): 0.35,
    ("Pale_Skin", 1): 0.6,
    ("Narrow_Eyes", 1): 0.7,
    ("Mouth_Slightly_Open", 1): 0.8,
    ("Mouth_Slightly_Open", -1): 0.9,
}
"""Lengths of a mapper's vectors up to which most faces look natural, for each label and side that was looked at."""

OTHER_LENGTHS = 0.8
"""The same for all others: a mapper is trained so that one length brings what it is to bring."""

ODDNESS_WITHOUT_MAPPER: dict[tuple[str, int], float] = {
    ("Smiling", 1): 1.0,
    ("Smiling", -1): 0.65,
    ("Young", 1): 1.1,
    ("Male", 1): 1.2,
    ("Male", -1): 1.7,
    ("Blond_Hair", 1): 0.7,
    ("Black_Hair", 1): 0.65,
    ("Eyeglasses", 1): 0.6,
    ("Bangs", 1): 0.65,
    ("No_Beard", -1): 0.75,
    ("Pale_Skin", 1): 0.6,
    ("Narrow_Eyes", 1): 0.55,
    ("Mouth_Slightly_Open", 1): 0.7,
    ("Mouth_Slightly_Open", -1): 0.6,
}
"""Oddness up to which faces look natural along directions that are the same for all faces."""


def natural_lengths(name: str, side: int) -> float:
    """Lengths of a mapper's vectors that most faces may go towards a label (``side`` 1), or away from it (-1)."""
    return LENGTHS.get((name, side), OTHER_LENGTHS)


def natural_oddness(name: str, side: int) -> float:
    """Oddness up to which faces look natural where there is no mapper."""
    return ODDNESS_WITHOUT_MAPPER.get((name, side), NATURAL)
