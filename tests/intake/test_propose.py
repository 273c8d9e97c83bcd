"""Proposals: what is sure, what is asked, and that nothing wrong is ever sure."""

from __future__ import annotations

import csv
import datetime as dt
import re
import time
from dataclasses import replace
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinybook import TESTS

from cartanalysis import intake
from cartanalysis.contract import FIELDS
from cartanalysis.errors import InputError, Problem
from cartanalysis.intake import mapping
from cartanalysis.intake.hints import bare_name, legend, unit_in
from cartanalysis.intake.identifiers import identifying
from cartanalysis.intake.mapping.guess import Evidence
from cartanalysis.intake.mapping.model import Entry, FromColumn, FromDates, FromDays, FromFilled
from cartanalysis.intake.mapping.names import Meaning, date_role, meanings
from cartanalysis.intake.mapping.proposal import Proposal
from cartanalysis.intake.source import Column, Source

HERE = TESTS


def source(
    columns: dict[str, list[str]],
    *,
    labels: dict[str, str] | None = None,
    choices: dict[str, dict[str, str]] | None = None,
    identifiers: tuple[str, ...] = (),
    form: str = "CSV",
) -> Source:
    """Make a table with what a dictionary says of its columns."""
    n = len(next(iter(columns.values())))
    described = tuple(
        Column(name, (labels or {}).get(name, ""), (choices or {}).get(name, {}),
               name in identifiers)
        for name in columns
    )  # fmt: skip
    return Source("site.csv", form, described, columns, tuple(range(2, n + 2)))


def one(name: str, cells: list[str], label: str = "", **choices: str) -> Entry | None:
    """Propose for a table of one column, besides identifiers; give its one entry."""
    ids = [f"p{i}" for i in range(len(cells))]
    codes = {k.removeprefix("_"): v for k, v in choices.items()}
    made = mapping.propose(
        source({"patient_id": ids, name: cells}, labels={name: label}, choices={name: codes})
    )
    found = [g.entry for g in made.guesses if name in g.entry.columns]
    assert len(found) <= 1
    return found[0] if found else None


def doubts(entry: Entry) -> str:
    """Give what is asked about an entry, but for the other half of a pair that is not there."""
    return re.sub(r"The column \w+ was not found, and is needed with it\.", "", entry.ask).strip()


def sure(name: str, cells: list[str], label: str = "", **choices: str) -> FromColumn:
    """Propose as `one` does; there must be no doubt."""
    entry = one(name, cells, label, **choices)
    assert isinstance(entry, FromColumn)
    assert not doubts(entry)
    return entry


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "target", "unit"),
    [
        ("USUBJID", "patient_id", ""),
        ("Patienten-Nr.", "patient_id", ""),
        ("患者编号", "patient_id", ""),
        ("ageAtInfusion", "age_years", ""),
        ("Alter (Jahre)", "age_years", "years"),
        ("Âge", "age_years", ""),
        ("Geschlecht", "sex", ""),
        ("性别", "sex", ""),
        ("OS_MONTHS", "os_days", "months"),
        ("Overall Survival (Months)", "os_days", "months"),
        ("os.d", "os_days", "days"),
        ("AVAL:OS", "os_days", ""),
        ("CNSR:OS", "os_event", ""),
        ("AVALC:BOR", "response", ""),
        ("AETOXGR:max", "ae_grade_max", ""),
        ("BM blasts %", "bm_blasts_pct", "percent"),
        ("donor_sex", "", ""),
        ("mother_age", "", ""),
        ("age_at_relapse", "", ""),
        ("pre_crs_grade", "", ""),
        ("crs_days", "", ""),
        ("CRS day", "", ""),
        ("Sex of the donor", "", ""),
        ("relapse before CAR T", "", ""),
        ("transplant type", "", ""),
    ],
)
def test_what_names_say(name: str, target: str, unit: str) -> None:
    found = [m for m in meanings(name) if m.strength > 1]
    assert [m.target for m in found][:1] == ([target] if target else [])
    if target:
        assert found[0].unit == unit


@pytest.mark.parametrize("name", ["Pat.-Nr.", "Pat-Nr", "Pat.Nr.", "Pat.-ID", "Patientennummer"])
def test_a_german_number_of_the_patient_is_the_identifier(name: str) -> None:
    made = mapping.propose(source({name: ["100231", "100232", "100233"], "Alter": ["7", "9", "3"]}))
    entry = made.guesses[0].entry
    assert (entry.target, entry.columns, entry.ask) == ("patient_id", (name,), "")
    assert name not in [finding.column for finding in made.drop]


def test_no_usual_name_means_two_columns() -> None:
    for name in ("sex", "os", "rfs", "hsct", "age", "death", "status", "mrd"):
        assert len([m for m in meanings(name) if m.strength > 1]) <= 1


@pytest.mark.parametrize(
    ("text", "unit"),
    [("time_d", "days"), ("d", ""), ("OS (months), not days", ""), ("mo", "months"), ("", "")],
)
def test_units_in_names(text: str, unit: str) -> None:
    assert unit_in(text) == unit


def test_legends_in_labels() -> None:
    assert legend("Status (0 = alive, 1=dead of disease)") == {"0": "alive", "1": "dead of disease"}
    assert legend("Overall survival") == {}
    assert legend("CRS: grade") == {}


