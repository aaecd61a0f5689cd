"""What the headline edits do to real faces that the model never saw: ``python -m benchmarks.edits``.

Each face is opened, edited and put back as the app does it: ``Editor.open`` on the picture as a photo, detector and
all, and ``Editor.edit`` with one slider at 1 or -1. What is looked at is the photo that comes back, never the model's
own picture. Everything below was defined before anything was measured.

**Faces**: validation faces of the half that nothing was tuned or calibrated on (``REPORT_HALF``), the first ones.

**The held-out classifier** reads attributes, and no slider goes by it. It looks at the face's square, cut from
the photo before and after.

- *Lacked it*: the attribute that the edit is to bring (or to take away) is missing (there) before the edit, as
  CelebA's label has it and as the held-out classifier sees it, at a probability of 0.5; without labels, as the latter
  sees it.
- *Seen*: of those faces, the share in which it sees the label on the other side of 0.5 after the edit.
- *Leakage*: how much the probabilities of the 39 other labels change on average over the same faces, in absolute
  value, as in ``attributes.making.evaluate``.
- *Mean's*: the leakage of the paper's plain mean difference, as long for all faces, pasted alike, at the length at
  which it sees as many changes. Between the lengths that were tried (``ALIKE``) it is a straight line; where
  none brings as many, it is that of the length that brings most, with its rate. Broken faces are left out, as what
  is seen in them says nothing.

**Networks of others** (:mod:`benchmarks.edits.outside`) look at the same square, over all faces:

- *Years*: how much older they look, on average.
- *Gender*: the share of faces whose gender is seen to change; for Male, of those whose gender was the other one.
- *Mouth*, *lips*, *eyes*: how much wider the mouth is, and how much further lips and lids are apart, on average, in
  distances between the eyes.
- *Identity*: the distance between the person before and after, on average, and the share under 0.6, the customary
  limit within which two pictures count as of one person.

**The picture**, over all faces:

- *Found*: the share in which the app's own detector finds a face again whose square has its centre within a quarter
  of a side of the old one's.
- *Blown up*: the growth, in percentage points, of the share of the photo's pixels that have a channel at 0 or at 255;
  of all faces the 95th percentile.
"""

from __future__ import annotations

from dataclasses import dataclass

SIDE = 256
"""Side of the face's square as everything but the model sees it, in pixels."""


@dataclass(frozen=True)
class Edit:
    """One side of a slider."""

    label: str
    """The slider's name, one of CelebA's labels."""

    side: int
    """Its value: 1 or -1."""

    title: str
    """What it is to do, in plain words."""

    @property
    def name(self) -> str:
        """Short and fit for a file's name, such as ``Young-``."""
        return self.label + ("+" if self.side > 0 else "-")


EDITS: tuple[Edit, ...] = (
    Edit("Smiling", 1, "smile"),
    Edit("Smiling", -1, "no smile"),
    Edit("Young", 1, "younger"),
    Edit("Young", -1, "older"),
    Edit("Male", 1, "man"),
    Edit("Male", -1, "woman"),
    Edit("Blond_Hair", 1, "blond hair"),
    Edit("Black_Hair", 1, "black hair"),
    Edit("Eyeglasses", 1, "glasses"),
    Edit("Bangs", 1, "bangs"),
    Edit("No_Beard", -1, "beard"),
    Edit("Pale_Skin", 1, "pale skin"),
    Edit("Narrow_Eyes", 1, "narrow eyes"),
    Edit("Mouth_Slightly_Open", 1, "mouth open"),
    Edit("Mouth_Slightly_Open", -1, "mouth shut"),
)
"""The edits that are measured."""

BY_NAME: dict[str, Edit] = {edit.name: edit for edit in EDITS}
"""The same, by name."""
