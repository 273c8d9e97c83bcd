"""One zip with everything for a class without internet."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import resources
from pathlib import Path

from cartanalysis.errors import InputError, Problem
from cartanalysis.publish.book import CHAPTERS, CONFIG, PROSE, TOC, Book
from cartanalysis.publish.verify import verify
from cartanalysis.study.reconstruct import reconstruct
from cartanalysis.teaching.marker import answer_sheet

MOST_STUDENTS = 200
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The one time that all entries bear: the same inputs give the same bytes."""

_SOURCES = (
    "cartanalysis", PROSE, CHAPTERS, CONFIG, TOC, "pyproject.toml", "requirements.txt", "Makefile",
    "README.md", "LICENSE", "CITATION.cff", "CHANGELOG.md",
)  # fmt: skip

_FIT = """The packages in wheels/ fit only the version of Python and the system (Windows, macOS
or Linux, and its processor) of the computer that fetched them. For others, fetch again on one of
their kind and make this zip again, as follows."""
_LACK = "This zip holds no packages, so that step 2 below needs internet. For computers without it:"


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
                    entry = zipfile.ZipInfo(f"class/{name}", EARLIEST)
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    entry.external_attr = 0o644 << 16
                    entry.create_system = 3  # the same on every system
                    archive.writestr(entry, content)
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
        remedy = f"Give a number from 1 to {MOST_STUDENTS}"
        raise InputError("--students", [Problem(f"{students} students", remedy)])
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
    parts = [("site", site, site), *(("source", book.root, book.root / n) for n in _SOURCES)]
    for folder, root, place in parts:
        for path in _files(place):
            yield f"{folder}/{path.relative_to(root).as_posix()}", path.read_bytes()
    for path in _files(wheels) if wheels else ():
        yield f"wheels/{path.name}", path.read_bytes()


def _files(place: Path) -> Iterator[Path]:
    """Go through a folder, or give a file, without what tools leave there."""
    for path in [place] if place.is_file() else place.rglob("*"):
        parts = path.relative_to(place).parts
        hidden = any(part.startswith(".") or part == "node_modules" for part in parts)
        if path.is_file() and not hidden and path.suffix not in (".pyc", ".part"):
            yield path


def _readme(seeds: Sequence[int], wheels: Path | None) -> str:
    template = resources.files("cartanalysis.teaching") / "class-readme.txt"
    return template.read_text(encoding="utf-8").format(
        students=len(seeds),
        first=seeds[0],
        last=seeds[-1],
        contents="wheels/      packages to install without internet.\n" if wheels else "",
        packages=_FIT if wheels else _LACK,
        find="--no-index --find-links wheels " if wheels else "",
        offline="--no-index " if wheels else "",
    )
