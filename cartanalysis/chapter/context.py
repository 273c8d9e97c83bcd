"""The study among other trials, as a chapter asks for it: published values, nothing reconstructed.

Only the last row of a forest plot is about the cohort of the book, where this is one of patients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cartanalysis.chapter.analyses import Analysis
from cartanalysis.chapter.handover import HandOver
from cartanalysis.chapter.results import Labels, Result, Table
from cartanalysis.claims.registry import OTHERS
from cartanalysis.figures.trials import plot_trials
from cartanalysis.stats import response, safety
from cartanalysis.study import peers

OWN_GRADES = {"severe CRS": "crs_grade", "severe neurotoxicity": "icans_grade"}
"""Columns of a cohort that answer to what trials report."""

ABOUT = {
    "study": "Trial",
    "population": "Patients and product",
    "n": "n",
    "cr_definition": "Remission means",
    "emd_pct": "EMD, %",
    "age_median": "Median age",
    "hsct_after_n": "HSCT after",
}
READ = {
    "study": "Trial",
    "citation": "Published in",
    "source_kind": "Read in its",
    "note": "Remarks",
}
FOUND = {
    "direction": "Beside An et al.",
    "who": "Patients",
    "finding": "Finding",
    "source": "Source",
}


class Peers:
    """Other trials of CD19 CAR T cells in B-ALL."""

    def __init__(self, study: HandOver) -> None:
        self._study = study

    def forest(self, outcome: str, without: Sequence[str] = ()) -> TrialForest:
        """Set An et al. beside the other trials.

        Parameters
        ----------
        outcome : str
            One of `cartanalysis.study.peers.OUTCOMES`.
        without : sequence of str
            Trials left out.

        Returns
        -------
        TrialForest
            With its figure, and the pooled value where there is one.
        """
        return TrialForest(self._study, outcome, without)

    def characteristics(self, caption: str) -> Table:
        """Lay out who was treated in which trial."""
        found = self._study.compute(peers.characteristics)
        return found.marked(OTHERS).as_table(ABOUT, caption)

    def sources(self, caption: str) -> Table:
        """Lay out where each trial was published, and how it was read."""
        found = self._study.compute(peers.trials)
        return found.marked(OTHERS).as_table(READ, caption)

    def findings(self, question: str, caption: str) -> Table:
        """Lay out what others found about one of the paper's questions.

        Parameters
        ----------
        question : str
            The question, such as ``"EMD"``.
        caption : str
            What the table shows.

        Returns
        -------
        Table
            What ``study.show`` shows.
        """
        found = self._study.compute(peers.findings, question).marked(OTHERS)
        return found.as_table(FOUND, caption)


class TrialForest(Analysis):
    """One outcome of the other trials, pooled, with An et al. below."""

    _plot = staticmethod(plot_trials)

    def __init__(self, study: HandOver, outcome: str, without: Sequence[str] = ()) -> None:
        own = _own(study, outcome)
        found = study.compute(peers.forest, outcome, study.confidence, tuple(without), own)
        super().__init__(study, found.marked(OTHERS))
        self._outcome = outcome

    @property
    def pooled(self) -> Result:
        """The pooled share, as a number to hand over."""
        return self.result.where(kind=peers.POOLED)

    @property
    def place(self) -> str:
        """How many trials report a higher share than An et al., as a part of a sentence."""
        return peers.place(self.table)

    @property
    def in_range(self) -> str:
        """Where An et al. lies in what is expected of a further trial, likewise."""
        return peers.in_range(self.table)

    @property
    def alike(self) -> str:
        """How much the trials differ, as a part of a sentence."""
        return peers.alike(self.table)

    @property
    def span(self) -> str:
        """The smallest and the largest share of the other trials, as a part of a sentence."""
        return peers.span(self.table)

    @property
    def predicted(self) -> str:
        """Where the true share of a further trial is expected, as a part of a sentence."""
        return peers.predicted(self.table)

    def _describe(self, labels: Labels) -> str:
        return peers.describe(self.table, self._outcome)


def _own(study: HandOver, outcome: str) -> Any:
    """Give the same outcome of a cohort of patients; none where it is not known or hidden."""
    if study.is_reconstruction:
        return None
    if outcome == "remission":
        found = study.compute(response.remission, study.patients, None, study.confidence)
    elif outcome in OWN_GRADES:
        asked = (study.patients, OWN_GRADES[outcome], safety.SEVERE, study.confidence)
        found = study.compute(safety.at_least, *asked)
    else:
        return None
    return None if found.why else found.table
