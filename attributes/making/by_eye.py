"""Where edits act and how far they go, as was seen by a look: ``python -m benchmarks.natural kinds`` lays them out.

How much of a change a face bears depends on which it is, and on how well it is made; no measure was found that tells
the uglier one of two moves of the same oddness (docs/natural.md).
"""

from __future__ import annotations

from typing import Any

from attributes.sliders.oddness import NATURAL
from attributes.sliders.slider import Companion
from attributes.sliders.slider_mask import SliderMask

SCALES = (1.2, 1.0, 0.6, 0.6, 1.0)
"""Weights of the five scales of a model of 128 pixels, fine to coarse. The fine and the coarsest scales bring about
what is asked for; the two between them mostly cast its colours onto skin and background."""

EYES = {"top": 0.31, "bottom": 0.61, "fade": 0.12}
BROWS = {"top": 0.2, "bottom": 0.5}
LIDS = {"top": 0.3, "bottom": 0.55}
NOSE = {"top": 0.35, "bottom": 0.75}
MOUTH = {"top": 0.5}
CHIN = {"top": 0.55}
CHEEKS = {"top": 0.35, "fade": 0.2}
NECK = {"top": 0.7}
FRINGE = {"bottom": 0.47, "fade": 0.2, "changes_dark": True}
AROUND_FACE = {"face": 0.4, "changes_dark": True}
WITHIN_FACE = {"around": 0.3}
AGE = {"around": 0.3, "colour": 0.0, "light": 0.3, "spares_dark": True, "spares_teeth": True}

BLOND = (1.22, 0.94, 0.71)
BROWN = (1.33, 0.9, 0.66)

PLACES: dict[str, dict[str, Any]] = {
    "Smiling": CHEEKS,
    "Mouth_Slightly_Open": MOUTH,
    "Big_Lips": MOUTH,
    "Wearing_Lipstick": MOUTH,
    "High_Cheekbones": CHEEKS,
    "Rosy_Cheeks": CHEEKS,
    "Eyeglasses": EYES,
    "Bags_Under_Eyes": EYES,
    "Narrow_Eyes": LIDS,
    "Arched_Eyebrows": BROWS,
    "Bushy_Eyebrows": BROWS,
    "Big_Nose": NOSE,
    "Pointy_Nose": NOSE,
    "No_Beard": CHIN,
    "Goatee": CHIN,
    "Mustache": CHIN,
    "5_o_Clock_Shadow": CHIN,
    "Double_Chin": CHIN,
    "Sideburns": CHEEKS,
    "Wearing_Necklace": NECK,
    "Wearing_Necktie": NECK,
    "Bangs": FRINGE,
    "Bald": FRINGE,
    "Receding_Hairline": FRINGE,
    "Wearing_Hat": FRINGE,
    "Black_Hair": AROUND_FACE,
    "Blond_Hair": AROUND_FACE,
    "Brown_Hair": AROUND_FACE,
    "Gray_Hair": AROUND_FACE,
    "Young": AGE,
    "Attractive": WITHIN_FACE,
    "Heavy_Makeup": WITHIN_FACE,
    "Male": WITHIN_FACE | {"spares_teeth": True},
    "Pale_Skin": {"spares_dark": True},
}
"""Where in the face's square labels lie; those that are not named lie everywhere."""

SIDES: dict[tuple[str, int], dict[str, Any]] = {
    ("Blond_Hair", 1): {"tint": BLOND},
    ("Black_Hair", 1): {"tint": BLOND},
    ("Brown_Hair", 1): {"tint": BROWN},
    ("Black_Hair", -1): {"tint": BROWN},
    ("Male", 1): {"around": 0.0},
    ("Male", -1): {"changes_dark": True},
    ("Eyeglasses", -1): {"changes_dark": True},
    ("No_Beard", 1): {"changes_dark": True},
    ("Goatee", -1): {"changes_dark": True},
    ("Mustache", -1): {"changes_dark": True},
    ("Eyeglasses", 1): {"dark_object": True},
    ("No_Beard", -1): {"dark_object": True},
    ("Goatee", 1): {"dark_object": True},
    ("Mustache", 1): {"dark_object": True},
}
"""What one side (1 or -1) has of its own. Black hair turned grey, and so did blond hair that was to be black; the tints
are the mean colours of the tops of heads whose hair is labelled so, or was. Where long hair goes, a patch of background
comes, and a man may have it. With glasses, foreheads turned pale; and what takes a beard off changes what is dark."""

