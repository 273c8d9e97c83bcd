"""Parameters are checked before any kernel starts."""

from __future__ import annotations

import nbformat
import pytest

from cartanalysis import parameters
from cartanalysis.errors import InputError


def chapter(source: str, tags=("parameters",)):
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})
    return nbformat.v4.new_notebook(cells=[cell])


SOURCE = """cohort: str = "an2020"
confidence: float = 0.95
landmark_day: int = 28
treg_cutoff: float | None = None
endpoint: Literal["os", "rfs"] = "os"
severe_from: Literal[1, 2] = 1
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
