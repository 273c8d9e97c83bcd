"""The publish command's steps, in order."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cartanalysis
from cartanalysis.chapter import parameters
from cartanalysis.chapter.disclosure import CONFIDENCES, DEFAULT_MIN_CELL
from cartanalysis.chapter.disclosure.recognise import recognise
from cartanalysis.contract import DEFAULT_COHORT, FIELDS, Cohort
from cartanalysis.errors import InputError, Problem, counted, shown
from cartanalysis.intake import SETTLED, split_names
from cartanalysis.intake.admission import Request, admit
from cartanalysis.publish import artefacts, checks, execute, owned, owner, site
from cartanalysis.publish.book import CHAPTERS, CONFIG, PROSE, TOC, Book, find
from cartanalysis.publish.owned import About
from cartanalysis.publish.owner import Seal
from cartanalysis.publish.places import (
    clear,
    naming,
    private_folder,
    replace_folder,
    staging_for,
    user_cache,
)
from cartanalysis.publish.verify import FILE, RUN, differences, entries, read_run, write_record

if TYPE_CHECKING:
    from cartanalysis.chapter.disclosure.vault import Vault

COHORT_FILE, STRATA_FILE = f"cohort{SETTLED}", f"cohort-with-strata{SETTLED}"
"""Names under which chapters see a user's cohort: their pages show no path of the machine."""

STRATA = "strata"
"""Parameter of the chapter that compares groups of the user's own choice."""


@dataclass(frozen=True)
class Published:
    """What a run did."""

    site: Path
    executed: tuple[str, ...] = ()
    reused: tuple[str, ...] = ()  # chapters whose earlier outputs still held
    unchanged: bool = False  # the site was there already, from the same inputs
    warnings: tuple[str, ...] = ()  # of intake, and what chapters wrote to their error stream


@dataclass(frozen=True)
class Plan:
    """A cohort that was admitted, and what its chapters will be run with."""

    book: Book
    cohort: Cohort
    values: dict[str, dict[str, Any]]  # parameters, by chapter
    keys: dict[str, str]  # hashes of everything that a chapter's outputs depend on
    min_cell: int  # the smallest count of patients shown
    seal: Seal
    about: About = field(default_factory=About)  # what the owner says of the book

    @property
    def data(self) -> str:
        """Hash of the cohort."""
        return self.seal(self.cohort.to_csv())

    @property
    def key(self) -> str:
        """Hash of everything the site depends on."""
        known = [self.keys, self.cohort.name, list(self.cohort.notes), self.min_cell]
        known.append(self.about.key())
        digest = hashlib.sha256(json.dumps(known, sort_keys=True).encode())
        root = self.book.root
        files = [root / CONFIG, root / TOC]
        files += sorted(p for p in (root / PROSE).rglob("*") if p.is_file())
        for path in files:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return self.seal(digest.hexdigest())


@dataclass(frozen=True)
class Built:
    """A site that was built and checked, but not put in its place."""

    html: Path
    chapters: tuple[execute.Executed, ...]
    warnings: tuple[str, ...]


def publish(
    request: Request | str = DEFAULT_COHORT,
    out: Path | None = None,
    assignments: Sequence[str] = (),
    *,
    min_cell: int | None = None,
    jobs: int = 2,
    book_root: Path | None = None,
    cache_dir: Path | None = None,
    accept_small_update: bool = False,
    about: About | None = None,
) -> Published:
    """Build the book about a cohort."""
    book = find(book_root)
    target = (out or book.root / "_build" / "html").resolve()
    check_target(target, book)
    wanted = Request(request) if isinstance(request, str) else request
    plan = prepare(book, wanted, assignments, min_cell)
    plan = replace(plan, about=about or About())
    if stands(target, plan.key):
        clear(target)
        names = tuple(book.chapters)
        return Published(target, reused=names, unchanged=True, warnings=plan.cohort.notes)
    problems, notes = owner.small_update(
        plan.cohort, target, plan.min_cell, accepted=accept_small_update
    )
    if problems:
        raise InputError(str(target), problems)
    cache = cache_for(book, cache_dir)
    with staging_for(target) as staging, private_folder(target) as private:
        built = build_site(plan, staging, private, cache, jobs)
        replace_folder(built.html, target)
    owner.remember(plan.cohort, target)
    return Published(
        target,
        executed=tuple(c.name for c in built.chapters if not c.reused),
        reused=tuple(c.name for c in built.chapters if c.reused),
        warnings=notes + built.warnings,
    )


