"""Masks of the person, by a network that others have trained, for ``python -m train matte`` to learn from.

It runs in an environment of its own, for mediapipe 0.10.14 needs other versions than Glowface does:

    python -m venv runs/teacher
    runs/teacher/bin/pip install mediapipe==0.10.14
    runs/teacher/bin/python benchmarks/teacher.py data/celebahq/CelebA-HQ-img runs/masks.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 128
"""Side of the masks, in pixels."""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="The person in each picture of a folder, as mediapipe sees it.")
    parser.add_argument("pictures", type=Path)
    parser.add_argument("masks", type=Path, help="the .npz to write")
    args = parser.parse_args()
    from mediapipe import solutions  # of the teacher's environment alone

    paths = sorted(path for path in args.pictures.iterdir() if path.suffix in {".webp", ".png", ".jpg"})
    masks = np.empty((len(paths), SIDE, SIDE), dtype=np.uint8)
    with solutions.selfie_segmentation.SelfieSegmentation(model_selection=0) as network:
        for place, path in enumerate(paths):
            mask = network.process(np.asarray(Image.open(path).convert("RGB"))).segmentation_mask
            small = Image.fromarray((mask * 255).round().astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.BOX)
            masks[place] = np.asarray(small)
    np.savez_compressed(args.masks, names=np.array([path.stem for path in paths]), masks=masks)
    print(f"{args.masks}: {len(paths)} masks")


if __name__ == "__main__":
    main()
