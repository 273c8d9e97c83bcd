"""Opening files safely: what is given may be a folder, a pipe, a web address or far too large."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from cartanalysis.errors import InputError, Problem, shown

MAX_FILE_BYTES = 256 * 2**20  # the widest table allowed, as text, is smaller
MAX_UNPACKED_BYTES = 128 * 2**20
"""128 MB once unpacked: a workbook or JSON of the most cells allowed is smaller; it is held in
memory at several times its size, and a few kB can be packed so as to unfold into terabytes."""

_WEB = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)


def refuse(name: str, what: str, remedy: str, *, row: int | None = None) -> InputError:
    """Make the error for a file that cannot be read at all."""
    return InputError(name, [Problem(what, remedy, row=row)])


def check_place(path: str | Path) -> Path:
    """Make sure that something is there, on this machine, that can be opened without waiting."""
    name = str(path)
    if _WEB.match(name):
        raise refuse(shown(name), "a web address, not a file", "Download the file and give that")
    place = Path(path)
    try:
        mode = place.stat().st_mode
    except FileNotFoundError as error:
        raise refuse(shown(name), "no such file", "Check the name and the folder") from error
    except PermissionError as error:
        remedy = "Check that you may read it"
        raise refuse(name, "cannot be read (its folder is closed to you)", remedy) from error
    except (OSError, ValueError) as error:  # a name that no file can have
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise refuse(shown(name), f"not a file name ({reason})", "Check the name") from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise refuse(name, "not a regular file", "Give a file, not a pipe, socket or device")
    return place


def read_bytes(path: str | Path) -> bytes:
    """Read a regular file's bytes; never waits for a pipe, never reads a device."""
    place = check_place(path)
    if place.is_dir():
        raise refuse(str(path), "a folder, not a regular file", "Give a file in it")
    try:
        # the file may have been exchanged since it was looked at: open without waiting, look again
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(place, flags), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise refuse(str(path), "not a regular file", "Give a file")
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        remedy = "Check that you may read it"
        raise refuse(str(path), f"cannot be read ({error.strerror})", remedy) from error
    check_bytes(place.name, len(data), MAX_FILE_BYTES)
    if not data:
        raise empty(place.name)
    return data


def check_bytes(name: str, size: int, limit: int, words: str = "the file") -> None:
    """Refuse a file that is larger than this book reads."""
    if size > limit:
        raise too_large(name, f"{words} is larger than {limit // 2**20} MB")


def too_large(name: str, what: str) -> InputError:
    """Make the error for a file that is larger than this book reads."""
    return refuse(name, what, "Give one table with a row per patient and the columns you need")


def damaged(name: str, words: str) -> InputError:
    """Make the error for a file that its library cannot read."""
    what = f"the file is damaged or not {words}"
    return refuse(name, what, "Export or copy it again, or save the table as CSV")


def empty(name: str) -> InputError:
    """Make the error for a file without content."""
    return refuse(name, "the file is empty", "Export it again")
