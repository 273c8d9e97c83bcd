"""The study's analyses, as a chapter asks for them: each knows its table, figure and sentence.

An analysis is computed from the patients of a `cartanalysis.chapter.study.Study`; on a protected
cohort, by disclosure control.  ``sentence`` says in words what the figure shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import pandas as pd
from matplotlib.axes import Axes
from statsmodels.stats.multitest import multipletests

from cartanalysis.chapter.disclosure.rules import COMPLEMENT
from cartanalysis.chapter.handover import HandOver, bare_p
from cartanalysis.chapter.results import Figure, Labels, Result, Table
from cartanalysis.claims import expected, flow, replication
from cartanalysis.claims.replication import published_points
from cartanalysis.claims.verdicts import ALPHA, ONE_YEAR
from cartanalysis.contract import treg_cutoff_of
from cartanalysis.errors import CannotCompute, counted
from cartanalysis.figures import (
    plot_claims,
    plot_cutoffs,
    plot_distribution,
    plot_flow,
    plot_forest,
    plot_grades,
    plot_km,
    plot_log_log,
    plot_rates,
    plot_roc,
    plot_smooth,
    style,
)
from cartanalysis.figures.km import ticks
from cartanalysis.stats import (
    baseline,
    cox,
    cutoff,
    firth,
    permutation,
    response,
    roc,
    safety,
    spline,
    subgroups,
    survival,
)
from cartanalysis.stats.response import ALL
from cartanalysis.text import each_row, format_interval, format_value, is_missing


class Analysis:
    """What all analyses have in common.

    A `cartanalysis.chapter.study.Study` makes them; what it is asked with is described at each.
    Where a method lays out a table, ``caption`` says what it shows, and ``labels`` are the names of
    groups or covariates as shown.

    Parameters
    ----------
    study : HandOver
        The chapter.
    result : Result
        What the statistic gave.
    """

    _plot: ClassVar[Callable[..., Axes]]
    """A function of `cartanalysis.figures` that draws the tables."""

    def __init__(self, study: HandOver, result: Result) -> None:
        self.study = study
        self.result = result

    @property
    def table(self) -> pd.DataFrame:
        """The tidy table."""
        return self.result.table

    @property
    def why(self) -> str:
        """Why there is no result."""
        return self.result.why

    @property
    def lacks(self) -> tuple[str, ...]:
        """The columns without which there is no result."""
        return self.result.lacks

    @property
    def evidence(self) -> str:
        """How strong the evidence is."""
        return self.study.letter_of(self.result)

    @property
    def sentence(self) -> str:
        """The result in words."""
        return self.why or self._describe({})

    def figure(self, name: str, caption: str, labels: Labels | None = None) -> Figure:
        """Draw the table.

        Parameters
        ----------
        name : str
            Name of the figure, unique in the book.
        caption : str
            Caption.
        labels : mapping of str to str, optional
            Names of the groups as shown.

        Returns
        -------
        Figure
            What ``study.show`` shows, with its sentence and its data.
        """
        results = self._drawn(labels or {})
        alt: str = ""
        options: dict[str, Any] = {}
        if not any(r.why for r in results):
            alt, options = self._alternative(labels or {}), self._options(labels)
        return Figure(self._plot, results, name, self._captioned(caption), alt, options)

    def _describe(self, labels: Labels) -> str:
        """Say in words what was found."""
        raise NotImplementedError

    def _drawn(self, labels: Labels) -> tuple[Result, ...]:
        """Give the tables that the figure shows."""
        return (self.result,)

    def _alternative(self, labels: Labels) -> str:
        """Say in words what the figure shows."""
        return self._describe(labels)

    def _options(self, labels: Labels | None) -> dict[str, Any]:
        """Give what the plotting function must know beside the tables."""
        return {}

    def _captioned(self, caption: str) -> str:
        """Add to a caption what has to be said of every such figure."""
        return caption


def note_of(model: Result) -> str:
    """Give what is unusual about a Cox model, as a sentence; empty if nothing is, or no model."""
    note = "" if model.why else str(model.value.note).replace("`", "")
    return f"{note[:1].upper()}{note[1:]}." if note else ""


def named(columns: Sequence[str]) -> list[str]:
    """List columns, of which one may be given by itself."""
    return [columns] if isinstance(columns, str) else [*columns]


def with_note(caption: str, *models: Result | None) -> str:
    """Add to a caption what is unusual about the models behind a figure, each thing once."""
    notes = (note_of(model) for model in models if model is not None)
    return " ".join(dict.fromkeys([caption, *filter(None, notes)]))


def in_groups(result: Result, by: str | None) -> Result:
    """Withhold what was asked by group where all patients are in one."""
    if by is None or result.why or result.hidden or result.table["group"].nunique() > 1:
        return result
    why = CannotCompute(f"all patients are in one group of `{by}`, so there is nothing to compare")
    return replace(result, value=None, why=str(why))


class Remission(Analysis):
    """The remission rate (CR or CRi), overall or by group, with exact intervals.

    Parameters
    ----------
    by : str, optional
        Column that groups the patients.
    confidence : float, optional
        Coverage of the intervals; the chapter's if not given.
    """

    _plot = staticmethod(plot_rates)

    def __init__(
        self, study: HandOver, by: str | None = None, confidence: float | None = None
    ) -> None:
        confidence = confidence or study.confidence
        rates = in_groups(study.compute(response.remission, study.patients, by, confidence), by)
        if by is None:  # the counts behind the paper's own rate
            rates = rates.resting_on(*study.registry.counts_of("responder"))
        super().__init__(study, rates)
        self._by = by
        self._confidence = confidence

    @property
    def rate(self) -> Result:
        """The rates, as numbers to hand over."""
        return self.result

    @cached_property
    def test(self) -> Result:
        """The test between the groups, Fisher's exact."""
        test = self.study.compute(response.association, self.study.patients, self._by)
        return test.read("estimate", "ratio")

    def _options(self, labels: Labels | None) -> dict[str, Any]:
        return {"confidence": self._confidence, "labels": labels}

    def _describe(self, labels: Labels) -> str:
        return response.describe(self.table, labels)


