"""The registry of what is known of a study: published (P), reported elsewhere (S), derived (D),
assumed (A).

A study's ``published.yml`` holds what the paper says, what other publications say about the same
trial, and what had to be assumed.  Derived counts are not written there: the study's derivations
recompute them.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from cartanalysis.contract import DERIVED, FIELDS
from cartanalysis.errors import InputError, Problem

LETTERS = ("P", "S", "D", "A")
"""Evidence letters, strongest first."""

MEANING = {
    "P": "published: the paper states it",
    "S": "secondary: another publication reports it about this trial",
    "D": "derived: follows from printed values by arithmetic",
    "A": "assumed: computed from a reconstruction, not from patient data",
}

YOUR_DATA, SIMULATED, OTHERS = "your data", "simulated", "other trials"
"""What stands in a letter's place where results are not those of the study."""

_SECTIONS = {"published": "P", "secondary": "S", "derived": "D", "assumed": "A"}
_COMMON = {"id", "label", "kind", "value", "unit", "rounding", "evidence"}
_STEP = {"step", "leave"}
_NEEDED = {
    "P": {"id", "label", "kind", "evidence", "place"},
    "S": {"id", "label", "kind", "evidence", "place"},
    "D": {"id", "label", "kind", "evidence", "from", "function"},
    "A": {"id", "label", "kind", "evidence", "range", "source", "columns"},
}
_DIRECTION = {"exposure", "endpoint", "worse", "model"}
_CLAIM = {
    "counted": {"column", "level", "counts", "judged", "short", "unit", "rounding"},
    "survival": {"endpoint", "day", "size", "unit", "rounding"},
    "median": {"endpoint", "size", "unit", "rounding"},
    "ordering": {"exposure", "worse", "by", "group", "others", "judged", "short"},
    "direction": _DIRECTION,
    "adjusted": _DIRECTION | {"covariates"},
}
"""What a claim must say, by the way in which a cohort answers it."""

