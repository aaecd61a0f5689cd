"""The tab "About": the model, this machine, what leaves it, consent, keys."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import gradio as gr

from app.editor import Editor
from app.ui.panels.slider_panel import Updates
from app.ui.visits.handling import on_visit
from app.ui.visits.text import as_text
from app.ui.visits.visit import Visit, Visits
from app.ui.words import say, t
from glowface import __version__

DATA_SETS = {"celebahq": "CelebA-HQ", "celeba-hq": "CelebA-HQ", "celeba": "CelebA"}
"""What people call data sets whose folders are often called so."""

MAX_SECONDS = 1.0
"""Seconds for which the speed is measured."""

WHAT = (
    "### What Glowface is\n"
    "It edits faces with Glow, an exact, invertible model (Kingma and Dhariwal, 2018): a photo becomes numbers and "
    "comes back from them without loss. With all sliders at 0 you get your very photo, bit for bit."
)
LIMITS = (
    "### What it can and cannot do\n"
    "Smiles, hair colour, pale skin and age look like photos on most faces that look at the camera. Glasses and "
    "bangs come there too, and may smear on others; several sliders at their ends at once may break a face. The "
    "model has learned from photos of celebrities, mostly young and light-skinned: other faces are edited less "
    "well, and what goes together in these photos it drags along. It says what labellers would tick, and nothing "
    "about a person."
)
LICENCE = (
    "### Data and licence\n"
    "The models that come with Glowface were trained on CelebA-HQ, which is for non-commercial research and education "
    "only, and so are these models. The program itself is free software under the MIT licence."
)
PRIVACY = (
    "### What leaves this machine\n"
    "Nothing. Photos are opened, edited and kept on this machine only; nobody is asked and nothing is counted. What "
    "you upload lies in a temporary folder while this page is open, and is deleted when you close it."
)
CONSENT = (
    "### Other people’s faces\n"
    "Ask people before you edit their faces, and before you show an edited picture of them to anyone. Say that it is "
    "edited. Glowface must not be used to deceive, to judge people or to find out who they are."
)
KEYS = (
    "### Keys\n"
    "| | |\n|---|---|\n"
    "| Ctrl+Z | undo |\n"
    "| Ctrl+Shift+Z, Ctrl+Y | redo |\n"
    "| Ctrl+V | open the picture in the clipboard |\n"
    "| B, held | the photo as it was |\n"
    "| ← and → | move the slider that has the focus |\n"
    "| Tab | the next control |"
)


@dataclass(frozen=True)
class AboutPanel:
    """The tab's components."""

    model: gr.Markdown
    machine: gr.Markdown
    measure: gr.Button


def build_about_panel() -> AboutPanel:
    """Lay the tab out."""
    with gr.Row(elem_id="about"):
        with gr.Column(scale=1, min_width=300):
            gr.Markdown(t(WHAT))
            model = gr.Markdown(elem_id="about-model")
            gr.Markdown(t(LIMITS))
            gr.Markdown(t(LICENCE))
        with gr.Column(scale=1, min_width=300):
            gr.Markdown(t(PRIVACY), elem_id="about-privacy")
            gr.Markdown(t(CONSENT))
            gr.Markdown(t("### This machine"))
            machine = gr.Markdown(elem_id="about-machine")
            measure = gr.Button(t("Measure the speed"), size="md", elem_id="measure")
            gr.Markdown(t(KEYS), elem_id="about-keys")
    return AboutPanel(model, machine, measure)


def bind_about_panel(panel: AboutPanel, visits: Visits, tab: gr.Tab, chosen: Any) -> None:
    """Connect the tab's components to the visit, whose model is shown when ``tab`` is opened, and after the event
    ``chosen``, with which it becomes another."""
    private: dict[str, Any] = {"api_visibility": "private"}
    outputs = [panel.model, panel.machine]
    for event in (tab.select, chosen.then):
        event(on_visit(visits, partial(show, panel)), None, outputs, show_progress="hidden", **private)
    panel.measure.click(on_visit(visits, partial(measure, panel)), None, panel.machine, **private)


def show(panel: AboutPanel, visit: Visit) -> Updates:
    """The visit's model, and where it runs."""
    editor = visit.session.editor
    return {panel.model: model_card(visit.language, editor), panel.machine: where(visit.language, editor)}


def model_card(language: str, editor: Editor) -> str:
    """A model in short."""
    checkpoint = editor.checkpoint
    config, record = checkpoint.model.config, checkpoint.record
    millions = sum(parameter.numel() for parameter in checkpoint.model.parameters()) / 1e6
    rows = [
        (say(language, "Model"), as_text(editor.path.stem)),
        (say(language, "Pictures"), f"{config.image_size} × {config.image_size}"),
        (say(language, "Size"), say(language, "{millions} million parameters", millions=f"{millions:.1f}")),
        (say(language, "Trained on"), data_name(language, record.data)),
        (say(language, "Pictures seen in training"), f"{record.images_seen:,}"),
    ]
    if "bits_per_dim" in record.metrics:
        rows.append((say(language, "Bits per dimension on held-out faces"), f"{record.metrics['bits_per_dim']:.3f}"))
    rows.append((say(language, "Glowface"), __version__))
    title = say(language, "### The model that is chosen")
    return f"{title}\n| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows)


def data_name(language: str, data: str) -> str:
    """What a model was trained on, as ``glowface train`` writes it down, for people."""
    found = re.fullmatch(r"(\d+) pictures of (.+)", data)
    if found is None:
        return as_text(data)
    name = DATA_SETS.get(found[2].lower(), found[2])
    return say(language, "{count} pictures of {data}", count=f"{int(found[1]):,}", data=as_text(name))


def where(language: str, editor: Editor) -> str:
    """The device that a model runs on."""
    return say(language, "The model runs on: {device}.", device=device_name(editor))


def device_name(editor: Editor) -> str:
    """What a person calls the device."""
    device = editor.checkpoint.model.device
    if device.type == "cuda":
        import torch

        return torch.cuda.get_device_name(device)
    return device.type.upper()


def measure(panel: AboutPanel, visit: Visit) -> Updates:
    """How long the model takes for one face."""
    editor, language = visit.session.editor, visit.language
    seconds = decode_seconds(editor)
    text = say(
        language, "One face takes {milliseconds} ms: {count} pictures a second.",
        milliseconds=f"{1000 * seconds:.0f}", count=f"{1 / seconds:.1f}",
    )  # fmt: skip
    return {panel.machine: f"{where(language, editor)} {text}"}


def decode_seconds(editor: Editor, longest: float = MAX_SECONDS) -> float:
    """The median time in which the model makes a picture of a latent, as it does with every move of a slider."""
    latent, end = editor.sample(1)[0].latent, time.perf_counter() + longest
    times: list[float] = []
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        editor.decode(latent).cpu()
        times.append(time.perf_counter() - start)
    return median(times)
