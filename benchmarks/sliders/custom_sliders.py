"""How good sliders from few faces are: ``python -m benchmarks.sliders.custom_sliders DATA`` prints a table.

Sliders are learned for some of CelebA's labels as if these were new: from a few training faces with and without each.
They then move validation faces that lack the label, and the attribute classifier, which knew nothing of them, judges.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import torch

from app.editor import Editor
from app.portraits.slider_snapshot import SliderSnapshot
from attributes import LABEL_NAMES, FaceSet
from attributes.classifier.network import REPORT_HALF
from attributes.classifier.training import read_all
from attributes.custom.learn import learn
from attributes.directions.direction_basis import DirectionBasis, directions_path
from storage.assets import FACES_64

LABELS = ("Smiling", "Eyeglasses", "Blond_Hair", "Wearing_Hat")
COUNTS = (15, 40, 150)
JUDGED = 120
"""Validation faces, of the half that nothing was chosen on."""


def reached(editor: Editor, pictures: torch.Tensor, name: str, label: int) -> tuple[float, float]:
    """Of pictures without a label, the share that a value of 1 gives it, and the other labels' mean change."""
    before = editor.classifier.balanced_probabilities(pictures)
    lacking = before[:, label] < 0.5
    moved = []
    for part in pictures[lacking].split(40):
        latent = editor.encode((part * 255).byte().permute(0, 2, 3, 1).numpy())
        decoded = editor.decode(editor.directions.move(latent, {name: 1.0}))
        moved.append(editor.classifier.balanced_probabilities(decoded))
    after = torch.cat(moved)
    change = (after - before[lacking]).abs()
    change[:, label] = 0
    return float((after[:, label] >= 0.5).float().mean()), float(change.sum(1).mean() / (len(LABEL_NAMES) - 1))


def main(data: str) -> None:
    """Print the table."""
    editor = Editor.load(FACES_64, device="cpu")
    basis = DirectionBasis.load(directions_path(FACES_64), editor.checkpoint)
    training, validation = FaceSet.open(data, "train"), FaceSet.open(data, "val")
    assert training.labels is not None
    chosen = FaceSet(validation.paths[REPORT_HALF][:JUDGED], None)
    pictures = torch.from_numpy(read_all(chosen)[0]).float() / 255
    print("| label | faces on each side | new pairs ordered rightly | reached at 1 | other labels' mean change |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name in LABELS:
        label = LABEL_NAMES.index(name)
        sides = [np.nonzero(training.labels[:, label] == there)[0] for there in (True, False)]
        for count in COUNTS:
            some = [read_all(FaceSet(tuple(training.paths[i] for i in side[:count]), None))[0] for side in sides]
            found = learn(editor.checkpoint, basis, editor.classifier, f"New {name}", with_it=some[0], without=some[1])
            custom = (found.direction,)
            with_it = replace(editor, sliders=SliderSnapshot(editor.label_directions.with_sliders(custom), custom))
            share, change = reached(with_it, pictures, found.direction.slider.name, label)
            print(f"| {name} | {count} | {found.told_apart:.0%} | {share:.0%} | {change:.3f} |", flush=True)
        share, change = reached(editor, pictures, name, label)
        print(f"| {name} | the label's own slider | | {share:.0%} | {change:.3f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
