"""Claims of several cohorts: side by side, pooled as metafor pools them, and hidden where small."""

from __future__ import annotations

import json
import math

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

from cartanalysis import intake
from cartanalysis.chapter.disclosure import rules as suppression
from cartanalysis.claims import replication
from cartanalysis.claims.verdicts import Verdict
from cartanalysis.errors import CannotCompute
from cartanalysis.figures import style
from cartanalysis.sites import comparison
from cartanalysis.sites.chapter import Comparison, judge, read_members, write_members
from cartanalysis.sites.figures import plot_funnel, plot_pooled, plot_verdicts
from cartanalysis.stats import funnel
from cartanalysis.study.published import load

mpl.use("agg")
REFERENCE = json.loads((ORACLE / "meta.json").read_text())
REGISTRY = load()
EQUAL = {"rtol": 1e-6, "atol": 1e-9}


def claim(entry_id: str, **numbers) -> pd.DataFrame:
    """A table of claims in which one was judged and the others were not."""
    patients = pd.DataFrame({"patient_id": ["A", "B"]})
    table = replication.claims(patients, REGISTRY).astype(object)
    row = table.index[table["id"] == entry_id][0]
    judged = {"verdict": Verdict.CONSISTENT, "why": "", "found": numbers.get("estimate")}
    for name, value in (judged | numbers).items():
        table.at[row, name] = value
    return table


def of_counts(x: int, n: int, min_cell: int = 1) -> pd.DataFrame:
    table = claim(
        "orr", events=float(x), n=float(n), estimate=x / n, lower=0.1, upper=0.9, unit="fraction",
        smallest=float(min(c for c in (x, n - x) if c)),
    )  # fmt: skip
    if min_cell == 1:
        return table
    rule = suppression.RULES[replication.claims]
    patients = pd.DataFrame({"responder": ["yes"] * x + ["no"] * (n - x)})
    given = {"patients": patients, "registry": REGISTRY, "confidence": 0.95}
    return rule(table, min_cell, given)


def forest_of(tables: dict[str, pd.DataFrame], entry_id: str, made_up: frozenset = frozenset()):
    return comparison.forest(comparison.stack(tables, made_up), REGISTRY[entry_id])


def tables_of_counts(min_cell: int = 1) -> dict[str, pd.DataFrame]:
    pairs = zip(REFERENCE["proportions"]["x"], REFERENCE["proportions"]["n"], strict=True)
    return {f"cohort {i}": of_counts(x, n, min_cell) for i, (x, n) in enumerate(pairs)}


# --- pooled values -------------------------------------------------------------------------------


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_rates_are_pooled_as_metafor_pools_log_odds():
    theirs = REFERENCE["proportions"]
    found = forest_of(tables_of_counts(), "orr")
    pooled = found.iloc[-1]
    for name in ("estimate", "lower", "upper"):
        np.testing.assert_allclose(pooled[name], logistic(theirs[name]), **EQUAL)
    np.testing.assert_allclose(
        pooled[["predicted_lower", "predicted_upper"]].astype(float),
        [logistic(v) for v in theirs["predicted"]], **EQUAL,
    )  # fmt: skip
    np.testing.assert_allclose(found["weight"].iloc[:-1], theirs["weights"], **EQUAL)
    for name in ("tau2", "i2", "q", "q_p"):
        np.testing.assert_allclose(pooled[name], theirs[name], **EQUAL)
    assert pooled["k"] == 5


def test_survival_is_pooled_as_metafor_pools_loglog():
    tables = {
        name: claim(
            "os_1y", estimate=c["surv"], lower=c["lower"], upper=c["upper"], unit="fraction",
            n=100.0, events=50.0,
        )
        for name, c in REFERENCE["curves"].items()
    }  # fmt: skip
    theirs = REFERENCE["survivals"]
    pooled = forest_of(tables, "os_1y").iloc[-1]
    back = [math.exp(-math.exp(theirs[name])) for name in ("estimate", "upper", "lower")]
    np.testing.assert_allclose(pooled[["estimate", "lower", "upper"]].astype(float), back, **EQUAL)


