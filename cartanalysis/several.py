"""What the comparison's notebook talks to: several cohorts, and ways to hand over its results."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from cartanalysis import cohort as cohorts
from cartanalysis import comparison, intake, replication, suppression
from cartanalysis.cohort import Cohort
from cartanalysis.figures import plot_pooled
from cartanalysis.handover import HandOver
from cartanalysis.parameters import check_given
from cartanalysis.published import Entry, load
from cartanalysis.verdicts import short_name

SEPARATOR, NAMED = ",", "="


class Comparison(HandOver):
    """The claims of several cohorts.

    Parameters
    ----------
    name : str
        Name of the notebook's file.
    members : str
        ``"an2020"`` and files in the contract's columns, separated by commas; ``name=file`` gives
        a cohort another name than its file's.
    confidence : float
        Coverage of all intervals, between 0 and 1.
    treg_cutoff : float, optional
        Cut-off for high regulatory T cells; each cohort's own median if not given.
    min_cell : int
        Smallest count of patients shown; 1 hides nothing.

    Raises
    ------
    InputError
        If a cohort, or a parameter that papermill gave, cannot be used.
    ValueError
        If a parameter is out of range.
    """

    def __init__(
        self,
        name: str,
        members: str,
        *,
        confidence: float = 0.95,
        treg_cutoff: float | None = None,
        min_cell: int = 1,
    ) -> None:
        check_given(name)
        super().__init__(name, confidence=confidence, min_cell=min_cell)
        self.cohorts = read_members(members)
        judged = {c.name: judge(c, confidence, treg_cutoff, min_cell) for c in self.cohorts}
        made_up = frozenset(c.name for c in self.cohorts if c.is_reconstruction)
        self.claims = comparison.stack(judged, made_up)

    @property
    def made_up(self) -> str:
        """Part of a caption that says which cohort is not patient data.

        Returns
        -------
        str
            The text; empty if all are.
        """
        names = [c.name for c in self.cohorts if c.is_reconstruction]
        return "".join(f"; {n} is a {comparison.RECONSTRUCTION} [A]" for n in names)

    def pool(self, entry: Entry) -> None:
        """Show one claim over the cohorts, pooled.

        Parameters
        ----------
        entry : Entry
            A claim of `cartanalysis.comparison.poolable`.
        """
        table = self.compute(comparison.forest, self.claims, entry, self.confidence)
        group = comparison.group_of(entry)
        key = f"pooled_{entry.id}"
        unit = comparison.unit_of(group)
        self.number(key, table, unit, where={"kind": comparison.POOLED})
        label = short_name(entry)
        start = f"**{label[0].upper()}{label[1:]}:** {{{key}}} ({{{key}.ci}}), "
        if isinstance(table, pd.DataFrame):
            start += comparison.in_words(table, entry)
        self.say(start)
        published = group != comparison.DIRECTIONS
        self.figure(
            plot_pooled,
            table,
            name=f"pooled-{entry.id.replace('_', '-')}",
            caption=_caption(label, entry if published else None) + f"{self.made_up}.",
            alt=self.compute(comparison.describe_forest, table, entry),
            ratio=not published,
            reference=entry.fraction if published else None,
            confidence=self.confidence,
        )


def _caption(label: str, published: Entry | None) -> str:
    text = f"{label[0].upper()}{label[1:]} in each cohort, and pooled over the cohorts of patients"
    if published is None:
        return f"{text}; the paper claims a ratio above 1"
    return f"{text}; the paper's {published.text} [{published.evidence}] for reference"


def judge(
    cohort: Cohort, confidence: float, treg_cutoff: float | None, min_cell: int
) -> pd.DataFrame:
    """Judge the claims on a cohort, and hide small counts of patients.

    Parameters
    ----------
    cohort : Cohort
        A checked cohort.
    confidence : float
        Coverage of intervals.
    treg_cutoff : float or None
        Cut-off for high regulatory T cells; the cohort's median if none.
    min_cell : int
        Smallest count shown; the reconstruction has no patients to protect.

    Returns
    -------
    pandas.DataFrame
        From `cartanalysis.replication.claims`, protected.
    """
    patients = cohorts.derive(cohort.table, treg_cutoff)
    smallest = 1 if cohort.is_reconstruction else min_cell
    protected: pd.DataFrame = suppression.protect(
        replication.claims, smallest, patients, load(), confidence
    )
    return protected


def read_members(members: str) -> list[Cohort]:
    """Read the cohorts that are named.

    Parameters
    ----------
    members : str
        As `Comparison` takes them.

    Returns
    -------
    list of Cohort
        The checked cohorts, in order.

    Raises
    ------
    InputError
        If one cannot be used.
    """
    found = []
    for part in members.split(SEPARATOR):
        name, named, file = part.rpartition(NAMED)
        cohort = intake.read(file.strip())
        found.append(replace(cohort, name=name.strip()) if named else cohort)
    return found


def write_members(files: dict[str, str]) -> str:
    """Name cohorts as `read_members` takes them.

    Parameters
    ----------
    files : dict of str to str
        File, or ``"an2020"``, by name.

    Returns
    -------
    str
        The text.
    """
    return SEPARATOR.join(f"{name}{NAMED}{file}" for name, file in files.items())
