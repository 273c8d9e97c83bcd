"""Firth's penalised likelihood: finite estimates of less bias where groups are small.

Half the logarithm of the information's determinant (Jeffreys' prior) is added to the logarithm of
the likelihood [1]_; intervals and tests come from the profile of the sum, as of R's coxphf [2]_ and
logistf [3]_.  The Python package firthmodels has no Efron ties, which the rest of the book uses.

References
----------
.. [1] Firth D. Biometrika 80, 27–38 (1993).
.. [2] Heinze G, Schemper M. Biometrics 57, 114–119 (2001).
.. [3] Heinze G, Schemper M. Stat Med 21, 2409–2419 (2002).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats
from scipy.optimize import brentq

from cartanalysis.contract import require
from cartanalysis.errors import CannotCompute
from cartanalysis.stats.batch import Likelihood, RiskSets
from cartanalysis.stats.cox import CoxModel, NoFiniteEstimate, cox, design, prepare

Floats = npt.NDArray[np.float64]

PROFILE_METHOD = "Cox regression, Efron ties, profile-likelihood interval"
COX_METHOD = "Cox regression penalised after Firth, Efron ties, profile-likelihood interval"
LOGISTIC_METHOD = "logistic regression penalised after Firth, profile-likelihood interval"
TEST_METHOD = "penalised likelihood-ratio test"
NO_ZPH = "proportional hazards are not tested in a penalised model"

SETTLED, LONGEST, MOST_STEPS = 1e-10, 3.0, 1000
"""Of the search for a maximum, in standard deviations of the covariates."""


@dataclass(frozen=True)
class _Point:
    """The likelihood, penalised or not, at some coefficients."""

    value: float
    """Its logarithm."""
    slope: Floats
    information: Floats
    """Curvature of the likelihood without the penalty."""


_Curve = Callable[[Floats], _Point]


@dataclass(frozen=True)
class _Fit:
    """A maximum of a likelihood, with its profile."""

    likelihood: _Curve
    beta: Floats
    value: float
    error: Floats
    """Standard errors, from the information without the penalty."""

    @classmethod
    def of(cls, likelihood: _Curve, width: int) -> _Fit:
        """Find it, of so many coefficients."""
        beta, best = _maximum(likelihood, np.zeros(width), np.ones(width, dtype=bool))
        return cls(likelihood, beta, best.value, np.sqrt(np.diag(np.linalg.inv(best.information))))

    def bounds(self, confidence: float, terms: Iterable[int]) -> Floats:
        """Give the lower and upper ends of profile-likelihood intervals, (2, n_terms)."""
        drop = stats.chi2.ppf(confidence, 1) / 2
        return np.array([[self._bound(j, side, drop) for j in terms] for side in (-1, 1)])

    def without(self, chosen: npt.NDArray[np.bool_]) -> float:
        """Give the likelihood-ratio statistic, χ², of some coefficients being 0."""
        _, best = _maximum(self.likelihood, np.where(chosen, 0.0, self.beta), ~chosen)
        return max(0.0, 2 * (self.value - best.value))

    def _bound(self, j: int, side: int, drop: float) -> float:
        free = np.arange(len(self.beta)) != j
        start = self.beta

        def short(value: float) -> float:
            nonlocal start  # neighbouring points of the profile have neighbouring maxima
            start, best = _maximum(self.likelihood, np.where(free, start, value), free)
            return self.value - best.value - drop

        step = side * self.error[j]
        far = self.beta[j] + step
        while short(far) < 0:
            step *= 2
            far += step
        return float(brentq(short, self.beta[j], far, xtol=1e-11, rtol=1e-12))


def _maximum(
    likelihood: _Curve, beta: Floats, free: npt.NDArray[np.bool_]
) -> tuple[Floats, _Point]:
    """Climb by steps of Fisher's scoring, each halved until it does not lead down."""
    point = likelihood(beta)
    if not free.any():
        return beta, point
    inner = np.ix_(free, free)
    for _ in range(MOST_STEPS):
        step = np.zeros(len(beta))
        step[free] = np.linalg.solve(point.information[inner], point.slope[free])
        step *= min(1.0, LONGEST / max(float(np.abs(step).max()), 1e-300))
        while True:
            if float(np.abs(step).max()) < SETTLED:
                return beta, point
            trial = likelihood(beta + step)
            if trial.value >= point.value - 1e-13 * abs(point.value):
                break
            step /= 2
        beta, point = beta + step, trial
    raise CannotCompute("the penalised likelihood has no maximum that can be found")


def _penalty(information: Floats, third: Floats) -> tuple[float, Floats]:
    """Give half the logarithm of the determinant, and its slope from that of the information."""
    sign, logarithm = np.linalg.slogdet(information)
    if sign <= 0:
        return -np.inf, np.zeros(len(information))
    slope = np.einsum("jk,ijk->i", np.linalg.inv(information), third) / 2
    return float(logarithm) / 2, slope


