"""Which counts of patients a printed percentage can stand for."""

from __future__ import annotations

from fractions import Fraction


def rounds_to(events: int, n: int, printed: float, decimals: int) -> bool:
    """Tell whether a count can be the one behind a printed percentage.

    Parameters
    ----------
    events, n : int
        The count and its denominator.
    printed : float
        The percentage as printed.
    decimals : int
        Decimals printed.

    Returns
    -------
    bool
        Whether 100·events/n lies within half a unit of the last printed decimal; both ends count,
        so the answer does not depend on how a tie is rounded.  Computed in exact fractions.
    """
    half = Fraction(1, 2 * 10**decimals)
    target = Fraction(str(printed))
    return target - half <= Fraction(100 * events, n) <= target + half


def counts_behind(printed: float, decimals: int, n: int) -> list[int]:
    """List the counts out of n that a printed percentage can stand for.

    Parameters
    ----------
    printed : float
        The percentage as printed.
    decimals : int
        Decimals printed.
    n : int
        Denominator.

    Returns
    -------
    list of int
        Every count that rounds to the percentage.
    """
    return [k for k in range(n + 1) if rounds_to(k, n, printed, decimals)]
