"""Values are read off the figures by mouse, touch and keyboard, and equal the data files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import tinybook
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from cartanalysis.text import format_value

CHAPTER = """# %% [markdown]
# # How long?

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1

# %%
from cartanalysis import Study

study = Study("one", cohort, min_cell=min_cell)
study.hand_over(orr=study.remission().rate)
study.show(study.survival("os", by="treg_group").figure("km", "Survival."))
factors = ["emd_any", "treg_group", "genetic_risk"]
models = [study.hazard_ratios(end, factors) for end in ("os", "rfs")]
forest = study.forest(*models, labels={f: f for f in factors})
study.show(forest.figure("forest", "Ratios."))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    tiny = tinybook.make(tmp_path_factory.mktemp("figures") / "tiny")
    (tiny / "notebooks" / "one.py").write_text(CHAPTER)
    assert tinybook.run(tiny) == 0
    return tiny.parent / "site"


Opener = Callable[..., Page]


@pytest.fixture
def opened(site, browser: Browser) -> Iterator[Opener]:
    """Open the chapter in a browser of any kind; whatever goes wrong on the page fails the test."""
    contexts: list[BrowserContext] = []
    trouble: list[str] = []

    def make(**kind) -> Page:
        contexts.append(browser.new_context(**kind))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda e: trouble.append(str(e)))
        page.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
        page.on(
            "request",
            lambda r: None if r.url.startswith(("file:", "data:")) else trouble.append(r.url),
        )
        page.goto((site / "notebooks" / "one.html").as_uri())
        return page

    yield make
    for context in contexts:
        context.close()
    assert trouble == []


PHONE = {"viewport": {"width": 360, "height": 700}, "has_touch": True, "is_mobile": True}


def stage_of(page: Page, name: str) -> Locator:
    stage = page.locator(f"#fig-{name} .cart-stage")
    stage.evaluate("e => e.scrollIntoView({block: 'center', behavior: 'instant'})")
    return stage


def place(stage: Locator, x: float, y: float) -> tuple[float, float]:
    """Give the window's pixel at a fraction of the picture, inside the picture's padding."""
    box = stage.locator("img").bounding_box()
    room = stage.locator("img").evaluate("e => parseFloat(getComputedStyle(e).paddingLeft)")
    assert box
    width, height = box["width"] - 2 * room, box["height"] - 2 * room
    return box["x"] + room + width * x, box["y"] + room + height * y


def values(page: Page, name: str) -> dict:
    return json.loads(page.locator(f"#fig-{name} .cart-readout-data").text_content() or "")


def at_day(page: Page, day: float, y: float = 0.4) -> tuple[float, float]:
    """Give the fraction of the picture at which a day stands."""
    data = values(page, "km")
    left, _, width, _ = data["box"]
    return left + width * (day - data["x"][0]) / (data["x"][1] - data["x"][0]), y


def told(stage: Locator) -> str:
    card = stage.locator(".cart-readout")
    card.wait_for(state="visible")
    return card.inner_text().replace("\u00a0", " ")


def expected_km(site: Path, day: float) -> list[str]:
    """Read the data file as a reader would: survival after the day, at risk before it."""
    lines = []
    for name, curve in pd.read_csv(site / "data" / "km.csv").groupby("group", sort=False):
        last = curve[curve["time"] <= day].iloc[-1]
        later = curve[curve["time"] >= day]
        text = format_value(last["estimate"], "fraction")
        if pd.notna(last["lower"]):
            low, high = (format_value(last[c], "fraction") for c in ("lower", "upper"))
            text += f" ({low} to {high})"
        lines.append(f"{name}: {text}, {later['at_risk'].iloc[0]} at risk")
    return lines


