"""Training the network that tells the person from the background: ``python -m train matte``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from data.face_set import DatasetError, FaceSet
from faces.compositing.matte import SIDE, MatteNet, log_odds, opacity
from glow.device import fastest_net_dtype

BATCH, EPOCHS, RATE, DECAY = 64, 12, 3e-3, 0.01
ANGLE, STRETCH, SHIFT = 0.15, 0.2, 0.15
"""How far pictures are turned by chance, in radians, stretched, and shifted, in halves of their sides."""
FOREGROUND = 0.5
"""Share from which on a place counts as the person's."""


class Taught:
    """The masks that a teacher made (``python -m benchmarks.teacher``), by the names of their pictures.

    Args:
        path: ``.npz`` with ``names`` ``(N,)`` and ``masks`` uint8 ``(N, 128, 128)``.

    Raises:
        DatasetError: it is none.
    """

    def __init__(self, path: Path) -> None:
        try:
            with np.load(path, allow_pickle=False) as file:
                names, self.masks = file["names"], file["masks"]
        except (OSError, ValueError, KeyError) as error:
            raise DatasetError(f"{path} holds no masks ({error}); make them with benchmarks/teacher.py.") from error
        if self.masks.shape != (len(names), SIDE, SIDE) or self.masks.dtype != np.uint8:
            raise DatasetError(f"{path} holds masks of the shape {self.masks.shape}, not (N, {SIDE}, {SIDE}) of uint8.")
        self.place = {str(name): place for place, name in enumerate(names)}

    def pairs(self, faces: FaceSet) -> tuple[np.ndarray, np.ndarray]:
        """Pictures uint8 ``(M, 3, 128, 128)`` and masks uint8 ``(M, 128, 128)`` of those faces that have one."""
        known = [index for index, path in enumerate(faces.paths) if path.stem in self.place]
        if not known:
            raise DatasetError("none of these pictures has a mask; make them with benchmarks/teacher.py.")
        pixels, masks = [], []
        with tqdm(total=len(known), desc="reading faces", unit="img", disable=None) as bar:
            for chosen, batch in faces.batches(SIDE, 256, indices=np.array(known)):
                pixels.append(batch)
                masks.append(self.masks[[self.place[faces.paths[index].stem] for index in chosen]])
                bar.update(len(chosen))
        return np.concatenate(pixels), np.concatenate(masks)


def train_matte(pixels: np.ndarray, masks: np.ndarray, *, epochs: int = EPOCHS, seed: int = 0) -> MatteNet:
    """Train on the teacher's masks; each picture is mirrored, turned, shifted and recoloured by chance.

    Convolutions run in bfloat16 where that is clearly faster.

    Args:
        pixels: uint8 ``(N, 3, 128, 128)``.
        masks: uint8 ``(N, 128, 128)``.
        epochs: how often each is seen.
        seed: of all that is drawn by chance.
    """
    torch.manual_seed(seed)
    nets = fastest_net_dtype(torch.device("cpu"))
    net = MatteNet().to(memory_format=torch.channels_last)
    steps = max(1, len(pixels) // BATCH) * epochs
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.1)
    order = torch.empty(0, dtype=torch.long)
    net.train()
    with tqdm(total=steps, desc="training", unit="step", disable=None) as bar:
        for _ in range(steps):
            if len(order) < min(BATCH, len(pixels)):
                order = torch.randperm(len(pixels))
            chosen, order = order[:BATCH].numpy(), order[BATCH:]
            x, y = (torch.from_numpy(part[chosen]).float() / 255 for part in (pixels, masks[:, None]))
            x, y = _changed(x, y)
            x = x.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16, enabled=nets == torch.bfloat16):
                seen = net(x)
            loss = F.binary_cross_entropy_with_logits(seen.float(), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            bar.set_postfix(loss=f"{float(loss.detach()):.3f}", refresh=False)
            bar.update()
    return net.eval().requires_grad_(False)


def _changed(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures and masks mirrored, turned, stretched and shifted alike; the pictures brighter or darker, of other
    contrast and tint."""
    count = len(x)
    angle, size = ANGLE * torch.randn(count), 1 + STRETCH * (2 * torch.rand(count) - 1)
    side = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    cosine, sine = size * angle.cos(), size * angle.sin()
    rows = torch.stack([side * cosine, -sine, side * sine, cosine], dim=-1).unflatten(1, (2, 2))
    shift = SHIFT * (2 * torch.rand(count, 2, 1) - 1)
    grid = F.affine_grid(torch.cat([rows, shift], dim=2), [count, 4, *x.shape[2:]], align_corners=False)
    both = F.grid_sample(torch.cat([x, y], dim=1), grid, padding_mode="reflection", align_corners=False)
    x, y = both[:, :3], both[:, 3:]
    scale, tint = torch.empty(count, 1, 1, 1).uniform_(0.7, 1.3), 0.04 * torch.randn(count, 3, 1, 1)
    light = torch.empty(count, 1, 1, 1).uniform_(-0.15, 0.15)
    return (0.5 + scale * (x - 0.5) + light + tint).clamp(0, 1), y.clamp(0, 1)


@torch.inference_mode()
def overlap(net: MatteNet, pixels: np.ndarray, masks: np.ndarray) -> dict[str, float]:
    """The mean intersection over union with the teacher's masks, and the mean absolute difference from them.

    Args:
        net: trained.
        pixels: uint8 ``(N, 3, 128, 128)``, that it was not trained on.
        masks: uint8 ``(N, 128, 128)``.
    """
    shares, differences = [], []
    for start in range(0, len(pixels), BATCH):
        found = opacity(log_odds(net, torch.from_numpy(pixels[start : start + BATCH]).float() / 255))[:, 0]
        wanted = torch.from_numpy(masks[start : start + BATCH]).float() / 255
        mine, theirs = found >= FOREGROUND, wanted >= FOREGROUND
        shares.append((mine & theirs).sum((1, 2)) / (mine | theirs).sum((1, 2)).clamp_min(1))
        differences.append((found - wanted).abs().mean((1, 2)))
    return {"iou": float(torch.cat(shares).mean()), "difference": float(torch.cat(differences).mean())}
