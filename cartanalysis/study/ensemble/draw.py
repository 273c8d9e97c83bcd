"""Draw cohorts, island by island."""

from __future__ import annotations

import math
import random
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, fields
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cartanalysis.claims.registry import Registry
from cartanalysis.contract import FIELDS
from cartanalysis.stats import rare
from cartanalysis.study.bystanders import Patient
from cartanalysis.study.ensemble.model import Model
from cartanalysis.workers import working

ISLAND = 1000
"""Points that are moved together; several islands do not know of each other."""

SWEEPS = 900


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


def draw(known: Registry, size: int, seed: int, **options: Any) -> Ensemble:
    """Draw cohorts that agree with everything published.

    Parameters
    ----------
    known : Registry
        Published and assumed values.
    size : int
        How many cohorts.
    seed : int
        The same seed gives the same cohorts, however many work.
    **options : Any
        As of `parts`.

    Returns
    -------
    Ensemble
        The cohorts.
    """
    found = [*parts(known, size, seed, **options)]
    return Ensemble(
        pd.concat([p.effects for p in found], ignore_index=True),
        pd.concat([p.patients for p in found], ignore_index=True),
        pd.concat([p.islands for p in found], ignore_index=True),
    )


def parts(
    known: Registry,
    size: int,
    seed: int,
    *,
    model: Model | None = None,
    island: int = ISLAND,
    sweeps: int = SWEEPS,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Generator[Ensemble]:
    """Draw cohorts that agree with everything published, a part at a time.

    Parameters
    ----------
    known : Registry
        Published and assumed values.
    size : int
        How many cohorts.
    seed : int
        The same seed gives the same cohorts, however many work.
    model : Model, optional
        Another prior, or another abstract, than the registry's.
    island, sweeps : int
        Points moved together, and moves of each after the conditions are met.
    jobs : int
        Processes of this machine.
    scheduler : str, optional
        Address of the Dask scheduler whose workers draw instead.

    Yields
    ------
    Ensemble
        The cohorts of one island; of the last one, as many as are still wanted.
    """
    model = model or Model.of(known)
    with working(jobs, scheduler) as workers:
        count, asked = 0, 0
        while count < size:
            # how many of an island's points meet all conditions is known only afterwards
            more = math.ceil((size - count) * asked / count) if count else workers.count
            seeds = [(seed, number) for number in range(asked, asked + more)]
            of = (repeat(model), repeat(known), seeds, repeat(island), repeat(sweeps))
            with closing(workers.each(_island, *of)) as found:
                for effects, patients, about in found:
                    if effects.empty:  # no point of the island met all conditions
                        continue
                    taken = min(len(effects), size - count)
                    yield _numbered(effects[:taken], patients, about, count, model.abstract.n)
                    count += taken
                    if count == size:
                        return  # more islands may have been asked than are needed
            asked += more


def _numbered(
    effects: pd.DataFrame, patients: pd.DataFrame, about: dict[str, float], before: int, n: int
) -> Ensemble:
    """Number the cohorts of an island, and leave out the patients of those that are left out."""
    numbers = range(before + 1, before + len(effects) + 1)
    effects = effects.reset_index(drop=True)
    effects.insert(0, "cohort", numbers)
    patients = patients.iloc[: len(effects) * n].reset_index(drop=True)
    patients.insert(0, "cohort", np.repeat(numbers, n))
    patients["patient_id"] = [f"E{c:05d}-{p:02d}" for c in numbers for p in range(1, n + 1)]
    return Ensemble(effects, patients, pd.DataFrame([about]))


def write(parts: Iterable[Ensemble], path: Path) -> None:
    """Write patients as Parquet, each part as soon as it is there.

    Parameters
    ----------
    parts : iterable of Ensemble
        As from `parts`.
    path : pathlib.Path
        File to write, a row group for each part.
    """
    kinds = {"str": pa.string(), "int": pa.int64(), "float": pa.float64()}
    of = {f.name: kinds[str(f.type).removesuffix(" | None")] for f in fields(Patient)}
    schema = pa.schema({"cohort": pa.int64()} | {name: of[name] for name in FIELDS if name in of})
    with pq.ParquetWriter(path, schema) as writer:
        for part in parts:
            writer.write_table(pa.Table.from_pandas(part.patients, schema, preserve_index=False))


def _island(
    model: Model, known: Registry, seed: tuple[int, int], size: int, sweeps: int
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    """Move points until they meet the conditions on ranks, and keep those that meet all."""
    rng = np.random.default_rng(seed)
    sample = rare.sample(model.shortfall, model.layout, size, rng, sweeps, model.kernels)
    observed = model.observe(model.unfold(sample.points))
    met = model.met(observed)
    if not met.any():
        return pd.DataFrame(), pd.DataFrame(), {}
    kept = model.observe(observed.courses.take(met))
    about = {
        "log10_share": sample.log10_share + float(np.log10(max(met.mean(), 1 / size))),
        "ancestors": len(set(sample.ancestor)), "moved": sample.moved, "met": float(met.mean()),
    }  # fmt: skip
    effects = kept.effects().assign(island=seed[1], ancestor=sample.ancestor[met])
    return effects, kept.patients(known, random.Random(str(seed))), about