def expected_forest(site: Path, row: int) -> list[str]:
    entry = pd.read_csv(site / "data" / "forest.csv").iloc[row]
    value, low, high = (f"{entry[c]:.2f}" for c in ("estimate", "lower", "upper"))
    return [
        f"{entry['series']}: {entry['label']}",
        f"hazard ratio {value} (95 % CI {low} to {high})",
        format_value(entry["p"], "p"),
    ]


def check_day(site: Path, text: str) -> int:
    """Make sure that what is told is what the file has on the day that is told."""
    first, *lines = text.splitlines()
    day = int(re.fullmatch(r"Day (\d+) \(95 % CI in brackets\)", first)[1])  # type: ignore[index]
    assert lines == expected_km(site, day)
    return day


def test_the_mouse_reads_a_curve_and_a_row(site, opened):
    page = opened(viewport={"width": 1280, "height": 800})
    stage = stage_of(page, "km")
    assert stage.locator(".cart-readout").is_hidden()
    for day in (0, 100, 365):
        page.mouse.move(*place(stage, *at_day(page, day)))
        assert abs(check_day(site, told(stage)) - day) <= 2, "a pixel is about two days"
    page.mouse.move(1, 1)
    assert stage.locator(".cart-readout").is_hidden()
    stage = stage_of(page, "forest")
    rows = values(page, "forest")["rows"]
    for i, row in enumerate(rows):
        page.mouse.move(*place(stage, 0.5, row["at"]["y"]))
        assert told(stage).splitlines()[:3] == expected_forest(site, i)
        dot, target = stage.locator(".cart-dot").bounding_box(), place(stage, *row["at"].values())
        assert dot
        assert dot["x"] + dot["width"] / 2 == pytest.approx(target[0], abs=1)
        assert dot["y"] + dot["height"] / 2 == pytest.approx(target[1], abs=1)


@pytest.mark.parametrize("kind", [{"viewport": {"width": 1280, "height": 800}}, PHONE])
def test_the_card_leaves_the_picture_free_and_the_counts_are_marked(opened, kind):
    page = opened(**kind)
    stage = stage_of(page, "km")
    data = values(page, "km")
    image = stage.locator("img").bounding_box()
    assert image
    assert len(data["ticks"]) > 3
    for day in (0, 170, 200, 700):
        tick = min(data["ticks"], key=lambda at: abs(at - day))
        page.mouse.move(*place(stage, *at_day(page, day)))
        told(stage)
        card = stage.locator(".cart-readout").bounding_box()
        mark = stage.locator(".cart-column").bounding_box()
        assert card
        assert mark
        is_above = card["y"] + card["height"] <= image["y"]
        assert is_above or card["y"] >= image["y"] + image["height"]
        assert mark["x"] + mark["width"] / 2 == pytest.approx(
            place(stage, *at_day(page, tick))[0], abs=1
        )
        bottom = image["y"] + image["height"] * (data["box"][1] + data["box"][3])
        assert mark["y"] == pytest.approx(bottom, abs=1)


