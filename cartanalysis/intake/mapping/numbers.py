"""Numbers in cells, exactly: what is one, what is not and why, and the units they come in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from cartanalysis.errors import shown

DAYS: dict[str, Decimal] = {
    "days": Decimal(1),
    "weeks": Decimal(7),
    "months": Decimal("30.4375"),
    "years": Decimal("365.25"),
}
"""Days in a unit of time: a month is a twelfth of a year of 365.25 days."""

PERCENT: dict[str, Decimal] = {"percent": Decimal(1), "fraction": Decimal(100)}
"""Percent in a unit of share."""

MAX_LENGTH = 40
"""No measured number is longer; it bounds the arithmetic."""

_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_COMMA = re.compile(r"[+-]?(\d+(,\d*)?|,\d+)", re.ASCII)
_ONE_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([., '’]\d{3})*[.,]\d+|[+-]?\d{1,3}([ '’]\d{3})+", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?\d+([.,]\d*)?[eE][+-]?\d+", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{1,2}(-\d{1,2}.*)?|\d{1,2}([./-])\d{1,2}\2\d{2,4}", re.ASCII)
_LIMIT = re.compile(r"([<>≤≥]|less than|more than|below|above)\s*=?\s*\d.*", re.IGNORECASE)
_RANGE = re.compile(r"\d+([.,]\d+)?\s*(-|–|to)\s*\d+([.,]\d+)?\s*%?", re.ASCII)
_ENDLESS = frozenset({"inf", "+inf", "-inf", "infinity", "-infinity", "∞", "-∞", "+∞"})


FEW = 2
"""So many values alike are no single odd one."""

CODE = 99.0
"""Percent, or a code for a missing value."""

GAP = 75.0
"""Percent: where 99 comes repeatedly and nothing else lies above this, it looks like a code."""

MIXED = 10
"""All fractions are so many times smaller than all percentages, where a column holds both."""

OFTEN_MISSING = frozenset({"999", "9999", "99999"})
"""Numbers that many files write for a missing value."""

_DOTTED = re.compile(r"[1-9]\d{0,2}(\.\d{3})+", re.ASCII)
_WHOLE = re.compile(r"\d+", re.ASCII)


class Fault(NamedTuple):
    """What is wrong with a cell.

    Attributes
    ----------
    what : str
        What is wrong.
    remedy : str
        What to do about it.
    """

    what: str
    remedy: str


def parse(text: str, decimal: str = ".", *, percent: bool = False) -> Decimal | Fault:
    """Understand a number in plain notation.

    Exponents, thousands separators, units and full-width digits are faults, not numbers: each of
    them is read differently by different programs.
    """
    text = without_sign(text) if percent else text
    pattern = _COMMA if decimal == "," else _PLAIN
    if len(text) <= MAX_LENGTH and pattern.fullmatch(text):
        return Decimal(text.replace(",", "."))
    return _fault(text, decimal)


def without_sign(text: str) -> str:
    """Take the sign of percent from a cell; such a cell is a percentage whatever others are."""
    return text[:-1].rstrip() if text.endswith("%") else text


def limit_or_range(text: str) -> Fault | None:
    """Recognise a limit (of detection, as ``<5``) or a range where one number is wanted."""
    if _LIMIT.fullmatch(text):
        what = "a limit (of detection, for example), not a number"
        return Fault(what, "Write the number that the study uses for it, or leave the cell empty")
    if _RANGE.fullmatch(text):
        what = "a range, not one number"
        return Fault(what, "Write one number, such as its middle, or leave the cell empty")
    return None


def _fault(text: str, decimal: str) -> Fault:
    if len(text) > MAX_LENGTH:
        return Fault("not a number", "Write a number, or leave the cell empty if unknown")
    if decimal == "," and _PLAIN.fullmatch(text):
        remedy = 'The mapping says decimal: ","; write all numbers of the column in one way'
        return Fault("a decimal point among decimal commas", remedy)
    if _ONE_COMMA.fullmatch(text):
        remedy = f'Write {text.replace(",", ".")}, or decimal: "," in the mapping file'
        return Fault("a comma, which may mark decimals or thousands", remedy)
    if _DATE.fullmatch(text):
        remedy = "In a mapping file, use dates: and since: to count the days between two dates"
        return Fault("a date where a number is wanted", remedy)
    if _THOUSANDS.fullmatch(text):
        return Fault("thousands separators", "Write plain digits with a decimal point, as 1234.5")
    if _SCIENTIFIC.fullmatch(text):
        return Fault("scientific notation", "Write plain digits with a decimal point")
    if text.casefold() in _ENDLESS:
        return Fault("not a finite number", "Leave the cell empty if unknown")
    if found := limit_or_range(text):
        return found
    if re.search(r"\d", text, re.ASCII):
        remedy = "Write the number alone; its unit belongs into the mapping file (unit: …)"
        return Fault("a number with something else", remedy)
    return Fault("not a number", "Write a number, or leave the cell empty if unknown")


def thousands(texts: Sequence[str], high: float) -> dict[str, Fault]:
    """Find numbers whose point may mark thousands, as in 1.095 beside 730."""
    dotted = {text for text in texts if _DOTTED.fullmatch(text)}
    others = {text for text in texts if text not in dotted and _PLAIN.fullmatch(text)}
    if not all(_WHOLE.fullmatch(text) for text in others):
        return {}
    # float, as int refuses thousands of digits
    if any(float(text.replace(".", "")) > high for text in dotted):
        return {}
    what = "a point that can be read in two ways: decimals or thousands"
    remedy = 'Write {}, or decimal: "." in a mapping file if the point marks decimals'
    return {text: Fault(what, remedy.format(text.replace(".", ""))) for text in dotted}


def missing_codes(texts: Sequence[str], *, in_days: bool) -> dict[str, Fault]:
    """Find times that look like codes for a missing value.

    A single 999 among longer times in days may be a time.
    """
    found = set(OFTEN_MISSING.intersection(texts))
    longer = any(_WHOLE.fullmatch(t) and float(t) > 999 and t not in OFTEN_MISSING for t in texts)
    if in_days and longer and texts.count("999") == 1:
        found.discard("999")
    remedy = (
        "Leave the cell empty, or write missing: [{0}] in a mapping file; if it is a time, "
        "write {0}.0"
    )
    what = "a time that looks like a code for missing"
    return {text: Fault(what, remedy.format(text)) for text in found}


def repeated_99(texts: Sequence[str], has_codes: bool) -> dict[str, Fault]:
    """Find percentages that look like codes for a missing value."""
    points = {text: text.replace(",", ".") for text in texts}
    numbers = {text: float(point) for text, point in points.items() if _PLAIN.fullmatch(point)}
    codes = [text for text in texts if numbers.get(text) == CODE]
    apart = all(n == CODE or n <= GAP for n in numbers.values())
    if len(codes) < FEW or not (apart or has_codes):
        return {}
    what = "99 comes repeatedly, as a code for missing would"
    remedy = (
        "Leave the cell empty, or write missing: [{0}] in a mapping file; if it is a percentage, "
        "write {0}%"
    )
    return {text: Fault(what, remedy.format(text)) for text in codes}


def plainly(value: Decimal, places: int = 6) -> str:
    """Write a number without exponent and without trailing zeros."""
    if -value.as_tuple().exponent > places:  # type: ignore[operator]  # finite by construction
        value = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def look_like_fractions(values: Iterable[Decimal]) -> bool:
    """Tell whether percentages may have been written as fractions."""
    known = list(values)
    return any(v > 0 for v in known) and all(v <= 1 for v in known)


def mixed_shares(values: Iterable[float]) -> Fault | None:
    """Tell whether a column mixes fractions and percentages."""
    known = sorted(v for v in values if v > 0)
    small, large = [v for v in known if v <= 1], [v for v in known if v > 1]
    if min(len(small), len(large)) < FEW or large[0] < MIXED * small[-1]:
        return None
    what = (
        f"some percentages are {small[-1]:g} or less, all others {large[0]:g} or more, as if "
        "fractions and percentages were mixed"
    )
    remedy = (
        "Write all of them as percentages (7 for 7 %); if they are, say “unit: percent” in a "
        "mapping file"
    )
    return Fault(what, remedy)


def fractions_fault(example: str) -> Fault:
    """Say that percentages look like fractions."""
    what = f"all percentages are 1 or less (such as {shown(example)}), as if they were fractions"
    return Fault(what, "Write unit: fraction or unit: percent in the mapping file")
