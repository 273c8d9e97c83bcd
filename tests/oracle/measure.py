"""Say how far each comparison with R is off: ``PYTHONPATH=tests python tests/oracle/measure.py``.

Runs the tests given (those of statistics, and of verdicts, if none), and prints for each the
largest relative difference that it met on its way.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).parent.parent


class Measure:
    """A plug-in of pytest that looks on where numbers are compared."""

    def __init__(self) -> None:
        self.off: dict[str, float] = {}
        self._now = ""

    def note(self, ours: object, theirs: object) -> None:
        pair = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (ours, theirs)))
        a, b = (x[np.isfinite(pair[0]) & np.isfinite(pair[1])] for x in pair)
        size = np.maximum(np.abs(a), np.abs(b))
        off = np.abs(a - b)[size > 1e-12] / size[size > 1e-12]  # below, one of them is a rounded 0
        self.off[self._now] = max(self.off.get(self._now, 0.0), *off, 0.0)

    def pytest_runtest_call(self, item: pytest.Item) -> None:
        self._now = item.nodeid.removeprefix("tests/")

    def pytest_sessionstart(self) -> None:
        scalar = type(pytest.approx(1.0))
        compare, equal = np.testing.assert_allclose, scalar.__eq__

        def assert_allclose(actual: object, desired: object, *args: object, **how: object) -> None:
            self.note(actual, desired)
            compare(actual, desired, *args, **how)

        def is_equal(approx: object, actual: object) -> bool:
            self.note(actual, approx.expected)
            return equal(approx, actual)

        np.testing.assert_allclose = assert_allclose
        scalar.__eq__ = is_equal


if __name__ == "__main__":
    measure = Measure()
    asked = sys.argv[1:] or [str(TESTS / "stats"), str(TESTS / "claims" / "test_power.py")]
    pytest.main(["-q", "-n0", "-p", "no:randomly", *asked], plugins=[measure])
    for name, off in measure.off.items():
        print(f"{off:8.0e}  {name}")
