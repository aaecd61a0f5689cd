"""``python -m attributes calibrate`` and ``evaluate``: from directions to sliders, and how good these are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from attributes.classifier.fit_head_turn import fit_head_turn
from attributes.classifier.network import REPORT_HALF, TUNING_HALF, AttributeClassifier, load_classifier
from attributes.directions.direction_basis import DirectionBasis, directions_path
from attributes.making.calibrate import PROMISED, calibrate
from attributes.making.evaluate import HEADLINE, Evaluation
from attributes.making.report import draw_leakage, draw_strips, read_json, write_json, write_markdown
from attributes.options import DirectionsFile, FacesOptions
from attributes.reach.judge import Judge
from attributes.sliders.errors import DirectionsError
from attributes.sliders.moves import check_names, full_name
from data.face_set import FaceSet
from data.labels import LABEL_NAMES
from errors.command_line import command
from glow.checkpoint import load_checkpoint
from glow.device import choose_device, fastest_net_dtype
from storage.assets import DEFAULT_CHECKPOINT, DEFAULT_CLASSIFIER, check_own
from storage.values import InvalidValueError

FACES = 300
"""Faces that each slider is evaluated on, at most and by default."""


measure_commands = typer.Typer()


@dataclass(frozen=True, kw_only=True)
class SliderOptions(FacesOptions):
    """What all commands for sliders have: the judge, the directions, how many faces."""

    classifier: Annotated[Path, typer.Option(help="the judge", show_default="Glowface's")] = DEFAULT_CLASSIFIER
    directions: DirectionsFile = None
    limit: Annotated[int | None, typer.Option(help="use only the first so many validation faces")] = None


@dataclass(frozen=True, kw_only=True)
class CalibrateOptions(SliderOptions):
    """Options of ``calibrate``."""

    only: Annotated[
        list[str], typer.Option(metavar="NAME", help="make this slider alone, others stay as they are; repeatable")
    ] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(SliderOptions):
    """Options of ``evaluate``."""

    faces: Annotated[int, typer.Option(help="at most, for each slider")] = FACES
    witness: Annotated[
        Path | None,
        typer.Option(help="another classifier, of `classifier --architecture witness`, that is asked too"),
    ] = None
    json: Annotated[Path | None, typer.Option(help="write all figures here")] = None
    only: Annotated[
        list[str],
        typer.Option(metavar="NAME", help="measure this slider alone, others are as in --json; repeatable"),
    ] = field(default_factory=list)
    markdown: Annotated[
        Path | None, typer.Option(help="write a page here, and its pictures in a folder of its name")
    ] = None


def _prepared(options: SliderOptions, half: slice) -> tuple[DirectionBasis, Path, Judge, list[int], FaceSet]:
    device = choose_device(options.device)
    checkpoint = load_checkpoint(options.checkpoint, device)
    # Faster than the precision that gives pictures back exactly, and as good to look at.
    checkpoint.model.set_precision(nets=fastest_net_dtype(device))
    path = options.directions or directions_path(options.checkpoint)
    faces = FaceSet.open(options.data, "val", options.limit)
    if len(faces) < 20:
        raise DirectionsError(f"there are {len(faces)} validation faces below {options.data}; at least 20 are needed.")
    judge = Judge(checkpoint.model, load_classifier(options.classifier, device))
    return DirectionBasis.load(path, checkpoint), path, judge, list(range(len(faces)))[half], faces


@command(measure_commands, "calibrate", short_help="Make sliders of directions.")
def run_calibrate(options: CalibrateOptions) -> None:
    """Make sliders of the directions that `compute` and `mapper` wrote: find, on one half of the validation faces, how
    far each usually goes while faces look natural, and write this to the same file.

    It takes five to ten minutes on two CPU cores; with `--only`, some seconds for each slider. Where there is a mapper,
    and without `--only`, training faces also tell how far heads are turned, as a turned one bears less.
    """
    check_own(options.directions or directions_path(options.checkpoint))
    only = {full_name(name, LABEL_NAMES) for name in options.only}
    check_names(only, LABEL_NAMES)
    basis, path, judge, indices, faces = _prepared(options, TUNING_HALF)
    if not only:
        only = set(LABEL_NAMES)
        if basis.mapper is not None:
            basis = _with_head_turn(basis, judge.classifier, FaceSet.open(options.data, "train"))
    calibrate(basis, judge, judge.encode(faces, indices), only).save(path)
    print(f"{path}: {len(only)} sliders calibrated on {len(indices)} faces")


def _with_head_turn(basis: DirectionBasis, classifier: AttributeClassifier, faces: FaceSet) -> DirectionBasis:
    try:
        found = fit_head_turn(classifier, faces)
    except InvalidValueError as error:
        raise DirectionsError(f"{error} Leave --classifier out.") from error
    if found is None:
        print("too few training faces were found to tell how far heads are turned; that stays as it was.")
        return basis
    return replace(basis, head_turn=found)


@command(measure_commands, "evaluate")
def run_evaluate(options: EvaluateOptions) -> None:
    """Measure how good the sliders are, on the other half of the validation faces."""
    only = {full_name(name, LABEL_NAMES) for name in options.only}
    check_names(only, LABEL_NAMES)
    if only and options.json is None:
        raise DirectionsError("give --json with --only: the file with the figures of the other sliders.")
    found, comparison = read_json(options.json) if only and options.json else ({}, {})
    basis, _, judge, indices, faces = _prepared(options, REPORT_HALF)
    directions = basis.directions("calibrated")
    witness = load_classifier(options.witness, judge.model.device) if options.witness else None
    evaluation = Evaluation(judge, judge.encode(faces, indices), options.faces, witness)
    for name in tqdm(sorted(only or LABEL_NAMES), desc="sliders", disable=None):
        found[name] = evaluation.report(directions, LABEL_NAMES.index(name))
    for name in tqdm([name for name in HEADLINE if not only or name in only], desc="plain directions", disable=None):
        label = LABEL_NAMES.index(name)
        rate = found[name].up.reached
        comparison[name] = {
            "mean": evaluation.at_the_same_rate(basis, "mean", label, rate),
            "partial": evaluation.at_the_same_rate(basis, "partial", label, rate),
            "mean, fitted": evaluation.mean_by_reach(basis, label),  # as files have always called it
            "mean at 80%": evaluation.at_the_same_rate(basis, "mean", label, PROMISED),
        }
    reports = [found[name] for name in LABEL_NAMES]
    for name, report in zip(LABEL_NAMES, reports, strict=True):
        print(f"{name:22} reached {report.up.reached:4.0%} up, {report.down.reached:4.0%} down")
    if options.json:
        write_json(options.json, reports, comparison)
    if options.markdown:
        folder = options.markdown.with_suffix("")
        draw_leakage(folder / "leakage.png", reports)
        draw_strips(folder, judge, directions)
        asked = f" --checkpoint {options.checkpoint}" if options.checkpoint != DEFAULT_CHECKPOINT else ""
        asked += f" --faces {options.faces}" if options.faces != FACES else ""
        asked += f" --witness {options.witness}" if options.witness else ""
        asked += f" --json {options.json}" + "".join(f" --only {name}" for name in sorted(only)) if only else ""
        command = f"python -m attributes evaluate --data {options.data}{asked} --markdown {options.markdown}"
        write_markdown(options.markdown, directions, reports, comparison, command)
