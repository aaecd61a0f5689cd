"""What an editor asks of its model, asked of a cluster."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ray.exceptions import RayActorError
from ray.serve.handle import DeploymentHandle
from torch import Tensor

from app.inference.inference import Inference, LocalInference
from attributes import Seen
from errors import GlowfaceError
from glow import Latent

PATIENCE = 120.0
"""Seconds that one question may take, with all its repetitions."""

PAUSES = (0.0, 0.1, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each further try of a question whose replica has ended meanwhile."""


class ClusterError(GlowfaceError):
    """The cluster does not answer."""


class ClusterInference:
    """Asks the deployments. What runs there changes nothing, so a question whose replica has died is asked again.

    Args:
        encoder: the deployment that encodes.
        decoder: that decodes.
        fitter: that looks at moved faces.
    """

    def __init__(self, encoder: DeploymentHandle, decoder: DeploymentHandle, fitter: DeploymentHandle) -> None:
        self.encoder, self.decoder, self.fitter = encoder, decoder, fitter

    def encode(self, pictures: Tensor) -> Latent:
        """As :meth:`Inference.encode`."""
        latent: Latent = _asked(self.encoder.encode, pictures.cpu())
        return latent

    def decode(self, latent: Latent) -> Tensor:
        """As :meth:`Inference.decode`."""
        pictures: Tensor = _asked(self.decoder.decode, latent.to("cpu"))
        return pictures

    def look(self, latents: Tensor) -> Seen:
        """As :meth:`attributes.Judging.look`."""
        seen: Seen = _asked(self.fitter.look, latents.cpu())
        return seen

    def read(self, pictures: Tensor) -> Seen:
        """As :meth:`attributes.Judging.read`."""
        seen: Seen = _asked(self.fitter.read, pictures.cpu())
        return seen

    def served(self, checkpoint: Path) -> ClusterMaker:
        """What :meth:`app.editor.Editor.run_by` asks for, for an app whose cluster serves ``checkpoint``."""
        return ClusterMaker(self, checkpoint)


class ClusterMaker:
    """The cluster for the model that it serves; other models stay in the process."""

    def __init__(self, cluster: ClusterInference, checkpoint: Path) -> None:
        self.cluster, self.checkpoint = cluster, checkpoint

    def __call__(self, path: Path, local: LocalInference) -> Inference:
        from app.inference.batching import BatchingInference

        return self.cluster if path == self.checkpoint else BatchingInference.of(path, local)


def _asked(method: Any, given: Any) -> Any:
    end = time.monotonic() + PATIENCE
    for pause in PAUSES:
        time.sleep(pause)
        try:
            return method.remote(given).result(timeout_s=end - time.monotonic())
        except RayActorError:  # the replica that had it is gone
            continue
        except TimeoutError:
            break
    raise ClusterError("The machines that run the model do not answer; try again in a minute.")
