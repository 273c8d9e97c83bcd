"""What a mapping file may say, as checked values.

An entry says where one of our columns comes from: one column of the file, conditions on several,
the highest grade of several, a difference of dates or days, the presence of either, or one word for
everybody.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from cartanalysis.contract import DERIVED, FIELDS, REQUIRED, Field
from cartanalysis.errors import InputError, Mistake, shown
from cartanalysis.intake.cells import DAYS, PERCENT, Fault, number
from cartanalysis.intake.hints import COUNTED_FROM
from cartanalysis.intake.mapping import conditions
from cartanalysis.intake.mapping.conditions import Condition
from cartanalysis.intake.mapping.dates import ORDERS
from cartanalysis.intake.mapping.document import Document, Node, alternatives, did_you_mean
from cartanalysis.intake.reading.files import read_bytes
from cartanalysis.intake.source import TAKE, Layout
from cartanalysis.text import fold

VERSION = "1"
MAX_BYTES = 2**20  # 1 MB; a mapping of every column there may be is a few kB
CODINGS = ("event", "cnsr")
DECIMALS = (".", ",")
LIMITS = ("value", "half")
OF_RESPONDERS = ("mrd", "rfs_days", "rfs_event", "rfs_cause")  # with a meaning in remission
AGE = "age_years"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Where one of our columns comes from."""

    target: str  # our column
    responders: bool = False  # whether only patients in remission have a value (``for``)
    ask: str = ""  # what the user has to confirm first; empty if nothing
    line: int = field(default=0, compare=False)  # of the mapping file, 0 if there is none

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns of the file that the entry reads."""
        names: list[str] = []
        for part in ("source", "highest", "dates", "days", "otherwise", "filled", "since"):
            value = getattr(self, part, "")
            names += value if isinstance(value, tuple) else [value]
        return tuple(dict.fromkeys(filter(None, names)))


@dataclass(frozen=True, kw_only=True)
class FromColumn(Entry):
    """One of our columns, taken from one of theirs."""

    source: str  # their column (``from``)
    levels: dict[str, str | None] | None = None  # ours by theirs; every one that occurs is there
    missing: tuple[str, ...] = ()  # further texts that mean an empty cell, such as 999
    unit: str = ""  # of their numbers; ours if empty
    coding: str = ""  # cnsr where 0 is the event (ADaM), event where 1 is; empty if not said
    decimal: str = ""  # decimal sign; as the column shows if empty
    cap: str = ""  # ages above it become it; empty for none
    renumber: bool = False  # whether identifiers are replaced by P0001, P0002, …
    origin: str = ""  # day from which a time counts, ours, where the file seems to say another
    limits: str = ""  # how <5 is read: value (5) or half (2.5); a problem if empty
    values: dict[str, str] | None = None  # our number by a text of theirs, such as 80-90


UNSAID = ""  # what ``otherwise`` is where it is not said: a row that no rule fits is then a problem


@dataclass(frozen=True, kw_only=True)
class FromRules(Entry):
    """One of our columns, decided by conditions on theirs."""

    rules: dict[str, Condition]  # by our value; the first that a row fulfils counts
    rest: str | None = UNSAID  # for rows that fulfil none (``otherwise``), none for missing

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns that the conditions test."""
        return tuple(dict.fromkeys(n for rule in self.rules.values() for n in rule.columns))


@dataclass(frozen=True, kw_only=True)
class FromHighest(Entry):
    """The highest grade of several columns."""

    highest: tuple[str, ...]
    levels: dict[str, str | None] | None = None  # our grade by theirs, in all of them
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FromDays(Entry):
    """Time from one day to another, where the file has numbers that count from some other day."""

    days: tuple[str, ...]  # columns of times; the earliest one filled counts
    since: str = ""  # column of the time from which ours counts; that of the file if empty
    otherwise: tuple[str, ...] = ()  # for those with none of `days`; the latest one counts
    unit: str = ""  # of all of them; ours if empty
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FromDates(Entry):
    """Time from one date to another, or which of several dates came first."""

    dates: tuple[str, ...]  # date columns; the earliest one filled counts
    since: str = ""  # date column from which time counts; where it is empty, so is the result
    otherwise: tuple[str, ...] = ()  # for those with none of `dates`; the latest one counts
    order: str = ""  # of day and month, where dates are not ISO
    levels: dict[str, str | None] | None = None  # our level by the date column that came first
    cap: str = ""


