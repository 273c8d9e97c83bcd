"""What files say in other words: who was infused, whose rows these are, losses, deaths."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from cartanalysis.contract import Cohort
from cartanalysis.errors import InputError, Problem
from cartanalysis.intake import mapping
from cartanalysis.intake.admission import Request, admit
from cartanalysis.intake.contradictions import deaths_of_adam
from cartanalysis.intake.hints import origin_in
from cartanalysis.intake.mapping.guess import Guess
from cartanalysis.intake.mapping.model import FromHighest, FromRules
from cartanalysis.intake.mapping.model import Mapping as Plan
from cartanalysis.intake.mapping.names import date_role, meanings
from cartanalysis.intake.reading import read_source
from cartanalysis.intake.source import Column, Source


class File:
    """A small file, and what is said of it."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder, self.path = folder, folder / "centre.csv"
        self.path.write_text(text, encoding="utf-8")

    def admitted(self, plan: str) -> Cohort:
        """Admit it through a mapping."""
        file = self.folder / "map.yml"
        file.write_text(f"version: 1\n{plan}", encoding="utf-8")
        return admit(Request(str(self.path), file))

    def refused(self, plan: str) -> list[Problem]:
        """Give the problems that a mapping meets."""
        with pytest.raises(InputError) as error:
            self.admitted(plan)
        return list(error.value.problems)

    def proposed(self) -> dict[str, Guess]:
        """Give what `map` proposes, by our column."""
        found = mapping.propose(read_source(self.path))
        return {g.draft.target: g for g in found.guesses}

    @property
    def only(self) -> str:
        """Give whom `map` proposes to count."""
        only = mapping.propose(read_source(self.path)).only
        return only.words if only else ""


# --- who was infused -----------------------------------------------------------------------------

FLAGS = [
    ("是否输注", "是", "否"),
    ("是否输注", "yes", "no"),
    ("是否输注", "是", "未输注"),
    ("输注", "是", "否"),
    ("是否输注CAR-T", "是", "否"),
    ("回输状态", "已回输", "未回输"),
    ("輸注", "有", "無"),
    ("投与", "あり", "なし"),
    ("Réinjecté", "oui", "non"),
    ("Réinjection", "oui", "non"),
    ("Perfusé", "oui", "non"),
    ("Infusión realizada", "sí", "no"),
    ("Infuso", "sì", "no"),
    ("CAR-T-Infusion erfolgt", "ja", "nein"),
    ("Infusion status", "Infused", "Not infused"),
    ("CAR-T given", "Y", "N"),
    ("Treated", "1", "0"),
    ("Not infused", "no", "yes"),
]
STATES = [
    ("Statut", "Vivant", "Non réinjecté"),
    ("Statut", "Vivant", "Pas encore réinjecté"),
    ("Estado", "Vivo", "No infundido"),
    ("Stato", "vivo", "Non infuso"),
    ("Status", "lebt", "Nicht infundiert"),
    ("status", "alive", "not infused"),
    ("生存状态", "存活", "未输注"),
    ("結果", "生存", "未投与"),
]
PLAN = "columns: {patient_id: {from: id}, age_years: {dates: [infusion], since: birth}}\n"


@pytest.mark.parametrize(("name", "yes", "no"), [*FLAGS, *STATES])
def test_who_was_not_infused_is_heard_although_a_day_was_planned(name, yes, no, tmp_path) -> None:
    rows = "".join(f"A{i},2020-03-0{i},1980-03-01,{yes if i < 5 else no}\n" for i in range(1, 7))
    file = File(tmp_path, f"id,infusion,birth,{name}\n{rows}")
    found = file.refused(PLAN)
    assert [(p.row, p.column, p.value) for p in found] == [(6, name, no), (7, name, no)]
    line = found[0].remedy.split("“")[1].split("”")[0]
    assert line.startswith("only: ") and name in line
    assert len(file.admitted(f"{PLAN}{line}\n").table) == 4
    assert name in file.only
    # a status is never taken for alive
    event = file.proposed().get("os_event")
    assert event is None or getattr(event.draft, "levels", {}).get(no) is None


def test_an_empty_cell_beside_not_infused_still_counts(tmp_path) -> None:
    file = File(tmp_path, "id,outcome,sex\nA,,f\nB,not infused,f\nC,,m\n")
    plan = "columns: {patient_id: {from: id}, sex: {from: sex}}\n"
    (found,) = file.refused(plan)
    line = found.remedy.split("“")[1].split("”")[0]
    assert file.admitted(f"{plan}{line}\n").table["patient_id"].tolist() == ["A", "C"]


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("infusion reaction", "yes", "no"),
        ("second infusion", "yes", "no"),
        ("reaction", "fever", "no infusion reaction"),
        ("product", "CD19", "CD22"),
        ("infusion", "1", "2"),
    ],
)
def test_other_columns_say_nothing_of_who_was_infused(name, one, other, tmp_path) -> None:
    file = File(tmp_path, f"id,{name},sex\nA,{one},f\nB,{other},m\n")
    assert len(file.admitted("columns: {patient_id: {from: id}, sex: {from: sex}}\n").table) == 2


