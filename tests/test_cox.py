"""Cox regression against R's coxph and cox.zph."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

from cartanalysis.cox import cox
from cartanalysis.errors import CannotCompute

MODELS = list(json.loads((ORACLE / "oracle.json").read_text())["cox"])


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
            "constant": [2.0] * 6,
            "early": [9.0, 8, 7, 1, 2, 3],
        }
    )


@pytest.mark.parametrize(
    ("covariates", "says"),
    [
        (["group"], "no event of overall survival occurred in the group `b` of `group`"),
        (["same"], "in one group of `same`"),
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
