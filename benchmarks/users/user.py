"""A user without a browser, who speaks to the server as the page does."""

from __future__ import annotations

import io
import json
import secrets
import socket
from typing import Any

import httpx
import numpy as np
import skimage.data
from PIL import Image

PATCH = 48
"""Side of the patch of colour in the corner of a user's photo, in pixels."""

NEAR = 8
"""Levels by which a patch may differ from its colour: Gradio's page shows pictures without any loss, at this size."""

SLIDERS = ("Smiling", "Young", "Blond_Hair", "Pale_Skin")
SLOWEST = 600.0
"""Seconds after which an answer is taken for missing."""


class WrongPictureError(Exception):
    """A user got what is not his picture."""


class User:
    """One page with a photo of its own: an astronaut with a patch in a colour that tells whose it is.

    Args:
        address: the server's.
        number: below 64; another colour for each.
    """

    def __init__(self, address: str, number: int) -> None:
        self.colour = np.array([40 + 50 * (number // 4**place % 4) for place in range(3)])
        self.random = np.random.default_rng(number)
        self.session = secrets.token_hex(6)
        self.http = httpx.Client(base_url=address, timeout=SLOWEST, trust_env=False)
        self.http.get("/").raise_for_status()
        self.config = self.http.get("/config").json()
        self.ids = {c["props"].get("elem_id"): c["id"] for c in self.config["components"]}
        self.values = {c["id"]: c["props"].get("value") for c in self.config["components"]}
        self.beating = self._heartbeat()

    def _heartbeat(self) -> socket.socket:
        """Hold the page open, as a browser does."""
        host, port = self.http.base_url.host, self.http.base_url.port or 80
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        beating = socket.create_connection((host, port), timeout=SLOWEST)
        path = f"/gradio_api/heartbeat/{self.session}"
        beating.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookies}\r\n\r\n".encode())
        beating.recv(100)
        return beating

    def kill(self) -> None:
        """Be gone without a word, as a browser that was killed."""
        self.beating.close()
        self.http.close()

    def act(self, element: str, event: str, **values: Any) -> None:
        """Do something in the page, with new ``values`` of elements, and take what comes of it.

        Raises:
            RuntimeError: the server refuses it, or says that something went wrong.
        """
        for name, value in values.items():
            self.values[self.ids[name.replace("__", "-")]] = value
        target = [self.ids[element], event]
        act = next(d for d in self.config["dependencies"] if target in map(list, d["targets"]))
        body = {"data": [self.values[at] for at in act["inputs"]], "fn_index": act["id"], "session_hash": self.session}
        joined = self.http.post("/gradio_api/queue/join", json=body)
        if joined.status_code != 200:
            raise RuntimeError(joined.text)
        number = joined.json()["event_id"]
        with self.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": self.session}) as stream:
            for line in stream.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                if message.get("event_id") != number:
                    continue
                if message.get("msg") == "log":
                    raise RuntimeError(message["log"])
                if message.get("msg") == "process_completed":
                    output = message["output"]
                    if not message.get("success", True):
                        raise RuntimeError(str(output))
                    self._take(act["outputs"], output["data"])
                    return
        raise RuntimeError("the server did not answer")

    def _take(self, outputs: list[int], data: list[Any]) -> None:
        for at, value in zip(outputs, data, strict=True):
            if not isinstance(value, dict) or value.get("__type__") != "update":
                self.values[at] = value
            elif "value" in value:
                self.values[at] = value["value"]

    def open(self) -> None:
        """Open the photo and look at the whole of it."""
        pixels = skimage.data.astronaut().copy()
        pixels[:PATCH, :PATCH] = self.colour
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG", compress_level=1)
        sent = self.http.post("/gradio_api/upload", files={"files": ("photo.png", file.getvalue())})
        sent.raise_for_status()
        self.act("photo", "input", photo={"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}})
        self.act("area", "input", area="Whole photo")

    def move(self) -> None:
        """Move a slider, and look at the picture.

        Raises:
            RuntimeError: something went wrong.
            WrongPictureError: it is another's picture.
        """
        name = f"slider-{SLIDERS[self.random.integers(len(SLIDERS))]}"
        before = self.values[self.ids[name]] or 0
        value = round(float(self.random.uniform(-1, 1)), 2)
        self.act(name, "change", **{name.replace("-", "__"): value if value != before else -value - 0.01})
        self.look()

    def look(self) -> None:
        """Fetch the picture that the page shows, and see whose it is."""
        path = self.values[self.ids["compare"]][1]["path"]
        answer = self.http.get(f"/gradio_api/file={path}")
        answer.raise_for_status()
        corner = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))[8:40, 8:40]
        seen = corner.reshape(-1, 3).mean(0)
        if np.abs(seen - self.colour).max() > NEAR:
            raise WrongPictureError(f"the patch is {seen.round()} and not {self.colour}")
