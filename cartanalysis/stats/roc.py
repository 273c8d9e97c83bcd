"""How well a measurement tells who has the event by a day: the time-dependent ROC curve.

Cases had the event by then, controls were followed for longer without it (cumulative/dynamic).
Who is censored before is neither; those like them count for them, weighted by the inverse
probability of not having been censored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cartanalysis.errors import CannotCompute
from cartanalysis.stats.batch import SAME_TIME
from cartanalysis.stats.survival import endpoint_of, with_endpoint
from cartanalysis.text import format_value

Floats = npt.NDArray[np.float64]

ROC_METHOD = (
    "area under the cumulative/dynamic ROC curve, inverse probability of censoring weights "
    "(Kaplan–Meier); Wald interval"
)


@dataclass(frozen=True)
class Roc:
    """A time-dependent ROC curve.

    Attributes
    ----------
    area : pandas.DataFrame
        One row: n, cases, controls, censored (before the day), estimate, lower, upper, error,
        method.
    curve : pandas.DataFrame
        One row per cut-off, from the highest: cutoff (patients above it are called positive),
        sensitivity, false_positive (shares).
    """

    area: pd.DataFrame
    curve: pd.DataFrame


def roc(
    patients: pd.DataFrame, endpoint: str, column: str, day: float, confidence: float = 0.95
) -> Roc:
    """Estimate the ROC curve of a measurement for an event by a day; high values foretell it.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    endpoint : {"os", "rfs"}
        Which endpoint.
    column : str
        The measurement.
    day : float
        The day.
    confidence : float
        Coverage of the interval of the area.

    Returns
    -------
    Roc
        The curve and the area below it.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If there are no cases or no controls.

    References
    ----------
    .. [1] Uno H, Cai T, Tian L, Wei LJ. J Am Stat Assoc 102, 527–537 (2007).
    .. [2] Blanche P, Dartigues JF, Jacqmin-Gadda H. Stat Med 32, 5381–5397 (2013); R ``timeROC``,
       ``riskRegression::Score``.
    """
    data = with_endpoint(patients, endpoint, column).sort_values("time", kind="stable")
    time, event = data["time"].to_numpy(float), data["event"].to_numpy(bool)
    x = data[column].to_numpy(float)
    by_then = time <= day + SAME_TIME * max(1.0, day)
    cases, controls = by_then & event, ~by_then
    name = endpoint_of(endpoint).name
    if not cases.any():
        raise CannotCompute(f"no event of {name} occurred by day {day:g}")
    if not controls.any():
        raise CannotCompute(f"nobody was followed for {name} beyond day {day:g}")
    passed, later = _uncensored(time, event, day)
    weight = np.where(cases, 1 / passed, 0.0), np.where(controls, 1 / later, 0.0)
    area, error = _area(time, event, by_then, weight, x)
    half = float(stats.norm.ppf(0.5 + confidence / 2)) * error
    row = {
        "n": len(data),
        "cases": int(cases.sum()),
        "controls": int(controls.sum()),
        "censored": int((by_then & ~event).sum()),
        "estimate": area,
        "lower": max(0.0, area - half),
        "upper": min(1.0, area + half),
        "error": error,
        "method": ROC_METHOD,
    }
    return Roc(pd.DataFrame([row]), _curve(x, *weight))


def _uncensored(time: Floats, event: npt.NDArray[np.bool_], day: float) -> tuple[Floats, float]:
    """Give the probability of not being censored before each time, and up to the day.

    Of tied times, events come before censoring.
    """
    ends, place = np.unique(time, return_inverse=True)
    leaving, censored = np.bincount(place), np.bincount(place, ~event)
    at_risk = leaving[::-1].cumsum()[::-1] - np.bincount(place, event)
    factor = 1 - np.divide(censored, at_risk, out=np.zeros(len(ends)), where=at_risk > 0)
    curve = np.concatenate([[1.0], np.cumprod(factor)])
    up_to = int((ends <= day + SAME_TIME * max(1.0, day)).sum())
    return curve[place], float(curve[up_to])


def _area(
    time: Floats,
    event: npt.NDArray[np.bool_],
    by_then: npt.NDArray[np.bool_],
    weight: tuple[Floats, Floats],
    x: Floats,
) -> tuple[float, float]:
    """Give the area and its standard error, from each patient's influence on it."""
    n, (case, control) = len(time), weight
    of_case = case * _beyond(x, control) / n
    of_control = control * _beyond(-x, case) / n
    pairs = of_case.sum() / n
    sick, well = case.sum() / n, control.sum() / n
    area = pairs / (sick * well)
    own = (of_case + of_control) / (sick * well)
    own -= area * (case / sick + control / well)
    # the weights are estimated, too: who is censored moves the weights of all who stay longer
    ends, place = np.unique(time, return_inverse=True)
    leaving, censored = np.bincount(place), np.bincount(place, ~event)
    at_risk = leaving[::-1].cumsum()[::-1] / n
    later = own[::-1].cumsum()[::-1]  # in order of time
    beyond = np.array([later[i] if i < n else 0.0 for i in np.searchsorted(time, ends, "right")])
    pull = beyond / n / at_risk
    hazard = np.cumsum(pull * censored / (at_risk * n))
    moved = np.where(by_then & ~event, pull[place], 0.0)
    last = int(by_then.sum())
    until = np.minimum(place, place[last - 1] if last else 0)
    influence = own + moved - hazard[until]
    return float(area), float(influence.std(ddof=1) / np.sqrt(n))


def _beyond(x: Floats, weight: Floats) -> Floats:
    """Add up, for each patient, the weights of those with lower values, and half those alike."""
    _, place = np.unique(x, return_inverse=True)
    of_value = np.bincount(place, weight)
    return np.asarray((np.cumsum(of_value) - of_value / 2)[place])


def _curve(x: Floats, case: Floats, control: Floats) -> pd.DataFrame:
    cutoffs = np.concatenate([[np.inf], np.unique(x)[::-1]])
    above = x[None] >= cutoffs[:, None]
    # called positive from a value on, that is, above the next lower one
    return pd.DataFrame(
        {
            "cutoff": [*cutoffs[1:], -np.inf],
            "sensitivity": above @ case / case.sum(),
            "false_positive": above @ control / control.sum(),
        }
    )


def describe(area: pd.DataFrame, day: float) -> str:
    """Put a curve into a sentence, for who cannot see the picture.

    Parameters
    ----------
    area : pandas.DataFrame
        From `roc`.
    day : float
        The day.

    Returns
    -------
    str
        A sentence.
    """
    value = format_value(float(area["estimate"].iloc[0]), "statistic")
    return f"ROC curve for the event by day {day:g}; the area below it is {value}."