# --- Cox regression ----------------------------------------------------------------------------


def hazard_ratios(
    patients: pd.DataFrame, endpoint: str, covariates: list[str], confidence: float = 0.95
) -> CoxModel:
    """Fit a Cox model, penalised where a hazard ratio would be 0 or infinite.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    covariates : list of str
        As of `cartanalysis.stats.cox.cox`.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    CoxModel
        From `cartanalysis.stats.cox.cox`, or from `penalised_cox` with a note that says why.

    Raises
    ------
    MissingColumns, CannotCompute
        As of `penalised_cox`.
    """
    try:
        return cox(patients, endpoint, covariates, confidence)
    except NoFiniteEstimate as error:
        why = str(error)
    model = penalised_cox(patients, endpoint, covariates, confidence)
    usual = why.partition(", so its")[0].partition(":")[0]
    return replace(model, note=f"{usual}: {PENALISED}")


def likelihood_ratio(
    patients: pd.DataFrame,
    endpoint: str,
    covariates: list[str],
    covariate: str,
    confidence: float = 0.95,
) -> CoxModel:
    """Fit a Cox model in which one covariate's interval belongs to its likelihood-ratio test.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    covariates : list of str
        As of `cartanalysis.stats.cox.cox`.
    covariate : str
        Which of them.
    confidence : float
        Coverage of the profile-likelihood interval.

    Returns
    -------
    CoxModel
        As of `hazard_ratios`; the interval of a term of that covariate holds the hazard ratios
        which the likelihood-ratio test does not reject.

    Raises
    ------
    MissingColumns, CannotCompute
        As of `penalised_cox`.

    References
    ----------
    .. [1] R: the profile of ``coxph(...)$loglik`` over an ``offset``.
    """
    model = hazard_ratios(patients, endpoint, covariates, confidence)
    if model.note:  # penalised: the intervals are the tests' already
        return model
    prepared = prepare(patients, endpoint, covariates)
    fit = _Fit.of(_cox(prepared.sets, prepared.x, is_penalised=False), len(prepared.terms))
    places = np.flatnonzero(prepared.terms["covariate"] == covariate)
    unit = prepared.unit[places]
    terms = model.terms.copy()
    terms.loc[places, ["lower", "upper"]] = np.exp(fit.bounds(confidence, places) / unit).T
    terms.loc[places, "method"] = PROFILE_METHOD
    return replace(model, terms=terms)


PENALISED = (
    "these are Firth’s penalised estimates, with profile-likelihood intervals and "
    "likelihood-ratio tests"
)


def penalised_cox(
    patients: pd.DataFrame, endpoint: str, covariates: list[str], confidence: float = 0.95
) -> CoxModel:
    """Fit a Cox model by Firth's penalised likelihood.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    covariates : list of str
        As of `cartanalysis.stats.cox.cox`.
    confidence : float
        Coverage of the profile-likelihood intervals.

    Returns
    -------
    CoxModel
        With penalised likelihood-ratio tests; statistic is the root of each term's χ².
        Proportional hazards are not tested.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If there is no event, a covariate does not vary, or covariates are collinear.

    References
    ----------
    .. [1] R ``coxphf::coxphf``, whose ties are Breslow's; these are Efron's.
    """
    prepared = prepare(patients, endpoint, covariates, must_have_events=False)
    terms, width = prepared.terms, len(prepared.terms)
    fit = _Fit.of(_cox(prepared.sets, prepared.x), width)
    table = prepared.table(fit.beta, fit.bounds(confidence, range(width)))
    table, tests = _tested(table, fit, np.arange(width), COX_METHOD)
    names = [*terms["covariate"].unique(), "global"]
    untested = pd.DataFrame({"covariate": names, "estimate": np.nan, "df": 0, "p": np.nan})
    return CoxModel(
        terms=table,
        tests=tests,
        n=prepared.n,
        events=prepared.events,
        events_per_term=prepared.events / width,
        log_likelihood=fit.value + float(np.log(prepared.unit).sum()),  # in the own units
        proportional_hazards=untested.assign(scale="km", method=COX_METHOD, why=NO_ZPH),
    )


