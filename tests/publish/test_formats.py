"""What a site publishes about a file equals what a few lines of pandas compute from that file.

Nothing of the package is used on the side of the file: dates are subtracted, codes are read and the
survival curve is multiplied here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
from tinybook import TESTS, run

CASES, FORMATS = TESTS / "data" / "cases", TESTS / "data" / "formats"

CHAPTER = """# %% [markdown]
# # What is published

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
days: int = 28

# %%
from cartanalysis import Study

study = Study("one", cohort, min_cell=min_cell)
os, rfs = study.survival("os"), study.survival("rfs")
study.hand_over(patients=study.flow().patients, orr=study.remission().rate)
study.hand_over(os_1y=os.one_year, os_median=os.median)
study.hand_over(rfs_1y=rfs.one_year, rfs_median=rfs.median)
"""
YEAR, MONTH = 365, 30.4375
TOLD = 0.05
"""Medians are told in tenths of a day."""


@dataclass
class Raw:
    """A patient table as the tests read it: an answer, and days with whether the event was seen."""

    remission: list[bool]
    os: list[tuple[float, bool]]
    rfs: list[tuple[float, bool]] | None = None


def curve(times: list[tuple[float, bool]]) -> list[tuple[float, Fraction]]:
    """Multiply the shares of Kaplan and Meier; give each day of an event with what is left."""
    left, steps = Fraction(1), []
    for day in sorted({t for t, seen in times if seen}):
        at_risk = sum(t >= day for t, _ in times)
        left *= 1 - Fraction(sum(t == day and seen for t, seen in times), at_risk)
        steps.append((day, left))
    return steps


def at_a_year(times: list[tuple[float, bool]]) -> float:
    return float([Fraction(1), *(left for day, left in curve(times) if day <= YEAR)][-1])


def median(times: list[tuple[float, bool]]) -> float | None:
    """Give the first day on which half or fewer are left; of a flat half, its middle, as R does."""
    below = [(day, left) for day, left in curve(times) if left <= Fraction(1, 2)]
    if not below:
        return None
    (day, left), *later = below
    if left < Fraction(1, 2):
        return day
    return (day + (later[0][0] if later else max(t for t, _ in times))) / 2


def days(first: pd.Series, last: pd.Series) -> list[float]:
    return [float(d) for d in (last - first).dt.days]


def times(lasts: Iterable[float], seen: pd.Series) -> list[tuple[float, bool]]:
    return list(zip(lasts, seen.tolist(), strict=True))


# --- the files, read without the package -------------------------------------------------------


def of_dates() -> Raw:
    table = pd.read_csv(CASES / "german.csv", sep=";", encoding="cp1252")
    names = ["Datum CAR-T-Infusion", "Datum Remission", "Datum Rezidiv"]
    names += ["verstorben am", "letzter Kontakt"]
    dated = {n: pd.to_datetime(table[n], format="%d.%m.%Y") for n in names}
    infusion, remission, relapse, death, contact = dated.values()
    told = remission.notna()
    event = relapse.fillna(death)
    return Raw(
        table["bestes Ansprechen"].isin(["CR", "CRi"]).tolist(),
        times(days(infusion, death.fillna(contact)), death.notna()),
        times(days(remission[told], event.fillna(contact)[told]), event.notna()[told]),
    )


def of_centre() -> Raw:
    table = pd.read_excel(CASES / "centre.xlsx")
    relapse, last = table["Day of relapse"], table["Day of death / last FU"]
    dead = table["Dead (1=yes, 0=no)"] == 1
    remission = table["Best response"].isin(["CR", "CRi"])
    rfs = (relapse.fillna(last) - table["Day of CR"])[remission]
    return Raw(
        remission.tolist(),
        times(last, dead),
        times(rfs, (relapse.notna() | dead)[remission]),
    )


def of_adam() -> Raw:
    sl, tte, rs = (
        pd.read_csv(CASES / "adam_screenfail" / f"ad{n}.csv") for n in ("sl", "tte", "rs")
    )
    treated = sl.loc[sl["SAFFL"] == "Y", "USUBJID"]
    tte, rs = (t[t["USUBJID"].isin(treated)] for t in (tte, rs))
    assert len(treated) == len(rs) == 8 and set(tte["PARAMCD"]) == {"OS"}
    return Raw(
        (rs["AVALC"] == "CR").tolist(),
        times(tte["AVAL"], tte["CNSR"] == 0),
    )


def of_redcap() -> Raw:
    table = pd.read_csv(next((CASES / "redcap_names" / "a").glob("*_DATA_*")))
    # 1, CR | 2, CRi | 3, No response; and 0, Dead | 1, Alive
    return Raw(
        table["best_resp"].isin([1, 2]).tolist(), times(table["os_days"], table["vital"] == 0)
    )


def of_cbioportal() -> Raw:
    place = FORMATS / "cbioportal" / "data_clinical_patient.txt"
    table = pd.read_csv(place, sep="\t", comment="#")
    return Raw(
        table["BEST_RESPONSE"].isin(["CR", "CRi"]).tolist(),
        times([m * MONTH for m in table["OS_MONTHS"]], table["OS_STATUS"] == "1:DECEASED"),
    )


CENTRE = """version: 1
columns:
  patient_id: {from: Study ID, renumber: yes}
  response: {from: Best response}
  os_days: {from: Day of death / last FU}
  os_event: {from: "Dead (1=yes, 0=no)"}
  rfs_days:
    days: [Day of relapse]
    otherwise: [Day of death / last FU]
    since: Day of CR
    for: responders
  rfs_event:
    rules:
      "1": [{Day of relapse: {filled: yes}}, {"Dead (1=yes, 0=no)": 1}]
      "0": {"Dead (1=yes, 0=no)": 0}
    for: responders
