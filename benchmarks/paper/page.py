"""docs/paper/README.md: an opening that stays as it is, and a section for each experiment, in the paper's order."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.report import write_section

DOCUMENT = Path(__file__).parents[2] / "docs" / "paper" / "README.md"
"""The page; its pictures lie beside it."""

SECTIONS = (
    "Permutations and couplings (figure 3)",
    "LU against full 1×1 convolutions, time (equation 10)",
    "LU against full 1×1 convolutions, bits/dim",
    "What table 2 takes",
    "Interpolation (figure 5)",
    "Temperature (figure 8)",
    "Depth (figure 9)",
)


def write(title: str, text: str, document: Path = DOCUMENT) -> None:
    """Put ``text`` under ``title``, which is one of :data:`SECTIONS`, in its place on the page."""
    write_section(title, text, document)
    opening, *sections = re.split(r"\n(?=## )", document.read_text())
    sections.sort(key=lambda section: SECTIONS.index(section.partition("\n")[0].removeprefix("## ")))
    document.write_text("\n".join([opening, *(section.rstrip("\n") + "\n" for section in sections)]))
