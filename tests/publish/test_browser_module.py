"""The scripts of the page “Try your cohort” give the package's numbers, in node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from tinybook import ROOT, TESTS, make, run

from cartanalysis.publish import browser_data, browser_ext

HERE = TESTS / "js"
sys.path.insert(0, str(HERE))

import cases  # noqa: E402

NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="no node found: install Node.js 20 or newer")
def test_the_scripts_give_the_numbers_of_the_package(tmp_path):
    (tmp_path / "cohorts").mkdir()
    made = cases.make(tmp_path / "cohorts")
    said = json.dumps([{**case, "csv": ""} for case in made["cohorts"]], ensure_ascii=False)
    assert [words for words in cases.HIT if words not in said] == []
    (tmp_path / "cases.json").write_text(json.dumps(made, allow_nan=False))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    source = ROOT / "book" / "try"
    for name, text in browser_ext.modules(source, "try-your-cohort").items():
        (tmp_path / f"{name}.js").write_text(text)
    done = subprocess.run(
        [str(NODE), "--test", "--test-reporter=tap", *map(str, sorted(HERE.glob("*.test.mjs")))],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "CART_CASES": str(tmp_path / "cases.json"),
            "CART_MODULES": str(tmp_path),
        },
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "\n# skipped 0\n" in done.stdout


def test_what_the_scripts_know_is_the_packages():
    known = browser_data.contents()
    assert json.loads(json.dumps(known, allow_nan=False)), "is JSON"
    assert next(f["name"] for f in known["fields"]) == "patient_id"
    assert {c["id"] for c in known["claims"] if c["how"] == "adjusted"} == {
        "emd_independent",
        "treg_independent",
    }
    assert browser_data.script(known) == browser_data.script(browser_data.contents())


@pytest.mark.skipif(NODE is None, reason="no node found: install Node.js 20 or newer")
@pytest.mark.parametrize("program", browser_ext.MODULES)
def test_the_modules_become_one_classic_script(tmp_path, program):
    browser_ext.write(ROOT / "book" / "try", tmp_path, program)
    text = (tmp_path / f"{program}.js").read_text()
    # no name twice, and nothing that only a module may hold
    script = tmp_path / "program.cjs"
    script.write_text(text)
    subprocess.run([str(NODE), "--check", str(script)], check=True, timeout=60)


@pytest.mark.parametrize("is_default", [True, False])
def test_only_the_default_cohort_is_played_with(tmp_path, is_default):
    tiny = make(tmp_path / "tiny")
    shutil.copytree(ROOT / "book" / "try", tiny / "book" / "try")
    fences = "".join(f"# ```{{play}} {idea}\n# In words.\n# ```\n" for idea in browser_ext.IDEAS)
    with (tiny / "notebooks" / "one.py").open("a") as chapter:
        chapter.write(f"\n# %% [markdown]\n{fences}")
    own = ROOT / "cartanalysis" / "study" / "data" / "an2020.csv"
    cohort = tmp_path / "mine.csv"
    cohort.write_text(own.read_text().replace("\nR", "\nX"))
    assert run(tiny, *([] if is_default else [str(cohort), "--min-cell", "1"])) == 0
    site = tmp_path / "site"
    page = (site / "notebooks" / "one.html").read_text()
    assert page.count("data-play=") == (4 if is_default else 0)
    assert page.count("try/play.js") == (1 if is_default else 0), "loaded once"
    assert (site / "try" / "play.js").exists() == is_default
    assert "In words." not in page
    assert "play.js" not in (site / "book" / "index.html").read_text()
    assert "{play}" not in (site / "student" / "one.ipynb").read_text()
    assert "In words." not in (site / "slides" / "one.html").read_text()
