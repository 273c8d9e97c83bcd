"""The transplant cohort of R's KMsurv, read at test time: what the book can say of it, it says."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest
from conftest import ROOT
from tinybook import TESTS

from cartanalysis.intake.admission import Request
from cartanalysis.publish.run import publish

DATA = TESTS / "data"
CAN = {
    "trial-and-patients", "percentages-to-patients", "survival", "claims",
    "what-the-abstract-allows", "constant-hazard-ratios", "competing-risks", "transplant",
    "subgroups", "other-trials",
}  # fmt: skip
"""What is left once there is no remission, EMD, Tregs, genetics, MRD and toxicity on record."""


@pytest.fixture(scope="module")
def bmt(tmp_path_factory):
    if shutil.which("Rscript") is None:
        pytest.skip("no R: install Debian's r-base-core, r-cran-survival and r-cran-kmsurv")
    file = tmp_path_factory.mktemp("bmt") / "bmt.csv"
    done = subprocess.run(
        ["Rscript", str(DATA / "bmt.R"), str(file)], capture_output=True, text=True, check=False
    )
    if "there is no package" in done.stderr:
        pytest.skip("R lacks a package: install Debian's r-cran-survival and r-cran-kmsurv")
    assert done.returncode == 0, done.stderr
    lines = (line.split() for line in done.stdout.splitlines())
    return file, {name: float(value) for name, value in lines}


def test_the_transplant_cohort_publishes_with_what_it_supports(bmt, tmp_path):
    file, theirs = bmt
    plan = Request(str(file), mapping=DATA / "bmt.yml")
    publish(
        plan, tmp_path / "site", ["strata=fab,methotrexate,sex"], min_cell=1,
        cache_dir=ROOT / "_build" / "cache",
    )  # fmt: skip
    site = tmp_path / "site"
    assert {page.stem for page in (site / "notebooks").glob("*.html")} == CAN
    values = json.loads((site / "results.json").read_text())["values"]
    ours = {v["id"]: v["value"] for v in values}
    np.testing.assert_allclose([ours[name] for name in theirs], [*theirs.values()], rtol=1e-6)
    subgroups = (site / "notebooks" / "subgroups.html").read_text()
    assert all(f"by {by}" in subgroups for by in ("fab", "methotrexate", "sex"))
