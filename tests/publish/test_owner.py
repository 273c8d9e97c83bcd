"""Hashes of patients' data are keyed, and a site is not replaced by one that tells of a few."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from tinybook import run

from cartanalysis import intake
from cartanalysis.contract import Cohort
from cartanalysis.errors import InputError
from cartanalysis.publish import owner

K = 5


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv(owner.HOME, str(tmp_path / "state"))
    return tmp_path / "state"


def cohort(responses: list[str], more: str = "") -> Cohort:
    header = "patient_id,response" + (",sex" if more else "")
    rows = [f"P{i},{r}{more}" for i, r in enumerate(responses)]
    return intake.parse("\n".join([header, *rows]).encode(), "mine.csv")


def refused(new: Cohort, site: Path, accepted: bool = False) -> bool:
    return bool(owner.small_update(new, site, K, accepted=accepted)[0])


# --- the key -------------------------------------------------------------------------------------


def test_the_key_is_made_once_and_only_its_owner_can_read_it(state):
    mine = cohort(["CR"] * 9)
    first = owner.seal_for(mine)("x")
    assert owner.seal_for(mine)("x") == first != hashlib.sha256(b"x").hexdigest()
    assert (state / owner.KEY).stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700
    (state / owner.KEY).unlink()
    assert owner.seal_for(mine)("x") != first


def test_a_reconstruction_needs_no_key(state):
    default = intake.read("an2020")
    assert owner.seal_for(default)(default.to_csv()) == default.sha256
    assert not state.exists()


@pytest.mark.parametrize("text", ["", "secret", "ab" * 31])
def test_a_damaged_key_is_told(state, text):
    state.mkdir()
    (state / owner.KEY).write_text(text)
    with pytest.raises(InputError, match="no key of this command"):
        owner.seal_for(cohort(["CR"] * 9))


def test_a_key_that_cannot_be_kept_is_told(state):
    state.write_text("not a folder")
    with pytest.raises(InputError, match=owner.HOME):
        owner.seal_for(cohort(["CR"] * 9))


def test_no_patient_can_be_recovered_from_a_hash(tiny, tmp_path):
    """Twelve numbered patients with one column: 4096 cohorts to try."""
    source = tmp_path / "mine.csv"
    responses = ["CR", "NR"] * 6
    source.write_text(cohort(responses).to_csv())
    assert run(tiny, str(source)) == 0
    site = tiny.parent / "site"
    told = json.loads((site / "run.json").read_text())
    assert set(told["cohort"]) == {"name", "hmac_sha256", "patients", "is_reconstruction"}
    everything = b"".join(p.read_bytes() for p in site.rglob("*") if p.is_file())
    names = "".join(p.name for p in (tiny / "_build" / "cache").iterdir())
    for number in range(2**12):
        tried = ["CR" if number >> i & 1 else "NR" for i in range(12)]
        rows = "".join(f"P{i},{r}\n" for i, r in enumerate(tried))
        plain = hashlib.sha256(f"patient_id,response\n{rows}".encode()).hexdigest()
        assert plain[:12].encode() not in everything and plain not in names


# --- small updates -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "stops"),
    [
        (["CR"] * 10 + ["NR"] * 10, False),  # the same
        (["NR"] * 10 + ["CR"] * 10, False),  # only the numbering differs
        (["CR"] * 10 + ["NR"] * 11, True),  # one more
        (["CR"] * 10 + ["NR"] * 6, True),  # four fewer
        (["CR"] * 11 + ["NR"] * 9, True),  # one changed
        (["CR"] * 10 + ["NR"] * 15, False),  # five more
        (["CR"] * 15 + ["NR"] * 5, False),  # five changed
    ],
)
def test_small_updates_are_asked_about(tmp_path, new, stops):
    site = tmp_path / "site"
    before = cohort(["CR"] * 10 + ["NR"] * 10)
    assert not refused(before, site)
    owner.remember(before, site)
    assert refused(cohort(new), site) == stops
    assert not refused(cohort(new), site, accepted=True)
    assert not refused(cohort(new), tmp_path / "another")


def test_another_column_does_not_hide_a_small_update(tmp_path):
    owner.remember(cohort(["CR"] * 20), tmp_path / "site")
    assert not refused(cohort(["CR"] * 20, ",male"), tmp_path / "site")
    assert refused(cohort(["CR"] * 21, ",male"), tmp_path / "site")


def test_what_is_kept_holds_no_patient(state, tmp_path):
    owner.remember(cohort(["CR"] * 20), tmp_path / "site")
    (kept,) = (state / owner.PUBLISHED).iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    rows = set(json.loads(kept.read_text())["rows"])
    assert len(rows) == 1
    plain = {hashlib.sha256(t.encode()).hexdigest() for t in ("CR", "P1", "P1,CR", "response,CR")}
    assert not plain & rows
    assert "site" not in kept.name


def test_publish_asks_and_is_told(tiny, tmp_path, capsys):
    source, site = tmp_path / "mine.csv", tiny.parent / "site"
    source.write_text(cohort(["CR", "NR"] * 10).to_csv())
    assert run(tiny, str(source)) == 0
    before = {p: p.read_bytes() for p in site.rglob("*") if p.is_file()}
    source.write_text(cohort(["CR", "NR"] * 10 + ["NR"]).to_csv())
    assert run(tiny, str(source)) == 2
    told = capsys.readouterr().err
    assert "differs in 1 patient from what was last published in this place" in told
    assert "--accept-small-update" in told
    assert {p: p.read_bytes() for p in before} == before
    assert run(tiny, str(source), "--accept-small-update") == 0
    assert "differs in 1 patient" in capsys.readouterr().out
    assert run(tiny, str(source)) == 0
    assert "Nothing changed" in capsys.readouterr().out


def test_a_site_of_which_nothing_is_known_is_told(tiny, tmp_path, capsys, state, monkeypatch):
    source = tmp_path / "mine.csv"
    assert run(tiny) == 0
    source.write_text(cohort(["CR", "NR"] * 10).to_csv())
    capsys.readouterr()
    assert run(tiny, str(source)) == 0
    assert "Nothing is known" not in capsys.readouterr().out, "it was the reconstruction's"
    monkeypatch.setenv(owner.HOME, str(tmp_path / "another"))
    source.write_text(cohort(["CR", "NR"] * 12).to_csv())
    assert run(tiny, str(source)) == 0
    assert "Nothing is known here of the patients" in capsys.readouterr().out
