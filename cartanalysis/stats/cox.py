"""Cox proportional hazards regression: Efron ties, Wald and likelihood-ratio tests, diagnostics.

The fit is that of `cartanalysis.stats.batch`, of one cohort: lifelines overshoots on skewed
covariates and then finds no estimate where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Number

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cartanalysis.errors import CannotCompute
from cartanalysis.stats import batch, permutation, proportional
from cartanalysis.stats.batch import LRT_METHOD, Likelihood, RiskSets, State
from cartanalysis.stats.response import levels
from cartanalysis.stats.survival import endpoint_of, with_endpoint
from cartanalysis.text import each_row, format_value

Floats = npt.NDArray[np.float64]

COX_METHOD = "Cox regression, Efron ties, Wald interval"
SCANNED = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


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
        From `cartanalysis.stats.proportional.score_tests`, on the Kaplan–Meier scale of time.
    note : str
        What is unusual about the fit, as a sentence; empty if nothing is.
    """

    terms: pd.DataFrame
    tests: pd.DataFrame
    n: int
    events: int
    events_per_term: float
    log_likelihood: float
    proportional_hazards: pd.DataFrame
    note: str = ""


class NoFiniteEstimate(CannotCompute):
    """A hazard ratio is 0 or infinite; Firth's penalised estimate is finite."""


@dataclass(frozen=True)
class Prepared:
    """A model before its fit.

    Attributes
    ----------
    terms : pandas.DataFrame
        One row per coefficient: covariate, group, reference, n, events.
    sets : RiskSets
        Of the only cohort.
    x : numpy.ndarray of shape (n_terms, 1, n_patients)
        Covariates, standardised, in the order of the risk sets.
    unit : numpy.ndarray of shape (n_terms,)
        By what they were divided.
    n, events : int
        Patients with complete data, and events among them.
    """

    terms: pd.DataFrame
    sets: RiskSets
    x: Floats
    unit: Floats
    n: int
    events: int

    def table(self, beta: Floats, bounds: Floats) -> pd.DataFrame:
        """Add hazard ratios with their bounds, (2, n_terms), to the terms."""
        with np.errstate(over="ignore"):  # beyond the largest number a ratio is infinite
            ratio, (lower, upper) = np.exp(beta / self.unit), np.exp(bounds / self.unit)
        return self.terms.assign(estimate=ratio, lower=lower, upper=upper)


