"""What a cell means: one grammar of numbers, levels, grades, events and groups for every file."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from cartanalysis.contract import FIELDS, Field
from cartanalysis.errors import shown
from cartanalysis.intake.source import filled, is_empty
from cartanalysis.intake.words import WORDS, expression
from cartanalysis.text import LETTERS, fold, look, same_code, visible


class Fault(NamedTuple):
    """What is wrong with a cell or column, and what to do about it."""

    what: str
    remedy: str
    read: str = ""  # a value that cannot be right, for what other columns say against it


MOSTLY = 0.6  # a column holds numbers or dates if this share of its filled cells does
SAMPLE = 500  # so many filled cells are looked at to tell


def are_mostly(cells: Sequence[str], fits: Callable[[str], bool]) -> bool:
    """Tell whether most filled cells of a column fit."""
    sample = filled(cells)[:SAMPLE]
    return bool(sample) and sum(map(fits, sample)) >= MOSTLY * len(sample)


def holds_numbers(cells: Sequence[str]) -> bool:
    """Tell whether a column mostly holds numbers."""
    return are_mostly(cells, lambda text: isinstance(number(FIELDS["os_days"], text), str))


# --- numbers -------------------------------------------------------------------------------------

DAYS: dict[str, Decimal] = {
    "days": Decimal(1),
    "weeks": Decimal(7),
    "months": Decimal("30.4375"),
    "years": Decimal("365.25"),
}
"""Days in a unit of time: a month is a twelfth of a year of 365.25 days."""

PERCENT: dict[str, Decimal] = {"percent": Decimal(1), "fraction": Decimal(100)}
"""Percent in a unit of share."""

UNITS = DAYS | PERCENT

MAX_LENGTH = 40  # no measured number is longer; it bounds the arithmetic

PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
"""A number in plain notation; full-width digits, exponents and units are none."""

COMMA = re.compile(r"[+-]?(\d+(,\d*)?|,\d+)", re.ASCII)
DECIMAL = re.compile(r"[.,]")
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+", re.ASCII)
DOTTED = re.compile(r"[1-9]\d{0,2}(\.\d{3})+", re.ASCII)
WHOLE = re.compile(r"\d+", re.ASCII)
SHARE = re.compile(r"\+?(\d+([.,]\d*)?|[.,]\d+)", re.ASCII)  # decimal comma included

NO_NUMBERS = [
    (re.compile(expression(said["is"]), re.ASCII | re.IGNORECASE), said)
    for said in WORDS["no_numbers"]
]
"""What texts that are no numbers look like, with what is said of them."""


def number(spec: Field, text: str, decimal: str = ".") -> str | Fault:
    """Write a number plainly, a sign of percent left out, or say what the text is instead."""
    bare = without_sign(text) if spec.unit.startswith("%") else text
    pattern = COMMA if decimal == "," else PLAIN
    if len(bare) <= MAX_LENGTH and pattern.fullmatch(bare):
        return bare.replace(",", ".")
    if decimal == "," and PLAIN.fullmatch(bare):
        remedy = 'The mapping says decimal: ","; write all numbers of the column in one way'
        return Fault("a decimal point among decimal commas", remedy)
    for pattern, said in NO_NUMBERS:
        if said.get("unit", spec.unit) == spec.unit and pattern.fullmatch(text):
            return Fault(said["what"], said["remedy"].format(allowed=spec.allowed))
    return Fault("not a number", f"Write {spec.allowed}; leave the cell empty if unknown")


def without_sign(text: str) -> str:
    """Take the sign of percent from a cell; such a cell is a percentage whatever others are."""
    return text[:-1].rstrip() if text.endswith("%") else text


_YEARS = "|".join(sorted(map(re.escape, WORDS["units"]["years"]), key=len, reverse=True))
_IN_YEARS = re.compile(rf"(\d{{1,3}})\s*(?:{_YEARS})\.?", re.IGNORECASE | re.ASCII)


def without_years(spec: Field, text: str) -> str:
    """Take the word for years from an age, as in 12岁."""
    found = _IN_YEARS.fullmatch(text) if spec.unit == "years" else None
    return found[1] if found else text


def decimal_of(spec: Field, cells: Iterable[str]) -> str:
    """Tell whether commas in a column can only be decimal ones."""
    bare = [without_sign(c) for c in cells] if spec.unit.startswith("%") else list(cells)
    with_comma = [c for c in bare if "," in c]
    is_comma = (
        bool(with_comma)
        and all(DECIMAL_COMMA.fullmatch(c) for c in with_comma)
        and not all(THOUSANDS.fullmatch(c) for c in with_comma)
        and not any("." in c for c in bare)
    )
    return "," if is_comma else "."


def plainly(value: Decimal, places: int = 6) -> str:
    """Write a number without exponent and without trailing zeros."""
    if -value.as_tuple().exponent > places:  # type: ignore[operator]  # finite by construction
        value = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


# --- numbers that may have been written as something else ----------------------------------------

FEW = 2  # so many values alike are no single odd one
CODE = 99.0  # percent, or a code for a missing value
NINES = "99"  # the same in times and ages
OLD = 89.0  # years

GAP = 75.0  # percent, or time; repeated 99s with nothing else above this look like codes
MIXED = 10  # fractions are so many times smaller than the percentages beside them
OFTEN_MISSING = frozenset({"999", "9999", "99999"})  # as many files write a missing value
AROUND = (*range(994, 999), *range(1000, 1005))
OFTEN = 4  # times as many as on the days around look like a code

SIGNS_OF_MISSING = OFTEN_MISSING | {"-1", "-9", "-99", "-999", "99", "-88", "888"}
"""Numbers that stand for a missing value where they are impossible."""


def thousands(texts: Sequence[str], high: float) -> dict[str, Fault]:
    """Find numbers whose point may mark thousands, as in 1.095 beside 730."""
    dotted = {text for text in texts if DOTTED.fullmatch(text)}
    others = {text for text in texts if text not in dotted and PLAIN.fullmatch(text)}
    if not all(WHOLE.fullmatch(text) for text in others):
        return {}
    # float, as int refuses thousands of digits
    if any(float(text.replace(".", "")) > high for text in dotted):
        return {}
    what = "a point that can be read in two ways: decimals or thousands"
    remedy = 'Write {}, or decimal: "." in a mapping file if the point marks decimals'
    return {text: Fault(what, remedy.format(text.replace(".", ""))) for text in dotted}


def missing_codes(
    spec: Field, texts: Sequence[str], factor: Decimal = Decimal(1), known: Collection[str] = ()
) -> dict[str, Fault]:
    """Find times and ages that look like codes for missing, such as those ``known`` elsewhere.

    One 999 among longer times in days may be a time, and of very many patients as many as those
    with the days around it.
    """
    is_age = spec.unit == "years"
    # where all have decimals, 999.0 says no more than 999
    are_decimal = all(DECIMAL.search(text) for text in texts)
    codes = {text: same_code(text) if are_decimal else text for text in texts}
    signs = {NINES} if is_age else OFTEN_MISSING | {NINES}
    plain = (t.replace(",", ".") for t in texts if codes[t] not in signs)
    rest = [float(text) for text in plain if PLAIN.fullmatch(text)]
    counts = Counter(codes[text] for text in texts)
    found = {NINES} if is_age else SIGNS_OF_MISSING
    found = {*found}.intersection({*known}, counts) | (signs - {NINES}).intersection(counts)
    if counts[NINES] >= FEW and all(n <= (OLD if is_age else GAP) for n in rest):
        found.add(NINES)
    around = sum(counts[str(day)] for day in AROUND)
    usual = counts["999"] == 1 or len(AROUND) <= around >= counts["999"] / OFTEN * len(AROUND)
    if factor == 1 and usual and "999" not in known and any(n > 999 for n in rest):
        found.discard("999")
    one = "an age" if is_age else "a time"
    remedy = f"Leave the cell empty, or write missing: [{{0}}] in a mapping file; if it is {one}, "
    remedy += "write " if are_decimal else "write {0}.0, or "
    remedy += 'values: {{"{0}": {1}}} there'
    what = f"{one} that looks like a code for missing"
    told = {t: plainly(Decimal(c) * factor) for t, c in codes.items() if c in found}
    return {text: Fault(what, remedy.format(codes[text], ours)) for text, ours in told.items()}


def repeated_99(texts: Sequence[str], has_codes: bool) -> dict[str, Fault]:
    """Find percentages that look like codes for a missing value."""
    points = {text: text.replace(",", ".") for text in texts}
    numbers = {text: float(point) for text, point in points.items() if PLAIN.fullmatch(point)}
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


def are_fractions(shares: Collection[Decimal] | Collection[float]) -> bool:
    """Tell whether percentages may have been written as fractions."""
    return any(v > 0 for v in shares) and all(v <= 1 for v in shares)


def other_shares(texts: Iterable[str]) -> Fault | None:
    """Find percentages of which all or some may be fractions; with a sign of percent, none is."""
    known = sorted(float(t.replace(",", ".")) for t in texts if SHARE.fullmatch(t))
    if are_fractions(known):
        what = f"every value is {known[-1]:g} or less: fractions where percentages are meant"
        remedy = (
            "Multiply them by 100, or say “unit: fraction” in a mapping file; if they are "
            "percentages, “unit: percent”"
        )
        return Fault(what, remedy)
    small, large = [v for v in known if 0 < v <= 1], [v for v in known if v > 1]
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


# --- levels, grades, events ----------------------------------------------------------------------

WHOLE_WITH_COMMA = re.compile(r"\d+,0+", re.ASCII)
GRADE = re.compile(r"(?:grade|grad|gr\.?|g)\s*([0-5]|i{1,3}|iv|v)", re.IGNORECASE)
MEASURED = re.compile(
    r"[<>≤≥]\s*=?\s*\d+([.,]\d+)?(e-?\d+)?\s*%?|\d+([.,]\d+)?(\s*%|e-\d+)", re.IGNORECASE
)


def code(spec: Field, text: str) -> str | Fault:
    """Read a level, grade or event that nothing translates."""
    if look(text) != text and (level := level_of(spec, look(text))) is not None:
        return Fault(f"the level {LETTERS}", f"Type {level} again")
    value = _as_ours(spec, text)
    if spec.kind == "level" and MEASURED.fullmatch(text):
        what = f"a measured value, where a level is wanted ({', '.join(spec.levels)})"
        remedy = (
            "Decide by the threshold of the assay: rules: with tests such as {below: 0.01}, or "
            f'levels: {{"{text}": …}}, in a mapping file'
        )
        return Fault(what, remedy)
    if spec.kind == "level" or (PLAIN.fullmatch(value) and len(value) <= MAX_LENGTH):
        return value if spec.holds(value) else Fault(*spec.unfit, value)
    if spec.kind == "event":
        remedy = f"Write {spec.allowed}: {spec.meaning}"
        return Fault("not an event code (not a number)", remedy)
    if re.search(r"[≥≤<>/-]|or", text):
        return Fault("not one grade", f"Write {spec.allowed}: the highest grade that was seen")
    return Fault("not a number", f"Write {spec.allowed}; leave the cell empty if unknown")


def _as_ours(spec: Field, text: str) -> str:
    """Give the value that a text stands for if nothing is translated."""
    if spec.kind == "level":
        levels = {level.casefold(): level for level in spec.levels}
        return levels.get(fold(text)) or spec.spellings.get(fold(text)) or text
    # full-width digits are no plain numbers
    folded = _in_case(text)
    if spec.kind == "grade" and (found := GRADE.fullmatch(folded)):
        folded = found.group(1)
    if folded in spec.spellings:
        return spec.spellings[folded]
    if WHOLE_WITH_COMMA.fullmatch(folded):  # 1,0 as a spreadsheet with decimal commas writes 1
        folded = folded.partition(",")[0]
    return folded if PLAIN.fullmatch(folded) else text


def level_of(spec: Field, text: str) -> str | None:
    """Give our level, grade or event code for a text, if it has one without a translation."""
    if spec.kind not in ("level", "grade", "event"):
        return None
    value = _as_ours(spec, text)
    if spec.kind == "level":
        return value if value in spec.levels else None
    if not PLAIN.fullmatch(value) or not spec.holds(value):
        return None
    return f"{float(value):g}"


# --- groups, and what was understood other than as written ---------------------------------------


def groups(name: str, cells: Sequence[str], notes: list[str]) -> list[str]:
    """Read groups as first spelt; what cannot be seen would turn a page, and is left out."""
    seen = [visible(text) for text in cells]
    if any(len(text) != len(clean) for text, clean in zip(cells, seen, strict=True)):
        notes.append(f"Column {name}: invisible characters were left out.")
    made = [unicodedata.normalize("NFC", text) for text in seen]
    if made != seen:
        notes.append(f"Column {name}: letters with accents were stored in two ways.")
    first: dict[str, str] = {}
    read_as = {text: "" if is_empty(text) else first.setdefault(fold(text), text) for text in made}
    notes += spelling_notes(name, read_as)
    return [read_as[text] for text in made]


def spelling_notes(name: str, read_as: Mapping[str, str]) -> list[str]:
    """Tell what was understood other than as written; an empty text was read as missing."""
    notes = []
    missing = [text for text, value in read_as.items() if text and not value]
    other = {t: v for t, v in read_as.items() if v and v != t}
    respelt = {text: value for text, value in other.items() if fold(text) != fold(value)}
    alike = {t: v for t, v in other.items() if t not in respelt}
    if any(_in_case(text) == _in_case(value) for text, value in alike.items()):
        notes.append(f"Column {name}: upper and lower case were not told apart.")
    if any(_in_case(text) != _in_case(value) for text, value in alike.items()):
        notes.append(f"Column {name}: kinds of hyphens and letters were not told apart.")
    if any(text.endswith("%") for text in respelt):
        notes.append(f"Column {name}: the sign of percent was left out.")
        respelt = {t: v for t, v in respelt.items() if not t.endswith("%")}
    if any("," in text for text in respelt):
        notes.append(f"Column {name}: the comma was read as a decimal point.")
        respelt = {t: v for t, v in respelt.items() if "," not in t}
    if respelt:
        told = ", ".join(f"{shown(t)} as {v}" for t, v in sorted(respelt.items())[:6])
        notes.append(f"Column {name}: read {told}.")
    notes += [f"Column {name}: {shown(text)} was read as missing." for text in sorted(missing)]
    return notes


def _in_case(text: str) -> str:
    return " ".join(text.casefold().split())
