"""Analyses of what becomes of patients: competing causes, transplants, states, single courses."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from cartanalysis.chapter.analyses import Analysis, told_by_the_month
from cartanalysis.chapter.disclosure.times import MONTH
from cartanalysis.chapter.handover import HandOver
from cartanalysis.chapter.results import Labels, Result, Table
from cartanalysis.claims.verdicts import ONE_YEAR
from cartanalysis.errors import CannotCompute
from cartanalysis.figures import (
    plot_forest,
    plot_incidence,
    plot_occupancy,
    plot_swimmer,
)
from cartanalysis.figures.km import ticks
from cartanalysis.stats import competing, survival, transitions, transplant
from cartanalysis.text import each_row

KINDS = {
    competing.CAUSE_SPECIFIC: "cause-specific",
    competing.SUBDISTRIBUTION: "Fine–Gray",
}
"""What the two kinds of hazard ratio are called in a figure."""

SHOWN = ["series", "label", "n", "events", "estimate", "lower", "upper", "p", "method"]
"""Columns of a forest plot."""


class CumulativeIncidence(Analysis):
    """Cumulative incidence of relapse and of death in remission, with what compares groups.

    On a protected cohort the caption of their figure says how the curves are told.

    Parameters
    ----------
    by : str, optional
        Column that groups the patients.
    confidence : float, optional
        Coverage of the log-log intervals; the chapter's if not given.
    """

    _plot = staticmethod(plot_incidence)

    def __init__(
        self, study: HandOver, by: str | None = None, confidence: float | None = None
    ) -> None:
        self._by, self._confidence = by, confidence or study.confidence
        asked = (study.patients, by, self._confidence)
        super().__init__(study, study.compute(competing.cumulative_incidence, *asked))

    def at(self, day: float) -> Result:
        """Read the incidences off the curves.

        Parameters
        ----------
        day : float
            A day since remission.

        Returns
        -------
        Result
            One row per group and cause.
        """
        asked = (self.study.patients, [day], self._by, self._confidence)
        return self.study.compute(competing.incidence_at, *asked)

    @cached_property
    def one_year(self) -> Result:
        """Incidence of each cause at 1 year."""
        return self.at(ONE_YEAR)

    @cached_property
    def test(self) -> Result:
        """Comparison of the groups by Gray's test, for each cause."""
        test = self.study.compute(competing.gray, self.study.patients, self._by)
        return test.read("estimate", "statistic")

    @cached_property
    def hazards(self) -> Hazards:
        """Hazard ratios of the groups, of both kinds and for each cause."""
        return Hazards(self.study, [str(self._by)], self._confidence)

    def one_year_table(self, caption: str) -> Table:
        """Lay out the incidences at 1 year."""
        columns = {"group": "Group", "n": "Patients", "cause": "Event", "events": "Events by then"}
        columns["estimate"] = "At 1 year (interval)"
        return self.one_year.as_table(columns, caption)

    def tests_table(self, caption: str) -> Table:
        """Lay out Gray's tests."""
        columns = {"cause": "Event", "events": "Events", "estimate": "χ²", "df": "df", "p": "p"}
        return self.test.as_table(columns, caption)

    @cached_property
    def _at_risk(self) -> Result:
        if self.why:
            return self.result
        days = ticks(float(self.table["time"].max()), self.study.time_unit)
        return self.study.compute(
            survival.at_risk_table, self.study.patients, "rfs", days, self._by
        )

    def _drawn(self, labels: Labels) -> tuple[Result, ...]:
        return (self.result, self._at_risk)

    def _captioned(self, caption: str) -> str:
        return caption + told_by_the_month(self.study)

    def _options(self, labels: Labels | None) -> dict[str, Any]:
        return {"unit": self.study.time_unit, "labels": labels}

    def _describe(self, labels: Labels) -> str:
        year = self.one_year.table
        if self.one_year.why:
            return f"Cumulative incidences since remission; at 1 year: {self.one_year.why}."
        return competing.describe(year.replace({"group": dict(labels)}))


class Hazards(Analysis):
    """Cause-specific and subdistribution hazard ratios, for each cause."""

    _plot = staticmethod(plot_forest)

    def __init__(self, study: HandOver, covariates: list[str], confidence: float) -> None:
        found = study.compute(competing.hazards, study.patients, covariates, confidence)
        super().__init__(study, found.read("estimate", "ratio"))

    def of(self, cause: str, kind: str) -> Result:
        """Give one hazard ratio.

        Parameters
        ----------
        cause : {"relapse", "death in remission"}
            Which event.
        kind : {"cause-specific", "subdistribution"}
            Which hazard.

        Returns
        -------
        Result
            The ratio; with ``.p``, its Wald p-value.
        """
        return self.result.where(cause=cause, kind=kind)

    @property
    def without_estimate(self) -> list[str]:
        """Why there is no ratio for a cause; empty if there is one for each."""
        if self.why:
            return []
        absent = self.table[self.table["estimate"].isna()]
        return [f"{r.cause}: {r.why}" for r in each_row(absent.drop_duplicates("cause"))]

    def _drawn(self, labels: Labels) -> tuple[Result, ...]:
        return (self.study.compute(_by_cause, self.result, labels),)

    def _alternative(self, labels: Labels) -> str:
        return f"Forest plot. {self._describe(labels)}"

    def _describe(self, labels: Labels) -> str:
        told = (
            f"{r.cause}, {KINDS[r.kind]} {r.estimate:.2f}"
            for r in each_row(self.table.dropna(subset=["estimate"]))
        )
        return f"Hazard ratios: {'; '.join(told)}."


