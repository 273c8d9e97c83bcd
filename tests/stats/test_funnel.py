"""Limits of a funnel plot, against R."""

from __future__ import annotations

import json

import pytest
from conftest import ORACLE

from cartanalysis.stats import funnel

CASES = json.loads((ORACLE / "diagnostics.json").read_text())["funnel"]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['target']}-{c['n']}-{c['coverage']}")
def test_limits_and_false_alarms(case):
    low, high = funnel.limits(case["target"], [case["n"]], case["coverage"])
    assert [low[0], high[0]] == pytest.approx(case["limits"], rel=1e-9, abs=1e-12)
    alarm = funnel.false_alarm(case["target"], case["n"], case["coverage"])
    assert alarm == pytest.approx(case["alarm"], rel=1e-6, abs=1e-12)


def test_overdispersion_is_the_mean_squared_distance():
    # each is one standard error away: 0.5 ± 0.5 / √n
    assert funnel.overdispersion([0.55, 0.45], [100, 100], 0.5) == pytest.approx(1)
    assert funnel.overdispersion([0.6, 0.4], [100, 100], 0.5) == pytest.approx(4)
