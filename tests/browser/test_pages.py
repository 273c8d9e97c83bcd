"""Every page in a real browser: widths, themes, keyboard, axe, weight, a stranger's walk."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import jupytext
import pytest
from conftest import ROOT
from playwright.sync_api import Browser, Locator, Page, expect

from cartanalysis import __version__
from cartanalysis.publish.book import Book

BOOK = Book(ROOT)
PAGES = [*BOOK.pages, "search", "genindex"]
THEMES = ("light", "dark")
WIDTHS = (360, 768, 1280)
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
AXE_RUN = "axe.run({resultTypes: ['violations']}).then(r => r.violations)"
FIRST_VISIT, LATER_VISIT = 600_000, 150_000
"""Most bytes that a chapter may transfer, compressed."""
TEXT = {".html", ".css", ".js", ".svg", ".json", ".csv"}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass

    def send_error(self, code: int, *args: object) -> None:
        # browsers ask for an icon by themselves; no page names one
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        else:
            super().send_error(code, *args)


@pytest.fixture(scope="session")
def address(default_site: Path) -> Iterator[str]:
    """Where the book is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(default_site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def opened(browser: Browser, width: int = 1280, theme: str = "light") -> tuple[Page, list[str]]:
    """Open a tab that writes down everything that goes wrong in it."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=theme, reduced_motion="reduce"
    )
    page, trouble = context.new_page(), []
    page.on(
        "console",
        lambda m: trouble.append(m.text) if m.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda e: trouble.append(f"error: {e}"))
    page.on(
        "request",
        lambda r: (
            None
            if urlsplit(r.url).hostname == "127.0.0.1" or r.url.startswith(("data:", "blob:"))
            else trouble.append(f"asks for {r.url}")
        ),
    )
    page.on("response", lambda r: trouble.append(f"{r.status} {r.url}") if r.status > 399 else None)
    return page, trouble


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_whole(address, browser, width, theme):
    page, trouble = opened(browser, width, theme)
    found = []
    for name in PAGES:
        page.goto(f"{address}/{name}.html", wait_until="load")
        wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if wide > 0:
            found.append(f"{name}: {wide} px too wide")
        for image in page.locator("img").all():
            if not (image.get_attribute("alt") or "").strip():
                found.append(f"{name}: image without alternative text")
            if not image.evaluate("i => i.decode().then(() => i.naturalWidth > 0)"):
                found.append(f"{name}: a picture does not load")
        if page.locator("input[type=search]").count() != 1:
            found.append(f"{name}: not one search box")
        if page.evaluate("document.documentElement.dataset.theme") != theme:
            found.append(f"{name}: not {theme}")
        found += [f"{name}: {t}" for t in trouble]
        trouble.clear()
    page.context.close()
    assert found == []


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_serious(address, browser, theme):
    if not AXE.is_file():
        pytest.skip("axe-core is not there: run `npm ci` in tests/browser to check accessibility")
    page, _ = opened(browser, theme=theme)
    found = []
    for name in PAGES:
        page.goto(f"{address}/{name}.html", wait_until="load")
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        page.add_script_tag(path=str(AXE))
        for violation in page.evaluate(AXE_RUN):
            if violation["impact"] in ("serious", "critical") or violation["id"] == "heading-order":
                nodes = [n["html"][:160] for n in violation["nodes"][:3]]
                found.append(f"{name}: {violation['id']}: {violation['help']}: {nodes}")
    page.context.close()
    assert found == []


def weight(site: Path, url: str) -> int:
    """Size of a file as a server sends it compressed."""
    path = site / urlsplit(url).path.lstrip("/")
    data = path.read_bytes()
    return len(gzip.compress(data, 6)) if path.suffix in TEXT else len(data)


def test_chapters_are_light(default_site, address, browser):
    heavy = []
    for first in BOOK.chapters:
        page, trouble = opened(browser)
        asked: list[str] = []
        page.on("requestfinished", lambda r: asked.append(r.url))  # noqa: B023
        page.goto(f"{address}/notebooks/{first}.html", wait_until="networkidle")
        page.mouse.wheel(0, 1_000_000)
        page.wait_for_load_state("networkidle")
        assets = {u for u in asked if urlsplit(u).path.startswith("/_static/")}
        whole = sum(weight(default_site, u) for u in set(asked) if not u.endswith("favicon.ico"))
        later = whole - sum(weight(default_site, u) for u in assets)
        assert asked and assets and trouble == []
        if whole > FIRST_VISIT or later > LATER_VISIT:
            heavy.append(f"{first}: {whole} bytes at first, {later} later")
        page.context.close()
    assert heavy == []


# --- by keyboard ---------------------------------------------------------------------------------


def test_keyboard_reaches_text_and_contents(address, browser):
    page, trouble = opened(browser, width=360)
    page.goto(f"{address}/notebooks/survival.html")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the text")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    contents = page.get_by_role("navigation", name="Contents")
    expect(contents).to_be_hidden()
    page.get_by_role("button", name="Contents").press("Enter")
    expect(contents).to_be_visible()
    page.keyboard.press("Escape")
    expect(contents).to_be_hidden()
    assert trouble == []
    page.context.close()


def test_focus_is_always_visible(address, browser):
    page, _ = opened(browser)
    page.goto(f"{address}/notebooks/remission.html")
    seen = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        about = page.evaluate(
            "(e => [e.outerHTML.slice(0, 80), getComputedStyle(e).outlineStyle])"
            "(document.activeElement)"
        )
        assert about[1] != "none", about
        seen.add(about[0])
    assert len(seen) > 20
    page.context.close()


def test_previews_of_terms_and_references(address, browser):
    page, trouble = opened(browser)
    page.goto(f"{address}/book/index.html")
    preview = page.get_by_role("tooltip")
    for link, words in (
        (page.locator(".bibtex-citation a").first, "Nature Communications"),
        (page.locator("a.cart-term").first, "percent of CD4"),
    ):
        link.hover()
        expect(preview).to_contain_text(words)
        page.mouse.move(0, 0)
        expect(preview).to_be_hidden()
        link.focus()
        expect(preview).to_contain_text(words)
        page.keyboard.press("Escape")
        expect(preview).to_be_hidden()
    assert trouble == []
    page.context.close()


def test_colours_can_be_chosen_and_stay(address, browser):
    page, _ = opened(browser)
    page.goto(f"{address}/book/index.html")
    button = page.get_by_role("button", name="Colours")
    button.click()
    expect(button).to_have_text("Light")
    button.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(f"{address}/notebooks/claims.html")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.context.close()


def test_search_finds(address, browser):
    page, trouble = opened(browser)
    page.goto(f"{address}/book/index.html")
    page.get_by_role("searchbox").fill("censored")
    page.get_by_role("searchbox").press("Enter")
    results = page.locator("#search-results a[href*='survival.html']")
    expect(results.first).to_be_visible(timeout=10_000)
    expect(page.get_by_role("searchbox")).to_have_value("censored")
    assert trouble == []
    page.context.close()


def test_without_script_everything_is_there(address, browser):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/notebooks/survival.html")
    expect(page.get_by_role("button", name="Colours")).to_be_hidden()
    expect(page.locator("#fig-os img")).to_be_visible()
    page.get_by_text("How to cite this version").click()
    expect(page.get_by_label("BibTeX")).to_be_visible()
    context.close()


# --- what a page offers --------------------------------------------------------------------------


def test_citation_and_downloads(default_site, address, browser):
    page, _ = opened(browser)
    page.goto(f"{address}/notebooks/survival.html")
    page.get_by_text("How to cite this version").click()
    expect(page.get_by_label("BibTeX")).to_contain_text(f"Version {__version__}; cohort an2020")
    page.get_by_text("Take this chapter with you").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Its source").click()
    got = jupytext.reads(Path(download.value.path()).read_text(), fmt="py:percent")
    source = jupytext.read(ROOT / "notebooks" / "survival.py", fmt="py:percent")
    assert [c.source for c in got.cells] == [c.source for c in source.cells]
    with page.expect_download() as download:
        page.get_by_role("link", name="The notebook as it ran").click()
    assert "At 1 year" in Path(download.value.path()).read_text()
    page.get_by_text("Run it", exact=True).click()
    expect(page.get_by_label("Command")).to_contain_text("papermill notebooks/survival.ipynb")
    page.context.close()


class Stranger:
    """Somebody who clicks only what can be seen, and counts."""

    def __init__(self, page: Page, start: str) -> None:
        self.page, self.clicks = page, 0
        page.goto(start)

    def click(self, target: Locator) -> None:
        """Click what is visible, nothing else."""
        expect(target).to_be_visible()
        target.click()
        self.clicks += 1

    def to_survival(self) -> None:
        """Follow the row of the landing page."""
        self.click(self.page.get_by_role("link", name="Alive at 1 year"))


def test_a_strangers_walk(default_site, address, browser):
    values = json.loads((default_site / "results.json").read_text())["values"]
    os_1y = next(v for v in values if v["id"] == "os_1y")
    page, trouble = opened(browser)
    start = f"{address}/book/index.html"

    # the value with its interval
    walk = Stranger(page, start)
    walk.to_survival()
    sentence = page.locator("p:visible", has_text="In short.").first
    expect(sentence).to_be_visible()
    for key in ("value", "lower", "upper"):
        expect(sentence).to_contain_text(f"{100 * os_1y[key]:.1f} %")
    assert walk.clicks <= 4

    # where the paper says so
    walk = Stranger(page, start)
    walk.to_survival()
    walk.click(
        page.get_by_label("On this page").get_by_role("link", name="Published beside computed")
    )
    row = page.get_by_role("row", name="survival at 1 year").first
    expect(row).to_be_in_viewport()
    expect(row).to_contain_text("Abstract")
    assert walk.clicks <= 4

    # its data
    walk = Stranger(page, start)
    walk.to_survival()
    data = page.locator("#fig-os a[href$='data/os.csv']").first
    if not data.is_visible():
        walk.click(page.locator("#fig-os summary").first)
    # (a browser shows or saves a CSV, as the link says; either is fine)
    page.evaluate("document.querySelectorAll('a[href$=\".csv\"]').forEach(a => a.download = '')")
    with page.expect_download() as download:
        walk.click(data)
    table = Path(download.value.path()).read_bytes()
    assert table == (default_site / "data" / "os.csv").read_bytes()
    assert len(table.splitlines()) > 10
    assert walk.clicks <= 4

    # its code
    walk = Stranger(page, start)
    walk.to_survival()
    code = page.locator("#the-books-result details", has_text="with_published").first
    walk.click(code.locator("summary"))
    expect(code.get_by_text("with_published", exact=False).first).to_be_visible()
    assert walk.clicks <= 4
    assert trouble == []
    page.context.close()