@pytest.mark.parametrize(
    ("name", "role"),
    [("date_of_death", "death"), ("InfusionDate", "infusion"), ("DOB", "birth"),
     ("last_contact_dt", "contact"), ("Todesdatum", "death"), ("visit_date", "")],
)  # fmt: skip
def test_what_dates_are_the_dates_of(name: str, role: str) -> None:
    assert date_role(name) == role


# --- sure ----------------------------------------------------------------------------------------


def test_our_own_cohort_is_proposed_as_it_is() -> None:
    text = (resources.files("cartanalysis.study") / "data" / "an2020.csv").read_text(
        encoding="utf-8"
    )
    header, *rows = list(csv.reader(text.splitlines()))
    cells = {name: [r[i] for r in rows] for i, name in enumerate(header)}
    made = mapping.propose(source(cells))
    assert [g.entry.target for g in made.guesses] == [n for n in FIELDS if n in cells]
    assert not made.mapping.questions
    assert not made.drop
    done = mapping.apply(source(cells), mapping.loads(made.to_yaml(), for_use=True))
    assert done.cells == cells
    assert intake.build(done).sha256 == intake.read("an2020").sha256


FIRST_DAY = "Does it count from infusion, in everybody?"
"""What is asked of survival whose name does not say from which day it counts."""


def test_standard_names_with_standard_values_are_sure() -> None:
    made = mapping.propose(
        source(
            {
                "STUDYID": ["S1"] * 3,
                "USUBJID": ["S1-A", "S1-B", "S1-C"],
                "AGE": ["34", "91", "45"],
                "AGEU": ["YEARS"] * 3,
                "SEX": ["F", "M", "U"],
                "AVAL:OS": ["100", "412", "33"],
                "AVALU:OS": ["DAYS"] * 3,
                "CNSR:OS": ["0", "1", "2"],
                "AVALC:BOR": ["CR", "CRi", "NR"],
            },
            form="ADaM (SAS transport)",
        )
    )
    assert made.mapping.entries == (
        FromColumn(target="patient_id", source="USUBJID"),
        FromColumn(target="age_years", source="AGE", cap="89"),
        FromColumn(target="sex", source="SEX", levels={"F": "female", "M": "male", "U": None}),
        FromColumn(target="response", source="AVALC:BOR"),
        FromColumn(target="os_days", source="AVAL:OS", ask=FIRST_DAY),
        FromColumn(target="os_event", source="CNSR:OS", coding="cnsr"),
    )
    assert made.unused == ("STUDYID", "AGEU", "AVALU:OS")


def test_cbioportal_is_sure_but_for_the_first_day() -> None:
    made = mapping.propose(
        source(
            {
                "PATIENT_ID": ["A", "B"],
                "OS_MONTHS": ["12.5", "33"],
                "OS_STATUS": ["1:DECEASED", "0:LIVING"],
            },
            form="cBioPortal",
        )
    )
    assert made.mapping.entries == (
        FromColumn(target="patient_id", source="PATIENT_ID"),
        FromColumn(target="os_days", source="OS_MONTHS", unit="months", ask=FIRST_DAY),
        FromColumn(
            target="os_event", source="OS_STATUS", levels={"1:DECEASED": "1", "0:LIVING": "0"}
        ),
    )


def test_days_are_proven_by_the_dates_they_were_counted_from() -> None:
    columns = {
        "USUBJID": ["A", "B"],
        "AVAL:OS": ["11", "2"],
        "CNSR:OS": ["0", "1"],
        "STARTDT:OS": ["2021-01-01", "2021-05-01"],
        "ADT:OS": ["2021-01-11", "2021-05-02"],
        "TRTSDT": ["2021-01-01", "2021-05-01"],
    }
    made = mapping.propose(source(columns))
    assert not made.mapping.questions
    assert "day 1" in made.to_yaml()
    assert [f.column for f in made.drop] == ["STARTDT:OS", "ADT:OS", "TRTSDT"]
    del columns["TRTSDT"]
    assert mapping.propose(source(columns)).mapping.questions[0].remedy.startswith(FIRST_DAY)
    columns["AVAL:OS"] = ["0.36", "0.07"]
    questions = mapping.propose(source(columns)).mapping.questions
    assert [q.column for q in questions] == ["columns.os_days"]


def test_a_dictionary_makes_codes_sure() -> None:
    entry = sure("gender", ["0", "1", "1"], _0="Female", _1="Male")
    assert entry.levels == {"0": "female", "1": "male"}
    entry = sure("death", ["0", "1"], "Vital status (0=dead, 1=alive)")
    assert entry.levels == {"0": "1", "1": "0"}


