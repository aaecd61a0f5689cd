"""The endpoints. Their signatures are what programs see, so the types are real ones, and not texts."""

# ruff: noqa: PLR0917 (programs give the parameters by name)
# No `from __future__ import annotations` here: it would make texts of the types.
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import gradio as gr
from gradio import FileData
from gradio.events import api

from app.portraits.portrait import Portrait
from app.series.animation import save_animation, there_and_back
from app.series.frames import blends, linspace, small, sweep
from app.ui.api.calls import calling
from app.ui.visits.visit import Visits
from attributes import SliderFacts, arranged, slider_facts
from attributes.sliders.slider import FURTHEST
from faces import save_photo
from storage.values import InvalidValueError, boolean, choice, integer, number

MAX_FACES = 16
"""Faces that one call may draw."""

MAX_FRAMES = 120
"""Frames one way of one call's animation."""

MAX_FRAME_SIDE = 1024
"""Longest side of an animation, in pixels."""

MAX_TEMPERATURE = 10.0
"""The highest temperature."""

MAX_SEED = 2**63 - 1


class Endpoints:
    """One method for each endpoint, of its name.

    Args:
        visits: whose models are used, and in whose folders results lie.
    """

    def __init__(self, visits: Visits) -> None:
        self.visits = visits

    @property
    def all(self) -> list[Callable[..., Any]]:
        """All endpoints."""
        return [self.edit, self.blend, self.sample, self.animate, self.read, self.labels]

    def edit(
        self,
        request: gr.Request,
        photo: FileData,
        values: dict[str, float] | None = None,
        keep: list[str] | None = None,
        face: str = "1",
        lock_background: bool = True,
    ) -> FileData:
        """Move a photo's face along sliders, as {"Smiling": 1}; the photo comes back as PNG at its own size."""
        with calling(self.visits, request, photo) as call:
            boolean("lock_background", lock_background)
            moves, kept = call.moves(values, keep)
            portrait = call.portrait(0, face)
            edited = call.editor.edit(portrait, moves, kept, lock_background=lock_background)
            return call.file(_png(portrait), lambda path: save_photo(edited, path))

    def blend(
        self,
        request: gr.Request,
        first: FileData,
        second: FileData,
        ratio: float = 0.5,
        face: str = "1",
        second_face: str = "1",
        lock_background: bool = True,
        shape: float | None = None,
        colours: float | None = None,
    ) -> FileData:
        """Blend the faces of two photos, in the first one; ratio 0 is the first face, 1 the second. A PNG.

        Shape and colours go as far as the ratio, or each its own way, from 0 to 1.
        """
        with calling(self.visits, request, first, second) as call:
            boolean("lock_background", lock_background)
            number("the ratio", ratio, 0, 1)
            apart = {"shape": shape, "colours": colours}
            for name, value in apart.items():
                if value is not None:
                    number(f"the ratio of {name}", value, 0, 1)
            one, other = call.portrait(0, face), call.portrait(1, second_face)
            (blended,) = blends(call.editor, one, other, [ratio], **apart, lock_background=lock_background)
            return call.file(_png(one), lambda path: save_photo(blended, path))

    def sample(self, request: gr.Request, count: int = 1, temperature: float = 0.7, seed: int = 0) -> list[FileData]:
        """Draw random faces, each a PNG. The same seed draws the same faces."""
        with calling(self.visits, request) as call:
            integer("count", count, 1, MAX_FACES)
            number("temperature", temperature, 0, MAX_TEMPERATURE)
            integer("seed", seed, -MAX_SEED - 1, MAX_SEED)
            faces = call.editor.sample(count, temperature, seed)
            names = [f"face-{place}.png" for place in range(1, count + 1)]
            return call.files(names, lambda place, path: save_photo(faces[place].photo, path))

    def animate(
        self,
        request: gr.Request,
        photo: FileData,
        second: FileData | None = None,
        slider: str = "",
        low: float = -1.0,
        high: float = 1.0,
        values: dict[str, float] | None = None,
        keep: list[str] | None = None,
        frames: int = 24,
        format: Literal["mp4", "gif"] = "mp4",
        size: int = 256,
        close_up: bool = True,
        face: str = "1",
        second_face: str = "1",
        lock_background: bool = True,
    ) -> FileData:
        """Film a face as a slider moves it there and back, or as it becomes a second photo's."""
        photos = [photo] if second is None else [photo, second]
        with calling(self.visits, request, *photos) as call:
            boolean("lock_background", lock_background)
            boolean("close_up", close_up)
            choice("format", format, ("mp4", "gif"))
            integer("frames", frames, 2, MAX_FRAMES)
            integer("size", size, 16, MAX_FRAME_SIDE)
            moves, kept = call.moves(values, keep)
            if bool(slider) == (second is not None) or (moves and second is not None):
                raise InvalidValueError("give either a slider, with values of others if you like, or a second photo.")
            editor = call.editor
            ends = number("low", low, -FURTHEST, FURTHEST), number("high", high, -FURTHEST, FURTHEST)
            name = call.slider(slider) if second is None else ""
            seen = small(call.portrait(0, face), face=close_up, long_side=size)
            if second is None:
                within = editor.directions.slider(name).within
                amounts = linspace(within(ends[0]), within(ends[1]), frames)
                made = sweep(editor, seen, name, amounts, values=moves, keep=kept, lock_background=lock_background)
            else:
                other = call.portrait(1, second_face)
                made = blends(editor, seen, other, linspace(0, 1, frames), lock_background=lock_background)
            film = there_and_back([picture.pixels for picture in made])
            return call.file(f"animation.{format}", lambda path: save_animation(film, path))

    def read(self, request: gr.Request, photo: FileData, face: str = "1") -> dict[str, float]:
        """How probable each of the 40 attributes is in a photo's face, from 0 to 1, as a classifier sees it."""
        with calling(self.visits, request, photo) as call:
            return call.editor.read(call.portrait(0, face).decoded)

    def labels(self, request: gr.Request) -> list[SliderFacts]:
        """The sliders that there are; sign is -1 where a higher value is less of what the title says."""
        with calling(self.visits, request) as call:
            editor = self.visits.models.refreshed(call.editor.path)
            return [slider_facts(slider) for slider in arranged(editor.directions.sliders)]


def build_api(visits: Visits) -> None:
    """Add the endpoints to the page that is being built."""
    for act in Endpoints(visits).all:
        # All share one place in the queue: programs never take more than one from the page.
        api(act, api_name=act.__name__, concurrency_limit=1, concurrency_id="api")


def _png(portrait: Portrait) -> str:
    return f"{Path(portrait.photo.name).stem}.png"
