"""Cox proportional hazards regression: Efron ties, Wald and likelihood-ratio tests, diagnostics.

lifelines fits, with its convergence tightened (its default is off from R's ``coxph`` by up to
3e-5).  Its test of proportional hazards differs from R's ``cox.zph``, so that one is computed
here from the score of the extended model.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceError, ConvergenceWarning
from scipy import stats

from cartanalysis.errors import CannotCompute
from cartanalysis.response import levels
from cartanalysis.survival import endpoint_of, log_rank, with_endpoint
from cartanalysis.tables import each_row

Floats = npt.NDArray[np.float64]

COX_METHOD = "Cox regression, Efron ties, Wald interval"
LRT_METHOD = "likelihood-ratio test"
SCANNED = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
ZPH_METHOD = "score test of proportional hazards (cox.zph, Kaplan–Meier time scale)"
# both stopping rules: change of the log-likelihood, and of it relative to its value
FIT_OPTIONS = {"precision": 1e-14, "r_precision": 1e-15}


@dataclass(frozen=True)
class CoxModel:
    """A fitted Cox model as tidy tables.

    Attributes
    ----------
    terms : pandas.DataFrame
        One row per term: covariate, group (level, or "per unit"), reference, n, events,
        estimate (hazard ratio), lower, upper, statistic (Wald z), p, method.
    tests : pandas.DataFrame
        Whole-model and per-covariate likelihood-ratio tests: covariate, estimate (χ²), df, p,
        method.
    n : int
        Patients with complete data.
    events : int
        Events among them.
    events_per_term : float
        Events per estimated coefficient; below about 10 the estimates are unstable.
    log_likelihood : float
        Partial log-likelihood at the estimate.
    proportional_hazards : pandas.DataFrame
        Columns covariate, estimate (χ²), df, p, method; the last row is the global test.
    """

    terms: pd.DataFrame
    tests: pd.DataFrame
    n: int
    events: int
    events_per_term: float
    log_likelihood: float
    proportional_hazards: pd.DataFrame


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
    fit = _fit(data, design, confidence)
    beta = fit.params_.to_numpy()
    z = beta / fit.standard_errors_.to_numpy()
    quantile = stats.norm.ppf(0.5 + confidence / 2)
    half = quantile * fit.standard_errors_.to_numpy()
    table = terms.assign(
        estimate=np.exp(beta),
        lower=np.exp(beta - half),
        upper=np.exp(beta + half),
        statistic=z,
        p=2 * stats.norm.sf(np.abs(z)),
        method=COX_METHOD,
    )
    events = int(data["event"].sum())
    return CoxModel(
        terms=table,
        tests=_likelihood_ratio_tests(data, design, terms, fit),
        n=len(data),
        events=events,
        events_per_term=events / design.shape[1],
        log_likelihood=float(fit.log_likelihood_),
        proportional_hazards=_zph(
            data["time"].to_numpy(float), data["event"].to_numpy(bool), design, terms, beta
        ),
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
            columns[name] = column.astype(float)
            terms.append((name, "per unit", "", len(data), int(data["event"].sum())))
            continue
        names = levels(column)
        if len(names) < 2:
            raise CannotCompute(f"all patients with {endpoint} are in one group of `{name}`")
        for level in names:
            if not data.loc[column == level, "event"].any():
                raise CannotCompute(
                    f"no event of {endpoint} occurred in the group `{level}` of `{name}`, so its "
                    "hazard ratio has no finite estimate"
                )
        for level in names[1:]:
            members = column == level
            columns[f"{name}={level}"] = members.astype(float)
            events = int(data.loc[members, "event"].sum())
            terms.append((name, str(level), str(names[0]), int(members.sum()), events))
    design = pd.DataFrame(columns, index=data.index)
    centred = design - design.mean()
    if np.linalg.matrix_rank(centred.to_numpy()) < design.shape[1]:
        raise CannotCompute(f"{' and '.join(f'`{c}`' for c in covariates)} cannot be told apart")
    header = ["covariate", "group", "reference", "n", "events"]
    return design, pd.DataFrame(terms, columns=header)


def _fit(data: pd.DataFrame, design: pd.DataFrame, confidence: float = 0.95) -> CoxPHFitter:
    """Fit with lifelines to R's precision; a fit that does not settle is an error."""
    frame = design.assign(__time=data["time"], __event=data["event"])
    fitter = CoxPHFitter(alpha=1 - confidence)
    try:
        with warnings.catch_warnings():
            # overflow and ill-conditioning are how a separated model shows itself in the arithmetic
            for category in (ConvergenceWarning, RuntimeWarning):
                warnings.simplefilter("error", category)
            fitter.fit(frame, "__time", "__event", fit_options=FIT_OPTIONS)
    except (ConvergenceError, ConvergenceWarning, RuntimeWarning) as error:
        why = "some combination of the covariates orders the event times perfectly"
        if design.shape[1] == 1:
            why = "the covariate orders the event times perfectly"
        raise CannotCompute(
            f"the Cox model does not converge: {why}, so its hazard ratio has no finite estimate"
        ) from error
    return fitter