_OPTIONAL = {"by", "group", "of", "or_higher", "better", "reference", "short", "assumed"}
_KEYS = {
    "P": _COMMON | _NEEDED["P"] | _STEP | _OPTIONAL | set().union(*_CLAIM.values()),
    "S": _COMMON | _NEEDED["S"] | _OPTIONAL | set().union(*_CLAIM.values()),
    "D": _COMMON | _NEEDED["D"] | _STEP,
    "A": _COMMON | _NEEDED["A"],
}
_COLUMNS = ("column", "by", "exposure", "covariates")
_LEVELS = ("level", "group", "worse", "reference")


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
    evidence : {"P", "S", "D", "A"}
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
    how : str
        How a cohort answers the claim: counted, survival, median, ordering, direction or adjusted;
        empty if the entry claims nothing that a cohort could answer.
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
    how: str = ""

    @property
    def covariates(self) -> list[str]:
        """The covariates that judge a direction: of a univariable model the exposure alone."""
        return list(self.details.get("covariates", [self.details["exposure"]]))

    @property
    def text(self) -> str:
        """The value as the paper would print it."""
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
        """What the paper gives: a value, a direction with its significance, or a statement."""
        if self.kind == "direction":
            return "worse, reported as significant"
        if self.kind == "ordering":
            return "lowest of the groups"
        return "statement" if self.value is None or self.value is True else self.text

    @property
    def fraction(self) -> float:
        """A percentage as a fraction; any other number as it is."""
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

    @property
    def claims(self) -> list[Entry]:
        """The printed values, directions and orderings that a cohort can answer."""
        return [e for e in self.entries.values() if e.how]

    def select(self, evidence: str = "", kind: str = "") -> list[Entry]:
        """List values by letter and kind.

        Parameters
        ----------
        evidence : str
            ``"P"``, ``"S"``, ``"D"`` or ``"A"``; any if empty.
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

    def counts_of(self, column: str) -> tuple[str, ...]:
        """Name the counts behind the paper's rate of an answer in all its patients.

        Parameters
        ----------
        column : str
            Column with the answer.

        Returns
        -------
        tuple of str
            Ids of the events and of the patients; empty if the paper gives no such rate.
        """
        for claim in self.claims:
            about = claim.details
            if claim.how == "counted" and about["column"] == column and "by" not in about:
                return tuple(about["counts"])
        return ()

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


Derivations = Mapping[str, Callable[[dict[str, "Entry"]], Any]]
"""Functions that recompute derived values from those before them, by name."""


def parse(text: str, derivations: Derivations) -> Registry:
    """Read a registry and check it.

    Parameters
    ----------
    text : str
        Content of ``published.yml``.
    derivations : mapping of str to callable
        The study's derivations by name.

    Returns
    -------
    Registry
        All values, the derived ones recomputed.

    Raises
    ------
    InputError
        With every problem at once: unknown or missing key, duplicate id, wrong evidence letter,
        missing value, unknown reference, column or endpoint.
    """
    raw = yaml.safe_load(text)
    problems: list[Problem] = []
    entries: dict[str, Entry] = {}
    if set(raw) - {"secondary"} != {"study", *_SECTIONS} - {"secondary"}:
        what = f"the sections are {', '.join(sorted(raw))}"
        remedy = f"There must be study, {', '.join(_SECTIONS)}, and no other"
        raise InputError("published.yml", [Problem(what, remedy)])
    for section, letter in _SECTIONS.items():
        for item in raw.get(section, ()):
            found = list(_problems_of(item, letter, entries, derivations))
            problems += found
            if not found:
                entries[item["id"]] = _entry(item, letter, entries, derivations)
    for entry in entries.values():
        problems += _wrong_references(entry, entries)
    if problems:
        raise InputError("published.yml", problems)
    return Registry(entries.values(), raw["study"])


def _problems_of(
    item: dict[str, Any], letter: str, earlier: dict[str, Entry], derivations: Derivations
) -> Iterable[Problem]:
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
    how = _how(item) if letter in "PS" else ""
    for key in sorted(_CLAIM.get(how, set()) - set(item)):
        remedy = f"A claim of this kind says {', '.join(sorted(_CLAIM[how]))}"
        yield Problem(f"{name} lacks {key!r}", remedy)
    valueless = item.get("kind") in ("statement", "ordering", "direction")
    if letter != "D" and not valueless and item.get("value") is None:
        yield Problem(
            f"{name} lacks 'value'", "Only directions, orderings and statements have none"
        )
    if how == "median" and item.get("unit") != "days":
        yield Problem(f"{name} has the unit {item.get('unit')!r}", "Times count in days")
    if how:
        yield from _outside_the_contract(name, item)
    if letter == "D":
        if "value" in item:
            yield Problem(f"{name} states a value", "Derived values are recomputed, not stated")
        if item.get("function", "") not in derivations:
            yield Problem(f"{name} names no known derivation", f"Use {', '.join(derivations)}")
        for source in item.get("from", ()):
            if source not in earlier:
                yield Problem(f"{name} is derived from {source!r}", "Name an earlier value")


def _how(item: dict[str, Any]) -> str:
    """Name the way in which a cohort answers a published value, direction or ordering."""
    kind = str(item.get("kind"))
    if kind == "rate":
        return "survival" if "endpoint" in item else "counted"
    if kind == "direction":
        return "adjusted" if item.get("model") == "multivariable" else "direction"
    return {"time": "median", "ordering": "ordering"}.get(kind, "")


def _outside_the_contract(name: str, item: dict[str, Any]) -> Iterable[Problem]:
    """Find columns, levels and endpoints that no cohort has."""
    if "endpoint" in item and f"{item['endpoint']}_days" not in FIELDS:
        yield Problem(f"{name} has the endpoint {item['endpoint']!r}", "Use os or rfs")
    if "model" in item and item["model"] not in ("univariable", "multivariable"):
        yield Problem(f"{name} has the model {item['model']!r}", "Use univariable or multivariable")
    for key in _COLUMNS:
        for column in [item[key]] if isinstance(item.get(key), str) else item.get(key, []):
            if column not in FIELDS and column not in DERIVED:
                yield Problem(f"{name} names no column: {column!r}", "Use the contract's names")
    for key in _LEVELS:
        if isinstance(item.get(key), bool):
            yield Problem(f"{name} has true or false for {key!r}", "Put yes or no in quotes")
    if "covariates" in item and item.get("exposure") not in item["covariates"]:
        yield Problem(f"{name} has covariates without its exposure", "Name it among them")
    if item.get("better", "lower") not in ("lower", "higher"):
        yield Problem(f"{name} is better {item['better']!r}", "Use lower or higher")
    if ("by" in item) != ("group" in item):
        yield Problem(f"{name} has only one of 'by' and 'group'", "Give both, or none")


def _wrong_references(entry: Entry, entries: dict[str, Entry]) -> Iterable[Problem]:
    """Find entries that a claim rests on and that are not there."""
    size = entry.details.get("size")
    for key in [*entry.details.get("counts", []), *([size] if size else [])]:
        if key not in entries or entries[key].kind != "count":
            remedy = "Name an entry of the kind count"
            yield Problem(f"{entry.id} rests on the number of patients {key!r}", remedy)
    for key in entry.details.get("assumed", []):
        if key not in entries or entries[key].evidence != "A":
            yield Problem(f"{entry.id} assumes {key!r}", "Name an entry of the section assumed")


def _entry(
    item: dict[str, Any], letter: str, earlier: dict[str, Entry], derivations: Derivations
) -> Entry:
    details = {k: v for k, v in item.items() if k not in _COMMON}
    value = item.get("value")
    if letter == "D":
        value = derivations[item["function"]](earlier)
    place = {
        "P": item.get("place"),
        "S": item.get("place"),
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
        how=_how(item) if letter in "PS" else "",
    )
