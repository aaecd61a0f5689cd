"""``python -m attributes calibrate`` and ``evaluate``: from directions to sliders, and how good these are."""

from __future__ import annotations

import argparse
from pathlib import Path

from tqdm import tqdm

from attributes.classifier.network import CALIBRATION_HALF, REPORT_HALF, load_classifier
from attributes.directions.basis import Basis, directions_path
from attributes.fitting.judge import Judge
from attributes.making.calibrate import PROMISED, calibrate
from attributes.making.evaluate import HEADLINE, Evaluation
from attributes.making.report import draw_leakage, draw_strips, write_json, write_markdown
from attributes.sliders.errors import DirectionsError
from data.face_set import FaceSet
from data.labels import LABEL_NAMES
from glow.checkpoint import load_checkpoint
from glow.device import choose_device, fastest_net_dtype
from storage.assets import DEFAULT_CHECKPOINT, DEFAULT_CLASSIFIER

FACES = 300
"""Faces that each slider is evaluated on, at most and by default."""


def add_measure_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], on_faces: argparse.ArgumentParser
) -> None:
    """Add the two commands to the command line's parser."""
    common = argparse.ArgumentParser(add_help=False, parents=[on_faces])
    common.add_argument("--classifier", type=Path, default=DEFAULT_CLASSIFIER, help="the judge (default: Glowface's)")
    common.add_argument("--directions", type=Path, help="default: beside the checkpoint")
    common.add_argument("--limit", type=int, help="use only the first so many validation faces")

    command = commands.add_parser(
        "calibrate",
        parents=[common],
        help="make sliders of directions, on one half of the validation faces",
        description="Make sliders of the directions that `compute` and `mapper` wrote: "
        "find how far each usually goes while faces look natural, and write this to the same file. It takes "
        "three to six minutes on two CPU cores.",
    )
    command.set_defaults(run=run_calibrate)

    command = commands.add_parser(
        "evaluate", parents=[common], help="how good the sliders are, on the other half of the validation faces"
    )
    command.add_argument("--faces", type=int, default=FACES, help="at most, for each slider (%(default)s)")
    command.add_argument(
        "--witness",
        type=Path,
        help="another classifier, of `classifier --architecture witness`, that is asked too",
    )
    command.add_argument("--json", type=Path, help="write all figures here")
    command.add_argument("--markdown", type=Path, help="write a page here, and its pictures in a folder of its name")
    command.set_defaults(run=run_evaluate)


def _prepared(args: argparse.Namespace, half: slice) -> tuple[Basis, Path, Judge, list[int], FaceSet]:
    device = choose_device(args.device)
    checkpoint = load_checkpoint(args.checkpoint, device)
    # Faster than the precision that gives pictures back exactly, and as good to look at.
    checkpoint.model.set_precision(nets=fastest_net_dtype(device))
    path = args.directions or directions_path(args.checkpoint)
    faces = FaceSet.open(args.data, "val", args.limit)
    if len(faces) < 20:
        raise DirectionsError(f"there are {len(faces)} validation faces below {args.data}; at least 20 are needed.")
    judge = Judge(checkpoint.model, load_classifier(args.classifier, device))
    return Basis.load(path, checkpoint), path, judge, list(range(len(faces)))[half], faces


def run_calibrate(args: argparse.Namespace) -> None:
    """``calibrate``."""
    basis, path, judge, indices, faces = _prepared(args, CALIBRATION_HALF)
    calibrate(basis, judge, judge.encode(faces, indices)).save(path)
    print(f"{path}: 40 sliders calibrated on {len(indices)} faces")


def run_evaluate(args: argparse.Namespace) -> None:
    """``evaluate``."""
    basis, _, judge, indices, faces = _prepared(args, REPORT_HALF)
    directions = basis.directions("calibrated")
    witness = load_classifier(args.witness, judge.model.device) if args.witness else None
    evaluation = Evaluation(judge, judge.encode(faces, indices), args.faces, witness)
    reports = [
        evaluation.report(directions, label) for label in tqdm(range(len(LABEL_NAMES)), desc="sliders", disable=None)
    ]
    comparison = {}
    for name in tqdm(HEADLINE, desc="plain directions", disable=None):
        label = LABEL_NAMES.index(name)
        rate = reports[label].up.reached
        comparison[name] = {
            "mean": evaluation.at_the_same_rate(basis, "mean", label, rate),
            "partial": evaluation.at_the_same_rate(basis, "partial", label, rate),
            "mean, fitted": evaluation.mean_fitted(basis, label),
            "mean at 80%": evaluation.at_the_same_rate(basis, "mean", label, PROMISED),
        }
    for name, report in zip(LABEL_NAMES, reports, strict=True):
        print(f"{name:22} reached {report.up.reached:4.0%} up, {report.down.reached:4.0%} down")
    if args.json:
        write_json(args.json, reports, comparison)
    if args.markdown:
        folder = args.markdown.with_suffix("")
        draw_leakage(folder / "leakage.png", reports)
        draw_strips(folder, judge, directions)
        asked = f" --checkpoint {args.checkpoint}" if args.checkpoint != DEFAULT_CHECKPOINT else ""
        asked += f" --faces {args.faces}" if args.faces != FACES else ""
        asked += f" --witness {args.witness}" if args.witness else ""
        command = f"python -m attributes evaluate --data {args.data}{asked} --markdown {args.markdown}"
        write_markdown(args.markdown, directions, reports, comparison, command)
