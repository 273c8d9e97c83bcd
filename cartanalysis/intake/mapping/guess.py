"""One column of a file, one of ours: what the entry would be, why, and what is not sure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from cartanalysis.contract import FIELDS, Field
from cartanalysis.errors import listed, shown
from cartanalysis.intake import cells as grammar
from cartanalysis.intake import words
from cartanalysis.intake.hints import (
    COUNTED_FROM,
    MAX_LEVELS,
    bare_name,
    choices_of,
    opposite,
    origin_in,
    unit_column,
    unit_in,
)
from cartanalysis.intake.hints import words_of as meant_by
from cartanalysis.intake.identifiers import OLDEST
from cartanalysis.intake.mapping.model import AGE, Entry, FromColumn
from cartanalysis.intake.mapping.names import KNOWN, Meaning, date_role, words_of
from cartanalysis.intake.source import Column, Source, filled
from cartanalysis.intake.words import WORDS, tokens
from cartanalysis.text import fold, same_code, same_id

_GRADED = re.compile(r"gra[dv]|max|worst|highest|级")
_STATUS = re.compile(r"status|vital|estado|statut|stato|状态|状況|状態|srvstat")
_OTHER_DAY = re.compile(r"diagnos|确诊|诊断|(?<![a-z])dx(?![a-z])|randomi[sz]|enrol")
_ASKED = {
    "os_days": "does it count from infusion, in everybody?",
    "rfs_days": "does it count from remission, in responders only?",
    "hsct_day": "does it count from infusion to a transplant after it?",
}
"""What is asked of a time whose name and label do not say from which day it counts."""

_NEGATED = frozenset({"neg", "negative", "free", "no"})
_FREE_OF = re.compile(r"[delp]fs|(disease|event|relapse|leuk[a]?emia|progression)free")
_APART = {"9", "77", "88", "97", "98", "777", "888"} | grammar.SIGNS_OF_MISSING
"""Codes that stand for a missing value where all others are far from them."""

_CODES = frozenset("012345678")  # codes beside which another may stand for a missing value
_SINCE_TREATMENT = frozenset(WORDS["since_treatment"])
_LIMIT = re.compile(r"[<>≤≥]=?\s*\d+([.,]\d+)?\s*%?")
_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*[-–]\s*(\d+(?:\.\d+)?)\s*%?")
LAST = 1000  # the place of a column that is taken only where no other fits
OTHER_PEOPLE = frozenset(WORDS["other_people"])
_ELSEWHERE = frozenset(form for word in WORDS["elsewhere"] for form in words.spellings(word))


class Guess:
    """An entry that is proposed, with what speaks for it and what is not sure."""

    def __init__(
        self, draft: Entry, why: str, *doubts: str, strength: int = 1, rank: int = 0
    ) -> None:
        self.draft = draft  # without what is asked
        self.reasons = [why]
        self.doubts = [*doubts]
        self.strength = strength  # how much the name says, from 1 to 3
        self.rank = rank  # place among the usual names, the most telling first

    def because(self, why: str) -> None:
        """Add a reason."""
        self.reasons.append(why)

    def doubt(self, what: str) -> None:
        """Add what the user has to confirm."""
        self.doubts.append(what)

    @property
    def entry(self) -> Entry:
        """Give the entry with its doubts as one question."""
        sentences = [d[:1].upper() + d[1:] for d in dict.fromkeys(self.doubts)]
        ask = " ".join(s if s[-1] in ".?!" else f"{s}." for s in sentences)
        return replace(self.draft, ask=ask)


CODED = ("level", "grade", "event")

Said = dict[str, Any]  # what an entry says of its column, by attribute


class Evidence(Guess):
    """A guess by what is known of one column."""

    def __init__(self, source: Source, column: Column, meaning: Meaning, told_by: str) -> None:
        label = f" {shown(column.label)}" if told_by == "label" else ""
        draft = FromColumn(target=meaning.target, source=column.name)
        why, how = f"by its {told_by}{label}", {"strength": meaning.strength, "rank": meaning.rank}
        super().__init__(draft, why, **how)
        self.source = source
        self.column = column
        self.spec: Field = FIELDS[meaning.target]
        self.cells = source.cells[column.name]
        self.filled = filled(self.cells)
        self.texts = sorted(set(self.filled))
        self.choices = choices_of(column)
        self.parameter = column.name.partition(":")[2]  # of ADaM
        self.unit = meaning.unit  # by the name, or as a registry keeps it
        self.told = fold(f"{column.name} {column.label if told_by == 'label' else ''}")
        self.tokens = {*tokens(column.name), *tokens(column.label)}
        self.known: set[str] = set()  # codes for missing in other columns
        self.missing = self._codes_apart() if self.spec.kind in CODED else ()
        if meaning.strength == 1:
            self.doubt(f"the {told_by} alone does not tell; is it “{self.spec.meaning}”?")
        self._speaks_of_else(column.label if told_by == "name" else column.name)

    def _speaks_of_else(self, other: str) -> None:
        """Doubt a column whose other text speaks of another person, day or thing."""
        found = [w for w in words_of(other) if w in _ELSEWHERE - KNOWN[self.spec.name]]
        if found:
            self.doubt(f"it speaks of {quoted(found)}; is it “{self.spec.meaning}”?")

    def _codes_apart(self) -> tuple[str, ...]:
        """Find codes for a missing value, such as -9 and 99 beside 0 to 4; leave them out."""
        found = sorted(t for t in self.texts if same_code(t) in _APART - self.choices.keys())
        rest = [t for t in self.texts if t not in found]
        if not rest or not all(same_code(t) in _CODES for t in rest):
            return ()
        self.filled = [c for c in self.filled if c not in found]
        self.texts = rest
        if found:
            self.doubt(f"does {quoted(found)} mean a missing value?")
        return tuple(found)

    def guess(self) -> Guess | None:
        """Find what the entry has to say; none if the column is something else."""
        if OTHER_PEOPLE & {*words_of(self.column.name), *words_of(self.column.label)}:
            return None
        read = {
            "id": self._identifier,
            "number": self._number,
            "label": self._label,
            "level": self._levels,
            "grade": self._levels,
            "event": self._event,
        }[self.spec.kind]
        said = read() if self.filled else None
        if said is None:
            return None
        missing: Said = {"missing": self.missing} if self.missing else {}
        self.draft = replace(self.draft, **(missing | said))
        return self

    # --- kinds -----------------------------------------------------------------------------------

    def _identifier(self) -> Said | None:
        different = len({same_id(c) for c in self.filled})
        if different < len(self.cells):
            if different <= len(self.cells) / 2:
                return None
            self.doubt(f"only {different} different values in {len(self.cells)} rows")
        else:
            self.because(f"{different} different values in {len(self.cells)} rows")
        return {}

    def _label(self) -> Said | None:
        different = len({fold(c) for c in self.filled})
        if not 2 <= different <= 6:
            return None
        self.because(f"{different} groups")
        return {}

    def _levels(self) -> Said | None:
        texts = self.texts
        if len(texts) > MAX_LEVELS:
            return None
        codes = [t for t in texts if t.isdigit()]
        guessable = self.spec.kind == "grade" or self.spec.name == "sex"
        if set(codes) - {"0", "1"} and not self.choices and not guessable:
            self.doubt(f"what do the codes {quoted(codes)} mean? They count as missing")
            return {"levels": dict.fromkeys(texts)}
        found = words.translate(self.spec.name, texts, self.choices)
        if self.spec.name == "sex" and not found.by_dictionary:
            found = words.men_and_women(texts, tokens(self.column.name)) or found
        if not any(found.levels.values()):
            return None
        self.doubts += found.doubts
        self._any_grade()
        self._opposite_words(self.tokens)
        by_ctcae = "aetoxgr" in tokens(self.column.name)
        if by_ctcae and self.spec.name in ("crs_grade", "icans_grade"):
            self.doubt("AETOXGR is graded by CTCAE, the column of ours by ASTCT")
        return self._translated(found, found.levels)

    def _any_grade(self) -> None:
        """Doubt grades that may only answer whether there was any."""
        meant = {fold(word) for word in meant_by(self.column, self.texts).values()}
        only = self.spec.kind == "grade" and meant <= words.BARE
        named = fold(f"{self.column.name} {self.column.label}")
        if only and self.strength < 3 and (self.choices or not _GRADED.search(named)):
            self.strength, self.rank = 1, LAST  # another column may hold the grades
            self.doubt(
                "only 0 and 1 occur: are they grades, or does 1 mean any grade? Then remove it"
            )

    def _translated(self, found: words.Translation, levels: dict[str, str | None]) -> Said:
        """Propose levels, unless they need no translation at all."""
        read = [text for text in found.levels if text]
        self.because(
            "codes as in the dictionary" if found.by_dictionary else f"values {quoted(read)}"
        )
        same = all(ours is not None and fold(t) == fold(ours) for t, ours in levels.items())
        return {} if same else {"levels": levels}

    def _opposite_words(self, told: Collection[str]) -> None:
        """Doubt a column whose name or label speaks of the opposite."""
        found = _NEGATED.intersection(told)
        if found and not self.choices:
            self.doubt(f"it speaks of {quoted(sorted(found))}: is the coding reversed?")

    def _event(self) -> Said | None:
        texts = self.texts
        if len(texts) > MAX_LEVELS:
            return None
        turned = opposite(self.column, texts)
        if turned == "is censored" and any(t.isdigit() for t in texts):
            return self._censoring()
        if not self.choices and set(texts) <= {"1", "2"} and "2" in texts:
            self.doubt("coded 1 and 2: R's survival package takes 2 for the event, others 1")
            return {"levels": {"1": "0", "2": "1"}}
        found = words.translate(self.spec.name, texts, self.choices)
        if not any(found.levels.values()):
            return None
        levels = dict(found.levels)
        self.doubts += found.doubts
        bare = all(fold(word) in words.BARE for word in meant_by(self.column, texts).values())
        if not self.choices and any(t.isdigit() and t not in ("0", "1") for t in texts):
            self.doubt("more than two codes: perhaps a competing event")
            levels = {t: v if t in ("0", "1") else None for t, v in levels.items()}
        if bare and (turned or _NEGATED & set(tokens(bare_name(self.column.name)))):
            levels = {t: {"0": "1", "1": "0"}.get(v or "", v) for t, v in levels.items()}
            told = f"says who {turned}" if turned else "says the opposite of the event"
            self.doubt(f"its name or label {told}, so codes were turned; is that right?")
        elif bare and self.strength < 3 and _FREE_OF.search("".join(tokens(self.told))):
            self.doubt("is 1 the event, or being free of it?")
        elif bare and self.strength < 3 and _STATUS.search(self.told):
            self.doubt("is 1 the event? A status may be coded either way")
        if bare:
            self._opposite_words(tokens(self.column.label))
        if self.spec.name == "rfs_event" and date_role(self.column.name) == "relapse":
            self.doubt("is a death without relapse an event here too?")
        if len(self.filled) < len(self.cells) and set(levels.values()) == {"1"}:
            self.doubt("does an empty cell mean no event?")
            levels[""] = "0"
        return self._translated(found, levels)

    def _censoring(self) -> Said | None:
        if not all(t.isdigit() for t in self.texts) or "0" not in self.texts:
            return None
        if fold(self.column.name).startswith("cnsr"):
            self.because("ADaM's CNSR: 0 is the event, more than 0 is censoring")
        else:
            self.doubt("is 0 the event and 1 censoring, as in ADaM? Some write it reversed")
        told = words.translate(self.spec.name, sorted(self.choices), self.choices).levels
        if told.get("0") == "0" or told.get("1") == "1":
            self.doubt("the dictionary or label says that 1 is the event")
        return {"coding": "cnsr"}

    def _number(self) -> Said | None:
        decimal = ""
        if bare := [grammar.without_years(self.spec, c) for c in self.filled]:
            self.unit = "years" if bare != self.filled else self.unit
            self.filled = bare
        by_point, by_comma = self._values("."), self._values(",")
        # every comma could be of decimals or thousands
        comma = grammar.decimal_of(self.spec, self.filled) == ","
        comma |= len(by_point) < len(by_comma) == len(self.filled)
        values = by_comma if comma else by_point
        if comma:
            decimal = ","
            self.because("decimal commas in the whole column")
            if all(len(c.split(",")[1]) == 3 for c in self.filled if "," in c):
                self.doubt("do the commas mark decimals, not thousands?")
        if self.spec.unit == "days" and grammar.thousands(self.filled, self.spec.high):
            decimal = "."
            self.doubt("do the points mark decimals, not thousands?")
        limits, ranges, blank = self._not_numbers()
        known = len(self.filled) - len(blank)
        if len(values) + len(limits) + len(ranges) < grammar.MOSTLY * known:
            return None
        codes = {*blank} | {
            c
            for c in {*self.filled}
            if same_code(c) in grammar.SIGNS_OF_MISSING
            and not self._in_range(Decimal(same_code(c)))
        }
        if self.spec.unit in grammar.DAYS:
            codes |= set(grammar.missing_codes(self.spec, self.filled, known=self.known))
        if self.spec.unit.startswith("%"):
            codes |= set(grammar.repeated_99(self.filled, has_codes=bool(codes)))
        missing = tuple(sorted(codes))
        if missing:
            self.doubt(f"does {quoted(missing)} mean a missing value?")
            unknown = {
                Decimal(same_code(c)) for c in missing if same_code(c) in grammar.SIGNS_OF_MISSING
            }
            values = [v for v in values if v not in unknown]
        if not values:
            return None
        if self.spec.unit == "days" and set(values) <= {Decimal(0), Decimal(1), Decimal(2)}:
            return None  # an event by the name of its endpoint, as in OS beside OS.time
        unit, cap = self._unit(values), ""
        if self.spec.name == AGE and max(values) > OLDEST:
            cap = f"{OLDEST:g}"
            self.because(f"ages above {cap} identify people, so they become {cap}")
        self.because(f"{grammar.plainly(min(values))} to {grammar.plainly(max(values))}")
        unit = "" if unit == self.spec.unit else unit
        said: Said = {"unit": unit, "decimal": decimal, "cap": cap, "missing": missing}
        if limits:
            self.doubt(
                f"{quoted(limits)} would be read as the limit itself; limits: half halves it"
            )
            said["limits"] = "value"
        if ranges:
            self.doubt(f"{quoted([*ranges])} would be read as the middle")
            said["values"] = ranges
        return said

    def _not_numbers(self) -> tuple[list[str], dict[str, str], list[str]]:
        """Find limits such as <5, ranges such as 80-90, and words for a value that is not known."""
        limits = [t for t in self.texts if _LIMIT.fullmatch(t)]
        pairs = {t: found for t in self.texts if (found := _RANGE.fullmatch(t))}
        middles = {
            fold(t): grammar.plainly((Decimal(found[1]) + Decimal(found[2])) / 2)
            for t, found in pairs.items()
            if Decimal(found[1]) < Decimal(found[2])
        }
        blank = [t for t in self.filled if fold(t) in words.UNKNOWN]
        return limits, middles, blank

    def _values(self, decimal: str) -> list[Decimal]:
        """Read the numbers among the cells."""
        read = [grammar.number(self.spec, c, decimal) for c in self.filled]
        return [Decimal(number) for number in read if isinstance(number, str)]

    def _in_range(self, value: Decimal) -> bool:
        return Decimal(self.spec.low) <= value <= Decimal(self.spec.high)

    # --- units -----------------------------------------------------------------------------------

    def _unit(self, values: Sequence[Decimal]) -> str:
        stated, top = self._stated_unit(), max(values)
        if self.spec.unit.startswith("%"):
            return self._share(values, stated)
        if self.spec.name == AGE:
            return self._age_unit(values, stated)
        self._what_time()
        if stated in grammar.DAYS:
            self.because(f"in {stated}")
            fine = stated == "days" and self.strength < 3
            self._too_short(values, stated)
            if fine and fold(self.column.name).startswith("aval"):
                self.because("ADaM counts the first day as day 1, this book as day 0")
            return stated
        if counted := self._counted_by_dates():
            self.because(counted)
            return "days"
        likely = "years" if top <= 15 else "months" if top <= 200 else "days"
        self.doubt(f"no unit is stated; is it {likely} (up to {grammar.plainly(top)})?")
        return likely

    def _stated_unit(self) -> str:
        """Give the unit by name, label or a column such as AGEU and AVALU:OS."""
        name = unit_column(self.column.name)
        texts = sorted({*map(fold, filled(self.source.cells.get(name, [])))})
        if len(texts) > 1:
            self.doubt(f"{shown(name)} holds several units: {quoted(texts)}")
        by_column = unit_in(f"in {texts[0]}") if len(texts) == 1 else ""
        told = {self.unit, unit_in(self.column.name), unit_in(self.column.label), by_column} - {""}
        if len(told) > 1:
            self.doubt(f"units contradict each other: {quoted(sorted(told))}")
        return sorted(told)[0] if told else ""

    def _too_short(self, values: Sequence[Decimal], stated: str) -> None:
        """Doubt days that look like months, and months that look like days."""
        top = max(values)
        parts = any(v != v.to_integral_value() for v in values)
        if stated == "days" and top <= 150 and parts:
            self.doubt(f"days with decimals, up to {grammar.plainly(top)}: are they months?")
        if stated in ("months", "weeks", "years") and not self._in_range(
            top * grammar.DAYS[stated]
        ):
            self.doubt(f"{grammar.plainly(top)} {stated} is too long")

    def _counted_by_dates(self) -> str:
        """Check ADaM's AVAL against the dates it was counted from."""
        ends = self.source.cells.get(f"ADT:{self.parameter}", [])
        lags = set()
        for text, start, end in zip(self.cells, self._starts(), ends, strict=False):
            try:
                days = (dt.date.fromisoformat(end[:10]) - dt.date.fromisoformat(start[:10])).days
            except ValueError:
                continue
            number = grammar.number(self.spec, text)
            if isinstance(number, str):
                lags.add(Decimal(number) - days)
        if lags == {Decimal(1)}:
            return "days, as ADT − STARTDT + 1 shows: ADaM counts the first day as day 1"
        return "days, as ADT − STARTDT shows" if lags == {Decimal(0)} else ""

    def _share(self, values: Sequence[Decimal], stated: str) -> str:
        small = grammar.are_fractions(values)
        if all(cell.endswith("%") for cell in self.filled):
            return "percent"
        if self.strength == 3 and not small:
            return "percent"
        if stated == "fraction" and small:
            self.because("fractions, by name and values")
        elif small:
            self.doubt("all values are 1 or less: are they fractions (0.07 for 7 %)?")
        elif stated != "percent":
            self.doubt("is it in percent, not a count?")
        if self.spec.name == "treg_pct" and "cd4" not in self.tokens:
            self.doubt("is it a share of CD4⁺ T cells, before infusion?")
        if (
            self.spec.name == "bm_blasts_pct"
            and not {"baseline", "screening", "before"} & self.tokens
        ):
            self.doubt("was it measured before infusion?")
        return "fraction" if small else "percent"

    def _age_unit(self, values: Sequence[Decimal], stated: str) -> str:
        if _OTHER_DAY.search(fold(f"{self.column.name} {self.column.said}")):
            self.doubt(
                "it seems to be the age at another day, such as diagnosis; here infusion counts"
            )
        if stated in grammar.DAYS:
            self.because(f"in {stated}")
            return stated
        if self.strength == 3:
            return "years"
        top = max(values)
        if top > FIELDS[AGE].high:
            self.doubt(f"ages up to {grammar.plainly(top)}: are they in months?")
            return "months"
        standard = self.source.form.startswith(("ADaM", "cBioPortal"))
        if not (standard and min(values) >= 18):
            self.doubt("no unit is stated; is it in years?")
        return "years"

    def _what_time(self) -> None:
        """Ask from which day a time counts, unless the file says it."""
        stated, ours = origin_in(self.column, self.spec.name), COUNTED_FROM[self.spec.name]
        if not stated and ours != "infusion" and fold(self.column.name) in _SINCE_TREATMENT:
            self.doubt(
                "registries count it from treatment; with a column for the day of remission, write "
                f"days: [{self.column.name}] and since: with that column"
            )
        elif stated == ours:
            self.because(f"counted from {ours}")
        elif stated:
            what = f"it seems to count from another day, {stated}; here {ours} counts"
            self.doubt(f"{what} (say “origin: {ours}” if it does)")
        elif self.strength < 3 and not self._from_treatment():
            self.doubt(_ASKED[self.spec.name])

    def _from_treatment(self) -> bool:
        """Tell whether ADaM's start of a survival is the first day of treatment, in everybody."""
        starts = self._starts()
        is_first = any(starts) and starts == self.source.cells.get("TRTSDT")
        return self.spec.name == "os_days" and is_first

    def _starts(self) -> list[str]:
        """Give the first days of ADaM's parameter."""
        cells = self.source.cells
        return cells.get(f"STARTDT:{self.parameter}") or cells.get("STARTDT") or []


def quoted(texts: Collection[str]) -> str:
    """Quote what a file says, in a few words."""
    return listed(texts, most=6, limit=30)