# --- whose rows these are ------------------------------------------------------------------------

RECORDS = ["病案号", "住院号", "门诊号", "登记号", "就诊卡号", "NHC", "N° historia", "IPP", "NIP",
           "N° dossier", "カルテ番号", "MRN"]  # fmt: skip


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_number_that_repeats_stops_also_where_it_is_dropped(record, tmp_path) -> None:
    rows = "".join(f"{i},00371{500 + i % 7},f\n" for i in range(1, 9))
    file = File(tmp_path, f"序号,{record},sex\n{rows}")
    plan = f"columns: {{patient_id: {{from: 序号}}, sex: {{from: sex}}}}\ndrop: ['{record}']\n"
    (found,) = file.refused(plan)
    assert f"“{record}” looks like the patient's identifier and repeats: 7" in found.what
    guess = file.proposed()["patient_id"]
    assert guess.draft.columns == (record,) and guess.draft.renumber and guess.doubts


# --- response, residual disease, grades ----------------------------------------------------------

FRENCH = (
    "id,{cr},{cri},date de rémission,MRD (%),CRS J3,CRS J7,CRS J14\n"
    "A,oui,non,2020-01-29,<0.01,1,3,0\n"
    "B,non,oui,2020-02-11,0.026,0,0,\n"
    "C,non,non,,,2,1,ND\n"
    "D,non,oui,2020-03-01,0.01,0,1,4\n"
)


@pytest.mark.parametrize(("cr", "cri"), [("CR", "CRi"), ("RC", "RCi")])
def test_two_flags_numbers_and_days_are_put_together(cr, cri, tmp_path) -> None:
    file = File(tmp_path, FRENCH.format(cr=cr, cri=cri))
    found = file.proposed()
    made = [found[name].draft for name in ("response", "mrd", "crs_grade")]
    assert [type(m) for m in made] == [FromRules, FromRules, FromHighest]
    assert all(found[m.target].doubts for m in made)
    assert "in percent, and negative below 0.01 %" in found["mrd"].entry.ask
    entries = tuple(replace(m, ask="") for m in made)
    cells = mapping.apply(read_source(file.path), Plan("map", entries)).cells
    assert cells["response"] == ["CR", "CRi", "NR", "CRi"]
    assert cells["mrd"] == ["negative", "positive", "", "positive"]
    assert cells["crs_grade"] == ["3", "0", "2", "4"]


def test_decimal_zeros_of_a_spreadsheet_are_codes(tmp_path) -> None:
    text = FRENCH.replace("oui", '"1,0"').replace("non", '"0,0"').format(cr="RC", cri="RCi")
    made = File(tmp_path, text).proposed()["response"].draft
    assert isinstance(made, FromRules) and [*made.rules] == ["CR", "CRi", "NR"]


def test_a_day_of_remission_without_response_stops(tmp_path) -> None:
    file = File(tmp_path, FRENCH.format(cr="CR", cri="CRi"))
    plan = (
        "columns:\n  patient_id: {from: id}\n  response: {from: CR, levels: {oui: CR, non: NR}}\n"
    )
    (found,) = [p for p in file.refused(plan) if "remission" in p.what]
    assert found.what == "2 patients with NR have a day of remission"
    assert found.column == "date de rémission"


def test_emptied_in_nobody_is_no_note(tmp_path) -> None:
    file = File(tmp_path, "id,r,m\nA,CR,negative\nB,NR,\n")
    plan = (
        "columns: {patient_id: {from: id}, response: {from: r}, mrd: {from: m, for: responders}}\n"
    )
    assert "emptied" not in " ".join(file.admitted(plan).notes)


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("stroke", ["-", "/", "—", "--"])
@pytest.mark.parametrize("name", ["crs_grade", "emd", "prior_hsct"])
def test_a_stroke_is_never_sure(stroke: str, name: str) -> None:
    words = {"crs_grade": ["1", "2"], "emd": ["CNS", "other"], "prior_hsct": ["yes", "no"]}[name]
    cells = [*words, stroke, stroke]
    columns = {"patient_id": ["a", "b", "c", "d"], name: cells}
    made = Source("s.csv", "CSV", tuple(map(Column, columns)), columns, (2, 3, 4, 5))
    (guess,) = [g for g in mapping.propose(made).guesses if g.draft.target == name]
    nothing = {"crs_grade": "0", "emd": "none", "prior_hsct": "no"}[name]
    assert f"“{stroke}” mean {nothing}, or missing?" in guess.entry.ask


