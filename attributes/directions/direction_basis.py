"""The 40 labels' directions as a file holds them: the means, and what sliders are made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from attributes.classifier.head_turn import SHAPE, HeadTurn
from attributes.directions.directions import Directions
from attributes.directions.label_sliders import read_sliders
from attributes.directions.mapper import LatentMapper
from attributes.directions.mean_difference import OneSidedLabelError, label_covariance
from attributes.directions.partial import partial_weights
from attributes.directions.population import Population
from attributes.sliders.errors import DirectionsError
from attributes.sliders.slider import LABEL_SLIDERS, Slider
from data.labels import FAMILIES, LABEL_NAMES, LABELS
from glow.checkpoint import Checkpoint
from glow.latent import Latent
from glow.layers.mixing import in_float64
from storage.assets import called
from storage.tensors import FORMAT_VERSION, CheckpointError, Header, read_safetensors, write_safetensors
from storage.values import InvalidValueError

Kind = Literal["mean", "partial", "base", "calibrated"]
"""Of directions: the paper's mean differences, least squares on all labels, those that the mapper adds to, or what
sliders go along: the last, and what the mapper adds to them on each face."""


@dataclass(frozen=True, eq=False)
class DirectionBasis:
    """Mean directions of the 40 labels with all that is known of them: every kind of direction is a mix of these."""

    means: Latent
    """The mean latent with a label minus the mean without: a batch of 40, in the order of the labels."""

    label_second_moment: Tensor
    """``Σ y yᵀ`` over faces, ``(41, 41)``, for labels y with a constant before them
    (:attr:`attributes.directions.mean_difference.LabelSums.label_second_moment`); files call it "gram"."""

    projection_mean: Tensor
    """``(S·K,)`` float64: the mean over faces z of ``<z_s, d_k,s>``, scale by scale, for each of the K directions d_k:
    the means, then the base ones where there are some."""

    projection_covariance: Tensor
    """``(S·K, S·K)`` float64: the covariance of the same."""

    model_hash: str
    """The hash of the checkpoint that they were computed with."""

    base: Latent | None = None
    """The directions that :attr:`mapper` adds to, a batch of 40 too; None where there is no mapper."""

    mapper: LatentMapper | None = None
    """What tells how a label's direction differs from face to face (:mod:`attributes.directions.mapper`)."""

    mix: Tensor | None = None
    """``(40, S, K)`` float64: how many of which direction each calibrated slider has, on each scale: of the means, then
    of the base ones where there are some."""

    head_turn: HeadTurn | None = None
    """What tells how far a head is turned; None where that was not measured."""

    sliders: tuple[Slider, ...] = LABEL_SLIDERS
    """The calibrated sliders; before calibration, those of :data:`LABEL_SLIDERS`."""

    @property
    def faces(self) -> int:
        """How many faces they were computed from."""
        return int(self.label_second_moment[0, 0])

    @property
    def all(self) -> Latent:
        """All directions that mixes are made of, a batch of K."""
        return self.means if self.base is None else Latent.cat([self.means, self.base])

    def kind(self, kind: Kind) -> Tensor:
        """The mix ``(40, S, K)`` of a kind of directions.

        Raises:
            DirectionsError: there is no mapper, or they are not calibrated yet.
        """
        scales, labels = len(self.means.scales), len(LABELS)
        match kind:
            case "mean":
                return self._repeated(torch.eye(labels, dtype=torch.float64), scales)
            case "partial":
                families = [[LABEL_NAMES.index(name) for name in family] for family in FAMILIES]
                return self._repeated(partial_weights(self.label_second_moment, families), scales)
            case "base":
                if self.base is None:
                    raise DirectionsError(f"these directions have no mapper; run `{called('attributes mapper')}`.")
                return torch.eye(2 * labels, dtype=torch.float64)[labels:, None].repeat(1, scales, 1)
            case "calibrated":
                if self.mix is None:
                    raise DirectionsError(
                        f"these directions have no calibration; run `{called('attributes calibrate')}`."
                    )
                return self.mix

    def _repeated(self, weights: Tensor, scales: int) -> Tensor:
        """The mix that has these weights of the means, ``(N, 40)``, on all scales."""
        others = 0 if self.base is None else len(self.base)
        return F.pad(weights, (0, others))[:, None].repeat(1, scales, 1)

    def vectors(self, mix: Tensor) -> Latent:
        """The directions of a mix ``(N, S, K)``, in float32."""
        return Latent(
            tuple(
                torch.einsum("nk,kchw->nchw", mix[:, s].to(wide.device), wide).float().to(self.means.device)
                for s, wide in enumerate(map(in_float64, self.all.scales))
            )
        )

    def population(self, mix: Tensor) -> Population:
        """Where faces lie along the directions of a mix ``(N, S, K)``."""
        flat = mix.flatten(1)
        variance = torch.einsum("ni,ij,nj->n", flat, self.projection_covariance, flat)
        return Population(flat @ self.projection_mean, variance.clamp_min(1e-24).sqrt())

    def directions(self, kind: Kind | None = None) -> Directions:
        """Directions of one kind, by default the best that there is; only calibrated ones have calibrated sliders."""
        best: Kind = "partial" if self.mix is None else "calibrated"
        mix = self.kind(kind or best)
        sliders = self.sliders if (kind or best) == "calibrated" else LABEL_SLIDERS
        mapper = None if (kind or best) in ("mean", "partial") else self.mapper
        vectors, population = self.vectors(mix), self.population(mix)
        return Directions(sliders, vectors, population, self.model_hash, self.faces, mapper, self.head_turn)

    def calibrated(self, mix: Tensor, sliders: Sequence[Slider]) -> DirectionBasis:
        """The same basis with a calibration."""
        return replace(self, mix=mix, sliders=tuple(sliders))

    def save(self, path: str | Path) -> None:
        """Write it to ``path`` (safetensors)."""
        header = {
            "kind": "directions",
            "version": FORMAT_VERSION,
            "labels": list(LABEL_NAMES),
            "model_hash": self.model_hash,
            "sliders": [slider.measures() for slider in self.sliders],
        }
        # Half precision is enough: mean directions are averages over thousands of faces, off by far more than that, and
        # a mapper's output is smoother still.
        tensors = {f"mean.{i}": scale.half() for i, scale in enumerate(self.means.scales)}
        if self.base is not None and self.mapper is not None:
            tensors |= {f"base.{i}": scale.half() for i, scale in enumerate(self.base.scales)}
            tensors |= {f"mapper.{name}": value.half() for name, value in self.mapper.state_dict().items()}
        tensors["gram"] = self.label_second_moment
        tensors |= {"spread.mean": self.projection_mean, "spread.covariance": self.projection_covariance}
        if self.mix is not None:
            tensors["mix"] = self.mix
        if self.head_turn is not None:
            tensors["head_turn"] = self.head_turn.numbers
        write_safetensors(Path(path), tensors, header)

    @staticmethod
    def load(path: str | Path, checkpoint: Checkpoint) -> DirectionBasis:
        """The basis of ``path``, on the device of ``checkpoint``'s model.

        Raises:
            DirectionsError: it belongs to another checkpoint, or to other labels.
            CheckpointError: the file is missing or broken.
        """
        path = Path(path)
        if not path.exists():
            raise CheckpointError(
                f"there is no file {path} with this model's directions; run `{called('attributes compute')}` for it."
            )

        def expected(header: Header, held: Collection[str]) -> dict[str, Tensor]:
            check_hash(path, header, checkpoint, f"run `{called('attributes compute')}` for this one")
            if header.get("labels") != list(LABEL_NAMES):
                raise DirectionsError(f"{path} has other labels than CelebA's 40; compute it again.")
            if "gram" not in held or "refined.0" in held:
                raise DirectionsError(f"{path} is of an older Glowface; run `{called('attributes compute')}` again.")
            return _tensors(checkpoint, held)

        tensors, header = read_safetensors(path, "directions", expected)
        try:
            sliders = read_sliders(header)
            for mask in (slider.acts(side) for slider in sliders for side in (1, -1)):
                mask.of_latent(checkpoint.model.config.scale_shapes())
            _check_label_second_moment(tensors["gram"])
        except (InvalidValueError, OneSidedLabelError) as error:
            raise DirectionsError(f"{path} is broken: {error} Run `{called('attributes compute')}` again.") from error

        def directions(name: str) -> Latent:
            scales = tuple(tensors[f"{name}.{i}"].float() for i in range(checkpoint.model.config.levels))
            return Latent(scales).to(checkpoint.model.device)

        mapper = None
        if "base.0" in tensors:
            mapper = _empty_mapper(checkpoint)
            weights = {name: tensors[f"mapper.{name}"].float() for name in mapper.state_dict()}
            mapper.load_state_dict(weights, assign=True)
            mapper = mapper.eval().requires_grad_(False).to(checkpoint.model.device)
        return DirectionBasis(
            means=directions("mean"),
            base=directions("base") if mapper else None,
            mapper=mapper,
            label_second_moment=tensors["gram"],
            projection_mean=tensors["spread.mean"],
            projection_covariance=tensors["spread.covariance"],
            model_hash=checkpoint.hash,
            mix=tensors.get("mix"),
            head_turn=HeadTurn(tensors["head_turn"]) if "head_turn" in tensors else None,
            sliders=sliders,
        )


