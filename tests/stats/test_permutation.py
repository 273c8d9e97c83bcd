"""The log-rank test by permutation, against R's coin."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import permutation, survival

SEVERAL = json.loads((ORACLE / "cox.json").read_text())["several"]
CASES = json.loads((ORACLE / "replication.json").read_text())["permutation"]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['name']}-{len(c['rows'])}")
def test_p_equals_coin(case, oracle_data):
    data = oracle_data(case["name"]).iloc[[row - 1 for row in case["rows"]]]
    found = permutation.log_rank(data, "os", "group").iloc[0]
    assert found["smallest_group"] == case["smaller"]
    assert abs(found["excess"]) == pytest.approx(abs(case["excess"]))
    if case["name"] in ("ovarian", "leukemia") and len(case["rows"]) > 20:
        # drawn: three Monte Carlo errors of twice a tail
        error = 2 * np.sqrt(case["p"] / 2 / permutation.DRAWS)
        assert found["p"] == pytest.approx(case["p"], abs=3 * error + 2 / permutation.DRAWS)
    else:
        assert found["p"] == pytest.approx(case["p"], rel=1e-9)


@pytest.mark.parametrize("case", SEVERAL, ids=lambda c: f"{c['name']}-{len(c['rows'])}")
def test_p_of_several_groups_equals_coin(case, oracle_data):
    data = oracle_data(case["name"]).iloc[[row - 1 for row in case["rows"]]]
    found = permutation.compare(data, "os", "group").iloc[0]
    assert found["test"] == "log-rank by permutation"
    error = np.sqrt(case["p"] * (1 - case["p"]) / permutation.DRAWS)
    assert found["p"] == pytest.approx(case["p"], abs=4 * error)


def test_excess_is_that_of_the_log_rank_test(oracle_data):
    data = oracle_data("ovarian")
    ours = permutation.log_rank(data, "os", "group").iloc[0]
    theirs = survival.log_rank(data, "os", "group").iloc[0]
    assert ours["excess"] == pytest.approx(theirs["excess"])
    assert ours["events"] == theirs["events"]


def test_both_samplers_agree_and_the_seed_is_fixed(oracle_data, monkeypatch):
    data = oracle_data("ovarian").iloc[2:]  # 24 patients, of whom 13 are in one group
    hypergeometric = permutation.log_rank(data, "os", "group").iloc[0]["p"]
    assert permutation.log_rank(data, "os", "group").iloc[0]["p"] == hypergeometric
    monkeypatch.setattr(permutation, "FEW_PATIENTS", 2)
    subsets = permutation.log_rank(data, "os", "group").iloc[0]["p"]
    assert subsets != hypergeometric
    assert subsets == pytest.approx(hypergeometric, abs=0.02)


def test_a_million_patients_and_three_events_are_quick():
    n = 1_000_000
    data = pd.DataFrame(
        {
            "os_days": np.arange(1, n + 1.0),
            "os_event": (np.arange(n) < 3).astype(float),
            "group": pd.Categorical(np.where(np.arange(n) % 2, "b", "a")),
        }
    )
    assert permutation.log_rank(data, "os", "group").iloc[0]["p"] > 0.2


def test_needed_where_a_group_or_the_events_are_few():
    assert permutation.is_needed(14, 100)
    assert permutation.is_needed(50, 9)
    assert not permutation.is_needed(15, 10)


def test_the_words_tell_nothing_of_the_groups_sizes(oracle_data):
    found = {permutation.log_rank(oracle_data(d), "os", "group").iloc[0]["method"]
             for d in ("half", "leukemia")}  # fmt: skip
    assert len(found) == 1
    assert re.search("by permutation", found.pop())


@pytest.mark.parametrize(
    ("change", "says"), [({"os_event": 0.0}, "no event"), ({"group": "a"}, "needs two groups")]
)
def test_without_content(oracle_data, change, says):
    with pytest.raises(CannotCompute, match=says):
        permutation.log_rank(oracle_data("half").assign(**change), "os", "group")


@pytest.mark.parametrize("by", ["two", "three"])
def test_p_does_not_depend_on_the_patients_order(by):
    """Where arrangements are drawn, too: 8 of 60 patients, or three groups."""
    rng = np.random.default_rng(5)
    n = 60
    table = pd.DataFrame({"os_days": rng.integers(1, 400, n), "os_event": rng.random(n) < 0.6})
    table["two"] = np.where(np.arange(n) < 8, "a", "b")
    table["three"] = np.array(["a", "b", "c"])[np.arange(n) % 3]
    table["os_event"] = table["os_event"].astype(float)
    usual = permutation.log_rank(table, "os", by)["p"].iloc[0]
    for seed in range(5):
        shuffled = table.sample(frac=1, random_state=seed, ignore_index=True)
        assert permutation.log_rank(shuffled, "os", by)["p"].iloc[0] == usual
