"""A place to build a site beside its output, for one run at a time."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cartanalysis.errors import InputError, Problem
from cartanalysis.publish.scratch import clear_private, hold, is_still, naming, remove


@contextmanager
def staging_for(target: Path) -> Iterator[Path]:
    """Give a folder on the output's file system, gone afterwards; refuse a second run."""
    lock = _lock_of(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = lock.open("w")
    except OSError as error:
        what = f"the output cannot be written ({error.strerror})"
        raise InputError(str(target), [Problem(what, "Name another folder with --out")]) from error
    with handle:
        if not hold(handle.fileno()) or not is_still(lock, handle.fileno()):
            what = "another run is writing to this output"
            remedy = "Wait until it is done, or name another folder with --out"
            raise InputError(str(target), [Problem(what, remedy)])
        try:
            for stale in _stale(target):
                remove(stale)
            prefix = _prefix_of(target)
            with (
                tempfile.TemporaryDirectory(prefix=prefix, dir=target.parent) as folder,
                naming(target, Path(folder)),
            ):
                yield Path(folder)
        finally:
            lock.unlink(missing_ok=True)


def clear(target: Path) -> None:
    """Remove what runs that were killed left beside an output and in private places."""
    clear_private()
    if _lock_of(target).exists() or _stale(target):
        with staging_for(target):
            pass


def _lock_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.lock")


def _prefix_of(target: Path) -> str:
    return f".{target.name}.staging-"


def _stale(target: Path) -> list[Path]:
    return list(target.parent.glob(f"{glob.escape(_prefix_of(target))}*"))
