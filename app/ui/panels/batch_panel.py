"""The tab "Batch": many photos edited alike, and a zip of what came of them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from app.batch import PHOTOS, BatchResult, run_batch
from app.messages import DOES_LITTLE
from app.portraits.view import View, on_screen
from app.ui.editing.presets import recipes, titles
from app.ui.panels.edit_words import status, title_of
from app.ui.panels.slider_panel import Updates
from app.ui.parts.download import FORMATS
from app.ui.server.uploads import MAX_UNOPENED_BYTES, MAX_UPLOAD_FILES
from app.ui.visits.handling import files_input, on_visit, over_time, progress
from app.ui.visits.text import as_text
from app.ui.visits.visit import Visit, Visits
from app.ui.words import explain, say, t
from attributes import shipped_recipes
from faces import open_photo

SLIDERS = "sliders"
RECIPE = "recipe: "
"""Before a recipe's name in the choice of what is done; the other choice is :data:`SLIDERS`."""

FIELDS = ("files", "folder")
OWN_FORMAT = ""
SHOWN_SIDE = 640


@dataclass(frozen=True)
class BatchPanel:
    """The tab's components."""

    fields: tuple[gr.File, gr.File]
    limits: gr.Markdown
    what: gr.Dropdown
    about: gr.Markdown
    every: gr.Radio
    lock: gr.Checkbox
    file_type: gr.Dropdown
    run: gr.Button
    stop: gr.Button
    bar: gr.HTML
    picture: gr.Image
    results: gr.HTML
    download: gr.DownloadButton

    @property
    def how(self) -> list[Any]:
        """What is done to the photos, as :func:`run` takes it."""
        return [*self.fields, self.what, self.every, self.lock, self.file_type]

    @property
    def shown(self) -> list[Any]:
        """What changes while it runs."""
        return [self.run, self.stop, self.bar, self.picture, self.results, self.download]


def build_batch_panel() -> BatchPanel:
    """Lay the tab out."""
    with gr.Row(elem_classes="labels-over"):
        with gr.Column(scale=3, min_width=280):
            files = files_input(t("Photos"), file_count="multiple", height=170, elem_id="batch-files")
            folder = files_input(t("Or a folder of photos"), file_count="directory", height=170, elem_id="batch-folder")
            limits = gr.Markdown(elem_id="batch-limits", elem_classes="hint")
        with gr.Column(scale=3, min_width=280):
            what = gr.Dropdown(
                _choices({recipe.name: t(recipe.name) for recipe in shipped_recipes().values()}),
                value=SLIDERS,
                label=t("What is done to each photo"),
                elem_id="batch-what",
            )
            about = gr.Markdown(elem_id="batch-about", elem_classes="hint")
            every = gr.Radio(
                [(t("The largest"), False), (t("All"), True)], value=False, label=t("Faces of each photo"),
                elem_id="batch-faces",
            )  # fmt: skip
            lock = gr.Checkbox(
                True, label=t("Lock background"), info=t("What is not the person stays as it is"), elem_id="batch-lock"
            )
            file_type = gr.Dropdown(
                [(t("As each photo is"), OWN_FORMAT), *((t(text), suffix) for text, suffix in FORMATS)],
                value=OWN_FORMAT, label=t("Format"), elem_id="batch-type",
            )  # fmt: skip
            with gr.Row():
                run_button = gr.Button(t("Edit all"), variant="primary", size="md", min_width=120, elem_id="batch-run")
                stop = gr.Button(t("Stop"), size="md", min_width=80, interactive=False, elem_id="batch-stop")
        with gr.Column(scale=4, min_width=300):
            bar = gr.HTML(elem_id="batch-bar", elem_classes="bar")
            picture = gr.Image(
                label=t("The last one"), type="filepath", interactive=False, buttons=[], height=300,
                elem_id="batch-picture",
            )  # fmt: skip
            download = gr.DownloadButton(
                t("Download all as a zip"), variant="primary", size="md", interactive=False, elem_id="batch-download"
            )
            results = gr.HTML(elem_id="batch-results")
    return BatchPanel(
        (files, folder), limits, what, about, every, lock, file_type, run_button, stop, bar, picture, results, download
    )


