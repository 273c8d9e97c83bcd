"""How a code is read without a translation, and whether the file itself says otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from cartanalysis.contract import MISSING, Field
from cartanalysis.errors import shown
from cartanalysis.intake.mapping import words
from cartanalysis.intake.mapping.numbers import Fault
from cartanalysis.intake.source import Column
from cartanalysis.text import LETTERS, fold, look

PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
"""A number in plain notation."""

_GRADE = re.compile(r"(?:grade|grad|gr\.?|g)\s*([0-5]|i{1,3}|iv|v)", re.IGNORECASE)
_MEASURED = re.compile(
    r"[<>≤≥]\s*=?\s*\d+([.,]\d+)?(e-?\d+)?\s*%?|\d+([.,]\d+)?(\s*%|e-\d+)", re.IGNORECASE
)


def as_ours(spec: Field, text: str) -> str:
    """Give the value that a text stands for if nothing is translated."""
    if spec.kind == "level":
        levels = {level.casefold(): level for level in spec.levels}
        return levels.get(fold(text)) or spec.spellings.get(fold(text)) or text
    # full-width digits are no plain numbers
    folded = " ".join(text.casefold().split())
    if spec.kind == "grade" and (found := _GRADE.fullmatch(folded)):
        folded = found.group(1)
    if folded in spec.spellings:
        return spec.spellings[folded]
    return folded if PLAIN.fullmatch(folded) else text


def why_no_level(spec: Field, text: str) -> Fault | None:
    """Say what a text is that only seems to be, or to stand for, one of our levels."""
    if spec.kind not in ("level", "grade", "event"):
        return None
    if look(text) != text and level_of(spec, look(text)) is not None:
        return Fault(f"the level {LETTERS}", f"Type {level_of(spec, look(text))} again")
    if spec.kind == "level" and _MEASURED.fullmatch(text):
        what = f"a measured value, where a level is wanted ({', '.join(spec.levels)})"
        remedy = f'Decide by the threshold of the assay: levels: {{"{text}": …}} in a mapping file'
        return Fault(what, remedy)
    return None


def level_of(spec: Field, text: str) -> str | None:
    """Give our level, grade or event code for a text, if it has one without a translation."""
    value = as_ours(spec, text)
    if spec.kind == "level":
        return value if value in spec.levels else None
    high = 1 if spec.kind == "event" else int(spec.high)
    if not PLAIN.fullmatch(value) or not float(value).is_integer():
        return None
    return str(int(float(value))) if 0 <= float(value) <= high else None


def doubt(column: Column, spec: Field, cells: Iterable[str]) -> Fault | None:
    """Find what speaks against reading a column's codes as they are."""
    texts = sorted(c for c in set(cells) if fold(c) not in MISSING)
    read = {text: level_of(spec, text) for text in texts}
    against = contradiction(column, spec, read)
    if against is not None:
        return against
    turned = spec.kind == "event" and words.opposite(column, texts)
    told = {fold(code): fold(word) for code, word in words.choices_of(column).items()}
    # "1 = yes" explains nothing where the question is not said
    if turned and any(told.get(fold(text), fold(text)) in words.BARE for text in texts):
        what = f"the column seems to say who {turned}, not who had the event"
        remedy = (
            "In a mapping file, write coding: cnsr if 0 is the event, coding: event if 1 is, or "
            "levels: for words"
        )
        return Fault(what, remedy)
    return None


def contradiction(
    column: Column, spec: Field, read: Mapping[str, str | None], *, answers: bool = True
) -> Fault | None:
    """Find codes that the file itself explains otherwise than they are read."""
    told = {fold(code): word for code, word in words.choices_of(column).items()}
    against = {}
    for text, ours in read.items():
        word = told.get(fold(text), "")
        if ours is None or not word or (not answers and fold(word) in words.BARE):
            continue
        known, meant = words.meaning(spec.name, word)
        if known and meant != ours:
            against[text] = meant
    if not against:
        return None
    says = ", ".join(f"{shown(text)} means {shown(told[fold(text)])}" for text in against)
    reads = ", ".join(f"{shown(t)} is {_in_words(spec, read[t])}" for t in against)
    if spec.kind == "event" and len(read) == 2 and len(against) == 1:  # the other one follows
        (meant,) = against.values()
        turned = {"0": "1", "1": "0"}.get(meant or "")
        against = {text: against.get(text, turned) for text in read}
    pairs = ", ".join(f'"{t}": {"null" if m is None else m}' for t, m in against.items())
    what = f"the data dictionary, label or name says that {says}; in {spec.name} {reads}"
    return Fault(what, f"In a mapping file, write levels: for it, such as {{{pairs}}}")


def _in_words(spec: Field, level: str | None) -> str:
    if spec.kind == "event":
        return "an event" if level == "1" else "no event"
    return shown(level or "")
