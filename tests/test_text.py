"""Numbers and tables as readers see them."""

from __future__ import annotations

import math

import pytest

from cartanalysis.contract import DERIVED
from cartanalysis.errors import SPOKEN, CannotCompute
from cartanalysis.text import (
    MINUS,
    Number,
    format_interval,
    format_value,
    html_sentence,
    html_table,
)


@pytest.mark.parametrize(
    ("value", "unit", "time_unit", "text"),
    [
        (0.80851, "fraction", "days", "80.9 %"),
        (415.0, "days", "days", "415 days"),
        (415.5, "days", "days", "415.5 days"),
        (365.25, "days", "months", "12.0 months"),
        (730.5, "days", "years", "2.0 years"),
        (math.nan, "days", "days", "not reached"),
        (None, "fraction", "days", "not available"),
        (2.396, "ratio", "days", "2.40"),
        (0.00004, "p", "days", "p < 0.001"),
        (0.0123, "p", "days", "p = 0.012"),
        (0.456, "p", "days", "p = 0.46"),
        (0.0496, "p", "days", "p = 0.0496"),
        (0.04996, "p", "days", "p = 0.04996"),
        (0.05003, "p", "days", "p = 0.05003"),
        (0.05, "p", "days", "p = 0.050"),
        (0.0499999999, "p", "days", "p = 0.050"),  # equal but for arithmetic
        (0.04999999, "p", "days", "p < 0.05"),
        (0.00996, "p", "days", "p = 0.00996"),
        (0.09961, "p", "days", "p = 0.0996"),
        (0.996, "p", "days", "p > 0.99"),
        (0.994, "p", "days", "p = 0.99"),
        (1.0, "p", "days", "p = 1.00"),
        (1.0003, "ratio", "days", "1.0003"),
        (0.99996, "ratio", "days", "0.99996"),
        (1.00000002, "ratio", "days", ">1"),
        (1.0, "ratio", "days", "1.00"),
        (1.0003, "statistic", "days", "1.00"),
        (0.9996, "fraction", "days", "99.96 %"),
        (0.0004, "fraction", "days", "0.04 %"),
        (1.0, "fraction", "days", "100.0 %"),
        (0.0, "fraction", "days", "0.0 %"),
        (math.inf, "ratio", "days", "∞"),
        (47, "count", "days", "47"),
    ],
)
def test_values(value, unit, time_unit, text):
    assert format_value(value, unit, time_unit) == text


def test_a_coarse_record_is_not_rounded_onto_a_limit_either():
    found = Number("x", 0.04996, "p", "log-rank", "A", coarse=True).record("c")
    assert (found["value"], found["text"]) == (0.04996, "p = 0.04996")
    ratio = Number("x", 1.3, "ratio", "Cox", "A", lower=1.0003, upper=2, coarse=True).record("c")
    assert ratio["lower"] == 1.0003


def test_unknown_units_are_refused():
    with pytest.raises(ValueError, match="parsecs"):
        format_value(1.0, "parsecs")


def test_intervals():
    assert format_interval(0.1, 0.9, "fraction") == "10.0 % to 90.0 %"
    assert format_interval(91, None, "days") == "91 days to not reached"
    assert format_interval(None, None, "ratio") == "no interval"


def test_record_has_the_keys_of_the_contract():
    number = Number("os_1y", 0.53, "fraction", "KM", "A", lower=0.37, upper=math.nan, n=47)
    record = number.record("survival")
    assert sorted(record) == sorted(
        ["id", "chapter", "value", "lower", "upper", "unit", "method", "evidence", "text"]
    )
    assert record["upper"] is None
    assert record["value"] == 0.53
    missing = Number("x", None, "fraction", "", "A", reason="no column").record("c")
    assert missing["text"] == "not available: no column"
    assert missing["value"] is None


def test_tables_are_inert_and_have_headers():
    page = html_table([{"Group": "<script>alert(1)</script>", "n": 3}], 'a "caption"')
    assert "<script>" not in page
    assert '<th scope="col">Group</th>' in page
    assert '<th scope="row">&lt;script&gt;' in page
    assert "<caption>" in page


def test_sentences_are_inert():
    assert html_sentence("no `emd` <b>") == "no <code>emd</code> &lt;b&gt;"


def test_only_what_is_told_by_the_month_or_point_loses_its_decimals():
    told = {"method": "m", "evidence": "A", "time_unit": "months", "coarse": True}
    median = Number("x", 91.0, "days", **told, since=61.0, lower=30.0, upper=122.0)
    assert (median.text, median.ci) == ("2 to 3 months", "95 % CI 1 to 4 months")
    difference = Number("x", -22.0, "days", **told, lower=-34.0, upper=-9.0)
    assert difference.ci == f"95 % CI {MINUS}1.1 to {MINUS}0.3 months"
    assert Number("x", -0.14, "points", **told).text == f"{MINUS}14 percentage points"
    sure = Number("x", 1.0, "fraction", "m", "A")
    assert sure.ci == "no interval can be given where nobody or everybody had the event"
    assert Number("x", 1.0, "ratio", "m", "A").ci == "no interval"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(-0.2, "days", "0 months"), (-0.0004, "points", "0 percentage points"),
     (-0.001, "statistic", "0.00"), (-30.0, "days", f"{MINUS}1 months")],
)  # fmt: skip
def test_nothing_is_minus_nothing(value, unit, shown):
    assert format_value(value, unit, "months", whole=True) == shown


def test_every_derived_column_has_words_and_no_reason_names_one():
    assert {*SPOKEN} == {f"`{name}`" for name in DERIVED}
    assert "`" not in str(CannotCompute("all are in one group of `emd_any`"))
