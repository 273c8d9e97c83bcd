"""The page that reads a cohort in the reader's browser, opened from the disk as a reader may."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
import tinybook
from playwright.sync_api import Browser, Page, expect

from cartanalysis import intake
from cartanalysis.contract import DEFAULT_COHORT, derive
from cartanalysis.stats import response, survival
from cartanalysis.text import format_interval, format_value

PATIENTS = derive(intake.read(DEFAULT_COHORT).table)


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    """A book with the page."""
    tiny = tinybook.make(tmp_path_factory.mktemp("try") / "tiny")
    shutil.copytree(tinybook.ROOT / "book" / "try", tiny / "book" / "try")
    (tiny / "book" / "try-your-cohort.md").write_text(
        "# Try your cohort\n\n```{try-your-cohort}\n```\n"
    )
    with (tiny / "_toc.yml").open("a") as toc:
        toc.write("- file: book/try-your-cohort\n")
    assert tinybook.run(tiny) == 0
    return (tiny.parent / "site" / "book" / "try-your-cohort.html").as_uri()


@pytest.fixture(params=[1280, 390], ids=["desktop", "phone"])
def page(request, browser: Browser, address: str) -> Iterator[Page]:
    """The page, which may not complain, fetch anything from outside or overflow."""
    opened = browser.new_page(viewport={"width": request.param, "height": 800})
    trouble: list[str] = []
    opened.on("pageerror", lambda e: trouble.append(f"error {e}"))
    opened.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
    opened.on("dialog", lambda d: trouble.append(f"dialog {d.message}"))
    opened.on(
        "request",
        lambda r: None if r.url.startswith(("file:", "data:")) else trouble.append(r.url),
    )
    opened.goto(address)
    yield opened
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert opened.evaluate("window.pwned") is None
    assert trouble == []
    opened.close()


def give(page: Page, text: str, name: str = "cohort.csv") -> None:
    """Choose a file."""
    file = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("#try-file").set_input_files(files=[file])
    expect(page.get_by_role("status")).to_contain_text(f"{name}: ", timeout=30_000)


def table(page: Page, caption: str) -> list[list[str]]:
    """Read a table's body."""
    rows = page.locator(f'.cart-table[aria-label^="{caption}"] tbody tr')
    return [row.locator("th, td").all_inner_texts() for row in rows.all()]


def test_an_example_gives_the_numbers_of_the_package(page):
    page.get_by_role("button", name="an2020").click()
    assert "47 patients, no problem found" in page.get_by_role("status").inner_text()
    median = survival.median(PATIENTS, "os").iloc[0]
    year = survival.survival_at(PATIENTS, "os", [365]).iloc[0]
    assert table(page, "Overall survival: medians and survival at 1 year") == [
        [
            "all patients",
            str(median["n"]),
            str(median["events"]),
            format_value(median["estimate"], "days"),
            format_interval(median["lower"], median["upper"], "days"),
            format_value(year["estimate"], "fraction"),
            format_interval(year["lower"], year["upper"], "fraction"),
        ]
    ]
    rate = response.remission(PATIENTS).iloc[0]
    assert table(page, "Remission (CR or CRi)") == [
        [
            "all patients",
            f"{rate['events']} of {rate['n']}",
            format_value(rate["estimate"], "fraction"),
            format_interval(rate["lower"], rate["upper"], "fraction"),
        ]
    ]
    values = table(page, "Published values and this cohort")
    directions = table(page, "Published directions, by the log-rank test (remission: Fisher's")
    verdicts = {row[0]: row[-1] for row in values + directions}
    assert verdicts["remission"] == "equal at the printed rounding"
    assert verdicts["OS, any EMD"].startswith("supports (few patients or events")
    assert verdicts["OS, high Tregs"] == "supports"
    assert "Cox model" in verdicts["OS, any EMD, adjusted"]
    assert page.locator("#try-command").inner_text() == "cartanalysis publish an2020 --out my-site"
    assert page.locator("svg[role=img] desc").first.text_content().startswith("all patients: ")


