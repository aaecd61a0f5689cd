"""The tab "About", and what all tabs have in common, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.app.ui.browsing import WAIT

TABS = ("Edit", "Blend", "Random", "Batch", "About")


def test_about_tells_of_the_model_that_is_chosen_and_of_this_machine(page: Page) -> None:
    page.get_by_role("tab", name="About").click()
    card = page.locator("#about-model")
    expect(card).to_contain_text("64 × 64")
    expect(card).to_contain_text("11.5 million parameters")
    expect(page.locator("#about")).to_contain_text("non-commercial research")
    expect(page.locator("#about-privacy")).to_contain_text("Nothing.")
    expect(page.locator("#about")).to_contain_text("Ask people before you edit their faces")
    page.click("#measure")
    expect(page.locator("#about-machine")).to_contain_text("runs on: CPU")
    expect(page.locator("#about-machine")).to_contain_text("pictures a second")
    page.click("#model input")
    page.get_by_role("option", name="faces-128").click()
    expect(card).to_contain_text("128 × 128")
    expect(card).to_contain_text("26,998 pictures of CelebA-HQ")


def test_nothing_jumps_between_tabs_and_all_fit_a_phone(browser: Browser, address: str) -> None:
    for width, height in ((1366, 900), (390, 844)):
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(WAIT)
        page.goto(address)
        page.wait_for_selector("#photo input[type=file]", state="attached")
        tabs = page.get_by_role("tablist")
        at, before = tabs.bounding_box(), None
        while at != before:  # a busy machine still loads
            page.wait_for_timeout(500)
            at, before = tabs.bounding_box(), at
        places = []
        for name in TABS:
            page.get_by_role("tab", name=name).click()
            expect(page.get_by_role("tabpanel")).to_have_count(1)
            box = tabs.bounding_box()
            assert box is not None
            places.append((box["x"], box["y"], box["width"]))
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate("document.documentElement.scrollHeight") >= height - 5
        assert len(set(places)) == 1
        page.close()
