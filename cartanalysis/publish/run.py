"""The publish command's steps, in order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cartanalysis
from cartanalysis import cohort as cohorts
from cartanalysis.errors import InputError, Problem
from cartanalysis.publish import artefacts, checks, execute, parameters, site
from cartanalysis.publish.book import CHAPTERS, CONFIG, PROSE, TOC, Book, find
from cartanalysis.publish.replace import replace_folder
from cartanalysis.publish.staging import staging_for

RUN = "run.json"
COHORT_FILE = "cohort.csv"
"""Name under which chapters see a user's file: their pages show no path of the machine."""


@dataclass(frozen=True)
class Published:
    """What a run did.

    Attributes
    ----------
    site : pathlib.Path
        Folder of the website.
    executed, reused : tuple of str
        Chapters that were run, and those whose earlier outputs still held.
    unchanged : bool
        Whether the site was there already, from the same inputs.
    warnings : tuple of str
        What chapters wrote to their error stream, and what was handled while reading.
    """

    site: Path
    executed: tuple[str, ...] = ()
    reused: tuple[str, ...] = ()
    unchanged: bool = False
    warnings: tuple[str, ...] = ()


def publish(
    source: str = cohorts.DEFAULT_COHORT,
    out: Path | None = None,
    assignments: Sequence[str] = (),
    *,
    jobs: int = 2,
    book_root: Path | None = None,
    cache_dir: Path | None = None,
) -> Published:
    """Build the book about a cohort.

    Parameters
    ----------
    source : str
        ``"an2020"`` or a CSV file.
    out : pathlib.Path, optional
        Folder of the site; ``_build/html`` of the book if not given.
    assignments : sequence of str
        Parameters of chapters as ``NAME=VALUE``.
    jobs : int
        How many chapters run at a time.
    book_root : pathlib.Path, optional
        Folder of the book's sources.
    cache_dir : pathlib.Path, optional
        Where outputs of earlier runs are kept; ``_build/cache`` of the book if not given.

    Returns
    -------
    Published
        What was done.

    Raises
    ------
    InputError
        If the cohort, a parameter or the output folder cannot be used; nothing is written then.
    Failures
        If a chapter, the build or a check fails; the earlier site stands.
    """
    book = find(book_root)
    target = (out or book.root / "_build" / "html").resolve()
    _check_target(target, book)
    is_default = source == cohorts.DEFAULT_COHORT
    data = None if is_default else cohorts.read_file(Path(source))
    cohort = cohorts.read(source) if data is None else cohorts.parse(data, Path(source).name)
    declared = {c: parameters.declared(book.notebook(c), c) for c in book.chapters}
    values = parameters.assign(declared, parameters.parse_assignments(assignments))
    for chapter in values.values():
        chapter[parameters.RESERVED] = cohorts.DEFAULT_COHORT if is_default else COHORT_FILE
    keys = execute.chapter_keys(book, cohort.sha256, values)
    run_key = _run_key(book, keys, cohort)
    if _stands(target, run_key):
        return Published(target, reused=tuple(book.chapters), unchanged=True, warnings=cohort.notes)

    started = datetime.now(UTC)
    with staging_for(target) as staging:
        workdir, sources = staging / "work", staging / "source"
        workdir.mkdir()
        if data is not None:
            (workdir / COHORT_FILE).write_bytes(data)
        cache = cache_dir or book.root / "_build" / "cache"
        chapters = execute.execute(book, keys, values, workdir, cache, jobs)
        gathered = artefacts.harvest(chapters, cohort, sources / site.ARTEFACTS)
        site.stage(book, cohort, gathered, sources)
        html = site.build(sources, staging)
        problems = checks.check(html, book.pages)
        if problems:
            raise execute.Failures(problems)
        _write_run(html, book, cohort, values, chapters, run_key, started)
        replace_folder(html, target)
    return Published(
        target,
        executed=tuple(c.name for c in chapters if not c.reused),
        reused=tuple(c.name for c in chapters if c.reused),
        warnings=cohort.notes + gathered.warnings,
    )


def _check_target(target: Path, book: Book) -> None:
    """Refuse to replace anything that is not a site of ours, whole and nothing else."""
    remedy = "Name another with --out, or remove it yourself"
    sources = [book.root / name for name in (PROSE, CHAPTERS, "cartanalysis")]
    if target in (book.root, *book.root.parents) or any(
        target.is_relative_to(source) for source in sources
    ):
        what = "the output folder is, or lies among, the book's sources"
        raise InputError(str(target), [Problem(what, "Name another with --out")])
    if not target.exists():
        return
    if not target.is_dir():
        raise InputError(str(target), [Problem("the output is not a folder", remedy)])
    present = {p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()}
    run = _read_run(target)
    ours = {RUN, *run["files"]} if run else set()
    if not run and {artefacts.RESULTS, "_static/cart.css"} <= present:
        return  # made by a plain `jupyter-book build`, which leaves no record
    if present - ours:
        example = sorted(present - ours)[0]
        what = f"the output folder holds something else than a site of this book ({example})"
        raise InputError(str(target), [Problem(what, remedy)])


def _run_key(book: Book, keys: Mapping[str, str], cohort: cohorts.Cohort) -> str:
    """Hash everything the site depends on: the chapters' keys, the prose and the settings."""
    digest = hashlib.sha256(json.dumps([dict(keys), cohort.name], sort_keys=True).encode())
    files = [book.root / CONFIG, book.root / TOC]
    files += sorted(p for p in (book.root / PROSE).rglob("*") if p.is_file())
    for path in files:
        digest.update(path.relative_to(book.root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _hashes(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != RUN
    }


def _stands(target: Path, run_key: str) -> bool:
    """Tell whether the site is there, from the same inputs, every file as it was written."""
    run = _read_run(target)
    return run.get("key") == run_key and run.get("files") == _hashes(target)


def _read_run(target: Path) -> dict[str, Any]:
    """Read a site's record; anything else of that name counts as none."""
    try:
        run = json.loads((target / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return run if isinstance(run, dict) and {"cartanalysis", "key", "files"} <= set(run) else {}


def _write_run(
    html: Path,
    book: Book,
    cohort: cohorts.Cohort,
    values: Mapping[str, Mapping[str, Any]],
    chapters: Sequence[execute.Executed],
    run_key: str,
    started: datetime,
) -> None:
    record = {
        "cartanalysis": cartanalysis.__version__,
        "environment": execute.environment(book),
        "cohort": {
            "name": cohort.name,
            "sha256": cohort.sha256,
            "patients": len(cohort.table),
            "is_reconstruction": cohort.is_reconstruction,
            "notes": list(cohort.notes),
        },
        "parameters": {c: dict(v) for c, v in values.items()},
        "chapters": {
            c.name: {"key": c.key, "seconds": round(c.seconds, 2), "reused": c.reused}
            for c in chapters
        },
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "key": run_key,
        "files": _hashes(html),
    }
    text = json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    (html / RUN).write_text(text, encoding="utf-8")
