"""Courses of patients through states: infused, in remission, transplanted, relapsed, dead.

A course is written as stays, one row each: who, in which state, from when to when, and where to.
Everything that depends on a change on the way is made from these rows: the probability of being in
each state (Aalen and Johansen), a transplant as a covariate that changes with time
(`cartanalysis.stats.transplant`), and the swimmer plot.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartanalysis.contract import require
from cartanalysis.errors import CannotCompute, counted
from cartanalysis.stats.competing import log_log_interval
from cartanalysis.stats.survival import one_time, with_endpoint
from cartanalysis.text import each_row, format_value

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

INFUSED, REMISSION, TRANSPLANT = "no remission yet", "in remission", "transplanted in remission"
RELAPSE, DEATH = "after relapse", "dead"
STATES = (INFUSED, REMISSION, TRANSPLANT, RELAPSE, DEATH)
"""In the order in which patients can pass through them."""

WORDS = {
    INFUSED: "no remission",
    REMISSION: "remission",
    TRANSPLANT: "transplant",
    RELAPSE: "relapse",
    DEATH: "death",
    "": "alive",
}
"""What the ways of patients are told in."""

OCCUPANCY_METHOD = "Aalen–Johansen; log-log interval from R's infinitesimal jackknife"
FIRST_DAY = 0.5
"""Where somebody ends who is observed on the day of the infusion only."""

ONE_BY_ONE = 150
"""Up to so many patients have a bar each in a swimmer plot."""


def remission_day(patients: pd.DataFrame) -> pd.DataFrame:
    """Give the day of remission, on which the clock of relapse-free survival starts.

    The contract has no column for it.  Where remission lasted to the end, both clocks stop on the
    same day, so that the difference of overall and relapse-free survival is the day of remission.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.

    Returns
    -------
    pandas.DataFrame
        One row: group, n (patients without relapse), estimate (their median, in days), method.

    Raises
    ------
    MissingColumns
        If a column is not there.
    CannotCompute
        If every responder relapsed.
    """
    known = with_endpoint(patients, "rfs", "os_days")
    relapsed = patients.loc[known.index, "rfs_cause"] if "rfs_cause" in patients else None
    lasted = ~known["event"] if relapsed is None else ~known["event"] | (relapsed == "death")
    gap = (known["os_days"] - known["time"])[lasted]
    gap = gap[gap >= 0]
    if gap.empty:
        raise CannotCompute(
            "every responder relapsed, so the day of remission cannot be told from the two clocks"
        )
    row = ("day of remission", len(gap), float(gap.median()), "median of OS less RFS, no relapse")
    return pd.DataFrame([row], columns=["group", "n", "estimate", "method"])


def courses(patients: pd.DataFrame) -> pd.DataFrame:
    """Write the course of each patient as stays in states.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.

    Returns
    -------
    pandas.DataFrame
        One row per stay, in order: patient (place in the table), state, start, stop (days since
        infusion), to (the next state; empty if observation ends).  Patients whose response,
        survival or, if in remission, first event is not known are left out.  Without a column of
        responses, all were in remission if relapse-free survival is known of all.

    Raises
    ------
    MissingColumns
        If response, overall or relapse-free survival is not there, or of events no cause.
    CannotCompute
        If no course is known, or as `remission_day`.
    """
    patients = _with_response(patients)
    require(patients, "response", "os_days", "os_event", "rfs_days", "rfs_event")
    day = float(remission_day(patients)["estimate"].iloc[0])
    get = {c: patients[c] if c in patients else pd.Series(np.nan, patients.index)
           for c in ("rfs_cause", "hsct_day")}  # fmt: skip
    end = patients["os_days"].clip(lower=FIRST_DAY)
    responds = patients["response"] != "NR"
    has_event, cause = patients["rfs_event"] == 1, get["rfs_cause"].astype(object)
    if (responds & has_event).any():  # else only those without an event would be left
        require(patients, "rfs_cause")
    complete = patients[["response", "os_days", "os_event"]].notna().all(axis=1)
    complete &= ~responds | (patients["rfs_days"].notna() & (~has_event | cause.notna()))
    # who relapsed may have been in remission earlier than most, never later than the clocks allow
    start = (patients["os_days"] - patients["rfs_days"]).clip(lower=0, upper=day)
    relapses = responds & has_event & (cause == "relapse")
    relapse = (start + patients["rfs_days"]).where(relapses)
    transplant = get["hsct_day"].astype(float).clip(lower=start)
    transplant = transplant.where(responds & (transplant < relapse.fillna(end)))
    entry = pd.DataFrame(
        {
            INFUSED: 0.0,
            REMISSION: start.where(responds),
            TRANSPLANT: transplant,
            RELAPSE: relapse,
            DEATH: end.where(patients["os_event"] == 1),
            "": end.where(patients["os_event"] == 0),
        }
    )
    entry = entry.clip(upper=end, axis=0).set_axis(range(len(patients)))[complete.to_numpy()]
    long = entry.reset_index(names="patient").melt("patient", var_name="state", value_name="start")
    long = long.dropna().assign(order=lambda d: d["state"].map([*STATES, ""].index))
    long = long.sort_values(["patient", "order"], ignore_index=True)
    if long.empty:
        raise CannotCompute("no patient's course is known from infusion to the end")
    long["start"] = one_time(long["start"].to_numpy(float))
    following = long.groupby("patient")[["state", "start"]].shift(-1)
    stays = long.assign(stop=following["start"], to=following["state"]).dropna(subset=["stop"])
    stays = stays[stays["stop"] > stays["start"]]  # who passes a state within a day is not in it
    # the way leads to the state of the next stay that is left
    later = stays.groupby("patient")["state"].shift(-1)
    stays["to"] = later.where(later.notna(), stays["to"])
    return stays[["patient", "state", "start", "stop", "to"]].reset_index(drop=True)


def _with_response(patients: pd.DataFrame) -> pd.DataFrame:
    if "response" in patients or "rfs_days" not in patients or patients["rfs_days"].isna().any():
        return patients
    return patients.assign(response="CR")


# --- the probability of being in each state ----------------------------------------------------


class _Moves:
    """Moves between states at each distinct time, among the stays under observation."""

    def __init__(self, stays: pd.DataFrame) -> None:
        self.names = [s for s in STATES if s in {*stays["state"], *stays["to"]}]
        code = {name: place for place, name in enumerate(self.names)}
        self.state = stays["state"].map(code).to_numpy(np.intp)
        self.to = stays["to"].map(code).fillna(-1).to_numpy(np.intp)
        self.start, self.stop = stays["start"].to_numpy(float), stays["stop"].to_numpy(float)
        self.moves = self.to >= 0
        self.time = np.unique(self.stop[self.moves])
        size = len(self.names)
        self.count = np.zeros((len(self.time), size, size))
        at = np.searchsorted(self.time, self.stop[self.moves])
        np.add.at(self.count, (at, self.state[self.moves], self.to[self.moves]), 1)
        self.at_risk = self._at_risk(self.time)
        self.first = np.eye(size)[self.state[~stays["patient"].duplicated()]]

    def _at_risk(self, times: Floats) -> Floats:
        """Count who is in each state just before times, (n_times, n_states)."""
        found = np.zeros((len(times), len(self.names)))
        for place in range(len(self.names)):
            mine = self.state == place
            entered = np.searchsorted(np.sort(self.start[mine]), times, side="left")
            left = np.searchsorted(np.sort(self.stop[mine]), times, side="left")
            found[:, place] = entered - left
        return found

    def probabilities(self) -> tuple[Floats, Floats]:
        """Give the matrices of change, and the probability of each state from each time on."""
        safe = np.maximum(self.at_risk, 1)[:, :, None]
        change = self.count / safe
        diagonal = np.arange(len(self.names))
        change[:, diagonal, diagonal] -= change.sum(axis=2)
        value = np.zeros((len(self.time) + 1, len(self.names)))
        value[0] = self.first.mean(axis=0)
        for place, matrix in enumerate(change):
            value[place + 1] = value[place] + value[place] @ matrix
        return change, value

    def errors(self, patient: Ints, day: float) -> Floats:
        """Give the infinitesimal-jackknife standard error of each state's probability on a day."""
        change, value = self.probabilities()
        count = int(np.searchsorted(self.time, day, side="right"))
        size = len(self.names)
        ahead, staying = np.eye(size), np.zeros((count + 1, size, size))
        moving = np.zeros((count, size, size, size))
        for u in range(count - 1, -1, -1):
            each = (value[u] / np.maximum(self.at_risk[u], 1))[:, None]
            staying[u + 1] = -each * (change[u] @ ahead)
            moving[u] = each[:, :, None] * (ahead[None] - ahead[:, None])
            ahead = ahead + change[u] @ ahead
        passed = staying.cumsum(axis=0)
        first = np.searchsorted(self.time, self.start, side="right").clip(max=count)
        last = np.searchsorted(self.time, self.stop, side="right").clip(max=count)
        influence = passed[last, self.state] - passed[first, self.state]
        moved = self.moves & (self.stop <= day)
        at = np.searchsorted(self.time, self.stop[moved])
        influence[moved] += moving[at, self.state[moved], self.to[moved]]
        total = np.zeros((int(patient.max()) + 1, size))
        np.add.at(total, patient, influence)
        return np.asarray(np.sqrt((total**2).sum(axis=0)))


