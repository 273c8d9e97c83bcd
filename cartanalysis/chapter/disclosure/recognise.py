"""Which cohorts need no disclosure control: those that the generator drew, and nobody changed.

Whoever opens a cohort asks here.  Identifiers prove nothing, since anybody can put other patients
beneath them: a cohort is a reconstruction only where it holds every value that its seed draws.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace

from cartanalysis import intake
from cartanalysis.contract import DEFAULT_COHORT, Cohort

START = f"{DEFAULT_COHORT}-seed"
SEEDED = re.compile(rf"({START}-?[0-9]{{1,18}})-[0-9]+")
"""Identifiers that the generator gives to other cohorts than the default one."""

DRAWN = "CARTANALYSIS_DRAWN_"
"""Begins the environment variables that hold the hash of what a seed draws: drawing takes seconds,
and the kernels that this process starts need not do it again."""


def recognise(cohort: Cohort) -> Cohort:
    """Call a cohort a reconstruction where it is one; where it only looks so, add a note."""
    if cohort.is_reconstruction:  # the default one, read from the package
        return cohort
    found = [SEEDED.fullmatch(identifier) for identifier in cohort.table["patient_id"]]
    names = {match[1] if match else "" for match in found}
    name = names.pop() if len(names) == 1 else ""
    if not name:
        return cohort
    seed = int(name.removeprefix(START))
    if _hash(cohort) == _drawn(seed):
        return replace(cohort, name=name, is_reconstruction=True)
    note = (
        f"The identifiers are those of the reconstruction {name}, but the patients are not all and "
        "exactly those that its seed draws: something was changed, or another version of this "
        "program drew them. They are treated as your data, and protected."
    )
    return replace(cohort, notes=(*cohort.notes, note))


def _drawn(seed: int) -> str:
    """Hash the cohort of a seed; nothing where there is none."""
    known = os.environ.get(f"{DRAWN}{seed}")
    if known is None:
        from cartanalysis.study.reconstruct import reconstruct  # slow to import, rarely needed

        try:
            known = _hash(intake.parse(reconstruct(seed).encode(), f"seed {seed}", settled=True))
        except RuntimeError:  # no draw agrees with the paper, or this study has no generator
            known = ""
        os.environ[f"{DRAWN}{seed}"] = known
    return known


def _hash(cohort: Cohort) -> str:
    """Hash a cohort in whichever order its patients stand."""
    return replace(cohort, table=cohort.table.sort_values("patient_id")).sha256
