"""The page for people who see little or nothing of it, or have no mouse: in light and dark, on a screen and a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page

from tests.app.ui.browsing import upload

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
SIZES = ((1366, 900), (390, 844))
GRAVE = ("serious", "critical")
NOT_OURS: dict[str, str] = {}
"""Findings in Gradio's markup that cannot be mended from outside: the selector's beginning by the rule."""


SHOWN = "([note, on]) => document.getElementById(note).classList.toggle('shown', on)"


def findings(page: Page, within: str = "html") -> list[str]:
    """What axe-core finds that keeps people out."""
    # What is fading in has another contrast for a moment.
    page.evaluate("Promise.all(document.getAnimations().map((moving) => moving.finished.catch(() => null)))")
    told: dict[str, Any] = page.evaluate("(within) => axe.run(within, {resultTypes: ['violations']})", within)
    return [
        f"{finding['id']}: {node['target']} {node['failureSummary']}"
        for finding in told["violations"]
        if finding["impact"] in GRAVE
        for node in finding["nodes"]
        if not str(node["target"][0]).startswith(NOT_OURS.get(finding["id"], "no selector"))
    ]


def test_axe_finds_nothing_serious_on_any_tab_in_light_and_dark_at_both_sizes(page: Page, astronaut_file: Path) -> None:
    page.emulate_media(reduced_motion="reduce")
    upload(page, astronaut_file)
    page.evaluate(AXE)
    told = {}
    for number in range(page.get_by_role("tab").count()):
        page.set_viewport_size({"width": 1366, "height": 900})
        tab = page.get_by_role("tab").nth(number)
        tab.click()
        name = tab.inner_text()
        for dark in (False, True):
            page.evaluate("(dark) => document.body.classList.toggle('dark', dark)", dark)
            for width, height in SIZES:
                page.set_viewport_size({"width": width, "height": height})
                told[name, dark, width] = findings(page)
                if number == 0:  # the notes that lie over the page, one after the other: they are in the same place
                    for note in ("connection-lost", "visit-gone"):
                        page.evaluate(SHOWN, [note, True])
                        assert page.locator(f"#{note}").is_visible()
                        told[note, dark, width] = findings(page, f"#{note}")
                        page.evaluate(SHOWN, [note, False])
    assert {where: found for where, found in told.items() if found} == {}


NAMED = "[...document.images].every((img) => !img.checkVisibility() || img.alt.trim() !== '')"
REACHED = """() => {
    const active = document.activeElement;
    if (active === document.body) return "nothing";  // a field that has just gone
    if ("reached" in active.dataset) return "again";
    active.dataset.reached = "";
    const ringed = active.closest("label:has(:focus-visible)") ?? active;
    const seen = [active, ringed].some((part) => parseFloat(getComputedStyle(part).outlineWidth) >= 2);
    return seen ? "seen" : active.outerHTML.slice(0, 200);
}"""
MISSED = """() => [...document.querySelectorAll("button, input, select, textarea, summary, a[href]")]
    .filter((part) => part.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !part.disabled)
    .filter((part) => !("reached" in part.dataset) && part.type !== "radio" && part.type !== "file")
    .filter((part) => part.closest("[inert], [aria-hidden=true]") === null)
    .map((part) => part.outerHTML.slice(0, 200))"""


def test_every_picture_says_what_it_is_and_the_keyboard_reaches_everything(page: Page, astronaut_file: Path) -> None:
    """And shows where it is."""
    upload(page, astronaut_file)
    page.wait_for_function("document.querySelectorAll('#presets img').length >= 6")  # the last to come
    page.wait_for_function(NAMED)
    assert page.locator("img:visible").count() >= 3
    page.evaluate("document.activeElement.blur()")
    told = []
    while "again" not in told and len(told) < 500:
        page.keyboard.press("Tab")
        told.append(page.evaluate(REACHED))
    assert set(told) <= {"seen", "nothing", "again"}
    assert told.count("seen") > 20
    assert page.evaluate(MISSED) == []
