"""Chapters: pairs agree, sources are short and named by the rules."""

from __future__ import annotations

import ast
import re

import jupytext
import nbformat
import pytest
from conftest import ROOT

from cartanalysis.chapter.parameters import declared
from cartanalysis.publish.book import Book
from cartanalysis.sites.collection import COMPARISON
from cartanalysis.teaching.student import SOLUTION

CHAPTERS = [*Book(ROOT).chapters, COMPARISON]  # the last belongs to sites of several cohorts


def test_every_source_is_in_a_table_of_contents():
    for ending in ("py", "ipynb"):
        assert sorted(p.stem for p in (ROOT / "notebooks").glob(f"*.{ending}")) == sorted(CHAPTERS)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in CHAPTERS)


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
    assert sum(SOLUTION not in c.metadata.get("tags", []) for c in code) <= 11
    assert prose.startswith("# ")
    assert prose.splitlines()[0].endswith("?"), "the title is a question"
    for part in ("**You will learn**", "## In the paper", "## How sure can we be?", "## Exercises"):
        assert part in prose
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
