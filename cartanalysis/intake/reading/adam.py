"""CDISC ADaM: from datasets with several rows per subject to one row per subject.

ADSL gives its columns as they are. Of ADTTE each parameter gives ``AVAL:<PARAMCD>`` and
``CNSR:<PARAMCD>`` (0 is the event), of ADRS ``AVALC:<PARAMCD>``, of ADAE the highest grade of any
event, of CRS and of ICANS.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cartanalysis.errors import Problem
from cartanalysis.intake.reading.table import check_size, first_of
from cartanalysis.intake.source import Column, Source

DATASETS = ("ADSL", "ADTTE", "ADRS", "ADAE")
"""The datasets read, in the order in which they are put together."""

SYNDROMES = {
    "CRS": "cytokine release syndrome",
    "ICANS": "immune effector cell-associated neurotoxicity syndrome",
}
"""MedDRA preferred terms (AEDECOD), in lower case."""

_GRADES = ("AETOXGR", "AETOXGRN", "ATOXGR", "ATOXGRN")
_PER_PARAMETER = (
    ("AVAL", "{}"),
    ("CNSR", "{}: censoring (0 = event)"),
    ("EVNTDESC", "{}: description of the event or censoring"),
    ("STARTDT", "{}: start date"),
    ("ADT", "{}: date of the event or censoring"),
)
_OF_A_RECORD = re.compile(
    r"PARAM.*|PARCAT.*|AVAL.*|CNSR|CNSDTDSC|EVNTDESC|STARTDTM?F?|A(DTM?|DY|DTF|TMF|SEQ)|"
    r"SRC(DOM|VAR|SEQ)|ANL\d\dFL|AVISITN?|VISIT.*|.*SEQ|BASE.*|CHG|CRIT.*|DTYPE"
)


@dataclass
class _Subjects:
    """The table being put together: a column is text by subject."""

    rows: dict[str, int] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, column: Column, values: Mapping[str, str]) -> None:
        """Add a column."""
        self.columns[column.name] = column
        self.values[column.name] = dict(values)


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
    if "AEDECOD" in names and any(grade in names for grade in _GRADES):
        return "ADAE"
    if stem == "ADSL" or ("PARAMCD" not in names and {"STUDYID", "SUBJID"} & names.keys()):
        return "ADSL"
    return None


def one_row_per_subject(datasets: Mapping[str, Source], name: str) -> Source:
    """Put ADaM datasets of one study together."""
    table = _Subjects()
    given = [kind for kind in DATASETS if kind in datasets]
    several = len(given) > 1
    for kind in given:
        source = _in_upper_case(datasets[kind])
        table.notes += source.notes
        table.problems += [_told(p, kind, several) for p in source.problems]
        found = len(table.problems)
        _READERS[kind](_with_subject(source, table), table, "ADSL" in datasets)
        table.problems[found:] = [_told(p, kind, several) for p in table.problems[found:]]
    check_size(name, table.columns, len(table.rows))
    subjects = _treated(table) if table.rows else []
    kinds = ", ".join(given)
    forms = ", ".join(sorted({datasets[kind].form for kind in given}))
    if not subjects and not table.problems:
        table.problems.append(Problem("there is no patient in the file", "Add a row per patient"))
    return Source(
        name=name,
        form=f"ADaM {kinds} ({forms})",
        columns=tuple(table.columns.values()),
        cells={n: [values.get(s, "") for s in subjects] for n, values in table.values.items()},
        rows=tuple(table.rows[s] for s in subjects),
        notes=tuple(table.notes),
        problems=first_of(table.problems),
    )


def _treated(table: _Subjects) -> list[str]:
    """Keep the subjects who were treated: the safety population, or who has a first day."""
    for column in ("SAFFL", "TRTSDT", "TRTSDTM"):
        values = table.values.get(column, {})
        treated = [
            s for s in table.rows if (v := values.get(s, "")) and (column != "SAFFL" or v in "Yy")
        ]
        if not treated:
            continue
        if len(treated) < len(table.rows):
            why = "SAFFL = Y, the safety population" if column == "SAFFL" else f"{column} is given"
            table.notes.append(
                f"Only subjects who were treated count ({why}); the others were left out."
            )
        return treated
    table.notes.append(
        "Neither SAFFL nor TRTSDT says who was treated, so every subject counts as treated."
    )
    return list(table.rows)


# --- datasets ----------------------------------------------------------------------------------


def _add_adsl(source: Source, table: _Subjects, has_adsl: bool) -> None:
    subjects: dict[str, int] = {}
    for index, subject in enumerate(source.cells["USUBJID"]):
        if subject in subjects:
            what = f"the subject is already in row {source.rows[subjects[subject]]}"
            remedy = "ADSL has one row per subject; delete one"
            row = source.rows[index]
            table.problems.append(Problem(what, remedy, row, "USUBJID", subject))
            continue
        subjects[subject] = index
    table.rows = {s: source.rows[i] for s, i in subjects.items()}
    for column in source.columns:
        cells = source.cells[column.name]
        table.add(column, {s: cells[i] for s, i in subjects.items()})


def _add_adtte(source: Source, table: _Subjects, has_adsl: bool) -> None:
    _add_subjects(source, table, has_adsl)
    _add_constants(source, table)
    for code, records in _by_parameter(source, table).items():
        unique = {}
        for subject, indices in records.items():
            unique[subject] = indices[0]
            for index in indices[1:]:
                what = f"{code} of this subject is already in row {source.rows[indices[0]]}"
                remedy = "Keep one record per subject and parameter, or mark it with ANL01FL"
                row = source.rows[index]
                table.problems.append(Problem(what, remedy, row, "USUBJID", subject))
        label = _label(source, code, unique.values(), table)
        for part, words in _PER_PARAMETER:
            if part in source.cells:
                values = {s: source.cells[part][i] for s, i in unique.items()}
                if part in ("AVAL", "CNSR") or any(values.values()):
                    table.add(Column(f"{part}:{code}", words.format(label)), values)


def _add_adrs(source: Source, table: _Subjects, has_adsl: bool) -> None:
    _add_subjects(source, table, has_adsl)
    _add_constants(source, table)
    left_out = []
    for code, records in _by_parameter(source, table).items():
        if any(len(indices) > 1 for indices in records.values()):
            left_out.append(code)  # such as the response at each visit
            continue
        unique = {subject: indices[0] for subject, indices in records.items()}
        values = {s: source.cells["AVALC"][i] for s, i in unique.items()}
        label = _label(source, code, unique.values(), table)
        table.add(Column(f"AVALC:{code}", label), values)
    if left_out:
        table.notes.append(
            f"ADRS: {', '.join(left_out)} left out, with several records per subject "
            "(ANL01FL = Y would mark the one to use)."
        )


def _add_adae(source: Source, table: _Subjects, has_adsl: bool) -> None:
    _add_subjects(source, table, has_adsl)
    grade_column = next(grade for grade in _GRADES if grade in source.cells)
    events: dict[str, dict[str, list[int | None]]] = {"max": defaultdict(list)}
    counts, how = _emergent(source, table)
    for index, subject in enumerate(source.cells["USUBJID"]):
        if not counts(index):
            continue
        grade = _grade(source, grade_column, index, table)
        events["max"][subject].append(grade)
        term = " ".join(source.cells["AEDECOD"][index].casefold().split())
        for syndrome, words in SYNDROMES.items():
            if term == words:
                events.setdefault(syndrome, defaultdict(list))[subject].append(grade)
    labels = {
        "max": "highest grade of any adverse event",
        **{s: f"highest grade of {words}" for s, words in SYNDROMES.items()},
    }
    for key, by_subject in events.items():
        values = {s: _highest(grades) for s, grades in by_subject.items()}
        if has_adsl:
            values = {s: values.get(s, "0") for s in table.rows}
        table.add(Column(f"AETOXGR:{key}", labels[key]), values)
    table.notes.append(
        f"ADAE: the highest grade counts {how}; "
        + (
            "treated subjects of ADSL without such an event have grade 0."
            if has_adsl
            else "without ADSL, subjects without an event are not known."
        )
    )
    if "" in source.cells[grade_column]:
        table.notes.append(
            "ADAE: some events have no grade; a subject with no graded event is empty."
        )
    absent = [s for s in SYNDROMES if s not in events]
    if absent:
        table.notes.append(
            f"ADAE: no event is coded as {' or '.join(SYNDROMES[s] for s in absent)}, "
            f"so there is no grade of {' or '.join(absent)}."
        )


def _emergent(source: Source, table: _Subjects) -> tuple[Callable[[int], bool], str]:
    """Tell which events began with or after treatment, and how that is known."""
    cells = source.cells
    flags, days = cells.get("TRTEMFL", []), cells.get("ASTDY", [])
    if any(flags):
        return lambda i: flags[i].upper() == "Y", "treatment-emergent events (TRTEMFL = Y)"
    if any(days):
        return (
            lambda i: not days[i].startswith("-"),
            "events from the first day of treatment (ASTDY)",
        )
    first = table.values.get("TRTSDT", {})
    starts, subjects = cells.get("ASTDT", []), cells["USUBJID"]
    if any(starts) and any(first.values()):  # ISO dates sort as text
        return (
            lambda i: not starts[i] or starts[i][:10] >= first.get(subjects[i], "")[:10],
            "events from the first day of treatment (ASTDT, TRTSDT)",
        )
    return lambda _: True, "all events of a subject, whenever they began"


_READERS = {
    "ADSL": _add_adsl,
    "ADTTE": _add_adtte,
    "ADRS": _add_adrs,
    "ADAE": _add_adae,
}


# --- parts -------------------------------------------------------------------------------------


def _upper(source: Source) -> dict[str, str]:
    return {column.name.upper(): column.name for column in source.columns}


def _in_upper_case(source: Source) -> Source:
    """Name the columns as ADaM does; software of other habits exports them in lower case."""
    return replace(
        source,
        columns=tuple(replace(column, name=column.name.upper()) for column in source.columns),
        cells={upper: source.cells[written] for upper, written in _upper(source).items()},
    )


def _told(problem: Problem, kind: str, several: bool) -> Problem:
    """Say in which dataset, where there are several."""
    return replace(problem, what=f"{kind}: {problem.what}") if several else problem


def _with_subject(source: Source, table: _Subjects) -> Source:
    """Take out the records that name no subject, and tell them."""
    named = [i for i, subject in enumerate(source.cells["USUBJID"]) if subject]
    if len(named) == len(source.rows):
        return source
    for subject, row in zip(source.cells["USUBJID"], source.rows, strict=True):
        if not subject:
            what = "the subject is missing"
            table.problems.append(Problem(what, "Fill in USUBJID", row, "USUBJID"))
    return replace(
        source,
        cells={name: [cells[i] for i in named] for name, cells in source.cells.items()},
        rows=tuple(source.rows[i] for i in named),
    )


def _add_subjects(source: Source, table: _Subjects, has_adsl: bool) -> None:
    """Without ADSL subjects come as they appear; with it, all must be there."""
    unknown = set()
    for index, subject in enumerate(source.cells["USUBJID"]):
        if subject in table.rows:
            continue
        if not has_adsl:
            table.rows[subject] = source.rows[index]
        elif subject not in unknown:
            unknown.add(subject)
            what = "the subject is not in ADSL"
            remedy = "Give the datasets of one study, cut on the same day"
            table.problems.append(Problem(what, remedy, source.rows[index], "USUBJID", subject))
    if "USUBJID" not in table.columns:
        column = next(c for c in source.columns if c.name == "USUBJID")
        table.add(column, {subject: subject for subject in table.rows})
    else:
        table.values["USUBJID"].update({s: s for s in table.rows})


def _add_constants(source: Source, table: _Subjects) -> None:
    """Carry along what a dataset says of the subject rather than of the record."""
    varying = []
    subjects = list(enumerate(source.cells["USUBJID"]))
    for column in source.columns:
        if column.name == "USUBJID" or _OF_A_RECORD.fullmatch(column.name):
            continue
        cells = source.cells[column.name]
        values: dict[str, str] = {}
        if not all(values.setdefault(s, cells[i]) == cells[i] for i, s in subjects):
            if column.name not in table.columns:
                varying.append(column.name)
        elif column.name not in table.columns:
            table.add(column, values)
        else:
            _compare(source, column.name, values, table)
    if varying:
        table.notes.append(
            f"Left out, since they differ between the records of a subject: {', '.join(varying)}."
        )


def _compare(source: Source, column: str, values: Mapping[str, str], table: _Subjects) -> None:
    """An earlier dataset wins; a disagreement between the two is told."""
    known = table.values[column]
    rows = dict(zip(reversed(source.cells["USUBJID"]), reversed(source.rows), strict=True))
    for subject, value in values.items():
        before = known.setdefault(subject, value)
        if value and before and value != before:
            what = f"another dataset says “{before}” for this subject"
            remedy = "Give the datasets of one study, cut on the same day"
            table.problems.append(Problem(what, remedy, rows[subject], column, value))


def _by_parameter(source: Source, table: _Subjects) -> dict[str, dict[str, list[int]]]:
    """Sort the records by parameter and subject, keeping those flagged for analysis."""
    records: dict[str, dict[str, list[int]]] = {}
    flags = source.cells.get("ANL01FL", [])
    flagged = {
        code
        for code, flag in zip(source.cells["PARAMCD"], flags, strict=bool(flags))
        if flag.upper() == "Y"
    }
    for index, subject in enumerate(source.cells["USUBJID"]):
        code = source.cells["PARAMCD"][index]
        if not code:
            what = "the parameter is missing"
            problem = Problem(what, "Fill in PARAMCD", source.rows[index], "PARAMCD")
            table.problems.append(problem)
        elif code not in flagged or flags[index].upper() == "Y":
            records.setdefault(code, {}).setdefault(subject, []).append(index)
    return records


def _label(source: Source, code: str, indices: Iterable[int], table: _Subjects) -> str:
    """Take a parameter's name, with its unit where the name does not hold it already."""
    indices = list(indices)
    labels = source.cells.get("PARAM", source.cells["PARAMCD"])
    label = next((labels[i] for i in indices if labels[i]), code)
    units: dict[str, int] = {}
    for index in indices if "AVALU" in source.cells else ():
        units.setdefault(source.cells["AVALU"][index], index)
    units.pop("", None)
    if len(units) > 1:
        index = list(units.values())[1]
        what = f"{code} is given in several units ({', '.join(units)})"
        remedy = "Give a parameter in one unit"
        table.problems.append(
            Problem(what, remedy, source.rows[index], "AVALU", source.cells["AVALU"][index])
        )
    unit = next(iter(units), "")
    return label if unit.casefold() in label.casefold() else f"{label} ({unit})"


def _grade(source: Source, column: str, index: int, table: _Subjects) -> int | None:
    text = source.cells[column][index]
    if not text:
        return None
    found = re.fullmatch(r"(?:grade\s*)?([0-5])", text, re.IGNORECASE)
    if found is None:
        what = "not a grade"
        remedy = "Write a whole number from 0 to 5; leave the cell empty if unknown"
        table.problems.append(Problem(what, remedy, source.rows[index], column, text))
        return None
    return int(found.group(1))


def _highest(grades: Sequence[int | None]) -> str:
    known = [grade for grade in grades if grade is not None]
    return str(max(known)) if known else ""
