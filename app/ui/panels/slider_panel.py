"""The sliders: the 40 labels' by group, custom ones, and what is kept fixed."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import gradio as gr

from app.editor import Editor
from app.models import Models
from app.ui.editing.slider_values import HEROES, STEP, ends, kept_choices, shown
from app.ui.editing.slider_values import Updates as Updates  # noqa: PLC0414 (other panels take it from here)
from app.ui.visits.handling import number_slider, warn
from app.ui.visits.visit import Visit
from app.ui.words import t
from attributes import FOUND, GROUPS, YOUR_OWN, Slider, labels_in_group
from storage.assets import DEFAULT_CHECKPOINT, called

CUSTOM_GROUPS = (YOUR_OWN, FOUND)
ALL_HAIR = "all hair"
ROOM = 12
"""Custom sliders of each group for which the page has room: its components are fixed, what they show is not. The
command line knows all."""

HOW_TO = (
    "From photos with something and without it, a command makes a slider of your own; then refresh.\n\n"
    f'`{called("attributes learn")} "Wearing scarf" --with DIR --without DIR{{model}}`'
)


@dataclass(frozen=True)
class SliderPanel:
    """The column's components."""

    keep: gr.Dropdown
    labels: Mapping[str, gr.Slider]
    """By the label's name."""

    groups: Mapping[str, gr.Accordion]
    """Of the custom sliders, by their groups' titles."""

    places: Mapping[str, tuple[gr.Slider, ...]]
    """For custom sliders, :data:`ROOM` in each group."""

    note: gr.Markdown
    refresh: gr.Button
    revision: gr.Number
    """Which of the visit's settings of all sliders the page shows: a move from before the last of them, which was under
    way meanwhile, says nothing of the others."""

    @property
    def sliders(self) -> list[gr.Slider]:
        """All of them."""
        return [*self.labels.values(), *self._all_places]

    @property
    def values(self) -> list[Any]:
        """What changes with another photo, face or step of undo."""
        return [*self.sliders, self.keep, self.revision]

    @property
    def arrangement(self) -> list[Any]:
        """What changes when custom sliders are read again."""
        return [self.keep, self.note, *self.groups.values(), *self._all_places]

    @property
    def _all_places(self) -> list[gr.Slider]:
        return [place for places in self.places.values() for place in places]

    def label_fields(self, editor: Editor) -> dict[gr.Slider, Slider]:
        """The slider of an editor that each of the labels' fields stands for."""
        return {field: editor.directions.slider(name) for name, field in self.labels.items()}

    def custom_fields(self, editor: Editor) -> dict[gr.Slider, Slider | None]:
        """The slider that stands in each of the custom sliders' places; None in empty ones."""
        return {
            place: slider
            for group, places in self.places.items()
            for place, slider in zip_longest(places, custom_sliders(editor, group))
        }

    def fields(self, editor: Editor) -> dict[gr.Slider, Slider | None]:
        """The slider in each of all fields."""
        return {**self.label_fields(editor), **self.custom_fields(editor)}


def build_slider_panel(editor: Editor) -> SliderPanel:
    """Lay the column out."""
    with gr.Row(elem_id="find-row"):
        gr.Textbox(
            placeholder=t("Find a slider"), label=t("Find a slider"), show_label=False, container=False, max_lines=1,
            elem_id="find",
        )  # fmt: skip
        gr.Checkbox(label=t("Changed only"), container=False, elem_id="changed-only")
    gr.Markdown(t("No slider here is like that."), elem_id="none-found")
    labels: dict[str, gr.Slider] = {}
    with gr.Column(elem_id="heroes", min_width=0):
        for hero in _rough_last(editor, HEROES):
            labels[hero.name] = _field(hero, f"slider-{hero.name}")
    for group in GROUPS:
        with gr.Accordion(t(group), open=False, elem_classes="slider-group"):
            names = [label.name for label in labels_in_group(group) if label.name not in HEROES]
            for member in _rough_last(editor, names):
                labels[member.name] = _field(member, f"slider-{member.name}")
    groups: dict[str, gr.Accordion] = {}
    places: dict[str, tuple[gr.Slider, ...]] = {}
    for group in CUSTOM_GROUPS:
        number, sliders = len(groups), custom_sliders(editor, group)
        with gr.Accordion(
            t(group), open=False, visible=_offered(group, editor), elem_id=f"group-{number}",
            elem_classes="slider-group",
        ) as groups[group]:  # fmt: skip
            if group == YOUR_OWN:
                note = gr.Markdown(how_to(editor), elem_id="custom-note")
                refresh = gr.Button(t("Refresh"), size="sm", elem_id="refresh")
            places[group] = tuple(
                _field(sliders[place] if place < len(sliders) else None, f"custom-{number * ROOM + place}")
                for place in range(ROOM)
            )
    keep = gr.Dropdown(
        _keepable(editor), multiselect=True, label=t("Keep fixed"), elem_id="keep", value=[],
        info=t("What shall stay as it is while sliders move"),
    )  # fmt: skip
    revision = gr.Number(0, visible="hidden", label="", show_label=False, elem_id="revision")
    return SliderPanel(keep, labels, groups, places, note, refresh, revision)


