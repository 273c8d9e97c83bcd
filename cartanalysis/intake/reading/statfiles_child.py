"""The process that runs pyreadstat: files come in, JSON goes out; see `statfiles`."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pyreadstat

from cartanalysis.intake.reading.statfiles import IDLE, UNREADABLE
from cartanalysis.intake.reading.table import MAX_COLUMNS, as_text, row_limit

MAX_MEMORY = 4 * 2**30
"""4 GB of addresses, a few times what the largest table allowed takes; a damaged header may ask
for more than the machine has."""

_READERS: Mapping[str, Callable[..., Any]] = {
    "xpt": pyreadstat.read_xport,
    "sas7bdat": pyreadstat.read_sas7bdat,
    "dta": pyreadstat.read_dta,
    "sav": pyreadstat.read_sav,
    "por": pyreadstat.read_por,
}

# What pyreadstat lets out on damaged files.
_DAMAGED = (
    pyreadstat.ReadstatError,
    pyreadstat.PyreadstatError,
    ValueError,  # also text in an unexpected encoding
    TypeError,  # a column without a name
    AttributeError,
    OverflowError,
    MemoryError,
)


def extract(data: bytes, kind: str) -> dict[str, Any]:
    """Read a statistics file."""
    reader = _READERS[kind]
    notes: list[str] = []
    problems: list[tuple[str, str]] = []
    _, about = reader(io.BytesIO(data), metadataonly=True)
    names: list[str] = [name.strip() for name in about.column_names]
    limit = row_limit(names)
    n_rows = about.number_rows or 0
    columns: dict[str, Any] = {}
    if n_rows <= limit and len(names) <= MAX_COLUMNS:
        # one row more than allowed: the header may not say, or not truly, how many there are
        options = {"output_format": "dict", "row_limit": limit + 1}
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
    return {
        "names": names,
        "labels": [label or "" for label in about.column_labels],
        "choices": [
            {as_text(code): str(meaning) for code, meaning in meanings.get(name, {}).items()}
            for name in about.column_names
        ],
        "n_rows": n_rows,
        "columns": [[as_text(v) for v in columns[name]] for name in columns],
        "notes": notes,
        "problems": problems,
    }


def _limit_memory() -> None:
    if sys.platform == "linux":  # elsewhere the limit is not there or not kept
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no patient's data in a core dump
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        soft = MAX_MEMORY if hard == resource.RLIM_INFINITY else min(MAX_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _reply(data: bytes, kind: str) -> bytes:
    with warnings.catch_warnings(record=True) as told:
        try:
            found = extract(data, kind)
        except _DAMAGED:
            sys.exit(UNREADABLE)
    # such as columns of the same name
    found["problems"] += [(str(one.message), "Correct it and export it again") for one in told]
    return json.dumps(found).encode()


def _wait(seconds: int) -> None:
    if hasattr(signal, "alarm"):  # elsewhere the process ends with the one that started it
        signal.alarm(seconds)


def main() -> None:
    """Read files from standard input, each below its kind and size; write JSON below its size."""
    _limit_memory()
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the library prints is no reply
    while True:
        _wait(IDLE)
        kind, _, size = sys.stdin.buffer.readline().decode().partition(" ")
        _wait(0)
        if not size:
            return
        reply = _reply(sys.stdin.buffer.read(int(size)), kind)
        replies.write(b"%d\n" % len(reply) + reply)
        replies.flush()


if __name__ == "__main__":
    main()
