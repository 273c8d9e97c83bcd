"""Publishing end to end: the real book, other cohorts, and everything that must stop a run."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import papermill
import pytest
from bs4 import BeautifulSoup
from conftest import ORACLE, ROOT
from tinybook import edit, run

from cartanalysis import contract as cohorts
from cartanalysis import intake
from cartanalysis.claims import replication
from cartanalysis.claims.registry import LETTERS, OTHERS, SIMULATED
from cartanalysis.cli import main
from cartanalysis.publish import artefacts, checks, execute
from cartanalysis.publish.book import Book
from cartanalysis.publish.run import publish
from cartanalysis.study import consistent, published
from cartanalysis.study.examples import leukemia

CACHE = ROOT / "_build" / "cache"  # the book's own: keyed by content, so sharing it is safe
BOOK = Book(ROOT)


def values_of(site: Path) -> dict[str, dict]:
    entries = json.loads((site / "results.json").read_text())["values"]
    found = {e["id"]: e for e in entries}
    assert len(found) == len(entries)
    return found


# --- the book about the default cohort -----------------------------------------------------------


def test_default_site_passes_its_own_checks(default_site):
    assert checks.check(default_site, BOOK.pages) == []
    pages = list(default_site.rglob("*.html"))
    assert len(pages) >= len(BOOK.pages)
    for page in pages:
        if "_static" not in page.parts:
            assert "Not patient data." in page.read_text(), page


def test_results_reproduce_the_paper_at_its_rounding(default_site):
    values = values_of(default_site)
    for entry in published.load().select(evidence="P"):
        if entry.kind in ("rate", "time"):
            scale = 100 if entry.unit == "percent" else 1
            ours = f"{values[entry.id]['value'] * scale:.{entry.rounding}f}"
            assert ours == f"{entry.value:.{entry.rounding}f}", entry.id
    assert values["claims_upheld"]["value"] == 21  # 16 of the paper, 5 of a review
    for key in ("inconclusive", "opposed", "not_interpretable", "not_assessed"):
        assert values[f"claims_{key}"]["value"] == 0


def test_results_agree_with_the_claims(default_site):
    values = values_of(default_site)
    patients = cohorts.derive(intake.read("an2020").table)
    for _, claim in replication.claims(patients, published.load()).iterrows():
        if claim["unit"] == "hazard ratio" and not claim["id"].endswith("independent"):
            assert values[f"{claim['id']}_hr"]["value"] == pytest.approx(claim["estimate"])
            if "permutation" not in claim["method"]:  # the chapters show the log-rank test itself
                assert values[f"{claim['id']}_p"]["value"] == pytest.approx(claim["p"])


def test_results_have_the_contracts_keys_and_letters(default_site):
    keys = {"id", "chapter", "value", "lower", "upper", "unit", "method", "evidence", "text"}
    for entry in values_of(default_site).values():
        assert set(entry) == keys
        assert entry["evidence"] in (*LETTERS, OTHERS, SIMULATED)
    assert values_of(default_site)["orr"]["evidence"] == "D"
    assert values_of(default_site)["os_1y"]["evidence"] == "A"


def test_numbers_stand_on_their_pages(default_site):
    page = (default_site / "notebooks" / "survival.html").read_text()
    assert re.search(r"At 1 year <strong>53\.0\u00a0%</strong>", page)
    claims = (default_site / "notebooks" / "claims.html").read_text()
    assert claims.count("<td>equal at the printed rounding") == 12  # 7 of the paper, 5 of a review
    assert ">not available<" not in claims


def test_site_needs_no_network_and_shows_no_path(default_site):
    home = str(Path.home())
    for path in default_site.rglob("*"):
        if path.suffix in (".html", ".json", ".ipynb", ".csv") and path.is_file():
            text = path.read_text(errors="replace")
            assert str(ROOT) not in text, path
            assert home not in text or home == "/", path


def test_run_record(default_site):
    run = json.loads((default_site / "run.json").read_text())
    assert set(run["chapters"]) == set(BOOK.chapters)
    assert run["environment"]["lifelines"]
    assert run["cohort"]["sha256"] == intake.read("an2020").sha256
    assert "results.json" in run["files"]


def test_downloads_are_the_notebooks_as_they_ran(default_site):
    path = default_site / "_sources" / "notebooks" / "survival.ipynb"
    notebook = nbformat.read(path, as_version=4)
    kinds = {m for c in notebook.cells for o in c.get("outputs", []) for m in o.get("data", {})}
    assert {"image/svg+xml", "image/png", "text/markdown"} <= kinds
    assert "papermill" not in notebook.metadata


def test_second_run_does_nothing(default_site):
    before = {p: p.stat().st_mtime_ns for p in default_site.rglob("*")}
    assert publish(out=default_site, cache_dir=CACHE).unchanged
    assert before == {p: p.stat().st_mtime_ns for p in default_site.rglob("*")}


def test_a_touched_site_is_built_again(default_site, tmp_path):
    touched = tmp_path / "site"
    shutil.copytree(default_site, touched)
    page = touched / "book" / "index.html"
    text = page.read_text()
    assert "53.0\u00a0%" in text
    page.write_text(text.replace("53.0\u00a0%", "54.0\u00a0%"))
    done = publish(out=touched, cache_dir=CACHE)
    assert not done.unchanged
    assert done.executed == ()
    assert page.read_text() == text


def test_plain_jupyter_book_build(tmp_path):
    """`jupyter-book build .` from the root gives the same numbers."""
    copy = tmp_path / "clone"
    copy.mkdir()
    for name in ("_config.yml", "_toc.yml", "requirements.txt"):
        shutil.copy(ROOT / name, copy)
    for name in ("book", "notebooks"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copytree(CACHE, copy / "_build" / "cache")
    program = "from jupyter_book.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "build", ".", "-W", "-n", "--keep-going"],
        cwd=copy, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    html = copy / "_build" / "html"
    assert checks.check(html, BOOK.pages) == []
    assert values_of(html)["os_1y"]["text"].startswith("53.0 %")
    assert "53.0\u00a0%" in (html / "notebooks" / "survival.html").read_text()


# --- a real cohort -----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def leukemia_site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("leukemia")
    leukemia().to_csv(folder / "leukemia.csv", index=False)
    # published long ago: nothing to hide, and every digit to compare with R
    publish(str(folder / "leukemia.csv"), folder / "site", min_cell=1, cache_dir=CACHE)
    return folder / "site"


@pytest.mark.parametrize("name", ["leukemia", "all with EMD in remission"])
def test_a_protected_book_is_whole_and_says_why_a_number_is_hidden(name, tmp_path):
    table = leukemia() if name == "leukemia" else edge_cohort(name)
    table.to_csv(tmp_path / "mine.csv", index=False)
    publish(str(tmp_path / "mine.csv"), tmp_path / "site", cache_dir=CACHE)
    values = values_of(tmp_path / "site")
    for entry in values.values():
        if entry["value"] is None:
            assert entry["text"].startswith(("not available: ", "not reached")), entry
    if name == "leukemia":  # by the usual groups, as an open book, and not by those it lacks
        assert values["strata_comparisons"]["value"] == 1
        assert (
            "By earlier transplant"
            not in pages_of(tmp_path / "site")["notebooks/subgroups.html"].get_text()
        )


def test_leukemia_equals_r(leukemia_site, oracle):
    values = values_of(leukemia_site)
    assert values["rfs_median_by_arm_6-mp"]["value"] == 161  # 23 weeks
    assert values["rfs_median_by_arm_placebo"]["value"] == 56  # 8 weeks
    theirs = oracle["cox"]["leukemia/group"]
    ours = values["rfs_arm_hr"]
    np.testing.assert_allclose(ours["value"], theirs["hr"], rtol=1e-6)
    np.testing.assert_allclose(ours["lower"], theirs["lower"], rtol=1e-6)
    np.testing.assert_allclose(ours["upper"], theirs["upper"], rtol=1e-6)
    logrank = oracle["survival"]["leukemia"]["logrank"]
    np.testing.assert_allclose(values["rfs_arm_chi2"]["value"], logrank["chisq"], rtol=1e-6)
    np.testing.assert_allclose(values["rfs_arm_p"]["value"], logrank["p"], rtol=1e-6)


def test_results_of_patients_have_no_digit_more_than_readers_see(tiny, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text(
        "patient_id,response\n" + "".join(f"P{i},{'CR' if i < 22 else 'NR'}\n" for i in range(37))
    )
    site = tiny.parent / "site"
    for more, expected in ((), 0.595), (("--min-cell", "1"), 0.594594595):
        assert run(tiny, str(file), *more) == 0
        assert values_of(site)["orr"]["value"] == expected


LEFT = {
    "remission": "response",
    "safety": "ae_grade_max",
    "extramedullary-disease": "emd",
    "regulatory-t-cells": "treg_pct",
    "choosing-a-cutoff": "treg_pct",
    "genetic-risk": "genetic_risk",
    "independent-factors": "treg_pct",
    "constant-hazard-ratios": "treg_pct",
    "competing-risks": "rfs_cause",
    "transplant": "hsct_day",
}
"""Chapters that the leukaemia trial cannot answer, and a column for want of which."""


def pages_of(site: Path) -> dict[str, BeautifulSoup]:
    return {
        p.relative_to(site).as_posix(): BeautifulSoup(p.read_text(), "html.parser")
        for part in ("book", "notebooks")
        for p in (site / part).rglob("*.html")
    }


def test_leukemia_leads_with_its_arms(leukemia_site):
    front = pages_of(leukemia_site)["book/index.html"]
    assert front.h1.get_text().startswith("leukemia")
    first, *others = front.select(".cart-beside tbody tr")
    assert first.get_text(" ").startswith(
        "Relapse-free survival by treatment, placebo against 6-MP"
    )
    assert "4.82" in first.get_text()
    assert "not available" not in front.get_text()
    assert len(others) == 1, "no row for what the trial cannot answer"
    assert front.select_one("#fig-rfs-arm")


def test_leukemia_has_no_chapter_without_an_answer(leukemia_site):
    pages = pages_of(leukemia_site)
    menu = {a["href"] for a in pages["book/unanswered.html"].select(".cart-contents a")}
    for chapter in LEFT:
        assert f"notebooks/{chapter}.html" not in pages
        assert not any(chapter in address for address in menu)
        assert not list(leukemia_site.rglob(f"{chapter}.*")), "no slides, notebooks, source"
    assert "notebooks/survival.html" in pages
    for name, page in pages.items():
        assert "Not shown:" not in page.get_text(), name


def test_leukemia_says_on_one_page_what_it_lacks(leukemia_site):
    page = pages_of(leukemia_site)["book/unanswered.html"]
    told = page.select_one("#chapters-that-are-left-out")
    for chapter, column in LEFT.items():
        title = BOOK.notebook(chapter).cells[0].source.splitlines()[0].removeprefix("# ")
        (item,) = [i for i in told.select("ul > li:has(strong)") if title in i.strong.get_text()]
        assert column in item.get_text(), chapter
    rows = page.select("#columns-that-would-change-this tbody tr")
    columns = {row.select_one("th, td").get_text() for row in rows}
    assert {"response", "emd", "treg_pct", "genetic_risk", "ae_grade_max", "os_days"} <= columns
    assert not {"rfs_days", "arm", "sex"} & columns


def test_prose_says_nothing_of_the_reconstruction_on_patients_data(leukemia_site, default_site):
    for name, page in pages_of(leukemia_site).items():
        if name.startswith("book/") and name != "book/try-your-cohort.html":  # an example there
            text = page.select_one("article").get_text()
            assert not re.search(r"reconstruct|default cohort|an2020", text, re.I), name
    ours = pages_of(default_site)
    assert "Which cohort is the default" in ours["book/methods.html"].get_text()
    assert consistent.range_text("emd_os") in ours["book/index.html"].get_text()


def test_leukemia_is_your_data_not_a_reconstruction(leukemia_site):
    letters = {e["evidence"] for e in values_of(leukemia_site).values()}
    assert letters == {
        "your data",
        "other trials",
        "simulated",
    }  # nothing published or assumed of the study


# --- small and awkward cohorts -------------------------------------------------------------------

EDGE = {
    "identifiers only": {},
    "one patient": {
        "emd": ["other"], "treg_pct": [5.0], "genetic_risk": ["high"], "response": ["CR"],
        "os_days": [90], "os_event": [1], "rfs_days": [50], "rfs_event": [1],
        "ae_grade_max": [4],
    },
    "no event": {
        "emd": ["none", "cns", "other"] * 4, "treg_pct": list(range(1, 13)),
        "genetic_risk": ["high", "standard"] * 6, "response": ["CR", "NR"] * 6,
        "os_days": list(range(100, 112)), "os_event": [0] * 12,
    },
    "one EMD level": {
        "emd": ["none"] * 12, "treg_pct": [5.0] * 12, "genetic_risk": ["high", "standard"] * 6,
        "response": ["CR"] * 12, "os_days": list(range(100, 112)), "os_event": [1, 1, 0] * 4,
        "rfs_days": list(range(50, 62)), "rfs_event": [1, 0, 0] * 4, "crs_grade": [1] * 12,
    },
    "no responder": {
        "emd": ["none", "other"] * 5, "treg_pct": list(range(10)), "response": ["NR"] * 10,
        "sex": ["male", "female"] * 5, "os_days": list(range(20, 30)), "os_event": [1] * 10,
    },
    "all times equal, braces in the arm": {
        "arm": ["{x}", "$<b>"] * 5, "os_days": [30] * 10, "os_event": [1] * 10,
    },
    "arms with one id": {
        "arm": ["A", "A 3", "_a", "A"] * 5, "os_days": list(range(30, 50)), "os_event": [1] * 20,
        "treg_pct": [5.0] * 20, "genetic_risk": ["high", "standard"] * 10,
    },
    "causes and transplants, one of each": {
        "response": ["CR"] * 5 + ["NR"], "treg_pct": [1, 2, 3, 4, 5, 6], "arm": list("ABABAB"),
        "os_days": [400, 300, 200, 60, 90, 0], "os_event": [0, 1, 0, 1, 1, 1],
        "rfs_days": [370, 270, 60, 30, 40, ""], "rfs_event": [0, 1, 1, 1, 1, ""],
        "rfs_cause": ["", "death", "relapse", "relapse", "", ""],
        "hsct_day": [80, "", 10, 45, "", ""],
    },
    "all with EMD in remission": {  # an odds ratio without an end
        "emd": ["none"] * 20 + ["other"] * 10, "response": ["CR", "NR"] * 10 + ["CR"] * 10,
        "os_days": list(range(200, 800, 20)), "os_event": [1, 1, 0] * 10,
    },
    "every responder relapsed": {
        "response": ["CRi"] * 6, "os_days": [400, 300, 200, 60, 90, 50], "os_event": [0, 1] * 3,
        "rfs_days": [0, 1, 60, 30, 40, 5], "rfs_event": [1] * 6, "rfs_cause": ["relapse"] * 6,
        "hsct_day": [40, "", "", "", "", ""], "sex": ["female", "male"] * 3,
    },
}  # fmt: skip


def edge_cohort(name: str) -> pd.DataFrame:
    columns = EDGE[name]
    n = max([len(v) for v in columns.values()], default=3)
    return pd.DataFrame({"patient_id": [f"P{i}" for i in range(n)], **columns})


@pytest.mark.parametrize("name", EDGE)
def test_every_chapter_runs_on_edge_cohorts(name, tmp_path):
    data = edge_cohort(name).to_csv(index=False).encode()
    (tmp_path / "cohort.csv").write_bytes(data)
    cohort = intake.parse(data, "edge.csv")
    values = {c: {"cohort": "cohort.csv"} for c in BOOK.chapters}
    keys = execute.chapter_keys(BOOK, cohort.sha256, values)
    done = execute.execute(BOOK, keys, values, tmp_path, CACHE, jobs=2)
    gathered = artefacts.harvest(done, cohort, tmp_path / "artefacts")
    assert gathered.warnings == ()
    assert len(gathered.notebooks) == len(BOOK.chapters)
    for entry in gathered.results["values"]:
        if entry["value"] is None:
            assert entry["text"].startswith(("not available: ", "not reached")), entry


def test_parameters_reach_the_chapters(tmp_path):
    cohort = intake.read("an2020")
    values = {c: {"cohort": "an2020"} for c in BOOK.chapters}
    values["regulatory-t-cells"] |= {"treg_cutoff": 8.0, "endpoint": "rfs", "time_unit": "months"}
    values["remission"] |= {"landmark_day": 90, "confidence": 0.8}
    keys = execute.chapter_keys(BOOK, cohort.sha256, values)
    done = execute.execute(BOOK, keys, values, tmp_path, CACHE, jobs=2)
    found = {e["id"]: e for e in artefacts.harvest(done, cohort, tmp_path).results["values"]}
    assert found["treg_cutoff"]["value"] == 8
    assert "80 % CI" in found["orr"]["text"]


# --- what must stop a run ------------------------------------------------------------------------


@pytest.fixture
def standing(tiny):
    """A tiny book that has been published once; gives its files' bytes."""
    assert run(tiny) == 0
    site = tiny.parent / "site"
    return {p: p.read_bytes() for p in site.rglob("*") if p.is_file()}


