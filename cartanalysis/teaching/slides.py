"""Slides from a chapter: one page of HTML that needs nothing else, neither network nor server."""

from __future__ import annotations

import base64
import html
import math
import re
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import nbformat
from markdown_it import MarkdownIt

from cartanalysis.publish.answered import SOLUTION, handed_over
from cartanalysis.study.published import load
from cartanalysis.teaching.plain import plain, questions
from cartanalysis.teaching.quiz import Question
from cartanalysis.teaching.student import INJECTED

_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_HEADING = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)
_BADGE = re.compile(r'\s<span class="cart-letter [\w-]+">([^<]*)</span>')
_SIZE = re.compile(r'<svg\b[^>]*\bviewBox="0 0 ([\d.]+) ([\d.]+)"')
TALL = 1.2
"""A picture so much taller than wide keeps its width and has its caption beside it."""

MOST_ROWS = 12
"""Of tables on one slide, headers aside; a longer table goes on on further slides."""

_PARAGRAPH = re.compile(r"\s*<p>.*?</p>", re.DOTALL)
_BODY = re.compile(r"<tbody>(.*)</tbody>", re.DOTALL)
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)


@dataclass
class _Slide:
    title: str
    prose: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    figures: int = 0
    rows: int = 0
    missing: bool = False

    def html(self, level: int) -> str:
        # below a picture or table there is room for a sentence; a few numbers need all the words
        shows = self.figures or self.rows
        told = self._first_paragraph() if shows else self.prose
        body = "\n".join([*told, *self.shown])
        heading = f"<h{level}>{_MARKDOWN.renderInline(self.title)}</h{level}>"
        kind = ' class="told"' if shows and told else ""
        return f'<section{kind} tabindex="-1">\n{heading}\n{body}\n</section>'

    def _first_paragraph(self) -> list[str]:
        found = (_PARAGRAPH.match(part) for part in self.prose)
        return [match[0] for match in found if match][:1]


def deck(notebook: nbformat.NotebookNode, banner: str) -> str:
    """Make a chapter's slides.

    Each heading starts a slide, each further figure and long table below it another. A slide
    shows the pictures and tables with the first paragraph of the text; where a heading has none,
    all its text and numbers. Exercises and quiz questions have slides of their own.
    """
    slides: list[_Slide] = []
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if SOLUTION in tags or INJECTED in tags:
            continue
        if cell.cell_type == "markdown":
            _add_prose(slides, cell.source)
        elif slides:
            for output in cell.get("outputs", []):
                _add_output(slides, output)
    kept = [s for s in slides if s is slides[0] or s.shown or (s.prose and not s.missing)]
    body = "\n".join(s.html(1 if place == 0 else 2) for place, s in enumerate(kept))
    folder = resources.files("cartanalysis.teaching")
    style, script = ((folder / f"slides.{e}").read_text(encoding="utf-8") for e in ("css", "js"))
    title = html.escape(kept[0].title if kept else "")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{banner}\n"
        f'<main>\n{body}\n</main>\n<p class="place" aria-hidden="true"></p>\n'
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


def _add_prose(slides: list[_Slide], source: str) -> None:
    before, *parts = _HEADING.split(plain(source, load()))
    for title, body in [("", before), *zip(parts[::2], parts[1::2], strict=True)]:
        if title:
            slides.append(_Slide(title.strip()))
        if slides and (quizzes := questions(body)):
            slides += [_Slide(slides[-1].title, [_quiz_html(q)]) for q in quizzes]
        elif slides and body.strip():
            # links lead into the book, which need not be at hand
            slides[-1].prose.append(re.sub(r"</?a\b[^>]*>", "", _MARKDOWN.render(body)))


def _quiz_html(question: Question) -> str:
    inline = _MARKDOWN.renderInline
    options = "".join(f"<li>{inline(o.text)}</li>" for o in question.options)
    right = next(o for o in question.options if o.right)
    return (
        f"<p>{inline(question.text)}</p><ol>{options}</ol><details><summary>Answer</summary>"
        f"<p>{inline(right.text)} {inline(right.feedback)}</p></details>"
    )


def _add_output(slides: list[_Slide], output: Any) -> None:
    about = handed_over(output)
    data = output.get("data", {})
    if "figure" in about:
        if slides[-1].figures or slides[-1].rows:
            slides.append(_Slide(slides[-1].title))
        slides[-1].figures += 1
        slides[-1].shown.append(_figure_html(about["figure"], data["image/svg+xml"]))
    elif "cart-missing" in data.get("text/html", ""):
        slides[-1].missing = True  # a chapter says what a cohort cannot show; slides leave it out
    elif not about and "text/html" in data:
        for part in _parts(data["text/html"]):
            _add_table(slides, part)
    elif not about and "text/markdown" in data:
        text = _BADGE.sub(r" [\1]", data["text/markdown"])
        slides[-1].shown.append(_MARKDOWN.render(text))


def _add_table(slides: list[_Slide], table: str) -> None:
    rows = max(1, table.count("<tr") - table.count("<thead"))
    if slides[-1].figures or (slides[-1].rows and slides[-1].rows + rows > MOST_ROWS):
        slides.append(_Slide(slides[-1].title))
    box = '<div class="wide" tabindex="0" role="group" aria-label="Table">'
    slides[-1].rows += rows
    slides[-1].shown.append(f"{box}{table}</div>")


def _parts(table: str) -> list[str]:
    """Split a long table evenly, each part with the header and the caption."""
    body = _BODY.search(table)
    rows = _ROW.findall(body[1]) if body else []
    if body is None or len(rows) <= MOST_ROWS or "rowspan" in table:
        return [table]
    size = math.ceil(len(rows) / math.ceil(len(rows) / MOST_ROWS))
    before, after = table[: body.start(1)], table[body.end(1) :]
    return [
        f"{before}{''.join(rows[start : start + size])}{after}"
        for start in range(0, len(rows), size)
    ]


def _figure_html(figure: dict[str, Any], svg: str) -> str:
    picture = base64.b64encode(svg.encode()).decode()
    caption = f"{figure['caption']} {figure['evidence_sentence']}"
    width, height = (float(s) for s in _SIZE.search(svg).groups())  # type: ignore[union-attr]
    shape = ' class="tall"' if height > TALL * width else ""
    return (
        f'<figure{shape}><img alt="{html.escape(figure["alt"])}" '
        f'src="data:image/svg+xml;base64,{picture}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )
