"""Teaching: what students get holds no solution and runs; answers are marked by their cohort."""

from __future__ import annotations

import ast
import csv
import functools
import io
import json
import re
import zipfile
from collections.abc import Iterator

import nbformat
import pandas as pd
import papermill
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from tinybook import run

from cartanalysis.errors import InputError
from cartanalysis.publish.artefacts import tidy
from cartanalysis.publish.book import Book
from cartanalysis.reconstruct import reconstruct as draw
from cartanalysis.teaching import (
    answer_sheet,
    deck,
    mark,
    mark_file,
    marker,
    read_answers,
    student_notebook,
)
from cartanalysis.teaching.classroom import classroom
from cartanalysis.teaching.quiz import parse
from cartanalysis.teaching.student import ANSWER, SOLUTION
from cartanalysis.teaching.tasks import TASKS

CHAPTERS = Book(ROOT).chapters
SEED = 4
reconstruct = functools.cache(draw)


def tagged(notebook) -> list:
    return [c for c in notebook.cells if SOLUTION in c.metadata.get("tags", [])]


def questions(notebook) -> list[str]:
    text = "\n".join(c.source for c in notebook.cells)
    return re.findall(r"^```\{quiz\}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


# --- chapters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_teaches(name):
    notebook = Book(ROOT).notebook(name)
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    objectives = prose.split("**You will learn**")[1].split("\n## ")[0]
    assert 2 <= len(re.findall(r"^- ", objectives, re.MULTILINE)) <= 4
    exercises = re.split(r"^### Exercise \d: ", prose.split("## Check yourself")[0], flags=re.M)[1:]
    assert 3 <= len(exercises) <= 5
    assert all("```{dropdown} Hint" in e for e in exercises)
    assert len(tagged(notebook)) == len(exercises), "one solution each"
    assert any(c.cell_type == "code" for c in tagged(notebook)), "one at least is computed"
    assert 3 <= len([parse(q) for q in questions(notebook)]) <= 4


@pytest.mark.parametrize("name", CHAPTERS)
def test_student_versions_lack_the_solutions(name):
    notebook = Book(ROOT).notebook(name)
    student = student_notebook(notebook)
    nbformat.validate(student)
    text = nbformat.writes(student)
    own = [c for c in notebook.cells if c not in tagged(notebook)]
    analysis = {line for c in own for line in c.source.splitlines()}
    for cell in tagged(notebook):
        lines = {line for line in cell.source.splitlines() if len(line) > 30} - analysis
        assert lines
        assert not any(json.dumps(line)[1:-1] in text for line in lines)
    for feedback in (o.feedback for q in questions(notebook) for o in parse(q).options):
        assert json.dumps(feedback, ensure_ascii=False)[1:-1] not in text
    assert "[x]" not in text and "{dropdown}" not in text and "{quiz}" not in text
    assert not re.search(r"\{[\w:]+\}`", text), "no role is left"
    code = [c for c in student.cells if c.cell_type == "code"]
    assert sum(c.source == ANSWER for c in code) == sum(
        c.cell_type == "code" for c in tagged(notebook)
    )
    given = [
        c.source for c in notebook.cells if c.cell_type == "code" and c not in tagged(notebook)
    ]
    assert [c.source for c in code if c.source != ANSWER] == given, "the analysis is all there"
    for cell in code:
        ast.parse(cell.source)


def test_a_student_version_of_an_executed_chapter_is_as_new():
    notebook = Book(ROOT).notebook("safety")
    fresh = student_notebook(notebook)
    notebook.cells[3].outputs = [nbformat.v4.new_output("stream", text="47 patients")]
    injected = nbformat.v4.new_code_cell("cohort = 'mine.csv'")
    injected.metadata["tags"] = ["injected-parameters"]
    notebook.cells.insert(4, injected)
    assert student_notebook(notebook).cells == fresh.cells


@pytest.mark.parametrize("name", ["survival", "subgroups"])
def test_a_student_version_runs_and_so_do_its_slides(name, tmp_path):
    ran = papermill.execute_notebook(
        student_notebook(Book(ROOT).notebook(name)),
        None,
        progress_bar=False,
        resources={"metadata": {"path": str(tmp_path)}},
    )
    assert all(
        c.outputs == [] for c in ran.cells if c.cell_type == "code" and c.source.startswith(ANSWER)
    )
    page = deck(ran, '<div class="cart-banner">Not patient data</div>')
    title = ran.cells[1].source.splitlines()[0].removeprefix("# ")
    assert f"<h1>{title}</h1>" in page and "cart-banner" in page
    assert page.count("<figure>") == sum(
        "image/svg+xml" in o.get("data", {}) for c in ran.cells for o in c.get("outputs", [])
    )
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page), "nothing is loaded"
    assert all(re.findall(r'<img alt="([^"]*)"', page)), "pictures are described"


