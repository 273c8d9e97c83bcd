"""More than one table, or several rows of a patient: joined, gathered, and rightly computed."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import centres
import pandas as pd
import pyreadstat
import pytest
from tinybook import TESTS

from cartanalysis.contract import Cohort
from cartanalysis.errors import InputError, Problem
from cartanalysis.intake import mapping
from cartanalysis.intake.admission import Request, admit
from cartanalysis.intake.reading import read_source
from cartanalysis.stats.survival import median, survival_at

YEAR = 365.0
CASES = TESTS / "data" / "cases"


def proposed(path: Path) -> str:
    """Propose a mapping as `map` does."""
    source = read_source(path, wanted=None)
    assert not source.problems
    return mapping.propose(source).to_yaml()


def answered(text: str) -> str:
    """Say yes to every question."""
    return re.sub(r"\n +ask: .*", "", text)


def admitted(path: Path, plan: str) -> Cohort:
    place = path.parent / "map.yml"
    place.write_text(plan, encoding="utf-8")
    return admit(Request(str(path), place))


def refused(path: Path, plan: str) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as error:
        admitted(path, plan)
    return error.value.problems


def shown(cohort: Cohort) -> dict[str, float]:
    """Compute what the book shows."""
    table = cohort.table
    return {
        "n": len(table),
        "remission": int((table["response"] == "CR").sum()),
        "os_1y": survival_at(table, "os", [YEAR])["estimate"].item(),
        "median": median(table, "os")["estimate"].item(),
    }


@pytest.fixture
def patients() -> pd.DataFrame:
    return centres.patients()


def test_the_direct_computation_has_something_to_find(patients):
    found = centres.direct(patients)
    assert found["n"] == 30 and found["remission"] == 24
    assert 0.7 < found["os_1y"] < 0.9 and found["median"] == 693


# --- sheets and files ----------------------------------------------------------------------------


def test_a_workbook_of_three_sheets_gives_what_its_tables_say(tmp_path, patients):
    path = centres.two_sheets(tmp_path / "centre.xlsx", patients)
    text = proposed(path)
    assert 'tables:\n  - Patients: PatNr\n  - "Follow-up": "Pat ID"\n  - Toxicity: PatNr\n' in text
    assert "does the highest one count?" in text
    with pytest.raises(InputError, match="not yet confirmed"):
        admitted(path, text)
    cohort = admitted(path, answered(text))
    assert shown(cohort) == pytest.approx(centres.direct(patients))
    # the second of two records of CRS is the worse one
    assert cohort.table["crs_grade"].tolist() == patients["crs"].tolist()


def test_a_folder_of_files_gives_the_same(tmp_path, patients):
    path = centres.two_sheets(tmp_path / "centre.xlsx", patients)
    sheets = pd.read_excel(path, sheet_name=None, dtype=str)
    folder = centres.write(tmp_path / "centre", **sheets)
    sheets["Toxicity"].to_parquet(folder / "Toxicity.parquet")
    (folder / "Toxicity.csv").unlink()
    (folder / "readme.txt").write_text("Exported on Monday\n", encoding="utf-8")
    text = proposed(folder)
    assert "readme” was not joined" in text
    cohort = admitted(folder, answered(text))
    assert shown(cohort) == pytest.approx(centres.direct(patients))
    with pytest.raises(InputError, match="cartanalysis map proposes one"):
        read_source(folder)


PLAN = """version: 1
tables: [{a: id}, {b: nr}]
columns:
  patient_id: {from: id}
