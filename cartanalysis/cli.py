"""The command line, thin."""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cartanalysis
from cartanalysis.contract import DEFAULT_COHORT
from cartanalysis.errors import InputError, Problem
from cartanalysis.publish.scratch import FULL, clear_private

if TYPE_CHECKING:
    from cartanalysis.intake.admission import Request
    from cartanalysis.publish.run import Published
    from cartanalysis.sites.collection import Collection

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130

COHORT_HELP = "a file or folder (default: %(default)s, the reconstruction)"


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    top = argparse.ArgumentParser(prog="cartanalysis", description=cartanalysis.__doc__)
    top.add_argument("--version", action="version", version=cartanalysis.__version__)
    commands = top.add_subparsers(dest="command", required=True)

    publish = commands.add_parser("publish", help="build the book about one cohort or several")
    publish.add_argument("cohort", nargs="*", default=[DEFAULT_COHORT], help=COHORT_HELP)
    publish.add_argument(
        "--mapping", type=Path, action="append", default=[], metavar="FILE",
        help="which of your columns is which of ours; one for all cohorts, or one for each",
    )  # fmt: skip
    _reading(publish)
    publish.add_argument("--out", type=Path, help="folder of the site (default: _build/html)")
    publish.add_argument(
        "-p", dest="parameters", metavar="NAME=VALUE", action="append", default=[],
        help="a parameter of the chapters; may be repeated",
    )  # fmt: skip
    publish.add_argument(
        "--min-cell", type=_positive, metavar="K",
        help="hide counts of fewer than K patients (default: 5; 1 hides nothing)",
    )  # fmt: skip
    publish.add_argument(
        "--accept-small-update", action="store_true",
        help="replace a site though very few patients changed; see “Your patients' privacy”",
    )  # fmt: skip
    publish.add_argument("--jobs", type=_positive, default=2, help="chapters at a time")
    publish.add_argument("--book", type=Path, help="folder of the book's sources")
    publish.add_argument(
        "--cache", type=Path, metavar="FOLDER",
        help="where outputs of chapters are kept (default: _build/cache, or the user's own)",
    )  # fmt: skip

    check = commands.add_parser("validate", help="check a cohort without publishing it")
    _one_cohort(check)
    check.add_argument("--strata", default="", help="columns to compare groups by")
    check.add_argument("--json", action="store_true", help="for a program to read")

    verdicts = commands.add_parser("replicate", help="judge the paper's claims on a cohort")
    _one_cohort(verdicts)
    verdicts.add_argument("--json", action="store_true", help="for a program to read")
    verdicts.add_argument(
        "--treg-cutoff", type=_between(0, 100), metavar="PERCENT",
        help="regulatory T cells above this count as high (default: the cohort's median)",
    )  # fmt: skip
    verdicts.add_argument(
        "--confidence", type=_between(0.5, 0.999), default=0.95, help="coverage of intervals"
    )

    proposal = commands.add_parser("map", help="propose which of your columns is which of ours")
    proposal.add_argument("cohort", help="a file or folder")
    _reading(proposal)
    proposal.add_argument("--out", type=Path, help="mapping file to write (default: print it)")

    template = commands.add_parser("template", help="write an empty cohort and its dictionary")
    template.add_argument("folder", type=Path, nargs="?", default=Path(), help="where to")

    verify = commands.add_parser("verify", help="check that a site is what was published")
    verify.add_argument("site", type=Path, help="folder of the site")
    verify.add_argument("--digest", type=_digest, help="what was printed when it was published")

    pdf = commands.add_parser("pdf", help="print a published book, as a PDF beside its pages")
    pdf.add_argument("site", type=Path, help="folder of the site")
    pdf.add_argument("--book", type=Path, help="folder of the book's sources")

    mark = commands.add_parser("mark", help="mark a student's answers against a seed's cohort")
    mark.add_argument("answers", type=Path, help="answer sheet")
    mark.add_argument("--seed", type=int, required=True, help="the student's cohort")
    mark.add_argument("--json", action="store_true", help="for a program; holds the right answers")

    classroom = commands.add_parser("classroom", help="write one zip for a class without internet")
    classroom.add_argument("--out", type=Path, default=Path("class.zip"), help="file to write")
    classroom.add_argument("--site", type=Path, help="a published site to put in")
    classroom.add_argument("--students", type=_positive, default=30, help="cohorts to draw")
    classroom.add_argument("--first-seed", type=int, default=1, help="seed of the first")
    classroom.add_argument("--wheels", type=Path, help="folder with wheels to put in")
    classroom.add_argument("--jobs", type=_positive, default=2, help="chapters at a time")
    classroom.add_argument("--book", type=Path, help="folder of the book's sources")

    example = commands.add_parser("example", help="write a public cohort in our columns")
    example.add_argument("name", choices=["leukemia"])

    reconstruct = commands.add_parser(
        "reconstruct", help="write a cohort that agrees with every published value in hand"
    )
    reconstruct.add_argument("--seed", type=int, default=2020, help="chooses the cohort")
    return top


