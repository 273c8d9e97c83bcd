"""What the comparison's notebook talks to: several cohorts, and ways to hand over its results."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from cartanalysis import intake
from cartanalysis.chapter.disclosure.vault import Remote, Vault, remote
from cartanalysis.chapter.handover import HandOver
from cartanalysis.chapter.parameters import check_given
from cartanalysis.claims import replication
from cartanalysis.claims.registry import Entry
from cartanalysis.claims.verdicts import short_name
from cartanalysis.contract import Cohort
from cartanalysis.sites import comparison
from cartanalysis.sites.figures import plot_pooled
from cartanalysis.study.published import load

SEPARATOR, NAMED = ",", "="


class Comparison(HandOver):
    """The claims of several cohorts."""

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
        judged = [
            judge(name, file, confidence, treg_cutoff, min_cell)
            for name, file in read_members(members)
        ]
        self.cohorts = [cohort for cohort, _ in judged]
        made_up = frozenset(c.name for c in self.cohorts if c.is_reconstruction)
        self.claims = comparison.stack({c.name: claims for c, claims in judged}, made_up)

    @property
    def made_up(self) -> str:
        """Part of a caption that says which cohort is not patient data."""
        names = [c.name for c in self.cohorts if c.is_reconstruction]
        return "".join(f"; {n} is a {comparison.RECONSTRUCTION} [A]" for n in names)

    def pool(self, entry: Entry) -> None:
        """Show one claim over the cohorts, pooled."""
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
    name: str, file: str, confidence: float, treg_cutoff: float | None, min_cell: int
) -> tuple[Cohort, pd.DataFrame]:
    """Judge the claims on a cohort, and hide small counts of patients."""
    vault: Vault | Remote | None = remote()
    opened = vault.open(file, treg_cutoff) if vault else None
    if vault is None or opened is None:
        cohort = intake.read(file)
        vault = Vault({file: cohort}, 1 if cohort.is_reconstruction else min_cell)
        opened = vault.open(file, treg_cutoff)
        if opened is None:
            raise ValueError(f"{file} was not kept")
    cohort, patients = opened
    claims: pd.DataFrame = vault.compute(replication.claims, patients, load(), confidence)
    return (replace(cohort, name=name) if name else cohort), claims


def read_members(members: str) -> list[tuple[str, str]]:
    """Take the names of cohorts apart."""
    parts = (part.rpartition(NAMED) for part in members.split(SEPARATOR))
    return [(name.strip(), file.strip()) for name, _, file in parts]


def write_members(files: dict[str, str]) -> str:
    """Name cohorts as `read_members` takes them."""
    return SEPARATOR.join(f"{name}{NAMED}{file}" for name, file in files.items())
