"""A mapping file as plain YAML: every scalar is text, and what is wrong is told with its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

import yaml

from cartanalysis.errors import InputError, Mistake, shown
from cartanalysis.text import fold

MAX_DEPTH = 8  # deepest nesting of a mapping file is eight; more is a mistake or an attack
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_OPENING = (
    *(yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken),
    *(yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken),
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


@dataclass(frozen=True)
class Node:
    """A value in the YAML file; every scalar is text, so that ``no`` is a word, or null."""

    line: int  # of the value's key, or of the value itself in a list
    path: str  # keys that lead here, joined by points
    value: str | tuple[Node, ...] | dict[str, Node] | None


class Document:
    """Reads the parts of a mapping file and collects what is wrong with them."""

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
                self.wrong(inner, "the key is not known here", did_you_mean(key, allowed), key)
        return known

    def pairs(self, node: Node, what: str, remedy: str) -> dict[str, Node]:
        """Give the entries of a mapping that has to have some."""
        if isinstance(node.value, dict) and node.value:
            return node.value
        self.wrong(node, what, remedy)
        return {}

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
            self.wrong(
                node, "not a value of this key", f"Write {alternatives(words.values())}", value
            )
            return ""
        return words[text]


def alternatives(words: Iterable[str]) -> str:
    """Write words as alternatives."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Say which known word a wrong one was perhaps meant for."""
    known = list(known)
    close = difflib.get_close_matches(word.casefold(), known, n=1)
    return f"Did you mean {close[0]}?" if close else f"Use one of {', '.join(known)}"


def written(value: object) -> str:
    """Write a value on one line of YAML, so that reading it gives back exactly it."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{written(k)}: {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    text = str(value)
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,40}", text) and text.lower() != "null":
        return text
    quoted: str = yaml.dump(text, default_style='"', allow_unicode=True, width=float("inf"))
    return quoted.strip()
