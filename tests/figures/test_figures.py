"""Figures: they return what they were given, and nothing collides."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from matplotlib.path import Path
from matplotlib.text import Annotation

from cartanalysis import figures
from cartanalysis.claims import flow
from cartanalysis.contract import derive
from cartanalysis.figures import style
from cartanalysis.figures.km import MAX_TICKS, ticks
from cartanalysis.intake import read
from cartanalysis.stats import (
    baseline,
    competing,
    cox,
    response,
    roc,
    safety,
    spline,
    survival,
    transitions,
)
from cartanalysis.study import allowed, consistent, published

matplotlib.use("agg")


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    return derive(read("an2020").table)


@pytest.fixture(autouse=True)
def _close():
    style.use()
    yield
    plt.close("all")


def km(patients, by=None, unit="days", **options):
    curves = survival.kaplan_meier(patients, "os", by)
    at_risk = survival.at_risk_table(patients, "os", ticks(curves["time"].max(), unit), by)
    return figures.plot_km(curves, at_risk, unit=unit, **options)


def incidence(patients, by=None, ax=None):
    curves = competing.cumulative_incidence(patients, by)
    at_risk = survival.at_risk_table(patients, "rfs", ticks(curves["time"].max()), by)
    return figures.plot_incidence(curves, at_risk, ax)


def every_figure(patients):
    yield "km", lambda ax=None: km(patients, "treg_group", ax=ax)
    yield "rates", lambda ax=None: figures.plot_rates(response.remission(patients, "emd"), ax)
    yield "grades", lambda ax=None: figures.plot_grades(safety.all_scales(patients), ax)
    yield (
        "forest",
        lambda ax=None: figures.plot_forest(
            cox.cox(patients, "os", ["emd_any", "genetic_risk"]).terms.rename(
                columns={"covariate": "label"}
            ),
            ax,
        ),
    )
    yield (
        "cutoffs",
        lambda ax=None: figures.plot_cutoffs(
            cox.scan_cutoffs(patients, "os", "treg_pct"), ax, chosen=5
        ),
    )
    yield (
        "effects",
        lambda ax=None: figures.plot_effects(consistent.ranges(consistent.effects()), ax),
    )
    yield "outcomes", lambda ax=None: figures.plot_outcomes(allowed.outcomes((47, 300)), ax)
    smooth = spline.spline(patients, "os", "treg_pct")
    options = {"reference": smooth.reference, "xlabel": "x", "confidence": 0.95}
    yield "smooth", lambda ax=None: figures.plot_smooth(smooth.curve, ax, **options)
    tells = roc.roc(patients, "os", "treg_pct", 365)
    yield "roc", lambda ax=None: figures.plot_roc(tells.curve, tells.area, ax, confidence=0.95)
    yield (
        "distribution",
        lambda ax=None: figures.plot_distribution(
            baseline.histogram(patients, "treg_pct", 5), ax, cutoff=5, xlabel="x"
        ),
    )
    yield "incidence", lambda ax=None: incidence(patients, "treg_group", ax=ax)
    yield (
        "occupancy",
        lambda ax=None: figures.plot_occupancy(transitions.occupancy(patients), ax),
    )
    yield "swimmer", lambda ax=None: figures.plot_swimmer(transitions.swimmers(patients), ax)
    yield (
        "flow",
        lambda ax=None: figures.plot_flow(flow.steps(patients, published.load(), True), ax),
    )


def test_figures_draw_on_the_callers_axes(patients):
    for name, draw in every_figure(patients):
        ax = plt.subplots()[1]
        assert draw(ax) is ax, name
        assert draw().get_figure() is not ax.get_figure(), name
        plt.close("all")


@pytest.mark.parametrize("unit", ["days", "months", "years"])
@pytest.mark.parametrize("longest", [1, 30, 47, 365, 1154, 5000])
def test_ticks_are_few_and_start_at_zero(longest, unit):
    found = ticks(longest, unit)
    assert found[0] == 0
    assert 1 <= len(found) <= MAX_TICKS
    assert found[-1] <= longest + 1e-9


def test_unknown_unit():
    with pytest.raises(ValueError, match="choose one of days"):
        ticks(10, "weeks")


@pytest.mark.parametrize("by", [None, "emd", "treg_group"])
def test_at_risk_counts_stand_on_their_times_and_never_collide(patients, by):
    ax = km(patients, by, labels={"low": "a very long name for patients with low counts"})
    figure = style.figure_of(ax)
    figure.canvas.draw()
    boxes = [t.get_window_extent() for t in ax.texts if isinstance(t, Annotation)]
    assert boxes
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[i + 1 :])
    ticks_px = [t.get_window_extent() for t in ax.get_xticklabels() if t.get_text()]
    lowest = min(t.y0 for t in ticks_px)
    assert all(b.y1 < lowest for b in boxes), "counts lie below the axis labels"


NOTE = "high against low Tregs\nhazard ratio 3.32\n(95 % CI 1.50 to 7.35)\nlog-rank p = 0.003"


@pytest.mark.parametrize("endpoint", ["os", "rfs"])
@pytest.mark.parametrize("by", [None, "emd", "treg_group", "genetic_risk", "sex"])
def test_words_among_the_curves_cross_none(patients, endpoint, by):
    curves = survival.kaplan_meier(patients, endpoint, by)
    at_risk = survival.at_risk_table(patients, endpoint, ticks(curves["time"].max()), by)
    ax = figures.plot_km(curves, at_risk, note=NOTE, labels={"low": "low Tregs"})
    style.figure_of(ax).draw_without_rendering()
    words = [t.get_window_extent() for t in ax.texts if not isinstance(t, Annotation)]
    above = ax.get_legend()
    assert words or above  # the note stands somewhere
    steps = [line for line in ax.lines if line.get_drawstyle() == "steps-post"]
    for box in words:
        assert ax.get_window_extent().padded(1).contains(box.x0, box.y0)
        assert ax.get_window_extent().padded(1).contains(box.x1, box.y1)
        assert sum(box.overlaps(other) for other in words) == 1  # itself
        for line in steps:
            assert not ax.transData.transform_path(_stairs(line)).intersects_bbox(box, filled=False)


def test_words_among_points_cross_no_interval():
    points = [("6-MP", 0, 1.0, None, None), ("6-MP", 152, 0.63, 0.37, 0.8),
              ("placebo", 0, 1.0, None, None), ("placebo", 30, 0.67, 0.43, 0.83),
              ("placebo", 61, 0.38, 0.18, 0.58)]  # fmt: skip
    curves = pd.DataFrame(points, columns=["group", "time", "estimate", "lower", "upper"])
    at_risk = curves[["group", "time"]].assign(at_risk=9)
    ax = figures.plot_km(curves.astype({"lower": float, "upper": float}), at_risk, note=NOTE)
    style.figure_of(ax).draw_without_rendering()
    (box,) = [t.get_window_extent() for t in ax.texts if not isinstance(t, Annotation)]
    paths = [path for lines in ax.collections for path in lines.get_paths()]
    assert len(paths) == 3
    for path in paths:
        assert not ax.transData.transform_path(path).intersects_bbox(box, filled=False)


def _stairs(line) -> Path:
    """Write a step curve's corners out."""
    x, y = (np.repeat(values, 2) for values in (line.get_xdata(), line.get_ydata()))
    return Path(np.column_stack([x[1:], y[:-1]]))


