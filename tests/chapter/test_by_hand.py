"""Cells in which readers work by hand: run, shown or told, by cohort."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from cartanalysis.chapter import by_hand

COUNT = "# by hand: response\nprint('responses', study.patients['response'].notna().sum())"
ROWS = "# by hand, with rows: response\nstudy.patients[['patient_id']].head()"
WRONG = "# by hand: response\nassert len(study.patients) == 0"
STOPS = "# by hand: response\nraise KeyError('no such group')"
EMD = "# by hand: emd\nprint('extramedullary', len(study.patients))"


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ours.csv"
    path.write_text("patient_id,response\n" + "".join(f"Q{i},CR\n" for i in range(12)))
    return path


def shown(shell: InteractiveShell, cohort: str | Path, cell: str, min_cell: int = 1) -> str:
    start = (
        f"from cartanalysis import Study\nstudy = Study('x', {str(cohort)!r}, min_cell={min_cell})"
    )
    assert shell.run_cell(start).success
    with capture_output() as captured:
        assert shell.run_cell(cell).success
    displayed = " ".join(str(o.data) for o in captured.outputs)
    return f"{captured.stdout} {displayed}"


def test_they_run_on_the_reconstruction(shell):
    assert "responses 47" in shown(shell, "an2020", COUNT)
    assert "R01" in shown(shell, "an2020", ROWS)


def test_a_mistake_on_the_reconstruction_stops_the_chapter(shell):
    assert shell.run_cell("from cartanalysis import Study\nstudy = Study('x', 'an2020')").success
    assert not shell.run_cell(WRONG).success


def test_they_run_on_a_cohort_with_their_columns(shell, file):
    assert "responses 12" in shown(shell, file, COUNT)


def test_columns_that_lack_are_named(shell, file):
    text = shown(shell, file, EMD)
    assert "extramedullary" not in text
    assert "no values in the column <code>emd</code>" in text


def test_rows_of_patients_are_not_printed(shell, file):
    text = shown(shell, file, ROWS)
    assert "Q1" not in text
    assert "rows" in text


def test_a_cell_that_stops_says_so_and_the_chapter_goes_on(shell, file):
    assert "it stops (KeyError)" in shown(shell, file, STOPS)
    assert "does not agree with the book" in shown(shell, file, WRONG)
    with capture_output() as again:
        assert shell.run_cell(f"{WRONG} + 1").success
    assert "for a reason given above" in again.outputs[0].data["text/html"]


def test_no_cell_prints_a_number_that_does_not_exist(shell, file):
    cell = "# by hand: response\nprint(f'p = {float(\"nan\")}')"
    text = shown(shell, file, cell)
    assert "p = nan\n" not in text
    assert "numbers do not exist" in text
    assert "NaN" in shown(shell, file, "# by hand: response\nprint('NaN')")


def test_nothing_runs_on_a_protected_cohort(shell, file):
    text = shown(shell, file, COUNT, min_cell=5)
    assert "responses" not in text
    assert "protected" in text
    with capture_output() as again:
        assert shell.run_cell(EMD).success
    assert not again.outputs, "told once"


def test_the_last_line_is_shown_as_in_a_notebook(shell, file):
    assert "144" in shown(shell, file, "# by hand: response\nlen(study.patients) ** 2")


def test_other_cells_run_whatever_the_cohort(shell, file):
    assert "hello" in shown(shell, file, "print('hello')  # by hand", min_cell=5)


def test_alternative_text_is_the_line_after_the_mark():
    source = "# by hand: emd\n# figure: Bars by group.\nx = 1"
    assert by_hand.alternative_text(source) == "Bars by group."
    assert by_hand.alternative_text(COUNT) == ""