@pytest.mark.parametrize(
    ("name", "cells", "levels"),
    [
        ("Geschlecht", ["w", "m"], {"w": "female", "m": "male"}),
        ("sexe", ["Femme", "Homme"], {"Femme": "female", "Homme": "male"}),
        ("性别", ["男", "女"], {"男": "male", "女": "female"}),
        ("vital_status", ["Alive", "Dead"], {"Alive": "0", "Dead": "1"}),
        ("died", ["TRUE", "FALSE"], {"TRUE": "1", "FALSE": "0"}),
        ("crs", ["Grade 1", "IV", "0"], {"Grade 1": "1", "IV": "4", "0": "0"}),
        ("mrd_status", ["MRD-", "pos"], {"MRD-": "negative", "pos": "positive"}),
        ("prior_sct", ["ja", "nein"], {"ja": "yes", "nein": "no"}),
    ],
)
def test_bad_inputs_2_words_that_mean_one_thing(name, cells, levels) -> None:
    assert sure(name, cells).levels == levels


def test_decimal_commas_of_a_whole_column_are_proposed() -> None:
    entry = sure("treg_pct", ["5,2", "11,75", "20"])
    assert (entry.decimal, entry.ask) == (",", "")
    doubtful = one("treg_pct", ["5,200", "11,750"])
    assert doubtful is not None
    assert "thousands" in doubts(doubtful)


# --- asked ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cells", "label"),
    [
        ("sex", ["1", "2"], ""),
        ("sex", ["0", "1"], ""),
        ("gender", ["F", "M", "x"], ""),
        ("death", ["0", "1"], "0=dead"),
        ("death", ["0", "1"], "alive at last contact"),
        ("death", ["1", "2"], ""),
        ("death", ["0", "1", "2"], ""),
        ("death", ["Y", ""], ""),
        ("os_event", ["1", "2"], ""),
        ("os_event", ["0", "1"], "Censor"),
        ("os_event", ["0", "1", "9"], ""),
        ("os_status", ["0", "1"], ""),
        ("vital_status", ["0", "1"], ""),
        ("status", ["0", "1"], ""),
        ("status", ["dead", "alive"], ""),
        ("alive", ["0", "1"], ""),
        ("alive", ["no", "yes"], ""),
        ("censored", ["0", "1"], ""),
        ("cens", ["0", "1"], ""),
        ("CNSR", ["0", "1"], ""),
        ("CNSR:OS", ["0", "1"], "Event (0=alive, 1=dead)"),
        ("DTHFL", ["Y", ""], ""),
        ("relapse", ["0", "1"], ""),
        ("OS", ["0", "1"], ""),
        ("CNSR:PFS", ["0", "1"], ""),
        ("mrd", ["0", "1"], ""),
        ("mrd_neg", ["yes", "no"], ""),
        ("mrd_negative", ["0", "1"], ""),
        ("response", ["yes", "no"], ""),
        ("response", ["CR", "PR"], ""),
        ("response", ["CR", "NR", "not done"], ""),
        ("responder", ["CR", "NR"], ""),
        ("emd", ["yes", "no"], ""),
        ("emd", ["0", "1", "2"], ""),
        ("emd", ["none", "testis"], ""),
        ("genetic_risk", ["good", "poor"], ""),
        ("genetic_risk", ["1", "2"], ""),
        ("risk", ["high", "standard"], ""),
        ("prior_hsct", ["1", "2"], ""),
        ("prior_hsct", ["allo", "none"], ""),
        ("hsct", ["yes", "no"], ""),
        ("crs_grade", ["1", "3/4"], ""),
        ("crs_grade", ["1", "≥3"], ""),
        ("crs", ["yes", "no"], ""),
        ("AETOXGR:CRS", ["1", "2"], ""),
        ("neurotoxicity", ["1", "2"], ""),
        ("age", ["34", "12"], ""),
        ("AGE", ["340", "120"], ""),
        ("age_dx", ["34", "12"], ""),
        ("age_years", ["34", "999"], ""),
        ("os", ["12.5", "30"], ""),
        ("os_time", ["12", "30"], ""),
        ("OS_MONTHS", ["1200", "3000"], ""),
        ("os_months", ["12", "30"], "Overall survival (days)"),
        ("os_days", ["12.5", "30.2"], ""),
        ("os_days", ["12", "30"], "Overall survival in months"),
        ("time", ["120", "300"], ""),
        ("followup_days", ["120", "300"], ""),
        ("rfs_months", ["12", "30"], ""),
        ("PFS_MONTHS", ["12", "30"], ""),
        ("dor", ["120", "300"], ""),
        ("AVAL:EFS", ["120", "300"], "Event-free survival (days)"),
        ("treg", ["5", "20"], ""),
        ("treg_pct", ["0.05", "0.2"], ""),
        ("tregs_percent", ["5", "20"], "of lymphocytes"),
        ("blasts_pct", ["5", "20"], ""),
        ("days_to_hsct", ["50", "90"], ""),
        ("treatment", ["a", "b"], ""),
        ("sex", ["0", "1"], "Age in years"),
    ],
)
def test_nothing_that_may_be_otherwise_is_sure(name: str, cells: list[str], label: str) -> None:
    entry = one(name, cells, label)
    assert entry is not None
    assert doubts(entry)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("donor_sex", ["F", "M"]),
        ("mother_age", ["34", "56"]),
        ("crs_days", ["12", "30"]),
        ("visit", ["1", "2"]),
        ("arm", ["A", "A"]),
        ("arm", [str(i) for i in range(9)]),
        ("STUDYID", ["S1", "S1"]),
        ("sex", ["", ""]),
    ],
)
def test_what_does_not_fit_is_not_proposed(name: str, cells: list[str]) -> None:
    assert one(name, cells) is None


