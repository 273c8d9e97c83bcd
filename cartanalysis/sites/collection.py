"""Several cohorts in one site: a start page, a book for each, and the comparison."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Collection as Names
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from tqdm import tqdm

from cartanalysis.chapter import parameters
from cartanalysis.chapter.handover import slug
from cartanalysis.contract import DEFAULT_COHORT, FIELDS, Cohort
from cartanalysis.errors import InputError, Problem, shown
from cartanalysis.intake import SETTLED
from cartanalysis.intake.admission import Request
from cartanalysis.publish import artefacts, checks, execute, owner, site
from cartanalysis.publish.book import CHAPTERS, CONFIG, PROSE, TOC, Book, find
from cartanalysis.publish.places import clear, private_folder, replace_folder, staging_for
from cartanalysis.publish.run import (
    Built,
    Plan,
    about_run,
    build_site,
    cache_for,
    check_target,
    keep,
    prepare,
    stands,
    write_run,
)
from cartanalysis.publish.tables import FOLDER as TABLES
from cartanalysis.publish.verify import read_run
from cartanalysis.sites.chapter import write_members
from cartanalysis.sites.collection_ext import banner

COMPARISON = "comparison"
START = f"{PROSE}/collection"
EXTENSION = "cartanalysis.sites.collection_ext"
LOCK = "requirements.txt"

FOLDERS = (PROSE, CHAPTERS, "data", "figures", "slides", "source", "student", TABLES, "try")
PORTS = {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
RESERVED = frozenset({*FOLDERS, "con", "prn", "aux", "nul", *PORTS})
"""Folders of the start page, and names that Windows keeps for itself."""

LONGEST = 40


@dataclass
class Member:
    """A cohort of a collection: admitted with a plan or refused, then built or failed."""

    name: str
    slug: str  # its folder in the site
    plan: Plan | None = field(default=None, compare=False)
    problems: tuple[Problem, ...] = ()  # why its file cannot be used
    lines: tuple[str, ...] = ()  # why it could not be published, for the terminal
    built: Built | None = field(default=None, compare=False)

    @property
    def failed(self) -> bool:
        """Whether it could not be published."""
        return bool(self.lines)

    def about(self) -> dict[str, Any]:
        """Say what the start page shows; why something failed may quote patients' data."""
        failed = ""
        if self.problems:
            count = len(self.problems)
            found = f"{count} problem{'' if count == 1 else 's'}"
            failed = f"Its file cannot be used: {found}, told in the command's output."
        elif self.lines:
            failed = "Its book could not be built; the command's output tells why."
        cohort = self.plan.cohort if self.plan else None
        return {
            "name": self.name,
            "slug": self.slug,
            "patients": len(cohort.table) if cohort else None,
            "is_reconstruction": bool(cohort and cohort.is_reconstruction),
            "failed": failed,
        }


@dataclass(frozen=True)
class Collection:
    """What a run over several cohorts did."""

    site: Path
    outcomes: tuple[Member, ...]  # in the order given
    unchanged: bool = False
    warnings: tuple[str, ...] = ()  # each begins with the cohort's name

    @property
    def failed(self) -> bool:
        """Whether any cohort could not be published."""
        return any(o.failed for o in self.outcomes)


def publish_all(
    requests: Sequence[Request],
    out: Path | None = None,
    assignments: Sequence[str] = (),
    *,
    min_cell: int | None = None,
    jobs: int = 2,
    book_root: Path | None = None,
    cache_dir: Path | None = None,
    accept_small_update: bool = False,
) -> Collection:
    """Build a site about several cohorts; one that fails does not take the others down."""
    book = find(book_root)
    _require_start(book)
    target = (out or book.root / "_build" / "html").resolve()
    check_target(target, book)
    # wrong parameters are told once, not once for each cohort
    given = parameters.parse_assignments(assignments)
    parameters.assign({c: parameters.declared(book.notebook(c), c) for c in book.chapters}, given)
    members = _admit_all(book, requests, assignments, min_cell)
    key = _key(book, members)
    warnings = [f"{m.name}: {note}" for m in members if m.plan for note in m.plan.cohort.notes]
    if stands(target, key) and not read_run(target).get("failed"):
        clear(target)
        return Collection(target, tuple(members), unchanged=True, warnings=tuple(warnings))
    warnings = _refuse_small_updates(members, target, accept_small_update)
    cache = cache_for(book, cache_dir)
    with staging_for(target) as staging:
        started = datetime.now(UTC)
        for member in members:
            _build(member, staging / "books" / member.slug, target, cache, jobs)
        if not any(m.built for m in members):
            raise execute.Failures([f"{m.name}: {line}" for m in members for line in m.lines])
        with private_folder(target) as private:
            html, about = _start_site(book, members, given, staging / "start", private, cache, jobs)
        for member in members:
            if member.built:
                warnings += [f"{member.name}: {warning}" for warning in member.built.warnings]
                member.built.html.rename(html / member.slug)
        if problems := checks.check(html, Book(book.root / START).pages):
            raise execute.Failures(problems)
        write_run(html, about, key, started)
        replace_folder(html, target)
    for member in members:
        if member.plan and member.built:
            owner.remember(member.plan.cohort, target / member.slug)
    return Collection(target, tuple(members), warnings=tuple(warnings))


