"""Several cohorts in one site: a start page, a book for each, and the comparison."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from tqdm import tqdm

from cartanalysis.chapter import parameters
from cartanalysis.chapter.disclosure.vault import Vault
from cartanalysis.chapter.handover import slug
from cartanalysis.contract import DEFAULT_COHORT, FIELDS, Cohort
from cartanalysis.errors import InputError, Problem, shown
from cartanalysis.intake.admission import Request
from cartanalysis.publish import artefacts, checks, execute, owner, site
from cartanalysis.publish.book import CHAPTERS, CONFIG, PROSE, TOC, Book, find
from cartanalysis.publish.replace import replace_folder
from cartanalysis.publish.run import (
    Built,
    Plan,
    build_site,
    cache_for,
    check_target,
    prepare,
    stands,
    write_run,
)
from cartanalysis.publish.scratch import naming, private_folder
from cartanalysis.publish.staging import clear, staging_for
from cartanalysis.publish.verify import read_run
from cartanalysis.sites.collection_ext import COLLECTION
from cartanalysis.sites.several import write_members

COMPARISON = "comparison"
START = f"{PROSE}/collection"
EXTENSION = "cartanalysis.sites.collection_ext"
LOCK = "requirements.txt"

RESERVED = frozenset(
    {
        PROSE,
        CHAPTERS,
        "data",
        "figures",
        "slides",
        "source",
        "student",
        "try",
        "con",
        "prn",
        "aux",
        "nul",
    }
    | {f"{port}{i}" for port in ("com", "lpt") for i in range(10)}
)
"""Folders of the start page, and names that Windows keeps for itself."""

LONGEST = 40


@dataclass(frozen=True)
class Outcome:
    """What became of one cohort.

    Attributes
    ----------
    name : str
        Its name on the pages.
    slug : str
        Its folder in the site.
    lines : tuple of str
        Why it could not be published, one problem per line; empty if it was.
    """

    name: str
    slug: str
    lines: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether it could not be published."""
        return bool(self.lines)


@dataclass(frozen=True)
class Collection:
    """What a run over several cohorts did.

    Attributes
    ----------
    site : pathlib.Path
        Folder of the website.
    outcomes : tuple of Outcome
        One per cohort, in the order given.
    unchanged : bool
        Whether the site was there already, from the same inputs.
    warnings : tuple of str
        What was handled while reading, and what chapters wrote to their error stream; each begins
        with the cohort's name.
    """

    site: Path
    outcomes: tuple[Outcome, ...]
    unchanged: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether any cohort could not be published."""
        return any(o.failed for o in self.outcomes)


@dataclass(frozen=True)
class _Member:
    """A cohort on its way into the site: admitted with a plan, or refused with its problems."""

    name: str
    slug: str
    plan: Plan | None = None
    refusal: InputError | None = None
    lines: tuple[str, ...] = ()
    built: Built | None = None

    @property
    def outcome(self) -> Outcome:
        refused = str(self.refusal).splitlines() if self.refusal else ()
        return Outcome(self.name, self.slug, (*refused, *self.lines))

    def about(self) -> dict[str, Any]:
        """Say what the start page shows; why something failed may quote patients' data."""
        failed = ""
        if self.refusal:
            count = len(self.refusal.problems)
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
    _check_assignments(book, assignments)
    members = _admit_all(book, requests, assignments, min_cell)
    key = _key(book, members)
    warnings = [f"{m.name}: {n}" for m in members if m.plan for n in m.plan.cohort.notes]
    if stands(target, key) and not read_run(target).get("failed"):
        clear(target)
        outcomes = tuple(m.outcome for m in members)
        return Collection(target, outcomes, unchanged=True, warnings=tuple(warnings))
    notes = _refuse_small_updates(members, target, accept_small_update)
    cache = cache_for(book, cache_dir)
    with staging_for(target) as staging:
        started = datetime.now(UTC)
        members = [_build(m, staging / "books" / m.slug, target, cache, jobs) for m in members]
        if not any(m.built for m in members):
            raise execute.Failures([f"{m.name}: {x}" for m in members for x in m.outcome.lines])
        built = [f"{m.name}: {w}" for m in members if m.built for w in m.built.warnings]
        warnings = [*notes, *built]
        with private_folder(target) as private:
            html, about = _start_site(
                book, members, assignments, staging / "start", private, cache, jobs
            )
        for member in members:
            if member.built:
                member.built.html.rename(html / member.slug)
        if problems := checks.check(html, _start_pages(book)):
            raise execute.Failures(problems)
        write_run(html, about, key, started)
        replace_folder(html, target)
    for member in members:
        if member.plan and member.built:
            owner.remember(member.plan.cohort, target / member.slug)
    return Collection(target, tuple(m.outcome for m in members), warnings=tuple(warnings))


