"""Which groups' counts may stand side by side without giving a small count away.

Groups overlap: “any extramedullary disease” is two levels of another column taken together, and
the patients in remission are those of whom relapse-free survival is told.  What a reader can work
out of a set of counts by adding and subtracting is the span of their rows in the table of levels
and outcomes.  Groups are admitted one after the other, in an order that does not depend on which
chapter asks, as long as no small count of any union of levels lies in that span: primary and
complementary cell suppression [1]_, over all of a column's groupings at once.

Patients of whom the column is not known form no group of their own: whether a value is on record
is not protected.

References
----------
.. [1] Hundepool A, Domingo-Ferrer J, Franconi L, et al. Statistical Disclosure Control. Wiley
   (2012), chapter 4.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartanalysis.contract import DERIVED, MAX_GROUPS
from cartanalysis.stats.response import ALL, levels

Mask = npt.NDArray[np.bool_]

GROUPINGS = {
    "emd": ("emd", "emd_any", "emd_other"),
    "response": ("responder", "response"),
    "treg_pct": ("treg_group",),
}
"""Columns by which the book groups patients, by the column of the file they are made from."""

FIRST = {"os": "emd_any", "rfs": "emd_any", "cause": "emd_any"}
"""Groupings on which the paper's claims rest; their counts are admitted before the finer ones'."""


def small(count: float, min_cell: int) -> bool:
    """Tell whether a count must not be shown; zeros are."""
    return 0 < count < min_cell


@dataclass(frozen=True)
class Shown:
    """What may be told of the groups of a column.

    Attributes
    ----------
    sizes : frozenset of str
        Groups whose size may be told.
    known : frozenset of str
        Groups of which it may be told for how many the outcome is known.
    counted : frozenset of str
        Groups of which it may be told how many of these had the event, and how many had not.
    """

    sizes: frozenset[str]
    known: frozenset[str]
    counted: frozenset[str]


def shown(patients: pd.DataFrame, by: str | None, outcome: str, min_cell: int) -> Shown:
    """Decide which groups' counts may be told; without ``by``, those of all patients together."""
    base = DERIVED.get(by, (by,))[0] if by else None
    names = [c for c in GROUPINGS.get(base or "", (by,) if by else ()) if c in patients]
    # the finest grouping tells the levels apart
    finest = base if base in names else by
    keys = patients[finest].astype(object) if finest else pd.Series("", index=patients.index)
    known: list[object] = levels(patients[finest]) if finest else [""]
    if len(known) > MAX_GROUPS:
        return Shown(frozenset(), frozenset(), frozenset())
    table = _Table(keys, known, _states(patients, outcome), min_cell)
    table.tell(table.cells(table.levels_of(None)))  # how many patients there are
    everybody = table.levels_of(None)
    groups = [("", ALL, everybody)] if by is None else _groups(patients, keys, names, table)
    if by is not None:  # what is told of all patients is told in any case
        for kind in KINDS[outcome]:
            alone = shown(patients, None, kind, min_cell)
            for told, states in zip((alone.known, alone.counted), COUNTS[kind], strict=True):
                if told:
                    table.tell(table.cells(everybody, *states))
    sizes = [g for g in groups if table.admit(table.cells(g[2]))]
    first = FIRST.get(outcome, "")
    numbered, counted = [], []
    for kind in KINDS[outcome]:
        patients_told, events_told = COUNTS[kind]
        for place in sorted(sizes, key=lambda g: g[0] != first):
            if not table.admit(table.cells(place[2], *patients_told)):
                continue
            numbered += [place] if kind == outcome else []
            if table.admit(table.cells(place[2], *events_told)):
                counted += [place] if kind == outcome else []
    return Shown(*(
        frozenset(group for name, group, _ in told if name == (by or ""))
        for told in (sizes, numbered, counted)
    ))  # fmt: skip


def _groups(
    patients: pd.DataFrame, keys: pd.Series, names: list[str], table: _Table
) -> list[tuple[str, str, Mask]]:
    """Give the groups of each grouping, the largest first, as cells of the table."""
    found = []
    for name in names:
        members = [(str(g), patients[name] == g) for g in levels(patients[name])]
        for group, inside in sorted(members, key=lambda m: -int(m[1].sum())):
            found.append((name, group, table.levels_of(set(keys[inside]))))
    return found


