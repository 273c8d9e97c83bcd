"""Files of hospitals that do not share patients: written, protected, read and pooled."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, script

from cartanalysis.cli import main
from cartanalysis.contract import Cohort, derive
from cartanalysis.errors import InputError
from cartanalysis.sites import profiles
from cartanalysis.stats.cox import cox
from cartanalysis.study.published import load

REGISTRY = load()
UNIVARIABLE = ("emd_os", "treg_os", "genetics_os")


def patients(seed: int, n: int = 60) -> pd.DataFrame:
    """A hospital's patients, with times without ties."""
    rng = np.random.default_rng(seed)
    emd, treg, risk = rng.random(n) < 0.4, rng.lognormal(1.8, 0.5, n), rng.random(n) < 0.4
    death = rng.exponential(500 / np.exp(0.7 * emd + 0.5 * (treg > 6) + 0.6 * risk))
    end = rng.uniform(200, 1000, n)
    return pd.DataFrame(
        {
            "patient_id": [f"H{seed}P{i:03}" for i in range(n)],
            "emd": np.where(emd, "other", "none"),
            "treg_pct": treg.round(1),
            "genetic_risk": pd.Categorical(
                np.where(risk, "high", "standard"), ["standard", "high"]
            ),
            "os_days": np.ceil(np.minimum(death, end)),
            "os_event": (death <= end).astype(float),
        }
    )


def told(table: pd.DataFrame, name: str, min_cell: int = 1, cutoff: float | None = 6.0) -> dict:
    """The file of a hospital, as it is read again."""
    return json.loads(json.dumps(profiles.write(Cohort(name, table), REGISTRY, min_cell, cutoff)))


def save(folder: Path, *files: dict) -> list[Path]:
    paths = [folder / f"{i}.json" for i in range(len(files))]
    for path, file in zip(paths, files, strict=True):
        path.write_text(json.dumps(file))
    return paths


def test_every_direction_is_pooled_by_the_paper_s_model(tmp_path):
    """Twice the same hospital, stratified: its own estimates."""
    table = patients(1, 200)
    twin = table.assign(patient_id=table["patient_id"] + "b")
    files = [told(table, "A"), told(twin, "B")]
    pooled = profiles.pool(files, REGISTRY).set_index("id")
    known = derive(table, 6.0)
    asked = {e: [REGISTRY[e].details["exposure"]] for e in UNIVARIABLE}
    asked["emd_independent"] = REGISTRY["emd_independent"].covariates
    assert len(asked["emd_independent"]) == 3
    for name, covariates in asked.items():
        term = cox(known, "os", covariates).terms.iloc[0]
        assert pooled.loc[name, "estimate"] == pytest.approx(term["estimate"], rel=0.01), name
        assert pooled.loc[name, "n"] == 400
        assert pooled.loc[name, "lower"] < term["estimate"] < pooled.loc[name, "upper"]
    assert "there is none" in pooled.loc["emd_rfs", "why"]
    assert profiles.records(pooled.reset_index())[1]["estimate"] is None


# --- disclosure --------------------------------------------------------------------------------


def few(table: pd.DataFrame, deaths: int) -> pd.DataFrame:
    """So many deaths with EMD, 10 without, the others alive."""
    emd = (table["emd"] == "other").to_numpy()
    died = np.zeros(len(table))
    died[np.flatnonzero(emd)[:deaths]] = 1
    died[np.flatnonzero(~emd)[:10]] = 1
    return table.assign(os_event=died)


@pytest.mark.parametrize("deaths", [1, 4])
def test_a_group_of_few_deaths_is_not_told(deaths):
    table = few(patients(2), deaths)
    claim = told(table, "A", 5)["claims"]["emd_os"]
    assert claim.keys() == {"why"}
    assert "fewer than 5" in claim["why"]
    assert "values" in told(table, "A", 1)["claims"]["emd_os"]
    # a rule for five, not for this number
    assert "values" not in told(few(patients(2), 6), "A", 7)["claims"]["emd_os"]


@pytest.mark.parametrize("deaths", [0, 5])
def test_none_and_enough_are_told(deaths):
    assert "values" in told(few(patients(2), deaths), "A", 5)["claims"]["emd_os"]


