"""The arrays of pickled files, read without unpickling.

A pickle is a program for a small stack machine, and an unpickler runs whatever it says: it imports, calls, and sets the
inner state of objects, with which alone a file can crash the process. This machine makes plain values only. What a
pickle says of an array is kept as what it is, a few values and bytes; nothing is ever imported or called.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from storage.files import BoundedReader

MOST_OPERATIONS = 500_000
"""Operations of one file: the largest there are have a few for each of 130,000 labels."""

_MODULES = {
    f"{package}.{name}": name for package in ("numpy.core", "numpy._core") for name in ("multiarray", "numeric")
}
_KNOWN = {
    ("multiarray", "_reconstruct"),
    ("multiarray", "scalar"),
    ("numeric", "_frombuffer"),  # protocol 5
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),  # so protocols 0 to 2 write bytes
}


class PickleError(ValueError):
    """A file is no pickle, or one of something else than arrays and plain values."""


@dataclass(frozen=True)
class _Name:
    """The name of what an unpickler would import."""

    module: str
    name: str


@dataclass(eq=False)
class _Made:
    """What an unpickler would make: of which arguments, by what, and with which state afterwards."""

    by: str
    arguments: tuple[Any, ...]
    state: Any = None


class _Mark:
    """Where on the stack the parts of a list, tuple or dictionary begin."""


def read_pickled(file: BoundedReader) -> Any:
    """The value of a pickle of any protocol; arrays in it are for :func:`as_bytes_array`.

    The memory that it takes is bounded by the file's size, for its operations are counted.

    Raises:
        PickleError: it is broken, or asks for something that no file of arrays needs.
    """
    machine = _Machine()
    try:
        for count, (operation, argument, _) in enumerate(pickletools.genops(file)):
            if count >= MOST_OPERATIONS:
                raise PickleError(f"it has more than {MOST_OPERATIONS} operations")
            machine.run(operation.name, argument)
        return machine.pop()
    except PickleError:
        raise
    except Exception as error:  # whatever a broken file makes the machine stumble over
        raise PickleError(str(error) or type(error).__name__) from error


def as_bytes_array(value: Any) -> np.ndarray:
    """The uint8 array that a pickle's value stands for.

    Raises:
        PickleError: it stands for something else, or has not as many bytes as its shape says.
    """
    match value:
        case _Made("_reconstruct", _, (_, tuple() as shape, kind, bool() | 0 | 1 as by_columns, bytes() as content)):
            pass
        case _Made("_frombuffer", (bytes() | bytearray() as content, kind, tuple() as shape, "C" | "F" as order)):
            by_columns = order == "F"
        case _:
            raise PickleError("its data are no array")
    if not isinstance(kind, _Made) or kind.by != "dtype" or kind.arguments[:1] not in (("u1",), (b"u1",)):
        raise PickleError("its data are no array of bytes")
    if not all(isinstance(length, int) and length >= 0 for length in shape):
        raise PickleError(f"its data have the shape {shape}")
    array = np.frombuffer(content, np.uint8)
    return array.reshape(shape, order="F" if by_columns else "C")


class _Machine:
    """The stack and the memory of a pickle's program."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def pop(self) -> Any:
        """What is on top of the stack, taken off."""
        return self.stack.pop()

    def run(self, operation: str, argument: Any) -> None:
        """Do what one operation says."""
        if operation in _IGNORED:
            return
        if operation in _VALUES:
            self.stack.append(argument)
        elif operation in _CONSTANTS:
            self.stack.append(_CONSTANTS[operation]())
        elif operation in _OLD_TEXTS:
            self.stack.append(argument.encode("latin-1"))  # Python 2 had one kind for texts and bytes
        elif operation in _PUTS:
            self.memory[len(self.memory) if argument is None else argument] = self.stack[-1]
        elif operation in _GETS:
            self.stack.append(self.memory[argument])
        elif operation in _DOES:
            _DOES[operation](self)
        elif operation == "GLOBAL":
            self.stack.append(_known(*argument.split(" ", 1)))
        else:
            raise PickleError(f"it has the operation {operation}, which no file of arrays needs")

    def since_mark(self) -> list[Any]:
        """What is on the stack above the last mark, taken off with it."""
        place = next(i for i in range(len(self.stack) - 1, -1, -1) if isinstance(self.stack[i], _Mark))
        parts = self.stack[place + 1 :]
        del self.stack[place:]
        return parts

    def tuple_of(self, count: int | None = None) -> None:
        """Put so many values together, or those since the mark."""
        if count is None:
            parts = self.since_mark()
        else:
            parts = self.stack[-count:]
            del self.stack[-count:]
        self.stack.append(tuple(parts))

    def extend(self, parts: list[Any]) -> None:
        """Put values into the list below them."""
        if not isinstance(self.stack[-1], list):
            raise PickleError("it adds to what is no list")
        self.stack[-1].extend(parts)

    def update(self, parts: list[Any]) -> None:
        """Put names and values, in turn, into the dictionary below them."""
        names = parts[::2]
        if not isinstance(self.stack[-1], dict) or len(parts) % 2 or not all(isinstance(n, _NAMES) for n in names):
            raise PickleError("it adds to what is no dictionary, or under what is no name")
        self.stack[-1].update(zip(names, parts[1::2], strict=True))

    def dictionary(self) -> None:
        """Make a dictionary of names and values since the mark."""
        parts = self.since_mark()
        self.stack.append({})
        self.update(parts)

    def stack_global(self) -> None:
        """The name of something, by two texts on the stack."""
        name, module = self.pop(), self.pop()
        self.stack.append(_known(module, name))

    def reduce(self) -> None:
        """Note what would be made by a call. Bytes, which old protocols make of texts so, are made."""
        arguments, by = self.pop(), self.pop()
        if not isinstance(by, _Name) or not isinstance(arguments, tuple):
            raise PickleError("it calls what is no function of numpy's")
        if by.name == "encode":
            text, _ = arguments
            self.stack.append(text.encode("latin-1"))
        else:
            self.stack.append(_Made(by.name, arguments))

    def build(self) -> None:
        """Note the state of what was made."""
        state = self.pop()
        if not isinstance(self.stack[-1], _Made):
            raise PickleError("it gives a state to what has none")
        self.stack[-1].state = state


