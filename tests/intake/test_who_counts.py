"""Who counts, from what day, and one column from two: files of centres through a mapping."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tinybook import TESTS

from cartanalysis.contract import Cohort
from cartanalysis.errors import InputError, Problem
from cartanalysis.intake.admission import Request, admit
from cartanalysis.publish import artefacts, sphinx_ext

CASES = TESTS / "data" / "cases"
MONTH = 30.4375


class Centre:
    """A centre's file, and what its data manager types."""

    def __init__(self, folder: Path, file: str | Path) -> None:
        self.folder, self.file = folder, CASES / file

    def write(self, text: str, name: str = "centre.csv") -> None:
        """Bring another file."""
        self.file = self.folder / name
        self.file.write_text(text, encoding="utf-8")

    def with_mapping(self, text: str) -> Cohort:
        """Admit the file through a mapping."""
        plan = self.folder / "map.yml"
        plan.write_text(text if "version" in text else f"version: 1\n{text}", encoding="utf-8")
        return admit(Request(str(self.file), plan))

    def refused(self, text: str) -> list[Problem]:
        """Give the problems that a mapping meets."""
        with pytest.raises(InputError) as error:
            self.with_mapping(text)
        return list(error.value.problems)


@pytest.fixture
def bring(tmp_path: Path):
    """Bring a file."""
    return lambda file="": Centre(tmp_path, file)


def told(cohort: Cohort) -> str:
    return " ".join(cohort.notes)


# --- who counts ----------------------------------------------------------------------------------


def test_who_has_no_date_of_infusion_stops_with_the_line_to_type(bring) -> None:
    centre = bring("not_infused.csv")
    plan = (CASES / "not_infused.yml").read_text(encoding="utf-8")
    found = centre.refused(plan)
    assert [(p.row, p.column) for p in found] == [(r, "infusion") for r in (14, 15, 16, 17)]
    line = "only: {infusion: {filled: yes}}"
    assert all(line in p.remedy for p in found)
    cohort = centre.with_mapping(f"{plan}\n{line}\n")
    # by hand: rows 2 to 13 were infused, and of these rows 2, 6 and 10 say NR
    assert len(cohort.table) == 12 and (cohort.table["response"] != "NR").sum() == 9
    assert cohort.left_out == 4
    assert "16 rows in the file, 12 with “infusion” filled count; 4 left out." in cohort.notes


def test_a_flag_of_infusion_stops_as_a_date_does(bring) -> None:
    centre = bring("not_infused.csv")
    plan = "columns: {patient_id: {from: id}, response: {from: resp}}\n"
    dates = "drop: [infusion, death, last]\n"
    found = centre.refused(plan + dates)
    assert [(p.row, p.column, p.value) for p in found] == [
        (row, "infused", "N") for row in (14, 15, 16, 17)
    ]
    assert "only: {infused: Y}" in found[0].remedy
    assert len(centre.with_mapping(f"{plan}{dates}only: {{infused: Y}}\n").table) == 12
    # what is left out already is kept in the line that is proposed
    found = centre.refused(f"{plan}{dates}only: {{sex: F}}\n")
    assert "only: {sex: F, infused: {not: N}}" in found[0].remedy
    # a column that says something else
    assert len(centre.with_mapping(f"{plan}{dates[:-2]}, infused]\n").table) == 16


