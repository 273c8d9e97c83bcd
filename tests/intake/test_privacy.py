"""Columns that identify people stop a run; what they are, and what is left alone."""

from __future__ import annotations

import pytest

from cartanalysis.errors import InputError
from cartanalysis.intake import identifiers as privacy
from cartanalysis.intake.admission import Request, admit
from cartanalysis.intake.source import Column, Source


def table(name: str, *cells: str, label: str = "", identifier: bool = False) -> Source:
    column = Column(name, label, identifier=identifier)
    return Source("x.csv", "CSV", (column,), {name: list(cells)}, tuple(range(2, 2 + len(cells))))


@pytest.mark.parametrize(
    "name",
    [
        "name_last", "PATIENT_LAST_NAME", "patientName", "Vorname", "initials", "dob", "BRTHDTC",
        "date_of_birth", "Geburtsdatum", "address", "zip_code", "PLZ", "city", "phone",
        "Telefon", "e-mail", "email", "MRN", "hospital number", "SSN", "Fallnummer", "comments",
        "Bemerkungen", "ip_address", "photo", "姓名", "住院号", "referring_physician",
        "Patientenname", "PatName", "Namen", "Name, Vorname", "nachn", "Geb.-Dat.", "yob",
        "Jahrgang", "gebdat_x", "Versichertennr", "KV-Nr", "IBAN", "hausarzt", "Referrer", "mrn2",
        "kontakt", "主治医生", "Straße", "mother_name",
        "Krankenversichertennummer", "Aufnahmenummer", "PIZ", "PatientenID", "Geburtsort",
        "Geburtsmonat", "Mädchenname", "Mobilnummer", "Oberarzt", "Behandler", "Hausanschrift",
        "nom_patient", "nom_de_famille", "IPP", "NIR", "DDN", "médecin", "courriel", "apellido1",
        "nombre_paciente", "DNI", "NIE", "NSS", "NHC", "fecha_nac", "fecha_nacimiento",
        "domicilio", "codigo_postal", "movil", "correo", "cognome", "nome", "data_di_nascita",
        "codice_fiscale", "achternaam", "voornaam", "geboortedatum", "bsn", "nazwisko", "imie",
        "pesel", "data_urodzenia", "data_nascimento", "nome_paciente", "cpf", "病案号",
        "公民身份号码", "门诊号", "就诊号", "登记号", "生日", "联系人", "籍贯", "工作单位",
        "主管医生", "氏名", "生年月日", "患者番号", "accession_no", "encounter_id", "chartnumber",
        "fname", "lname", "year_born", "surgeon",
    ],
)  # fmt: skip
def test_identified_by_name(name):
    (found,) = privacy.identifying(table(name, "x"))
    assert "by its name it holds" in found.why
    assert "drop" in found.problem().remedy


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["a@b.org", "", "7"], "e-mail"),
        (["2021-03-04", "2020-01-02"], "dates"),
        (["4/12/1961", "31.12.2020"], "dates"),
        (["12 Mar 2019", "1 Jan 2020"], "dates"),
        (["20210304", "20200102"], "dates"),
        (["2021-03-04T10:00:00"], "dates"),
        (["3364812635", "5233183616"], "numbers"),
        (["+49 30 901820", "(030) 90 18 20 11"], "numbers"),
        (["123-45-6789"], "social security"),
        (["88 Dawnview Way", "Ringstr. 12"], "addresses"),
        (["https://x.org/p/1"], "web"),
        (["short", "x" * 81], "free text"),
        (["Müller, Hans", "Huber, Eva Maria", "?"], "names"),
        (["Dr. Meier", "Prof. Kunz"], "names"),
        (["12.2021", "03.2020"], "dates"),
        (["1985年3月5日", "1985年12月5日"], "dates"),
        (["5. Mai 1985", "17. Oktober 1990"], "dates"),
        (["MÜLLER, HANS", "WEBER, EVA"], "names"),
        (["H. Müller", "E.-M. von Weber"], "names"),
        (["Dr. Weber"] * 6, "names"),
        (["7", "8", "11010519491231002X"], "identity card"),
        (["A123456789", "B987654321"], "insurance"),
        (["1 85 03 75 116 005 42", "185037511600542"], "insurance"),
        (["0171/1234567", "0171 1234567"], "numbers"),
        (["Hauptstraße 1, 10115 Berlin", "12 rue de la Paix"], "addresses"),
    ],
)
def test_identified_by_values(cells, kind):
    (found,) = privacy.identifying(table("extra", *cells))
    assert kind in found.why


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("patient_id", ["701-1015", "01-701-1015"]),
        ("os_days", ["412", "20210304"]),  # the contract's own range catches the second
        ("arm", ["19-28z", "CTL019"]),
        ("gene_name", ["KMT2A"]),
        ("centre", ["1", "2"]),
        ("cell_dose", ["1.5", "2000000"]),
        ("site", ["North", "South"]),
        ("lymphocytes", ["0.2", "1.4"]),
        ("ethnicity", ["0", "1"]),
        ("weight", ["69.5"]),
        ("ferritin", ["1234.567", "24.69136"]),
        ("dose", ["250000000", "100000000"]),
        ("ldh_range", ["1000-2000", "1500-2500"]),
        ("karyotype", ["46,XX,t(9;22)(q34;q11.2)"]),
        ("day_of_dose", ["44250"]),
        ("lymphodepletion", ["Blinatumomab, Inotuzumab"] * 4 + ["Busulfan, Thiotepa"]),
        ("organs", ["Liver, Spleen", "Liver, Spleen", "Lung, Skin", "Fever, Hypotension"] * 2),
        ("arm", ["A. Control", "B. Treatment"]),
        ("patient_id", ["01/0234567", "001 0234567"]),
        ("dosing", ["500 bd for 5 days", "250 bd for 3 days"]),
        ("pathogen", ["E. coli", "S. aureus"]),
        ("dose_cells", ["128750000", "128750001"]),
        ("sample", ["2021-0034", "2021-0035"]),
        ("ferritin", ["1950.3", "2010.7"]),
        ("x", ["1.2010", "1950.3"]),
        ("clinical_picture", ["typical"]),
        ("blood_picture", ["typical"]),
        ("karyotype", ["46,XX,t(9;22)(q34;q11.2)," + "del(7)(q22q36)," * 6]),
        ("mutations", ["NRAS p.G12D, " * 9]),
        *(
            (name, ["1"])
            for name in (
                "tel_aml1",
                "initial_wbc",
                "wbc_initial",
                "investigator_response",
                "orr_investigator",
                "physician_global_score",
                "donor_mother",
                "birth_weight_g",
                "born_preterm",
                "ip_chemo",
                "patient_no_prior_lines",
                "insurance_type",
                "notes_complete",
                "comment_flag",
                "voice_change",
                "name_of_construct",
                "contact_sport",
            )
        ),
    ],
)
def test_left_alone(name, cells):
    assert privacy.identifying(table(name, *cells)) == []


