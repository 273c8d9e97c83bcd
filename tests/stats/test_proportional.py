"""Proportional hazards, Firth's penalty, restricted means and milestones against R."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

from cartanalysis.errors import CannotCompute
from cartanalysis.stats.cox import changing_coefficients, proportional_hazards
from cartanalysis.stats.proportional import SCALES

R = json.loads((ORACLE / "proportional.json").read_text())


def named(theirs: dict) -> str:
    return f"{theirs['file']}-{'+'.join(theirs['terms'])}"


@pytest.mark.parametrize("theirs", R["zph"], ids=named)
def test_score_tests_on_every_scale_equal_cox_zph(theirs, oracle_data):
    ours = proportional_hazards(oracle_data(theirs["file"]), "os", theirs["terms"])
    for scale in SCALES:
        mine, r = ours[ours["scale"] == scale], theirs["tests"][scale]
        count = len(r["chisq"])  # R has no global row for a single term
        for name, column in (("chisq", "estimate"), ("df", "df"), ("p", "p")):
            np.testing.assert_allclose(mine[column].iloc[:count], r[name], rtol=1e-6)


CURVES = [(m, scale) for m in R["zph"] for scale in m["curves"] if m["curves"][scale]]


@pytest.mark.parametrize(
    ("theirs", "scale"), CURVES, ids=[f"{named(m)}-{scale}" for m, scale in CURVES]
)
def test_smoothed_residuals_equal_plot_cox_zph(theirs, scale, oracle_data):
    data = oracle_data(theirs["file"])
    ours = changing_coefficients(data, "os", theirs["terms"], scale)
    terms = list(ours.groupby(["covariate", "group"], sort=False))
    for (_, mine), r in zip(terms, theirs["curves"][scale].values(), strict=True):
        points, line = mine[mine["residual"].notna()], mine[mine["estimate"].notna()]
        by_time = sorted(zip(r["time"], r["residual"], strict=True))
        np.testing.assert_allclose(
            sorted(zip(points["time"], points["residual"], strict=True)), by_time, rtol=1e-6
        )
        for name in ("x", "estimate", "lower", "upper"):
            np.testing.assert_allclose(line[name], r[name], rtol=1e-6, atol=1e-8)
