"""The default cohort agrees with the paper and can be made again, byte for byte."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pandas as pd
import pytest
from conftest import script

from cartanalysis.claims import replication
from cartanalysis.claims.verdicts import Verdict
from cartanalysis.contract import derive
from cartanalysis.intake import read
from cartanalysis.stats import response, survival
from cartanalysis.study import published, reconstruct

COMMITTED = resources.files("cartanalysis.study") / "data" / "an2020.csv"


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    return derive(read("an2020").table)


def test_regenerates_byte_for_byte():
    assert reconstruct.reconstruct().encode() == COMMITTED.read_bytes()


def test_another_seed_is_another_cohort_that_agrees():
    text = reconstruct.reconstruct(seed=4)
    assert text.encode() != COMMITTED.read_bytes()
    assert reconstruct.agrees(text, published.load())


def test_consistent_effects_regenerate():
    committed = reconstruct.known_effects()
    again = script("consistent_effects").effects([3])
    theirs = committed[committed["seed"] == 3].reset_index(drop=True)
    assert again["claim"].tolist() == theirs["claim"].tolist()
    np.testing.assert_allclose(again["estimate"], theirs["estimate"], rtol=1e-5)
    assert (committed["p"] < 0.05).all()


def test_derived_counts(patients):
    assert len(patients) == 47
    assert (patients["responder"] == "yes").sum() == 38
    assert (patients["ae_grade_max"] == 4).sum() == 3
    other = patients[patients["emd"] == "other"]
    assert (len(other), (other["responder"] == "yes").sum()) == (7, 2)


def test_published_numbers_at_the_papers_rounding(patients):
    assert f"{100 * response.remission(patients)['estimate'][0]:.1f}" == "80.9"
    for endpoint, year, median in (("os", "53.0", 415.0), ("rfs", "45.0", 319.0)):
        at_year = survival.survival_at(patients, endpoint, [365])["estimate"][0]
        assert f"{100 * at_year:.1f}" == year
        assert survival.median(patients, endpoint)["estimate"][0] == median


def test_every_claim_holds(patients):
    found = replication.claims(patients, published.load())
    assert set(found["verdict"]) == {Verdict.EXACT, Verdict.SUPPORTS}
    directions = found[found["unit"] == "hazard ratio"]
    assert len(directions) == 8
    assert (directions["p"] < 0.05).all()
    assert (directions["estimate"] > 1).all()


def test_follow_up_fits_the_accrual(patients):
    shortest, longest = reconstruct.follow_up_range(published.load())
    alive = patients.loc[patients["os_event"] == 0, "os_days"]
    assert alive.between(shortest, longest).all()
    # censoring before 1 year entered both curves, as the percentages show
    for endpoint in ("os", "rfs"):
        early = patients[
            (patients[f"{endpoint}_days"] < 365) & (patients[f"{endpoint}_event"] == 0)
        ]
        assert len(early) > 0


def test_courses_are_possible(patients):
    responders = patients[patients["responder"] == "yes"]
    assert responders["rfs_days"].notna().all()
    assert patients.loc[patients["responder"] == "no", "rfs_days"].isna().all()
    remission_day = published.load()["a_remission_day"].value
    assert (responders["rfs_days"] + remission_day <= responders["os_days"]).all()
    died = responders[responders["rfs_cause"] == "death"]
    assert (died["rfs_days"] + remission_day == died["os_days"]).all()
    free = responders[responders["rfs_event"] == 0]
    assert (free["os_event"] == 0).all()


def test_a_cohort_that_disagrees_is_refused():
    text = COMMITTED.read_text()
    assert reconstruct.agrees(text, published.load())
    changed = text.replace(",NR,", ",CR,", 1)
    assert not reconstruct.agrees(changed, published.load())