def test_bad_inputs_1_and_4_guesses_point_the_right_way() -> None:
    assert one("status", ["1", "2"]).levels == {"1": "0", "2": "1"}  # type: ignore[union-attr]
    assert one("alive", ["0", "1"]).levels == {"0": "1", "1": "0"}  # type: ignore[union-attr]
    assert one("CNSR:OS", ["0", "1"]).coding == "cnsr"  # type: ignore[union-attr]
    assert one("death", ["Y", ""]).levels == {"Y": "1", "": "0"}  # type: ignore[union-attr]
    assert one("death", ["0", "1", "2"]).levels == {  # type: ignore[union-attr]
        "0": "0", "1": "1", "2": None,
    }  # fmt: skip
    assert one("os", ["12.5", "30"]).unit == "months"  # type: ignore[union-attr]
    assert one("treg", ["0.05", "0.2"]).unit == "fraction"  # type: ignore[union-attr]
    assert one("age_years", ["34", "999"]).missing == ("999",)  # type: ignore[union-attr]


def test_event_and_time_of_one_endpoint_are_told_apart() -> None:
    made = mapping.propose(
        source({"id": ["a", "b", "c"], "OS": ["0", "1", "1"], "OS.time": ["400", "31", "77"]})
    )
    entries = {g.entry.target: g.entry.columns for g in made.guesses}
    assert entries == {"patient_id": ("id",), "os_days": ("OS.time",), "os_event": ("OS",)}
    assert len(made.mapping.questions) == 2


def test_of_two_columns_that_fit_one_is_asked() -> None:
    cells = {"id": ["a", "b"], "sex": ["F", "M"], "gender": ["M", "M"]}
    assert not mapping.propose(source(cells)).mapping.questions  # sex is our own name
    cells = {"id": ["a", "b"], "TRTA": ["x", "y"], "TRTP": ["x", "z"]}
    (question,) = mapping.propose(source(cells)).mapping.questions
    assert "“TRTP”" in question.remedy
    cells["TRTP"] = cells["TRTA"]
    assert not mapping.propose(source(cells)).mapping.questions


def test_half_a_pair_is_asked() -> None:
    (question,) = mapping.propose(
        source({"id": ["a", "b"], "os_days": ["12", "400"]})
    ).mapping.questions
    assert "The column os_event was not found" in question.remedy


# --- people --------------------------------------------------------------------------------------


def test_bad_inputs_38_what_identifies_people_is_dropped() -> None:
    table = source(
        {
            "record_id": ["1", "2"],
            "name_last": ["Muster", "Beispiel"],
            "code": ["a", "b"],
            "mail": ["a@b.ch", "c@d.ch"],
            "gender": ["F", "M"],
        },
        identifiers=("code",),
    )
    made = mapping.propose(table)
    assert [f.column for f in made.drop] == ["name_last", "code", "mail"]
    assert made.mapping.drop == ("name_last", "code", "mail")
    done = mapping.apply(table, mapping.loads(made.to_yaml(), for_use=True))
    assert set(done.cells) == {"patient_id", "sex"}
    assert "Muster" not in str(done)


def test_record_numbers_are_replaced() -> None:
    made = mapping.propose(source({"mrn": ["100234567", "100234568"], "sex": ["F", "M"]}))
    entry = made.mapping.entries[0]
    assert isinstance(entry, FromColumn)
    assert entry.renumber
    assert not made.drop


# --- dates ---------------------------------------------------------------------------------------


def test_days_are_proposed_from_dates_and_always_asked() -> None:
    table = source(
        {
            "id": ["a", "b", "c"],
            "dob": ["2000-05-01", "2001-01-01", "1990-07-07"],
            "infusion_date": ["2021-01-01", "2021-02-01", "2021-03-01"],
            "remission_date": ["2021-02-01", "2021-03-01", ""],
            "relapse_date": ["2021-04-01", "", ""],
            "death_date": ["2021-05-01", "", ""],
            "last_contact_date": ["", "2021-12-01", "2021-12-31"],
        }
    )
    made = mapping.propose(table)
    found = {g.entry.target: g.entry for g in made.guesses}
    assert isinstance(found["os_days"], FromDates)
    assert isinstance(found["rfs_event"], FromFilled)
    assert all(e.ask for t, e in found.items() if t != "patient_id")
    answered = mapping.loads("\n".join(x for x in made.to_yaml().split("\n") if "ask:" not in x))
    done = mapping.apply(table, answered, today=dt.date(2022, 1, 1))
    # 2021: January has 31 days, February 28, March 31, …
    assert done.cells["os_days"] == ["120", "303", "305"]
    assert done.cells["os_event"] == ["1", "0", "0"]
    assert done.cells["rfs_days"] == ["59", "275", ""]
    assert done.cells["rfs_event"] == ["1", "0", ""]
    assert done.cells["rfs_cause"] == ["relapse", "", ""]
    assert done.cells["age_years"] == ["20", "20", "30"]
    assert not done.problems


