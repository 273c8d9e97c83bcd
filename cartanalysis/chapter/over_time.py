"""Analyses of whether a hazard ratio tells the whole story, and of what needs none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from cartanalysis.chapter.analyses import Analysis, named
from cartanalysis.chapter.handover import HandOver
from cartanalysis.chapter.results import Figure, Labels, Result, Table
from cartanalysis.claims.verdicts import ONE_YEAR
from cartanalysis.figures import plot_coefficient
from cartanalysis.stats import absolute, cox, survival
from cartanalysis.text import each_row, format_interval, format_value, is_missing

SCALES = {
    "km": "p, Kaplan–Meier",
    "rank": "p, rank",
    "identity": "p, days",
    "log": "p, log days",
}
"""Headings of the scales of time, in the order in which R names them."""


class ProportionalHazards(Analysis):
    """Tests of whether hazard ratios change with time, and how they do.

    Parameters
    ----------
    endpoint : {"os", "rfs"}
        Which endpoint.
    covariates : sequence of str
        Columns of the Cox model, or one.
    """

    def __init__(self, study: HandOver, endpoint: str, covariates: Sequence[str]) -> None:
        self.endpoint = survival.endpoint_of(endpoint)
        self._asked = (study.patients, endpoint, named(covariates))
        tests = study.compute(cox.proportional_hazards, *self._asked)
        super().__init__(study, tests.read("p", "p"))

    def of(self, covariate: str, scale: str = "km") -> Result:
        """Give the p-value of a covariate.

        Parameters
        ----------
        covariate : str
            Its name; "global" for all together.
        scale : {"km", "rank", "identity", "log"}
            Scale of time.

        Returns
        -------
        Result
            The p-value.
        """
        return self.result.where(covariate=covariate, scale=scale)

    def tests(self, caption: str, labels: Labels) -> Table:
        """Lay out the tests, one column per scale of time."""
        wide = self.study.compute(_by_scale, self.result)
        columns = {"covariate": "Factor", "df": "df", **SCALES}
        return wide.as_table(columns, caption, words={**labels, "global": "all factors"})

    def over_time(self, covariate: str, name: str, caption: str) -> Figure:
        """Draw how a coefficient changes with time, its line smooth on the Kaplan–Meier scale.

        Parameters
        ----------
        covariate : str
            Whose; of a category, its first level against the reference.
        name : str
            Name of the figure.
        caption : str
            Caption.

        Returns
        -------
        Figure
            What ``study.show`` shows.
        """
        study = self.study
        found = study.compute(cox.changing_coefficients, *self._asked)
        found = study.compute(_term, found.only_if(self.result), covariate)
        options = {"unit": study.time_unit, "origin": self.endpoint.origin}
        alt = "" if found.why else _course(found.table)
        return Figure(plot_coefficient, [found], name, caption, alt, options)

    def _describe(self, labels: Labels) -> str:
        told = (
            f"{labels.get(r.covariate, r.covariate)} {format_value(r.p, 'p')}"
            for r in each_row(self.table[self.table["scale"] == "km"])
        )
        name = self.endpoint.name.capitalize()
        return f"{name}, tests of proportional hazards: {', '.join(told)}."


def _by_scale(tests: pd.DataFrame) -> pd.DataFrame:
    """Put the p-values of each covariate side by side, as texts of a table."""
    wide = tests.pivot(index="covariate", columns="scale", values="p")
    first = tests.drop_duplicates("covariate")[["covariate", "df"]]
    shown = wide.map(lambda p: format_value(p, "p").removeprefix("p = ").removeprefix("p "))
    return first.merge(shown.mask(wide.isna(), "–"), on="covariate")


def _term(table: pd.DataFrame, covariate: str) -> pd.DataFrame:
    mine = table[table["covariate"] == covariate]
    return mine[mine["group"] == mine["group"].iloc[0]].reset_index(drop=True)


def _course(table: pd.DataFrame) -> str:
    """Say in a sentence how a coefficient changes."""
    line = table[table["estimate"].notna()]
    events = int(table["residual"].notna().sum())
    if line.empty:
        return f"Residuals of {events} events, too few different times for a line."
    first, last = (format_value(line["estimate"].iloc[i], "statistic") for i in (0, -1))
    constant = format_value(table["constant"].iloc[0], "statistic")
    return (
        f"Residuals of {events} events with a smooth line: the log hazard ratio goes from {first} "
        f"at the first event to {last} at the last; a constant one would be {constant}."
    )


class RestrictedMean(Analysis):
    """The average time lived until a day, and how it differs between groups.

    Parameters
    ----------
    endpoint : {"os", "rfs"}
        Which endpoint.
    by : str, optional
        Column that groups the patients.
    until : float
        Day at which the mean is restricted.
    """

    def __init__(
        self, study: HandOver, endpoint: str, by: str | None = None, until: float = ONE_YEAR
    ) -> None:
        self.endpoint, self.until = survival.endpoint_of(endpoint), until
        asked = (study.patients, endpoint, until, by, study.confidence)
        found = study.compute(absolute.restricted_mean, *asked)
        super().__init__(study, found.read("estimate", "days"))

    @property
    def mean(self) -> Result:
        """The means; without a group chosen, the first."""
        return self.result.where(measure="mean")

    @property
    def difference(self) -> Result:
        """The difference between the second group and the first."""
        return self.result.where(measure="difference")

    @property
    def ratio(self) -> Result:
        """The ratio of the second group's mean to the first's."""
        return self.result.where(measure="ratio").read("estimate", "ratio")

    def _describe(self, labels: Labels) -> str:
        means = self.table[self.table["measure"] == "mean"]
        told = (
            f"{labels.get(r.group, r.group)} {format_value(r.estimate, 'days', self._unit)}"
            for r in each_row(means)
            if not r.why
        )
        until = format_value(self.until, "days", self._unit)
        name = self.endpoint.name.capitalize()
        return f"{name}, restricted mean up to {until}: {', '.join(told) or 'not known'}."

    @property
    def _unit(self) -> str:
        return self.study.time_unit


class Milestone(Analysis):
    """The difference in survival between groups on one day.

    Parameters
    ----------
    endpoint : {"os", "rfs"}
        Which endpoint.
    by : str
        Column that groups the patients.
    day : float
        The milestone, in days.
    """

    def __init__(self, study: HandOver, endpoint: str, by: str, day: float = ONE_YEAR) -> None:
        self.endpoint = survival.endpoint_of(endpoint)
        asked = (study.patients, endpoint, day, by, study.confidence)
        super().__init__(
            study, study.compute(absolute.milestone, *asked).read("estimate", "points")
        )

    @property
    def difference(self) -> Result:
        """The difference between the second group and the first."""
        return self.result

    def _describe(self, labels: Labels) -> str:
        told = (
            f"{labels.get(r.group, r.group)} against {labels.get(r.reference, r.reference)} "
            f"{format_value(r.estimate, 'points')} ({format_interval(r.lower, r.upper, 'points')})"
            for r in each_row(self.table)
        )
        return f"{self.endpoint.name.capitalize()}, differences: {', '.join(told)}."


class Contrasts:
    """Several factors, each by what needs no constant hazard ratio.

    Parameters
    ----------
    endpoint : {"os", "rfs"}
        Which endpoint.
    factors : sequence of str
        Columns that group the patients.
    day : float
        Milestone, and day up to which means are restricted.
    """

    def __init__(
        self, study: HandOver, endpoint: str, factors: Sequence[str], day: float = ONE_YEAR
    ) -> None:
        self.study = study
        self._found = [
            (factor, found.result)
            for factor in factors
            for found in (
                Milestone(study, endpoint, factor, day),
                RestrictedMean(study, endpoint, factor, day),
            )
        ]

    def as_table(self, caption: str, labels: Labels) -> Table:
        """Lay the differences out, one row per factor and group."""
        unit = self.study.time_unit
        kept = [(factor, result) for factor, result in self._found if not result.why]
        if not kept:
            return self._found[0][1].as_table({}, caption)
        wide = self.study.compute(_wide, [f for f, _ in kept], unit, *(r for _, r in kept))
        columns = {
            "factor": "Factor",
            "group": "Group",
            "reference": "Against",
            "milestone": "Survival on the day, percentage points (interval)",
            "difference": f"Mean up to it, {unit} (interval)",
            "ratio": "Ratio of means (interval)",
        }
        return wide.as_table(columns, caption, words=labels)

    def gaps(self, labels: Labels) -> str:
        """Say why some of the differences have no estimate; nothing if all have one, or none."""
        told: dict[str, None] = {}
        if all(result.why for _, result in self._found):  # in place of the table
            return ""
        for factor, result in self._found:
            for why in [result.why] if result.why else result.table["why"]:
                if why:
                    told[f"{labels.get(factor, factor)}: {why}.".replace("`", "")] = None
        return " ".join(told)


UNITS = {"milestone": "points", "difference": "days", "ratio": "ratio"}
"""Unit of each measure."""


def _wide(factors: Sequence[str], time_unit: str, *found: pd.DataFrame) -> pd.DataFrame:
    """Put differences of several factors side by side, as texts of a table."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for factor, table in zip(factors, found, strict=True):
        for row in each_row(table[table["measure"] != "mean"]):
            mine = rows.setdefault((factor, row.group), {"reference": row.reference})
            mine[row.measure] = _text(row, time_unit)
    frame = pd.DataFrame([{"factor": f, "group": g, **texts} for (f, g), texts in rows.items()])
    return frame.reindex(columns=["factor", "group", "reference", *UNITS]).fillna("–")


def _text(row: Any, time_unit: str) -> str:
    if is_missing(row.estimate):
        return "–"
    unit = UNITS[row.measure]
    bounds = format_interval(row.lower, row.upper, unit, time_unit)
    text = f"{format_value(row.estimate, unit, time_unit)} ({bounds})"
    for said in (" percentage points", f" {time_unit}"):  # the heading has it
        text = text.replace(said, "")
    return text
