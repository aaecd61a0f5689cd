"""``python -m benchmarks.edits``: measure the headline edits and print the tables.

Needs ``pip install -r benchmarks/requirements.txt`` and CelebA-HQ. What was seen is kept as lines of JSON in runs/, and
a run that was stopped goes on there.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from app.editor import Editor
from attributes import DatasetError, DirectionBasis, DirectionsError, FaceSet, directions_path, load_classifier
from benchmarks.edits import BY_NAME, EDITS, Edit
from benchmarks.edits.faces import FACES, at_least_1, face_set
from benchmarks.edits.looking import Looking
from benchmarks.edits.outside import OutsideNetworks
from benchmarks.edits.page import page, tables
from benchmarks.edits.pictures import PicturesError, folder_for_pictures, picture_path, write_picture
from benchmarks.edits.rows import BEFORE, Row, Rows, results_path
from benchmarks.report import write_section
from faces import FaceError
from glow import CheckpointError
from storage.assets import DEFAULT_CHECKPOINT, DEFAULT_CLASSIFIER


def build_parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.edits", description="What the headline edits do to faces that the model never saw."
    )
    parser.add_argument("--data", type=Path, default=Path("data/celebahq"), help="CelebA-HQ (default: %(default)s)")
    parser.add_argument("--faces", type=at_least_1, default=FACES, help="how many (default: %(default)s)")
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT_CHECKPOINT, help="default: Glowface's")
    parser.add_argument("--witness", type=Path, help="the held-out classifier, which no slider goes by")
    parser.add_argument("--no-mean", action="store_true", help="do not look at the plain mean differences: faster")
    parser.add_argument("--only", nargs="+", choices=list(BY_NAME), metavar="EDIT", help=f"of {', '.join(BY_NAME)}")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="also write the photos here, below runs/")
    parser.add_argument("--results", type=Path, help="where rows are kept (default: in runs/, by model and code)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the tables into this page's section")
    return parser


def measure(args: argparse.Namespace, faces: FaceSet, editor: Editor, rows: Rows) -> list[str]:
    """Look at whatever was not looked at yet; the names of pictures in which no face is found."""
    held_out = load_classifier(args.witness, editor.checkpoint.model.device) if args.witness else None
    with_mean = held_out is not None and not args.no_mean
    plain = DirectionBasis.load(directions_path(args.checkpoint), editor.checkpoint) if with_mean else None
    looking = Looking(editor, OutsideNetworks(), held_out, plain)
    edits = [BY_NAME[name] for name in args.only] if args.only else EDITS

    def done(face: str, name: str) -> bool:
        row = rows.found.get((face, name))
        return (
            row is not None
            and (row.mean is not None or not with_mean or name == BEFORE)
            and (not args.pictures or picture_path(args.pictures, face, name).exists())
        )

    left_out = []
    with tqdm(total=len(faces) * len(edits), unit="edit", disable=None) as bar:
        for path in faces.paths:
            missing: list[Edit] = [edit for edit in edits if not done(path.stem, edit.name)]
            bar.update(len(edits) - len(missing))
            if not missing and done(path.stem, BEFORE):
                continue
            try:
                portrait = editor.open(path)
            except FaceError:
                left_out.append(path.stem)
                bar.update(len(missing))
                continue
            for row, photo in looking.face(path.stem, portrait, missing):
                if args.pictures:
                    write_picture(args.pictures, path.stem, row.edit, photo)
                rows.add(row)
                bar.update(row.edit != BEFORE)
    return left_out


def run(args: argparse.Namespace) -> None:
    """Measure, print, and write the page."""
    if args.pictures:
        folder_for_pictures(args.pictures)
    faces = face_set(args.data, args.faces)
    editor = Editor.load(args.checkpoint)
    files = (directions_path(args.checkpoint), DEFAULT_CLASSIFIER, *((args.witness,) if args.witness else ()))
    rows = Rows(args.results or results_path(editor.checkpoint, files))
    print(f"rows: {rows.path}", file=sys.stderr)
    left_out = measure(args, faces, editor, rows)
    names = [path.stem for path in faces.paths]
    labels: dict[str, np.ndarray] = {} if faces.labels is None else dict(zip(names, faces.labels, strict=True))
    of_these: dict[tuple[str, str], Row] = {key: row for key, row in rows.found.items() if key[0] in set(names)}
    text = tables(of_these, labels)
    print(text)
    if args.markdown:
        command = shlex.join(["python", "-m", "benchmarks.edits", *sys.argv[1:]])
        held_out = args.witness.name if args.witness else None
        about = page(text, command, len(faces) - len(left_out), left_out, held_out)
        write_section(f"Edits of {args.checkpoint.stem}", about, args.markdown)


def main() -> None:
    """Run the command line."""
    args = build_parser().parse_args()
    try:
        run(args)
    except (CheckpointError, DatasetError, DirectionsError, PicturesError, ImportError) as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