def _refuse_small_updates(members: Sequence[_Member], target: Path, accepted: bool) -> list[str]:
    """Compare each cohort with what its book replaces; give what the user should know."""
    problems: list[Problem] = []
    notes: list[str] = []
    for member in members:
        if member.plan:
            smallest = member.plan.min_cell
            found, told = owner.small_update(
                member.plan.cohort, target / member.slug, smallest, accepted=accepted
            )
            problems += found
            notes += told
    if problems:
        raise InputError(str(target), problems)
    return notes


# --- cohorts -----------------------------------------------------------------------------------


def _check_assignments(book: Book, assignments: Sequence[str]) -> None:
    """Refuse wrong parameters once, not once for each cohort."""
    declared = {c: parameters.declared(book.notebook(c), c) for c in book.chapters}
    parameters.assign(declared, parameters.parse_assignments(assignments))


def _admit_all(
    book: Book, requests: Sequence[Request], assignments: Sequence[str], min_cell: int | None
) -> list[_Member]:
    """Admit the cohorts that can be used, each under a name and a folder of its own."""
    members: list[_Member] = []
    for request in requests:
        try:
            plan = prepare(book, request, assignments, min_cell)
        except InputError as error:
            name = _free_name(slug(Path(request.cohort).stem) or "cohort", members)
            members.append(_Member(name, _free_slug(name, members), refusal=error))
            continue
        name = _free_name(plan.cohort.name, members)
        plan = replace(plan, cohort=replace(plan.cohort, name=name))
        members.append(_Member(name, _free_slug(name, members), plan))
    _refuse_twins(members)
    if not any(m.plan for m in members):
        raise InputError(f"{len(members)} cohorts", _problems(members))
    return members


def _problems(members: Sequence[_Member]) -> list[Problem]:
    """Give the problems of all files, each with its file."""
    return [
        replace(problem, what=f"{problem.what} (in {member.refusal.source})")
        for member in members
        if member.refusal
        for problem in member.refusal.problems
    ]


def _refuse_twins(members: Sequence[_Member]) -> None:
    first: dict[str, str] = {}
    problems = []
    for member in members:
        if member.plan:
            earlier = first.setdefault(member.plan.cohort.sha256, member.name)
            if earlier != member.name:
                what = f"{shown(member.name)} holds the same patients as {shown(earlier)}"
                problems.append(Problem(what, "Name each cohort once"))
    if problems:
        raise InputError(f"{len(members)} cohorts", problems)


def _free_name(name: str, members: Sequence[_Member]) -> str:
    """Number a name that is taken."""
    taken, number = {m.name for m in members}, 1
    free = name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def _free_slug(name: str, members: Sequence[_Member]) -> str:
    """Name a folder so that it is allowed on every file system, and free."""
    start = slug(name) or "cohort"
    if start in RESERVED:
        start = f"cohort-{start}"
    taken, number = {m.slug for m in members}, 1
    free = start[:LONGEST].rstrip("-")
    while free in taken:
        number += 1
        free = f"{start[: LONGEST - len(str(number)) - 1].rstrip('-')}-{number}"
    return free


def _key(book: Book, members: Sequence[_Member]) -> str:
    """Hash everything the site depends on; the prose is part of each plan's key."""
    known = [(m.name, m.slug, m.plan.key if m.plan else m.about()["failed"]) for m in members]
    source = book.source(COMPARISON).read_text(encoding="utf-8")
    return hashlib.sha256(json.dumps([source, known]).encode()).hexdigest()


# --- building ----------------------------------------------------------------------------------


