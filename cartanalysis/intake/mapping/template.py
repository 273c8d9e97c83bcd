"""An empty cohort to fill in, and its data dictionary."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from cartanalysis.contract import FIELDS, REQUIRED, Field

_NOTES = {
    "id": "for example P01, P02, …; no names, record numbers or birth dates",
    "label": "the same word for the same group",
    "event": "days and event belong together: fill both or neither",
    "number": "plain digits with a decimal point",
    "grade": "0 if looked for and not seen, empty if not known",
    "level": "case does not matter",
}


def cohort_csv() -> str:
    """Write an empty cohort: the header of the contract, ready to be filled in."""
    return _csv([list(FIELDS)])


def dictionary_csv() -> str:
    """Write the data dictionary of the contract."""
    head = ["column", "required", "meaning", "allowed", "note"]
    return _csv([head, *(_line(spec) for spec in FIELDS.values())])


def _line(spec: Field) -> list[str]:
    required = "yes" if spec.name in REQUIRED else "no"
    return [spec.name, required, spec.meaning, spec.allowed, _NOTES[spec.kind]]


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
