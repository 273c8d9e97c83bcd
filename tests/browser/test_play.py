"""The controls within chapters: the package's numbers, by keyboard, mouse and touch."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import tinybook
from playwright.sync_api import Browser, Locator, Page, expect

from cartanalysis import intake
from cartanalysis.contract import DEFAULT_COHORT, derive
from cartanalysis.publish import play
from cartanalysis.publish.browser_ext import IDEAS
from cartanalysis.stats import permutation, survival
from cartanalysis.study import consistent
from cartanalysis.text import format_interval, format_value

PATIENTS = derive(intake.read(DEFAULT_COHORT).table)
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    """A chapter with every control."""
    tiny = tinybook.make(tmp_path_factory.mktemp("play") / "tiny")
    shutil.copytree(tinybook.ROOT / "book" / "try", tiny / "book" / "try")
    fences = "".join(f"# ```{{play}} {idea}\n# ```\n" for idea in IDEAS)
    with (tiny / "notebooks" / "one.py").open("a") as chapter:
        chapter.write(f"\n# %% [markdown]\n{fences}")
    assert tinybook.run(tiny) == 0
    return (tiny.parent / "site" / "notebooks" / "one.html").as_uri()


@pytest.fixture(params=[(1280, "light"), (360, "dark")], ids=["desktop", "phone"])
def page(request, browser: Browser, address: str) -> Iterator[Page]:
    """The chapter, which may not complain, fetch anything from outside or overflow."""
    width, theme = request.param
    opened = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
    trouble: list[str] = []
    opened.on("pageerror", lambda e: trouble.append(f"error {e}"))
    opened.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
    opened.on(
        "request",
        lambda r: None if r.url.startswith(("file:", "data:")) else trouble.append(r.url),
    )
    opened.goto(address)
    yield opened
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert trouble == []
    opened.close()


def control(page: Page, idea: str) -> Locator:
    """Find a control."""
    return page.locator(f"[data-play='{idea}']")


def told(page: Page, idea: str) -> str:
    """Read what a control says."""
    return control(page, idea).get_by_role("status").inner_text().replace("\u00a0%", " %")


def one_year(patients: pd.DataFrame, by: str | None = None) -> list[str]:
    """Compute survival at 1 year as the book prints it."""
    rows = survival.survival_at(patients, "os", [365], by)
    return [format_value(estimate, "fraction") for estimate in rows["estimate"]]


def moved(patient: str, day: int, event: int = 0) -> pd.DataFrame:
    """Give a patient another end of follow-up."""
    own = PATIENTS["patient_id"] == patient
    assert own.sum() == 1
    return PATIENTS.assign(
        os_days=PATIENTS["os_days"].mask(own, day), os_event=PATIENTS["os_event"].mask(own, event)
    )


@pytest.mark.parametrize("day", [10, 300, 1000])
def test_a_censored_patient_moves_the_curve(page, day):
    box = control(page, "censored")
    first = PATIENTS[PATIENTS["os_event"] == 0].sort_values("os_days").iloc[0]
    assert f"{first['patient_id']} was last seen alive on day {first['os_days']:g}." in told(
        page, "censored"
    )
    box.get_by_label("Day", exact=True).fill(str(day))
    for event, what in ((0, "was last seen alive"), (1, "died")):
        box.get_by_label("died on that day").set_checked(bool(event))
        patients = moved(first["patient_id"], day, event)
        row = survival.survival_at(patients, "os", [365]).iloc[0]
        interval = format_interval(row["lower"], row["upper"], "fraction")
        assert told(page, "censored") == (
            f"{first['patient_id']} {what} on day {day}. Survival at 1 year: "
            f"{format_value(row['estimate'], 'fraction')} (95 % interval {interval}); "
            f"as recorded, {one_year(PATIENTS)[0]}."
        )


def test_another_patient_by_keyboard(page):
    box = control(page, "censored")
    box.get_by_label("Patient", exact=True).focus()
    page.keyboard.press("ArrowDown")
    second = PATIENTS[PATIENTS["os_event"] == 0].sort_values("os_days").iloc[1]
    start = f"{second['patient_id']} was last seen alive on day "
    assert told(page, "censored").startswith(f"{start}{second['os_days']:g}.")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert told(page, "censored").startswith(f"{start}{second['os_days'] + 2:g}.")
    slider = box.get_by_label("Day", exact=True)
    expect(slider).to_be_focused()
    assert slider.get_attribute("aria-valuetext") == f"day {second['os_days'] + 2:g}"
    assert slider.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


def handle(page: Page) -> tuple[float, float]:
    """Find the middle of the handle on the screen."""
    box = control(page, "censored").locator("circle.try-handle").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def day_of(page: Page) -> int:
    """Read the day that the control shows."""
    return int(re.search(r"on day (\d+)\.", told(page, "censored"))[1])


def test_the_handle_is_dragged(page):
    control(page, "censored").locator("figure").scroll_into_view_if_needed()
    before, (x, y) = day_of(page), handle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    assert abs(day_of(page) - before) <= 10, "the handle stays below the pointer"
    page.mouse.move(x + 60, y, steps=4)
    page.mouse.up()
    assert day_of(page) > before + 50
    assert abs(handle(page)[0] - x - 60) < 3
    after = day_of(page)
    page.mouse.move(x, y)
    assert day_of(page) == after, "nothing moves once it is let go"


def test_the_handle_is_dragged_by_a_finger(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    page = context.new_page()
    page.goto(address)
    control(page, "censored").locator("figure").scroll_into_view_if_needed()
    before, (x, y) = day_of(page), handle(page)
    fingers = context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": px, "y": py} for px, py in points]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", (x, y))
    for step in range(1, 7):
        touch("touchMove", (x + 10 * step, y))
    touch("touchEnd")
    assert day_of(page) > before + 50
    context.close()


def shown_p(text: str, name: str = "Log-rank test") -> list[str]:
    """Read the p-values of a sentence."""
    assert name in text
    return re.findall(r"p [=<>] [\d.]+(?<!\.)", text)


@pytest.mark.parametrize("steps", [0, -5, 3])
def test_the_cut_off_makes_the_groups(page, steps):
    slider = control(page, "cut-off").get_by_role("slider")
    slider.focus()
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
    values = PATIENTS["treg_pct"]
    below = values.map(lambda value: (values <= value).mean())
    cuts = sorted(set(values[below.between(0.2, 0.8)]))
    cut = cuts[cuts.index(values.median()) + steps]
    patients = derive(PATIENTS.drop(columns="treg_group"), treg_cutoff=cut)
    p = survival.log_rank(patients, "os", "treg_group")["p"].iloc[0]
    high = int((values > cut).sum())
    assert min(high, len(values) - high) >= permutation.FEW_PATIENTS
    text = told(page, "cut-off")
    assert text.startswith(f"{high} patients above {cut:g} %, {len(values) - high} not above. ")
    corrected = format_value(min(1, p * len(cuts)), "p")
    assert text.endswith(
        f"Log-rank test: {format_value(p, 'p')}; "
        f"corrected for a search among {len(cuts)} cut-offs: {corrected}."
    )
    says = control(page, "cut-off").locator("desc").text_content()
    low, high_group = one_year(patients, "treg_group")
    assert says == f"low Tregs: at 1 year {low}; high Tregs: at 1 year {high_group}."


@pytest.mark.parametrize("weeks", [0, 4, 15, 26])
def test_the_landmark_moves(page, weeks):
    control(page, "landmark").get_by_role("slider").fill(str(weeks))
    patients = survival.landmark(PATIENTS, "os", 7 * weeks)
    sizes = patients["responder"].value_counts()
    p = permutation.compare(patients, "os", "responder")["p"].iloc[0]
    text = told(page, "landmark")
    assert text.startswith(
        f"From day {7 * weeks}: {sizes['yes']} patients in remission, {sizes['no']} without; "
        f"{len(PATIENTS) - len(patients)} left out. "
    )
    assert shown_p(text, "Log-rank test by permutation") == [format_value(p, "p")]
    says = control(page, "landmark").locator("desc").text_content()
    without, remission = one_year(patients, "responder")
    assert says == f"no remission: at 1 year {without}; remission: at 1 year {remission}."


@pytest.mark.parametrize("place", [1, 17, 40])
def test_the_cohorts_are_stepped_through(page, place):
    ratios = play.stepped_through()
    assert [*ratios] == sorted(ratios)
    cohorts = consistent.cohorts()
    patients = derive(cohorts[cohorts["seed"] == ratios.index[place - 1]].drop(columns="seed"))
    without, emd = one_year(patients, "emd_any")
    control(page, "cohorts").get_by_role("slider").fill(str(place - 1))
    assert told(page, "cohorts").removesuffix(" The book computes on this cohort.") == (
        f"Cohort {place} of 40: hazard ratio {ratios.iloc[place - 1]:.2f}, patients with EMD "
        f"against those without. Alive at 1 year: {emd} with EMD, {without} without."
    )
    assert control(page, "cohorts").locator("circle.try-dot").count() == 40


def test_the_cohort_of_the_book_comes_first(page):
    assert told(page, "cohorts").endswith("The book computes on this cohort.")
    survival_here = one_year(PATIENTS, "emd_any")
    assert all(share in told(page, "cohorts") for share in survival_here)
    assert consistent.range_text("emd_os") in control(page, "cohorts").inner_text()


def test_without_script_nothing_is_there(browser, address):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(address)
    for idea in IDEAS:
        expect(control(page, idea)).to_be_hidden()
    page.context.close()


def test_axe_finds_nothing(page):
    if not AXE.is_file():
        pytest.skip("axe-core is not there: run `npm ci` in tests/browser to check accessibility")
    page.add_script_tag(path=str(AXE))
    # (to load the style sheets anew, as it would, is refused to a file)
    run = "axe.run('.cart-play', { preload: false }).then(r => r.violations)"
    violations = page.evaluate(run)
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in violations] == []
