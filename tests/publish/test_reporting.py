"""What a site offers to report from holds what its pages show, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import ROOT
from openpyxl import load_workbook
from tinybook import edit, make, run

from cartanalysis.cli import main
from cartanalysis.publish import reporting, tables

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FORMULA = "=1+1 & <two>"
SMALL = "tiny-arm"
TABLE = """
arms = study.remission(by="arm").rate
columns = {"group": "Arm", "n": "n", "events": "Remissions", "estimate": "Rate"}
study.show(arms.as_table(columns, "Remission by arm"))
study.hand_over_by_group("orr_arm", arms)
study.hand_over(hr=study.survival("os", by="sex").hazard_ratio)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A protected cohort of five arms; the three smallest are not to be shown."""
    root = tmp_path_factory.mktemp("report")
    tiny = make(root / "tiny")
    with (tiny / "notebooks" / "one.py").open("a") as chapter:
        chapter.write(TABLE)
    edit(tiny / "book" / "index.md", "# Tiny\n", "# Tiny\n\n```{methods-paragraph}\n```\n")
    patients = [(FORMULA, i) for i in range(30)] + [("B", i) for i in range(25)]
    patients += [(f"{SMALL}-{i // 4}", i % 4) for i in range(12)]
    rows = [
        {
            "patient_id": f"P{place}",
            "arm": arm,
            "sex": ["female", "male"][place % 2],
            "response": "NR" if i % 3 == 0 else "CR",
            "os_days": 100 + 17 * i + (5 if arm == "B" else 0),
            "os_event": int(i % 2 == 0),
        }
        for place, (arm, i) in enumerate(patients)
    ]
    pd.DataFrame(rows).to_csv(root / "cohort.csv", index=False)
    assert run(tiny, str(root / "cohort.csv")) == 0
    return root / "site"


def on_page(site: Path) -> list[list[str]]:
    page = BeautifulSoup((site / "notebooks" / "one.html").read_text(), "html.parser")
    (table,) = page.select(".cart-table table")
    told = [[c.get_text() for c in row(["th", "td"])] for row in table("tr")]
    return [[text.replace("\u00a0", " ") for text in row] for row in told]


def words_of(site: Path) -> list[ElementTree.Element]:
    with zipfile.ZipFile(site / tables.DOCUMENT) as archive:
        assert archive.testzip() is None
        return [*ElementTree.fromstring(archive.read("word/document.xml")).iter()]


def rows_of(site: Path) -> list[dict]:
    return json.loads((site / "results-ard.json").read_text())


def test_csv_excel_and_word_hold_the_table_of_the_page(site):
    shown = on_page(site)
    assert [row[0] for row in shown] == ["Arm", FORMULA, "B"]
    text = (site / "tables" / "one-1.csv").read_text(encoding="utf-8-sig")
    found = [[c.removeprefix("'") for c in row] for row in csv.reader(io.StringIO(text))]
    assert found == shown
    sheet = load_workbook(site / tables.WORKBOOK)["Table 1"]
    cells = [[str(c.value) for c in row] for row in sheet.iter_rows(min_row=3)]
    assert cells == shown
    assert {c.data_type for row in sheet.iter_rows(min_row=3) for c in row} == {"s", "n"}
    written = [
        ["".join(t.text or "" for t in cell.iter(f"{W}t")) for cell in row.iter(f"{W}tc")]
        for row in words_of(site)
        if row.tag == f"{W}tr"
    ]
    assert written == shown


def test_the_page_offers_its_table_and_the_site_is_verified(site):
    page = BeautifulSoup((site / "notebooks" / "one.html").read_text(), "html.parser")
    assert [a["href"] for a in page.select(".cart-files a[download]")] == ["../tables/one-1.csv"]
    assert main(["verify", str(site)]) == 0
    record = json.loads((site / "run.json").read_text())["files"]
    assert {"tables/one-1.csv", "tables.xlsx", "tables.docx", "results-ard.json"} <= set(record)


def test_nothing_of_a_hidden_group_is_in_any_file(site):
    for path in (*site.glob("results*"), *site.glob("tables/*")):
        text = path.read_text().replace(on_caption(site), "")
        assert SMALL not in text
    for name in (tables.WORKBOOK, tables.DOCUMENT):
        with zipfile.ZipFile(site / name) as archive:
            text = "\n".join(archive.read(part).decode() for part in archive.namelist())
        # the page names it where it says what it hides, and so does the caption
        assert text.count(SMALL) == on_caption(site).count(SMALL) * (2 if "xlsx" in name else 1)


def on_caption(site: Path) -> str:
    page = BeautifulSoup((site / "notebooks" / "one.html").read_text(), "html.parser")
    return page.select_one(".cart-table caption").get_text()


def test_each_number_is_in_the_ard_as_in_the_results(site):
    values = json.loads((site / "results.json").read_text())["values"]
    rows = rows_of(site)
    assert all(tuple(row) == reporting.COLUMNS for row in rows)
    found = {(r["variable"], r["stat_name"]): r for r in rows}
    assert len(found) == len(rows), "one row per statistic"
    for value in values:
        key = value["id"]
        main_row = found[key, reporting.NAMES[value["unit"]][0]]
        assert main_row["stat"] == ([] if value["value"] is None else [value["value"]])
        assert bool(main_row["error"]) == (value["value"] is None)
        assert found[key, "evidence"]["stat"] == [value["evidence"]]
        for name, side in (("conf.low", "lower"), ("conf.high", "upper")):
            if value[side] is not None:
                assert found[key, name]["stat"] == [value[side]]
                assert found[key, name]["stat_fmt"] in value["text"]
    assert found["orr", "estimate"]["group1"] is None, "no group: all patients"
    hr = found["hr", "estimate"]
    assert (hr["group1"], hr["group1_level"]) == ("group", "male")
    assert (hr["group2"], hr["group2_level"]) == ("reference", "female")
    table = pd.read_csv(site / "results-ard.csv")
    assert list(table) == list(reporting.COLUMNS)
    assert len(table) == len(rows)
    assert "'" + FORMULA in set(table["group1_level"].dropna())


def test_the_paragraph_is_that_of_the_run(site):
    paragraph = (site / "book" / "index.html").read_text()
    text = BeautifulSoup(paragraph, "html.parser").select_one("blockquote").get_text()
    text = " ".join(text.split())
    assert "67 patients" in text and "cover 95 %" in text
    assert "exact binomial (Clopper–Pearson) interval" in text
    assert "Counts of fewer than 5 patients" in text
    assert f"pandas {pd.__version__}" in text
    assert "reconstruction" not in text
    word = "".join(t.text or "" for t in words_of(site) if t.tag == f"{W}t")
    assert word.endswith(text.replace("\u00a0", " "))


def test_a_reconstruction_says_how_much_is_assumed():
    value = {"id": "x", "value": 0.5, "unit": "fraction", "method": "m; n", "evidence": "A"}
    other = value | {"id": "y", "evidence": "P", "method": "count", "unit": "count"}
    lost = value | {"id": "z", "value": None, "method": "never used"}
    texts = {k: {"level": "0.9"} for k in "xyz"}
    about = {"name": "c", "patients": 9, "is_reconstruction": True, "min_cell": 1}
    elsewhere = value | {"evidence": "other trials", "method": "pooled"}
    text = reporting.paragraph([value, other, lost, elsewhere], texts, about)
    yours = reporting.paragraph([value], texts, about | {"is_reconstruction": False})
    assert "pooled" not in text and "Methods, as" not in yours, "not of this cohort"
    assert "1 of the 2 numbers rest on assumed values" in text
    assert "each result: m, n." in text and "never used" not in text
    assert "cover 90 %" in text and "1 of 3 numbers could not be given" in text
    assert "fewer than" not in text


def test_equal_tables_give_equal_bytes(tmp_path):
    table = tables.Table("a-1", "a", "Caption", ["A", "B"], [["=x", "0.50"], ["-1", "12"]])
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        tables.write(tmp_path / name, [table], "How.")
    for path in sorted((tmp_path / "one").rglob("*.*")):
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == other.read_bytes(), path.name


def test_the_checklist_has_every_item_and_its_links_lead_to_chapters():
    text = (ROOT / "book" / "reporting.md").read_text()
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    items = {int("".join(filter(str.isdigit, r))) for r in rows if r[:1].isdigit()}
    assert items == set(range(1, 23))