def _choices(called: Mapping[str, str]) -> list[tuple[str, str]]:
    own = (t("What the sliders of the tab “Edit” do"), SLIDERS)
    return [own, *((title, RECIPE + name) for name, title in called.items())]


def bind_batch_panel(panel: BatchPanel, visits: Visits, tab: gr.Tab) -> None:
    """Connect the tab's components to the visit; what can be done is looked up when ``tab`` is opened."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    tab.select(on_visit(visits, partial(refresh, panel)), panel.what, [panel.what, panel.about, panel.limits], **quiet)
    panel.what.input(on_visit(visits, about), panel.what, panel.about, **quiet)
    for name, field in zip(FIELDS, panel.fields, strict=True):
        field.change(on_visit(visits, partial(taken, name)), field, None, trigger_mode="always_last", **quiet)
    panel.run.click(over_time(visits, partial(run, panel), partial(ended, panel)), panel.how, panel.shown, **quiet)
    panel.stop.click(on_visit(visits, partial(stop, panel)), None, panel.stop, **quiet)


def refresh(panel: BatchPanel, visit: Visit, what: str) -> Updates:
    """The recipes that there are now, and what is done."""
    called = titles(visit)
    known = what == SLIDERS or what.removeprefix(RECIPE) in called
    # A value where none is needed would take back what is chosen meanwhile.
    choice = gr.Dropdown(_choices(called)) if known else gr.Dropdown(_choices(called), value=SLIDERS)
    limits = say(
        visit.language, "At most {count} photos and {size} MB are taken at a time.", count=MAX_UPLOAD_FILES,
        size=MAX_UNOPENED_BYTES // 10**6,
    )  # fmt: skip
    return {panel.what: choice, panel.about: about(visit, what if known else SLIDERS), panel.limits: limits}


def about(visit: Visit, what: str) -> str:
    """What is done, in words."""
    return status(visit.session, visit.language) if what == SLIDERS and visit.session.ready else ""


def choose(name: str, visit: Visit, paths: list[str]) -> list[Path]:
    """Take the files of a field, which are the visit's from then on: they go when it goes. The photos among them; of
    what was chosen one by one, every file, so that it is told which is none."""
    files = visit.upload_all(f"batch-{name}", paths)
    if name == "folder":
        files = [file for file in files if file.suffix.lower() in PHOTOS and not file.name.startswith(".")]
    return files


def taken(name: str, visit: Visit, paths: list[str]) -> None:
    """As :func:`choose`, when files come or go."""
    choose(name, visit, paths)


def stop(panel: BatchPanel, visit: Visit) -> Updates:
    """End after the photo that is in work."""
    visit.stopping.set()
    return {panel.stop: gr.Button(interactive=False)}


def ended(panel: BatchPanel) -> Updates:
    """What the page shows when it no longer runs."""
    return {panel.bar: "", panel.run: gr.Button(interactive=True), panel.stop: gr.Button(interactive=False)}


def run(panel: BatchPanel, visit: Visit, *how: Any) -> Iterator[Updates]:
    """Edit the photos, one after another, and pack what came of them."""
    *paths, what, every, lock, suffix = how
    with visit.lock:
        sources = [file for name, named in zip(FIELDS, paths, strict=True) for file in choose(name, visit, named)]
        moves = _moves(visit, what)
        if not sources:
            gr.Info(say(visit.language, "Choose photos, or a folder with photos, first."))
        if not sources or moves is None:
            return
        editor, folder = visit.session.editor, visit.new_folder("batch")
        visit.stopping.clear()
    values, keep = moves
    done: list[BatchResult] = []
    options = {"all_faces": bool(every), "lock_background": bool(lock), "suffix": suffix or None}
    working = run_batch(editor, sources, folder / "photos", values, keep, **options)  # type: ignore[arg-type]
    yield {
        panel.run: gr.Button(interactive=False), panel.stop: gr.Button(interactive=True), panel.picture: None,
        panel.download: gr.DownloadButton(value=None, interactive=False), **_told(panel, visit, sources, done),
    }  # fmt: skip
    while not visit.stopping.is_set() and (result := next(working, None)) is not None:
        done.append(result)
        yield {**_told(panel, visit, sources, done), **_seen(panel, visit, result)}
    yield from _packed(panel, visit, done, folder / "glowface.zip")


def _moves(visit: Visit, what: str) -> tuple[dict[str, float], tuple[str, ...]] | None:
    """Slider values and what is kept fixed; None where there is nothing to do, which is told."""
    if what != SLIDERS:
        recipe = recipes(visit).get(what.removeprefix(RECIPE))
        if recipe is not None:
            recipe.check(visit.session.editor.directions.names)
            return dict(recipe.moves), tuple(recipe.keep)
    elif any(visit.session.values.values()):
        return visit.session.values, visit.session.keep
    gr.Info(say(visit.language, "Move a slider in the tab “Edit” first, or choose a recipe."))
    return None


def _told(panel: BatchPanel, visit: Visit, sources: Sequence[Path], done: Sequence[BatchResult]) -> Updates:
    """How far it is, and what came of each photo: the latest first."""
    at = sources[min(len(done), len(sources) - 1)].name
    text = say(visit.language, "{number} of {count}: {name}", number=len(done), count=len(sources), name=at)
    lines = []
    for result in reversed(done):
        kind = "done" if result.output else "failed"
        lines.append(f'<li class="{kind}"><b>{as_text(result.source.name)}</b> {_came_of(visit, result)}</li>')
    return {panel.bar: progress(len(done), len(sources), text), panel.results: f"<ul>{''.join(lines)}</ul>"}


def _came_of(visit: Visit, result: BatchResult) -> str:
    """What is said of one photo, as HTML."""
    if not result.output:
        return as_text(explain(visit.language, result.error.replace(str(result.source), result.source.name)))
    sliders = visit.session.editor.directions.sliders
    little = [title_of(slider, visit.language) for slider in sliders if slider.name in result.little]
    told = [f"{title} ({say(visit.language, DOES_LITTLE)})" for title in little]
    return "; ".join([say(visit.language, "done"), *told])


def _seen(panel: BatchPanel, visit: Visit, result: BatchResult) -> Updates:
    """The picture that came of a photo."""
    if result.output is None:
        return {}
    photo = open_photo(result.output)
    pixels = on_screen(View.whole(photo, SHOWN_SIDE).cut(photo)).pixels
    with visit.lock:
        return {panel.picture: visit.show(pixels)}


def _packed(panel: BatchPanel, visit: Visit, done: Sequence[BatchResult], path: Path) -> Iterator[Updates]:
    """Put all pictures into a zip; each goes from the disk when it is there."""
    outputs = [result.output for result in done if result.output is not None]
    for number, output in enumerate(outputs):
        text = say(visit.language, "Packing {number} of {count}", number=number + 1, count=len(outputs))
        with zipfile.ZipFile(path, "a") as packed:  # stored: pictures do not get smaller
            packed.write(output, output.name)
        visit.uploads.folder.remove(output)
        yield {panel.bar: progress(number + 1, len(outputs), text)}
    if outputs:
        yield {panel.download: gr.DownloadButton(value=str(path), interactive=True)}
    failed = len(done) - len(outputs)
    if failed:
        gr.Info(say(visit.language, "{done} photos edited, {failed} not.", done=len(outputs), failed=failed))
    else:
        gr.Info(say(visit.language, "Photos edited: {done}.", done=len(outputs)))
