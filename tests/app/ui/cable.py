"""A way to a server that can be cut, as a network is."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress


class Cable:
    """Passes on what comes in at a port of its own to a server's, until it is cut.

    The server answers only to its own address, so that stands in for this one in what goes through: both have as many
    letters.

    Args:
        address: the server's.
    """

    def __init__(self, address: str) -> None:
        self._server = address.removeprefix("http://")
        while True:
            self._listening = socket.create_server(("127.0.0.1", 0))
            self._own = f"127.0.0.1:{self._listening.getsockname()[1]}"
            if len(self._own) == len(self._server):
                break
            self._listening.close()
        self.address = f"http://{self._own}"
        self._open: list[socket.socket] = []
        self._whole = True
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and take no more."""
        self._whole = False
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def mend(self) -> None:
        """Take connections again."""
        self._whole = True

    def _accept(self) -> None:
        while True:
            near, _ = self._listening.accept()
            if not self._whole:
                near.close()
                continue
            host, port = self._server.split(":")
            try:
                far = socket.create_connection((host, int(port)))
            except OSError:
                near.close()
                continue
            self._open += near, far
            own, server = self._own.encode(), self._server.encode()
            for ends in ((near, far, own, server), (far, near, server, own)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket, said: bytes, meant: bytes) -> None:
        held = b""  # what may be the first half of the address, whose second half is still to come
        with suppress(OSError):
            while True:
                if held and not select.select([one], [], [], 0.05)[0]:
                    other.sendall(held)
                    held = b""
                if not (data := one.recv(2**16)):
                    break
                data = (held + data).replace(said, meant)
                length = next((n for n in range(len(said) - 1, 0, -1) if data.endswith(said[:n])), 0)
                data, held = data[: len(data) - length], data[len(data) - length :]
                other.sendall(data)
            other.sendall(held)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)
