"""Parameters are checked before any kernel starts."""

from __future__ import annotations

import io
import logging

import nbformat
import papermill
import pytest
from conftest import ROOT
from tinybook import edit, run

from cartanalysis import intake
from cartanalysis.chapter import parameters
from cartanalysis.cli import main
from cartanalysis.errors import InputError
from cartanalysis.publish.book import Book


def chapter(source: str, tags=("parameters",)):
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})
    return nbformat.v4.new_notebook(cells=[cell])


SOURCE = """cohort: str = "an2020"
confidence: float = 0.95
landmark_day: int = 28
treg_cutoff: float | None = None
endpoint: Literal["os", "rfs"] = "os"
severe_from: Literal[1, 2] = 1
time_unit: str = "days"
kind: Optional[float] = None
"""


@pytest.fixture
def declared():
    return {"one": parameters.declared(chapter(SOURCE), "one")}


def test_declared_parameters(declared):
    found = declared["one"]
    assert found["endpoint"].choices == ("os", "rfs")
    assert found["treg_cutoff"].default is None
    assert found["landmark_day"].default == 28


@pytest.mark.parametrize(
    "pair",
    ["confidence=0.9", "landmark_day=0", "landmark_day=3", "treg_cutoff=None", "endpoint=rfs"],
)
def test_values_that_fit(declared, pair):
    name = pair.split("=")[0]
    values = parameters.assign(declared, parameters.parse_assignments([pair]))
    assert name in values["one"]


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ("landmark_day=3.5", "a whole number"),
        ("landmark_day=True", "a whole number"),
        ("landmark_day=soon", "a whole number"),
        ("endpoint=pfs", "one of os, rfs"),
        ("confidence=95", "from 0.5 to 0.999"),
        ("treg_cutoff=1e999", "from 0 to 100"),
        ("treg_cutoff={[]:1}", "a number"),
        ("severe_from=True", "one of 1, 2"),
        ("severe_from=2.0", "one of 1, 2"),
        ("confidnce=0.9", "Did you mean confidence"),
        ("cohort=other.csv", "no chapter has a parameter"),
        ("__import__('os')=1", "not NAME=VALUE"),
        ("x\nimport os=1", "not NAME=VALUE"),
        ("confidence", "not NAME=VALUE"),
        ("confidence=0,95", "confidence is “0,95”.*with a decimal point: 0.95"),
        ("time_unit=month", "time_unit is “month”.*one of days, months, years"),
        ("kind=(1, 2)", "kind is “\\(1, 2\\)”"),
    ],
)
def test_values_that_do_not(declared, pair, says):
    with pytest.raises(InputError, match=says):
        parameters.assign(declared, parameters.parse_assignments([pair]))


def test_all_wrong_parameters_are_told_together(declared):
    with pytest.raises(InputError) as caught:
        parameters.assign(declared, {"nope": 1, "landmark_day": "x"})
    assert len(caught.value.problems) == 2


def test_code_in_a_value_stays_text():
    assert parameters.parse_assignments(["arm=__import__('os')"]) == {"arm": "__import__('os')"}


@pytest.mark.parametrize(
    ("notebook", "says"),
    [
        (chapter("x = 1"), "Write name: type = value"),
        (chapter("x: list = []"), "not known"),
        (chapter("x: int = 1", tags=()), "0 cells"),
    ],
)
def test_a_chapter_must_declare_properly(notebook, says):
    with pytest.raises(InputError, match=says):
        parameters.declared(notebook, "one")


# --- papermill by itself -------------------------------------------------------------------------


def by_papermill(name: str, **given: object) -> tuple[str, str]:
    """Run the first cells of a chapter as the README's line does; give the failure and warnings."""
    notebook = Book(ROOT).notebook(name)
    code = [i for i, c in enumerate(notebook.cells) if c.cell_type == "code"]
    notebook.cells = notebook.cells[: code[2] + 1]
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logging.getLogger("papermill").addHandler(handler)
    try:
        papermill.execute_notebook(notebook, None, parameters=given, progress_bar=False)
    except papermill.PapermillExecutionError as error:
        return f"{error.ename}: {error.evalue}", said.getvalue()
    finally:
        logging.getLogger("papermill").removeHandler(handler)
    return "", said.getvalue()


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        (
            "survival",
            {"time_unit": "month"},
            "time_unit is “month”. It must be one of days,",
        ),
        ("survival", {"tme_unit": "months"}, "no parameter “tme_unit”. Did you mean time_unit?"),
        ("survival", {"confidence": "0,95"}, "with a decimal point: 0.95"),
        ("regulatory-t-cells", {"treg_cutoff": 101, "endpoint": "pfs"}, "2 problems"),
        ("safety", {"severe_from": 6}, "one of 1, 2, 3, 4, 5"),
        ("comparison", {"confidence": 95}, "from 0.5 to 0.999"),
        ("subgroups", {"strata": "sex,sex"}, "named twice"),
    ],
)
def test_papermill_is_as_strict_as_publish(name, given, says):
    failure, _ = by_papermill(name, **given)
    assert failure.startswith("InputError: ") and says in failure


def test_papermill_knows_every_parameter():
    given = {"treg_cutoff": 8.0, "endpoint": "rfs", "time_unit": "months", "confidence": 0.9}
    assert by_papermill("regulatory-t-cells", **given) == ("", "")
    for name in [*Book(ROOT).chapters, "comparison"]:
        cell = next(c for c in Book(ROOT).notebook(name).cells if "tags" in c.metadata)
        assert cell.metadata["tags"] == ["parameters"]
        seen = {p.name for p in papermill.translators.PythonTranslator.inspect(cell)}
        assert seen == set(parameters.declared(Book(ROOT).notebook(name), name))


# --- said clearly --------------------------------------------------------------------------------


def test_a_stratum_named_twice(tiny, capsys):
    with pytest.raises(InputError, match="column “sex”: the column is named twice"):
        intake.read("an2020", ["sex", "sex"])
    assert main(["validate", "--strata", "sex, sex"]) == 2
    assert "named twice" in capsys.readouterr().err


def test_a_chapter_that_calls_itself_unlike_its_file(tiny, capsys):
    edit(tiny / "notebooks" / "one.py", 'Study("one"', 'Study("two"')
    assert run(tiny) == 2
    told = capsys.readouterr().err
    assert "notebooks/one.py" in told and "calls itself “two”" in told
    assert 'Write Study("one", …)' in told
