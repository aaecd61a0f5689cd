"""Many users at once, on this machine.

    python -m benchmarks.users drag --users 32 --seconds 600
    python -m benchmarks.users tabs --tabs 300
    python -m benchmarks.users decode --users 8

``drag``: each user opens a photo of his own and drags sliders without a pause; a patch of colour tells whose picture
comes back. ``tabs``: pages with photos are opened and killed. ``decode``: decodes a second, batched and one by one.
``--write`` puts the result into docs/benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from pathlib import Path

import torch

from app.ui.visits.lifetimes import RECONNECT_SECONDS
from attributes import load_classifier
from benchmarks.report import cpu_kind, write_section
from benchmarks.users.decoding import rates
from benchmarks.users.server import Server, serving
from benchmarks.users.user import User, WrongPictureError
from storage.assets import DEFAULT_CHECKPOINT

EVERY = 10.0
"""Seconds between two looks at the server's memory, at least."""

AT_ONCE = 10
"""Tabs that open at the same time."""


def drag(server: Server, count: int, seconds: float) -> str:
    """Let users drag, and tell what came of it."""
    took: list[float] = []
    wrong: list[str] = []
    failed: list[str] = []
    start, end = threading.Barrier(count + 1), [0.0]

    def use(number: int) -> None:
        try:
            user = User(server.address, number)
            user.open()
        except Exception as error:
            failed.append(f"opening: {error}")
            start.wait()
            return
        start.wait()
        while time.perf_counter() < end[0]:
            before = time.perf_counter()
            try:
                user.move()
                took.append(time.perf_counter() - before)
            except WrongPictureError as error:
                wrong.append(str(error))
            except Exception as error:
                failed.append(repr(error))
        user.kill()

    threads = [threading.Thread(target=use, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    end[0] = float("inf")
    start.wait()
    began, memory = time.perf_counter(), [(0.0, server.memory())]
    end[0] = began + seconds
    pause = max(EVERY, seconds / 10)
    while (left := end[0] - time.perf_counter()) > 0:
        time.sleep(min(pause, left))
        memory.append((time.perf_counter() - began, server.memory()))
    for thread in threads:
        thread.join()
    whole = time.perf_counter() - began
    p50, p95 = (statistics.quantiles(took, n=20)[at] if len(took) > 1 else float("nan") for at in (9, 18))
    lines = [
        "| users | seconds | pictures | another's picture | errors | p50, s | p95, s | pictures a second |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        f"| {count} | {seconds:.0f} | {len(took)} | {len(wrong)} | {len(failed)} | {p50:.2f} | {p95:.2f} "
        f"| {len(took) / whole:.1f} |",
        "",
        "From a slider's move to its picture in the user's hands. Each picture but a slider's first on a face is one "
        "decode. The server's memory: "
        + ", ".join(f"{mib:.0f} MiB after {after:.0f} s" for after, mib in memory)
        + ".",
    ]
    for text in (*wrong[:3], *failed[:3]):
        print(text)
    return "\n".join(lines)


def tabs(server: Server, count: int) -> str:
    """Open pages with photos and kill them; what the server has then, and had before."""
    gone = RECONNECT_SECONDS + 30  # seconds: Gradio sees that a page has gone within 15, then its visit waits for it
    _open_and_kill(server, AT_ONCE)  # what is only made once
    time.sleep(gone)
    before = server.memory(), server.disk()
    peak = _open_and_kill(server, count)
    time.sleep(gone)
    after = server.memory(), server.disk()
    grown = after[0] / before[0] - 1
    return "\n".join(
        [
            "| | memory, MiB | disk, MiB |",
            "| --- | ---: | ---: |",
            f"| after {AT_ONCE} tabs that were killed | {before[0]:.0f} | {before[1]:.1f} |",
            f"| {count} tabs open, each with a photo | {peak[0]:.0f} | {peak[1]:.1f} |",
            f"| {gone:.0f} s after they were killed | {after[0]:.0f} ({grown:+.0%}) | {after[1]:.1f} |",
        ]
    )


def _open_and_kill(server: Server, count: int) -> tuple[float, float]:
    users: list[User] = []

    def open_some(numbers: range) -> None:
        for number in numbers:
            user = User(server.address, number % 64)
            user.open()
            user.move()
            users.append(user)

    threads = [threading.Thread(target=open_some, args=(range(at, count, AT_ONCE),)) for at in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(users) < count:
        raise SystemExit(f"only {len(users)} of {count} tabs could be opened.")
    held = server.memory(), server.disk()
    for user in users:
        user.kill()
    return held


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.users", description=__doc__)
    parser.add_argument("what", choices=("drag", "tabs", "decode"))
    parser.add_argument("--users", type=int, default=None, help="how many; 32 for drag, 8 for decode")
    parser.add_argument("--seconds", type=float, default=None, help="for how long; 600 for drag, 5 a turn for decode")
    parser.add_argument("--tabs", type=int, default=300)
    parser.add_argument("--turns", type=int, default=7, help="of each way to decode")
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT_CHECKPOINT)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks/README.md")
    args = parser.parse_args()
    about = f"{args.checkpoint.stem}, {torch.get_num_threads()} threads, {cpu_kind()}."
    if args.what == "decode":
        users = args.users or 8
        found = rates(args.checkpoint, load_classifier(), users, args.turns, args.seconds or 5)
        rows = [f"| {name} | {rate:.1f} | {rate / found['one by one']:.2f} |" for name, rate in found.items()]
        head = [f"| {users} users ask | faces a second | to one by one |", "| --- | ---: | ---: |"]
        text = "\n".join([*head, *rows])
        title = f"Decoding for {users} users at once"
    else:
        with serving(args.checkpoint) as server:
            if args.what == "drag":
                text, title = drag(server, args.users or 32, args.seconds or 600), "Users who drag"
            else:
                text, title = tabs(server, args.tabs), "Tabs that are opened and killed"
    print(text)
    if args.write:
        write_section(title, f"{about}\n\n{text}\n\nCommand: `python -m benchmarks.users {args.what}`")


if __name__ == "__main__":
    main()
