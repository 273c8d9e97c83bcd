"""Run the analyses of a published CAR T study on your own patients, and learn which of its
claims they bear out.

Three commands to begin with:
  validate   check a file: can it be used, and if not, why?
               cartanalysis validate my-cohort.csv
  map        your columns have other names: propose which is which
               cartanalysis map my-export.xlsx --out mapping.yml
  publish    build the website about your cohort, or about several
               cartanalysis publish my-cohort.csv --out my-site

More about a cohort:
  replicate     the verdict on each of the paper's claims, in the terminal
  template      write an empty cohort and its data dictionary
  example       write a public cohort, to try things out
  reconstruct   write a cohort that agrees with every published value in hand

A site that was published:
  verify     is it still what was published?
  pdf        print it as a PDF beside its pages

Teaching:
  classroom  write one zip for a class without internet
  mark       mark a student's answers

“cartanalysis publish --help” tells the options of a command. Nothing is sent anywhere.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cartanalysis
from cartanalysis.errors import InputError, Problem
from cartanalysis.publish.scratch import FULL, clear_private

if TYPE_CHECKING:
    from cartanalysis.intake.admission import Request
    from cartanalysis.publish.run import Published
    from cartanalysis.sites.collection import Collection

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    top = argparse.ArgumentParser(
        prog="cartanalysis",
        usage="cartanalysis COMMAND …",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=cartanalysis.__version__)
    commands = top.add_subparsers(
        prog=top.prog, required=True, metavar="COMMAND", help=argparse.SUPPRESS
    )
    for run, options in COMMANDS.items():
        command = commands.add_parser(run.__name__.removeprefix("_"), description=run.__doc__)
        command.set_defaults(run=run)
        for name, settings in options:
            command.add_argument(name, **settings)
    return top


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a whole number, 1 or more")
    return int(text)


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError("give the 64 digits (0 to 9, a to f) that were printed")
    return text


def _between(low: float, high: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"give a number from {low:g} to {high:g}")
        return value

    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may not know every letter
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    if threading.current_thread() is threading.main_thread():
        # asked to stop from outside, or the terminal was closed: clear up as after Ctrl-C
        for name in ("SIGTERM", "SIGHUP"):
            asked = getattr(signal, name, None)
            if asked and signal.getsignal(asked) == signal.SIG_DFL:
                signal.signal(asked, signal.default_int_handler)
    try:
        clear_private()
        status: int = options.run(options) or 0
        sys.stdout.flush()
    except InputError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # else who reads has read enough, as `head`
            place = error.filename or "the output"
            print(f"{place} cannot be read or written: {error.strerror}", file=sys.stderr)
        if error.filename is None:  # what is still to be printed has nowhere to go
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        print("Interrupted; an earlier site stands as it was.", file=sys.stderr)
        return INTERRUPTED
    return status


def _open_streams() -> None:
    """Let what has nowhere to go (``>&-``) go nowhere, not into the next file that is opened."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))


def _request(options: argparse.Namespace) -> Request:
    from cartanalysis.contract import DEFAULT_COHORT
    from cartanalysis.intake.admission import Request

    cohort = options.cohort or DEFAULT_COHORT
    return Request(cohort, options.mapping, options.sheet, options.dictionary)


def _print_json(report: Any) -> None:
    print(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False))


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"Note: {note}")


def _write_new(path: Path, text: str, remedy: str) -> None:
    if path.exists():
        raise InputError(str(path), [Problem("the file exists already", remedy)])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"the file cannot be written ({error.strerror})"
        raise InputError(str(path), [Problem(what, "Name another place")]) from error


# --- commands ----------------------------------------------------------------------------------
# each imports what it needs: most of it is slow to import and not needed by the others