@pytest.mark.parametrize("name", ["Todesdatum", "xdate", "dateserial"])
def test_serial_numbers_of_dates_are_known_by_name_and_value(name):
    (found,) = privacy.identifying(table(name, "44250", "44251"))
    assert "serial" in found.why
    assert privacy.identifying(table(name, "1", "2")) == []


@pytest.mark.parametrize(
    "cells",
    [
        ["Müller, Hans", "Weber, Eva"],
        ["Frau Weber", "Herr Huber"],
        ["0171 1234567", "+49 171 1234567"],
        ["1985-03-05", "5.3.1985"],
    ],
)
def test_identifiers_of_patients_that_identify_people(cells):
    assert privacy.identifying(table("patient_id", *cells))


def test_a_dose_is_no_telephone_number_but_a_telephone_number_is_no_dose():
    assert privacy.identifying(table("dose", "+49 171 1234567"))
    assert privacy.identifying(table("dose_date", "20200102"))


def test_what_cannot_be_seen_hides_no_name():
    cells = ["A", "B", "Weber,\u200b Eva"]
    assert privacy.identifying(table("arm", *cells), strict=["arm"])


def test_columns_that_are_shown_are_looked_at_most_strictly():
    cells = ["A", "B", "C", "Müller, Hans"]
    assert privacy.identifying(table("group", *cells)) == []
    assert privacy.identifying(table("group", *cells), strict=["group"])
    assert privacy.identifying(table("group", "Müller Hans", "Huber Eva"), strict=["group"])
    assert privacy.identifying(table("group", "Bern Nord", "Bern West"), strict=["group"]) == []
    assert privacy.identifying(table("arm", "Müller, Hans", "x"), strict=["arm"])


