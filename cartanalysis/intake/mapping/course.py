"""Times and events proposed from the days of a patient's course, and from a status beside them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from cartanalysis.errors import listed, shown
from cartanalysis.intake.identifiers import OLDEST
from cartanalysis.intake.mapping import dates
from cartanalysis.intake.mapping.guess import Guess
from cartanalysis.intake.mapping.model import AGE, FromDates, FromFilled
from cartanalysis.intake.source import Source


@dataclass(frozen=True)
class Course:
    """Which columns hold the days of a course."""

    source: Source
    dates: dict[str, str]  # columns of calendar dates, by what they are the date of
    chosen: Collection[str]  # columns of ours for which a column of its own was found

    def guesses(self) -> Iterator[Guess]:
        """Propose what no column says by itself."""
        for entry in (*self._survival(), *self._relapse_free(), *self._others()):
            if entry.target not in self.chosen:
                yield self._dated(entry)

    def _ends(self, *events: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Give the days of events, and of the last contact of those without."""
        known = self.dates
        happened = tuple(known[e] for e in events if e in known)
        if "death" in known and "contact" in known:
            return (*happened, known["death"]), (known["contact"],)
        # one column for both, which the status tells apart
        last = known.get("end") or known.get("contact", "")
        if not last or "os_event" not in self.chosen:
            return (), ()
        return (happened, (last,)) if happened else ((last,), ())

    def _survival(self) -> Iterator[FromDates | FromFilled]:
        since, (ends, otherwise) = self.dates.get("infusion"), self._ends()
        if since and ends:
            yield _days("os_days", ends, otherwise, since)
            if otherwise:
                yield FromFilled(target="os_event", filled=ends)

    def _relapse_free(self) -> Iterator[FromDates | FromFilled]:
        since, (ends, otherwise) = self.dates.get("remission"), self._ends("relapse")
        if since and "relapse" in self.dates and otherwise:
            yield _days("rfs_days", ends, otherwise, since)
            if "death" in self.dates:
                relapse, death = ends
                yield FromFilled(target="rfs_event", filled=ends, since=since)
                levels: dict[str, str | None] = {relapse: "relapse", death: "death"}
                yield FromDates(target="rfs_cause", dates=ends, since=since, levels=levels)

    def _others(self) -> Iterator[FromDates]:
        infusion = self.dates.get("infusion")
        if infusion and "hsct" in self.dates:
            yield _days("hsct_day", (self.dates["hsct"],), (), infusion)
        if infusion and "birth" in self.dates:
            since = self.dates["birth"]
            yield FromDates(target=AGE, dates=(infusion,), since=since, cap=f"{OLDEST:g}")

    def _dated(self, entry: FromDates | FromFilled) -> Guess:
        names = listed(entry.columns, most=6, limit=30)
        found = Guess(entry, f"dates in {names}")
        found.doubt("it is computed from dates; are these the right columns?")
        if entry.target == "os_days" and isinstance(entry, FromDates) and not entry.otherwise:
            found.doubt(f"is {shown(entry.dates[0])} the day of death in those who died?")
        if self._undecided(entry.columns):
            undecided = listed(self._undecided(entry.columns), most=6, limit=30)
            found.doubt(f"add order: DMY or order: MDY, which {undecided} does not show")
        return found

    def _undecided(self, names: Collection[str]) -> list[str]:
        """Name the columns in which day and month cannot be told apart."""
        cells = self.source.cells
        shown_by = {dates.settles(cells[name]) for name in self.dates.values()} - {""}
        undecided = []
        for name in names if len(shown_by) != 1 else ():
            split = map(dates.split, filter(None, cells[name]))
            numeric = any(isinstance(c, dates.Cell) and c.style == "numeric" for c in split)
            if numeric and not dates.settles(cells[name]):
                undecided.append(name)
        return undecided


def _days(target: str, ends: tuple[str, ...], otherwise: tuple[str, ...], since: str) -> FromDates:
    return FromDates(target=target, dates=ends, otherwise=otherwise, since=since)
