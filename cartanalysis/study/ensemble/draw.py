"""Draw cohorts, island by island."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from cartanalysis.claims.registry import Registry
from cartanalysis.stats import rare
from cartanalysis.study.ensemble.model import Model

ISLAND = 1000
"""Points that are moved together; several islands do not know of each other."""

SWEEPS = 300


@dataclass(frozen=True)
class Ensemble:
    """Cohorts that agree with everything known, and how large the effects are in each.

    Attributes
    ----------
    effects : pandas.DataFrame
        One row per cohort: cohort, by exposure and endpoint hr, lower, upper and p (``hr_emd_os``,
        …) alone and adjusted (``adjusted_emd_os``, …), remission without EMD and with isolated
        CNS disease, survival at two years, what was drawn for the whole cohort, and island and
        ancestor: cohorts that share both are not independent.
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
    sample = rare.sample(model.shortfall, model.layout, size, rng, sweeps, model.kernels)
    observed = model.observe(model.unfold(sample.points))
    met = model.met(observed)
    kept = model.observe(observed.courses.take(met))
    about = {
        "log10_share": sample.log10_share + float(np.log10(max(met.mean(), 1 / size))),
        "ancestors": len(set(sample.ancestor)), "moved": sample.moved, "met": float(met.mean()),
    }  # fmt: skip
    effects = kept.effects().assign(island=seed[1], ancestor=sample.ancestor[met])
    return effects, kept.patients(known, random.Random(str(seed))), about
