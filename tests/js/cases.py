"""Cohorts of all kinds and what the package makes of them, for the tests of the page's scripts."""

from __future__ import annotations

import csv
import io
import math
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from cartanalysis.claims import consistency, power, verdicts
from cartanalysis.contract import FIELDS, Cohort, derive
from cartanalysis.errors import CannotCompute, InputError
from cartanalysis.figures.km import ticks
from cartanalysis.intake.admission import Request, admit
from cartanalysis.publish.browser_data import CONFIDENCE
from cartanalysis.stats import exact, permutation, response, survival
from cartanalysis.study.published import load
from cartanalysis.text import format_interval, format_value

Rows = list[dict[str, str]]
REGISTRY = load()
BROUGHT = Path(__file__).parents[1] / "data" / "cases"
GROUPINGS = [
    "emd_any", "emd_other", "emd", "treg_group", "genetic_risk", "sex", "prior_hsct", "response",
    "arm",
]  # fmt: skip
"""Columns by which the page compares groups."""


def make(
    folder: Path, seed: int = 4, clean: int = 200, dirty: int = 100, changed: int = 300
) -> dict[str, Any]:
    """Make cohorts and what the package says of them.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder for the files.
    seed : int
        Of the random numbers.
    clean, dirty : int
        How many cohorts are random, and how many have something wrong or unusual.
    changed : int
        How many more are changed here and there, and only read.

    Returns
    -------
    dict
        JSON: cohorts (text of the file and every result), mutants (the same without results), and
        functions (arguments and values).
    """
    rng = random.Random(seed)
    texts = [*AWKWARD.items(), *brought()]
    texts += [(f"random {i}", write(cohort(rng))) for i in range(clean)]
    texts += [(f"dirty {i}", spoilt(rng)) for i in range(dirty)]
    cases = []
    for i, (name, text) in enumerate(texts):
        path = folder / f"cohort{i}.csv"
        path.write_bytes(text.encode())
        cases.append({"name": name, "csv": text} | expected(path, rng))
    mutants = []
    dice = random.Random(seed + 1)
    for i in range(changed):
        text = mutant(dice)
        path = folder / f"mutant{i}.csv"
        path.write_bytes(text.encode())
        mutants.append({"name": f"mutant {i}", "csv": text} | _read(path)[1])
    return _plain(
        {
            "cohorts": cases,
            "mutants": mutants,
            "functions": functions(rng),
            "texts": formats(rng),
        }
    )


# --- cohorts -----------------------------------------------------------------------------------


def brought() -> Iterator[tuple[str, str]]:
    """Give the files that people brought and a page can be given: one table of text in UTF-8."""
    for path in sorted(BROUGHT.iterdir()):
        if path.suffix in (".csv", ".txt"):
            try:
                yield f"brought {path.name}", path.read_bytes().decode()
            except UnicodeDecodeError:
                continue


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