def occupancy(patients: pd.DataFrame) -> pd.DataFrame:
    """Estimate the probability of being in each state.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.

    Returns
    -------
    pandas.DataFrame
        One row per state and time, from time 0: group (the state), time (days since infusion), n
        (patients), at_risk (in the state and observed, just before), events (who enter it),
        censored (who were last seen in it since the time before), estimate.

    Raises
    ------
    MissingColumns, CannotCompute
        See `courses`.

    References
    ----------
    .. [1] Aalen OO, Johansen S. Scand J Stat 5, 141–150 (1978).
    .. [2] R ``survival::survfit`` of several states.
    """
    stays = courses(patients)
    moves = _Moves(stays)
    last = float(moves.stop.max())
    times = np.unique(np.concatenate([[0.0], moves.time, [last]]))
    _, value = moves.probabilities()
    estimate = value[np.searchsorted(moves.time, times, side="right")]
    at_risk = moves._at_risk(times)
    ends = np.searchsorted(times, moves.stop)
    tables = []
    for place, name in enumerate(moves.names):
        entered = np.bincount(ends[moves.to == place], minlength=len(times))
        lost = np.bincount(ends[~moves.moves & (moves.state == place)], minlength=len(times))
        table = {"group": name, "time": times, "n": stays["patient"].nunique()}
        counts = {"at_risk": at_risk[:, place].astype(int), "events": entered, "censored": lost}
        tables.append(pd.DataFrame(table | counts | {"estimate": estimate[:, place]}))
    return pd.concat(tables, ignore_index=True)


