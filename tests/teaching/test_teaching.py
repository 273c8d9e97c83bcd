"""Teaching: what students get holds no solution and runs; answers are marked by their cohort."""

from __future__ import annotations

import ast
import csv
import functools
import io
import itertools
import json
import re
import zipfile
from collections.abc import Iterator

import nbformat
import openpyxl
import pandas as pd
import papermill
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from tinybook import run

from cartanalysis.chapter.disclosure.outputs import METADATA
from cartanalysis.cli import main
from cartanalysis.errors import InputError
from cartanalysis.publish.artefacts import tidy
from cartanalysis.publish.book import Book
from cartanalysis.publish.verify import verify
from cartanalysis.stats import survival
from cartanalysis.study.reconstruct import reconstruct as draw
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
from cartanalysis.teaching.student import ANSWER, ANSWER_IN_WORDS, SOLUTION, WHERE
from cartanalysis.teaching.tasks import DAY, LANDMARK, SEVERE, TASKS, quantities

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
    solves = ["solution" in c.metadata.get("tags", []) for c in notebook.cells]
    solutions = sum(solved for solved, _ in itertools.groupby(solves))
    assert solutions == len(exercises), "one solution each, in one or more cells"
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
    in_words = [c for c in tagged(notebook) if c.cell_type == "markdown"]
    assert sum(c.source == ANSWER_IN_WORDS for c in student.cells) == len(in_words)
    assert text.count(WHERE) == 1 and WHERE in student.cells[-1].source, "below the quiz"
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
    assert page.count("<figure") == sum(
        "figure" in o.get("metadata", {}).get(METADATA, {})
        for c in ran.cells
        for o in c.get("outputs", [])
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


def test_a_picture_or_table_keeps_the_first_paragraph_and_a_long_table_goes_on():
    def table(rows: int) -> nbformat.NotebookNode:
        body = "".join(f"<tr><td>row {n}</td></tr>" for n in range(rows))
        head = "<table><caption>Rows</caption><thead><tr><th>A</th></tr></thead>"
        text = f"{head}<tbody>{body}</tbody></table>"
        return nbformat.v4.new_output("display_data", {"text/html": text})

    cells = [
        nbformat.v4.new_markdown_cell("# Why?"),
        nbformat.v4.new_markdown_cell("## All\n\nThe first.\n\nThe second."),
        nbformat.v4.new_code_cell("", outputs=[table(2), table(3), table(30)]),
    ]
    page = deck(nbformat.v4.new_notebook(cells=cells), "")
    _, *found = re.findall(r"<section.*?</section>", page, re.DOTALL)
    assert [s.count("<td>") for s in found] == [5, 10, 10, 10]
    assert all("<h2>All</h2>" in s and "<caption>Rows" in s for s in found)
    assert "The first." in found[0] and page.count("The first.") == 1
    assert "The second." not in page
    assert [f"<td>row {n}</td>" in found[2] for n in (9, 10, 19, 20)] == [False, True, True, False]


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
def patients() -> pd.DataFrame:
    return marker.cohort_of(SEED)


@pytest.fixture(scope="module")
def found(patients) -> dict[str, float]:
    return quantities(patients)


@pytest.fixture(scope="module")
def key(found) -> dict[str, float]:
    return {task.id: found[task.id] for task in TASKS}


def by_hand() -> dict[str, float]:
    """Some answers by plain arithmetic on the file, without the package's statistics."""
    rows = list(csv.DictReader(io.StringIO(reconstruct(SEED))))
    times = sorted((int(r["os_days"]), int(r["os_event"])) for r in rows)
    alive = 1.0
    for day in sorted({t for t, event in times if event and t <= 540}):
        at_risk = sum(t >= day for t, _ in times)
        alive *= 1 - sum(t == day and event == 1 for t, event in times) / at_risk
    treg = sorted(float(r["treg_pct"]) for r in rows)
    return {
        "severe_ae": sum(int(r["ae_grade_max"]) >= 3 for r in rows),
        "os_540": 100 * alive,
        "at_risk_540": sum(t >= 540 for t, _ in times),
        "treg_cutoff": treg[len(treg) // 2],
        "os_events_per_term": sum(event for _, event in times) / 3,
    }


def test_the_key_agrees_with_arithmetic(key):
    assert len(by_hand()) == 5
    for task, value in by_hand().items():
        assert key[task] == pytest.approx(value, abs=1e-9), task


def test_questions_and_slips_go_with_what_is_computed(found):
    asked = {task.id: task.question for task in TASKS}
    assert f"grade {SEVERE}" in asked["severe_ae"]
    assert f"day {DAY}" in asked["at_risk_540"] and f"{DAY} days" in asked["os_540"]
    assert all(f"day {LANDMARK}" in asked[k] for k in ("landmark_no_response", "landmark_p"))
    assert set(found) == {name for task in TASKS for name in (task.id, *task.slips)}


def test_another_seed_has_another_key(key):
    other = {m.id: m.expected for m in mark({}, 3)}
    assert sum(other[k] != pytest.approx(v, abs=1e-6) for k, v in key.items()) >= 6


def test_right_answers_are_right_and_slips_are_told(key, found):
    assert {m.verdict for m in mark(key, SEED)} == {marker.RIGHT}
    assert {m.verdict for m in mark({k: f" {v:.6f} " for k, v in key.items()}, SEED)} == {
        marker.RIGHT
    }
    told = 0
    for task in TASKS:

        def judged(value: float, task=task) -> marker.Mark:
            return marker.judge(task, value, found)

        assert judged(key[task.id] + 2 * task.tolerance + 1).verdict == marker.WRONG
        assert "larger" in judged(1e6).feedback
        for slip, feedback in task.slips.items():
            if (
                abs(found[slip] - key[task.id]) > task.tolerance
            ):  # else it is no slip in this cohort
                told += judged(found[slip]).feedback == feedback
    assert told >= 10
    assert "percent" in mark_one("os_540", key["os_540"] / 100).feedback


def mark_one(task: str, answer: object) -> marker.Mark:
    return next(m for m in mark({task: answer}, SEED) if m.id == task)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("70.2 %", 70.2),
        ("70,2", 70.2),
        ("70.2 per cent", 70.2),
        ("p = 0.04", 0.04),
        (" 415 days", 415.0),
        ("12 patients", 12.0),
        ("1e-3", 0.001),
        ("6.1 % of CD4⁺ T cells", 6.1),
        ("6.1% of CD4+ T cells", 6.1),
    ],
)
def test_numbers_are_read_as_people_write_them(written, value):
    number = marker.read_number(written)
    assert number is not None and (number.value, number.below) == (value, False)


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.id)
def test_the_unit_may_stand_behind_the_number(task, key):
    assert mark_one(task.id, f"{key[task.id]:.4f} {task.unit}").verdict == marker.RIGHT


