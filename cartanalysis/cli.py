"""The command line, thin."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import cartanalysis
from cartanalysis.errors import InputError, Problem, counted
from cartanalysis.publish.places import FULL, clear_private

if TYPE_CHECKING:
    from cartanalysis.claims.registry import Registry
    from cartanalysis.contract import Cohort
    from cartanalysis.publish.run import Published
    from cartanalysis.sites.collection import Collection

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130

DEFAULT_COHORT = "an2020"
"""As in the contract, which is slow to import."""


PATH = click.Path(path_type=Path)


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise click.BadParameter("give the 64 digits (0 to 9, a to f) that were printed")
    return text


def _between(low: float, high: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")  # which click's own range lets through
        if not low <= value <= high:
            raise click.BadParameter(f"give a number from {low:g} to {high:g}")
        return value

    return number


@click.group(context_settings={"show_default": True, "max_content_width": 100})
@click.version_option(cartanalysis.__version__, message="%(version)s")
def app() -> None:
    """Run the analyses of a published CAR T study on your own patients, with a verdict on each of
    its claims.

    \b
    Three commands to begin with:
      validate   check a file: can it be used, and if not, why?
                   cartanalysis validate my-cohort.csv
      map        your columns have other names: propose which is which
                   cartanalysis map my-export.xlsx --out mapping.yml
      publish    build the website about your cohort, or about several
                   cartanalysis publish my-cohort.csv --out my-site

    \b
    More about a cohort:
      replicate     the verdict on each of the paper's claims, in the terminal
      template      write an empty cohort and its data dictionary
      example       write a public cohort, to try things out
      reconstruct   write a cohort that agrees with everything published about the study

    \b
    Hospitals that cannot share patients:
      profile    write what your cohort tells of the hazard ratios, without patients
      pool       pool the files that the hospitals wrote

    \b
    A site that was published:
      verify     is it still what was published?
      pdf        print it as a PDF beside its pages

    \b
    Teaching:
      classroom  write one zip for a class without internet
      mark       mark a student's answers

    “cartanalysis publish --help” tells the options of a command. No patients' data are sent
    anywhere.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may not know every letter
            stream.reconfigure(errors="backslashreplace")
    if threading.current_thread() is threading.main_thread():
        # asked to stop from outside, or the terminal was closed: clear up as after Ctrl-C
        for name in ("SIGTERM", "SIGHUP"):
            asked = getattr(signal, name, None)
            if asked and signal.getsignal(asked) == signal.SIG_DFL:
                signal.signal(asked, signal.default_int_handler)
    try:
        given = sys.argv[1:] if arguments is None else arguments
        with app.make_context("cartanalysis", [*given]) as context:
            clear_private()
            status: int = app.invoke(context) or 0
        sys.stdout.flush()
    except click.exceptions.Exit as done:  # after --help or --version
        return done.exit_code
    except click.UsageError as error:
        error.show()
        sys.exit(BAD_INPUT)
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


def _admit(read_as: Mapping[str, Any], strata: Sequence[str] = ()) -> Cohort:
    from cartanalysis.chapter.disclosure.recognise import recognise
    from cartanalysis.intake.admission import Request, admit

    return recognise(admit(Request(**read_as), strata))


def _print_json(report: Any) -> None:
    print(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False))


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"Note: {note}")


def _refuse_existing(path: Path, remedy: str) -> None:
    if path.exists():
        raise InputError(str(path), [Problem("the file exists already", remedy)])


def _write_new(path: Path, text: str, remedy: str) -> None:
    _refuse_existing(path, remedy)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"the file cannot be written ({error.strerror})"
        raise InputError(str(path), [Problem(what, "Name another place")]) from error


# --- commands ----------------------------------------------------------------------------------
# each imports what it needs: most of it is slow to import and not needed by the others

Command = Callable[..., Any]


def _reading(command: Command) -> Command:
    command = click.option("--dictionary", type=PATH, help="Dictionary of a REDCap export.")(
        command
    )
    return click.option("--sheet", help="Sheet of a workbook.")(command)


def _one_cohort(command: Command) -> Command:
    """Let a command take COHORT: a file or folder, or the default cohort."""
    mapping = click.option("--mapping", type=PATH, metavar="FILE", help=MAPPING)
    return click.argument("cohort", default=DEFAULT_COHORT)(mapping(_reading(command)))


