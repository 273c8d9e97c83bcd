"""Marking answers: every student has a cohort of their own, and every cohort its own answers.

A cohort is known by its seed (`cartanalysis.study.reconstruct`), so that the right answers need not
be kept anywhere: they are computed, with the functions that the chapters use.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path

import pandas as pd

from cartanalysis import contract as cohorts
from cartanalysis import intake
from cartanalysis.errors import InputError, shown
from cartanalysis.intake.reading import read_bytes, read_table
from cartanalysis.intake.reading.detect import detect
from cartanalysis.intake.reading.files import empty, refuse
from cartanalysis.study.reconstruct import reconstruct
from cartanalysis.teaching.tasks import TASKS, Task, quantities

RIGHT, WRONG, MISSING, UNREADABLE = "right", "wrong", "no answer", "not a number"
KEY, VALUE = "id", "answer"
"""Columns of an answer sheet."""

LARGEST = 1_000_000
"""Bytes; an answer sheet is a few hundred."""

FEWEST = 3
"""Of so many numbers a fifth at most is right: then the seed is probably not the student's."""

_NUMBER = re.compile(
    r"""(?:p\s*)?([<=])?\s*
    ([+-]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:e[+-]?\d{1,3})?)\s*
    (?:(?:%|per\s?cent)(?:\s*of\s+CD4\s*[+⁺]?(?:\s*T[\s-]cells?)?)?|days?|patients?)?""",
    re.IGNORECASE | re.VERBOSE,
)
_ASCII = str.maketrans({"–": "-", "⁺": "+", "’": "'", "“": '"', "”": '"', "≥": ">="})


@dataclass(frozen=True)
class Answers:
    """What a student handed in: answers by id as written, and what could not be read."""

    values: dict[str, object]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mark:
    """The mark of one answer."""

    id: str
    verdict: str
    given: str  # as written
    expected: float  # for the teacher, not in the feedback
    feedback: str


@dataclass(frozen=True)
class Report:
    """All marks of one student, and what could not be read."""

    seed: int
    marks: tuple[Mark, ...]
    remarks: tuple[str, ...]

    @property
    def right(self) -> int:
        """How many answers are right."""
        return sum(m.verdict == RIGHT for m in self.marks)

    def text(self) -> str:
        """Write the report for the student."""
        lines = [f"Cohort of seed {self.seed}: {self.right} of {len(self.marks)} answers right."]
        lines += [f"Note: {remark}" for remark in self.remarks]
        for mark in self.marks:
            given = f" ({shown(mark.given)})" if mark.given else ""
            lines.append(f"{mark.id}{given}: {mark.verdict}. {mark.feedback}".rstrip())
        return "\n".join(lines)

    def records(self) -> dict[str, object]:
        """Give the report for a program, right answers included."""
        return {"right": self.right, "of": len(self.marks), **asdict(self)}


def answer_sheet() -> str:
    """Write an empty answer sheet; it is the same for every cohort."""
    rows = [
        {
            "id": task.id,
            "chapter": task.chapter,
            "question": task.question.translate(_ASCII),
            "unit": task.unit.translate(_ASCII),
            "tolerance": f"{task.tolerance:g}",
            "answer": "",
        }
        for task in TASKS
    ]
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")


def mark_file(path: Path, seed: int) -> Report:
    """Mark a file of answers."""
    answers = read_answers(read_bytes(path), path.name)
    marks = tuple(mark(answers.values, seed))
    return Report(seed, marks, (*answers.remarks, *_doubts(marks, seed)))


def _doubts(marks: Sequence[Mark], seed: int) -> list[str]:
    """Say what may be wrong with the sheet as a whole."""
    numbers = [m for m in marks if m.verdict in (RIGHT, WRONG)]
    if not any(m.given for m in marks):
        return ["no answer is filled in"]
    if len(numbers) >= FEWEST and 5 * sum(m.verdict == RIGHT for m in numbers) <= len(numbers):
        return [f"hardly any answer fits the cohort of seed {seed}: is the student's another one?"]
    return []


def read_answers(data: bytes, name: str = "the answers") -> Answers:
    """Read answers from CSV or Excel (columns id and answer), or JSON (answers by id)."""
    if not data.strip():
        raise empty(name)
    if len(data) > LARGEST:
        what = f"no answers could be read: the file is larger than {LARGEST // 1_000_000} MB"
        raise refuse(name, what, "Give the answer sheet alone")
    found: Mapping[str, object]
    remarks: list[str] = []
    if data.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
        found = _from_json(data, name)
    else:
        found, remarks = _from_table(data, name)
    known = {task.id for task in TASKS}
    values = {key: value for key, value in found.items() if key in known}
    if not values:
        what = "no answers could be read: no id of the answer sheet is in it"
        raise refuse(name, what, "Give the answer sheet, its column id as it was handed out")
    strange = [shown(key) for key in found if key not in known]
    remarks += [f"there is no task {key}: left out" for key in strange[:5]]
    if len(strange) > 5:
        remarks.append(f"… and {len(strange) - 5} more like these")
    return Answers(values, tuple(remarks))


