"""Mapping files: what they may say, what they do to a table, what they refuse."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cartanalysis import intake
from cartanalysis.contract import FIELDS
from cartanalysis.errors import InputError, Problem
from cartanalysis.intake import cells as grammar
from cartanalysis.intake import mapping
from cartanalysis.intake.mapping import dates, template
from cartanalysis.intake.mapping.document import written
from cartanalysis.intake.mapping.model import Constant, FromColumn, FromDates, FromFilled, said
from cartanalysis.intake.source import Column, Source
from cartanalysis.text import same_id

TODAY = dt.date(2026, 1, 31)


def table(rows: tuple[int, ...] | None = None, **cells: list[str]) -> Source:
    """Make a source of the columns given; rows count from 2, as below a header."""
    n = len(next(iter(cells.values())))
    columns = tuple(Column(name) for name in cells)
    return Source("site.csv", "CSV", columns, dict(cells), rows or tuple(range(2, n + 2)))


def plan(text: str) -> mapping.Mapping:
    """Read a mapping whose patient identifiers are in the column id."""
    return mapping.loads(f"version: 1\ncolumns:\n  patient_id: {{from: id}}\n{text}", "map.yml")


def mapped(source: Source, text: str) -> Source:
    """Apply a mapping to a table; identifiers are added."""
    n = len(source.rows)
    ids = {"id": [f"p{i}" for i in range(n)]}
    columns = (Column("id"), *source.columns)
    whole = Source(source.name, source.form, columns, ids | source.cells, source.rows)
    return mapping.apply(whole, plan(text), today=TODAY)


def problems_of(text: str) -> list[Problem]:
    with pytest.raises(InputError) as error:
        mapping.loads(text, "map.yml")
    return list(error.value.problems)


def only(problems):
    assert len(problems) == 1, problems
    return problems[0]


# --- the file ------------------------------------------------------------------------------------


def test_every_kind_of_entry_is_read() -> None:
    read = mapping.loads(
        """
version: 1
columns:
  patient_id: {from: mrn, renumber: yes}
  age_years:  {dates: infusion, since: born, cap: 89, order: DMY}
  sex:        {from: Geschlecht, levels: {W: female, M: male, "?": null}}
  arm:        {constant: CAR-19}
  treg_pct:   {from: treg, unit: fraction, decimal: ",", missing: [-9]}
  os_days:    {dates: [died], otherwise: [seen], since: infusion}
  os_event:   {from: CNSR, coding: cnsr, ask: "really?"}
  rfs_event:  {filled: [relapse, died], since: remission}
extra: [centre]
drop: [phone]
sheet: Patients
dictionary: words.csv
"""
    )
    assert read.entries == (
        FromColumn(target="patient_id", source="mrn", renumber=True),
        FromDates(target="age_years", dates=("infusion",), since="born", cap="89", order="DMY"),
        FromColumn(
            target="sex", source="Geschlecht", levels={"W": "female", "M": "male", "?": None}
        ),
        Constant(target="arm", constant="CAR-19"),
        FromColumn(target="treg_pct", source="treg", unit="fraction", decimal=",", missing=("-9",)),
        FromDates(target="os_days", dates=("died",), otherwise=("seen",), since="infusion"),
        FromColumn(target="os_event", source="CNSR", coding="cnsr", ask="really?"),
        FromFilled(target="rfs_event", filled=("relapse", "died"), since="remission"),
    )
    assert (read.extra, read.drop) == (("centre",), ("phone",))
    assert (read.sheet, read.dictionary) == ("Patients", "words.csv")
    assert read.entries[0].columns == ("mrn",)
    assert read.entries[7].columns == ("relapse", "died", "remission")


def test_all_problems_are_told_with_line_and_key() -> None:
    found = problems_of(
        """version: 2
columns:
  sex: {form: gender}
  oss_days: {from: OS}
  os_days:
    from: OS
    unit: moons
    levels: {a: b}
  os_event:
    from: dead
    levels: {"1": 2, High: 1, "high ": 0}