def _refuse_small_updates(members: Sequence[Member], target: Path, accepted: bool) -> list[str]:
    """Compare each cohort with what its book replaces; give what the user should know."""
    problems: list[Problem] = []
    notes: list[str] = []
    for member in members:
        if member.plan:
            cohort, smallest = member.plan.cohort, member.plan.min_cell
            found, told = owner.small_update(
                cohort, target / member.slug, smallest, accepted=accepted
            )
            problems += found
            notes += told
    if problems:
        raise InputError(str(target), problems)
    return notes


# --- cohorts -----------------------------------------------------------------------------------


def _admit_all(
    book: Book, requests: Sequence[Request], assignments: Sequence[str], min_cell: int | None
) -> list[Member]:
    """Admit the cohorts that can be used, each under a name and a folder of its own."""
    members: list[Member] = []
    first: dict[str, str] = {}
    twins = []
    for request in requests:
        names, slugs = {m.name for m in members}, {m.slug for m in members}
        try:
            plan = prepare(book, request, assignments, min_cell)
        except InputError as error:
            name = free_name(slug(Path(request.cohort).stem) or "cohort", names)
            where = f" (in {error.source})"
            problems = tuple(replace(p, what=f"{p.what}{where}") for p in error.problems)
            lines = tuple(str(error).splitlines())
            members.append(Member(name, free_slug(name, slugs), None, problems, lines))
            continue
        name = free_name(plan.cohort.name, names)
        plan = replace(plan, cohort=replace(plan.cohort, name=name))
        members.append(Member(name, free_slug(name, slugs), plan))
        earlier = first.setdefault(plan.cohort.sha256, name)
        if earlier != name:
            what = f"{shown(name)} holds the same patients as {shown(earlier)}"
            twins.append(Problem(what, "Name each cohort once"))
    if not any(m.plan for m in members):
        twins = [problem for m in members for problem in m.problems]
    if twins:
        raise InputError(f"{len(members)} cohorts", twins)
    return members


def free_name(name: str, taken: Names[str]) -> str:
    """Number a name that is taken."""
    tries = chain([name], (f"{name} ({number})" for number in count(2)))
    return next(free for free in tries if free not in taken)


def free_slug(name: str, taken: Names[str]) -> str:
    """Name a folder so that it is allowed on every file system, and free."""
    start = slug(name) or "cohort"
    if start in RESERVED:
        start = f"cohort-{start}"
    ends = chain([""], (f"-{number}" for number in count(2)))
    tries = (start[: LONGEST - len(end)].rstrip("-") + end for end in ends)
    return next(free for free in tries if free not in taken)


def _key(book: Book, members: Sequence[Member]) -> str:
    """Hash everything the site depends on; the prose is part of each plan's key."""
    known = [(m.name, m.slug, m.plan.key if m.plan else m.about()["failed"]) for m in members]
    source = book.source(COMPARISON).read_text(encoding="utf-8")
    return hashlib.sha256(json.dumps([source, known]).encode()).hexdigest()


# --- building ----------------------------------------------------------------------------------


