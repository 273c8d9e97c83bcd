"""Where a figure's data stand in its picture, for what is laid over the picture on a page.

A plotting function tags its axes with the kind of figure, and points with the rows of its table
that stand there.  The axes' box is read off the finished SVG, so it holds for the picture as it was
cropped and laid out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

PANEL, ROW, BOX = "cart-panel-", "cart-row-", "-box"
_SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


@dataclass(frozen=True)
class Panel:
    """Axes as they stand in a saved picture.

    Attributes
    ----------
    box : tuple of float
        Left, top, width and height as fractions of the picture, from its upper left corner.
    x, y : tuple of float
        Limits of the axes, left to right and bottom to top, in the units drawn.
    x_scale, y_scale : str
        As matplotlib names them, such as ``linear`` or ``log``.
    """

    box: tuple[float, float, float, float]
    x: tuple[float, float]
    y: tuple[float, float]
    x_scale: str
    y_scale: str

    @classmethod
    def of(cls, ax: Axes, box: tuple[float, float, float, float]) -> Panel:
        """Describe axes.

        Parameters
        ----------
        ax : matplotlib.axes.Axes
            The axes.
        box : tuple of float
            Where they stand.

        Returns
        -------
        Panel
            The description.
        """
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        x, y = (float(left), float(right)), (float(bottom), float(top))
        return cls(box, x, y, ax.get_xscale(), ax.get_yscale())


def tag(ax: Axes, kind: str, part: str = "main") -> None:
    """Name the kind of figure that axes show.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.
    kind : str
        One word.
    part : str
        Tells several axes of one figure apart.
    """
    gid = f"{PANEL}{kind}-{part}"
    ax.set_gid(gid)
    ax.patch.set_gid(gid + BOX)


def place_row(ax: Axes, place: int, x: float, y: float) -> None:
    """Name the point at which a row of the table stands; nothing is drawn.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.
    place : int
        Place of the row in the table, from 0.
    x, y : float
        The point, in the units drawn.
    """
    ax.add_line(Line2D([x], [y], linestyle="", gid=f"{ROW}{place}"))


def geometry(picture: Figure, svg: str) -> dict[str, Any]:
    """Read off a finished picture where its data stand.

    Parameters
    ----------
    picture : matplotlib.figure.Figure
        The figure.
    svg : str
        The figure as it was saved, in whatever crop.

    Returns
    -------
    dict
        ``kind``; ``panels``, the attributes of a `Panel` for each of the tagged axes; ``rows``,
        for each drawn row of the table its place, x and y, the last two as fractions of the
        picture.  Empty if no axes are tagged.
    """
    tagged: list[Any] = picture.findobj(
        lambda a: isinstance(a, Axes) and str(a.get_gid()).startswith(PANEL)
    )
    if not tagged:
        return {}
    drawing = ElementTree.fromstring(svg)  # written by matplotlib a moment ago
    panels = [Panel.of(ax, _box(drawing, str(ax.get_gid()))) for ax in tagged]
    rows = [row for ax, panel in zip(tagged, panels, strict=True) for row in _rows(ax, panel)]
    kind = str(tagged[0].get_gid()).removeprefix(PANEL).partition("-")[0]
    return {"kind": kind, "panels": [vars(p) for p in panels], "rows": sorted(rows)}


def _box(drawing: ElementTree.Element, gid: str) -> tuple[float, float, float, float]:
    """Find the ground of the axes, a rectangle, in the drawing."""
    width, height = map(float, drawing.attrib["viewBox"].split()[2:])
    path = drawing.find(f".//{_SVG}g[@id='{gid}{BOX}']/{_SVG}path")
    if path is None:
        raise ValueError(f"the axes {gid} have no ground in the picture")
    numbers = [float(n) for n in _NUMBER.findall(path.attrib["d"])]
    x, y = numbers[::2], numbers[1::2]
    left, top = min(x), min(y)
    return left / width, top / height, (max(x) - left) / width, (max(y) - top) / height


def _rows(ax: Axes, panel: Panel) -> list[tuple[int, float, float]]:
    found = []
    left, top, width, height = panel.box
    to_axes = ax.transData - ax.transAxes
    for line in ax.lines:
        gid = str(line.get_gid())
        if gid.startswith(ROW):
            across, up = to_axes.transform(np.asarray(line.get_xydata())[0])
            place = int(gid.removeprefix(ROW))
            found.append((place, _within(left + width * across), _within(top + height * (1 - up))))
    return found


def _within(fraction: float) -> float:
    return round(min(1.0, max(0.0, float(fraction))), 5)
