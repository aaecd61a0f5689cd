"""``labels``, ``recipes`` and ``doctor``: what there is, and whether it is in order."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import typer

from app.commands.options import CommandOptions, Json
from app.commands.telling import tell_json

if TYPE_CHECKING:
    from attributes import Slider


def run_labels(options: CommandOptions) -> None:
    """List the attributes and custom sliders that --set knows."""
    from attributes import arranged, directions_path, label_sliders, listed_sliders, slider_facts, sliders_folder

    of_labels, own = label_sliders(directions_path(options.checkpoint)), sliders_folder(options.checkpoint)
    sliders = arranged([*of_labels, *listed_sliders(own)])
    if options.as_json:
        tell_json({"sliders": [slider_facts(slider) for slider in sliders]})
        return
    group = ""
    for slider in sliders:
        if slider.group != group:
            group = slider.group
            print(group)
        print(f"  {slider.name:22}{slider.title}{_notes(slider)}")


def _notes(slider: Slider) -> str:
    return (" (1 is less of it)" if slider.sign < 0 else "") + (" (rough)" if slider.rough else "")


@dataclass(frozen=True, kw_only=True)
class RecipesOptions:
    """Options of ``recipes``."""

    as_json: Json = False


def run_recipes(options: RecipesOptions) -> None:
    """List the recipes that come with Glowface."""
    from attributes import shipped_recipes

    recipes = shipped_recipes()
    if options.as_json:
        listed = [
            {"name": name, "title": recipe.name, "moves": dict(recipe.moves), "keep": list(recipe.keep)}
            for name, recipe in recipes.items()
        ]
        tell_json({"recipes": listed})
        return
    for name, recipe in recipes.items():
        moves = ", ".join(f"{slider} {value:+g}" for slider, value in recipe.moves.items())
        kept = f"; keeps {', '.join(recipe.keep)}" if recipe.keep else ""
        print(f"{name:22}{recipe.name}: {moves}{kept}")


def run_doctor(options: CommandOptions) -> None:
    """Check the installation; the exit status says whether all is well."""
    from app.doctor import examine

    findings = examine(options.checkpoint, options.device)
    good = all(finding.good for finding in findings)
    if options.as_json:
        tell_json({"good": good, "findings": [asdict(finding) for finding in findings]})
    for finding in findings if not options.as_json else ():
        print(f"{'ok   ' if finding.good else 'ERROR'}  {finding.name:16}{finding.text}")
    if not good:
        raise typer.Exit(1)