def _likelihood_ratio_tests(
    data: pd.DataFrame, design: pd.DataFrame, terms: pd.DataFrame, full: CoxPHFitter
) -> pd.DataFrame:
    """Test the whole model, and each covariate given the others."""
    whole = full.log_likelihood_ratio_test()
    rows = [("all", float(whole.test_statistic), design.shape[1])]
    for name in terms["covariate"].unique():
        mine = (terms["covariate"] == name).to_numpy()
        if mine.all():
            rows.append((name, float(whole.test_statistic), int(mine.sum())))
            continue
        without = _fit(data, design.loc[:, ~mine])
        statistic = 2 * (full.log_likelihood_ - without.log_likelihood_)
        rows.append((name, float(statistic), int(mine.sum())))
    table = pd.DataFrame(rows, columns=["covariate", "estimate", "df"])
    return table.assign(p=stats.chi2.sf(table["estimate"], table["df"]), method=LRT_METHOD)


def _zph(
    time: Floats,
    event: npt.NDArray[np.bool_],
    design: pd.DataFrame,
    terms: pd.DataFrame,
    beta: Floats,
) -> pd.DataFrame:
    """Score test for a coefficient that changes with time, as R's ``cox.zph`` since survival 3.0.

    Each covariate x is joined by x·g(t) with g the centred, left-continuous 1 − Kaplan–Meier.
    With d tied events the k-th of them sees the tied patients with weight 1 − k/d (Efron).
    """
    order = np.argsort(time, kind="stable")
    time, event = time[order], event[order]
    x = design.to_numpy(float)[order]
    x = x - x.mean(axis=0)
    width = x.shape[1]
    weight = np.exp(x @ beta)
    event_times, deaths_at = np.unique(time[event], return_counts=True)
    first = np.searchsorted(time, event_times)
    at_risk = len(time) - first
    just_before = np.concatenate([[1.0], np.cumprod(1 - deaths_at / at_risk)[:-1]])
    g_of = 1 - just_before
    g_of = g_of - np.average(g_of, weights=deaths_at)

    def of_those_left(values: Floats) -> Floats:
        """Add values up over the patients whose time is not yet over."""
        return np.cumsum(values[::-1], axis=0)[::-1][first]

    moments = [weight, weight[:, None] * x, weight[:, None, None] * x[:, :, None] * x[:, None, :]]
    left = [of_those_left(m) for m in moments]
    tied_at = np.searchsorted(event_times, time[event])
    tied = [np.zeros_like(m) for m in left]
    for total, moment in zip(tied, moments, strict=True):
        np.add.at(total, tied_at, moment[event])
    sums = np.zeros((len(event_times), width))
    np.add.at(sums, tied_at, x[event])

    score = g_of @ sums  # of the x·g(t) half; the half of x is 0 at the estimate
    information = np.zeros((3, width, width))  # moments 0, 1 and 2 of g
    for i, g in enumerate(g_of):
        for k in range(deaths_at[i]):
            part = k / deaths_at[i]
            s0, s1, s2 = (a[i] - part * b[i] for a, b in zip(left, tied, strict=True))
            mean = s1 / s0
            spread = s2 / s0 - np.outer(mean, mean)
            score -= g * mean
            for power in range(3):
                information[power] += g**power * spread

    def test(chosen: npt.NDArray[np.bool_]) -> tuple[float, int]:
        zero, one, two = information
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
        (above), events (above), estimate (hazard ratio, above vs not), lower, upper, p (log-rank,
        not adjusted for having looked at seven cut-offs), method.  Cut-offs without an estimate
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
            p = log_rank(split, endpoint, "side").iloc[0]["p"]
        except CannotCompute as error:
            why = str(error)
            continue
        estimates = (term["estimate"], term["lower"], term["upper"])
        rows.append((cutoff, quantile, term["n"], term["events"], *estimates, p, COX_METHOD))
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
    parts = [f"{r.cutoff:.3g} %: {r.estimate:.2f}" for r in each_row(scan)]
    return "Hazard ratios by cut-off. " + "; ".join(parts) + "."