def test_strata_that_look_like_names_stop_the_run(tmp_path):
    path = tmp_path / "clinic.csv"
    path.write_text("patient_id,who\nA,Müller Hans\nB,Huber Eva\n")
    assert len(admit(Request(str(path))).table) == 2
    with pytest.raises(InputError, match="names of people"):
        admit(Request(str(path)), ["who"])


def test_keep_is_the_way_out_but_not_for_what_a_dictionary_marks(tmp_path):
    path, plan = tmp_path / "clinic.csv", tmp_path / "map.yml"
    path.write_text("patient_id,initials\nA,1\nB,2\n")
    text = "version: 1\ncolumns:\n  patient_id: {from: patient_id}\n"
    plan.write_text(text)
    with pytest.raises(InputError, match="initials"):
        admit(Request(str(path), plan))
    plan.write_text(text + "keep: [initials]\n")
    notes = admit(Request(str(path), plan)).notes
    assert "Columns that you looked at and that identify nobody: “initials”." in notes
    words = tmp_path / "words.csv"
    words.write_text(
        "Variable / Field Name,Field Label,Identifier?\npatient_id,id,\ninitials,code,y\n"
    )
    with pytest.raises(InputError, match="data dictionary marks it"):
        admit(Request(str(path), plan, dictionary=words))


def test_remarks_hold_no_counts_and_no_values_of_few(tmp_path):
    path = tmp_path / "clinic.csv"
    rows = "A,0,1,NA,0,1\nB,8000,1,3,7900,0\n"
    path.write_text(f"patient_id,os_days,os_event,treg_pct,rfs_days,rfs_event\n{rows}")
    notes = admit(Request(str(path))).notes
    assert notes == (
        "Column treg_pct: “NA” was read as missing.",
        "Some times in os_days are above 20 years. Are they in days?",
        "Some times in rfs_days are above 20 years. Are they in days?",
        "os_days is 0 with an event for some patients; the curve starts below 1.",
        "rfs_days is 0 with an event for some patients; the curve starts below 1.",
        "Some patients who died are censored in relapse-free survival. Deaths are RFS events; "
        "is rfs_event right for them?",
    )


def test_a_dictionary_has_the_last_word():
    (found,) = privacy.identifying(table("x17", "1", identifier=True))
    assert "data dictionary" in found.why
    (found,) = privacy.identifying(table("x17", "1", label="Patient's date of birth"))
    assert "by its label" in found.why
    assert privacy.identifying(table("mrn", "1"), ignore=["mrn"]) == []


def test_everything_that_identifies_is_named_before_anything_else_happens(tmp_path):
    path = tmp_path / "clinic.csv"
    path.write_text(
        "patient_id,last_name,dob,age_years,os_days,os_event\n"
        "A,Doe,1931-02-03,93,10,2\nB,Roe,1990-01-01,30,12,1\n"
    )
    with pytest.raises(InputError) as caught:
        admit(Request(str(path)))
    told = {(p.column, p.row) for p in caught.value.problems}
    assert told == {("last_name", None), ("dob", None), ("age_years", 2), ("os_event", 2)}


def test_fractions_for_percentages_stop_and_months_are_pointed_out(tmp_path):
    path = tmp_path / "clinic.csv"
    rows = "".join(f"P{i},0.0{i},{10 + i},1\n" for i in range(1, 9))
    path.write_text(f"patient_id,treg_pct,os_days,os_event\n{rows}")
    with pytest.raises(InputError, match="fractions where percentages are meant"):
        admit(Request(str(path)))
    path.write_text(f"patient_id,treg_pct,os_days,os_event\n{rows.replace('0.0', '')}")
    assert any("longest follow-up is below 60 days" in n for n in admit(Request(str(path))).notes)


def test_one_site_in_months_is_pointed_out(tmp_path):
    path = tmp_path / "clinic.csv"
    rows = "".join(f"A{i},North,{300 + i},1\nB{i},South,{10 + i},1\n" for i in range(6))
    path.write_text(f"patient_id,site,os_days,os_event\n{rows}")
    assert any(
        "far shorter in South than in North" in n for n in admit(Request(str(path)), ["site"]).notes
    )


