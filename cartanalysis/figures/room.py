"""Room for words between curves that never rise: where a text crosses none of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Left, bottom, right and top, as fractions of the axes."""

STEP = 0.01
FLOAT = 0.12
"""How far a curve may fall below its own name."""
EDGE = 0.015


def size(text: str, points: float, inches: tuple[float, float]) -> tuple[float, float]:
    """Estimate how large a text is drawn, in fractions of a width and a height in inches.

    Its letters are not measured: their font may be found only when the figure is finished.

    Returns
    -------
    tuple of float
        Width and height.
    """
    lines = text.split("\n")
    wide = max(sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line) for line in lines)
    em = points / 72
    return 0.5 * em * wide / inches[0], 1.3 * em * len(lines) / inches[1]


@dataclass
class Room:
    """What of the axes is taken: by curves, from left to right and down, and by boxes."""

    curves: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)
    taken: list[Box] = field(default_factory=list)

    def is_free(self, box: Box) -> bool:
        """Tell whether a box lies inside the axes and crosses nothing."""
        left, bottom, right, top = box
        if min(box) < 0 or max(box) > 1:
            return False
        if any(
            x0 < right and x1 > left and y0 < top and y1 > bottom for x0, y0, x1, y1 in self.taken
        ):
            return False
        return not any(self._crosses(box, *curve) for curve in self.curves.values())

    @staticmethod
    def _crosses(box: Box, x: Floats, y: Floats) -> bool:
        left, bottom, right, top = box[0] - EDGE, box[1], box[2] + EDGE, box[3]
        if left > x[-1] or right < x[0]:
            return False
        return _after(x, y, right) <= top and _before(x, y, left) >= bottom

    def take(self, *boxes: Box) -> None:
        """Mark boxes as taken."""
        self.taken += boxes

    def corner(self, width: float, height: float) -> Box | None:
        """Find room for a box: at the right edge as high as it goes, else at the lower left."""
        right = 1 - EDGE
        steps: list[float] = np.arange(1 - EDGE, height, -STEP).tolist()
        for left, bottom in [*((right - width, top - height) for top in steps), (EDGE, EDGE)]:
            box = (left, bottom, left + width, bottom + height)
            if self.is_free(box):
                return box
        return None

    def beside(self, name: str, width: float, height: float, gap: float) -> Box | None:
        """Find room for a curve's own name: at its end, above a flat stretch or below one."""
        for box in self._along(name, width, height, gap):
            if self.is_free(box):
                return box
        return None

    def _along(self, name: str, width: float, height: float, gap: float) -> Iterator[Box]:
        x, y = self.curves[name]
        middle = max(float(y[-1]), height / 2 + EDGE)
        end = float(x[-1]) + 1.5 * EDGE
        yield end, middle - height / 2, end + width, middle + height / 2
        ends: list[float] = np.arange(min(x[-1], 1 - EDGE), x[0] + width, -STEP).tolist()
        flat = [r for r in ends if _before(x, y, r - width - EDGE) - _before(x, y, r) <= FLOAT]
        for right in flat:
            bottom = _before(x, y, right - width - EDGE) + gap
            yield right - width, bottom, right, bottom + height
        for right in flat:
            top = _before(x, y, right) - gap
            yield right - width, top - height, right, top


def _before(x: Floats, y: Floats, at: float) -> float:
    return float(y[max(0, int(np.searchsorted(x, at, "right")) - 1)])


def _after(x: Floats, y: Floats, at: float) -> float:
    return float(y[min(len(y) - 1, int(np.searchsorted(x, at, "left")))])