"""


def two_files(folder: Path, a: str, b: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "a.csv").write_text(a, encoding="utf-8")
    (folder / "b.csv").write_text(b, encoding="utf-8")
    return folder


def test_columns_of_one_name_are_told_apart_by_their_table(tmp_path):
    folder = two_files(tmp_path / "x", "id,crs\nP1,1\nP2,2\n", "nr,crs\np-1,4\n1,3\nP02,0\n")
    text = PLAN + '  crs_grade: {from: "b: crs"}\n'
    cohort = admitted(folder, text)
    # P02 and P2 are the same; others of b are not in a
    assert cohort.table["crs_grade"].fillna(-1).tolist() == [-1, 0]
    assert "b has patients who are not in a" in " ".join(cohort.notes)
    (problem,) = refused(folder, PLAN + "  crs_grade: {from: crs}\n")
    assert "no such column" in problem.what


def test_rows_that_differ_are_asked_about_with_their_place(tmp_path):
    folder = two_files(
        tmp_path / "x", "id\nP1\nP2\n", "nr,crs,on\nP1,1,2020-03-01\nP1,3,2020-02-01\n"
    )
    text = PLAN + "  crs_grade: {from: crs}\n"
    (problem,) = refused(folder, text)
    assert (problem.row, problem.column, problem.value) == (2, "crs", "1")
    assert "row 3 says “3”" in problem.what and "take:" in problem.remedy
    for how, grade in {"first": 1, "last": 3, "highest": 3, "lowest": 1}.items():
        plan = text + f"take: {{crs: {how}}}\n"
        assert admitted(folder, plan).table["crs_grade"].fillna(-1).tolist() == [grade, -1]
    plan = text + "take: {crs: last}\norder: on\n"
    assert admitted(folder, plan).table["crs_grade"].tolist()[0] == 1
    found = refused(folder, text + "take: {crz: last}\norder: off\nby: [kind]\n")
    assert {p.column for p in found} >= {"crz", "off", "kind"}


def test_a_problem_of_a_joined_cell_names_its_table_and_row(tmp_path):
    folder = two_files(tmp_path / "x", "id\nP1\nP2\n", "nr,crs\nP2,9\nP1,1\n")
    (problem,) = refused(folder, PLAN + "  crs_grade: {from: crs}\n")
    assert (problem.row, problem.column, problem.value) == (2, "b: crs", "9")


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ("[a, c]", "there is no file “c”"),
        ("[a, b]", "no such column, by which it is to be joined"),
        ("[{a: id}, {b: crs}]", "no patient of b is in a"),
        ("[a, a]", "named twice"),
        ("[{a: [id]}]", "a text is wanted here"),
    ],
)
def test_tables_that_cannot_be_joined_stop(tmp_path, tables, says):
    folder = two_files(tmp_path / "x", "id\nP1\nP2\n", "nr,crs\nP2,1\nP1,1\n")
    plan = PLAN.replace("[{a: id}, {b: nr}]", tables) + "  crs_grade: {from: crs}\n"
    assert says in " ".join(p.what for p in refused(folder, plan))


def test_tables_of_one_file_without_sheets_stop(tmp_path):
    folder = two_files(tmp_path / "x", "id\nP1\nP2\n", "nr\nP1\n")
    (problem,) = refused(folder / "a.csv", PLAN)
    assert "one file without sheets" in problem.what


def test_a_folder_of_everything_is_not_looked_through(tmp_path):
    for i in range(41):
        (tmp_path / f"{i}.csv").write_text("id\nP1\n", encoding="utf-8")
    with pytest.raises(InputError, match="the folder holds 41 tables"):
        read_source(tmp_path, wanted=None)


def test_a_long_table_by_itself_is_gathered(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("id,visit,blasts\nA,base,60\nA,d28,2\nB,base,80\nB,d28,\n", encoding="utf-8")
    plan = (
        "version: 1\nby: visit\ncolumns:\n  patient_id: {from: id}\n"
        '  bm_blasts_pct: {from: "blasts: base", unit: percent}\n'
    )
    assert admitted(path, plan).table["bm_blasts_pct"].tolist() == [60, 80]


# --- REDCap --------------------------------------------------------------------------------------


def test_a_longitudinal_redcap_project_gives_what_its_rows_say(tmp_path, patients):
    path = centres.redcap_longitudinal(tmp_path / "redcap", patients)
    text = proposed(path)
    assert "by: [ae_term]" in text and "treg: first" in text
    assert "“treg: baseline_arm_1”" in text  # may be taken instead
    cohort = admitted(path, answered(text))
    assert shown(cohort) == pytest.approx(centres.direct(patients))
    assert cohort.table["crs_grade"].tolist() == patients["crs"].tolist()
    assert cohort.table["treg_pct"].tolist() == patients["treg"].tolist()
    later = answered(text).replace("from: treg\n", 'from: "treg: day_28_arm_1"\n')
    table = admitted(path, later).table
    assert table["treg_pct"].tolist() == pytest.approx([t + 10 for t in patients["treg"]])


VISITS = """id,visit,state,response
A,d28,{alive},{NR}
A,m3,{alive},{CR}
A,m6,{dead},{relapse}
B,d28,{alive},{CRi}
B,m3,{alive},{CRi}
B,m6,{alive},{CR}
C,d28,{alive},{NR}
C,m3,{dead},{NR}
"""


@pytest.mark.parametrize(
    ("names", "words", "how"),
    [
        (
            ("Vitalstatus", "Best response"),
            {"alive": "lebt", "dead": "verstorben", "relapse": "Rezidiv", "CRi": "CRi"},
            ("highest", "highest"),
        ),
        (
            ("Vital status (0=dead, 1=alive)", "Best response (1=CR, 2=CRi, 3=NR)"),
            {"alive": 1, "dead": 0, "relapse": 3, "CR": 1, "CRi": 2, "NR": 3},
            ("lowest", "lowest"),
        ),
        (
            ("Vital status (1=alive, 2=dead)", "Best response (1=NR, 2=CRi, 3=CR)"),
            {"alive": 1, "dead": 2, "relapse": 1, "CR": 3, "CRi": 2, "NR": 1},
            ("highest", "highest"),
        ),
    ],
)
def test_of_visits_the_death_and_the_best_response_count(tmp_path, names, words, how):
    folder = tmp_path / "cohort"
    folder.mkdir()
    (folder / "patients.csv").write_text("id,sex\nA,F\nB,M\nC,F\n", encoding="utf-8")
    text = VISITS.format(**({"CR": "CR", "NR": "NR"} | words))
    header = ",".join(f'"{name}"' for name in names)
    (folder / "visits.csv").write_text(text.replace("state,response", header), encoding="utf-8")
    source = read_source(folder, wanted=None)
    assert not source.problems
    assert source.layout is not None
    assert tuple(source.layout.take[name] for name in names) == how
    state, best = (source.cells[name] for name in names)
    assert state == [str(words[w]) for w in ("dead", "alive", "dead")]
    assert best == [str(words.get(w, w)) for w in ("CR", "CR", "NR")]
    assert "does the " + how[0] in (asked := proposed(folder))
    assert "(dead above alive)" in asked and "(CR above CRi above NR)" in asked


DICTIONARY = """\
Variable / Field Name,Field Type,Field Label,"Choices, Calculations, OR Slider Labels",Identifier?
record_id,text,Record ID,,
infusion_date,text,Date of CAR T infusion,,
emd_site,checkbox,Extramedullary disease at screening,"0, None | 1, CNS | 2, Testis | 3, Other",
resp_d28,radio,Best response until day 28,"1, CR | 2, CRi | 3, No response | 99, Unknown",
resp_date,text,Date of response assessment,,
relapse_yn,yesno,Relapse after CAR T?,,
relapse_date,text,Date of relapse,,
vital_status,radio,Vital status,"1, Alive | 2, Dead",
death_date,text,Date of death,,
last_contact_date,text,Date of last contact,,
"""
EXPORT = """\
record_id,redcap_event_name,infusion_date,emd_site___0,emd_site___1,emd_site___2,emd_site___3,\
resp_d28,resp_date,relapse_yn,relapse_date,vital_status,death_date,last_contact_date
1,base,2020-01-01,1,0,0,0,1,2020-01-29,,,,,
1,m3,,,,,,,,0,,1,,2020-04-01
1,m6,,,,,,,,1,2020-06-01,2,2020-07-01,2020-07-01
2,base,2020-01-01,0,1,0,0,3,2020-01-29,,,,,
2,m3,,,,,,,,,,2,2020-03-01,2020-03-01
3,base,2020-01-01,0,1,1,0,2,2020-01-31,,,,,
3,m3,,,,,,,,0,,1,,2020-04-01
3,m6,,,,,,,,0,,1,,2020-07-01
4,base,2020-01-01,0,0,0,1,99,,,,,,
4,m3,,,,,,,,,,1,,2020-04-01
"""


def test_redcap_response_checkboxes_and_relapse_are_proposed(tmp_path):
    (tmp_path / "CART_DataDictionary_2023-07-03.csv").write_text(DICTIONARY, encoding="utf-8")
    path = tmp_path / "CART_DATA_2023-07-03_1012.csv"
    path.write_text(EXPORT, encoding="utf-8")
    text = proposed(path)
    assert "relapse_yn" not in text.split("columns:")[0]  # it tells no rows apart
    for target in ("emd", "response", "rfs_days", "rfs_event", "rfs_cause"):
        entry = re.search(rf"  {target}:\n(?:    .*\n)+", text)
        assert entry is not None
        assert "ask:" in entry[0]
    table = admitted(path, answered(text)).table.astype(object)
    table = table.where(table.notna(), None)
    assert table["emd"].tolist() == ["none", "cns", "other", "other"]
    assert table["response"].tolist() == ["CR", "NR", "CRi", None]
    # 2020 is a leap year: from 1 January to 1 July 182 days, to 1 March 60, to 1 April 91
    assert table["os_days"].tolist() == [182, 60, 182, 91]
    assert table["os_event"].tolist() == [1, 1, 0, 0]
    # from 29 January to 1 June 124 days, from 31 January to 1 July 152
    assert table["rfs_days"].tolist() == [124, None, 152, None]
    assert table["rfs_event"].tolist() == [1, None, 0, None]
    assert table["rfs_cause"].tolist() == ["relapse", None, None, None]


# --- SDTM ----------------------------------------------------------------------------------------


def test_a_folder_of_sdtm_gives_what_its_domains_say(tmp_path, patients):
    folder = centres.sdtm(tmp_path / "sdtm", patients)
    text = proposed(folder)
    cohort = admitted(folder, answered(text))
    assert shown(cohort) == pytest.approx(centres.direct(patients))  # from the CAR T cells on
    assert cohort.table["crs_grade"].tolist() == patients["crs"].tolist()
    # the fever of grade 4 was before the infusion
    assert cohort.table["ae_grade_max"].tolist() == patients["crs"].tolist()
    notes = " ".join(cohort.notes)
    assert "first day of “TISAGENLECLEUCEL” in EX" in notes
    assert cohort.left_out == 2, notes
    relapses = (patients["relapse"] != "").sum()
    assert (cohort.table["rfs_cause"] == "relapse").sum() == relapses > 3
    # what only some rows say is not told of columns that nobody uses
    assert "FLUDARABINE" not in text + notes and "COMPLETED" not in text + notes


def test_without_ex_the_first_treatment_is_told(tmp_path, patients):
    folder = centres.sdtm(tmp_path / "sdtm", patients)
    (folder / "ex.csv").unlink()
    source = read_source(folder)
    assert source.cells["TRTSDT"][0] == centres.days_after(centres.FIRST, -5)
    assert "RFXSTDTC, the first day of any treatment" in " ".join(source.notes)


def test_other_tests_than_the_overall_response_do_not_tell_the_course(tmp_path, patients):
    folder = centres.sdtm(tmp_path / "sdtm", patients)
    before = read_source(folder)
    rs = pd.read_csv(folder / "rs.csv", dtype=str)
    first = rs.drop_duplicates("USUBJID")
    marrow = first.assign(RSTESTCD="BMRESP", RSTEST="Marrow", RSSTRESC="CR", RSDTC="2030-01-01")
    mrd = pd.concat([marrow, marrow]).assign(RSTESTCD="MRDIND", RSTEST="MRD", RSSTRESC="NEGATIVE")
    pd.concat([rs, marrow, mrd]).to_csv(folder / "rs.csv", index=False)
    source = read_source(folder)
    assert not source.problems
    for name in ("RSDTC:remission", "RSDTC:relapse", "RSSTRESC:OVRLRESP"):
        assert source.cells[name] == before.cells[name]
    assert set(source.cells["RSSTRESC:BMRESP"]) == {"CR"}
    assert "MRDIND (such as “NEGATIVE”) left out" in " ".join(source.notes)


def changed(folder: Path, domain: str, change) -> None:
    """Change a domain of SDTM."""
    path = folder / f"{domain}.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(table).to_csv(path, index=False)


def with_product(name: str):
    return lambda table: table.replace({"EXTRT": {"TISAGENLECLEUCEL": name}})


PRODUCTS = re.split(
    r",\s",
    """\
