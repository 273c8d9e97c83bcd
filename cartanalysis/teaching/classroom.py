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
from cartanalysis.reconstruct import reconstruct
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
{wheels}
For the teacher
  1. Give student N the file cohorts/student-N.csv, the answer sheet answers/student-N.csv and the
     notebooks of site/student/.
  2. In a notebook the student sets cohort = "student-N.csv" in the cell of the parameters.
  3. Mark:   cartanalysis mark answers/student-N.csv --seed N
     The right answers are computed from the seed; they are not in this zip.

To run the notebooks, on each computer (Python 3.11 to 3.13), in the folder source/:
{install}"""

_WITH_WHEELS = """  python -m pip install --no-index --find-links ../wheels -r requirements.txt
  python -m pip install --no-index --find-links ../wheels --no-deps --no-build-isolation .
"""
_WITHOUT_WHEELS = """  python -m pip install -r requirements.txt
  python -m pip install --no-deps --no-build-isolation .
This needs internet once. For computers that have none, collect the packages beforehand, on a
computer of the same kind, and make this zip again:
  python -m pip download -r requirements.txt setuptools -d wheels
  cartanalysis classroom --wheels wheels --out class.zip
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
    """Write the zip.

    Parameters
    ----------
    out : pathlib.Path
        The file to write; it must not exist.
    book : Book
        The book's sources.
    site : pathlib.Path, optional
        A published site; ``_build/html`` of the book if not given.
    students : int
        How many cohorts, 1 to 200.
    first_seed : int
        Seed of the first; the others follow.
    wheels : pathlib.Path, optional
        Folder of packages collected with ``pip download``.
    jobs : int
        How many cohorts are drawn at a time; each takes some seconds.

    Returns
    -------
    int
        How many files the zip holds.

    Raises
    ------
    InputError
        If the site is not as it was published, a folder is missing, the number of students is out
        of range, or the file cannot be written.
    """
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
        remedy = "Collect them: pip download -r requirements.txt setuptools -d FOLDER"
        raise InputError(str(wheels), [Problem("there are no packages (*.whl) in it", remedy)])


def _entries(
    book: Book, site: Path, cohorts: dict[int, str], wheels: Path | None
) -> Iterator[tuple[str, bytes]]:
    yield "README.txt", _readme(list(cohorts), wheels).encode()
    for seed, text in cohorts.items():
        yield f"cohorts/student-{seed}.csv", text.encode()
        yield f"answers/student-{seed}.csv", answer_sheet().encode()
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
    return README.format(
        students=len(seeds),
        first=seeds[0],
        last=seeds[-1],
        wheels="wheels/      packages to install without internet.\n" if wheels else "",
        install=_WITH_WHEELS if wheels else _WITHOUT_WHEELS,
    )


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    entry.create_system = 3  # the same on every system
    archive.writestr(entry, content)
