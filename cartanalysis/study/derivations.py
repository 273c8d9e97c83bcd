"""What follows from the paper's printed values by arithmetic.

Derived counts are not written anywhere: they are searched for here, and the search shows that it
finds one solution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from cartanalysis.claims.registry import Entry
from cartanalysis.stats.percentages import counts_behind


def _only(solutions: list[Any], what: str) -> Any:
    if len(solutions) != 1:
        raise ValueError(f"{what} has {len(solutions)} solutions {solutions}, not one")
    return solutions[0]


def search_infused(known: Mapping[str, Entry]) -> pd.DataFrame:
    """Show which numbers of patients fit two percentages that have one denominator.

    Parameters
    ----------
    known : mapping of str to Entry
        The published values.

    Returns
    -------
    pandas.DataFrame
        One row per number, up to those screened, that fits at least one: n, orr, ae_grade4
        (counts, or a dash), possible, fits (yes, or why not).
    """
    rows = []
    for n in range(1, int(known["screened"].value) + 1):
        found = [_counts(known[key], n) for key in ("orr", "ae_grade4")]
        if any(found):
            texts = [" or ".join(f"{k} of {n}" for k in counts) or "–" for counts in found]
            fits = "yes" if all(found) else "no: one percentage does not fit"
            if n > known["enrolled"].value:
                fits = "no: more than were enrolled"
            possible = all(found) and n <= known["enrolled"].value
            rows.append((n, *texts, possible, fits))
    return pd.DataFrame(rows, columns=["n", "orr", "ae_grade4", "possible", "fits"])


def search_emd_other(known: Mapping[str, Entry]) -> pd.DataFrame:
    """Show which counts the remission rate of the EMD group allows.

    Parameters
    ----------
    known : mapping of str to Entry
        With ``orr_emd_other``, ``infused`` and ``responders``.

    Returns
    -------
    pandas.DataFrame
        One row per count that rounds to the percentage: events, n, left_out, possible (it needs no
        more responders, and no more non-responders, than there are), fits (the same in words).
    """
    infused, responders = int(known["infused"].value), int(known["responders"].value)
    rows = []
    for n in range(1, infused + 1):
        for k in _counts(known["orr_emd_other"], n):
            possible = k <= responders and n - k <= infused - responders
            rows.append((k, n, n - k, possible, "yes" if possible else "no"))
    return pd.DataFrame(rows, columns=["events", "n", "left_out", "possible", "fits"])


def _counts(entry: Entry, n: int) -> list[int]:
    return counts_behind(entry.value, entry.rounding or 0, n)


def _derive_infused(known: dict[str, Entry]) -> int:
    found = search_infused(known)
    return int(_only(found.loc[found["possible"], "n"].tolist(), "the number infused"))


def _derive_count(percentage: str, size: str = "infused") -> Callable[[dict[str, Entry]], int]:
    def derive(known: dict[str, Entry]) -> int:
        found = _counts(known[percentage], int(known[size].value))
        return int(_only(found, f"the count behind {known[percentage].text}"))

    return derive


def _derive_emd_other(column: str) -> Callable[[dict[str, Entry]], int]:
    def derive(known: dict[str, Entry]) -> int:
        found = search_emd_other(known)
        return int(_only(found.loc[found["possible"], column].tolist(), "the EMD group"))

    return derive


def _derive_censoring(known: dict[str, Entry]) -> bool:
    """Confirm that neither 1-year percentage is a whole number of patients."""
    pairs = (("os_1y", "infused"), ("rfs_1y", "responders"))
    if any(_counts(known[p], int(known[n].value)) for p, n in pairs):
        raise ValueError("a 1-year percentage is a whole number of patients: censoring is open")
    return True


DERIVATIONS: dict[str, Callable[[dict[str, Entry]], Any]] = {
    "derive_infused": _derive_infused,
    "derive_responders": _derive_count("orr"),
    "derive_ae_grade4": _derive_count("ae_grade4"),
    "derive_mrd_negative": _derive_count("mrd_negative_cr"),
    "derive_mrd_negative_of_responders": _derive_count("mrd_negative_cr", "responders"),
    "derive_crs_any": _derive_count("crs_any"),
    "derive_crs_ge3": _derive_count("crs_ge3"),
    "derive_icans_any": _derive_count("icans_any"),
    "derive_icans_ge3": _derive_count("icans_ge3"),
    "derive_emd_other_responders": _derive_emd_other("events"),
    "derive_emd_other": _derive_emd_other("n"),
    "derive_censoring": _derive_censoring,
}
