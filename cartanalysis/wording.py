"""When two texts of a file are the same, and in which order they come.

One normalisation serves identifiers, groups and the words of a mapping, so that what looks the same
to a reader is the same to the book.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

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
    """Leave out what a reader cannot see, such as signs that turn the direction of text.

    Parameters
    ----------
    text : str
        A cell.

    Returns
    -------
    str
        Printable characters; every kind of blank is an ordinary one.
    """
    text = text if text.isascii() else UNSEEN.sub("", text)
    if text.isprintable():
        return text
    plain = ("" if not c.isprintable() and not c.isspace() else c for c in text)
    return "".join(" " if c.isspace() else c for c in plain).strip()


def fold(text: str) -> str:
    """Write text so that case, width, blanks, kinds of hyphen and the unseen no longer count.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Its folded form.
    """
    if not text.isascii():
        # letters with accents have one form again after the change of case
        text = unicodedata.normalize("NFKC", HYPHENS.sub("-", unicodedata.normalize("NFKC", text)))
        return " ".join(unicodedata.normalize("NFKC", visible(text).casefold()).split())
    return " ".join(visible(text).casefold().split())


def same_id(text: str) -> str:
    """Write an identifier so that leading zeros and a decimal ``.0`` no longer count either.

    Parameters
    ----------
    text : str
        An identifier.

    Returns
    -------
    str
        Equal for identifiers that are likely the same patient.
    """
    bare = fold(text).replace(" ", "")
    whole = _WHOLE.fullmatch(bare)  # what a spreadsheet makes of 1
    return _ZEROS.sub("", whole[1] if whole else bare)


def look(text: str) -> str:
    """Write Cyrillic and Greek letters as those of our alphabet that look the same.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Equal for texts that a reader cannot tell apart.
    """
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
    """Sort groups as a reader would: numbers by number, ordered words by order, else by text.

    Parameters
    ----------
    labels : iterable of str
        Different names of groups.

    Returns
    -------
    list of str
        Sorted: ``1, 2, 10``; ``low, medium, high``; ``grade I, grade II, grade IV``.
    """
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
    steps = {label: STEP.fullmatch(word) for label, word in rest.items()}
    if all(step and step[1] in ROMAN for step in steps.values()):
        return sorted(known, key=lambda label: _step(steps[label]))
    return sorted(known, key=_natural)


def _step(found: re.Match[str] | None) -> tuple[int, str]:
    return (ROMAN.index(found[1]), found[2]) if found else (0, "")


def _natural(label: str) -> tuple[tuple[str, float, int], ...]:
    """Give a key by which numbers in a text count as numbers, "<18" below "18-39"."""
    side = -1 if _BELOW.match(label) else 1 if _ABOVE.match(label) else 0
    parts = NUMBER.split(_ABOVE.sub("", _BELOW.sub("", label)) if side else label)
    pairs = zip(parts[::2], [*parts[1::2], ""], strict=True)
    return tuple((text, float(number or -1), side) for text, number in pairs)