def cox(
    patients: pd.DataFrame,
    endpoint: str,
    covariates: list[str],
    confidence: float = 0.95,
    *,
    with_tests: bool = True,
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
    with_tests : bool
        Whether to make the likelihood-ratio tests, which need one more fit for each covariate, and
        those of proportional hazards; without, both tables are empty.

    Returns
    -------
    CoxModel
        Complete cases only.

    Raises
    ------
    MissingColumns
        If a column is not there.
    NoFiniteEstimate
        If a level has no event (so that its hazard ratio is 0 or infinite), or the fit does not
        converge.
    CannotCompute
        If there is no event, a covariate does not vary, or covariates are collinear.

    References
    ----------
    .. [1] R ``survival::coxph(..., ties = "efron")``.
    """
    prepared = prepare(patients, endpoint, covariates)
    fit = _fit(prepared.sets, prepared.x)
    beta, error = fit.beta[:, 0], np.sqrt(np.diag(np.linalg.inv(fit.information()[0])))
    half = stats.norm.ppf(0.5 + confidence / 2) * error
    table = prepared.table(beta, np.array([beta - half, beta + half]))
    return CoxModel(
        terms=table.assign(
            statistic=beta / error,
            p=2 * stats.norm.sf(np.abs(beta / error)),
            method=COX_METHOD,
        ),
        tests=_likelihood_ratio_tests(prepared.terms, fit) if with_tests else pd.DataFrame(),
        n=prepared.n,
        events=prepared.events,
        events_per_term=prepared.events / len(table),
        log_likelihood=float(fit.value[0]),
        proportional_hazards=(
            proportional.score_tests(fit, prepared.terms) if with_tests else pd.DataFrame()
        ),
    )


def proportional_hazards(
    patients: pd.DataFrame, endpoint: str, covariates: list[str]
) -> pd.DataFrame:
    """Test proportional hazards on every scale of time.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    covariates : list of str
        As of `cox`.

    Returns
    -------
    pandas.DataFrame
        From `cartanalysis.stats.proportional.score_tests`, one scale after the other.

    Raises
    ------
    MissingColumns, CannotCompute
        As of `cox`.
    """
    prepared = prepare(patients, endpoint, covariates)
    fit = _fit(prepared.sets, prepared.x)
    scales = proportional.SCALES
    tests = [proportional.score_tests(fit, prepared.terms, scale) for scale in scales]
    return pd.concat(tests, ignore_index=True)


def changing_coefficients(
    patients: pd.DataFrame, endpoint: str, covariates: list[str], scale: str = "km"
) -> pd.DataFrame:
    """Estimate how each log hazard ratio changes with time.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    covariates : list of str
        As of `cox`.
    scale : {"km", "rank", "identity", "log"}
        Scale of time on which the line is smooth.

    Returns
    -------
    pandas.DataFrame
        From `cartanalysis.stats.proportional.smoothed_residuals`, with covariate and group in
        place of the term's number, and constant (the log hazard ratio of the model).

    Raises
    ------
    MissingColumns, CannotCompute
        As of `cox`, and if there are fewer than two event times, or one at 0 on the scale "log".
    """
    prepared = prepare(patients, endpoint, covariates)
    fit = _fit(prepared.sets, prepared.x)
    found = proportional.smoothed_residuals(fit, prepared.unit, scale)
    terms = prepared.terms.loc[found["term"], ["covariate", "group"]].reset_index(drop=True)
    constant = (fit.beta[:, 0] / prepared.unit)[found["term"]]
    return pd.concat([terms, found.drop(columns="term")], axis=1).assign(constant=constant)


def prepare(
    patients: pd.DataFrame, endpoint: str, covariates: list[str], *, must_have_events: bool = True
) -> Prepared:
    """Code a model's covariates and put patients in order.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    covariates : list of str
        Columns.
    must_have_events : bool
        Whether to refuse groups without events.

    Returns
    -------
    Prepared
        What a fit needs.

    Raises
    ------
    MissingColumns
        If a column is not there.
    NoFiniteEstimate
        If a group has no event, unless that is allowed.
    CannotCompute
        If there is no estimate by whatever method.
    """
    if not covariates:
        raise CannotCompute("no column is named by which patients could be compared")
    data = with_endpoint(patients, endpoint, *covariates)
    name = endpoint_of(endpoint).name
    made, terms = design(data, covariates, name, must_have_events=must_have_events)
    sets = batch.RiskSets(data["time"], data["event"])
    x, scale, state = batch.standardised(sets, _in_order(sets, made))
    _refuse(state, x, made, covariates)
    return Prepared(terms, sets, x, scale[:, 0], len(data), int(data["event"].sum()))


def design(
    data: pd.DataFrame, covariates: list[str], name: str, *, must_have_events: bool = True
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Code the covariates of a model of an event, refusing what no estimate exists for.

    Parameters
    ----------
    data : pandas.DataFrame of shape (n_patients, n_columns)
        Column ``event`` (bool) and the covariates, complete.
    covariates : list of str
        Columns; categories are compared with their first level, numbers count per unit.
    name : str
        What the event is called in messages.
    must_have_events : bool
        Whether to refuse groups without events.

    Returns
    -------
    design : pandas.DataFrame of shape (n_patients, n_terms)
        Numbers.
    terms : pandas.DataFrame
        One row per column of it: covariate, group, reference, n, events.

    Raises
    ------
    NoFiniteEstimate
        If a group has no event, unless that is allowed.
    CannotCompute
        If nobody has the event, or a covariate is the same in all, or names each patient.
    """
    if not data["event"].any():
        raise CannotCompute(f"no event of {name} occurred")
    columns: dict[str, pd.Series] = {}
    terms = []
    for covariate in covariates:
        column = data[covariate]
        if pd.api.types.is_numeric_dtype(column):
            if column.nunique() < 2:
                raise CannotCompute(f"`{covariate}` is the same in all patients with {name}")
            columns[covariate] = column.astype(float)
            terms.append((covariate, "per unit", "", len(data), int(data["event"].sum())))
            continue
        groups = levels(column)
        if len(groups) < 2:
            raise CannotCompute(f"all patients with {name} are in one group of `{covariate}`")
        if len(groups) == len(data):
            raise CannotCompute(f"each patient is a group of his or her own in `{covariate}`")
        for level in groups[1:]:
            members = column == level
            columns[f"{covariate}={level}"] = members.astype(float)
            events = int(data.loc[members, "event"].sum())
            terms.append((covariate, str(level), str(groups[0]), int(members.sum()), events))
    if must_have_events:
        _refuse_without_event(data, covariates, name)
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
    unknown = state[0] == State.WITHOUT_EVENT  # which says nothing of the others
    if state[0] == State.COLLINEAR or (unknown and np.linalg.matrix_rank(x[:, 0].T) < len(x)):
        raise CannotCompute(f"{' and '.join(f'`{c}`' for c in covariates)} cannot be told apart")


def _fit(sets: RiskSets, x: Floats, start: Floats | None = None) -> Likelihood:
    fit, state = batch.climb(sets, x, np.array([State.FITTED]), start)
    if state[0] == State.INFINITE:
        who = "the covariate orders"
        if len(x) > 1:
            who = "some combination of the covariates orders"
        raise NoFiniteEstimate(
            f"the Cox model does not converge: {who} the event times perfectly, so its hazard "
            "ratio has no finite estimate"
        )
    return fit


def _refuse_without_event(data: pd.DataFrame, covariates: list[str], endpoint: str) -> None:
    for name in covariates:
        column = data[name]
        is_number = pd.api.types.is_numeric_dtype(column)
        if is_number and column.nunique() > 2:  # two values are a category in numbers
            continue
        for level in sorted(column.unique()) if is_number else levels(column):
            if not data.loc[column == level, "event"].any():
                shown = f"{level:g}" if isinstance(level, Number) else level
                raise NoFiniteEstimate(
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
            term = cox(split, endpoint, ["side"], confidence, with_tests=False).terms.iloc[0]
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
