"""Whether the ensemble finds the truth of real patients: abstract public data, and look for it.

Data sets that ship with lifelines and scikit-survival are abstracted as the study was: survival at
one landmark to one decimal, the median, and which comparisons are significant; sizes of groups
are told as well.  They have one endpoint and one or two factors, so the abstract leaves the other
endpoint and EMD out.  The landmark becomes a year of 365 days, and all other times with it.
One factor is split at its median, the other has two values; the group named is the one that was
expected to do worse before looking.

scikit-survival is not among the requirements of the book.  Its data are read where it is
installed, for example by ``pip install --no-deps --target DIR scikit-survival`` and
``PYTHONPATH=DIR``; without it the script ends with an error.  Writes
``cartanalysis/study/data/ensemble-public.csv`` in a quarter of an hour on two cores:

    python scripts/ensemble_public.py
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import lifelines.datasets
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import stats
from scipy.io import arff

from cartanalysis.stats import batch, rare
from cartanalysis.stats.batch import RiskSets
from cartanalysis.study.ensemble.abstract import LEVEL, Abstract
from cartanalysis.study.ensemble.model import Model
from cartanalysis.study.published import DATA, load

ISLAND, SWEEPS, SEED, ENOUGH, MOST_ISLANDS, JOBS = 300, 300, 2020, 100, 3, 2
TOO_FEW = 20
"""Draws below which no band is judged."""

DOES_NOT_FIT = {
    "lifelines gbsg2": "686 patients, too many for the sampler (see whas500)",
    "lifelines lymph_node": "the median survival is not reached; its relapses are those of gbsg2",
    "lifelines kidney_transplant": "the median survival is not reached",
    "lifelines rossi": "the median time to arrest is not reached",
    "lifelines multicenter_aids_cohort_study": "patients enter late; the median is not reached",
    "lifelines lupus": "patients enter late (left truncation)",
    "lifelines psychiatric_patients": "26 patients",
    "lifelines g3": "17 patients",
    "lifelines canadian_senators": "terms of office, not survival; 933",
    "lifelines dd": "terms of governments, not patients; 1,808",
    "lifelines regression_dataset": "simulated, no patients",
    "lifelines static_test, panel_test, holly_molly_polly, dfcv": "toy data of up to 28 rows",
    "lifelines recur": "recurrent events",
    "lifelines mice, diabetes, c_botulinum_lag_phase": "interval censored",
    "lifelines nh4, lcd": "concentrations, not times",
    "scikit-survival breast_cancer": "198 women, 51 events; the median is reached at the very end",
    "scikit-survival aids": "1,151 patients, 96 events; the median is not reached",
    "scikit-survival flchain": "7,874 persons; the median is not reached",
    "scikit-survival bmt": "35 patients, competing risks",
    "scikit-survival cgvhd": "competing risks",
    "scikit-survival gbsg2": "the same data as lifelines gbsg2",
}


@dataclass(frozen=True)
class Trial:
    """Real patients: time in landmarks' unit, event, and who is exposed to what."""

    name: str
    unit: str
    landmark: float
    time: pd.Series
    event: pd.Series
    split: pd.Series | None = None
    split_name: str = ""
    binary: pd.Series | None = None
    binary_name: str = ""

    @property
    def days(self) -> np.ndarray:
        """Times where the landmark is day 365."""
        return np.maximum(1.0, np.rint(self.time.to_numpy(float) * 365 / self.landmark))

    @property
    def exposed(self) -> dict[str, np.ndarray]:
        """Who is exposed, under the names of the study."""
        found = {}
        if self.split is not None:
            found["treg"] = (self.split > self.split.median()).to_numpy()
        if self.binary is not None:
            found["genetics"] = self.binary.to_numpy(bool)
        return found


def of_sksurv(name: str) -> pd.DataFrame:
    """Read a data set of scikit-survival."""
    spec = find_spec("sksurv")
    if spec is None or spec.origin is None:
        raise SystemExit("scikit-survival is not installed: see the top of this script")
    rows, _ = arff.loadarff(Path(spec.origin).parent / "datasets" / "data" / f"{name}.arff")
    table = pd.DataFrame(rows)
    texts = table.select_dtypes(object).columns
    return table.assign(**{c: table[c].str.decode("utf-8") for c in texts})


def trials() -> list[Trial]:
    """Give the data sets that fit."""
    lung = lifelines.datasets.load_lung()
    larynx = lifelines.datasets.load_larynx()
    leukemia = lifelines.datasets.load_leukemia()
    stanford = lifelines.datasets.load_stanford_heart_transplants().groupby("id").last()
    lymphoma = lifelines.datasets.load_lymphoma()
    flies = lifelines.datasets.load_waltons()
    veteran, whas = of_sksurv("veteran"), of_sksurv("whas500")
    late = larynx["Stage_III"] + larynx["Stage_IV"] > 0
    return [
        Trial("lifelines leukemia", "weeks", 12, leukemia["t"], leukemia["status"],
              leukemia["logWBC"], "log white cells", leukemia["Rx"] == 1, "control"),
        Trial("lifelines lymphoma", "days", 90, lymphoma["Time"], lymphoma["Censor"],
              binary=lymphoma["Stage_group"] == 2, binary_name="stage IV"),
        Trial("lifelines larynx", "years", 4, larynx["time"], larynx["death"],
              larynx["age"], "age", late, "stage III or IV"),
        Trial("lifelines stanford_heart_transplants", "days", 180, stanford["stop"],
              stanford["event"], stanford["age"], "age", stanford["surgery"] == 0,
              "no earlier surgery"),
        Trial("scikit-survival veterans_lung_cancer", "days", 90, veteran["Survival_in_days"],
              veteran["Status"] == "dead", veteran["Age_in_years"], "age",
              veteran["Karnofsky_score"] <= 50, "Karnofsky index of 50 or less"),
        Trial("lifelines waltons", "days", 30, flies["T"], flies["E"],
              binary=flies["group"] == "miR-137", binary_name="miR-137 (flies)"),
        Trial("lifelines lung", "days", 365, lung["time"], lung["status"],
              lung["age"], "age", lung["sex"] == 1, "men"),
        Trial("scikit-survival whas500", "days", 365, whas["lenfol"], whas["fstat"].astype(float),
              whas["age"], "age", whas["chf"].astype(float) == 1, "heart failure"),
    ]  # fmt: skip