KINDS = {
    "response": ("response", "rfs"),
    "rfs": ("response", "rfs"),
    "cause": ("response", "rfs", "cause"),
    "os": ("os",),
}
"""What is counted in the same patients: responders, and those of whom RFS is told."""

COUNTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "response": (("yes", "no"), ("yes",)),
    "rfs": (("event", "free"), ("event",)),
    "cause": (("event", "free"), ("relapse",)),
    "os": (("dead", "alive"), ("dead",)),
}
"""Counts told of each group, as sets of states: patients with the outcome known, and events."""


def _states(patients: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Say of each patient which of the counted states hold."""

    def event(key: str, happened: str, not_yet: str) -> dict[str, pd.Series]:
        absent = pd.Series(np.nan, index=patients.index)
        value = patients.get(f"{key}_event", absent)
        told = value.where(patients.get(f"{key}_days", absent).notna())
        return {happened: told == 1, not_yet: told == 0}

    if outcome == "os":
        return pd.DataFrame(event("os", "dead", "alive"))
    response = patients.get("responder", pd.Series(None, index=patients.index, dtype=object))
    answers = {answer: response.astype(object) == answer for answer in ("yes", "no")}
    states = answers | event("rfs", "event", "free")
    if outcome == "cause":  # relapses and other events: what is told of one tells of the other
        cause = patients.get("rfs_cause", pd.Series(None, index=patients.index, dtype=object))
        states["relapse"] = states["event"] & (cause.astype(object) == "relapse")
        states["no relapse"] = states["event"] & ~states["relapse"]
    return pd.DataFrame(states)


@dataclass
class _Table:
    """Patients by level and state, and what a reader already knows of them."""

    keys: pd.Series
    known: list[object]
    states: pd.DataFrame
    min_cell: int
    told: npt.NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        # cells that hold nobody count as known to be empty
        frame = self.states.assign(level=self.keys)
        counts = frame.value_counts(dropna=False)
        self._count = counts.to_numpy(dtype=float)
        cell = counts.index.to_frame(index=False)
        self._level = cell["level"]
        self._holds = {str(state): cell[state].to_numpy(bool) for state in self.states}
        self.told = np.zeros((0, len(self._count)))
        self._secrets = list(self._small_rectangles())

    def levels_of(self, chosen: set[object] | None) -> Mask:
        if chosen is None:
            return np.ones(len(self._level), bool)
        return self._level.isin(chosen).to_numpy()

    def cells(self, inside: Mask, *states: str) -> Mask:
        return inside & np.any([self._holds[s] for s in states], axis=0) if states else inside

    def _unions(self) -> Iterator[Mask]:
        """Unions of known levels."""
        for size in range(1, len(self.known) + 1):
            for some in itertools.combinations(self.known, size):
                yield self.levels_of(set(some))

    def _small_rectangles(self) -> Iterator[Mask]:
        """Small counts that nobody may work out."""
        kinds = [str(s) for s in self.states]
        sets = [some for size in range(3) for some in itertools.combinations(kinds, size)]
        for union in self._unions():
            for states in sets:
                mask = self.cells(union, *states)
                if small(float(self._count[mask].sum()), self.min_cell):
                    yield mask

    def tell(self, mask: Mask) -> None:
        """Note that a count is told."""
        rest = self._beyond(mask)
        length = np.linalg.norm(rest)
        if length > 1e-9:  # else a reader knows it already
            self.told = np.vstack([self.told, rest / length])

    def admit(self, mask: Mask) -> bool:
        """Tell a count, unless a small one could be worked out then."""
        before = self.told
        self.tell(mask)
        if any(np.linalg.norm(self._beyond(secret)) < 1e-6 for secret in self._secrets):
            self.told = before
            return False
        return True

    def _beyond(self, mask: Mask) -> npt.NDArray[np.float64]:
        """Take off a count what a reader can work out of those told."""
        row = mask.astype(float)
        return row - self.told.T @ (self.told @ row)
