"""Codes for a missing value, and deaths that an RFS event leaves out: asked about, never read."""

from __future__ import annotations

from pathlib import Path

import pytest

from cartanalysis.contract import Cohort
from cartanalysis.errors import InputError
from cartanalysis.intake import mapping
from cartanalysis.intake.admission import Request, admit
from cartanalysis.intake.reading import read_source

MONTH = 30.4375
TIMES = '  os_days: {from: months, unit: months}\n  os_event: {from: dead, missing: "99"}\n'


@pytest.fixture
def run(tmp_path: Path):
    """Admit a table, given as lines, through a mapping."""

    def made(table: str, plan: str, top: str = "") -> Cohort:
        (tmp_path / "centre.csv").write_text(table.replace(" ", "\n") + "\n", encoding="utf-8")
        text = f"version: 1\n{top}columns:\n  patient_id: {{from: id}}\n{plan}"
        (tmp_path / "map.yml").write_text(text, encoding="utf-8")
        return admit(Request(str(tmp_path / "centre.csv"), tmp_path / "map.yml"))

    return made


def refused(run, *given: str) -> str:
    with pytest.raises(InputError) as error:
        run(*given)
    return " ".join(f"{p.column} {p.what}. {p.remedy}" for p in error.value.problems)


# --- several rows of a patient -------------------------------------------------------------------

SEVERAL = "id,crs A,3 A,99 B,99 B,1 B,2 C,99 C, D,-9 D,99"


@pytest.mark.parametrize(("how", "b"), [("highest", 2), ("first", 1), ("last", 2), ("lowest", 1)])
@pytest.mark.parametrize(
    "said",
    ['missing: ["99", "-9"]', 'levels: {"1": 1, "2": 2, "3": 3, "99": null, "-9.0": null}'],
)
def test_codes_for_missing_are_not_chosen(how, b, said, run) -> None:
    top = f"take: {{crs: {how}}}\n"
    cohort = run(SEVERAL, f"  crs_grade: {{from: crs, {said}}}\n", top)
    grades = cohort.table["crs_grade"]
    assert grades.tolist()[:2] == [3, b] and grades.isna().tolist() == [False, False, True, True]
    (note,) = (n for n in cohort.notes if "gave way" in n)
    assert note.endswith("in fewer than 5 patients.")


def test_rows_that_differ_by_a_code_for_missing_need_no_choice(run) -> None:
    crs = '  crs_grade: {from: crs, missing: "99"}\n'
    cohort = run("id,crs,x A,3,1 A,99,2 B,1,1 B,1.0,1", crs, "take: {x: first}\n")
    assert cohort.table["crs_grade"].tolist() == [3, 1]


def test_a_code_that_means_something_elsewhere_is_chosen(run) -> None:
    plan = '  mrd: {from: r, levels: {"MRD-": negative, NR: null}}\n'
    plan += "  response: {from: r, levels: {MRD-: CR, NR: NR}}\n"
    cohort = run("id,r A,NR A,MRD- B,MRD-", plan, "take: {r: first}\n")
    assert cohort.table["response"].tolist() == ["NR", "CR"]


# --- 99 and -9 among numbers ---------------------------------------------------------------------

CODED = "id,age,months,dead A,34,7.03,1 B,99,99.0,99 C,51,40.11,0"


def test_a_code_of_another_column_is_asked_about_among_times_and_ages(run) -> None:
    told = refused(run, CODED, f"  age_years: {{from: age, cap: 89}}\n{TIMES}")
    assert "months a time that looks like a code for missing" in told
    assert 'values: {"99": 3013.3125}' in told  # 99 months of 30.4375 days
    assert "age an age that looks like a code for missing" in told
    plan = TIMES.replace("unit: months", 'unit: months, missing: "99"')
    cohort = run(CODED, f'  age_years: {{from: age, cap: 89, missing: "99"}}\n{plan}')
    assert cohort.table["os_days"].dropna().tolist() == pytest.approx([7.03 * MONTH, 40.11 * MONTH])
    assert cohort.table["age_years"].dropna().tolist() == [34, 51]


@pytest.mark.parametrize("form", ["from: months", "days: [months]"])
def test_a_time_that_is_one_is_said_to_be_one(form, run) -> None:
    plan = f'  os_days: {{{form}, unit: months, values: {{"99": 3013.3125}}}}\n'
    plan += '  os_event: {from: dead, levels: {"1": 1, "0": 0, "99": 0}}\n'
    table = run(CODED, plan).table
    assert table["os_days"].tolist()[1] == 99 * MONTH


def test_a_repeated_99_above_all_others_is_asked_about_without_another_column(run) -> None:
    plan = "  os_days: {from: months, unit: months}\n  os_event: {from: dead}\n"
    apart = "id,months,dead A,12,1 B,99,0 C,99,0 D,41,1"
    assert "looks like a code" in refused(run, apart, plan)
    among = apart.replace("41", "88")  # somebody was followed nearly as long
    assert run(among, plan).table["os_days"].tolist()[1] == 99 * MONTH


def test_codes_of_other_columns_are_proposed_as_missing(tmp_path) -> None:
    rows = ["id,age,os_months,dead,crs_grade"]
    rows += [f"P{i},{20 + i},{i}.5,{i % 2},{i % 4}" for i in range(1, 9)]
    rows += ["P9,99,99.0,0,99"]
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding="utf-8")
    made = mapping.propose(read_source(tmp_path / "a.csv", wanted=None)).mapping.by_target
    for name, code in (("age_years", "99"), ("os_days", "99.0"), ("crs_grade", "99")):
        assert made[name].missing == (code,) and code in made[name].ask
    assert not made["age_years"].cap