class Survival(Analysis):
    """Kaplan–Meier curves, with what is read off them.

    On a protected cohort the caption of their figure says how they are told.

    Parameters
    ----------
    endpoint : {"os", "rfs"}
        Overall survival, or relapse-free survival of the responders.
    by : str, optional
        Column that groups the patients.
    after : float, optional
        Landmark, in days: only patients still observed then, their times counted from it.
    confidence : float, optional
        Coverage of the log-log intervals; the chapter's if not given.
    smallest_group : int
        Fewest patients with whom a group is compared.
    """

    _plot = staticmethod(plot_km)

    def __init__(
        self,
        study: HandOver,
        endpoint: str,
        by: str | None = None,
        *,
        after: float | None = None,
        confidence: float | None = None,
        smallest_group: int = 1,
    ) -> None:
        confidence = confidence or study.confidence
        self._whom: Any = study.patients
        if after is not None:
            self._whom = study.compute(survival.landmark, study.patients, endpoint, after)
        self._asked = (endpoint, by, confidence)
        self.study = study
        self.endpoint = survival.endpoint_of(endpoint)
        if smallest_group > 1:
            self._refuse_groups_below(smallest_group)
        whole = self._compute(survival.kaplan_meier, *self._asked)
        curves = in_groups(whole, by)
        if curves is not whole:  # nor is anything else compared
            self._whom = curves
        super().__init__(study, curves.only_if(self.median))
        self._origin = self.endpoint.origin if after is None else "the landmark"
        self._marks: pd.DataFrame | None = None

    def _refuse_groups_below(self, least: int) -> None:
        """Compare no group of fewer patients, and none with nothing."""
        medians = self._compute(survival.median, *self._asked)
        if medians.why:
            return
        sizes = medians.table["n"]
        if len(sizes) < 2 or any(n != COMPLEMENT and n < least for n in sizes):
            why = f"a comparison needs two groups of at least {least} patients each"
            self._whom = Result(why=why)

    def at(self, day: float | Result) -> Result:
        """Read survival off the curve.

        Parameters
        ----------
        day : float or Result
            A day, or a row of ``at_risk``.

        Returns
        -------
        Result
            One row per group, with the patients at risk in ``at_risk``.
        """
        if isinstance(day, Result):
            if day.why:
                return day.read("estimate", "fraction")
            day = float(day.table["time"].iloc[0])
        endpoint, by, confidence = self._asked
        return self._compute(survival.survival_at, endpoint, [day], by, confidence)

    @cached_property
    def one_year(self) -> Result:
        """Survival at 1 year."""
        return self.at(ONE_YEAR)

    @cached_property
    def median(self) -> Result:
        """The median survival time."""
        return self._compute(survival.median, *self._asked).read("estimate", "days")

    @cached_property
    def follow_up(self) -> Result:
        """The median follow-up, by the reverse Kaplan–Meier method."""
        return self._compute(survival.follow_up, *self._asked).read("estimate", "days")

    @cached_property
    def at_risk(self) -> Result:
        """The numbers at risk on the days below the curve."""
        if self.why:
            return self.result.read("at_risk", "count")
        endpoint, by, _ = self._asked
        days = ticks(float(self.table["time"].max()), self.study.time_unit)
        counts = self._compute(survival.at_risk_table, endpoint, days, by)
        return counts.read("at_risk", "count")

    @cached_property
    def test(self) -> Result:
        """The log-rank test between the groups; by permutation where they are small."""
        endpoint, by, _ = self._asked
        return self._compute(permutation.compare, endpoint, by).p

    @property
    def test_name(self) -> str:
        """What the test is called in a sentence."""
        name = "log-rank" if self.test.why else str(self.test.table["test"].iloc[0])
        return name.replace("log-rank", "log-rank test")

    @cached_property
    def log_rank(self) -> Result:
        """The usual log-rank test, whatever the size of the groups."""
        endpoint, by, _ = self._asked
        return self._compute(survival.log_rank, endpoint, by).read("estimate", "statistic")

    @property
    def hazard_ratio(self) -> Result:
        """The hazard ratio of each group against the first."""
        return self._model.part("terms")

    @cached_property
    def _model(self) -> Result:
        endpoint, by, confidence = self._asked
        return self._compute(firth.hazard_ratios, endpoint, [by], confidence)

    @property
    def note(self) -> str:
        """What is unusual about the hazard ratio, as a sentence."""
        return note_of(self._model)

    def log_log(self, name: str, caption: str, labels: Labels | None = None) -> Figure:
        """Draw their log–log plot, as `figure`: parallel where hazards are proportional."""
        drawn = self.study.compute(_with_steps, self.result, self.endpoint.name)
        options = {"unit": self.study.time_unit, "origin": self._origin, "labels": labels or {}}
        alt = "Log–log plot: the logarithm of the cumulative hazard against that of time, by group."
        return Figure(plot_log_log, [drawn], name, caption, alt, options)

    def medians_table(self, caption: str) -> Table:
        """Lay out median and 1-year survival by group."""
        joined = self.study.compute(_with_one_year, self.median, self.one_year)
        median = "Median as a range" if self.study.is_protected else "Median"
        columns = {
            "group": "Group",
            "n": "Patients",
            "events": "Events",
            "estimate": f"{median}, {self.study.time_unit} (interval)",
            "one_year": "At 1 year (interval)",
        }
        words = {ALL: self.endpoint.whom}
        return joined.read("estimate", "days").as_table(columns, caption, words=words)

    def with_published(self) -> Survival:
        """Draw the paper's values, too.

        Returns
        -------
        Survival
            The same analysis; this one stays as it is.
        """
        marked = copy(self)
        marked._marks = published_points(self.study.registry, self.endpoint.key)
        return marked

    @property
    def _everybody(self) -> str:
        """Name those on a curve that is not by group, with their number where it may be told."""
        counts = [] if self.median.why else self.median.table["n"].tolist()
        known = counts and counts[0] != COMPLEMENT
        return f"{counts[0]} {self.endpoint.whom}" if known else self.endpoint.whom

    def _note(self, labels: Labels) -> str:
        """Say in short lines what was estimated and tested."""
        if self._asked[1] is None:
            estimate = self._estimate(self.one_year, "{} at 1 year", "fraction")
            return "\n".join(estimate)
        ratios = self.hazard_ratio.table
        lines = []
        if len(ratios) == 1 and (reference := ratios["reference"].iloc[0]):
            pair = (labels.get(name, name) for name in (ratios["group"].iloc[0], reference))
            lines = self._estimate(self.hazard_ratio, "hazard ratio {}", "ratio")
            lines = [style.wrapped(" against ".join(pair), 34), *lines] if lines else []
        tests = self.test.table
        if len(tests) and not is_missing(tests["p"].iloc[0]):
            lines.append(f"{tests['test'].iloc[0]} {format_value(tests['p'].iloc[0], 'p')}")
        return "\n".join(lines)

    def _estimate(self, result: Result, words: str, unit: str) -> list[str]:
        """Write the only estimate of a result with its interval, in lines."""
        if len(result.table) != 1 or is_missing(result.table["estimate"].iloc[0]):
            return []
        row = result.table.iloc[0]
        told = [words.format(format_value(row["estimate"], unit))]
        if not is_missing(row["lower"]):
            bounds = format_interval(row["lower"], row["upper"], unit)
            told.append(f"({100 * self._asked[2]:g} % CI {bounds})")
        return told

    def _drawn(self, labels: Labels) -> tuple[Result, ...]:
        return (self.result, self.at_risk)

    def _captioned(self, caption: str) -> str:
        by_group = self._asked[1] is not None and not self.why
        caption += told_by_the_month(self.study)
        return with_note(caption, self._model if by_group else None)

    def _options(self, labels: Labels | None) -> dict[str, Any]:
        if self._asked[1] is None:
            labels = {ALL: self._everybody, **(labels or {})}
        return {
            "unit": self.study.time_unit,
            "origin": self._origin,
            "state": self.endpoint.state,
            "labels": labels,
            "note": self._note(labels or {}),
            "marks": self._marks,
            "medians": {}
            if self.study.is_protected
            else dict(zip(self.median.table["group"], self.median.table["estimate"], strict=True)),
        }

    def _compute(self, function: Callable[..., Any], *arguments: Any) -> Result:
        return self.study.compute(function, self._whom, *arguments)

    def _describe(self, labels: Labels) -> str:
        parts = []
        for row in each_row(self.median.table):
            median = COMPLEMENT
            if not getattr(row, "why", ""):
                since = getattr(row, "since", None)
                whole = "since" in self.median.table
                unit = self.study.time_unit
                median = format_value(row.estimate, "days", unit, whole=whole, since=since)
            counts = f"{row.events} of {row.n}"
            if COMPLEMENT in (row.events, row.n):
                counts = f"number {COMPLEMENT}"
            label = self.endpoint.whom if row.group == ALL else labels.get(row.group, row.group)
            parts.append(f"{label}: {counts} with the event, median {median}")
        return f"Kaplan–Meier curve of {self.endpoint.name}. " + "; ".join(parts) + "."


