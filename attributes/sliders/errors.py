"""What is wrong with a direction, a slider or what is asked of them."""

from __future__ import annotations

from errors import GlowfaceError


class DirectionsError(GlowfaceError):
    """Directions cannot be used with this model or these values; the message says why and what to do."""
