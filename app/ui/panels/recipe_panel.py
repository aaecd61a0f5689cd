"""Recipes: choose one and apply it, save the present moves as one, open one from a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.ui.panels.slider_panel import Updates
from app.ui.visits.visit import Visit
from attributes import Recipe, shipped_recipes


@dataclass(frozen=True)
class RecipePanel:
    """The accordion's components."""

    choice: gr.Dropdown
    apply: gr.Button
    upload: gr.UploadButton
    name: gr.Textbox
    save: gr.Button
    download: gr.DownloadButton


def build_recipe_panel() -> RecipePanel:
    """Lay the accordion out."""
    with gr.Accordion("Recipes", open=False, elem_id="recipes"):
        names = [recipe.name for recipe in shipped_recipes().values()]
        choice = gr.Dropdown(names, value=names[0], label="Recipe", show_label=False, elem_id="recipe")
        with gr.Row():
            apply = gr.Button("Apply", size="sm", variant="primary", min_width=80, elem_id="apply-recipe")
            upload = gr.UploadButton(
                "Open a file", size="sm", file_types=[".json"], min_width=80, elem_id="upload-recipe"
            )
        with gr.Row():
            name = gr.Textbox(
                placeholder="Recipe name", show_label=False, container=False, max_lines=1, min_width=120,
                elem_id="recipe-name",
            )  # fmt: skip
            save = gr.Button("Save", size="sm", min_width=60, elem_id="save-recipe")
        download = gr.DownloadButton(visible="hidden", elem_id="download-recipe")
    return RecipePanel(choice, apply, upload, name, save, download)


def recipes(visit: Visit) -> dict[str, Recipe]:
    """Those that the visit can choose from, by the names that people see."""
    return {recipe.name: recipe for recipe in shipped_recipes().values()} | visit.recipes


def add(visit: Visit, recipe: Recipe) -> gr.Dropdown:
    """Let the visit choose a recipe, and choose it."""
    visit.recipes[recipe.name] = recipe
    return gr.Dropdown(list(recipes(visit)), value=recipe.name)


def open_file(visit: Visit, path: str | None) -> Any:
    """Take a recipe from an uploaded file."""
    if path is None:
        return gr.skip()
    with visit.upload("recipe", path) as file:
        recipe = Recipe.load(file)
        recipe.check(visit.session.editor.directions.names)
    return add(visit, recipe)


def save(panel: RecipePanel, visit: Visit, name: str) -> Updates:
    """Make a recipe of the present moves, and hand its file to the browser."""
    recipe = visit.session.recipe(name.strip() or "My recipe")
    path = visit.new_file("recipe.json")
    recipe.save(path)
    return {panel.choice: add(visit, recipe), panel.download: gr.DownloadButton(value=str(path))}