def _with_steps(curves: pd.DataFrame, name: str) -> pd.DataFrame:
    if not curves["estimate"].between(0, 1, inclusive="neither").any():
        raise CannotCompute(f"no curve of {name} takes a step")
    return curves


def told_by_the_month(study: HandOver) -> str:
    """Say below a figure of a protected cohort how its curves are told; nothing of any other."""
    if not study.is_protected:
        return ""
    return (
        " So that no patient's day shows, the estimate is marked at the ends of months only, each "
        f"after at least {study.min_cell} more events; the dotted line guides the eye and is no "
        "data, and numbers at risk are rounded down. The full curve, for use in the house: publish "
        "with --min-cell 1."
    )


def _with_one_year(medians: pd.DataFrame, year: pd.DataFrame) -> pd.DataFrame:
    texts = {}
    for row in each_row(year):
        text = format_value(row.estimate, "fraction")
        if not pd.isna(row.lower):
            low, high = (format_value(bound, "fraction") for bound in (row.lower, row.upper))
            text += f" ({low} to {high})"
        texts[row.group] = text
    return medians.assign(one_year=medians["group"].map(texts))


def several_tests(tests: Iterable[tuple[str, str, str, Result]]) -> Result:
    """Put the p-values of several tests below one another, with what so many of them mean.

    A test is what was compared, in which outcome, by which test, and the p-value; the columns are
    those of `cartanalysis.chapter.study.Study.strata_tests`.
    """
    rows = [(*about, test.number) for *about, test in tests]
    table = pd.DataFrame(rows, columns=["group", "outcome", "test", "p"]).dropna()
    if table.empty:
        return Result(why="no groups of patients could be compared by a column of this cohort")
    corrected = multipletests(table["p"], method="holm")[1]
    by_chance = 1 - (1 - ALPHA) ** len(table)
    return Result(table.assign(p_holm=corrected, comparisons=len(table), by_chance=by_chance))


