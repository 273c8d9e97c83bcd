"""What a mapping file may say, as checked values.

An entry says where one of our columns comes from.  There are four kinds: a column of the file,
a difference of dates, the presence of a date, or one word for everybody.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import yaml

from cartanalysis.contract import DERIVED, FIELDS, REQUIRED, Field
from cartanalysis.errors import InputError, Mistake, shown
from cartanalysis.intake.cells import DAYS, PERCENT, Fault, number
from cartanalysis.intake.hints import COUNTED_FROM
from cartanalysis.intake.mapping.dates import ORDERS
from cartanalysis.intake.reading.files import read_bytes
from cartanalysis.text import fold

VERSION = "1"
MAX_BYTES = 2**20
"""1 MB; a mapping of every column there may be is a few kB."""

CODINGS = ("event", "cnsr")
DECIMALS = (".", ",")
AGE = "age_years"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Where one of our columns comes from."""

    target: str  # our column
    ask: str = ""  # what the user has to confirm first; empty if nothing
    line: int = field(default=0, compare=False)  # of the mapping file, 0 if there is none

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns of the file that the entry reads."""
        names: list[str] = []
        for part in ("source", "dates", "otherwise", "filled", "since"):
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
    """An event that happened if any of its dates is filled."""

    filled: tuple[str, ...]  # date columns of the event
    since: str = ""  # where this date column is empty, so is the result; empty for no condition
    order: str = ""


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
    settled: bool = False  # whether numbers are what they say, however odd they look

    @property
    def by_target(self) -> dict[str, Entry]:
        """Give the entries by our column."""
        return {entry.target: entry for entry in self.entries}

    def columns(self, *kinds: str) -> set[str]:
        """Name the columns of the file that are read, for our columns of some kinds only."""
        read = [e for e in self.entries if not kinds or FIELDS[e.target].kind in kinds]
        return {name for entry in read for name in entry.columns}

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


MAX_DEPTH = 5
"""Deepest nesting of a mapping file is four; more is a mistake or an attack."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_OPENING = (
    *(yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken),
    *(yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken),
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_LISTS = ("extra", "drop", "keep")
_TOP = ("version", "columns", *_LISTS, "sheet", "dictionary")


@dataclass(frozen=True)
class Node:
    """A value in the YAML file; every scalar is text, so that ``no`` is a word, or null."""

    line: int  # of the value's key, or of the value itself in a list
    path: str  # keys that lead here, joined by points
    value: str | tuple[Node, ...] | dict[str, Node] | None


Read = Callable[[Node], Any]
"""How the value of a key is read."""


