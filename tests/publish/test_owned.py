"""A book about somebody's own cohort: what stays in it, what it opens with, its owner's words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
import tinybook
from bs4 import BeautifulSoup
from conftest import ROOT
from markdown_it import MarkdownIt
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cartanalysis.errors import InputError, MissingColumns
from cartanalysis.publish import own_ext, owned
from cartanalysis.publish.answered import answered
from cartanalysis.publish.owned import About, about_from, as_markdown

GONE = {"withheld": {"reason": "no values in `emd`", "columns": ["emd"]}}
THERE = {"shown": True}


def output(about: dict) -> nbformat.NotebookNode:
    text = {"text/html": "<p>x</p>"}
    return new_output("display_data", text, metadata={"cartanalysis": about})


def number(value: float | None) -> dict:
    return {"number": {"id": "n", "value": value}, "parts": {}}


def chapter(*cells: object) -> nbformat.NotebookNode:
    made = [new_markdown_cell("# A question?\n\nProse.")]
    for cell in cells:
        is_prose = isinstance(cell, str)
        outputs = [] if is_prose else [output(about) for about in cell]
        made.append(
            new_markdown_cell(cell) if is_prose else new_code_cell("study.x()", outputs=outputs)
        )
    return new_notebook(cells=made)


def test_columns_that_lack_are_told_once_a_chapter():
    reasons = [
        {"reason": "x", "columns": ["emd"]}, {"reason": "no curve takes a step.", "columns": []},
        {"reason": "y", "columns": ["treg_pct", "emd"]},
    ]  # fmt: skip
    assert own_ext._told({"reasons": reasons}) == [
        str(MissingColumns(["emd", "treg_pct"])), "no curve takes a step",
    ]  # fmt: skip


# --- chapters and sections -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "stays"),
    [
        ([[number(None)], [GONE]], False),
        ([[number(None), number(0.5)], [GONE]], True),
        ([[number(0.0)]], True),  # a number of zero is an answer
        ([[THERE]], True),  # about the study
        ([[GONE]], False),
        ([], False),
    ],
)
def test_a_chapter_stays_if_it_has_an_answer(cells, stays):
    assert answered(chapter(*cells)).stays is stays


@pytest.mark.parametrize("mark", ["solution", "by hand"])
def test_exercises_alone_are_no_answer(mark):
    notebook = chapter([THERE])
    if mark == "solution":
        notebook.cells[1].metadata["tags"] = [mark]
    else:
        notebook.cells[1].source = "# by hand: emd\nx"
    assert not answered(notebook).stays


def test_what_leads_to_nothing_goes_and_other_prose_stays():
    notebook = chapter(
        "## Background\n\nWhat is known.\n\n## Remission by EMD",
        [number(None), GONE],
        "More of it.\n\n```bash\n## no heading\n```\n\n## How sure?\n\n"
        "Prose stays.\n\n- A list stays.\n\n**Tests.** The table of all tests.",
        [GONE],
        "## By kind\n\nThe kinds one by one.",
        [GONE],
        "## A hint\n\n```{dropdown} Hint\nOne line.\n\nLast line.\n```",
        [GONE],
        "## Survival",
        [number(0.5), THERE, GONE],
    )
    found = answered(notebook)
    text = "\n".join(c.source for c in found.notebook.cells if c.cell_type == "markdown")
    assert "What is known." in text and "A list stays." in text and "## Survival" in text
    assert "One line.\n\nLast line." in text, "no block is cut"
    for gone in ("Remission by EMD", "all tests", "By kind", "one by one"):
        assert gone not in text
    assert "More of it." not in text and "no heading" not in text
    left = [o for c in found.notebook.cells for o in c.get("outputs", [])]
    assert len(left) == 2
    assert found.reasons == [GONE["withheld"]]
    nbformat.validate(found.notebook)


@pytest.mark.parametrize(("outputs", "stays"), [([THERE, GONE], False), ([THERE], True)])
def test_an_exercise_goes_whose_solution_lacks_something(outputs, stays):
    notebook = chapter([number(0.5)], "### Exercise 1: read\n\nLook at the figure.", outputs)
    notebook.cells[3].metadata["tags"] = ["solution"]
    text = str([c.source for c in answered(notebook).notebook.cells])
    assert ("Look at the figure." in text) is stays


def test_what_is_about_the_reconstruction_goes():
    notebook = chapter([THERE], "## How it was made\n\nDrawn.", [THERE, GONE], "## Next")
    for cell in notebook.cells[2:4]:
        cell.metadata["tags"] = ["on-reconstruction"]
    found = answered(notebook)
    assert [c.source for c in found.notebook.cells[1:]] == ["study.x()", "## Next"]
    assert found.reasons == []


def test_the_title_stays_whatever_follows():
    found = answered(chapter([number(None), GONE], "## Then", [number(1.0)]))
    assert found.notebook.cells[0].source.startswith("# A question?")


# --- menu and links ------------------------------------------------------------------------------


def test_chapters_leave_the_menu_and_pages_enter_it_before_the_last_part():
    toc = {
        "root": "book/index",
        "parts": [
            {"caption": "One", "chapters": [{"file": "notebooks/a"}]},
            {"caption": "Two", "chapters": [{"file": "notebooks/b", "sections": [{"file": "c"}]}]},
            {"caption": "Book", "chapters": [{"file": "book/methods"}]},
        ],
    }
    found = owned.contents(toc, {"notebooks/a", "c"}, ["book/unanswered"])
    assert found["parts"] == [
        {"caption": "Two", "chapters": [{"file": "notebooks/b"}]},
        {"caption": "This cohort", "chapters": [{"file": "book/unanswered"}]},
        {"caption": "Book", "chapters": [{"file": "book/methods"}]},
    ]
    assert owned.contents({"root": "i", "chapters": []}, set(), ["x"])["chapters"] == [
        {"file": "x"}
    ]


def test_links_to_a_chapter_that_left_lead_to_the_reason(tmp_path):
    (tmp_path / "book" / "teach").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    page = tmp_path / "book" / "teach" / "x.md"
    page.write_text("[a](../../notebooks/gone.ipynb#place), [](../../notebooks/kept.ipynb)")
    cell = new_markdown_cell("see [](gone.ipynb) and [it](kept.ipynb)")
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "notebooks" / "kept.ipynb")
    owned.lead_elsewhere(tmp_path, {"gone": "Gone?"})
    assert page.read_text() == "[a](../unanswered.md), [](../../notebooks/kept.ipynb)"
    read = nbformat.read(tmp_path / "notebooks" / "kept.ipynb", as_version=4)
    assert read.cells[0].source == "see [Gone?](../book/unanswered.md) and [it](kept.ipynb)"


# --- the owner's words ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " \n", "a\0b", "x" * 201])
def test_a_title_is_one_line(text):
    with pytest.raises(InputError, match="--title: 1 problem"):
        about_from(title=text)


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "cannot be read"), (b"\xff\xfe\x00", "UTF-8"), (b" ", "no text"),
     (b"x" * 200_001, "longer")],
)  # fmt: skip
def test_a_page_that_cannot_be_read_is_told_with_a_remedy(tmp_path, content, says):
    file = tmp_path / "about.md"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        about_from(text=file)
    assert caught.value.problems[0].remedy


def test_a_page_is_text_and_nothing_else():
    words = (
        "# Ours\n\n<script>x</script> ![p](https://e.org/p.png) [a](javascript:x) "
        "[b](https://e.org) {num}`orr`\n\n```{include} /etc/passwd\n```\n\n|a|\n|-|\n|1|\n"
    )
    page = BeautifulSoup(About(text=words).page(), "html.parser")
    assert not page.select("script, img, h1")
    assert page.h2.get_text() == "Ours"
    # a picture is left as a link to it
    assert [a["href"] for a in page.select("a")] == ["https://e.org/p.png", "https://e.org"]
    assert page.table.td.get_text() == "1"
    assert "root:" not in page.get_text()


def test_markdown_in_a_title_is_shown():
    title = "*a* [b](c) `d` <e> &amp; {f}`g` 1. # \\ h_i_"
    shown = MarkdownIt("commonmark").renderInline(as_markdown(title))
    assert BeautifulSoup(shown, "html.parser").get_text() == title
    assert "<em>" not in shown and "<a" not in shown and "<code>" not in shown


def test_an_owners_words_reach_title_citation_page_and_record(tiny, capsys):
    words = tiny.parent / "about.md"
    words.write_text("We treated *everybody*.\n")
    options = ("--title", "Ours & *theirs*", "--author", "A. B.", "--author", "D. E.")
    options += ("--institution", "C")
    options += ("--about", str(words))
    assert tinybook.run(tiny, *options) == 0
    site = tiny.parent / "site"
    front = BeautifulSoup((site / "book" / "index.html").read_text(), "html.parser")
    assert front.title.get_text() == "Ours & *theirs*"
    assert "A. B., D. E., C (" in front.select_one(".cart-furniture").get_text()
    page = (site / "book" / "about-this-cohort.html").read_text()
    assert "We treated <em>everybody</em>." in page
    record = json.loads((site / "run.json").read_text())
    assert record["about"]["title"] == "Ours & *theirs*"
    assert re.fullmatch(r"[0-9a-f]{64}", record["about"]["text"])
    assert record["pages"] == ["book/index", "notebooks/one", "book/about-this-cohort"]
    assert tinybook.run(tiny, *options) == 0
    assert "Nothing changed" in capsys.readouterr().out
    words.write_text("We treated *nobody*.\n")
    assert tinybook.run(tiny, *options) == 0
    assert "unchanged: 1" in capsys.readouterr().out
    assert "nobody" in (site / "book" / "about-this-cohort.html").read_text()


def test_words_about_one_cohort_are_not_for_several(tiny, capsys):
    assert tinybook.run(tiny, "an2020", "other.csv", "--title", "Ours") == 2
    assert "one cohort" in capsys.readouterr().err


def test_every_number_of_the_front_page_is_handed_over_by_its_chapter(default_site):
    values = json.loads((default_site / "results.json").read_text())["values"]
    chapters = {v["id"]: v["chapter"] for v in values}
    text = (ROOT / "book" / owned.YOUR_FRONT).read_text()
    rows = re.findall(r"^[^|\n]+ \| (\S+) \| (\S+) \| (\S+)$", text, re.MULTILINE)
    assert len(rows) >= 12
    for key, _, name in rows:
        if "_arm_" not in key:  # the reconstruction has none
            assert chapters[key] == name, key
    assert Path(ROOT / "book" / f"{owned.UNANSWERED}.md").is_file()
