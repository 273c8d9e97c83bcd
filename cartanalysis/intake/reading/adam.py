"""CDISC ADaM: from datasets with several rows per subject to one row per subject.

ADSL gives its columns as they are. Of ADTTE each parameter gives ``AVAL:<PARAMCD>`` and
``CNSR:<PARAMCD>`` (0 is the event), of ADRS ``AVALC:<PARAMCD>``, of ADAE the highest grade of any
event, of CRS and of ICANS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cartanalysis.errors import Problem
from cartanalysis.intake.reading.table import check_size, first_of
from cartanalysis.intake.source import Column, Source

DATASETS = ("ADSL", "ADTTE", "ADRS", "ADAE")  # in the order in which they are put together

SYNDROMES = {
    "CRS": "cytokine release syndrome",
    "ICANS": "immune effector cell-associated neurotoxicity syndrome",
}
"""MedDRA preferred terms (AEDECOD), in lower case."""

_GRADES = ("AETOXGR", "AETOXGRN", "ATOXGR", "ATOXGRN")
_SEVERITIES = ("AESEV", "AESEVN", "ASEV", "ASEVN")  # not the grades of CTCAE
_GRADE = re.compile(r"(?:grade\s*)?([0-5])", re.IGNORECASE)
_PER_PARAMETER = {
    "ADTTE": {
        "AVAL": "{}",
        "CNSR": "{}: censoring (0 = event)",
        "EVNTDESC": "{}: description of the event or censoring",
        "STARTDT": "{}: start date",
        "ADT": "{}: date of the event or censoring",
    },
    "ADRS": {"AVALC": "{}"},
}
"""What becomes a column for each parameter, by dataset, and its label."""

_TREATED = {
    "SAFFL": "SAFFL = Y, the safety population",
    "TRTSDT": "TRTSDT is given",
    "TRTSDTM": "TRTSDTM is given",
}
"""Columns of ADSL that say who was treated, the best first, and how."""

_ALWAYS = ("AVAL", "CNSR", "AVALC")
_ONE_STUDY = "Give the datasets of one study, cut on the same day"
_OF_A_RECORD = re.compile(
    r"PARAM.*|PARCAT.*|AVAL.*|CNSR|CNSDTDSC|EVNTDESC|STARTDTM?F?|A(DTM?|DY|DTF|TMF|SEQ)|"
    r"SRC(DOM|VAR|SEQ)|ANL\d\dFL|AVISITN?|VISIT.*|.*SEQ|BASE.*|CHG|CRIT.*|DTYPE"
)


@dataclass
class Subjects:
    """The table being put together: a column is text by subject."""

    has_adsl: bool
    prefix: str = ""  # names the dataset in what is told, if there are several
    rows: dict[str, int] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, column: Column, cells: Sequence[str], records: Mapping[str, int]) -> None:
        """Add a column, from the record of each subject."""
        self.columns[column.name] = column
        self.values[column.name] = {subject: cells[i] for subject, i in records.items()}

    def tell(self, source: Source, index: int, column: str, what: str, remedy: str) -> None:
        """Tell what is wrong with a record."""
        self.problems.append(source.problem(f"{self.prefix}{what}", remedy, column, index))

    def enter(self, source: Source, *, is_first: bool) -> Source:
        """Take in the subjects of a dataset, the first with one row of each; give their records."""
        upper = _upper(source)  # software of other habits exports them in lower case
        columns = tuple(replace(column, name=column.name.upper()) for column in source.columns)
        cells = {name: source.cells[written] for name, written in upper.items()}
        source = replace(source, columns=columns, cells=cells)
        self.notes += source.notes
        self.problems += [replace(p, what=self.prefix + p.what) for p in source.problems]
        for index, subject in enumerate(source.cells["USUBJID"]):
            if not subject:
                self.tell(source, index, "USUBJID", "the subject is missing", "Fill in USUBJID")
        source = source.take([i for i, s in enumerate(source.cells["USUBJID"]) if s])
        if is_first:
            self._add_first(source)
        else:
            self._add_subjects(source)
        return source

    def _add_first(self, source: Source) -> None:
        first = source.first_rows("USUBJID")
        for index, subject in enumerate(source.cells["USUBJID"]):
            if index != first[subject]:
                what = f"the subject is already in row {source.rows[first[subject]]}"
                remedy = "ADSL has one row per subject; delete one"
                self.tell(source, index, "USUBJID", what, remedy)
        self.rows = {subject: source.rows[i] for subject, i in first.items()}
        for column in source.columns:
            self.add(column, source.cells[column.name], first)

    def _add_subjects(self, source: Source) -> None:
        for subject, index in source.first_rows("USUBJID").items():
            if not self.has_adsl:
                self.rows.setdefault(subject, source.rows[index])
            elif subject not in self.rows:
                self.tell(source, index, "USUBJID", "the subject is not in ADSL", _ONE_STUDY)
        self.columns.setdefault("USUBJID", source.column("USUBJID"))
        self.values["USUBJID"] = {subject: subject for subject in self.rows}


def recognise(source: Source) -> str | None:
    """Tell which ADaM dataset a table is."""
    names = _upper(source)
    stem = source.name.split(".")[0].upper()
    if "USUBJID" not in names or len(names) < len(source.columns):  # two differ only by case
        return None
    if {"PARAMCD", "AVAL", "CNSR"} <= names.keys():
        return "ADTTE"
    if {"PARAMCD", "AVALC"} <= names.keys():
        return "ADRS"
    if "AEDECOD" in names and any(word in names for word in (*_GRADES, *_SEVERITIES)):
        return "ADAE"
    if stem == "ADSL" or ("PARAMCD" not in names and {"STUDYID", "SUBJID"} & names.keys()):
        return "ADSL"
    return None


def one_row_per_subject(datasets: Mapping[str, Source], name: str) -> Source:
    """Put ADaM datasets of one study together."""
    table = Subjects("ADSL" in datasets)
    given = [kind for kind in DATASETS if kind in datasets]
    for kind in given:
        table.prefix = f"{kind}: " if len(given) > 1 else ""
        source = table.enter(datasets[kind], is_first=kind == "ADSL")
        if kind == "ADAE":
            add_grades(source, table, kind)
        elif kind in _PER_PARAMETER:
            _add_constants(source, table)
            _add_parameters(source, table, kind)
    check_size(name, table.columns, len(table.rows))
    forms = ", ".join(sorted({datasets[kind].form for kind in given}))
    return finished(table, name, f"ADaM {', '.join(given)} ({forms})", _TREATED)


def finished(table: Subjects, name: str, form: str, treated: Mapping[str, str]) -> Source:
    """Make the table of those who were treated."""
    subjects = _treated(table, treated) if table.rows else []
    _say_first_days(table, subjects)
    if not subjects and not table.problems:
        table.problems.append(Problem("there is no patient in the file", "Add a row per patient"))
    return Source(
        name=name,
        form=form,
        columns=tuple(table.columns.values()),
        cells={n: [values.get(s, "") for s in subjects] for n, values in table.values.items()},
        rows=tuple(table.rows[s] for s in subjects),
        notes=tuple(table.notes),
        problems=first_of(table.problems),
        left_out=len(table.rows) - len(subjects),
    )


def _treated(table: Subjects, by: Mapping[str, str]) -> list[str]:
    """Keep the subjects who were treated: the safety population, or who has a first day."""
    for column, why in by.items():
        values = table.values.get(column, {})
        given = [subject for subject in table.rows if values.get(subject)]
        treated = [s for s in given if column != "SAFFL" or values[s].upper() == "Y"]
        if treated and len(treated) < len(table.rows):
            table.notes.append(
                f"{len(table.rows)} subjects in the file, {len(treated)} who were treated count "
                f"({why}); {len(table.rows) - len(treated)} left out."
            )
        if treated:
            return treated
    table.notes.append(
        "Neither SAFFL nor TRTSDT says who was treated, so every subject counts as treated."
    )
    return list(table.rows)


_FIRST_DAYS = {"TRTSDT": "infusion", "RANDDT": "randomisation"}
"""Columns of ADSL from which a time may count, and what that day is."""


def _say_first_days(table: Subjects, subjects: Sequence[str]) -> None:
    """Say of each time from which day it counts, where its start is one of ADSL's days."""
    for name, column in table.columns.items():
        variable, _, parameter = name.partition(":")
        starts = table.values.get(f"STARTDT:{parameter}") or table.values.get("STARTDT", {})
        if variable != "AVAL" or not any(starts.get(s) for s in subjects):
            continue
        for first, day in _FIRST_DAYS.items():
            days = table.values.get(first, {})
            if all(starts.get(s, "") == days.get(s, "") for s in subjects if starts.get(s)):
                table.columns[name] = replace(column, about=f"STARTDT is {first}: since {day}")
                break
        else:
            if "TRTSDT" in table.values:
                about = "STARTDT is not TRTSDT: since another day than treatment"
                table.columns[name] = replace(column, about=about)


