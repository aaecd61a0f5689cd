"""``python -m benchmarks.natural``: lay edits out for a look, and tell how well measures agree with it."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from attributes import DatasetError, DirectionBasis, DirectionsError, FaceSet, Judge, directions_path, load_classifier
from attributes.reach.judge import levels
from benchmarks.edits.pictures import PicturesError, folder_for_pictures
from benchmarks.natural.edits import drawn, face_set, made, read_rows, sheets, write_rows
from benchmarks.natural.kinds import lay_kinds
from benchmarks.natural.measures import CHOSEN, FEATURES, MOVE, decoded, measures
from benchmarks.natural.real_teeth import real_teeth
from benchmarks.natural.tints import HAIR, tint
from glow import CheckpointError, load_checkpoint
from storage.assets import DEFAULT_CHECKPOINT

GRADED = Path("docs/natural/graded.csv")


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.natural", description="Measures of natural.")
    parser.add_argument("what", choices=["lay", "score", "kinds", "tints", "teeth"])
    parser.add_argument("--data", type=Path, default=Path("data/celebahq"), help="CelebA-HQ (default: %(default)s)")
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT_CHECKPOINT, help="default: Glowface's")
    parser.add_argument("--graded", type=Path, default=GRADED, help="the table of grades (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the lot (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("runs/natural"), help="for the sheets (default: %(default)s)")
    return parser


def run(args: argparse.Namespace) -> None:
    """``lay``, ``score``, ``kinds``, ``tints`` or ``teeth``."""
    if args.what in ("tints", "teeth"):
        training = FaceSet.open(args.data, "train")
        if training.labels is None:
            raise DatasetError(f"{args.data} has no labels; hair and smiles are told by CelebA's.")
        if args.what == "tints":
            for name in HAIR:
                print(name, *(f"{share:.2f}" for share in tint(training, name)))
        else:
            for name, share in real_teeth(training).items():
                print(f"{name}: {share:.3f}")
        return
    checkpoint = load_checkpoint(args.checkpoint)
    basis = DirectionBasis.load(directions_path(args.checkpoint), checkpoint)
    faces = face_set(args.data)
    if args.what == "kinds":
        folder = folder_for_pictures(args.out / "kinds")
        lay_kinds(basis, Judge(checkpoint.model, load_classifier()), faces, folder)
        print(f"{folder}: look at the sheets; what looks best goes into attributes/making/by_eye.py")
        return
    rows = read_rows(args.graded) if args.what == "score" else drawn([path.stem for path in faces.paths], args.seed)
    before, after = made(checkpoint, basis, faces, rows)
    pictures = decoded(checkpoint.model, before), decoded(checkpoint.model, after)
    if args.what == "lay":
        folder = folder_for_pictures(args.out)
        shown = [levels(x).permute(0, 2, 3, 1).numpy() for x in pictures]
        sheets(rows, shown[0], shown[1], folder)
        write_rows(folder / "graded.csv", rows)
        print(f"{folder}: {len(rows)} edits; look at the sheets, fill in `kept` of graded.csv with 1 or 0")
        return
    judge = Judge(checkpoint.model, load_classifier())
    looked = np.array([row.kept != "" for row in rows])
    spoiled = np.array([row.kept == "0" for row in rows])[looked]
    print(f"{looked.sum()} edits, of which {1 - spoiled.mean():.0%} would be kept\n")
    print("| measure | agreement | at its best limit, right in |\n| --- | ---: | ---: |")
    found = {name: values[looked] for name, values in measures(judge, basis, rows, (before, after), pictures).items()}
    for name, values in sorted(found.items(), key=lambda item: -roc_auc_score(spoiled, item[1])):
        right = max(((values > limit) == spoiled).mean() for limit in values)
        print(f"| {name} | {roc_auc_score(spoiled, values):.3f} | {right:.0%} |")
    logs = np.log(np.stack([found[MOVE], found[FEATURES]], axis=1))
    fitted = LogisticRegression(C=10).fit(logs, spoiled)
    tried = cross_val_predict(LogisticRegression(C=10), logs, spoiled, cv=10, method="predict_proba")[:, 1]
    print(f"\nlog odds of rejection: {fitted.intercept_[0]:.2f} + {fitted.coef_[0, 0]:.2f} ln(move) ", end="")
    print(f"+ {fitted.coef_[0, 1]:.2f} ln(features); on tenths left out, agreement {roc_auc_score(spoiled, tried):.3f}")
    below = found[CHOSEN] <= 1
    print(f"{below.sum()} are less odd than 1, of which {1 - spoiled[below].mean():.0%} would be kept")


def main() -> None:
    """Run the command line."""
    args = build_parser().parse_args()
    try:
        with torch.inference_mode():
            run(args)
    except (CheckpointError, DatasetError, DirectionsError, PicturesError) as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
