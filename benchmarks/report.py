"""docs/benchmarks/README.md, a section for each benchmark, replaced when it is run again."""

from __future__ import annotations

import re
from pathlib import Path

import torch

REPORT = Path(__file__).parents[1] / "docs" / "benchmarks" / "README.md"
HEAD = "# Benchmarks\n\nWritten by the commands named in each section. Compare ratios: machines differ.\n"


def write_section(title: str, text: str, path: Path = REPORT) -> None:
    """Put ``text`` under ``## title``, in place of what stood there."""
    report = path.read_text() if path.exists() else HEAD
    section = f"\n## {title}\n\n{text.strip()}\n"
    old = re.search(rf"\n## {re.escape(title)}\n.*?(?=\n## |\Z)", report, re.S)
    path.write_text(report.replace(old.group(), section.rstrip("\n") + "\n") if old else report + section)


def cpu_kind() -> str:
    """What of this CPU decides how much faster it is in bfloat16 than in float32."""
    able: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # newer than some PyTorch
    if able.get("amx_bf16"):
        return "a CPU with AMX"
    return "a CPU with AVX-512 for bfloat16" if able.get("avx512_bf16") else "a CPU without bfloat16"
