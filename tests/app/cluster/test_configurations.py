"""The configurations in docs/serving are such as Ray takes."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

SERVING = ROOT / "docs" / "serving"

CHECK = """
import sys
from pathlib import Path
from app.cluster.application import DECODER, ENCODER, FITTER, FRONT, ModelSettings, changed_front, changed_model, model
from app.cluster.http_api import EDITING
from app.cluster.run import changes_in
assert model.__annotations__["settings"] is ModelSettings  # or Ray hands over a dict
for name in sys.argv[1:]:
    changes = changes_in(Path(name))
    assert set(changes) == {FRONT, EDITING, ENCODER, DECODER, FITTER}, (name, changes)
    changed_model(ModelSettings(), changes), changed_front(changes)
"""


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not here (pip install 'glowface[serve]')")
def test_ray_takes_them(tmp_path: Path) -> None:
    in_kubernetes = tmp_path / "kubernetes.yaml"
    in_kubernetes.write_text(_kuberay()["serveConfigV2"])
    files = [*(SERVING / name for name in ("one-machine.yaml", "cluster.yaml")), in_kubernetes]
    subprocess.run([sys.executable, "-c", CHECK, *map(str, files)], cwd=ROOT, check=True)


def test_kubernetes_runs_what_clusters_run_as_a_user_without_rights() -> None:
    service = _kuberay()
    assert yaml.safe_load(service["serveConfigV2"]) == yaml.safe_load((SERVING / "cluster.yaml").read_text())
    cluster = service["rayClusterConfig"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert [variable["name"] for variable in pod["containers"][0]["env"]] == ["GLOWFACE_TOKEN"]


def _kuberay() -> dict:
    found: dict = yaml.safe_load((SERVING / "kuberay.yaml").read_text())["spec"]
    return found