def test_directions_are_pooled_as_log_hazard_ratios():
    theirs = REFERENCE["pooled"]["three"]
    z = 1.959963984540054
    tables = {
        str(i): claim(
            "treg_os", estimate=math.exp(y), lower=math.exp(y - z * math.sqrt(v)),
            upper=math.exp(y + z * math.sqrt(v)), unit="hazard ratio",
        )
        for i, (y, v) in enumerate(zip(theirs["yi"], theirs["vi"], strict=True))
    }  # fmt: skip
    pooled = forest_of(tables, "treg_os").iloc[-1]
    for name in ("estimate", "lower", "upper", "common", "common_lower", "common_upper"):
        np.testing.assert_allclose(pooled[name], math.exp(theirs[name]), **EQUAL)


def test_the_reconstruction_is_shown_but_never_pooled():
    tables = {"a": of_counts(30, 40), "b": of_counts(20, 40)}
    alone = forest_of(tables, "orr").iloc[-1]
    found = forest_of({**tables, "an2020": of_counts(38, 47)}, "orr", frozenset({"an2020"}))
    pd.testing.assert_series_equal(found.iloc[-1], alone, check_names=False)
    made_up = found[found["label"] == "an2020"].iloc[0]
    assert made_up["kind"] == "reconstruction, not patient data"
    assert made_up["estimate"] == pytest.approx(38 / 47)
    assert math.isnan(made_up["weight"])
    words = comparison.describe_forest(found, REGISTRY["orr"])
    assert "an2020: reconstruction, not patient data 80.9 %" in words
    with pytest.raises(CannotCompute, match=r"remission: pooling .* one only"):
        forest_of({"a": tables["a"], "an2020": tables["b"]}, "orr", frozenset({"an2020"}))


def test_rates_are_not_pooled_if_one_is_hidden_for_its_small_count():
    # 9 of the first cohort's 47 are without remission; the others have 0, or 11 and more
    with pytest.raises(CannotCompute, match="hidden, and leaving it out would bias"):
        forest_of(tables_of_counts(min_cell=11), "orr")
    protected = tables_of_counts(min_cell=11)
    del protected["cohort 0"]
    assert forest_of(protected, "orr")["k"].iloc[-1] == 4
    # the reconstruction is not pooled, so what is hidden of it biases nothing
    made_up = tables_of_counts(min_cell=11)
    found = forest_of(made_up, "orr", frozenset({"cohort 0"}))
    assert found["k"].iloc[-1] == 4


def test_few_cohorts_predict_little():
    tables = {"a": of_counts(30, 40), "b": of_counts(20, 40), "c": of_counts(25, 40)}
    assert "how little is known" in comparison.in_words(forest_of(tables, "orr"), REGISTRY["orr"])
    five = comparison.in_words(forest_of(tables_of_counts(), "orr"), REGISTRY["orr"])
    assert "is predicted to lie at" in five
    assert "how little is known" not in five


def test_a_cohort_without_an_estimate_says_why():
    tables = {"a": of_counts(30, 40), "b": of_counts(20, 40), "c": claim("os_1y")}
    found = forest_of(tables, "orr").set_index("label")
    assert "no values in the column `response`" in found.loc["c", "why"]
    words = comparison.in_words(found.reset_index(), REGISTRY["orr"])
    assert "Not pooled: c (this cohort has no values in the column `response`)" in words
    assert "Two cohorts are too few" in words


def test_an_infinite_ratio_and_survival_without_interval_are_left_out():
    good = {"estimate": 2.0, "lower": 1.0, "upper": 4.0, "unit": "hazard ratio"}
    infinite = {"unit": "no ratio", "why": "no events in one group; power for a ratio was 3 %"}
    tables = {"a": claim("emd_os", **good), "b": claim("emd_os", **good)}
    found = forest_of({**tables, "c": claim("emd_os", **infinite)}, "emd_os")
    assert found.set_index("label").loc["c", "why"] == infinite["why"]
    assert found["k"].iloc[-1] == 2
    flat = {"estimate": 1.0, "lower": math.nan, "upper": math.nan, "unit": "fraction"}
    with pytest.raises(CannotCompute, match="none"):
        forest_of({"a": claim("os_1y", **flat), "b": claim("os_1y", **flat)}, "os_1y")


