"""The page as it is built, before any browser shows it."""

from __future__ import annotations

from collections import Counter

from app.models import Models
from app.ui.layout import build_page
from app.ui.server.folder import ServerFolder
from app.ui.visits.visit import Visits
from storage.assets import FACES_64


def test_no_two_parts_of_the_page_have_one_name() -> None:
    """A script that asks for one would get the other: a download that never comes."""
    folder = ServerFolder.create()
    try:
        page = build_page(Visits(Models(FACES_64, "cpu"), folder, 3600))
    finally:
        folder.close()
    names = Counter(block.elem_id for block in page.blocks.values() if block.elem_id)
    assert len(names) > 50
    assert [name for name, count in names.items() if count > 1] == []