@dataclass(frozen=True, kw_only=True)
class FromFilled(Entry):
    """An event that happened if any of its dates, or days, is filled."""

    filled: tuple[str, ...]  # columns of dates or days of the event
    since: str = ""  # where this column is empty, so is the result; empty for no condition
    order: str = ""
    missing: tuple[str, ...] = ()  # in columns of days


@dataclass(frozen=True, kw_only=True)
class Constant(Entry):
    """The same word for every patient."""

    constant: str


@dataclass(frozen=True)
class Mapping:
    """A checked mapping file."""

    name: str  # of the file, for messages
    entries: tuple[Entry, ...]  # one per column of ours
    extra: tuple[str, ...] = ()  # own columns to keep, for strata
    drop: tuple[str, ...] = ()  # columns never to be used
    keep: tuple[str, ...] = ()  # columns that the user looked at and that identify nobody
    sheet: str | None = None  # of a workbook
    dictionary: str | None = None  # data dictionary, relative to the mapping file
    layout: Layout = field(default_factory=Layout)  # how rows and tables are put together
    only: Condition | None = None  # that rows have to fulfil to count; none if all do
    patients: str = ""  # rows, where each is one patient, whatever seems to name one; else empty
    settled: bool = False  # whether numbers are what they say, however odd they look

    @property
    def by_target(self) -> dict[str, Entry]:
        """Give the entries by our column."""
        return {entry.target: entry for entry in self.entries}

    def columns(self, *kinds: str) -> set[str]:
        """Name the columns of the file that are read, for our columns of some kinds only."""
        read = [e for e in self.entries if not kinds or FIELDS[e.target].kind in kinds]
        tested = self.only.columns if self.only and not kinds else ()
        return {*tested, *(name for entry in read for name in entry.columns)}

    @property
    def kept(self) -> set[str]:
        """Name the columns whose own words are kept: as identifiers or groups."""
        words = [e for e in self.entries if isinstance(e, FromColumn) and not e.renumber]
        named = {e.source for e in words if FIELDS[e.target].kind in ("id", "label")}
        return {*named, *self.extra}

    @property
    def laid_out(self) -> Layout:
        """Give the layout with the identifier that joins the tables, or sorts one table's rows."""
        entry, tables = self.by_target.get("patient_id"), dict(self.layout.tables)
        if not tables and not (self.layout.by or self.layout.take or self.layout.order):
            return self.layout
        first = next(iter(tables), "")
        if isinstance(entry, FromColumn) and not tables.get(first):
            tables[first] = entry.source.removeprefix(f"{first}: ")
        return replace(self.layout, tables=tables)

    @property
    def questions(self) -> tuple[Mistake, ...]:
        """Say what the user has to confirm before the mapping can be used."""
        answer = "To say yes, delete the line that begins with ask:; or correct or remove the entry"
        return tuple(
            Mistake(
                "not yet confirmed",
                f"{e.ask if e.ask[-1] in '.?!' else e.ask + '.'} {answer}",
                e.line or None,
                f"columns.{e.target}",
            )
            for e in self.entries
            if e.ask
        )

    def require_answers(self) -> None:
        """Refuse a mapping with open questions: nothing uncertain is used without a yes."""
        if self.questions:
            raise InputError(self.name, self.questions)