def test_the_order_of_day_and_month_is_asked() -> None:
    cells = {
        "id": ["a", "b"],
        "infusion_date": ["01/02/2021", "03/04/2021"],
        "death_date": ["03/05/2021", ""],
        "last_contact_date": ["", "04/05/2021"],
    }
    text = mapping.propose(source(cells)).to_yaml()
    assert "order: DMY or order: MDY, which “death_date”, “last_contact_date”" in text
    cells["death_date"] = ["13/05/2021", ""]  # shows it for the whole file
    assert "order: DMY" not in mapping.propose(source(cells)).to_yaml()


def test_a_column_of_our_name_that_is_not_understood_is_asked() -> None:
    entry = one("os_days", ["soon", "later"])
    assert entry is not None
    assert "was found, but its values, such as “soon”, cannot be understood" in entry.ask


def test_a_proposal_carries_what_is_wrong_with_the_file() -> None:
    wrong = Problem("the row has 1 cells, the header 2", "Fill the row", row=3)
    table = replace(source({"id": ["a", "b"]}), problems=(wrong,))
    assert mapping.propose(table).source.problems == (wrong,)


@pytest.mark.parametrize("name", ["zensiert", "lebt", "OS_CENS", "cens_os", "survivor"])
def test_bad_inputs_4_flags_of_the_opposite_are_turned_and_asked(name: str) -> None:
    column = Column(name)
    table = Source("s.csv", "CSV", (column,), {name: ["0", "1"]}, (2, 3))
    found = Evidence(table, column, Meaning("os_event", 2, 0, ""), "name").guess()
    assert found is not None
    assert isinstance(found.entry, FromColumn)
    assert found.entry.ask
    assert found.entry.coding == "cnsr" or found.entry.levels == {"0": "1", "1": "0"}


def test_thousands_and_codes_for_missing_are_asked() -> None:
    points = one("os_days", ["1.095", "730"])
    codes = one("os_days", ["9999", "730"])
    assert isinstance(points, FromColumn)
    assert isinstance(codes, FromColumn)
    assert (points.decimal, "thousands" in points.ask) == (".", True)
    assert (codes.missing, "missing value" in codes.ask) == (("9999",), True)


# --- real files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["xpt", "json", "ndjson"])
def test_the_unknown_endpoint_of_the_cdisc_pilot_is_asked(ending: str) -> None:
    from cartanalysis.intake.reading import read_source

    pilot = read_source(HERE / "data" / "dataset-json" / f"adtte.{ending}")
    made = mapping.propose(pilot)
    questions = {q.column for q in made.mapping.questions}
    assert questions == {"columns.os_days", "columns.os_event"}
    with pytest.raises(InputError, match="is it overall survival"):
        mapping.apply(pilot, made.mapping)
    answered = mapping.loads("\n".join(x for x in made.to_yaml().split("\n") if "ask:" not in x))
    done = mapping.apply(pilot, answered)
    assert not done.problems
    events = [c == "0" for c in pilot.cells["CNSR:TTDE"]]
    assert [e == "1" for e in done.cells["os_event"]] == events
    assert len(events) == 254


# --- writing -------------------------------------------------------------------------------------


def test_every_guess_says_why() -> None:
    made = mapping.propose(source({"id": ["a", "b"], "gender": ["F", "M"], "status": ["1", "2"]}))
    text = made.to_yaml()
    assert "  # sure: by its name; values “F”, “M”\n  sex:\n    from: gender" in text
    assert "# not sure: by its name\n  os_event:" in text
    assert "# not found: treg_pct" in text
    summary = made.summary()
    assert "1 entry is not sure" in summary
    assert "ask:" in summary


def test_without_identifiers_the_file_says_what_to_add() -> None:
    (question,) = mapping.propose(source({"caseid": ["a", "b"]})).mapping.questions
    assert "is it “unique identifier" in question.remedy
    text = mapping.propose(source({"gender": ["F", "M"]})).to_yaml()
    assert "not found (every cohort needs it): patient_id" in text
    with pytest.raises(InputError, match="patient_id is missing"):
        mapping.loads(text)


NAMES = st.one_of(
    st.sampled_from(["sex", "OS", "os_months", "death", "CNSR:OS", "AVAL:OS", "dob", "age",
                     "infusion_date", "death_date", "last_contact_date", "mrd", "response", "crs"]),
    st.text(max_size=15),
)  # fmt: skip
CELLS = st.one_of(
    st.sampled_from(["", "0", "1", "2", "F", "NA", "CR", "2021-02-28", "1/2/2020", "1,5", "yes"]),
    st.text(max_size=10),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(NAMES, st.lists(CELLS, min_size=3, max_size=3), st.text(max_size=20)),
                min_size=1, max_size=6, unique_by=lambda c: c[0].strip()))  # fmt: skip
def test_any_table_gives_a_proposal_that_reads_back(columns) -> None:
    cells = {"patient_id": ["a", "b", "c"]} | {
        name.strip(): [c.strip() for c in values] for name, values, _ in columns if name.strip()
    }
    labels = {name.strip(): label for name, _, label in columns}
    table = source(cells, labels=labels, identifiers=(columns[0][0].strip(),))
    made: Proposal = mapping.propose(table)
    assert made.summary().encode("utf-8", "replace")
    read = mapping.loads(made.to_yaml())
    assert read.entries == made.mapping.entries
    assert read.drop == made.mapping.drop
    if not read.questions:
        mapping.apply(table, read)


