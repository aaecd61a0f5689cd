"""A server that was started in an environment which would open it, and a page of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.app.ui.serving import HOSTILE, Server, Tab, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that was started in an environment which would open it."""
    with serving(tmp_path_factory.mktemp("server"), idle_seconds=3600, environment=HOSTILE) as server:
        yield server


@pytest.fixture
def tab(server: Server) -> Iterator[Tab]:
    tab = Tab(server.address)
    tab.open()
    yield tab
    tab.close()
