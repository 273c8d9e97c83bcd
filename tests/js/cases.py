"""Cohorts of all kinds and what the package makes of them, for the tests of the page's scripts."""

from __future__ import annotations

import csv
import io
import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special, stats

from cartanalysis import consistency, exact, response, survival, verdicts
from cartanalysis.admission import Request, admit
from cartanalysis.cohort import FIELDS, derive
from cartanalysis.errors import CannotCompute, InputError
from cartanalysis.figures.km import ticks
from cartanalysis.publish.browser_data import CONFIDENCE, GROUPINGS
from cartanalysis.published import load
from cartanalysis.text import format_interval, format_value

Rows = list[dict[str, str]]
REGISTRY = load()


def make(folder: Path, seed: int = 4, clean: int = 200, dirty: int = 100) -> dict[str, Any]:
    """Make cohorts and what the package says of them.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder for the files.
    seed : int
        Of the random numbers.
    clean, dirty : int
        How many cohorts are random, and how many have something wrong or unusual.

    Returns
    -------
    dict
        JSON: cohorts (text of the file and every result) and functions (arguments and values).
    """
    rng = random.Random(seed)
    texts = [*AWKWARD.items()]
    texts += [(f"random {i}", write(cohort(rng))) for i in range(clean)]
    texts += [(f"dirty {i}", spoilt(rng)) for i in range(dirty)]
    cases = []
    for i, (name, text) in enumerate(texts):
        path = folder / f"cohort{i}.csv"
        path.write_bytes(text.encode())
        cases.append({"name": name, "csv": text} | expected(path, rng))
    return _plain({"cohorts": cases, "functions": functions(rng), "texts": formats(rng)})


# --- cohorts -----------------------------------------------------------------------------------


def cohort(rng: random.Random, n: int | None = None) -> Rows:
    """Draw patients who break no rule."""
    n = n or rng.choice([1, 2, 3, 5, 8, 13, 30, 47, 80])
    step = rng.choice([1, 7, 30, 0.5, 0.1])
    longest = rng.choice([40, 400, 1500])
    dies = rng.choice([0, 0.2, 0.6, 1])
    absent = rng.choice([0, 0, 0.1, 0.5])
    arms = rng.choice([["A"], ["A", "B"], ["A", "b", "C", "Ä"], ["x"] * 9 + ["y"]])
    rows = []
    for i in range(n):
        os_days = max(0, round(rng.expovariate(2 / longest) / step)) * step
        os_event = rng.random() < dies
        responds = rng.random() < 0.8
        rfs_days = min(os_days, max(0, round(rng.random() * os_days / step)) * step)
        relapsed = rng.random() < dies or (os_event and rfs_days == os_days)
        cause = ["relapse", "death"] if os_event else ["relapse"]
        row = {
            "patient_id": f"P{i:03d}",
            "age_years": f"{rng.uniform(3, 89):.1f}",
            "sex": rng.choice(["female", "male"]),
            "arm": rng.choice(arms),
            "emd": rng.choice(["none", "none", "none", "cns", "other"]),
            "treg_pct": f"{rng.uniform(1, 20):.1f}",
            "genetic_risk": rng.choice(["standard", "high"]),
            "bm_blasts_pct": str(rng.randint(2, 100)),
            "prior_hsct": rng.choice(["no", "yes"]),
            "response": rng.choice(["CR", "CRi"]) if responds else "NR",
            "ae_grade_max": str(rng.randint(0, 4)),
        }
        for name in [k for k in row if k != "patient_id"]:
            if rng.random() < absent:
                row[name] = ""
        row |= {"os_days": f"{os_days:g}", "os_event": str(int(os_event))}
        has_rfs = responds and row["response"]
        row["rfs_days"] = f"{rfs_days:g}" if has_rfs else ""
        row["rfs_event"] = str(int(relapsed)) if has_rfs else ""
        row["rfs_cause"] = rng.choice(cause) if has_rfs and relapsed else ""
        rows.append(row)
    if not any(row["treg_pct"] for row in rows):  # the package warns of a median of nothing
        rows = [{k: v for k, v in row.items() if k != "treg_pct"} for row in rows]
    if rng.random() < 0.3:  # columns of the contract may be absent
        gone = rng.sample([k for k in rows[0] if "os_" not in k and "rfs_" not in k][1:], 3)
        rows = [{k: v for k, v in row.items() if k not in gone} for row in rows]
    return rows


