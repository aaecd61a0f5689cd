"""What teeth are like in real faces: what sliders bring keeps within it (:mod:`faces.compositing.teeth`)."""

from __future__ import annotations

import numpy as np
import torch

from attributes import LABEL_NAMES, FaceSet
from faces.compositing.colour import luma
from faces.compositing.dark_places import skin
from faces.compositing.teeth import BRIGHTEST, GREENEST, teeth

FACES = 800
"""The first ones that smile with an open mouth."""
SIZE = 128
SURELY = 0.8
"""How much of a place is to be teeth for it to count."""


def real_teeth(faces: FaceSet) -> dict[str, float]:
    """Of the places of real teeth, the shares that lie within each bound of new ones; of brightness also for the faces
    whose skin is in the darkest and in the brightest third."""
    assert faces.labels is not None
    shown = faces.labels[:, [LABEL_NAMES.index(name) for name in ("Smiling", "Mouth_Slightly_Open")]].all(axis=1)
    read = faces.batches(SIZE, 100, indices=np.nonzero(shown)[0][:FACES])
    pictures = torch.from_numpy(np.concatenate([pixels for _, pixels in read])) / 255
    brightness = luma(pictures)
    of_teeth = teeth(pictures) > SURELY
    red, green, blue = (pictures / brightness.clamp_min(1e-3)).split(1, dim=1)
    skins = luma(torch.cat([skin(channel) for channel in pictures.split(1, dim=1)], dim=1))
    dark, bright = torch.quantile(skins, 1 / 3), torch.quantile(skins, 2 / 3)
    level, more = BRIGHTEST
    dim = brightness <= level + more * skins
    found = {
        "no greener than new ones may be": (green - (red + blue) / 2 <= GREENEST)[of_teeth],
        "no bluer than red": (blue <= red)[of_teeth],
        "no brighter than new ones may be": dim[of_teeth],
        "likewise beside dark skin": dim[of_teeth & (skins <= dark)],
        "likewise beside bright skin": dim[of_teeth & (skins >= bright)],
    }
    return {name: float(places.double().mean()) for name, places in found.items()}
