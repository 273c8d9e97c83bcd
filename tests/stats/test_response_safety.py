"""Remission, safety, Table 1 and the flow; expected values by arithmetic and from R."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cartanalysis.claims import flow
from cartanalysis.contract import derive
from cartanalysis.errors import CannotCompute, MissingColumns
from cartanalysis.intake import read
from cartanalysis.stats import baseline, response, safety
from cartanalysis.study import derivations, published


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    return derive(read("an2020").table)


def test_remission_with_the_exact_interval(patients, oracle):
    row = response.remission(patients).iloc[0]
    assert (row["n"], row["events"]) == (47, 38)
    theirs = next(c for c in oracle["binomial"] if c["n"] == 47 and c["events"] == 38)
    np.testing.assert_allclose([row["lower"], row["upper"]], theirs["ci95"], rtol=1e-9)


def test_the_share_in_mrd_negative_remission(patients):
    row = response.share(patients, "mrd_negative_cr").iloc[0]
    assert (row["n"], row["events"]) == (47, 37)
    # R: binom.test(37, 47)$conf.int
    assert row["lower"] == pytest.approx(0.643363012237, abs=1e-9)
    assert row["upper"] == pytest.approx(0.892967522845, abs=1e-9)


def test_groups_come_in_the_contracts_order(patients):
    assert response.remission(patients, "emd")["group"].tolist() == ["none", "cns", "other"]


def test_association_2x2_and_larger(patients, oracle):
    theirs = next(c for c in oracle["fisher_rxc"] if c["table"] == [33, 3, 3, 1, 2, 5])
    cells = zip(("none", "cns", "other"), ((33, 3), (3, 1), (2, 5)), strict=True)
    rows = [
        {"emd": site, "responder": answer}
        for site, counts in cells
        for answer, n in zip(("yes", "no"), counts, strict=True)
        for _ in range(n)
    ]
    by_kind = response.association(pd.DataFrame(rows), "emd").iloc[0]
    np.testing.assert_allclose(by_kind["p"], theirs["p"], rtol=1e-6)
    assert "3 × 2" in by_kind["method"]
    two = response.association(patients, "emd_other").iloc[0]
    theirs = next(c for c in oracle["fisher_2x2"] if c["table"] == [36, 4, 2, 5])
    np.testing.assert_allclose(two["p"], theirs["p"], rtol=1e-9)
    # R compares the first column; ours is the odds of remission in the second row: the inverse
    np.testing.assert_allclose(two["estimate"], 1 / theirs["odds"], rtol=1e-6)


def test_association_of_a_large_table_names_its_approximation():
    rng = np.random.default_rng(1)
    big = pd.DataFrame({"a": rng.integers(0, 6, 4000), "b": rng.integers(0, 5, 4000)})
    assert "χ²" in response.association(big, "a", "b").iloc[0]["method"]


def test_association_needs_two_groups(patients):
    with pytest.raises(CannotCompute):
        response.association(patients[patients["emd"] == "none"], "emd")


def test_unknown_responses_are_left_out():
    patients = pd.DataFrame({"responder": pd.Categorical(["yes", None, "no"], ["no", "yes"])})
    assert response.remission(patients).iloc[0]["n"] == 2


def test_grades(patients):
    grades = safety.by_grade(patients, "ae_grade_max")
    assert grades["grade"].tolist() == [0, 1, 2, 3, 4, 5]
    assert grades["events"].sum() == 47
    assert grades.loc[4, "events"] == 3
    assert safety.at_least(patients, "ae_grade_max", 0).iloc[0]["events"] == 47
    with pytest.raises(ValueError, match="grade 7"):
        safety.at_least(patients, "ae_grade_max", 7)
    with pytest.raises(MissingColumns, match="`crs_grade`, `icans_grade` and `ae_grade_max`"):
        safety.all_scales(patients[["patient_id"]])


def test_table_one_counts_every_patient(patients):
    table = baseline.table_one(patients)
    for _, rows in table[table["level"] != ""].groupby("column"):
        counts = rows["summary"].str.extract(r"^(\d+) ")[0].astype(int)
        assert counts.sum() == rows["n"].iloc[0]
    with pytest.raises(CannotCompute):
        baseline.table_one(patients[["patient_id"]])


def test_flow_of_the_study_and_of_another_cohort(patients):
    registry = published.load()
    study = flow.steps(patients, registry, is_reconstruction=True)
    assert study["n"].tolist() == [72, 51, 47, 38]
    assert study["evidence"].tolist() == ["P", "P", "D", "D"]
    other = flow.steps(patients.head(10), registry, is_reconstruction=False)
    assert other["n"].tolist()[0] == 10
    assert set(other["evidence"]) == {""}


def test_searches_show_one_solution():
    registry = published.load()
    infused = derivations.search_infused(registry.entries)
    assert infused.loc[infused["fits"] == "yes", "n"].tolist() == [47]
    group = derivations.search_emd_other(registry.entries)
    assert group.loc[group["fits"] == "yes", ["events", "n"]].to_numpy().tolist() == [[2, 7]]


@pytest.mark.parametrize("cutoff", [4.94, 5.3, 0.0, 99.0, 1.87, 20.52])
def test_histogram_counts_everybody_once_on_the_right_side(patients, cutoff):
    table = baseline.histogram(patients, "treg_pct", cutoff)
    assert len(table) <= 2 * baseline.RANGES
    assert table["n"].sum() == 47
    high = table.loc[table["group"] == "high", "n"].sum()
    assert high == (patients["treg_pct"] > cutoff).sum()


@pytest.mark.parametrize("values", [[5.0], [5.0, 5.0], [5.0, 5.02]])
def test_histogram_of_few_values(values):
    table = baseline.histogram(pd.DataFrame({"treg_pct": values}), "treg_pct", 50)
    assert table["n"].sum() == len(values)
    assert len(table) <= 2 * baseline.RANGES