def _by_cause(table: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Lay hazard ratios out by cause; those without an estimate are left out."""
    known = _whole(table.dropna(subset=["estimate"]))
    words = known["covariate"].map(lambda name: labels.get(name, name))
    label = words + ", " + known["kind"].map(KINDS)
    series = known["cause"].map(lambda cause: cause[:1].upper() + cause[1:])
    return known.assign(series=series, label=label)[SHOWN]


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    """Make counts whole numbers again, which stood beside missing ones."""
    counts = table[["n", "events"]].map(lambda n: n if isinstance(n, str) else int(n))
    return table.assign(**{str(name): count for name, count in counts.items()})


class Transplant(Analysis):
    """Relapse or death with and without a transplant in remission, compared in three ways.

    Parameters
    ----------
    landmark_day : float
        Landmark, in days since remission.
    """

    _plot = staticmethod(plot_forest)

    def __init__(self, study: HandOver, landmark_day: float = 91) -> None:
        asked = (study.patients, landmark_day, study.confidence)
        super().__init__(study, study.compute(transplant.effects, *asked))
        day = study.compute(transitions.remission_day, study.patients)
        self.remission_day = day.read("estimate", "days").only_if(self.result)
        labels = {
            transplant.NAIVE: "ever against never",
            transplant.LANDMARK: f"landmark, day {landmark_day:g}",
            transplant.CHANGING: "from the transplant on",
        }
        self._rows = study.compute(_ways, self.result, labels)

    @property
    def naive(self) -> Result:
        """The hazard ratio of ever against never transplanted, which is biased."""
        return self._of(transplant.NAIVE)

    @property
    def landmark(self) -> Result:
        """The hazard ratio from the landmark on, by transplant until then."""
        return self._of(transplant.LANDMARK)

    @property
    def from_its_day_on(self) -> Result:
        """The hazard ratio of a transplant that counts from its day on."""
        return self._of(transplant.CHANGING)

    @property
    def transplanted(self) -> Result:
        """How many were transplanted in remission."""
        return self._of(transplant.NAIVE).read("transplanted", "count")

    def _of(self, way: str) -> Result:
        return self.result.read("estimate", "ratio").where(group=way)

    def _drawn(self, labels: Labels) -> tuple[Result, ...]:
        return (self._rows,)

    def _describe(self, labels: Labels) -> str:
        return transplant.describe(self.table)


def _ways(table: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    found = table.dropna(subset=["estimate"])
    if found.empty:
        raise CannotCompute(str(table["why"].iloc[0]))
    known = _whole(found)
    shown = known.assign(series="Relapse or death in remission", label=known["group"].map(labels))
    return shown[SHOWN]


class Occupancy(Analysis):
    """In which state patients are, over time."""

    _plot = staticmethod(plot_occupancy)

    def __init__(self, study: HandOver) -> None:
        super().__init__(study, study.compute(transitions.occupancy, study.patients))

    @cached_property
    def one_year(self) -> Result:
        """The probability of each state 1 year after infusion."""
        asked = (self.study.patients, [ONE_YEAR], self.study.confidence)
        return self.study.compute(transitions.occupancy_at, *asked)

    def _options(self, labels: Labels | None) -> dict[str, Any]:
        return {"unit": self.study.time_unit}

    def _describe(self, labels: Labels) -> str:
        return transitions.describe(self.one_year.table)


class Swimmer(Analysis):
    """The courses of all patients; of more than 150, those of each way that several took."""

    _plot = staticmethod(plot_swimmer)

    def __init__(self, study: HandOver) -> None:
        bars = study.compute(transitions.swimmers, study.patients)
        if not study.is_reconstruction:
            bars = study.compute(_by_the_month, bars)
        super().__init__(study, bars)

    def _options(self, labels: Labels | None) -> dict[str, Any]:
        return {"unit": self.study.time_unit}

    def _captioned(self, caption: str) -> str:
        if self.why:
            return caption
        every = len(self.study.patients)
        left = every - int(self.table.drop_duplicates("place")["n"].sum())
        unknown = "whose response, survival or first event is not known"
        return caption + (f" Left out: {left} of {every}, {unknown}." if left else "")

    def _describe(self, labels: Labels) -> str:
        return transitions.describe_swimmers(self.table)


def _by_the_month(bars: pd.DataFrame) -> pd.DataFrame:
    """Tell the times of patients by the month: a bar is one patient's course."""
    months = {c: (bars[c] / MONTH).round() * MONTH for c in ("start", "stop")}
    return bars.assign(**months)
