"""The cohorts that the abstract allows: a prior over what is assumed, under everything published.

A point of `cartanalysis.stats.rare` is unfolded into the course of a disease: assumed quantities
evenly over their ranges in the registry, then patients by the same plain model as in
`cartanalysis.study.reconstruct`.  Conditions come in two kinds:

- On ranks: the heights of both Kaplan–Meier curves, the order of the four published moments, and
  the six univariable comparisons depend only on the order of events and ends of follow-up.  The
  sampler moves until they are met.
- On days: one monotone function of time, straight between the published moments, puts these on
  their days.  What is left (whole days, small groups by permutation, the adjusted comparisons) is
  met by most of these cohorts, and the others are left out.

So the cohorts that remain are draws from the prior given all conditions.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from scipy import special, stats

from cartanalysis.claims.registry import Registry
from cartanalysis.stats import batch, permutation, rare
from cartanalysis.stats.batch import RiskSets
from cartanalysis.study.bystanders import Patient, add_bystanders, to_table
from cartanalysis.study.reconstruct import follow_up_range

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

EXPOSURES = ("emd", "treg", "genetics")
COMPARISONS = tuple((e, end) for end in ("os", "rfs") for e in EXPOSURES)
SHARED = ("table", "hr_emd", "hr_treg", "hr_genetics", "high_risk", "remission_day",
          "after_relapse", "death_in_remission", "treg_median", "cutoff")  # fmt: skip
OF_PATIENTS = ("relapse", "lag", "in_remission", "end", "treg", "genetics")

BASELINE_MEDIAN = 700.0
"""Days to relapse without risk factors; the time axis is stretched, so only ranks rest on it."""

SPREAD_OF_TREGS = 0.55
MOST_TREGS = 40.0
EARLIEST_DEATH = 14.0
"""Days; who is not in remission dies later."""

ISLAND = 1000
"""Points that are moved together; several islands do not know of each other."""

SWEEPS = 300
LEVEL = 0.05


@dataclass(frozen=True)
class Abstract:
    """What an abstract says of one trial.

    Attributes
    ----------
    n, responders, other, other_responders : int
        Patients, responders, patients with EMD other than CNS, and responders among them.
    os_1y, rfs_1y : float
        Percent, to one decimal.
    os_median, rfs_median : float
        Days.
    significant : mapping of tuple of str to bool
        By exposure and endpoint, whether those exposed do significantly worse; a comparison that
        is not named is not reported on.
    independent : mapping of tuple of str to bool
        The same, adjusted for the other exposures.  “Respectively” is read literally.
    """

    n: int
    responders: int
    other: int
    other_responders: int
    os_1y: float
    rfs_1y: float
    os_median: float
    rfs_median: float
    significant: Mapping[tuple[str, str], bool] = field(
        default_factory=lambda: dict.fromkeys(COMPARISONS, True)
    )
    independent: Mapping[tuple[str, str], bool] = field(
        default_factory=lambda: {("emd", "os"): True, ("treg", "rfs"): True}
    )

    @classmethod
    def of(cls, known: Registry) -> Abstract:
        """Take the study's own.

        Parameters
        ----------
        known : Registry
            The published values.

        Returns
        -------
        Abstract
            What is published and derived.
        """
        ids = ("infused", "responders", "emd_other_n", "orr_emd_other_n",
               "os_1y", "rfs_1y", "os_median", "rfs_median")  # fmt: skip
        return cls(*(known[name].value for name in ids))

    @cached_property
    def tables(self) -> Ints:
        """All counts of isolated CNS disease and of responders among them that fit, (n, 2).

        In the two other groups remission has to be more frequent than with EMD other than CNS.
        """
        n, yes = self.n - self.other, self.responders - self.other_responders
        fits = [
            (size, of)
            for size in range(1, n)
            for of in range(size + 1)
            if 0 <= yes - of <= n - size
            and of * self.other > self.other_responders * size
            and (yes - of) * self.other > self.other_responders * (n - size)
        ]
        return np.array(fits, dtype=np.intp)


@dataclass(frozen=True)
class Prior:
    """Ranges over which what is assumed is drawn evenly; hazard ratios and times on the log scale.

    Attributes
    ----------
    cns : tuple of int
        Fewest and most patients with isolated CNS disease.
    hr : mapping of str to tuple of float
        Hazard ratio by exposure.
    high_risk : tuple of float
        Share with high-risk genetics.
    remission_day : tuple of int
        Day of remission.
    after_relapse : tuple of float
        Median survival after relapse, or without remission, in days.
    death_in_remission : tuple of float
        Share of relapse-free survival's events.
    treg_median : tuple of float
        Per cent.
    follow_up : tuple of tuple of int
        Shortest and longest follow-up of a patient still alive, by month in which it may have
        ended.
    """

    cns: tuple[int, int]
    hr: Mapping[str, tuple[float, float]]
    high_risk: tuple[float, float]
    remission_day: tuple[int, int]
    after_relapse: tuple[float, float]
    death_in_remission: tuple[float, float]
    treg_median: tuple[float, float]
    follow_up: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, known: Registry) -> Prior:
        """Take the ranges of the registry.

        Parameters
        ----------
        known : Registry
            The assumed values.

        Returns
        -------
        Prior
            Their plausible ranges.
        """
        span = partial(_span, known)
        return cls(
            cns=span("a_cns_n"),
            hr={exposure: span(f"a_hr_{exposure}") for exposure in EXPOSURES},
            high_risk=span("a_genetic_high", 0.01),
            remission_day=span("a_remission_day"),
            after_relapse=span("a_after_relapse"),
            death_in_remission=span("a_death_in_remission", 0.01),
            treg_median=span("a_treg_median"),
            follow_up=tuple(follow_up_ranges(known)),
        )


def _span(known: Registry, name: str, scale: float = 1.0) -> tuple[Any, Any]:
    low, high = known[name].details["range"]
    return low * scale, high * scale


def follow_up_ranges(known: Registry) -> Iterator[tuple[int, int]]:
    """Give the shortest and longest follow-up for each month in which it may have ended.

    Parameters
    ----------
    known : Registry
        With the accrual period and the assumed end of follow-up.

    Yields
    ------
    tuple of int
        Days; nobody leaves before the last possible day of remission.
    """
    first, last = known["a_cutoff"].details["range"]
    assessed = known["a_remission_day"].details["range"][1]
    for month in np.arange(first, np.datetime64(last) + 1, dtype="datetime64[M]"):
        shortest, longest = follow_up_range(known, str(month))
        yield max(shortest, assessed + 1), longest


@dataclass(frozen=True)
class Courses:
    """Latent courses of many cohorts, one row each; times in days since infusion, not stretched.

    Attributes
    ----------
    shared : dict of str to numpy.ndarray of shape (n_cohorts, 1)
        What was drawn for the whole cohort.
    other, cns, responds, treg_high, high_risk, in_remission : numpy.ndarray
        Whether a patient is, (n_cohorts, n_patients); ``in_remission`` dies without relapse.
    treg, relapse, death, end : numpy.ndarray of shape (n_cohorts, n_patients)
        Regulatory T cells in percent, and times; a relapse only of responders.
    """

    shared: dict[str, Floats]
    other: Bools
    cns: Bools
    responds: Bools
    treg: Floats
    treg_high: Bools
    high_risk: Bools
    in_remission: Bools
    relapse: Floats
    death: Floats
    end: Floats

    @cached_property
    def exposed(self) -> dict[str, Bools]:
        """Who is exposed to each factor."""
        return {"emd": self.other | self.cns, "treg": self.treg_high, "genetics": self.high_risk}

    @cached_property
    def observed(self) -> dict[str, tuple[Floats, Bools]]:
        """Time and event of each endpoint, both since infusion; no time for non-responders."""
        free = np.where(self.responds, np.minimum(self.relapse, self.end), np.nan)
        alive = np.minimum(self.death, self.end), self.death < self.end
        return {"os": alive, "rfs": (free, self.responds & (self.relapse < self.end))}

    def take(self, which: npt.NDArray[Any]) -> Courses:
        """Choose cohorts."""
        parts = {k: v[which] for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        shared = {name: values[which] for name, values in self.shared.items()}
        return replace(self, shared=shared, **parts)


@dataclass(frozen=True)
class Model:
    """A prior and what it is conditioned on.

    Attributes
    ----------
    abstract : Abstract
        The conditions.
    prior : Prior
        The ranges.
    by_permutation : bool
        Whether significance has to hold by permutation, too, where groups or events are few.
    """

    abstract: Abstract
    prior: Prior
    by_permutation: bool = True

    @classmethod
    def of(cls, known: Registry) -> Model:
        """Take the study's own.

        Parameters
        ----------
        known : Registry
            Published and assumed values.

        Returns
        -------
        Model
            The model.
        """
        return cls(Abstract.of(known), Prior.of(known))

    @cached_property
    def tables(self) -> Ints:
        """List the tables of the abstract within the range of the prior, (n, 2)."""
        every = self.abstract.tables
        low, high = self.prior.cns
        return every[(every[:, 0] >= low) & (every[:, 0] <= high)]

    @property
    def layout(self) -> rare.Layout:
        """What the coordinates of a point are."""
        return rare.Layout(len(SHARED), len(OF_PATIENTS), self.abstract.n)

    # --- from points to courses ------------------------------------------------------------------

    def unfold(self, points: Floats) -> Courses:
        """Turn points into courses.

        Parameters
        ----------
        points : numpy.ndarray of shape (n_cohorts, n_coordinates)
            Numbers between 0 and 1.

        Returns
        -------
        Courses
            What the prior makes of them.
        """
        shared, mine = self._read(points)
        groups = self._groups(shared, mine)
        rate = self._rates(shared, groups)
        relapse = shared["remission_day"] - np.log1p(-mine["relapse"]) / rate["relapse"]
        in_remission = mine["in_remission"] < shared["death_in_remission"]
        lag = -np.log1p(-mine["lag"]) / rate["lag"]
        death = np.where(in_remission, relapse, relapse + lag)
        death = np.where(groups["responds"], death, EARLIEST_DEATH + lag)
        end = shared["shortest"] + mine["end"] * (shared["longest"] - shared["shortest"])
        return Courses(shared, **groups, in_remission=in_remission & groups["responds"],
                       relapse=relapse, death=death, end=end)  # fmt: skip

    def _read(self, points: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Tell the coordinates of the whole, scaled to their ranges, from those of patients."""
        own = points[:, len(SHARED) :].reshape(len(points), len(OF_PATIENTS), self.abstract.n)
        drawn = dict(zip(SHARED, points[:, : len(SHARED)].T[..., None], strict=True))
        return self._shared(drawn), dict(zip(OF_PATIENTS, own.transpose(1, 0, 2), strict=True))

    def _groups(self, shared: Mapping[str, Floats], mine: Mapping[str, Floats]) -> dict[str, Any]:
        """Tell who belongs to which group."""
        other, cns, responds = self._laid_out(shared["table"])
        treg = shared["treg_median"] * np.exp(SPREAD_OF_TREGS * special.ndtri(_open(mine["treg"])))
        treg = np.asarray(np.minimum(treg, MOST_TREGS), dtype=float).round(2)
        return {
            "other": other, "cns": cns, "responds": responds, "treg": treg,
            "treg_high": treg > np.median(treg, axis=1, keepdims=True),
            "high_risk": _ranks(mine["genetics"]) < np.round(shared["high_risk"] * self.abstract.n),
        }  # fmt: skip

    def _rates(
        self, shared: Mapping[str, Floats], groups: Mapping[str, Bools]
    ) -> dict[str, Floats]:
        """Give each patient's daily hazard of relapse, and of death after it."""
        hazard: Floats = np.where(groups["other"] | groups["cns"], shared["hr_emd"], 1.0)
        hazard = hazard * np.where(groups["treg_high"], shared["hr_treg"], 1.0)
        hazard = hazard * np.where(groups["high_risk"], shared["hr_genetics"], 1.0)
        # risk factors act on death, too, though less than on relapse
        lag = np.log(2) * np.sqrt(hazard) / shared["after_relapse"]
        return {"relapse": np.log(2) * hazard / BASELINE_MEDIAN, "lag": lag}

    def keep_times(self, points: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Move what is assumed of the whole cohort while all patients keep their times.

        Otherwise a hazard ratio could hardly move: all ranks would change with it.

        Parameters
        ----------
        points : numpy.ndarray of shape (n_cohorts, n_coordinates)
            Where they are.
        rng : numpy.random.Generator
            Source of random numbers.

        Returns
        -------
        points : numpy.ndarray of shape (n_cohorts, n_coordinates)
            Where they may go.
        log_ratio : numpy.ndarray of shape (n_cohorts,)
            Logarithm of the times' density there over that here.
        """
        made = rare.wandered(points, len(SHARED), 3, rng)
        before, now = self.unfold(points), self.unfold(made)
        _, old = self._read(points)
        mine = {name: values.copy() for name, values in old.items()}
        log_ratio = np.zeros(len(points))

        def settle(name: str, who: Bools, value: Floats, log_change: Floats) -> None:
            """Write coordinates of some patients so that their times stay."""
            nonlocal log_ratio
            inside = (value > 0) & (value < 1)
            mine[name] = np.where(who & inside, value, mine[name])
            change = np.where(inside, log_change, -np.inf)
            log_ratio = log_ratio + np.where(who, change, 0.0).sum(axis=1)

        rates = [self._rates(c.shared, vars(c)) for c in (before, now)]
        waits = {
            "relapse": (before.relapse - before.shared["remission_day"],
                        before.relapse - now.shared["remission_day"]),
            "lag": (-np.log1p(-old["lag"]) / rates[0]["lag"],) * 2,
        }  # fmt: skip
        counted = {"relapse": before.responds, "lag": ~before.in_remission}
        for name, (then, after) in waits.items():
            first, last = rates[0][name], rates[1][name]
            with np.errstate(invalid="ignore"):
                change = np.log(last / first) - last * after + first * then
            settle(name, counted[name], -np.expm1(-last * after), change)
        share, new = (c.shared["death_in_remission"] for c in (before, now))
        is_in = old["in_remission"] < share
        value = np.where(is_in, old["in_remission"] / share * new,
                         new + (old["in_remission"] - share) / (1 - share) * (1 - new))  # fmt: skip
        settle("in_remission", before.responds, value,
               np.where(is_in, np.log(new / share), np.log1p(-new) - np.log1p(-share)))  # fmt: skip
        spans = [c.shared["longest"] - c.shared["shortest"] for c in (before, now)]
        settle("end", np.ones_like(is_in), (before.end - now.shared["shortest"]) / spans[1],
               np.log(spans[0] / spans[1]) + np.zeros_like(before.end))  # fmt: skip
        own = np.stack([mine[name] for name in OF_PATIENTS], axis=1)
        made[:, len(SHARED) :] = own.reshape(len(points), -1)
        return made, log_ratio

    def _shared(self, drawn: Mapping[str, Floats]) -> dict[str, Floats]:
        """Scale what is drawn for the whole cohort to its ranges."""
        prior = self.prior
        days = np.array(prior.follow_up)[_pick(drawn["cutoff"], len(prior.follow_up))]
        first, last = prior.remission_day
        return {
            "table": self.tables[_pick(drawn["table"], len(self.tables))].astype(float),
            **{f"hr_{e}": _log_even(drawn[f"hr_{e}"], prior.hr[e]) for e in EXPOSURES},
            "high_risk": _even(drawn["high_risk"], prior.high_risk),
            "remission_day": first + np.floor(drawn["remission_day"] * (last - first + 1)),
            "after_relapse": _log_even(drawn["after_relapse"], prior.after_relapse),
            "death_in_remission": _even(drawn["death_in_remission"], prior.death_in_remission),
            "treg_median": _log_even(drawn["treg_median"], prior.treg_median),
            "shortest": days[..., 0], "longest": days[..., 1],
        }  # fmt: skip

    def _laid_out(self, table: Floats) -> tuple[Bools, Bools, Bools]:
        """Lay out EMD and response.

        First EMD other than CNS, then the other responders, then the others; the first of both
        have isolated CNS disease, so that another number of them changes nobody's response.
        """
        known, place = self.abstract, np.arange(self.abstract.n)
        size, of = table[:, 0, :1], table[:, 0, 1:]
        other = np.broadcast_to(place < known.other, (len(table), known.n))
        yes = known.other + known.responders - known.other_responders
        responds = (place < known.other_responders) | ((place >= known.other) & (place < yes))
        cns = (place >= known.other) & (place < known.other + of)
        cns |= (place >= yes) & (place < yes + size - of)
        return other, cns, np.broadcast_to(responds, other.shape)

    # --- conditions on ranks ---------------------------------------------------------------------

    def shortfall(self, points: Floats) -> Floats:
        """Tell by how much points fall short of the conditions on ranks.

        Parameters
        ----------
        points : numpy.ndarray of shape (n_cohorts, n_coordinates)
            Numbers between 0 and 1.

        Returns
        -------
        numpy.ndarray of shape (n_cohorts,)
            0 where all are met.
        """
        parts = batch.parts(len(points), self.abstract.n)
        return np.concatenate([self._of_ranks(self.unfold(points[p]))[0] for p in parts])

    def _of_ranks(self, courses: Courses) -> tuple[Floats, Floats]:
        """Give the shortfall, and where the four moments lie before time is stretched."""
        known = self.abstract
        sets = {end: RiskSets(*courses.observed[end]) for end in ("os", "rfs")}
        short = np.zeros(len(courses.end))
        spans: dict[tuple[str, str], Any] = {}
        for end, percent in (("rfs", known.rfs_1y), ("os", known.os_1y)):
            curve = batch.kaplan_meier(sets[end])
            half = batch.median(sets[end], curve)
            height, *span = _step(sets[end], curve, percent)
            near = np.abs(height - percent) / 2
            # without censoring before it a step is a whole number of patients: a dead end
            patients = height / 100 * sets[end].known.sum(axis=1)
            near += 0.5 * (np.abs(patients - np.round(patients)) < 1e-9)
            short += np.where(_prints(height, percent), 0.0, near)
            short += np.isnan(half)
            spans[end, "median"], spans[end, "year"] = (half, half), span
        marks, gap = self._marks(spans, courses.shared["remission_day"][:, 0])
        short += np.where(np.isnan(gap), 0.5, gap)
        for (exposure, end), worse in known.significant.items():
            if self.by_permutation and not worse:  # seen at the end: either test may say so
                continue
            test = batch.log_rank(sets[end], courses.exposed[exposure].astype(int))
            z = np.sign(test.excess[1]) * np.sqrt(test.statistic)
            beyond = z - stats.norm.isf(LEVEL / 2)
            short += np.maximum(0.0, -beyond if worse else beyond)
        return short, marks

    def days(self, remission_day: Floats) -> Floats:
        """Give the days of the four published moments since infusion, (n_cohorts, 4).

        Parameters
        ----------
        remission_day : numpy.ndarray of shape (n_cohorts,)
            From which relapse-free survival counts.

        Returns
        -------
        numpy.ndarray of shape (n_cohorts, 4)
            RFS median, 1 year of OS, 1 year of RFS, OS median; a year is over within its day.
        """
        known, zero = self.abstract, np.zeros_like(remission_day)
        return np.stack(
            [known.rfs_median + remission_day, 365.5 + zero, 365.5 + remission_day,
             known.os_median + zero], axis=1,
        )  # fmt: skip

    def _marks(
        self, spans: Mapping[tuple[str, str], Any], remission_day: Floats
    ) -> tuple[Floats, Floats]:
        """Place the four moments where they may lie, in the order of their published days.

        Also given: how far they are from an order that can be kept.
        """
        names = (("rfs", "median"), ("os", "year"), ("rfs", "year"), ("os", "median"))
        order = np.argsort(self.days(remission_day), axis=1)
        low = np.take_along_axis(np.stack([spans[n][0] for n in names], axis=1), order, axis=1)
        high = np.take_along_axis(np.stack([spans[n][1] for n in names], axis=1), order, axis=1)
        latest = np.minimum.accumulate(high[:, ::-1], axis=1)[:, ::-1]
        marks, gap = np.empty_like(low), np.zeros(len(low))
        before = np.zeros(len(low))
        for k in range(low.shape[1]):
            start = np.maximum(low[:, k], before)
            with np.errstate(invalid="ignore"):  # a median that is not reached lies nowhere
                room = latest[:, k] - start
                marks[:, k] = np.where(low[:, k] == high[:, k], low[:, k], start + room / 3)
                # one moment has to come after the other, and within its own step
                behind = np.maximum(before - marks[:, k], -room)
            fits = (marks[:, k] > before) & (start <= latest[:, k])
            gap += np.where(fits, 0.0, 0.05 + np.maximum(behind, 0) / 400)
            before = np.maximum(marks[:, k], before)
        return marks, gap

    def _is_worse(
        self, observed: Observed, exposure: str, end: str, wanted: Bools | None = None
    ) -> Bools:
        """Tell whether the exposed do significantly worse."""
        if not self.by_permutation:
            wanted = np.zeros(len(observed.courses.end), dtype=bool)
        p, chi2_p, excess = observed.compare(exposure, end, wanted)
        return np.asarray((np.maximum(p, chi2_p) < LEVEL) & (excess > 0))

    def abstract_of(self, observed: Observed) -> Iterator[Abstract | None]:
        """Write the abstract of each of some cohorts, as the study's was written.

        Parameters
        ----------
        observed : Observed
            The cohorts.

        Yields
        ------
        Abstract or None
            None where a median is not reached, or follow-up ends before a year.
        """
        values = {}
        for end in ("os", "rfs"):
            curve = batch.kaplan_meier(observed.sets[end])
            values[f"{end}_1y"] = np.round(
                100 * batch.survival_at(observed.sets[end], curve, 365), 1
            )
            values[f"{end}_median"] = batch.median(observed.sets[end], curve)
        worse = {of: self._is_worse(observed, *of) for of in self.abstract.significant}
        alone = {of: observed.is_worse_adjusted(*of) for of in self.abstract.independent}
        for b in range(len(observed.courses.end)):
            here: dict[str, Any] = {name: float(of[b]) for name, of in values.items()}
            if any(np.isnan(v) for v in here.values()):
                yield None
                continue
            yield replace(
                self.abstract, **here,
                significant={of: bool(w[b]) for of, w in worse.items()},
                independent={of: bool(w[b]) for of, w in alone.items()},
            )  # fmt: skip

    # --- conditions on days ----------------------------------------------------------------------

    def observe(self, courses: Courses) -> Observed:
        """Stretch time so that the four moments come on their days, and observe the patients.

        Parameters
        ----------
        courses : Courses
            That meet the conditions on ranks.

        Returns
        -------
        Observed
            Whole days.
        """
        _, marks = self._of_ranks(courses)
        day = courses.shared["remission_day"]
        known = np.sort(self.days(day[:, 0]), axis=1)
        far = 1.6 * np.maximum(marks[:, -1:], known[:, -1:])  # nothing is known of time beyond
        start = np.zeros_like(day)
        latent = np.concatenate([start, day, marks, far], axis=1)
        shown = np.concatenate([start, day, known, far], axis=1)

        return _written(courses, partial(_stretched, latent, shown))

    def met(self, observed: Observed) -> Bools:
        """Tell which cohorts meet all conditions.

        Parameters
        ----------
        observed : Observed
            From `observe`.

        Returns
        -------
        numpy.ndarray of shape (n_cohorts,)
            Whether heights and medians print as published in whole days, follow-up fits the
            accrual, every comparison has the significance that is reported by the test that its
            groups call for and by χ², and so have the adjusted ones, as far as they are claimed.
        """
        known = self.abstract
        met = observed.fits_accrual()
        for end, percent, day in (
            ("os", known.os_1y, known.os_median), ("rfs", known.rfs_1y, known.rfs_median),
        ):  # fmt: skip
            curve = batch.kaplan_meier(observed.sets[end])
            height = 100 * batch.survival_at(observed.sets[end], curve, 365)
            met &= _prints(height, percent) & (batch.median(observed.sets[end], curve) == day)
        for (exposure, end), worse in known.significant.items():
            met &= self._is_worse(observed, exposure, end, met) == worse
        for (exposure, end), worse in known.independent.items():
            met &= observed.is_worse_adjusted(exposure, end) == worse
        return met


def as_drawn(courses: Courses) -> Observed:
    """Observe patients without stretching time.

    Parameters
    ----------
    courses : Courses
        The cohorts.

    Returns
    -------
    Observed
        Whole days, as the model draws them.
    """
    return _written(courses, np.rint)


def _written(courses: Courses, days: Callable[[Floats], Floats]) -> Observed:
    (alive, died), (free, ended) = courses.observed["os"], courses.observed["rfs"]
    since = days(free) - courses.shared["remission_day"]
    return Observed(
        courses, {"os": np.maximum(1.0, days(alive)), "rfs": since}, {"os": died, "rfs": ended}
    )


@dataclass(frozen=True)
class Observed:
    """What would have been written down of many cohorts, one row each.

    Attributes
    ----------
    courses : Courses
        Behind it.
    times : dict of str to numpy.ndarray of shape (n_cohorts, n_patients)
        Whole days by endpoint, RFS from remission.
    events : dict of str to numpy.ndarray of shape (n_cohorts, n_patients)
        Whether they end with the event.
    """

    courses: Courses
    times: dict[str, Floats]
    events: dict[str, Bools]

    @cached_property
    def sets(self) -> dict[str, RiskSets]:
        """Risk sets by endpoint."""
        return {end: RiskSets(self.times[end], self.events[end]) for end in self.times}

    def fits_accrual(self) -> Bools:
        """Tell whether nobody was followed shorter or longer than the accrual allows."""
        shared, times = self.courses.shared, self.times["os"]
        alive = np.where(self.events["os"], np.inf, times).min(axis=1)
        in_time = alive >= shared["shortest"][:, 0]
        in_time &= times.max(axis=1) <= shared["longest"][:, 0]
        return np.asarray(in_time & ~(self.times["rfs"] < 1).any(axis=1))

    def compare(
        self, exposure: str, end: str, wanted: Bools | None = None
    ) -> tuple[Floats, Floats, Floats]:
        """Compare the exposed with the others.

        Parameters
        ----------
        exposure, end : str
            Which comparison.
        wanted : numpy.ndarray of shape (n_cohorts,), optional
            Where a test by permutation is worth its time; everywhere if not given.

        Returns
        -------
        p : numpy.ndarray of shape (n_cohorts,)
            By permutation where groups or events are few, else by χ².
        chi2_p : numpy.ndarray of shape (n_cohorts,)
            By χ².
        excess : numpy.ndarray of shape (n_cohorts,)
            Events of the exposed less those expected.
        """
        group = self.courses.exposed[exposure].astype(int)
        test = batch.log_rank(self.sets[end], group)
        chi2_p = stats.chi2.sf(test.statistic, 1)
        p, known = chi2_p.copy(), ~np.isnan(self.times[end])
        events = (self.events[end] & known).sum(axis=1)
        exposed = (known & (group == 1)).sum(axis=1)
        fewest = np.minimum(exposed, known.sum(axis=1) - exposed)
        few = permutation.is_needed(fewest, events) & (fewest > 0)
        for b in np.flatnonzero(few if wanted is None else few & wanted):
            who = known[b]
            p[b] = permutation.p_of_two(
                self.times[end][b, who], self.events[end][b, who], group[b, who]
            )
        return p, chi2_p, test.excess[1]

    def is_worse_adjusted(self, exposure: str, end: str) -> Bools:
        """Tell whether the exposed do significantly worse, adjusted for the other exposures."""
        beta, _, p = self.adjusted(exposure, end)
        return np.asarray((p < LEVEL) & (beta > 0))

    def adjusted(self, exposure: str, end: str) -> tuple[Floats, Floats, Floats]:
        """Fit the Cox model with all exposures, and test one of them given the others.

        Parameters
        ----------
        exposure, end : str
            Which.

        Returns
        -------
        beta : numpy.ndarray of shape (n_cohorts,)
            Log hazard ratio.
        error : numpy.ndarray of shape (n_cohorts,)
            Its standard error.
        p : numpy.ndarray of shape (n_cohorts,)
            Of the likelihood-ratio test.
        """
        of = list(EXPOSURES)
        x = np.array([self.courses.exposed[e] for e in of], dtype=float)
        place = of.index(exposure)
        fit = batch.cox(self.sets[end], x)
        rest = batch.cox(self.sets[end], np.delete(x, place, axis=0))
        p = stats.chi2.sf(np.maximum(0, 2 * (fit.value - rest.value)), 1)
        return fit.beta[place], fit.error[place], p

    def effects(self, confidence: float = 0.95) -> pd.DataFrame:
        """Measure the effects in each cohort.

        Parameters
        ----------
        confidence : float
            Coverage of the Wald intervals.

        Returns
        -------
        pandas.DataFrame
            As of `Ensemble`, without the number.
        """
        half, made = stats.norm.ppf(0.5 + confidence / 2), {}
        for exposure, end in COMPARISONS:
            alone = batch.cox(self.sets[end], self.courses.exposed[exposure][None].astype(float))
            p, _, _ = self.compare(exposure, end)
            adjusted = self.adjusted(exposure, end)
            fits = {"hr": (alone.beta[0], alone.error[0], p), "adjusted": adjusted}
            for how, (beta, error, value) in fits.items():
                name = f"{how}_{exposure}_{end}"
                made[name] = np.exp(beta)
                made[f"{name}_lower"] = np.exp(beta - half * error)
                made[f"{name}_upper"] = np.exp(beta + half * error)
                made[f"{name}_p"] = value
        for end in ("os", "rfs"):
            curve = batch.kaplan_meier(self.sets[end])
            made[f"{end}_2y"] = batch.survival_at(self.sets[end], curve, 730)
        responds, emd = self.courses.responds, self.courses.exposed["emd"]
        for name, who in (("without_emd", ~emd), ("cns", self.courses.cns)):
            made[f"remission_{name}"] = (responds & who).sum(axis=1) / who.sum(axis=1)
        shared = {k: v[:, 0] for k, v in self.courses.shared.items() if v.ndim == 2}
        counts = {
            "cns": self.courses.cns.sum(axis=1),
            "high_risk_n": self.courses.high_risk.sum(axis=1),
        }
        return pd.DataFrame(made | {f"drawn_{k}": v for k, v in shared.items()} | counts)

    def patients(self, known: Registry, rng: random.Random) -> pd.DataFrame:
        """Write the cohorts down in the contract's columns.

        Parameters
        ----------
        known : Registry
            For what no published value rests on.
        rng : random.Random
            Draws that.

        Returns
        -------
        pandas.DataFrame
            One row per cohort and patient, cohort by cohort.
        """
        return pd.concat([self._cohort(b, known, rng) for b in range(len(self.courses.end))])

    def _cohort(self, b: int, known: Registry, rng: random.Random) -> pd.DataFrame:
        courses, drawn = self.courses, []
        emd = np.select([courses.other[b], courses.cns[b]], ["other", "cns"], "none")
        for i, site in enumerate(emd):
            responds, ended = bool(courses.responds[b, i]), bool(self.events["rfs"][b, i])
            dies = bool(courses.in_remission[b, i])
            drawn.append(
                Patient(
                    emd=str(site),
                    treg_pct=float(courses.treg[b, i]),
                    genetic_risk="high" if courses.high_risk[b, i] else "standard",
                    response="CR" if responds else "NR",
                    os_days=int(self.times["os"][b, i]),
                    os_event=int(self.events["os"][b, i]),
                    rfs_days=int(self.times["rfs"][b, i]) if responds else None,
                    rfs_event=int(ended) if responds else None,
                    rfs_cause=("death" if dies else "relapse") if ended else None,
                )
            )
        add_bystanders(rng, drawn, known, int(courses.shared["remission_day"][b, 0]))
        return to_table(drawn)


# --- drawing -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ensemble:
    """Cohorts that agree with everything known, and how large the effects are in each.

    Attributes
    ----------
    effects : pandas.DataFrame
        One row per cohort: cohort, by exposure and endpoint hr, lower, upper and p (``hr_emd_os``,
        …) alone and adjusted (``adjusted_emd_os``, …), remission without EMD and with isolated
        CNS disease, survival at two years, and what was drawn for the whole cohort.
    patients : pandas.DataFrame
        One row per cohort and patient: cohort, and the contract's columns.
    islands : pandas.DataFrame
        One row per group of points moved together: log10_share, ancestors, moved, met.
    """

    effects: pd.DataFrame
    patients: pd.DataFrame
    islands: pd.DataFrame


def draw(
    known: Registry,
    size: int,
    seed: int,
    *,
    model: Model | None = None,
    island: int = ISLAND,
    sweeps: int = SWEEPS,
    jobs: int = 1,
) -> Ensemble:
    """Draw cohorts that agree with everything published.

    Parameters
    ----------
    known : Registry
        Published and assumed values.
    size : int
        How many cohorts.
    seed : int
        The same seed gives the same cohorts, however many processes work.
    model : Model, optional
        Another prior, or another abstract, than the registry's.
    island, sweeps : int
        Points moved together, and moves of each after the conditions are met.
    jobs : int
        Processes.

    Returns
    -------
    Ensemble
        The cohorts.
    """
    model = model or Model.of(known)
    found: list[tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]] = []
    with Parallel(n_jobs=jobs) as parallel:
        while sum(len(effects) for effects, _, _ in found) < size:
            numbers = range(len(found), len(found) + jobs)
            found += parallel(
                delayed(_island)(model, known, (seed, number), island, sweeps) for number in numbers
            )
    # islands beyond the last that is needed differ by the number of processes
    counts = np.cumsum([len(effects) for effects, _, _ in found])
    used = found[: int(np.searchsorted(counts, size)) + 1]
    effects = pd.concat([e for e, _, _ in used], ignore_index=True).iloc[:size]
    effects.insert(0, "cohort", np.arange(1, size + 1))
    patients = pd.concat([p for _, p, _ in used], ignore_index=True).iloc[: size * model.abstract.n]
    patients.insert(0, "cohort", np.repeat(effects["cohort"].to_numpy(), model.abstract.n))
    place = patients.groupby("cohort").cumcount() + 1
    patients["patient_id"] = [
        f"E{cohort:05d}-{of:02d}" for cohort, of in zip(patients["cohort"], place, strict=True)
    ]
    return Ensemble(effects, patients, pd.DataFrame([of for _, _, of in used]))


def _island(
    model: Model, known: Registry, seed: tuple[int, int], size: int, sweeps: int
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    """Move points until they meet the conditions on ranks, and keep those that meet all."""
    rng = np.random.default_rng(seed)
    sample = rare.sample(model.shortfall, model.layout, size, rng, sweeps, model.keep_times)
    observed = model.observe(model.unfold(sample.points))
    met = model.met(observed)
    kept = model.observe(observed.courses.take(met))
    about = {
        "log10_share": sample.log10_share + float(np.log10(max(met.mean(), 1 / size))),
        "ancestors": len(set(sample.ancestor)), "moved": sample.moved, "met": float(met.mean()),
    }  # fmt: skip
    return kept.effects(), kept.patients(known, random.Random(str(seed))), about


# --- ranges, ranks, steps ------------------------------------------------------------------------


def _pick(u: Floats, size: int) -> Ints:
    return np.minimum((u * size).astype(np.intp), size - 1)


def _even(u: Floats, span: tuple[float, float]) -> Floats:
    return np.asarray(span[0] + u * (span[1] - span[0]))


def _log_even(u: Floats, span: tuple[float, float]) -> Floats:
    return np.asarray(span[0] * (span[1] / span[0]) ** u)


def _open(u: Floats) -> Floats:
    """Keep away from 0 and 1, where a normal quantile is infinite."""
    return np.asarray(np.clip(u, 1e-12, 1 - 1e-12))


def _ranks(values: Floats) -> Ints:
    return np.argsort(np.argsort(values, axis=1), axis=1)


def _prints(height: Floats, percent: float) -> Bools:
    """Tell whether a percentage prints as published, with one decimal."""
    return np.asarray(np.abs(np.round(height, 1) - percent) < 1e-9)


def _stretched(latent: Floats, shown: Floats, times: Floats) -> Floats:
    """Put times on whole days, straight between points that are known on both axes."""
    made = times
    for k in range(latent.shape[1] - 1):
        slope = (shown[:, k + 1] - shown[:, k]) / (latent[:, k + 1] - latent[:, k])
        beyond = times - latent[:, k, None]
        inside = (beyond > 0) & (times <= latent[:, k + 1, None])
        made = np.where(inside, shown[:, k, None] + beyond * slope[:, None], made)
    return np.asarray(np.rint(made))


def _step(sets: RiskSets, curve: Floats, percent: float) -> tuple[Floats, Floats, Floats]:
    """Find the step of each curve nearest to a height: its height in percent, begin and end."""
    distance = np.where(sets.known, np.abs(100 * curve - percent), np.inf)
    rows = np.arange(len(curve))
    level = curve[rows, distance.argmin(axis=1)]
    same = sets.known & (curve == level[:, None])
    last = same.argmax(axis=1)
    first = curve.shape[1] - 1 - same[:, ::-1].argmax(axis=1)
    # the last step ends where observation does
    after = sets.time[rows, np.maximum(last - 1, 0)]
    return 100 * level, sets.time[rows, first], after
