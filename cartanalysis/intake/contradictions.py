"""What columns of a file that are not used say against the cohort made of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from cartanalysis.contract import FIELDS, MISSING
from cartanalysis.errors import Problem, shown
from cartanalysis.intake.hints import bare_name, opposite, words_of
from cartanalysis.intake.mapping.conditions import Clause, leave_out
from cartanalysis.intake.mapping.document import written
from cartanalysis.intake.mapping.guess import MAX_LEVELS, holds_dates
from cartanalysis.intake.mapping.model import FromColumn
from cartanalysis.intake.mapping.model import Mapping as Plan
from cartanalysis.intake.mapping.names import date_role, meanings, says_cns, says_infused
from cartanalysis.intake.mapping.timeline import NOT_INFUSED
from cartanalysis.intake.source import Column, Source
from cartanalysis.intake.words import ANSWERS, UNKNOWN, WORDS, tokens, vital
from cartanalysis.text import fold, same_id

_OTHER_PEOPLE = frozenset(WORDS["other_people"])


def find(source: Source, made: Source, plan: Plan) -> list[Problem]:
    """Find deaths and CNS disease that the cohort would not count, and rows that it would."""
    used = {c.name: {*(c.origin or ())} for c in made.columns}
    unseen = {*plan.drop, *FIELDS}
    others = [c for c in source.columns if c.name not in unseen]
    found = [*_rows_of_one_patient(source, plan)]
    for column in others:
        if column.name not in used.get("os_event", ()):
            found += _dead_without_event(column, source, made)
        if column.name not in used.get("emd", ()):
            found += _cns_as_other(column, source, made)
    untreated = {p.row for p in made.problems if p.what == NOT_INFUSED}
    if not source.form.startswith("ADaM"):  # where the reader has left them out
        for column in others:
            told = [p for p in _not_infused(column, source, plan) if p.row not in untreated]
            untreated |= {p.row for p in told}
            found += told
    return found


def _not_infused(column: Column, source: Source, plan: Plan) -> Iterator[Problem]:
    """Find patients who were never infused, by a flag or for want of a date."""
    name, cells = column.name, source.cells[column.name]
    is_date = date_role(name) == "infusion" and holds_dates(cells)
    says: dict[str, str] = {}
    if says_infused(bare_name(name)):
        says = {text: ANSWERS.get(fold(word), "") for text, word in _told(column, cells).items()}
    infused, not_infused = (
        tuple(sorted(text for text in says if says[text] == answer)) for answer in ("yes", "no")
    )
    test = Clause(name, "is", infused) if infused else Clause(name, "not", not_infused)
    if is_date:
        test = Clause(name, "filled", ("yes",))
    remedy = leave_out("who was never infused", test, plan.only)
    remedy += "; if the column says something else, list it under “drop” there"
    for row, text in zip(source.rows, cells, strict=True):
        if is_date and fold(text) in MISSING:
            yield Problem(NOT_INFUSED, f"Fill in the date. {remedy}", row, name)
        elif says.get(text) == "no":
            what = "the patient was not infused, and the book counts those who were"
            yield Problem(what, f"Correct the cell. {remedy}", row, name, text)


FEWEST = 1 / 3
"""So many of the rows have identifiers of their own, where some have that of an earlier row."""


def _rows_of_one_patient(source: Source, plan: Plan) -> Iterator[Problem]:
    """Find another identifier that repeats, where the one that is used may only count rows."""
    entry = plan.by_target.get("patient_id")
    if plan.patients or not isinstance(entry, FromColumn) or entry.source not in source.cells:
        return
    is_count = _only_counts(source.cells[entry.source])
    for column in source.columns:
        name = bare_name(column.name)
        strength = max((m.strength for m in meanings(name) if m.target == "patient_id"), default=0)
        filled = [text for text in source.cells[column.name] if fold(text) not in MISSING]
        different = {same_id(text) for text in filled}
        if strength == 0 or column.name == entry.source or len(different) == len(filled):
            continue
        many = len(different) >= FEWEST * len(filled)
        if many if strength == 1 or not is_count else not different <= ANSWERS.keys():
            what = (
                f"{shown(column.name)} looks like the patient's identifier and repeats: "
                f"{len(different)} different ones in {len(filled)} rows"
            )
            if is_count:
                what = f"the column only counts the rows, but {what}"
            remedy = (
                f"Write from: {written(column.name)} and keep one row per patient (only: chooses "
                "rows); if each row is one patient, write “patients: rows” in the mapping file"
            )
            yield Problem(what, remedy, column=entry.source)


def _only_counts(cells: Sequence[str]) -> bool:
    """Tell whether a column counts the rows, from whatever number on."""
    if not cells or not all(re.fullmatch(r"[0-9]{1,9}", text) for text in cells):
        return False
    start = int(cells[0])
    return len(cells) > 1 and [*map(int, cells)] == [*range(start, start + len(cells))]


def _told(column: Column, cells: Collection[str]) -> dict[str, str]:
    """Give what each different text of a column means by its dictionary, or says itself."""
    texts = {text for text in cells if fold(text) not in MISSING}
    return words_of(column, texts) if len(texts) <= MAX_LEVELS else {}


def _dead_without_event(column: Column, source: Source, made: Source) -> Iterator[Problem]:
    """Find patients whom another column calls dead and the cohort alive."""
    events = made.cells.get("os_event", [])
    told = _told(column, source.cells[column.name])
    dead = _dead(column, told) if events and told else frozenset()
    for i, (text, event) in enumerate(zip(source.cells[column.name], events, strict=False)):
        if text in dead and event == "0":
            what = "the patient died, but os_event says alive, perhaps for want of a date of death"
            remedy = (
                "Fill in the date or correct the event; if the column says something else, list "
                "it under “drop” in a mapping file"
            )
            yield source.problem(what, remedy, column.name, i)


def _dead(column: Column, told: Mapping[str, str]) -> frozenset[str]:
    """Give the texts that say dead, in a column that tells the dead from the living."""
    if _OTHER_PEOPLE & {*tokens(column.name), *tokens(column.label)}:
        return frozenset()
    states = {text: vital(word) for text, word in told.items()}
    if all(states[text] or fold(word) in UNKNOWN for text, word in told.items()):
        return frozenset(text for text, state in states.items() if state == "1")
    named = meanings(bare_name(column.name))
    if any(m.target == "os_event" and m.strength > 1 for m in named):
        answered = all(ANSWERS.get(fold(word)) for word in told.values())
        if answered and not opposite(column, told):
            return frozenset(
                text for text, word in told.items() if ANSWERS.get(fold(word)) == "yes"
            )
    return frozenset()


def _cns_as_other(column: Column, source: Source, made: Source) -> Iterator[Problem]:
    """Find CNS disease in a column of its own, where our column knows no isolated CNS disease."""
    if (
        not says_cns(f"{column.name} {column.label}")
        or "emd" not in made.cells
        or "cns" in made.cells["emd"]
    ):
        return
    told = _told(column, source.cells[column.name])
    if any(ANSWERS.get(fold(word)) == "yes" for word in told.values()):
        what = "CNS disease has a column of its own, and emd no level “cns”: isolated CNS disease "
        what += "would count as other than CNS"
        remedy = (
            f"In a mapping file, make emd of both: rules: {{cns: {{{written(column.name)}: …}}, "
            "other: {…}, none: {…}}; or list this column under “drop” there"
        )
        yield Problem(what, remedy, column=column.name)
