"""How a latent mapper and its critic are trained: steps, costs and learning rates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MapperConfig:
    """Steps, costs and rates of :class:`attributes.making.mapper_training.MapperTraining`."""

    label_steps: int = 300
    """Steps at the beginning, in which the critic alone learns to tell the labels of real faces."""

    critic_warm_up: int = 200
    """Steps after these, in which the critic alone learns to tell moved faces from real ones."""

    strengths: tuple[float, float] = (0.35, 1.3)
    """How far faces are moved, in lengths of the direction: drawn at random between these two."""

    target_log_odds: float = 3.0
    """Log odds that a label is to have after a move by one length."""

    more_log_odds: float = 1.0
    """Where a face has the label already, the log odds are to grow by this: who smiles can still smile more."""

    patience: float = 6.0
    """Log odds that lack beyond this hardly count: a face on which a label looks impossible is left alone."""

    already_share: float = 0.12
    """Share of the faces that are moved towards a label that they have already."""

    lack_cost: float = 1.7
    """Cost of the log odds that lack."""

    realism_cost: float = 2.0
    """Cost of a face that the critic does not take for a real one."""

    other_labels_cost: float = 3.0
    """Cost of the mean change of the other labels' log odds."""

    family_share: float = 0.3
    """Share of that cost that counts for labels of the same family."""

    oddness_cost: float = 0.4
    """Cost of a face's oddness (:mod:`attributes.sliders.oddness`)."""

    pixel_cost: float = 2.0
    """Cost of the mean change of its picture in [0, 1]."""

    learning_rate: float = 4e-4
    """The mapper's learning rate."""

    critic_learning_rate: float = 3e-4
    """The critic's learning rate."""

    label_learning_rate: float = 1e-3
    """The critic's learning rate while it learns the labels."""

    learning_rate_warm_up: int = 100
    """Steps over which the mapper's learning rate rises from 0."""

    clip_norm: float = 3.0
    """Norm at which the mapper's gradient is clipped."""

    ema_decay: float = 0.998
    """Decay of the moving average of the mapper's weights, which is the result. It is lower in the first steps, so that
    the start does not weigh much in a short run."""

    gradient_penalty: float = 0.005
    """Weight of the critic's squared gradient on real faces (R1: Mescheder et al. 2018, arXiv 1801.04406)."""

    penalty_every: int = 4
    """The gradient penalty is computed once in so many steps."""

    penalty_faces: int = 64
    """The gradient penalty is computed on so many faces."""

    more_often: tuple[tuple[str, float], ...] = (
        ("Eyeglasses", 9),
        ("Male", 9),
        ("Young", 9),
        ("Bangs", 7),
        ("No_Beard", 6),
        ("Smiling", 5),
        ("Narrow_Eyes", 5),
        ("Blond_Hair", 5),
        ("Black_Hair", 5),
        ("Mouth_Slightly_Open", 5),
        ("Pale_Skin", 4),
        ("Gray_Hair", 3),
        ("Brown_Hair", 2),
        ("Goatee", 2),
        ("Heavy_Makeup", 2),
        ("Bald", 2),
    )
    """Labels that are drawn so many times as often as others: those that people ask for first, and hard ones."""


CONFIG = MapperConfig()
