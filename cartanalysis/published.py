"""The registry of published (P), derived (D) and assumed (A) values.

``published.yml`` holds what the paper says and what the project assumes.  Derived counts are not
written anywhere: they are searched for here, and the search shows that it finds one solution.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

import yaml

from cartanalysis.errors import InputError, Problem

LETTERS = ("P", "D", "A")
"""Evidence letters, strongest first."""

MEANING = {
    "P": "published: the paper states it",
    "D": "derived: follows from published values by arithmetic",
    "A": "assumed: computed from a reconstruction, not from patient data",
}

_SECTIONS = {"published": "P", "derived": "D", "assumed": "A"}
_DIRECTION = {"exposure", "endpoint", "worse", "model"}
_COMMON = {"id", "label", "kind", "value", "unit", "rounding", "evidence"}
_KEYS = {
    "P": _COMMON | {"place", "short", *_DIRECTION},
    "D": _COMMON | {"from", "function"},
    "A": _COMMON | {"range", "source", "columns"},
}
_NEEDED = {
    "P": {"id", "label", "kind", "evidence", "place"},
    "D": {"id", "label", "kind", "evidence", "from", "function"},
    "A": {"id", "label", "kind", "evidence", "range", "source", "columns"},
}


@dataclass(frozen=True)
class Entry:
    """One value of the registry.

    Attributes
    ----------
    id : str
        Stable identifier.
    label : str
        What it is, in words.
    kind : str
        One of rate, time, count, period, range, ratio, ordering, direction, statement.
    evidence : {"P", "D", "A"}
        How it is known.
    value : object
        As printed in the paper, recomputed, or assumed; none for directions and statements.
    unit : str
        Unit of the value.
    rounding : int or None
        Decimals the paper prints.
    place : str
        Where it stands in the paper, how it was derived, or the source of the assumption.
    details : dict
        Whatever else the registry says (exposure, endpoint, range, columns, …).
    """

    id: str
    label: str
    kind: str
    evidence: str
    value: Any
    unit: str
    rounding: int | None
    place: str
    details: dict[str, Any]

    @property
    def text(self) -> str:
        """The value as the paper would print it.

        Returns
        -------
        str
            The text.
        """
        if self.value is None:
            return self.label
        if self.kind == "period":
            return " to ".join(_month_name(v) for v in self.value)
        if isinstance(self.value, list):
            return " to ".join(str(v) for v in self.value)
        number = f"{self.value:.{self.rounding}f}" if self.rounding is not None else self.value
        if self.unit == "percent":
            return f"{number} %"
        return f"{number} {self.unit}" if self.unit in ("days", "years") else str(number)

    @property
    def printed(self) -> str:
        """What the paper gives: a value, a direction with its significance, or a statement.

        Returns
        -------
        str
            The text.
        """
        if self.kind == "direction":
            return "worse, reported as significant"
        if self.kind == "ordering":
            return "lowest of the groups"
        return "statement" if self.value in (None, True) else self.text

    @property
    def fraction(self) -> float:
        """A percentage as a fraction; any other number as it is.

        Returns
        -------
        float
            The value.
        """
        return float(self.value) / 100 if self.unit == "percent" else float(self.value)


def _month_name(month: str) -> str:
    year, number = month.split("-")
    return f"{calendar.month_name[int(number)]} {year}"


class Registry:
    """All values by id, in the order of the file.

    Parameters
    ----------
    entries : iterable of Entry
        The values.
    study : dict
        The paper's bibliographic data.
    """

    def __init__(self, entries: Iterable[Entry], study: dict[str, str]) -> None:
        self.entries = {e.id: e for e in entries}
        self.study = study

    def __getitem__(self, key: str) -> Entry:
        """Look a value up.

        Parameters
        ----------
        key : str
            Its id.

        Returns
        -------
        Entry
            The value.

        Raises
        ------
        KeyError
            If there is none of that id; the message lists those there are.
        """
        if key not in self.entries:
            raise KeyError(f"no registry value {key!r}; there are {', '.join(self.entries)}")
        return self.entries[key]

    def select(self, evidence: str = "", kind: str = "") -> list[Entry]:
        """List values by letter and kind.

        Parameters
        ----------
        evidence : str
            ``"P"``, ``"D"``, ``"A"``; any if empty.
        kind : str
            Kind; any if empty.

        Returns
        -------
        list of Entry
            In the order of the file.
        """
        return [
            e
            for e in self.entries.values()
            if evidence in ("", e.evidence) and kind in ("", e.kind)
        ]

    def weakest(self, ids: Iterable[str]) -> str:
        """Give the evidence letter of a result that rests on some values.

        Parameters
        ----------
        ids : iterable of str
            Values it rests on.

        Returns
        -------
        str
            The weakest of their letters; ``"A"`` for none.
        """
        letters = [self[i].evidence for i in ids]
        return max(letters, key=LETTERS.index) if letters else "A"


@cache
def load() -> Registry:
    """Read the registry that ships with the package.

    Returns
    -------
    Registry
        All values, the derived ones recomputed.
    """
    text = (resources.files("cartanalysis") / "published.yml").read_text(encoding="utf-8")
    return parse(text)


def parse(text: str) -> Registry:
    """Read a registry and check it.

    Parameters
    ----------
    text : str
        Content of ``published.yml``.

    Returns
    -------
    Registry
        All values, the derived ones recomputed.

    Raises
    ------
    InputError
        With every problem at once: unknown or missing key, duplicate id, wrong evidence letter,
        missing value, unknown reference.
    """
    raw = yaml.safe_load(text)
    problems: list[Problem] = []
    entries: dict[str, Entry] = {}
    if set(raw) != {"study", *_SECTIONS}:
        what = f"the sections are {', '.join(sorted(raw))}"
        remedy = f"There must be study, {', '.join(_SECTIONS)}, and no other"
        raise InputError("published.yml", [Problem(what, remedy)])
    for section, letter in _SECTIONS.items():
        for item in raw[section]:
            found = list(_problems_of(item, letter, entries))
            problems += found
            if not found:
                entries[item["id"]] = _entry(item, letter, entries)
    if problems:
        raise InputError("published.yml", problems)
    return Registry(entries.values(), raw["study"])


def _problems_of(item: dict[str, Any], letter: str, earlier: dict[str, Entry]) -> Iterable[Problem]:
    name = str(item.get("id", "an entry without id"))
    for key in sorted(set(item) - _KEYS[letter]):
        remedy = f"Keys of evidence {letter} are {', '.join(sorted(_KEYS[letter]))}"
        yield Problem(f"{name} has the unknown key {key!r}", remedy)
    for key in sorted(_NEEDED[letter] - set(item)):
        yield Problem(f"{name} lacks {key!r}", "Every value says what it is and where it is from")
    for key in sorted(_NEEDED[letter] & set(item)):
        if item[key] in (None, "", []):
            yield Problem(f"{name} has an empty {key!r}", "Fill it")
    if item.get("evidence", letter) != letter:
        yield Problem(f"{name} has evidence {item['evidence']!r}", f"This section holds {letter}")
    if name in earlier:
        yield Problem(f"{name} is there twice", "Give every value its own id")
    if item.get("kind") == "direction":
        for key in sorted(_DIRECTION - set(item)):
            yield Problem(f"{name} lacks {key!r}", "A direction says for whom what is worse")
    elif (
        item.get("kind") not in ("statement", "ordering")
        and letter != "D"
        and item.get("value") is None
    ):
        yield Problem(
            f"{name} lacks 'value'", "Only directions, orderings and statements have none"
        )
    if letter == "D":
        if "value" in item:
            yield Problem(f"{name} states a value", "Derived values are recomputed, not stated")
        if item.get("function", "") not in _DERIVATIONS:
            yield Problem(f"{name} names no known derivation", f"Use {', '.join(_DERIVATIONS)}")
        for source in item.get("from", ()):
            if source not in earlier:
                yield Problem(f"{name} is derived from {source!r}", "Name an earlier value")


def _entry(item: dict[str, Any], letter: str, earlier: dict[str, Entry]) -> Entry:
    details = {k: v for k, v in item.items() if k not in _COMMON}
    value = item.get("value")
    if letter == "D":
        value = _DERIVATIONS[item["function"]](earlier)
    place = {
        "P": item.get("place"),
        "D": "from: " + "; ".join(earlier[i].label for i in item.get("from", ())),
        "A": f"assumed; {item.get('source')}",
    }[letter]
    return Entry(
        id=item["id"],
        label=item["label"],
        kind=item["kind"],
        evidence=letter,
        value=value,
        unit=item.get("unit", ""),
        rounding=item.get("rounding"),
        place=str(place),
        details=details,
    )


# --- from percentages to patients --------------------------------------------------------------


def rounds_to(events: int, n: int, printed: float, decimals: int) -> bool:
    """Tell whether a count can be the one behind a printed percentage.

    Parameters
    ----------
    events, n : int
        The count and its denominator.
    printed : float
        The percentage as printed.
    decimals : int
        Decimals printed.

    Returns
    -------
    bool
        Whether 100·events/n lies within half a unit of the last printed decimal; both ends count,
        so the answer does not depend on how a tie is rounded.  Computed in exact fractions.
    """
    half = Fraction(1, 2 * 10**decimals)
    target = Fraction(str(printed))
    return target - half <= Fraction(100 * events, n) <= target + half


def counts_behind(printed: float, decimals: int, n: int) -> list[int]:
    """List the counts out of n that a printed percentage can stand for.

    Parameters
    ----------
    printed : float
        The percentage as printed.
    decimals : int
        Decimals printed.
    n : int
        Denominator.

    Returns
    -------
    list of int
        Every count that rounds to the percentage.
    """
    return [k for k in range(n + 1) if rounds_to(k, n, printed, decimals)]


def _only(solutions: list[Any], what: str) -> Any:
    if len(solutions) != 1:
        raise ValueError(f"{what} has {len(solutions)} solutions {solutions}, not one")
    return solutions[0]


def infused_candidates(orr: Entry, ae_grade4: Entry, enrolled: Entry) -> list[int]:
    """List the numbers of infused patients that both published percentages allow.

    Parameters
    ----------
    orr, ae_grade4 : Entry
        The two percentages with one denominator.
    enrolled : Entry
        The number that cannot be exceeded.

    Returns
    -------
    list of int
        Every n from 1 to the number enrolled for which both are whole patients.
    """
    return [
        n
        for n in range(1, int(enrolled.value) + 1)
        if all(counts_behind(e.value, e.rounding or 0, n) for e in (orr, ae_grade4))
    ]


def _derive_infused(known: dict[str, Entry]) -> int:
    found = infused_candidates(known["orr"], known["ae_grade4"], known["enrolled"])
    return int(_only(found, "the number infused"))


def _derive_count(percentage: str) -> Callable[[dict[str, Entry]], int]:
    def derive(known: dict[str, Entry]) -> int:
        entry = known[percentage]
        found = counts_behind(entry.value, entry.rounding or 0, int(known["infused"].value))
        return int(_only(found, f"the count behind {entry.text}"))

    return derive


def emd_other_candidates(known: dict[str, Entry]) -> list[tuple[int, int]]:
    """List (responders, patients) of the EMD group that its percentage allows.

    Parameters
    ----------
    known : dict of str to Entry
        With ``orr_emd_other``, ``infused`` and ``responders``.

    Returns
    -------
    list of (int, int)
        Pairs that need no more non-responders, and no more responders, than there are.
    """
    entry = known["orr_emd_other"]
    infused, responders = int(known["infused"].value), int(known["responders"].value)
    return [
        (k, n)
        for n in range(1, infused + 1)
        for k in counts_behind(entry.value, entry.rounding or 0, n)
        if k <= responders and n - k <= infused - responders
    ]


def _derive_emd_other_responders(known: dict[str, Entry]) -> int:
    return int(_only(emd_other_candidates(known), "the EMD group")[0])


def _derive_emd_other(known: dict[str, Entry]) -> int:
    return int(_only(emd_other_candidates(known), "the EMD group")[1])


def _derive_censoring(known: dict[str, Entry]) -> bool:
    """Confirm that neither 1-year percentage is a whole number of patients."""
    pairs = (("os_1y", "infused"), ("rfs_1y", "responders"))
    whole = [
        counts_behind(known[p].value, known[p].rounding or 0, int(known[n].value)) for p, n in pairs
    ]
    if any(whole):
        raise ValueError("a 1-year percentage is a whole number of patients: censoring is open")
    return True


_DERIVATIONS: dict[str, Callable[[dict[str, Entry]], Any]] = {
    "derive_infused": _derive_infused,
    "derive_responders": _derive_count("orr"),
    "derive_ae_grade4": _derive_count("ae_grade4"),
    "derive_emd_other_responders": _derive_emd_other_responders,
    "derive_emd_other": _derive_emd_other,
    "derive_censoring": _derive_censoring,
}
