"""Whether a site is still what a run wrote."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cartanalysis.errors import InputError, Problem, shown

RUN = "run.json"

LARGEST = 64 * 2**20
"""64 MB; a record has some tens of kB a cohort."""

FILE, EMPTY = "a file", "an empty folder"


def entries(folder: Path) -> Iterator[tuple[str, str]]:
    """List what a folder holds, links not followed."""

    def tell(error: OSError) -> None:
        raise error

    for place, folders, files in os.walk(folder, onerror=tell):
        here = Path(place)
        if not folders and not files and here != folder:
            yield here.relative_to(folder).as_posix(), EMPTY
        linked = [name for name in folders if (here / name).is_symlink()]
        for name in sorted((*files, *linked)):
            mode = (here / name).lstat().st_mode
            what = FILE if stat.S_ISREG(mode) else "a pipe or device"
            what = "a link" if stat.S_ISLNK(mode) else what
            yield (here / name).relative_to(folder).as_posix(), what


def hashes(folder: Path) -> dict[str, str]:
    """Hash every file of a site but its record."""
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name, what in sorted(entries(folder))
        if what == FILE and name != RUN
    }


def digest(folder: Path) -> str:
    """Give one number for a whole site: its record holds the hash of every other file."""
    return hashlib.sha256((folder / RUN).read_bytes()).hexdigest()


def write_record(folder: Path, about: Mapping[str, Any]) -> None:
    """Write a site's record: what is told about it, and the hash of every other file."""
    record = {**about, "files": hashes(folder)}
    text = json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    (folder / RUN).write_text(text, encoding="utf-8")


def read_run(folder: Path) -> dict[str, Any]:
    """Read a site's record; anything else of that name counts as none."""
    path = folder / RUN
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            return {}
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return run if _is_record(run) else {}


def _is_record(run: object) -> bool:
    if not isinstance(run, dict) or not {"cartanalysis", "key", "files"} <= set(run):
        return False
    files = run["files"]
    return isinstance(files, dict) and all(isinstance(value, str) for value in files.values())


def differences(folder: Path) -> list[str]:
    """Compare a site with its record."""
    expected, found = read_run(folder)["files"], hashes(folder)
    foreign = {name: what for name, what in entries(folder) if what != FILE}
    told = [f"{shown(name)} is {what}" for name, what in sorted(foreign.items())]
    for name in sorted((expected.keys() | found.keys()) - foreign.keys()):
        if expected.get(name) != found.get(name):
            what = "was changed" if name in expected else "does not belong to the site"
            told.append(f"{shown(name)} {what if name in found else 'is missing'}")
    return told


def verify(folder: Path, noted: str | None = None) -> int:
    """Make sure that a site is what was published."""
    if not read_run(folder):
        remedy = "Name the folder of a site made by “cartanalysis publish”, or publish it again"
        raise InputError(str(folder), [Problem(f"there is no readable {RUN}", remedy)])
    told = differences(folder)
    if noted is not None and noted.lower() != digest(folder):
        told.insert(0, f"the site's digest is {digest(folder)}, not the one you noted")
    if told:
        raise InputError(str(folder), [Problem(what, "Publish the site again") for what in told])
    return len(hashes(folder))