extras: [centre]
"""
    )
    told = [(p.row, p.column, p.value) for p in found]
    assert told == [
        (12, "extras", "extras"),
        (1, "version", None),
        (3, "columns.sex", None),
        (4, "columns.oss_days", "oss_days"),
        (8, "columns.os_days.levels", "levels"),
        (7, "columns.os_days.unit", "moons"),
        (11, "columns.os_event.levels.1", "2"),
        (11, "columns.os_event.levels.high ", "high "),
        (2, "columns", None),
    ]
    text = "\n".join(map(str, found))
    assert "line 7, key “columns.os_days.unit”, value “moons”: not a value of this key." in text
    assert "row" not in text
    assert "Did you mean os_days?" in text
    assert "Did you mean extra?" in text
    assert "did you mean from?" in text
    assert "days, weeks, months or years" in text
    assert "translated twice, differently" in text
    assert "patient_id is missing" in text


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("!!python/object/apply:os.system ['echo hi']", "tags"),
        ("version: !!int 1", "tags"),
        ("a: &a [1]\nb: *a", "anchors and aliases"),
        ("b: *a", "anchors and aliases"),
        ("version: 1\nversion: 1", "already in line 1"),
        ("version: 1\n--- \nversion: 1", "several YAML documents"),
        ("", "empty"),
        ("# only a comment", "empty"),
        ("[" * 3000, "nested too deeply"),
        ("a: {b: [c", "not readable as YAML"),
        ('a: "\\UFFFFFFFF"', "not readable as YAML"),
        ("a: \x00", "not readable as YAML"),
        ("? [a]\n: b", "not plain text"),
        ("just text", "not a list of keys"),
    ],
)
def test_bad_inputs_37_yaml_that_is_not_plain(text: str, what: str) -> None:
    assert what in "\n".join(map(str, problems_of(text)))


def test_bad_inputs_37_a_file_that_is_no_mapping(tmp_path) -> None:
    large = tmp_path / "large.yml"
    large.write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(InputError, match="larger than 1 MB"):
        mapping.load(large)
    latin = tmp_path / "latin.yml"
    latin.write_bytes("version: é".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        mapping.load(latin)
    with pytest.raises(InputError, match="no such file"):
        mapping.load(tmp_path / "none.yml")


def test_words_of_yaml_stay_text() -> None:
    entry = plan("  prior_hsct: {from: tx, levels: {no: no, yes: yes, null: null, 007: no}}")
    assert entry.entries[1].levels == {"no": "no", "yes": "yes", "null": None, "007": "no"}


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("os_event: {from: a, coding: cnsr, levels: {a: 0}}", "both levels: and coding:"),
        ("os_days: {dates: [a]}", "first day is missing"),
        ("os_days: {from: a, dates: [b]}", "two sources"),
        ("os_days: {}", "source of the column is missing"),
        ("os_days: OS", "source of the column is missing"),
        ("os_days: {from: [a]}", "a text is wanted"),
        ("os_days: {dates: [], since: b}", "no column is named"),
        ("os_event: {filled: []}", "no column is named"),
        ("rfs_cause: {dates: [a, b], since: c, levels: {a: death}}", "without a level"),
        ("age_years: {from: a, cap: old}", "not an age"),
        ("sex: {from: a, levels: {}}", "translations are missing"),
        ("sex: {constant: x}", "not a value"),
        ("os_days: {from: a, cap: 89}", "not known here"),
        ("sex: {from: a, unit: days}", "not known here"),
        ("os_days: {dates: [a, a], since: b}", "named twice"),
        ('arm: {constant: "a\\u202eb"}', "cannot be shown"),
        ("sex: {from: a}\nextra: [age_years]", "one of ours"),
        ("sex: {rules: {}}", "the rules are missing"),
        ("sex: {rules: {man: {a: m}}}", "not a value of this key"),
        ("sex: {rules: {male: m}}", "not a condition"),
        ("sex: {rules: {male: {a: m}, MALE: {a: h}}}", "the level has a rule already"),
        ("sex: {rules: {male: {a: m}}, otherwise: man}", "not a value of this key"),
        ("os_days: {rules: {1: {a: m}}}", "source of the column is missing"),
        ("crs_grade: {highest: []}", "no column is named"),
        ("os_event: {highest: [a]}", "source of the column is missing"),
        ("os_days: {days: []}", "no column is named"),
        ("mrd: {from: a, for: everybody}", "not a value of this key"),
        ("mrd: {from: a, for: responders}", "nothing says who they are"),
        ("os_days: {from: a, for: responders}", "not known here"),
        ("treg_pct: {from: a, limits: twice}", "not a value of this key"),
        ("treg_pct: {from: a, values: {}}", "the numbers are missing"),
        ("treg_pct: {from: a, values: {b: 101}}", "not a value of this column"),
        ("sex: {from: a}\nonly: yes", "not a condition"),
        ("sex: {from: a}\npatients: columns", "not a value of this key"),
        ("sex: {from: a}\nonly: {b: 1}\ndrop: [b]", "only uses it"),
        ("sex: {from: a}\ndrop: [a]", "sex uses it"),
    ],
)
def test_an_entry_that_says_nothing_clear_is_refused(entry: str, what: str) -> None:
    lines = "\n".join(entry.split("\n")[1:])
    text = f"version: 1\ncolumns:\n  patient_id: {{from: id}}\n  {entry.splitlines()[0]}\n{lines}"
    assert what in "\n".join(map(str, problems_of(text)))


def test_nothing_uncertain_is_used_without_a_yes(tmp_path) -> None:
    text = """version: 1
columns:
  patient_id: {from: id}
  sex:
    from: s
    ask: Is 1 male
  os_event: {from: e, ask: "Is 1 death?"}
