"""What a user's cohort can answer: the chapters and sections that it feeds, and why not the others.

A chapter leaves the book where the cohort cannot answer its question: nothing is left of the
sentences of its cell "**In short.**", or it hands numbers over and there is none.  A chapter that
asks nothing of a cohort stays.  In the chapters that stay, a section from which nothing is left
goes, and whatever else cannot be shown; ``{unanswered}`` tells all of it on one page.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode

from cartanalysis.chapter.by_hand import is_by_hand
from cartanalysis.chapter.disclosure.outputs import METADATA, WITHHELD

ANSWER = "**In short.**"
"""How the answer to a chapter's question begins."""

_FENCE = re.compile(r"\s*(`{3,}|~{3,}|:{3,})")
_HEADING = re.compile(r"#{2,} ")


@dataclass
class Answered:
    """What is left of a chapter on a cohort."""

    notebook: NotebookNode
    stays: bool
    reasons: list[dict[str, Any]] = field(default_factory=list)
    """Why something cannot be shown, each once: ``reason``, and the ``columns`` that lack."""


def answered(notebook: NotebookNode) -> Answered:
    """Leave out of an executed chapter what the cohort cannot answer."""
    whole = copy.deepcopy(notebook)
    withheld = [w for cell in whole.cells for w in map(_withheld, _outputs(cell)) if w]
    reasons = {w["reason"]: w for w in withheld}
    stays = _has_an_answer(whole)
    whole.cells = [c for part in _sections(whole.cells) if not _is_empty(part) for c in part]
    for cell in whole.cells:
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if not _withheld(o)]
    return Answered(whole, stays, [*reasons.values()])


def _outputs(cell: NotebookNode) -> list[Any]:
    return list(cell.get("outputs", []))


def _about(output: Any) -> dict[str, Any]:
    return dict(output.get("metadata", {}).get(METADATA, {}))


def _withheld(output: Any) -> dict[str, Any]:
    """Give what an output says of a result that is not there."""
    return dict(_about(output).get(WITHHELD, {}))


def _is_read(output: Any) -> bool:
    """Tell whether readers see an output: numbers only travel in it."""
    return "number" not in _about(output) and not _withheld(output)


def _has_an_answer(notebook: NotebookNode) -> bool:
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    answers = [c for c in cells if ANSWER in c.source]
    if answers and not any(_is_read(o) for c in answers for o in c.outputs):
        return False
    told = [a["number"] for c in cells for a in map(_about, c.outputs) if "number" in a]
    return not told or any(number["value"] is not None for number in told)


def _sections(cells: list[NotebookNode]) -> Iterator[list[NotebookNode]]:
    """Cut a chapter where a heading stands; a cell of prose may hold several."""
    section: list[NotebookNode] = []
    for cell in cells:
        if cell.cell_type != "markdown":
            section.append(cell)
            continue
        for number, piece in enumerate(_pieces(cell.source)):
            if _HEADING.match(piece) and section:
                yield section
                section = []
            part = nbformat.from_dict({**cell, "source": piece})
            if number:
                part["id"] = f"{cell['id'][:56]}-{number}"
            section.append(part)
    yield section


def _pieces(text: str) -> Iterator[str]:
    """Cut Markdown before each heading that stands in no block of its own."""
    piece: list[str] = []
    fence = ""
    for line in text.splitlines():
        opened = _FENCE.match(line)
        if opened and not fence:
            fence = opened[1]
        elif opened and line.strip().startswith(fence):
            fence = ""
        elif not fence and _HEADING.match(line) and piece:
            yield "\n".join(piece).rstrip()
            piece = []
        piece.append(line)
    yield "\n".join(piece).rstrip()


def _is_empty(section: list[NotebookNode]) -> bool:
    """Tell whether a section would have shown something, and nothing of it is there."""
    code = [c for c in section if c.cell_type == "code"]
    outputs = [o for c in code for o in c.outputs]
    works_by_hand = any(is_by_hand(c.source) for c in code)
    return any(map(_withheld, outputs)) and not any(map(_is_read, outputs)) and not works_by_hand
