"""Columns that identify people, found before anything is written.

The list follows the identifiers of the HIPAA Safe Harbor rule (45 CFR 164.514(b)(2)): names,
places, dates, ages above 89, telephone, e-mail, record and other numbers, addresses of devices and
pages, photographs, any other unique characteristic; and free text, which may hold any of them.
A column is found by what a data dictionary says of it, by its name, or by its values; the words and
patterns are in ``words/privacy.yml``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from cartanalysis.contract import FIELDS, Field
from cartanalysis.errors import Problem
from cartanalysis.intake.source import Column, Source, filled
from cartanalysis.intake.words import WORDS, expression
from cartanalysis.text import fold, visible

OLDEST = 89.0  # ages above this count as identifying

AGE = re.compile(r"\+?\d+([.,]\d*)?", re.ASCII)  # as an age may be written, decimal comma included
REMARK = 3  # a remark on a patient has at least so many words
SHARE = 0.5  # a kind of value counts if at least this share of the filled cells has it
NEARLY_ALL = 0.9  # the least share of cells that differ, where names of people are meant
SAMPLE = 2_000  # so many filled cells of a column are looked at

ANSWERS = frozenset(WORDS["harmless"])  # they identify nobody, whatever a column is called


def _within(key: str, signs: str = "") -> re.Pattern[str]:
    """Find words anywhere in a text that `_words` wrote; and signs of a script without blanks."""
    return re.compile("|".join(filter(None, (f" (?:{expression(WORDS[key])}) ", signs))))


def _name(parts: dict[str, list[str]]) -> re.Pattern[str]:
    """Find words of a column's name anywhere, as its last ones or alone; and signs."""
    forms = {"within": " (?:{}) ", "last": " (?:{})«tail» $", "whole": "^ (?:{}) $", "signs": "{}"}
    found = [form.format(expression(parts[p])) for p, form in forms.items() if p in parts]
    return re.compile(expression(found))


NAMES = {kind: _name(parts) for kind, parts in WORDS["identifying_names"].items()}
"""What a column holds, by its name in words."""

DATE_NAME = _within("date_name", signs="日期")
MEASURED_NAME, LONG_NAME = _within("measured_name"), _within("long_name")
SERIAL, MEASUREMENT = re.compile(WORDS["serial"]), re.compile(WORDS["measurement"])
INSTITUTION = _within("institution", signs=expression(WORDS["institution_signs"]))
SURNAME, WITHOUT_CASE = re.compile(expression(WORDS["surname"])), re.compile(WORDS["without_case"])
REMARKS = _within("remark")


class Pattern:
    """A pattern of `words/privacy.yml`, with what else must hold of a text that it fits."""

    def __init__(self, said: dict[str, Any]) -> None:
        (self.how,) = {"is", "has", "begins"} & {*said}
        flags = re.IGNORECASE if "case" in said else 0
        self.regex = re.compile(expression(said[self.how]), flags)
        self.digits, self.multiples = int(said.get("digits", 0)), int(said.get("multiples", 1))
        self.letters = said.get("letters", "")
        self.unless = [Pattern(other) for other in said.get("unless", [])]

    def fits(self, text: str) -> bool:
        """Tell whether the pattern fits a cell."""
        fit = {"is": self.regex.fullmatch, "has": self.regex.search, "begins": self.regex.match}
        found = fit[self.how](text)
        if found is None or sum(c.isdigit() for c in text) < self.digits:
            return False
        parts = [part for part in found.groups() if part]
        if self.letters == "capitals" and not all(map(str.isupper, parts)):
            return False
        capitalised = (p[0].isupper() and p[1:].islower() for p in parts)
        if self.letters == "capitalised" and not all(capitalised):
            return False
        if self.multiples > 1 and any(int(p) % self.multiples for p in parts):
            return False
        return not any(other.fits(text) for other in self.unless)


class Kind:
    """A kind of values that identify people; the flags are explained in `words/privacy.yml`."""

    def __init__(self, name: str, said: dict[str, Any]) -> None:
        self.name = name
        self.patterns = [Pattern(p) for p in said.get("patterns", [])]
        self.longer = int(said.get("longer", 0))
        self.any, self.shown, self.different, self.numeric, self.person = (
            flag in said for flag in ("any", "shown", "different", "numeric", "person")
        )
        self.own, self.own_but_id = said.get("own") == "1", said.get("own") == "but identifiers"

    def holds(self, text: str) -> bool:
        """Tell whether a cell is of this kind."""
        if self.longer:
            return len(text) > self.longer or "\n" in text
        return any(pattern.fits(text) for pattern in self.patterns)

    def is_checked_otherwise(self, spec: Field | None) -> bool:
        """Tell whether a column of the contract is checked for this kind by itself."""
        if spec is None or spec.kind == "label":
            return spec is not None and bool(self.longer)
        return self.own or (self.own_but_id and spec.kind != "id")


VALUES = [Kind(name, said) for name, said in WORDS["identifying_values"].items()]
"""What a column holds, by its values."""


