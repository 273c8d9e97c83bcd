"""Numbers and tables as readers see them, and when two texts of a file are the same.

One normalisation serves identifiers, groups and the words of a mapping, so that what looks the same
to a reader is the same to the book.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pandas as pd

NOT_AVAILABLE = "not available"
PLAIN_FORMATS = {
    "count": "{:.0f}",
    "statistic": "{:z.2f}",
    "percent of CD4": "{:.2f} % of CD4⁺ T cells",
}

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the start of a formula."""

MINUS = "\u2212"

DAYS_PER = {"days": 1.0, "months": 30.4375, "years": 365.25}


def is_missing(value: Any) -> bool:
    """Tell whether there is no value."""
    return value is None or bool(pd.isna(value))


def format_value(
    value: float | None,
    unit: str,
    time_unit: str = "days",
    *,
    whole: bool = False,
    since: float | None = None,
) -> str:
    """Format an estimate."""
    if is_missing(value) or value is None:
        return "not reached" if unit == "days" else NOT_AVAILABLE
    if math.isinf(value):
        return "∞"
    if unit == "fraction":
        return f"{rounded(100 * value, 1, 0, 100)} %"
    if unit == "days":
        whole_days = time_unit == "days" and value == round(value)
        decimals = 0 if whole_days or (whole and time_unit == "months") else 1
        text = f"{value / DAYS_PER[time_unit]:z.{decimals}f} {time_unit}"
        if is_missing(since) or since is None:
            return text.replace("-", MINUS)
        return f"{since / DAYS_PER[time_unit]:.{decimals}f} to {text}"
    if unit == "points":
        number = f"{100 * value:z.{0 if whole else 1}f}".replace("-", MINUS)
        return f"{number} percentage {'point' if number in ('1', f'{MINUS}1') else 'points'}"
    if unit == "ratio":
        return "<0.01" if 0 < value < 0.005 else rounded(value, 2, 1)
    if unit == "p":
        return _p_value(value)
    if unit in PLAIN_FORMATS:
        return PLAIN_FORMATS[unit].format(value)
    raise ValueError(f"no format for the unit {unit!r}")


MOST_DECIMALS = 6
ON_LIMIT = 1e-9
"""A value this close to a limit is on it: arithmetic knows no better."""


def rounded(value: float, decimals: int, *limits: float) -> str:
    """Round, but never onto or across a limit that the value is not on."""
    for limit in limits:
        if abs(value - limit) <= ON_LIMIT:
            return f"{limit:.{decimals}f}"
    for places in range(decimals, MOST_DECIMALS + 1):
        shown = f"{value:.{places}f}"
        if all((value < limit) == (float(shown) < limit) and float(shown) != limit
               for limit in limits):  # fmt: skip
            return shown
    limit = min(limits, key=lambda each: abs(value - each))
    return f"{'<' if value < limit else '>'}{limit:g}"


LEVELS = (0.001, 0.01, 0.05, 0.1)
"""Levels at which p-values are read."""


def _p_value(value: float) -> str:
    if value < 0.001:
        return "p < 0.001"
    if 0.995 <= value < 1:
        return "p > 0.99"
    text = rounded(value, 2 if value >= 0.1 else 3, *LEVELS)
    return f"p {text[0]} {text[1:]}" if text[0] in "<>" else f"p = {text}"


def format_power(power: float) -> str:
    """Format the power of a test, which needs no decimals but is never 100 %."""
    return "over 99 %" if power >= 0.995 else f"{100 * power:.0f} %"


def format_interval(
    lower: float | None,
    upper: float | None,
    unit: str,
    time_unit: str = "days",
    *,
    whole: bool = False,
) -> str:
    """Format an interval."""
    if is_missing(lower) and is_missing(upper):
        return "no interval"
    low, high = (format_value(b, unit, time_unit, whole=whole) for b in (lower, upper))
    said = {"days": f" {time_unit}", "points": " percentage points"}.get(unit)
    if said and not (is_missing(lower) or is_missing(upper)):
        low = low.removesuffix(said)
    return f"{low} to {high}"


