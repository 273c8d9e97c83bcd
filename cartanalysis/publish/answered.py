"""What a user's cohort can answer: the chapters and sections that it feeds, and why not the others.

A chapter stays if at least one of the numbers that it hands over is there; one that hands over
none, if it shows anything but solutions and work by hand.  In a chapter that stays, what cannot be
shown goes with the paragraph that leads to it, a section goes of whose results nothing is left, and
an exercise goes whose solution lacks something.  The directive ``{unanswered}`` tells all of it on
one page.  A cell tagged ``on-reconstruction`` is about the default cohort and leaves, too.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import nbformat
from nbformat import NotebookNode

from cartanalysis.chapter.by_hand import is_by_hand
from cartanalysis.chapter.disclosure.outputs import METADATA, WITHHELD

SOLUTION = "solution"
"""Tag of the cells that hold the answer to an exercise; they are folded away."""

ON_RECONSTRUCTION = "on-reconstruction"
"""Tag of the cells that say what is true of the reconstruction only, in prose or in code."""

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
    whole.cells = [c for c in whole.cells if ON_RECONSTRUCTION not in _tags(c)]
    withheld = [w for cell in whole.cells for w in map(_withheld, _outputs(cell)) if w]
    reasons = {w["reason"]: w for w in withheld}
    stays = _has_an_answer(whole)
    _drop_what_leads_nowhere(whole.cells)
    opening, *sections = _sections(whole.cells)
    kept = [opening, *(s for s in sections if not _is_empty(s))]
    whole.cells = [cell for section in kept for cell in section]
    for cell in whole.cells:
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if not _withheld(o)]
    return Answered(whole, stays, [*reasons.values()])


def _outputs(cell: NotebookNode) -> list[Any]:
    return list(cell.get("outputs", []))


def handed_over(output: Any) -> dict[str, Any]:
    """Give what a chapter said of an output that it handed over."""
    return dict(output.get("metadata", {}).get(METADATA, {}))


def _withheld(output: Any) -> dict[str, Any]:
    """Give what an output says of a result that is not there."""
    return dict(handed_over(output).get(WITHHELD, {}))


def _is_read(output: Any) -> bool:
    """Tell whether readers see an output: numbers only travel in it."""
    return "number" not in handed_over(output) and not _withheld(output)


def _has_an_answer(notebook: NotebookNode) -> bool:
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    told = [a["number"] for c in cells for a in map(handed_over, c.outputs) if "number" in a]
    if told:
        return any(number["value"] is not None for number in told)
    return any(_is_read(o) for c in cells if not _is_exercise(c) for o in c.outputs)


def _is_exercise(cell: NotebookNode) -> bool:
    return SOLUTION in _tags(cell) or is_by_hand(cell.source)


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


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


def _drop_what_leads_nowhere(cells: list[NotebookNode]) -> None:
    """Drop the paragraph before a cell of which nothing is left."""
    for prose, code in pairwise(cells):
        if prose.cell_type == "markdown" and code.cell_type == "code" and _shows_nothing([code]):
            *before, last = prose.source.rstrip().split("\n\n")
            in_block = any(map(_FENCE.match, last.splitlines()))
            if last.lstrip("*")[:1].isalpha() and not in_block:  # and no heading or list
                prose.source = "\n\n".join(before)
    cells[:] = [cell for cell in cells if cell.cell_type == "code" or cell.source]


def _is_empty(section: list[NotebookNode]) -> bool:
    """Tell whether a section has nothing but holes: an exercise, one; others, no prose either."""
    code = [c for c in section if c.cell_type == "code"]
    if code and all(SOLUTION in _tags(c) for c in code):
        return any(_withheld(o) for c in code for o in c.outputs)
    return "\n" not in section[0].source.strip() and _shows_nothing(code)


def _shows_nothing(code: list[NotebookNode]) -> bool:
    """Tell whether cells had something to show, and none of it is there."""
    outputs = [o for c in code for o in c.outputs]
    works_by_hand = any(is_by_hand(c.source) for c in code)
    return any(map(_withheld, outputs)) and not any(map(_is_read, outputs)) and not works_by_hand