def _tested(
    table: pd.DataFrame, fit: _Fit, places: npt.NDArray[np.intp], method: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test each term, each covariate and all of them; terms have these places in the fit."""

    def statistic(mine: npt.NDArray[np.bool_]) -> float:
        chosen = np.zeros(len(fit.beta), dtype=bool)
        chosen[places[mine]] = True
        return fit.without(chosen)

    each = np.array([statistic(row) for row in np.eye(len(table), dtype=bool)])
    table = table.assign(
        statistic=np.sign(fit.beta[places]) * np.sqrt(each),
        p=stats.chi2.sf(each, 1),
        method=method,
    )
    rows = []
    for name in ("all", *table["covariate"].unique()):
        mine = np.ones(len(table), dtype=bool)
        if name != "all":
            mine = (table["covariate"] == name).to_numpy()
        rows.append((name, statistic(mine), int(mine.sum())))
    tests = pd.DataFrame(rows, columns=["covariate", "estimate", "df"])
    p = stats.chi2.sf(tests["estimate"], tests["df"])
    return table, tests.assign(p=p, method=TEST_METHOD)


def stratified(
    parts: Sequence[pd.DataFrame], endpoint: str, covariates: list[str], is_penalised: bool
) -> float:
    """Fit one Cox model to several parts of a cohort, each with a baseline hazard of its own.

    Parameters
    ----------
    parts : sequence of pandas.DataFrame of shape (n_patients, n_columns)
        Their tables, in each of which every group occurs.
    endpoint : {"os", "rfs"}
        Which endpoint.
    covariates : list of str
        As of `cartanalysis.stats.cox.cox`; their hazard ratios are common to the parts.
    is_penalised : bool
        Whether the likelihood is, by the determinant of each part's information: as those of the
        parts alone, from `penalised_cox`, add up.

    Returns
    -------
    float
        Logarithm of the likelihood at its maximum.

    Raises
    ------
    MissingColumns, CannotCompute
        As of `penalised_cox`.
    """
    models = [prepare(part, endpoint, covariates, must_have_events=False) for part in parts]
    unit = np.mean([m.unit for m in models], axis=0)
    curves = [_cox(m.sets, m.x * (m.unit / unit)[:, None, None], is_penalised) for m in models]

    def at(beta: Floats) -> _Point:
        """Add the likelihoods of the parts up."""
        points = [curve(beta) for curve in curves]
        slope, information = sum(p.slope for p in points), sum(p.information for p in points)
        return _Point(sum(p.value for p in points), np.asarray(slope), np.asarray(information))

    fit = _Fit.of(at, len(unit))
    return fit.value + is_penalised * len(models) * float(np.log(unit).sum())  # in the own units


def _cox(sets: RiskSets, x: Floats, is_penalised: bool = True) -> _Curve:
    def at(beta: Floats) -> _Point:
        fit = Likelihood.at(sets, x, beta[:, None])
        value, slope, information = float(fit.value[0]), fit.score[:, 0], fit.information()[0]
        if is_penalised:
            penalty, rise = _penalty(information, fit.third()[0])
            value, slope = value + penalty, slope + rise
        return _Point(value, slope, information)

    return at


# --- logistic regression -----------------------------------------------------------------------


def odds_ratios(
    patients: pd.DataFrame, outcome: str, covariates: list[str], confidence: float = 0.95
) -> pd.DataFrame:
    """Fit a logistic model of an answer by Firth's penalised likelihood.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    outcome : str
        Column with the levels no and yes.
    covariates : list of str
        Columns; categories are compared with their first level, numbers count per unit.
    confidence : float
        Coverage of the profile-likelihood intervals.

    Returns
    -------
    pandas.DataFrame
        One row per term: covariate, group, reference, n, events (answers yes in the group),
        estimate (odds ratio of yes), lower, upper, statistic (root of the penalised
        likelihood-ratio χ²), p, method.  Complete cases only.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If all have the same answer, a covariate does not vary, or covariates are collinear.

    References
    ----------
    .. [1] R ``logistf::logistf``.
    """
    require(patients, outcome, *covariates)
    data = patients[[outcome, *covariates]].dropna()
    data = data.assign(event=data[outcome] == "yes")
    if data["event"].nunique() < 2:
        raise CannotCompute(f"all patients have the same answer in `{outcome}`, or none has any")
    made, terms = design(data, covariates, f"`{outcome}`", must_have_events=False)
    x = made.to_numpy(float)
    unit = x.std(axis=0)
    x = np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / unit])
    if np.linalg.matrix_rank(x) < x.shape[1]:
        names = " and ".join(f"`{c}`" for c in covariates)
        raise CannotCompute(f"{names} cannot be told apart")
    fit = _Fit.of(_logistic(x, data["event"].to_numpy(float)), x.shape[1])
    places = np.arange(1, x.shape[1])  # the first is the intercept
    ratio = np.exp(fit.beta[places] / unit)
    lower, upper = np.exp(fit.bounds(confidence, places) / unit)
    table = terms.assign(estimate=ratio, lower=lower, upper=upper)
    return _tested(table, fit, places, LOGISTIC_METHOD)[0]


def _logistic(x: Floats, yes: Floats) -> _Curve:
    def at(beta: Floats) -> _Point:
        log_odds = x @ beta
        chance = special.expit(log_odds)
        weight = chance * special.expit(-log_odds)
        information = (x * weight[:, None]).T @ x
        bend = weight * (1 - 2 * chance)  # of the weight, along the log odds
        third = np.einsum("n,ni,nj,nk->ijk", bend, x, x, x, optimize=True)
        penalty, slope = _penalty(information, third)
        value = float(special.log_expit(np.where(yes == 1, log_odds, -log_odds)).sum())
        return _Point(value + penalty, x.T @ (yes - chance) + slope, information)

    return at
