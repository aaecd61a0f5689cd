"""The sliders: the 40 labels' by group, those of one's own, and what is kept fixed."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.editor import Editor
from app.ui.handling import number_slider, warn
from app.ui.panels.custom_rows import OWN_GROUPS, ROOM, own_rows, row_names
from app.ui.visit import Visit
from attributes import GROUPS, LABEL_NAMES, YOUR_OWN, Slider, labels_in_group
from storage.assets import DEFAULT_CHECKPOINT

OPEN_GROUPS = ("Expression", "Hair")
STEP = 0.05
HOW_TO = (
    "From photos with something and without it, a command makes a slider of your own; then refresh.\n\n"
    '`python -m attributes learn "Wearing scarf" --with DIR --without DIR{model}`'
)


@dataclass(frozen=True)
class SliderPanel:
    """The column's components."""

    keep: gr.Dropdown
    labels: list[gr.Slider]
    """In the order of :data:`attributes.LABELS`."""

    groups: list[gr.Accordion]
    own: list[gr.Slider]
    """The places of :func:`own_rows`."""

    note: gr.Markdown
    refresh: gr.Button

    @property
    def sliders(self) -> list[gr.Slider]:
        """All of them, as :func:`values_shown` orders their values."""
        return [*self.labels, *self.own]

    @property
    def values(self) -> list[Any]:
        """What changes with another photo, face or step of undo."""
        return [*self.sliders, self.keep]

    @property
    def arrangement(self) -> list[Any]:
        """What changes when own sliders are read again."""
        return [self.keep, self.note, *self.groups, *self.own]


def build_slider_panel(editor: Editor) -> SliderPanel:
    """Lay the column out."""
    keep = gr.Dropdown(
        kept_choices(editor), multiselect=True, label="Keep fixed", elem_id="keep", value=[],
        info="What shall stay as it is while sliders move",
    )  # fmt: skip
    by_name: dict[str, gr.Slider] = {}
    for group in GROUPS:
        with gr.Accordion(group, open=group in OPEN_GROUPS):
            members = [editor.directions.slider(label.name) for label in labels_in_group(group)]
            # Rough ones last, of the model that the page was made with.
            for member in sorted(members, key=lambda member: member.rough):
                low, high = ends(member)
                by_name[member.name] = number_slider(
                    low, high, value=0, step=STEP, label=caption(member), elem_id=f"slider-{member.name}"
                )
    rows = own_rows(editor)
    groups: list[gr.Accordion] = []
    own: list[gr.Slider] = []
    for group in OWN_GROUPS:
        with gr.Accordion(group, open=False, visible=_open(group, rows), elem_id=f"group-{len(groups)}") as accordion:
            if group == YOUR_OWN:
                note = gr.Markdown(how_to(editor), elem_id="own-note")
                refresh = gr.Button("Refresh", size="sm", elem_id="refresh")
            for _ in range(ROOM):
                slider = rows[len(own)]
                low, high = ends(slider) if slider else (-1.0, 1.0)
                own.append(
                    number_slider(
                        low,
                        high,
                        value=0,
                        step=STEP,
                        label=slider.title if slider else "",
                        visible=slider is not None,
                        elem_id=f"own-{len(own)}",
                    )
                )
        groups.append(accordion)
    return SliderPanel(keep, [by_name[name] for name in LABEL_NAMES], groups, own, note, refresh)


def how_to(editor: Editor) -> str:
    """How to make a slider for the editor's model."""
    default = editor.path.resolve() == DEFAULT_CHECKPOINT
    return HOW_TO.format(model="" if default else f" --checkpoint {shlex.quote(str(editor.path))}")


def caption(slider: Slider) -> str:
    """What stands over a slider: its title, and a word where few faces look natural with what it does."""
    return slider.title + (" (rough)" if slider.rough else "")


def ends(slider: Slider) -> tuple[float, float]:
    """The least and the greatest shown value, as whole steps."""
    low, high = sorted((slider.sign * slider.low, slider.sign * slider.high))
    # The tiny shift is for ends that are whole steps but for rounding.
    return round(math.ceil(low / STEP - 1e-6) * STEP, 2), round(math.floor(high / STEP + 1e-6) * STEP, 2)


def shown(slider: Slider, value: float) -> float:
    """A slider's value as people see it: of "Age", to the right is older. The same way back."""
    return slider.sign * value + 0.0  # never -0


def kept_choices(editor: Editor) -> list[tuple[str, str]]:
    """What can be kept fixed: titles with names."""
    return [(slider.title, slider.name) for slider in editor.directions.sliders]


def _open(group: str, rows: Sequence[Slider | None]) -> bool:
    return group == YOUR_OWN or any(slider is not None and slider.group == group for slider in rows)


def refresh(visit: Visit) -> list[Any]:
    """Read the own sliders again; updates of :attr:`SliderPanel.arrangement`."""
    editor = visit.session.editor
    editor.refresh()
    for problem in editor.problems:
        warn(problem)
    rows = own_rows(editor)
    visit.own = row_names(rows)
    values = values_shown(visit)[len(LABEL_NAMES) :]
    left_out = len(editor.own) - sum(slider is not None for slider in rows)
    note = how_to(editor)
    if left_out:
        note += f"\n\nThe page has room for {ROOM} of a kind; {left_out} more are for the command line."
    return [
        gr.Dropdown(kept_choices(editor), value=list(visit.session.keep)),
        note,
        *(gr.Accordion(visible=_open(group, rows)) for group in OWN_GROUPS),
        *(_placed(slider, value) for slider, value in zip(rows, values, strict=True)),
    ]


def labels_placed(visit: Visit) -> list[Any]:
    """Updates of :attr:`SliderPanel.labels`: their ends are the model's."""
    directions, values = visit.session.editor.directions, values_shown(visit)[: len(LABEL_NAMES)]
    return [_placed(directions.slider(name), value) for name, value in zip(LABEL_NAMES, values, strict=True)]


def _placed(slider: Slider | None, value: float) -> Any:
    if slider is None:
        return gr.Slider(visible=False)
    low, high = ends(slider)
    return gr.Slider(low, high, value=value, label=caption(slider), visible=True)


def values_shown(visit: Visit) -> list[float]:
    """The shown values of :attr:`SliderPanel.sliders`."""
    directions, values = visit.session.editor.directions, visit.session.values
    names = [*LABEL_NAMES, *visit.own]
    return [0.0 if name is None else _on_page(directions.slider(name), values[name]) for name in names]


def _on_page(slider: Slider, value: float) -> float:
    """A slider's value as its field shows it: there the ends are whole steps."""
    low, high = ends(slider)
    return min(max(shown(slider, value), low), high)


def values_set(visit: Visit, numbers: Sequence[float]) -> dict[str, float]:
    """The values by name that the page's sliders stand for."""
    directions, values = visit.session.editor.directions, visit.session.values
    names = [*LABEL_NAMES, *visit.own]
    found = {}
    for name, number in zip(names, numbers, strict=True):
        if name:
            slider = directions.slider(name)
            # A field that nobody has touched says nothing new, though its number be cut off at a whole step.
            touched = number != _on_page(slider, values[name])
            found[name] = shown(slider, number) if touched else values[name]
    return directions.within(found)
