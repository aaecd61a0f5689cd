"""Ways to break a file of any kind. Each takes bytes and gives other ones, decided by the generator alone."""

from __future__ import annotations

import random
from collections.abc import Callable

NUMBERS = (0, 1, 2, 3, 7, 8, 127, 128, 255, 256, 16383, 32767, 32768, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
LONGEST = 4_000_000
"""Bytes of the longest file that is made; what is longer is cut."""


def flip_bytes(chance: random.Random, data: bytes) -> bytes:
    """Other values for a few bytes, more often near the beginning, where headers are."""
    broken = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16, 64))):
        end = chance.choice((32, 256, len(broken)))
        broken[chance.randrange(min(end, len(broken)))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return bytes(broken)


def edit_number(chance: random.Random, data: bytes) -> bytes:
    """A whole number of 1, 2, 4 or 8 bytes put over what is there."""
    broken = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3))):
        size = chance.choice((1, 2, 2, 4, 4, 4, 8))
        at = chance.randrange(min(chance.choice((64, 512, len(broken))), len(broken)))
        number = chance.choice((*NUMBERS, len(data), chance.getrandbits(32))) % 256**size
        broken[at : at + size] = number.to_bytes(size, chance.choice(("little", "big")))
    return bytes(broken)


def cut(chance: random.Random, data: bytes) -> bytes:
    """The end is missing."""
    return data[: chance.randrange(1, len(data) + 1)]


def drop_part(chance: random.Random, data: bytes) -> bytes:
    """A part from within is missing."""
    at, length = chance.randrange(len(data)), chance.choice((1, 2, 4, 12, 100, 1000))
    return data[:at] + data[at + length :]


def repeat_part(chance: random.Random, data: bytes) -> bytes:
    """A part comes twice, or very often."""
    at, length = chance.randrange(len(data)), chance.choice((1, 4, 12, 100, 1000, 10_000))
    part = data[at : at + length]
    return data[:at] + part * chance.choice((2, 3, 10, 100, 1000)) + data[at + length :]


def insert_noise(chance: random.Random, data: bytes) -> bytes:
    """Random bytes come in between."""
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.randbytes(chance.choice((1, 2, 7, 64, 4096))) + data[at:]


def splice(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """The beginning of one file, and the end of another."""
    return data[: chance.randrange(1, len(data) + 1)] + other[chance.randrange(len(other)) :]


MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    flip_bytes, flip_bytes, edit_number, edit_number, cut, drop_part, repeat_part, insert_noise
)  # fmt: skip


def mutated(chance: random.Random, data: bytes, others: Callable[[], bytes]) -> bytes:
    """One to three of the ways above, one after the other; ``others`` gives a file to splice with."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        data = splice(chance, data, others()) if chance.random() < 0.08 else chance.choice(MUTATIONS)(chance, data)
        data = data[:LONGEST] or b"\x00"
    return data
