"""Marking answers: every student has a cohort of their own, and every cohort its own answers.

A cohort is known by its seed (`cartanalysis.reconstruct`), so that the right answers need not be
kept anywhere: they are computed, with the functions that the chapters use.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from cartanalysis import cohort as cohorts
from cartanalysis import intake
from cartanalysis.errors import InputError, Problem, shown
from cartanalysis.reconstruct import reconstruct
from cartanalysis.teaching.tasks import TASKS, Task

RIGHT, WRONG, MISSING, UNREADABLE = "right", "wrong", "no answer", "not a number"
LARGEST = 1_000_000
"""Bytes; an answer sheet is a few hundred."""

_NUMBER = re.compile(
    r"(?:p\s*)?([<=])?\s*([+-]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:e[+-]?\d{1,3})?)\s*(?:%|days?|patients?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Answers:
    """What a student handed in.

    Attributes
    ----------
    values : dict of str to object
        Answer by id of the task, as written.
    remarks : tuple of str
        What could not be read, one sentence each.
    """

    values: dict[str, object]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mark:
    """The mark of one answer.

    Attributes
    ----------
    id : str
        The task.
    verdict : {"right", "wrong", "no answer", "not a number"}
        The mark.
    given : str
        The answer as written.
    expected : float
        The right answer, in the task's unit; for the teacher, not in the feedback.
    feedback : str
        What to tell the student.
    """

    id: str
    verdict: str
    given: str
    expected: float
    feedback: str


@dataclass(frozen=True)
class Report:
    """All marks of one student.

    Attributes
    ----------
    seed : int
        The student's cohort.
    marks : tuple of Mark
        One for each task.
    remarks : tuple of str
        What could not be read.
    """

    seed: int
    marks: tuple[Mark, ...]
    remarks: tuple[str, ...]

    def text(self) -> str:
        """Write the report for the student.

        Returns
        -------
        str
            A line per task, the right answers not among them.
        """
        right = sum(m.verdict == RIGHT for m in self.marks)
        lines = [f"Cohort of seed {self.seed}: {right} of {len(self.marks)} answers right."]
        lines += [f"Note: {remark}" for remark in self.remarks]
        for mark in self.marks:
            given = f" ({shown(mark.given)})" if mark.given else ""
            lines.append(f"{mark.id}{given}: {mark.verdict}. {mark.feedback}".rstrip())
        return "\n".join(lines)

    def records(self) -> dict[str, object]:
        """Give the report for a program, right answers included.

        Returns
        -------
        dict
            The seed, how many are right, of how many, the remarks and the marks.
        """
        return {
            "seed": self.seed,
            "right": sum(m.verdict == RIGHT for m in self.marks),
            "of": len(self.marks),
            "remarks": list(self.remarks),
            "marks": [asdict(m) for m in self.marks],
        }


def answer_sheet() -> str:
    """Write an empty answer sheet; it is the same for every cohort.

    Returns
    -------
    str
        CSV with the columns id, question, unit, tolerance, answer.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", "question", "unit", "tolerance", "answer"])
    for task in TASKS:
        writer.writerow([task.id, task.question, task.unit, f"{task.tolerance:g}", ""])
    return out.getvalue()