def test_a_summary_needs_one_claim_that_can_be_pooled():
    table = comparison.stack({"a": of_counts(30, 40), "b": of_counts(20, 40)}, frozenset())
    found = comparison.summary(table, REGISTRY, comparison.RATES)
    assert found["short"].tolist() == ["remission"]
    assert found["predicted"].tolist() == ["needs three cohorts"]
    with pytest.raises(CannotCompute, match="none of the directions"):
        comparison.summary(table, REGISTRY, comparison.DIRECTIONS)


def of_survival(estimate: float, size: float) -> pd.DataFrame:
    return claim("os_1y", estimate=estimate, size=size, unit="fraction")


def test_a_funnel_compares_each_cohort_with_the_limits_at_its_size():
    tables = {"a": of_survival(0.5, 40), "b": of_survival(0.6, 60), "c": of_survival(0.2, 50)}
    table = comparison.stack(
        {**tables, "none": claim("orr"), "made up": of_survival(0.9, 47)}, frozenset({"made up"})
    )
    found = comparison.funnel(table, REGISTRY["os_1y"]).set_index("label")
    pooled = (0.5 * 40 + 0.6 * 60 + 0.2 * 50) / 150
    assert found["pooled"].tolist() == pytest.approx([pooled] * 5)
    assert found.loc["c", "place"] == "beyond 99.8 %"
    assert found.loc[["a", "b"], "place"].tolist() == ["within the limits", "beyond 95 %"]
    low, high = funnel.limits(pooled, [60], 0.95)
    assert found.loc["b", ["lower", "upper"]].tolist() == pytest.approx([low[0], high[0]])
    assert found.loc["none", "why"] == "no estimate"
    alarms = comparison.alarms(found.reset_index()).iloc[0]
    each = [funnel.false_alarm(pooled, n, 0.95) for n in (40, 60, 50)]
    assert alarms["any"] == pytest.approx(1 - math.prod(1 - a for a in each))
    words = comparison.funnel_in_words(found.reset_index(), REGISTRY["os_1y"])
    assert "outside the limits: b (beyond 95 %), c (beyond 99.8 %)" in words
    assert "Without an estimate: none." in words
    ax = plot_funnel(found.reset_index())
    assert texts_of(ax) == ["1", "2", "3", "4"]
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert legend[3:6] == ["1   a", "2   b", "3   c"]
    assert legend[6] == "4   made up: reconstruction, not patient data"
    mpl.pyplot.close(style.figure_of(ax))


def test_a_funnel_needs_three_cohorts_and_no_hidden_number():
    two = {"a": of_survival(0.5, 40), "b": of_survival(0.6, 60)}
    with pytest.raises(CannotCompute, match="at least 3 cohorts"):
        comparison.funnel(comparison.stack(two, frozenset()), REGISTRY["os_1y"])
    with pytest.raises(CannotCompute, match="hidden, and leaving it out would bias"):
        table = comparison.stack(tables_of_counts(min_cell=11), frozenset())
        comparison.funnel(table, REGISTRY["orr"])


def test_absurdly_wide_predictions_are_not_spelt_out():
    tables = {
        str(i): claim("emd_os", estimate=hr, lower=hr / 1.2, upper=hr * 1.2, unit="hazard ratio")
        for i, hr in enumerate((0.2, 1.0, 9.0))
    }
    found = forest_of(tables, "emd_os").iloc[-1]
    assert found["predicted_upper"] > 1000
    assert comparison.predicted(found, comparison.DIRECTIONS) == "below 0.02 to above 50"


def test_every_claim_is_pooled_or_left_out_on_purpose():
    pooled = [e.id for g in comparison.SCALES for e in comparison.poolable(REGISTRY, g)]
    everything = replication.claims(pd.DataFrame({"patient_id": ["A"]}), REGISTRY)["id"]
    assert set(everything) - set(pooled) == {"os_median", "rfs_median", "orr_emd_lowest"}
    assert len(pooled) == len(set(pooled))


# --- side by side --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study() -> Comparison:
    return Comparison("comparison", "an2020")


def test_the_reconstruction_is_named_wherever_cohorts_are(study):
    named = "an2020: reconstruction, not patient data"
    assert comparison.tally(study.claims.table)["label"].tolist() == [named]
    assert named in comparison.side_by_side(study.claims.table, "value")
    assert study.made_up == "; an2020 is a reconstruction, not patient data [A]"
    assert comparison.describe(study.claims.table).startswith(f"{named}: 21 claims upheld")


