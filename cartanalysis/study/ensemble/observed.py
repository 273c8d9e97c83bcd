"""What would have been written down of drawn patients, and the effects in it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cartanalysis.claims.registry import Registry
from cartanalysis.stats import batch, permutation
from cartanalysis.stats.batch import RiskSets
from cartanalysis.study.bystanders import Patient, add_bystanders, to_table
from cartanalysis.study.ensemble.abstract import COMPARISONS, EXPOSURES, LEVEL
from cartanalysis.study.ensemble.prior import Courses

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def written(courses: Courses, days: Callable[[Floats], Floats]) -> Observed:
    """Write down whole days.

    Parameters
    ----------
    courses : Courses
        The cohorts.
    days : callable
        Turns times since infusion, (n_cohorts, n_patients), into whole days.

    Returns
    -------
    Observed
        Days of each endpoint.
    """
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

    def alone(self, exposure: str, end: str) -> tuple[Floats, Floats]:
        """Fit the Cox model with one exposure.

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
        """
        fit = batch.cox(self.sets[end], self.courses.exposed[exposure][None].astype(float))
        return fit.beta[0], fit.error[0]

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
            p, _, _ = self.compare(exposure, end)
            fits = {
                "hr": (*self.alone(exposure, end), p),
                "adjusted": self.adjusted(exposure, end),
            }
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
            with np.errstate(invalid="ignore"):  # of nobody there is no rate
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
