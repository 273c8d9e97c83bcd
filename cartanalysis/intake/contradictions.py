"""What columns of a file that are not used say against the cohort made of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from cartanalysis.contract import FIELDS, MISSING
from cartanalysis.errors import Problem, shown
from cartanalysis.intake.hints import opposite, without_brackets, words_of
from cartanalysis.intake.mapping.guess import MAX_LEVELS, holds_dates
from cartanalysis.intake.mapping.names import date_role, meanings
from cartanalysis.intake.source import Column, Source
from cartanalysis.intake.words import ANSWERS, UNKNOWN, WORDS, plain, tokens, vital
from cartanalysis.text import fold

_CNS, _OTHER_PEOPLE = frozenset(WORDS["cns"]), frozenset(WORDS["other_people"])
_NO_CNS_SITE = tuple(WORDS["no_cns_site"])
_INFUSED = {plain("".join(tokens(name))) for name in WORDS["infused"]}


def find(source: Source, made: Source, dropped: Collection[str] = ()) -> list[Problem]:
    """Find deaths and CNS disease that the cohort would not count."""
    used = {name for c in made.columns for name in c.origin or ()} | {*dropped}
    others = [c for c in source.columns if c.name not in used and c.name not in FIELDS]
    found: list[Problem] = []
    for column in others:
        found += _dead_without_event(column, source, made)
        found += _cns_as_other(column, source, made)
    return found


def not_treated(source: Source, used: Collection[str]) -> list[str]:
    """Tell of columns by which some patients seem never to have been infused."""
    notes = []
    for column in source.columns:
        cells = source.cells[column.name]
        if column.name in used:
            continue
        empty = any(fold(text) in MISSING for text in cells)
        undated = date_role(column.name) == "infusion" and holds_dates(cells) and empty
        told = _told(column, cells)
        flagged = plain("".join(tokens(column.name))) in _INFUSED and any(
            ANSWERS.get(fold(word)) == "no" for word in told.values()
        )
        if undated or flagged:
            said = "no date" if undated else "“no”"
            notes.append(
                f"Some patients have {said} in {shown(column.name)}, but count as infused; take "
                "those who never were out of the file."
            )
    return notes


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
    named = meanings(without_brackets(column.name))
    if any(m.target == "os_event" and m.strength > 1 for m in named):
        answered = all(ANSWERS.get(fold(word)) for word in told.values())
        if answered and not opposite(column, told):
            return frozenset(
                text for text, word in told.items() if ANSWERS.get(fold(word)) == "yes"
            )
    return frozenset()


def _cns_as_other(column: Column, source: Source, made: Source) -> Iterator[Problem]:
    """Find CNS disease in a column of its own, where our column knows no isolated CNS disease."""
    name = tokens(f"{column.name} {column.label}")
    is_site = bool(_CNS & set(name)) or "中枢" in column.name
    if not is_site or "emd" not in made.cells or "cns" in made.cells["emd"]:
        return
    if any(word.startswith(_NO_CNS_SITE) for word in name):
        return
    told = _told(column, source.cells[column.name])
    if any(ANSWERS.get(fold(word)) == "yes" for word in told.values()):
        what = "CNS disease has a column of its own, and emd no level “cns”: isolated CNS disease "
        what += "would count as other than CNS"
        remedy = (
            "Make one column of both, with none, cns (the CNS alone) or other, and list this one "
            "under “drop” in a mapping file"
        )
        yield Problem(what, remedy, column=column.name)