# --- subjects ----------------------------------------------------------------------------------


def _upper(source: Source) -> dict[str, str]:
    return {column.name.upper(): column.name for column in source.columns}


def _add_constants(source: Source, table: Subjects) -> None:
    """Carry along what is said of a subject, not of a record; an earlier dataset wins."""
    varying = []
    first = source.first_rows("USUBJID")
    for column in source.columns:
        name, cells = column.name, source.cells[column.name]
        if name == "USUBJID" or _OF_A_RECORD.fullmatch(name):
            continue
        subjects = source.cells["USUBJID"]
        is_constant = all(cells[first[s]] == cell for s, cell in zip(subjects, cells, strict=True))
        if name not in table.columns and is_constant:
            table.add(column, cells, first)
        elif name not in table.columns:
            varying.append(name)
        for subject, index in first.items() if is_constant else ():
            before = table.values[name].setdefault(subject, cells[index])
            if cells[index] and before and cells[index] != before:
                what = f"another dataset says “{before}” for this subject"
                table.tell(source, index, name, what, _ONE_STUDY)
    if varying:
        table.notes.append(
            f"Left out, since they differ between the records of a subject: {', '.join(varying)}."
        )


# --- parameters --------------------------------------------------------------------------------


def _add_parameters(source: Source, table: Subjects, kind: str) -> None:
    """Make columns of each parameter, from the one record that a subject has of it."""
    left_out = []
    for code, records in _by_parameter(source, table).items():
        several = {i: found[0] for found in records.values() for i in found[1:]}
        if several and kind == "ADRS":
            left_out.append(code)  # such as the response at each visit
            continue
        for index, first in several.items():
            what = f"{code} of this subject is already in row {source.rows[first]}"
            remedy = "Keep one record per subject and parameter, or mark it with ANL01FL"
            table.tell(source, index, "USUBJID", what, remedy)
        chosen = {subject: found[0] for subject, found in records.items()}
        label = _label(source, code, chosen.values(), table)
        for part, words in _PER_PARAMETER[kind].items():
            cells = source.cells.get(part, [])
            if part in _ALWAYS or (cells and any(cells[i] for i in chosen.values())):
                table.add(Column(f"{part}:{code}", words.format(label)), cells, chosen)
    if left_out:
        table.notes.append(
            f"{kind}: {', '.join(left_out)} left out, with several records per subject "
            "(ANL01FL = Y would mark the one to use)."
        )


