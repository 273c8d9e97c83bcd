"""Whether a site is still what a run wrote."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from cartanalysis.errors import InputError, Problem

RUN = "run.json"

LARGEST = 64 * 2**20
"""64 MB; a record has some tens of kB a cohort."""


def hashes(folder: Path) -> dict[str, str]:
    """Hash every file of a site but its record.

    Parameters
    ----------
    folder : pathlib.Path
        The site.

    Returns
    -------
    dict of str to str
        SHA-256 by path.
    """
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p != folder / RUN
    }


def read_run(folder: Path) -> dict[str, Any]:
    """Read a site's record; anything else of that name counts as none.

    Parameters
    ----------
    folder : pathlib.Path
        The site.

    Returns
    -------
    dict
        The record, or nothing.
    """
    path = folder / RUN
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return {}
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return run if isinstance(run, dict) and {"cartanalysis", "key", "files"} <= set(run) else {}


def verify(folder: Path) -> int:
    """Compare a site with its record.

    Parameters
    ----------
    folder : pathlib.Path
        The site.

    Returns
    -------
    int
        How many files were compared.

    Raises
    ------
    InputError
        With every file that was changed, is missing or does not belong there.
    """
    run = read_run(folder)
    if not run:
        remedy = "Name the folder of a site made by “cartanalysis publish”, or publish it again"
        raise InputError(str(folder), [Problem(f"there is no readable {RUN}", remedy)])
    expected, found = run["files"], hashes(folder)
    remedy = "Publish the site again"
    problems = [
        Problem(f"{name} {what}", remedy)
        for name in sorted(expected.keys() | found.keys())
        if (what := _difference(expected.get(name), found.get(name)))
    ]
    if problems:
        raise InputError(str(folder), problems)
    return len(found)


def _difference(expected: str | None, found: str | None) -> str:
    if expected == found:
        return ""
    if found is None:
        return "is missing"
    return "does not belong to the site" if expected is None else "was changed"