class HazardRatios(Analysis):
    """A Cox model: hazard ratios, each adjusted for the other covariates.

    Parameters
    ----------
    endpoint : {"os", "rfs"}
        Which endpoint.
    covariates : sequence of str
        Columns of the model, or one.
    """

    _plot = staticmethod(plot_forest)

    def __init__(self, study: HandOver, endpoint: str, covariates: Sequence[str]) -> None:
        self.endpoint = survival.endpoint_of(endpoint)
        self._asked = (endpoint, named(covariates), study.confidence)
        self.model = study.compute(firth.hazard_ratios, study.patients, *self._asked)
        super().__init__(study, self.model.part("terms"))

    def figure(self, name: str, caption: str, labels: Labels | None = None) -> Figure:
        """Draw the ratios with their intervals, as `Analysis.figure`."""
        return Forest(self.study, self, labels=labels or {}).figure(name, caption)

    def _describe(self, labels: Labels) -> str:
        told = (
            f"{labels.get(r.covariate, r.covariate)} {format_value(r.estimate, 'ratio')}"
            for r in each_row(self.table)
        )
        return f"{self.endpoint.name.capitalize()}, hazard ratios: {', '.join(told)}."

    @cached_property
    def alone(self) -> pd.DataFrame:
        """The hazard ratio of each covariate by itself; none if the model has no other."""
        if len(self._asked[1]) == 1:
            return pd.DataFrame()
        told = [model.part("terms").table for model in self._one_by_one if not model.why]
        return pd.concat(told, ignore_index=True) if told else pd.DataFrame()

    @cached_property
    def _one_by_one(self) -> list[Result]:
        endpoint, covariates, confidence = self._asked
        return [
            self.study.compute(
                firth.hazard_ratios, self.study.patients, endpoint, [name], confidence
            )
            for name in covariates
        ]

    def one_by_one_and_together(self, caption: str, labels: Labels) -> Table:
        """Lay out each covariate by itself beside all in one model.

        A model that cannot be fitted leaves its cells empty, and the caption says why.
        """
        each = dict(zip(self._asked[1], self._one_by_one, strict=True))
        fitted = {name: model.value for name, model in each.items() if not model.why}
        together = None if self.model.why else self.model.value
        if not fitted:
            return Table(self.model.only_if(next(iter(each.values()), self.model)), {}, caption)
        for name, model in each.items():
            if about := model.why or model.value.note:
                caption += f". {labels.get(name, name)} alone: {about}"
        if together is None:
            caption += f". All together: {self.model.why}"
        else:
            usual = "Cox regression, Efron ties, Wald intervals and p-values"
            caption += (
                f". Together: {_events(together)} without missing values; {together.note or usual}"
            )
        laid_out = self.study.compute(_side_by_side, labels, self._asked[1], fitted, together)
        level = f"{100 * self._asked[2]:g} % CI"
        columns = {
            "factor": "Factor",
            "group": "Group",
            "n": "Patients",
            "events": "Events",
            "alone": f"Hazard ratio alone ({level})",
            "p_alone": "p alone",
            "together": f"Hazard ratio adjusted ({level})",
            "p_together": "p adjusted",
        }
        return laid_out.as_table(columns, caption.replace("`", ""))

    def of(self, covariate: str) -> Result:
        """Give the hazard ratio of a covariate.

        Parameters
        ----------
        covariate : str
            Its name.

        Returns
        -------
        Result
            The ratio; with ``.p``, its p-value: Wald's, or where the model is penalised that of
            the likelihood-ratio test.
        """
        return self.result.where(covariate=covariate)

    @property
    def note(self) -> str:
        """What is unusual about the model, as a sentence."""
        return note_of(self.model)

    @property
    def tests(self) -> Result:
        """Likelihood-ratio tests of each covariate given the others, and of all."""
        return self.model.part("tests")

    @property
    def proportional_hazards(self) -> Result:
        """The tests of proportional hazards, as R's ``cox.zph``."""
        return self.model.part("proportional_hazards")

    def changing(self, labels: Labels) -> list[str]:
        """Name the covariates whose hazard ratio changes with time (p < 0.05).

        Parameters
        ----------
        labels : mapping of str to str
            Names of the covariates as shown.

        Returns
        -------
        list of str
            As shown; empty as well if there is no model.
        """
        tests = self.proportional_hazards.table
        if tests.empty:
            return []
        found = tests.loc[tests["p"] < ALPHA, "covariate"]
        return [labels[covariate] for covariate in found if covariate in labels]

    @property
    def events_per_coefficient(self) -> Result:
        """How many events there are for each coefficient of the model."""
        overview = self.study.compute(_events_per_coefficient, self.model)
        return overview.read("events_per_term", "statistic")

    def test_table(self, tests: Result, caption: str, labels: Labels) -> Table:
        """Lay out tests of covariates: ``tests`` or ``proportional_hazards``."""
        words = {**labels, "all": "all factors", "global": "all factors"}
        columns = {"covariate": "Factor", "estimate": "χ²", "df": "df", "p": "p"}
        return tests.as_table(columns, caption, words=words)


