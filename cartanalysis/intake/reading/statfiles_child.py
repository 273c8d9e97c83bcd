"""The program that runs pyreadstat: a file comes in, its content goes out as JSON.

`statfiles` starts it with the kind of file and the most rows and cells that a table may have.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pyreadstat

UNREADABLE = 3  # exit status when the library says that the file is damaged

MAX_MEMORY = 4 * 2**30
"""4 GB of addresses, a few times what the largest table allowed takes; a damaged header may ask
for more than the machine has."""

READERS: dict[str, Callable[..., Any]] = {
    "xpt": pyreadstat.read_xport,
    "sas7bdat": pyreadstat.read_sas7bdat,
    "dta": pyreadstat.read_dta,
    "sav": pyreadstat.read_sav,
    "por": pyreadstat.read_por,
}

# What pyreadstat lets out on damaged files.
DAMAGED = (
    pyreadstat.ReadstatError,
    pyreadstat.PyreadstatError,
    ValueError,  # also text in an unexpected encoding
    TypeError,  # a column without a name
    AttributeError,
    OverflowError,
    MemoryError,
)


def extract(data: bytes, kind: str, max_rows: int, max_cells: int) -> dict[str, Any]:
    """Read a statistics file; of a table that is too large only the names and their number."""
    reader = READERS[kind]
    notes: list[str] = []
    problems: list[tuple[str, str]] = []
    _, about = reader(io.BytesIO(data), metadataonly=True)
    names = [name.strip() for name in about.column_names]
    n_rows = about.number_rows or 0
    # one row more than allowed: the header may not say, or not truly, how many there are
    most = min(max_rows, max_cells // max(len(names), 1))
    columns: dict[str, list[object]] = {}
    if n_rows <= most:
        options = {"output_format": "dict", "row_limit": most + 1}
        try:
            columns, about = reader(io.BytesIO(data), **options)
        except UnicodeDecodeError:
            columns, about = reader(io.BytesIO(data), encoding="WINDOWS-1252", **options)
            notes.append("Read as Windows-1252, since the text is not UTF-8.")
        except (OverflowError, ValueError):
            options["disable_datetime_conversion"] = True
            columns, about = reader(io.BytesIO(data), **options)
            what = "a date in the file lies outside the calendar (year 1 to 9999)"
            problems.append((what, "Correct the dates and export the file again"))
    meanings = about.variable_value_labels
    choices = [
        [(code, str(meaning)) for code, meaning in meanings.get(name, {}).items()]
        for name in about.column_names
    ]
    labels = [(label or "").strip() for label in about.column_labels]
    return {
        "header": list(zip(names, labels, choices, strict=True)),
        "n_rows": n_rows,
        "columns": list(columns.values()),
        "notes": notes,
        "problems": problems,
    }


def iso(value: dt.date | dt.time) -> str:
    """Write a day or a time; of a moment no more than its seconds."""
    if isinstance(value, dt.datetime):
        value = value.replace(microsecond=0, tzinfo=None)
    return value.isoformat()


def limit_memory() -> None:
    """Keep a damaged file from taking all memory, and patients' data out of a core dump."""
    if sys.platform == "linux":  # elsewhere the limit is not there or not kept
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        soft = MAX_MEMORY if hard == resource.RLIM_INFINITY else min(MAX_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def main(kind: str, max_rows: str, max_cells: str) -> None:
    """Read a file from standard input."""
    limit_memory()
    reply = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what the library prints is no reply
    with warnings.catch_warnings(record=True) as told:
        try:
            found = extract(sys.stdin.buffer.read(), kind, int(max_rows), int(max_cells))
        except DAMAGED:
            sys.exit(UNREADABLE)
    # such as columns of the same name
    found["problems"] += [(str(one.message), "Correct it and export it again") for one in told]
    with reply:
        json.dump(found, reply, default=iso)


if __name__ == "__main__":
    main(*sys.argv[1:])