def test_the_keyboard_walks_along_a_curve_and_down_the_rows(site, opened):
    page = opened(viewport={"width": 1280, "height": 800})
    stage = page.locator("#fig-km .cart-stage")
    for _ in range(60):
        page.keyboard.press("Tab")
        if stage.evaluate("e => e === document.activeElement"):
            break
    assert check_day(site, told(stage)) == 0
    times = sorted(pd.read_csv(site / "data" / "km.csv")["time"].unique())
    for time in times[1:6]:
        page.keyboard.press("ArrowRight")
        assert check_day(site, told(stage)) == time
    page.keyboard.press("Shift+ArrowRight")
    assert check_day(site, told(stage)) == times[5] + 1
    page.keyboard.press("ArrowLeft")
    assert check_day(site, told(stage)) == times[5]
    page.keyboard.press("Home")
    assert check_day(site, told(stage)) == 0
    page.keyboard.press("End")
    assert told(stage).startswith(f"Day {times[-1]:.0f} ")
    page.keyboard.press("ArrowRight")
    assert told(stage).startswith(f"Day {times[-1]:.0f} "), "there is nothing further"
    page.keyboard.press("Escape")
    assert stage.locator(".cart-readout").is_hidden()
    assert not stage.evaluate("e => e === document.activeElement")
    stage = stage_of(page, "forest")
    stage.focus()
    assert told(stage).splitlines()[:3] == expected_forest(site, 0)
    page.keyboard.press("ArrowDown")
    assert told(stage).splitlines()[:3] == expected_forest(site, 1)
    page.keyboard.press("End")
    assert told(stage).splitlines()[:3] == expected_forest(site, 5)
    page.keyboard.press("ArrowUp")
    assert told(stage).splitlines()[:3] == expected_forest(site, 4)
    assert stage.locator(".cart-readout").get_attribute("aria-live") == "polite"


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Move a finger over the page, as Playwright's own touchscreen cannot."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touched = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})
        page.wait_for_timeout(50)

    send("touchStart", start)
    for share in (i / 8 for i in range(1, 9)):
        (x0, y0), (x1, y1) = start, end
        send("touchMove", (x0 + (x1 - x0) * share, y0 + (y1 - y0) * share))
    send("touchEnd")
    page.wait_for_timeout(300)  # a flick goes on for a while


def test_a_finger_taps_drags_and_still_scrolls(site, opened):
    page = opened(**PHONE)
    stage = stage_of(page, "km")
    page.touchscreen.tap(*place(stage, *at_day(page, 200)))
    assert abs(check_day(site, told(stage)) - 200) <= 6
    drag(page, place(stage, *at_day(page, 100)), place(stage, *at_day(page, 400)))
    assert abs(check_day(site, told(stage)) - 400) <= 6
    before = page.evaluate("scrollY")
    x, y = place(stage, 0.5, 0.6)
    drag(page, (x, y), (x, y - 200))
    assert page.evaluate("scrollY") > before + 50, "up and down scrolls the page"
    page.locator("#fig-km .caption-text").tap()
    assert stage.locator(".cart-readout").is_hidden()
    stage = stage_of(page, "forest")
    row = values(page, "forest")["rows"][4]
    page.touchscreen.tap(*place(stage, 0.5, row["at"]["y"]))
    assert told(stage).splitlines()[:3] == expected_forest(site, 4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_a_narrow_phone(opened, scheme):
    page = opened(**PHONE, color_scheme=scheme, reduced_motion="reduce")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for name in ("km", "forest"):
        stage = stage_of(page, name)
        for x in (0.02, 0.5, 0.98):
            page.touchscreen.tap(*place(stage, x, 0.5))
            told(stage)
            card = stage.locator(".cart-readout").bounding_box()
            assert card
            assert card["x"] >= 0
            assert card["x"] + card["width"] <= 360
            assert card["y"] + card["height"] <= 700, "within the window"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for more in page.locator(".cart-provenance").all():
        assert more.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_without_scripts_the_picture_and_its_data_stand(site, opened):
    page = opened(viewport={"width": 1280, "height": 800}, java_script_enabled=False)
    for name in ("km", "forest"):
        picture = page.locator(f"#fig-{name} img")
        box = picture.bounding_box()
        assert box
        assert min(box["width"], box["height"]) > 200
        assert picture.get_attribute("alt")
    assert page.locator(".cart-readout, .cart-hint").count() == 0
    assert "{" not in page.locator("#fig-km").inner_text()
    page.locator("#fig-km summary").click()
    for link in page.locator("#fig-km .cart-provenance a[download]").all():
        assert (site / "notebooks" / str(link.get_attribute("href"))).resolve().is_file()
    said = page.locator("#fig-km .cart-provenance").inner_text()
    digest = json.loads((site / "run.json").read_text())["cohort"]["sha256"]
    for part in (digest[:12], "cartanalysis.stats.survival.kaplan_meier", "an2020", "assumed"):
        assert part in said