def table(**columns: Sequence[str]) -> str:
    """Write columns of cells as a file."""
    return write(
        [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    )


def column(name: str, cells: list[str]) -> str:
    """Write a column as a file of numbered patients."""
    return table(**{"patient_id": [f"P{i}" for i in range(len(cells))], name: cells})


def blank(names: list[str]) -> str:
    """Write columns that hold nothing."""
    return write([{"patient_id": "A"} | dict.fromkeys(names, "")])


def times(os_days: str, hsct_day: str) -> str:
    """Write two columns of times, all of living patients."""
    days = os_days.split()
    return table(
        patient_id="ABCDEFG"[: len(days)],
        os_days=days,
        os_event=["" if d == "NA" else "0" for d in days],
        hsct_day=hsct_day.split(),
    )


def deaths(rfs_events: str, more: str = "") -> str:
    """Write patients who died, with what is told of their relapse-free survival."""
    lines = [f"P{i},9,1,3,{event},CR" for i, event in enumerate(rfs_events.split())]
    head = "patient_id,os_days,os_event,rfs_days,rfs_event,response\n"
    return head + "\n".join(lines) + "\n" + (f"X,9,{more}" if more else "")


def by_arm(*arms: str) -> str:
    """Write the times of each arm, as in ``A 20 30``."""
    named = [(arm.split()[0], time) for arm in arms for time in arm.split()[1:]]
    ids = [f"P{i}" for i in range(len(named))]
    return table(
        patient_id=ids,
        arm=[a for a, _ in named],
        os_days=[t for _, t in named],
        os_event="1" * len(ids),
    )


def remissions(**groups: tuple[int, int]) -> str:
    """Write so many remissions among so many patients of each extramedullary group."""
    rows = [(emd, i < hits) for emd, (hits, n) in groups.items() for i in range(n)]
    return table(
        patient_id=[f"P{i}" for i in range(len(rows))],
        emd=[emd for emd, _ in rows],
        response=["CR" if hit else "NR" for _, hit in rows],
    )


GERMAN = [
    "Nachname", "vorn", "Patientenname", "GebDatum", "geburtsjahr", "PLZ", "Wohnort", "Straße",
    "Telefon_privat", "Krankenversichertennummer", "Aufnahmenummer", "PIZ", "PatientenID",
    "Geburtsort", "Geburtsmonat", "Mädchenname", "Mobilnummer", "Oberarzt", "Behandler",
    "Hausanschrift", "Fallnummer", "KV-Nr", "Bemerkungen", "Hausarzt", "Kontakt", "Anamnese",
]  # fmt: skip
FOREIGN = [
    "nom", "Prénom", "date_naissance", "code postal", "téléphone", "commentaires", "姓名",
    "患者出生日期", "家庭住址", "手机号", "病历号", "主治医生", "备注", "nombre", "ＤＯＢ",
    "fecha de nacimiento", "patientsNames", "e_mail_address", "homePhoneNumber2", "photo",
    "next of kin", "nom_patient", "nom_de_famille", "IPP", "NIR", "DDN", "médecin", "courriel",
    "apellido1", "nombre_paciente", "DNI", "NIE", "NSS", "NHC", "fecha_nac", "domicilio",
    "codigo_postal", "movil", "correo", "cognome", "nome", "data_di_nascita", "codice_fiscale",
    "achternaam", "voornaam", "geboortedatum", "bsn", "nazwisko", "imie", "pesel",
    "data_urodzenia", "data_nascimento", "nome_paciente", "cpf", "病案号", "公民身份号码", "门诊号",
    "就诊号", "登记号", "生日", "联系人", "籍贯", "工作单位", "主管医生",
    "氏名", "生年月日", "患者番号", "accession_no", "encounter_id", "chartnumber", "fname",
    "lname", "year_born", "surgeon",
]  # fmt: skip
HARMLESS = [
    "initial_wbc", "tel_aml1", "named_site", "birthweight", "note_count", "city_size", "platz",
    "clinical_picture", "blood_picture", "nie_positive", "cpf_ratio", "nome_x", "geo_accession",
    "report", "address_known", "contact_days", "voice_grade", "ip_10", "portal", "ort_2", "mailed",
]  # fmt: skip
CBIOPORTAL = (
    "#Patient Identifier\tSex\tDate of birth\tFull name\tx\n#id\tsex\tborn\tname\tx\n"
    "#STRING\tSTRING\tSTRING\tSTRING\tSTRING\n#1\t1\t1\t1\t1\n"
    "PATIENT_ID\tsex\tD1\tN1\tarm\nA\tf\t[Not Available]\t\t[Unknown]\nB\tx\t\tq\tb\n"
)

AWKWARD = {
    "one patient, an event": small("10"),
    "one patient, censored": small("10+"),
    "all censored": small("1+ 2+ 3+ 3+"),
    "all at one time": small("7 7 7 7"),
    "five patients, none lost to rounding": small("10 200 400 500 600"),
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
    "endless digits": times("9" * 5000 + " 3", "1." + "000." * 1500 + "000 3"),
    "forty digits": times("9" * 41 + " " + "0" * 38 + "12", "3 4"),
    "fractions with commas": column("treg_pct", ["0,07", "0,1", "0,2", "0,3", "0,4"]),
    "fractions and a percentage": column("treg_pct", ["0,07", "0,1", "0,2", "0,3", "7,4"]),
    "times with decimals": by_arm("A 1.5 2 3 90 399"),
    "times with decimals, long": by_arm("A 1.5 2 3 90 400"),
    "times without decimals": by_arm("A 1.0 2 3 90 399"),
    "a few times with decimals": by_arm("A 1.5 2 3 90"),
    "times in years": by_arm("A 1.5 2 3 0.5 0"),
    "remarks below the table": "patient_id,os_days,os_event\nP 1,3,1\nTotal (n=2),,\n"
    "Legend: 1 = dead,NA,\n\"* Frau Weber, 0171 1234567\",,\nn=3,,.\nP-4/5,,\nP 6,x,\n",
    "remarks, only identifiers": "patient_id\nP 1\nTotal (n=2)\n",
    "signs that cannot be seen": column("arm", ["A\u202eb", "Ab", "C\xa0d", "\u200b", "x\u200b y"]),
    "a person with signs that cannot be seen": column("arm", ["A", "B", "Weber,\u200b Eva"]),
    "a label in months": "#id\tSurvival in months\tdead\n#i\tt\te\n#STRING\tNUMBER\tNUMBER\n"
    "#1\t1\t1\nPATIENT_ID\tos_days\tos_event\nA\t3\t1\n",
    "labels with spans": "#id\tAge on day 0\tOS (5 years)\tdied\tWeeks of 2 months\tin %\n"
    "PATIENT_ID\tage_years\tos_days\tos_event\thsct_day\ttreg_pct\nA\t3\t5\t1\t3\t3\n",
    "labels with other units": "#id\tAge (months)\tos_y\tTime a\tüberMonate d\n"
    "PATIENT_ID\tage_years\tos_days\trfs_days\thsct_day\nA\t3\t1\t4\t3\n",
    # who is named
    "one arm named like a person": column("arm", ["A", "B", "Müller-Lüdenscheidt, Hans Otto"]),
    "an arm with a title": column("arm", ["A", "Frau Weber", "Dr. med. Weber"]),
    "arms named like persons": column("arm", ["Müller Hans", "Öz Ayşe", "Müller Hans", "NA"]),
    "arms that share a word": column("arm", ["Axi Cel", "Tisa Cel", "McNeil Ann"]),
    "arms of two words, not of names": column("arm", ["McNeil Ann", "Ober Eva"]),
    "arms in capitals": column("arm", ["CAR, NK", "CAR, T", "ALPHA BETA", "car, nk"]),
    "an arm that is a date": column("arm", ["A", "A", "Mar 3, 2021"]),
    "an arm that is an address": column("arm", ["A", "A", "Berliner Straße 12a"]),
    "an arm on the web": column("arm", ["A", "A", "see www.x.org", "WWW.x.org"]),
    "arms that are numbers": column("arm", ["0301234567", "x", "0301234568"]),
    "an arm of free text": column("arm", ["A", "z" * 81]),
    "identifiers are names": table(patient_id=["Müller, Hans", "Weber, Eva", "X1"]),
    "mail beyond the sample": column("x", ["a"] * 2000 + ["x@y.org"]),
    "identifiers are numbers": "patient_id\n123456789\n020 123456\n",
    "identifiers are mail": "patient_id\nP1\nP2\nx@y.org\n",
    "persons in capitals": column("x", ["MÜLLER, HANS", "WEBER, EVA", "LÓPEZ-ÖZ, ANA"]),
    "persons with initials": column("x", ["H. Müller", "E.-M. von Weber", "Öz, A."]),
    "arms in a list": column("arm", ["A. Control", "B.Treatment", "G. Weber"]),
    "arms in a list, no persons": column("arm", ["A. Control", "B.Treatment"]),
    "telephones in French": column("x", ["06 12 34 56 78", "01/0234567", "001/0234567"]),
    "no addresses": column("x", ["500 bd for 5 days", "sample_str1", "x weg 3b"]),
    "no persons with initials": column("x", ["E. coli", "S. aureus", "C. x"]),
    "arms in capitals, names": column("arm", ["MÜLLER HANS", "ÖZ1 AYŞE"]),
    "arms in capitals, persons": column("arm", ["MÜLLER HANS", "WEBER EVA"]),
    "arms of capitals, two letters": column("arm", ["CAR NK", "ALL PH"]),
    "an arm in capitals": column("arm", ["A", "B", "WEBER, EVA"]),
    "organs": column("x", ["Liver, Spleen", "Fever, Hypotension", "Liver, Spleen"]),
    "drugs": column("x", ["Blinatumomab, Inotuzumab"] * 5 + ["Liver, Skin"]),
    "doctors": column("x", ["Dr. Weber"] * 5),
    "nearly all different": column("x", [f"Weber, {c}va" for c in "ABCDEFGHIA"]),
    "not nearly all different": column("x", [f"Weber, {c}va" for c in "ABCDEFGHAA"]),
    "Chinese identity cards": column("x", ["a", "b", "11010519491231002X"]),
    "insured": column("x", ["A123456789", "1 85 03 75 116 005 42", "1850375116005"]),
    "telephones with a slash": column("x", ["0171/1234567", "0171 1234567"]),
    "addresses": column("x", ["Hauptstraße 1, 10115 Berlin", "12 rue de la Paix", "Seeallee 3"]),
    "dates in words": column("x", ["1985年3月5日", "5. Mai 1985", "5 de mayo de 1985"]),
    "dates with points": column("x", ["1950.3", "1.2010", "1999.12", "2.2020"]),
    "months with points": column("x", ["03.2020", "12.2021"]),
    "identifiers are dates": "patient_id\n1985-03-05\n5.3.1985\n",
    "identifiers are telephones": "patient_id\n0171/1234567\n+49171123456\n01-701-1015\n",
    "identifiers are insured": "patient_id\nA123456789\nA123456780\n",
    "times are dates": times("1985-03-05 5.3.1985", "0171/1234567 3"),
    "doses": column("dose_cells", ["128750000", "128750001"]),
    "a dose with a telephone": column("dose_cells", ["+49 171 123456", "128750001"]),
    "dates of doses": column("dose_date", ["20200102", "20200103"]),
    "ferritin": column("Ferritin", ["20200102", "1000-2001", "2020-01"]),
    "yearly numbers": column("sample", ["2021-0034", "2020/00345"]),
    "karyotypes": column("karyotype", ["46,XX,t(9;22)(q34;q11.2)," + "del(7)(q22q36)," * 6]),
    "a note on a karyotype": column("x", ["46,XX,t(9;22)(q34;q11.2)," + "del(7)(q22q36)," * 6]),
    "no range": column("x", ["1000-2001", "0100-2000"]),
    "few persons": column("note on arm", ["Weber, Eva", "x", "y", "z"]),
    "names in German": blank(GERMAN),
    "names in other languages": blank(FOREIGN),
    "names that are harmless": blank(HARMLESS),
    # numbers
    "serial numbers under a date": table(patient_id="AB", visit_date=["43831", "44000.5"]),
    "serial numbers, half": table(patient_id="ABCD", Datum2=["43831", "", "x", "30000"]),
    "serial numbers, few": table(patient_id="ABCD", dateOfVisit=["43831", "x", "y", "29999"]),
    "serial numbers elsewhere": table(patient_id="AB", dose=["43831", "44000"]),
    "serial numbers, 日期": table(patient_id="AB", 入院日期=["43831", "44000"]),
    "ranges": table(patient_id="AB", dose=["1000-2000", "150 - 25000"]),
    "no ranges": table(patient_id="AB", dose=["1000-2001", "0100-2000"]),
    "decimals": table(patient_id="AB", volume=["12345.678", "1234.5678"]),
    "round numbers": table(patient_id="AB", cells=["200000000", "1000000000"]),
    "not so round": table(patient_id="AB", cells=["200000001", "+4915112345678"]),
    "short numbers": table(patient_id="AB", x=["12 3456", "(01) 2345"]),
    "telephones": table(patient_id="AB", x=["+49 (30) 123456", "030/12 34 56"]),
    "999": times("999 12 30 999", "999 999 3 12"),
    "999 among longer times": times("999 1200 30 12", "999.0 9999 99999 3"),
    "999 after longer times and longer codes": times("999 9999 30 12", "9999 12 1000 999"),
    "99, repeated and apart": times("99 12 99 30", "99 75 99 3"),
    "99 among other times": times("99 12 99 88", "99 76 99 3"),
    "99.0 where all have decimals": times("99.0 12.5 99.0 30.0", "999.0 12.5 9.5 3.0"),
    "99.0 where not all have": times("99.0 12 99.0 30", "99 12.5 99.0 3"),
    "thousands": times("1.095 730 365 12", "1.095 1.095 2.000 1.000"),
    "thousands that are decimals": times("1.095 730.5 365 12", "912.500 36.501 3 1"),
    "thousands and signs": times("1.095 +730 NA 12", "1.095 -3 3 1"),
    # rows and groups
    "summaries": "patient_id,os_days,os_event\nA,3,1\nMean,3,0\n total: ,3,\n合计,,\nmeant,1,0\n",
    "RFS from infusion": table(
        os_days=list("9876"), os_event=list("0001"), rfs_days=list("9875"),
        rfs_event=list("0001"), rfs_cause=["", "", "", "relapse"],
    ),
    "RFS from remission in one of three": table(
        os_days=list("987"), os_event=list("001"), rfs_days=list("977"),
        rfs_event=list("001"), rfs_cause=["", "", "death"],
    ),
    "answers under the name of an identifier": table(
        mrn_status=["known", "unknown", "known"], phone=["Yes", "No", "yes"], city=list("xyx"),
    ),
    "record": table(record_id=list("12"), patient_id=list("AB")),
    "institutions": column("arm", ["Mayo Clinic", "Klinikum Bern", "M. D. Anderson"]),
    "Cyrillic surnames": column("arm", ["Иванов И. И.", "Петрова Анна"]),
    "Cyrillic names": column("arm", ["Наталья Бондарчук", "Олег Мороз"]),
    "Korean names": column("arm", ["김철수", "이영희"]),
    "Chinese names": column("arm", ["王伟", "李小红"]),
    "Chinese groups": column("arm", ["高危", "标危"]),
    "Arabic names": column("arm", ["محمد علي", "فاطمة حسن"]),
    "Arabic groups": column("arm", ["مجموعة ألف", "مجموعة باء"]),
    "remarks as groups": column("arm", ["wife called twice", "CAR-19"]),
    "deaths are not RFS events": deaths("0 0 0 0 0"),
    "deaths are not RFS events, unknown": deaths("0 0 0 0 0", more=",,1,CR\n"),
    "four deaths are not RFS events": deaths("0 0 0 0"),
    "one death of six is an RFS event": deaths("0 0 0 0 0 1"),
    "arms by hyphens": column("arm", ["CAR-19", "CAR19", "car 19", "CAR‑19", "B", "b_", "car-19"]),
    "one arm in months": by_arm("A 600 700 800 900 1000", "B 20 21 22 23 24"),
    "one arm in months, few": by_arm("A 600 700 800 900 1000", "B 20 21 22 23"),
    "one arm in months, short": by_arm("A 600 700 300 200 100", "B 20 21 22 23 20"),
    "one arm at 0": by_arm("A 600 700 300 200 100", "B 0 0 0 1 2", "C 3 3 3 3 3"),
    "ages above 89": 'patient_id,age_years\nA,+93\nB,89\nC,93.\nD,93.5\n',
    "ages above 89, commas": 'patient_id,age_years\nA,"93,5"\nB,"40,25"\n',
    "above 20 years": "patient_id,os_days,os_event,rfs_days,rfs_event,hsct_day\n"
    "A,7306,0,7305.5,0,7305.5\nB,7305,1,3,1,\n",
    "times that rounding made two": "patient_id,arm,os_days,os_event\nA,x,0.3,1\n"
    "B,y,0.30000000000000004,1\nC,x,0.7,1\nD,y,0.7000000000000001,0\nE,x,365,1\n"
    "F,y,365.00000000000006,1\nG,x,400,0\nH,y,400.00000000000006,1\nI,y,500,0\nJ,x,415,1\n",
    "grade 5": "patient_id,ae_grade_max,os_days,os_event\nA,5,3,1\nB,4,9,0\nC,4,9,0\nD,3,9,0\n"
    "E,2,9,0\nF,2,9,0\n",
    "lost before a year": small("400+ 500+ 30+ 40+ 50+ 20"),
    "lost before a year, and dead": small("400+ 500+ 30 40 50 20 10+ 5"),
    "order as published": remissions(none=(40, 40), cns=(10, 10), other=(5, 20)),
    "order, another group lower": remissions(none=(30, 30), cns=(2, 6), other=(10, 20)),
    "order, a small group lower": remissions(none=(30, 30), cns=(1, 2), other=(10, 20)),
    "order, but less than moderate": remissions(none=(900, 1000), cns=(9, 9), other=(860, 1000)),
    "order not seen, moderate ruled out": remissions(none=(900, 1000), other=(895, 1000)),
    "order turned": remissions(none=(50, 100), cns=(5, 10), other=(90, 100)),
    "order turned, inconclusive": remissions(cns=(50, 100), other=(52, 100)),
    "order at the level exactly": remissions(none=(19, 19), other=(0, 1)),
    # cells and files of other programs
    "ids equal to the eye": table(
        patient_id=["C-1", "C\u20111", "P\u200b3", "P3", "1", "01.0", "\u200b"], sex=["f"] * 7
    ),
    "ids of other alphabets": "patient_id,arm\nС1,Сar\nC1,Car\nР3,Car\nP3,Сar\n",
    "groups of other alphabets": "patient_id,arm\nA,Сar\nB,Car\nC,Car\n",
    "levels of other alphabets": table(
        patient_id="ABCD", response=["CR", "СR", "СRі", "x"], ae_grade_max=["1", "ІІ", "2", "3"]
    ),
    "lost digits": table(
        patient_id=["1.23E+11", "1.23E+11", "20210000000000000", "20210000000000000"], sex="ffff"
    ),
    "accents in two ways": column(
        "arm", ["Zürich", "Zu\u0308rich", "ZU\u0308RICH", "Z\u200bürich"]
    ),
    "hyphens in two ways": column("arm", ["CAR-19", "CAR\u201119", "CAR–19", "car 19"]),
    "unseen fillers": column("arm", ["A\ufe0f", "A", "\u3164", "B\u034f", "Ａ"]),
    "levels in other forms": table(patient_id="ABC", sex=["ｆ", "fe\u200bmale", "m"]),
    "percent signs": column("treg_pct", ["7 %", "0.5%", "12", "3,5%", "%"]),
    "percent signs and commas": column("treg_pct", ["7,25 %", "0,5%", "12", "3,5"]),
    "fractions with a sign": column("treg_pct", ["0.1", "0.2", "0.3", "0.4", "0.5", "60%"]),
    "fractions among percentages": column("treg_pct", ["0.05", "0.05", "5.1", "6", "0", "x"]),
    "small percentages": column("treg_pct", ["0.5", "0.8", "1", "3", "40"]),
    "one small percentage": column("treg_pct", ["0.5", "38", "40", "50", "60"]),
    "99 apart": column("treg_pct", ["99", "99.0", "5", "6", "75"]),
    "99 among others": column("treg_pct", ["99", "99", "5", "6", "76"]),
    "99 with commas": column("treg_pct", ["99,0", "99,0", "5,5", "6"]),
    "a title above carets": "A study, of CAR T\npatient_id^sex\nA^f\n",
    "carets and commas": "patient_id^arm\nA^x, y\nB^z\n",
    "99 once": column("treg_pct", ["99", "99%", "5", "6"]),
    "99 beside codes": table(
        patient_id="ABCD", treg_pct=["99", "99", "80", "9"], wt=["9999", "1", "2", "3"]
    ),
    "99 years": column("age_years", ["99", "99", "50"]),
    "limits and ranges": column(
        "bm_blasts_pct", ["<5", "> 90", "80-90", "5 – 7 %", "less than 5", "≥20%", "5 to 9", "~5"]
    ),
    "limits of times": small("10 <20 30-40"),
    "measured values": table(patient_id="ABCDE", mrd=["<0.01%", "0.05%", "1e-4", "<1E-4", "1.0"]),
    "rows longer than the header": "patient_id,sex,arm\nA,f,B\nB,,f,\nC,m,B\n",
    "every row longer": "patient_id,sex,arm\n1,A,f,\n2,B,m,\n",
    "every row longer, blanks": '"patient_id" "sex" "arm"\n"1" "A" "f" "x"\n"2" "B" "m" "y"\n',
    "every row longer, quoted": '"patient_id" "sex"\n"1" "A" "f"\n"2" "B" "m"\n',
    "rows as wide as the header": "patient_id,sex,,\nA,f\nB,f,\nC,f,,\nD,f,,,\n",
    "carets": "patient_id^sex^arm\nA^f^\nB^^x\n",
    "blanks": "patient_id sex arm\nA f \nB  x\n",
    "one blank": "Study ID\nP 1\nP 2\n",
    "aligned by blanks": "patient_id  os_days  os_event\nA       10       1\nB22   7   0\n",
    "an end mark": small("10 20+") + "\x1a",
    "end marks and line ends": small("10 20+") + "\x1a\x1a\r\n",
    "a dictionary of the API": "field_name,field_label,field_type\nsex,Sex,radio\n",
    "groups in order": by_arm("10 5 6 7", "2 8 9", "1 3 4"),
    "ordered words": by_arm("high 5 6 7", "medium 8 9", "low 3 4"),
    "stages": by_arm("IV 5 6 7", "IIB 8 9", "IIA 3 4", "I 3 4"),
    "ages in groups": by_arm("≥40 5 6 7", "18-39 8 9", "<18 3 4", "40 2 2"),
    "missing in words": column("arm", ["NA", "n/a", "na", ".", "A"]),
    "no arm known": "patient_id,arm,os_days,os_event\nA,,3,1\nB,,4,1\n",
    # headers and exports
    "a title": "Our study of CAR T\npatient_id,os_days,os_event\nA,3,1\n",
    "a title, semicolons": "Study;;\n;;\npatient_id;os_days;os_event\nA;3;1\n",
    "a title, another separator": "A study\nexported 2020\npatient_id;os_days;os_event\nA;3;1\n",
    "commas in a header": "patient_id;sex (1=m, 2=w);emd (0=no, 1=CNS, 2=other)\n"
    "A;1;0\nB;2;1\n\nC;1;2\n",
    "commas in a header, semicolons in quotes": 'patient_id;"a, b, c";arm, d\r\nA;"x;y\r\nz";c\r\n',
    "decimal commas and semicolons": "patient_id;treg_pct;x,y\nA;5,5;1\nB;6,25;2\n",
    "rows that agree with nothing": "patient_id;sex, x, y\nA;f\nB;m;\n",
    "another separator after five lines": "patient_id,a;b\n" + "A,1;2\n" * 5 + "B;2,3,4\n",
    "one column of commas": "patient_id,sex\nA;f\nB;m\n",
    "one word": "study\nid,sex\nA,f\n",
    "one column": "patient_id\nsex,arm,emd\n",
    "one column of names": "centre\nA\nB\n",
    "a long title": "Study\n" + "x" * 61 + ",b,c\nA,B,A\n1,2,3\n",
    "a late header": "Study\n" + "1,2,3\n" * 10 + "a,b,c\n",
    "cBioPortal": CBIOPORTAL,
    "cBioPortal, no comments": CBIOPORTAL[CBIOPORTAL.index("PATIENT_ID") :],
    "comments of another kind": "#a\tb\n#c\td\npatient_id\tsex\nA\tf\n",
    "comments and commas": "# a study\npatient_id,sex\nA,f\n",
    "REDCap": table(patient_id="AB", sex="fm", baseline_complete=["2", ""], redcap_event_name="xx"),
    "REDCap, repeated": table(patient_id="ABB", redcap_event_name=["x", "x", "y"]),
    "REDCap, no form": table(patient_id="AB", remission_complete=["3", "2"]),
    "REDCap, dictionary": "Variable / Field Name,Field Label,Field Type\nsex,Sex,radio\n",
}  # fmt: skip

ODD = {
    "patient_id": ["", "P000", "p 000", "P0", "３", "Median", "SD =", "12345678901"],
    "age_years": ["-1", "999", "95", "12 y", "12,5", "1.234,5", "NA", "2020-01-01", "++3", "."],
    "sex": ["F", "m", "FEMALE", "Female ", "x", "N/A", "0"],
    "emd": ["None", "CNS ", "na", "both"],
    "treg_pct": ["0,07", "1,000", "101", "7 %", "5.", ".5", "+3", "1e1", "inf"],
    "genetic_risk": ["High", "high-risk"],
    "prior_hsct": ["Y", "1", "false", "TRUE", "maybe"],
    "response": ["cr", "CRI", "PR", "nr"],
    "ae_grade_max": ["3/4", "≥3", "IV", "Grade 2", "gr. iv", "6", "2.5", "5"],
    "os_days": ["-3", "12 mo", "2021-02-30", "99999", "1e3", "7,5", "3650.5", "",
                "999", "9999", "1.095", "7306"],
    "os_event": ["2", "DECEASED", "0:LIVING", "yes", "TRUE", "dead?", ""],
    "rfs_days": ["9000", "5", "", "0", "999", "1.000"],
    "rfs_event": ["Y", "0", "1", "3", ""],
    "rfs_cause": ["death", "Relapse", "toxicity", ""],
    "arm": ["a", " A  ", "ß", "A-", "Weber, Eva", "2020-01-02", "3 High Road", "www.x.org", "NA"],
    "bm_blasts_pct": ["n/a", "50 %"],
}  # fmt: skip
STRANGE = [
    ("osdays", "5"), ("Sex_", "f"), ("centre", "7"), ("comment", "x"), ("visit date", "2020-02-03"),
    ("first name", "Q"), ("phone", ""), ("url", "www.x.org"), ("tel", "+49 30 123456"),
    ("hsct_day", "20"), ("crs_grade", "5"), ("hsct_days", "3"), ("mrd", "POS"),
    ("geburtsdatum", ""), ("出生", ""), ("home", "12 Long Road"), ("wt", "071234567"),
    ("visit_date", "43831"), ("datum", "44000.5"), ("dose", "1000-2000"), ("dose", "1000-2001"),
    ("volume", "12345.678"), ("cells", "200000000"), ("who", "Weber, Eva"), ("by", "Dr. Weber"),
    ("initial_wbc", "5"), ("nom", "x"), ("redcap_event_name", "x"), ("form_complete", "2"),
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


PIECES = [
    *(cell for cells in ODD.values() for cell in cells), *(value for _, value in STRANGE),
    "0", "1", "99", "99.0", "0.5", "1.0", "1.095", "12.", "0x10", "1e5", "-0", "+1", "1 000", "NaN",
    "Infinity", "true", "yes", "no", "dead", "1=dead", "alive", "cns", "other", "CR ", "cri", "ⅱ",
    "٣", "1_000", "K", "ſ", "İ", "ﬀ", "A\u200b", "Сar", "Müller Hans", "a\nb", "constructor",
    "__proto__", "toString", "x@y.org", "03.2020", "+49 171 1234567", "A123456789", "30000", "=1+1",
    "wife called twice", "Total", "n=3", "P 7", "01.0", "P1", "'", '"', '""', "#", "NULL", "None",
    "z" * 81, "Kliniken", "王伟", "Ⅷ", "e\u0301", "1.5 %", "1\xa0", "\ufeffA", "low", "x" * 10_001,
]  # fmt: skip
"""Cells to put anywhere."""
HEADINGS = [
    *GERMAN, *FOREIGN, *HARMLESS, *FIELDS, *(name for name, _ in STRANGE), "vital_status", "dead",
    "status (0=alive, 1=dead)", "OS (overall survival) status", "os_status_d", "cns disease", "ZNS",
    "infused", "CAR-T infused", "中枢受累", "死亡", "Os Days", "patient", "PATIENT_ID", "USUBJID",
    "x;y", "emd2", "osday", "rfs-days", "treg", "hsct", "weight (kg)", "site", "1", "x,y",
    "", " ", "sex\u200b", "SEX", "PAR1", "{", "redcap_repeat_instance", "y" * 61, "log\nx",
]  # fmt: skip
"""Names to give to columns."""
SIGNS = " ,;\t|^\"\n\r\xa0\u200b\ufeff\x1a\x00\x85\u2028019aZé.-%#='<{"


def mutant(rng: random.Random) -> str:
    """Write a small cohort that was changed in one or two ways."""
    rows = cohort(rng, rng.choice([1, 3, 6, 9]))
    changes = rng.sample(("cell", "cell", "column", "name", "id", "line", "sign", "separator"), 2)
    changes = changes[: rng.choice([1, 1, 1, 2])]
    if "cell" in changes:
        name = rng.choice(list(rows[0]))
        piece = rng.choice([*PIECES, *ODD[name], *ODD[name] * 3])
        for row in rng.sample(rows, rng.choice([1, 1, 1, len(rows)])):
            row[name] = piece
    if "column" in changes:
        name, pieces = rng.choice(HEADINGS), [*rng.sample(PIECES, 2), "", "1", "0", "low", "7"]
        pieces = pieces[rng.choice([0, 2, 2]) :]
        rows = [row | {name: rng.choice(pieces)} for row in rows]
    if "id" in changes:
        odd = rng.choice(["", ".0", " ", "０", "-1", " x", "/3", "\u2011"])
        rng.choice(rows)["patient_id"] = rng.choice(rows)["patient_id"] + odd
    if "name" in changes:
        old, new = rng.choice(list(rows[0])), rng.choice(HEADINGS)
        rows = [{new if k == old else k: v for k, v in row.items()} for row in rows]
    signs = [",", ";", "\t", "|", "^", " "] if "separator" in changes else [","]
    text = write(rows, rng.choice(signs))
    if "line" in changes:
        lines = text.splitlines(keepends=True)
        at, to = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[at] = rng.choice([lines[to], "", "\n", lines[at] + lines[to], lines[at].upper()])
        text = "".join(lines)
    if "sign" in changes:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice([*SIGNS, ""]) + text[at + rng.choice([0, 1]) :]
    return text


HIT = (
    "look like names of people", "its groups look like names", "a spreadsheet's serial numbers",
    "look like telephone or record numbers", "by its label it holds", "Number the patients anew",
    "above 89", "fractions where percentages", "a code for missing", "decimals or thousands",
    "the comma was read", "was read as missing", "differ by blanks or hyphens", "different groups",
    "looks like a summary", "everybody who died is censored", "the row repeats",
    "already in row", "does not look like a header", "a REDCap data dictionary",
    "without its data dictionary", "Several rows of a patient were", "below 60 days",
    "above 20 years", "the curve starts below 1", "is far shorter in", "Some patients who died",
    "too few to speak against the order", "the interval excludes", "the interval rules out",
    "fewer than 5 patients in a group", "a very large effect, would more often be missed",
    "another group has as few", "which is not counted here", "were followed beyond day",
    "the data leave open a difference", "invisible characters were left out",
    "Times in rfs_days have",
    "Times in os_days have", "looks like a remark", "its label says", "insurance numbers",
    "look like identity card numbers", "look like telephone numbers", "look like full dates",
    "names of people with a title", "stored in two ways", "another alphabet", "first digits",
    "kinds of hyphens and letters", "sign of percent was left out", "percentages were mixed",
    "99 comes repeatedly", "if 99 means missing", "a limit (of", "a range, not one", "a measured",
    "every row has", "separated by carets", "separated by blanks", "set apart by blanks", "Ctrl-Z",
    "kinds of hyphens, leading zeros",
)  # fmt: skip
"""What some cohort must make the package say, so that the scripts are asked for it."""


# --- what the package says ---------------------------------------------------------------------


def expected(path: Path, rng: random.Random) -> dict[str, Any]:
    """Put a file through the package."""
    admitted, said = _read(path)
    if admitted is None:
        return said
    table = admitted.table
    cutoff = rng.choice([None, None, 7.5])
    patients = derive(table, cutoff)
    results = []
    for endpoint in survival.ENDPOINTS:
        for by in (None, rng.choice(GROUPINGS)):
            results.append(on_endpoint(patients, endpoint, by))
    rates = []
    for by in (None, rng.choice(GROUPINGS)):
        found = _or_why(lambda by=by: response.remission(patients, by).to_dict("records"))
        rates.append({"by": by, "rows": found})
    return said | {
        "cutoff": cutoff,
        "survival": results,
        "remission": rates,
        "claims": list(claims(patients, rng)),
    }


HANDLED = ("Column", "Read as", "The first column", "The mark that DOS", "This looks like a REDCap")
"""Beginnings of notes on how a file was read; the others are remarks that ask the reader."""


def _read(path: Path) -> tuple[Cohort | None, dict[str, Any]]:
    """Read a file as the command does: the cohort, and its cells or what is wrong with it."""
    try:
        cohort = admit(Request(str(path)))
    except InputError as error:
        return None, {"problems": error.records()}
    columns = {c: [_cell(v) for v in cohort.table[c]] for c in cohort.table}
    remarks = [note for note in cohort.notes if not note.startswith(HANDLED)]
    return cohort, {
        "problems": [],
        "notes": cohort.notes,
        "remarks": remarks,
        "columns": columns,
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
    kept: set[Any] = set()
    for day in data.loc[data["event"] == 1, "time"].unique():
        at_risk = data[data["time"] >= day]
        some = ((at_risk["time"] == day) & (at_risk["event"] == 1)).sum() < len(at_risk)
        if some and at_risk[by].nunique() > 1:
            kept |= {*at_risk[by]}
    return len(kept) < 2 or names[-1] in kept


def claims(patients: Any, rng: random.Random) -> Iterator[dict[str, Any]]:
    """Judge every value and the ordering, and test a third of the directions."""
    for entry in REGISTRY.select(evidence="P"):
        if entry.kind == "direction" and rng.random() < 2 / 3:
            continue
        if entry.kind in ("rate", "time", "ordering"):
            judged = verdicts.judge(entry, patients, REGISTRY)
            judged.pop("lacks", None)  # the page has the same in words
            yield {"id": entry.id} | judged
        elif entry.kind == "direction" and entry.details["model"] == "univariable":
            asked = entry.details["endpoint"], entry.details["exposure"]
            found = _or_why(
                lambda asked=asked: survival.log_rank(patients, *asked).to_dict("records")[0]
            )
            yield {
                "id": entry.id,
                "log_rank": found,
                "permuted": _is_permuted(found, patients, *asked),
                "before": ""
                if "why" in found
                else verdicts.before(entry, patients, REGISTRY)["why"],
            }


def _is_permuted(found: dict[str, Any], patients: Any, endpoint: str, by: str) -> bool:
    """Tell whether the command judges a direction by permutation."""
    if "why" in found:
        return False
    sizes = survival.with_endpoint(patients, endpoint, by)[by].value_counts()
    return permutation.is_needed(sizes[sizes > 0].min(), found["events"])


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
    tables = [[rng.randint(0, 12) for _ in range(4)] for _ in range(60)]
    tables = [t for t in tables if min(t[0] + t[1], t[2] + t[3], t[0] + t[2], t[1] + t[3]) > 0]
    odds = [stats.contingency.odds_ratio([t[:2], t[2:]]).statistic for t in tables]
    margins = [(rng.randint(1, 60), rng.randint(1, 60), 0.4, 0.05) for _ in range(40)]
    margins = [(e, o, rng.randint(1, e + o - 1), *rest) for e, o, *rest in margins]
    margins += [(1, 19, 19, 0.4, 0.05), (3, 3, 3, 0.4, 0.1)]  # p is the level itself
    margins += [(900, 1100, 1500, 0.4, 0.05), (7000, 13_000, 15_000, 0.95, 0.05)]
    two = [
        (rng.random(), rng.uniform(2, 900), rng.random(), rng.uniform(2, 90)) for _ in range(100)
    ]
    two += [(0.0, 5, 0.0, 7), (1.0, 5, 1.0, 7), (1.0, 50, 0.0, 7), (0.5, 7, 0.5, 9)]
    return {
        "normalSf": [[z, stats.norm.sf(z)] for z in np.linspace(0, 30, 120)],
        "chi2Sf": [
            [x, d, stats.chi2.sf(x, d)] for d in range(1, 7) for x in (0, 0.1, 1, 3.84, 9, 60, 400)
        ],
        "binomialInterval": [[x, n, CONFIDENCE, exact.binomial_interval(x, n)] for x, n in sizes],
        "fisher": [
            [*t, {"p": exact.fisher([t[:2], t[2:]]).p, "below": bool(ratio < 1)}]
            for t, ratio in zip(tables, odds, strict=True)
            if abs(ratio - 1) > 1e-6 or ratio == 1
        ],
        "fisherPower": [[*t, power.of_odds_ratio(*t)] for t in margins],
        "isEquivalent": [
            [*t, consistency.margin(t[2]), bool(consistency.is_equivalent(*t, 1 - CONFIDENCE))]
            for t in [*two, (0.8, 900, 0.81, 800), (0.09, 400, 0.06, 500)]
        ],
        "consistencyP": [[*t, float(consistency.p_value(*t))] for t in two],
        "predicted": [[*t[1:], consistency.predicted(*t[1:])] for t in two],
        "difference": [[*t, consistency.difference(*t)] for t in two],
    }  # fmt: skip


def formats(rng: random.Random) -> list[Any]:
    """Give values and how readers see them."""
    values = [0.5, 0.0625, 0.03125, 0.809, 1.0, 0.0, 0.05, 0.0499999, 0.0004, 12.0, 12.25, math.nan]
    values += [0.04996, 0.0996, 0.04999999, 0.996, 1.0003, 0.99996, 1.00000002, 0.9996, 1 - 1e-9]
    values += [rng.random() * 10 ** rng.randint(-4, 3) for _ in range(80)]
    units = ("fraction", "days", "statistic", "p")
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