def _publish(options: argparse.Namespace) -> int:
    """Build the book about one cohort, or a site about several with a comparison."""
    from cartanalysis.contract import DEFAULT_COHORT
    from cartanalysis.intake.admission import Request
    from cartanalysis.publish.execute import Failures
    from cartanalysis.publish.run import publish
    from cartanalysis.sites.collection import publish_all

    cohorts, mappings = options.cohort or [DEFAULT_COHORT], options.mapping
    if len(mappings) not in (0, 1, len(cohorts)):
        what = f"{len(mappings)} mappings for {len(cohorts)} cohorts"
        raise InputError("--mapping", [Problem(what, "Give one for all cohorts, or one for each")])
    each = mappings if len(mappings) == len(cohorts) else (mappings or [None]) * len(cohorts)
    requests = [
        Request(c, None if c == DEFAULT_COHORT else m, options.sheet, options.dictionary)
        for c, m in zip(cohorts, each, strict=True)
    ]
    given = {
        "out": options.out,
        "assignments": options.p,
        "min_cell": options.min_cell,
        "jobs": options.jobs,
        "book_root": options.book,
        "cache_dir": options.cache,
        "accept_small_update": options.accept_small_update,
    }
    try:
        if len(requests) == 1:
            published: Published | Collection = publish(requests[0], **given)
        else:
            published = publish_all(requests, **given)
    except Failures as failures:
        lines = failures.lines
    except OSError as error:  # a full disk, a folder that went away
        lines = [f"{error.filename}: {error.strerror or type(error).__name__}"]
        if error.errno in FULL:
            lines[0] += ". Make room there, or name another place"
    else:
        return _tell(published)
    print("The book could not be published; an earlier site stands as it was.", file=sys.stderr)
    for line in lines:
        print(f"  {line}", file=sys.stderr)
    return FAILED


def _tell(done: Published | Collection) -> int:
    from cartanalysis.publish.run import Published
    from cartanalysis.publish.verify import digest

    _print_notes(done.warnings)
    if done.unchanged:
        print("Nothing changed since the last run.")
    place, status = (done.site / "index.html").as_uri(), 0
    if isinstance(done, Published):
        if not done.unchanged:
            print(f"Chapters executed: {len(done.executed)}, unchanged: {len(done.reused)}.")
        print(f"The book is at {place}")
    else:
        for outcome in done.outcomes:
            for line in outcome.lines:
                print(f"{outcome.name} could not be published: {line}", file=sys.stderr)
        published = sum(not o.failed for o in done.outcomes)
        print(f"Cohorts published: {published} of {len(done.outcomes)}.")
        print(f"The site is at {place}")
        status = FAILED if done.failed else 0
    print(f"Digest of the whole site, for “cartanalysis verify --digest”: {digest(done.site)}")
    return status


def _validate(options: argparse.Namespace) -> int:
    """Check a cohort without publishing it; everything wrong with it is told at once."""
    from cartanalysis.intake import split_names
    from cartanalysis.intake.admission import admit

    try:
        cohort = admit(_request(options), split_names(options.strata))
    except InputError as error:
        if not options.json:
            raise
        _print_json({"usable": False, "source": error.source, "problems": error.records()})
        return BAD_INPUT
    columns, count = list(cohort.table.columns), len(cohort.table)
    if options.json:
        report = {
            "usable": True,
            "source": cohort.name,
            "patients": count,
            "columns": columns,
            "notes": list(cohort.notes),
            "problems": [],
        }
        _print_json(report)
        return 0
    people = "patient" if count == 1 else "patients"
    print(f"{cohort.name}: {count} {people}, ready to be published.")
    print(f"Columns used: {', '.join(columns)}.")
    _print_notes(cohort.notes)
    return 0