# --- what a hostile reader found -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["CRS", "icans", "ICANS max grade"])
def test_0_and_1_need_not_be_grades(name):
    entry = one(name, ["0", "1", "0", "1"])
    assert ("any grade" in entry.ask) == ("grade" not in name)
    assert "any grade" not in one(name, ["0", "1", "2", "1"]).ask


@pytest.mark.parametrize(
    "name", ["vitalstatus", "survivalstatus", "osstatus", "生存状态", "OS_STATUS"]
)
def test_a_status_may_be_coded_either_way(name):
    assert "either way" in doubts(one(name, ["0", "1", "0", "1"]))


@pytest.mark.parametrize(
    ("name", "label", "cells"),
    [
        ("AGE", "Diagnosis Age", ["45", "67", "23", "51"]),
        ("OS_MONTHS", "Overall survival (months) since diagnosis", ["4.5", "6.7", "23", "51"]),
        ("OS_MONTHS", "Months from randomisation to death", ["4.5", "6.7", "23", "51"]),
    ],
)
def test_times_and_ages_at_another_day_are_asked_about(name, label, cells):
    assert "another day" in doubts(one(name, cells, label))


@pytest.mark.parametrize(
    ("name", "letters", "male"),
    [("sex", "HM", "H"), ("Sexo", "hm", "h"), ("sex", "VM", "M"), ("sexo", "VM", "V")],
)
def test_m_is_not_male_in_every_language(name, letters, male):
    entry = one(name, [*letters, letters[0]])
    assert {theirs for theirs, ours in entry.levels.items() if ours == "male"} == {male}
    assert "M is not male" in entry.ask


# --- names that seem to say it -------------------------------------------------------------------

SEXES, ANSWERS, GRADES = ["F", "M", "F"], ["Y", "N", "Y"], ["0", "1", "3"]
DAYS, PERCENT, RESPONSES = ["120", "40", "733"], ["10.5", "33", "80"], ["CR", "NR", "CRi"]


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (SEXES, "Donor's sex|Sex of donor|Spender Geschlecht|供者性别|Sexe du donneur"),
        (SEXES, "sex_d|dsex|maternal sex"),
        (GRADES, "CRS day|Day of CRS onset|CRS duration (days)|Days to ICANS|CRS onset|GVHD grade"),
        (GRADES, "CRS start grade|CRS grade at discharge|number of relapses|prior transplants (n)"),
        (ANSWERS, "relapse before CAR T|prior relapse|CNS relapse|planned HSCT|HSCT after CAR T"),
        (ANSWERS, "EMD at relapse|history of EMD|death in ICU|Severe CRS|CRS ≥3"),
        (["allo", "auto", ""], "transplant type|Type of prior transplant|Art der Transplantation"),
        (["30", "12", "45"], "age at relapse|age of donor (years)|bone age (years)"),
        (PERCENT, "Blasts PB (%)|BM blasts day 28 (%)|Treg absolute count|Treg day 28 (%)"),
        (RESPONSES, "Response to induction|best response before CAR-T|response to bridging"),
        (["neg", "pos", "neg"], "MRD before infusion|pre MRD|MRD month 6"),
        (DAYS, "time from diagnosis to infusion (days)|RFS before CAR-T (days)|OS2 (days)"),
        (["a", "b", "c"], "ID of donor|sample of donor"),
    ],
)  # fmt: skip
def test_a_name_with_a_word_of_something_else_is_not_proposed(cells: list[str], names: str) -> None:
    for name in names.split("|"):
        assert one(name, cells) is None, name


@pytest.mark.parametrize(
    ("name", "label", "cells"),
    [
        ("age_y", "Age at diagnosis (years)", ["30", "12", "45"]),
        ("Alter bei Erstdiagnose (Jahre)", "", ["30", "12", "45"]),
        ("诊断时年龄（岁）", "", ["30", "12", "45"]),
        ("crs", "Day of onset of CRS", GRADES),
        ("response", "Response to induction therapy", RESPONSES),
        ("mrd", "MRD before CAR-T infusion", ["neg", "pos", "neg"]),
        ("emd", "EMD at initial diagnosis", ["none", "cns", "other"]),
        ("prior_hsct", "Number of prior HSCT", ["0", "1", "1"]),
        ("treg", "Treg count per µl", PERCENT),
        ("product", "Product given before", ["A", "B", "A"]),
    ],
)
def test_a_label_that_speaks_of_something_else_is_asked_about(name, label, cells):
    entry = one(name, cells, label)
    assert entry is not None
    assert doubts(entry)


@pytest.mark.parametrize("label", ["Sex of the donor", "Gender of caregiver"])
def test_other_people_are_not_the_patient(label):
    assert one("gender", SEXES, label) is None
    assert one("sex", SEXES, label) is None


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("GeschlechtÃ¤", ""),
        ("DÃ©cÃ¨s", "os_event"),
        ("Ã‰tat vital", "os_event"),
        ("GesamtÃ¼berleben (Monate)", "os_days"),
        ("Gesamtueberleben (Monate)", "os_days"),
        ("Gr\ufffd\ufffde", ""),
    ],
)  # fmt: skip
def test_accents_in_the_wrong_encoding_are_understood(name: str, target: str) -> None:
    assert [m.target for m in meanings(bare_name(name)) if m.strength > 1] == [target] * bool(
        target
    )