def _events_per_coefficient(model: cox.CoxModel) -> pd.DataFrame:
    row = (model.n, model.events, model.events_per_term, "events / coefficients")
    return pd.DataFrame([row], columns=["n", "events", "events_per_term", "method"])


def _side_by_side(
    labels: Labels,
    covariates: Sequence[str],
    alone: Mapping[str, cox.CoxModel],
    together: cox.CoxModel | None,
) -> pd.DataFrame:
    """Lay out univariable and multivariable terms as gtsummary's ``tbl_merge`` does."""
    rows = []
    for name in covariates:
        models = (alone.get(name), together)
        adjusted = together.terms[together.terms["covariate"] == name] if together else None
        terms = models[0].terms if models[0] else adjusted
        if terms is None:
            rows.append((labels.get(name, name), "–", "–", "–", "–", "–", "–", "–"))
            continue
        if reference := terms["reference"].iloc[0]:
            counts = ("–", "–")
            if models[0]:
                counts = (models[0].n - terms["n"].sum(), models[0].events - terms["events"].sum())
            rows.append((labels.get(name, name), reference, *counts, *2 * ("reference", "")))
        for term in each_row(terms):
            counts = (term.n, term.events) if models[0] else ("–", "–")
            own = _ratio_and_p(models[0].terms if models[0] else None, term)
            rows.append(
                (labels.get(name, name), term.group, *counts, *own, *_ratio_and_p(adjusted, term))
            )
    names = ["factor", "group", "n", "events", "alone", "p_alone", "together", "p_together"]
    return pd.DataFrame(rows, columns=names).astype({"n": object, "events": object})


def _ratio_and_p(terms: pd.DataFrame | None, term: Any) -> tuple[str, str]:
    if terms is None or not (mine := terms["group"] == term.group).any():
        return "–", "–"
    row = terms[mine].iloc[0]
    interval = format_interval(row["lower"], row["upper"], "ratio")
    return f"{format_value(row['estimate'], 'ratio')} ({interval})", bare_p(row["p"])


class Subgroups(Analysis):
    """The hazard ratio of one factor in several kinds of patients, with tests of interaction.

    Parameters
    ----------
    endpoint : {"os", "rfs"}
        Which endpoint.
    of : str
        Column of the factor.
    within : sequence of str
        Columns whose levels are the kinds of patients; those that the cohort lacks are left out.
    labels : mapping of str to str
        Names of the columns as shown.
    """

    _plot = staticmethod(plot_forest)

    def __init__(
        self, study: HandOver, endpoint: str, *, of: str, within: Sequence[str], labels: Labels
    ) -> None:
        self._endpoint, self._labels = endpoint, labels
        asked = (study.patients, endpoint, of, within, study.confidence)
        self.effects = study.compute(subgroups.effects, *asked)
        super().__init__(study, study.compute(_subgroup_rows, labels, self.effects))

    def interaction(self, column: str) -> Result:
        """Give the test of whether the effect differs between the groups of a column.

        Parameters
        ----------
        column : str
            Its name.

        Returns
        -------
        Result
            The p-value.
        """
        return self.effects.where(subgroup=column).read("p_interaction", "p")

    def _captioned(self, caption: str) -> str:
        """Say where there is no ratio, and where it is penalised."""
        if self.why:
            return caption
        told = {"why": "No hazard ratio for {}: {}.", "note": "For {}: {}."}
        for column, sentence in told.items():
            rows = self.effects.table[self.effects.table[column] != ""]
            for row in each_row(rows.drop_duplicates(["subgroup", "level"])):
                column_name = self._labels.get(row.subgroup, row.subgroup)
                who = ", ".join(filter(None, [column_name, row.level]))
                text = sentence.format(who, getattr(row, column)).replace("`", "")
                caption = f"{caption} {text}"
        return caption

    def _describe(self, labels: Labels) -> str:
        return subgroups.describe(self.effects.table, self._endpoint)