def _replicate(options: argparse.Namespace) -> None:
    """Judge each of the paper's claims on a cohort."""
    from cartanalysis.claims import replication
    from cartanalysis.contract import derive
    from cartanalysis.intake.admission import admit
    from cartanalysis.study import published

    cohort = admit(_request(options))
    patients = derive(cohort.table, options.treg_cutoff)
    table = replication.claims(patients, published.load(), options.confidence)
    if options.json:
        report = {
            "cohort": cohort.name,
            "patients": len(cohort.table),
            "is_reconstruction": cohort.is_reconstruction,
            "confidence": options.confidence,
            "notes": list(cohort.notes),
            "claims": replication.records(table),
        }
        _print_json(report)
        return
    if cohort.is_reconstruction:
        print(
            f"{cohort.name}: a reconstruction, not patient data. All claims hold because it was "
            "built so; estimates that the paper does not give are assumed [A]."
        )
    else:
        print(f"{cohort.name}, {len(cohort.table)} patients")
    _print_notes(cohort.notes)
    print(replication.report(table))


def _map(options: argparse.Namespace) -> None:
    """Propose which of your columns is which of ours; what is uncertain waits for your yes."""
    from cartanalysis.intake.mapping import propose
    from cartanalysis.intake.reading import read_source

    source = read_source(options.cohort, sheet=options.sheet, dictionary=options.dictionary)
    proposal = propose(source)
    if proposal.problems:
        raise InputError(source.name, proposal.problems)
    if options.out is None:
        print(proposal.to_yaml(), end="")
    else:
        remedy = "Name another with --out, or remove it yourself"
        _write_new(options.out, proposal.to_yaml(), remedy)
        print(proposal.summary())


def _template(options: argparse.Namespace) -> None:
    """Write an empty cohort with its data dictionary."""
    from cartanalysis.intake.mapping import template

    for name, text in (
        ("cohort-template.csv", template.cohort_csv()),
        ("cohort-dictionary.csv", template.dictionary_csv()),
    ):
        path = options.folder / name
        _write_new(path, text, "Name another folder, or remove it yourself")
        print(f"Written: {path}")


def _verify(options: argparse.Namespace) -> int:
    """Check that a site is what a run wrote; with its digest, also against a changed record."""
    from cartanalysis.publish.verify import digest, verify

    try:
        count = verify(options.site, options.digest)
    except InputError as error:
        print(error, file=sys.stderr)
        return FAILED
    print(f"{count} files are as they were published.")
    if options.digest is None:
        now = digest(options.site)
        print(f"Digest of the whole site, to compare with the one you noted: {now}")
    return 0


def _pdf(options: argparse.Namespace) -> None:
    """Print a published book, as a PDF beside its pages; needs Chromium."""
    from cartanalysis.publish.book import find
    from cartanalysis.publish.pdf import write_pdf
    from cartanalysis.publish.verify import digest

    print(f"Written: {write_pdf(options.site, find(options.book).pages)}")
    print(f"Digest of the whole site from now on: {digest(options.site)}")


def _mark(options: argparse.Namespace) -> None:
    """Mark a student's answers against the cohort of the student's seed."""
    from cartanalysis.teaching import mark_file

    report = mark_file(options.answers, options.seed)
    if options.json:
        _print_json(report.records())
    else:
        print(report.text())


def _classroom(options: argparse.Namespace) -> None:
    """Write one zip for a class without internet."""
    from cartanalysis.publish.book import find
    from cartanalysis.teaching.classroom import classroom

    count = classroom(
        options.out,
        find(options.book),
        options.site,
        students=options.students,
        first_seed=options.first_seed,
        wheels=options.wheels,
        jobs=options.jobs,
    )
    print(f"{count} files: {options.out}")


def _example(options: argparse.Namespace) -> None:
    """Write a public cohort in our columns."""
    from cartanalysis.study.examples import EXAMPLES

    sys.stdout.write(EXAMPLES[options.name]().to_csv(index=False, lineterminator="\n"))


def _reconstruct(options: argparse.Namespace) -> None:
    """Write a cohort that agrees with every published value in hand."""
    from cartanalysis.study.reconstruct import reconstruct

    sys.stdout.write(reconstruct(options.seed))


# --- options -----------------------------------------------------------------------------------