def cache_for(book: Book, chosen: Path | None = None) -> Path:
    """Give the folder in which outputs of earlier runs are kept."""
    places = [chosen] if chosen else [book.root / "_build" / "cache", user_cache()]
    for place in places:
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=place):
                return place
        except OSError as error:
            why = error.strerror
    what = f"outputs of chapters cannot be kept here ({why})"
    raise InputError(str(places[-1]), [Problem(what, "Name another folder with --cache")])


def prepare(
    book: Book, request: Request, assignments: Sequence[str] = (), min_cell: int | None = None
) -> Plan:
    """Admit a cohort and give each chapter its parameters; nothing is written."""
    declared = {c: parameters.declared(book.notebook(c), c) for c in book.chapters}
    values = parameters.assign(declared, parameters.parse_assignments(assignments))
    named = next((v[STRATA] for v in values.values() if STRATA in v), None)
    usual = next((d[STRATA].default for d in declared.values() if STRATA in d), "")
    cohort = recognise(admit(request, split_names(usual if named is None else named)))
    if named is None:  # nobody asked for groups that the cohort does not have
        known = cohort.table.dropna(axis="columns", how="all")
        cohort = replace(cohort, strata=tuple(n for n in cohort.strata if n in known))
    smallest = 1
    if not cohort.is_reconstruction:
        smallest = DEFAULT_MIN_CELL if min_cell is None else min_cell
        if len(cohort.table) < smallest:
            of = counted(len(cohort.table), "patient")
            what = f"{of}, fewer than the smallest count shown ({smallest})"
            remedy = "For a site that stays in the house, say --min-cell 1"
            raise InputError(cohort.name, [Problem(what, remedy)])
        if smallest > 1:
            _refuse_fine_intervals(values)
    for chapter, given in values.items():
        file = STRATA_FILE if STRATA in declared[chapter] else COHORT_FILE
        given["cohort"] = DEFAULT_COHORT if cohort.is_default else file
        if STRATA in declared[chapter] and not cohort.is_default:
            given[STRATA] = ",".join(cohort.strata)
        if "min_cell" in declared[chapter]:
            given["min_cell"] = smallest
    seal = owner.seal_for(cohort)
    keys = execute.chapter_keys(book, seal(cohort.to_csv()), values)
    return Plan(book, cohort, values, keys, smallest, seal)