def _one_cohort(command: argparse.ArgumentParser) -> None:
    command.add_argument("cohort", nargs="?", default=DEFAULT_COHORT, help=COHORT_HELP)
    command.add_argument("--mapping", type=Path, metavar="FILE", help="see publish")
    _reading(command)


def _reading(command: argparse.ArgumentParser) -> None:
    command.add_argument("--sheet", help="sheet of a workbook")
    command.add_argument("--dictionary", type=Path, help="data dictionary of a REDCap export")


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
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "publish": _publish,
        "validate": _validate,
        "replicate": _replicate,
        "map": _map,
        "template": _template,
        "verify": _verify,
        "pdf": _pdf,
        "mark": _mark,
        "classroom": _classroom,
        "example": _example,
        "reconstruct": _reconstruct,
    }
    try:
        clear_private()
        status = commands[options.command](options)
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


# commands import what they need: most of it is slow to import and not needed by the others


def _publish(options: argparse.Namespace) -> int:
    from cartanalysis.intake.admission import Request
    from cartanalysis.publish import publish
    from cartanalysis.publish.execute import Failures
    from cartanalysis.sites.collection import publish_all

    cohorts, mappings = options.cohort, options.mapping
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
        "assignments": options.parameters,
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
        return _told(published)
    print("The book could not be published; an earlier site stands as it was.", file=sys.stderr)
    for line in lines:
        print(f"  {line}", file=sys.stderr)
    return FAILED


def _told(done: Published | Collection) -> int:
    from cartanalysis.publish.run import Published
    from cartanalysis.publish.verify import digest
    from cartanalysis.sites.collection import Collection

    for note in done.warnings:
        print(f"Note: {note}")
    if done.unchanged:
        print("Nothing changed since the last run.")
    place = (done.site / "index.html").as_uri()
    status = _told_cohorts(done, place) if isinstance(done, Collection) else 0
    if isinstance(done, Published) and not done.unchanged:
        print(f"Chapters executed: {len(done.executed)}, unchanged: {len(done.reused)}.")
    if isinstance(done, Published):
        print(f"The book is at {place}")
    print(f"Digest of the whole site, for “cartanalysis verify --digest”: {digest(done.site)}")
    return status


def _told_cohorts(done: Collection, place: str) -> int:
    for outcome in done.outcomes:
        for line in outcome.lines:
            print(f"{outcome.name} could not be published: {line}", file=sys.stderr)
    published = sum(not o.failed for o in done.outcomes)
    print(f"Cohorts published: {published} of {len(done.outcomes)}.")
    print(f"The site is at {place}")
    return FAILED if done.failed else 0