@pytest.mark.parametrize(
    ("written", "expected", "right"),
    [
        ("0.25", 0.2513, True),
        ("0.4", 0.4043, True),  # a spreadsheet wrote 0.40 so
        ("0.40", 0.4043, True),
        ("0.4", 0.4101, False),
        ("0.26", 0.2513, False),
        ("0.042", 0.04234, True),
        ("0.04", 0.0443, False),
        ("0", 0.004, False),
        ("36", 35.53, True),
        ("35", 35.53, False),
        ("10", 10.33, True),
        ("10.33", 10.3333, True),
        ("3.0", 3.04, True),
        ("1.0e1", 10.6, False),
    ],
)
def test_a_right_value_may_be_rounded_to_two_digits(written, expected, right):
    number = marker.read_number(written)
    assert number is not None
    assert number.fits(expected, 0.0001) == right


@pytest.mark.parametrize("written", ["", "many", "1 2", "nan", "inf", "1e999", "0x10", "9" * 400])
def test_what_is_no_number_is_none(written):
    assert marker.read_number(written) is None


def test_a_bound_will_do_for_a_tiny_p_only(key):
    tiny = key["landmark_p"] < 0.001
    assert mark_one("landmark_p", "p < 0.001").verdict == (marker.RIGHT if tiny else marker.WRONG)
    assert mark_one("landmark_p", "<0.05").verdict == marker.WRONG
    assert mark_one("os_540", "<100").verdict == marker.WRONG


def test_a_bound_that_fits_a_slip_is_told(found):
    task = next(t for t in TASKS if t.id == "landmark_p")
    found = found | {"landmark_p": 0.008, "response_p": 0.0004}
    assert "immortal" in marker.judge(task, "< 0.001", found).feedback


