"""A place to build a site beside its output, for one run at a time."""

from __future__ import annotations

import glob
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cartanalysis.errors import InputError, Problem

if sys.platform != "win32":
    import fcntl

PATIENCE = 5.0
"""Seconds; a kernel of a run that was killed notices within one."""


@contextmanager
def staging_for(target: Path) -> Iterator[Path]:
    """Give a folder on the output's file system, gone afterwards; refuse a second run.

    Parameters
    ----------
    target : pathlib.Path
        The output folder.

    Yields
    ------
    pathlib.Path
        An empty folder beside it.

    Raises
    ------
    InputError
        If another run writes to the same output, or its parent folder cannot be written.
    """
    prefix = f".{target.name}.staging-"
    lock = target.with_name(f".{target.name}.lock")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = lock.open("w")
    except OSError as error:
        what = f"the output cannot be written ({error.strerror})"
        raise InputError(str(target), [Problem(what, "Name another folder with --out")]) from error
    with handle:
        try:
            if sys.platform != "win32":
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not _same_file(lock, handle.fileno()):  # a run that just ended took it away
                    raise BlockingIOError
        except BlockingIOError as error:
            what = "another run is writing to this output"
            remedy = "Wait until it is done, or name another folder with --out"
            raise InputError(str(target), [Problem(what, remedy)]) from error
        try:
            for stale in target.parent.glob(f"{glob.escape(prefix)}*"):  # of a run that was killed
                _remove(stale)
            with tempfile.TemporaryDirectory(prefix=prefix, dir=target.parent) as folder:
                yield Path(folder)
        finally:
            lock.unlink(missing_ok=True)


def _same_file(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _remove(folder: Path) -> None:
    """Remove a folder into which a process that is about to end may still write."""
    deadline = time.monotonic() + PATIENCE
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
