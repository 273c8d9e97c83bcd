"""Chapters: pairs agree, sources are short and named by the rules."""

from __future__ import annotations

import ast
import re

import jupytext
import nbformat
import pytest
import yaml
from conftest import ROOT

from cartanalysis.chapter.by_hand import is_by_hand
from cartanalysis.chapter.parameters import declared
from cartanalysis.publish.book import TOC, Book
from cartanalysis.sites.collection import COMPARISON
from cartanalysis.teaching.student import SOLUTION

CHAPTERS = [*Book(ROOT).chapters, COMPARISON]  # the last belongs to sites of several cohorts

OF_SITES = ["How sure can we be?", "Exercises", "Check yourself"]
PLAN = [
    "Background",
    "What the authors did and reported",
    "By hand",
    "The book’s result",
    *OF_SITES,
]
"""Parts that every chapter has, in this order."""


def test_every_source_is_in_a_table_of_contents():
    for ending in ("py", "ipynb"):
        assert sorted(p.stem for p in (ROOT / "notebooks").glob(f"*.{ending}")) == sorted(CHAPTERS)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in CHAPTERS)


def test_one_page_tells_which_analyses_are_the_studys_and_which_are_ours():
    page = (ROOT / "book" / "study-at-a-glance.md").read_text(encoding="utf-8")
    told = page.split("(whose-analyses)=")[1].split("\n## ")[1]
    rows, _, prose = told.partition("*beyond the study*")
    parts = yaml.safe_load((ROOT / TOC).read_text(encoding="utf-8"))["parts"]
    for text, belongs in ((rows, "The study"), (prose, "Beyond the study")):
        mine = [c["file"] for p in parts if p["caption"].startswith(belongs) for c in p["chapters"]]
        chapters = [file.split("/")[1] for file in mine if file.startswith("notebooks/")]
        assert re.findall(r"notebooks/([\w-]+)\.ipynb", text) == chapters


@pytest.mark.parametrize("name", CHAPTERS)
def test_pairs_agree_by_content(name):
    script = jupytext.read(ROOT / "notebooks" / f"{name}.py", fmt="py:percent")
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)

    def content(nb):
        return [(c.cell_type, c.source, c.metadata.get("tags", [])) for c in nb.cells]

    assert content(script) == content(notebook), (
        f"run: jupytext --update --to ipynb notebooks/{name}.py"
    )
    assert not any(c.get("outputs") for c in notebook.cells)


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapters_follow_the_plan(name):
    notebook = Book(ROOT).notebook(name)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    assert prose.startswith("# ")
    assert prose.splitlines()[0].endswith("?"), "the title is a question"
    assert "**In short.**" in code[2].source + code[3].source, "the answer comes first"
    parts = [line.removeprefix("## ") for line in prose.splitlines() if line.startswith("## ")]
    plan = OF_SITES if name == COMPARISON else PLAN
    assert [part for part in parts if part in plan] == plan
    by_hand = [c.source for c in code if is_by_hand(c.source)]
    if name != COMPARISON:
        assert any("\nassert " in source for source in by_hand), "what is by hand equals the book's"
        assert not any(len(line) > 76 for source in by_hand for line in source.splitlines())
    assert {"cohort", "cohorts"} & set(declared(notebook, name))
    for cell in code:
        assert len(cell.source.splitlines()) <= 32
        ast.parse(cell.source)


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_result_is_typed_by_hand(name):
    """A number with a decimal or a percent sign comes from the registry or the analysis.

    Only a question of an exercise or a quiz may make one up; a solution may not.
    """
    asking = False
    for cell in Book(ROOT).notebook(name).cells:
        solves = SOLUTION in cell.metadata.get("tags", [])
        asking |= cell.cell_type == "markdown" and cell.source.startswith("## Exercises")
        if cell.cell_type == "markdown" and (solves or not asking):
            text = cell.source.split("## Exercises")[0]
            text = re.sub(r"p < 0\.05", "", text)
            assert not re.findall(r"\d+\.\d|\d+ ?%", text)