BREAKS = {
    "a broken chapter": (
        "notebooks/one.py", 'study.hand_over(orr=', '1 / 0\nstudy.hand_over(orr=',
        "one: cell 4 failed: ZeroDivisionError",
    ),
    "a missing number": (
        "book/index.md", "{num}`orr`", "{num}`os_9y`", "no chapter hands over the number 'os_9y'",
    ),
    "a figure without alternative text": (
        "notebooks/one.py", 'study.show(remission.figure("rate", "Remission."))',
        'from dataclasses import replace\n'
        'study.show(replace(remission.figure("rate", "Remission."), alt=" "))',
        "has no alternative text",
    ),
    "a picture without alternative text": (
        "book/index.md", "Remission:", "![](static/p.png)\n\nRemission:", "no alternative text",
    ),
    "a picture drawn past study.show": (
        "notebooks/one.py", 'study.hand_over(orr=',
        'from IPython.display import SVG, display\ndisplay(SVG("<svg/>"))\nstudy.hand_over(orr=',
        "without alternative text",
    ),
    "a number handed over twice": (
        "notebooks/one.py", 'study.hand_over(orr=remission.rate)',
        'study.hand_over(orr=remission.rate)\nstudy.hand_over(orr=remission.rate)',
        "handed over twice",
    ),
    "a broken link": (
        "book/index.md", "Remission:", "[x](gone.md) Remission:", "gone.md",
    ),
    "a picture from elsewhere": (
        "book/index.md", "Remission:", "![words](https://example.org/p.png)\n\nRemission:",
        "from outside the site",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_holes_stop_the_run_and_leave_the_earlier_site(name, tiny, standing, capsys):
    path, old, new, says = BREAKS[name]
    png = ROOT / "tests" / "data" / "dot.png"
    shutil.copy(png, tiny / "book" / "static" / "p.png")
    edit(tiny / path, old, new)
    assert run(tiny) == 1
    assert says in capsys.readouterr().err
    assert {p: p.read_bytes() for p in standing} == standing
    assert sorted(p.name for p in tiny.parent.iterdir()) == ["site", "tiny"], "nothing left behind"


def test_wrong_inputs_exit_2_and_write_nothing(tiny, tmp_path, capsys):
    bad = tmp_path / "bad.csv"
    bad.write_text("patient_id,os_days,os_event,emd\nA,10,2,none\nB,-3,1,none\nC,4,1,brain\n")
    assert run(tiny, str(bad)) == 2
    told = capsys.readouterr().err
    assert "3 problems" in told
    assert all(f"row {row}" in told for row in (2, 3, 4))
    assert run(tiny, "-p", "dyas=3") == 2
    assert "Did you mean days?" in capsys.readouterr().err
    assert run(tiny, "-p", "days=soon") == 2
    assert "a whole number" in capsys.readouterr().err
    assert run(tiny, str(tmp_path / "gone.csv")) == 2
    assert "no such file" in capsys.readouterr().err
    assert not (tiny.parent / "site").exists()


def test_a_folder_that_is_not_ours_is_left_alone(tiny, capsys):
    site = tiny.parent / "site"
    site.mkdir()
    (site / "thesis.docx").write_text("years of work")
    assert run(tiny) == 2
    assert "something else" in capsys.readouterr().err
    assert (site / "thesis.docx").read_text() == "years of work"


def test_a_folder_with_a_foreign_run_json_is_left_alone(tiny, capsys):
    site = tiny.parent / "site"
    (site / "thesis").mkdir(parents=True)
    (site / "run.json").write_text('{"mine": true}')
    (site / "thesis" / "chapter.txt").write_text("years of work")
    assert run(tiny) == 2
    assert "something else" in capsys.readouterr().err
    assert (site / "thesis" / "chapter.txt").read_text() == "years of work"


def test_a_file_added_to_a_site_stops_its_replacement(tiny, standing, capsys):
    (tiny.parent / "site" / "notes.txt").write_text("mine")
    edit(tiny / "book" / "index.md", "Remission", "The remission")
    assert run(tiny) == 2
    assert "notes.txt" in capsys.readouterr().err


def test_the_sources_are_never_an_output(tiny, capsys):
    for place in (tiny, tiny.parent, tiny / "book" / "site"):
        assert main(["publish", "--book", str(tiny), "--out", str(place)]) == 2
        assert "sources" in capsys.readouterr().err


def test_an_output_behind_a_link(tiny, tmp_path):
    (tmp_path / "real").mkdir()
    (tiny.parent / "site").symlink_to(tmp_path / "real")
    assert run(tiny) == 0
    assert (tiny.parent / "site").is_symlink()
    assert (tmp_path / "real" / "index.html").is_file()


def test_figures_data_hold_no_patient_rows(default_site):
    measured = intake.read("an2020").table["treg_pct"].astype(str).tolist()
    table = (default_site / "data" / "treg-distribution.csv").read_text()
    assert sum(f"\n{value}\n" in table for value in measured) == 0
    assert table.startswith("group,lower,upper,n\n")


def test_every_module_is_packaged():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert tool["packages"]["find"]["include"] == ["cartanalysis*"]
    folders = {p.parent for p in (ROOT / "cartanalysis").rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)


def test_a_hostile_name_is_text(tiny, tmp_path):
    source = tmp_path / "<img src=x onerror=alert(1)> {{x}} {num}`y`.csv"
    source.write_text("patient_id,response\nA,CR\nB,NR\n")
    assert run(tiny, str(source), "--min-cell", "1") == 0
    page = (tiny.parent / "site" / "book" / "index.html").read_text()
    assert "onerror=" not in page
    assert "img src x onerror alert(1) x num y" in page


def test_what_is_executed_again(tiny, tmp_path):
    """One changed line of the package, the chapter, the prose: what runs again, and what not."""
    code = tmp_path / "code"
    shutil.copytree(ROOT / "cartanalysis", code / "cartanalysis")

    def go(*more: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cartanalysis.cli", "publish", "--book", str(tiny),
             "--out", str(tiny.parent / "site"), *more],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(code)},
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "executed: 1" in go()
    assert "Nothing changed" in go()
    edit(code / "cartanalysis" / "text.py", "NOT_AVAILABLE", "# one more line\nNOT_AVAILABLE")
    assert "executed: 1" in go()
    assert "Nothing changed" in go()
    edit(tiny / "book" / "index.md", "Remission", "The remission")
    assert "executed: 0, unchanged: 1" in go()
    edit(tiny / "notebooks" / "one.py", '"Remission.")', '"Remission rate.")')
    assert "executed: 1" in go()
    assert "executed: 1" in go("-p", "days=30")


@pytest.mark.parametrize(("deaths", "status"), [(2, 0), (3, 1)])
def test_a_kernel_that_never_started_is_started_anew(tiny, monkeypatch, capsys, deaths, status):
    real, tried = papermill.execute_notebook, []

    def unlucky(*args, **kwargs):
        tried.append(1)
        if len(tried) <= deaths:
            raise RuntimeError("Kernel died before replying to kernel_info")
        return real(*args, **kwargs)

    monkeypatch.setattr(papermill, "execute_notebook", unlucky)
    assert run(tiny) == status
    assert len(tried) == 3
    assert ("Kernel died" in capsys.readouterr().err) == bool(status)


def test_a_damaged_cache_is_not_trusted(tiny, standing):
    stored = list((tiny / "_build" / "cache").glob("*.ipynb"))
    assert len(stored) == 1
    edit(stored[0], "80.9 %", "99.9 %")
    shutil.rmtree(tiny.parent / "site")
    assert run(tiny) == 0
    assert "99.9\u00a0%" not in (tiny.parent / "site" / "book" / "index.html").read_text()


def test_oracle_has_its_script():
    made_by = json.loads((ORACLE / "oracle.json").read_text())["versions"]
    assert set(made_by) == {"R", "survival"}
    assert (ORACLE / "oracle.R").is_file()


def test_a_seeded_cohort_is_not_patient_data_until_it_is_changed(tiny, capsys):
    file = tiny.parent / "student.csv"
    assert main(["reconstruct", "--seed", "-3"]) == 0
    file.write_text(capsys.readouterr().out)
    assert run(tiny, str(file)) == 0
    site = tiny.parent / "site"
    for name in ("book/index", "notebooks/one"):
        page = (site / f"{name}.html").read_text()
        assert "Not patient data." in page and "Your data." not in page
        assert "<em>an2020-seed-3</em>" in page
    assert values_of(site)["orr"]["evidence"] == "A"
    # one patient of another age, and it is somebody's own file
    table = pd.read_csv(file)
    table.loc[0, "age_years"] += 1
    table.to_csv(file, index=False)
    capsys.readouterr()
    assert run(tiny, str(file)) == 0
    assert "those of the reconstruction an2020-seed-3, but" in capsys.readouterr().out
    for name in ("book/index", "notebooks/one"):
        page = (site / f"{name}.html").read_text()
        assert "Your data." in page and "Not patient data." not in page
        assert "an2020-seed-3" not in page
    record = json.loads((site / "run.json").read_text())
    assert record["min_cell"] == 5
    assert "hmac_sha256" in record["cohort"]
    assert values_of(site)["orr"]["evidence"] == "your data"


def test_binder_and_colab_follow_from_one_setting(tiny):
    assert run(tiny) == 0
    page = tiny.parent / "site" / "notebooks" / "one.html"
    assert "Colab" not in page.read_text() and "mybinder" not in page.read_text()
    edit(tiny / "_config.yml", 'url: ""', "url: https://github.com/somebody/book")
    assert run(tiny) == 0
    text = page.read_text()
    repository = "somebody/book"
    assert (
        f"https://mybinder.org/v2/gh/{repository}/main?urlpath=lab/tree/notebooks/one.ipynb" in text
    )
    assert (
        f"https://colab.research.google.com/github/{repository}/blob/main/notebooks/one.ipynb"
        in text
    )
    assert f"%pip install -q git+https://github.com/{repository}@main" in text
    assert (ROOT / ".binder" / "postBuild").stat().st_mode & 0o100, "Binder installs the package"


# --- the cache -----------------------------------------------------------------------------------


def test_a_cache_entry_under_another_name_is_not_served(tiny, tmp_path):
    cache = tmp_path / "cache"
    files = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for file, responders in zip(files, (22, 30), strict=True):
        rows = "".join(f"P{i},{'CR' if i < responders else 'NR'}\n" for i in range(40))
        file.write_text("patient_id,response\n" + rows)
    more = ("--cache", str(cache), "--min-cell", "1")
    assert run(tiny, str(files[0]), *more) == 0
    (first,) = cache.iterdir()
    assert run(tiny, str(files[1]), *more) == 0
    (second,) = set(cache.iterdir()) - {first}
    shutil.copy(first, second)
    shutil.rmtree(tiny.parent / "site")
    assert run(tiny, str(files[1]), *more) == 0
    assert values_of(tiny.parent / "site")["orr"]["value"] == 0.75


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"nbformat": 4}', "[" * 100_000, "a"])
def test_a_cache_entry_that_is_no_notebook_counts_as_none(tmp_path, text):
    stored = tmp_path / "x.ipynb"
    stored.write_text(f"{execute._bound('key', text)}\n{text}")
    assert execute._from_cache(stored, "key") is None
    stored.unlink()
    stored.mkdir()
    assert execute._from_cache(stored, "key") is None


