"""The commands of ``python -m attributes`` around the classifier, and those that make sliders of one's own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import numpy as np

from attributes.classifier.network import Architecture, load_classifier, make_net, save_classifier
from attributes.classifier.probes import comparison_table, probe_latents
from attributes.classifier.training import read_all, train_classifier
from attributes.custom.components import find_components
from attributes.custom.learn import FEWEST, MOST, learn
from attributes.custom.store import listed_sliders, save_slider, slider_name, sliders_folder
from attributes.directions.basis import Basis, directions_path
from data.face_set import DatasetError, FaceSet
from data.labels import LABEL_NAMES
from data.photos import Aligned, aligned_faces, folder_photos, table_photos
from faces import Detector
from glow.checkpoint import load_checkpoint
from glow.device import choose_device
from storage.assets import DEFAULT_CHECKPOINT, DEFAULT_CLASSIFIER

WEAK = 0.65
"""A slider whose direction orders new faces no better than this is reported as weak."""


def add_own_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``classifier``, ``probes``, ``learn`` and ``components``."""
    device = argparse.ArgumentParser(add_help=False)
    device.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: %(default)s)")
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--data", required=True, help="labelled faces: CelebA-HQ or torchvision's CelebA")
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument(
        "--checkpoint", type=Path, default=DEFAULT_CHECKPOINT, help="the model (default: the one of Glowface)"
    )

    classifier = commands.add_parser(
        "classifier", parents=[data, device], help="train the network that reads the 40 labels off a face"
    )
    classifier.add_argument("-o", "--output", type=Path, help=f"default: {DEFAULT_CLASSIFIER}; a witness needs one")
    classifier.add_argument("--epochs", type=int, default=6, help="default: %(default)s")
    classifier.add_argument("--seed", type=int, default=0, help="of all that is random (default: %(default)s)")
    classifier.add_argument(
        "--architecture", choices=get_args(Architecture), default="residual",
        help="of the network; `witness` is another than the app's, to judge what that one has fitted",
    )  # fmt: skip
    classifier.set_defaults(run=run_classifier)

    probes = commands.add_parser(
        "probes", parents=[data, model, device], help="linear probes on latents, beside the classifier: a table"
    )
    probes.add_argument("--limit", type=int, default=4000, help="faces to learn from (default: %(default)s)")
    probes.set_defaults(run=run_probes)

    learning = commands.add_parser(
        "learn", parents=[model, device], help="a slider of your own, from photos with something and without it"
    )
    learning.add_argument("title", nargs="?", help="its name, such as 'Wearing scarf'; with --csv: one column only")
    learning.add_argument("--with", dest="with_it", type=Path, metavar="DIR", help="photos with it")
    learning.add_argument("--without", type=Path, metavar="DIR", help="photos without it")
    learning.add_argument("--csv", type=Path, metavar="FILE", help="instead: a table with the columns file,LABEL,...")
    learning.add_argument(
        "--aligned", choices=["auto", "yes", "no"], default="auto",
        help="whether photos are cut around the face already (default: auto looks at each)",
    )  # fmt: skip
    learning.set_defaults(run=run_learn)

    components = commands.add_parser(
        "components", parents=[data, model, device], help="sliders that the model finds by itself: what faces vary by"
    )
    components.add_argument("--count", type=int, default=8, help="default: %(default)s")
    components.add_argument("--limit", type=int, default=4000, help="faces to look at (default: %(default)s)")
    components.set_defaults(run=run_components)


def run_classifier(args: argparse.Namespace) -> None:
    """``classifier``."""
    if args.epochs < 1:
        raise ValueError(f"--epochs is {args.epochs}; it must be at least 1.")
    training, validation = (FaceSet.open(args.data, split) for split in ("train", "val"))
    if training.labels is None or validation.labels is None:
        raise DatasetError("a classifier needs labels; give a folder in CelebA-HQ's or CelebA's layout.")
    if args.output is None and args.architecture == "witness":
        raise ValueError("a witness must not take the place of the app's classifier; give -o FILE.")
    output, side = args.output or DEFAULT_CLASSIFIER, make_net(args.architecture).side
    classifier = train_classifier(
        read_all(training, side), training.labels, read_all(validation, side), validation.labels,
        epochs=args.epochs, seed=args.seed, architecture=args.architecture, device=choose_device(args.device),
    )  # fmt: skip
    save_classifier(output, classifier, len(training))
    accuracy = float(np.nanmean(classifier.balanced_accuracy))
    print(f"{output}: balanced accuracy {accuracy:.3f}, the mean of 40 labels")