def _validate(options: argparse.Namespace) -> int:
    from cartanalysis.intake import split_names
    from cartanalysis.intake.admission import admit

    try:
        cohort = admit(_request(options), split_names(options.strata))
    except InputError as error:
        if options.json:
            report = {"usable": False, "source": error.source, "problems": error.records()}
            print(json.dumps(report, indent=1, ensure_ascii=False))
            return BAD_INPUT
        raise
    columns = list(cohort.table.columns)
    if options.json:
        report = {
            "usable": True,
            "source": cohort.name,
            "patients": len(cohort.table),
            "columns": columns,
            "notes": list(cohort.notes),
            "problems": [],
        }
        print(json.dumps(report, indent=1, ensure_ascii=False))
        return 0
    count = len(cohort.table)
    people = "patient" if count == 1 else "patients"
    print(f"{cohort.name}: {count} {people}, ready to be published.")
    print(f"Columns used: {', '.join(columns)}.")
    for note in cohort.notes:
        print(f"Note: {note}")
    return 0


def _replicate(options: argparse.Namespace) -> int:
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
        print(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False))
        return 0
    if cohort.is_reconstruction:
        print(
            f"{cohort.name}: a reconstruction, not patient data. All claims hold because it was "
            "built so; estimates that the paper does not give are assumed [A]."
        )
    else:
        print(f"{cohort.name}, {len(cohort.table)} patients")
    for note in cohort.notes:
        print(f"Note: {note}")
    print(replication.report(table))
    return 0


def _request(options: argparse.Namespace) -> Request:
    from cartanalysis.intake.admission import Request

    return Request(options.cohort, options.mapping, options.sheet, options.dictionary)


def _map(options: argparse.Namespace) -> int:
    from cartanalysis.intake.admission import Request
    from cartanalysis.intake.mapping import propose

    source = Request(options.cohort, None, options.sheet, options.dictionary).source()
    proposal = propose(source)
    if proposal.problems:
        raise InputError(source.name, proposal.problems)
    if options.out is None:
        print(proposal.to_yaml(), end="")
        return 0
    if options.out.exists():
        remedy = "Name another with --out, or remove it yourself"
        raise InputError(str(options.out), [Problem("the file exists already", remedy)])
    _write(options.out, proposal.to_yaml())
    print(proposal.summary())
    return 0


def _template(options: argparse.Namespace) -> int:
    from cartanalysis.intake.mapping import template

    for name, text in (
        ("cohort-template.csv", template.cohort_csv()),
        ("cohort-dictionary.csv", template.dictionary_csv()),
    ):
        path = options.folder / name
        if path.exists():
            remedy = "Name another folder, or remove it yourself"
            raise InputError(str(path), [Problem("the file exists already", remedy)])
        _write(path, text)
        print(f"Written: {path}")
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"the file cannot be written ({error.strerror})"
        raise InputError(str(path), [Problem(what, "Name another place")]) from error


def _verify(options: argparse.Namespace) -> int:
    from cartanalysis.publish.verify import digest, verify

    try:
        count = verify(options.site, options.digest)
    except InputError as error:
        print(error, file=sys.stderr)
        return FAILED
    print(f"{count} files are as they were published.")
    if options.digest is None:
        print(
            f"Digest of the whole site, to compare with the one you noted: {digest(options.site)}"
        )
    return 0


def _pdf(options: argparse.Namespace) -> int:
    from cartanalysis.publish.book import find
    from cartanalysis.publish.pdf import write_pdf
    from cartanalysis.publish.verify import digest

    print(f"Written: {write_pdf(options.site, find(options.book).pages)}")
    print(f"Digest of the whole site from now on: {digest(options.site)}")
    return 0


def _mark(options: argparse.Namespace) -> int:
    from cartanalysis.teaching import mark_file

    report = mark_file(options.answers, options.seed)
    if options.json:
        print(json.dumps(report.records(), indent=1, ensure_ascii=False))
    else:
        print(report.text())
    return 0


def _classroom(options: argparse.Namespace) -> int:
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
    return 0


def _example(options: argparse.Namespace) -> int:
    from cartanalysis.study.examples import EXAMPLES

    sys.stdout.write(EXAMPLES[options.name]().to_csv(index=False, lineterminator="\n"))
    return 0


def _reconstruct(options: argparse.Namespace) -> int:
    from cartanalysis.study.reconstruct import reconstruct

    sys.stdout.write(reconstruct(options.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