def test_a_likelihood_of_several_covariates_needs_every_combination():
    """Each group is large, and so are its deaths; of one combination there are few."""
    n = 400
    i = np.arange(n)
    table = patients(3, n).assign(
        emd=np.where(i % 2, "other", "none"),
        treg_pct=np.where(i // 2 % 2, 9.0, 3.0),
        genetic_risk=np.where(i // 4 % 2, "high", "standard"),
        os_event=(i // 8 % 2).astype(float),
    )
    assert "values" in told(table, "A", 5)["claims"]["emd_independent"]
    cell = (i % 8 == 7) & (i // 8 % 2 == 1)
    rare = table.assign(os_event=np.where(cell & (i > 60), 0.0, table["os_event"]))
    assert 0 < rare.loc[cell, "os_event"].sum() < 5
    claims = told(rare, "A", 5)["claims"]
    assert "values" in claims["emd_os"]
    assert claims["emd_independent"].keys() == {"why"}


def test_the_file_holds_nothing_else(tmp_path):
    file = told(patients(4), "A", 5)
    assert file.keys() == {
        "format", "cohort", "is_reconstruction", "min_cell", "patients", "treg_cutoff",
        "log_hazard_ratios", "claims",
    }  # fmt: skip
    for claim in file["claims"].values():
        assert claim.keys() in ({"why"}, {"covariates", "n", "events", "values"})
        assert all(v == round(v, 3) for v in claim.get("values", []))
    assert "H4P" not in json.dumps(file)


def test_a_cohort_below_the_smallest_count_writes_nothing():
    with pytest.raises(InputError, match="fewer than 5 patients"):
        told(patients(5, 4), "A", 5)


# --- reading -----------------------------------------------------------------------------------


def test_what_cannot_be_pooled_is_refused(tmp_path):
    good, other = told(patients(6), "A"), told(patients(7), "B")
    wrong = {
        "never pooled with patients": {**other, "is_reconstruction": True},
        "not written by this version": {**other, "format": "cartanalysis profile 0"},
        "other hazard ratios": {**other, "log_hazard_ratios": [0.0] * 15},
        "parts of it are missing": {k: v for k, v in other.items() if k != "claims"},
        "no percentage": {**other, "treg_cutoff": math.nan},
        "same patients": {**good, "cohort": "C"},
        "same name": {**other, "cohort": "A"},
    }
    for values in ([0.0], [math.inf] * 15, [1.0] * 15):
        claim = {**other["claims"]["emd_os"], "values": values}
        file = {**other, "claims": {**other["claims"], "emd_os": claim}}
        with pytest.raises(InputError, match="OS, any EMD"):
            profiles.read(save(tmp_path, good, file), REGISTRY)
    for said, file in wrong.items():
        with pytest.raises(InputError, match=said):
            profiles.read(save(tmp_path, good, file), REGISTRY)
    with pytest.raises(InputError, match="two hospitals or more"):
        profiles.read(save(tmp_path, good), REGISTRY)
    path = tmp_path / "text.json"
    path.write_text("patient_id,sex\n")
    with pytest.raises(InputError, match="no JSON"):
        profiles.read([path, path], REGISTRY)
    with pytest.raises(InputError, match="cannot be read"):
        profiles.read([tmp_path / "absent.json", path], REGISTRY)


def test_notes_tell_of_cut_offs_and_of_hospitals_that_are_silent():
    silent = told(few(patients(8), 1), "A", 5, None)
    files = [silent, told(patients(9), "B", 1, None)]
    cut, left = profiles.notes(files, profiles.pool(files, REGISTRY))
    assert "--treg-cutoff" in cut
    assert "OS, any EMD" in left
    alike = [told(patients(n), str(n)) for n in (8, 9)]
    said = profiles.notes(alike, profiles.pool(alike, REGISTRY))
    assert not any("--treg-cutoff" in note for note in said)


def test_the_commands_write_and_pool(tmp_path, capsys):
    files = []
    for seed in (10, 11):
        cohort = tmp_path / f"clinic{seed}.csv"
        patients(seed).to_csv(cohort, index=False)
        files.append(str(tmp_path / f"{seed}.json"))
        told_to = ["--treg-cutoff", "6", "--min-cell", "1", "--out", files[-1]]
        assert main(["profile", str(cohort), *told_to]) == 0
    assert "tells of 4 of 8 hazard ratios" in capsys.readouterr().out
    assert main(["profile", str(cohort), "--out", files[-1]]) == 2  # it exists
    assert "exists already" in capsys.readouterr().err
    assert main(["pool", *files]) == 0
    said = capsys.readouterr().out
    assert "2 hospitals, 120 patients" in said
    assert "OS, any EMD: hazard ratio" in said
    assert main(["pool", *files, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["claims"][0]["id"] == "emd_os"
    assert report["claims"][0]["lower"] < report["claims"][0]["estimate"]
    assert main(["pool", files[0]]) == 2


def test_the_reconstruction_says_that_it_is_one(capsys):
    assert main(["profile", "--min-cell", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["is_reconstruction"] is True


# --- estimates pooled instead ------------------------------------------------------------------


def test_pooled_estimates_are_biased_and_pooled_likelihoods_are_not():
    pooling = script("pooling")
    found = pooling.summary(pooling.simulate(60, [1.0])).iloc[0]
    assert found["without"] > 0.1
    assert found["furthest"] < 0.01
    assert found["estimates"] > 1.15
    assert abs(math.log(found["likelihoods"] / found["patients"])) < 0.002
    committed = (ROOT / "book" / "data" / "pooling.md").read_text().splitlines()
    assert committed[:2] == pooling.table(pd.DataFrame()).splitlines()
    _, truth, without, patients, likelihoods, _, estimates, *_ = committed[2].split("|")
    assert float(truth) == 1
    assert float(without.strip(" %")) / 100 == pytest.approx(found["without"], abs=0.05)
    # sixty draws against a thousand: some three standard errors
    for way, value in zip(
        ("patients", "likelihoods", "estimates"), (patients, likelihoods, estimates), strict=True
    ):
        assert math.log(float(value)) == pytest.approx(math.log(found[way]), abs=0.25), way
