"""All targets of the fuzzer, by name."""

from __future__ import annotations

from tests.fuzz.inputs import models, photos, tables
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {each.name: each for module in (photos, models, tables) for each in module.TARGETS}