def test_times_with_decimals_are_pointed_out_unless_a_mapping_states_the_unit(tmp_path):
    path, plan = tmp_path / "clinic.csv", tmp_path / "map.yml"
    rows = "".join(f"P{i},{100.5 + i},1\n" for i in range(6))
    path.write_text(f"patient_id,os_days,os_event\n{rows}")
    says = "Times in os_days have decimals, and all are below 400 days"
    assert any(says in n for n in admit(Request(str(path))).notes)
    for unit, is_told in (("", True), (", unit: days", False)):
        plan.write_text(
            "version: 1\ncolumns:\n  patient_id: {from: patient_id}\n"
            f"  os_days: {{from: os_days{unit}}}\n  os_event: {{from: os_event}}\n"
        )
        notes = admit(Request(str(path), plan)).notes
        assert any(says in n for n in notes) == is_told


def test_fractions_with_decimal_commas_are_found(tmp_path):
    path = tmp_path / "clinic.csv"
    path.write_text("patient_id,treg_pct\n" + "".join(f'P{i},"0,0{i}"\n' for i in range(1, 8)))
    with pytest.raises(InputError, match="fractions where percentages are meant"):
        admit(Request(str(path)))


def test_a_column_that_is_mapped_to_identifiers_is_to_be_renumbered(tmp_path):
    path, plan = tmp_path / "clinic.csv", tmp_path / "map.yml"
    path.write_text("mrn,sex\n123456789,f\n223456789,m\n")
    plan.write_text("version: 1\ncolumns:\n  patient_id: {from: mrn}\n  sex: {from: sex}\n")
    with pytest.raises(InputError, match="renumber: yes"):
        admit(Request(str(path), plan))


@pytest.mark.parametrize(
    "groups",
    [
        ["Иванов И. И.", "Петрова Анна"],
        ["Наталья Бондарчук", "Олег Мороз"],
        ["김철수", "이영희"],
        ["김 철수", "김 영희"],
        ["王伟", "李小红"],
        ["محمد علي", "فاطمة حسن"],
        ["wife called twice", "CAR-19"],
        ["Arm A", "moved to his son"],
    ],
)
def test_people_and_remarks_as_groups_are_asked_about(groups: list[str]) -> None:
    source = Source("x.csv", "CSV", (Column("arm"),), {"arm": groups * 3}, tuple(range(2, 8)))
    assert [f.column for f in privacy.identifying(source, strict={"arm"})] == ["arm"]


@pytest.mark.parametrize(
    "groups",
    [
        ["Mayo Clinic", "Karolinska Stockholm"],
        ["M. D. Anderson Cancer Center", "Klinikum Großhadern"],
        ["Dr. von Haunersches Kinderspital", "St. Jude"],
        ["서울대 병원", "삼성 병원"],
        ["高危", "标危"],
        ["고위험", "표준위험"],
        ["مجموعة ألف", "مجموعة باء"],
        ["Контроль", "Терапия"],
        ["CD19 CAR T cells", "CD22 CAR T cells"],
    ],
)
def test_institutions_and_arms_are_no_people(groups: list[str]) -> None:
    source = Source("x.csv", "CSV", (Column("arm"),), {"arm": groups * 3}, tuple(range(2, 8)))
    assert not privacy.identifying(source, strict={"arm"})


def test_answers_under_the_name_of_an_identifier_are_no_stop() -> None:
    def found(name: str, cells: list[str], **choices: str) -> list[privacy.Finding]:
        column = Column(name, choices={k[1:]: v for k, v in choices.items()})
        rows = tuple(range(2, len(cells) + 2))
        return privacy.identifying(Source("x.csv", "CSV", (column,), {name: cells}, rows))

    assert not found("mrn_status", ["known", "unknown", "known"])
    assert not found("consent_by_phone", ["Yes", "no", "", "no"])
    assert not found("mrn 2", ["1", "2", "2"], _1="Verified", _2="Unverified")
    assert found("mrn", ["1", "0"])  # two patients, two numbers
    assert found("city", ["Wien", "Graz", "Wien"])
    assert found("phone", ["yes", "yes", "0664 1234567"])


def test_a_mapping_that_names_an_absent_age_is_told_so(tmp_path):
    data, mapping = tmp_path / "site.csv", tmp_path / "site.yml"
    data.write_text("patient_id,sex\nP1,female\nP2,male\n")
    mapping.write_text(
        "version: 1\ncolumns:\n  patient_id: {from: patient_id}\n  age_years: {from: AGE}\n"
    )
    with pytest.raises(InputError, match="no such column; age_years needs it"):
        admit(Request(str(data), mapping=mapping))
