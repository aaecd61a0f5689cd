"""Which page gets the work of one that was there before."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.inference.batching import BusyError
from app.models import Models
from app.ui.server.folder import ServerFolder
from app.ui.visits.visit import Visits
from storage.assets import FACES_64


def test_only_the_same_browser_with_the_key_gets_the_work_back(tmp_path: Path) -> None:
    folder = ServerFolder(tmp_path / "server")
    visits = Visits(Models(FACES_64, "cpu"), folder, 3600.0)
    for tab, client in (("a", "mine"), ("b", "another's"), ("c", "mine"), ("d", "mine")):
        assert visits.belongs(tab, client)
    visit = visits.of("a")
    assert visits.resume("b", visit.key) is not visit
    assert visits.resume("d", "no key") is not visit
    assert visits.resume("d", None) is not visit
    own = visits.of("c")
    visits.schedule_end("a")
    assert visits.resume("c", visit.key) is visit
    assert own.ended
    forgotten: list[str] = []
    visits.forget = forgotten.append
    visits.end_unless_back("a", visit)  # the page that has gone
    assert forgotten == ["a"]
    visits.end("a")
    assert not visit.ended
    assert visits.of("c") is visit
    visits.end("c")
    assert visit.ended
    assert not visit.folder.exists()
    folder.close()


def test_a_visit_waits_for_its_page_and_the_one_unused_longest_makes_room(tmp_path: Path) -> None:
    folder = ServerFolder(tmp_path / "server")
    visits, connected, forgotten = Visits(Models(FACES_64, "cpu"), folder, 3600.0, most=2), {"a"}, []
    visits.connected, visits.forget = lambda: connected, forgotten.append
    for tab in "abc":
        assert visits.belongs(tab, "mine")
    a, b = visits.of("a"), visits.of("b")
    visits.end_unless_back("a", a)  # it was away, and holds its visit open again
    assert not a.ended
    assert visits.name("a") == a.name
    c = visits.of("c")
    assert b.ended
    assert not b.folder.exists()
    connected.update("bc")
    assert visits.belongs("b", "mine")
    with pytest.raises(BusyError, match="Too many people"):
        visits.of("b")
    connected.clear()
    visits.end_unless_back("a", a)
    assert a.ended
    assert forgotten == ["b", "a"]
    assert not a.folder.exists()
    assert visits.name("a") == ""
    visits.end("c")
    assert c.ended
    folder.close()
