"""Times, events and sites that are proposed from several columns: days, a status, flags."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cartanalysis.contract import FIELDS, MISSING
from cartanalysis.errors import shown
from cartanalysis.intake.cells import level_of
from cartanalysis.intake.hints import (
    COUNTED_FROM,
    MAX_LEVELS,
    answers,
    bare_name,
    origin_in,
    unit_in,
    words_of,
)
from cartanalysis.intake.identifiers import OLDEST
from cartanalysis.intake.mapping import dates
from cartanalysis.intake.mapping.conditions import Clause, Condition, hold, is_filled, those_who
from cartanalysis.intake.mapping.dates import holds_dates
from cartanalysis.intake.mapping.guess import Guess, quoted
from cartanalysis.intake.mapping.model import (
    AGE,
    OF_RESPONDERS,
    Entry,
    FromColumn,
    FromDates,
    FromDays,
    FromFilled,
    FromHighest,
    FromRules,
)
from cartanalysis.intake.mapping.names import date_role, infused, is_relapse, meanings, says_cns
from cartanalysis.intake.source import Column, Source, filled, is_empty
from cartanalysis.intake.words import DOUBTFUL, SURE, UNKNOWN, WORDS, tokens, translate
from cartanalysis.text import fold, same_code

_DAYS = {"contact": "last contact", "end": "death or last contact", "hsct": "transplant"}
_INTERVAL = re.compile(r"(?:diagnos\w*|\bdx) (?:to|until|till|bis|zu[rm]?|a|à|al|alla) (.+)")

Ends = tuple[tuple[str, ...], tuple[str, ...]]  # of events, and of those without


@dataclass(frozen=True)
class Course:
    """Which columns hold the days of a course, and what other columns say already."""

    source: Source
    dates: Mapping[str, str]  # columns of calendar dates, by what they are the date of
    days: Mapping[str, str]  # columns of numbers, by what they are the day of
    found: Mapping[str, Sequence[Guess]]  # guesses from one column, by column of ours
    chosen: dict[str, Guess]  # the best of them, which grows

    def complete(self) -> None:
        """Add what no column says by itself; change what several say better than one."""
        for target in ("os_days", "rfs_days"):
            self._from_diagnosis(target)
        for entry in (*self._survival(), *self._relapse_free_by_dates(), *self._others()):
            self._add(self._dated(entry))
        for guess in (*self._survival_in_days(), *self._relapse_free_in_days()):
            self._add(guess)
        self._flags_of_response()
        self._measured_disease()
        self._grades_by_day()
        self._relapse_or_death()
        self._sites()
        self._checked_sites()
        self._residual_disease()
        self._responders()

    def _add(self, guess: Guess) -> None:
        self.chosen.setdefault(guess.draft.target, guess)

    # --- from dates --------------------------------------------------------------------------

    def _ends(self, days: Mapping[str, str], *events: str) -> Ends:
        happened = tuple(days[e] for e in events if e in days)
        if "death" in days and "contact" in days:
            return (*happened, days["death"]), (days["contact"],)
        # one column for both, which the status tells apart
        last = days.get("end") or days.get("contact", "")
        if not last or "os_event" not in self.chosen:
            return (), ()
        return (happened, (last,)) if happened else ((last,), ())

    def _survival(self) -> Iterator[FromDates | FromFilled]:
        since, (ends, otherwise) = self.dates.get("infusion"), self._ends(self.dates)
        if since and ends:
            yield FromDates(target="os_days", dates=ends, otherwise=otherwise, since=since)
            if otherwise:
                yield FromFilled(target="os_event", filled=ends)

    def _relapse_free_by_dates(self) -> Iterator[FromDates | FromFilled]:
        since, (ends, otherwise) = self.dates.get("remission"), self._ends(self.dates, "relapse")
        if not since or "relapse" not in self.dates or not otherwise:
            return
        yield FromDates(target="rfs_days", dates=ends, otherwise=otherwise, since=since)
        if "death" in self.dates and not isinstance(self._draft("os_event"), FromColumn):
            relapse, death = ends
            yield FromFilled(target="rfs_event", filled=ends, since=since)
            levels: dict[str, str | None] = {relapse: "relapse", death: "death"}
            yield FromDates(target="rfs_cause", dates=ends, since=since, levels=levels)

    def _others(self) -> Iterator[FromDates]:
        infusion = self.dates.get("infusion")
        if infusion and "hsct" in self.dates:
            yield FromDates(target="hsct_day", dates=(self.dates["hsct"],), since=infusion)
        if infusion and "birth" in self.dates:
            since = self.dates["birth"]
            yield FromDates(target=AGE, dates=(infusion,), since=since, cap=f"{OLDEST:g}")

    def _dated(self, entry: FromDates | FromFilled) -> Guess:
        role = {name: _DAYS.get(role, role) for role, name in self.dates.items()}
        days = ", ".join(f"{shown(n)} of {role[n]}" for n in dict.fromkeys(entry.columns))
        found = Guess(entry, f"dates in {quoted(entry.columns)}", f"are these the days: {days}?")
        if entry.target == "os_days" and isinstance(entry, FromDates) and not entry.otherwise:
            found.doubt(f"is {shown(entry.dates[0])} the day of death in those who died?")
        undecided = self._undecided(entry.columns)
        if undecided:
            found.doubt(f"add order: DMY or order: MDY, which {quoted(undecided)} does not show")
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

    # --- from days ---------------------------------------------------------------------------

    def _survival_in_days(self) -> Iterator[Guess]:
        ends, otherwise = self._ends(self.days)
        if not _one_unit((*ends, *otherwise)):
            return
        if ends and otherwise:
            made = FromDays(target="os_days", days=ends, otherwise=otherwise)
            yield self._counted_from(replace(made, unit=_unit(made.columns)))
            yield self._counted_from(FromFilled(target="os_event", filled=ends))
        elif ends:
            unit = _unit(ends)
            yield self._counted_from(FromColumn(target="os_days", source=ends[0], unit=unit))

    def _relapse_free_in_days(self) -> Iterator[Guess]:
        since, (ends, otherwise) = self.days.get("remission"), self._ends(self.days, "relapse")
        own = self._draft("rfs_days")
        if since is None or not _one_unit((*ends, *otherwise, since)):
            return
        if isinstance(own, FromColumn) and (
            origin_in(self.source.column(own.source), "rfs_days") == "infusion"
            or own.source in WORDS["since_treatment"]
        ):
            if _unit((since,)) != own.unit:
                return
            made = FromDays(target="rfs_days", days=(own.source,), since=since, unit=own.unit)
            self.chosen["rfs_days"] = self._counted_from(replace(made, missing=own.missing))
        elif "relapse" in self.days and otherwise:
            made = FromDays(target="rfs_days", days=ends, otherwise=otherwise, since=since)
            yield self._counted_from(replace(made, unit=_unit(made.columns)))

    def _from_diagnosis(self, target: str) -> None:
        """Take the time up to our first day off a time that counts from diagnosis."""
        entry, ours = self._draft(target), COUNTED_FROM[target]
        if not isinstance(entry, FromColumn):
            return
        if origin_in(self.source.column(entry.source), target) != "diagnosis":
            return
        unit = unit_in(entry.source)
        for name in self.source.cells:
            interval = _INTERVAL.search(" ".join(tokens(bare_name(name))))
            if interval and date_role(interval[1]) == ours and unit_in(name) == unit:
                made = FromDays(target=target, days=(entry.source,), since=name, unit=entry.unit)
                made = replace(made, missing=entry.missing)
                ask = (
                    f"does {shown(entry.source)} count from diagnosis, and is {shown(name)} the "
                    f"time from diagnosis to {ours}? It is taken off: who died before is not in "
                    "the file"
                )
                self.chosen[target] = Guess(made, f"numbers in {quoted(made.columns)}", ask)
                return

    def _counted_from(self, entry: Entry) -> Guess:
        named = quoted(entry.columns)
        ask = f"do {named} count from infusion, and from day 0?"
        return Guess(entry, f"days in {named}", ask)

    # --- from a relapse and a status -----------------------------------------------------------

    def _relapse_or_death(self) -> None:
        """Make an RFS event of a relapse and a death, where no column holds both."""
        relapsed, dead = self._relapse(), self._state("os_event", "1")
        if not relapsed or not dead or "rfs_days" not in self.chosen:
            return
        own = self._draft("rfs_event")
        joint = own is None or (isinstance(own, FromColumn) and is_relapse(own.source))
        has_response = "response" in self.chosen
        timed = () if has_response else self._has_time()
        died = Condition(((dead, *timed),))
        cause = {"relapse": Condition(((relapsed,),)), "death": died}
        if joint:
            either = Condition(((relapsed,), (dead, *timed)))
            alive = self._state("os_event", "0")
            none = Condition(((alive, *self._no_relapse(), *timed),)) if alive else died
            rules = {"1": either, "0": none}
            self.chosen["rfs_event"] = self._ruled("rfs_event", rules, has_response)
        if "rfs_cause" not in self.chosen:
            self._add(self._ruled("rfs_cause", cause, has_response))

    def _ruled(self, target: str, rules: dict[str, Condition], responders: bool) -> Guess:
        entry = FromRules(target=target, rules=rules, rest=None, responders=responders)
        ask = f"do {quoted(entry.columns)} say who relapsed and who died?"
        return Guess(entry, f"conditions on {quoted(entry.columns)}", ask)

    def _has_time(self) -> tuple[Clause, ...]:
        """Ask for a time: who was never in remission has none."""
        entry = self._draft("rfs_days")
        name = entry.source if isinstance(entry, FromColumn) else getattr(entry, "since", "")
        return (is_filled(name),) if name else ()

    def _relapse(self) -> Clause | None:
        """Find what says that a patient relapsed: a flag, a date or a day."""
        for guess in self.found["rfs_event"]:
            entry = guess.draft
            if isinstance(entry, FromColumn) and is_relapse(entry.source):
                return self._clause(entry, "1")
        name = self.dates.get("relapse") or self.days.get("relapse")
        return is_filled(name) if name else None

    def _no_relapse(self) -> tuple[Clause, ...]:
        """Ask that there was no relapse, where a code says that this is not known."""
        drafts = (guess.draft for guess in self.found["rfs_event"])
        flags = [e for e in drafts if isinstance(e, FromColumn) and is_relapse(e.source)]
        unknown = [e for e in flags[:1] if e.missing or None in (e.levels or {}).values()]
        return tuple(filter(None, (self._clause(e, "0") for e in unknown)))

    def _draft(self, target: str) -> Entry | None:
        return self.chosen[target].draft if target in self.chosen else None

    def _state(self, target: str, ours: str) -> Clause | None:
        """Say as a test what a guess takes for one of our levels."""
        entry = self._draft(target)
        if isinstance(entry, FromFilled) and len(entry.filled) == 1:
            return is_filled(entry.filled[0], "yes" if ours == "1" else "no")
        return self._clause(entry, ours) if isinstance(entry, FromColumn) else None

    def _clause(self, entry: FromColumn, ours: str) -> Clause | None:
        if entry.coding == "cnsr":
            return Clause(entry.source, "is" if ours == "1" else "not", ("0",))
        texts = tuple(sorted(t for t, level in self._levels(entry).items() if level == ours and t))
        return Clause(entry.source, "is", texts) if texts else None

    def _levels(self, entry: FromColumn) -> dict[str, str | None]:
        spec = FIELDS[entry.target]
        texts = {*filled(self.source.cells[entry.source])}
        return entry.levels or {t: level_of(spec, t) for t in texts - {*entry.missing}}

    # --- other columns of two ------------------------------------------------------------------

    def _sites(self) -> None:
        """Make extramedullary disease of a flag and a flag of CNS disease."""
        entry = self._draft("emd")
        flags = [c for c in self.source.columns if says_cns(bare_name(f"{c.name} {c.label}"))]
        site = next((c for c in flags if self._answers(c)), None)
        if not isinstance(entry, FromColumn) or site is None or site.name == entry.source:
            return
        emd = self.source.column(entry.source)
        any_site, cns = self._answers(emd), self._answers(site)
        if not any_site or not cns:
            return
        rules = {
            "other": Condition(((any_site["yes"],),)),
            "cns": Condition(((cns["yes"],),)),
            "none": Condition(((any_site["no"], cns["no"]),)),
        }
        ask = (
            f"is {shown(emd.name)} no where the CNS alone is affected? If it is yes there too, the "
            "two cannot tell disease of the CNS alone from disease elsewhere"
        )
        made = FromRules(target="emd", rules=rules, rest=None)
        self.chosen["emd"] = Guess(made, f"conditions on {quoted([emd.name, site.name])}", ask)

    def _checked_sites(self) -> None:
        """Make extramedullary disease of REDCap's checkboxes, one for each site."""
        sites: dict[str, list[Clause]] = {"other": [], "cns": [], "none": []}
        for column in self.source.columns:
            about, _, site = column.label.rpartition(": ")
            is_box = "___" in column.name and not column.is_part and fold(site) not in UNKNOWN
            if is_box and any(m.target == "emd" for m in meanings(bare_name(about))):
                found = DOUBTFUL["emd"] | SURE["emd"]
                level = "cns" if says_cns(site) else found.get(fold(site), "other")
                sites[level].append(Clause(column.name, "is", ("1",)))
        rules = {ours: Condition(tuple((c,) for c in cs)) for ours, cs in sites.items() if cs}
        if "emd" in self.chosen or len(rules) < 2:
            return
        made = FromRules(target="emd", rules=rules, rest=None)
        ask = "is each site under the right level? Other sites count as other, with the CNS or not"
        self.chosen["emd"] = Guess(made, f"checkboxes {quoted(made.columns)}", ask)

    def _flags_of_response(self) -> None:
        """Make the response of two flags, of CR and of CRi."""
        flags: dict[str, Column] = {}
        for column in self.source.columns:
            level = SURE["response"].get(fold(bare_name(column.name)))
            if level in ("CR", "CRi"):
                flags.setdefault(level, column)
        own, names = self._draft("response"), [c.name for c in flags.values()]
        if len(flags) < 2 or (own is not None and not {*own.columns} & {*names}):
            return
        said = {k: answers(c, self.source.cells[c.name]) for k, c in flags.items()}
        if any(not a["yes"] or a[""] for a in said.values()):
            if own is not None:
                self.chosen["response"].doubt(f"what of the other of {quoted(names)}?")
            return
        tests = {k: Clause(c.name, "is", said[k]["yes"]) for k, c in flags.items()}
        no = (Clause(c.name, "is", said[k]["no"]) for k, c in flags.items() if said[k]["no"])
        rules = {k: Condition(((tests[k],),)) for k in ("CR", "CRi")} | {"NR": Condition(((*no,),))}
        made = FromRules(target="response", rules=rules)
        ask = "is each of these yes only for its own kind of remission, and NR where both say no?"
        guess = self.chosen["response"] = Guess(made, f"conditions on {quoted(names)}", ask)
        yes = [
            {i for i, text in enumerate(self.source.cells[c.name]) if text in said[k]["yes"]}
            for k, c in flags.items()
        ]
        if both := len(yes[0] & yes[1]):
            guess.doubt(
                f"{both} have both, and count as CR; put the rule for CRi first if CR is any"
            )

    def _measured_disease(self) -> None:
        """Make MRD of a column of percentages, with limits of detection among them."""
        for column in self.source.columns:
            own = self._draft("mrd")
            texts = sorted({*filled(self.source.cells[column.name])})
            measured = [text for text in texts if _PERCENT.fullmatch(text)]
            is_mrd = any(m.target == "mrd" for m in meanings(bare_name(column.name)))
            if not is_mrd or (own is not None and own.columns != (column.name,)):
                continue
            if not any(text not in _PLAIN_CODES for text in measured):
                continue
            rules = {}
            for level, test in (("negative", "below"), ("positive", "from")):
                known = (SURE["mrd"] | DOUBTFUL["mrd"]).get
                words = tuple(t for t in texts if t not in measured and known(fold(t)) == level)
                said = [(Clause(column.name, "is", words),)] if words else []
                rules[level] = Condition((*said, (Clause(column.name, test, ("0.01",)),)))
            made = FromRules(target="mrd", rules=rules, responders="response" in self.chosen)
            ask = f"is {shown(column.name)} in percent, and negative below 0.01 %?"
            guess = self.chosen["mrd"] = Guess(made, f"numbers in {shown(column.name)}", ask)
            if made.responders:
                guess.doubt("it is emptied for patients without remission; is that right?")

    def _grades_by_day(self) -> None:
        """Take the highest grade of columns whose names differ by day or week only."""
        groups: dict[tuple[str, str], list[Column]] = {}
        for column in self.source.columns:
            name = fold(_AT_DAY.sub(" ", column.name)).strip(" _-")
            for meant in meanings(name) if name != fold(column.name) else ():
                if FIELDS[meant.target].kind == "grade":
                    groups.setdefault((meant.target, name), []).append(column)
        for (target, _), columns in groups.items():
            names = tuple(c.name for c in columns)
            texts = sorted({t for name in names for t in filled(self.source.cells[name])})
            found = translate(target, texts, columns[0].choices)
            if len(names) < 2 or len(texts) > MAX_LEVELS or not any(found.levels.values()):
                continue
            is_same = all(text == level for text, level in found.levels.items())
            made = FromHighest(
                target=target, highest=names, levels=None if is_same else found.levels
            )
            ask = "does the highest grade of these columns count, and are there no others?"
            self._add(Guess(made, f"grades in {quoted(names)}", ask, *found.doubts))

    def _answers(self, column: Column) -> dict[str, Clause]:
        """Give tests for yes and no, if a column holds just these."""
        said = answers(column, self.source.cells[column.name])
        if said.pop("") or not all(said.values()):
            return {}
        return {answer: Clause(column.name, "is", texts) for answer, texts in said.items()}

    def _residual_disease(self) -> None:
        """Take MRD from the words for a response, as in "MRD- CR"."""
        entry = self._draft("response")
        if "mrd" in self.chosen or not isinstance(entry, FromColumn):
            return
        column = self.source.column(entry.source)
        levels: dict[str, str | None] = {}
        for text, word in words_of(column, self._levels(entry)).items():
            sign = "".join(c for c in fold(word).replace(" ", "") if c.isalnum() or c in "+-")
            negative = any(s in sign for s in ("mrd-", "mrdneg"))
            positive = any(s in sign for s in ("mrd+", "mrdpos"))
            levels[text] = "negative" if negative else "positive" if positive else None
        if any(levels.values()):
            made = FromColumn(target="mrd", source=entry.source, levels=levels)
            ask = "it is taken from the words for the response; is that right?"
            self.chosen["mrd"] = Guess(made, f"the words for {shown(entry.source)}", ask)

    def _responders(self) -> None:
        """Keep what counts in remission only to those in remission."""
        response, cells = self._draft("response"), self.source.cells
        if isinstance(response, FromColumn):
            levels = {fold(t): v for t, v in self._levels(response).items()}
            known = any(levels.values())
            without = [levels.get(fold(t)) not in ("CR", "CRi") for t in cells[response.source]]
        elif isinstance(response, FromRules):
            held = hold([response.rules[level] for level in ("CR", "CRi")], self.source)
            without, known = [not any(answers) for answers in zip(*held.rows, strict=True)], True
        else:
            return
        for target in OF_RESPONDERS:
            entry = self._draft(target)
            # what counts from a remission that others have, too, as the day it was looked for
            name = getattr(entry, "source", "") or getattr(entry, "since", "")
            if entry is None or entry.responders or name == "" or name in response.columns:
                continue
            empty = {"", *map(fold, getattr(entry, "missing", ()))} | MISSING
            filled = [fold(t) not in empty for t in cells[name]]
            if any(f and w for f, w in zip(filled, without, strict=True)) if known else all(filled):
                guess = self.chosen[target]
                guess.draft = replace(entry, responders=True)
                guess.doubt("it is emptied for patients without remission; is that right?")
        time, event = self._draft("rfs_days"), self._draft("rfs_event")
        if time is None or not isinstance(event, FromColumn) or event.responders:
            return
        name = getattr(time, "since", "") or next(iter(time.columns))
        has_time, has_event = (
            [not is_empty(t) and same_code(t) not in map(same_code, codes) for t in cells[n]]
            for n, codes in ((name, getattr(time, "missing", ())), (event.source, event.missing))
        )
        if time.responders or any(e and not t for e, t in zip(has_event, has_time, strict=True)):
            self.chosen["rfs_event"].draft = replace(event, responders=True)
            self.chosen["rfs_event"].doubt(
                "patients without remission have no time; is that right?"
            )


