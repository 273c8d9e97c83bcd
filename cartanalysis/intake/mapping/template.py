"""An empty cohort to fill in, and its data dictionary."""

from __future__ import annotations

import pandas as pd

from cartanalysis.contract import FIELDS, REQUIRED

_NOTES = {
    "id": "for example P01, P02, …; no names, record numbers or birth dates",
    "label": "the same word for the same group",
    "event": "days and event belong together: fill both or neither",
    "number": "plain digits with a decimal point",
    "grade": "0 if looked for and not seen, empty if not known",
    "level": "case does not matter",
}


def cohort_csv() -> str:
    """Write an empty cohort: the header of the contract, ready to be filled in."""
    return pd.DataFrame(columns=[*FIELDS]).to_csv(index=False, lineterminator="\n")


def dictionary_csv() -> str:
    """Write the data dictionary of the contract."""
    rows = [
        {
            "column": spec.name,
            "required": "yes" if spec.name in REQUIRED else "no",
            "meaning": spec.meaning,
            "allowed": spec.allowed,
            "note": _NOTES[spec.kind],
        }
        for spec in FIELDS.values()
    ]
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")
