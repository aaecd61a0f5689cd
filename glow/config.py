"""The configuration of a Glow model: everything that decides its shape, stored inside its checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from glowface import __version__
from storage.values import InvalidValueError, boolean, choice, integer, number

PermutationKind = Literal["1x1-lu", "1x1-full", "shuffle", "reverse"]
CouplingKind = Literal["affine", "additive"]
SplitPriorKind = Literal["learned", "standard"]
TopPriorKind = Literal["position", "channel", "standard"]

WIDEST = 1024
"""Most channels that a model has anywhere; the paper's have 512. Limits such as this one are far beyond what can be
trained: they keep a file that claims more from filling the memory."""

LARGEST_LAYER = 2**26
"""Most numbers that one layer of a net puts out for one picture: 256 MB in float32."""

_IN_FILES = {"flow_steps": "steps"}
"""Fields that have another name in files. Hashes of models depend on these names."""


@dataclass(frozen=True, kw_only=True)
class GlowConfig:
    """Shape of a Glow model (Kingma & Dhariwal 2018, arXiv 1807.03039). Checked on creation.

    Raises:
        InvalidValueError: a field has a value the model cannot be built with; the message names the remedy.
    """

    image_size: int = 64
    """Height and width of the pictures, in pixels. Must be divisible by ``2 ** levels``."""

    channels: int = 3
    """Colour channels of the pictures."""

    levels: int = 4
    """L of the paper: how often the picture is squeezed. All but the last level end in a split."""

    flow_steps: int = 12
    """K of the paper: flow steps (actnorm, 1×1 convolution, coupling) in each level."""

    widths: tuple[int, ...] = (96, 192, 256, 320)
    """Hidden channels of the coupling nets, one number per level, fine to coarse."""

    n_bits: int = 5
    """Bits per colour channel that bits/dim are counted in, 1 to 8. The paper's faces use 5."""

    permutation: PermutationKind = "1x1-lu"
    """What mixes the channels between couplings: a learned 1×1 convolution, by its LU factors or by the full
    matrix, or a fixed order, drawn once (``shuffle``) or reversed (``reverse``, as in RealNVP)."""

    coupling: CouplingKind = "affine"
    """Whether couplings scale and shift, or only shift (``additive``, as in NICE)."""

    scale_bound: float = 0.5
    """Largest absolute log-scale of one affine coupling. Bounding it keeps the inverse stable."""

    input_bound: float | None = None
    """Coupling nets and split priors see their inputs cut off at plus and minus this; None is no bound, as in the
    paper. The flow stays exactly invertible, for the inputs themselves pass uncut. Without a bound the nets grow
    without end outside of the data they know, and a strongly moved latent decodes to noise."""

    split_prior: SplitPriorKind = "learned"
    """Whether what stays predicts the Gaussian of what leaves at a split, or that is the unit Gaussian."""

    top_prior: TopPriorKind = "channel"
    """What the mean and scale of the last level's Gaussian are learned for: each ``channel`` (the paper),
    or each ``position`` of each channel, which suits pictures that are all aligned alike, as faces are;
    ``standard`` is the unit Gaussian."""

    coordinates: bool = False
    """Whether coupling nets also see where they are, as two channels of coordinates in [-1, 1]
    (Liu et al. 2018, arXiv 1807.03247). The paper's nets do not; aligned faces gain by it."""

    dequantiser_width: int = 0
    """Hidden channels of the nets of a learned dequantisation (Ho et al. 2019, arXiv 1902.00275), with which bits/dim
    are a tighter bound; 0 is uniform noise, as in the paper. Encoding and decoding are the same either way."""

    def __post_init__(self) -> None:
        integer("image_size", self.image_size, 1, 1024)
        integer("channels", self.channels, 1, 16)
        integer("levels", self.levels, 1, 8)
        integer("flow_steps", self.flow_steps, 1, 128)
        integer("n_bits", self.n_bits, 1, 8)
        integer("dequantiser_width", self.dequantiser_width, 0, WIDEST)
        if self.image_size % 2**self.levels:
            raise InvalidValueError(
                f"image_size {self.image_size} is not divisible by 2**levels = {2**self.levels}; "
                "choose another size or fewer levels."
            )
        if not isinstance(self.widths, list | tuple) or len(self.widths) != self.levels:
            raise InvalidValueError(
                f"widths {self.widths!r} must be {self.levels} positive numbers, one for each level."
            )
        object.__setattr__(self, "widths", tuple(integer("a width", width, 1, WIDEST) for width in self.widths))
        number("scale_bound", self.scale_bound, 1e-6, 4)
        if self.input_bound is not None:
            number("input_bound", self.input_bound, 1e-6, 1e6)
        boolean("coordinates", self.coordinates)
        choice("permutation", self.permutation, get_args(PermutationKind))
        choice("coupling", self.coupling, get_args(CouplingKind))
        choice("split_prior", self.split_prior, get_args(SplitPriorKind))
        choice("top_prior", self.top_prior, get_args(TopPriorKind))
        self._check_size()

    def _check_size(self) -> None:
        """Refuse what no memory holds, though each field be in its range."""
        deepest = self.channels * 2 ** (self.levels + 1)
        if deepest > WIDEST:
            raise InvalidValueError(
                f"{self.channels} channels become {deepest} in {self.levels} levels, more than {WIDEST}; take fewer."
            )
        for level, width in enumerate((max(self.widths[0], self.dequantiser_width), *self.widths[1:]), start=1):
            side = self.image_size // 2**level
            if width * side**2 > LARGEST_LAYER:
                raise InvalidValueError(
                    f"a net of {width} channels on {side}×{side} positions is too large; take smaller pictures, or a "
                    f"width of at most {LARGEST_LAYER // side**2} there."
                )

    @property
    def dimensions(self) -> int:
        """Numbers in one picture, and in its latent: ``channels * image_size ** 2``."""
        return self.channels * self.image_size**2

    def level_shapes(self) -> tuple[tuple[int, int, int], ...]:
        """Shapes ``(C, H, W)`` of what passes through the steps of each level, fine to coarse."""
        sides = (self.image_size >> (level + 1) for level in range(self.levels))
        return tuple((self.channels << (level + 2), side, side) for level, side in enumerate(sides))

    def scale_shapes(self) -> tuple[tuple[int, int, int], ...]:
        """Shapes ``(C, H, W)`` of the latent's scales, fine to coarse: half of each level, but all of the last."""
        *split, last = self.level_shapes()
        return (*((channels // 2, height, width) for channels, height, width in split), last)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values, for JSON, by the names that files have for them."""
        return {_IN_FILES.get(name, name): value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> GlowConfig:
        """The config back from :meth:`to_dict`'s values.

        Raises:
            InvalidValueError: there is a field that this version does not know, or one is not as it must be.
        """
        names = {_IN_FILES.get(field.name, field.name): field.name for field in fields(cls)}
        unknown = set(values) - set(names)
        if unknown:
            raise InvalidValueError(
                f"the config has unknown fields {sorted(unknown)}; it needs a newer Glowface than {__version__}."
            )
        return cls(**{names[name]: value for name, value in values.items()})