def occupancy_at(
    patients: pd.DataFrame, times: list[float], confidence: float = 0.95
) -> pd.DataFrame:
    """Read the probability of each state at given times.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    times : list of float
        Days since infusion.
    confidence : float
        Pointwise coverage of the log-log intervals.

    Returns
    -------
    pandas.DataFrame
        One row per time and state: group (the state), time, n, at_risk (observed then, in any
        state but death), estimate, lower, upper, method, why (there is no estimate).

    Raises
    ------
    MissingColumns, CannotCompute
        See `courses`.

    References
    ----------
    .. [1] R ``survival::survfit`` of several states, ``conf.type = "log-log"``.
    """
    stays = courses(patients)
    moves = _Moves(stays)
    _, value = moves.probabilities()
    last = float(moves.stop.max())
    rows = []
    for day in times:
        estimate = value[np.searchsorted(moves.time, day, side="right")]
        error = moves.errors(stays["patient"].to_numpy(np.intp), day)
        lower, upper = log_log_interval(estimate, error, confidence)
        known = day <= last or value[-1, -1] >= 1 - 1e-12
        why = "" if known else f"follow-up ends at day {last:g}, before day {day:g}"
        at_risk = int(((moves.start < day) & (moves.stop >= day)).sum())
        n = stays["patient"].nunique()
        for name, *found in zip(moves.names, estimate, lower, upper, strict=True):
            told = found if known else [np.nan] * 3
            rows.append((name, day, n, at_risk, *told, OCCUPANCY_METHOD, why))
    columns = ["group", "time", "n", "at_risk", "estimate", "lower", "upper", "method", "why"]
    return pd.DataFrame(rows, columns=columns)


