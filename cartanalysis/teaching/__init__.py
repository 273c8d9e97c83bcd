"""Teaching with the chapters: student notebooks, quizzes, slides, and a marker of answers."""

from cartanalysis.teaching.marker import answer_sheet, mark, mark_file, read_answers
from cartanalysis.teaching.slides import deck
from cartanalysis.teaching.student import student_notebook

__all__ = ["answer_sheet", "deck", "mark", "mark_file", "read_answers", "student_notebook"]
