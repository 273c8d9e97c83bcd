"""What names and labels of columns mean: clinical usage, ADaM, cBioPortal, REDCap."""

from __future__ import annotations

import re
from typing import NamedTuple

from cartanalysis.contract import FIELDS
from cartanalysis.intake.hints import UNIT_WORDS, unit_in
from cartanalysis.intake.words import WORDS, tokens


class Meaning(NamedTuple):
    """What a name says."""

    target: str  # our column
    strength: int  # 3 our own name, 2 a usual name, 1 a name that may mean it
    rank: int  # place among the usual names, the most telling first
    unit: str  # that the name states; empty if none


def _index(table: dict[str, str]) -> dict[str, list[tuple[str, int]]]:
    index: dict[str, list[tuple[str, int]]] = {}
    for target, names in table.items():
        for rank, name in enumerate(names.split()):
            index.setdefault(_squash(name), []).append((target, rank))
    return index


def _squash(text: str) -> str:
    return "".join(tokens(text))


_BY_STRENGTH = {2: _index(WORDS["columns"]), 1: _index(WORDS["perhaps_columns"])}
_ROLES = {_squash(name): role for role, names in WORDS["dates"].items() for name in names.split()}
_DATE_WORDS = frozenset(WORDS["date_words"])


def meanings(text: str) -> list[Meaning]:
    """Say which of our columns a name or label may mean."""
    if text in FIELDS:
        return [Meaning(text, 3, 0, unit_in(text))]
    unit = unit_in(text)
    words = [w for w in tokens(text) if w not in ("in", "at")]
    stems = {_squash(text), "".join(words)}
    while words and (words[-1] in UNIT_WORDS):
        words = words[:-1]
    stems.add("".join(words))
    found = [
        Meaning(target, strength, rank, unit)
        for stem in stems
        for strength, table in _BY_STRENGTH.items()
        for target, rank in table.get(stem, [])
    ]
    best: dict[str, Meaning] = {}
    for meaning in sorted(found, key=lambda m: (-m.strength, m.rank)):
        best.setdefault(meaning.target, meaning)
    return list(best.values())


def date_role(text: str) -> str:
    """Say what a column of dates is the date of."""
    words = [w for w in tokens(text) if w not in _DATE_WORDS]
    stem = re.sub(r"(datum|date|dtc|dt|日期|时间)$", "", "".join(words))
    return _ROLES.get(stem, "")