def load(path: str | Path, *, for_use: bool = False) -> Mapping:
    """Read and check a mapping file."""
    name = Path(path).name
    data = read_bytes(path)
    if len(data) > MAX_BYTES:
        raise InputError(name, [Mistake("larger than 1 MB", "A mapping file is a few kB of YAML")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        remedy = "Save the mapping file as UTF-8"
        raise InputError(name, [Mistake("not text in UTF-8", remedy)]) from error
    return loads(text, name, for_use=for_use)


def loads(text: str, name: str = "mapping", *, for_use: bool = False) -> Mapping:
    """Check the text of a mapping file."""
    reader = _Reader(name)
    mapping = reader.mapping(reader.document(text))
    if reader.problems:
        raise InputError(name, reader.problems)
    if for_use:
        mapping.require_answers()
    return mapping


Read = Callable[[Node], Any]  # how the value of a key is read


class _Reader(Document):
    """Turns a mapping file's text into a mapping."""

    # --- the mapping -------------------------------------------------------------------------

    def mapping(self, root: Node) -> Mapping:
        """Read the whole document."""
        of_rows: dict[str, Read] = {
            "tables": self.tables,
            "by": self.names,
            "order": self.names,
            "take": self.take,
            "concepts": self.concepts,
        }
        others: dict[str, Read] = dict.fromkeys(("extra", "drop", "keep"), self.names)
        others |= dict.fromkeys(("sheet", "dictionary"), self.text)
        others |= {"only": partial(conditions.read, self)}
        others |= {"patients": partial(self.choice, ("rows",))}
        known = ("version", "columns", *others, *of_rows)
        top = self.known_keys(root, known, "a mapping file begins with version: and columns:")
        self.version(top.get("version"), root)
        entries = tuple(self.entries(top.get("columns"), root))
        said, laid_out = (
            {key: read(top[key]) for key, read in keys.items() if key in top}
            for keys in (others, of_rows)
        )
        made = Mapping(self.name, entries, layout=Layout(**laid_out), **said)
        self.has_response(made)
        for word in made.extra:
            if word in FIELDS or word in DERIVED:
                remedy = f"List {shown(word)} under columns: instead"
                self.wrong(top["extra"], "the name is one of ours", remedy, word)
        used = {c: e.target for e in entries for c in e.columns}
        used |= dict.fromkeys(made.only.columns if made.only else (), "only")
        used |= dict.fromkeys(made.extra, "extra") | dict.fromkeys(made.keep, "keep")
        for word in made.drop:
            if word in used:
                what = f"the column is to be dropped, but {used[word]} uses it"
                self.wrong(top["drop"], what, "Remove one of the two", word)
        return made

    def has_response(self, made: Mapping) -> None:
        """Check that responders can be told where something is wanted of them only."""
        for entry in made.entries:
            if entry.responders and "response" not in made.by_target:
                what = "only responders are wanted, but nothing says who they are"
                place = Node(entry.line, f"columns.{entry.target}.for", None)
                self.wrong(place, what, "Add response: under columns:")

    def version(self, node: Node | None, root: Node) -> None:
        """Check the version of the format."""
        if node is None:
            self.wrong(root, "the version is missing", f"Write version: {VERSION} at the top")
        elif node.value != VERSION:
            self.wrong(node, "the version is not known", f"Write version: {VERSION}")

    def entries(self, node: Node | None, root: Node) -> Iterator[Entry]:
        """Read what is said of each of our columns."""
        if node is None or not isinstance(node.value, dict):
            remedy = "Write columns: and below it one entry per column, indented"
            self.wrong(node or root, "the columns are missing", remedy)
            return
        for name, inner in node.value.items():
            if name not in FIELDS:
                self.wrong(inner, "not one of our columns", did_you_mean(name, FIELDS), name)
                continue
            entry = self.entry(FIELDS[name], inner)
            if entry is not None:
                yield entry
        for name in REQUIRED:
            if name not in node.value:
                remedy = f"Add it, as {name}: {{from: your_column}}"
                self.wrong(node, f"{name} is missing; every cohort needs it", remedy)

    def entry(self, spec: Field, node: Node) -> Entry | None:
        """Read one entry."""
        read = self.keys(spec)
        forms = [form for form in FORMS if form in read]
        given = node.value if isinstance(node.value, dict) else {}
        names = [form for form in forms if form in given]
        if len(names) != 1:
            told = _named(forms)
            what = "two sources for one column" if names else "the source of the column is missing"
            close = difflib.get_close_matches(next(iter(given)), forms, n=1) if given else []
            if close and not names:
                told += f" (did you mean {close[0]}?)"
            self.wrong(node, what, f"Write {told}, as {{from: your_column}}")
            return None
        before = len(self.problems)
        attributes = _attributes(FORMS[names[0]])
        parts = self.known_keys(node, [k for k in attributes if k in read], _named(forms))
        values = {attributes[key]: read[key](part) for key, part in parts.items()}
        if len(self.problems) > before:
            return None
        entry = FORMS[names[0]](target=spec.name, line=node.line, **values)
        self.consistent(entry, node, spec)
        return entry if len(self.problems) == before else None

    def keys(self, spec: Field) -> dict[str, Read]:
        """Say which keys may describe one of our columns, and how the value of each is read."""
        coded: dict[str, Read] = {"levels": partial(self.levels, spec), "missing": self.names}
        coded |= {"rules": partial(self.rules, spec), "otherwise": partial(self.rest, spec)}
        constant: dict[str, Read] = {"constant": partial(self.level, spec)}
        of_kind: dict[str, dict[str, Read]] = {
            "id": {"renumber": self.is_yes},
            "label": coded | constant,
            "level": coded | constant,
            "grade": coded | {"highest": self.names},
            "event": coded | {"coding": partial(self.choice, CODINGS), "filled": self.names},
            "number": {
                "missing": self.names,
                "decimal": partial(self.choice, DECIMALS),
                "limits": partial(self.choice, LIMITS),
                "values": partial(self.values, spec),
            },
        }
        read: dict[str, Read] = dict.fromkeys(("from", "since", "ask"), self.text)
        read |= of_kind[spec.kind]
        read["order"] = partial(self.choice, ORDERS)
        if spec.unit in DAYS or spec.unit.startswith("%"):
            read["unit"] = partial(self.choice, DAYS if spec.unit in DAYS else PERCENT)
        if spec.name in COUNTED_FROM:
            read["origin"] = partial(self.choice, [COUNTED_FROM[spec.name]])
        if spec.unit == "days" or spec.name in (AGE, "rfs_cause"):
            read["dates"] = self.names
        if spec.unit == "days":
            read["days"] = read["otherwise"] = self.names
        if spec.name in OF_RESPONDERS:
            read["for"] = self.responders
        if spec.name == AGE:
            remedy = "Write a number of years, such as 89"
            read["cap"] = partial(self.number, spec, "not an age", remedy)
        return read

    def consistent(self, entry: Entry, node: Node, spec: Field) -> None:
        """Check what the keys of one entry say together."""
        if isinstance(entry, FromColumn) and entry.levels is not None and entry.coding:
            remedy = "Keep one of the two; levels: says everything"
            self.wrong(node, "both levels: and coding:", remedy)
        if isinstance(entry, FromDates) and not entry.since:
            remedy = "Write since: with the date column from which time counts"
            self.wrong(node, "the first day is missing", remedy)
        if isinstance(entry, FromDates) and spec.kind == "level":
            unnamed = [d for d in entry.dates if d not in (entry.levels or {})]
            if unnamed:
                remedy = f"Write levels: with {spec.allowed} for each date column"
                self.wrong(node, "a date column without a level", remedy, unnamed[0])
        listed = [getattr(entry, form, ()) for form in ("dates", "days", "filled", "highest")]
        if not any(listed) and not isinstance(entry, FromColumn | FromRules | Constant):
            self.wrong(node, "no column is named", "Name at least one column in the list")

    # --- values ------------------------------------------------------------------------------

    def levels(self, spec: Field, node: Node) -> dict[str, str | None]:
        """Read translations of levels; theirs are compared without case and blanks."""
        levels: dict[str, str | None] = {}
        seen: dict[str, str | None] = {}
        remedy = f"Write their level: {spec.allowed}"
        for theirs, inner in self.pairs(node, "the translations are missing", remedy).items():
            ours = self.rest(spec, inner)
            if seen.setdefault(fold(theirs), ours) != ours:
                what = "the level is translated twice, differently (case and blanks do not count)"
                self.wrong(inner, what, "Keep one of the two", theirs)
            levels[theirs.strip()] = ours
        return levels

    def level(self, spec: Field, node: Node) -> str | None:
        """Read one of our levels."""
        if spec.values:
            return self.choice(spec.values, node) or None
        text = self.text(node)
        if not text.isprintable():
            self.wrong(node, "characters that cannot be shown", "Write plain text", text)
        return text or None

    def rest(self, spec: Field, node: Node) -> str | None:
        """Read one of our levels, or null."""
        return None if node.value is None else self.level(spec, node)

    def rules(self, spec: Field, node: Node) -> dict[str, Condition]:
        """Read the conditions that decide on our levels, in their order."""
        rules: dict[str, Condition] = {}
        remedy = f"Write a condition for each: {spec.allowed}"
        for name, inner in self.pairs(node, "the rules are missing", remedy).items():
            ours = self.level(spec, replace(inner, value=name))
            if ours in rules:
                self.wrong(inner, "the level has a rule already", "Join both as a list", name)
            rules[ours or name] = conditions.read(self, inner)
        return rules

    def values(self, spec: Field, node: Node) -> dict[str, str]:
        """Read numbers of ours that stand for texts of theirs."""
        pairs = self.pairs(node, "the numbers are missing", 'Write their text: as {"80-90": 85}')
        told = "not a value of this column", f"Write {spec.allowed}"
        return {fold(theirs): self.number(spec, *told, inner) for theirs, inner in pairs.items()}

    def number(self, spec: Field, what: str, remedy: str, node: Node) -> str:
        """Read a number that one of our columns may hold."""
        text = self.text(node)
        ours = number(spec, text)
        if text and (isinstance(ours, Fault) or not spec.holds(ours)):
            self.wrong(node, what, remedy, text)
        return text

    def responders(self, node: Node) -> bool:
        """Read for whom a column is."""
        return bool(self.choice(("responders",), node))

    # --- rows and tables ---------------------------------------------------------------------

    def tables(self, node: Node) -> dict[str, str]:
        """Read names of tables, some with the name of their identifier."""
        found: dict[str, str] = {}
        for item in node.value if isinstance(node.value, tuple) else (node,):
            if isinstance(item.value, dict):
                pairs = {table: self.text(column) for table, column in item.value.items()}
            else:
                pairs = {self.text(item): ""}
            for table in pairs.keys() & found.keys():
                self.wrong(item, "the table is named twice", "Keep one", table)
            found |= pairs
        return found

    def take(self, node: Node) -> dict[str, str]:
        """Read which cell of a patient counts, by column."""
        if node.value == {}:
            return {}
        remedy = f"Write {{column: {' or '.join(TAKE)}}}"
        pairs = self.pairs(node, "not a list of columns", remedy)
        return {column: self.choice(TAKE, inner) for column, inner in pairs.items()}

    def concepts(self, node: Node) -> dict[str, dict[str, tuple[str, ...]]]:
        """Read concept identifiers, by a word for them and the table that holds them."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        remedy = "Write a word, a table and concept identifiers: infusion: {drug_exposure: [1, 2]}"
        for word, inner in self.pairs(node, "the concepts are missing", remedy).items():
            remedy = f"Write {word}: {{table: [concept identifiers]}}"
            pairs = self.pairs(inner, "the table of the concepts is missing", remedy)
            for table, ids in pairs.items():
                found.setdefault(word, {})[table.casefold()] = self.names(ids)
                for text in found[word][table.casefold()]:
                    if text and not (text.isdecimal() and text.isascii()):
                        remedy = "Write its number, as athena.ohdsi.org has it"
                        self.wrong(ids, "not a concept identifier", remedy, text)
        return found


FORMS: dict[str, type[Entry]] = {
    "from": FromColumn,
    "rules": FromRules,
    "highest": FromHighest,
    "dates": FromDates,
    "days": FromDays,
    "filled": FromFilled,
    "constant": Constant,
}
"""The sources that a column of ours may have, by the key that names them."""


_KEYS = {"source": "from", "rest": "otherwise", "responders": "for"}
"""Keys of a mapping file where Python has another name for what they say."""


def _attributes(form: type[Entry]) -> dict[str, str]:
    """Give an entry's attributes by the keys of a mapping file that say them."""
    own = [f.name for f in fields(form) if f.name not in ("target", "ask", "line")]
    return {_KEYS.get(name, name): name for name in (*own, "ask")}


def said(entry: Entry) -> dict[str, Any]:
    """Give what an entry says, as keys and values of a mapping file."""
    told = {key: getattr(entry, name) for key, name in _attributes(type(entry)).items()}
    kept = {k: "yes" if v is True else v for k, v in told.items()}
    made = {k: v for k, v in kept.items() if v is not None and v not in ("", (), False)}
    if made.pop("for", None):
        made["for"] = "responders"
    if isinstance(entry, FromRules):
        made["rules"] = {ours: rule.said for ours, rule in entry.rules.items()}
        made |= {"otherwise": None} if entry.rest is None else {}
    return made


def _named(forms: Iterable[str]) -> str:
    return alternatives(f"{form}:" for form in forms)