def run_probes(args: argparse.Namespace) -> None:
    """``probes``."""
    training, validation = FaceSet.open(args.data, "train", args.limit), FaceSet.open(args.data, "val")
    probes = probe_latents(load_checkpoint(args.checkpoint, choose_device(args.device)), training, validation)
    assert validation.labels is not None
    print(comparison_table(load_classifier(), probes, validation.labels))


def run_learn(args: argparse.Namespace) -> None:
    """``learn``."""
    sides = _sides(args)
    for title, photos in sides.items():  # before anything slow
        slider_name(title)
        for what, paths in zip(("with", "without"), photos, strict=True):
            if len(paths) < FEWEST:
                raise DatasetError(
                    f"there are {len(paths)} photos {what} {title!r}; it takes at least {FEWEST}, better 50."
                )
    device = choose_device(args.device)
    checkpoint = load_checkpoint(args.checkpoint, device)
    basis, classifier = Basis.load(directions_path(args.checkpoint), checkpoint), load_classifier(device=device)
    detector = Detector(str(device) if device.type == "cuda" else "cpu")
    size = checkpoint.model.config.image_size
    folder = sliders_folder(args.checkpoint)
    for title, (with_it, without) in sides.items():
        learned = learn(
            checkpoint, basis, classifier, title,
            with_it=_faces(with_it, size, args.aligned, detector),
            without=_faces(without, size, args.aligned, detector),
        )  # fmt: skip
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


def _sides(args: argparse.Namespace) -> dict[str, tuple[list[Path], list[Path]]]:
    """The photos with and without each thing to learn, by its title."""
    folders = (args.with_it, args.without)
    if args.csv is not None:
        if any(folder is not None for folder in folders):
            raise ValueError("give either --csv, or --with and --without.")
        table = dict(table_photos(args.csv))
        if args.title is None:
            return table
        if args.title not in table:
            raise DatasetError(f"{args.csv} has no column {args.title!r}; it has {', '.join(table)}.")
        return {args.title: table[args.title]}
    if args.title is None or None in folders:
        raise ValueError('give a name with two folders, as in: learn "Wearing scarf" --with DIR --without DIR')
    return {args.title: (folder_photos(args.with_it), folder_photos(args.without))}


def _faces(paths: list[Path], size: int, aligned: Aligned, detector: Detector) -> np.ndarray:
    some = [paths[i] for i in np.unique(np.linspace(0, len(paths) - 1, MOST).round().astype(int))]
    found = aligned_faces(some, size, aligned, detector)
    _tell("left out", found.left_out)
    return found.pixels


def _tell(what: str, lines: Iterable[str]) -> None:
    for line in lines:
        print(f"{what}: {line}", file=sys.stderr)


def run_components(args: argparse.Namespace) -> None:
    """``components``."""
    checkpoint = load_checkpoint(args.checkpoint, choose_device(args.device))
    faces = FaceSet.open(args.data, "train", args.limit)
    for component in find_components(checkpoint, faces, args.count):
        story = {"faces": len(faces), "variance": component.variance}
        path = save_slider(sliders_folder(args.checkpoint), component.direction, checkpoint.hash, story)
        followed = sorted(zip(component.correlations, LABEL_NAMES, strict=False), key=lambda pair: -abs(pair[0]))
        words = ", ".join(f"{name} {correlation:+.2f}" for correlation, name in followed[:3])
        print(f"{path}: {component.direction.slider.title}; {component.variance:.2%} of the variance; {words}")