def mark_file(path: Path, seed: int) -> Report:
    """Mark a file of answers.

    Parameters
    ----------
    path : pathlib.Path
        A filled-in answer sheet (CSV), or JSON with the answers by id.
    seed : int
        The student's cohort.

    Returns
    -------
    Report
        The marks; what the file holds cannot make it fail.

    Raises
    ------
    InputError
        If there is no such file or it cannot be opened.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            raise FileNotFoundError(2, "there is no such file")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        what = f"the answers cannot be read ({error.strerror})"
        raise InputError(str(path), [Problem(what, "Name a filled-in answer sheet")]) from error
    answers = read_answers(data)
    return Report(seed, tuple(mark(answers.values, seed)), answers.remarks)


def read_answers(data: bytes) -> Answers:
    """Read answers from CSV (columns id and answer) or JSON (answers by id).

    Parameters
    ----------
    data : bytes
        Content of the file, whatever it is.

    Returns
    -------
    Answers
        The answers; what cannot be read is told in the remarks.
    """
    if len(data) > LARGEST:
        return Answers({}, (f"the file is larger than {LARGEST // 1_000_000} MB: not read",))
    try:
        text = data.decode("utf-8-sig")
        values = _from_json(text) if text.lstrip().startswith("{") else _from_csv(text)
    except (ValueError, RecursionError, csv.Error) as error:
        reason = str(error) if isinstance(error, _NoAnswersError) else "it is neither CSV nor JSON"
        return Answers({}, (f"no answers could be read: {reason}",))
    known = {task.id for task in TASKS}
    strange = [shown(key) for key in values if key not in known]
    remarks = [f"there is no task {key}: left out" for key in strange[:5]]
    if len(strange) > 5:
        remarks.append(f"… and {len(strange) - 5} more like these")
    return Answers({k: v for k, v in values.items() if k in known}, tuple(remarks))


class _NoAnswersError(ValueError):
    """The file can be read, but holds no answers."""


def _from_json(text: str) -> dict[str, object]:
    found = json.loads(text)
    return {str(key).strip(): value for key, value in found.items()}


def _from_csv(text: str) -> dict[str, object]:
    head = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=head.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    names = [cell.strip().lower() for cell in rows[0]] if rows else []
    if not {"id", "answer"} <= set(names):
        raise _NoAnswersError("the first row has to name the columns id and answer")
    key, value = names.index("id"), names.index("answer")
    return {
        row[key].strip(): row[value].strip()
        for row in rows[1:]
        if len(row) > max(key, value) and row[key].strip()
    }


def mark(answers: Mapping[str, object], seed: int) -> list[Mark]:
    """Mark answers against the cohort of a seed.

    Parameters
    ----------
    answers : mapping of str to object
        Answer by id, a number or a text; anything else is "not a number".
    seed : int
        The student's cohort.

    Returns
    -------
    list of Mark
        One for each task, in order.
    """
    patients = cohort_of(seed)
    return [_judge(t, answers.get(t.id), t.answer(patients), patients) for t in TASKS]


def cohort_of(seed: int) -> pd.DataFrame:
    """Give the patients of a seed, as a chapter sees them.

    Parameters
    ----------
    seed : int
        As for ``cartanalysis reconstruct --seed``.

    Returns
    -------
    pandas.DataFrame
        The cohort's table with its derived columns.
    """
    made = intake.parse(reconstruct(seed).encode(), f"seed-{seed}.csv")
    return cohorts.derive(made.table)


def _judge(task: Task, answer: object, expected: float, patients: pd.DataFrame) -> Mark:
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        return Mark(task.id, MISSING, "", expected, "")
    given = answer.strip() if isinstance(answer, str) else _written(answer)
    value, below = _number(given)
    if value is None:
        return Mark(task.id, UNREADABLE, given, expected, "Give one number, such as 12.3.")
    enough = expected < value <= task.smallest
    if enough if below else _near(value, expected, task.tolerance):
        return Mark(task.id, RIGHT, given, expected, "")
    return Mark(task.id, WRONG, given, expected, _feedback(task, value, below, expected, patients))


def _feedback(
    task: Task, value: float, below: bool, expected: float, patients: pd.DataFrame
) -> str:
    if below:
        return f"Give the number itself; only below {task.smallest:g} is “<” enough."
    if task.unit == "%" and _near(100 * value, expected, task.tolerance):
        return "This is a fraction; the answer is asked for in percent."
    for slip in task.slips:
        if _near(value, slip.value(patients), task.tolerance):
            return slip.feedback
    return f"It is {'larger' if value > expected else 'smaller'} than it should be."


def _near(value: float, wanted: float, tolerance: float) -> bool:
    # a little more than the tolerance, which an answer rounded to it may just reach
    return abs(value - wanted) <= tolerance + 1e-9


def _written(answer: object) -> str:
    """Write an answer that came from JSON; what is no number will not look like one."""
    number = isinstance(answer, int | float) and not isinstance(answer, bool)
    return repr(answer) if number else f"({type(answer).__name__})"


def _number(text: str) -> tuple[float | None, bool]:
    """Read a number as people write it, and whether it is only a bound ("p < 0.001")."""
    found = _NUMBER.fullmatch(text.strip()) if len(text) <= 100 else None
    if found is None:
        return None, False
    value = float(found[2].replace(",", "."))
    return (value, found[1] == "<") if math.isfinite(value) else (None, False)
