"""A published site holds no patient's row: markers in every cell, looked for in every byte."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tinybook import ROOT

from cartanalysis.chapter.disclosure.times import month_end
from cartanalysis.cli import main

N = 60


def marked() -> tuple[pd.DataFrame, list[str]]:
    """A cohort in which every patient's cells are unlike anything else, and what to look for."""
    rng = np.random.default_rng(5)
    ids = [f"MARK{i:04d}ID" for i in range(N)]
    times = [f"{200 + 9 * i}.{rng.integers(1000000, 9999999)}" for i in range(N)]
    rfs = [f"{100 + 8 * i}.{rng.integers(1000000, 9999999)}" for i in range(N)]
    treg = [f"{2 + i / 10:.1f}{rng.integers(1000000, 9999999)}" for i in range(N)]
    ages = [f"{20 + i}.{rng.integers(1000000, 9999999)}" for i in range(N)]
    blasts = [f"{10 + i}.{rng.integers(1000000, 9999999)}" for i in range(N)]
    secrets = [f"SECRET{i:04d}" for i in range(N)]
    response = ["CR", "CR", "NR"] * (N // 3)
    table = pd.DataFrame(
        {
            "id": ids, "age": ages, "treg": treg, "bm_blasts_pct": blasts, "hidden": secrets,
            "surname": secrets, "sex": ["male", "female"] * (N // 2), "response": response,
            "genetic_risk": ["high", "standard", "standard", "high"] * (N // 4),
            "emd": ["none", "none", "other"] * (N // 3),
            "ae_grade_max": [1, 2, 3] * (N // 3), "centre": ["North", "South"] * (N // 2),
            "os_days": times, "os_event": [1, 0, 1, 1, 0, 1] * (N // 6),
            "rfs_days": [t if r != "NR" else "" for t, r in zip(rfs, response, strict=True)],
            "rfs_event": [e if r != "NR" else "" for e, r in
                          zip([1, 0, 1, 1, 0, 1] * (N // 6), response, strict=True)],
        }
    )  # fmt: skip
    return table, [*ids, *times, *rfs, *treg, *ages, *blasts, *secrets]


MAPPING = """
version: 1
columns:
  patient_id: {from: id}
  age_years: {from: age}
  treg_pct: {from: treg, unit: percent}
  bm_blasts_pct: {from: bm_blasts_pct}
  sex: {from: sex}
  emd: {from: emd}
  response: {from: response}
  genetic_risk: {from: genetic_risk}
  ae_grade_max: {from: ae_grade_max}
  os_days: {from: os_days}
  os_event: {from: os_event}
  rfs_days: {from: rfs_days}
  rfs_event: {from: rfs_event}
extra: [centre]
drop: [surname]
"""


def contents(folder: Path) -> dict[Path, bytes]:
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            if path.name == "objects.inv":  # four lines of text, then compressed
                data += zlib.decompress(data.split(b"\n", 4)[4])
            found[path] = data
    return found


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> tuple[Path, Path, list[str]]:
    folder = tmp_path_factory.mktemp("MARKFOLDER")
    table, markers = marked()
    table.to_csv(folder / "clinic.csv", index=False)
    (folder / "mapping.yml").write_text(MAPPING)
    book = folder / "bookroot"
    book.mkdir()
    for name in ("book", "notebooks", "_config.yml", "_toc.yml", "requirements.txt"):
        (book / name).symlink_to(ROOT / name)
    arguments = [
        "publish", str(folder / "clinic.csv"), "--mapping", str(folder / "mapping.yml"),
        "--book", str(book), "--out", str(folder / "site"), "-p", "strata=centre",
    ]  # fmt: skip
    assert main(arguments) == 0
    return folder / "site", book / "_build" / "cache", [*markers, "MARKFOLDER"]


def test_no_cell_of_a_patient_and_no_path_is_in_any_byte(published):
    site, cache, markers = published
    files = contents(site) | contents(cache)
    assert len(files) > 100
    together = b"\0".join(files.values())
    found = [m for m in markers if m.encode() in together]
    assert found == []
    home = str(Path.home()).encode()
    places = [p for p, data in files.items() if home in data] if len(home) > 1 else []
    assert places == []


def test_the_site_says_which_counts_it_hides(published):
    site, _, _ = published
    front = (site / "book" / "index.html").read_text()
    assert "fewer than 5 patients" in front
    assert (site / "run.json").read_text().count('"min_cell": 5') >= 1


def test_data_files_hold_no_day_of_an_event(published):
    site, _, _ = published
    for path in (site / "data").glob("*.csv"):
        table = pd.read_csv(path)
        if "time" in table and "estimate" in table:
            assert set(table) == {"group", "time", "at_risk", "estimate", "lower", "upper"}
            days = table["time"] + (30 if path.stem == "landmark" else 0)
            assert (days == days.map(month_end)).all()
            assert table["at_risk"].min() >= 5
