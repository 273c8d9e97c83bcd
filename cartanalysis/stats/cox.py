"""Cox proportional hazards regression: Efron ties, Wald and likelihood-ratio tests, diagnostics.

The fit is that of `cartanalysis.stats.batch`, of one cohort: lifelines overshoots on skewed
covariates and then finds no estimate where there is one.  Its test of proportional hazards differs
from R's ``cox.zph``, so that one is computed here, too, from the score of the extended model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from numbers import Number
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import batch, permutation
from cartanalysis.stats.batch import Likelihood, RiskSets, State
from cartanalysis.stats.response import levels
from cartanalysis.stats.survival import endpoint_of, with_endpoint
from cartanalysis.text import each_row, format_value

Floats = npt.NDArray[np.float64]

COX_METHOD = "Cox regression, Efron ties, Wald interval"
LRT_METHOD = "likelihood-ratio test"
SCANNED = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
ZPH_METHOD = "score test of proportional hazards (cox.zph, Kaplan–Meier time scale)"


@dataclass(frozen=True)
class CoxModel:
    """A fitted Cox model as tidy tables.

    Attributes
    ----------
    terms : pandas.DataFrame
        One row per term: covariate, group (level, or "per unit"), reference, n, events,
        estimate (hazard ratio), lower, upper, statistic (Wald z), p, method.
    n : int
        Patients with complete data.
    events : int
        Events among them.
    events_per_term : float
        Events per estimated coefficient; below about 10 the estimates are unstable.
    log_likelihood : float
        Partial log-likelihood at the estimate.
    fit : Likelihood
        The partial likelihood there, of standardised covariates.
    """

    terms: pd.DataFrame
    n: int
    events: int
    events_per_term: float
    log_likelihood: float
    fit: Likelihood = field(repr=False)

    @cached_property
    def tests(self) -> pd.DataFrame:
        """Likelihood-ratio test of the whole model, and of each covariate.

        Columns covariate, estimate (χ²), df, p, method.  Made when first asked for: they need one
        more fit for each covariate.
        """
        return _likelihood_ratio_tests(self.terms, self.fit)

    @cached_property
    def proportional_hazards(self) -> pd.DataFrame:
        """Test of proportional hazards for each covariate, and of all in the last row.

        Columns covariate, estimate (χ²), df, p, method.
        """
        return _zph(self.fit, self.terms)


def cox(
    patients: pd.DataFrame, endpoint: str, covariates: list[str], confidence: float = 0.95
) -> CoxModel:
    """Fit a Cox model, uni- or multivariable.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    covariates : list of str
        Columns; categories are compared with their first level, numbers count per unit.
    confidence : float
        Coverage of the Wald intervals.

    Returns
    -------
    CoxModel
        Complete cases only.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If there is no event, a covariate does not vary, a level has no event (so that its hazard
        ratio is 0 or infinite), covariates are collinear, or the fit does not converge.

    References
    ----------
    .. [1] R ``survival::coxph(..., ties = "efron")``.
    """
    data = with_endpoint(patients, endpoint, *covariates)
    design, terms = _design(data, covariates, endpoint_of(endpoint).name)
    sets = batch.RiskSets(data["time"], data["event"])
    x, scale, state = batch.standardised(sets, _in_order(sets, design))
    _refuse(state, x, design, covariates)
    fit = _fit(sets, x)
    spread = np.linalg.inv(fit.information()[0])
    beta, error = fit.beta[:, 0] / scale[:, 0], np.sqrt(np.diag(spread)) / scale[:, 0]
    half = stats.norm.ppf(0.5 + confidence / 2) * error
    with np.errstate(over="ignore"):  # beyond the largest number a ratio is infinite
        ratio, lower, upper = np.exp(beta), np.exp(beta - half), np.exp(beta + half)
    table = terms.assign(
        estimate=ratio,
        lower=lower,
        upper=upper,
        statistic=beta / error,
        p=2 * stats.norm.sf(np.abs(beta / error)),
        method=COX_METHOD,
    )
    events = int(data["event"].sum())
    return CoxModel(
        terms=table,
        n=len(data),
        events=events,
        events_per_term=events / design.shape[1],
        log_likelihood=float(fit.value[0]),
        fit=fit,
    )


def _design(
    data: pd.DataFrame, covariates: list[str], endpoint: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Code the covariates, refusing those that no estimate exists for."""
    if not data["event"].any():
        raise CannotCompute(f"no event of {endpoint} occurred")
    columns: dict[str, pd.Series] = {}
    terms = []
    for name in covariates:
        column = data[name]
        if pd.api.types.is_numeric_dtype(column):
            if column.nunique() < 2:
                raise CannotCompute(f"`{name}` is the same in all patients with {endpoint}")
            if column.nunique() == 2:  # a category in numbers
                _refuse_without_event(data, name, sorted(column.unique()), endpoint)
            columns[name] = column.astype(float)
            terms.append((name, "per unit", "", len(data), int(data["event"].sum())))
            continue
        names = levels(column)
        if len(names) < 2:
            raise CannotCompute(f"all patients with {endpoint} are in one group of `{name}`")
        _refuse_without_event(data, name, names, endpoint)
        for level in names[1:]:
            members = column == level
            columns[f"{name}={level}"] = members.astype(float)
            events = int(data.loc[members, "event"].sum())
            terms.append((name, str(level), str(names[0]), int(members.sum()), events))
    header = ["covariate", "group", "reference", "n", "events"]
    return pd.DataFrame(columns, index=data.index), pd.DataFrame(terms, columns=header)


