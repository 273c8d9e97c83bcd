"""Thirty invented patients in the forms in which centres and networks keep them.

Everything follows from the number of a patient by arithmetic, so that each form is written from
the same table, and any result computed directly from it.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

N = 30
FIRST = dt.date(2019, 1, 7)


def days_after(start: dt.date, days: float) -> str:
    return (start + dt.timedelta(days=int(days))).isoformat()


def patients() -> pd.DataFrame:
    """Write one row per patient, with dates as text, empty if there is none."""
    rows = []
    for i in range(N):
        infusion = FIRST + dt.timedelta(days=11 * i)
        remits, dies = i % 5 != 4, i % 3 == 0
        end = 90 + (i * 67) % 700
        relapses = remits and i % 4 == 1
        rows.append(
            {
                "id": f"P{i + 1:03d}",
                "sex": "F" if i % 2 else "M",
                "birth": days_after(infusion, -365.25 * (20 + i) - 40),
                "infusion": infusion.isoformat(),
                "remission": days_after(infusion, 28) if remits else "",
                "relapse": days_after(infusion, 28 + (end - 28) // 2) if relapses else "",
                "death": days_after(infusion, end) if dies else "",
                "contact": days_after(infusion, end),
                "response": "CR" if remits else "NR",
                "crs": i % 5,
                "treg": round(2 + 0.5 * i, 1),
            }
        )
    return pd.DataFrame(rows)


def direct(table: pd.DataFrame) -> dict[str, float]:
    """Compute what the book shows from a table of dates: Kaplan and Meier by hand."""
    start, end = pd.to_datetime(table["infusion"]), pd.to_datetime(table["contact"])
    dead = table["death"].astype(str).str.len() > 0
    time = (pd.to_datetime(table["death"]).where(dead, end) - start).dt.days
    curve, alive = {}, 1.0
    for day in sorted(time[dead].unique()):
        alive *= 1 - ((time == day) & dead).sum() / (time >= day).sum()
        curve[day] = alive
    return {
        "n": len(table),
        "remission": int((table["response"] == "CR").sum()),
        "os_1y": min((s for day, s in curve.items() if day <= 365), default=1.0),
        "median": next((day for day, s in curve.items() if s <= 0.5), float("inf")),
    }


def write(folder: Path, **tables: pd.DataFrame) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def adverse_events(table: pd.DataFrame) -> pd.DataFrame:
    """Give each patient two records of CRS, the second of the stated grade, and a fever before."""
    rows = []
    for patient in table.to_dict("records"):
        start = dt.date.fromisoformat(patient["infusion"])
        rows.append((patient["id"], "Pyrexia", 4, days_after(start, -3)))
        for grade, day in ((0, 1), (patient["crs"], 4)):
            rows.append((patient["id"], "Cytokine release syndrome", grade, days_after(start, day)))
    return pd.DataFrame(rows, columns=["id", "term", "grade", "start"])


def two_sheets(path: Path, table: pd.DataFrame) -> Path:
    """Write a workbook: patients, a row per visit under another name of the identifier, events."""
    base = table[["id", "sex", "birth", "infusion", "response"]].rename(columns={"id": "PatNr"})
    late = table[["id", "remission", "relapse", "death", "contact"]]
    early = late.assign(contact=table["infusion"], death="", relapse="")
    visits = pd.concat([late, early]).rename(columns={"id": "Pat ID", "contact": "last_contact"})
    events = adverse_events(table).rename(columns=str.capitalize).rename(columns={"Id": "PatNr"})
    with pd.ExcelWriter(path) as book:
        for name, sheet in (("Patients", base), ("Follow-up", visits), ("Toxicity", events)):
            sheet.to_excel(book, sheet_name=name, index=False)
    return path


def redcap_longitudinal(folder: Path, table: pd.DataFrame) -> Path:
    """Write an export with an event per visit and a repeated form of adverse events."""
    names = "redcap_repeat_instrument redcap_repeat_instance sex birth infusion treg response"
    names += " remission relapse death last_contact ae_term ae_grade"
    empty = dict.fromkeys(names.split(), "")
    rows = []
    for p in table.to_dict("records"):
        start = {"record_id": p["id"], **empty}
        baseline = {k: p[k] for k in ("birth", "infusion", "treg")}
        baseline["sex"] = "2" if p["sex"] == "F" else "1"
        rows.append(start | baseline | {"redcap_event_name": "baseline_arm_1"})
        day28 = {"treg": p["treg"] + 10, "response": {"CR": "1", "NR": "3"}[p["response"]]}
        day28 |= {"remission": p["remission"], "last_contact": days_after_text(p["infusion"], 28)}
        rows.append(start | day28 | {"redcap_event_name": "day_28_arm_1"})
        last = {"relapse": p["relapse"], "death": p["death"], "last_contact": p["contact"]}
        rows.append(start | last | {"redcap_event_name": "follow_up_arm_1"})
        for number, (term, grade) in enumerate((("1", 0), ("1", p["crs"]), ("2", 1)), start=1):
            event = {"redcap_repeat_instrument": "toxicity", "redcap_repeat_instance": number}
            event |= {"redcap_event_name": "day_28_arm_1", "ae_term": term, "ae_grade": grade}
            rows.append(start | event)
    columns = ["record_id", "redcap_event_name", *empty]
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows)[columns].to_csv(folder / "registry.csv", index=False)
    fields = [("record_id", "Record", "text", ""), ("sex", "Sex", "radio", "1, male | 2, female")]
    fields += [("birth", "Date of birth", "text", ""), ("infusion", "Infusion date", "text", "")]
    fields += [("treg", "Tregs (% of CD4)", "text", ""), ("remission", "Date of CR", "text", "")]
    fields += [("response", "Best response", "radio", "1, CR | 2, CRi | 3, NR")]
    fields += [("relapse", "Date of relapse", "text", ""), ("death", "Date of death", "text", "")]
    fields += [("last_contact", "Last contact", "text", "")]
    fields += [
        ("ae_term", "Event", "radio", "1, CRS | 2, ICANS"),
        ("ae_grade", "Grade", "text", ""),
    ]
    names = ["field_name", "field_label", "field_type", "select_choices_or_calculations"]
    pd.DataFrame(fields, columns=names).to_csv(folder / "fields.csv", index=False)
    return folder / "registry.csv"


def days_after_text(start: str, days: float) -> str:
    return days_after(dt.date.fromisoformat(start), days)


def sdtm(folder: Path, table: pd.DataFrame) -> Path:
    """Write DM, EX, AE, RS and DS, with two subjects who were never infused."""
    study = {"STUDYID": "CART1"}

    def domain(name: str, rows: list[dict[str, object]]) -> pd.DataFrame:
        return pd.DataFrame([study | {"DOMAIN": name} | row for row in rows])

    dm, ex, ae, rs, ds = [], [], [], [], []
    for p in table.to_dict("records"):
        subject = {"USUBJID": f"CART1-{p['id']}"}
        before = days_after_text(p["infusion"], -5)
        dm.append(
            subject
            | {"SUBJID": p["id"], "SEX": p["sex"], "AGE": 20 + int(p["id"][1:]), "AGEU": "YEARS"}
            | {"RFXSTDTC": before, "RFPENDTC": p["contact"], "DTHDTC": p["death"]}
            | {"DTHFL": "Y" if p["death"] else "", "ACTARM": "CAR-19"}
        )
        ex.append(subject | {"EXTRT": "FLUDARABINE", "EXSTDTC": before})
        ex.append(subject | {"EXTRT": "TISAGENLECLEUCEL", "EXSTDTC": p["infusion"] + "T10:30"})
        ds.append(subject | {"DSDECOD": "DEATH" if p["death"] else "COMPLETED"})
        ds[-1]["DSSTDTC"] = p["contact"]
        for test, day, value in (
            ("OVRLRESP", before, "CR"),  # before the infusion: does not count
            ("OVRLRESP", days_after_text(p["infusion"], 14), "NR"),
            ("OVRLRESP", days_after_text(p["infusion"], 28), p["response"]),
            ("OVRLRESP", p["relapse"], "PD"),
        ):
            if day:
                rs.append(subject | {"RSTESTCD": test, "RSTEST": "Overall Response"})
                rs[-1] |= {"RSSTRESC": value, "RSDTC": day}
    for e in adverse_events(table).to_dict("records"):
        subject = {"USUBJID": f"CART1-{e['id']}", "AEDECOD": e["term"]}
        ae.append(subject | {"AETOXGR": str(e["grade"]), "AESTDTC": e["start"]})
    for i in (1, 2):
        dm.append({"USUBJID": f"CART1-S{i}", "SUBJID": f"S{i}", "SEX": "F", "AGE": 50})
    frames = {"dm": dm, "ex": ex, "ae": ae, "rs": rs, "ds": ds}
    return write(folder, **{n: domain(n.upper(), rows) for n, rows in frames.items()})


CONCEPTS = {
    37002399: "chimeric antigen receptor T cell infusion",
    4098597: "Acute lymphoid leukemia in remission",
    4100000: "Acute lymphoid leukemia in relapse",
    37116306: "Cytokine release syndrome",
    3011111: "Regulatory T cells/100 CD4 cells in blood",
    45000000: "Something else",
}


def omop(folder: Path, table: pd.DataFrame, suffix: str = "csv") -> Path:
    """Write OMOP tables of a hospital: the patients, and as many who never had an infusion."""
    person, drug, condition, measured, observed, death, period = [], [], [], [], [], [], []
    for i, p in enumerate(table.to_dict("records"), start=1):
        birth = dt.date.fromisoformat(p["birth"])
        who = {"person_id": i}
        person.append(
            who
            | {"gender_concept_id": 8532 if p["sex"] == "F" else 8507}
            | {"year_of_birth": birth.year, "month_of_birth": birth.month}
            | {"day_of_birth": birth.day}
        )
        person.append(
            {"person_id": 1000 + i, "gender_concept_id": 8507, "year_of_birth": 1950}
            | {"month_of_birth": 1, "day_of_birth": 1}
        )
        drug.append(who | {"drug_concept_id": 37002399, "drug_exposure_start_date": p["infusion"]})
        drug.append(
            {"person_id": 1000 + i, "drug_concept_id": 45000000}
            | {"drug_exposure_start_date": p["infusion"]}
        )
        earlier = days_after_text(p["infusion"], -300)
        for concept, day in (
            (4098597, p["remission"]),
            (4100000, p["relapse"]),
            (4100000, earlier),
        ):
            if day:
                condition.append(
                    who | {"condition_concept_id": concept, "condition_start_date": day}
                )
        for day, value in ((-10, p["treg"]), (40, p["treg"] + 30)):
            measured.append(
                who
                | {"measurement_concept_id": 3011111, "value_as_number": value}
                | {"measurement_date": days_after_text(p["infusion"], day)}
                | {"unit_concept_id": 8554}
            )
        for day, value in ((1, 0), (4, p["crs"])):
            observed.append(
                who
                | {"observation_concept_id": 37116306, "value_as_number": value}
                | {"observation_date": days_after_text(p["infusion"], day)}
            )
        if p["death"]:
            death.append(who | {"death_date": p["death"]})
        end = days_after_text(p["contact"], 30) if p["death"] else p["contact"]
        period.append(who | {"observation_period_end_date": end})
    names = [{"concept_id": k, "concept_name": v} for k, v in CONCEPTS.items()]
    tables = {
        "person": person,
        "DRUG_EXPOSURE": drug,
        "condition_occurrence": condition,
        "measurement": measured,
        "observation": observed,
        "death": death,
        "observation_period": period,
        "concept": names,
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        frame = pd.DataFrame(rows)
        if suffix == "parquet":
            frame.to_parquet(folder / f"{name}.parquet")
        else:
            frame.to_csv(
                folder / f"{name}.csv", index=False, sep="\t" if name == "concept" else ","
            )
    return folder
