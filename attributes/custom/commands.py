"""The commands around the classifier, and those that make sliders of one's own."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from attributes.classifier.network import Architecture, load_classifier, make_net, save_classifier
from attributes.classifier.probes import comparison_table, probe_latents
from attributes.classifier.training import read_all, train_classifier
from attributes.custom.components import find_components
from attributes.custom.learn import FEWEST, MOST, check_sides, distinct, learn
from attributes.custom.store import check_names_apart, listed_sliders, save_slider, sliders_folder
from attributes.directions.direction_basis import DirectionBasis, directions_path
from attributes.options import Data, DeviceOptions, FacesOptions, ModelOptions
from attributes.sliders.errors import DirectionsError
from data.face_set import DatasetError, FaceSet
from data.labels import LABEL_NAMES
from data.photos import Aligned, aligned_faces, folder_photos, table_photos
from errors.command_line import Seed, command
from faces import Detector
from glow.checkpoint import load_checkpoint
from glow.device import choose_device
from storage.assets import DEFAULT_CLASSIFIER, check_own
from storage.files import FileError, check_writable
from storage.values import InvalidValueError

WEAK = 0.65
"""A slider whose direction orders new faces no better than this is reported as weak."""


custom_commands = typer.Typer()


@dataclass(frozen=True, kw_only=True)
class ClassifierOptions(DeviceOptions):
    """Options of ``classifier``."""

    data: Data
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", show_default="the one of Glowface", help="a witness needs one"),
    ] = None
    epochs: int = 6
    seed: Seed = 0
    architecture: Annotated[
        Architecture,
        typer.Option(help="of the network; `witness` is another than the app's, to judge sliders that go by that one"),
    ] = "residual"


@command(custom_commands, "classifier")
def run_classifier(options: ClassifierOptions) -> None:
    """Train the network that reads the 40 labels off a face."""
    if options.epochs < 1:
        raise InvalidValueError(f"--epochs is {options.epochs}; it must be at least 1.")
    training, validation = (FaceSet.open(options.data, split) for split in ("train", "val"))
    if training.labels is None or validation.labels is None:
        raise DatasetError("a classifier needs labels; give a folder in CelebA-HQ's or CelebA's layout.")
    if options.output is None and options.architecture == "witness":
        raise InvalidValueError("a witness must not take the place of the app's classifier; give -o FILE.")
    output, size = check_own(options.output or DEFAULT_CLASSIFIER), make_net(options.architecture).size
    (pixels, read), (validation_pixels, validation_read) = (read_all(faces, size) for faces in (training, validation))
    classifier = train_classifier(
        pixels, training.labels[read], validation_pixels, validation.labels[validation_read],
        epochs=options.epochs, seed=options.seed, architecture=options.architecture,
        device=choose_device(options.device),
    )  # fmt: skip
    save_classifier(output, classifier, len(pixels))
    accuracy = float(np.nanmean(classifier.balanced_accuracy))
    print(f"{output}: balanced accuracy {accuracy:.3f}, the mean of 40 labels")


@dataclass(frozen=True, kw_only=True)
class ProbesOptions(FacesOptions):
    """Options of ``probes``."""

    limit: Annotated[int, typer.Option(help="faces to learn from")] = 4000


@command(custom_commands, "probes")
def run_probes(options: ProbesOptions) -> None:
    """Print linear probes on latents beside the classifier, as a table."""
    training, validation = FaceSet.open(options.data, "train", options.limit), FaceSet.open(options.data, "val")
    probes = probe_latents(load_checkpoint(options.checkpoint, choose_device(options.device)), training, validation)
    assert validation.labels is not None
    print(comparison_table(load_classifier(), probes, validation.labels))


@dataclass(frozen=True, kw_only=True)
class LearnOptions(ModelOptions):
    """Options of ``learn``."""

    title: Annotated[
        str | None, typer.Argument(help="its name, such as 'Wearing scarf'; with --csv: one column only")
    ] = None
    with_it: Annotated[Path | None, typer.Option("--with", metavar="DIR", help="photos with it")] = None
    without: Annotated[Path | None, typer.Option(metavar="DIR", help="photos without it")] = None
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="instead: a table with the columns file,LABEL,...")
    ] = None
    aligned: Annotated[
        Aligned, typer.Option(help="whether photos are cut around the face already; auto looks at each")
    ] = "auto"


@command(custom_commands, "learn")
def run_learn(options: LearnOptions) -> None:
    """Make a slider of your own, from photos with something and without it."""
    sides, folder = _sides(options), sliders_folder(options.checkpoint)
    check_names_apart(sides, folder)
    for title, photos in sides.items():  # before anything slow
        for what, paths in zip(("with", "without"), photos, strict=True):
            if len(paths) < FEWEST:
                raise DatasetError(
                    f"there are {len(paths)} photos {what} {title!r}; it takes at least {FEWEST}, better 50."
                )
    try:
        check_writable(folder)
    except FileError as error:
        raise DirectionsError(f"sliders cannot be kept in {folder} ({error}); make room there first.") from error
    device = choose_device(options.device)
    checkpoint = load_checkpoint(options.checkpoint, device)
    basis, classifier = (
        DirectionBasis.load(directions_path(options.checkpoint), checkpoint),
        load_classifier(device=device),
    )
    detector = Detector(str(device) if device.type == "cuda" else "cpu")
    size = checkpoint.model.config.image_size
    for title, (with_it, without) in sides.items():
        faces = [_faces(paths, size, options.aligned, detector) for paths in (with_it, without)]
        check_sides(*faces)
        learned = learn(checkpoint, basis, classifier, title, with_it=faces[0], without=faces[1])
        replaced = learned.direction.slider.name in {slider.name for slider in listed_sliders(folder)}
        story = {"faces": learned.faces, "told_apart": learned.told_apart, "reached": learned.reached}
        path = save_slider(folder, learned.direction, checkpoint.hash, story)
        print(
            f"{path}: {'replaced' if replaced else 'made'} from {learned.faces[0]} faces with it and "
            f"{learned.faces[1]} without; it orders {learned.told_apart:.0%} of new pairs rightly (50% is chance), and "
            f"a value of 1 changes {learned.reached:.0%} of new faces"
        )
        if learned.told_apart < WEAK:
            print(f"note: {title!r} is little better than chance; more faces would help.", file=sys.stderr)
        print(f"use it in the app, or on the command line with --set {learned.direction.slider.name}=1")


def _sides(options: LearnOptions) -> dict[str, tuple[list[Path], list[Path]]]:
    """The photos with and without each thing to learn, by its title."""
    folders = (options.with_it, options.without)
    if options.csv is not None:
        if any(folder is not None for folder in folders):
            raise InvalidValueError("give either --csv, or --with and --without.")
        table = dict(table_photos(options.csv))
        if options.title is None:
            return table
        if options.title not in table:
            raise DatasetError(f"{options.csv} has no column {options.title!r}; it has {', '.join(table)}.")
        return {options.title: table[options.title]}
    if options.title is None or options.with_it is None or options.without is None:
        raise InvalidValueError('give a name with two folders, as in: learn "Wearing scarf" --with DIR --without DIR')
    return {options.title: (folder_photos(options.with_it), folder_photos(options.without))}


def _faces(paths: list[Path], size: int, aligned: Aligned, detector: Detector) -> np.ndarray:
    some = [paths[i] for i in np.unique(np.linspace(0, len(paths) - 1, MOST).round().astype(int))]
    found = aligned_faces(some, size, aligned, detector)
    _tell("left out", found.left_out)
    pixels = distinct(found.pixels)
    if copies := len(found.pixels) - len(pixels):
        print(f"note: {copies} photos are copies of others and count once", file=sys.stderr)
    return pixels


def _tell(what: str, lines: Iterable[str]) -> None:
    for line in lines:
        print(f"{what}: {line}", file=sys.stderr)


@dataclass(frozen=True, kw_only=True)
class ComponentsOptions(FacesOptions):
    """Options of ``components``."""

    count: int = 8
    limit: Annotated[int, typer.Option(help="faces to look at")] = 4000


@command(custom_commands, "components")
def run_components(options: ComponentsOptions) -> None:
    """Make sliders that the model finds by itself: what faces vary by."""
    checkpoint = load_checkpoint(options.checkpoint, choose_device(options.device))
    faces = FaceSet.open(options.data, "train", options.limit)
    for component in find_components(checkpoint, faces, options.count):
        story = {"faces": len(faces), "variance": component.variance}
        path = save_slider(sliders_folder(options.checkpoint), component.direction, checkpoint.hash, story)
        followed = sorted(zip(component.correlations, LABEL_NAMES, strict=False), key=lambda pair: -abs(pair[0]))
        words = ", ".join(f"{name} {correlation:+.2f}" for correlation, name in followed[:3])
        print(f"{path}: {component.direction.slider.title}; {component.variance:.2%} of the variance; {words}")
