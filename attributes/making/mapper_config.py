"""What a latent mapper and its critic are trained by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MapperConfig:
    """Steps, costs and rates of :class:`attributes.making.mapper_training.MapperTraining`."""

    reading_steps: int = 300
    """Steps in which the critic first learns to read labels off real faces,"""

    critic_warm_up: int = 200
    """and then, while the mapper waits, to tell moved ones."""

    strengths: tuple[float, float] = (0.35, 1.3)
    """Lengths that faces go, by chance between both."""

    target_log_odds: float = 3.0
    """Log odds that a label is to have after one length,"""

    more_log_odds: float = 1.0
    """or so many more than before, where these are more: who has a smile can still smile more."""

    patience: float = 6.0
    """Of what lacks of them, more than this hardly counts: a face on which a label looks impossible is left alone."""

    already_share: float = 0.12
    """Share of the faces that are to show more of what they show already."""

    lack_cost: float = 1.7
    """Cost of what lacks."""

    realism_cost: float = 2.0
    """Cost of the critic's disbelief."""

    other_labels_cost: float = 3.0
    """Cost of the mean change of other labels' log odds,"""

    family_share: float = 0.3
    """and a share of it for those of the same family."""

    oddness_cost: float = 0.4
    """Cost of a face's oddness (:mod:`attributes.sliders.oddness`)."""

    pixel_cost: float = 2.0
    """Cost of the mean change of its picture in [0, 1]."""

    learning_rate: float = 4e-4
    """The mapper's learning rate."""

    critic_learning_rate: float = 3e-4
    """The critic's,"""

    reading_learning_rate: float = 1e-3
    """and while it learns to read."""

    learning_rate_warm_up: int = 100
    """Steps over which the mapper's rate rises."""

    clip_norm: float = 3.0
    """Norm that the mapper's gradient is cut off at."""

    ema_decay: float = 0.998
    """What remains, at each step, of the average over steps, which is the result; less in the first steps, so that a
    short run's result is not its beginning."""

    gradient_penalty: float = 0.005
    """Weight of the critic's squared slope on real faces (Mescheder et al. 2018, arXiv 1801.04406);"""

    penalty_every: int = 4
    """every how many steps it is looked at,"""

    penalty_faces: int = 64
    """and on how many faces."""

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
    """Labels that are drawn so many times as often as others: those that people ask for first, and what is hard."""


CONFIG = MapperConfig()
