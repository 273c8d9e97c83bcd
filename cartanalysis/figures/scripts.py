"""Drawing names in any script: fonts that have their letters, and text as text in an SVG.

The book's own fonts end up as outlines, the same on every machine.  A name whose letters they lack,
or whose letters join or run from right to left, is kept as text, which a browser shapes.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from cartanalysis.figures.style import OWN

NO_FONT = (
    " Some names are written in letters for which this computer has no font: where a program does "
    "not bring its own, boxes stand for them."
)


@cache
def _letters(path: str) -> frozenset[str]:
    return frozenset(map(chr, FT2Font(path).get_charmap()))


def _is_shaped(letter: str) -> bool:
    """Tell whether a letter's form or place depends on its neighbours."""
    is_mark = unicodedata.category(letter) in ("Mn", "Mc")
    return is_mark or unicodedata.bidirectional(letter) in ("R", "AL")


def fit_fonts(picture: Figure) -> tuple[str, str]:
    """Change the texts of a figure so that their fonts have their letters.

    Returns
    -------
    tuple of str
        How an SVG should hold text (matplotlib's ``svg.fonttype``), and a note if no installed font
        has some letters, else an empty text.
    """
    own = frozenset("\n").union(*(_letters(font_manager.findfont(family)) for family in OWN))
    texts = [
        text
        for text in picture.findobj(Text)
        if any(c not in own or _is_shaped(c) for c in text.get_text())
    ]
    if not texts:
        return "path", ""
    lacking = {c for text in texts for c in text.get_text()} - own
    families = [*OWN]
    for font in sorted(font_manager.fontManager.ttflist, key=_plainest):
        if not lacking:
            break
        if lacking & (has := _letters(font.fname)):
            families.append(font.name)
            lacking -= has
    for text in texts:
        text.set_fontfamily([*families, "sans-serif"])
    return "none", NO_FONT if lacking else ""


def _plainest(font: font_manager.FontEntry) -> tuple[bool, bool, bool, str]:
    return ("Sans" not in font.name, font.style != "normal", font.weight != 400, font.name)
