"""A prior over what is assumed, and the courses of disease that it makes.

A point of `cartanalysis.stats.rare` is unfolded: assumed quantities lie evenly over their ranges in
the registry, then patients relapse and die by exponential times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import special

from cartanalysis.claims.registry import Registry
from cartanalysis.stats import rare
from cartanalysis.study.ensemble.abstract import EXPOSURES, Abstract
from cartanalysis.study.reconstruct import follow_up_range

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

SHARED = ("table", "hr_emd", "hr_treg", "hr_genetics", "high_risk", "remission_day", "baseline",
          "after_relapse", "death_in_remission", "treg_median", "cutoff")  # fmt: skip
OF_PATIENTS = ("relapse", "lag", "in_remission", "end", "treg", "genetics")

EXCHANGED = (0.05, 0.2, 0.6)
"""Share of the pairs that exchange something in one step."""

SPREAD_OF_TREGS = 0.55
MOST_TREGS = 40.0
EARLIEST_DEATH = 14.0
"""Days; who is not in remission dies later."""


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
    baseline : tuple of float
        Median days to relapse without risk factors.
    after_relapse : tuple of float
        Median survival after relapse, or without remission, in days.
    death_in_remission : tuple of float
        Share of relapse-free survival's events.
    treg_median : tuple of float
        Per cent.
    follow_up : tuple of tuple of int
        Shortest and longest follow-up of a patient still alive, by month in which it may have
        ended.
    shape : float
        Weibull shape of the times to relapse; with 1 they are exponential.
    """

    cns: tuple[int, int]
    hr: Mapping[str, tuple[float, float]]
    high_risk: tuple[float, float]
    remission_day: tuple[int, int]
    baseline: tuple[float, float]
    after_relapse: tuple[float, float]
    death_in_remission: tuple[float, float]
    treg_median: tuple[float, float]
    follow_up: tuple[tuple[int, int], ...]
    shape: float = 1.0

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
            baseline=span("a_baseline"),
            after_relapse=span("a_after_relapse"),
            death_in_remission=span("a_death_in_remission", 0.01),
            treg_median=span("a_treg_median"),
            follow_up=tuple(_follow_up_ranges(known)),
        )


def _span(known: Registry, name: str, scale: float = 1.0) -> tuple[Any, Any]:
    low, high = known[name].details["range"]
    return low * scale, high * scale