def _subgroup_rows(labels: Labels, effects: pd.DataFrame) -> pd.DataFrame:
    """Give each subgroup with an estimate a row, below the name of its column and its test."""
    found = effects[effects["estimate"].notna()]
    several = found.loc[found["subgroup"] == "", "group"].nunique() > 1
    headings = {"": ALL}
    for row in each_row(found.drop_duplicates("subgroup")):
        if row.subgroup:
            test = "no test of interaction"
            if not is_missing(row.p_interaction):
                test = f"interaction {format_value(row.p_interaction, 'p')}"
            name = style.short(labels.get(row.subgroup, row.subgroup), 24)
            headings[row.subgroup] = f"{name}: {test}"
    contrast = found["group"] + " against " + found["reference"]
    label = found["level"] + (": " + found["group"] if several else "")
    label = label.where(found["subgroup"] != "", contrast)
    columns = ["series", "label", "n", "events", "estimate", "lower", "upper", "p"]
    columns += ["statistic", "df", "p_interaction", "method"]
    return found.assign(series=found["subgroup"].map(headings), label=label)[columns]


class Forest(Analysis):
    """The hazard ratios of several models, one below the other.

    Parameters
    ----------
    *models : HazardRatios
        The models.
    labels : mapping of str to str
        Names of the covariates as shown.
    """

    _plot = staticmethod(plot_forest)

    def __init__(self, study: HandOver, *models: HazardRatios, labels: Labels) -> None:
        self._models, self._labels = models, labels
        fitted = [m.model for m in models]
        names = [m.endpoint.name.capitalize() for m in models]
        alone = [m.alone for m in models]
        super().__init__(study, study.compute(_forest, labels, names, alone, *fitted))

    def _captioned(self, caption: str) -> str:
        return with_note(caption, *(m.model for m in self._models))

    def _describe(self, labels: Labels) -> str:
        models = " ".join(model._describe(self._labels) for model in self._models)
        return f"Forest plot. {models}"


def _events(model: cox.CoxModel) -> str:
    return f"{counted(model.events, 'event')} in {counted(model.n, 'patient')}"


def _forest(
    labels: Labels, names: Sequence[str], alone: Sequence[pd.DataFrame], *models: cox.CoxModel
) -> pd.DataFrame:
    blocks = []
    for name, single, model in zip(names, alone, models, strict=True):
        penalised = "; Firth’s penalty" if model.note else ""
        series = f"{name} ({_events(model)}{penalised})"
        label = model.terms["covariate"].map(lambda name: labels.get(name, name))
        block = model.terms.assign(series=series, label=label)
        if len(single):
            ratios = {"estimate": "alone", "lower": "alone_lower", "upper": "alone_upper"}
            key = ["covariate", "group"]
            block = block.merge(single[[*key, *ratios]].rename(columns=ratios), "left", on=key)
        blocks.append(block)
    columns = ["series", "label", "n", "events", "estimate", "lower", "upper", "p", "method"]
    found = pd.concat(blocks, ignore_index=True)
    return found[[*columns, *(c for c in found if str(c).startswith("alone"))]]


class CutOffs(Analysis):
    """The hazard ratio of high against low regulatory T cells, over cut-offs.

    Parameters
    ----------
    endpoint : {"os", "rfs"}
        Which endpoint.
    """

    _plot = staticmethod(plot_cutoffs)

    def __init__(self, study: HandOver, endpoint: str) -> None:
        asked = (study.patients, endpoint, "treg_pct", study.confidence)
        scan = study.compute(cox.scan_cutoffs, *asked).read("estimate", "ratio")
        self._endpoint, self._chosen = endpoint, Distribution(study).cutoff
        super().__init__(study, scan.only_if(self._chosen))

    @cached_property
    def search(self) -> Result:
        """The search for the best of all cut-offs, its p-value corrected in several ways."""
        asked = (self.study.patients, self._endpoint, "treg_pct")
        return self.study.compute(cutoff.search, *asked).read("estimate", "statistic")

    @property
    def corrected(self) -> Result:
        """The p-value that counts the search, by the most faithful way there is."""
        return self.search.row(len(cutoff.METHODS)).p

    def search_table(self, caption: str) -> Table:
        """Lay out the p-values of the best cut-off."""
        columns = {"approach": "How the search is counted", "p": "p"}
        return self.search.as_table(columns, caption, words=SEARCHED_BY)

    @property
    def narrowest(self) -> Result:
        """The cut-off with the narrowest interval, on the logarithmic axis."""
        return self.study.compute(_with_span, self.result).smallest("span")

    def _options(self, labels: Labels | None) -> dict[str, Any]:
        return {"chosen": float(self._chosen.table["estimate"].iloc[0])}

    def _describe(self, labels: Labels) -> str:
        return cox.describe_scan(self.table)


