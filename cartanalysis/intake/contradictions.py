"""What columns of a file that are not used say against the cohort made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from cartanalysis.contract import FIELDS
from cartanalysis.errors import Problem, counted, listed, shown
from cartanalysis.intake import cells as grammar
from cartanalysis.intake.hints import answers, bare_name, meanings_of, opposite
from cartanalysis.intake.identifiers import is_record_number
from cartanalysis.intake.mapping.conditions import leave_out, those_who
from cartanalysis.intake.mapping.dates import holds_dates
from cartanalysis.intake.mapping.document import written
from cartanalysis.intake.mapping.model import FromColumn
from cartanalysis.intake.mapping.model import Mapping as Plan
from cartanalysis.intake.mapping.names import (
    date_role,
    day_role,
    infused,
    is_relapse,
    meanings,
    says_cns,
    words_of,
)
from cartanalysis.intake.mapping.timeline import NOT_INFUSED, without_date
from cartanalysis.intake.source import Column, Source, filled, is_empty
from cartanalysis.intake.words import ANSWERS, LOST, UNKNOWN, WORDS, tokens, vital
from cartanalysis.text import fold, same_code, same_id

_OTHER_PEOPLE = frozenset(WORDS["other_people"])


_RESPONSE = ("resp", "repon", "anspr", "rispo", "eval", "assess")


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
    found += _deaths_censored(source, made, plan)
    for column in source.columns:
        if column.name not in plan.drop:
            found += _remission_without_response(column, source, made)
    untreated = {p.row for p in made.problems if p.what == NOT_INFUSED}
    if not source.form.startswith("ADaM"):  # where the reader has left them out
        for column in others:
            told = [p for p in _not_infused(column, source, plan) if p.row not in untreated]
            untreated |= {p.row for p in told}
            found += told
    return found


def _deaths_censored(source: Source, made: Source, plan: Plan) -> Iterator[Problem]:
    """Find deaths in remission that an event taken from one column would leave out."""
    entries = [plan.by_target.get(name) for name in ("rfs_event", "rfs_days", "os_days")]
    event, free, alive = entries
    if not isinstance(event, FromColumn) or event.source == event.target or not free or not alive:
        return
    ends = [{*e.columns} - {getattr(e, "since", "")} for e in (free, alive)]
    cells = [[source.cells.get(name, []) for name in names] for names in ends]
    ours = [made.cells.get(name, []) for name in ("os_event", "rfs_event", "rfs_days")]
    found = []
    for i, (died, happened, time) in enumerate(zip(*ours, strict=False)):
        one, other = ({same_code(c[i]) for c in of if c and c[i]} for of in cells)
        if (died, happened) == ("1", "0") and time and (is_relapse(event.source) or one & other):
            found.append(i)
    if found:
        what = (
            f"{counted(len(found), 'patient')} who died without an event here would be censored "
            f"(the first in row {source.rows[found[0]]}), but a death in remission is an RFS event"
        )
        name = written(event.source)
        remedy = (
            f'Make rfs_event of this column and that of deaths: rules: {{"1": [{{{name}: …}}, '
            '{death: …}], "0": …}; if it counts deaths, and these were censored before, write it '
            f'as rules: {{"1": {{{name}: …}}, "0": {{{name}: …}}}}'
        )
        yield Problem(what, remedy, column=event.source)


def _not_infused(column: Column, source: Source, plan: Plan) -> Iterator[Problem]:
    """Find patients who were never infused, by a flag or for want of a date."""
    name, cells = column.name, source.cells[column.name]
    says = infused(column, cells)
    test = those_who(name, says, cells)
    otherwise = "; if the column says something else, list it under “drop” there"
    if date_role(name) == "infusion" and holds_dates(cells):
        yield from without_date(source, name, plan.only, otherwise)
    what = "the patient was not infused, and the book counts those who were"
    remedy = f"Correct the cell. {leave_out('who was never infused', test, plan.only)}{otherwise}"
    for row, text in zip(source.rows, cells, strict=True):
        if text in says["no"]:
            yield Problem(what, remedy, row, name, text)


FEWEST = 1 / 3  # of the rows, with identifiers of their own, where others repeat one


def _rows_of_one_patient(source: Source, plan: Plan) -> Iterator[Problem]:
    """Find another identifier that repeats, where the one that is used may only count rows."""
    entry = plan.by_target.get("patient_id")
    if plan.patients or not isinstance(entry, FromColumn) or entry.source not in source.cells:
        return
    is_count = _only_counts(source.cells[entry.source])
    for column in source.columns:
        name = bare_name(column.name)
        strength = max((m.strength for m in meanings(name) if m.target == "patient_id"), default=0)
        strength = 2 if is_record_number(column) else strength
        texts = filled(source.cells[column.name])
        different = {same_id(text) for text in texts}
        if strength == 0 or column.name == entry.source or len(different) == len(texts):
            continue
        many = len(different) >= FEWEST * len(texts)
        if many if strength == 1 or not is_count else not different <= ANSWERS.keys():
            what = (
                f"{shown(column.name)} looks like the patient's identifier and repeats: "
                f"{len(different)} different ones in {len(texts)} rows"
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


def _dead_without_event(column: Column, source: Source, made: Source) -> Iterator[Problem]:
    """Find patients whom another column calls dead and the cohort alive."""
    events = made.cells.get("os_event", [])
    words = meanings_of(column, source.cells[column.name])
    dead = _dead(column, words) if events and words else frozenset()
    for i, (text, event) in enumerate(zip(source.cells[column.name], events, strict=False)):
        if text in dead and event == "0":
            what = "the patient died, but os_event says alive, perhaps for want of a date of death"
            remedy = (
                "Fill in the date, correct the event, or make os_event of this column (from:), so "
                "that the time ends at the last contact; if it says something else, list it under "
                "“drop” in a mapping file"
            )
            yield source.problem(what, remedy, column.name, i)


def deaths_of_adam(source: Source, made: Source, plan: Plan) -> tuple[list[Problem], list[str]]:
    """Compare DTHFL and DTHDT with who is censored: after the day of censoring is no mistake."""
    entry, cells = plan.by_target.get("os_event"), source.cells
    flags, days = cells.get("DTHFL", []), cells.get("DTHDT", [])
    if not source.form.startswith("ADaM") or entry is None or not (flags or days):
        return [], []
    parameter = next((n.partition(":")[2] for n in entry.columns if ":" in n), "")
    ends = cells.get(f"ADT:{parameter}", [])
    problems, late = [], False
    name = "DTHFL" if flags else "DTHDT"
    if name in plan.drop and flags:
        return [], []
    what = f"the patient died by ADSL, but os_event, of {listed(entry.columns, 6)}, says alive"
    remedy = (
        "Correct the event or the death; if it is right, list DTHFL under “drop” in a mapping file"
    )
    for i, event in enumerate(made.cells.get("os_event", [])):
        day, end = (texts[i][:10] if texts else "" for texts in (days, ends))
        if event != "0" or not (day or (flags and fold(flags[i]) == "y")):
            continue
        if day and end and day > end:
            late = True
        else:
            problems.append(source.problem(what, remedy, name, i))
    note = "os_event: who died after the day of censoring (DTHDT after ADT) counts as alive then."
    return problems, [note] * late


def _dead(column: Column, words: Mapping[str, str]) -> frozenset[str]:
    """Give the texts that say dead, in a column that tells the dead from the living."""
    if _OTHER_PEOPLE & {*tokens(column.name), *tokens(column.label)}:
        return frozenset()
    states = {text: vital(word) for text, word in words.items()}
    if all(states[text] or fold(word) in UNKNOWN | LOST for text, word in words.items()):
        return frozenset(text for text, state in states.items() if state == "1")
    named = (*meanings(bare_name(column.name)), *meanings(bare_name(column.label)))
    said = answers(column, words)
    is_named = any(m.target == "os_event" and m.strength > 1 for m in named)
    return frozenset(
        said["yes"] if is_named and not said[""] and not opposite(column, words) else ()
    )


def _remission_without_response(column: Column, source: Source, made: Source) -> Iterator[Problem]:
    """Find days of remission in patients who are counted as without response."""
    name, cells, told = column.name, source.cells[column.name], made.cells.get("response", [])
    named = [bare_name(t) for t in (name, column.label)]
    by_date, by_day = ({role(t) for t in named} for role in (date_role, day_role))
    if "remission" not in by_date | by_day:  # before all cells are looked at
        return
    roles = by_day if grammar.holds_numbers(cells) else by_date if holds_dates(cells) else set()
    # the day of a response may be that on which there was none
    if "remission" not in roles or any(w.startswith(_RESPONSE) for w in words_of(name)):
        return
    both = sum(
        level == "NR" and not is_empty(text) and text not in grammar.SIGNS_OF_MISSING
        for level, text in zip(told, cells, strict=False)
    )
    if both:
        whom = f"{counted(both, 'patient')} with NR {'has' if both == 1 else 'have'}"
        what = f"{whom} a day of remission"
        remedy = (
            "Correct the day or the response, which may have a column of its own for CRi; if the "
            "column says something else, list it under “drop” in a mapping file"
        )
        yield Problem(what, remedy, column=name)


def _cns_as_other(column: Column, source: Source, made: Source) -> Iterator[Problem]:
    """Find CNS disease in a column of its own, where our column knows no isolated CNS disease."""
    if (
        not says_cns(f"{column.name} {column.label}")
        or "emd" not in made.cells
        or "cns" in made.cells["emd"]
    ):
        return
    if answers(column, source.cells[column.name])["yes"]:
        what = "CNS disease has a column of its own, and emd no level “cns”: isolated CNS disease "
        what += "would count as other than CNS"
        remedy = (
            f"In a mapping file, make emd of both: rules: {{cns: {{{written(column.name)}: …}}, "
            "other: {…}, none: {…}}; or list this column under “drop” there"
        )
        yield Problem(what, remedy, column=column.name)
