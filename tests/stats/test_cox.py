"""Cox regression against R's coxph and cox.zph."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import permutation
from cartanalysis.stats.cox import cox, scan_cutoffs

MODELS = list(json.loads((ORACLE / "oracle.json").read_text())["cox"])
HARD = json.loads((ORACLE / "cox.json").read_text())


def hard_data(file: str) -> pd.DataFrame:
    """Data of a model that is hard to fit: skewed, on unlike scales, with rounded times."""
    folder = ORACLE.parent if file.startswith("cases/") else ORACLE
    return pd.read_csv(folder / "data" / file)


@pytest.mark.parametrize("key", MODELS)
def test_model_equals_r(key, oracle, oracle_data):
    theirs = oracle["cox"][key]
    model = cox(oracle_data(key.split("/")[0]), "os", theirs["terms"])

    def close(ours, name, rtol=1e-6):
        np.testing.assert_allclose(np.atleast_1d(ours), np.atleast_1d(theirs[name]), rtol=rtol)

    close(np.log(model.terms["estimate"]), "coef")
    close(model.terms["estimate"], "hr")
    close(model.terms["lower"], "lower")
    close(model.terms["upper"], "upper")
    close(model.terms["p"], "p")
    close(model.log_likelihood, "loglik")
    close(model.tests["estimate"].iloc[0], "lrt")
    close(model.tests["estimate"].iloc[1:], "lrt_drop")
    # R leaves out the global row of a one-covariate model with one coefficient
    count = len(theirs["zph_chisq"])
    close(model.proportional_hazards["estimate"].iloc[:count], "zph_chisq")
    close(model.proportional_hazards["df"].iloc[:count], "zph_df")
    close(model.proportional_hazards["p"].iloc[:count], "zph_p")


def test_counts_and_events_per_term(oracle_data):
    model = cox(oracle_data("ovarian"), "os", ["group", "age"])
    assert (model.n, model.events, model.events_per_term) == (26, 12, 6.0)


@pytest.fixture
def separated() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "os_days": [1.0, 2, 3, 4, 5, 6],
            "os_event": [1.0, 1, 1, 0, 0, 0],
            "group": list("aaabbb"),
            "other": list("xyxyxy"),
            "same": ["s"] * 6,
            "own": list("uvwxyz"),
            "constant": [2.0] * 6,
            "early": [9.0, 8, 7, 1, 2, 3],
        }
    )


@pytest.mark.parametrize(
    ("covariates", "says"),
    [
        (["group"], "no event of overall survival occurred in the group `b` of `group`"),
        (["same"], "in one group of `same`"),
        (["own"], "each patient is a group of his or her own in `own`"),
        (["constant"], "the same in all patients"),
        (["other", "other_again"], "cannot be told apart"),
        (["early"], "converge: the covariate orders the event times perfectly"),
        (["early", "other"], "converge: some combination of the covariates"),
    ],
)
def test_models_without_an_estimate_say_why(separated, covariates, says):
    data = separated.assign(other_again=separated["other"].str.upper())
    with pytest.raises(CannotCompute, match=says):
        cox(data, "os", covariates)


def test_one_event_time_shows_no_change_over_time():
    data = pd.DataFrame({"os_days": 30.0, "os_event": 1.0, "group": list("abababab")})
    assert cox(data, "os", ["group"]).proportional_hazards["p"].isna().all()


def test_no_event(separated):
    with pytest.raises(CannotCompute, match="no event"):
        cox(separated.assign(os_event=0.0), "os", ["other"])


@pytest.mark.parametrize(
    "theirs", HARD["models"], ids=lambda m: f"{m['file'].split('.')[0]}-{'+'.join(m['terms'])}"
)
def test_models_that_are_hard_to_fit_equal_r(theirs):
    model = cox(hard_data(theirs["file"]), "os", theirs["terms"])
    beta = model.terms["statistic"] * theirs["se"]
    np.testing.assert_allclose(beta, theirs["coef"], rtol=1e-5)
    np.testing.assert_allclose(model.log_likelihood, theirs["loglik"], rtol=1e-9)
    np.testing.assert_allclose(model.tests["estimate"].iloc[1:], theirs["lrt_drop"], rtol=1e-6)
    ours = model.proportional_hazards["estimate"].iloc[: len(theirs["zph"])]
    np.testing.assert_allclose(ours, theirs["zph"], rtol=1e-5)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(model.terms["estimate"], np.exp(theirs["coef"]), rtol=1e-5)


@pytest.mark.parametrize("coded", [lambda m: m, lambda m: m + 1, lambda m: m.astype(bool)])
def test_a_numeric_level_without_an_event_has_no_estimate(coded):
    data = hard_data("scales.csv")
    survivors = data.index[data["os_event"] == 0][:5]
    marker = pd.Series(data.index.isin(survivors).astype(float), data.index)
    assert "may be infinite" in HARD["infinite"]  # which R warns of, in these data
    with pytest.raises(CannotCompute, match=r"no event of overall survival .* of `marker`"):
        cox(data.assign(marker=coded(marker)), "os", ["marker"])


def test_a_grade_that_all_who_died_had_alike_has_no_estimate():
    data = hard_data("scales.csv").assign(grade=np.tile([0.0, 1.0], 13))
    data.loc[data["os_event"] == 1, "grade"] = 2.0
    with pytest.raises(CannotCompute, match="converge: the covariate orders"):
        cox(data, "os", ["grade"])


def test_a_covariate_that_varies_only_before_the_first_event():
    data = pd.DataFrame({"os_days": [1.0, 2, 3, 4, 5], "os_event": [0.0, 0, 1, 1, 0]})
    with pytest.raises(CannotCompute, match="the same in all patients at risk"):
        cox(data.assign(x=[7.0, 8, 2, 2, 2]), "os", ["x"])


def test_scale_and_origin_do_not_matter(oracle_data):
    data = oracle_data("lung").assign(other=lambda d: 1e6 + 1e-3 * d["ph.ecog"])
    plain = cox(data, "os", ["age", "ph.ecog"])
    moved = cox(data.assign(age=1e8 * data["age"]), "os", ["age", "other"])
    for table in ("terms", "tests", "proportional_hazards"):
        ours, theirs = getattr(moved, table)["p"], getattr(plain, table)["p"]
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_cutoffs_name_the_test_whose_p_they_give(oracle_data):
    data = oracle_data("ovarian")
    scan = scan_cutoffs(data, "os", "age")
    assert scan["method"].str.contains("p: log-rank test by permutation").all()  # 26 patients
    row = scan[scan["quantile"] == 0.5].iloc[0]
    side = pd.Categorical(np.where(data["age"] > row["cutoff"], "high", "low"), ["low", "high"])
    assert row["p"] == permutation.compare(data.assign(side=side), "os", "side")["p"].iloc[0]
    many = oracle_data("lung")
    assert (
        scan_cutoffs(many, "os", "age")["method"].str.endswith("p: log-rank test, two-sided").all()
    )