def test_names_and_note_go_above_where_the_curves_leave_no_room(patients):
    ax = km(patients, "emd", labels={"none": "no extramedullary disease at all"}, note=NOTE * 4)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "no extramedullary disease at all", "cns", "other",
    ]  # fmt: skip
    assert ax.get_legend().get_title().get_text() == NOTE * 4


def test_medians_are_marked_where_known(patients):
    ax = km(patients, "treg_group", medians={"low": 715.0, "high": float("nan")})
    marked = {line.get_gid(): line.get_xydata().tolist() for line in ax.lines if line.get_gid()}
    assert marked["median-low"] == [[715, 0], [715, 0.5]]
    assert "median-high" not in marked


def test_svg_is_reproducible(patients, tmp_path):
    texts = []
    for name in ("a.svg", "b.svg"):
        style.figure_of(km(patients)).savefig(tmp_path / name, metadata={"Date": None})
        texts.append((tmp_path / name).read_bytes())
    assert texts[0] == texts[1]


def test_a_dollar_in_a_label_is_text(patients):
    arms = patients.assign(arm=["$x^2", "b_1"] * 23 + ["b_1"])
    style.figure_of(km(arms, "arm")).canvas.draw()


def forest_table():
    return pd.DataFrame(
        {"series": ["Overall survival"] * 2, "label": ["any EMD vs none", "high vs low Tregs"],
         "n": [11, 22], "events": [10, 18], "estimate": [0.8, 4.34], "lower": [0.3, 1.87],
         "upper": [2.1, 10.05], "alone": [6.38, float("nan")],
         "alone_lower": [2.65, float("nan")], "alone_upper": [15.36, float("nan")]}
    )  # fmt: skip


def test_forest_words_cross_neither_the_line_at_one_nor_each_other():
    ax = figures.plot_forest(forest_table())
    style.figure_of(ax).draw_without_rendering()
    boxes = [t.get_window_extent() for t in ax.texts if t.get_text()]
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[i + 1 :])
    at_one = [line for line in ax.lines if list(line.get_xdata()) == [1, 1]]
    assert len(at_one) == 2
    for line in at_one:
        path = ax.transData.transform_path(line.get_path())
        assert not any(path.intersects_bbox(box, filled=False) for box in boxes)


def test_forest_tells_counts_and_both_ratios():
    told = [t.get_text() for t in figures.plot_forest(forest_table()).texts]
    for text in (
        "11",
        "10",
        "22",
        "18",
        "6.38 (2.65–15.36)",
        "0.80 (0.30–2.10)",
        "higher hazard →",
    ):
        assert text in told
    plain = forest_table()[["label", "estimate", "lower", "upper"]]
    ax = figures.plot_forest(plain, measure="odds ratio")
    told = [t.get_text() for t in ax.texts]
    assert "higher odds →" in told
    assert "events" not in told
    assert ax.get_legend() is None