MAPPING = "Which of your columns is which of ours, as “map” writes it."
_as_json = click.option("--json", "as_json", is_flag=True, help="For a program to read.")
_book = click.option("--book", type=PATH, help="Folder of the book's sources.")
_jobs = click.option("--jobs", type=click.IntRange(1), default=2, help="Chapters at a time.")
_cutoff = click.option(
    "--treg-cutoff", type=_between(0, 100), metavar="PERCENT",
    help="Regulatory T cells above this count as high.  [default: the cohort's median]",
)  # fmt: skip
_confidence = click.option(
    "--confidence", type=_between(0.5, 0.999), default=0.95, help="Coverage of intervals."
)
_site = click.argument("site", type=PATH)


@app.command("publish", hidden=True)
@click.argument("cohorts", nargs=-1, metavar="[COHORT]...")
@click.option(
    "--mapping", "mappings", type=PATH, multiple=True, metavar="FILE",
    help=f"{MAPPING} One for all cohorts, or one for each.",
)  # fmt: skip
@_reading
@click.option("--out", type=PATH, help="Folder of the site.  [default: _build/html]")
@click.option(
    "-p", "assignments", metavar="NAME=VALUE", multiple=True,
    help="A parameter of the chapters; may be repeated.",
)  # fmt: skip
@click.option(
    "--min-cell", type=click.IntRange(1), metavar="K",
    help="Hide counts of fewer than K patients; 1 hides nothing.  [default: 5]",
)  # fmt: skip
@click.option(
    "--accept-small-update", is_flag=True,
    help="Replace a site though very few patients changed; see “Your patients' privacy”.",
)  # fmt: skip
@click.option("--title", metavar="TEXT", help="Title of the site.")
@click.option(
    "--author",
    "authors",
    metavar="TEXT",
    multiple=True,
    help="Whom to cite for it; may be repeated.",
)
@click.option("--institution", metavar="TEXT", help="Where its authors work.")
@click.option(
    "--about", type=PATH, metavar="FILE",
    help="A page about the cohort in your words: Markdown, without HTML and pictures.",
)  # fmt: skip
@_jobs
@_book
@click.option(
    "--cache", type=PATH, metavar="FOLDER",
    help="Where outputs of chapters are kept.  [default: _build/cache, or the user's own]",
)  # fmt: skip
def _publish(
    cohorts: Sequence[str],
    mappings: Sequence[Path],
    sheet: str | None,
    dictionary: Path | None,
    book: Path | None,
    cache: Path | None,
    title: str | None,
    authors: tuple[str, ...],
    institution: str | None,
    about: Path | None,
    **given: Any,
) -> int:
    """Build the book about a COHORT, or a site about several with a comparison.

    A COHORT is a file or folder; without any, the book is about the reconstruction an2020.
    """
    from cartanalysis.intake.admission import Request
    from cartanalysis.publish.execute import Failures
    from cartanalysis.publish.owned import About, about_from
    from cartanalysis.publish.run import publish

    cohorts = cohorts or [DEFAULT_COHORT]
    given |= {"book_root": book, "cache_dir": cache}
    if len(mappings) not in (0, 1, len(cohorts)):
        what = f"{len(mappings)} mappings for {len(cohorts)} cohorts"
        raise InputError("--mapping", [Problem(what, "Give one for all cohorts, or one for each")])
    owners = about_from(title, ", ".join(authors) if authors else None, institution, about)
    if len(cohorts) > 1 and owners != About():
        what = f"a title, names and words are about one cohort, and {len(cohorts)} were given"
        raise InputError("publish", [Problem(what, "Publish the cohort that they are about alone")])
    each = mappings if len(mappings) == len(cohorts) else [*mappings, None][:1] * len(cohorts)
    requests = [
        Request(c, None if c == DEFAULT_COHORT else m, sheet, dictionary)
        for c, m in zip(cohorts, each, strict=True)
    ]
    try:
        if len(requests) == 1:
            published: Published | Collection = publish(requests[0], about=owners, **given)
        else:
            from cartanalysis.sites.collection import publish_all

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


@app.command("validate", hidden=True)
@_one_cohort
@click.option("--strata", help="Columns to compare groups by.")
@_as_json
def _validate(strata: str | None, as_json: bool, **read_as: Any) -> int:
    """Check a COHORT without publishing it; everything wrong with it is told at once."""
    from cartanalysis.intake import split_names

    try:
        cohort = _admit(read_as, split_names(strata or ""))
    except InputError as error:
        if not as_json:
            raise
        _print_json({"usable": False, "source": error.source, "problems": error.records()})
        return BAD_INPUT
    columns, count = list(cohort.table.columns), len(cohort.table)
    if as_json:
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
    print(f"{cohort.name}: {counted(count, 'patient')}, ready to be published.")
    print(f"Columns used: {', '.join(columns)}.")
    _print_notes(cohort.notes)
    return 0