def _by_parameter(source: Source, table: Subjects) -> dict[str, dict[str, list[int]]]:
    """Sort the records by parameter and subject, keeping those flagged for analysis."""
    records: dict[str, dict[str, list[int]]] = {}
    codes = source.cells["PARAMCD"]
    flags = source.cells.get("ANL01FL", [""] * len(codes))
    flagged = {code for code, flag in zip(codes, flags, strict=True) if flag.upper() == "Y"}
    for index, (code, flag) in enumerate(zip(codes, flags, strict=True)):
        if not code:
            table.tell(source, index, "PARAMCD", "the parameter is missing", "Fill in PARAMCD")
        elif code not in flagged or flag.upper() == "Y":
            subject = source.cells["USUBJID"][index]
            records.setdefault(code, {}).setdefault(subject, []).append(index)
    return records


def _label(source: Source, code: str, indices: Iterable[int], table: Subjects) -> str:
    """Take a parameter's name, with its unit where the name does not hold it already."""
    indices = list(indices)
    labels = source.cells.get("PARAM", source.cells["PARAMCD"])
    label = next((labels[i] for i in indices if labels[i]), code)
    said = source.cells.get("AVALU", [""] * len(source.rows))
    unit, *others = dict.fromkeys(said[i] for i in indices if said[i]) or [""]
    if others:
        what = f"{code} is given in several units ({', '.join([unit, *others])})"
        index = next(i for i in indices if said[i] == others[0])
        table.tell(source, index, "AVALU", what, "Give a parameter in one unit")
    return label if unit.casefold() in label.casefold() else f"{label} ({unit})"