def test_slides_leave_out_solutions_and_what_a_cohort_cannot_show():
    missing = nbformat.v4.new_output(
        "display_data", {"text/html": '<p class="cart-missing">Not shown</p>'}
    )
    said = nbformat.v4.new_output(
        "display_data",
        {"text/markdown": '**1** <b>of</b> 2 <span class="cart-letter cart-letter-a">A</span>'},
    )
    cells = [
        nbformat.v4.new_markdown_cell("# Why?\n\nBecause {published}`orr`."),
        nbformat.v4.new_markdown_cell("## By arm\n\nAbout arms."),
        nbformat.v4.new_code_cell("", outputs=[missing]),
        nbformat.v4.new_markdown_cell("## All\n\nAbout all."),
        nbformat.v4.new_code_cell("", outputs=[said]),
        nbformat.v4.new_markdown_cell("Secret", metadata={"tags": [SOLUTION]}),
    ]
    page = deck(nbformat.v4.new_notebook(cells=cells), "")
    assert "Because 80.9 % [P]." in page
    assert "By arm" not in page and "Secret" not in page
    assert "<strong>1</strong> &lt;b&gt;of&lt;/b&gt; 2 [A]" in page, "markup is text"


def test_solutions_fold_away_on_the_website():
    cell = nbformat.v4.new_code_cell("1", metadata={"tags": [SOLUTION]})
    cell.outputs = [nbformat.v4.new_output("stream", text="1")]
    shown = tidy(nbformat.v4.new_notebook(cells=[cell])).cells[0]
    assert shown.metadata["tags"] == ["hide-cell"]
    assert shown.metadata["mystnb"]["code_prompt_show"] == "Solution"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("- [x] yes :: good\n- [ ] no :: bad", "starts with its question"),
        ("Q?\n- [x] yes :: good", "two answers or more"),
        ("Q?\n- [ ] yes :: good\n- [ ] no :: bad", "exactly one"),
        ("Q?\n- [x] yes\n- [ ] no :: bad", "needs “:: feedback”"),
    ],
)
def test_a_quiz_that_cannot_work_is_refused(source, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse(source)


# --- marking -----------------------------------------------------------------------------------


VERDICTS = {marker.RIGHT, marker.WRONG, marker.MISSING, marker.UNREADABLE}


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Drawing a cohort takes seconds: draw it once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marker, "reconstruct", reconstruct)
        yield


@pytest.fixture(scope="module")
def key() -> dict[str, float]:
    return {m.id: m.expected for m in mark({}, SEED)}


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    return marker.cohort_of(SEED)


