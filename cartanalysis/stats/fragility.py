"""How many outcomes would have to be different for a comparison to lose its significance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from cartanalysis.stats import batch
from cartanalysis.stats.batch import RiskSets

LEVEL = 0.05


def events_to_lose(time: npt.ArrayLike, event: npt.ArrayLike, exposed: npt.ArrayLike) -> int:
    """Count the events that carry the significance of a log-rank test.

    In the group with more events than expected, events are turned into ends of follow-up on the
    same day, each time the one whose loss raises p most; the smallest number may be lower where
    two together do what no single one suggests.  It carries Walsh's fragility index from counts to
    times.

    Parameters
    ----------
    time, event, exposed : array_like of shape (n_patients,)
        Time, whether it ends with the event, and the group.

    Returns
    -------
    int
        0 if the difference is not significant.

    Notes
    -----
    Walsh M et al., J Clin Epidemiol 2014;67:622.  p is from the χ² distribution.
    """
    days = np.asarray(time, dtype=float)
    has = np.asarray(event, dtype=bool).copy()
    group = np.asarray(exposed, dtype=bool)
    p, excess = _test(days[None], has[None], group)
    worse = group if excess[0] > 0 else ~group
    lost = 0
    while p[0] < LEVEL:
        candidates = np.flatnonzero(has & worse)
        without = np.repeat(has[None], len(candidates), axis=0)
        without[np.arange(len(candidates)), candidates] = False
        each, _ = _test(np.repeat(days[None], len(candidates), axis=0), without, group)
        weakest = int(np.argmax(each))
        has, p, lost = without[weakest], each[[weakest]], lost + 1
    return lost


def _test(
    time: npt.NDArray[np.float64], event: npt.NDArray[np.bool_], exposed: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give p of the log-rank test, and the exposed's events beyond those expected."""
    group = np.broadcast_to(exposed, time.shape).astype(int)
    test = batch.log_rank(RiskSets(time, event), group)
    return stats.chi2.sf(test.statistic, 1), test.excess[1]