def _in_order(sets: RiskSets, design: pd.DataFrame) -> Floats:
    """Give the covariates of the only cohort in the order of its risk sets."""
    return np.asarray(sets.sorted(design.to_numpy(float).T[:, None, :]), dtype=float)


def _refuse(
    state: npt.NDArray[np.intp], x: Floats, design: pd.DataFrame, covariates: list[str]
) -> None:
    """Say why a model has no estimate, as far as the covariates tell."""
    if state[0] == State.CONSTANT:
        constant = int(np.argmin(x[:, 0].any(axis=1)))
        name = str(design.columns[constant]).partition("=")[0]
        raise CannotCompute(f"`{name}` is the same in all patients at risk when events occurred")
    if state[0] == State.COLLINEAR:
        raise CannotCompute(f"{' and '.join(f'`{c}`' for c in covariates)} cannot be told apart")


def _fit(sets: RiskSets, x: Floats, start: Floats | None = None) -> Likelihood:
    fit, state = batch.climb(sets, x, np.array([State.FITTED]), start)
    if state[0] == State.INFINITE:
        who = "the covariate orders"
        if len(x) > 1:
            who = "some combination of the covariates orders"
        raise CannotCompute(
            f"the Cox model does not converge: {who} the event times perfectly, so its hazard "
            "ratio has no finite estimate"
        )
    return fit


def _refuse_without_event(data: pd.DataFrame, name: str, names: list[Any], endpoint: str) -> None:
    for level in names:
        if not data.loc[data[name] == level, "event"].any():
            shown = f"{level:g}" if isinstance(level, Number) else level
            raise CannotCompute(
                f"no event of {endpoint} occurred in the group `{shown}` of `{name}`, so its "
                "hazard ratio has no finite estimate"
            )


def _likelihood_ratio_tests(terms: pd.DataFrame, full: Likelihood) -> pd.DataFrame:
    """Test the whole model, and each covariate given the others."""
    rows, curvature = [], full.information()[0]
    for name in ("all", *terms["covariate"].unique()):
        mine = terms["covariate"].isin(terms["covariate"] if name == "all" else [name]).to_numpy()
        if mine.all():
            without = Likelihood.at(full.sets, full.x, np.zeros_like(full.beta))
        else:
            # where the likelihood without them were highest, if it were a parabola
            gone = curvature[np.ix_(~mine, mine)] @ full.beta[mine]
            start = full.beta[~mine] + np.linalg.solve(curvature[np.ix_(~mine, ~mine)], gone)
            without = _fit(full.sets, full.x[~mine], start)
        statistic = max(0.0, 2 * float(full.value[0] - without.value[0]))
        rows.append((name, statistic, int(mine.sum())))
    table = pd.DataFrame(rows, columns=["covariate", "estimate", "df"])
    return table.assign(p=stats.chi2.sf(table["estimate"], table["df"]), method=LRT_METHOD)