def _build(member: _Member, staging: Path, target: Path, cache: Path, jobs: int) -> _Member:
    """Build a cohort's book; what fails comes back as its lines."""
    if member.plan is None:
        return member
    tqdm.write(f"{member.name}:", file=sys.stderr)
    settings = {"cart_home": "../index.html"}
    book = _derived(member.plan.book, staging / "book", settings)
    # where the start page will be, so that the way back leads somewhere when it is checked
    (staging / "site" / "_build").mkdir(parents=True)
    (staging / "site" / "_build" / "index.html").touch()
    plan = replace(member.plan, book=book)
    try:
        with private_folder(target) as private:
            built = build_site(plan, staging / "site", private, cache, jobs)
    except execute.Failures as failures:
        return replace(member, lines=tuple(failures.lines))
    return replace(member, built=built)


def _start_site(
    book: Book,
    members: Sequence[_Member],
    assignments: Sequence[str],
    staging: Path,
    private: Path,
    cache: Path,
    jobs: int,
) -> tuple[Path, dict[str, Any]]:
    """Build the start page and the comparison of the cohorts whose books were built."""
    start = _derived(book, staging / "book", {"cart_collection": True}, toc=book.root / START / TOC)
    plans = [m.plan for m in members if m.plan and m.built]
    sources = staging / "source"
    files, protected = {}, {}
    for number, plan in enumerate(plans, start=1):
        files[plan.cohort.name] = DEFAULT_COHORT
        if not plan.cohort.is_default:
            files[plan.cohort.name] = f"cohort-{number}.csv"
            if plan.min_cell > 1:
                protected[files[plan.cohort.name]] = _plain(plan.cohort)
                continue
            text = _plain(plan.cohort).to_csv()
            with naming(private.parent):
                (private / files[plan.cohort.name]).write_text(text, encoding="utf-8")
    smallest = max(p.min_cell for p in plans)
    given = {"cohorts": write_members(files), "min_cell": smallest}
    declared = parameters.declared(start.notebook(COMPARISON), COMPARISON)
    for name, value in parameters.parse_assignments(assignments).items():
        if name in declared:
            given[name] = value
    values = {COMPARISON: given}
    # of patients' data the hashes are keyed already
    patients = hashlib.sha256("".join(p.data for p in plans).encode()).hexdigest()
    keys = execute.chapter_keys(start, patients, values)
    vault = Vault(protected, smallest) if protected else None
    chapters = execute.execute(start, keys, values, private, cache, jobs, vault)
    # stands for all of them where one cohort is expected; its banner is replaced
    together = Cohort(f"{len(plans)} cohorts", pd.DataFrame())
    gathered = artefacts.harvest(chapters, together, sources / site.ARTEFACTS, smallest, patients)
    text = json.dumps([m.about() for m in members], ensure_ascii=False, indent=1)
    (sources / site.ARTEFACTS / COLLECTION).write_text(text, encoding="utf-8")
    site.stage(start, together, gathered, sources)
    html = site.build(sources, staging)
    about = {
        "environment": execute.environment(start),
        "cohorts": [
            m.about() | ({m.plan.seal.name: m.plan.data} if m.plan else {}) for m in members
        ],
        "failed": [m.slug for m in members if m.lines],
        "min_cell": smallest,
        "parameters": values,
        "chapters": {
            c.name: {"key": c.key, "seconds": round(c.seconds, 2), "reused": c.reused}
            for c in chapters
        },
    }
    return html, about


def _plain(cohort: Cohort) -> Cohort:
    """Leave columns of the user's own out: the comparison needs the contract's only."""
    own = [c for c in cohort.table if c not in FIELDS]
    return replace(cohort, table=cohort.table.drop(columns=own))


# --- sources -----------------------------------------------------------------------------------


def _require_start(book: Book) -> None:
    absent = [
        name
        for name in (f"{START}/{TOC}", f"{CHAPTERS}/{COMPARISON}.py")
        if not (book.root / name).is_file()
    ]
    if absent:
        what = f"{', '.join(absent)} not found: the book has no start page for several cohorts"
        remedy = "Take them from the repository, or publish the cohorts one by one"
        raise InputError(str(book.root), [Problem(what, remedy)])


def _start_pages(book: Book) -> list[str]:
    return Book(book.root / START).pages


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