SEARCHED_BY = {
    "naive": "not at all",
    "lausen_1992": "Lausen and Schumacher, 1992",
    "lausen_1994": "Lausen and others, 1994",
    "gauss": "joint normal distribution",
    "conditional": "outcomes dealt out at random",
}
"""The ways to find the p-value of a best cut-off, as shown."""


def _with_span(scan: pd.DataFrame) -> pd.DataFrame:
    return scan.assign(span=scan["upper"] / scan["lower"])


def false_alarms() -> pd.DataFrame:
    """Write what `cartanalysis.stats.cutoff.false_alarms` gives as readers see it.

    Returns
    -------
    pandas.DataFrame
        The same, with range, fixed_text, naive_text and corrected_text.
    """
    found = cutoff.false_alarms()
    shares = ("fixed", "naive", "corrected")
    texts = {f"{c}_text": found[c].map(lambda v: format_value(v, "fraction")) for c in shares}
    ends = ((100 * found[c]).map("{:.0f}".format) for c in ("low", "high"))
    searched = next(ends) + " to " + next(ends) + " %"
    return found.assign(range=searched, **texts)


TREGS = "regulatory T cells (% of CD4⁺ T cells)"


class SmoothEffect(Analysis):
    """The hazard ratio over regulatory T cells, by a spline.

    Parameters
    ----------
    endpoint : {"os", "rfs"}
        Which endpoint.
    """

    _plot = staticmethod(plot_smooth)

    def __init__(self, study: HandOver, endpoint: str) -> None:
        self._endpoint = survival.endpoint_of(endpoint)
        asked = (study.patients, endpoint, "treg_pct", study.confidence)
        self.model = study.compute(spline.spline, *asked)
        super().__init__(study, self.model.part("curve"))

    @property
    def tests(self) -> Result:
        """Whether Tregs matter at all ("association"), and whether by a bend ("nonlinearity")."""
        return self.model.part("tests", "statistic")

    @property
    def knots(self) -> str:
        """Where the pieces of the spline meet, in words; on a protected cohort not told."""
        if self.why or not self.model.value.knots:
            return "at quantiles of the patients' values"
        return "at " + ", ".join(f"{knot:.3g}" for knot in self.model.value.knots)

    def _options(self, labels: Labels | None) -> dict[str, Any]:
        return {"reference": self.model.value.reference, "xlabel": TREGS}

    def _describe(self, labels: Labels) -> str:
        return f"{self._endpoint.name.capitalize()}. {spline.describe(self.table)}"


class RocCurve(Analysis):
    """How well regulatory T cells tell who has the event within a year.

    Parameters
    ----------
    endpoint : {"os", "rfs"}
        Which endpoint.
    """

    _plot = staticmethod(plot_roc)

    def __init__(self, study: HandOver, endpoint: str) -> None:
        self._endpoint = survival.endpoint_of(endpoint)
        asked = (study.patients, endpoint, "treg_pct", ONE_YEAR, study.confidence)
        found = study.compute(roc.roc, *asked)
        self.area = found.part("area", "statistic")
        curve = found.part("curve")
        if not curve.why and curve.table.empty:
            why = "each step of the curve is one patient’s, so of these patients its area is told"
            curve = Result(why=why)
        super().__init__(study, curve)

    def _drawn(self, labels: Labels) -> tuple[Result, ...]:
        return (self.result, self.area)

    def _describe(self, labels: Labels) -> str:
        return f"{self._endpoint.name.capitalize()}. {roc.describe(self.area.table, ONE_YEAR)}"


class Distribution(Analysis):
    """How regulatory T cells are spread over the patients, on both sides of the cut-off."""

    _plot = staticmethod(plot_distribution)

    def __init__(self, study: HandOver) -> None:
        found = study.compute(treg_cutoff_of, study.patients, study.treg_cutoff)
        self.cutoff = found.read("estimate", "percent of CD4")
        self._value = None if found.why else float(found.table["estimate"].iloc[0])
        counts = found
        if not found.why:
            counts = study.compute(baseline.histogram, study.patients, "treg_pct", self._value)
        super().__init__(study, counts)

    def _options(self, labels: Labels | None) -> dict[str, Any]:
        return {"cutoff": self._value, "xlabel": TREGS}

    def _describe(self, labels: Labels) -> str:
        cutoff = format_value(self._value, "percent of CD4")
        return f"Histogram of regulatory T cells; the cut-off is {cutoff}."