def _zph(fit: Likelihood, terms: pd.DataFrame) -> pd.DataFrame:
    """Score test for a coefficient that changes with time, as R's ``cox.zph`` since survival 3.0.

    Each covariate x is joined by x·g(t) with g the centred, left-continuous 1 − Kaplan–Meier.
    """
    sets, width = fit.sets, len(terms)
    g = 1 - batch.just_before(sets)
    g = g - g.mean()
    score = fit.residuals @ g  # of the x·g(t) half; the half of x is 0 at the estimate
    zero, one, two = (fit.information(g**power)[0] for power in range(3))

    def test(chosen: npt.NDArray[np.bool_]) -> tuple[float, int]:
        block = np.block([[zero, one[:, chosen]], [one[chosen], two[np.ix_(chosen, chosen)]]])
        u = np.concatenate([np.zeros(width), score[chosen]])
        # too few event times to see a change over time: singular, by the rule of R's solve()
        if not 1 / np.linalg.cond(block, 1) > np.finfo(float).eps:
            return np.nan, int(chosen.sum())
        return float(u @ np.linalg.solve(block, u)), int(chosen.sum())

    rows = []
    for name in terms["covariate"].unique():
        rows.append((name, *test((terms["covariate"] == name).to_numpy())))
    rows.append(("global", *test(np.ones(width, dtype=bool))))
    table = pd.DataFrame(rows, columns=["covariate", "estimate", "df"])
    return table.assign(p=stats.chi2.sf(table["estimate"], table["df"]), method=ZPH_METHOD)


def scan_cutoffs(
    patients: pd.DataFrame, endpoint: str, column: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Show how a comparison depends on where a measurement is cut in two.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    column : str
        The measurement.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per cut-off, at every tenth of patients from 20 % to 80 %: cutoff, quantile, n
        (above), events (above), estimate (hazard ratio, above vs not), lower, upper, p (of the
        log-rank test, by permutation where groups are small, not adjusted for having looked at
        seven cut-offs), method.  Cut-offs without an estimate
        are left out.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If no cut-off has an estimate.
    """
    data = with_endpoint(patients, endpoint, column)
    end = endpoint_of(endpoint)
    frame = data.rename(columns={"time": end.days, "event": end.event})
    frame[end.event] = frame[end.event].astype(float)
    rows, why = [], ""
    for quantile in SCANNED:
        cutoff = float(frame[column].quantile(quantile))
        side = pd.Categorical(np.where(frame[column] > cutoff, "high", "low"), ["low", "high"])
        split = frame.assign(side=side)
        try:
            term = cox(split, endpoint, ["side"], confidence).terms.iloc[0]
            test = permutation.compare(split, endpoint, "side").iloc[0]
        except CannotCompute as error:
            why = str(error)
            continue
        estimates = (term["estimate"], term["lower"], term["upper"])
        method = f"{COX_METHOD}; p: {test['method']}"
        rows.append((cutoff, quantile, term["n"], term["events"], *estimates, test["p"], method))
    if not rows:
        raise CannotCompute(why)
    columns = ["cutoff", "quantile", "n", "events", "estimate", "lower", "upper", "p", "method"]
    return pd.DataFrame(rows, columns=columns)


def describe_scan(scan: pd.DataFrame) -> str:
    """Put a scan of cut-offs into a sentence, for who cannot see the picture.

    Parameters
    ----------
    scan : pandas.DataFrame
        From `scan_cutoffs`.

    Returns
    -------
    str
        A sentence.
    """
    parts = [f"{r.cutoff:.3g} %: {format_value(r.estimate, 'ratio')}" for r in each_row(scan)]
    return "Hazard ratios by cut-off. " + "; ".join(parts) + "."
