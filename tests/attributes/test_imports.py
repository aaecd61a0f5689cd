"""What edits faces loads nothing that is only for making sliders, as that costs seconds and memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOR_MAKING = (
    "attributes.making",
    "attributes.classifier.augment",
    "attributes.classifier.fit_head_turn",
    "attributes.classifier.probes",
    "attributes.classifier.training",
    "attributes.custom.commands",
    "attributes.custom.components",
    "attributes.custom.learn",
    "sklearn",
)


@pytest.mark.parametrize("statement", ["import app.ui.launch", "import app.cli", "import app.session"])
def test_what_edits_faces_loads_nothing_for_making_sliders(statement: str) -> None:
    program = f"{statement}, sys; print(*sys.modules, sep='\\n')"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = ran.stdout.split()
    assert statement.split()[1] in loaded
    assert [name for name in loaded if name.startswith(FOR_MAKING)] == []