def _known(module: Any, name: Any) -> _Name:
    found = _MODULES.get(module, module)
    if (found, name) not in _KNOWN:
        raise PickleError(f"it asks for {module}.{name}, which no file of arrays needs")
    return _Name(found, name)


_NAMES = str | bytes | int
_IGNORED = {"PROTO", "FRAME", "STOP"}
_VALUES = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
    "MARK": _Mark,
}
_OLD_TEXTS = {"STRING", "BINSTRING", "SHORT_BINSTRING"}
_PUTS = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}
_GETS = {"GET", "BINGET", "LONG_BINGET"}
_DOES: dict[str, Callable[[_Machine], Any]] = {
    "POP": _Machine.pop,
    "POP_MARK": _Machine.since_mark,
    "TUPLE": _Machine.tuple_of,
    "TUPLE1": lambda machine: machine.tuple_of(1),
    "TUPLE2": lambda machine: machine.tuple_of(2),
    "TUPLE3": lambda machine: machine.tuple_of(3),
    "LIST": lambda machine: machine.stack.append(machine.since_mark()),
    "APPEND": lambda machine: machine.extend([machine.pop()]),
    "APPENDS": lambda machine: machine.extend(machine.since_mark()),
    "DICT": _Machine.dictionary,
    "SETITEM": lambda machine: machine.update([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine: machine.update(machine.since_mark()),
    "STACK_GLOBAL": _Machine.stack_global,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}
