"""Parameters of chapters: what each declares, and whether what a user gave fits.

``publish`` checks before any kernel starts.  Papermill by itself only warns about unknown names and
looks at no value; a chapter that it runs checks by the same rules before it computes anything.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import nbformat
from IPython import get_ipython

from cartanalysis.contract import PAIRS
from cartanalysis.errors import InputError, Problem, shown
from cartanalysis.text import DAYS_PER

TAG = "parameters"
RANGES = {"confidence": (0.5, 0.999), "treg_cutoff": (0.0, 100.0), "landmark_day": (0.0, 36500.0)}
"""Ranges of parameters, checked before anything runs."""

CHOICES = {
    "time_unit": tuple(DAYS_PER),
    "endpoint": tuple(days.removesuffix("_days") for days, _ in PAIRS),
}
"""Words that parameters may be; papermill takes one with ``Literal["…"]`` for unknown."""

INJECTED = "# Parameters\n"
"""How papermill begins the cell that it adds after the chapter's own parameters."""

DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")

RESERVED = ("cohort", "min_cell")
"""Set by the command's own arguments, not by ``-p``."""


@dataclass(frozen=True)
class Parameter:
    """A parameter that a chapter declares.

    Attributes
    ----------
    name : str
        Its name.
    default : object
        Its default.
    types : tuple of type
        What it may be.
    choices : tuple
        Allowed values, if the chapter restricts them.
    """

    name: str
    default: Any
    types: tuple[type, ...]
    choices: tuple[Any, ...] = ()

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        if self.choices:
            return "one of " + ", ".join(str(c) for c in self.choices)
        names = {int: "a whole number", float: "a number", str: "text", bool: "True or False"}
        words = [names[t] for t in self.types if t in names]
        if self.name in RANGES:
            low, high = RANGES[self.name]
            words[0] += f" from {low:g} to {high:g}"
        return " or ".join(words + (["None"] if type(None) in self.types else []))

    def accepts(self, value: Any) -> bool:
        """Tell whether a value fits."""
        if self.choices:
            return any(value == c and type(value) is type(c) for c in self.choices)
        if isinstance(value, bool):
            return bool in self.types
        if isinstance(value, (int, float)) and self.name in RANGES:
            low, high = RANGES[self.name]
            if not low <= value <= high:
                return False
        return isinstance(value, self.types) or (float in self.types and isinstance(value, int))


_TYPES = {"int": int, "float": float, "str": str, "bool": bool, "None": type(None)}


def declared(notebook: nbformat.NotebookNode, chapter: str) -> dict[str, Parameter]:
    """Read the parameters that a chapter declares, without running it."""
    cells = [c for c in notebook.cells if TAG in c.metadata.get("tags", [])]
    if len(cells) != 1:
        what = f"there are {len(cells)} cells tagged “{TAG}”"
        raise InputError(chapter, [Problem(what, "A chapter has exactly one")])
    return _declared(cells[0].source, chapter)


def _declared(source: str, chapter: str) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for statement in ast.parse(source).body:
        parts = _parts(statement)
        if parts is None:
            what = f"“{ast.unparse(statement)}” in the parameters cell"
            raise InputError(chapter, [Problem(what, "Write name: type = value")])
        name, kind, value = parts
        types, choices = _annotation(kind, chapter)
        choices = choices or CHOICES.get(name, ())
        found[name] = Parameter(name, ast.literal_eval(value), types, choices)
    return found


def _parts(statement: ast.stmt) -> tuple[str, ast.expr, ast.expr] | None:
    """Take a declaration apart: name, type and value; None for anything else."""
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=ast.expr() as value):
            return name, kind, value
    return None


def _annotation(node: ast.expr, chapter: str) -> tuple[tuple[type, ...], tuple[Any, ...]]:
    """Understand ``int``, ``float | None``, ``Optional[float]`` and ``Literal["a", "b"]``."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
        value = ast.literal_eval(node.slice)
        choices = value if isinstance(value, tuple) else (value,)
        return tuple({type(c) for c in choices}), choices
    written = re.sub(r"^Optional\[(.*)\]$", r"\1 | None", ast.unparse(node))
    names = [part.strip() for part in written.split("|")]
    if any(n not in _TYPES for n in names):
        what = f"the parameter type {ast.unparse(node)} is not known"
        raise InputError(chapter, [Problem(what, f"Use {', '.join(_TYPES)} or Literal[...]")])
    return tuple(_TYPES[n] for n in names), ()


def parse_assignments(pairs: Sequence[str]) -> dict[str, Any]:
    """Read ``NAME=VALUE`` from the command line."""
    values: dict[str, Any] = {}
    problems = []
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.isidentifier():
            problems.append(Problem(f"{shown(pair)} is not NAME=VALUE", "Write -p treg_cutoff=8"))
        elif name in values:
            problems.append(Problem(f"{name} is given twice", "Give it once"))
        else:
            values[name] = _literal(text)
    if problems:
        raise InputError("parameters", problems)
    return values


def _literal(text: str) -> Any:
    """Read a number, True, False or None; anything else, such as a list, is text."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
    return value if value is None or isinstance(value, (bool, int, float, str)) else text


def assign(
    chapters: Mapping[str, Mapping[str, Parameter]], values: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Give each chapter the parameters it declares."""
    if problems := _problems(chapters, values, RESERVED, "no chapter has a parameter"):
        raise InputError("parameters", problems)
    return {
        chapter: {n: v for n, v in values.items() if n in names}
        for chapter, names in chapters.items()
    }


def _problems(
    chapters: Mapping[str, Mapping[str, Parameter]],
    values: Mapping[str, Any],
    reserved: Collection[str],
    unknown: str,
) -> list[Problem]:
    known = sorted({n for c in chapters.values() for n in c} - set(reserved))
    problems = []
    for name, value in values.items():
        takers = [c[name] for c in chapters.values() if name in c and name not in reserved]
        if not takers:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(known)}"
            problems.append(Problem(f"{unknown} {shown(name)}", hint))
        refusing = next((t for t in takers if not t.accepts(value)), None)
        if refusing:
            text = str(value)
            remedy = f"It must be {refusing.allowed}"
            if float in refusing.types and DECIMAL_COMMA.fullmatch(text):
                remedy += f", with a decimal point: {text.replace(',', '.')}"
            problems.append(Problem(f"{name} is {shown(text)}", remedy))
    return problems


def check_given(chapter: str) -> None:
    """Check what papermill gave the chapter that is running, by the rules of ``publish -p``."""
    shell = get_ipython()
    own: dict[str, Parameter] = {}
    for source in shell.user_ns.get("In", []) if shell else []:
        body = _body(source)
        if source.startswith(INJECTED):
            given = {
                ast.unparse(statement.targets[0]): _literal(ast.unparse(statement.value))
                for statement in body
                if isinstance(statement, ast.Assign)
            }
            problems = _problems({chapter: own}, given, (), "it has no parameter")
            if problems:
                raise InputError(f"parameters of the chapter {chapter}", problems)
        elif body and all(map(_parts, body)):
            own = _declared(source, chapter)


def _body(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError:  # a cell for IPython
        return []
