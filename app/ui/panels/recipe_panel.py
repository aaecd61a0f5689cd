"""Recipes: open one from a file or from a picture that holds one, save the present moves as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.ui.visits.visit import Visit
from app.ui.words import t
from attributes import Recipe


@dataclass(frozen=True)
class RecipePanel:
    """The accordion's components."""

    upload: gr.UploadButton
    name: gr.Textbox
    save: gr.Button
    download: gr.DownloadButton


def build_recipe_panel() -> RecipePanel:
    """Lay the accordion out."""
    with gr.Accordion(t("Recipes"), open=False, elem_id="recipes"):
        gr.Markdown(t("A recipe is where all sliders stand, to be used again on any face."))
        upload = gr.UploadButton(
            t("Open a recipe, or a picture with one inside"), size="sm", file_types=[".json", ".png"], min_width=80,
            elem_id="upload-recipe",
        )  # fmt: skip
        with gr.Row():
            name = gr.Textbox(
                placeholder=t("Recipe name"), label=t("Recipe name"), show_label=False, container=False, max_lines=1,
                min_width=120, elem_id="recipe-name",
            )  # fmt: skip
            save = gr.Button(t("Save"), size="sm", min_width=60, elem_id="save-recipe")
        download = gr.DownloadButton(visible="hidden", elem_id="download-recipe")
    return RecipePanel(upload, name, save, download)


def open_file(visit: Visit, path: str) -> None:
    """Take a recipe from an uploaded file, and set the sliders to it.

    Raises:
        RecipeError: it is none, or names sliders that there are not.
    """
    with visit.upload("recipe", path) as file:
        recipe = Recipe.load(file)
        visit.session.apply(recipe)
    visit.recipes[recipe.name] = recipe


def save(visit: Visit, name: str) -> Any:
    """Make a recipe of the present moves, and hand its file to the browser."""
    recipe = visit.session.recipe(name.strip() or "My recipe")
    path = visit.new_file(f"{recipe.name}.json")
    recipe.save(path)
    visit.recipes[recipe.name] = recipe
    return gr.DownloadButton(value=str(path))
