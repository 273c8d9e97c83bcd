"""What a chapter's notebook talks to: one cohort, and ways to hand over its results."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from IPython.display import HTML

from cartanalysis import contract as cohorts
from cartanalysis import intake
from cartanalysis.chapter.disclosure.vault import Patients, Remote, Vault, remote
from cartanalysis.chapter.handover import HandOver, Unavailable, letters_explained, show
from cartanalysis.chapter.parameters import check_given
from cartanalysis.text import html_table, is_missing

__all__ = ["Chapter", "Unavailable"]

SIGNIFICANT = (
    "“Significant” is the paper's word; that it means p < 0.05, the usual convention, is assumed "
    "[A]."
)


class Chapter(HandOver):
    """A chapter about one cohort.

    Parameters
    ----------
    name : str
        Name of the chapter's file.
    cohort : str
        ``"an2020"`` or a CSV file.
    confidence : float
        Coverage of all intervals, between 0 and 1.
    time_unit : {"days", "months", "years"}
        How times are shown.
    treg_cutoff : float, optional
        Cut-off for high regulatory T cells; the cohort's median if not given.
    strata : str
        Columns by which groups are compared, separated by commas.
    min_cell : int
        Smallest count of patients shown; 1 hides nothing.  With a larger one, ``patients`` of a
        user's cohort can be counted, not looked at (`cartanalysis.chapter.disclosure.vault`).

    Raises
    ------
    InputError
        If the cohort, or a parameter that papermill gave, cannot be used.
    ValueError
        If a parameter is out of range.
    """

    def __init__(
        self,
        name: str,
        cohort: str,
        *,
        confidence: float = 0.95,
        time_unit: str = "days",
        treg_cutoff: float | None = None,
        strata: str = "",
        min_cell: int = 1,
    ) -> None:
        check_given(name)
        vault: Vault | Remote | None = remote()
        opened = vault.open(cohort, treg_cutoff) if vault else None
        if opened is None:
            vault, rows = None, intake.read(cohort, intake.split_names(strata))
            if min_cell > 1 and not rows.is_reconstruction:
                vault = Vault({cohort: rows}, min_cell)
                opened = vault.open(cohort, treg_cutoff)
        self.patients: pd.DataFrame | Patients
        if opened is None:
            self.cohort, self.patients = rows, cohorts.derive(rows.table, treg_cutoff)
        else:
            self.cohort, self.patients = opened
        super().__init__(
            name,
            is_reconstruction=self.cohort.is_reconstruction,
            is_default=self.cohort.is_default,
            confidence=confidence,
            time_unit=time_unit,
            min_cell=min_cell,
            vault=vault,
        )

    def paper(self, *keys: str, shown: Mapping[str, str] | None = None) -> None:
        """Show published values beside this cohort's.

        Parameters
        ----------
        *keys : str
            Ids of the registry.
        shown : mapping of str to str, optional
            Id of the number to show beside each; the same id if not given.
        """
        rows = []
        for key in keys:
            entry, mine = self.registry[key], self.numbers[(shown or {}).get(key, key)]
            text = mine.text
            if not mine.reason and not is_missing(mine.lower):
                text += f" ({mine.ci})"
            if entry.kind == "direction" and not mine.reason:
                text = f"hazard ratio {text}"
            rows.append(
                {
                    "Result": entry.label[:1].upper() + entry.label[1:],
                    "In the paper": f"{entry.printed} [{entry.evidence}]",
                    "Where": entry.place,
                    "This cohort": f"{text} [{mine.evidence}]",
                }
            )
        caption = "Published beside computed; letters in brackets: " + letters_explained()
        if any(self.registry[key].kind == "direction" for key in keys):
            caption += f" {SIGNIFICANT}"
        show(HTML(html_table(rows, caption)))