def told(trial: Trial) -> tuple[Model, pd.DataFrame]:
    """Abstract a trial; also give what the abstract does not say."""
    sets = RiskSets(trial.days[None], trial.event.to_numpy(float)[None])
    curve = batch.kaplan_meier(sets)
    significant, truth = {}, {}
    for exposure, who in trial.exposed.items():
        test = batch.log_rank(sets, who[None].astype(int))
        p = float(stats.chi2.sf(test.statistic[0], 1))
        significant[exposure, "os"] = bool(p < LEVEL and test.excess[1][0] > 0)
        fit = batch.cox(sets, who[None, None].astype(float))
        beta, half = fit.beta[0][0], stats.norm.ppf(0.975) * fit.error[0][0]
        for bound, value in (("", beta), ("_lower", beta - half), ("_upper", beta + half)):
            truth[f"hr_{exposure}_os{bound}"] = float(np.exp(value))
    truth["os_2y"] = float(batch.survival_at(sets, curve, 730)[0])
    n = len(trial.days)
    abstract = Abstract(
        n, n, 0, 0, round(100 * float(batch.survival_at(sets, curve, 365)[0]), 1), None,
        float(batch.median(sets, curve)[0]), None, significant, {},
    )  # fmt: skip
    alive = trial.days[trial.event.to_numpy(float) == 0]
    model = Model.of(load())
    exposed = trial.exposed
    share = exposed["genetics"].mean() if "genetics" in exposed else 0.5
    prior = replace(
        model.prior, cns=(0, 0), remission_day=(1, 1), high_risk=(share, share),
        follow_up=((float(alive.min()), float(trial.days.max())),),
        hr={of: model.prior.hr[of] if of in exposed else (1.0, 1.0) for of in model.prior.hr},
    )  # fmt: skip
    return Model(abstract, prior, by_permutation=False), pd.DataFrame([truth])


def one(trial: Trial) -> pd.DataFrame:
    """Draw the ensemble of a trial's abstract, and say where the truth lies."""
    model, truth = told(trial)
    rng = np.random.default_rng([SEED, len(trial.days)])
    found: list[pd.DataFrame] = []
    ancestors = 0
    for _ in range(MOST_ISLANDS):
        try:
            sample = rare.sample(model.shortfall, model.layout, ISLAND, rng, SWEEPS, model.kernels)
        except rare.OutOfReachError:
            continue
        observed = model.observe(model.unfold(sample.points))
        met = model.met(observed)
        ancestors += len(set(sample.ancestor[met]))
        found.append(model.observe(observed.courses.take(met)).effects())
        if sum(map(len, found)) >= ENOUGH:
            break
    drawn = pd.concat(found) if found else pd.DataFrame(columns=truth.columns, dtype=float)
    names = {"treg": trial.split_name, "genetics": trial.binary_name}
    rows = []
    for quantity, (true,) in truth.items():
        known = drawn[str(quantity)].dropna()
        low, middle, high = known.quantile([0.025, 0.5, 0.975])
        factor = next((f for f in trial.exposed if f in str(quantity)), "")
        rows.append({
            "data": trial.name, "patients": len(trial.days), "events": int(trial.event.sum()),
            "landmark": f"{trial.landmark:g} {trial.unit}", "factor": names.get(factor, ""),
            "significant": model.abstract.significant.get((factor, "os"), ""),
            "quantity": str(quantity).replace(f"_{factor}_os", "") if factor else "survival_2",
            "truth": true, "lower": low, "middle": middle, "upper": high,
            "inside": bool(low <= true <= high) if len(known) >= TOO_FEW else "",
            "draws": len(known), "ancestors": ancestors,
        })  # fmt: skip
    table = pd.DataFrame(rows)
    print(table.to_string(), file=sys.stderr, flush=True)
    return table


def main() -> None:
    """Draw for all data sets and write the table."""
    parts = Parallel(n_jobs=JOBS)(delayed(one)(trial) for trial in trials())
    unfit = pd.DataFrame({"data": DOES_NOT_FIT.keys(), "does_not_fit": DOES_NOT_FIT.values()})
    target = Path(str(DATA)) / "ensemble-public.csv"
    pd.concat([*parts, unfit]).to_csv(
        target, index=False, float_format="%.4g", lineterminator="\n"
    )  # fmt: skip


if __name__ == "__main__":
    main()