def by_hand() -> dict[str, float]:
    """Some answers by plain arithmetic on the file, without the package's statistics."""
    rows = list(csv.DictReader(io.StringIO(reconstruct(SEED))))
    times = sorted((int(r["os_days"]), int(r["os_event"])) for r in rows)
    alive = 1.0
    for day in sorted({t for t, event in times if event and t <= 180}):
        at_risk = sum(t >= day for t, _ in times)
        alive *= 1 - sum(t == day and event == 1 for t, event in times) / at_risk
    treg = sorted(float(r["treg_pct"]) for r in rows)
    return {
        "severe_crs": sum(int(r["crs_grade"]) >= 3 for r in rows),
        "os_180": 100 * alive,
        "at_risk_180": sum(t >= 180 for t, _ in times),
        "treg_cutoff": treg[len(treg) // 2],
        "os_events_per_term": sum(event for _, event in times) / 3,
    }


def test_the_key_agrees_with_arithmetic(key):
    assert len(by_hand()) == 5
    for task, value in by_hand().items():
        assert key[task] == pytest.approx(value, abs=1e-9), task


def test_another_seed_has_another_key(key):
    other = {m.id: m.expected for m in mark({}, 3)}
    assert sum(other[k] != pytest.approx(v, abs=1e-6) for k, v in key.items()) >= 6


def test_right_answers_are_right_and_slips_are_told(key, patients):
    assert {m.verdict for m in mark(key, SEED)} == {marker.RIGHT}
    assert {m.verdict for m in mark({k: f" {v:.6f} " for k, v in key.items()}, SEED)} == {
        marker.RIGHT
    }
    told = 0
    for task in TASKS:

        def judged(value: float, task=task) -> marker.Mark:
            return marker._judge(task, value, key[task.id], patients)

        assert judged(key[task.id] + 2 * task.tolerance + 1).verdict == marker.WRONG
        assert "larger" in judged(1e6).feedback
        for slip in task.slips:
            value = slip.value(patients)
            if abs(value - key[task.id]) > task.tolerance:  # else it is no slip in this cohort
                told += judged(value).feedback == slip.feedback
    assert told >= 8
    assert "percent" in mark_one("os_180", key["os_180"] / 100).feedback


def mark_one(task: str, answer: object) -> marker.Mark:
    return next(m for m in mark({task: answer}, SEED) if m.id == task)


@pytest.mark.parametrize(
    ("written", "value"),
    [("70.2 %", 70.2), ("70,2", 70.2), ("p = 0.04", 0.04), (" 415 days", 415.0), ("1e-3", 0.001)],
)
def test_numbers_are_read_as_people_write_them(written, value):
    assert marker._number(written) == (value, False)


@pytest.mark.parametrize("written", ["", "many", "1 2", "nan", "inf", "1e999", "0x10", "9" * 400])
def test_what_is_no_number_is_none(written):
    assert marker._number(written) == (None, False)


def test_a_bound_will_do_for_a_tiny_p_only(key):
    tiny = key["landmark_p"] < 0.001
    assert mark_one("landmark_p", "p < 0.001").verdict == (marker.RIGHT if tiny else marker.WRONG)
    assert mark_one("landmark_p", "<0.05").verdict == marker.WRONG
    assert mark_one("os_180", "<100").verdict == marker.WRONG


def test_a_filled_in_sheet_is_marked(key, tmp_path):
    rows = list(csv.DictReader(io.StringIO(answer_sheet())))
    assert [r["id"] for r in rows] == [t.id for t in TASKS]
    for separator in (",", ";"):
        path = tmp_path / "answers.csv"
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=separator)
            writer.writeheader()
            writer.writerows(r | {"answer": f"{key[r['id']]:.4f}"} for r in rows[1:])
        report = mark_file(path, SEED)
        assert [m.verdict for m in report.marks] == [marker.MISSING] + [marker.RIGHT] * 9
        assert f"seed {SEED}: 9 of 10" in report.text()
    assert json.loads(json.dumps(report.records()))["right"] == 9
    with pytest.raises(InputError, match="no such file"):
        mark_file(tmp_path / "nothing.csv", SEED)


@pytest.mark.parametrize(
    ("data", "remark"),
    [
        (b"", "columns id and answer"),
        (b"\xff\xfe\x00", "neither CSV nor JSON"),
        (b"a,b\n1,2\n", "columns id and answer"),
        (b'{"os_180": 1', "neither CSV nor JSON"),
        (b'{"a":' * 100_000, "neither CSV nor JSON"),
        (b"x" * 1_000_001, "larger than"),
        (b'{"unknown": 1}', "no task “unknown”"),
    ],
)
def test_unreadable_files_are_told(data, remark):
    assert remark in " ".join(read_answers(data).remarks)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    data=st.binary() | st.text().map(str.encode),
    answers=st.dictionaries(st.sampled_from([t.id for t in TASKS]) | st.text(), ANYTHING),
)
@settings(max_examples=50, deadline=None)
def test_garbage_never_breaks_the_marker(key, patients, data, answers):
    for values in (read_answers(data).values, answers):
        for task in TASKS:
            found = marker._judge(task, values.get(task.id), key[task.id], patients)
            assert found.verdict in VERDICTS


# --- a class without internet ------------------------------------------------------------------


def test_the_class_zip_holds_everything_and_is_the_same_each_time(tiny, tmp_path):
    assert run(tiny) == 0
    book, site = Book(tiny), tmp_path / "site"
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    for out in (first, second):
        count = classroom(out, book, site, students=1, first_seed=SEED, jobs=1)
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        names = archive.namelist()
        assert len(names) == count == len(set(names))
        assert archive.read("class/cohorts/student-4.csv").decode() == reconstruct(SEED)
        assert archive.read("class/answers/student-4.csv").decode() == answer_sheet()
        readme = archive.read("class/README.txt").decode()
    assert "seeds 4 to 4" in readme and "pip download" in readme
    for name in (
        "site/index.html", "site/student/one.ipynb", "site/slides/one.html",
        "source/notebooks/one.py", "source/requirements.txt", "source/_toc.yml",
    ):  # fmt: skip
        assert f"class/{name}" in names
    with pytest.raises(InputError, match="exists already"):
        classroom(first, book, site)
    with pytest.raises(InputError, match="0 students"):
        classroom(tmp_path / "c.zip", book, site, students=0)
    with pytest.raises(InputError, match="no packages"):
        classroom(tmp_path / "c.zip", book, site, wheels=tmp_path)
    (site / "index.html").write_text("changed")
    with pytest.raises(InputError, match="was changed"):
        classroom(tmp_path / "c.zip", book, site)
    assert not (tmp_path / "c.zip").exists()
