"""Held's sceptical p-value: what a study and its replication show together of a direction."""

from __future__ import annotations

import math

from scipy import stats

METHOD = "sceptical p, one-sided"


def p_value(original: float, replication: float, variance_ratio: float) -> float:
    """Ask whether a replication convinces somebody who doubts the original study.

    The doubter holds the most doubtful prior about an effect of 0 that makes the original just not
    significant; the replication has to contradict that prior.  The result is large if either study
    shows little, or if the replication's effect is much smaller than the original's.

    Parameters
    ----------
    original : float
        Its z, positive in the direction claimed.
    replication : float
        Its z, likewise.
    variance_ratio : float
        Variance of the original effect over that of the replication's.

    Returns
    -------
    float
        One-sided p; above one half where the effects point in opposite directions.

    References
    ----------
    .. [1] Held L. J R Stat Soc A 183, 431–448 (2020), equation 9; R:
       ``ReplicationSuccess::pSceptical(..., type = "nominal")``.
    """
    first, second = original**2, replication**2
    if first == 0 or second == 0:
        return 0.5
    mean, harmonic = (first + second) / 2, 2 / (1 / first + 1 / second)
    # x in (z₁²/x − 1)(z₂²/x − 1) = c, in a form that holds for c = 1 as well
    root = math.sqrt(mean * (mean + (variance_ratio - 1) * harmonic))
    z = math.sqrt(mean * harmonic / (root + mean))
    p = float(stats.norm.sf(z))
    return p if original * replication > 0 else 1 - p
