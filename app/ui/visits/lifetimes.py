"""How long the server keeps what a browser tab has open."""

from __future__ import annotations

IDLE_SECONDS = 3600.0
"""Seconds after which a visit ends that no page holds open and nobody uses, and an upload is deleted that no page has
opened."""

RECONNECT_SECONDS = 30.0
"""Seconds for which the visit of a page that has gone waits for it to come back: loaded again, or connected again."""
