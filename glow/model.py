"""The multi-scale Glow model: pictures to latents and back, without any loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from glow.config import GlowConfig
from glow.engines.choice import Contents, Engine, Level, choose, contents
from glow.engines.inference_cache import InferenceCache
from glow.engines.trainable import Memory, TrainableLevel
from glow.latent import Latent
from glow.layers.dequantiser import Dequantiser
from glow.layers.flow_layer import FlowLayer, Images, PerPicture
from glow.layers.flow_step import FlowStep, make_step
from glow.layers.memory_layout import halves, join
from glow.layers.prior import SplitPrior, StandardPrior, TopPrior
from glow.layers.squeeze import Squeeze
from storage.values import InvalidValueError

__all__ = ["Glow", "Memory"]

P = ParamSpec("P")
T = TypeVar("T")


def _without_autocast(method: Callable[Concatenate[Glow, P], T]) -> Callable[Concatenate[Glow, P], T]:
    """The method, computing in the model's own precisions also where a caller has turned autocast on."""

    @wraps(method)
    def wrapped(self: Glow, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with torch.autocast(self.device.type, enabled=False):
            return method(self, *args, **kwargs)

    return wrapped


class Glow(nn.Module):
    """Glow (Kingma & Dhariwal 2018, arXiv 1807.03039): L levels of squeeze, K flow steps, split.

    Pictures are float tensors ``(B, 3, H, W)`` in [0, 1]; an 8-bit value v is v/255, which always lies in
    its own bin of the n-bit grid, so nothing needs rounding before encoding.

    Args:
        config: the model's shape.
        generator: source of the random rotations; the global one if left out.

    Example:
        >>> model = Glow(GlowConfig(image_size=16, levels=2, flow_steps=2, widths=(8, 8))).eval()
        >>> x = torch.rand(1, 3, 16, 16)
        >>> torch.allclose(model.decode(model.encode(x)), x, atol=1e-5)
        True
    """

    def __init__(self, config: GlowConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        self.squeeze = Squeeze()
        self.levels = nn.ModuleList()
        self.splits = nn.ModuleList()
        channels = config.channels
        for level, width in enumerate(config.widths):
            channels *= 4
            steps = (make_step(config, channels, width, generator) for _ in range(config.flow_steps))
            self.levels.append(nn.ModuleList(steps))
            if level < config.levels - 1:
                learned = config.split_prior == "learned"
                split = SplitPrior(channels, input_bound=config.input_bound) if learned else StandardPrior()
                self.splits.append(split)
                channels //= 2
        _, height, width = config.scale_shapes()[-1]
        match config.top_prior:
            case "position":
                self.top: FlowLayer = TopPrior((channels, height, width))
            case "channel":
                self.top = TopPrior((channels, 1, 1))
            case "standard":
                self.top = StandardPrior()
        # Made last, so that the other weights are those of a seed with and without it.
        width = config.dequantiser_width
        self.dequantiser = Dequantiser(config.channels, config.n_bits, width) if width else None
        self.memory: Memory = "store"
        """What training does with activations; :data:`glow.engines.trainable.Memory` tells of each mode."""
        self._flow_dtype: torch.dtype | None = None
        self._cache = InferenceCache()

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """The parameters' dtype."""
        return next(self.parameters()).dtype

    def set_precision(self, *, nets: torch.dtype | None = None, flow: torch.dtype | None = None) -> None:
        """Choose what is computed in which dtype; None is that of the parameters.

        Args:
            nets: of the coupling nets, where nearly all of the work is.
            flow: of all else: of the numbers that pass through the flow. Encoding and decoding give every net the same
                input but for their rounding errors, and a net of low precision magnifies these. In float64 they are
                too small to be seen by the nets, so that even bfloat16 nets give a picture back to 15 digits. In
                training, float32 will do.
        """
        self._flow_dtype = flow
        for level in range(self.config.levels):
            for step in self.steps(level):
                step.coupling.net_dtype = nets
        if self.dequantiser is not None:
            self.dequantiser.net_dtype = nets

    def steps(self, level: int) -> list[FlowStep]:
        """The flow steps of a level, counted from 0."""
        return list(cast("nn.ModuleList", self.levels[level]))  # type: ignore[arg-type]

    def engine(self, *, decoding: bool = False) -> Engine:
        """Which engine would encode pictures now, or with ``decoding`` latents: "inference", "training" or "plain".

        Of models of this library's own layers, "inference" is that of frozen ones where gradients are off;
        "training" encodes all others, in the mode that ``memory`` names; "plain", the layers themselves, decodes
        them. A model with a layer that is not this library's is "plain" throughout: slower, as right, and in each
        memory mode.
        """
        return choose(self._contents(), decoding=decoding)

    def check(self, x: Tensor) -> None:
        """Refuse what are no pictures of the model's size.

        Raises:
            ValueError: the shape or dtype is wrong.
        """
        expected = (self.config.channels, self.config.image_size, self.config.image_size)
        if x.ndim != 4 or tuple(x.shape[1:]) != expected or not x.is_floating_point():
            raise ValueError(
                f"pictures are float tensors of shape (B, {', '.join(map(str, expected))}) in [0, 1], "
                f"not {x.dtype} of shape {tuple(x.shape)}; resize and scale them first."
            )

    def conditions(self) -> list[list[float]]:
        """Condition number of the 1×1 convolution of each step of each level: how much its inverse may magnify.

        A rotation has 1. Training lets them grow; with 1e4 and more, a float32 inverse is no longer lossless.
        """
        return [[step.conv.condition() for step in self.steps(level)] for level in range(self.config.levels)]

    @torch.no_grad()
    def initialise(self, x: Images) -> None:
        """Set all actnorms from a first batch ``x`` of training pictures, in [0, 1]."""
        self.check(x)
        if self.dequantiser is not None:
            self.dequantiser.initialise(x)
        z = x - 0.5
        for level in range(self.config.levels):
            z, _ = self.squeeze(z)
            for step in self.steps(level):
                step.initialise(z)
                z, _ = step(z)
            if level < len(self.splits):
                z = halves(self.splits[level](z)[0])[0]

    @_without_autocast
    def forward(self, x: Images, *, dequantise: bool = False) -> tuple[Latent, PerPicture]:
        """The latent of ``x`` and the log-determinant of the whole map, ``(B,)``.

        With ``dequantise``, the map begins with the learned dequantiser, where the model has one.
        """
        self.check(x)
        z = x.to(self._flow_dtype or x.dtype)
        logdet = z.new_zeros(len(z))
        if dequantise and self.dequantiser is not None:
            z, logdet = self._dequantised(self.dequantiser, z)
        z = z - 0.5
        scales = []
        for index, level in enumerate(self._levels(z.dtype)):
            z, _ = self.squeeze(z)
            z, change = level.forward(z)
            logdet = logdet + change
            if index < len(self.splits):
                z, eps = halves(z)
                scales.append(eps.contiguous())
        eps, change = self.top(z)
        return Latent((*scales, eps.contiguous())), logdet + change

    def _dequantised(self, dequantiser: Dequantiser, x: Images) -> tuple[Images, PerPicture]:
        """What the dequantiser makes of pictures. Where the memory mode saves memory, it is computed anew for the way
        back."""
        if self.memory == "store" or not torch.is_grad_enabled():
            y, logdet = dequantiser(x)
        else:
            # Nothing in it is random; and a state of random numbers cannot be read while a CUDA graph is recorded.
            y, logdet = checkpoint(dequantiser, x, use_reentrant=False, preserve_rng_state=False)
        return y, logdet

    def _contents(self) -> Contents:
        return contents([self.levels, self.splits])

    def _levels(self, dtype: torch.dtype, *, decoding: bool = False) -> Sequence[Level]:
        """The levels on the engine that is to run them."""
        flow = self._contents()
        splits: list[FlowLayer | None] = [*cast("Iterable[FlowLayer]", self.splits), None]
        levels = [(self.steps(level), split) for level, split in enumerate(splits)]
        match choose(flow, decoding=decoding):
            case "inference":
                return self._cache.get(flow.tensors, levels, self.config.level_shapes(), dtype)
            case "training":
                return [TrainableLevel(*level, self.memory, by_layers=False) for level in levels]
            case "plain":
                return [TrainableLevel(*level, self.memory, by_layers=True) for level in levels]

    def encode(self, x: Images) -> Latent:
        """The latent of pictures ``(B, 3, H, W)`` in [0, 1].

        Raises:
            ValueError: the pictures do not have the model's size, or are not floats.
        """
        latent: Latent = self(x)[0]
        return latent

    @_without_autocast
    def decode(self, latent: Latent) -> Images:
        """The pictures ``(B, 3, H, W)`` of a latent: the exact inverse of :meth:`encode`.

        Values of moved or sampled latents may leave [0, 1] a little; clamp them to show them.

        Raises:
            ValueError: the latent's scales do not have the model's shapes.
        """
        expected = self.config.scale_shapes()
        if [shape[1:] for shape in latent.shapes] != [*expected]:
            raise ValueError(f"this model's latents have scales {expected}, not {latent.shapes}.")
        scales = latent.to(self.device, self._flow_dtype).scales
        z = join([self.top.inverse(scales[-1])])  # a copy: inference writes in place
        levels = self._levels(z.dtype, decoding=True)
        for index in reversed(range(len(levels))):
            if index < len(self.splits):
                z = join([z, scales[index]])
            z = self.squeeze.inverse(levels[index].inverse(z))
        return (z + 0.5).to(self.dtype).contiguous()

    def sample_latent(self, n: int, temperature: float = 0.7, generator: torch.Generator | None = None) -> Latent:
        """``n`` random latents: unit Gaussian noise times ``temperature`` (at least 0).

        The noise is drawn on the generator's device, so a seed gives the same faces on CPU and GPU.
        """
        if n < 1 or not 0 <= temperature < math.inf:
            raise InvalidValueError(
                f"n is {n} and temperature {temperature}; they must be at least 1 and 0, and finite."
            )
        device = generator.device if generator is not None else torch.device("cpu")
        scales = (torch.randn(n, *shape, generator=generator, device=device) for shape in self.config.scale_shapes())
        return Latent(tuple(scales)).to(self.device, self.dtype) * temperature

    def sample(
        self, n: int, temperature: float = 0.7, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n channels height width"]:
        """``n`` random pictures in [0, 1], at the paper's temperature of 0.7 by default."""
        return self.decode(self.sample_latent(n, temperature, generator)).clamp(0, 1)

    def log_prob(self, x: Images, *, dequantise: bool = True) -> PerPicture:
        """Natural log of the density of uniformly dequantised pictures on ``[0, 1]^D``, shape ``(B,)``.

        Args:
            x: as for :meth:`bits_per_dim`, which is this in other units.
            dequantise: False passes the learned dequantiser over, where the model has one: the flow's own density, of
                any pictures.
        """
        latent, logdet = self(x, dequantise=dequantise)
        squares = sum(scale.flatten(1).square().sum(1) for scale in latent.scales)
        return logdet - 0.5 * (squares + self.config.dimensions * math.log(2 * math.pi))

    def bits_per_dim(self, x: Images, *, dequantise: bool = True) -> PerPicture:
        """Bits per colour value of pictures on the n-bit grid, shape ``(B,)``.

        Args:
            x: the uniformly dequantised picture, ``(q + u) / 2**n_bits`` with q the n-bit value and u uniform in
                [0, 1). So the mean over u bounds the model's code length from above (Theis et al. 2016, arXiv
                1511.01844), and more tightly with the learned dequantiser (Ho et al. 2019, arXiv 1902.00275).
            dequantise: False passes the learned dequantiser over.
        """
        log_prob = self.log_prob(x, dequantise=dequantise)
        return -log_prob / (self.config.dimensions * math.log(2)) + self.config.n_bits
