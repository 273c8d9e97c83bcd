"""The command line, thin."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import cartanalysis
from cartanalysis.cohort import DEFAULT_COHORT
from cartanalysis.errors import InputError

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


def parser() -> argparse.ArgumentParser:
    """Describe the command line.

    Returns
    -------
    argparse.ArgumentParser
        The parser.
    """
    top = argparse.ArgumentParser(prog="cartanalysis", description=cartanalysis.__doc__)
    top.add_argument("--version", action="version", version=cartanalysis.__version__)
    commands = top.add_subparsers(dest="command", required=True)

    publish = commands.add_parser("publish", help="build the book about a cohort")
    publish.add_argument(
        "cohort", nargs="?", default=DEFAULT_COHORT, help="a CSV file (default: %(default)s)"
    )
    publish.add_argument("--out", type=Path, help="folder of the site (default: _build/html)")
    publish.add_argument(
        "-p", dest="parameters", metavar="NAME=VALUE", action="append", default=[],
        help="a parameter of the chapters; may be repeated",
    )  # fmt: skip
    publish.add_argument("--jobs", type=_positive, default=2, help="chapters at a time")
    publish.add_argument("--book", type=Path, help="folder of the book's sources")

    example = commands.add_parser("example", help="write a public cohort in our columns")
    example.add_argument("name", choices=["leukemia"])

    reconstruct = commands.add_parser(
        "reconstruct", help="write a cohort that agrees with every published value in hand"
    )
    reconstruct.add_argument("--seed", type=int, default=2020, help="chooses the cohort")
    return top


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a whole number, 1 or more")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        As typed; those of the process if not given.

    Returns
    -------
    int
        0 if all went well, 1 if a chapter, the build or a check failed, 2 if an input is wrong.
    """
    options = parser().parse_args(arguments)
    if threading.current_thread() is threading.main_thread():
        # asked to stop from outside: clear up as after Ctrl-C
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return {"publish": _publish, "example": _example, "reconstruct": _reconstruct}[
            options.command
        ](options)
    except InputError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("Interrupted; an earlier site stands as it was.", file=sys.stderr)
        return INTERRUPTED


def _publish(options: argparse.Namespace) -> int:
    from cartanalysis.publish import publish  # slow to import; other commands do not need it
    from cartanalysis.publish.execute import Failures

    try:
        done = publish(
            options.cohort,
            options.out,
            options.parameters,
            jobs=options.jobs,
            book_root=options.book,
        )
    except Failures as failures:
        print("The book could not be published; an earlier site stands as it was.", file=sys.stderr)
        for line in failures.lines:
            print(f"  {line}", file=sys.stderr)
        return FAILED
    for note in done.warnings:
        print(f"Note: {note}")
    if done.unchanged:
        print("Nothing changed since the last run.")
    else:
        print(f"Chapters executed: {len(done.executed)}, unchanged: {len(done.reused)}.")
    print(f"The book is at {(done.site / 'index.html').as_uri()}")
    return 0


def _example(options: argparse.Namespace) -> int:
    from cartanalysis.examples import EXAMPLES

    sys.stdout.write(EXAMPLES[options.name]().to_csv(index=False, lineterminator="\n"))
    return 0


def _reconstruct(options: argparse.Namespace) -> int:
    from cartanalysis.reconstruct import reconstruct

    sys.stdout.write(reconstruct(options.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
