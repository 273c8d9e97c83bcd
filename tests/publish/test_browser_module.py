"""The scripts of the page “Try your cohort” give the package's numbers, in node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from tinybook import ROOT, TESTS

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
    for name, text in browser_ext.modules(ROOT / "book" / "try").items():
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
    assert browser_data.script() == browser_data.script()


@pytest.mark.skipif(NODE is None, reason="no node found: install Node.js 20 or newer")
def test_the_modules_become_one_classic_script(tmp_path):
    browser_ext.write(ROOT / "book" / "try", tmp_path)
    text = (tmp_path / browser_ext.PROGRAM).read_text()
    # no name twice, and nothing that only a module may hold
    script = tmp_path / "program.cjs"
    script.write_text(text)
    subprocess.run([str(NODE), "--check", str(script)], check=True, timeout=60)