def _build(member: Member, staging: Path, target: Path, cache: Path, jobs: int) -> None:
    """Build a cohort's book, or keep the lines that say why not."""
    if member.plan is None:
        return
    tqdm.write(f"{member.name}:", file=sys.stderr)
    book = _derived(member.plan.book, staging / "book", {"cart_home": "../index.html"})
    # where the start page will be, so that the way back leads somewhere when it is checked
    (staging / "site" / "_build").mkdir(parents=True)
    (staging / "site" / "_build" / "index.html").touch()
    plan = replace(member.plan, book=book)
    try:
        with private_folder(target) as private:
            member.built = build_site(plan, staging / "site", private, cache, jobs)
    except execute.Failures as failures:
        member.lines = tuple(failures.lines)


def _start_site(
    book: Book,
    members: Sequence[Member],
    assignments: Mapping[str, Any],
    staging: Path,
    private: Path,
    cache: Path,
    jobs: int,
) -> tuple[Path, dict[str, Any]]:
    """Build the start page and the comparison of the cohorts whose books were built."""
    start = _derived(book, staging / "book", {}, toc=book.root / START / TOC)
    plans = [m.plan for m in members if m.plan and m.built]
    smallest = max(p.min_cell for p in plans)
    files, kept = {}, {}
    for number, plan in enumerate(plans, start=1):
        is_default = plan.cohort.is_default
        files[plan.cohort.name] = DEFAULT_COHORT if is_default else f"cohort-{number}{SETTLED}"
        if not is_default:  # the comparison needs the contract's columns only
            own = [c for c in plan.cohort.table if c not in FIELDS]
            plain = replace(plan.cohort, table=plan.cohort.table.drop(columns=own))
            kept[files[plan.cohort.name]] = plain
    vault = keep(kept, smallest, private)
    declared = parameters.declared(start.notebook(COMPARISON), COMPARISON)
    chosen = {name: value for name, value in assignments.items() if name in declared}
    values = {COMPARISON: {"cohorts": write_members(files), "min_cell": smallest} | chosen}
    # of patients' data the hashes are keyed already
    patients = hashlib.sha256("".join(p.data for p in plans).encode()).hexdigest()
    keys = execute.chapter_keys(start, patients, values)
    sources = staging / "source"
    # stands for all of them where one cohort is expected
    together = Cohort(f"{len(plans)} cohorts", pd.DataFrame())
    cohorts = [m.about() for m in members]
    with closing(site.JupyterBook(start, sources, staging)) as jupyter_book:
        chapters = execute.execute(start, keys, values, private, cache, jobs, vault)
        folder = sources / site.ARTEFACTS
        gathered = artefacts.harvest(chapters, together, folder, smallest, patients)
        path = folder / artefacts.ABOUT
        about = json.loads(path.read_text(encoding="utf-8"))
        about |= {"cohorts": cohorts, "banner": banner(cohorts, smallest)}
        path.write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")
        site.stage(start, together, gathered, sources)
        html = jupyter_book.build()
    record = about_run(start, values, smallest, chapters) | {
        "cohorts": [
            m.about() | ({m.plan.seal.name: m.plan.data} if m.plan else {}) for m in members
        ],
        "failed": [m.slug for m in members if m.plan and m.failed],
    }
    return html, record


# --- sources -----------------------------------------------------------------------------------


def _require_start(book: Book) -> None:
    needed = (f"{START}/{TOC}", f"{CHAPTERS}/{COMPARISON}.py")
    if absent := [name for name in needed if not (book.root / name).is_file()]:
        what = f"{', '.join(absent)} not found: the book has no start page for several cohorts"
        remedy = "Take them from the repository, or publish the cohorts one by one"
        raise InputError(str(book.root), [Problem(what, remedy)])


def _derived(
    book: Book, folder: Path, settings: Mapping[str, Any], toc: Path | None = None
) -> Book:
    """Copy a book's sources, with another table of contents and some settings of its own."""
    for name in (PROSE, CHAPTERS):
        shutil.copytree(book.root / name, folder / name)
    if (book.root / LOCK).is_file():
        shutil.copy(book.root / LOCK, folder / LOCK)
    shutil.copy(toc or book.root / TOC, folder / TOC)
    config = yaml.safe_load((book.root / CONFIG).read_text(encoding="utf-8"))
    config["sphinx"]["extra_extensions"].append(EXTENSION)
    config["sphinx"]["config"] |= settings
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    (folder / CONFIG).write_text(text, encoding="utf-8")
    return Book(folder)
