"""Ways of putting an edit back into its photo, compared: ``python -m benchmarks.pasting``.

Everything below was defined before anything was measured.

**Photos**: the first validation faces of the half that nothing was tuned on, 256×256, opened as the app opens them;
and the astronaut at 512 and at 2,048 pixels. **Edits**: ten headline sliders at 1 (:data:`EDITS`), each decoded once,
then put back in every way. *As it was*: the whole change, plainly enlarged and faded over 0.18 of the square's sides,
as before there were a guide and a matte. All other ways (:mod:`benchmarks.pasting.ways`) get the change with the
background locked, and the fade of :mod:`faces.compositing.fade`.

**Who is the person** is told by masks of a network of others, made by ``benchmarks/teacher.py``, not by our own matte.

- *Background*: where the mask is under 0.05, drawn in by 4 pixels of 256: how much the photo changes on average, in
  levels.
- *Person*: where the mask is over 0.5, the photo after the edit, cut and shrunk as the model is given it, and the
  model's own picture of the edit: how far apart they are on average, in levels.
- *Sharpness*: where the edit changes colour only: of the person, where the model's picture changes by at least 4
  levels, and its own contrast (the deviation of brightness in 7×7 pixels, less their blur) stays within a tenth.
  There, what the photo shows beyond the model's resolution, after the edit, in shares of what it showed before (root
  mean squares).
- *Seam*: on plain backgrounds (the mask under 0.05, the photo's own gradient at most 2 levels a pixel on average over
  9×9 pixels), in the outer 0.2 of the square: the mean gradient of the change, in shares of that of the photo.
- *Ghosts*: the mouth is shut on faces that show teeth: between the inner lips (dlib's 68 landmarks), at least 60
  pixels of 256×256, with at least 60 levels between the 10th and the 90th percentile of brightness; what is over the
  middle of these two counts as a tooth. Its share of the place between the lips before, after, and in the model's own
  picture.
"""

from __future__ import annotations

from benchmarks.edits import BY_NAME

SIDE = 256
"""Side of the picture in which teeth are looked for, in pixels."""

FACES, TEETH = 60, 30
"""How many faces, and how many more that show teeth."""

EDITS = tuple(
    BY_NAME[name]
    for name in (
        "Smiling+", "Young-", "Male-", "Blond_Hair+", "Black_Hair+", "Bangs+", "No_Beard-", "Pale_Skin+",
        "Narrow_Eyes+", "Mouth_Slightly_Open-",
    )
)  # fmt: skip
"""The edits that are put back."""

SHUT = BY_NAME["Mouth_Slightly_Open-"]
"""The one that is to leave no teeth."""