def test_verdicts_side_by_side(study):
    beside = comparison.side_by_side(study.claims.table, "value").set_index("short")
    assert beside.loc["remission"].tolist() == ["80.9 %", "● 80.9 % (66.7 to 90.9 %), equal"]
    nothing = comparison.stack({"empty": claim("orr")}, frozenset())
    assert comparison.side_by_side(nothing, "direction")["empty"].tolist() == ["–"] * 9


def test_members_keep_their_names(tmp_path):
    (tmp_path / "cohort-1.csv").write_text("patient_id,sex\nA,male\n")
    text = write_members({"North (1)": str(tmp_path / "cohort-1.csv"), "an2020": "an2020"})
    members = [judge(name, file, 0.95, None, 1)[0] for name, file in read_members(text)]
    assert [m.name for m in members] == ["North (1)", "an2020"]
    assert members[1].is_reconstruction
    [(name, file)] = read_members(str(tmp_path / "cohort-1.csv"))
    assert judge(name, file, 0.95, None, 1)[0].name == "cohort-1"


def test_small_counts_are_hidden_of_users_and_not_of_the_reconstruction(tmp_path):
    text = intake.read("an2020").to_csv()
    (tmp_path / "mine.csv").write_text(text.replace("an2020-", "P"))
    cohort, claims = judge("", str(tmp_path / "mine.csv"), 0.95, None, 5)
    assert len(cohort.table) == 0, "its rows stay where they are kept"
    assert math.isnan(claims.set_index("id").loc["ae_grade4", "estimate"]), "3 of 47"
    _, default = judge("", "an2020", 0.95, None, 5)
    assert default.set_index("id").loc["ae_grade4", "estimate"] > 0


# --- pictures ------------------------------------------------------------------------------------


def texts_of(ax) -> list[str]:
    return [t.get_text() for t in ax.texts]


def test_a_forest_plot_names_every_cohort_and_marks_the_paper():
    tables = {"north": of_counts(30, 40), "south": of_counts(20, 40), "none": claim("os_1y")}
    found = forest_of({**tables, "an2020": of_counts(38, 47)}, "orr", frozenset({"an2020"}))
    ax = plot_pooled(found, ratio=False, reference=0.809)
    shown = texts_of(ax)
    for text in ("north", "75 % (10–90)", "not pooled", "pooled, 2 cohorts",
                 "an2020: reconstruction, not patient data"):  # fmt: skip
        assert text in shown
    assert any(line.get_xdata()[0] == 0.809 for line in ax.lines)
    assert len(ax.patches) == 1, "the diamond"
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert "published value" in legend
    assert "prediction interval" not in legend, "two cohorts have none"
    mpl.pyplot.close(style.figure_of(ax))


def test_intervals_beyond_the_axis_end_in_arrows():
    wide = {"estimate": 3.0, "lower": 0.001, "upper": 900.0, "unit": "hazard ratio"}
    found = forest_of({"a": claim("emd_os", **wide), "b": claim("emd_os", **wide)}, "emd_os")
    ax = plot_pooled(found, ratio=True)
    assert ax.get_xlim() == (1 / 50, 50)
    assert [line.get_marker() for line in ax.lines].count(">") == 3
    mpl.pyplot.close(style.figure_of(ax))


def test_the_verdicts_picture_has_a_mark_for_each_claim_and_cohort(study):
    table = comparison.verdicts(study.claims.table)
    twice = pd.concat([table, table.assign(cohort="b", verdict=Verdict.NOT_ASSESSED)])
    ax = plot_verdicts(twice)
    assert len(ax.lines) == len(table)
    assert texts_of(ax).count("–") == len(table)
    mpl.pyplot.close(style.figure_of(ax))


def test_callers_axes_are_used(study):
    _, ax = mpl.pyplot.subplots()
    assert plot_verdicts(comparison.verdicts(study.claims.table), ax) is ax
    tables = {"a": of_counts(30, 40), "b": of_counts(20, 40)}
    assert plot_pooled(forest_of(tables, "orr"), ax, ratio=False) is ax
    mpl.pyplot.close(style.figure_of(ax))
