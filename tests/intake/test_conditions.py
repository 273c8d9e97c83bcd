"""Conditions on rows: what a mapping file may ask of a cell, and which rows answer."""

from __future__ import annotations

import pytest

from cartanalysis.intake.mapping import conditions
from cartanalysis.intake.mapping.conditions import Condition
from cartanalysis.intake.mapping.document import Document
from cartanalysis.intake.source import Column, Source


def said(text: str) -> Condition:
    document = Document("map.yml")
    condition = conditions.read(document, document.document(text))
    assert not document.problems
    return condition


def rows(text: str, **cells: list[str]) -> list[bool | None]:
    n = len(next(iter(cells.values())))
    columns = tuple(Column(name) for name in cells)
    source = Source("site.csv", "CSV", columns, dict(cells), tuple(range(2, n + 2)))
    return conditions.hold([said(text)], source).rows[0]


@pytest.mark.parametrize(
    ("test", "cells", "held"),
    [
        ("yes", ["Yes", "YES ", "no", "", "NA"], [True, True, False, False, False]),
        ("[y, ja]", ["Y", "ja", "n"], [True, True, False]),
        ("{not: n}", ["Y", "n", ""], [True, False, False]),
        ("{not: [n, u]}", ["Y", "n", "U"], [True, False, False]),
        ("{filled: yes}", ["x", "", "n/a"], [True, False, False]),
        ("{filled: no}", ["x", "", "n/a"], [False, True, True]),
        ("{above: 5}", ["5", "5.1", "6", ""], [False, True, True, False]),
        ("{from: 5}", ["4.9", "5", "5,5"], [False, True, True]),
        ("{below: 5}", ["4.9", "5"], [True, False]),
        ("{to: 5}", ["5", "5.01"], [True, False]),
        ("{from: 1, below: 3}", ["0", "1", "2.9", "3"], [False, True, True, False]),
        # a limit of detection is all numbers beyond it
        ("{below: 0.01}", ["<0.01", "<0.01%", "< 0.001", "≤0.01"], [True, True, True, None]),
        ("{from: 0.01}", ["<0.01", "≤0.01", ">0.01", "≥ 0.01"], [False, None, True, True]),
        ("{below: 0.01}", ["<0.05", ">0.01", "<1e-4", "1E-4"], [None, False, True, True]),
        ("{to: 90}", [">90", ">=90", "<=90", "<90"], [False, None, True, True]),
        ("{below: 5}", ["many", "1,234", "0,5"], [None, None, True]),
        ("{from: 2020-01-01}", ["2019-12-31", "2020-01-01"], [False, True]),
        ("{to: 2020-01-01}", ["28-FEB-2019", "", "03/04/2020"], [True, False, None]),
    ],
)
def test_a_test_of_one_column(test: str, cells: list[str], held: list[bool | None]) -> None:
    assert rows(f"a: {test}", a=cells) == held


def test_all_tests_of_a_mapping_and_any_mapping_of_a_list() -> None:
    a, b = ["1", "1", "0", "0"], ["x", "y", "x", "y"]
    assert rows("{a: 1, b: x}", a=a, b=b) == [True, False, False, False]
    assert rows("[{a: 1}, {b: x}]", a=a, b=b) == [True, True, True, False]
    # what one cell leaves open another may decide
    assert rows("[{a: {below: 5}}, {b: x}]", a=["?", "?"], b=["x", "y"]) == [True, None]
    assert rows("{a: {below: 5}, b: x}", a=["?", "?"], b=["x", "y"]) == [None, False]


def test_a_text_that_a_condition_names_is_no_number_to_another() -> None:
    cells = {"mrd": ["negative", "<0.01", "0.02", "pending"]}
    source = Source("site.csv", "CSV", (Column("mrd"),), cells, (2, 3, 4, 5))
    ways = [said("[{mrd: negative}, {mrd: {below: 0.01}}]"), said("mrd: {from: 0.01}")]
    held = conditions.hold(ways, source)
    assert held.rows == [[True, True, False, None], [False, False, True, None]]
    (problem,) = held.problems
    assert (problem.row, problem.column, problem.value) == (5, "mrd", "pending")
    assert "does not tell whether it is below 0.01" in problem.what
    assert held.unsaid == []


def test_a_text_that_no_cell_says_is_known() -> None:
    source = Source("site.csv", "CSV", (Column("a"),), {"a": ["Y", "N"]}, (2, 3))
    held = conditions.hold([said("a: {not: screen failure}")], source)
    assert [clause.words for clause in held.unsaid] == ["“a” not screen failure"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("infused", "not a condition"),
        ("[]", "not a condition"),
        ("{}", "not a condition"),
        ("[{a: 1}, b]", "not a condition"),
        ("{a: null}", "an empty test"),
        ("{a: {}}", "an empty test"),
        ("{a: []}", "an empty list"),
        ("{a: {not: []}}", "an empty list"),
        ("{a: {under: 5}}", "the key is not known here"),
        ("{a: {below: five}}", "not a number and not a date"),
        ("{a: {below: 2021-02-30}}", "not a number and not a date"),
        ("{a: {filled: perhaps}}", "not a value of this key"),
        ("{a: [x, x]}", "named twice"),
    ],
)
def test_what_is_no_condition_is_told(text: str, what: str) -> None:
    document = Document("map.yml")
    conditions.read(document, document.document(text))
    assert what in "\n".join(map(str, document.problems))


def test_what_a_condition_says_is_what_the_file_said() -> None:
    text = "[{a: {not: [x, y], filled: yes}, b: z}, {b: {from: '1'}}]"
    assert said(text).said == (
        {"a": {"not": ("x", "y"), "filled": "yes"}, "b": "z"},
        {"b": {"from": "1"}},
    )
    assert said(text).columns == ("a", "b")
    assert said(text).words == "“a” not x or y and “a” filled and “b” = z, or “b” from 1"