def _follow_up_ranges(known: Registry) -> Iterator[tuple[int, int]]:
    """Give shortest and longest follow-up for each month in which it may have ended.

    Nobody leaves before the last possible day of remission.
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
class Disease:
    """How patients with one table of counts fall ill, as the prior has it.

    Attributes
    ----------
    abstract : Abstract
        The counts.
    prior : Prior
        The ranges.
    """

    abstract: Abstract
    prior: Prior

    @classmethod
    def of(cls, known: Registry) -> Self:
        """Take the study's own.

        Parameters
        ----------
        known : Registry
            Published and assumed values.

        Returns
        -------
        Disease
            Its counts and ranges.
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
        return self.courses(shared, self._groups(shared, mine), mine)

    def courses(
        self, shared: dict[str, Floats], groups: Mapping[str, Any], mine: Mapping[str, Floats]
    ) -> Courses:
        """Give times to patients whose groups are known.

        Parameters
        ----------
        shared : dict of str to numpy.ndarray of shape (n_cohorts, 1)
            What was drawn for the whole cohort.
        groups : mapping of str to numpy.ndarray of shape (n_cohorts, n_patients)
            The fields of `Courses` that are no times.
        mine : mapping of str to numpy.ndarray of shape (n_cohorts, n_patients)
            Numbers between 0 and 1 for relapse, lag, in_remission and end.

        Returns
        -------
        Courses
            With times since infusion in days.
        """
        rate = self._rates(shared, groups)
        waited = -np.log1p(-mine["relapse"]) / rate["relapse"]
        waited = _clock(waited, 1 / self.prior.shape, shared["baseline"])
        relapse = shared["remission_day"] + waited
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
        return {"relapse": np.log(2) * hazard / shared["baseline"], "lag": lag}

    @property
    def kernels(self) -> tuple[rare.Kernel, ...]:
        """The steps made for this prior."""
        return self._keep_times, self._exchange

    def _keep_times(self, points: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Move what is assumed of the whole cohort while all patients keep their times.

        Otherwise a hazard ratio could hardly move: all ranks would change with it.  The ratio is
        that of the times' densities.
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
        units = [c.shared["baseline"] for c in (before, now)]
        for name, times in waits.items():
            first, last = rates[0][name], rates[1][name]
            shape = self.prior.shape if name == "relapse" else 1.0
            with np.errstate(invalid="ignore", divide="ignore"):
                then, after = (_clock(w, shape, u) for w, u in zip(times, units, strict=True))
                change = np.log(last / first) - last * after + first * then
                change += (shape - 1) * np.log(times[1] / times[0] * units[0] / units[1])
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

    def _exchange(self, points: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Let patients exchange their times, or an exposure while both keep their times.

        The curves stay, so that only the comparisons can object.  Each pair decides for itself by
        the prior (Metropolis and Hastings), which therefore stays the same.
        """
        shared, old = self._read(points)
        groups = self._groups(shared, old)
        what = rng.integers(0, 3, (len(points), 1))
        partner = _pairs(groups["responds"] & (what == 0), (~groups["responds"][0]).sum(), rng)

        def passed(values: Any, kind: int) -> Any:
            """Give each patient the partner's, if this is what they exchange."""
            return np.where(what == kind, np.take_along_axis(values, partner, axis=1), values)

        kinds = dict.fromkeys(OF_PATIENTS, 0) | {"treg": 1, "genetics": 2}
        new = {name: passed(old[name], kind) for name, kind in kinds.items()}
        first = self._rates(shared, groups)
        last = self._rates(shared, self._groups(shared, new))
        gain = np.zeros_like(old["lag"])
        is_in = groups["responds"] & (old["in_remission"] < shared["death_in_remission"])
        for name, counted in (("relapse", groups["responds"]), ("lag", ~is_in)):
            wait = -np.log1p(-old[name]) / first[name]
            then, still = passed(wait, 0), passed(counted, 0)
            value = -np.expm1(-last[name] * then)
            new[name] = np.where(still, value, new[name])
            gain += np.where(still, np.log(last[name]) - last[name] * then, 0.0)
            gain -= np.where(counted, np.log(first[name]) - first[name] * wait, 0.0)
            gain = np.where(still & (value >= 1), -np.inf, gain)
        both = gain + np.take_along_axis(gain, partner, axis=1)
        lot = np.log(rng.random(gain.shape))
        first_of_pair = np.minimum(np.arange(gain.shape[1]), partner)
        agreed = np.take_along_axis(lot, first_of_pair, axis=1) < both
        made = points.copy()
        own = np.stack([np.where(agreed, new[name], old[name]) for name in OF_PATIENTS], axis=1)
        made[:, len(SHARED) :] = own.reshape(len(points), -1)
        return made, np.zeros(len(points))

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
            "baseline": _log_even(drawn["baseline"], prior.baseline),
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


def _pairs(later: Bools, split: int, rng: np.random.Generator) -> Ints:
    """Pair members at random; those who come later only among themselves, after `split` others.

    Given is everybody's partner, which for most is the member itself.
    """
    order = np.argsort(rng.random(later.shape) + later, axis=1)
    n = later.shape[1]
    one = np.concatenate([np.arange(0, split - 1, 2), np.arange(split, n - 1, 2)])
    active = rng.random((len(order), len(one))) < rng.choice(EXCHANGED, (len(order), 1))
    partner = np.broadcast_to(np.arange(n), later.shape).copy()
    a, b = order[:, one], order[:, one + 1]
    np.put_along_axis(partner, a, np.where(active, b, a), axis=1)
    np.put_along_axis(partner, b, np.where(active, a, b), axis=1)
    return partner


def _clock(wait: Floats, power: float, unit: Floats) -> Floats:
    """Bend a time to relapse; by the shape, the hazard is even afterwards."""
    return np.asarray(wait**power * unit ** (1 - power))


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