class AdverseEvents(Analysis):
    """Patients by the highest grade of their adverse events, on every scale on record."""

    _plot = staticmethod(plot_grades)

    def __init__(self, study: HandOver) -> None:
        grades = study.compute(safety.all_scales, study.patients, study.confidence)
        super().__init__(study, grades)

    def of_grade(self, grade: int) -> Result:
        """Give the share of patients whose worst adverse event, of whatever kind, had a grade."""
        asked = (self.study.patients, "ae_grade_max", self.study.confidence)
        return self.study.compute(safety.by_grade, *asked).where(grade=grade)

    def at_least(self, grade: int, scale: str = "") -> Result:
        """Give the share of patients with a grade or a higher one.

        Parameters
        ----------
        grade : int
            Lowest grade that counts.
        scale : {"ae_grade_max", "crs_grade", "icans_grade"}, optional
            Which events; all on record if not given.

        Returns
        -------
        Result
            One row per scale.
        """
        study = self.study
        if scale:
            return study.compute(safety.at_least, study.patients, scale, grade, study.confidence)
        return study.compute(safety.severe, study.patients, grade, study.confidence)

    def _describe(self, labels: Labels) -> str:
        return safety.describe(self.table)


class Flow(Analysis):
    """The flow of patients from step to step."""

    _plot = staticmethod(plot_flow)

    def __init__(self, study: HandOver) -> None:
        steps = study.compute(flow.steps, study.patients, study.registry, study.is_reconstruction)
        counts = (e.id for e in study.registry.entries.values() if "step" in e.details)
        super().__init__(study, steps.resting_on(*counts))
        self.patients = study.compute(baseline.size, study.patients).read("n", "count")

    def _describe(self, labels: Labels) -> str:
        return flow.describe(self.table)


@dataclass(frozen=True)
class Family:
    """How many claims of a family were decided, beside what chance would decide.

    Attributes
    ----------
    judged : Result
        Claims that could be assessed.
    by_chance : Result
        How many of them chance alone would put outside their range, or make significant.
    found : Result
        How many are.
    after_holm : Result
        How many remain after Holm's correction.
    """

    judged: Result
    by_chance: Result
    found: Result
    after_holm: Result


class Verdicts(Analysis):
    """The paper's claims, each beside what the cohort shows."""

    _plot = staticmethod(plot_claims)

    def __init__(self, study: HandOver) -> None:
        asked = (study.patients, study.registry, study.confidence)
        super().__init__(study, study.compute(replication.claims, *asked))
        self.tally = study.compute(replication.tally, self.result).read("n", "count")
        chance = study.compute(replication.multiplicity, self.result, study.confidence)
        self.values, self.directions = (
            Family(
                judged=chance.where(family=family).read("n", "count"),
                by_chance=chance.where(family=family).read("estimate", "statistic"),
                found=chance.where(family=family).read("events", "count"),
                after_holm=chance.where(family=family).read("holm", "count"),
            )
            for family in ("value", "direction")
        )

    def count(self, kind: str) -> Result:
        """Count the verdicts of a kind.

        Parameters
        ----------
        kind : {"upheld", "inconclusive", "opposed", "not_interpretable", "not_assessed", "better"}
            Which verdicts; "better" counts the values that differ for the better.

        Returns
        -------
        Result
            A count.
        """
        return self.tally.where(verdict=kind)

    @property
    def changing(self) -> Result:
        """The directions whose hazard ratio changes with time."""
        return self.study.compute(replication.not_proportional, self.result).read("n", "count")

    def as_table(self, caption: str) -> Table:
        """Lay the claims out with their verdicts."""
        columns = {
            "claim": "Claim",
            "published": "Published",
            "shown": "This cohort",
            "verdict": "Verdict",
        }
        return self.study.compute(replication.as_text, self.result).as_table(columns, caption)

    def before(self, caption: str) -> Table:
        """Lay out what the cohort could tell of each claim, before any verdict."""
        columns = {
            "short": "Claim",
            "patients": "Patients",
            "follow_up": "Followed to the day",
            "seen": "Seen with 80 % power",
            "says": "Before the verdict",
        }
        return self.study.compute(replication.before, self.result).as_table(columns, caption)

    @property
    def against_expected(self) -> Result:
        """The events of the first year against those expected from the published survival."""
        asked = (self.study.patients, self.study.registry, self.study.confidence)
        return self.study.compute(expected.against, *asked).read("estimate", "ratio")

    def against_expected_table(self, caption: str) -> Table:
        """Lay out observed and expected events."""
        columns = {
            "what": "By day 365",
            "published": "Published",
            "observed": "Observed",
            "expected": "Expected",
            "ratio": "Ratio, published value taken as exact",
            "wide": "Interval with the study's own chance",
            "says": "More or fewer?",
        }
        found = self.study.compute(expected.as_text, self.against_expected, self.study.registry)
        return found.as_table(columns, caption)

    def details(self, family: str) -> Result:
        """Say what the verdicts of a family rest on.

        Parameters
        ----------
        family : {"value", "direction"}
            Which claims.

        Returns
        -------
        Result
            One row per claim that could be assessed.
        """
        return self.study.compute(replication.details, self.result, family)

    def _describe(self, labels: Labels) -> str:
        return replication.describe(self.table)
