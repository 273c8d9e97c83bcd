"""A reconstruction is recognised by its values; whatever only looks like one is protected."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT

from cartanalysis import Study, intake
from cartanalysis.chapter.disclosure.recognise import DRAWN, recognise
from cartanalysis.chapter.disclosure.vault import Patients
from cartanalysis.cli import main
from cartanalysis.contract import Cohort
from cartanalysis.intake.admission import Request
from cartanalysis.publish.book import Book
from cartanalysis.publish.run import prepare
from cartanalysis.study.reconstruct import reconstruct

SEED = 7
NAME = f"an2020-seed{SEED}"


@pytest.fixture(scope="module")
def text() -> str:
    return reconstruct(SEED)


@pytest.fixture
def table(text) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text))


def opened(table: pd.DataFrame, strata: tuple[str, ...] = ()) -> Cohort:
    return recognise(intake.parse(table.to_csv(index=False).encode(), "ward.csv", strata))


def test_a_file_as_it_was_written_is_a_reconstruction(text):
    cohort = recognise(intake.parse(text.encode(), "student.csv"))
    assert cohort.is_reconstruction
    assert (cohort.name, cohort.notes) == (NAME, ())


def test_what_a_program_makes_of_it_by_saving_does_not_matter(table, tmp_path):
    assert table["rfs_days"].dtype == float, "pandas writes 28.0 for 28 then"
    table.to_excel(tmp_path / "saved.xlsx", index=False)
    table.to_parquet(tmp_path / "saved.parquet")
    table.to_csv(tmp_path / "saved.csv", index=False)
    table.to_csv(tmp_path / "comma.csv", index=False, sep=";", decimal=",")
    table.astype(str).to_csv(tmp_path / "text.csv", index=False)
    mixed = table.sample(frac=1, random_state=1)[sorted(table.columns, reverse=True)]
    mixed.assign(remark="mine").to_csv(tmp_path / "mixed.csv", index=False)
    for path in tmp_path.iterdir():
        cohort = recognise(intake.read(path))
        assert cohort.is_reconstruction, path.name
        assert cohort.name == NAME


def other_patients(table: pd.DataFrame) -> pd.DataFrame:
    """Put other patients beneath the identifiers."""
    others = pd.read_csv(io.StringIO(reconstruct(8)))
    return others.assign(patient_id=table["patient_id"])


CHANGED = {
    "other patients": other_patients,
    "one value": lambda t: t.assign(age_years=[*t["age_years"][:-1], t["age_years"].iloc[-1] + 1]),
    "a value less": lambda t: t.assign(treg_pct=[None, *t["treg_pct"][1:]]),
    "a digit": lambda t: t.assign(treg_pct=[t["treg_pct"][0] + 1e-9, *t["treg_pct"][1:]]),
    "a column less": lambda t: t.drop(columns="hsct_day"),
    "a column more": lambda t: t.assign(arm="A"),
    "a patient less": lambda t: t.iloc[:-1],
    "a patient more": lambda t: pd.concat([t, t.tail(1).assign(patient_id=f"{NAME}-99")]),
    "patients exchanged": lambda t: t.assign(patient_id=t["patient_id"].to_numpy()[::-1]),
    "identifiers only": lambda t: t[["patient_id"]],
    "another seed": lambda t: t.assign(patient_id=t["patient_id"].str.replace("seed7", "seed8")),
    "a zero": lambda t: t.assign(patient_id=t["patient_id"].str.replace("seed7", "seed07")),
}


@pytest.mark.parametrize("change", CHANGED)
def test_whatever_was_changed_is_somebodys_own(table, change):
    cohort = opened(CHANGED[change](table))
    assert not cohort.is_reconstruction
    assert cohort.name == "ward"
    [note] = [n for n in cohort.notes if "reconstruction" in n]
    assert "something was changed" in note
    assert "protected" in note


def test_groups_of_ones_own_are_no_part_of_a_reconstruction(table):
    assert not opened(table.assign(site="here"), ("site",)).is_reconstruction
    assert opened(table, ("sex",)).is_reconstruction, "which the file has anyway"


@pytest.mark.parametrize("identifier", ["P7", f"{NAME}-x", f"{NAME}-", "an2020-seed-07", "7"])
def test_one_identifier_of_another_kind_is_nothing_to_ask_about(table, identifier):
    table.loc[6, "patient_id"] = identifier
    cohort = opened(table)
    assert not cohort.is_reconstruction
    assert cohort.notes == ()


def test_no_seed_is_too_large_to_be_refused(table):
    huge = "9" * 5000
    table["patient_id"] = table["patient_id"].str.replace("seed7", f"seed{huge}")
    assert not opened(table).is_reconstruction


def test_a_files_name_does_not_make_it_one(table, tmp_path):
    path = tmp_path / f"{NAME}.csv"
    table.head(20).to_csv(path, index=False)
    assert recognise(intake.read(path)).name == f"{NAME} (a file)"


def test_a_study_without_a_generator_has_no_reconstructions(table, monkeypatch):
    def reconstruct(seed):
        raise NotImplementedError

    monkeypatch.delenv(f"{DRAWN}{SEED}", raising=False)
    monkeypatch.setattr("cartanalysis.study.reconstruct.reconstruct", reconstruct)
    assert not opened(table).is_reconstruction
    monkeypatch.undo()


def test_a_seed_is_drawn_once_for_this_process_and_those_it_starts(table, monkeypatch):
    monkeypatch.delenv(f"{DRAWN}{SEED}", raising=False)
    assert opened(table).is_reconstruction
    assert f"{DRAWN}{SEED}" in os.environ
    monkeypatch.setattr("cartanalysis.study.reconstruct.reconstruct", None)
    assert opened(table).is_reconstruction
    assert not opened(table.iloc[1:]).is_reconstruction


# --- whoever opens a file ------------------------------------------------------------------------


@pytest.fixture
def changed(table, tmp_path) -> Path:
    path = tmp_path / "ward.csv"
    other_patients(table).to_csv(path, index=False)
    return path


@pytest.fixture
def drawn(text, tmp_path) -> Path:
    path = tmp_path / "student.csv"
    path.write_text(text)
    return path


def test_a_site_protects_what_was_changed(changed, drawn, monkeypatch, tmp_path):
    monkeypatch.setenv("CARTANALYSIS_STATE", str(tmp_path / "state"))
    plan = prepare(Book(ROOT), Request(str(changed)))
    assert plan.min_cell == 5
    assert plan.seal.name == "hmac_sha256"
    assert plan.values["remission"]["min_cell"] == 5
    plan = prepare(Book(ROOT), Request(str(drawn)))
    assert plan.min_cell == 1
    assert plan.cohort.name == NAME


def test_a_notebook_protects_what_was_changed(changed, drawn):
    assert isinstance(Study("x", str(changed), min_cell=5).patients, Patients)
    study = Study("x", str(drawn), min_cell=5)
    assert study.is_reconstruction
    assert len(study.patients) == 47


def test_a_comparison_protects_what_was_changed(changed, drawn):
    from cartanalysis.sites.chapter import judge

    cohort, _ = judge("", str(changed), 0.95, None, 5)
    assert len(cohort.table) == 0
    assert not cohort.is_reconstruction
    assert judge("", str(drawn), 0.95, None, 5)[0].is_reconstruction


def test_the_terminal_tells_what_was_changed(changed, drawn, capsys):
    assert main(["validate", str(changed)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("ward: 47 patients")
    assert f"the reconstruction {NAME}" in said
    assert main(["replicate", str(changed)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("ward, 47 patients\nNote: The identifiers are those of")
    assert main(["replicate", str(drawn)]) == 0
    assert capsys.readouterr().out.startswith(f"{NAME}: a reconstruction, not patient data.")
