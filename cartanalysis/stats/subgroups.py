"""Whether an effect differs between kinds of patients: hazard ratios in subgroups, interaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cartanalysis.errors import CannotCompute
from cartanalysis.stats.cox import CoxModel
from cartanalysis.stats.firth import hazard_ratios, penalised_cox, stratified
from cartanalysis.stats.response import ALL, levels
from cartanalysis.stats.survival import endpoint_of, with_endpoint

Row = dict[Any, Any]


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
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per subgroup and group of the exposure, those of all patients first: subgroup
        (column), level, n and events (of the subgroup), group, reference, estimate (hazard ratio),
        lower, upper, p, statistic, df and p_interaction (of the column: likelihood-ratio test,
        penalised where the model of a subgroup is), method, why (there is no estimate), note (of
        the model, see `cartanalysis.stats.firth.hazard_ratios`).

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
    whole = hazard_ratios(patients, endpoint, [exposure], confidence)
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
        mine, models, parts = [], [], []
        for level in levels(known[column]):
            inside = patients[patients[column] == level]
            of_level = known.loc[known[column] == level, "event"]
            counts = (len(of_level), int(of_level.sum()))
            try:
                model = hazard_ratios(inside, endpoint, [exposure], confidence)
                if len(model.terms) < len(whole.terms):
                    raise CannotCompute(f"not every group of `{exposure}` is among them")
            except CannotCompute as error:
                none = dict.fromkeys(columns) | {"subgroup": column, "level": str(level)}
                mine.append(none | {"n": counts[0], "events": counts[1], "why": str(error)})
                continue
            models.append(model)
            parts.append(inside)
            mine += _rows(column, str(level), model, counts)
        if len(models) == len(levels(known[column])) > 1:
            tested = _interaction(parts, endpoint, exposure, models)
        rows += [row | tested for row in mine]
    if not any(row["subgroup"] for row in rows):
        raise CannotCompute("this cohort has no groups within which the effect could be looked at")
    table = pd.DataFrame(rows)
    numbers = ["estimate", "lower", "upper", "p"]
    texts = ["method", "why", "note"]
    return table.astype(dict.fromkeys(numbers, float)).assign(**table[texts].fillna(""))


def _rows(column: str, level: str, model: CoxModel, counts: tuple[int, int]) -> list[Row]:
    kept = ["group", "reference", "estimate", "lower", "upper", "p", "method"]
    about = {"subgroup": column, "level": level, "n": counts[0], "events": counts[1]}
    about |= {"why": "", "note": model.note}
    return [about | dict(term) for _, term in model.terms[kept].iterrows()]


def _interaction(
    parts: Sequence[pd.DataFrame], endpoint: str, exposure: str, models: Sequence[CoxModel]
) -> dict[str, float]:
    """Compare the models of the subgroups with one whose effect is common to them.

    Where one is penalised all are, so that likelihoods of one kind are compared.
    """
    is_penalised = any(model.note for model in models)
    if is_penalised:
        models = [penalised_cox(part, endpoint, [exposure]) for part in parts]
    apart = sum(model.log_likelihood for model in models)
    statistic = max(0.0, 2 * (apart - stratified(parts, endpoint, [exposure], is_penalised)))
    df = len(models[0].terms) * (len(models) - 1)
    return {
        "statistic": statistic,
        "df": df,
        "p_interaction": float(stats.chi2.sf(statistic, df)),
    }


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
        f"Hazard ratios of {name} in subgroups; the smallest p-value of interaction, of "
        f"{len(tests)}, is {tests.min():.2g}."
    )