KYMRIAH, CTL019, KTE-X19, ARI-0001, AUTO1, huCART19, ANTI-CD19 CAR, CD19CAR T-CELLS, Brexu-cel,
YESCARTA, TECARTUS, BREYANZI, ABECMA, CARVYKTI, obe-cel, tisa-cel, CAR-T CELLS, CART-19,
MB-CART2019.1, CD19/CD22 CAR, JCAR017""",
)


@pytest.mark.parametrize("product", PRODUCTS)
def test_products_of_car_t_cells_are_known_by_all_their_names(tmp_path, patients, product):
    folder = centres.sdtm(tmp_path / "sdtm", patients)
    changed(folder, "ex", with_product(product))
    source = read_source(folder)
    assert not source.problems
    assert source.cells["TRTSDT"] == patients["infusion"].tolist()


def test_a_product_that_is_not_known_is_asked_for(tmp_path, patients):
    folder = centres.sdtm(tmp_path / "sdtm", patients)
    text = proposed(folder)
    for name in ("STUDY DRUG", "LEUKAPHERESIS PRODUCT CART", "LYMPHODEPLETION BEFORE CAR T"):
        changed(folder, "ex", with_product(name))
        (problem,) = read_source(folder).problems
        assert f"“{name}” ({len(patients)} subjects)" in problem.what
        assert 'since: "EXSTDTC:NAME"' in problem.remedy
        assert "EX: which treatment is the infusion" in proposed(folder)
        changed(folder, "ex", lambda table, n=name: table.replace(n, "TISAGENLECLEUCEL"))
    changed(folder, "ex", with_product("STUDY DRUG"))
    cohort = admitted(folder, answered(text).replace("TRTSDT", '"EXSTDTC:STUDY DRUG"'))
    assert shown(cohort) == pytest.approx(centres.direct(patients))
    assert cohort.left_out == 2
    # one treatment alone is the infusion, but not if it is known as something else
    alone = pd.read_csv(folder / "ex.csv", dtype=str).query("EXTRT == 'STUDY DRUG'")
    changed(folder, "ex", lambda _: alone)
    assert read_source(folder).cells["TRTSDT"] == patients["infusion"].tolist()
    changed(folder, "ex", lambda table: table.replace("STUDY DRUG", "FLUDARABINE"))
    assert "which treatment" in read_source(folder).problems[0].what


def test_a_dose_of_nothing_is_no_infusion(tmp_path, patients):
    folder = centres.sdtm(tmp_path / "sdtm", patients)

    def nothing_for_three(table):
        product = table[table["EXTRT"] == "TISAGENLECLEUCEL"]
        table["EXDOSE"] = "1"
        table["EXOCCUR"] = ""
        table.loc[product.index[:2], "EXDOSE"] = ["0", "0.0"]
        table.loc[product.index[2], "EXOCCUR"] = "N"
        return table

    changed(folder, "ex", nothing_for_three)
    source = read_source(folder)
    assert source.cells["TRTSDT"] == patients["infusion"].tolist()[3:]
    assert source.left_out == 5
    assert f"{len(patients) - 3} who were treated count" in proposed(folder)


@pytest.mark.parametrize("given", ["", "2019", "month"])
def test_a_death_without_a_full_date_is_a_death_at_the_last_contact(tmp_path, patients, given):
    folder = centres.sdtm(tmp_path / "sdtm", patients)
    before = admitted(folder, answered(proposed(folder))).table

    def shorter(table):
        first = table.index[table["DTHFL"] == "Y"][0]
        day = table.loc[first, "DTHDTC"]
        table.loc[first, "DTHDTC"] = day[:7] if given == "month" else given and day[:4]
        return table

    changed(folder, "dm", shorter)
    text = proposed(folder)
    cohort = admitted(folder, answered(text))
    assert cohort.table["os_event"].tolist() == before["os_event"].tolist()
    # the last contact of the dead is the day of death
    assert cohort.table["os_days"].tolist() == before["os_days"].tolist()
    assert cohort.table["rfs_event"].tolist() == pytest.approx(
        before["rfs_event"].tolist(), nan_ok=True
    )
    assert "without a full date in DTHDTC" in " ".join(cohort.notes)
    start, rest = answered(text).split("  os_event:\n")
    by_date = f"{start}  os_event: {{filled: [DTHDTC]}}\n" + rest[rest.index("  # not found") :]
    unused = 'drop: ["RSDTC:remission", "RSDTC:relapse"'
    by_date = re.sub(r"drop:\n(  - .*\n)+", f"{unused}, RFXSTDTC]\n", by_date)
    refusal = refused(folder, by_date)
    assert any("make os_event of this column" in p.remedy for p in refusal), refusal


WORDS_OF_RELAPSE = ["PD", "REL", "RD", "LOSS OF RESPONSE", "RELAPSED DISEASE", "NR"]


@pytest.mark.parametrize("word", WORDS_OF_RELAPSE)
def test_a_relapse_is_known_by_its_words(tmp_path, patients, word):
    folder = centres.sdtm(tmp_path / "sdtm", patients)
    before = read_source(folder)
    changed(folder, "rs", lambda table: table.replace({"RSSTRESC": {"PD": word}}))
    source = read_source(folder)
    assert source.cells["RSDTC:relapse"] == before.cells["RSDTC:relapse"]
    assert source.cells["RSSTRESC:OVRLRESP"] == before.cells["RSSTRESC:OVRLRESP"]
    told = f"“{word}” after a remission counts as relapse" in " ".join(source.notes)
    assert told == (word in ("RD", "NR"))


@pytest.mark.parametrize("word", ["COMPLETE REMISSION", "CR MRD-", "MRD-negative CR"])
def test_a_remission_is_known_by_its_words_and_levels_are_asked(tmp_path, patients, word):
    folder = centres.sdtm(tmp_path / "sdtm", patients)
    changed(folder, "rs", lambda table: table.replace({"RSSTRESC": {"CR": word}}))
    text = proposed(folder)
    assert f"{word}: CR" in text.replace('"', "")
    assert shown(admitted(folder, answered(text))) == pytest.approx(centres.direct(patients))


def test_a_response_that_is_not_known_is_asked_about_under_levels(tmp_path, patients):
    folder = centres.sdtm(tmp_path / "sdtm", patients)
    text = answered(proposed(folder))
    changed(folder, "rs", lambda table: table.replace({"RSSTRESC": {"PD": "blue"}}))
    (source, found) = read_source(folder), refused(folder, text)
    assert "“blue” is not known" in " ".join(source.notes)
    joint = {cell for cell in source.cells["RSSTRESC:OVRLRESP"] if "blue" in cell}
    assert joint <= {"CR / blue", "CRi / blue"}
    assert joint
    assert any("translate it in a mapping file (levels:)" in p.remedy for p in found)
    # a relapse or what was not seen says nothing beside it
    changed(folder, "rs", lambda table: table.replace({"RSSTRESC": {"CR": "mCR"}}))
    changed(folder, "rs", lambda table: table.replace({"RSSTRESC": {"blue": "PD", "NR": "NE"}}))
    cells = read_source(folder).cells["RSSTRESC:OVRLRESP"]
    assert {*cells} <= {"mCR", "CRi", "NE"}
    own = """version: 1