def test_groups_are_compared_by_keyboard(page):
    page.get_by_role("button", name="an2020").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # to the other example
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "try-by"
    page.get_by_label("Compare by").select_option("emd_any")
    p = format_value(survival.log_rank(PATIENTS, "os", "emd_any").iloc[0]["p"], "p")
    assert "Log-rank test, none vs any: χ² " in page.inner_text("#cart-try")
    assert p in page.inner_text("#cart-try")
    rates = response.remission(PATIENTS, "emd_any")
    shown = table(page, "Remission by extramedullary disease, any")
    assert [row[1] for row in shown] == [
        f"{e} of {n}" for e, n in zip(rates.events, rates.n, strict=True)
    ]
    page.get_by_label("Cut-off for high Tregs").fill("8")
    page.keyboard.press("Tab")
    assert "above 8 %" in page.inner_text("#try-hint")
    assert page.locator("#try-command").inner_text().endswith("-p treg_cutoff=8")


def test_another_example_and_what_it_lacks(page):
    page.get_by_role("button", name="leukemia").click()
    text = page.inner_text("#cart-try")
    assert "This cohort has no values in the columns os_days and os_event." in text
    page.get_by_label("Compare by").select_option("arm")
    assert "Log-rank test, 6-MP vs placebo: χ² 16.79, 1 degree of freedom, p < 0.001." in (
        page.inner_text("#cart-try")
    )


def test_problems_are_told_with_their_place(page):
    give(page, "patient_id,sex,os_days,os_event\nA,unknown,12 mo,1\nB,F,3,2\n", "it's mine.csv")
    assert "3 problems found" in page.get_by_role("status").inner_text()
    rows = table(page, "Problems found; rows count from the header, which is row 1")
    assert [row[:3] for row in rows] == [
        ["2", "os_days", "“12 mo”"],
        ["2", "sex", "“unknown”"],
        ["3", "os_event", "“2”"],
    ]
    assert not page.get_by_label("Compare by").is_visible()
    assert page.locator("#try-validate").is_visible()
    assert page.inner_text("#try-validate") == "cartanalysis validate 'it'\\''s mine.csv'"
    give(page, "patient_id,sex\nA,F\n", "it's mine too.csv")
    assert "1 patient, no problem found" in page.get_by_role("status").inner_text()
    assert not page.locator("#try-validate").is_visible()
    assert page.locator("#try-command").inner_text() == (
        "cartanalysis publish 'it'\\''s mine too.csv' --out my-site"
    )


def test_text_from_a_file_is_only_text(page):
    hostile = "<img src=x onerror=window.pwned=1>"
    give(page, f"patient_id,sex,arm\n{hostile},{hostile},a\n", f"{hostile.replace('/', '')}.csv")
    assert hostile in page.inner_text("#cart-try")
    rows = "".join(f"P{i},{arm},{i},1\n" for i, arm in enumerate([hostile, "=1+1"] * 4))
    give(page, f"patient_id,arm,os_days,os_event,<b>x</b>\n{rows}".replace("1\n", "1,\n"))
    page.get_by_label("Compare by").select_option("arm")
    assert hostile in page.inner_text("#cart-try")
    assert page.locator("#cart-try img, #cart-try b").count() == 0


def test_too_many_patients_are_refused(page):
    give(page, "patient_id\n" + "".join(f"P{i}\n" for i in range(20_001)))
    assert "The table has more than 20,000 rows" in page.inner_text("#cart-try")


def test_what_a_spreadsheet_program_saves_is_refused(page, tmp_path):
    path = tmp_path / "cohort.xlsx"
    path.write_bytes(b"PK\x03\x04\x00\x00")
    page.locator("#try-file").set_input_files(path)
    expect(page.get_by_role("status")).to_contain_text("1 problem found")
    assert "The file is not plain text" in page.inner_text("#cart-try")