@pytest.mark.parametrize(
    ("label", "day"),
    [
        ("Overall survival in months since initial diagonosis.", "diagnosis"),
        ("Overall survival since diagnosis", "diagnosis"),
        ("months from randomizaton", "randomisation"),
        ("months since infusoin", "infusion"),
        ("months since admission", ""),
    ],
)
def test_a_first_day_is_known_with_one_letter_wrong(label: str, day: str) -> None:
    assert origin_in(Column("OS_MONTHS", label), "os_days") == day


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("中枢+睾丸", "other"),
        ("CNS and non-CNS", "other"),
        ("CNS and other organ", "other"),
        ("CNS + testis", "other"),
        ("睾丸", "other"),
        ("淋巴结", "other"),
        ("lymph node", "other"),
        ("中枢神经系统", "cns"),
        ("bone marrow only", None),
    ],
)
def test_sites_of_disease(text: str, level: str | None) -> None:
    columns = {"patient_id": ["a", "b", "c"], "emd": [text, "none", "cns"]}
    made = Source("s.csv", "CSV", tuple(map(Column, columns)), columns, (2, 3, 4))
    (guess,) = [g for g in mapping.propose(made).guesses if g.draft.target == "emd"]
    assert guess.draft.levels[text] == level and guess.doubts


@pytest.mark.parametrize(
    ("lost", "alive", "dead"),
    [
        ("失访", "存活", "死亡"),
        ("PDV", "Vivant", "Décédé"),
        ("Perdido", "Vivo", "Éxitus"),
        ("Lost to follow-up", "Alive", "Dead"),
        ("verloren", "lebt", "verstorben"),
    ],
)
def test_the_lost_are_censored_with_a_question(lost, alive, dead, tmp_path) -> None:
    guess = File(tmp_path, f"id,vital status\nA,{lost}\nB,{alive}\nC,{dead}\n").proposed()
    event = guess["os_event"]
    assert event.draft.levels == {lost: "0", alive: "0", dead: "1"}
    assert f"“{lost}”" in event.entry.ask


def test_questions_of_codes_show_their_labels() -> None:
    columns = {"patient_id": ["a", "b", "c"], "emd": ["0", "1", "2"]}
    told = {"0": "No", "1": "CNS", "2": "Other"}
    about = (Column("patient_id"), Column("emd", choices=told))
    made = mapping.propose(Source("s.dta", "Stata", about, columns, (2, 3, 4)))
    (guess,) = [g for g in made.guesses if g.draft.target == "emd"]
    assert "“0” (“No”) mean none?" in guess.entry.ask


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("输注前骨髓原始细胞(%)", "bm_blasts_pct"),
        ("PHSCTFL", "prior_hsct"),
        ("Previous allogeneic HCT", "prior_hsct"),
        ("ICANS máximo", "icans_grade"),
    ],
)
def test_names_of_columns(name: str, target: str) -> None:
    assert target in {m.target for m in meanings(name.split("(")[0])}


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Date of allo-HCT after CT", "hsct"),
        ("Fecha TPH alogénico", "hsct"),
        ("Date of CAR-T infusion", "infusion"),
    ],
)
def test_names_of_days(name: str, role: str) -> None:
    assert date_role(name) == role


def test_ages_with_the_word_for_years(tmp_path) -> None:
    file = File(tmp_path, "id,年龄\nA,12岁\nB,34岁\nC,8月\n")
    assert file.proposed()["age_years"].draft.columns == ("年龄",)
    plan = "columns: {patient_id: {from: id}, age_years: {from: 年龄}}\n"
    assert [(p.row, p.value) for p in file.refused(plan)] == [(4, "8月")]
    assert file.admitted(f"{plan}only: {{id: {{not: C}}}}\n").table["age_years"].tolist() == [
        12,
        34,
    ]
    months = plan.replace("年龄}", "年龄, unit: months}")
    assert {p.row for p in file.refused(months)} == {2, 3, 4}


# --- deaths of ADaM, titles ----------------------------------------------------------------------


def test_deaths_of_adsl_are_compared_with_who_is_censored() -> None:
    end = dt.date(2023, 6, 30)
    columns = {
        "DTHFL": ["Y", "Y", "", "Y", ""],
        "DTHDT": ["2023-05-01", "", "2023-05-02", "2023-09-01", ""],
        "CNSR:OS": ["0", "1", "1", "1", "1"],
        "ADT:OS": ["2023-05-01", *[end.isoformat()] * 4],
    }
    source = Source("a", "ADaM ADSL", tuple(map(Column, columns)), columns, (2, 3, 4, 5, 6))
    made = Source("a", "ADaM", (), {"os_event": ["1", "0", "0", "0", "0"]}, source.rows)
    entry = mapping.model.FromColumn(target="os_event", source="CNSR:OS", coding="cnsr")
    # died by a flag alone, died before the end; died after it; alive
    problems, notes = deaths_of_adam(source, made, Plan("m", (entry,)))
    assert [p.row for p in problems] == [3, 4]
    assert len(notes) == 1 and "after the day of censoring" in notes[0]
    dropped = Plan("m", (entry,), drop=("DTHFL",))
    assert deaths_of_adam(source, made, dropped) == ([], [])


def test_a_title_above_a_header_with_signs_is_told(tmp_path) -> None:
    header = ["N° patient", "% blastes", "Sexe"]
    rows = [["Registre CAR-T 2023", None, None], header, ["P1", "12", "F"], ["P2", "5", "H"]]
    file = tmp_path / "t.xlsx"
    pd.DataFrame(rows).to_excel(file, header=False, index=False)
    with pytest.raises(InputError, match="Is it row 2") as error:
        read_source(file)
    assert len(error.value.problems) == 1