@dataclass(frozen=True)
class Number:
    """A result handed over once, formatted once."""

    id: str
    value: float | None  # a fraction, days, a count or a ratio, as the limits are
    unit: str
    method: str
    evidence: str  # P, D, A or "your data"
    lower: float | None = None
    upper: float | None = None
    n: int | None = None
    events: int | None = None
    reason: str = ""  # why there is no value, as a sentence
    time_unit: str = field(default="days", repr=False)
    confidence: float = field(default=0.95, repr=False)
    # no more digits in the record than readers see: they would tell small counts
    coarse: bool = field(default=False, repr=False)
    since: float | None = None  # where the stretch begins of a time told by the month
    group: str = field(default="", repr=False)
    reference: str = field(default="", repr=False)  # of a ratio: against which group

    @property
    def text(self) -> str:
        """The estimate with its unit."""
        if self.reason:
            return NOT_AVAILABLE
        return format_value(
            self.value, self.unit, self.time_unit, whole=self._is_whole, since=self.since
        )

    @property
    def _is_whole(self) -> bool:
        """Whether no decimals are told: of a time told by the month, and of points."""
        return self.coarse and (self.unit == "points" or not is_missing(self.since))

    @property
    def ci(self) -> str:
        """The interval with its coverage."""
        if self.reason:
            return NOT_AVAILABLE
        if is_missing(self.lower) and is_missing(self.upper):
            is_sure = self.unit == "fraction" and self.value in (0, 1)
            why = " can be given where nobody or everybody had the event" if is_sure else ""
            return f"no interval{why}"
        interval = format_interval(
            self.lower, self.upper, self.unit, self.time_unit, whole=self._is_whole
        )
        return f"{100 * self.confidence:g} % CI {interval}"

    @property
    def of(self) -> str:
        """The events and patients."""
        return NOT_AVAILABLE if self.events is None else f"{self.events} of {self.n}"

    @property
    def of_100(self) -> str:
        """A fraction as patients out of 100."""
        if self.reason or self.value is None:
            return NOT_AVAILABLE
        return f"{rounded(100 * self.value, 0, 0, 100)} of 100"

    @property
    def contrast(self) -> str:
        """Of a ratio: which group against which."""
        return f"{self.group} against {self.reference}" if self.reference else ""

    def bound(self, limit: float | None) -> str:
        """Show a limit of the interval."""
        return format_value(limit, self.unit, self.time_unit, whole=self._is_whole)

    def __format__(self, spec: str) -> str:
        """Show the estimate in a sentence."""
        return self.text

    def record(self, chapter: str) -> dict[str, Any]:
        """Give the entry of ``results.json``."""
        bounded = not (is_missing(self.lower) and is_missing(self.upper))
        text = f"{self.text} ({self.ci})" if bounded and not self.reason else self.text
        return {
            "id": self.id,
            "chapter": chapter,
            "value": _plain(self.value, self.unit, self.coarse),
            "lower": _plain(self.lower, self.unit, self.coarse),
            "upper": _plain(self.upper, self.unit, self.coarse),
            "unit": "% of CD4⁺ T cells" if self.unit == "percent of CD4" else self.unit,
            "method": self.method,
            "evidence": self.evidence,
            "text": f"{text}: {self.reason}" if self.reason else text,
        }


LIMITS: dict[str, tuple[float, ...]] = {"fraction": (0, 1), "p": (*LEVELS, 1), "ratio": (1,)}
SEEN = {"fraction": 3, "points": 3, "p": 4, "days": 1}
"""Decimals that readers see, or one more; of anything else two."""


def _plain(value: float | None, unit: str, coarse: bool) -> float | int | None:
    """Make a JSON number; nine digits are more than anyone reads and equal on every machine.

    Times keep one decimal of a day: a median is some patient's own time, which need not be known
    to the minute.
    """
    if value is None or is_missing(value) or abs(value) == float("inf"):
        return None
    if coarse or unit == "days":
        number = float(rounded(float(value), SEEN.get(unit, 2), *LIMITS.get(unit, ())).lstrip("<>"))
    else:
        number = float(f"{value:.9g}")
    return int(number) if number == int(number) and abs(number) < 1e15 else number


def html_table(rows: Sequence[Mapping[str, Any]], caption: str) -> str:
    """Write an accessible table; every cell's text is escaped."""
    headings = list(rows[0]) if rows else []
    head = "".join(f'<th scope="col">{html.escape(h)}</th>' for h in headings)
    body = []
    for row in rows:
        cells = [html.escape(str(row[h])) for h in headings]
        first = f'<th scope="row">{cells[0]}</th>'
        body.append(f"<tr>{first}{''.join(f'<td>{c}</td>' for c in cells[1:])}</tr>")
    return (
        f'<div class="cart-table" role="region" tabindex="0" aria-label="{html.escape(caption)}">'
        f'<table class="table"><caption>{html.escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def html_sentence(text: str) -> str:
    """Escape a sentence for HTML, keeping `code` in backticks."""
    parts = html.escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(parts))


def each_row(table: pd.DataFrame) -> Iterator[Any]:
    """Go through a table's rows; columns are attributes."""
    yield from table.itertuples()


# --- when two texts are the same ---------------------------------------------------------------

UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""Marks and fillers that take no ink, beside all that Unicode itself calls not printable."""

HYPHENS = re.compile("[\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]")
"""Hyphens, dashes and the minus sign, which programs put for one another."""

LOOK_ALIKES = dict(
    zip(
        "АВЕЗКМНОРСТУХІЈЅԌԚԜаеорсухіјѕһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοιν",
        "ABE3KMHOPCTYXIJSGQWaeopcyxijshdqwABEZHIKMNOPTYXoiv",
        strict=True,
    )
)
"""Cyrillic and Greek letters, and the sign of our alphabet that looks the same."""

LETTERS = "is written with letters of another alphabet that look the same"
"""What is said of Latin C and Cyrillic С."""

_TO_LATIN = str.maketrans(LOOK_ALIKES)
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_WHOLE = re.compile(r"(\d+)\.0+")


def visible(text: str) -> str:
    """Leave out what a reader cannot see, such as signs that turn the direction of text."""
    text = text if text.isascii() else UNSEEN.sub("", text)
    if text.isprintable():
        return text
    plain = ("" if not c.isprintable() and not c.isspace() else c for c in text)
    return "".join(" " if c.isspace() else c for c in plain).strip()


@lru_cache(maxsize=2**14)
def fold(text: str) -> str:
    """Write text so that case, width, blanks, kinds of hyphen and the unseen no longer count."""
    if not text.isascii():
        # letters with accents have one form again after the change of case
        text = unicodedata.normalize("NFKC", HYPHENS.sub("-", unicodedata.normalize("NFKC", text)))
        return " ".join(unicodedata.normalize("NFKC", visible(text).casefold()).split())
    return " ".join(visible(text).casefold().split())


def same_id(text: str) -> str:
    """Write an identifier so that leading zeros and a decimal ``.0`` no longer count either."""
    bare = fold(text).replace(" ", "")
    whole = _WHOLE.fullmatch(bare)  # what a spreadsheet makes of 1
    return _ZEROS.sub("", whole[1] if whole else bare)


_DECIMALS = re.compile(r"([+-]?\d+)[.,]0+", re.ASCII)


def same_code(text: str) -> str:
    """Write a code so that a decimal ``.0`` no longer counts, which programs add to -9."""
    bare = fold(text)
    whole = _DECIMALS.fullmatch(bare)
    return whole[1] if whole else bare


def look(text: str) -> str:
    """Write Cyrillic and Greek letters as those of our alphabet that look the same."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_TO_LATIN)


# --- order -------------------------------------------------------------------------------------

SCALES = tuple(
    {word: rank for rank, words in enumerate(scale.split()) for word in words.split("|")}
    for scale in (
        "very-low low|lower|niedrig|faible|低 "
        "intermediate|medium|moderate|middle|mid|standard|average|normal|mittel|moyen|中 "
        "high|higher|hoch|élevé|高 very-high",
        "none|no|absent|never|keine minimal mild|slight|light moderate severe|marked "
        "life-threatening fatal|death",
        "first second third fourth fifth",
        "small medium|middle large",
        "early intermediate late|advanced",
        "worst poor fair good excellent|best",
    )
)
"""Ordered words, and the place of each."""

ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
"""Figures of grades and stages."""

STEP = re.compile(r"(x|ix|iv|v?i{0,3})([a-d]?)")
"""A grade or stage in Roman figures, as IIb."""

NUMBER = re.compile(r"(\d+(?:\.\d+)?)", re.ASCII)
PLAIN = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_BELOW = re.compile(r"^\s*([<≤])\s*|^(under|below|up to)\s+", re.IGNORECASE)
_ABOVE = re.compile(r"^\s*([>≥])\s*|^(over|above)\s+", re.IGNORECASE)


def in_order(labels: Iterable[str]) -> list[str]:
    """Sort groups as a reader would: numbers by number, ordered words by order, else by text."""
    known = list(labels)
    words = {label: fold(label).replace("very ", "very-").split() for label in known}
    shared = set.intersection(*map(set, words.values())) if len(words) > 1 else set()
    # what is left of "grade I" and "grade II" beside what they share
    rest = {label: " ".join(w for w in found if w not in shared) for label, found in words.items()}
    for scale in SCALES:
        if all(word in scale for word in rest.values()):
            return sorted(known, key=lambda label: (scale[rest[label]], label))
    if all(PLAIN.fullmatch(label) for label in known):
        return sorted(known, key=float)
    found = {label: STEP.fullmatch(word) for label, word in rest.items()}
    steps = {label: (ROMAN.index(m[1]), m[2]) for label, m in found.items() if m and m[1]}
    return sorted(known, key=steps.__getitem__ if len(steps) == len(rest) else _natural)


def _natural(label: str) -> tuple[tuple[str, float, int], ...]:
    """Give a key by which numbers in a text count as numbers, "<18" below "18-39"."""
    side = -1 if _BELOW.match(label) else 1 if _ABOVE.match(label) else 0
    parts = NUMBER.split(_ABOVE.sub("", _BELOW.sub("", label)) if side else label)
    pairs = zip(parts[::2], [*parts[1::2], ""], strict=True)
    return tuple((text, float(number or -1), side) for text, number in pairs)


def badge(letter: str) -> str:
    """Write an evidence letter as it stands behind a sentence."""
    style = f"cart-letter-{letter.lower().replace(' ', '-')}"
    return f'\N{NO-BREAK SPACE}<span class="cart-letter {style}">{html.escape(letter)}</span>'
