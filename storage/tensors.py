"""Tensors on disk: safetensors with a JSON header. Never a pickle, and nothing of a file is believed unseen."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from errors import GlowfaceError
from glowface import __version__
from storage.files import atomic_write, open_regular
from storage.values import InvalidValueError, integer, parse_json, table

FORMAT_VERSION = 1

LARGEST_HEADER = 16 * 2**20
"""Bytes of the names, shapes and JSON in front of the tensors; the paper's largest model in training has a tenth."""

LONGEST_JSON = 2**20
"""Characters of the JSON alone."""

LARGEST_NUMBER = 1e9
"""No weight, direction or sum over faces comes near it."""

_STORED_AS = {torch.float32: ("F32", "F16"), torch.float64: ("F64",), torch.int64: ("I64",)}
"""How files may hold a tensor of a dtype, in safetensors' words: half precision is for small files."""

Header = dict[str, Any]
Expects = Callable[[Header, Collection[str]], Mapping[str, Tensor]]
"""Tells of a header, and of the names of the tensors behind it, which tensors there must be: some of the same shapes
and dtypes."""


class CheckpointError(GlowfaceError):
    """A file is no checkpoint that this version can load; the message says why and what to do."""


def write_safetensors(path: Path, tensors: dict[str, Tensor], header: Header) -> None:
    """Write tensors and a JSON header to ``path``: whole, or not at all.

    Raises:
        CheckpointError: the file cannot be written; what was there before still is.
    """
    try:
        with atomic_write(path) as aside:
            contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
            save_file(contiguous, aside, metadata={"glowface": json.dumps(header, sort_keys=True)})
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} cannot be written ({error}); make room or choose another place. Files that were there are whole."
        ) from error


def read_header(path: Path, kind: str) -> Header:
    """The JSON header of a file that :func:`write_safetensors` wrote, without its tensors.

    Raises:
        CheckpointError: as :func:`read_safetensors`.
    """
    return _opened(path, kind)[1]


def read_safetensors(path: Path, kind: str, expects: Expects | None = None) -> tuple[dict[str, Tensor], Header]:
    """Tensors and JSON header of a file that :func:`write_safetensors` wrote.

    Args:
        path: the file.
        kind: what the header's ``kind`` must be, such as ``"model"``.
        expects: which tensors there must be. These and no others are read then, and their numbers are finite: what a
            file claims to hold takes no memory before it is known to fit. None reads whatever there is.

    Raises:
        CheckpointError: the file is missing, broken, of another kind or from a newer version, or holds other tensors
            than ``expects`` says, or such as are not finite.
    """
    file, header = _opened(path, kind)
    if expects is not None:
        try:
            wanted = expects(header, file.keys())
        except InvalidValueError as error:
            raise _does_not_fit(path, str(error)) from error
        _check_shapes(path, file, wanted)
    try:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except Exception as error:  # of kinds of numbers that torch does not know
        raise _does_not_fit(path, str(error)) from error
    if expects is not None:
        _check_numbers(path, tensors)
    return tensors, header


def _opened(path: Path, kind: str) -> tuple[Any, Header]:
    """A safetensors file to read tensors from, and its JSON header, which is checked."""
    try:
        if not path.exists():
            raise CheckpointError(f"there is no file {path}; check the path.")
        with open_regular(path) as start:
            length = int.from_bytes(start.read(8), "little")
        if length > LARGEST_HEADER:
            raise ValueError(f"a header of {length} bytes")
        file = safe_open(path, framework="pt")
        text = (file.metadata() or {}).get("glowface", "{}")
        if len(text) > LONGEST_JSON:
            raise ValueError(f"a header with {len(text)} characters of JSON")
        header = table("its header", parse_json(text))
        version = integer("its version", header.get("version", 0), 0, 10**6)
    except CheckpointError:
        raise
    except Exception as error:  # whatever a broken file makes the library stumble over
        raise CheckpointError(f"{path} is broken or not a safetensors file ({error}); restore or remake it.") from error
    if header.get("kind") != kind:
        raise CheckpointError(f"{path} holds {header.get('kind', 'something else')!r}, where a {kind!r} is needed.")
    if version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has format {version}, this Glowface knows up to {FORMAT_VERSION}; update Glowface, which is "
            f"{__version__} here."
        )
    return file, header


def _check_shapes(path: Path, file: Any, wanted: Mapping[str, Tensor]) -> None:
    """Whether a file holds the tensors that are wanted and no others, told by its header."""
    held = set(file.keys())
    if held != set(wanted):
        missing, extra = sorted(set(wanted) - held), sorted(held - set(wanted))
        named = [f"{name} is missing" for name in missing[:2]] + [f"{name} is unknown" for name in extra[:2]]
        raise _does_not_fit(path, f"{len(missing) + len(extra)} tensors are missing or too many: {', '.join(named)}")
    for name, like in wanted.items():
        stored = file.get_slice(name)
        dtype, shape = stored.get_dtype(), tuple(stored.get_shape())
        kinds = _STORED_AS[like.dtype]
        if dtype not in kinds or shape != tuple(like.shape):
            raise _does_not_fit(
                path, f"{name} is {dtype} of shape {shape}, where {' or '.join(kinds)} of {tuple(like.shape)} is needed"
            )


def _check_numbers(path: Path, tensors: Mapping[str, Tensor]) -> None:
    # The smallest first: a file that is broken all over is told by a few of its bytes.
    for name, tensor in sorted(tensors.items(), key=lambda named: named[1].numel()):
        if tensor.is_floating_point():
            lowest, highest = (float(end) for end in torch.aminmax(tensor))
            if not (lowest >= -LARGEST_NUMBER and highest <= LARGEST_NUMBER):  # also of NaN
                raise CheckpointError(
                    f"{path} is spoilt: {name} holds NaN, infinity or numbers beyond {LARGEST_NUMBER:.0e}. Use another "
                    "file, or make this one again from a state before it went wrong."
                )


def _does_not_fit(path: Path, why: str) -> CheckpointError:
    return CheckpointError(f"{path} does not fit this Glowface: {why.rstrip('.')}. Use another file, or remake it.")
