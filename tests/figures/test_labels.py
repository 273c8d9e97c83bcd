"""Names in figures: never shortened into one another, and drawn in any script.

The two cohorts of ``data/cases`` whose names were not are drawn in tests/intake/test_cases.py.
"""

from __future__ import annotations

import re
import warnings

import pandas as pd
import pytest
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.text import Text
from tinybook import TESTS, shown_of

from cartanalysis.chapter.results import Figure
from cartanalysis.chapter.study import Study
from cartanalysis.figures import plot_km, scripts, style
from cartanalysis.stats import survival

CASES = TESTS / "data" / "cases"
CHINESE = "北京大学人民医院"
ARABIC = "مستشفى الملك"
NO_WORDS = "\U0001e900\U0001e901"
"""Letters of Adlam, for which few computers have a font."""


def test_names_that_stay_different_are_shortened():
    assert style.distinct({"a": "x" * 40, "b": "short"}) == {"a": "x" * 33 + "…", "b": "short"}


@pytest.fixture
def shown(tmp_path, monkeypatch):
    def draw(*names: str):
        """Hand a figure over; give its SVG, and its caption."""
        patients = pd.read_csv(CASES / "nasty.csv")
        patients["arm"] = [names[i % len(names)] for i in range(len(patients))]
        file = tmp_path / "c.csv"
        patients.drop(columns="my_centre").to_csv(file, index=False)
        study = Study("x", str(file))
        tables = [
            study.compute(survival.kaplan_meier, study.patients, "os", "arm"),
            study.compute(survival.at_risk_table, study.patients, "os", [0.0, 200.0], "arm"),
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return shown_of(study, Figure(plot_km, tables, "f", "Curves.", "Curves."), monkeypatch)

    return draw


HAS_CHINESE = any(set(CHINESE) <= scripts._letters(f.fname) for f in scripts._fonts())


def test_chinese_and_arabic_are_text_in_the_svg_without_a_warning(shown):
    svg, caption = shown(CHINESE, ARABIC, "Больница № 1")
    for name in (CHINESE, ARABIC):
        assert f">{name}</text>" in svg
    # an image on a page has not the page's fonts: what the book's own can write stays outlines
    texts = re.findall(r"<text [^>]*>([^<]*)</text>", svg)
    assert {*texts} <= {CHINESE, ARABIC}
    assert "sans-serif" in svg
    assert (scripts.NO_FONT in caption) == (not HAS_CHINESE)


def test_a_name_that_is_text_cannot_be_markup(shown):
    svg, _ = shown(f"{CHINESE}<script>", "ward")
    assert "<script" not in svg and f"{CHINESE}&lt;script&gt;</text>" in svg


@pytest.mark.parametrize("ha", ["left", "center", "right"])
def test_lines_keep_their_side(ha):
    figure, ax = plt.subplots()
    note = ax.text(0.5, 0.5, f"hazard ratio 0.82\n{ARABIC}", ha=ha)
    (low, high), where = note.get_window_extent().intervalx, ["left", "right", "center"].index(ha)
    scripts.fit_fonts(figure)
    (line,) = (t for t in ax.texts if t.get_text() == ARABIC)
    x = line.get_window_extent().intervalx
    kept = [(x[0], low), (x[1], high), (x.mean(), (low + high) / 2)][where]
    assert kept[0] == pytest.approx(kept[1], abs=1)
    plt.close(figure)


def test_a_name_leaves_the_other_lines_of_a_note_outlines_in_their_places():
    figure, ax = plt.subplots()
    words = ["hazard ratio 0.82", "مستشفى", "p = 0.4"]
    note = ax.text(0.9, 0.9, "\n".join(words), va="top", ha="right")
    whole = note.get_window_extent()
    scripts.fit_fonts(figure)
    lines = [t for t in ax.findobj(Text) if t.get_text() in words]
    assert [t.get_text() for t in lines] == words
    assert all(line.get_window_extent().x1 == pytest.approx(whole.x1, abs=1) for line in lines)
    assert lines[0].get_window_extent().y1 == pytest.approx(whole.y1, abs=2)
    assert lines[2].get_window_extent().y0 == pytest.approx(whole.y0, abs=4)
    assert [bool(t.get_path_effects()) for t in lines] == [True, False, True]
    plt.close(figure)


def test_letters_that_no_font_has_are_told_of_once(shown, monkeypatch):
    brought = (*style.OWN, "Last Resort High-Efficiency")  # matplotlib brings them
    own = [f for f in font_manager.fontManager.ttflist if f.name in brought]
    assert {f.name for f in own} == {*brought}
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    svg, caption = shown(NO_WORDS, "fresh")
    assert f">{NO_WORDS}</text>" in svg
    assert caption == f"Curves.{scripts.NO_FONT}"


def test_names_that_the_books_fonts_have_are_outlines(shown):
    # the second font has the face, and no warning says that the first has not
    svg, caption = shown("Zürich", "Больница № 1", "😀 ward")
    assert "</text>" not in svg
    assert caption == "Curves."


def test_each_letter_has_a_font_for_the_raster():
    if not HAS_CHINESE:
        return  # the note is tested above
    figure, ax = plt.subplots()
    ax.set_title(CHINESE)
    assert scripts.fit_fonts(figure) == ("none", "")
    families = next(t for t in figure.findobj(Text) if t.get_text() == CHINESE).get_fontfamily()
    assert tuple(families[:2]) == style.OWN
    names = [font_manager.FontProperties(family=[family]) for family in families[2:-1]]
    fonts = [font_manager.findfont(name) for name in names]
    assert set(CHINESE) <= frozenset().union(*map(scripts._letters, fonts))
    plt.close(figure)
