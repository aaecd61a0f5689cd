"""All targets of the fuzzer, by name."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from tests.fuzz.target import Target

_MODULES = [f"tests.fuzz.{name}" for name in ("photos", "models", "tables") if find_spec(f"tests.fuzz.{name}")]
TARGETS: dict[str, Target] = {target.name: target for name in _MODULES for target in import_module(name).TARGETS}