def test_sources_that_cannot_be_written_keep_no_cache(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    (tiny / "_build").write_text("no folder, so that nothing can be written in it")
    before = {p: p.stat().st_mtime_ns for p in [tiny, *tiny.rglob("*")]}
    assert run(tiny) == 0
    assert before == {p: p.stat().st_mtime_ns for p in [tiny, *tiny.rglob("*")]}
    assert len(list((tmp_path / "user" / "cartanalysis").iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_told(tiny, tmp_path, capsys):
    (tmp_path / "file").write_text("no folder")
    assert run(tiny, "--cache", str(tmp_path / "file" / "cache")) == 2
    assert "Name another folder with --cache" in capsys.readouterr().err


# --- nowhere to write ----------------------------------------------------------------------------


def without_streams(tiny: Path, *more: str, redirected: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cartanalysis.cli", "publish", "--book", str(tiny), *more]
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirected}', "sh", *command],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_book_is_published_though_nobody_listens(tiny):
    site = str(tiny.parent / "site")
    for redirected in (">&-", ">&- 2>&- <&-"):
        done = without_streams(tiny, "--out", site, redirected=redirected)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
    assert run(tiny) == 0
    # it is published, and only telling so fails
    done = without_streams(tiny, "--out", site, redirected=">/dev/full")
    assert done.returncode == 1
    assert "the output cannot be read or written: No space left" in done.stderr
    assert "could not be published" not in done.stderr


def test_a_full_disk_is_told_once_and_by_name(tiny, monkeypatch, capsys):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(execute, "_to_cache", full)
    assert run(tiny, "--cache", str(tiny.parent / "cache")) == 1
    told = capsys.readouterr().err.splitlines()[-2:]
    place = f"{tiny.parent / 'cache'}: No space left on device. Make room there, or name another"
    assert told[0].startswith("The book could not be published")
    assert told[1].strip().startswith(place)
    monkeypatch.undo()
    monkeypatch.setattr(execute, "_run", full)
    assert run(tiny) == 1
    told = capsys.readouterr().err
    assert told.count("No space left") == 1 and f"{tiny.parent / 'site'}: No space" in told
    assert "staging" not in told
