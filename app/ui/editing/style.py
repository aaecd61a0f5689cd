"""Where the parts of the tab "Edit" stand: the picture stays in sight while the sliders move under it."""

from __future__ import annotations

from importlib.resources import files

EDIT_CSS = files(__package__).joinpath("style.css").read_text("utf-8")