"""
    file = tmp_path / "map.yml"
    file.write_text(text, encoding="utf-8")
    draft = mapping.load(file)
    with pytest.raises(InputError) as error:
        mapping.load(file, for_use=True)
    assert [(p.row, p.column) for p in error.value.problems] == [
        (4, "columns.sex"),
        (7, "columns.os_event"),
    ]
    assert str(error.value).startswith("map.yml: 2 problems\n  line 4, key “columns.sex”: ")
    assert "Is 1 male. To say yes, delete the line" in str(error.value)
    source = table(id=["a"], s=["1"], e=["1"])
    with pytest.raises(InputError, match="not yet confirmed"):
        mapping.apply(source, draft)
    sure = mapping.loads("\n".join(x for x in text.split("\n") if "ask" not in x))
    assert only(mapping.apply(source, sure).problems).column == "s"  # 1 is no level of ours


# --- the table -----------------------------------------------------------------------------------


def test_a_mapping_that_says_nothing_new_changes_nothing() -> None:
    source = table(
        patient_id=["a", "b"], age_years=["7", ""], sex=["male", "NA"], treg_pct=["5.20", "12"],
        os_days=["412", "0"], os_event=["1", "0"],
    )  # fmt: skip
    entries = "".join(f"  {name}: {{from: {name}}}\n" for name in source.cells)
    same = mapping.loads(f"version: 1\ncolumns:\n{entries}")
    done = mapping.apply(source, same)
    assert done.cells == source.cells | {"sex": ["male", ""]}
    assert (done.notes, done.problems) == (("Column sex: “NA” was read as missing.",), ())
    assert mapping.apply(done, same).cells == done.cells


def test_renamed_columns_say_where_they_are_from() -> None:
    source = table(TAGE=["12"], dead=["1"], site=["Bern"], rest=["x"], phone=["1"])
    text = "  os_days: {from: TAGE}\n  os_event: {from: dead}\nextra: [site]\ndrop: [phone, fax]"
    done = mapped(source, text)
    assert [c.name for c in done.columns] == ["patient_id", "os_days", "os_event", "site"]
    assert done.columns[1].origin == ("TAGE",)
    assert done.rows == source.rows
    assert "Columns dropped: “phone”." in done.notes
    assert "Columns not used: “rest”." in done.notes
    assert "Columns to drop that the file does not have: “fax”." in done.notes
    with pytest.raises(InputError, match="os_days \\(from TAGE\\)"):
        intake.check(mapped(table(TAGE=[""], dead=["1"]), text.split("\nextra")[0]))


def test_a_column_that_is_not_there_is_told_with_the_right_one() -> None:
    done = mapped(table(OS_MONTHS=["1"]), "  os_days: {from: OS_MONTH}\nextra: [centre]")
    first, second = done.problems
    assert first.column == "OS_MONTH"
    assert "os_days needs it (map.yml, line 4)" in first.what
    assert first.remedy == "Did you mean “OS_MONTHS”?"
    assert (second.column, "extra" in second.what) == ("centre", True)
    assert "os_days" not in done.cells


def test_names_of_the_unused_are_cut_short() -> None:
    done = mapped(table(**{f"c{i}": ["1"] for i in range(500)}), "")
    note = next(n for n in done.notes if n.startswith("Columns not used"))
    assert note.endswith("and 480 more.")


# --- events --------------------------------------------------------------------------------------


def test_bad_inputs_1_events_coded_1_and_2() -> None:
    done = mapped(table(st=["1", "2", "NA"]), '  os_event: {from: st, levels: {"1": 0, "2": 1}}')
    assert done.cells["os_event"] == ["0", "1", ""]


def test_bad_inputs_2_events_in_words() -> None:
    text = '  os_event: {from: st, levels: {"0:LIVING": 0, "1:DECEASED": 1}}'
    done = mapped(table(st=["1:Deceased", "0:living ", ""]), text)
    assert done.cells["os_event"] == ["1", "0", ""]
    assert not done.problems


def test_bad_inputs_3_a_third_event_code_must_be_named() -> None:
    source = table(st=["0", "1", "2"])
    problem = only(mapped(source, "  os_event: {from: st, levels: {0: 0, 1: 1}}").problems)
    assert (problem.row, problem.column, problem.value) == (4, "st", "2")
    assert "“0”, “1”" in problem.what
    done = mapped(source, "  os_event: {from: st, levels: {0: 0, 1: 1, 2: null}}")
    assert done.cells["os_event"] == ["0", "1", ""]
    assert "os_event: “2” was set to missing in fewer than 5 cells." in done.notes


def test_bad_inputs_4_cnsr_is_turned_and_never_taken_for_the_event() -> None:
    source = table(**{"CNSR:OS": ["0", "1", "2", "", "x"]})
    done = mapped(source, "  os_event: {from: 'CNSR:OS', coding: cnsr}")
    assert done.cells["os_event"] == ["1", "0", "0", "", ""]
    assert (only(done.problems).row, only(done.problems).value) == (6, "x")
    assert any("0 is the event" in n for n in done.notes)
    plain = table(**{"CNSR:OS": ["0", "1"]})
    problem = only(mapped(plain, "  os_event: {from: 'CNSR:OS'}").problems)
    assert "coding: cnsr" in problem.remedy
    assert not mapped(plain, "  os_event: {from: 'CNSR:OS', coding: event}").problems


# --- numbers -------------------------------------------------------------------------------------


def test_bad_inputs_8_months_become_days() -> None:
    source = table(t=["12", "12.5", "0", ""])
    done = mapped(source, "  os_days: {from: t, unit: months}")
    assert done.cells["os_days"] == ["365.25", "380.46875", "0", ""]
    assert any("month: 30.4375 days" in n for n in done.notes)
    assert mapped(source, "  os_days: {from: t, unit: years}").cells["os_days"][0] == "4383"
    assert mapped(source, "  os_days: {from: t, unit: weeks}").cells["os_days"][1] == "87.5"
    assert mapped(source, "  age_years: {from: t, unit: months}").cells["age_years"][0] == "1"


def test_a_month_is_a_twelfth_of_a_year_of_365_and_a_quarter_days() -> None:
    assert Fraction(grammar.DAYS["months"]) == Fraction(36525, 1200)
    assert Fraction(grammar.DAYS["years"]) == Fraction(1461, 4)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("12 mo", "one with a unit"),
        ("12 (est.)", "something else"),
        ("<5", "a limit"),
        ("1,234", "the comma can be read in two ways"),
        ("1.234,5", "the comma can be read in two ways"),
        ("1,234.5", "the comma can be read in two ways"),
        ("1 234", "thousands"),
        ("inf", "not a finite"),
        ("-Infinity", "not a finite"),
        ("1e3", "scientific"),
        ("2021-02-28", "a date"),
        ("28.02.2021", "a date"),
        ("many", "not a number"),
        ("١٢", "not a number"),
        ("9" * 50, "not a number"),
    ],
)
def test_bad_inputs_9_times_that_are_no_numbers(text: str, what: str) -> None:
    done = mapped(table(t=["10", text]), "  os_days: {from: t}")
    problem = only(done.problems)
    assert (problem.row, problem.column, problem.value) == (3, "t", text)
    assert what in problem.what
    assert done.cells["os_days"] == ["10", ""]


def test_bad_inputs_9_decimal_commas_where_the_column_or_the_mapping_says_so() -> None:
    done = mapped(table(t=["12,5", "7"]), "  os_days: {from: t}")  # as without a mapping
    assert (done.cells["os_days"], done.problems) == (["12.5", "7"], ())
    assert "Column os_days: the comma was read as a decimal point." in done.notes
    assert mapped(table(t=["12,5", "1.5"]), "  os_days: {from: t}").problems
    done = mapped(table(t=["12,5", "7", "1.5", "1.234,5"]), '  os_days: {from: t, decimal: ","}')
    assert done.cells["os_days"] == ["12.5", "7", "", ""]
    assert [p.row for p in done.problems] == [4, 5]


@given(st.decimals(min_value=0, max_value=99, places=3), st.sampled_from(sorted(grammar.DAYS)))
def test_units_are_exact(value: Decimal, unit: str) -> None:
    done = mapped(table(t=[f"{value:f}"]), f'  hsct_day: {{from: t, unit: {unit}, decimal: "."}}')
    exact = Fraction(value) * Fraction(grammar.DAYS[unit])
    assert abs(Fraction(done.cells["hsct_day"][0]) - exact) <= Fraction(1, 10**6)


def test_bad_inputs_20_codes_for_missing_and_high_ages() -> None:
    text = "  age_years: {from: a, missing: [999, -1], cap: 89}"
    done = mapped(table(a=["999", "-1", "91", "90", "89", "3"]), text)
    assert done.cells["age_years"] == ["", "", "89", "89", "89", "3"]
    assert "age_years: ages above 89 were set to 89." in done.notes
    assert "age_years: “999” was set to missing in fewer than 5 cells." in done.notes


def test_bad_inputs_21_percentages_as_fractions() -> None:
    source = table(t=["0.07", "0.2", "1"])
    problem = only(mapped(source, "  treg_pct: {from: t}").problems)
    assert (problem.column, "unit: fraction" in problem.remedy) == ("t", True)
    done = mapped(source, "  treg_pct: {from: t, unit: fraction}")
    assert done.cells["treg_pct"] == ["7", "20", "100"]
    assert mapped(source, "  treg_pct: {from: t, unit: percent}").cells["treg_pct"][0] == "0.07"
    assert not mapped(table(t=["0", "0"]), "  treg_pct: {from: t}").problems


def test_bad_inputs_22_grades_in_other_words() -> None:
    text = '  crs_grade: {from: g, levels: {IV: 4, "3/4": null, none: 0, "2": 2}}'
    done = mapped(table(g=["iv", "3/4", "None", "2", "≥3", ""]), text)
    assert done.cells["crs_grade"] == ["4", "", "0", "2", "", ""]
    assert (only(done.problems).row, only(done.problems).value) == (6, "≥3")


# --- levels --------------------------------------------------------------------------------------


def test_bad_inputs_17_case_and_blanks_are_not_told_apart() -> None:
    text = "  genetic_risk: {from: r, levels: {high risk: high, SR: standard}}"
    done = mapped(table(r=["High  Risk", "HIGH RISK ", "sr", "ｓｒ"]), text)
    assert done.cells["genetic_risk"] == ["high", "high", "standard", "standard"]


def test_bad_inputs_18_none_and_na_mean_what_the_mapping_says() -> None:
    text = '  emd: {from: e, levels: {none: none, "NA": none, "": null, testis: other}}'
    done = mapped(table(e=["none", "NA", "", "Testis"]), text)
    assert done.cells["emd"] == ["none", "none", "", "other"]


def test_bad_inputs_19_an_unknown_level_is_told_with_the_known() -> None:
    done = mapped(table(s=["F", "x"]), "  sex: {from: s, levels: {F: female, M: male}}")
    problem = only(done.problems)
    assert (problem.row, problem.column, problem.value) == (3, "s", "x")
    assert "“F”, “M”" in problem.what
    assert "one of female, male" in problem.remedy


def test_groups_are_shown_by_the_words_of_the_dictionary() -> None:
    column = Column("centre", choices={"1": "Bern", "2": "Basel"})
    source = Source("s.csv", "CSV", (column,), {"centre": ["1", "2", "3"]}, (2, 3, 4))
    done = mapped(source, "  arm: {from: centre}\nextra: [centre]")
    assert done.cells["centre"] == done.cells["arm"] == ["Bern", "Basel", "3"]


def test_the_same_word_for_everybody() -> None:
    assert mapped(table(x=["1", "2"]), "  arm: {constant: CAR-19}").cells["arm"] == ["CAR-19"] * 2


# --- patients ------------------------------------------------------------------------------------


def test_renumbering_keeps_nothing_and_hides_no_duplicate() -> None:
    source = table(mrn=["007-A", "12", "7-a", "", "12 "])
    text = "version: 1\ncolumns:\n  patient_id: {from: mrn, renumber: yes}"
    done = mapping.apply(source, mapping.loads(text))
    assert done.cells["patient_id"] == ["P0001", "P0002", "", "", ""]
    assert [(p.row, p.column) for p in done.problems] == [(4, "mrn"), (6, "mrn")]
    assert "007" not in str((done.cells, done.columns, done.notes, done.problems))
    with pytest.raises(InputError, match="already in row 2"):
        intake.check(done)


def test_zeros_inside_a_number_count() -> None:
    assert same_id("A 007") == same_id("a7")
    assert same_id("1007") != same_id("17")
    assert same_id("0") == same_id("000")


# --- dates ---------------------------------------------------------------------------------------

DAYS = "  os_days: {dates: [died], otherwise: [seen], since: inf}\n  os_event: {filled: [died]}"


def test_days_and_events_from_dates() -> None:
    source = table(
        inf=["2021-01-01"] * 4,
        died=["2021-03-01", "", "NA", "2021-01-01"],
        seen=["", "2021-12-31", "", ""],
    )
    done = mapped(source, DAYS)
    # days of January and February 2021; of a common year less one
    assert done.cells["os_days"] == ["59", "364", "", "0"]
    assert done.cells["os_event"] == ["1", "0", "0", "1"]
    assert not done.problems


def test_relapse_free_survival_of_responders_only() -> None:
    source = table(
        rem=["2020-02-01", "2020-02-01", "", "2020-02-01"],
        rel=["2020-03-01", "", "", "2020-05-01"],
        died=["2020-04-01", "2020-03-31", "2020-02-10", ""],
        seen=["2020-03-15", "2020-03-10", "", "2020-06-01"],
    )
    done = mapped(
        source,
        """  rfs_days: {dates: [rel, died], otherwise: [seen], since: rem}
  rfs_event: {filled: [rel, died], since: rem}
  rfs_cause: {dates: [rel, died], since: rem, levels: {rel: relapse, died: death}}""",
    )
    # 2020 is a leap year: February has 29 days
    assert done.cells["rfs_days"] == ["29", "59", "", "90"]
    assert done.cells["rfs_event"] == ["1", "1", "", "1"]
    assert done.cells["rfs_cause"] == ["relapse", "death", "", "relapse"]
    assert not done.problems


def test_age_is_completed_years() -> None:
    source = table(
        born=["2010-06-15", "2010-06-15", "2012-02-29", "1920-01-01"],
        inf=["2020-06-14", "2020-06-15", "2021-02-28", "2020-01-02"],
    )
    done = mapped(source, "  age_years: {dates: [inf], since: born, cap: 89}")
    assert done.cells["age_years"] == ["9", "10", "8", "89"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2021-02-28"], ["2021-02-28"]),
        (["2021/2/8", "2021-02-28T13:45"], ["2021-02-08", "2021-02-28"]),
        (["20210228"], ["2021-02-28"]),
        (["28-FEB-2021", "1 March 2021"], ["2021-02-28", "2021-03-01"]),
        (["2021年2月28日"], ["2021-02-28"]),
        (["28/02/2021", "01/02/2021"], ["2021-02-28", "2021-02-01"]),
        (["02/28/2021", "01/02/2021"], ["2021-02-28", "2021-01-02"]),
        (["28.2.2021"], ["2021-02-28"]),
    ],
)
def test_bad_inputs_10_dates_that_can_be_read_in_one_way(cells, expected) -> None:
    found = dates.read(cells, "", TODAY)
    assert [str(v) for v in found.values] == expected
    assert not found.faults


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        (["01/02/2021", "03/04/2021"], "cannot be told apart"),
        (["28/02/2021", "02/28/2021"], "others the month"),
        (["2021-02-28", "01/02/2021"], "different ways"),
        (["2021-02-30"], "no such day"),
        (["31/11/2021"], "no such day"),
        (["01/02/21"], "two digits"),
        (["5-Feb-21"], "two digits"),
        (["44255"], "serial number"),
        (["2021-05"], "not a full date"),
        (["05/2021"], "not a full date"),
        (["2021"], "not a full date"),
        (["2021-UN-UN"], "not a full date"),
        (["2026-02-01"], "future"),
        (["9999-12-31"], "future"),
        (["1899-12-31"], "before 1900"),
        (["soon"], "not a date"),
        (["0000-00-00"], "no such day"),
    ],
)
def test_bad_inputs_10_dates_that_cannot(cells, what) -> None:
    found = dates.read(cells, "", TODAY)
    faults = [found.whole] if found.whole else [fault for _, fault in found.faults]
    assert what in only(faults).what
    source = table(inf=["2021-01-01"] * len(cells), died=cells, seen=[""] * len(cells))
    problem = mapped(source, DAYS).problems[0]
    assert (problem.column, what in problem.what) == ("died", True)
    if found.whole:  # of the whole column, so it has no row
        assert any(f"such as “{cell}”" in problem.what for cell in cells)
    else:
        assert problem.row is not None
        assert problem.value in cells


def test_bad_inputs_10_the_order_can_be_given() -> None:
    cells = ["01/02/2021", "03/04/2021"]
    day_first = dates.read(cells, "DMY", TODAY)
    assert [str(v) for v in day_first.values] == ["2021-02-01", "2021-04-03"]
    month_first = dates.read(cells, "MDY", TODAY)
    assert [str(v) for v in month_first.values] == ["2021-01-02", "2021-03-04"]
    assert "not in the order" in dates.read(cells, "YMD", TODAY).whole.what
    assert "no such day" in dates.read(["13/13/2021"], "DMY", TODAY).faults[0][1].what


def test_bad_inputs_10_serial_numbers_of_excel() -> None:
    # Excel shows 44255 as 28 February 2021 and 61 as 1 March 1900
    found = dates.read(["44255", "44255.75", "00061", "00060"], "excel", TODAY)
    assert [str(v) for v in found.values] == ["2021-02-28", "2021-02-28", "1900-03-01", "None"]


def test_bad_inputs_11_an_event_before_infusion_and_a_visit_after_death() -> None:
    source = table(
        inf=["2021-02-01"] * 2, died=["2021-01-31", "2021-03-01"], seen=["", "2021-04-01"]
    )
    early, late = mapped(source, DAYS).problems
    assert (early.row, early.column, early.value) == (2, "died", "2021-01-31")
    assert "before “inf” (2021-02-01)" in early.what
    assert (late.row, late.column, late.value) == (3, "seen", "2021-04-01")
    assert "after “died”" in late.what


def test_a_fault_in_a_column_used_twice_is_told_once() -> None:
    source = table(inf=["2021-02-01"], died=["soon"], seen=[""])
    assert len(mapped(source, DAYS).problems) == 1


def test_the_order_that_a_column_shows_is_noted() -> None:
    source = table(inf=["13/01/2021"], died=["14/01/2021"], seen=[""])
    done = mapped(source, DAYS)
    assert done.cells["os_days"] == ["1"]
    assert "Dates of “died” were read with the day before month." in done.notes


# --- what contradicts itself ---------------------------------------------------------------------


def described(name: str, cells: list[str], label: str = "", **choices: str) -> Source:
    """Make a table of one column with value labels; codes begin with an underscore."""
    column = Column(name, label, {k[1:]: v for k, v in choices.items()})
    return Source("s.sav", "SPSS", (column,), {name: cells}, tuple(range(2, len(cells) + 2)))


@pytest.mark.parametrize(
    ("target", "label", "choices"),
    [
        ("os_event", "", {"_0": "Dead", "_1": "Alive"}),
        ("os_event", "", {"_0": "verstorben", "_1": "lebt"}),
        ("os_event", "", {"_0": "Dead of disease", "_1": "Alive at last follow-up"}),
        ("os_event", "Status (0 = dead, 1 = alive)", {}),
        ("os_event", "dead = 0, alive = 1", {}),
        ("prior_hsct", "", {"_0": "Yes", "_1": "No"}),
        ("prior_hsct", "", {"_0": "unbekannt", "_1": "ja"}),
        ("crs_grade", "", {"_0": "Grade 1", "_1": "Grade 2"}),
    ],
)
def test_value_labels_that_contradict_the_reading_are_a_problem(target, label, choices) -> None:
    source = described("x", ["0", "1"], label, **choices)
    problem = only(mapped(source, f"  {target}: {{from: x}}").problems)
    assert (problem.row, problem.column, "levels:" in problem.remedy) == (None, "x", True)
    told = mapped(source, f'  {target}: {{from: x, levels: {{"0": null, "1": null}}}}')
    assert not told.problems  # the mapping has the last word


@pytest.mark.parametrize(
    ("target", "choices"),
    [
        ("os_event", {"_0": "alive", "_1": "dead (any cause)"}),
        ("os_event", {"_0": "censored", "_1": "event"}),
        ("os_event", {"_0": "group a", "_1": "group b"}),
        ("os_event", {"_0": "not dead", "_1": "dead"}),
        ("rfs_event", {"_0": "no relapse", "_1": "relapse or death"}),
        ("prior_hsct", {"_0": "Nein", "_1": "Ja"}),
        ("crs_grade", {"_0": "None", "_1": "Grade 1"}),
    ],
)
def test_value_labels_that_agree_or_say_nothing_known_are_fine(target, choices) -> None:
    source = described("x", ["0", "1"], **choices)
    assert not mapped(source, f"  {target}: {{from: x}}").problems


@pytest.mark.parametrize(
    ("name", "label"),
    [("OS_CENS", ""), ("os_censored", ""), ("alive", ""), ("zensiert", ""), ("cens_os", ""),
     ("censoring_os", ""), ("lebt", ""), ("存活", ""), ("v7", "Patient is living"),
     ("death", "alive at last contact")],
)  # fmt: skip
def test_bad_inputs_4_flags_of_the_opposite_need_a_word(name: str, label: str) -> None:
    source = described(name, ["0", "1"], label)
    assert (
        "not who had the event"
        in only(mapped(source, f"  os_event: {{from: {name}}}").problems).what
    )
    turned = mapped(source, f"  os_event: {{from: {name}, coding: cnsr}}")
    assert (turned.cells["os_event"], turned.problems) == (["1", "0"], ())
    for answer in ("coding: event", 'levels: {"0": 0, "1": 1}'):
        kept = mapped(source, f"  os_event: {{from: {name}, {answer}}}")
        assert (kept.cells["os_event"], kept.problems) == (["0", "1"], ())
        assert intake.check(replace(kept, cells=kept.cells | {"os_days": ["1", "2"]},
                                    columns=(*kept.columns, Column("os_days"))))  # fmt: skip


@pytest.mark.parametrize("label", ["Dead or alive", "Death (0 = censored, 1 = dead)", "Survival"])
def test_a_status_is_no_flag_of_the_opposite(label: str) -> None:
    assert not mapped(described("v", ["0", "1"], label), "  os_event: {from: v}").problems


def test_thousands_points_and_codes_for_missing_in_times() -> None:
    source = table(t=["1.095", "365", "1.461"])
    found = mapped(source, "  os_days: {from: t}")
    assert [(p.row, p.value) for p in found.problems] == [(2, "1.095"), (4, "1.461")]
    assert found.cells["os_days"] == ["", "365", ""]
    assert not mapped(source, '  os_days: {from: t, decimal: "."}').problems
    for fine in (["1.095", "365.5"], ["0.125", "3"], ["912.500", "1.250"]):
        assert not mapped(table(t=fine), "  os_days: {from: t}").problems
    for text in ("999", "9999", "99999"):
        other = table(t=[text, "12"])
        assert only(mapped(other, "  os_days: {from: t, unit: months}").problems).value == text
        named = mapped(other, f"  os_days: {{from: t, missing: [{text}]}}")
        assert (named.cells["os_days"], named.problems) == (["", "12"], ())
    assert not mapped(table(t=["999", "1200"]), "  os_days: {from: t}").problems


def test_a_cap_hides_no_impossible_age_and_faults_show_the_users_cell() -> None:
    problem = only(mapped(table(a=["999", "95"]), "  age_years: {from: a, cap: 89}").problems)
    assert (problem.row, problem.column, problem.value) == (2, "a", "999")
    problem = only(mapped(table(t=["0.05", "7"]), "  treg_pct: {from: t, unit: fraction}").problems)
    assert (problem.row, problem.value, "700 %" in problem.what) == (3, "7", True)
    problem = only(mapped(table(s=["male", "x"]), "  sex: {from: s}").problems)
    assert (problem.value, "levels:" in problem.remedy) == ("x", True)


def test_one_column_shows_day_and_month_for_the_file() -> None:
    source = table(inf=["03/04/2021"], died=[""], seen=["13/05/2021"])
    done = mapped(source, DAYS)
    assert done.cells["os_days"] == ["40"]  # 3 April to 13 May 2021
    assert "Dates of “inf” were read with the day before month, as “seen” shows." in done.notes
    source = table(inf=["03/14/2021"], died=[""], seen=["13/05/2021"])
    found = mapped(source, DAYS)
    assert {p.column for p in found.problems} == {"inf", "seen"}
    split = """  os_days: {dates: [seen], since: seen, order: DMY}
  hsct_day: {dates: [inf], since: inf, order: MDY}"""
    assert not mapped(source, split).problems


COURSE = (
    DAYS
    + """
  rfs_days: {dates: [rel, died], otherwise: [seen], since: rem}
  hsct_day: {dates: [sct], since: inf}"""
)


@pytest.mark.parametrize(
    ("changed", "column", "what"),
    [
        ({"rem": "2020-12-05"}, "rem", "before “inf”"),
        ({"rel": "2021-08-01"}, "rel", "after “died”"),
        ({"rel": "2021-01-20"}, "rel", "before “rem”"),
        ({"seen": "2021-07-01"}, "seen", "after “died”"),
        ({"sct": "2021-07-01"}, "sct", "after “died”"),
        ({"rem": "2021-06-06", "rel": ""}, "died", "before “rem”"),
    ],
)
def test_bad_inputs_13_dates_of_one_patient_are_in_order(changed, column, what) -> None:
    right = {"inf": "2021-01-05", "rem": "2021-02-05", "rel": "2021-04-01", "sct": "2021-03-01",
             "died": "2021-06-05", "seen": "2021-06-05"}  # fmt: skip
    assert not mapped(table(**{k: [v] for k, v in right.items()}), COURSE).problems
    source = table(**{k: [v] for k, v in (right | changed).items()})
    problem = only(mapped(source, COURSE).problems)
    assert (problem.row, problem.column, what in problem.what) == (2, column, True)


def test_an_undecided_order_brings_no_further_problems() -> None:
    source = table(inf=["2021-01-01"] * 3, died=["03/04/2021", "05/06/2021", ""],
                   seen=["", "", "2021-07-01"])  # fmt: skip
    with pytest.raises(InputError) as error:
        intake.check(mapped(source, DAYS))
    assert "cannot be told apart" in only(error.value.problems).what


def test_keep_says_that_a_column_identifies_nobody() -> None:
    text = "version: 1\ncolumns:\n  patient_id: {from: id}\nkeep: [a]\n"
    done = mapping.apply(table(id=["x"], a=["1"]), mapping.loads(text))
    assert "Columns that you looked at and that identify nobody: “a”." in done.notes
    assert "but keep uses it" in only(problems_of(text + "drop: [a]")).what


# --- whatever is in them -------------------------------------------------------------------------

CELLS = st.one_of(
    st.sampled_from(["", "0", "1", "2", "NA", "male", "2021-02-30", "13/12/2020", "44255", "1,5"]),
    st.text(max_size=12),
)
NAMES = st.sampled_from(["a", "b", "CNSR", "id"])


CONDITIONS = st.dictionaries(
    NAMES,
    st.one_of(
        CELLS,
        st.lists(CELLS, max_size=2),
        st.fixed_dictionaries(
            {},
            optional={
                "not": CELLS,
                "filled": st.sampled_from(["yes", "no"]),
                "above": st.sampled_from(["0", "1e-2", "2020-01-01"]),
                "to": st.sampled_from(["5", "x"]),
            },
        ),
    ),
    max_size=2,
)


def _entries(target: str) -> st.SearchStrategy[object]:
    some = st.lists(NAMES, max_size=2)
    parts = st.fixed_dictionaries(
        {},
        optional={
            "from": NAMES, "dates": some, "otherwise": some, "since": NAMES, "filled": some,
            "constant": st.text(max_size=5),
            "levels": st.dictionaries(CELLS, st.sampled_from(["0", "1", "male", "CR", None, 3])),
            "missing": st.lists(CELLS, max_size=2),
            "unit": st.sampled_from(["days", "months", "fraction", "?"]),
            "coding": st.sampled_from(["cnsr", "event", ""]),
            "decimal": st.sampled_from([",", "."]),
            "order": st.sampled_from(["DMY", "excel", "YMD"]), "cap": st.sampled_from([89, "x"]),
            "renumber": st.booleans(), "highest": some, "days": some, "for": st.just("responders"),
            "rules": st.dictionaries(st.sampled_from(["0", "1", "male", "CR"]), CONDITIONS),
            "limits": st.sampled_from(["value", "half"]),
            "values": st.dictionaries(CELLS, st.sampled_from(["5", "101", "x"])),
        },
    )  # fmt: skip
    form = st.sampled_from(
        [{"from": "a"}, {"from": "b", "unit": "months"}, {"dates": ["a"], "since": "b"},
         {"filled": ["b"]}, {"from": "CNSR", "coding": "cnsr"}, {"days": ["a"], "since": "b"},
         {"days": ["a"], "otherwise": ["b"]}, {"highest": ["a", "b"]},
         {"from": "a", "limits": "half"}]
    )  # fmt: skip
    ruled = st.fixed_dictionaries(
        {"rules": st.dictionaries(st.sampled_from(FIELDS[target].values or ["x"]), CONDITIONS)}
    )
    return st.one_of(form, ruled, parts)


MAPPINGS = st.fixed_dictionaries(
    {"patient_id": st.sampled_from([{"from": "id"}, {"from": "id", "renumber": "yes"}])},
    optional={name: _entries(name) for name in FIELDS if name != "patient_id"},
)


@settings(max_examples=150, deadline=None)
@given(MAPPINGS, CONDITIONS, st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4))
def test_any_mapping_over_any_table_is_a_table_or_problems(columns, counts, cells) -> None:
    said = {"version": 1, "columns": columns} | ({"only": counts} if counts else {})
    text = yaml.safe_dump(said, allow_unicode=True)
    try:
        read = mapping.loads(text)
    except InputError as error:
        assert error.problems
        return
    first, second, third = (list(c) for c in zip(*cells, strict=True))
    ids = [str(i) for i in range(len(first))]
    rows = mapping.select(table(id=ids, a=first, b=second, CNSR=third), read)
    done = mapping.apply(rows, read, today=TODAY)
    assert {c.name for c in done.columns} == set(done.cells)
    assert all(len(c) == len(rows.rows) for c in done.cells.values())
    assert "\n".join(map(str, (*done.problems, *done.notes))).encode()


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.text("&*!{}[]:,-? \n\t\"'|>%@abc1#~"), st.binary().map(repr)))
def test_any_text_is_a_mapping_or_problems(text: str) -> None:
    try:
        mapping.loads(text)
    except InputError as error:
        assert error.problems
        assert str(error).encode()


# --- the rest ------------------------------------------------------------------------------------


def test_what_an_entry_says_is_what_the_file_said() -> None:
    read = plan("  os_days: {ask: 'sure?', unit: months, from: t}")
    assert said(read.entries[1]) == {"from": "t", "unit": "months", "ask": "sure?"}
    assert list(said(read.entries[1])) == ["from", "unit", "ask"]


@pytest.mark.parametrize(
    "entry",
    [
        "emd: {rules: {cns: {a: 'Y'}, none: [{a: N, b: N}, {a: {filled: 'no'}}]}, otherwise: null}",
        "os_event: {rules: {'1': {a: [dead, died]}}, otherwise: '0'}",
        "crs_grade: {highest: [a, b], missing: ['-9']}",
        "rfs_days: {days: [a], since: b, otherwise: [c], unit: months}",
        "bm_blasts_pct: {from: a, limits: half, values: {80-90: '85'}}",
    ],
)
def test_an_entry_is_written_as_it_is_read(entry: str) -> None:
    read = plan(f"  {entry}").entries[1]
    again = plan(f"  {read.target}: {written(said(read))}").entries[1]
    assert again == read
    told = yaml.load(written(said(read)), yaml.BaseLoader)
    assert told == yaml.load(entry, yaml.BaseLoader)[read.target]


def test_for_responders_is_written_as_it_is_read() -> None:
    read = plan("  response: {from: r}\n  mrd: {from: a, for: responders}").entries[2]
    assert said(read) == {"from": "a", "for": "responders"}


def test_the_template_is_a_cohort_without_patients() -> None:
    assert template.cohort_csv() == ",".join(FIELDS) + "\n"
    with pytest.raises(InputError, match="no patient"):
        intake.parse(template.cohort_csv().encode(), "template.csv")
    rows = list(csv.DictReader(io.StringIO(template.dictionary_csv())))
    assert [r["column"] for r in rows] == list(FIELDS)
    assert all(r["meaning"] and r["allowed"] and r["note"] for r in rows)
    assert [r["column"] for r in rows if r["required"] == "yes"] == ["patient_id"]


# --- what the file says of itself ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "cells", "place"),
    [
        (Column("OS_MONTHS"), {}, "name"),
        (Column("os", "Survival in months"), {}, "label"),
        (Column("AVAL:OS"), {"AVALU:OS": ["MONTHS", ""]}, "column of units"),
    ],
)
def test_a_unit_that_the_file_states_must_be_written_down(column, cells, place):
    cells = {column.name: ["12", "7"]} | cells
    columns = tuple(column if name == column.name else Column(name) for name in cells)
    source = Source("site.csv", "CSV", columns, cells, (2, 3))
    entry = f'  os_days: {{from: "{column.name}"'
    problem = only(mapped(source, entry + "}").problems)
    assert problem.what.startswith(f"its {place} says months") and "unit: months" in problem.remedy
    for unit, days in (("months", "365.25"), ("days", "12")):
        made = mapped(source, f"{entry}, unit: {unit}}}")
        assert made.problems == () and made.cells["os_days"][0] == days


def test_remark_rows_do_not_become_numbered_patients():
    source = table(id=["A 1", "Total (n=1)", "Mean"], sex=["f", "", "m"])
    text = (
        "version: 1\ncolumns:\n  patient_id: {from: id, renumber: yes}\n  sex: {from: sex, "
        "levels: {f: female, m: male}}"
    )
    made = mapping.apply(source, mapping.loads(text, "map.yml"), today=TODAY)
    assert [(p.row, p.column) for p in made.problems] == [(3, "id"), (4, "id")]


def test_remark_rows_are_told_once_and_constants_do_not_hide_them():
    source = table(id=["A", "Total (n=1)", "Mean"], sex=["f", "", ""])
    for more in ("", "\n  arm: {constant: CAR-19}"):
        text = (
            "version: 1\ncolumns:\n  patient_id: {from: id}\n  sex: {from: sex, levels: "
            f"{{f: female}}}}{more}"
        )
        with pytest.raises(InputError) as error:
            intake.check(mapping.apply(source, mapping.loads(text, "map.yml"), today=TODAY))
        assert [(p.row, p.column) for p in error.value.problems] == [(3, "id"), (4, "id")]


def test_endless_digits_are_no_time():
    problem = only(mapped(table(t=["9" * 5000, "3"]), "  os_days: {from: t}").problems)
    assert problem.what == "not a number"
