"""One look for the whole book: sizes, type, and one meaning per colour (Okabe–Ito palette)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, PercentFormatter
from matplotlib.transforms import Bbox

WIDTH = 4.6
"""Inches; at 360 px on a phone 11-point type is then nearly 11 px high."""

TEXT, SMALL = 11.5, 11
"""Sizes of type, in points."""

OWN = ("Source Sans 3", "DejaVu Sans")
"""The book's family, which its pages use as well, and what has the letters that it lacks."""

_FILES = sorted((Path(__file__).parent / "fonts").glob("*.ttf"))

REFERENCE, RISK, BETWEEN = "#0072B2", "#D55E00", "#009E73"
INK, MUTED, HAIRLINE = "#222222", "#595959", "#c8c8c8"
PUBLISHED = "#7B3294"

COLOURS = {
    "all patients": INK,
    "overall survival": "#0072B2",
    "relapse-free survival": "#CC79A7",
    **dict.fromkeys(["none", "low", "standard", "remission"], REFERENCE),
    "cns": BETWEEN,
    **dict.fromkeys(["other", "any", "high", "no remission"], RISK),
    "no remission yet": "#bdbdbd",
    "in remission": REFERENCE,
    "transplanted in remission": BETWEEN,
    **dict.fromkeys(["relapse", "after relapse"], RISK),
    **dict.fromkeys(["death in remission", "dead"], "#3d3d3d"),
    "cause not recorded": "#8c8c8c",
}
SPARE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
DASHES: list[object] = ["-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2))]
GRADES = ["#d9d9d9", "#fee3b0", "#fdc07a", "#f0993e", "#b5530d", "#5c2300"]
"""Colour of each grade, from none in grey to the worst in the darkest."""

RC: dict[Any, Any] = {
    "font.family": [*OWN, "sans-serif"],  # by name: of a generic family only the first is tried
    "font.sans-serif": list(OWN),  # one ships with this package, the other with matplotlib
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "svg.hashsalt": "cartanalysis",  # the same bytes at every run
    "svg.fonttype": "path",
    "text.parse_math": False,  # a label with $ in it is text, not a formula
}


def use() -> None:
    """Set the book's style for everything drawn from now on."""
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for path in map(str, _FILES):
        if path not in known:
            font_manager.fontManager.addfont(path)
    sns.set_theme(style="ticks", context="paper")
    mpl.rcParams.update(RC)


def axes(ax: Axes | None, height: float) -> Axes:
    """Give the axes to draw on, in a new figure of a height in inches if the caller has none.

    Returns
    -------
    matplotlib.axes.Axes
        What the caller passed, or the axes of a new figure of the book's width.
    """
    if ax is not None:
        return ax
    return plt.subplots(figsize=(WIDTH, height), layout="constrained")[1]


def legend(ax: Axes, columns: int, handles: Sequence[Any] | None = None, **how: Any) -> None:
    """Put a legend above the axes."""
    options: dict[str, Any] = {
        "loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "borderaxespad": 0.2,
        "frameon": False, "handlelength": 1.6, "columnspacing": 1.2, **how,
    }  # fmt: skip
    if handles is not None:
        options["handles"] = handles
    ax.legend(ncols=columns, **options)


def share_axis(axis: Axis) -> None:
    """Label an axis of fractions in per cent."""
    axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))


RATIOS = (0.02, 50.0)
"""Bounds of an axis of ratios; an interval that goes beyond ends in an arrow."""

TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def ratio_limits(ratios: pd.DataFrame) -> tuple[float, float]:
    """Give an axis of ratios room for what it is to show, within bounds.

    What is missing, zero or infinite does not count.

    Returns
    -------
    tuple of float
        Lower and upper limit.
    """
    values = ratios.to_numpy(float)
    usual = values[np.isfinite(values) & (values > 0)]
    low = min(0.5, float(usual.min(initial=1)) / 1.2)
    high = max(2.0, float(usual.max(initial=1)) * 1.2)
    return max(RATIOS[0], low), min(RATIOS[1], high)


def ratio_axis(
    ax: Axes, limits: tuple[float, float], label: str, axis: Literal["x", "y"] = "x"
) -> None:
    """Make an axis of ratios: logarithmic, labelled at round values only."""
    low, high = limits
    ax.set(**{f"{axis}scale": "log", f"{axis}lim": limits, f"{axis}label": label})
    shown = [t for t in TICKS if low <= t <= high]
    ax.set(**{f"{axis}ticks": shown, f"{axis}ticklabels": [f"{t:g}" for t in shown]})
    (ax.xaxis if axis == "x" else ax.yaxis).set_minor_formatter(NullFormatter())
    ax.tick_params(axis=axis, which="minor", length=0)


def figure_of(ax: Axes) -> Figure:
    """Give the figure that axes belong to.

    Returns
    -------
    matplotlib.figure.Figure
        Their figure.
    """
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("the axes belong to no figure")
    return figure


def cropped(figure: Figure) -> Bbox:
    """Lay a finished figure out, once for all files made of it.

    Returns
    -------
    matplotlib.transforms.Bbox
        What is to be saved of it, in inches.
    """
    FigureCanvasSVG(figure)  # letters are measured as an SVG has them
    figure.draw_without_rendering()
    figure.set_layout_engine(None)
    return figure.get_tightbbox().padded(mpl.rcParams["savefig.pad_inches"])


def colours(names: Iterable[str]) -> dict[str, str]:
    """Give each group its colour; groups without a fixed one take spare colours in order.

    Returns
    -------
    dict of str to str
        Colour by group.
    """
    listed = list(names)
    if any(n not in COLOURS for n in listed):
        return {n: SPARE[i % len(SPARE)] for i, n in enumerate(listed)}
    return {n: COLOURS[n] for n in listed}


def short(label: str, limit: int = 34) -> str:
    """Shorten a label to so many characters that it fits the figure.

    Returns
    -------
    str
        Printable text of at most that length.
    """
    clean = _printable(label)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _printable(label: str) -> str:
    clean = "".join(c if c.isprintable() else " " for c in label)
    # matplotlib hides labels that begin with an underscore
    return "\u200b" + clean if clean.startswith("_") else clean


def wrapped(label: str, limit: int = 34) -> str:
    """Break a label into lines of so many characters.

    Returns
    -------
    str
        Printable text, its lines joined by line feeds.
    """
    return "\n".join(textwrap.wrap(_printable(label), limit))


def distinct(labels: Mapping[str, str], limit: int = 34) -> dict[str, str]:
    """Shorten the labels of groups while they stay different; else break them into lines.

    No line is longer than the limit, in characters.

    Returns
    -------
    dict of str to str
        Label by group, as drawn.
    """
    shown = {group: short(label, limit) for group, label in labels.items()}
    if len(set(shown.values())) == len(set(labels.values())):
        return shown
    return {group: wrapped(label, limit) for group, label in labels.items()}