# --- codes in a header ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Vital status (0=dead, 1=alive)", "Status: 0 dead, 1 alive", "Status 0=dead 1=alive",
        "Vital status [1=alive;0=dead]", "Vital status 0/1 (dead/alive)",
        "Vital status (dead/alive = 0/1)", "Vital status_0dead_1alive",
        "Vital status (0→dead, 1→alive)", "Survival status (0=D, 1=A)",
        "Vital status {0: dead}",
        "生存状态（0死亡 1存活）", "転帰（0：死亡、1：生存）",
        "Vitalstatus (0=verstorben; 1=lebend)",
        "statut vital (0: décédé, 1: vivant)", "Estado vital (0=fallecido; 1=vivo)",
        "Stato vitale (0 = deceduto, 1 = vivo)", "Dead (0=yes 1=no)", "exitus (0=sí, 1=no)",
    ],
)  # fmt: skip
def test_codes_in_a_header_are_proposed_and_stop_what_contradicts_them(name: str) -> None:
    cells = ["0", "1", "1", "0"]
    entry = one(name, cells)
    assert isinstance(entry, FromColumn)
    assert (entry.target, entry.levels) == ("os_event", {"0": "1", "1": "0"})
    table = source({"patient_id": ["a", "b", "c", "d"], name: cells})
    plan = (
        f"version: 1\ncolumns: {{patient_id: {{from: patient_id}}, os_event: {{from: '{name}'}}}}"
    )
    (problem,) = mapping.apply(table, mapping.loads(plan)).problems
    assert problem.column == name
    assert "means" in problem.what


def test_an_answer_is_no_grade() -> None:
    for name in ("CRS grade ≥3 (0=no, 1=yes)", "CRS (0=N/1=Y)", "Severe CRS"):
        table = source({"patient_id": ["a", "b"], name: ["0", "1"]})
        columns = f"{{patient_id: {{from: patient_id}}, crs_grade: {{from: '{name}'}}}}"
        (problem,) = mapping.apply(table, mapping.loads(f"version: 1\ncolumns: {columns}")).problems
        assert "whether there was a grade" in problem.what


def test_one_explained_code_of_two_explains_the_other() -> None:
    entry = one("OS event (1=alive)", ["0", "1", "1"])
    assert isinstance(entry, FromColumn)
    assert entry.levels == {"0": "1", "1": "0"}
    assert doubts(entry)


# --- how much -------------------------------------------------------------------------------------


def test_every_column_that_is_not_used_is_listed_whole() -> None:
    long = "an unused column with a name that is longer than anything shown in a terminal is"
    names = [f"{long} {i}" for i in range(60)]
    made = mapping.propose(source({"patient_id": ["a"]} | {name: ["x"] for name in names}))
    assert all(f"#   {name}\n" in made.to_yaml() for name in names)
    assert "and 20 more (the mapping file and --all list them)" in made.summary()
    assert " more" not in made.summary(whole=True)


def test_two_thousand_columns_are_proposed_within_seconds() -> None:
    cells = {f"Serum value {i} at day {i % 7}": ["1", "", "0.5"] * 20 for i in range(2000)}
    started = time.process_time()
    made = mapping.propose(source({"patient_id": [f"p{i}" for i in range(60)]} | cells))
    assert len(made.unused) == 2000
    assert time.process_time() - started < 10


_DAYS = {
    "infusion": """
        Infusionsdatum, Datum der Infusion, Datum CAR-T-Infusion, CAR-T Datum, Tag 0 (Infusion),
        CAR-T-Gabe, Infusion am, Datum Infusion, Reinfusion, fecha de infusión,
        Fecha infusión CAR-T, fecha_infusion, date de perfusion, Date perfusion CAR-T,
        date d'infusion, Date d’injection, date de réinjection, data infusione,
        Data di infusione, data infusione CAR-T, 输注日期, 回输日期, CAR-T回输日期,
        CAR-T输注日期, 回输时间, 輸注日, CAR-T輸注日, 輸注年月日, 投与日, Date of CAR-T infusion,
        infusion_date""",
    "remission": """
        CR am, CR-Datum, Datum CR, Remission am, Datum der Remission, CR erreicht am,
        Fecha de remisión, fecha de RC, Fecha RC, date de rémission, Date de RC, date RC,
        data remissione, Data di RC, data RC, 缓解日期, CR日期, 完全缓解日期, 寛解日, CR日,
        完全寛解日, 寛解到達日, CR達成日""",
    "contact": """
        letzter Follow-up, letztes FU, Datum letzter Kontakt, Letzter Kontakt, Letztkontakt, LFU,
        letzte Vorstellung, Datum der letzten Kontrolle, letzte Nachsorge, Fecha último contacto,
        última visita, Fecha de último seguimiento, último control, date dernières nouvelles,
        date de dernier contact, dernière consultation, dernier suivi, data ultimo contatto,
        ultimo follow-up, ultima visita, data ultimo controllo, 末次随访日期, 最后随访日期,
        末次随访时间, 最終観察日, 最終生存確認日, 最終受診日""",
    "relapse": """
        Rezidivdatum, Rezidiv am, Datum Rezidiv, Rezidiv, fecha de recaída, recaída,
        date de rechute, rechute, data recidiva, data di ricaduta, recidiva, 复发日期, 复发时间,
        再発日""",
    "death": """
        Todesdatum, Sterbedatum, verstorben am, Tod, gestorben am, Todestag, fecha de muerte,
        fecha de fallecimiento, fecha de exitus, date de décès, date décès, data decesso,
        data di morte, data morte, 死亡日期, 死亡时间, 死亡日""",
    "birth": """
        Geb.-Datum, GebDat, Geb.datum, Geburtsdatum, geb. am, Geb., geboren am, Geb-Dat,
        Geburtstag, fecha de nacimiento, F. nacimiento, Fecha nac., date de naissance, Né(e) le,
        data di nascita, data nascita, nato il, 出生日期, 生年月日, DOB""",
    "hsct": """
        Datum allo-SZT, allo-SZT am, SZT-Datum, Datum der SZT, fecha de TPH, fecha trasplante,
        date allogreffe, date de greffe, data trapianto, 移植日期, 移植日""",
}