@dataclass(frozen=True)
class Finding:
    """A column that identifies people."""

    column: str
    why: str  # what it seems to hold, and how that was found
    marked: bool = False  # whether a data dictionary says so, so that it cannot be kept

    def problem(self, renumber: bool = False) -> Problem:
        """Say it as a problem of the file."""
        remedy = (
            "Remove the column from the file, or list it under “drop” in a mapping file "
            "(“cartanalysis map” writes one)"
        )
        if not self.marked:
            remedy += "; under “keep” if it identifies nobody"
        if renumber or self.column == "patient_id":
            remedy = "Number the patients anew: “renumber: yes” in a mapping file does it"
        return Problem(f"the column identifies people: {self.why}", remedy, column=self.column)


def identifying(
    source: Source, ignore: Collection[str] = (), strict: Collection[str] = ()
) -> list[Finding]:
    """Find the columns that identify people."""
    found = []
    for column in source.columns:
        if column.name in ignore:
            continue
        why = _why(column, source.cells[column.name], column.name in strict)
        if why:
            found.append(Finding(column.name, why, column.identifier))
    return found


def is_record_number(column: Column) -> bool:
    """Tell whether a column's name or label says that it holds numbers of patients' records."""
    pattern = NAMES["record or insurance numbers"]
    return any(pattern.search(_words(text)) for text in (column.name, column.label))


def old_ages(
    ages: Sequence[str], rows: Sequence[int], column: str, written: Sequence[str] = ()
) -> list[Problem]:
    """Find ages above 89; ``written`` is how they stand in the file, if otherwise."""
    problems = []
    highest = FIELDS["age_years"].high
    for row, text, told in zip(rows, ages, written or ages, strict=False):
        age = float(text.replace(",", ".")) if AGE.fullmatch(text) else 0.0
        if OLDEST < age <= highest:
            what = "an age above 89 identifies people (HIPAA Safe Harbor)"
            remedy = f"Write {OLDEST:g} for everybody older, or give “cap: {OLDEST:g}” in a mapping"
            if age == 99:
                remedy += "; if 99 means missing, empty the cell"
            problems.append(Problem(what, remedy, row, column, told))
    return problems


def _why(column: Column, cells: Sequence[str], strict: bool) -> str:
    """Say why a column identifies people; empty if it does not seem to."""
    if column.identifier:
        return "the data dictionary marks it as an identifier"
    spec = FIELDS.get(column.name)
    if spec is None and not _only_answers(column, cells):
        for text, where in ((column.name, "name"), (column.label, "label")):
            words = _words(text)
            for kind_of_name, pattern in NAMES.items():
                if pattern.search(words):
                    return f"by its {where} it holds {kind_of_name}"
    sample = [visible(c) if "\n" not in c else c for c in filled(cells)[:SAMPLE]]
    if not sample:
        return ""
    name, different = _words(column.name), set(sample)
    serials = sum(SERIAL.fullmatch(c) is not None for c in sample)
    if spec is None and DATE_NAME.search(name) and serials >= SHARE * len(sample):
        return "its name and values look like calendar dates (a spreadsheet's serial numbers)"
    is_measured = bool(MEASURED_NAME.search(name)) and not DATE_NAME.search(name)
    for kind in VALUES:
        if kind.is_checked_otherwise(spec) or (kind.longer and LONG_NAME.search(name)):
            continue
        held = {text for text in different if kind.holds(text)}
        found = [c for c in sample if c in held]
        if kind.person:
            found = [c for c in found if not INSTITUTION.search(_words(c))]
        if is_measured and kind.numeric:
            found = [c for c in found if not MEASUREMENT.fullmatch(c)]
        repeated = kind.different and len(set(found)) < NEARLY_ALL * len(found)
        if not found or (repeated and not strict):
            continue
        if kind.any or (strict and kind.shown) or len(found) >= SHARE * len(sample):
            return f"{len(found)} of {len(sample)} filled cells look like {kind.name}"
    if strict and _all_persons(sample):
        return "its groups look like names of people"
    if strict and any(REMARKS.search(_words(c)) for c in sample if len(c.split()) >= REMARK):
        return "its groups look like remarks on patients"
    return ""


def _only_answers(column: Column, cells: Sequence[str]) -> bool:
    """Tell whether a column only answers a question, as ``mrn_status`` with known and unknown."""
    told = [fold(column.choices.get(c, c)) for c in filled(cells)]
    return len(set(told)) < len(told) and set(told) <= ANSWERS


def _words(text: str) -> str:
    """Write a name in words: ``patientLastName`` and ``PATIENT_LAST_NAME`` alike."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", text))
    return " " + re.sub(r"[\W_]+", " ", split.lower()).strip() + " "


def _all_persons(texts: Sequence[str]) -> bool:
    """Tell whether groups look like ``Müller Hans``, by two words each or by known surnames."""
    different = list(dict.fromkeys(texts))
    if len(different) < 2 or any(INSTITUTION.search(_words(text)) for text in different):
        return False
    if all(SURNAME.fullmatch(text) for text in different):
        return True
    groups = [text.split() for text in different]
    words = [word for group in groups for word in group]
    cased = [w.isalpha() and (w.istitle() or (w.isupper() and len(w) > 2)) for w in words]
    names = all(c or WITHOUT_CASE.fullmatch(w) for w, c in zip(words, cased, strict=True))
    return names and all(len(g) == 2 for g in groups) and len(set(words)) == len(words)
