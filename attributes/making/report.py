"""The evaluation of the sliders as JSON, as docs/attributes.md, and in pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from attributes.directions.directions import Directions
from attributes.making.calibrate import PROMISED
from attributes.making.evaluate import ALIKE, HeldOutSide, Report, Side, other_labels
from attributes.reach.judge import Judge
from attributes.reach.reach import find_reaches
from attributes.sliders.errors import DirectionsError
from data.labels import LABEL_NAMES, LABELS
from glow.latent import Latent

STRIP_VALUES = (-1.0, -0.5, 0.0, 0.5, 1.0)
POOL = 48
TEMPERATURE = 0.6
"""Of the drawn faces: low, so that they are faces."""
SEED = 0

Comparison = Mapping[str, Mapping[str, Side]]
"""For each headline label, what each kind of plain direction does at the slider's own rate."""


def write_json(path: Path, reports: Sequence[Report], comparison: Comparison) -> None:
    """All figures, with the leakage matrix."""

    def plain(side: Side) -> dict[str, object]:
        figures = asdict(side) | {"leakage": _rounded(side.leakage)}
        figures["witness"] = figures.pop("held_out")  # as files have always called it
        if side.held_out:
            figures["witness"] = asdict(side.held_out) | {"leakage": _rounded(side.held_out.leakage)}
        return figures

    found = {
        name: {
            "up": plain(report.up), "down": plain(report.down), "monotone": report.monotone,
            "reversed": report.reversed,
        }
        for name, report in zip(LABEL_NAMES, reports, strict=True)
    }  # fmt: skip
    compared = {name: {kind: plain(side) for kind, side in sides.items()} for name, sides in comparison.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"labels": LABEL_NAMES, "sliders": found, "at the same rate": compared}, indent=1))