def test_a_file_in_our_columns_stops_as_well(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("patient_id,sex,infused\nA,f,Y\nB,f,N\n", encoding="utf-8")
    with pytest.raises(InputError, match="was not infused"):
        admit(Request(str(file)))


def test_the_safety_population_is_the_denominator_of_adam(bring) -> None:
    plan = (CASES / "adam_screenfail.yml").read_text(encoding="utf-8")
    cohort = bring("adam_screenfail").with_mapping(plan)
    adsl = pd.read_csv(CASES / "adam_screenfail" / "adsl.csv", dtype=str)
    treated = adsl[adsl["SAFFL"] == "Y"]["USUBJID"]
    assert cohort.table["patient_id"].tolist() == treated.tolist()
    ae = pd.read_csv(CASES / "adam_screenfail" / "adae.csv")
    ae = ae[(ae["TRTEMFL"] == "Y") & ae["USUBJID"].isin(treated)]
    highest = ae.groupby("USUBJID")["AETOXGR"].max().reindex(treated, fill_value=0)
    assert cohort.table["ae_grade_max"].tolist() == highest.tolist()
    assert (len(cohort.table), cohort.left_out) == (8, 4)
    assert "12 subjects in the file, 8 who were treated count (SAFFL = Y" in told(cohort)


def test_rows_are_left_out_by_rule_and_their_cells_make_no_problems(bring) -> None:
    centre = bring("unknown_status.csv")
    plan = (
        "columns:\n  patient_id: {from: patient_id}\n  os_days: {from: os_days}\n"
        "  os_event: {from: os_event}\n"
    )
    assert [(p.row, p.column) for p in centre.refused(plan)] == [(3, "os_event")]
    cohort = centre.with_mapping(f"{plan}only: {{os_event: {{from: 0}}}}\n")
    assert cohort.table["patient_id"].tolist() == ["P1", "P3"]
    assert "1 (1 with an empty cell there) left out" in told(cohort)
    cohort = centre.with_mapping(f"{plan}only: {{patient_id: {{not: P2}}}}\n")
    assert cohort.table["os_days"].tolist() == [100, 300]
    centre.write("patient_id,os_days,os_event\nP1,soon,maybe\nP2,20,1\n")
    assert len(centre.with_mapping(f"{plan}only: {{os_days: [20]}}\n").table) == 1


def test_only_that_fits_no_row_or_names_no_column_stops(bring) -> None:
    centre = bring("unknown_status.csv")
    plan = "columns: {patient_id: {from: patient_id}}\n"
    (found,) = centre.refused(f"{plan}only: {{os_event: dead}}\n")
    assert "no row of the file fulfils only: “os_event” = dead" in found.what
    (found,) = centre.refused(f"{plan}only: {{os_evnt: 1}}\n")
    assert found.column == "os_evnt" and "Did you mean “os_event”" in found.remedy
    (found,) = centre.refused("columns: {patient_id: {from: patient_id}}\nonly: {}\n")
    assert found.what == "not a condition"
    cohort = centre.with_mapping(f"{plan}only: {{os_event: {{not: dead}}}}\n")
    assert "only: no cell of the file fits the words of “os_event” not dead." in cohort.notes


def test_a_condition_opens_no_way_around_the_privacy_checks(bring) -> None:
    centre = bring()
    centre.write("mrn,phone,sex\n1001,555-0101,f\n1002,555-0102,m\n")
    plan = "columns: {patient_id: {from: mrn}, sex: {from: sex}}\nextra: [phone]\n"
    found = centre.refused(f"{plan}only: {{mrn: {{filled: yes}}, phone: {{filled: yes}}}}\n")
    assert {p.column for p in found} == {"mrn", "phone"}
    plan = "columns: {patient_id: {from: mrn, renumber: yes}, sex: {from: sex}}\n"
    assert list(centre.with_mapping(f"{plan}only: {{phone: {{filled: yes}}}}\n").table) == [
        "patient_id",
        "sex",
    ]


def test_a_count_of_rows_is_no_patient_where_an_identifier_repeats(bring) -> None:
    centre = bring()
    centre.write("nr,MRN,infusion no,sex\n1,701,1,f\n2,702,1,m\n3,701,2,f\n4,703,1,m\n")
    plan = "columns: {patient_id: {from: nr}, sex: {from: sex}}\ndrop: [MRN]\n"
    (found,) = centre.refused(plan)
    assert found.column == "nr"
    assert "only counts the rows, but “MRN” looks like the patient's identifier" in found.what
    assert "3 different ones in 4 rows" in found.what and "patients: rows" in found.remedy
    assert len(centre.with_mapping(f"{plan}patients: rows\n").table) == 4
    plan = "columns: {patient_id: {from: MRN, renumber: yes}, sex: {from: sex}}\n"
    assert [p.row for p in centre.refused(plan)] == [4]
    assert len(centre.with_mapping(f"{plan}only: {{infusion no: 1}}\n").table) == 3


@pytest.mark.parametrize("other", ["centre", "no"])
def test_columns_of_few_words_are_no_identifiers(other: str, bring) -> None:
    centre = bring()
    rows = "".join(f"{i},{'AB'[i % 2]},f\n" for i in range(1, 9))
    centre.write(f"id,{other},sex\n{rows}")
    plan = "columns: {patient_id: {from: id}, sex: {from: sex}}\n"
    assert len(centre.with_mapping(plan).table) == 8


def test_how_many_do_not_count_is_on_every_page_unless_few() -> None:
    about = {"name": "centre", "is_reconstruction": False, "patients": 12, "min_cell": 5}
    for left_out, smallest, shown in [
        (0, 5, "(n = 12)"),
        (4, 5, "(n = 12; fewer than 5 more in the file not counted)"),
        (4, 1, "(n = 12; 4 more in the file not counted)"),
        (7, 5, "(n = 12; 7 more in the file not counted)"),
    ]:
        words = artefacts.left_out_in_words(left_out, smallest)
        assert shown in sphinx_ext.banner(about | {"left_out": words})


# --- from what day -------------------------------------------------------------------------------

OF_CBIO = (CASES / "cbio_diag.yml").read_text(encoding="utf-8").replace("    ask: ", "    # ")


def test_survival_since_diagnosis_stops_and_is_shifted_by_a_column(bring) -> None:
    centre = bring("data_clinical_patient.txt")
    (found,) = centre.refused(OF_CBIO)
    assert found.column == "OS_MONTHS" and "counts from diagnosis" in found.what
    assert "days: [OS_MONTHS], since:" in found.remedy and "immortal time" in found.remedy
    centre.write(
        "id,OS_MONTHS since diagnosis,dx to infusion months,dead\nA,20,8,0\nB,23.5,3.5,1\nC,9,9,1\n"
    )
    plan = (
        "columns:\n  patient_id: {from: id}\n  os_event: {from: dead}\n  os_days:\n"
        "    days: [OS_MONTHS since diagnosis]\n    since: dx to infusion months\n"
        "    unit: months\n"
    )
    cohort = centre.with_mapping(plan)
    assert cohort.table["os_days"].tolist() == pytest.approx([12 * MONTH, 20 * MONTH, 0])
    assert "“dx to infusion months” was taken off" in told(cohort)
    assert "Who died between diagnosis and infusion is not in the file" in told(cohort)


def test_a_time_before_the_day_from_which_it_counts_stops(bring) -> None:
    centre = bring()
    centre.write("id,remission,relapse,death,last\nA,28,100,,400\nB,30,20,300,300\nC,,,50,50\n")
    plan = (
        "columns:\n  patient_id: {from: id}\n"
        "  rfs_days: {days: [relapse, death], otherwise: [last], since: remission}\n"
        "  rfs_event: {filled: [relapse, death], since: remission}\n"
    )
    (found,) = centre.refused(plan)
    assert (found.row, found.column, found.value) == (3, "relapse", "20")
    assert "before that in “remission” (30 days)" in found.what


def test_relapse_free_survival_from_days_of_remission_and_relapse(bring) -> None:
    centre = bring()
    centre.write(
        "id,resp,remission,relapse,death,last\n"
        "A,CR,28,100,,400\n"  # relapse: 100 - 28 = 72
        "B,CR,30,,300,300\n"  # death: 300 - 30 = 270
        "C,CRi,35,,,500\n"  # neither: 500 - 35 = 465
        "D,NR,,,50,50\n"  # never in remission
        "E,CR,28,250,200,-9\n"  # the earlier of the two: 200 - 28 = 172
    )
    cohort = centre.with_mapping(
        "columns:\n  patient_id: {from: id}\n  response: {from: resp}\n"
        "  rfs_days: {days: [relapse, death], otherwise: [last], since: remission, missing: [-9]}\n"
        "  rfs_event: {filled: [relapse, death], since: remission}\n"
        "  rfs_cause:\n    rules:\n      relapse: {relapse: {filled: yes}}\n"
        "      death: {death: {filled: yes}}\n"
        "    otherwise: null\n    for: responders\n"
    )
    table = cohort.table
    assert table["rfs_days"].fillna(-1).tolist() == [72, 270, 465, -1, 172]
    assert table["rfs_event"].fillna(-1).tolist() == [1, 1, 0, -1, 1]
    assert table["rfs_cause"].astype(object).where(table["rfs_cause"].notna(), "").tolist() == [
        "relapse",
        "death",
        "",
        "",
        "relapse",
    ]
    assert "rfs_cause: emptied in 1 patient" in told(cohort)


def test_relapse_free_survival_from_infusion_stops_and_is_counted_from_remission(bring) -> None:
    centre = bring("rfs_from_infusion.csv")
    names = ("patient_id", "response", "os_days", "os_event", "rfs_event")
    plan = "columns:\n" + "".join(f"  {name}: {{from: {name}}}\n" for name in names)
    (found,) = centre.refused(f"{plan}  rfs_days: {{from: rfs_days}}\n")
    assert found.column == "rfs_days" and "since: remission" in found.remedy
    raw = pd.read_csv(centre.file)
    raw["cr_day"] = 28 + raw.index % 3
    centre.write(raw.to_csv(index=False))
    cohort = centre.with_mapping(f"{plan}  rfs_days: {{days: [rfs_days], since: cr_day}}\n")
    assert cohort.table["rfs_days"].tolist() == (raw["rfs_days"] - raw["cr_day"]).tolist()


def test_relapse_free_survival_of_a_registry_is_of_responders_only(bring) -> None:
    centre = bring("cibmtr_responders.csv")
    plan = (CASES / "m_cibmtr.yml").read_text(encoding="utf-8")
    found = centre.refused(plan)
    assert ["seems to count from infusion" in p.what for p in found] == [True]
    # as a centre has it beside the extract: the day of remission, and who did not respond
    raw = pd.read_csv(centre.file)
    raw["cr_day"] = [30 if i != 3 else "" for i in raw.index]
    raw.loc[3, "bstresp"] = 3
    raw["intxrel"] = (raw["intxrel"] * MONTH).round(3)
    centre.write(raw.to_csv(index=False))
    own = "{from: intxrel, unit: months}"
    plan = plan.replace(own, "{days: [intxrel], since: cr_day, for: responders}")
    plan = plan.replace("rfs_event: {from: dfs}", "rfs_event: {from: dfs, for: responders}")
    cohort = centre.with_mapping(plan)
    expected = (raw["intxrel"] - 30).where(raw["bstresp"] != 3)
    assert cohort.table["rfs_days"].tolist() == pytest.approx(expected.tolist(), nan_ok=True)
    assert cohort.table["rfs_event"].isna().tolist() == (raw["bstresp"] == 3).tolist()
    assert "rfs_event: emptied in 1 patient" in told(cohort)
    assert "rfs_days: emptied" not in told(cohort)
    # a day of remission in who did not respond is no day to be emptied
    centre.write(raw.assign(cr_day=30).to_csv(index=False))
    (found,) = centre.refused(plan)
    assert found.what == "1 patient with NR has a day of remission" and found.column == "cr_day"


def test_times_that_count_from_two_days_are_not_subtracted(bring) -> None:
    centre = bring()
    centre.write("id,relapse days from infusion,remission days from diagnosis,e\nA,90,40,1\n")
    (found,) = centre.refused(
        "columns:\n  patient_id: {from: id}\n  rfs_event: {from: e}\n  rfs_days:\n"
        "    days: [relapse days from infusion]\n    since: remission days from diagnosis\n"
    )
    assert "from infusion and" in found.what and "from diagnosis" in found.what


def test_rounding_to_months_is_no_contradiction(bring) -> None:
    plan = (CASES / "rfs_rounding.yml").read_text(encoding="utf-8")
    table = bring("rfs_rounding.csv").with_mapping(plan).table
    # 48.5 months of RFS beside 48.4 of survival
    assert table["rfs_days"].tolist() == pytest.approx([48.4 * MONTH, 12 * MONTH])


# --- one column from two -------------------------------------------------------------------------


def test_extramedullary_disease_from_two_columns(bring) -> None:
    centre = bring("emd_two_columns.csv")
    plan = (CASES / "emd_two_columns.yml").read_text(encoding="utf-8")
    found = [p for p in centre.refused(plan) if p.column == "CNS disease (Y/N)"]
    assert ["make emd of both: rules:" in p.remedy for p in found] == [True]
    rules = (
        '{rules: {cns: {"CNS disease (Y/N)": Y}, other: {"EMD (Y/N)": Y}, '
        'none: {"EMD (Y/N)": N, "CNS disease (Y/N)": N}}}'
    )
    cohort = centre.with_mapping(plan.replace('{from: "EMD (Y/N)"}', rules))
    raw = pd.read_csv(centre.file)
    cns, any_site = raw["CNS disease (Y/N)"] == "Y", raw["EMD (Y/N)"] == "Y"
    counts = cohort.table["emd"].value_counts()
    assert counts["cns"] == cns.sum() == 2
    assert counts["other"] == (any_site & ~cns).sum() == 2
    assert counts["none"] == (~any_site & ~cns).sum() == 8


def test_a_row_that_no_rule_fits_is_told_unless_it_is_said_what_then(bring) -> None:
    centre = bring()
    centre.write("id,EMD,CNS\nA,N,Y\nB,N,\nC,,\nD,N,N\n")
    rules = "rules: {other: {EMD: Y}, cns: {CNS: Y}, none: {EMD: N, CNS: N}}"
    plan = f"columns: {{patient_id: {{from: id}}, emd: {{{rules}}}}}\n"
    (found,) = centre.refused(plan)
    assert found.row == 3 and "no rule of emd fits (“EMD” “N”, “CNS” empty)" in found.what
    cohort = centre.with_mapping(plan.replace("N}}", "N}}, otherwise: null"))
    assert cohort.table["emd"].astype(object).fillna("").tolist() == ["cns", "", "", "none"]


def test_who_died_without_a_date_is_dead(bring) -> None:
    centre = bring("death_status_no_date.csv")
    plan = (CASES / "death_status_no_date.yml").read_text(encoding="utf-8")
    dead = [p.row for p in centre.refused(plan)]
    assert dead == [4, 6, 8]
    rules = '{rules: {"1": [{status: Dead}, {death: {filled: yes}}], "0": {status: Alive}}}'
    cohort = centre.with_mapping(plan.replace("{filled: [death], since: inf}", rules))
    raw = pd.read_csv(centre.file)
    assert cohort.table["os_event"].tolist() == (raw["status"] == "Dead").astype(int).tolist()
    assert cohort.table["os_event"].sum() == 4
    assert "no date in “death”, time ends at the last contact" in told(cohort)
    # a column does not escape by being used for something else
    used = plan + "  arm: {rules: {a: {status: Dead}, b: {status: Alive}}}\n"
    assert [p.row for p in centre.refused(used)] == [4, 6, 8]


def test_limits_of_detection_and_ranges_are_read_as_the_mapping_says(bring) -> None:
    centre = bring("blast_lt.csv")
    plan = (
        "columns:\n  patient_id: {from: patient_id}\n  os_days: {from: os_days}\n"
        "  os_event: {from: os_event}\n  bm_blasts_pct: {from: bm_blasts_pct, LIMITS}\n"
    )
    found = centre.refused(plan.replace(", LIMITS", ""))
    assert [p.value for p in found] == ["<5", ">90", "80-90"]
    assert "limits: value" in found[0].remedy and "values:" in found[2].remedy
    for how, low in (("value", 5), ("half", 2.5)):
        said = f'limits: {how}, values: {{"80-90": 85}}'
        table = centre.with_mapping(plan.replace("LIMITS", said)).table
        assert table["bm_blasts_pct"].tolist() == [low, 90, 85, 45]


def test_residual_disease_by_the_threshold_of_the_assay(bring) -> None:
    centre = bring("mrdval.csv")
    plan = (
        "columns:\n  patient_id: {from: patient_id}\n  response: {from: response}\n"
        "  os_days: {from: os_days}\n  os_event: {from: os_event}\n  mrd:\n"
        "    rules:\n      negative: [{mrd: negative}, {mrd: {below: 0.01}}]\n"
        "      positive: {mrd: {from: 0.01}}\n"
    )
    table = centre.with_mapping(plan).table
    # <0.01 %, 0.05 % and the word
    assert table["mrd"].tolist() == ["negative", "positive", "negative"]
    cohort = centre.with_mapping(f"{plan}    for: responders\n")
    assert cohort.table["mrd"].astype(object).fillna("").tolist() == ["negative", "positive", ""]
    assert "mrd: emptied in 1 patient" in told(cohort)


def test_the_best_response_of_two_flags_and_the_highest_of_three_grades(bring) -> None:
    centre = bring()
    centre.write(
        "id,CR,CRi,crs w1,crs w2,crs w3\nA,1,0,1,3,\nB,0,1,,,\nC,0,0,0,II,grade 1\nD,,,0,0,-9\n"
    )
    cohort = centre.with_mapping(
        "columns:\n  patient_id: {from: id}\n  response:\n"
        "    rules: {CR: {CR: 1}, CRi: {CRi: 1}, NR: {CR: 0, CRi: 0}}\n"
        "  crs_grade: {highest: [crs w1, crs w2, crs w3], missing: [-9]}\n"
    )
    table = cohort.table
    assert table["response"].astype(object).fillna("").tolist() == ["CR", "CRi", "NR", ""]
    assert table["crs_grade"].fillna(-1).tolist() == [3, -1, 2, 0]
    assert "crs_grade: the highest of “crs w1”, “crs w2”, “crs w3”" in told(cohort)


def test_deaths_and_days_of_death_from_different_columns(bring) -> None:
    centre = bring()
    centre.write("id,status,death_day,last_day\nA,Dead,90,90\nB,Dead,,200\nC,Alive,,300\n")
    plan = (
        "columns:\n  patient_id: {from: id}\n  os_event: {from: status}\n"
        "  os_days: {days: [death_day], otherwise: [last_day]}\n"
    )
    cohort = centre.with_mapping(plan)
    assert cohort.table["os_days"].tolist() == [90, 200, 300]
    assert cohort.table["os_event"].tolist() == [1, 1, 0]
    assert "no date in “death_day”, time ends at the last contact" in told(cohort)
    centre.write("id,status,death_day,last_day\nA,Dead,90,90\nB,Alive,150,200\n")
    (found,) = centre.refused(plan)
    assert (found.row, found.column) == (3, "death_day")
    assert "os_event says alive" in found.what