def _from_table(data: bytes, name: str) -> tuple[dict[str, str], list[str]]:
    """Read a sheet as people leave it, its header below titles or on a later page."""
    if detect(data, name) not in ("text", "xlsx"):
        what = "no answers could be read: this is no answer sheet"
        raise refuse(
            name, what, "Give the answer sheet, as a CSV file or an Excel workbook (.xlsx)"
        )
    try:
        source = read_table(data, name, names=(KEY, VALUE))
    except InputError as error:
        told = [replace(p, what=f"no answers could be read: {p.what}") for p in error.problems]
        raise InputError(name, told) from error
    columns = {column.lower(): cells for column, cells in source.cells.items()}
    answers = zip(columns[KEY], columns[VALUE], strict=True)
    remarks = [
        # such as a decimal comma that cuts an answer in two
        f"left out: {problem} (write a decimal point, or the answer in quotation marks)"
        for problem in source.problems
        if problem.row is not None
    ]
    return {key.lower(): answer for key, answer in answers if key}, remarks


def _from_json(data: bytes, name: str) -> dict[str, object]:
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        what = "no answers could be read: it starts like JSON, but is not"
        raise refuse(name, what, "Check the commas and brackets") from error
    return {str(key).strip().lower(): value for key, value in found.items()}


def mark(answers: Mapping[str, object], seed: int) -> list[Mark]:
    """Mark answers against the cohort of a seed."""
    found = quantities(cohort_of(seed))
    return [judge(task, answers.get(task.id), found) for task in TASKS]


def cohort_of(seed: int) -> pd.DataFrame:
    """Give the patients of a seed, as a chapter sees them."""
    made = intake.parse(reconstruct(seed).encode(), f"seed-{seed}.csv", settled=True)
    return cohorts.derive(made.table)


def judge(task: Task, answer: object, found: Mapping[str, float]) -> Mark:
    """Mark one answer by what `quantities` found in the student's cohort."""
    expected = found[task.id]
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        return Mark(task.id, MISSING, "", expected, "")
    given = answer.strip() if isinstance(answer, str) else _written(answer)
    number = read_number(given)
    if number is None:
        return Mark(task.id, UNREADABLE, given, expected, "Give one number, such as 12.3.")
    if number.is_right(expected, task):
        return Mark(task.id, RIGHT, given, expected, "")
    return Mark(task.id, WRONG, given, expected, _feedback(task, number, found))


@dataclass(frozen=True)
class Number:
    """A number as written, whether it is only a bound ("< 0.001"), and half of its last digit."""

    value: float
    below: bool
    half: float

    def fits(self, wanted: float, tolerance: float, scale: float = 1) -> bool:
        """Tell whether it is the wanted one, but for rounding."""
        # a little more, which an answer rounded to the tolerance may just reach
        return abs(scale * self.value - wanted) <= max(tolerance, scale * self.half) + 1e-9

    def is_right(self, wanted: float, task: Task) -> bool:
        """Tell whether it will do as an answer."""
        if self.below:
            return wanted < self.value <= task.smallest
        return self.fits(wanted, task.tolerance)


def _feedback(task: Task, number: Number, found: Mapping[str, float]) -> str:
    expected = found[task.id]
    if not number.below and task.unit == "%" and number.fits(expected, task.tolerance, 100):
        return "This is a fraction; the answer is asked for in percent."
    for slip, feedback in task.slips.items():
        if number.is_right(found[slip], task):
            return feedback
    if number.below:
        return f"Give the number itself; only below {task.smallest:g} is “<” enough."
    return f"It is {'larger' if number.value > expected else 'smaller'} than it should be."


def _written(answer: object) -> str:
    """Write an answer that came from JSON; what is no number will not look like one."""
    number = isinstance(answer, int | float) and not isinstance(answer, bool)
    return repr(answer) if number else f"({type(answer).__name__})"


def read_number(text: str) -> Number | None:
    """Read a number as people write it."""
    found = _NUMBER.fullmatch(text.strip()) if len(text) <= 100 else None
    if found is None:
        return None
    written = Decimal(found[2].replace(",", "."))
    if not math.isfinite(float(written)):
        return None
    return Number(float(written), found[1] == "<", _half_of_last_digit(written))


def _half_of_last_digit(written: Decimal) -> float:
    """Give how far a number may be from what it was rounded from: half a unit of its last digit.

    Two significant digits are the fewest; spreadsheets drop zeros, so 0.4 is taken for 0.40.
    """
    if not written:
        return 0.0
    exponent = written.as_tuple().exponent
    decimals = max(0, -int(exponent), 1 - written.adjusted())
    return 0.5 * 10.0**-decimals