def read_json(path: Path) -> tuple[dict[str, Report], dict[str, dict[str, Side]]]:
    """What :func:`write_json` wrote; leakage is rounded to four decimals.

    Raises:
        DirectionsError: the file is no such evaluation.
    """

    def side(figures: dict[str, Any]) -> Side:
        of_held_out = figures.pop("witness")
        held_out = HeldOutSide(**of_held_out | _leakage(of_held_out)) if of_held_out else None
        return Side(**figures | _leakage(figures), held_out=held_out)

    try:
        found = json.loads(path.read_text())
        sliders = {name: found["sliders"][name] for name in LABEL_NAMES}
        reports = {
            name: Report(**one | {"up": side(one["up"]), "down": side(one["down"])}) for name, one in sliders.items()
        }
        compared = found["at the same rate"]
        return reports, {name: {kind: side(one) for kind, one in kinds.items()} for name, kinds in compared.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DirectionsError(
            f"{path} is no evaluation of all sliders ({error}); leave --only out, which makes one."
        ) from error


def _leakage(figures: dict[str, Any]) -> dict[str, Tensor]:
    return {"leakage": torch.tensor(figures["leakage"], dtype=torch.float64)}


def _rounded(values: Tensor) -> list[float]:
    return [round(value, 4) for value in values.tolist()]


def write_markdown(
    path: Path, directions: Directions, reports: Sequence[Report], comparison: Comparison, command: str
) -> None:
    """The page of figures; pictures lie in the folder of the same name beside it."""
    folder = path.with_suffix("").name
    by_name = dict(zip(LABEL_NAMES, reports, strict=True))
    lines = [
        "# Attributes", "",
        f"Made by `{command}`, after `python -m attributes calibrate`. {directions.faces:,} training faces made the "
        "directions, one half of the validation faces the sliders, the other half the figures below. The judge is the "
        "[attribute classifier](attributes-classifier.md), and the sliders go by the same classifier on each of these "
        "very faces, as in the app: that they reach it shows that the flow can take them there, not that everybody "
        "would see it. It is wrong now and then: figures of labels that it reads badly say little.", "",
        "[What sliders go along](directions.md): where the model has a latent mapper, what that makes of the label's "
        "base direction on each face; else a mix of the label's mean and partial directions.",
        "",
        "Up is a value of 1 on faces that lack the label, down is -1 on faces that have it; on each face, 1 goes "
        "as far as it takes for the classifier to be certain of the attribute, or as the face "
        "looks natural, whichever comes first. *Reached* is the share of faces whose label changed: sliders that are "
        f"*rough* do so to few; {PROMISED:.0%} is the aim. *Leakage* is how "
        "much the probabilities of the other 39 labels change on average, *flips* how many of these change sides for "
        "each face. *Person* is the distance in the classifier's features between before and after, as a share of that "
        "between two people. *Outside* is how much the two thirds of the picture that change least do change, in 8-bit "
        "levels. *Monotone* "
        "is the share of the steps over the range that do not lower the label's probability. *Scales* is how much of "
        "the direction lies on each scale of the latent, of its squared length in percent: the finest, of colour and "
        "noise, first, the coarsest, of shape, last.", "",
        "## Headline labels, beside plain directions that reach as many faces", "",
        "`mean` is the paper's mean difference, `partial` the effect of a label with the others held fixed: as long "
        "for all faces, and just so long that they reach as many as the slider does; faces that break there are left "
        f"out. Where they stop at a lower rate, the lengths that were tried, up to {ALIKE[-1]:g}, brought no more. "
        "Beside them, `mean` as far as it reaches on each face, as our sliders go, which tells how much of the "
        f"gain comes of that; and `mean` at the length that reaches {PROMISED:.0%}.",
        "",
        "| label | reached | leakage | share of `mean` | of `mean` | of `partial` | of `mean`, by reach | "
        f"of `mean` at {PROMISED:.0%} |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    shares = []
    for name, sides in comparison.items():
        index, up = LABEL_NAMES.index(name), by_name[name].up
        own = other_labels(up.leakage, index)
        plain = {kind: other_labels(side.leakage, index) for kind, side in sides.items()}
        shares.append(own / max(plain["mean"], 1e-9))
        cells = " | ".join(
            f"{plain[kind]:.3f} at {side.reached:.0%}" if side.faces else "all break" for kind, side in sides.items()
        )
        lines.append(f"| {name} | {up.reached:.0%} | {own:.3f} | {shares[-1]:.0%} | {cells} |")
    lines += ["", f"On average {np.mean(shares):.0%} of what `mean` leaks at the same rate; half was the aim."]
    if all(report.reversed for report in reports):
        lines.append("+1 then −1 gave every latent back bit for bit, for every slider.")
    lines += _to_the_held_out_classifier(by_name, comparison)
    with_held_out = all(report.up.held_out for report in reports)
    lines += [
        "", "## All sliders", "",
        "| label | range | faces ↑ + ↓ | reached ↑ | reached ↓ | leakage ↑ | leakage ↓ | flips | person | outside "
        "| monotone | scales |" + (" other classifier ↑ | ↓ |" if with_held_out else ""),
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
        + (" ---: | ---: |" if with_held_out else ""),
    ]  # fmt: skip
    scales = _shares_of_scales(directions)
    for index, (slider, report) in enumerate(zip(directions.sliders, reports, strict=False)):
        up, down = report.up, report.down
        seen = "".join(f" {side.held_out.reached:.0%} |" for side in (up, down) if side.held_out)
        lines.append(
            f"| {slider.name}{' (rough)' if slider.rough else ''} | {slider.low:g} to {slider.high:g} | "
            f"{up.faces} + {down.faces} | {up.reached:.0%} | "
            f"{down.reached:.0%} | {other_labels(up.leakage, index):.3f} | {other_labels(down.leakage, index):.3f} | "
            f"{up.flips:.1f} | {up.person:.2f} | {up.outside:.1f} | {report.monotone:.0%} | "
            f"{scales[index]} |{seen}"
        )
    lines += _weak(reports)
    lines += ["", "## What moves what", "", f"![Leakage matrix]({folder}/leakage.png)", "", "## Strips", ""]
    lines.append("Faces drawn by the model; values " + ", ".join(f"{value:g}" for value in STRIP_VALUES) + ".")
    lines += ["", "| label | |", "| --- | --- |"]
    lines += [f"| {name} | ![{name}]({folder}/{name}.jpg) |" for name in LABEL_NAMES]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines).replace("nan%", "–").replace("nan", "–") + "\n")


def _shares_of_scales(directions: Directions) -> list[str]:
    """How much of each direction's squared length lies on each scale, in percent, such as "5 10 25 60"."""
    squares = torch.stack([scale.flatten(1).square().sum(1) for scale in directions.vectors.scales], dim=1)
    return [
        " ".join(f"{share:.0f}" for share in row) for row in (100 * squares / squares.sum(1, keepdim=True)).tolist()
    ]