class _Reader:
    """Turns a mapping file's text into a mapping and collects what is wrong with it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Mistake] = []

    def wrong(self, node: Node, what: str, remedy: str, value: str | None = None) -> None:
        """Add a problem at a node."""
        self.problems.append(Mistake(what, remedy, node.line, node.path or None, value))

    # --- YAML --------------------------------------------------------------------------------

    def document(self, text: str) -> Node:
        """Read YAML without giving any of it a meaning."""
        try:
            self.plain(text)
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            why = getattr(error, "problem", None) or getattr(error, "reason", None) or "damaged"
            line = mark.line + 1 if mark is not None else None
            remedy = "Check indentation, quotation marks and brackets near this place"
            self.refuse(f"not readable as YAML ({why})", remedy, line)
        except (ValueError, OverflowError) as error:
            # PyYAML passes escapes such as "\UFFFFFFFF" straight on to chr()
            self.refuse(f"not readable as YAML ({error})", "Check escapes that begin with \\")
        made = None if root is None else self.node(root, "")
        if made is None or made.value is None:
            remedy = "Let `cartanalysis map FILE` propose one"
            self.refuse("the mapping file is empty", remedy)
        if self.problems:
            raise InputError(self.name, self.problems)
        return made

    def refuse(
        self, what: str, remedy: str, line: int | None = None, value: str | None = None
    ) -> NoReturn:
        """Stop at something after which nothing else can be read."""
        raise InputError(self.name, [Mistake(what, remedy, line, value=value)])

    def plain(self, text: str) -> None:
        """Refuse what could construct objects, grow without bounds, or nest without end."""
        depth, has_content = 0, False
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            line = token.start_mark.line + 1
            if isinstance(token, yaml.AnchorToken | yaml.AliasToken):
                remedy = "Write the value out; quote text that has them"
                self.refuse("anchors and aliases (& and *) are not allowed", remedy, line)
            if isinstance(token, yaml.TagToken):
                remedy = "Remove the tag; a mapping file holds only text, lists and keys"
                tag = "".join(filter(None, token.value))
                self.refuse("tags (!) are not allowed", remedy, line, tag)
            if isinstance(token, yaml.DocumentStartToken) and has_content:
                what = "several YAML documents in one file"
                self.refuse(what, "Keep one; remove the lines with ---", line)
            has_content |= isinstance(token, yaml.KeyToken | yaml.ScalarToken)
            depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
            if depth > MAX_DEPTH:
                self.refuse("nested too deeply", "Compare it with the page on the mapping file",
                            line)  # fmt: skip

    def node(self, found: yaml.Node, path: str, line: int = 0) -> Node:
        """Take a value with its place."""
        line = line or found.start_mark.line + 1
        if isinstance(found, yaml.SequenceNode):
            items = enumerate(found.value, start=1)
            return Node(line, path, tuple(self.node(v, f"{path}[{i}]") for i, v in items))
        if isinstance(found, yaml.ScalarNode):
            is_null = found.style is None and found.value in _NULL
            return Node(line, path, None if is_null else found.value)
        entries: dict[str, Node] = {}
        for key, value in found.value:
            at = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                remedy = "Write a word or a text in quotation marks before the colon"
                self.refuse("a key that is not plain text", remedy, at)
            inner = f"{path}.{key.value}" if path else key.value
            if key.value in entries:
                what = f"the key is already in line {entries[key.value].line}"
                remedy = f"Keep one entry for {shown(key.value)}"
                self.problems.append(Mistake(what, remedy, at, inner))
            else:
                entries[key.value] = self.node(value, inner, at)
        return Node(line, path, entries)

    # --- the mapping -------------------------------------------------------------------------

    def mapping(self, root: Node) -> Mapping:
        """Read the whole document."""
        top = self.known_keys(root, _TOP, "a mapping file begins with version: and columns:")
        self.version(top.get("version"), root)
        entries = tuple(self.entries(top.get("columns"), root))
        said: dict[str, Any] = {k: self.names(top[k]) for k in _LISTS if k in top}
        said |= {k: self.text(top[k]) for k in ("sheet", "dictionary") if k in top}
        made = Mapping(self.name, entries, **said)
        for word in made.extra:
            if word in FIELDS or word in DERIVED:
                remedy = f"List {shown(word)} under columns: instead"
                self.wrong(top["extra"], "the name is one of ours", remedy, word)
        used = {c: e.target for e in entries for c in e.columns}
        used |= dict.fromkeys(made.extra, "extra") | dict.fromkeys(made.keep, "keep")
        for word in made.drop:
            if word in used:
                what = f"the column is to be dropped, but {used[word]} uses it"
                self.wrong(top["drop"], what, "Remove one of the two", word)
        return made

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
                self.wrong(inner, "not one of our columns", _did_you_mean(name, FIELDS), name)
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
            told = _alternatives(forms)
            what = "two sources for one column" if names else "the source of the column is missing"
            close = difflib.get_close_matches(next(iter(given)), forms, n=1) if given else []
            if close and not names:
                told += f" (did you mean {close[0]}?)"
            self.wrong(node, what, f"Write {told}, as {{from: your_column}}")
            return None
        before = len(self.problems)
        attributes = _attributes(FORMS[names[0]])
        parts = self.known_keys(node, [k for k in attributes if k in read], _alternatives(forms))
        values = {attributes[key]: read[key](part) for key, part in parts.items()}
        if len(self.problems) > before:
            return None
        entry = FORMS[names[0]](target=spec.name, line=node.line, **values)
        self.consistent(entry, node, spec)
        return entry if len(self.problems) == before else None

    def keys(self, spec: Field) -> dict[str, Read]:
        """Say which keys may describe one of our columns, and how the value of each is read."""
        coded: dict[str, Read] = {"levels": partial(self.levels, spec), "missing": self.names}
        constant: dict[str, Read] = {"constant": partial(self.level, spec)}
        of_kind: dict[str, dict[str, Read]] = {
            "id": {"renumber": self.is_yes},
            "label": coded | constant,
            "level": coded | constant,
            "grade": coded,
            "event": coded | {"coding": partial(self.choice, CODINGS), "filled": self.names},
            "number": {"missing": self.names, "decimal": partial(self.choice, DECIMALS)},
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
            read["otherwise"] = self.names
        if spec.name == AGE:
            read["cap"] = partial(self.cap, spec)
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
        empty = isinstance(entry, FromDates) and not entry.dates
        if empty or (isinstance(entry, FromFilled) and not entry.filled):
            self.wrong(node, "no date column is named", "Name at least one column in the list")

    # --- values ------------------------------------------------------------------------------

    def known_keys(self, node: Node, allowed: Iterable[str], hint: str) -> dict[str, Node]:
        """Give the entries of a mapping, and report keys that are not known."""
        if not isinstance(node.value, dict):
            self.wrong(node, "not a list of keys and values", f"Write {hint}")
            return {}
        known = {}
        for key, inner in node.value.items():
            if key in allowed:
                known[key] = inner
            else:
                self.wrong(inner, "the key is not known here", _did_you_mean(key, allowed), key)
        return known

    def text(self, node: Node) -> str:
        """Read a text that is not empty."""
        if isinstance(node.value, str) and node.value.strip():
            return node.value.strip()
        self.wrong(node, "a text is wanted here", "Write one text after the colon")
        return ""

    def names(self, node: Node) -> tuple[str, ...]:
        """Read a list of texts, or one text as a list of one."""
        items = node.value if isinstance(node.value, tuple) else (node,)
        names = tuple(self.text(item) for item in items)
        for i, name in enumerate(names):
            if name in names[:i]:
                self.wrong(node, "named twice in the list", "Keep one", name)
        return names

    def is_yes(self, node: Node) -> bool:
        """Read yes or no."""
        return self.choice(("yes", "no"), node) == "yes"

    def choice(self, allowed: Iterable[str], node: Node) -> str:
        """Read one of several words."""
        words = {fold(word): word for word in allowed}
        text = fold(node.value) if isinstance(node.value, str) else ""
        if text not in words:
            value = node.value if isinstance(node.value, str) else None
            self.wrong(node, "not a value of this key", f"Write {_or(words.values())}", value)
            return ""
        return words[text]

    def cap(self, spec: Field, node: Node) -> str:
        """Read the age above which ages are not told apart."""
        text = self.text(node)
        age = number(spec, text)
        if text and (isinstance(age, Fault) or not spec.holds(age)):
            self.wrong(node, "not an age", "Write a number of years, such as 89", text)
        return text

    def levels(self, spec: Field, node: Node) -> dict[str, str | None]:
        """Read translations of levels; theirs are compared without case and blanks."""
        if not isinstance(node.value, dict) or not node.value:
            self.wrong(node, "the translations are missing", f"Write their level: {spec.allowed}")
            return {}
        levels: dict[str, str | None] = {}
        seen: dict[str, str | None] = {}
        for theirs, inner in node.value.items():
            ours = None if inner.value is None else self.level(spec, inner)
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


FORMS: dict[str, type[Entry]] = {
    "from": FromColumn,
    "dates": FromDates,
    "filled": FromFilled,
    "constant": Constant,
}
"""The sources that a column of ours may have, by the key that names them."""


def _attributes(form: type[Entry]) -> dict[str, str]:
    """Give an entry's attributes by the keys of a mapping file that say them."""
    own = [f.name for f in fields(form) if f.name not in ("target", "ask", "line")]
    return {"from" if name == "source" else name: name for name in (*own, "ask")}


def said(entry: Entry) -> dict[str, Any]:
    """Give what an entry says, as keys and values of a mapping file."""
    told = {key: getattr(entry, name) for key, name in _attributes(type(entry)).items()}
    kept = {k: "yes" if v is True else v for k, v in told.items()}
    return {k: v for k, v in kept.items() if v is not None and v not in ("", (), False)}


def _or(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def _alternatives(forms: Iterable[str]) -> str:
    return _or(f"{form}:" for form in forms)


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    known = list(known)
    close = difflib.get_close_matches(word.casefold(), known, n=1)
    return f"Did you mean {close[0]}?" if close else f"Use one of {', '.join(known)}"