def test_flow_shows_who_left_each_step():
    steps = pd.DataFrame(
        {"step": ["screened", "enrolled", "infused"], "n": [72, 51, 47],
         "evidence": ["P", "P", ""], "leave": ["", "not enrolled", "not infused"]}
    )  # fmt: skip
    ax = figures.plot_flow(steps)
    assert [t.get_text() for t in ax.texts if t.get_text()] == [
        "Screened\n(n = 72 [P])", "Not enrolled\n(n = 21)", "Enrolled\n(n = 51 [P])",
        "Not infused\n(n = 4)", "Infused\n(n = 47)",
    ]  # fmt: skip
    style.figure_of(ax).draw_without_rendering()
    for text, box in zip([t for t in ax.texts if t.get_text()], ax.patches, strict=True):
        inner, outer = text.get_window_extent(), box.get_window_extent()
        assert outer.contains(inner.x0, inner.y0)
        assert outer.contains(inner.x1, inner.y1)


def test_grades_are_ordered_from_light_to_dark():
    red, green, blue = np.array([to_rgb(c) for c in style.GRADES[1:]]).T
    assert (np.diff(0.2126 * red + 0.7152 * green + 0.0722 * blue) < 0).all()
    assert len(set(to_rgb(style.GRADES[0]))) == 1, "none is grey"


def test_one_meaning_per_colour():
    two = style.colours(["low", "high"])
    assert two["high"] == style.colours(["standard", "high"])["high"]
    assert len(set(style.colours(["none", "cns", "other"]).values())) == 3
    assert len(set(style.colours(["arm A", "arm B", "arm C"]).values())) == 3


def test_one_cutoff_with_p_below_the_level_is_drawn():
    scan = pd.DataFrame(
        {"cutoff": [3.0, 4.0, 5.0], "estimate": [2.0, 1.5, 0.9], "lower": [1.1, 0.8, 0.4],
         "upper": [3.6, 2.8, 2.0], "p": [0.01, 0.2, 0.7]}
    )  # fmt: skip
    ax = figures.plot_cutoffs(scan, chosen=4.0)  # a warning would be an error
    assert len(ax.containers) == 2
    matplotlib.pyplot.close(ax.figure)


# --- causes, states and courses ------------------------------------------------------------------


def test_stacked_states_fill_the_height(patients):
    table = transitions.occupancy(patients)
    ax = figures.plot_occupancy(table)
    tops = {c.get_label(): c.get_paths()[0].vertices[:, 1].max() for c in ax.collections}
    assert tops["dead"] == pytest.approx(1)
    assert next(iter(tops)) == "dead"
    last = table[table["time"] == table["time"].max()].set_index("group")["estimate"]
    ends = [c.get_paths()[0].vertices for c in ax.collections if c.get_label() == "after relapse"]
    right = ends[0][ends[0][:, 0] == ends[0][:, 0].max()][:, 1]
    assert right.max() == pytest.approx(1 - last["dead"])


def test_each_swimmer_has_a_bar_as_long_as_its_course(patients):
    table = transitions.swimmers(patients)
    ax = figures.plot_swimmer(table, unit="months")
    ends: dict[int, float] = {}
    for bar in ax.patches:
        place = round(bar.get_y() + bar.get_height() / 2)
        ends[place] = max(ends.get(place, 0), bar.get_x() + bar.get_width())
    longest = table.groupby("place")["stop"].max() / 30.4375
    assert [ends[p] for p in range(len(patients))] == pytest.approx(longest.tolist())
    marks = [line for line in ax.lines if line.get_marker() == "D"]
    assert len(marks) == (table["state"] == transitions.TRANSPLANT).sum()
    assert ax.get_ylabel() == f"{len(patients)} patients"


def test_many_swimmers_share_bars_with_words(patients):
    many = transitions.swimmers(pd.concat([patients] * 4, ignore_index=True))
    ax = figures.plot_swimmer(many)
    words = [text.get_text() for text in ax.texts]
    assert len(words) == many["place"].nunique()
    assert words[0].startswith(f"{many['n'].max()} patients: ")


def test_incidences_are_drawn_at_points_where_a_protected_cohort_has_no_more(patients):
    curves = competing.cumulative_incidence(patients)
    at_risk = survival.at_risk_table(patients, "rfs", [0.0, 365.0])
    whole = figures.plot_incidence(curves, at_risk)
    drawn = {line.get_label(): line.get_linestyle() for line in whole.lines}
    assert drawn["relapse"] == "-"
    assert drawn["death in remission"] == "--"
    told = curves[curves["time"].isin([0.0, 2.0])].drop(columns=["events", "censored"])
    points = figures.plot_incidence(told, at_risk)
    assert {line.get_linestyle() for line in points.lines if line.get_label()[0] != "_"} == {":"}
