"""The conditions under which the prior stands.

They come in two kinds:

- On ranks: the heights of both Kaplan–Meier curves, the order of the four published moments, and
  the six univariable comparisons depend only on the order of events and ends of follow-up.  The
  sampler moves until they are met.
- On days: one monotone function of time, straight between the published moments, puts these on
  their days.  What is left (whole days, small groups by permutation, the adjusted comparisons) is
  met by most of these cohorts, and the others are left out.

So the cohorts that remain are draws from the prior given all conditions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from cartanalysis.stats import batch
from cartanalysis.stats.batch import RiskSets
from cartanalysis.study.ensemble.abstract import LEVEL, Abstract
from cartanalysis.study.ensemble.observed import Observed, written
from cartanalysis.study.ensemble.prior import Courses, Disease

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Model(Disease):
    """A prior and what it is conditioned on.

    Attributes
    ----------
    by_permutation : bool
        Whether significance has to hold by permutation, too, where groups or events are few.
    """

    by_permutation: bool = True

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
        for end, (percent, _) in known.curves.items():
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
        """Give the days of the published moments since infusion.

        Parameters
        ----------
        remission_day : numpy.ndarray of shape (n_cohorts,)
            From which relapse-free survival counts.

        Returns
        -------
        numpy.ndarray of shape (n_cohorts, n_moments)
            In the order of the abstract's moments; a year is over within its day.
        """
        known = self.abstract
        since = {"os": np.zeros_like(remission_day), "rfs": remission_day}
        after = {(end, "median"): day for end, (_, day) in known.curves.items()}
        return np.stack(
            [after.get(moment, 365.5) + since[moment[0]] for moment in known.moments], axis=1
        )

    def _marks(
        self, spans: Mapping[tuple[str, str], Any], remission_day: Floats
    ) -> tuple[Floats, Floats]:
        """Place the moments where they may lie, in the order of their published days.

        Also given: how far they are from an order that can be kept.
        """
        names = self.abstract.moments
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
        for end in self.abstract.curves:
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

        return written(courses, partial(_stretched, latent, shown))

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
        for end, (percent, day) in known.curves.items():
            curve = batch.kaplan_meier(observed.sets[end])
            height = 100 * batch.survival_at(observed.sets[end], curve, 365)
            met &= _prints(height, percent) & (batch.median(observed.sets[end], curve) == day)
        for (exposure, end), worse in known.significant.items():
            met &= self._is_worse(observed, exposure, end, met) == worse
        for (exposure, end), worse in known.independent.items():
            met &= observed.is_worse_adjusted(exposure, end) == worse
        return met


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