"""
REDCAP = """version: 1
columns:
  patient_id: {from: record_id, renumber: yes}
  response: {from: best_resp, levels: {"1": CR, "2": CRi, "3": NR}}
  os_days: {from: os_days}
  os_event: {from: vital, levels: {"0": 1, "1": 0}}
"""
CBIOPORTAL = """version: 1
columns:
  patient_id: {from: PATIENT_ID}
  response: {from: BEST_RESPONSE}
  os_days: {from: OS_MONTHS, unit: months}
  os_event: {from: OS_STATUS, levels: {"0:LIVING": 0, "1:DECEASED": 1}}
"""


@pytest.mark.parametrize(
    ("file", "plan", "of"),
    [
        (CASES / "german.csv", CASES / "m_german.yml", of_dates),
        (CASES / "centre.xlsx", CENTRE, of_centre),
        (CASES / "adam_screenfail", CASES / "adam_screenfail.yml", of_adam),
        (next((CASES / "redcap_names" / "a").glob("*_DATA_*")), REDCAP, of_redcap),
        (FORMATS / "cbioportal", CBIOPORTAL, of_cbioportal),
    ],
    ids=["dates", "centre", "adam", "redcap", "cbioportal"],
)
def test_what_is_published_is_what_the_file_says(
    file: Path, plan: Path | str, of: Callable[[], Raw], tiny: Path
) -> None:
    if isinstance(plan, str):
        (tiny / "plan.yml").write_text(plan)
        plan = tiny / "plan.yml"
    (tiny / "notebooks" / "one.py").write_text(CHAPTER)
    assert run(tiny, str(file), "--mapping", str(plan), "--min-cell", "1") == 0
    values = json.loads((tiny.parent / "site" / "results.json").read_text())["values"]
    found = {v["id"]: v["value"] for v in values}
    raw = of()
    assert found["patients"] == len(raw.remission) == len(raw.os)
    assert found["orr"] == pytest.approx(sum(raw.remission) / len(raw.remission))
    for name, rows in (("os", raw.os), ("rfs", raw.rfs)):
        if rows is None:
            assert found[f"{name}_1y"] is None
            continue
        assert found[f"{name}_1y"] == pytest.approx(at_a_year(rows), abs=1e-9)
        middle = median(rows)
        assert found[f"{name}_median"] == (middle and pytest.approx(middle, abs=TOLD))
