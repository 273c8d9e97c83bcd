"""One zip with everything for a class without internet."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from cartanalysis.errors import InputError, Problem
from cartanalysis.publish.book import CHAPTERS, CONFIG, PROSE, TOC, Book
from cartanalysis.publish.verify import verify
from cartanalysis.study.reconstruct import reconstruct
from cartanalysis.teaching.marker import answer_sheet

MOST_STUDENTS = 200
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The one time that all entries bear: the same inputs give the same bytes."""

_SOURCES = ("cartanalysis", PROSE, CHAPTERS)
_FILES = (
    CONFIG, TOC, "pyproject.toml", "requirements.txt", "Makefile", "README.md", "LICENSE",
    "CITATION.cff", "CHANGELOG.md",
)  # fmt: skip
_ENDINGS_LEFT_OUT = (".pyc", ".part")

README = """A class on survival analysis with CAR T cells, without internet
================================================================

site/        the book. Open site/index.html in any browser; nothing is loaded from elsewhere.
             site/student/ holds a notebook of each chapter without its solutions,
             site/slides/ a page of slides of each chapter (arrow keys).
cohorts/     {students} cohorts, seeds {first} to {last}: one for each student. Each agrees with
             every published value in hand, and none is patient data.
answers/     an answer sheet for each student; the questions are the same, the answers differ.
source/      the book's sources and its package, with requirements.txt.
{contents}
For the teacher
  1. Give student N a folder with cohorts/student-N.csv, answers/answers-N.csv and the notebooks
     of site/student/ (leave those in site/ as they are).
  2. In a notebook the student sets cohort = "student-N.csv" in the cell of the parameters.
  3. Mark:   cartanalysis mark answers-N.csv --seed N
     The sheet may be saved as CSV or as an Excel workbook (.xlsx). The right answers are computed
     from the seed; they are not in this zip. Anyone with the package can compute them, so the
     marker is for practice, not for an exam.
{collect}
For the students: once on each computer, in a terminal, in this folder (the one with README.txt)
  Python 3.11 to 3.13 has to be there: python3 --version (on Windows: py --version).
  1. A place for the packages, apart from all others, and into it:
       Linux, macOS:   python3 -m venv env
                       . env/bin/activate
       Windows:        py -m venv env
                       env\\Scripts\\activate
  2. The packages of the book, then the book's own, then Jupyter:
       python -m pip install {find}-r source/requirements.txt
       python -m pip install {offline}--no-deps --no-build-isolation ./source
       python -m pip install {find}jupyterlab
  3. Start it in the folder with the notebooks, the cohort and the answer sheet:
       python -m jupyterlab
     A browser opens; double-click a notebook, then choose Run, Run All Cells.
  The next time, only the second line of step 1 and step 3 are needed.
"""

_WITH_WHEELS = "wheels/      packages to install without internet.\n"
_FIT = """
The packages in wheels/ fit only the version of Python and the system (Windows, macOS or Linux, and
its processor) of the computer that fetched them. For others, fetch again on one of their kind and
make this zip again, as follows.
"""
_LACK = """
This zip holds no packages, so that step 2 below needs internet. For computers without it:
"""
_COLLECT = """  On a computer with internet, of the students' kind of system and version of Python:
    python -m pip download -r source/requirements.txt -d wheels
    python -m pip download jupyterlab -d wheels
  There, with the package installed (steps 1 and 2 below), make the zip again:
    cartanalysis classroom --book source --site site --students {students} --first-seed {first} \\
      --wheels wheels --out class-with-packages.zip
  (one line; on Windows leave out the backslash)
"""


def classroom(
    out: Path,
    book: Book,
    site: Path | None = None,
    *,
    students: int = 30,
    first_seed: int = 1,
    wheels: Path | None = None,
    jobs: int = 2,
) -> int:
    """Write the zip."""
    pages = site or book.root / "_build" / "html"
    _check(out, students, wheels)
    verify(pages)
    seeds = range(first_seed, first_seed + students)
    with ProcessPoolExecutor(jobs) as pool:
        cohorts = dict(zip(seeds, pool.map(reconstruct, seeds), strict=True))
    entries = sorted(_entries(book, pages, cohorts, wheels))
    try:
        # beside its place, and there in one step: an interrupted run leaves no half of a zip
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
            partial = Path(folder) / out.name
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                for name, content in entries:
                    _add(archive, f"class/{name}", content)
            partial.replace(out)
    except OSError as error:
        what = f"the zip cannot be written ({error.strerror})"
        raise InputError(str(out), [Problem(what, "Name another place with --out")]) from error
    return len(entries)


def _check(out: Path, students: int, wheels: Path | None) -> None:
    if out.exists():
        remedy = "Name another with --out, or remove it yourself"
        raise InputError(str(out), [Problem("the file exists already", remedy)])
    if not 1 <= students <= MOST_STUDENTS:
        what = f"{students} students"
        remedy = f"Give a number from 1 to {MOST_STUDENTS}"
        raise InputError("--students", [Problem(what, remedy)])
    if wheels is not None and not any(wheels.glob("*.whl")):
        remedy = "Collect them: pip download -r requirements.txt -d FOLDER"
        raise InputError(str(wheels), [Problem("there are no packages (*.whl) in it", remedy)])


def _entries(
    book: Book, site: Path, cohorts: dict[int, str], wheels: Path | None
) -> Iterator[tuple[str, bytes]]:
    yield "README.txt", _readme(list(cohorts), wheels).encode()
    for seed, text in cohorts.items():
        yield f"cohorts/student-{seed}.csv", text.encode()
        yield f"answers/answers-{seed}.csv", answer_sheet().encode()
    for path in _files(site):
        yield f"site/{path.relative_to(site).as_posix()}", path.read_bytes()
    for path in [*(book.root / name for name in _FILES), *_sources(book)]:
        if path.is_file():
            yield f"source/{path.relative_to(book.root).as_posix()}", path.read_bytes()
    for path in _files(wheels) if wheels else ():
        yield f"wheels/{path.name}", path.read_bytes()


def _sources(book: Book) -> Iterator[Path]:
    for name in _SOURCES:
        yield from _files(book.root / name)


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "node_modules" for part in parts)
        if path.is_file() and not hidden and path.suffix not in _ENDINGS_LEFT_OUT:
            yield path


def _readme(seeds: Sequence[int], wheels: Path | None) -> str:
    collect = _COLLECT.format(students=len(seeds), first=seeds[0])
    return README.format(
        students=len(seeds),
        first=seeds[0],
        last=seeds[-1],
        contents=_WITH_WHEELS if wheels else "",
        collect=(_FIT if wheels else _LACK) + collect,
        find="--no-index --find-links wheels " if wheels else "",
        offline="--no-index " if wheels else "",
    )


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    entry.create_system = 3  # the same on every system
    archive.writestr(entry, content)
