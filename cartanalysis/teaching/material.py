"""What a site holds for teaching: student notebooks, an answer sheet, slides."""

from __future__ import annotations

from pathlib import Path

import nbformat

from cartanalysis.teaching.marker import answer_sheet
from cartanalysis.teaching.slides import deck
from cartanalysis.teaching.student import student_notebook

STUDENT, SLIDES, SHEET = "student", "slides", "answer-sheet.csv"


def write_student(notebooks: Path, folder: Path) -> None:
    """Cut student notebooks from chapters, and add the answer sheet."""
    folder.mkdir(exist_ok=True)
    for path in sorted(notebooks.glob("*.ipynb")):
        nbformat.write(student_notebook(nbformat.read(path, as_version=4)), folder / path.name)
    (folder / SHEET).write_text(answer_sheet(), encoding="utf-8")


def write_slides(notebooks: Path, folder: Path, banner: str) -> None:
    """Make slides from chapters."""
    folder.mkdir(exist_ok=True)
    for path in sorted(notebooks.glob("*.ipynb")):
        page = deck(nbformat.read(path, as_version=4), banner)
        (folder / f"{path.stem}.html").write_text(page, encoding="utf-8")
