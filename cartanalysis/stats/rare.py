"""Draws from a prior under conditions that almost no draw of it meets.

A point is a row of numbers between 0 and 1, evenly distributed before anything is known; whoever
asks turns it into whatever the prior is about, and says by how much it falls short of the
conditions.  Many points are moved together, from level to level: the half that falls short least is
kept and doubled, and every point then moves by steps that leave the prior unchanged (Metropolis and
Hastings), taken only if they do not fall behind the level.  At the last level nothing falls short,
and the moves go on until the points that share an ancestor have parted.  This is sequential Monte
Carlo for rare events (Cérou, Del Moral, Furon and Guyader, Stat Comput 2012;22:795), also known as
subset simulation (Au and Beck, Probabilist Eng Mech 2001;16:263).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Shortfall = Callable[[Floats], Floats]
Kernel = Callable[[Floats, np.random.Generator], tuple[Floats, Floats]]
"""Proposes a step for each point, and says the logarithm of how much more probable the way back is
than the way forth."""

MOVES = 12
"""Moves of every point at each level before the last."""

MOST_LEVELS = 400
STEPS = (0.03, 0.15, 1.0)
"""How far a coordinate goes, at most by its standard deviation; the last is anywhere."""

MOST_CHANGED = 6


@dataclass(frozen=True)
class Layout:
    """What the coordinates of a point are: some of the whole, then some of each member.

    Attributes
    ----------
    shared : int
        Coordinates of the whole.
    features, members : int
        Coordinates of each of the members, who are alike before anything is known: the first
        feature of all members comes first.
    """

    shared: int
    features: int
    members: int

    @property
    def width(self) -> int:
        """How many coordinates a point has."""
        return self.shared + self.features * self.members


@dataclass(frozen=True)
class Sample:
    """Points that meet the conditions.

    Attributes
    ----------
    points : numpy.ndarray of shape (n_points, n_coordinates)
        The points.
    log10_share : float
        Logarithm of the share of the prior that meets the conditions, estimated.
    ancestor : numpy.ndarray of shape (n_points,)
        Number of the first draw that each point descends from.
    moved : float
        Share of the steps that were taken at the last level.
    levels : int
        How many levels there were.
    """

    points: Floats
    log10_share: float
    ancestor: Ints
    moved: float
    levels: int


class OutOfReachError(RuntimeError):
    """No point came nearer to the conditions."""


def sample(
    shortfall: Shortfall,
    layout: Layout,
    size: int,
    rng: np.random.Generator,
    sweeps: int,
    kernels: Sequence[Kernel] = (),
) -> Sample:
    """Draw points that meet conditions.

    Parameters
    ----------
    shortfall : callable
        By how much each of some points falls short: 0 for those that meet the conditions.
    layout : Layout
        What the coordinates are.
    size : int
        How many points; large enough for about 20 different ancestors to be left.
    rng : numpy.random.Generator
        Source of random numbers.
    sweeps : int
        Moves of every point after the conditions are met.
    kernels : sequence of callable
        Steps made for the case, taken in turn with the others.

    Returns
    -------
    Sample
        As many points; those of one ancestor are alike if there were too few sweeps.

    Raises
    ------
    OutOfReachError
        If the conditions are not met after many levels.
    """
    points = rng.random((size, layout.width))
    short = shortfall(points)
    ancestor = np.arange(size)
    level, log10_share = np.inf, 0.0
    for number in range(1, MOST_LEVELS + 1):
        level = _next(short, level)
        within = np.flatnonzero(short <= level)
        log10_share += float(np.log10(len(within) / size))
        drawn = rng.choice(within, size - len(within))
        kept = np.concatenate([within, drawn])
        points, short, ancestor = points[kept], short[kept], ancestor[kept]
        count = MOVES if level > 0 else sweeps
        taken = 0
        for move in range(count):
            trial, log_ratio = _moved(points, layout, rng, move, kernels)
            allowed = np.log(rng.random(size)) < log_ratio
            behind = shortfall(trial)
            better = allowed & (behind <= level)
            points[better], short[better] = trial[better], behind[better]
            taken += int(better.sum())
        if level == 0:
            return Sample(points, log10_share, ancestor, taken / (count * size), number)
    raise OutOfReachError(f"the conditions are not met after {MOST_LEVELS} levels")


def _next(short: Floats, level: float) -> float:
    """Give the next level: half of the points meet it, or those that are better than the last."""
    nearer = short[short < level]
    if not len(nearer):
        raise OutOfReachError(f"no point comes nearer to the conditions than {level:g}")
    return float(min(np.median(short), nearer.max()))


def _moved(
    points: Floats, layout: Layout, rng: np.random.Generator, move: int, kernels: Sequence[Kernel]
) -> tuple[Floats, Floats]:
    """Propose steps of one kind, by turns."""
    even = np.zeros(len(points))
    kind = move % (2 + len(kernels))
    if kind == 0:
        return wandered(points, layout.width, MOST_CHANGED, rng), even
    if kind <= len(kernels):
        return kernels[kind - 1](points, rng)
    # two members exchange a feature
    made, rows = points.copy(), np.arange(len(points))
    start = layout.shared + layout.members * rng.integers(0, layout.features, len(points))
    one, other = start + rng.integers(0, layout.members, (2, len(points)))
    made[rows, one], made[rows, other] = points[rows, other], points[rows, one]
    return made, even


def wandered(points: Floats, width: int, most: int, rng: np.random.Generator) -> Floats:
    """Move a few coordinates of each point, as probably forth as back.

    Parameters
    ----------
    points : numpy.ndarray of shape (n_points, n_coordinates)
        The points.
    width : int
        How many of the first coordinates may move.
    most : int
        How many of them move at most.
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    numpy.ndarray of shape (n_points, n_coordinates)
        Where they are afterwards; beyond 1 comes 0.
    """
    made, rows = points.copy(), np.arange(len(points))
    changed = rng.integers(1, most + 1, len(points))
    far = np.choose(rng.integers(0, len(STEPS), len(points)), STEPS)
    for k in range(most):
        at = rng.integers(0, width, len(points))
        step = np.where(k < changed, far * rng.standard_normal(len(points)), 0.0)
        made[rows, at] = (made[rows, at] + step) % 1.0
    return made
