"""The page in Korean and in Chinese, its messages too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from app.ui.languages import ENGLISH, LANGUAGES, catalogue
from app.ui.languages.preferred_language import preferred_language
from app.ui.words import explain, localised, say, t
from faces import PhotoError
from tests.app.ui.browsing import WAIT
from tests.app.ui.looks.translating import found, to_do

OpenPage = Callable[[str], Page]


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """Opens the page in a browser of some language."""
    pages = []

    def opened(locale: str) -> Page:
        page = browser.new_page(locale=locale, viewport={"width": 1366, "height": 900})
        pages.append(page)
        page.set_default_timeout(WAIT)
        page.goto(address)
        page.wait_for_selector("#photo input[type=file]", state="attached")
        return page

    yield opened
    for page in pages:
        page.close()


def test_every_text_has_its_translations_and_every_translation_is_used() -> None:
    assert to_do() == {language: {} for language in LANGUAGES}, "see python -m tests.app.ui.looks.translating"
    assert found().glued == []


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != ENGLISH])
def test_translations_put_in_what_the_english_does(language: str) -> None:
    for text, translation in catalogue(language).texts.items():
        assert sorted(re.findall(r"\{\w+\}", translation)) == sorted(re.findall(r"\{\w+\}", text)), text
    for text, translation in catalogue(language).errors.items():
        places = {int(place) for place in re.findall(r"\{(\d+)\}", translation)}
        assert places <= set(range(text.count("{}"))), text
        assert translation.strip()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("ko-KR,ko;q=0.9,en-US;q=0.8", "ko"), ("zh-CN,zh;q=0.9", "zh"), ("de-DE,de;q=0.9,ko;q=0.1", "ko"),
        ("en;q=0.5,zh;q=0.9", "zh"), ("en-GB,ko;q=0.9", "en"), ("ko;q=0,en", "en"), ("de", "en"), ("", "en"),
        (None, "en"), ("ko;q=x, *;;;,,", "ko"), ("korean", "en"),
    ],
)  # fmt: skip
def test_the_browser_s_languages_are_understood(accepted: str | None, language: str) -> None:
    assert preferred_language(accepted) == language


def test_a_mark_becomes_a_text_but_what_the_page_sends_back_stays() -> None:
    face = t("Edit")
    field = {"choices": [[face, face], ["x", "y"]], "value": face, "label": f"{face}: {face}"}
    told = localised("ko", field)
    assert told == {"choices": [["편집", face], ["x", "y"]], "value": face, "label": "편집: 편집"}
    assert localised("en", [face]) == ["Edit"]
    assert t("Somebody's own slider") == "Somebody's own slider"
    assert say("zh", "Somebody's {name}", name="x") == "Somebody's x"


def test_errors_and_what_they_put_in_are_translated() -> None:
    error = PhotoError("'a.png' is empty (0 bytes). Choose a PNG, JPEG, WebP, TIFF, BMP, GIF or AVIF picture.")
    assert (
        explain("ko", error)
        == "'a.png': 빈 파일입니다(0바이트). PNG, JPEG, WebP, TIFF, BMP, GIF 또는 AVIF 그림을 고르세요."
    )
    assert explain("zh", "no photo is open; open one first.") == "没有打开的照片；请先打开一张。"
    assert explain("en", "no photo is open; open one first.") == "No photo is open; open one first."
    assert explain("ko", "what nobody has translated: {x}.") == "What nobody has translated: {x}."


@pytest.mark.parametrize(
    ("locale", "tabs", "refusal"),
    [
        ("ko-KR", ["편집", "합성", "무작위"], "읽을 수 있는 그림이 아닙니다"),
        ("zh-CN", ["编辑", "融合", "随机"], "不是可以读取的图片"),
    ],
)
def test_the_page_and_its_messages_speak_the_browser_s_language(
    open_page: OpenPage, tmp_path: Path, locale: str, tabs: list[str], refusal: str
) -> None:
    page = open_page(locale)
    assert page.evaluate("document.documentElement.lang") == LANGUAGES[preferred_language(locale)]
    shown = page.get_by_role("tab").all_inner_texts()
    assert [tab for tab in shown if tab in tabs] == tabs
    assert not re.search("[\ue000-\uf8ff]", page.locator("body").inner_text())
    (tmp_path / "notes.png").write_text("no picture")
    page.set_input_files("#photo input[type=file]", str(tmp_path / "notes.png"))
    page.wait_for_selector(f"text={refusal}")
    page.wait_for_selector(f".toast-title:has-text('{say(preferred_language(locale), 'Warning')}')")
    page.get_by_role("tab").nth(3).click()
    page.click("#batch-what input")
    page.get_by_role("option", name=say(preferred_language(locale), "Evening make-up")).wait_for()


def test_the_app_can_be_installed_and_its_manifest_speaks_too(browser: Browser, address: str) -> None:
    manifest = httpx.get(f"{address}/manifest.json", headers={"Accept-Language": "ko"}, trust_env=False).json()
    assert manifest["lang"] == "ko"
    assert re.search("[가-힣]", manifest["description"])
    page = browser.new_page()
    page.goto(address)
    session = page.context.new_cdp_session(page)
    errors = [error["errorId"] for error in session.send("Page.getInstallabilityErrors")["installabilityErrors"]]
    assert errors in ([], ["in-incognito"])  # which a browser of tests always is
    assert session.send("Page.getAppManifest")["errors"] == []
    page.close()