COMPANIONS: tuple[tuple[str, Companion], ...] = (
    ("Male", Companion(side=1, name="5_o_Clock_Shadow", share=0.8)),
    ("Young", Companion(side=1, name="Bags_Under_Eyes", share=-0.6)),
    ("Young", Companion(side=1, name="Double_Chin", share=-0.5)),
    ("Young", Companion(side=1, name="Bushy_Eyebrows", share=-0.4)),
    ("Young", Companion(side=1, name="Smiling", share=0.3)),
    ("Young", Companion(side=-1, name="Bags_Under_Eyes", share=0.5)),
    ("Young", Companion(side=-1, name="Double_Chin", share=0.3)),
)
"""What is to come with which label's slider. A man who keeps long hair is one by his beard; who keeps the hair is older
by wrinkles, and younger with the brows that it had and without having to smile less."""

HIDDEN_BY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair", "Bangs"), ("Wearing_Hat", "Bald")),
    **dict.fromkeys(("Bald", "Receding_Hairline"), ("Wearing_Hat",)),
}
"""What hides that which a label's slider changes, or leaves none of it: hats would take the hair's colour, and give way
to fringes; bald heads would be painted."""

ONLY_ON: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("No_Beard", "Goatee", "Mustache", "5_o_Clock_Shadow", "Sideburns"), ("Male",)
)
"""What a face must show to get what a label's slider brings: women got smears for beards."""

OBJECTS = frozenset({"Eyeglasses", "Bangs", "No_Beard", "Goatee", "Mustache", "Wearing_Hat"})
"""What looks wrong by half: a frame that ends at the nose, a fringe with a gap, a beard that is a smear."""

PLAIN_AT: dict[str, float] = {"Eyeglasses": 13.0, "Mustache": 4.0, "Male": 7.0, "Young": 7.0}
"""Log odds at which a label is plain, where that is not :data:`PLAIN`. The classifier is sure of glasses by half of a
frame, and of a man by his stubble."""

LENGTHS: dict[tuple[str, int], float] = {
    ("Smiling", 1): 0.75,
    ("Smiling", -1): 0.82,
    ("Young", 1): 1.75,
    ("Young", -1): 1.38,
    ("Male", 1): 0.73,
    ("Male", -1): 0.8,
    ("Blond_Hair", 1): 0.72,
    ("Black_Hair", 1): 0.66,
    ("Eyeglasses", 1): 1.5,
    ("Bangs", 1): 0.75,
    ("No_Beard", -1): 0.9,
    ("Mustache", 1): 1.1,
    ("Pale_Skin", 1): 0.65,
    ("Narrow_Eyes", 1): 1.1,
    ("Mouth_Slightly_Open", 1): 1.0,
    ("Mouth_Slightly_Open", -1): 1.0,
}
"""Lengths of a mapper's vectors up to which most faces look natural, for each label and side that was looked at."""

OTHER_LENGTHS = 0.8
"""The same for all others: a mapper is trained so that one length brings what it is to bring."""

NATURAL_TURNED: dict[tuple[str, int], float] = {
    ("Smiling", 1): 0.65,
    ("Smiling", -1): 0.85,
    ("High_Cheekbones", 1): 0.65,
    ("Young", 1): 0.85,
    ("Young", -1): 0.75,
    ("Blond_Hair", 1): 0.65,
    ("Black_Hair", 1): 0.65,
    ("Brown_Hair", 1): 0.65,
    ("Gray_Hair", 1): 0.65,
    ("Eyeglasses", 1): 0.6,
    ("Bangs", 1): 0.65,
    ("Mouth_Slightly_Open", 1): 0.5,
    ("Mouth_Slightly_Open", -1): 0.85,
}
"""The share of the natural oddness that a head bears which is turned far to a side; 1 for all that are not named. Of
600 graded edits, mouths that open were kept on all heads that look straight ahead and on 44% of the others, smiles on
90% and 58%, hair on 92% and 62% (docs/natural.md)."""

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


def slider_mask(name: str, side: int, scales: int) -> SliderMask:
    """Where in a latent of so many scales a label's slider acts, on its side 1 or -1."""
    fields = {"scales": SCALES, **PLACES.get(name, {}), **SIDES.get((name, side), {})}
    if scales != len(SCALES):
        del fields["scales"]
    return SliderMask(**fields)


def companions(name: str) -> tuple[Companion, ...]:
    """What comes with a label's slider."""
    return tuple(companion for slider, companion in COMPANIONS if slider == name)


def natural_lengths(name: str, side: int) -> float:
    """Lengths of a mapper's vectors that most faces may go towards a label (``side`` 1), or away from it (-1)."""
    return LENGTHS.get((name, side), OTHER_LENGTHS)


def natural_oddness(name: str, side: int) -> float:
    """Oddness up to which faces look natural where there is no mapper."""
    return ODDNESS_WITHOUT_MAPPER.get((name, side), NATURAL)
