"""What names and labels of columns mean: clinical usage of several languages, ADaM, registries.

A name means a column of ours if it holds all words of a phrase that does, and beside them only
words that change nothing, as in ``Max CRS grade (ASTCT)``.  A word that is not known, as in ``donor
sex``, makes it something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from cartanalysis.contract import FIELDS
from cartanalysis.intake.hints import UNIT_WORDS, answers, bare_name, unit_in
from cartanalysis.intake.hints import words_of as meant_by
from cartanalysis.intake.source import Column, filled
from cartanalysis.intake.words import (
    INFUSED,
    WORDS,
    not_infused,
    plain,
    repaired,
    spellings,
    tokens,
)
from cartanalysis.text import fold


class Meaning(NamedTuple):
    """What a name says."""

    target: str  # our column
    strength: int  # 3 our own name, 2 a usual name, 1 a name that may mean it
    rank: int  # place among the usual names, the most telling first
    unit: str  # that the name states; empty if none


def _all_forms(words: Iterable[str]) -> frozenset[str]:
    return frozenset(form for word in words for form in spellings(word))


# --- words of a name -----------------------------------------------------------------------------

_SIGNS = "\u3040-\u30ff\u3400-\u9fff々"  # letters of scripts that write no blanks

_PHRASES = [
    phrase
    for table in ("columns", "perhaps_columns", "dates", "around")
    for phrases in WORDS[table].values()
    for phrase in phrases
]
_OTHERS = [*WORDS["padding"], *WORDS["date_words"], *WORDS["elsewhere"]]
_WITHOUT_BLANKS = {p for text in (*_PHRASES, *_OTHERS) for p in re.findall(f"[{_SIGNS}]+", text)}
_PARTS = re.compile(
    "|".join([*sorted(_WITHOUT_BLANKS, key=lambda w: (-len(w), w)), f"[^{_SIGNS}]+", "."])
)
_ELIDED = re.compile(r"\b[dl]['’]", re.IGNORECASE)  # d'injection
_PADDING = _all_forms(WORDS["padding"])
_DATE_WORDS = _all_forms(WORDS["date_words"])


def words_of(text: str) -> list[str]:
    """Split a name into words without accents; Chinese and Japanese by the words that are known."""
    apart = _ELIDED.sub(" ", repaired(text))
    words = [word for token in tokens(apart) for word in _PARTS.findall(token)]
    return [plain(word) for word in words]


class _Phrases:
    """Phrases that mean something, found by their words in any order, or written together."""

    def __init__(self, table: Mapping[str, list[str]]) -> None:
        self.by_word: dict[str, list[tuple[frozenset[str], str, int]]] = {}
        self.together: dict[str, list[tuple[str, int]]] = {}
        for meant, phrases in table.items():
            for rank, phrase in enumerate(phrases):
                for form in spellings(phrase):
                    self._add(words_of(form), meant, rank)

    def _add(self, words: list[str], meant: str, rank: int) -> None:
        bag = frozenset(words) - _PADDING or frozenset(words)
        self.by_word.setdefault(min(bag), []).append((bag, meant, rank))
        for kept in (words, [w for w in words if w not in _PADDING]):
            self.together.setdefault("".join(kept), []).append((meant, rank))

    def find(self, words: list[str]) -> Iterable[tuple[str, int, frozenset[str]]]:
        """Give what is meant, how telling it is, and the words that are left over."""
        bag = frozenset(words) - _PADDING or frozenset(words)
        for word in bag:
            for phrase, meant, rank in self.by_word.get(word, []):
                if phrase <= bag:
                    yield meant, rank, bag - phrase
        for meant, rank in self.together.get("".join(words), []):
            yield meant, rank, frozenset()


@cache
def _phrases(table: str) -> _Phrases:
    """Give the phrases of a table of the vocabularies, put in order when first asked for."""
    return _Phrases(WORDS[table])


# --- columns -------------------------------------------------------------------------------------

_BY_STRENGTH = {2: "columns", 1: "perhaps_columns"}
_AROUND = {target: _all_forms(words) for target, words in WORDS["around"].items()}
KNOWN = {
    target: _AROUND.get(target, frozenset())
    | {
        word
        for table in ("columns", "perhaps_columns")
        for phrase in WORDS[table].get(target, [])
        for word in words_of(phrase)
    }
    for target in FIELDS
}
"""Words by which a column of ours is known."""

_KEPT_IN = {name: unit for unit, names in WORDS["kept_in"].items() for name in names}
_WITH_UNIT = frozenset(name for name, spec in FIELDS.items() if spec.unit)


@lru_cache(maxsize=10_000)
def meanings(text: str) -> tuple[Meaning, ...]:
    """Say which of our columns a name or label may mean."""
    if text in FIELDS:
        return (Meaning(text, 3, 0, unit_in(text)),)
    words = words_of(text)
    unit = unit_in(text) or _KEPT_IN.get("".join(words), "")
    measured = [w for w in words if w not in UNIT_WORDS] if words[:1] else []
    found = []
    for kept, targets in ((words, FIELDS.keys()), (measured, _WITH_UNIT)):
        for strength, table in _BY_STRENGTH.items():
            for target, rank, left in _phrases(table).find(kept):
                if target in targets and left <= _AROUND.get(target, frozenset()):
                    found.append(Meaning(target, strength, rank, unit))
    best: dict[str, Meaning] = {}
    for meaning in sorted(found, key=lambda m: (-m.strength, m.rank)):
        best.setdefault(meaning.target, meaning)
    return tuple(best.values())


def _phrase(text: str) -> str:
    """Write a phrase without accents, its words apart."""
    return " ".join(tokens(plain(repaired(text).casefold())))


def _any_of(key: str) -> str:
    """Find phrases as words; those of a script without blanks anywhere."""
    phrases = sorted({*map(_phrase, WORDS[key])}, key=len, reverse=True)
    return "|".join(rf"(?<![a-z]){p}(?![a-z])" if p.isascii() else p for p in phrases)


_AROUND_INFUSED = f"(?: ?(?:{_any_of('around_infused')}))*"
_INFUSED = re.compile(f"{_AROUND_INFUSED} ?(?:{_any_of('infused')}){_AROUND_INFUSED}")
_CNS, _NO_CNS_SITE = frozenset(WORDS["cns"]), tuple(WORDS["no_cns_site"])


def infused(column: Column, cells: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Sort texts of a column by what they say of infusion: yes, no or nothing.

    The name may ask for it, so that answers count; words such as “not infused” count anywhere.
    """
    texts = {*filled(cells)}
    is_asked = any(_INFUSED.fullmatch(_phrase(bare_name(t))) for t in (column.name, column.label))
    told = answers(column, texts)
    said = {a: {*told[a]} if is_asked else set[str]() for a in ("yes", "no")}
    if not_infused(column.name):
        said = {"yes": {*told["no"]}, "no": {*told["yes"]}}
    for text, word in meant_by(column, texts).items():
        if not_infused(word):
            said["no"].add(text)
        elif is_asked and fold(word) in INFUSED:
            said["yes"].add(text)
    return {answer: tuple(sorted(said[answer])) for answer in ("yes", "no")}


