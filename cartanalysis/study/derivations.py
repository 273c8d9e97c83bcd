"""What follows from the paper's printed values by arithmetic.

Derived counts are not written anywhere: they are searched for here, and the search shows that it
finds one solution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.stats.percentages import counts_behind
from cartanalysis.text import each_row


def _only(solutions: list[Any], what: str) -> Any:
    if len(solutions) != 1:
        raise ValueError(f"{what} has {len(solutions)} solutions {solutions}, not one")
    return solutions[0]


def infused_candidates(orr: Entry, ae_grade4: Entry, enrolled: Entry) -> list[int]:
    """List the numbers of infused patients that both published percentages allow.

    Parameters
    ----------
    orr, ae_grade4 : Entry
        The two percentages with one denominator.
    enrolled : Entry
        The number that cannot be exceeded.

    Returns
    -------
    list of int
        Every n from 1 to the number enrolled for which both are whole patients.
    """
    return [
        n
        for n in range(1, int(enrolled.value) + 1)
        if all(counts_behind(e.value, e.rounding or 0, n) for e in (orr, ae_grade4))
    ]


def _derive_infused(known: dict[str, Entry]) -> int:
    found = infused_candidates(known["orr"], known["ae_grade4"], known["enrolled"])
    return int(_only(found, "the number infused"))


def _derive_count(percentage: str) -> Callable[[dict[str, Entry]], int]:
    def derive(known: dict[str, Entry]) -> int:
        entry = known[percentage]
        found = counts_behind(entry.value, entry.rounding or 0, int(known["infused"].value))
        return int(_only(found, f"the count behind {entry.text}"))

    return derive


def emd_other_candidates(known: dict[str, Entry]) -> list[tuple[int, int]]:
    """List (responders, patients) of the EMD group that its percentage allows.

    Parameters
    ----------
    known : dict of str to Entry
        With ``orr_emd_other``, ``infused`` and ``responders``.

    Returns
    -------
    list of (int, int)
        Pairs that need no more non-responders, and no more responders, than there are.
    """
    entry = known["orr_emd_other"]
    infused, responders = int(known["infused"].value), int(known["responders"].value)
    return [
        (k, n)
        for n in range(1, infused + 1)
        for k in counts_behind(entry.value, entry.rounding or 0, n)
        if k <= responders and n - k <= infused - responders
    ]


def _derive_emd_other_responders(known: dict[str, Entry]) -> int:
    return int(_only(emd_other_candidates(known), "the EMD group")[0])


def _derive_emd_other(known: dict[str, Entry]) -> int:
    return int(_only(emd_other_candidates(known), "the EMD group")[1])


def _derive_censoring(known: dict[str, Entry]) -> bool:
    """Confirm that neither 1-year percentage is a whole number of patients."""
    pairs = (("os_1y", "infused"), ("rfs_1y", "responders"))
    whole = [
        counts_behind(known[p].value, known[p].rounding or 0, int(known[n].value)) for p, n in pairs
    ]
    if any(whole):
        raise ValueError("a 1-year percentage is a whole number of patients: censoring is open")
    return True


DERIVATIONS: dict[str, Callable[[dict[str, Entry]], Any]] = {
    "derive_infused": _derive_infused,
    "derive_responders": _derive_count("orr"),
    "derive_ae_grade4": _derive_count("ae_grade4"),
    "derive_emd_other_responders": _derive_emd_other_responders,
    "derive_emd_other": _derive_emd_other,
    "derive_censoring": _derive_censoring,
}


def search_infused(registry: Registry) -> pd.DataFrame:
    """Show which numbers of patients fit two percentages that have one denominator.

    Parameters
    ----------
    registry : Registry
        The published values.

    Returns
    -------
    pandas.DataFrame
        One row per number, up to those screened, that fits at least one: n, orr, ae_grade4
        (counts, or a dash), fits (yes, or why not).
    """
    rows = []
    for n in range(1, int(registry["screened"].value) + 1):
        found = [
            counts_behind(registry[k].value, registry[k].rounding or 0, n)
            for k in ("orr", "ae_grade4")
        ]
        if any(found):
            texts = [" or ".join(f"{k} of {n}" for k in counts) or "–" for counts in found]
            fits = "yes" if all(found) else "no: one percentage does not fit"
            if n > registry["enrolled"].value:
                fits = "no: more than were enrolled"
            rows.append((n, *texts, fits))
    return pd.DataFrame(rows, columns=["n", "orr", "ae_grade4", "fits"])


def search_emd_other(registry: Registry) -> pd.DataFrame:
    """Show which counts the remission rate of the EMD group allows.

    Parameters
    ----------
    registry : Registry
        The published and derived values.

    Returns
    -------
    pandas.DataFrame
        One row per count that rounds to the percentage: events, n, left_out, fits.
    """
    entry, possible = registry["orr_emd_other"], emd_other_candidates(registry.entries)
    rows = []
    for n in range(1, int(registry["infused"].value) + 1):
        for k in counts_behind(entry.value, entry.rounding or 0, n):
            fits = "yes" if (k, n) in possible else "no"
            rows.append((k, n, n - k, fits))
    return pd.DataFrame(rows, columns=["events", "n", "left_out", "fits"])


def describe_effects(effects: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Put a set of consistent effects into a sentence, for who cannot see the picture.

    Parameters
    ----------
    effects : pandas.DataFrame
        From `cartanalysis.study.reconstruct.known_effects`.
    labels : mapping of str to str
        Names of the claims as shown.

    Returns
    -------
    str
        A sentence.
    """
    span = effects.groupby("claim", sort=False)["estimate"].agg(["min", "max"])
    parts = [f"{labels[r.Index]} {r.min:.1f} to {r.max:.1f}" for r in each_row(span)]
    return "Dots of hazard ratios by claim, with their ranges: " + "; ".join(parts) + "."
