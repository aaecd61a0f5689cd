"""The batches of a training run: which pictures a step sees, and having them ready when it starts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from data.cache import cache_pictures
from data.dequantise import with_noise
from data.picture_set import DatasetError, PictureError, PictureSet, read_batches

BROKEN_IN_A_ROW = 100
"""After so many pictures in a row that cannot be read, none is looked for any more."""


def load_pixels(pictures: PictureSet, size: int, folder: Path | None = None, *, workers: int = 2) -> Tensor:
    """All pictures as one uint8 tensor ``(N, 3, size, size)``: mapped from a copy in ``folder``, or in memory.

    Raises:
        DatasetError: no picture can be read.
    """
    if folder is not None:
        return torch.from_numpy(cache_pictures(pictures, size, folder, workers=workers).array)
    parts = [pixels for _, pixels in read_batches(pictures, size, 64, workers=workers)]
    if not parts:
        raise DatasetError(f"none of the {len(pictures)} pictures can be read at {size} pixels.")
    return torch.from_numpy(np.concatenate(parts))


def generator_of(seed: int, position: int) -> torch.Generator:
    """The random numbers of one picture alone, wherever and with whatever others it is made ready."""
    mixed = np.random.SeedSequence([seed, position]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(mixed[0]))


Item = tuple[tuple[Tensor, ...], list[str]]
"""What a step is given of one picture or of a batch, and the names of pictures that cannot be read."""


class Batches(Dataset[Item]):
    """The batch of every step, made from the seed and the step's number alone: a map-style data set.

    Each epoch goes through all pictures once, in an order of its own. Each place in this endless row has its own
    random numbers. So a run that is killed and started again sees the very same data, and so do any number of
    processes that share the batches.

    Args:
        pictures: the training pictures.
        size: their height and width in pixels.
        batch: pictures in a step.
        n_bits: colour depth of the dequantised pictures.
        seed: seed of order, flips and noise.
        mirror: whether half of the pictures, drawn by lot, are mirrored.
    """

    def __init__(
        self, pictures: PictureSet, size: int, batch: int, n_bits: int, seed: int, *, mirror: bool = True
    ) -> None:
        self.pictures, self.size, self.batch = pictures, size, batch
        self.n_bits, self.seed, self.mirror = n_bits, seed, mirror
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))

    def picture(self, position: int) -> int:
        """Which picture lies at a place of the endless row."""
        epoch, place = divmod(position, len(self.pictures))
        if self._order[0] != epoch:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            self._order = (epoch, torch.randperm(len(self.pictures), generator=generator))
        return int(self._order[1][place])

    def places(self, step: int, rank: int = 0, world_size: int = 1) -> range:
        """The places that a step covers, or the share of them that is one process's, of ``world_size`` processes."""
        first = step * self.batch
        return range(first + rank * self.batch // world_size, first + (rank + 1) * self.batch // world_size)

    def lot(self, position: int) -> tuple[bool, Tensor]:
        """What is drawn for the picture of a place: whether it is mirrored, and its noise, ``(3, size, size)``."""
        generator = generator_of(self.seed, position)
        mirrored = bool(torch.rand((), generator=generator) < 0.5) and self.mirror
        return mirrored, torch.rand(3, self.size, self.size, generator=generator)

    def __getitem__(self, item: tuple[int, int]) -> Item:
        """The picture of a place, ``(place, which picture)``, and the names of those that cannot be read.

        Instead of a picture that cannot be read comes the next one of the set.
        """
        position, index = item
        broken: list[str] = []
        for other in range(index, index + BROKEN_IN_A_ROW):
            try:
                pixels = self.pictures.read(other % len(self.pictures), self.size)
                break
            except PictureError as error:
                broken.append(str(error))
        else:
            return (torch.empty(0),), broken
        mirrored, noise = self.lot(position)
        turned = pixels[:, :, ::-1] if mirrored else pixels
        return (with_noise(torch.from_numpy(np.ascontiguousarray(turned)), noise, self.n_bits),), broken

    def __call__(self, step: int, rank: int = 0, world_size: int = 1) -> Tensor:
        """The pictures of step ``step``: float32 ``(B, 3, size, size)`` in [0, 1]."""
        places = self.places(step, rank, world_size)
        items = [Batches.__getitem__(self, (position, self.picture(position))) for position in places]
        return collate(items)[0][0]


class Draws(Batches):
    """Batches of pictures that lie on the device already: which they are, which are mirrored, and their noise.

    They are ``(B,)``, ``(B,)`` and ``(B, 3, size, size)``. All of the set's pictures must be readable, as copies are.
    """

    def __getitem__(self, item: tuple[int, int]) -> Item:
        """What is drawn for the picture of a place, ``(place, which picture)``."""
        position, index = item
        mirrored, noise = self.lot(position)
        return (torch.tensor(index), torch.tensor(mirrored), noise), []


def collate(items: list[Item]) -> Item:
    """Single pictures as a batch, empty if one found no substitute, and the names of those that cannot be read."""
    broken = [name for _, names in items for name in names]
    if not all(parts[0].numel() for parts, _ in items):
        return (torch.empty(0),), broken
    return tuple(torch.stack(parts) for parts in zip(*(parts for parts, _ in items), strict=True)), broken


class _StepSampler(Sampler[list[tuple[int, int]]]):
    """What a process needs for each step, from ``first`` to ``last``."""

    def __init__(self, batches: Batches, first: int, last: int, rank: int, world_size: int) -> None:
        self.batches, self.first, self.last, self.rank, self.world_size = batches, first, last, rank, world_size

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        for step in range(self.first, self.last):
            places = self.batches.places(step, self.rank, self.world_size)
            yield [(position, self.batches.picture(position)) for position in places]


class BatchLoader:
    """The batches of one process in turn, made ready ahead of time by other processes.

    Args:
        batches: what each step sees.
        first: the first step.
        last: the step before which it ends.
        rank: which process this is.
        world_size: how many processes share the batches.
        workers: processes that read ahead; with 0, each batch is made when it is asked for.
        pin: put the batches where a GPU can fetch them while it computes.
    """

    def __init__(
        self,
        batches: Batches,
        first: int,
        last: int,
        *,
        rank: int = 0,
        world_size: int = 1,
        workers: int = 0,
        pin: bool = False,
    ) -> None:
        self.broken: set[str] = set()
        """The pictures met so far that cannot be read, each with the reason."""
        self._loader = DataLoader(
            batches,
            batch_sampler=_StepSampler(batches, first, last, rank, world_size),
            collate_fn=collate,
            num_workers=workers,
            prefetch_factor=4 if workers else None,
            pin_memory=pin,
        )

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        for batch, broken in self._loader:
            for name in sorted(set(broken) - self.broken):
                self.broken.add(name)
                print(f"left out, as it cannot be read ({len(self.broken)} so far): {name}", file=sys.stderr)
            if not batch[0].numel():
                raise DatasetError(f"{BROKEN_IN_A_ROW} pictures in a row cannot be read; is the disk still there?")
            yield tuple(batch)
