"""What teeth are like in real faces: what sliders bring keeps within it (:mod:`faces.compositing.teeth`)."""

from __future__ import annotations

import numpy as np
import torch

from attributes import LABEL_NAMES, FaceSet
from faces.compositing.colour import luma
from faces.compositing.dark_places import skin
from faces.compositing.teeth import BRIGHTEST, teeth

FACES = 800
"""The first ones that smile with an open mouth."""
SIZE = 128
SURELY = 0.8
"""How much of a place is to be teeth for it to count."""


def real_teeth(faces: FaceSet) -> dict[str, float]:
    """Of the places of real teeth, the share that is redder than grey, less green, less blue, and not too bright; and
    the medians of their red, green and blue, as shares of their brightness, beside the skin's."""
    assert faces.labels is not None
    shown = faces.labels[:, [LABEL_NAMES.index(name) for name in ("Smiling", "Mouth_Slightly_Open")]].all(axis=1)
    read = faces.batches(SIZE, 100, indices=np.nonzero(shown)[0][:FACES])
    pictures = torch.from_numpy(np.concatenate([pixels for _, pixels in read])) / 255
    brightness = luma(pictures)
    of_teeth = teeth(pictures)[:, 0] > SURELY
    red, green, blue = ((channel / brightness)[:, 0][of_teeth] for channel in pictures.split(1, dim=1))
    light = torch.cat([skin(channel) for channel in pictures.split(1, dim=1)], dim=1)
    skins = luma(light)
    beside = (pictures / brightness) / (light / skins)
    level, more = BRIGHTEST
    found = {
        "redder than grey": red >= 1,
        "no greener": green <= 1,
        "no bluer": blue <= 1,
        "no brighter than new ones may be": (brightness <= level + more * skins)[:, 0][of_teeth],
    }
    medians = {
        f"{name} beside the skin's": float(beside[:, place][of_teeth].median())
        for place, name in enumerate(("red", "green", "blue"))
    }
    return {name: float(places.double().mean()) for name, places in found.items()} | medians