columns:
  patient_id: {from: USUBJID}
  response: {from: "RSSTRESC:OVRLRESP", levels: {mCR: CR, CRi: CRi, NE: NR}}
  os_days: {dates: [DTHDTC], otherwise: [RFPENDTC], since: TRTSDT}
  os_event: {filled: [DTHDTC]}
drop: [RFXSTDTC]
"""
    table = admitted(folder, own).table
    assert (table["response"] == "CR").sum() == (patients["response"] == "CR").sum()


# --- OMOP ----------------------------------------------------------------------------------------

OMOP = """  response:
    rules:
      CR: {remission: {filled: yes}}
      NR: {remission: {filled: no}}
"""


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_folder_of_omop_gives_what_its_tables_say(tmp_path, patients, suffix):
    folder = centres.omop(tmp_path / "omop", patients, suffix)
    text = proposed(folder)
    assert "infusion: {drug_exposure: [37002399]}" in text
    cohort = admitted(folder, answered(text).replace("columns:\n", "columns:\n" + OMOP))
    assert shown(cohort) == pytest.approx(centres.direct(patients))
    assert cohort.table["crs_grade"].tolist() == patients["crs"].tolist()
    assert cohort.table["treg_pct"].tolist() == patients["treg"].tolist()  # the ones before
    assert cohort.table["sex"].tolist() == [{"F": "female", "M": "male"}[s] for s in patients.sex]
    relapses = (patients["relapse"] != "").sum()
    assert (cohort.table["rfs_cause"] == "relapse").sum() == relapses  # none of before


def test_omop_without_a_concept_of_the_infusion_lists_what_there_is(tmp_path, patients):
    folder = centres.omop(tmp_path / "omop", patients)
    plan = "version: 1\ncolumns:\n  patient_id: {from: person_id}\n"
    (problem,) = refused(folder, plan)
    assert "infusion of CAR T cells is not known" in problem.what
    assert "37002399 chimeric antigen receptor T cell infusion" in problem.remedy
    (folder / "concept.csv").unlink()
    with pytest.raises(InputError, match="a file of the table concept would tell their names"):
        read_source(folder, wanted=None)
    none = plan + "concepts: {infusion: {drug_exposure: [5]}, x: {visits: [1]}}\n"
    assert "names the table “visits”" in refused(folder, none)[0].what
    (problem,) = refused(folder, plan + "concepts: {infusion: {drug_exposure: [5]}}\n")
    assert "nobody has an infusion" in problem.what


def test_omop_in_several_units_stops(tmp_path, patients):
    folder = centres.omop(tmp_path / "omop", patients)
    path = folder / "measurement.csv"
    table = pd.read_csv(path)
    table.loc[3, "unit_concept_id"] = 9999
    table.to_csv(path, index=False)
    found = read_source(folder, wanted=None).problems
    assert [p.what for p in found] == [
        "treg: it was measured in several units (concepts 8554, 9999)"
    ]


# --- files that are damaged ----------------------------------------------------------------------


@pytest.mark.parametrize("make", [centres.sdtm, centres.omop])
@pytest.mark.parametrize("content", [b"", b"\0\1\2", b"a,b\n1\n", b"x" * 3000, b'"\n,\n"'])
def test_damaged_files_of_a_folder_are_refused_with_their_name(tmp_path, patients, make, content):
    folder = make(tmp_path / "x", patients)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        path.write_bytes(content)
        try:
            source = read_source(folder, wanted=None)
        except InputError as error:
            assert str(error)
        else:
            assert source.rows
        path.write_bytes(whole)
    assert len(read_source(folder, wanted=None).rows) == len(patients)


# --- ADaM and cBioPortal -------------------------------------------------------------------------


def test_adam_with_severity_alone_names_the_missing_column(tmp_path):
    folder = shutil.copytree(CASES / "adam_screenfail", tmp_path / "adam")
    table = pd.read_csv(folder / "adae.csv", dtype=str)
    grade = next(c for c in table if "TOXGR" in c)
    table.rename(columns={grade: "AESEV"}).assign(AESEV="SEVERE").to_csv(
        folder / "adae.csv", index=False
    )
    source = read_source(folder)
    assert not source.problems
    assert "AETOXGR, the grade of an event from 0 to 5, is missing" in " ".join(source.notes)
    assert not [c for c in source.cells if c.startswith("AETOXGR")]


def test_the_meta_files_of_a_study_name_its_clinical_files(tmp_path):
    about = "cancer_study_identifier: x\ngenetic_alteration_type: CLINICAL\n"
    (tmp_path / "meta_patients.txt").write_text(
        f"{about}datatype: PATIENT_ATTRIBUTES\ndata_filename: people.txt\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"names the file “people\.txt”, which is not there"):
        read_source(tmp_path)
    (tmp_path / "people.txt").write_text("PATIENT_ID\tAGE\nP1\t9\n", encoding="utf-8")
    assert read_source(tmp_path).cells == {"PATIENT_ID": ["P1"], "AGE": ["9"]}


def test_two_sheets_are_proposed_to_be_joined():
    source = read_source(CASES / "two_sheets.xlsx", wanted=None)
    raw = pd.read_excel(CASES / "two_sheets.xlsx", sheet_name=None, dtype=str)
    relapsed = dict(raw["Follow-up"][["patient_id", "relapse"]].itertuples(index=False))
    assert source.cells["relapse"] == [relapsed.get(i, "") for i in raw["Sheet"]["patient_id"]]
    made = mapping.propose(source)
    assert "Joined: “Sheet” by “patient_id”, “Follow-up” by “patient_id”\n" in made.summary()
    text = made.to_yaml()
    assert 'tables:\n  - Sheet: patient_id\n  - "Follow-up": patient_id\n' in text


def test_sdtm_as_transport_files_gives_the_same(tmp_path, patients):
    folder = centres.sdtm(tmp_path / "sdtm", patients)
    as_text = read_source(folder)
    for path in sorted(folder.glob("*.csv")):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        pyreadstat.write_xport(table, path.with_suffix(".xpt"), table_name=path.stem.upper())
        path.unlink()
    assert read_source(folder).cells == as_text.cells


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory")
def test_a_measurement_table_of_100_mb_is_not_held(tmp_path, patients):
    folder = centres.omop(tmp_path / "omop", patients)
    with (folder / "measurement.csv").open("a", encoding="utf-8") as file:
        for block in range(20):
            row = f"{block},5,1.25,2019-05-05,8554,a_longer_source_value_than_needed\n"
            file.write(row * 100_000)
    header = (folder / "measurement.csv").read_text(encoding="utf-8").split("\n", 1)
    (folder / "measurement.csv").write_text(
        f"{header[0]},measurement_source_value\n" + header[1].replace("8554\n", "8554,\n"),
        encoding="utf-8",
    )
    assert (folder / "measurement.csv").stat().st_size > 100e6
    program = (
        "import resource, sys, time, pyarrow.csv, pyarrow.parquet\n"
        "from cartanalysis.intake.reading import read_source\n"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000\n"
        "before, start = used(), time.process_time()\n"
        "print(len(read_source(sys.argv[1], wanted=None).rows))\n"
        "print(used() - before, time.process_time() - start)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True
    )
    n, megabytes, seconds = map(float, done.stdout.split())
    assert n == len(patients)
    assert megabytes < 150 and seconds < 30


def test_a_sample_of_cbioportal_may_be_chosen(tmp_path):
    text = "PATIENT_ID\tSAMPLE_ID\tTREG_PCT\nP1\tA\t4\nP1\tB\t9\nP2\tC\t5\n"
    path = tmp_path / "data_clinical_sample.txt"
    path.write_text(text, encoding="utf-8")
    plan = (
        "version: 1\ncolumns:\n  patient_id: {from: PATIENT_ID}\n"
        "  treg_pct: {from: TREG_PCT, unit: percent}\n"
    )
    (problem,) = refused(path, plan)
    assert (problem.row, problem.column, problem.value) == (2, "TREG_PCT", "4")
    table = admitted(path, plan + "take: {TREG_PCT: last}\n").table
    assert table["treg_pct"].tolist() == [9, 5]


# --- damage by chance ----------------------------------------------------------------------------

CELLS = (
    "",
    "NA",
    "2020-01-02",
    "x",
    "-1",
    "9" * 400,
    "é",
    '"',
    "\n",
    "P001",
    "1e400",
    "2021-13-45",
)
LINES = ("by: [x]", "take: {infusion: first, sex: highest}", "order: [sex]", "by: [infusion]", "")


def damaged(text: str, cells: tuple[str, ...], chance: random.Random) -> str:
    lines = text.split("\n")
    for _ in range(chance.randrange(1, 6)):
        i = chance.randrange(len(lines))
        row = lines[i].split(",")
        row[chance.randrange(len(row))] = chance.choice(cells)
        lines[i] = ",".join(row)
    return "\n".join(lines)


SEEDS = [1, 2, *(pytest.param(s, marks=pytest.mark.long) for s in range(3, 30))]


@pytest.mark.parametrize("seed", SEEDS)
def test_damage_by_chance_is_told_or_does_not_matter(tmp_path, patients, seed):
    chance = random.Random(seed)
    for make in (centres.redcap_longitudinal, centres.sdtm, centres.omop):
        path = make(tmp_path / make.__name__, patients)
        plan = answered(proposed(path))
        for _ in range(4):
            place = chance.choice([*path.iterdir()]) if path.is_dir() else path
            whole = place.read_text(encoding="utf-8")
            place.write_text(damaged(whole, CELLS, chance), encoding="utf-8")
            for text in (plan, damaged(plan, LINES, chance)):
                try:
                    assert len(admitted(path, text).table) <= len(patients) + 1
                except InputError as error:
                    assert str(error)
            place.write_text(whole, encoding="utf-8")