# --- adverse events ----------------------------------------------------------------------------


def add_grades(source: Source, table: Subjects, kind: str = "AE") -> None:
    """Make columns of the highest grade of any event, of CRS and of ICANS; empty if unknown."""
    grade_column = next((grade for grade in _GRADES if grade in source.cells), None)
    if grade_column is None:
        severity = next((f", and {s} is none" for s in _SEVERITIES if s in source.cells), "")
        table.notes.append(
            f"{kind}: the column AETOXGR, the grade of an event from 0 to 5, is missing{severity}; "
            "so there are no grades."
        )
        return
    highest: dict[str, dict[str, str]] = {"max": {}}
    counts, how = _emergent(source, table)
    for index, subject in enumerate(source.cells["USUBJID"]):
        if not counts[index]:
            continue
        text = source.cells[grade_column][index]
        grade = _GRADE.fullmatch(text)
        if text and grade is None:
            remedy = "Write a whole number from 0 to 5; leave the cell empty if unknown"
            table.tell(source, index, grade_column, "not a grade", remedy)
        term = " ".join(source.cells["AEDECOD"][index].casefold().split())
        for key in ("max", *(s for s, words in SYNDROMES.items() if term == words)):
            of_key = highest.setdefault(key, {})
            # a grade is one digit, and greater than none
            of_key[subject] = max(of_key.get(subject, ""), grade[1] if grade else "")
    for key, values in highest.items():
        label = f"highest grade of {SYNDROMES.get(key, 'any adverse event')}"
        table.columns[f"AETOXGR:{key}"] = Column(f"AETOXGR:{key}", label)
        if table.has_adsl:
            values = {subject: values.get(subject, "0") for subject in table.rows}
        table.values[f"AETOXGR:{key}"] = values
    others = "without ADSL, subjects without an event are not known"
    if table.has_adsl:
        others = "treated subjects without such an event have grade 0"
    table.notes.append(f"{kind}: the highest grade counts {how}; {others}.")
    if "" in source.cells[grade_column]:
        table.notes.append(
            f"{kind}: some events have no grade; a subject with no graded event is empty."
        )
    absent = [s for s in SYNDROMES if s not in highest]
    if absent:
        table.notes.append(
            f"{kind}: no event is coded as {' or '.join(SYNDROMES[s] for s in absent)}, "
            f"so there is no grade of {' or '.join(absent)}."
        )


def _emergent(source: Source, table: Subjects) -> tuple[Sequence[bool], str]:
    """Tell which events began with or after treatment, and how that is known."""
    flags = source.cells.get("TRTEMFL", [])
    day, days = _one_of(source, "ASTDY", "AESTDY")
    start, starts = _one_of(source, "ASTDT", "AESTDTC")
    first = table.values.get("TRTSDT", {})
    subjects = source.cells["USUBJID"]
    if any(flags):
        return [f.upper() == "Y" for f in flags], "treatment-emergent events (TRTEMFL = Y)"
    if any(days):
        how = f"events from the first day of treatment ({day})"
        return [not text.startswith("-") for text in days], how
    if any(starts) and any(first.values()):  # ISO dates sort as text
        began = zip((text[:10] for text in starts), subjects, strict=True)
        how = f"events from the first day of treatment ({start}, TRTSDT)"
        # of a date without its day it counts what is known
        return [not text or text >= first.get(s, "")[: len(text)] for text, s in began], how
    return [True] * len(subjects), "all events of a subject, whenever they began"


def _one_of(source: Source, *names: str) -> tuple[str, Sequence[str]]:
    """Give the first of several columns that is there."""
    return next(((n, source.cells[n]) for n in names if n in source.cells), ("", []))