def _keepable(editor: Editor) -> list[tuple[str, str]]:
    """What “Keep fixed” offers: each slider's attribute, and all of the hair at once."""
    return [(t("All of the hair"), ALL_HAIR), *kept_choices(editor)]


def kept(names: Iterable[str]) -> list[str]:
    """The sliders that a choice of “Keep fixed” means."""
    hair = [label.name for label in labels_in_group("Hair")]
    each = [[name] if name != ALL_HAIR else hair for name in names]
    return list(dict.fromkeys(name for several in each for name in several))


def _rough_last(editor: Editor, names: Iterable[str]) -> list[Slider]:
    """Sliders in their order, but the rough ones last, of the model that the page was made with."""
    return sorted((editor.directions.slider(name) for name in names), key=lambda slider: slider.rough)


def _field(slider: Slider | None, elem_id: str) -> gr.Slider:
    low, high = ends(slider) if slider else (-1.0, 1.0)
    label = caption(slider) if slider else ""
    return number_slider(low, high, value=0, step=STEP, label=label, visible=slider is not None, elem_id=elem_id)


def custom_sliders(editor: Editor, group: str) -> list[Slider]:
    """The custom sliders of a group for which the page has room."""
    return [each.slider for each in editor.sliders.custom if each.slider.group == group][:ROOM]


def how_to(editor: Editor) -> str:
    """How to make a slider for the editor's model."""
    default = editor.path.resolve() == DEFAULT_CHECKPOINT
    return HOW_TO.format(model="" if default else f" --checkpoint {shlex.quote(str(editor.path))}")


def caption(slider: Slider) -> str:
    """What stands over a slider: its title, and a word where few faces look natural with what it does."""
    return f"{t(slider.title)} {t('(rough)')}" if slider.rough else t(slider.title)


def _offered(group: str, editor: Editor) -> bool:
    return group == YOUR_OWN or bool(custom_sliders(editor, group))


def refresh(panel: SliderPanel, models: Models, visit: Visit) -> Updates:
    """Go on with the custom sliders that there are now; updates of :attr:`SliderPanel.arrangement`."""
    editor = models.refreshed(visit.session.editor.path)
    visit.use(editor)
    for problem in editor.problems:
        warn(problem)
    places = panel.custom_fields(editor)
    note, left_out = how_to(editor), len(editor.sliders.custom) - sum(slider is not None for slider in places.values())
    if left_out:
        note += f"\n\nThe page has room for {ROOM} of a kind; {left_out} more are for the command line."
    return {
        panel.keep: gr.Dropdown(_keepable(editor), value=list(visit.session.keep)),
        panel.note: note,
        **{accordion: gr.Accordion(visible=_offered(group, editor)) for group, accordion in panel.groups.items()},
        **{place: _placed(slider, visit) for place, slider in places.items()},
    }


def labels_placed(panel: SliderPanel, visit: Visit) -> Updates:
    """Updates of :attr:`SliderPanel.labels`: their ends are the model's."""
    return {field: _placed(slider, visit) for field, slider in panel.label_fields(visit.session.editor).items()}


def _placed(slider: Slider | None, visit: Visit) -> Any:
    if slider is None:
        return gr.Slider(visible=False)
    low, high = ends(slider)
    value = _on_page(slider, visit.session.values[slider.name])
    return gr.Slider(low, high, value=value, label=caption(slider), visible=True)


def values_shown(panel: SliderPanel, visit: Visit) -> Updates:
    """Updates of :attr:`SliderPanel.values`."""
    values = visit.session.values
    fields = panel.fields(visit.session.editor)
    numbers = {field: _on_page(slider, values[slider.name]) if slider else 0.0 for field, slider in fields.items()}
    visit.revision += 1
    return {**numbers, panel.keep: list(visit.session.keep), panel.revision: visit.revision}


def _on_page(slider: Slider, value: float) -> float:
    """A slider's value as its field shows it: there the ends are whole steps."""
    low, high = ends(slider)
    return min(max(shown(slider, value), low), high)


def values_set(panel: SliderPanel, visit: Visit, numbers: Mapping[gr.Slider, float]) -> dict[str, float]:
    """The values by name that the numbers in the page's fields stand for."""
    values, found = visit.session.values, {}
    for field, slider in panel.fields(visit.session.editor).items():
        if slider is not None:
            # A field that nobody has touched says nothing new, though its number be cut off at a whole step.
            touched = numbers[field] != _on_page(slider, values[slider.name])
            found[slider.name] = shown(slider, numbers[field]) if touched else values[slider.name]
    return found
