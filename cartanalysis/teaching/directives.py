"""Sphinx extension: quiz questions on a page, and the list of what there is to teach with.

Directives
    ``{quiz}`` a multiple-choice question, see `cartanalysis.teaching.quiz` · ``{material}`` each
    chapter's student notebook and slides, as a table · ``{answer-sheet}`` what it asks, and a link.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective

from cartanalysis.publish.artefacts import ABOUT, title_of
from cartanalysis.publish.book import CHAPTERS, Book
from cartanalysis.publish.sphinx_ext import EXTENSION, banner, chapters, folder, load_artefact
from cartanalysis.teaching.marker import answer_sheet
from cartanalysis.teaching.quiz import parse
from cartanalysis.teaching.slides import deck
from cartanalysis.teaching.student import student_notebook
from cartanalysis.teaching.tasks import TASKS
from cartanalysis.text import html_table

CLASS = "cart-quiz"
STUDENT, SLIDES, SHEET = "student", "slides", "answer-sheet.csv"

STUDENT_DOWNLOAD = ("The student version, to work through", f"{STUDENT}/{{name}}.ipynb")
"""What a chapter's page offers to download, beside the notebook itself."""


class Quiz(SphinxDirective):
    """A multiple-choice question; without a script its answer is in a drop-down."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Place the question."""
        try:
            question = parse("\n".join(self.content))
        except ValueError as error:
            raise self.error(f"quiz: {error}") from error
        box = nodes.container(classes=[CLASS])
        box += self._inline(nodes.paragraph(), question.text)
        options, answers = nodes.bullet_list(), nodes.bullet_list()
        for option in question.options:
            options += nodes.list_item("", self._inline(nodes.paragraph(), option.text))
            told = nodes.paragraph("", "", nodes.strong("", "Right" if option.right else "Wrong"))
            told += nodes.Text(": ")
            told += self._inline(nodes.inline(), option.text)
            told += nodes.Text(" ")
            told += self._inline(nodes.inline(), option.feedback)
            answers += nodes.list_item(
                "", told, classes=["cart-right" if option.right else "cart-wrong"]
            )
        opening = "<details><summary>Answer</summary>"
        box += [options, nodes.raw("", opening, format="html"), answers]
        box += nodes.raw("", "</details>", format="html")
        return [box]

    def _inline(self, node: nodes.Element, text: str) -> nodes.Element:
        children, messages = self.state.inline_text(text, self.lineno)
        node += children
        node += messages
        return node


class Material(SphinxDirective):
    """What there is to teach with, chapter by chapter."""

    def run(self) -> list[nodes.Node]:
        """Write the table."""
        up = "../" * self.env.docname.count("/")
        rows = []
        executed = dict(chapters(self.env))
        for name in (n for n in Book(Path(self.env.srcdir)).chapters if n in executed):
            title = html.escape(title_of(executed[name], name))
            rows.append(
                f'<tr><th scope="row"><a href="{up}{CHAPTERS}/{name}.html">{title}</a></th>'
                f'<td><a href="{up}{STUDENT}/{name}.ipynb" '
                f'aria-label="Student notebook: {title}" download>notebook</a></td>'
                f'<td><a href="{up}{SLIDES}/{name}.html" '
                f'aria-label="Slides: {title}">slides</a></td></tr>'
            )
        head = "<tr><th>Chapter</th><th>For students</th><th>For the room</th></tr>"
        table = f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
        box = f'<div class="pst-scrollable-table-container">{table}</div>'
        return [nodes.raw("", box, format="html")]


class AnswerSheet(SphinxDirective):
    """What the answer sheet asks, and where to get it."""

    def run(self) -> list[nodes.Node]:
        """Write the table and the link."""
        rows = [
            {
                "Id": task.id,
                "Chapter": task.chapter,
                "Question": task.question,
                "Tolerance": f"± {task.tolerance:g} {task.unit}" if task.tolerance else "none",
            }
            for task in TASKS
        ]
        table = html_table(rows, "What the answer sheet asks of each student's cohort")
        up = "../" * self.env.docname.count("/")
        address = f"{up}{STUDENT}/{SHEET}"
        link = nodes.reference("", "Download the answer sheet (CSV)", refuri=address)
        return [nodes.raw("", table, format="html"), nodes.paragraph("", "", link)]


def _only_where_needed(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Load the script on pages with a quiz only."""
    if doctree is not None and any(CLASS in n["classes"] for n in doctree.findall(nodes.container)):
        app.add_css_file("quiz.css")
        app.add_js_file("quiz.js", loading_method="defer")


def _offer_student(app: Sphinx, config: Config) -> None:
    config.cart_downloads = [*config.cart_downloads, STUDENT_DOWNLOAD]


def _finish(app: Sphinx, exception: Exception | None) -> None:
    """Put student notebooks, the answer sheet and slides into the site."""
    if exception is not None or app.builder.format != "html":
        return
    out, artefacts = Path(app.outdir), folder(app.env)
    about = load_artefact(app, ABOUT)
    for name in (STUDENT, SLIDES):
        (out / name).mkdir(exist_ok=True)
    for path in (artefacts / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        nbformat.write(student_notebook(notebook), out / STUDENT / path.name)
        slides = deck(notebook, banner(about))
        (out / SLIDES / f"{path.stem}.html").write_text(slides, encoding="utf-8")
    (out / STUDENT / SHEET).write_text(answer_sheet(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.setup_extension("cartanalysis.publish.page_ext")
    app.add_directive("quiz", Quiz)
    app.add_directive("material", Material)
    app.add_directive("answer-sheet", AnswerSheet)
    app.connect("config-inited", _offer_student)
    app.connect("html-page-context", _only_where_needed)
    app.connect("build-finished", _finish)
    return EXTENSION
