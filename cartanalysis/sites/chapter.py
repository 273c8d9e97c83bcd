"""What the comparison's notebook talks to: several cohorts, and ways to hand over its results."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from cartanalysis.chapter.disclosure.vault import open_cohort
from cartanalysis.chapter.handover import HandOver
from cartanalysis.chapter.parameters import check_given
from cartanalysis.chapter.results import Figure, Result, Table
from cartanalysis.claims import replication
from cartanalysis.claims.registry import Entry
from cartanalysis.claims.verdicts import short_name
from cartanalysis.contract import Cohort
from cartanalysis.sites import comparison
from cartanalysis.sites.figures import plot_funnel, plot_pooled, plot_verdicts
from cartanalysis.study.published import load

SEPARATOR, NAMED = ",", "="

TALLY = {
    "label": "Cohort",
    "upheld": "● upheld",
    "inconclusive": "□ inconclusive",
    "opposed": "✕ opposed",
    "not_interpretable": "▽ not interpretable",
    "not_assessed": "– not assessed",
}
"""Columns of the tally, and their headings."""


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
        claims = comparison.stack({c.name: claims for c, claims in judged}, made_up)
        self.claims = Result(claims)

    @property
    def made_up(self) -> str:
        """Part of a caption that says which cohort is not patient data."""
        names = [c.name for c in self.cohorts if c.is_reconstruction]
        return "".join(f"; {n} is a {comparison.RECONSTRUCTION} [A]" for n in names)

    def verdicts_figure(self, name: str, caption: str) -> Figure:
        """Draw the verdict on each claim in each cohort."""
        verdicts = self.compute(comparison.verdicts, self.claims)
        alt = comparison.describe(self.claims.table)
        return Figure(plot_verdicts, [verdicts], name, f"{caption}{self.made_up}.", alt)

    def tally_table(self, caption: str) -> Table:
        """Count the verdicts of each cohort."""
        tally = self.compute(comparison.tally, self.claims)
        return tally.as_table(TALLY, f"{caption}{self.made_up}")

    def claims_table(self, family: str, caption: str) -> Table:
        """Lay out what each cohort says to the claims of a family."""
        beside = self.compute(comparison.side_by_side, self.claims, family)
        cohorts = {c: c for c in beside.table.columns if c not in ("short", "published")}
        columns = {"short": "Claim", "published": "Published", **cohorts}
        return beside.as_table(columns, f"{caption}{self.made_up}")

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups of claims that can be pooled."""
        return tuple(comparison.SCALES)

    def pooled_table(self, group: str, caption: str) -> Table:
        """Lay out the pooled values of a group of claims."""
        asked = (self.claims, self.registry, group, self.confidence)
        pooled = self.compute(comparison.summary, *asked)
        columns = {
            "short": "Claim",
            "published": "Published",
            "estimate": "Pooled (interval)",
            "predicted": f"Prediction interval, {100 * self.confidence:g} %",
            "common": "If all were alike",
            "k": "Cohorts",
            "i2": "I²",
            "tau2": "τ²",
            "q": "Q, p",
        }
        return pooled.read("estimate", comparison.unit_of(group)).as_table(columns, caption)

    def pool(self, group: str) -> None:
        """Show each claim of a group over the cohorts, pooled."""
        for entry in comparison.poolable(self.registry, group):
            self._pool(entry)

    def _pool(self, entry: Entry) -> None:
        group = comparison.group_of(entry)
        found = self.compute(comparison.forest, self.claims, entry, self.confidence)
        key = f"pooled_{entry.id}"
        pooled = found.read("estimate", comparison.unit_of(group))
        self.hand_over(**{key: pooled.where(kind=comparison.POOLED)})
        label = short_name(entry)
        start = f"**{label[0].upper()}{label[1:]}:** {{{key}}} ({{{key}.ci}}), "
        self.say(start + ("" if found.why else comparison.in_words(found.table, entry)))
        published = group != comparison.DIRECTIONS
        options = {
            "ratio": not published,
            "reference": entry.fraction if published else None,
        }
        name = f"pooled-{entry.id.replace('_', '-')}"
        caption = _caption(label, entry if published else None) + f"{self.made_up}."
        alt = "" if found.why else comparison.describe_forest(found.table, entry)
        self.show(Figure(plot_pooled, [found], name, caption, alt, options))

    def funnel(self, group: str) -> None:
        """Show each claim of a group over the cohorts, by their size."""
        for entry in comparison.poolable(self.registry, group):
            found = self.compute(comparison.funnel, self.claims, entry)
            if not found.why:
                self.say(f"**Funnel.** {comparison.funnel_in_words(found.table, entry)}")
            name = f"funnel-{entry.id.replace('_', '-')}"
            label = short_name(entry)
            caption = (
                f"{label[0].upper()}{label[1:]} in each cohort against its number of patients "
                "(effective where some are censored), with the limits within which 95 % and 99.8 % "
                f"of cohorts lie if all have the pooled value{self.made_up}."
            )
            alt = "" if found.why else comparison.describe_funnel(found.table, entry)
            self.show(Figure(plot_funnel, [found], name, caption, alt))


def _caption(label: str, published: Entry | None) -> str:
    text = f"{label[0].upper()}{label[1:]} in each cohort, and pooled over the cohorts of patients"
    if published is None:
        return f"{text}; the paper claims a ratio above 1"
    return f"{text}; the paper's {published.text} [{published.evidence}] for reference"


def judge(
    name: str, file: str, confidence: float, treg_cutoff: float | None, min_cell: int
) -> tuple[Cohort, pd.DataFrame]:
    """Judge the claims on a cohort, and hide small counts of patients."""
    vault, cohort, patients = open_cohort(file, min_cell, treg_cutoff)
    claims: pd.DataFrame = vault.compute(replication.claims, patients, load(), confidence).result
    return (replace(cohort, name=name) if name else cohort), claims


def read_members(members: str) -> list[tuple[str, str]]:
    """Take the names of cohorts apart."""
    parts = (part.rpartition(NAMED) for part in members.split(SEPARATOR))
    return [(name.strip(), file.strip()) for name, _, file in parts]


def write_members(files: dict[str, str]) -> str:
    """Name cohorts as `read_members` takes them."""
    return SEPARATOR.join(f"{name}{NAMED}{file}" for name, file in files.items())