_NAMES = {
    "sex": """
        Geschl., Geschlecht, Geschlecht (m/w/d), sexo, Sexe, sesso, 性别, 性別""",
    "prior_hsct": """
        Z.n. allo-SZT, Z. n. allo-SZT, Zn allo SZT, Vortransplantation, vortransplantiert,
        Vorherige allo-SZT, SZT vor CAR-T, allo-SZT vor CAR-T, Z.n. SZT, Zustand nach allo-SZT,
        TPH previo, trasplante previo, allogreffe antérieure, greffe antérieure, ATCD allogreffe,
        ATCD de greffe, trapianto pregresso, pregresso trapianto, pregresso TMO, 既往移植,
        移植史, 移植歴, 既往造血干细胞移植, 前移植, 移植既往""",
    "os_event": """
        lebt/verstorben, Vitalstatus, Überlebensstatus, Status lebt/tot, vivo/muerto,
        vivant/décédé, vivo/deceduto, 生存状态, 転帰""",
}


@pytest.mark.parametrize("role", _DAYS)
def test_dates_are_known_as_centres_of_seven_languages_call_them(role):
    names = re.split(r",\s+", _DAYS[role].strip())
    assert {n: date_role(bare_name(n)) for n in names} == dict.fromkeys(names, role)


@pytest.mark.parametrize("target", _NAMES)
def test_columns_are_known_as_centres_of_seven_languages_call_them(target):
    for name in re.split(r",\s+", _NAMES[target].strip()):
        found = {m.target for m in meanings(bare_name(name)) or meanings(name)}
        assert target in found, name


def test_times_since_diagnosis_are_counted_anew_with_the_interval_up_to_infusion():
    columns = {
        "Study ID": ["a", "b", "c"],
        "Interval diagnosis to infusion (months)": ["10", "20.5", "8"],
        "Interval diagnosis to CR (months)": ["11", "", "9"],
        "Time from diagnosis to infusion (days)": ["304", "624", "244"],
        "OS since diagnosis (months)": ["22", "24.5", "40"],
        "RFS since diagnosis (months)": ["15", "", "40"],
        "Status (0=alive, 1=dead)": ["1", "1", "0"],
    }
    entries = {g.entry.target: g.entry for g in mapping.propose(source(columns)).guesses}
    for target, day in (("os_days", "infusion"), ("rfs_days", "CR")):
        entry = entries[target]
        assert isinstance(entry, FromDays)
        assert entry.days == (f"{target[: target.index('_')].upper()} since diagnosis (months)",)
        assert entry.since == f"Interval diagnosis to {day} (months)"
        assert entry.unit == "months"
        assert "from diagnosis" in entry.ask
    # without the interval it is asked about, too
    del columns["Interval diagnosis to infusion (months)"]
    entries = {g.entry.target: g.entry for g in mapping.propose(source(columns)).guesses}
    assert isinstance(entries["os_days"], FromColumn)
    assert "diagnosis" in entries["os_days"].ask


def test_the_question_about_dates_says_which_column_is_which_day():
    columns = {
        "id": ["a", "b"],
        "Infusionsdatum": ["2020-01-01", "2020-01-02"],
        "GebDat": ["1990-01-01", "1991-01-02"],
        "verstorben am": ["2020-03-01", ""],
        "letzter Follow-up": ["2020-03-01", "2021-01-02"],
    }
    made = mapping.propose(source(columns))
    asks = {g.entry.target: g.entry.ask for g in made.guesses}
    assert asks["os_days"] == (
        "Are these the days: “verstorben am” of death, “letzter Follow-up” of last contact, "
        "“Infusionsdatum” of infusion?"
    )
    assert asks["age_years"].endswith("“Infusionsdatum” of infusion, “GebDat” of birth?")
    assert [f.column for f in made.drop] == []
    assert "GebDat" in {f.column for f in identifying(source(columns))}