def test_the_usual_test_of_small_groups_is_told(patients, found):
    task = next(t for t in TASKS if t.id == "landmark_p")
    left = survival.landmark(patients, "os", LANDMARK)
    usual = survival.log_rank(left, "os", "responder")["p"].iloc[0]
    feedback = marker.judge(task, f"{usual:.6f}", found).feedback
    assert "by permutation" in feedback


def test_all_ways_to_count_the_censored_wrongly_are_told(patients, found):
    task = next(t for t in TASKS if t.id == "os_540")
    n, dead = len(patients), (patients["os_event"] == 1) & (patients["os_days"] <= 540)
    censored = patients["os_event"] == 0
    early = censored & (patients["os_days"] < 540)
    for value, said in [
        (1 - dead.sum() / n, "for alive"),
        (1 - (dead | early).sum() / n, "for dead"),
        (1 - dead.sum() / (n - early.sum()), "earlier were left out"),
        (1 - dead.sum() / (n - censored.sum()), "All censored"),
    ]:
        assert said in marker.judge(task, f"{100 * value:.1f} %", found).feedback


def filled(key: dict[str, float], separator: str = ",", decimal: str = ".") -> str:
    """The answer sheet with the key, all but the first answer, 3 decimals."""
    rows = list(csv.DictReader(io.StringIO(answer_sheet())))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=separator, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        answer = "" if row is rows[0] else f"{key[row['id']]:.4f}".replace(".", decimal)
        writer.writerow(row | {"answer": answer})
    return out.getvalue()


def in_excel(key: dict[str, float], *above: list[str]) -> bytes:
    """A workbook: a sheet of notes, then the answers below some lines, percentages as such."""
    book = openpyxl.Workbook()
    book.active.append(["Notes", "no answers here"])
    sheet = book.create_sheet("Answers")
    for line in above:
        sheet.append(line)
    if above:  # a title may be merged; of a header that would be refused
        sheet.merge_cells("A1:C1")
    for row in csv.reader(io.StringIO(filled(key))):
        sheet.append([*row[:-1], float(row[-1]) if row[-1][:1].isdigit() else row[-1]])
        if row[0] == "os_540":
            sheet.cell(sheet.max_row, len(row)).value = key["os_540"] / 100
            sheet.cell(sheet.max_row, len(row)).number_format = "0.0%"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SHEETS = {
    "plain.csv": lambda key: filled(key).encode(),
    "bom.csv": lambda key: filled(key).encode("utf-8-sig"),
    "cp1252.csv": lambda key: filled(key, ";", ",").replace("CD4+", "CD4²–é").encode("cp1252"),
    "utf16.txt": lambda key: filled(key, "\t", ",").encode("utf-16"),
    "capitals.csv": lambda key: filled(key).upper().encode(),
    "title.csv": lambda key: b"Answers of Ann, seed 4\r\n\r\n" + filled(key).encode(),
    "blank.csv": lambda key: b"\r\n;;;\r\n" + filled(key, ";").encode(),
    "sep.csv": lambda key: b"sep=;\r\n" + filled(key, ";").encode(),
    "excel.xlsx": lambda key: in_excel(key),
    "titled.xlsx": lambda key: in_excel(key, ["Answers of Ann"], []),
}


@pytest.mark.parametrize("name", SHEETS)
def test_a_filled_in_sheet_is_marked_however_it_was_saved(name, key, tmp_path):
    path = tmp_path / name
    path.write_bytes(SHEETS[name](key))
    report = mark_file(path, SEED)
    assert [m.verdict for m in report.marks] == [marker.MISSING] + [marker.RIGHT] * 10
    assert report.remarks == ()
    assert f"seed {SEED}: 10 of 11" in report.text()
    assert json.loads(json.dumps(report.records()))["right"] == 10


def test_the_empty_sheet_is_plain_ascii_and_names_chapters():
    assert answer_sheet().isascii()
    rows = list(csv.DictReader(io.StringIO(answer_sheet())))
    assert [r["id"] for r in rows] == [t.id for t in TASKS]
    assert {r["chapter"] for r in rows} <= set(CHAPTERS)