@app.command("replicate", hidden=True)
@_one_cohort
@_as_json
@_cutoff
@_confidence
def _replicate(as_json: bool, treg_cutoff: float | None, confidence: float, **read_as: Any) -> None:
    """Give the verdict on each of the paper's claims for a COHORT."""
    from cartanalysis.claims import replication
    from cartanalysis.contract import derive
    from cartanalysis.study import published

    cohort = _admit(read_as)
    patients = derive(cohort.table, treg_cutoff)
    table = replication.claims(patients, published.load(), confidence)
    if as_json:
        report = {
            "cohort": cohort.name,
            "patients": len(cohort.table),
            "is_reconstruction": cohort.is_reconstruction,
            "confidence": confidence,
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
        print(f"{cohort.name}, {counted(len(cohort.table), 'patient')}")
    _print_notes(cohort.notes)
    print(replication.report(table))


@app.command("profile", hidden=True)
@_one_cohort
@_cutoff
@click.option(
    "--min-cell", type=click.IntRange(1), metavar="K",
    help="Tell nothing of groups of fewer than K patients; 1 tells all.  [default: 5]",
)  # fmt: skip
@click.option("--out", type=PATH, help="File to write.  [default: print it]")
def _profile(
    treg_cutoff: float | None, min_cell: int | None, out: Path | None, **read_as: Any
) -> None:
    """Write what a COHORT tells of the hazard ratios, to be pooled with other hospitals'."""
    from cartanalysis.chapter.disclosure import DEFAULT_MIN_CELL
    from cartanalysis.sites import profiles
    from cartanalysis.study import published

    smallest = DEFAULT_MIN_CELL if min_cell is None else min_cell
    file = profiles.write(_admit(read_as), published.load(), smallest, treg_cutoff)
    text = json.dumps(file, ensure_ascii=False, allow_nan=False) + "\n"
    if out is None:
        sys.stdout.write(text)
        return
    _write_new(out, text, "Name another with --out, or remove it yourself")
    told = [c for c in file["claims"].values() if "values" in c]
    print(f"Written: {out}, which tells of {len(told)} of {len(file['claims'])} hazard ratios.")
    for name, claim in file["claims"].items():
        if "why" in claim:
            print(f"  {name}: {claim['why']}")


@app.command("pool", hidden=True)
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@_confidence
@_as_json
def _pool(files: Sequence[Path], confidence: float, *, as_json: bool) -> None:
    """Pool the hazard ratios of the hospitals that wrote a FILE each with “profile”."""
    from cartanalysis.sites import profiles
    from cartanalysis.study import published

    registry = published.load()
    told = profiles.read(files, registry)
    pooled = profiles.pool(told, registry, confidence)
    notes = profiles.notes(told, pooled)
    if as_json:
        claims = profiles.records(pooled)
        _print_json({"confidence": confidence, "notes": notes, "claims": claims})
        return
    _print_notes(notes)
    print(profiles.report(pooled, told, confidence))


@app.command("map", hidden=True)
@click.argument("file")
@_reading
@click.option("--out", type=PATH, help="Mapping file to write.  [default: print it]")
@click.option("--all", "whole", is_flag=True, help="List every column that is not used.")
def _map(
    file: str, sheet: str | None, dictionary: Path | None, out: Path | None, *, whole: bool
) -> None:
    """Propose which of your columns is which of ours; what is uncertain waits for your yes."""
    from cartanalysis.intake.mapping import propose
    from cartanalysis.intake.reading import read_source

    source = read_source(file, sheet=sheet, dictionary=dictionary, wanted=None)
    proposal = propose(source)
    if source.problems:
        raise InputError(source.name, source.problems)
    if out is None:
        print(proposal.to_yaml(), end="")
    else:
        remedy = "Name another with --out, or remove it yourself"
        _write_new(out, proposal.to_yaml(), remedy)
        print(proposal.summary(whole=whole))


@app.command("template", hidden=True)
@click.argument("folder", type=PATH, default=Path())
def _template(folder: Path) -> None:
    """Write an empty cohort with its data dictionary into FOLDER."""
    from cartanalysis.intake.mapping import template

    for name, text in (
        ("cohort-template.csv", template.cohort_csv()),
        ("cohort-dictionary.csv", template.dictionary_csv()),
    ):
        path = folder / name
        _write_new(path, text, "Name another folder, or remove it yourself")
        print(f"Written: {path}")


@app.command("verify", hidden=True)
@_site
@click.option(
    "--digest", "noted", type=_digest, metavar="DIGITS", help="As printed when it was published."
)
def _verify(site: Path, noted: str | None) -> int:
    """Check that a SITE is what a run wrote; with its digest, also against a changed record."""
    from cartanalysis.publish.verify import digest, verify

    try:
        count = verify(site, noted)
    except InputError as error:
        print(error, file=sys.stderr)
        return FAILED
    print(f"{count} files are as they were published.")
    if noted is None:
        print(f"Digest of the whole site, to compare with the one you noted: {digest(site)}")
    return 0


@app.command("pdf", hidden=True)
@_site
@_book
def _pdf(site: Path, book: Path | None) -> None:
    """Print a published book, the folder SITE, as a PDF beside its pages; needs Chromium."""
    from cartanalysis.publish.book import find
    from cartanalysis.publish.pdf import write_pdf
    from cartanalysis.publish.verify import digest

    print(f"Written: {write_pdf(site, find(book).pages)}")
    print(f"Digest of the whole site from now on: {digest(site)}")


@app.command("mark", hidden=True)
@click.argument("answers", type=PATH)
@click.option("--seed", type=int, required=True, help="The student's cohort.")
@click.option("--json", "as_json", is_flag=True, help="For a program; holds the right answers.")
def _mark(answers: Path, seed: int, as_json: bool) -> None:
    """Mark a student's ANSWERS against the cohort of the student's seed."""
    from cartanalysis.teaching import mark_file

    report = mark_file(answers, seed)
    if as_json:
        _print_json(report.records())
    else:
        print(report.text())


@app.command("classroom", hidden=True)
@click.option("--out", type=PATH, default=Path("class.zip"), help="File to write.")
@click.option("--site", type=PATH, help="A published site to put in.")
@click.option("--students", type=click.IntRange(1), default=30, help="Cohorts to draw.")
@click.option("--first-seed", type=int, default=1, help="Seed of the first.")
@click.option("--wheels", type=PATH, help="Folder with wheels to put in.")
@_jobs
@_book
def _classroom(out: Path, book: Path | None, site: Path | None, **given: Any) -> None:
    """Write one zip for a class without internet."""
    from cartanalysis.publish.book import find
    from cartanalysis.teaching.classroom import classroom

    print(f"{classroom(out, find(book), site, **given)} files: {out}")


@app.command("example", hidden=True)
@click.argument("name", type=click.Choice(["leukemia"]))
def _example(name: str) -> None:
    """Write a public cohort in our columns."""
    from cartanalysis.study.examples import EXAMPLES

    sys.stdout.write(EXAMPLES[name]().to_csv(index=False, lineterminator="\n"))


@app.command("reconstruct", hidden=True)
@click.option("--seed", type=int, help="Chooses the cohort, or the cohorts.")
@click.option("--draws", type=click.IntRange(1), help="Draw so many, evenly from all that agree.")
@click.option("--out", type=PATH, help="Parquet file to write them to, one row per patient.")
@click.option("--jobs", type=click.IntRange(1), default=2, help="Processes that draw.")
@click.option(
    "--scheduler", metavar="ADDRESS",
    help="Let the workers of this Dask scheduler draw, such as tcp://127.0.0.1:8786.",
)  # fmt: skip
def _reconstruct(
    seed: int | None, draws: int | None, out: Path | None, jobs: int, scheduler: str | None
) -> None:
    """Write a cohort that agrees with everything known of the study, or many."""
    from cartanalysis.study import published, reconstruct

    if (draws is None) != (out is None):
        raise click.UsageError("--draws and --out belong together: how many, and where to")
    if draws is None and scheduler is not None:
        raise click.UsageError("--scheduler is for many cohorts: --draws says how many")
    chosen = reconstruct.DEFAULT_SEED if seed is None else seed
    if draws is None or out is None:
        sys.stdout.write(reconstruct.reconstruct(chosen))
        return
    _draw(published.load(), draws, chosen, out, jobs=jobs, scheduler=scheduler)
    print(f"Written: {counted(draws, 'cohort')}, {out}")


def _draw(known: Registry, draws: int, seed: int, out: Path, **who: Any) -> None:
    """Write cohorts as they are drawn; the file is in its place only when it is whole."""
    from tqdm import tqdm

    from cartanalysis.publish.places import staging_for
    from cartanalysis.study.ensemble.draw import Ensemble, parts, write

    _refuse_existing(out, "Name another with --out, or remove it yourself")

    def told(found: Iterable[Ensemble]) -> Iterator[Ensemble]:
        with tqdm(total=draws, unit=" cohorts", leave=False, disable=None) as bar:
            for part in found:
                yield part
                bar.update(len(part.effects))

    # closed at once if interrupted, so that nobody works on
    with staging_for(out) as folder, closing(parts(known, draws, seed, **who)) as found:
        write(told(found), folder / out.name)
        (folder / out.name).replace(out)


if __name__ == "__main__":
    sys.exit(main())
