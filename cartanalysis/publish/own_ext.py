"""Sphinx extension: what pages say of a user's cohort, and what they say on a reconstruction only.

Role
    ``{cohort}`name``` and ``{cohort}`patients``` what the cohort is called, how many are in it.
Directives
    ``{on-reconstruction}`` and ``{on-your-data}`` what is said there only ·
    ``{findings}`` a row for each result that the cohort has, beside the study's: words, number,
    value of the registry or ``-``, and chapter, separated by bars · ``{unanswered} chapters``,
    ``results`` or ``columns``: what the cohort cannot answer, and what would change that ·
    ``{methods-paragraph}`` how the run computed its numbers.
"""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

from cartanalysis import contract
from cartanalysis.errors import MissingColumns, counted
from cartanalysis.publish import artefacts, reporting
from cartanalysis.publish.answered import ON_RECONSTRUCTION
from cartanalysis.publish.book import CHAPTERS
from cartanalysis.publish.sphinx_ext import EXTENSION, folder, load_artefact
from cartanalysis.study import published
from cartanalysis.text import badge, html_sentence, html_table

NOTHING = {
    "chapters": "None: every chapter is there.",
    "results": "None.",
    "columns": "No column is missing that the chapters ask for.",
}
"""What is said where there is nothing to list."""


class CohortRole(SphinxRole):
    """What the cohort is called, or how many patients are in it."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Look it up."""
        told = load_artefact(self.env, artefacts.ABOUT)[self.text]
        text = counted(told, "patient") if self.text == "patients" else str(told)
        return [nodes.Text(text)], []


class Only(SphinxDirective):
    """What is true of one kind of cohort only: the reconstruction, or patients' data."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Read the content, or drop it."""
        about = load_artefact(self.env, artefacts.ABOUT)
        if about["is_reconstruction"] != (self.name == ON_RECONSTRUCTION):
            return []
        place = nodes.Element()
        place.document = self.state.document
        self.state.nested_parse(self.content, self.content_offset, place, match_titles=True)
        return place.children


class Findings(SphinxDirective):
    """A cohort's results beside the study's; no row for what it does not have."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Write the table."""
        texts = load_artefact(self.env, artefacts.TEXTS)
        rows = []
        for line in self.content:
            words, number, entry, chapter = (part.strip() for part in line.split("|"))
            told = texts.get(number, {"reason": "no chapter gives it"})
            if not told["reason"]:
                rows.append(self._row(words, told, entry, chapter))
        if not rows:
            return []
        head = "".join(f"<th>{h}</th>" for h in ("Result", "This cohort", "The study"))
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        return [nodes.raw("", f'<div class="cart-table">{table}</div>', format="html")]

    def _row(self, words: str, told: dict[str, str], entry: str, chapter: str) -> str:
        name = html.escape(words.replace("{contrast}", told["contrast"]))
        page = f"{CHAPTERS}/{chapter}"
        if page in self.env.found_docs:
            name = f'<a href="{"../" * self.env.docname.count("/")}{page}.html">{name}</a>'
        study = "–"
        if entry != "-":
            value = published.load()[entry]
            study = f"{html.escape(value.text)}{badge(value.evidence)}"
        number = f'<span class="cart-number">{html.escape(told["full"])}</span>'
        return f'<tr><th scope="row">{name}</th><td>{number}</td><td>{study}</td></tr>'


class Unanswered(SphinxDirective):
    """What the cohort cannot answer."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write one of the three lists."""
        chapters = load_artefact(self.env, artefacts.UNANSWERED)
        what = self.arguments[0]
        text = _columns(chapters) if what == "columns" else _reasons(chapters, what == "results")
        return [nodes.raw("", text or f"<p>{NOTHING[what]}</p>", format="html")]


class MethodsParagraph(SphinxDirective):
    """How the run computed its numbers."""

    def run(self) -> list[nodes.Node]:
        """Write the paragraph."""
        path = folder(self.env) / reporting.METHODS
        self.env.note_dependency(str(path))
        text = path.read_text(encoding="utf-8").strip()
        return [nodes.block_quote("", nodes.paragraph("", "", nodes.Text(text)))]


def _reasons(chapters: list[dict[str, Any]], stays: bool) -> str:
    """List chapters that stay, or that do not, with what cannot be shown and why."""
    items = []
    for chapter in chapters:
        if chapter["stays"] == stays and chapter["reasons"]:
            why = "".join(f"<li>{html_sentence(_capital(r))}.</li>" for r in _told(chapter))
            items.append(f"<li><strong>{html.escape(chapter['title'])}</strong><ul>{why}</ul></li>")
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _told(chapter: dict[str, Any]) -> list[str]:
    """Give each reason once, and in one sentence all columns that lack."""
    others = [r["reason"].removesuffix(".") for r in chapter["reasons"] if not r["columns"]]
    others = [r for r in others if not any(o != r and o.startswith(r) for o in others)]
    lacking = _lacking(chapter)
    return [*([str(MissingColumns(lacking))] if lacking else []), *others]


def _lacking(chapter: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(c for r in chapter["reasons"] for c in r["columns"]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _columns(chapters: list[dict[str, Any]]) -> str:
    """List the columns that lack, each with the chapters that wait for it."""
    waiting: dict[str, list[str]] = {}
    for chapter in chapters:
        for column in _lacking(chapter):
            waiting.setdefault(column, []).append(chapter["title"])
    rows = [
        {
            "Column": name,
            "Values": spec.allowed,
            "Meaning": _capital(spec.meaning),
            "Wanted by": " · ".join(waiting[name]),
        }
        for name, spec in contract.FIELDS.items()
        if name in waiting
    ]
    return (
        html_table(rows, "Columns without values, and the chapters that use them") if rows else ""
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_role("cohort", CohortRole())
    app.add_directive(ON_RECONSTRUCTION, Only)
    app.add_directive("on-your-data", Only)
    app.add_directive("findings", Findings)
    app.add_directive("unanswered", Unanswered)
    app.add_directive("methods-paragraph", MethodsParagraph)
    return EXTENSION