def test_codes_compare_as_numbers_wherever_they_are_named(run) -> None:
    table = "id,t,s,dead,in A,100.0,1.0,1.0,1.0 B,-9.0,2.0,0.0,1.0 C,300.0,2.0,0.0,0.0"
    plan = (
        '  sex: {from: s, levels: {"1": male, "2": female}}\n'
        '  os_days: {from: t, missing: ["-9"]}\n'
        '  os_event: {rules: {"1": {dead: "1", t: {not: "-9"}}, "0": {dead: "0", t: {not: -9}}}, '
        "otherwise: null}\n"
    )
    made = run(table, plan, 'only: {in: "1"}\n').table
    assert made["sex"].tolist() == ["male", "female"]
    assert made["os_days"].tolist()[0] == 100 and made["os_days"].isna().tolist() == [False, True]
    assert made["os_event"].isna().tolist() == [False, True]  # both are empty


def test_an_impossible_time_names_the_key_for_it(run) -> None:
    table = "id,months,dead A,12.5,1 B,-9.0,0"
    told = refused(
        run, table, "  os_days: {from: months, unit: months}\n  os_event: {from: dead}\n"
    )
    assert "write missing: [-9]" in told and "unit" not in told


def test_missing_beside_rules_says_what_to_write(run) -> None:
    plan = '  os_event: {rules: {"1": {dead: 1}}, missing: 9}\n'
    told = refused(run, "id,dead A,1", plan)
    assert "missing: does not go with rules:" in told and "otherwise: null" in told


def test_an_event_without_its_time_says_how_to_empty_both(run) -> None:
    plan = '  os_days: {from: months, unit: months, missing: "99"}\n'
    plan += '  os_event: {from: dead, levels: {"1": 1, "0": 0, "99": 1}}\n'
    told = refused(run, CODED, plan)
    assert "empty both" in told and "otherwise: null" in told


def test_dates_of_two_kinds_are_counted(run) -> None:
    table = "id,inf,last A,2018-08-18,01.02.2021 B,07.01.2021,03.04.2022 C,13.01.2021,03.04.2022"
    plan = "  age_years: {dates: [last], since: inf}\n"
    told = refused(run, table, plan)
    assert "2 like 28.02.2021 and 1 like 2021-02-28" in told and "true dates" in told


# --- deaths in remission -------------------------------------------------------------------------

COURSE = "id,resp,os,dead,rel,rfs A,CR,400,1,0,370 B,CR,500,0,0,470 C,CR,300,1,1,100 D,NR,90,1,0,"
PLAN = (
    "  response: {from: resp}\n  os_days: {from: os}\n  os_event: {from: dead}\n"
    "  rfs_days: {from: rfs}\n"
)
BOTH = '  rfs_event: {rules: {"1": [{rel: 1}, {dead: 1}], "0": {dead: 0}}, for: responders}\n'


def test_deaths_that_a_flag_of_relapse_leaves_out_stop(run) -> None:
    told = refused(run, COURSE, f"{PLAN}  rfs_event: {{from: rel, for: responders}}\n")
    assert "rel 1 patient who died without an event here would be censored" in told
    assert run(COURSE, PLAN + BOTH).table["rfs_event"].tolist()[:3] == [1, 0, 1]


def test_an_event_that_counts_deaths_may_be_censored_before_one(run) -> None:
    table = COURSE.replace(",rel,", ",efs_status,")
    said = '  rfs_event: {rules: {"1": {rel: 1}, "0": {rel: 0}}, for: responders}\n'
    assert run(COURSE, PLAN + said).table["rfs_event"].tolist()[:3] == [0, 0, 1]
    of_both = "  rfs_event: {from: efs_status, for: responders}\n"
    assert run(table, PLAN + of_both).table["rfs_event"].tolist()[:3] == [0, 0, 1]


def test_a_time_that_ends_at_the_death_makes_it_an_event(run) -> None:
    table = "id,cr,os,dead,efs_status,end A,30,400,1,0,400 B,28,500,0,0,500 C,31,300,1,1,131"
    plan = (
        "  os_days: {from: os}\n  os_event: {from: dead}\n"
        "  rfs_days: {days: [end], since: cr}\n  rfs_event: {from: efs_status}\n"
    )
    assert "efs_status 1 patient who died without an event" in refused(run, table, plan)


def test_a_relapse_beside_a_status_is_proposed_as_both(tmp_path) -> None:
    rows = ["id,best_response,os_days,dead,relapse,rfs_days"]
    rows += [f"P{i},CR,{300 + i},{i % 2},{i % 3 // 2},{200 + i}" for i in range(1, 9)]
    rows += ["P9,NR,80,1,0,", "P10,CR,90,0,99,60"]
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding="utf-8")
    made = mapping.propose(read_source(tmp_path / "a.csv", wanted=None)).mapping.by_target
    rules = made["rfs_event"].rules
    assert rules["1"].said == ({"relapse": "1"}, {"dead": "1"})
    assert rules["0"].said == {"dead": "0", "relapse": "0"}  # 99 is not known to be none
    assert made["rfs_event"].responders


def test_an_event_without_a_time_is_proposed_for_responders(tmp_path) -> None:
    rows = ["id,response,os_days,dead,rfs_status,rfs_days"]
    rows += [f"P{i},1,{300 + i},{i % 2},{i % 2},{200 + i}" for i in range(1, 9)]
    rows += ["P9,3,80,1,0,-9", "P10,2,90,0,0,60"]
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding="utf-8")
    made = mapping.propose(read_source(tmp_path / "a.csv", wanted=None)).mapping.by_target
    assert made["rfs_event"].source == "rfs_status" and made["rfs_event"].responders
