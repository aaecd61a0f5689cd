"""The contract that every flow layer keeps."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

Images = Float[Tensor, "batch channels height width"]
PerPicture = Float[Tensor, " batch"]


class FlowLayer(nn.Module):
    """An invertible map of pictures whose log-determinant is cheap.

    ``forward(x)`` gives ``(y, logdet)``: ``y`` with as many numbers as ``x``, and the log of the absolute
    determinant of the Jacobian dy/dx of each picture, shape ``(B,)``. ``inverse(y)`` gives ``x`` back.
    """

    def forward(self, x: Images) -> tuple[Images, PerPicture]:
        """``(y, logdet)`` of ``x``."""
        raise NotImplementedError(f"{type(self).__name__} has no forward.")

    def inverse(self, y: Images) -> Images:
        """The ``x`` that :meth:`forward` maps to ``y``."""
        raise NotImplementedError(f"{type(self).__name__} has no inverse.")

    def initialise(self, x: Images) -> None:
        """Set what depends on data from a first batch ``x``; most layers have nothing to set."""
