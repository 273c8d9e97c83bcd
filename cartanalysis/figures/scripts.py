"""Drawing names in any script: fonts that have their letters, and text as text in an SVG.

The book's own fonts end up as outlines, the same on every machine.  A name whose letters they lack,
or whose letters join or run from right to left, is kept as text, which a browser shapes.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.patheffects import Normal
from matplotlib.text import Text

from cartanalysis.figures.style import OWN

NO_FONT = (
    " Some names are written in letters for which this computer has no font: where a program does "
    "not bring its own, boxes stand for them."
)


def _fonts() -> list[font_manager.FontEntry]:
    """List the fonts of this computer; matplotlib's last resort has a box for every letter."""
    return [f for f in font_manager.fontManager.ttflist if not f.name.startswith("Last Resort")]


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

    def is_foreign(text: Text) -> bool:
        """Tell whether a text has letters that the book's own fonts cannot write."""
        return any(c not in own or _is_shaped(c) for c in text.get_text())

    for ax in picture.axes:
        for text in [t for t in ax.texts if is_foreign(t)]:
            _split(ax, text)
    texts = list(filter(is_foreign, picture.findobj(Text)))
    if not texts:
        return "path", ""
    lacking = {c for text in texts for c in text.get_text()} - own
    families = [*OWN]
    for font in sorted(_fonts(), key=_plainest):
        if not lacking:
            break
        if lacking & (has := _letters(font.fname)):
            families.append(font.name)
            lacking -= has
    for text in picture.findobj(Text):
        if text in texts:
            text.set_fontfamily([*families, "sans-serif"])
        else:  # outlines all the same: what has an effect is drawn so
            text.set_path_effects([Normal(), *text.get_path_effects()])
    return "none", NO_FONT if lacking else ""


def _split(ax: Axes, text: Text) -> None:
    """Make each line a text of its own, in its place, so that a name moves no other line."""
    lines = text.get_text().split("\n")
    is_plain = type(text) is Text and text.get_bbox_patch() is None and not text.get_rotation()
    if len(lines) == 1 or not is_plain:
        return
    box, to_data = text.get_window_extent(), text.get_transform().inverted()
    across = {"left": box.x0, "center": (box.x0 + box.x1) / 2, "right": box.x1}
    x = across[str(text.get_horizontalalignment())]
    for i, line in enumerate(lines):
        place = to_data.transform((x, box.y1 - i * box.height / len(lines)))
        one = Text(place[0], place[1], line)
        one.update_from(text)
        one.set_verticalalignment("top")
        ax.add_artist(one)
    text.remove()


def _plainest(font: font_manager.FontEntry) -> tuple[bool, bool, bool, str]:
    return ("Sans" not in font.name, font.style != "normal", font.weight != 400, font.name)