def says_cns(text: str) -> bool:
    """Tell whether a name or label speaks of disease of the central nervous system."""
    words = words_of(text)
    is_site = bool(_CNS.intersection(words)) or "中枢" in text
    return is_site and not any(word.startswith(_NO_CNS_SITE) for word in words)


# --- days ----------------------------------------------------------------------------------------

_TIMES = _all_forms(WORDS["around"]["os_days"])


def day_role(text: str) -> str:
    """Say what a column of numbers is the day of, counted from infusion, as ``Day of relapse``."""
    words = words_of(text)
    kept = [w for w in words if w not in UNIT_WORDS and w not in _TIMES]
    return "" if kept == words or not kept else date_role(" ".join(kept))


@lru_cache(maxsize=10_000)
def date_role(text: str) -> str:
    """Say what a column of dates or days is the day of."""
    words = words_of(text)
    for kept in (words, [w for w in words if w not in _DATE_WORDS], _without_ending(words)):
        roles = {role for role, _, left in _phrases("dates").find(kept) if not left}
        if len(roles) == 1:
            return roles.pop()
    return ""


def _without_ending(words: list[str]) -> list[str]:
    """Leave out a word for date at the end of another, as in ``Todesdatum``."""
    ends = re.compile(r"(?<=.)(datum|date|dtc|dt)$")
    return [ends.sub("", word) for word in words if word not in _DATE_WORDS]


def is_relapse(name: str) -> bool:
    """Tell whether a column is called as one of relapses."""
    return date_role(bare_name(name)) == "relapse" or fold(name) == "rel"
