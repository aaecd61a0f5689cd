"""Feed broken files to Glowface's readers: ``python -m tests.fuzz --cases 20000 --kind photos``.

Exit status 1 if anything was found: a crash, an error that is not of the reader's own kind (or words on the terminal),
more than 5 seconds, or more than 1 GB. A case is made again by its seed: ``--seed K --first N --cases 1``.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tqdm import tqdm

from tests.fuzz.harness import Report, run
from tests.fuzz.targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=1000, help="of each kind (1000)")
    parser.add_argument("--seconds", type=float, default=3600, help="in all, shared by the kinds (3600)")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other cases (0)")
    parser.add_argument("--first", type=int, default=0, help="number of the first case (0)")
    parser.add_argument("--kind", nargs="+", choices=sorted(TARGETS), default=list(TARGETS), help="all by default")
    parser.add_argument("--workers", type=int, choices=(1, 2), default=2, help="processes (2)")
    parser.add_argument("--keep", type=Path, help="existing folder for the files of findings; none are kept without it")
    asked = parser.parse_args()
    if asked.keep is not None and not asked.keep.is_dir():
        parser.error(f"--keep {asked.keep}: there is no such folder. Make it first.")
    end, reports = time.monotonic() + asked.seconds, []
    for place, kind in enumerate(asked.kind):
        share = (end - time.monotonic()) / (len(asked.kind) - place)
        seeds = (f"{asked.seed}/{kind}/{asked.first + number}" for number in range(asked.cases))
        with tqdm(total=asked.cases, desc=kind) as bar:
            reports.append(
                run(
                    TARGETS[kind],
                    seeds,
                    workers=asked.workers,
                    seconds=share,
                    keep=asked.keep,
                    progress=bar.update,
                )
            )
    return show(reports)


def show(reports: list[Report]) -> int:
    """Print findings, then a line for each kind; 1 if there are findings."""
    findings = [line for each in reports for line in (*each.crashes, *each.foreign, *each.slow, *each.large)]
    for line in findings:
        print(line)
    for report in reports:
        print(report)
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
