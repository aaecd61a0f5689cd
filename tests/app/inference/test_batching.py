"""Many threads that ask one model at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from app.editor import Editor
from app.inference.asker import on_behalf_of
from app.inference.batching import BatchingInference, BusyError
from app.inference.inference import LocalInference
from app.inference.waiting import Job, Turns
from glow import Latent
from tests.app.ui.serving import until


class Held(LocalInference):
    """Direct calls that begin when they are let."""

    def __init__(self, editor: Editor) -> None:
        super().__init__(editor.checkpoint, editor.classifier)
        self.let = threading.Event()
        self.entered = threading.Event()

    def decode(self, latent: Latent) -> torch.Tensor:
        self.entered.set()
        assert self.let.wait(60)
        return super().decode(latent)


@contextmanager
def asking(batching: BatchingInference, held: Held, latents: Latent) -> Iterator[list[torch.Tensor | Exception]]:
    """A user for each latent, who have asked for it while another's decode was under way; their answers at the end."""
    answers: list[torch.Tensor | Exception] = [RuntimeError("none")] * len(latents)

    def ask(number: int) -> None:
        try:
            with on_behalf_of(f"user {number}"):
                answers[number] = batching.decode(latents[number])
        except Exception as error:
            answers[number] = error

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(latents))]
    threads[0].start()
    assert held.entered.wait(60)
    for thread in threads[1:]:
        thread.start()
    yield answers
    held.let.set()
    for thread in threads:
        thread.join()


def test_who_waits_together_is_decoded_together_and_gets_the_picture_that_he_gets_alone(editor: Editor) -> None:
    latents = editor.checkpoint.model.sample_latent(8, 0.7, torch.Generator().manual_seed(1))
    alone = [editor.inference.decode(latent) for latent in latents]
    held = Held(editor)
    batching = BatchingInference(held)
    with asking(batching, held, latents) as answers:
        until(lambda: batching.waiting == 7)
    for mine, expected in zip(answers, alone, strict=True):
        assert isinstance(mine, torch.Tensor)
        torch.testing.assert_close(mine, expected, rtol=0, atol=0)
    assert batching.decoded == 8
    assert batching.batches == 4  # 1, then 4 of the 7, then 2 and 1


def test_who_comes_when_too_many_wait_is_told_so_and_the_others_are_served(editor: Editor) -> None:
    latents = editor.checkpoint.model.sample_latent(2, 0.7, torch.Generator().manual_seed(1))
    held = Held(editor)
    batching = BatchingInference(held, most_waiting=1)
    with asking(batching, held, latents) as answers:
        until(lambda: batching.waiting == 1)
        with pytest.raises(BusyError, match="try again in a moment"):
            batching.encode(torch.zeros(1, 3, 64, 64))
    assert all(isinstance(answer, torch.Tensor) for answer in answers)


def test_what_fails_for_one_fails_for_none_of_those_beside_him(editor: Editor) -> None:
    latents = editor.checkpoint.model.sample_latent(3, 0.7, torch.Generator().manual_seed(1))
    other = Latent(tuple(scale[..., :1] for scale in latents[0].scales))  # of another model
    held = Held(editor)
    batching = BatchingInference(held)
    failed: list[Exception] = []

    def ask() -> None:
        try:
            batching.decode(other)
        except Exception as error:
            failed.append(error)

    with asking(batching, held, latents) as answers:
        wrong = threading.Thread(target=ask)
        wrong.start()
        until(lambda: batching.waiting == 3)
    wrong.join()
    assert len(failed) == 1
    assert all(isinstance(answer, torch.Tensor) for answer in answers)


def test_a_user_who_asks_for_much_is_served_no_more_often_than_others(editor: Editor) -> None:
    latents = editor.checkpoint.model.sample_latent(1)
    turns = Turns()
    many, few = [Job(latents) for _ in range(20)], [Job(latents) for _ in range(2)]
    for job in many:
        turns.add("many", job)
    for job in few:
        turns.add("few", job)
    pictures = Job(torch.zeros(1, 3, 64, 64))
    turns.add("opening", pictures)
    first = turns.take()
    assert len(first) == 8
    assert set(few) <= set(first)
    assert turns.take() == [pictures]  # nobody's decodes, however many, come twice before it
    rest = [job for _ in range(3) for job in turns.take()]
    assert [*(job for job in first if job in many), *rest] == many  # each asker's in the order in which they came
    assert len(turns) == 0


def test_an_editor_that_batches_edits_as_one_that_does_not(editor: Editor, astronaut_file: Path) -> None:
    """The latent of a photo too, and how far a slider goes on it."""
    batching = editor.run_by(BatchingInference.of)
    alone, together = editor.open(astronaut_file), batching.open(astronaut_file)
    assert torch.equal(alone.latent.flatten(), together.latent.flatten())
    moves = {"Smiling": -1.0, "Blond_Hair": 1.0}
    assert np.array_equal(editor.edit(alone, moves).pixels, batching.edit(together, moves).pixels)
    assert batching.edit(together, {}) is together.photo
