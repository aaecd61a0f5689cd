"""Named configs.

Each docstring tells the command, the hardware, how long it takes and the bits/dim that came of it: ours where we have
measured them, else the paper's (Kingma & Dhariwal 2018, arXiv 1807.03039).
"""

from __future__ import annotations

from collections.abc import Callable

from glow.config import GlowConfig
from train.settings.config import FitConfig


def faces_64() -> FitConfig:
    """The smaller model of Glowface: aligned faces at 64×64, small enough to train and run on a laptop's CPU.

    Command: ``python -m train fit --preset faces-64 --data data/celebahq --out runs/faces-64``

    Hardware: any CPU. Time: 640,000 pictures, 4.1 hours at the 43 a second of two CPU cores with AMX. Bits/dim: see the
    model card of the committed model.
    """
    model = GlowConfig(
        image_size=64,
        levels=4,
        flow_steps=12,
        widths=(96, 192, 256, 320),
        n_bits=5,
        input_bound=4.0,
        top_prior="position",
        coordinates=True,
        dequantiser_width=96,
    )
    return FitConfig(model=model)


def faces_128() -> FitConfig:
    """The default model: aligned faces at 128×128.

    Command: ``python -m train fit --preset faces-128 --data data/celebahq --out runs/faces-128``

    Hardware: one GPU. Time: 25 minutes of an H100 and an H200 for the 2.2 million pictures that the committed model has
    seen, as CUDA graphs; `train fit` launches each operation by itself, which was a quarter as fast. Bits/dim: 1.141
    with uniform noise, 1.024 with the dequantiser; the model card tells how they were come by.
    """
    model = GlowConfig(
        image_size=128,
        levels=5,
        flow_steps=16,
        widths=(64, 144, 256, 320, 256),
        n_bits=5,
        input_bound=4.0,
        top_prior="position",
        coordinates=True,
        dequantiser_width=96,
    )
    return FitConfig(model=model)


def celebahq_256() -> FitConfig:
    """The paper's faces: 256×256, 5 bits, L = 6, K = 32, width 512, additive couplings, full 1×1 convolutions.

    Command: ``torchrun --nproc-per-node 8 -m train fit --preset celebahq-256 --data data/celebahq --out runs/hq-256``

    Hardware: paper: 40 GPUs with one picture each; here each of 8 takes five, one after the other. Time: paper: about a
    week. Bits/dim: paper: 1.03. Warm-up and batch are those of the paper's code, the number of steps is ours.
    """
    model = GlowConfig(
        image_size=256,
        levels=6,
        flow_steps=32,
        widths=(512,) * 6,
        n_bits=5,
        permutation="1x1-full",
        coupling="additive",
    )
    return FitConfig(
        model=model,
        steps=700_000,
        batch=40,
        accumulation=5,
        optimiser="adamax",
        warmup=200,
        decay_share=0.0,
        initialise_batch=40,
    )


def _table_2(image_size: int, *, levels: int, flow_steps: int) -> FitConfig:
    """The paper's settings of table 2: affine couplings of width 512, full 1×1 convolutions, 8 bits, Adamax.

    Batch and warm-up are those of the paper's code on 8 GPUs, the number of steps is ours.
    """
    model = GlowConfig(
        image_size=image_size,
        levels=levels,
        flow_steps=flow_steps,
        widths=(512,) * levels,
        n_bits=8,
        permutation="1x1-full",
    )
    return FitConfig(
        model=model,
        steps=500_000,
        batch=512 * 32**2 // image_size**2,
        optimiser="adamax",
        warmup=1_000,
        decay_share=0.0,
    )


def cifar10() -> FitConfig:
    """CIFAR-10 as in table 2 of the paper: 32×32, 8 bits, L = 3, K = 32.

    Command: ``torchrun --nproc-per-node 8 -m train fit --preset cifar10 --data data/cifar10 --out runs/cifar10``

    Hardware: paper: 8 GPUs. Time: not measured by us. Bits/dim: paper: 3.35.
    """
    return _table_2(32, levels=3, flow_steps=32)


def imagenet32() -> FitConfig:
    """Downsampled ImageNet as in table 2 of the paper: 32×32, 8 bits, L = 3, K = 48.

    Command: ``torchrun --nproc-per-node 8 -m train fit --preset imagenet32 --data data/imagenet32 --out runs/im32``

    Hardware: paper: 8 GPUs. Time: not measured by us. Bits/dim: paper: 4.09.
    """
    return _table_2(32, levels=3, flow_steps=48)


def imagenet64() -> FitConfig:
    """Downsampled ImageNet as in table 2 of the paper: 64×64, 8 bits, L = 4, K = 48.

    Command: ``torchrun --nproc-per-node 8 -m train fit --preset imagenet64 --data data/imagenet64 --out runs/im64``

    Hardware: paper: 8 GPUs. Time: not measured by us. Bits/dim: paper: 3.81.
    """
    return _table_2(64, levels=4, flow_steps=48)


def lsun() -> FitConfig:
    """One scene of LSUN, made as table 2 of the paper's models: 64×64, 8 bits, L = 4, K = 48.

    Command: ``torchrun --nproc-per-node 8 -m train fit --preset lsun --data data/lsun --out runs/lsun``

    Hardware: paper: 8 GPUs. Time: not measured by us. Bits/dim: paper: bedroom 2.38, tower 2.46, church 2.67, on random
    crops; ours are central squares, whose figures do not compare with these. L is that of the paper's table 4; the
    command that its code names for LSUN has 3.
    """
    return _table_2(64, levels=4, flow_steps=48)


def tiny_16() -> FitConfig:
    """A model that trains in a minute, to try the commands with. Its faces are not worth a look.

    Command: ``python -m train fit --preset tiny-16 --data data/celebahq --out runs/tiny``

    Hardware: any CPU. Time: seconds, once the pictures are read. Bits/dim: of no interest.
    """
    model = GlowConfig(
        image_size=16,
        levels=2,
        flow_steps=2,
        widths=(16, 16),
        coordinates=True,
        top_prior="position",
        dequantiser_width=8,
    )
    return FitConfig(model=model, steps=200, batch=16, warmup=20, initialise_batch=64)


PRESETS: dict[str, Callable[[], FitConfig]] = {
    "faces-64": faces_64,
    "faces-128": faces_128,
    "celebahq-256": celebahq_256,
    "cifar10": cifar10,
    "imagenet32": imagenet32,
    "imagenet64": imagenet64,
    "lsun": lsun,
    "tiny-16": tiny_16,
}
"""The presets by the name that ``--preset`` takes."""