def write(rows: Rows, separator: str = ",") -> str:
    """Write patients as delimited text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def small(text: str) -> str:
    """Write times and events such as ``10+ 20 20`` as a cohort, + for censored."""
    lines = ["patient_id,os_days,os_event"]
    for i, time in enumerate(text.split()):
        lines.append(f"P{i},{time.rstrip('+')},{int(not time.endswith('+'))}")
    return "\n".join(lines) + "\n"


AWKWARD = {
    "one patient, an event": small("10"),
    "one patient, censored": small("10+"),
    "all censored": small("1+ 2+ 3+ 3+"),
    "all at one time": small("7 7 7 7"),
    "one half exactly": small("10 20 30 40"),
    "one half exactly, then censored": small("10 20 30+ 40+"),
    "one half exactly to the end": small("10 20 30+"),
    "ties of events and censoring": small("5 5+ 5 8 8+ 9+ 9"),
    "an event on day 0": small("0 0 3 9+"),
    "every time 0": small("0 0+"),
    "decimal times": small("0.5 0.25 1.125+ 365.25 365"),
    "event exactly at one year": small("365 365+ 400 10 20 364.5"),
    "nothing but identifiers": "patient_id\nA\nB\n",
    "header only": "patient_id,os_days,os_event\n",
    "empty": "",
    "blank": "\n  \n",
    "no identifier": "os_days,os_event\n3,1\n",
    "twins": "patient_id,sex\nP1,F\nP01,M\np1,F\nP1,F\n",
    "quotes": 'patient_id,sex\n"a,""b""\nc",female\n"d"x,male\n',
    "open quote": 'patient_id,sex\n"a,female\nb,male\n',
    "cr only": "patient_id,sex\rA,F\r\rB,m\r",
    "sep line": "sep=;\npatient_id;treg_pct\nA;5,5\nB;6,25\n",
    "byte order mark": "\ufeffpatient_id,sex\nA,female\n",
    "ragged": "patient_id,sex\nA\nB,female,,\nC,female,x\n",
    "unnamed counter": ",patient_id\n0,A\n1,B\n",
    "unnamed values": ",patient_id\nx,A\n,B\n",
    "columns twice": "patient_id,sex,sex,SEX,Sex\nA,female,,,\n",
    "own names": "patient_id,Os_days,os.event,centre,__proto__,constructor\nA,1,0,x,y,z\n",
    "objects": "patient_id,sex,arm,prior_hsct\nA,constructor,__proto__,toString\n",
    "seven arms": "patient_id,arm\n" + "".join(f"P{i},arm {i}\n" for i in range(1, 8)),
    "arms alike": "patient_id,arm\nA,Straße  1\nB,STRASSE 1\nC,strasse 1\n",
    "controls": "patient_id,arm,sex\nA,a\x07b,f\x07\nB,‮x,f‮\n",
    "formulas": "patient_id,arm,sex\n=1+1,@x,=HYPERLINK(1)\n<b>x</b>,$x$,<i>\n",
    "fractions": "patient_id,treg_pct\n" + "".join(f"P{i},0.0{i}\n" for i in range(1, 8)),
    "months": small("1 2 3+ 4 5+ 6"),
    "old": "patient_id,age_years\nA,89\nB,89.5\nC,130\nD,90\n",
    "names": "patient_id,patientLastName,DOB,MRN,e-mail,Notes,City,phone\nA,,,,,,,\n",
    "values": "patient_id,a,b,c,d,f\n"
    + "".join(f"P{i},x{i}@y.org,2020-01-02,01523 445566,3 High Road,{'z' * 81}\n" for i in (1, 2)),
    "many alike": "patient_id,sex\n" + "".join(f"P{i},unknown\n" for i in range(1, 30)),
    "no letters": "patient_id,sex,os_days,os_event\n" + "x,,,\n" * 60,
    "too long a cell": "patient_id,arm\nA," + "x" * 10_001 + "\n",
}  # fmt: skip

ODD = {
    "patient_id": ["", "P000", "p 000", "P0", "３"],
    "age_years": ["-1", "999", "95", "12 y", "12,5", "1.234,5", "NA", "2020-01-01", "++3", "."],
    "sex": ["F", "m", "FEMALE", "Female ", "x", "N/A", "0"],
    "emd": ["None", "CNS ", "na", "both"],
    "treg_pct": ["0,07", "1,000", "101", "7 %", "5.", ".5", "+3", "1e1", "inf"],
    "genetic_risk": ["High", "high-risk"],
    "prior_hsct": ["Y", "1", "false", "TRUE", "maybe"],
    "response": ["cr", "CRI", "PR", "nr"],
    "ae_grade_max": ["3/4", "≥3", "IV", "Grade 2", "gr. iv", "6", "2.5", "5"],
    "os_days": ["-3", "12 mo", "2021-02-30", "99999", "1e3", "7,5", "3650.5", ""],
    "os_event": ["2", "DECEASED", "0:LIVING", "yes", "TRUE", "dead?", ""],
    "rfs_days": ["9000", "5", "", "0"],
    "rfs_event": ["Y", "0", "1", "3", ""],
    "rfs_cause": ["death", "Relapse", "toxicity", ""],
    "arm": ["a", " A  ", "ß"],
    "bm_blasts_pct": ["n/a", "50 %"],
}
STRANGE = [
    ("osdays", "5"), ("Sex_", "f"), ("centre", "7"), ("comment", "x"), ("visit date", "2020-02-03"),
    ("first name", "Q"), ("phone", ""), ("url", "www.x.org"), ("tel", "+49 30 123456"),
    ("hsct_day", "20"), ("crs_grade", "5"), ("hsct_days", "3"), ("mrd", "POS"),
    ("geburtsdatum", ""), ("出生", ""), ("home", "12 Long Road"), ("wt", "071234567"),
]  # fmt: skip


def spoilt(rng: random.Random) -> str:
    """Write a cohort with something wrong or unusual."""
    rows = cohort(rng, rng.choice([2, 6, 12]))
    for _ in range(rng.randint(1, 6)):
        name = rng.choice(sorted(set(rows[0]) & set(ODD)))
        rng.choice(rows)[name] = rng.choice(ODD[name])
    if rng.random() < 0.4:
        name, value = rng.choice(STRANGE)
        rows = [row | {name: rng.choice([value, value, ""])} for row in rows]
    if rng.random() < 0.2:
        rows.append(dict(rng.choice(rows)))
    if rng.random() < 0.2:
        old, new = rng.choice([("os_days", "OS_days"), ("sex", "gender"), ("rfs_event", "RFS_evt")])
        rows = [{new if k == old else k: v for k, v in row.items()} for row in rows]
    text = write(rows, rng.choice([",", ",", ",", ";", "\t", "|"]))
    if rng.random() < 0.1:
        text = text.replace("\n", rng.choice(["\r\n", "\n\n", " \n"]), 5)
    return text


# --- what the package says ---------------------------------------------------------------------


def expected(path: Path, rng: random.Random) -> dict[str, Any]:
    """Put a file through the package."""
    try:
        admitted = admit(Request(str(path)))
    except InputError as error:
        return {"problems": error.records()}
    table = admitted.table
    columns = {c: [_cell(v) for v in table[c]] for c in table}
    cutoff = rng.choice([None, None, 7.5])
    patients = derive(table, cutoff)
    results = []
    for endpoint in survival.ENDPOINTS:
        for by in (None, rng.choice(list(GROUPINGS))):
            results.append(on_endpoint(patients, endpoint, by))
    rates = []
    for by in (None, rng.choice(list(GROUPINGS))):
        found = _or_why(lambda by=by: response.remission(patients, by).to_dict("records"))
        rates.append({"by": by, "rows": found})
    return {
        "problems": [],
        "notes": admitted.notes,
        "columns": columns,
        "cutoff": cutoff,
        "survival": results,
        "remission": rates,
        "claims": list(claims(patients, rng)),
    }


def on_endpoint(patients: Any, endpoint: str, by: str | None) -> dict[str, Any]:
    """Compute curves, medians, and what else is told of an endpoint and grouping."""
    asked: dict[str, Any] = {"endpoint": endpoint, "by": by}
    curves = _or_why(lambda: survival.kaplan_meier(patients, endpoint, by))
    if isinstance(curves, dict):
        return asked | {"curves": curves}
    longest = float(curves["time"].max())
    asked |= {
        "curves": curves.to_dict("records"),
        "ticks": ticks(longest),
        "medians": survival._medians(curves, "").to_dict("records"),
    }
    if by is None:
        times = [0.0, 30.0, 99.5, 365.0, longest]
        at_risk = survival.at_risk_table(patients, endpoint, times)
        at = survival.survival_at(patients, endpoint, times)
        return asked | {
            "times": times,
            "at_risk": at_risk.to_dict("records"),
            "at": at.to_dict("records"),
        }
    if _can_test(patients, endpoint, by):
        asked["log_rank"] = _or_why(
            lambda: survival.log_rank(patients, endpoint, by).to_dict("records")[0]
        )
    return asked


def _can_test(patients: Any, endpoint: str, by: str) -> bool:
    """Leave out what `survival.log_rank` cannot answer: no one to compare the last group with."""
    data = survival.with_endpoint(patients, endpoint, by)
    names = response.levels(data[by])
    kept = set(survival._comparable(data, by)[by])
    return len(kept) < 2 or names[-1] in kept


def claims(patients: Any, rng: random.Random) -> Iterator[dict[str, Any]]:
    """Judge every value and the ordering, and test a third of the directions."""
    for entry in REGISTRY.select(evidence="P"):
        if entry.kind == "direction" and rng.random() < 2 / 3:
            continue
        if entry.kind in ("rate", "time", "ordering"):
            yield {"id": entry.id} | verdicts.judge(entry, patients, REGISTRY)
        elif entry.kind == "direction" and entry.details["model"] == "univariable":
            asked = entry.details["endpoint"], entry.details["exposure"]
            found = _or_why(
                lambda asked=asked: survival.log_rank(patients, *asked).to_dict("records")[0]
            )
            yield {"id": entry.id, "log_rank": found}


def _or_why(compute: Callable[[], Any]) -> Any:
    try:
        return compute()
    except CannotCompute as error:
        return {"why": str(error)}


# --- functions ---------------------------------------------------------------------------------


def functions(rng: random.Random) -> dict[str, list[Any]]:
    """Give arguments and values of the functions that the scripts compute themselves."""
    sizes = [(1, 1), (0, 1), (0, 47), (47, 47), (38, 47), (3, 47), (2, 7), (1, 20_000)]
    sizes += [(10_000, 20_000), (19_999, 20_000)]
    sizes += [(rng.randint(0, n), n) for n in (rng.randint(1, 500) for _ in range(150))]
    shapes = [(a, b, rng.random()) for a in (1, 2, 15, 16, 300) for b in (1, 7, 40, 5000)]
    tables = [[rng.randint(0, 12) for _ in range(4)] for _ in range(60)]
    tables = [t for t in tables if min(t[0] + t[1], t[2] + t[3], t[0] + t[2], t[1] + t[3]) > 0]
    odds = [stats.contingency.odds_ratio([t[:2], t[2:]]).statistic for t in tables]
    two = [
        (rng.random(), rng.uniform(2, 900), rng.random(), rng.uniform(2, 90)) for _ in range(100)
    ]
    two += [(0.0, 5, 0.0, 7), (1.0, 5, 1.0, 7), (1.0, 50, 0.0, 7), (0.5, 7, 0.5, 9)]
    return {
        "normalSf": [[z, stats.norm.sf(z)] for z in np.linspace(-8, 30, 120)],
        "normalQuantile": [[p, stats.norm.ppf(p)] for p in (0.01, 0.5, 0.6, 0.9, 0.975, 0.9995)],
        "chi2Sf": [
            [x, d, stats.chi2.sf(x, d)] for d in range(1, 7) for x in (0, 0.1, 1, 3.84, 9, 60, 400)
        ],
        "betaCdf": [[x, a, b, special.betainc(a, b, x)] for a, b, x in shapes],
        "betaQuantile": [
            [p, a, b, special.betaincinv(a, b, p)] for a, b, _ in shapes for p in (0.025, 0.5)
        ],
        "binomialInterval": [[x, n, CONFIDENCE, exact.binomial_interval(x, n)] for x, n in sizes],
        "fisher": [
            [*t, {"p": exact.fisher([t[:2], t[2:]]).p, "below": bool(ratio < 1)}]
            for t, ratio in zip(tables, odds, strict=True)
            if abs(ratio - 1) > 1e-6 or ratio == 1
        ],
        "consistencyP": [[*t, float(consistency.p_value(*t))] for t in two],
        "predicted": [[*t[1:], CONFIDENCE, consistency.predicted(*t[1:])] for t in two],
        "difference": [[*t, CONFIDENCE, consistency.difference(*t)] for t in two],
    }  # fmt: skip


def formats(rng: random.Random) -> list[Any]:
    """Give values and how readers see them."""
    values = [0.5, 0.0625, 0.03125, 0.809, 1.0, 0.0, 0.05, 0.0499999, 0.0004, 12.0, 12.25, math.nan]
    values += [rng.random() * 10 ** rng.randint(-4, 3) for _ in range(80)]
    units = ("fraction", "days", "ratio", "p")
    return [
        [v, unit, format_value(v, unit), format_interval(v, v + 1, unit)]
        for v in values
        for unit in units
    ]


# --- JSON --------------------------------------------------------------------------------------


def _cell(value: Any) -> Any:
    return None if value is None or value != value else value


def _plain(value: Any) -> Any:
    """Turn numpy's and pandas' values into JSON's; what is not defined becomes null."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


assert set(ODD) <= set(FIELDS), "a typing mistake above"