def _refuse_fine_intervals(values: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse intervals of any coverage: several sites would tell the numbers behind them."""
    asked = {v["confidence"] for v in values.values() if "confidence" in v}
    if unusual := asked - set(CONFIDENCES):
        what = f"the page would show intervals that cover {min(unusual):g}"
        choices = ", ".join(f"{c:g}" for c in CONFIDENCES)
        remedy = f"Where small counts are hidden, choose one of {choices}"
        raise InputError("-p confidence", [Problem(what, remedy)])


def build_site(plan: Plan, staging: Path, private: Path, cache: Path, jobs: int) -> Built:
    """Run a plan's chapters, build the pages and check them."""
    started = datetime.now(UTC)
    sources = staging / "source"
    with (  # both load while other things are done
        closing(execute.kernels_for(plan.keys, private, cache)) as kernels,
        closing(site.JupyterBook(plan.book, sources, staging)) as jupyter_book,
    ):
        vault = None
        if not plan.cohort.is_default:
            own = [c for c in plan.cohort.strata if c not in FIELDS]
            plain = plan.cohort.table.drop(columns=own, errors="ignore")
            cohorts = {
                COHORT_FILE: replace(plan.cohort, table=plain, strata=()),
                STRATA_FILE: plan.cohort,
            }
            vault = keep(cohorts, plan.min_cell, private)
        chapters = execute.execute(
            plan.book, plan.keys, plan.values, private, cache, jobs, vault, kernels
        )
        gathered = artefacts.harvest(
            chapters,
            plan.cohort,
            sources / site.ARTEFACTS,
            plan.min_cell,
            plan.data,
            complete=plan.cohort.is_reconstruction or not owned.is_told(plan.book),
        )
        staged = site.stage(plan.book, plan.cohort, gathered, sources, plan.about)
        html = jupyter_book.build()
    problems = checks.check(html, staged.pages)
    if problems:
        raise execute.Failures(problems)
    write_run(
        html,
        about_run(plan.book, plan.values, plan.min_cell, chapters)
        | {
            "pages": staged.pages,
            "about": plan.about.record(),
            "cohort": {
                "name": plan.cohort.name,
                plan.seal.name: plan.data,
                "patients": len(plan.cohort.table),
                "is_reconstruction": plan.cohort.is_reconstruction,
            },
        },
        plan.key,
        started,
    )
    return Built(html, tuple(chapters), plan.cohort.notes + gathered.warnings)


def keep(cohorts: Mapping[str, Cohort], smallest: int, private: Path) -> Vault | None:
    """Keep protected cohorts in a vault; write others where the chapters will read them."""
    protected = {}
    for name, cohort in cohorts.items():
        if smallest > 1 and not cohort.is_reconstruction:
            protected[name] = cohort
            continue
        with naming(private.parent):
            (private / name).write_text(cohort.to_csv(), encoding="utf-8")
    if not protected:
        return None
    from cartanalysis.chapter.disclosure.vault import Vault  # slow to import

    return Vault(protected, smallest)


def about_run(
    book: Book,
    values: Mapping[str, Any],
    min_cell: int,
    chapters: Sequence[execute.Executed],
) -> dict[str, Any]:
    """Say what chapters were run with."""
    return {
        "environment": execute.environment(book),
        "min_cell": min_cell,
        "parameters": values,
        "chapters": {
            c.name: {"key": c.key, "seconds": round(c.seconds, 2), "reused": c.reused}
            for c in chapters
        },
    }


def check_target(target: Path, book: Book) -> None:
    """Refuse to replace anything that is not a site of ours, whole and nothing else."""
    remedy = "Name another with --out, or remove it yourself"
    sources = [book.root / name for name in (PROSE, CHAPTERS, "cartanalysis")]
    if target in (book.root, *book.root.parents) or any(map(target.is_relative_to, sources)):
        what = "the output folder is, or lies among, the book's sources"
        remedy = "Name another with --out"
    elif not target.exists():
        return
    elif not target.is_dir():
        what = "the output is not a folder"
    else:
        present = dict(entries(target))
        run = read_run(target)
        ours = {RUN, *run["files"]} if run else set()
        if not run and {artefacts.RESULTS, "_static/cart.css"} <= set(present):
            ours = set(present)  # made by a plain `jupyter-book build`, which leaves no record
        foreign = sorted(name for name, kind in present.items() if name not in ours or kind != FILE)
        if not foreign:
            return
        example = f"{shown(foreign[0])}, {present[foreign[0]]}"
        what = f"the output folder holds something else than a site of this book ({example})"
    raise InputError(str(target), [Problem(what, remedy)])


def stands(target: Path, run_key: str) -> bool:
    """Tell whether a site is there, from the same inputs, every file as it was written."""
    return read_run(target).get("key") == run_key and not differences(target)


def write_run(html: Path, about: Mapping[str, Any], run_key: str, started: datetime) -> None:
    """Write what a run was made of, and when."""
    times = {"started": started, "finished": datetime.now(UTC)}
    told = {name: moment.isoformat(timespec="seconds") for name, moment in times.items()}
    version = cartanalysis.__version__
    write_record(html, {"cartanalysis": version, "key": run_key, **about, **told})
