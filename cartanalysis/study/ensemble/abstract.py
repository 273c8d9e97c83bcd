"""What an abstract says of one trial, and the tables of counts that agree with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cartanalysis.claims.registry import Entry, Registry

Ints = npt.NDArray[np.intp]

EXPOSURES = ("emd", "treg", "genetics")
COMPARISONS = tuple((e, end) for end in ("os", "rfs") for e in EXPOSURES)
LEVEL = 0.05
COLUMNS = dict(zip(("emd_any", "treg_group", "genetic_risk"), EXPOSURES, strict=True))
"""What the exposures are called by the column of a cohort."""


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


def name_of(claim: Entry) -> str:
    """Name the effect of a directional claim as in `Ensemble.effects`.

    Parameters
    ----------
    claim : Entry
        Of the registry.

    Returns
    -------
    str
        Such as ``hr_emd_os`` or ``adjusted_emd_os``.
    """
    how = "adjusted" if claim.how == "adjusted" else "hr"
    return f"{how}_{COLUMNS[claim.details['exposure']]}_{claim.details['endpoint']}"
