"""Does a transplant in remission help?  Three ways to compare, of which the first is wrong.

Who was transplanted has lived, free of relapse, until the transplant: counted from remission, this
time is immortal.  A landmark, or a transplant that counts from its day on, puts it where it
belongs.  lifelines' model of covariates that change with time has another tolerance than R's;
statsmodels' fits with late entry and gives the same numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from statsmodels.duration.hazard_regression import PHReg

from cartanalysis.contract import require
from cartanalysis.errors import CannotCompute
from cartanalysis.stats import cox
from cartanalysis.stats.survival import landmark
from cartanalysis.stats.transitions import REMISSION, TRANSPLANT, courses
from cartanalysis.text import each_row, format_value

Floats = npt.NDArray[np.float64]

NAIVE, LANDMARK, CHANGING = "ever against never", "landmark", "from its day on"
CHANGING_METHOD = "Cox regression, transplant changing with time, Efron ties, Wald interval"
SHORT = 1e-6
"""statsmodels counts who enters on a day among those at risk on it, R only from then on."""


def in_remission(patients: pd.DataFrame) -> pd.DataFrame:
    """Write the time in remission as intervals before and after a transplant.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.

    Returns
    -------
    pandas.DataFrame
        One row per interval: patient, start, stop (days since remission), event (relapse or
        death), transplanted (0 or 1).

    Raises
    ------
    MissingColumns, CannotCompute
        See `cartanalysis.stats.transitions.courses`; also if nobody was transplanted in remission.
    """
    require(patients, "hsct_day")
    stays = courses(patients)
    stays = stays[stays["state"].isin([REMISSION, TRANSPLANT])]
    is_after = stays["state"] == TRANSPLANT
    if not is_after.any():
        raise CannotCompute("no patient was transplanted in remission")
    since = stays.groupby("patient")["start"].transform("min")
    event = ~stays["to"].isin(["", TRANSPLANT])
    return pd.DataFrame(
        {
            "patient": stays["patient"],
            "start": stays["start"] - since,
            "stop": stays["stop"] - since,
            "event": event.astype(float),
            "transplanted": is_after.astype(float),
        }
    ).reset_index(drop=True)


def effects(patients: pd.DataFrame, landmark_day: float, confidence: float = 0.95) -> pd.DataFrame:
    """Compare relapse or death in remission with and without a transplant, in three ways.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    landmark_day : float
        Landmark, in days since remission.
    confidence : float
        Coverage of the Wald intervals.

    Returns
    -------
    pandas.DataFrame
        One row per way ("ever against never", which flatters the transplant; "landmark"; "from its
        day on"): group, n, events, transplanted (patients who count as such), estimate (hazard
        ratio of transplanted against not), lower, upper, p, method, why (there is no estimate).

    Raises
    ------
    MissingColumns, CannotCompute
        See `in_remission`.

    References
    ----------
    .. [1] Anderson JR, Cain KC, Gelber RD. J Clin Oncol 1, 710–719 (1983).
    .. [2] Suissa S. Am J Epidemiol 167, 492–499 (2008).
    .. [3] R ``survival::coxph(Surv(start, stop, event) ~ transplanted)``.
    """
    rows, day = in_remission(patients), landmark_day
    whole = one_row_each(rows)
    ways = [
        (NAIVE, lambda: _compare(whole, np.inf, confidence)),
        (LANDMARK, lambda: _compare(landmark(whole, "rfs", day), day, confidence)),
        (CHANGING, lambda: changing(rows, ["transplanted"], confidence).iloc[0]),
    ]
    found = []
    for name, way in ways:
        try:
            found.append({"group": name, **way()[_COLUMNS].to_dict(), "why": ""})
        except CannotCompute as error:
            found.append({"group": name, **dict.fromkeys(_COLUMNS), "why": str(error)})
    table = pd.DataFrame(found)
    numbers = ["estimate", "lower", "upper", "p"]
    return table.assign(**{c: table[c].astype(float) for c in numbers})


_COLUMNS = ["n", "events", "transplanted", "estimate", "lower", "upper", "p", "method"]


def one_row_each(rows: pd.DataFrame) -> pd.DataFrame:
    """Give each patient one row of relapse-free survival, with the day of the transplant.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `in_remission`.

    Returns
    -------
    pandas.DataFrame
        Columns rfs_days, rfs_event and day (of the transplant since remission; empty if none).
    """
    each = rows.groupby("patient")
    day = rows[rows["transplanted"] == 1].set_index("patient")["start"]
    whole = pd.DataFrame({"rfs_days": each["stop"].max(), "rfs_event": each["event"].max()})
    return whole.assign(day=day)


def _compare(whole: pd.DataFrame, until: float, confidence: float) -> pd.Series:
    """Compare who was transplanted until a day with the others, on one clock."""
    yes = whole["day"] <= until
    groups = pd.Categorical(np.where(yes, "yes", "no"), ["no", "yes"])
    model = cox.cox(whole.assign(transplant=groups), "rfs", ["transplant"], confidence)
    counts = {"n": model.n, "events": model.events, "transplanted": int(yes.sum())}
    return model.terms.assign(**counts).iloc[0]


def changing(rows: pd.DataFrame, covariates: list[str], confidence: float = 0.95) -> pd.DataFrame:
    """Fit a Cox model to intervals, in each of which the covariates are what they were then.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per interval: start, stop, event (0 or 1) and the covariates, as numbers; a column
        patient or id says whose it is.
    covariates : list of str
        Columns.
    confidence : float
        Coverage of the Wald intervals.

    Returns
    -------
    pandas.DataFrame
        One row per covariate: covariate, n (patients), events, transplanted (patients for whom it
        was ever above 0), estimate (hazard ratio), lower, upper, p, method.

    Raises
    ------
    CannotCompute
        If a covariate that is 0 or 1 has no event on one side, or there is no finite estimate.

    References
    ----------
    .. [1] R ``survival::coxph(Surv(start, stop, event) ~ ..., ties = "efron")``.
    """
    x = rows[covariates].to_numpy(float)
    event = rows["event"].to_numpy(float)
    for name, column in zip(covariates, x.T, strict=True):
        sides = [event[column == value].sum() for value in np.unique(column)]
        if len(sides) == 2 and not all(sides):
            raise CannotCompute(
                f"no relapse or death occurred on one side of `{name}`, so its hazard ratio has no "
                "finite estimate"
            )
    scale = x.std(axis=0)
    if not scale.all() or not event.any():
        raise CannotCompute("nothing varies that a hazard ratio could be estimated from")
    model = PHReg(
        rows["stop"], (x - x.mean(axis=0)) / scale, status=event, entry=rows["start"] + SHORT,
        ties="efron",
    )  # fmt: skip
    fit = model.fit(method="newton", tol=1e-12, disp=False)
    beta, error = fit.params / scale, fit.bse / scale
    if not np.isfinite(error).all() or np.abs(fit.params).max() > 20:
        raise CannotCompute("the Cox model does not converge: there is no finite hazard ratio")
    half = stats.norm.ppf(0.5 + confidence / 2) * error
    who = rows["patient" if "patient" in rows else "id"]
    return pd.DataFrame(
        {
            "covariate": covariates,
            "n": who.nunique(),
            "events": int(event.sum()),
            "transplanted": [who[column > 0].nunique() for column in x.T],
            "estimate": np.exp(beta),
            "lower": np.exp(beta - half),
            "upper": np.exp(beta + half),
            "p": 2 * stats.norm.sf(np.abs(beta / error)),
            "method": CHANGING_METHOD,
        }
    )


def describe(table: pd.DataFrame) -> str:
    """Put the three comparisons into a sentence, for who cannot see the picture.

    Parameters
    ----------
    table : pandas.DataFrame
        From `effects`.

    Returns
    -------
    str
        A sentence.
    """
    told = (f"{row.group} {format_value(row.estimate, 'ratio')}" for row in each_row(table))
    return f"Hazard ratio of relapse or death, transplanted against not: {', '.join(told)}."
