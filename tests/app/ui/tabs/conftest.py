"""What the tests of the tabs share."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.app.ui.browsing import WAIT

expect.set_options(timeout=WAIT)
