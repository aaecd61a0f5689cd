"""Ways of bringing a change of the model's resolution to the photo's, each as a difference at the photo's own size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from faces.compositing.guided import apply_affine, local_affine

CELLS, SHADES = 16, 8
"""Cells of the bilateral grid along each side and along brightness."""
RIDGE = 1e-3
"""Weight that keeps a cell's affine map near none, of values in [0, 1]."""
STRUCTURE = 3
"""Half side of the window in which structure is compared, in pixels of the model."""


@dataclass(frozen=True)
class Case:
    """An edit to put back."""

    photo: Tensor
    """``(3, N, N)`` in [0, 1]: the face's square, cut from the photo at its own size."""

    before: Tensor
    """``(3, S, S)`` in [0, 1]: the model's picture before the edit."""

    change: Tensor
    """``(3, S, S)``: what the edit adds to it, where the person is (:mod:`faces.compositing.matte`)."""


Way = Callable[[Case], Tensor]


def enlarged(x: Tensor, case: Case) -> Tensor:
    """``(C, S, S)`` at the photo's size, smoothly."""
    return F.interpolate(x[None], case.photo.shape[-2:], mode="bicubic", align_corners=False)[0]


def plain(case: Case) -> Tensor:
    """The change, smoothly enlarged."""
    return enlarged(case.change, case)


def guided(case: Case) -> Tensor:
    """Glowface's: a guided filter (He, Sun and Tang 2013), see :mod:`faces.compositing.guided`."""
    return apply_affine(enlarged(local_affine(case.before, case.change), case), case.photo)


def bilateral_grid(case: Case) -> Tensor:
    """Bilateral guided upsampling (Chen et al. 2016, doi 10.1145/2980179.2982423): an affine map of colour for each
    cell of place and brightness, found by least squares on the small pictures, and looked up by the photo's own
    brightness.

    What the maps leave of the change is added smoothly enlarged, as in :func:`guided`.
    """
    colours = torch.cat([case.before, torch.ones_like(case.before[:1])])
    into = _cells(case.before)
    pairs = _splatted((colours[:, None] * colours).flatten(0, 1), into).unflatten(0, (4, 4))
    wanted = _splatted((colours[:, None] * case.change).flatten(0, 1), into).unflatten(0, (4, 3))
    weight = pairs[3, 3].clamp_min(1e-6)
    system = (pairs / weight).permute(2, 3, 4, 0, 1) + RIDGE * torch.eye(4)
    maps = torch.linalg.solve(system, (wanted / weight).permute(2, 3, 4, 0, 1)).flatten(3).permute(3, 0, 1, 2)

    def sliced(picture: Tensor) -> Tensor:
        found = F.grid_sample(maps[None], _cells(picture)[None, None], align_corners=True, padding_mode="border")[
            0, :, 0
        ]
        return (found[:9].unflatten(0, (3, 3)) * picture[:, None]).sum(0) + found[9:]

    return sliced(case.photo) + enlarged(case.change - sliced(case.before), case)


def laplacian(case: Case) -> Tensor:
    """The change, smoothly enlarged, and the photo's detail faded where structure changed: the top of a Laplacian
    pyramid (Burt and Adelson 1983), scaled by how much of the model's own detail the edit has kept at each place."""
    after = case.before + case.change
    old, new = (x - F.avg_pool2d(x[None], 3, 1, 1, count_include_pad=False)[0] for x in (case.before, after))

    def around(x: Tensor) -> Tensor:
        side = 2 * STRUCTURE + 1
        return F.avg_pool2d(x.sum(0)[None, None], side, 1, STRUCTURE, count_include_pad=False)[0]

    kept = ((around(old * new) + 1e-5) / (around(old * old) + 1e-5)).clamp(0.0, 1.5)
    detail = case.photo - enlarged(case.before, case)
    return enlarged(case.change, case) + (enlarged(kept, case) - 1.0) * detail


WAYS: dict[str, Way] = {"plain": plain, "guided": guided, "bilateral grid": bilateral_grid, "Laplacian": laplacian}


def _cells(picture: Tensor) -> Tensor:
    """Where the pixels of a picture ``(3, H, W)`` lie in the grid, ``(H, W, 3)``: across, down and brightness, from -1
    to 1 between the outermost cells."""
    across, down = (torch.linspace(-1.0, 1.0, size) for size in (picture.shape[2], picture.shape[1]))
    down, across = torch.meshgrid(down, across, indexing="ij")
    return torch.stack([across, down, 2.0 * picture.mean(0) - 1.0], dim=-1)


def _splatted(values: Tensor, into: Tensor) -> Tensor:
    """The sums of values ``(C, H, W)`` over the cells ``(C, SHADES, CELLS, CELLS)``, each shared by the eight around
    its place, then blurred so that no cell is empty."""
    sizes = torch.tensor([CELLS, CELLS, SHADES])
    place = ((into.clamp(-1, 1) + 1.0) / 2.0 * (sizes - 1)).flatten(0, 1)
    low = place.floor().long().minimum(sizes - 2)
    part = place - low
    grid = torch.zeros(len(values), SHADES * CELLS * CELLS)
    for corner in range(8):
        step = torch.tensor([corner & 1, corner >> 1 & 1, corner >> 2])
        x, y, z = (low + step).unbind(1)
        weight = torch.where(step == 1, part, 1.0 - part).prod(1)
        grid.index_add_(1, (z * CELLS + y) * CELLS + x, values.flatten(1) * weight)
    cells = grid.unflatten(1, (SHADES, CELLS, CELLS))
    for _ in range(2):
        cells = F.avg_pool3d(cells[None], 3, 1, 1)[0]
    return cells