def describe(year: pd.DataFrame) -> str:
    """Put the probability of each state into a sentence, for who cannot see the picture.

    Parameters
    ----------
    year : pandas.DataFrame
        From `occupancy_at`, at one time.

    Returns
    -------
    str
        A sentence.
    """
    told = (f"{row.group} {format_value(row.estimate, 'fraction')}" for row in each_row(year))
    return f"Probability of being in each state since infusion. At 1 year: {', '.join(told)}."


# --- swimmers ----------------------------------------------------------------------------------


def swimmers(patients: pd.DataFrame) -> pd.DataFrame:
    """Lay courses out for a swimmer plot: a bar each, or a bar for each way if there are many.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.

    Returns
    -------
    pandas.DataFrame
        One row per stay: place (of the bar, the longest course of each kind first), group (the
        way, such as "remission, relapse, death"), n (patients of the bar), state, start, stop
        (days; of several patients the sum of median stays), to.  No patient is named.

    Raises
    ------
    MissingColumns, CannotCompute
        See `courses`.
    """
    stays = courses(patients)
    each = stays.groupby("patient")
    ways = (each["state"].agg(tuple) + each["to"].last().map(lambda to: (to,))).map(_way)
    stays["group"] = stays["patient"].map(ways)
    if len(ways) > ONE_BY_ONE:
        return _ways(stays)
    long = stays.groupby("patient")["stop"].max()
    # without remission first, then by how long
    kind = stays.groupby("patient")["state"].agg(lambda s: REMISSION in set(s))
    order = pd.DataFrame({"kind": kind, "long": long}).sort_values(["kind", "long"])
    place = {patient: place for place, patient in enumerate(order.index[::-1])}
    out = stays.assign(place=stays["patient"].map(place), n=1)
    columns = ["place", "group", "n", "state", "start", "stop", "to"]
    return out.sort_values(["place", "start"], ignore_index=True)[columns]


def _way(states: tuple[str, ...]) -> str:
    """Name a way in words; “no remission” only if none came."""
    first = states[0] == INFUSED and states[1] not in (DEATH, "")
    return ", ".join(WORDS[state] for state in states[first:])


def _ways(stays: pd.DataFrame) -> pd.DataFrame:
    """Give one bar to each way through the states, of median stays."""
    count = stays.groupby("group")["patient"].nunique().sort_values(ascending=False)
    rows = []
    for place, (group, n) in enumerate(count.items()):
        mine = stays[stays["group"] == group]
        start = 0.0
        for state in dict.fromkeys(mine["state"]):
            stay = mine[mine["state"] == state]
            stop = start + float((stay["stop"] - stay["start"]).median())
            rows.append((place, group, n, state, start, stop, stay["to"].iloc[0]))
            start = stop
    columns = ["place", "group", "n", "state", "start", "stop", "to"]
    return pd.DataFrame(rows, columns=columns)


def describe_swimmers(table: pd.DataFrame) -> str:
    """Count the ways of patients in a sentence, for who cannot see the picture.

    Parameters
    ----------
    table : pandas.DataFrame
        From `swimmers`.

    Returns
    -------
    str
        A sentence.
    """
    each = table.drop_duplicates("place").groupby("group", sort=False)["n"].sum()
    told = (f"{n} {group}" for group, n in each.sort_values(ascending=False).items())
    return f"Courses of {counted(each.sum(), 'patient')} since infusion: {'; '.join(told)}."