def _weak(reports: Sequence[Report]) -> list[str]:
    """A sentence that names the labels short of what is promised, to the judge and to the held-out classifier."""
    by_judge = [report.up.reached for report in reports]
    by_held_out = [report.up.held_out.reached for report in reports if report.up.held_out]
    found = []
    for seen, whom in ((by_judge, ""), (by_held_out, " to the other classifier")):
        rounded = zip(LABEL_NAMES, (round(share, 2) for share in seen), strict=False)
        short = [f"{name} ({share:.0%})" for name, share in rounded if share < PROMISED]
        if short:
            found += ["", f"Short of {PROMISED:.0%} up{whom}: {', '.join(short)}."]
    return found


def _to_the_held_out_classifier(by_name: Mapping[str, Report], comparison: Comparison) -> list[str]:
    """The headline labels as a classifier sees them that no slider goes by; nothing where none was asked."""
    shares, rows = [], []
    for name, sides in comparison.items():
        index, own, mean = LABEL_NAMES.index(name), by_name[name].up.held_out, sides["mean"].held_out
        if own is None or mean is None:
            return []
        leaks = [other_labels(seen.leakage, index) for seen in (own, mean)]
        shares.append(leaks[0] / max(leaks[1], 1e-9))
        rows.append(
            f"| {name} | {own.reached:.0%} | {leaks[0]:.3f} | {shares[-1]:.0%} | {leaks[1]:.3f} at {mean.reached:.0%} |"
        )
    return [
        "", "### To another classifier", "",
        "The same pictures, read by a second classifier, of another build, which no slider goes by: "
        "of the faces that lack the label to both, how many have it now to the second, and what it sees change in "
        "them.", "",
        "| label | reached | leakage | share of `mean` | of `mean` |",
        "| --- | ---: | ---: | ---: | ---: |",
        *rows, "",
        f"On average {np.mean(shares):.0%} of what `mean` leaks.",
    ]  # fmt: skip


def draw_leakage(path: Path, reports: Sequence[Report]) -> None:
    """The 40×40 matrix of mean changes as a picture; needs matplotlib.

    Raises:
        DirectionsError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise DirectionsError("drawing needs matplotlib; run `pip install -r requirements-dev.txt`.") from error
    figure = Figure(figsize=(10, 9.5), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(torch.stack([report.up.leakage for report in reports]).numpy(), vmin=0, vmax=1, cmap="magma")
    titles = [name.replace("_", " ") for name in LABEL_NAMES]
    axes.set_xticks(range(len(titles)), titles, rotation=90, fontsize=7)
    axes.set_yticks(range(len(titles)), titles, fontsize=7)
    axes.set_xlabel("label that changes")
    axes.set_ylabel("slider at 1")
    figure.colorbar(image, label="mean change of probability", shrink=0.6)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=70)


def draw_strips(folder: Path, judge: Judge, directions: Directions) -> None:
    """One strip for each label: a drawn face that stands between having and lacking it, at :data:`STRIP_VALUES`."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = judge.model.sample_latent(POOL, TEMPERATURE, torch.Generator().manual_seed(SEED))
    seen = judge.look(drawn.flatten())
    for index, label in enumerate(LABELS):
        at = int(seen.logits[:, index].abs().argmin())
        face, before = drawn[at], seen[at : at + 1]
        reaches = find_reaches(directions, judge, face, before=before, name=label.name, values=STRIP_VALUES)
        moved = [directions.move(face, {label.name: value}, (), reaches) for value in STRIP_VALUES]
        pictures, _ = judge.draw(Latent.cat([face, *moved]).flatten())
        masks = [directions.acts_where({label.name: value}, pictures.shape[-1]) for value in STRIP_VALUES]
        shown = [mask.over(pictures[:1], x) for mask, x in zip(masks, pictures[1:].split(1), strict=True)]
        _strip(torch.cat(shown)).save(folder / f"{label.name}.jpg", quality=85)


def _strip(pictures: Tensor) -> Image.Image:
    """Pictures ``(B, 3, H, W)`` side by side."""
    return Image.fromarray((torch.cat(list(pictures), dim=2) * 255).round().byte().permute(1, 2, 0).numpy())