Option = tuple[str, dict[str, Any]]


def _option(name: str, kind: Callable[[str], Any], meaning: str, **settings: Any) -> Option:
    return name, {"type": kind, "help": meaning, **settings}


def _flag(name: str, meaning: str) -> Option:
    return name, {"action": "store_true", "help": meaning}


def _repeated(name: str, kind: Callable[[str], Any], meaning: str, **settings: Any) -> Option:
    return _option(name, kind, meaning, action="append", default=[], **settings)


ANY_COHORT = "a file or folder (default: an2020, the reconstruction)"
MAPPING = "which of your columns is which of ours, as `map` writes it"
SITE = _option("site", Path, "folder of the site")
BOOK = _option("--book", Path, "folder of the book's sources")
JOBS = _option("--jobs", _positive, "chapters at a time (default: 2)", default=2)
JSON = _flag("--json", "for a program to read")
READING = (
    _option("--sheet", str, "sheet of a workbook"),
    _option("--dictionary", Path, "data dictionary of a REDCap export"),
)
ONE_COHORT = (
    _option("cohort", str, ANY_COHORT, nargs="?"),
    _option("--mapping", Path, MAPPING, metavar="FILE"),
    *READING,
)

COMMANDS: dict[Callable[[argparse.Namespace], int | None], tuple[Option, ...]] = {
    _publish: (
        _option("cohort", str, ANY_COHORT, nargs="*"),
        _repeated("--mapping", Path, f"{MAPPING}; one for all, or one for each", metavar="FILE"),
        *READING,
        _option("--out", Path, "folder of the site (default: _build/html)"),
        _repeated("-p", str, "a parameter of the chapters; may be repeated", metavar="NAME=VALUE"),
        _option(
            "--min-cell",
            _positive,
            "hide counts of fewer than K patients (default: 5; 1 hides nothing)",
            metavar="K",
        ),
        _flag(
            "--accept-small-update",
            "replace a site though very few patients changed; see “Your patients' privacy”",
        ),
        JOBS,
        BOOK,
        _option(
            "--cache",
            Path,
            "where outputs of chapters are kept (default: _build/cache, or your own)",
        ),
    ),
    _validate: (
        *ONE_COHORT,
        _option("--strata", str, "columns to compare groups by", default=""),
        JSON,
    ),
    _replicate: (
        *ONE_COHORT,
        _option(
            "--treg-cutoff",
            _between(0, 100),
            "regulatory T cells above this count as high (default: the median)",
        ),
        _option(
            "--confidence",
            _between(0.5, 0.999),
            "coverage of intervals (default: 0.95)",
            default=0.95,
        ),
        JSON,
    ),
    _map: (
        _option("cohort", str, "a file or folder"),
        *READING,
        _option("--out", Path, "mapping file to write (default: print it)"),
    ),
    _template: (_option("folder", Path, "where to", nargs="?", default=Path()),),
    _verify: (SITE, _option("--digest", _digest, "what was printed when it was published")),
    _pdf: (SITE, BOOK),
    _mark: (
        _option("answers", Path, "answer sheet"),
        _option("--seed", int, "the student's cohort", required=True),
        _flag("--json", "for a program; holds the right answers"),
    ),
    _classroom: (
        _option("--out", Path, "file to write (default: class.zip)", default=Path("class.zip")),
        _option("--site", Path, "a published site to put in"),
        _option("--students", _positive, "cohorts to draw (default: 30)", default=30),
        _option("--first-seed", int, "seed of the first (default: 1)", default=1),
        _option("--wheels", Path, "folder with wheels to put in"),
        JOBS,
        BOOK,
    ),
    _example: (_option("name", str, "which one", choices=["leukemia"]),),
    _reconstruct: (_option("--seed", int, "chooses the cohort (default: 2020)", default=2020),),
}
"""The commands, and what each can be told."""


if __name__ == "__main__":
    sys.exit(main())
