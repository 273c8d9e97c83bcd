"""YAML as plain text with line numbers: no object tags, no aliases, no guessed types.

Nothing is ever constructed from a tag, and every scalar stays text, so that ``no`` is a word and
``007`` keeps its zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from cartanalysis.errors import InputError, Problem, shown

MAX_DEPTH = 5
"""Deepest nesting of a mapping file is four; more is a mistake or an attack."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True)
class Node:
    """A value in a YAML file and where it stands.

    Attributes
    ----------
    line : int
        Line of the value's key (or of the value itself, in a list), from 1.
    path : str
        Keys that lead here, joined by points.
    value : str or tuple of Node or dict of str to Node or None
        Text, list, mapping, or nothing (``null``).
    """

    line: int
    path: str
    value: str | tuple[Node, ...] | dict[str, Node] | None


def read(text: str, name: str) -> Node:
    """Read YAML text without giving any of it a meaning."""
    builder = _Builder(yaml.parse(text, Loader=yaml.SafeLoader))
    try:
        node = builder.document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or "damaged"
        line = mark.line + 1 if mark is not None else None
        remedy = "Check indentation, quotation marks and brackets near this place"
        raise InputError(name, [Problem(f"not readable as YAML ({why})", remedy, line)]) from error
    except (ValueError, OverflowError) as error:
        # PyYAML passes escapes such as "\UFFFFFFFF" straight on to chr()
        problem = Problem(f"not readable as YAML ({error})", "Check escapes that begin with \\")
        raise InputError(name, [problem]) from error
    except _Refused as refusal:
        raise InputError(name, [refusal.problem]) from refusal
    if builder.problems:
        raise InputError(name, builder.problems)
    return node


class _Refused(Exception):  # noqa: N818 - a refusal, told as a Problem
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class _Builder:
    """Builds nodes from YAML's events, never from its constructors."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self.events = events
        self.problems: list[Problem] = []

    def document(self) -> Node:
        """Read the one document there is."""
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    what = "several YAML documents in one file"
                    raise _Refused(Problem(what, "Keep one; remove the lines with ---", _at(event)))
                root = self.node(next(self.events), "", 0, None)
        if root is None or root.value is None:
            what = "the mapping file is empty"
            raise _Refused(Problem(what, "Let `cartanalysis map FILE` propose one"))
        return root

    def node(self, event: yaml.Event, path: str, depth: int, line: int | None) -> Node:
        """Read the value that begins with an event."""
        line = line or _at(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            what = "anchors and aliases (& and *) are not allowed"
            raise _Refused(Problem(what, "Write the value out; quote text that has them", line))
        tag = getattr(event, "tag", None)
        if tag is not None:
            remedy = "Remove the tag; a mapping file holds only text, lists and keys"
            raise _Refused(Problem("tags (!) are not allowed", remedy, line, value=tag))
        if depth > MAX_DEPTH:
            remedy = "Compare it with the page on the mapping file"
            raise _Refused(Problem("nested too deeply", remedy, line))
        if isinstance(event, yaml.ScalarEvent):
            is_null = event.style is None and event.value in _NULL
            return Node(line, path, None if is_null else event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(inner := next(self.events), yaml.SequenceEndEvent):
                items.append(self.node(inner, f"{path}[{len(items) + 1}]", depth + 1, None))
            return Node(line, path, tuple(items))
        return Node(line, path, self._entries(path, depth))

    def _entries(self, path: str, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(key := next(self.events), yaml.MappingEndEvent):
            line = _at(key)
            if not isinstance(key, yaml.ScalarEvent) or key.tag or key.anchor:
                remedy = "Write a word or a text in quotation marks before the colon"
                raise _Refused(Problem("a key that is not plain text", remedy, line))
            inner = f"{path}.{key.value}" if path else key.value
            value = self.node(next(self.events), inner, depth + 1, line)
            if key.value in entries:
                what = f"the key is already in line {entries[key.value].line}"
                remedy = f"Keep one entry for {shown(key.value)}"
                self.problems.append(Problem(what, remedy, line, inner))
            else:
                entries[key.value] = value
        return entries


def _at(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
