"""Whether an effect differs between kinds of patients: hazard ratios in subgroups, interaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cartanalysis.errors import CannotCompute
from cartanalysis.stats.batch import Likelihood, RiskSets
from cartanalysis.stats.cox import CoxModel, cox
from cartanalysis.stats.response import ALL, levels
from cartanalysis.stats.survival import endpoint_of, with_endpoint

Floats = npt.NDArray[np.float64]
Row = dict[Any, Any]

INTERACTION = "likelihood-ratio test of interaction, Cox regression stratified by the subgroup"
MOST_STEPS = 50
SETTLED = 1e-10


def effects(
    patients: pd.DataFrame,
    endpoint: str,
    exposure: str,
    within: Sequence[str],
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Give the hazard ratio of an exposure in each subgroup, and test whether they differ.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    exposure : str
        Column of groups that are compared with the first.
    within : sequence of str
        Columns whose levels are the subgroups; those that the cohort lacks are left out.
    confidence : float
        Coverage of the Wald intervals.

    Returns
    -------
    pandas.DataFrame
        One row per subgroup and group of the exposure, those of all patients first: subgroup
        (column), level, n and events (of the subgroup), group, reference, estimate (hazard ratio),
        lower, upper, p (Wald), statistic, df and p_interaction (of the column), method, why (there
        is no estimate).

    Raises
    ------
    MissingColumns
        If the endpoint or the exposure is not there.
    CannotCompute
        If the exposure has no hazard ratio in all patients together, or there are no subgroups.

    References
    ----------
    .. [1] Altman DG, Bland JM. BMJ 326, 219 (2003).
    .. [2] R ``anova(coxph(y ~ x + strata(g)), coxph(y ~ x * strata(g)))``.
    """
    whole = cox(patients, endpoint, [exposure], confidence, with_tests=False)
    rows = _rows("", ALL, whole, (whole.n, whole.events))
    columns = list(rows[0])
    untested = {"statistic": np.nan, "df": np.nan, "p_interaction": np.nan}
    rows = [row | untested for row in rows]
    for column in within:
        try:
            known = with_endpoint(patients, endpoint, exposure, column)
        except CannotCompute:  # nobody's is known
            continue
        tested = dict(untested)
        mine, models = [], []
        for level in levels(known[column]):
            inside = patients[patients[column] == level]
            of_level = known.loc[known[column] == level, "event"]
            counts = (len(of_level), int(of_level.sum()))
            try:
                model = cox(inside, endpoint, [exposure], confidence, with_tests=False)
                if len(model.terms) < len(whole.terms):
                    raise CannotCompute(f"not every group of `{exposure}` is among them")
            except CannotCompute as error:
                none = dict.fromkeys(columns) | {"subgroup": column, "level": str(level)}
                mine.append(none | {"n": counts[0], "events": counts[1], "why": str(error)})
                continue
            models.append(model)
            mine += _rows(column, str(level), model, counts)
        if len(models) == len(levels(known[column])) > 1:
            tested = _interaction(known, exposure, column, models)
        rows += [row | tested for row in mine]
    if not any(row["subgroup"] for row in rows):
        raise CannotCompute("this cohort has no groups within which the effect could be looked at")
    table = pd.DataFrame(rows)
    numbers = ["estimate", "lower", "upper", "p"]
    return table.astype(dict.fromkeys(numbers, float)).assign(
        method=lambda t: t["method"].fillna(""), why=lambda t: t["why"].fillna("")
    )


def _rows(column: str, level: str, model: CoxModel, counts: tuple[int, int]) -> list[Row]:
    kept = ["group", "reference", "estimate", "lower", "upper", "p", "method"]
    about = {"subgroup": column, "level": level, "n": counts[0], "events": counts[1], "why": ""}
    return [about | dict(term) for _, term in model.terms[kept].iterrows()]


def _interaction(
    known: pd.DataFrame, exposure: str, column: str, models: Sequence[CoxModel]
) -> dict[str, float]:
    """Compare the models of the subgroups with one whose effect is common to them."""
    apart = sum(model.log_likelihood for model in models)
    together, terms = _common(known, exposure, column)
    statistic = max(0.0, 2 * (apart - together))
    df = terms * (len(models) - 1)
    return {
        "statistic": statistic,
        "df": df,
        "p_interaction": float(stats.chi2.sf(statistic, df)),
    }


def _common(known: pd.DataFrame, exposure: str, column: str) -> tuple[float, int]:
    """Fit one effect with a baseline hazard for each subgroup; give likelihood and coefficients.

    The subgroups are the rows of the risk sets, so that nobody is compared across them.
    """
    names = levels(known[exposure])[1:]
    parts = [members for _, members in known.groupby(column, sort=False, observed=True)]
    width = max(map(len, parts))

    def padded(values: Sequence[Any], empty: float) -> Floats:
        return np.array([np.append(v, np.full(width - len(v), empty)) for v in values])

    sets = RiskSets(
        padded([p["time"] for p in parts], np.nan), padded([p["event"] for p in parts], 0.0)
    )
    x = [padded([p[exposure] == name for p in parts], 0.0) for name in names]
    ordered = sets.sorted(np.array(x, dtype=float))

    def at(beta: Floats) -> Likelihood:
        return Likelihood.at(sets, ordered, np.tile(beta[:, None], len(parts)))

    fit = at(np.zeros(len(names)))
    for _ in range(MOST_STEPS):
        step = np.linalg.solve(fit.information().sum(axis=0), fit.score.sum(axis=1))
        trial = at(fit.beta[:, 0] + step)
        while trial.value.sum() < fit.value.sum() - SETTLED:
            step /= 2
            trial = at(fit.beta[:, 0] + step)
        fit = trial
        if np.abs(step).max() < SETTLED:
            break
    return float(fit.value.sum()), len(names)


def describe(table: pd.DataFrame, endpoint: str) -> str:
    """Say how many subgroups differ, for who cannot see the picture.

    Parameters
    ----------
    table : pandas.DataFrame
        From `effects`.
    endpoint : {"os", "rfs"}
        Which endpoint.

    Returns
    -------
    str
        A sentence.
    """
    tests = table.drop_duplicates("subgroup")["p_interaction"].dropna()
    name = endpoint_of(endpoint).name
    if tests.empty:
        return f"Hazard ratios of {name} in subgroups; no interaction could be tested."
    return (
        f"Hazard ratios of {name} in subgroups; the smallest of {len(tests)} p-values of "
        f"interaction is {tests.min():.2g}."
    )
