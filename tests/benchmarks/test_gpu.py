"""Training on a GPU is measured by parts that run on a CPU too, where no section is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.gpu import main
from benchmarks.report import REPORT

TINY = ("--device", "cpu", "--rounds", "1", "--seconds", "0.01", "--workers", "0")
TINY = (*TINY, "--image-size", "8", "--levels", "1", "--flow-steps", "1", "--width", "8", "--batch", "2")
CLONE = """
import torch
from torch import nn

class AffineCoupling(nn.Module):
    def __init__(self, channels, filter_size=512):
        super().__init__()
        assert filter_size == 8
        self.net = nn.Conv2d(channels, filter_size, 1)

class Glow(nn.Module):
    def __init__(self, channels, n_flow, n_block):
        super().__init__()
        self.flow = AffineCoupling(channels)

    def forward(self, x):
        return -self.flow.net(x).square().sum((1, 2, 3)), torch.zeros(len(x)), [x]
"""
"""What is used of rosinality's ``model.py``."""


@pytest.mark.filterwarnings("ignore:torch.lu is deprecated:UserWarning")
def test_all_parts_run_on_a_cpu_and_say_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = REPORT.read_bytes()
    (tmp_path / "model.py").write_text(CLONE)
    main([*TINY, "--rosinality", str(tmp_path)])
    told = capsys.readouterr()
    speeds = dict(re.findall(r"^\| (.*?) \| (\d+) \|", told.out, re.M))
    assert {"Glowface, float32 nets, one launch after the other", "rosinality's glow-pytorch"} <= speeds.keys()
    assert any(name.startswith("`train fit`") for name in speeds)
    for peer in ("normflows", "nflows", "FrEIA"):
        assert peer in speeds or f"Left out: {peer} (it is not installed; run `pip install {peer}`)." in told.out
    assert "one CUDA graph (there are no CUDA graphs on cpu)." in told.out
    assert "this ran on cpu, not on a CUDA GPU: nothing was written" in told.err
    assert REPORT.read_bytes() == before


def test_a_folder_that_is_no_clone_is_told_and_time_that_is_over_ends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*TINY, "--minutes", "0"])
    assert "0 minutes were over; give more with --minutes" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*TINY, "--rosinality", str(tmp_path)])
