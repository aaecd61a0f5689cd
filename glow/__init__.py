"""Glow: an exact invertible network for pictures (Kingma & Dhariwal 2018, arXiv 1807.03039)."""

from glow.checkpoint import Checkpoint, CheckpointError, TrainingRecord, load_checkpoint, save_checkpoint
from glow.config import GlowConfig
from glow.device import choose_device
from glow.latent import Latent
from glow.model import Glow
from storage.assets import DEFAULT_CHECKPOINT, FACES_64, FACES_128

__all__ = [
    "DEFAULT_CHECKPOINT",
    "FACES_64",
    "FACES_128",
    "Checkpoint",
    "CheckpointError",
    "Glow",
    "GlowConfig",
    "Latent",
    "TrainingRecord",
    "choose_device",
    "load_checkpoint",
    "save_checkpoint",
]
