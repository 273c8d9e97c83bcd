"""Icon arrays: the dots are counted, not only drawn."""

from __future__ import annotations

import math

import matplotlib
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from cartanalysis.figures import plot_icons, style

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def _close():
    style.use()
    yield
    plt.close("all")


def draw(*rows: tuple[str, float, float, float], **options):
    return plot_icons(
        pd.DataFrame(rows, columns=["group", "estimate", "lower", "upper"]), **options
    )


def counted(ax, gid: str) -> list[int]:
    mine = [c for c in ax.collections if c.get_gid() == gid]
    return [len(c.get_paths() if gid == "interval" else c.get_offsets()) for c in mine]


def words(ax) -> list[str]:
    return [t.get_text() for t in ax.texts if t.get_text()]


def test_dots_are_counted_of_100():
    ax = draw(("low", 0.529, 0.384, 0.657), ("high", 0.355, 0.2, 0.51))
    assert counted(ax, "filled") == [53, 36]
    assert counted(ax, "empty") == [47, 64]
    assert counted(ax, "interval") == [66 - 38, 51 - 20]
    assert words(ax) == ["low", "53 of 100", "38 to 66", "high", "36 of 100", "20 to 51"]


def test_halves_go_up_though_binary_fractions_fall_short():
    assert counted(draw(("low", 0.285, 0.1, 0.5)), "filled") == [29]  # 100 * 0.285 = 28.499…


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_without_an_interval_none_is_shaded(share):
    ax = draw(("other", share, math.nan, math.nan))
    assert counted(ax, "interval") == []
    assert words(ax) == ["other", f"{100 * share:.0f} of 100", "no interval"]


def test_what_is_not_known_is_not_drawn_as_none():
    ax = draw(("other", math.nan, math.nan, math.nan))
    assert words(ax) == ["other", "not known"]
    assert (counted(ax, "filled"), counted(ax, "empty")) == ([], [100])


@pytest.mark.parametrize("groups", [1, 2, 3, 4, 5])
def test_words_fit_and_never_collide(groups):
    rows = [(f"a rather long name of the arm {i}", 0.5, 0.3, 0.7) for i in range(groups)]
    ax = draw(*rows, state="alive at 12 months")
    figure = style.figure_of(ax)
    figure.draw_without_rendering()
    boxes = [t.get_window_extent() for t in ax.texts if t.get_text()]
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[i + 1 :])
        assert one.x1 <= figure.bbox.x1
        assert one.y0 >= figure.bbox.y0
    # on a phone, 328 px of text column, a dot is still told from its neighbour
    a, b = ax.transData.transform([(0, 0), (1, 0)])
    assert (b[0] - a[0]) / figure.bbox.width * 328 > 7


def test_callers_axes_are_drawn_on():
    ax = plt.subplots()[1]
    assert draw(("low", 0.5, 0.3, 0.7), ax=ax) is ax
