"""Where a figure's data stand in its picture, for what is laid over the picture on a page.

A plotting function tags its axes with the kind of figure, and points with the rows of its table
that stand there.  The axes' box is read off the finished SVG, so it holds for the picture as it was
cropped and laid out.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

PANEL, ROW, BOX = "cart-panel-", "cart-row-", "-box"
_SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def tag(ax: Axes, kind: str, part: str = "main") -> None:
    """Name the kind of figure that axes show, and their part in it if it has several."""
    gid = f"{PANEL}{kind}-{part}"
    ax.set_gid(gid)
    ax.patch.set_gid(gid + BOX)


def place_row(ax: Axes, place: int, x: float, y: float) -> None:
    """Name the point at which a row of the table (its place, from 0) stands; nothing is drawn."""
    ax.add_line(Line2D([x], [y], linestyle="", gid=f"{ROW}{place}"))


def geometry(picture: Figure, svg: str) -> dict[str, Any]:
    """Read off a finished picture, saved as an SVG in whatever crop, where its data stand.

    Returns
    -------
    dict
        ``kind``; ``panels``, for each of the tagged axes ``box`` (left, top, width and height as
        fractions of the picture, from its upper left corner), ``x`` and ``y`` (limits, left to
        right and bottom to top, in the units drawn), ``x_ticks``, ``x_scale`` and ``y_scale`` (as
        matplotlib names them, such as ``log``); ``rows``, for each drawn row of the table its
        place, x and y, the last two as fractions of the picture.  Empty if no axes are tagged.
    """
    tagged: list[Any] = picture.findobj(
        lambda a: isinstance(a, Axes) and str(a.get_gid()).startswith(PANEL)
    )
    if not tagged:
        return {}
    drawing = ElementTree.fromstring(svg)  # written by matplotlib a moment ago
    boxes = [_box(drawing, str(ax.get_gid())) for ax in tagged]
    rows = [row for ax, box in zip(tagged, boxes, strict=True) for row in _rows(ax, box)]
    kind = str(tagged[0].get_gid()).removeprefix(PANEL).partition("-")[0]
    panels = [
        {
            "box": box,
            "x": tuple(map(float, ax.get_xlim())),
            "y": tuple(map(float, ax.get_ylim())),
            "x_ticks": [float(tick) for tick in ax.get_xticks()],
            "x_scale": ax.get_xscale(),
            "y_scale": ax.get_yscale(),
        }
        for ax, box in zip(tagged, boxes, strict=True)
    ]
    return {"kind": kind, "panels": panels, "rows": sorted(rows)}


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


def _rows(ax: Axes, box: tuple[float, float, float, float]) -> list[tuple[int, float, float]]:
    left, top, width, height = box
    to_axes = ax.transData - ax.transAxes
    found = []
    for line in ax.lines:
        gid = str(line.get_gid())
        if gid.startswith(ROW):
            across, up = to_axes.transform(np.asarray(line.get_xydata())[0])
            point = (left + width * across, top + height * (1 - up))
            x, y = (round(min(1.0, max(0.0, float(v))), 5) for v in point)
            found.append((int(gid.removeprefix(ROW)), x, y))
    return found