def check_hash(path: Path, header: Header, checkpoint: Checkpoint, remedy: str) -> None:
    """Whether a file was made for a checkpoint.

    Raises:
        DirectionsError: for another.
    """
    if header.get("model_hash") != checkpoint.hash:
        raise DirectionsError(
            f"{path} belongs to another checkpoint ({str(header.get('model_hash'))[:12]}, not "
            f"{checkpoint.hash[:12]}); {remedy}."
        )


def _tensors(checkpoint: Checkpoint, held: Collection[str]) -> dict[str, Tensor]:
    """Tensors as the file of a model's directions must hold them, if it holds those named ``held``."""
    mapped = "base.0" in held
    labels, scales = len(LABELS), checkpoint.model.config.scale_shapes()
    # Of one number each, whatever their shapes: nothing is filled.
    single, double = torch.zeros(()), torch.zeros((), dtype=torch.float64)
    names = ("mean", "base") if mapped else ("mean",)
    tensors = {f"{name}.{i}": single.expand(labels, *shape) for name in names for i, shape in enumerate(scales)}
    if mapped:
        tensors |= {f"mapper.{name}": value for name, value in _empty_mapper(checkpoint).state_dict().items()}
    count = labels * len(names)
    along = len(scales) * count
    tensors |= {"gram": double.expand(labels + 1, labels + 1)}
    tensors |= {"spread.mean": double.expand(along), "spread.covariance": double.expand(along, along)}
    extra = {"mix": double.expand(labels, len(scales), count), "head_turn": torch.zeros(SHAPE)}
    return tensors | {name: value for name, value in extra.items() if name in held}


