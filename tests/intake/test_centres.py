"""Files as centres keep them: which of their columns are proposed, and that no wrong one is sure.

The truth is written by hand from the header of each file, whose values are invented.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import pandas as pd
import pytest
from tinybook import TESTS

from cartanalysis.contract import FIELDS
from cartanalysis.intake import mapping
from cartanalysis.intake.mapping.model import Entry, FromDays
from cartanalysis.intake.mapping.proposal import Proposal
from cartanalysis.intake.reading import read_source
from cartanalysis.intake.source import Column, Source

CASES = TESTS / "data" / "cases"

TRUTH: dict[str, dict[str, set[str]]] = {
    # German spreadsheet (Windows encoding, decimal commas, dates with points)
    "centre_german.csv": {
        "patient_id": {"Pat.-Nr."},
        "age_years": {"Alter bei Infusion (Jahre)"},
        "sex": {"Geschlecht"},
        "arm": {"CAR-T-Produkt"},
        "emd": {"Extramedullärer Befall"},
        "genetic_risk": {"Zytogenetisches Risiko"},
        "bm_blasts_pct": {"Blasten im Knochenmark (%)"},
        "prior_hsct": {"Vorherige allo SZT"},
        "response": {"Bestes Ansprechen"},
        "mrd": {"MRD-Status"},
        "crs_grade": {"CRS-Grad (max.)"},
        "icans_grade": {"ICANS-Grad (max.)"},
        "os_days": {"Todesdatum", "Letzter Kontakt", "Datum CAR-T-Infusion"},
        "os_event": {"Vitalstatus"},
        "rfs_days": {"Datum Rezidiv", "Todesdatum", "Letzter Kontakt", "Datum Remission"},
        "rfs_event": {"Datum Rezidiv", "Vitalstatus"},
        "rfs_cause": {"Datum Rezidiv", "Vitalstatus"},
    },
    # extract in the manner of the French registry
    "centre_french.csv": {
        "patient_id": {"N° patient"},
        "age_years": {"Âge à la perfusion"},
        "sex": {"Sexe"},
        "arm": {"Produit"},
        "emd": {"Atteinte extramédullaire"},
        "treg_pct": {"Treg (% des CD4)"},
        "genetic_risk": {"Risque cytogénétique"},
        "bm_blasts_pct": {"Blastes médullaires (%)"},
        "prior_hsct": {"Allogreffe antérieure"},
        "response": {"Meilleure réponse"},
        "mrd": {"MRD"},
        "crs_grade": {"Grade CRS maximal"},
        "icans_grade": {"Grade ICANS maximal"},
        "os_days": {"Survie globale (mois)"},
        "os_event": {"Statut vital"},
        "rfs_days": {"Survie sans rechute (mois)"},
        "rfs_event": {"Rechute", "Statut vital"},
        "rfs_cause": {"Rechute", "Statut vital"},
    },
    "centre_spanish.csv": {
        "patient_id": {"Código paciente"},
        "age_years": {"Edad (años)"},
        "sex": {"Sexo"},
        "arm": {"Producto CAR-T"},
        "emd": {"Enfermedad extramedular"},
        "genetic_risk": {"Riesgo citogenético"},
        "bm_blasts_pct": {"Blastos médula ósea (%)"},
        "prior_hsct": {"TPH alogénico previo"},
        "response": {"Mejor respuesta"},
        "mrd": {"EMR"},
        "crs_grade": {"Grado máximo SLC"},
        "icans_grade": {"Grado máximo ICANS"},
        "os_days": {"Fecha fallecimiento", "Fecha último contacto", "Fecha infusión"},
        "os_event": {"Fecha fallecimiento"},
        "rfs_days": {
            "Fecha recaída", "Fecha fallecimiento", "Fecha último contacto", "Fecha remisión",
        },
        "rfs_event": {"Fecha recaída", "Fecha fallecimiento", "Fecha remisión"},
        "rfs_cause": {"Fecha recaída", "Fecha fallecimiento", "Fecha remisión"},
    },
    "centre_italian.csv": {
        "patient_id": {"Codice paziente"},
        "age_years": {"Età all'infusione (anni)"},
        "sex": {"Sesso"},
        "arm": {"Braccio"},
        "emd": {"Malattia extramidollare"},
        "treg_pct": {"Linfociti T regolatori (% CD4)"},
        "genetic_risk": {"Rischio citogenetico"},
        "bm_blasts_pct": {"Blasti midollari (%)"},
        "prior_hsct": {"Pregresso trapianto"},
        "response": {"Migliore risposta"},
        "mrd": {"Malattia minima residua"},
        "crs_grade": {"CRS grado massimo"},
        "icans_grade": {"ICANS grado massimo"},
        "os_days": {"Sopravvivenza globale (giorni)"},
        "os_event": {"Stato vitale"},
        "rfs_days": {"Sopravvivenza libera da recidiva (giorni)"},
    },
    # a Chinese hospital's export (GB 18030)
    "centre_chinese.csv": {
        "patient_id": {"患者编号"},
        "age_years": {"回输时年龄（岁）"},
        "sex": {"性别"},
        "arm": {"产品"},
        "emd": {"髓外病变"},
        "treg_pct": {"Treg比例(%)"},
        "genetic_risk": {"细胞遗传学危险度"},
        "bm_blasts_pct": {"骨髓原始细胞比例(%)"},
        "prior_hsct": {"既往移植史"},
        "response": {"最佳疗效"},
        "mrd": {"MRD"},
        "crs_grade": {"最高CRS分级"},
        "icans_grade": {"最高ICANS分级"},
        "os_days": {"死亡日期", "末次随访日期", "回输日期"},
        "os_event": {"死亡日期"},
        "rfs_days": {"复发日期", "死亡日期", "末次随访日期", "缓解日期"},
        "rfs_event": {"复发日期", "死亡日期", "缓解日期"},
        "rfs_cause": {"复发日期", "死亡日期", "缓解日期"},
    },
    "centre_japanese.csv": {
        "patient_id": {"症例番号"},
        "age_years": {"輸注時年齢（歳）"},
        "sex": {"性別"},
        "arm": {"製剤"},
        "emd": {"髄外病変の有無"},
        "treg_pct": {"制御性T細胞(%)"},
        "genetic_risk": {"染色体リスク"},
        "bm_blasts_pct": {"骨髄芽球割合(%)"},
        "prior_hsct": {"移植歴"},
        "response": {"最良効果"},
        "mrd": {"MRD"},
        "crs_grade": {"CRS最高グレード"},
        "icans_grade": {"ICANS最高グレード"},
        "os_days": {"全生存期間（日）"},
        "os_event": {"生存状況"},
        "rfs_days": {"無再発生存期間（日）"},
        "rfs_event": {"再発", "生存状況"},
        "rfs_cause": {"再発", "生存状況"},
    },
    # names of an EBMT analysis file (as in the R package mstate), codes -9 and 99
    "ebmt_like.csv": {
        "patient_id": {"patid"},
        "age_years": {"age"},
        "sex": {"sex"},
        "arm": {"product"},
        "emd": {"emd"},
        "bm_blasts_pct": {"bmblasts"},
        "prior_hsct": {"priorhsct"},
        "response": {"bestresponse"},
        "mrd": {"mrd"},
        "crs_grade": {"crsmax"},
        "icans_grade": {"icansmax"},
        "os_days": {"srv"},
        "os_event": {"srvstat"},
        "rfs_days": {"rel"},
        "rfs_event": {"relstat", "srvstat"},
        "rfs_cause": {"relstat", "srvstat"},
    },
    # REDCap export with its dictionary
    "redcap_centre/Registry_DATA_2024-02-01_0900.csv": {
        "patient_id": {"record_id"},
        "age_years": {"age_inf"},
        "sex": {"gender"},
        "arm": {"prod"},
        "emd": {"emd_yn"},
        "treg_pct": {"treg_cd4"},
        "genetic_risk": {"cyto_risk"},
        "bm_blasts_pct": {"bm_bl"},
        "prior_hsct": {"prior_allo"},
        "response": {"best_resp"},
        "mrd": {"mrd_resp"},
        "crs_grade": {"crs_max"},
        "icans_grade": {"icans_max"},
        "os_days": {"os_d"},
        "os_event": {"vital"},
        "rfs_days": {"rfs_d"},
        "rfs_event": {"rfs_ev"},
    },
    "centre_english.csv": {
        "patient_id": {"Patient ID"},
        "age_years": {"Age at CAR-T (years)"},
        "sex": {"Gender"},
        "emd": {"EMD (0=none, 1=CNS only, 2=other)"},
        "treg_pct": {"Tregs pre-infusion (% of CD4+)"},
        "genetic_risk": {"Cytogenetic risk"},
        "bm_blasts_pct": {"BM blasts pre LD (%)"},
        "prior_hsct": {"Prior HCT (Y/N)"},
        "response": {"Best response (1=CR, 2=CRi, 3=NR)"},
        "mrd": {"MRD at response"},
        "crs_grade": {"Worst CRS grade"},
        "icans_grade": {"Worst ICANS grade"},
        "os_days": {"Date of death", "Date of last follow-up", "Date of CAR-T infusion"},
        "os_event": {"Status at last FU (1=dead, 0=alive)"},
        "rfs_days": {"Date of relapse", "Date of death", "Date of last follow-up", "Date of CR"},
        "rfs_event": {"Date of relapse", "Status at last FU (1=dead, 0=alive)"},
        "rfs_cause": {"Date of relapse", "Status at last FU (1=dead, 0=alive)"},
    },
    "centre.xlsx": {
        "patient_id": {"Study ID"},
        "age_years": {"Age at infusion (yrs)"},
        "sex": {"Gender"},
        "arm": {"Product"},
        "emd": {"EMD (Y/N)", "CNS disease (Y/N)"},
        "genetic_risk": {"High risk cytogenetics"},
        "bm_blasts_pct": {"% BM blasts pre-LD"},
        "prior_hsct": {"Prior alloSCT"},
        "response": {"Best response"},
        "mrd": {"MRD D28"},
        "crs_grade": {"Max CRS grade"},
        "icans_grade": {"Max ICANS grade"},
        "os_days": {"Day of death / last FU"},
        "os_event": {"Dead (1=yes, 0=no)"},
        "rfs_days": {"Day of CR", "Day of relapse", "Day of death / last FU"},
        "rfs_event": {"Day of relapse", "Dead (1=yes, 0=no)"},
        "rfs_cause": {"Day of relapse", "Dead (1=yes, 0=no)"},
    },
    "cibmtr.csv": {
        "patient_id": {"crid"},
        "age_years": {"age"},
        "sex": {"sex"},
        "genetic_risk": {"dri"},
        "prior_hsct": {"prihct"},
        "response": {"bstresp"},
        "crs_grade": {"crsgr"},
        "icans_grade": {"icansgr"},
        "os_days": {"intxsurv"},
        "os_event": {"dead"},
        "rfs_days": {"intxrel"},
        "rfs_event": {"dfs"},
        "rfs_cause": {"rel", "dead"},
    },
    "german.csv": {
        "patient_id": {"Pat.-Nr."},
        "age_years": {"Geburtsdatum", "Datum CAR-T-Infusion"},
        "sex": {"Geschlecht"},
        "bm_blasts_pct": {"Blasten KM (%)"},
        "response": {"bestes Ansprechen"},
        "crs_grade": {"CRS-Grad"},
        "os_days": {"verstorben am", "letzter Kontakt", "Datum CAR-T-Infusion"},
        "os_event": {"verstorben am"},
        "rfs_days": {"Datum Rezidiv", "verstorben am", "letzter Kontakt", "Datum Remission"},
        "rfs_event": {"Datum Rezidiv", "verstorben am", "Datum Remission"},
        "rfs_cause": {"Datum Rezidiv", "verstorben am", "Datum Remission"},
    },
    "chinese.csv": {
        "patient_id": {"患者编号"},
        "age_years": {"年龄"},
        "sex": {"性别"},
        "emd": {"髓外病变"},
        "treg_pct": {"Treg(%)"},
        "bm_blasts_pct": {"骨髓原始细胞(%)"},
        "prior_hsct": {"移植史"},
        "response": {"疗效"},
        "crs_grade": {"CRS分级"},
        "icans_grade": {"神经毒性分级"},
        "os_days": {"总生存期(月)"},
        "os_event": {"生存状态(0=死亡,1=存活)"},
    },
    "header_codebook.csv": {
        "patient_id": {"Randomized ID"},
        "emd": {"Extramedullary Disease (0=No/1=Yes)"},
        "bm_blasts_pct": {"Bone marrow (Final)"},
        "prior_hsct": {"Prior HCT (0=N/1=Y)"},
        "response": {"Response (0 = MRD- CR, 1=MRD+ CR, 2=PR, 3=SD, 4=PD)"},
        "mrd": {"Response (0 = MRD- CR, 1=MRD+ CR, 2=PR, 3=SD, 4=PD)"},
        "crs_grade": {"Max Grade CRS"},
    },
    "dates_plus_status.csv": {
        "patient_id": {"id"},
        "os_days": {"infusion_date", "death_date", "last_contact"},
        "os_event": {"vital_status"},
    },
}  # fmt: skip
"""Which columns of a file hold each of ours."""


def proposed(name: str) -> Proposal:
    return mapping.propose(read_source(CASES / name))


def entries(name: str) -> dict[str, Entry]:
    return {entry.target: entry for entry in proposed(name).mapping.entries}


@pytest.mark.parametrize("name", TRUTH)
def test_all_but_three_columns_of_a_centre_are_proposed_right(name: str) -> None:
    found, truth = entries(name), TRUTH[name]
    right = [ours for ours in truth if ours in found and {*found[ours].columns} == truth[ours]]
    assert len(right) >= len(truth) - 3, sorted({*truth} - {*right})
    assert len(right) >= min(11, len(truth) - 3)


@pytest.mark.parametrize("name", TRUTH)
def test_no_column_of_a_centre_is_wrong_and_sure(name: str) -> None:
    for ours, entry in entries(name).items():
        if not entry.ask:
            assert {*entry.columns} == TRUTH[name].get(ours), ours


LEVELS: dict[str, dict[str, dict[str, str]]] = {
    "centre_german.csv": {
        "sex": {"weiblich": "female", "männlich": "male"},
        "emd": {"keine": "none", "isoliert ZNS": "cns", "andere": "other"},
        "genetic_risk": {"Standardrisiko": "standard", "Hochrisiko": "high"},
        "response": {"CR": "CR", "CRi": "CRi", "kein Ansprechen": "NR"},
        "mrd": {"negativ": "negative", "positiv": "positive"},
        "crs_grade": {
            "Grad 0": "0",
            "Grad I": "1",
            "Grad II": "2",
            "Grad III": "3",
            "Grad IV": "4",
        },
        "os_event": {"verstorben": "1", "lebend": "0"},
    },
    "centre_french.csv": {
        "sex": {"Femme": "female", "Homme": "male"},
        "emd": {"aucune": "none", "SNC isolé": "cns", "autre": "other"},
        "response": {"RC": "CR", "RCi": "CRi", "échec": "NR"},
        "prior_hsct": {"oui": "yes", "non": "no"},
        "os_event": {"décédé": "1", "vivant": "0"},
    },
    "centre_spanish.csv": {
        "sex": {"Mujer": "female", "Hombre": "male"},
        "response": {"Remisión completa": "CR", "RCi": "CRi", "sin respuesta": "NR"},
        "prior_hsct": {"sí": "yes", "no": "no"},
        "crs_grade": {"Grado 0": "0", "Grado 2": "2", "Grado 4": "4"},
    },
    "centre_italian.csv": {
        "genetic_risk": {"rischio standard": "standard", "alto rischio": "high"},
        "response": {"Remissione completa": "CR", "RCi": "CRi", "nessuna risposta": "NR"},
        "os_event": {"deceduto": "1", "vivo": "0"},
    },
    "centre_chinese.csv": {
        "sex": {"女": "female", "男": "male"},
        "emd": {"无": "none", "中枢": "cns", "其他": "other"},
        "response": {"完全缓解": "CR", "CRi": "CRi", "未缓解": "NR"},
        "mrd": {"阴性": "negative", "阳性": "positive"},
        "crs_grade": {"0级": "0", "2级": "2", "4级": "4"},
    },
    "centre_japanese.csv": {
        "sex": {"女性": "female", "男性": "male"},
        "prior_hsct": {"あり": "yes", "なし": "no"},
        "response": {"完全寛解": "CR", "血球回復不十分な完全寛解": "CRi", "非寛解": "NR"},
        "crs_grade": {"グレード0": "0", "グレード3": "3"},
        "os_event": {"死亡": "1", "生存": "0"},
    },
    "redcap_centre/Registry_DATA_2024-02-01_0900.csv": {
        "os_event": {"0": "1", "1": "0"},  # 0, Dead | 1, Alive
        "sex": {"1": "male", "2": "female"},
        "response": {"1": "CR", "2": "CRi", "3": "NR"},
    },
    "centre_english.csv": {
        "emd": {"0": "none", "1": "cns", "2": "other"},
        "response": {"1": "CR", "2": "CRi", "3": "NR"},
        "prior_hsct": {"Y": "yes", "N": "no"},
    },
    "header_codebook.csv": {"mrd": {"0": "negative", "1": "positive"}},
}
"""What words and codes of a file mean."""


@pytest.mark.parametrize("name", LEVELS)
def test_the_words_of_a_centre_are_translated(name: str) -> None:
    found = entries(name)
    for ours, levels in LEVELS[name].items():
        said = getattr(found[ours], "levels", None) or {}
        assert {theirs: said.get(theirs) for theirs in levels} == levels, ours


def test_codes_apart_from_all_others_are_asked_about_as_missing() -> None:
    found = entries("ebmt_like.csv")
    assert (found["crs_grade"].missing, found["icans_grade"].missing) == (("-9",), ("99",))  # type: ignore[attr-defined]
    assert "Does “-9” mean a missing value?" in found["crs_grade"].ask
    found = entries("cibmtr.csv")
    assert found["crs_grade"].missing == ("-9",)  # type: ignore[attr-defined]
    assert found["os_days"].unit == "months"  # type: ignore[attr-defined]


# --- the way to a cohort -------------------------------------------------------------------------


def answered(name: str) -> pd.DataFrame:
    """Say yes to every question, and carry the mapping out."""
    made = proposed(name)
    text = "\n".join(line for line in made.to_yaml().split("\n") if "ask:" not in line)
    plan = mapping.loads(text, for_use=True)
    done = mapping.apply(mapping.select(made.source, plan), plan, today=dt.date(2024, 12, 31))
    assert not done.problems
    return pd.DataFrame({c: done.cells[c] for c in FIELDS if c in done.cells})


def raw(name: str, encoding: str, sep: str) -> pd.DataFrame:
    text = (CASES / name).read_bytes().decode(encoding)
    header, *rows = csv.reader(io.StringIO(text), delimiter=sep)
    return pd.DataFrame(rows, columns=header)


@pytest.mark.parametrize(
    ("name", "encoding", "sep", "infusion", "remission", "relapse", "death", "last", "order"),
    [
        ("centre_german.csv", "cp1252", ";", "Datum CAR-T-Infusion", "Datum Remission",
         "Datum Rezidiv", "Todesdatum", "Letzter Kontakt", "%d.%m.%Y"),
        ("centre_chinese.csv", "gb18030", ",", "回输日期", "缓解日期", "复发日期", "死亡日期",
         "末次随访日期", "%Y-%m-%d"),
        ("centre_english.csv", "utf-8", ",", "Date of CAR-T infusion", "Date of CR",
         "Date of relapse", "Date of death", "Date of last follow-up", "%Y-%m-%d"),
    ],
)  # fmt: skip
def test_times_and_events_equal_a_computation_from_the_raw_dates(
    name: str, encoding: str, sep: str, infusion: str, remission: str, relapse: str, death: str,
    last: str, order: str,
) -> None:  # fmt: skip
    made, table = answered(name), raw(name, encoding, sep)
    day = {
        c: pd.to_datetime(table[c], format=order, errors="coerce")
        for c in (infusion, remission, relapse, death, last)
    }
    os = (day[death].fillna(day[last]) - day[infusion]).dt.days
    assert made["os_days"].astype(int).tolist() == os.tolist()
    assert made["os_event"].astype(int).tolist() == day[death].notna().astype(int).tolist()
    end = day[relapse].fillna(day[death]).fillna(day[last])
    rfs = (end - day[remission]).dt.days
    event = (day[relapse].notna() | day[death].notna()).astype(float).where(rfs.notna())
    assert pd.to_numeric(made["rfs_days"]).tolist() == pytest.approx(rfs.tolist(), nan_ok=True)
    assert pd.to_numeric(made["rfs_event"]).tolist() == pytest.approx(event.tolist(), nan_ok=True)


def test_days_of_a_workbook_are_counted_from_remission() -> None:
    made, table = answered("centre.xlsx"), pd.read_excel(CASES / "centre.xlsx")
    end = table["Day of relapse"].fillna(table["Day of death / last FU"])
    rfs = (end - table["Day of CR"]).tolist()
    assert pd.to_numeric(made["rfs_days"]).tolist() == pytest.approx(rfs, nan_ok=True)
    assert made["os_days"].astype(int).tolist() == table["Day of death / last FU"].tolist()
    event = (table["Day of relapse"].notna() | (table["Dead (1=yes, 0=no)"] == 1)).astype(float)
    event = event.where(table["Day of CR"].notna())
    assert pd.to_numeric(made["rfs_event"]).tolist() == pytest.approx(event.tolist(), nan_ok=True)
    assert set(made["emd"]) == {"none", "other"}  # whoever has CNS disease has EMD = Y, too


def test_times_of_a_registry_are_counted_from_a_day_of_remission_in_the_same_unit() -> None:
    cells = {"crid": ["1", "2", "3"], "intxsurv": ["12.5", "30.1", "7.0"], "dead": ["0", "1", "0"]}
    cells |= {"intxrel": ["12.5", "20.0", "7.0"], "rel": ["0", "1", "0"]}
    columns = (*map(Column, cells), Column("months to remission"))
    cells["months to remission"] = ["1.0", "1.5", "0.9"]
    table = Source("x.csv", "CSV", columns, cells, (2, 3, 4))
    entry = mapping.propose(table).mapping.by_target["rfs_days"]
    assert isinstance(entry, FromDays)
    assert (entry.days, entry.since, entry.unit) == (("intxrel",), "months to remission", "months")
    cells["day of remission"] = cells.pop("months to remission")
    columns = (*columns[:-1], Column("day of remission"))
    table = Source("x.csv", "CSV", columns, cells, (2, 3, 4))
    assert not isinstance(mapping.propose(table).mapping.by_target["rfs_days"], FromDays)


def test_who_was_never_infused_is_proposed_to_be_left_out(tmp_path: Path) -> None:
    made = proposed("not_infused.csv")
    assert made.only is not None
    assert "only: {infused: Y}" in made.to_yaml()
    assert "Only patients with “infused” = Y count" in made.mapping.by_target["patient_id"].ask
    assert len(answered("not_infused.csv")) == 12  # of 16 rows