# --- who counts ----------------------------------------------------------------------------------


def infused_only(source: Source, infusion: str) -> Condition | None:
    """Say by which flag or date those count who were infused; none if all were."""
    heard = [(c.name, infused(c, source.cells[c.name])) for c in source.columns]
    denied = [(name, said) for name, said in heard if said["no"]]
    flags = [(name, said) for name, said in denied if said["yes"]]
    cells = source.cells.get(infusion, [])
    some = holds_dates(cells) and any(map(is_empty, cells))
    # a date may have been planned
    dated = any(
        text in said["no"] and not is_empty(day)
        for name, said in denied
        for text, day in zip(source.cells[name], cells, strict=False)
    )
    if some and not flags and not dated:
        return Condition(((is_filled(infusion),),))
    for name, said in (*flags, *denied):
        return those_who(name, said, source.cells[name])
    return None


_PERCENT = re.compile(r"[<>≤≥]?=?\s*\d+([.,]\d+)?\s*%?", re.ASCII)
_PLAIN_CODES = frozenset("0123456789") | {"-1", "99"}
_AT_DAY = re.compile(
    r"第?\d+(?:天|日|周)|(?<![^\W_])(?:d|day|j|jour|día|dia|tag|giorno|w|wk|week|semaine|semana|woche|"
    r"settimana)[\s_.+-]*\d+(?![^\W_])",
    re.IGNORECASE,
)
"""The day or week of a visit in a column's name, as in "CRS J3"."""


def _unit(names: Collection[str]) -> str:
    """Give the unit that names of times state, if it is not ours."""
    units = {unit_in(name) for name in names} - {""}
    return units.pop() if len(units) == 1 and units != {"days"} else ""


def _one_unit(names: Collection[str]) -> bool:
    return len({unit_in(name) for name in names} - {""}) <= 1
