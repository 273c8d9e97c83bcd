"""Public cohorts in the contract's columns, to try the command on real data."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from lifelines.datasets import load_leukemia


def leukemia() -> pd.DataFrame:
    """Give the remission trial of 6-mercaptopurine in acute leukaemia.

    Returns
    -------
    pandas.DataFrame of shape (42, 5)
        Columns patient_id, sex, arm, rfs_days (published in weeks; 7 days each) and rfs_event.
        The trial has nothing for the contract's other columns; its log white-cell count is left
        out because the contract has no column for it.

    References
    ----------
    .. [1] Freireich EJ et al. Blood 21, 699–716 (1963), as shipped with lifelines.
    """
    raw = load_leukemia()
    return pd.DataFrame(
        {
            "patient_id": [f"L{i:02d}" for i in range(1, len(raw) + 1)],
            "sex": raw["sex"].map({0: "female", 1: "male"}),
            "arm": raw["Rx"].map({0: "6-MP", 1: "placebo"}),
            "rfs_days": raw["t"] * 7,
            "rfs_event": raw["status"],
        }
    )


EXAMPLES: dict[str, Callable[[], pd.DataFrame]] = {"leukemia": leukemia}
