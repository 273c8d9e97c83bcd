"""Student notebooks: a chapter without its solutions, cut by cell tag, ready to be worked in."""

from __future__ import annotations

import html
import json

import nbformat

from cartanalysis.publish.answered import SOLUTION
from cartanalysis.study.published import load
from cartanalysis.teaching.plain import plain
from cartanalysis.teaching.quiz import Question

INJECTED = "injected-parameters"
ANSWER = "# Your answer: write it here and run the cell.\n"
WHERE = "*The page of this chapter in the book answers.*"
ANSWER_IN_WORDS = "Your answer: *write it here.*"
NOTE = (
    "*Student version: the solutions are left out. Run all cells first (it needs the package "
    "`cartanalysis`); then work in the empty cells of the exercises. To study a cohort of your "
    "own, put the name of its file into the cell that sets* `cohort`. *Letters behind a sentence "
    "say how its numbers are known: P printed by the paper, S by another publication, D derived by "
    "arithmetic, A assumed.*"
)


def student_notebook(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Cut a student's notebook from a chapter."""
    out = nbformat.from_dict(json.loads(json.dumps(notebook)))
    registry = load()
    last_quiz = next((c for c in reversed(out.cells) if "{quiz}" in c.source), None)
    cells = [nbformat.v4.new_markdown_cell(NOTE, id="student-note")]
    for cell in out.cells:
        tags = cell.metadata.get("tags", [])
        is_code = cell.cell_type == "code"
        if INJECTED in tags:
            continue
        if is_code:
            cell.outputs, cell.execution_count = [], None
        else:
            where = f"\n\n{WHERE}" if cell is last_quiz else ""
            text = plain(cell.source, registry, hint=_hint, question=_question)
            cell.source = text + where
        if SOLUTION in tags:
            cell.source = ANSWER if is_code else ANSWER_IN_WORDS
            cell.metadata = nbformat.from_dict({})
        cells.append(cell)
    out.cells = cells
    out.metadata = nbformat.from_dict({"kernelspec": notebook.metadata["kernelspec"]})
    return out


def _hint(title: str, body: str) -> str:
    return f"<details><summary>{html.escape(title)}</summary>\n\n{body}\n\n</details>"


def _question(question: Question) -> str:
    options = "\n".join(f"- ☐ {option.text}" for option in question.options)
    return f"**{question.text}**\n\n{options}"