def test_what_is_wrong_with_a_sheet_as_a_whole_is_told(key, tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text(answer_sheet())
    assert mark_file(path, SEED).remarks == ("no answer is filled in",)
    path.write_text(filled({m.id: m.expected for m in mark({}, 3)}))
    assert "another one" in " ".join(mark_file(path, SEED).remarks)
    path.write_text("id,answer\nos_540,35,5\nat_risk_540,11\n")
    assert "left out: row 2: the row has 3 cells" in " ".join(mark_file(path, SEED).remarks)
    with pytest.raises(InputError, match="no such file"):
        mark_file(tmp_path / "nothing.csv", SEED)
    with pytest.raises(InputError, match="a folder"):
        mark_file(tmp_path, SEED)


def test_a_sheet_without_answers_ends_the_command_with_an_error(tmp_path, capsys):
    path = tmp_path / "answers.csv"
    path.write_text("a,b\n1,2\n")
    assert main(["mark", str(path), "--seed", "4"]) == 2
    assert "no answers could be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xff\xfe\x00", "not text"),
        (b"\0\0\0\0", "NUL bytes"),
        (b"PK\x03\x04", "damaged"),
        (b"%PDF-1.7", "PDF"),
        (b"[1, 2]", "no answer sheet"),
        (b"a,b\n1,2\n", "columns id and answer"),
        (b"id,answer\nunknown,2\n", "no id of the answer sheet"),
        (b"id,answer\n" + b"x" * 200_000, "not readable as CSV"),
        (b'{"os_540": 1', "starts like JSON"),
        (b'{"a":' * 100_000, "starts like JSON"),
        (b"x" * 1_000_001, "larger than"),
        (b'{"unknown": 1}', "no id of the answer sheet"),
    ],
)
def test_a_file_without_answers_is_refused(data, complaint):
    with pytest.raises(InputError, match=complaint):
        read_answers(data)


def test_unknown_ids_are_told():
    assert "no task “strange”" in " ".join(read_answers(b'{"strange": 1, "OS_540": 2}').remarks)


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
def test_garbage_never_breaks_the_marker(found, data, answers):
    try:
        read = read_answers(data).values
    except InputError:
        read = {}
    for values in (read, answers):
        for task in TASKS:
            assert marker.judge(task, values.get(task.id), found).verdict in VERDICTS


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
        assert archive.read("class/answers/answers-4.csv").decode() == answer_sheet()
        readme = archive.read("class/README.txt").decode()
        archive.extractall(tmp_path / "unpacked")
    verify(tmp_path / "unpacked" / "class" / "site")  # the README makes the zip again from it
    assert "seeds 4 to 4" in readme and "pip download jupyterlab" in readme
    assert "--book source --site site --students 1 --first-seed 4" in readme
    assert "requirements.txt setuptools" not in readme and "--no-index" not in readme
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "one-1-py3-none-any.whl").write_bytes(b"")
    classroom(tmp_path / "w.zip", book, site, students=1, first_seed=SEED, wheels=wheels, jobs=1)
    with zipfile.ZipFile(tmp_path / "w.zip") as archive:
        readme = archive.read("class/README.txt").decode()
    assert "--no-index --find-links wheels -r source/requirements.txt" in readme
    assert "--no-index --find-links wheels jupyterlab" in readme
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


def test_the_key_of_the_first_lesson_is_right():
    """The ten patients of the lesson, by lifelines, against the key printed below them."""
    text = (ROOT / "book" / "teach" / "lessons.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-J, ]+) \| (\d+) \| (died|last seen alive) \|$", text, re.MULTILINE)
    patients = [(int(day), end == "died") for who, day, end in rows for _ in who.split(",")]
    assert len(patients) == 10
    curve = KaplanMeierFitter().fit(*zip(*patients, strict=True))
    key = re.findall(r"^\| (\d+) \| (\d+) \| 1 \| .*?([\d.]+) % \|$", text, re.MULTILINE)
    deaths = curve.event_table.query("observed > 0")
    assert [(int(day), int(n)) for day, n, _ in key] == list(deaths["at_risk"].items())
    assert [float(value) for *_, value in key] == [
        round(100 * curve.predict(day), 1) for day in deaths.index
    ]
    assert f"**{100 * curve.predict(365):.1f} %**" in text
