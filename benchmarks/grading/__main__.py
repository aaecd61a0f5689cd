"""``python -m benchmarks.grading``: lay out edits of two sets for a blind look, and count the grades."""

from __future__ import annotations

import argparse
from itertools import chain
from pathlib import Path

from attributes import DatasetError, DirectionsError
from benchmarks.edits.faces import FACES, at_least_1, face_set
from benchmarks.edits.pictures import PicturesError, folder_for_pictures
from benchmarks.grading import SETS, GradingError
from benchmarks.grading.drawing import CheckpointSource, FolderSource, Source, draw, numbered
from benchmarks.grading.head_turns import by_head_turn
from benchmarks.grading.scoring import graded, read_grades, read_key, scores, write_empty_grades, write_key
from benchmarks.grading.sheets import ON_A_SHEET, sheet
from faces import PhotoError
from glow import CheckpointError

COUNT = 150


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description="A blind look at two sets.")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("lay", help="draw edits of two sets by lot and lay them out, shuffled")
    for which in SETS:
        command.add_argument(
            f"--{which}",
            type=Path,
            required=True,
            metavar="DIR_OR_CHECKPOINT",
            help="pictures that `benchmarks.edits --pictures` wrote, or a model",
        )
    command.add_argument("--seed", type=int, default=0, help="of the lot and the order (default: %(default)s)")
    command.add_argument("--count", type=at_least_1, default=COUNT, help="edits of each set (default: %(default)s)")
    command.add_argument("--out", type=Path, default=Path("runs/grading"), help="default: %(default)s")
    command.add_argument("--data", type=Path, default=Path("data/celebahq"), help="for models (default: %(default)s)")
    command.add_argument("--faces", type=at_least_1, default=FACES, help="for models (default: %(default)s)")
    command.set_defaults(run=lay)
    command = commands.add_parser("score", help="which share of each set would be kept")
    command.add_argument("key", type=Path)
    command.add_argument("grades", type=Path)
    command.set_defaults(run=score)
    command = commands.add_parser("turned", help="which share of the new set would be kept on heads that are turned")
    command.add_argument(
        "tables", type=Path, nargs="+", metavar="KEY GRADES", help="the key and the grades of each lot, in turn"
    )
    command.add_argument("--data", type=Path, default=Path("data/celebahq"), help="default: %(default)s")
    command.add_argument("--faces", type=at_least_1, default=FACES, help="as the lots were laid (default: %(default)s)")
    command.set_defaults(run=turned)
    return parser


def lay(args: argparse.Namespace) -> None:
    """Draw, shuffle, and write the sheets, the key and an empty list of grades."""
    folder = folder_for_pictures(args.out)
    grades = folder / "grades.csv"
    if grades.exists():
        raise GradingError(f"{grades} is there already; move it away, or choose another folder with --out.")

    def source(path: Path) -> Source:
        return FolderSource(path) if path.is_dir() else CheckpointSource(path, face_set(args.data, args.faces))

    drawn = draw([source(args.old), source(args.new)], args.count, args.seed)
    items = numbered(list(drawn), args.seed)
    for start in range(0, len(items), ON_A_SHEET):
        some = items[start : start + ON_A_SHEET]
        pairs = [drawn[item.face, item.edit][SETS.index(item.of)] for item in some]
        # Fine quality and full colour: what a grader dislikes must be the edit's doing.
        sheet(some, pairs).save(folder / f"sheet-{start // ON_A_SHEET + 1:02}.jpg", quality=95, subsampling=0)
    write_key(folder / "key.csv", items, args.seed)
    write_empty_grades(grades, items)
    print(f"{folder}: {len(items)} pairs; look at the sheets and fill in {grades.name}, without looking at key.csv")


def score(args: argparse.Namespace) -> None:
    """Print the table."""
    print(scores(read_key(args.key), read_grades(args.grades)))


def turned(args: argparse.Namespace) -> None:
    """Print the table by head turn."""
    if len(args.tables) % 2:
        raise GradingError(f"{len(args.tables)} files are no pairs; give each lot's key, then its grades.")
    lots = zip(args.tables[::2], args.tables[1::2], strict=True)
    found = [graded(read_key(key), read_grades(grades)) for key, grades in lots]
    print(by_head_turn(list(chain.from_iterable(found)), face_set(args.data, args.faces)))


def main() -> None:
    """Run the command line."""
    args = build_parser().parse_args()
    try:
        args.run(args)
    except (CheckpointError, DatasetError, DirectionsError, GradingError, PhotoError, PicturesError) as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