def _empty_mapper(checkpoint: Checkpoint) -> LatentMapper:
    """A mapper for a model's latents, whose values do not matter."""
    # Not on PyTorch's "meta" device: to fill a tensor there imports its compiler, which takes seconds.
    with torch.random.fork_rng([]):
        return LatentMapper(checkpoint.model.config.scale_shapes())


def _check_label_second_moment(moment: Tensor) -> None:
    """Whether these can be the sums of labels over faces: what is computed from others has no end.

    Raises:
        InvalidValueError: they cannot.
        OneSidedLabelError: a label is on all faces or on none.
    """
    lowest = float(torch.linalg.eigvalsh(moment)[0]) / max(1.0, float(moment[0, 0]))
    if float(moment[0, 0]) < 1 or not torch.equal(moment, moment.T) or lowest < -1e-9:
        raise InvalidValueError("its sums of labels are not those of any faces.")
    label_covariance(moment)


def directions_path(checkpoint: str | Path) -> Path:
    """Where the directions of a checkpoint lie: beside it, as ``NAME.directions.safetensors``."""
    return Path(checkpoint).with_suffix(".directions.safetensors")


def load_directions(path: str | Path, checkpoint: Checkpoint) -> Directions:
    """The directions of ``path``, calibrated where they were, on the device of ``checkpoint``'s model.

    Raises:
        DirectionsError: they belong to another checkpoint, or to other labels.
        CheckpointError: the file is missing or broken.
    """
    return DirectionBasis.load(path, checkpoint).directions()
