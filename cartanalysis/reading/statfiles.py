"""SAS, Stata and SPSS files, through pyreadstat in a process of its own.

The C library beneath pyreadstat can be brought down by a damaged file. In a process of its own
(`cartanalysis.reading.statfiles_child`) that ends as an error like any other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cartanalysis
from cartanalysis.errors import Problem
from cartanalysis.reading.detect import KINDS
from cartanalysis.reading.files import damaged, refuse
from cartanalysis.reading.table import build, check_size, numbered
from cartanalysis.source import Column, Source

TIME_LIMIT = 120
"""Seconds; the largest table allowed takes a few."""

UNREADABLE = 3
"""Exit status of the child when the library says that the file is damaged."""


def parse(data: bytes, name: str, kind: str) -> Source:
    """Read a SAS, Stata or SPSS file.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        Its name.
    kind : str
        A member of `detect.STATISTICS`.

    Returns
    -------
    Source
        One row per record; labels and value labels in the columns, dates as text.

    Raises
    ------
    InputError
        If it is damaged or too large.
    RuntimeError
        If the child process fails for another reason.
    """
    child = [sys.executable, "-m", "cartanalysis.reading.statfiles_child", kind]
    # the child finds this package where this process found it
    package = str(Path(cartanalysis.__file__).parent.parent)
    places = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    try:
        done = subprocess.run(
            child, input=data, capture_output=True, timeout=TIME_LIMIT, env=environment
        )
    except subprocess.TimeoutExpired as error:
        what = f"the file took longer than {TIME_LIMIT} seconds to read"
        raise refuse(name, what, "Save the table as CSV") from error
    if done.returncode == 1:  # Python's own failure: not the file's fault
        raise RuntimeError(f"reading {name} failed:\n{done.stderr.decode(errors='replace')}")
    if done.returncode:  # told by the library, or brought down by the file
        raise damaged(name, KINDS[kind].words)
    found = json.loads(done.stdout)
    check_size(name, found["names"], found["n_rows"])
    header = [
        Column(text.strip(), label.strip(), choices)
        for text, label, choices in zip(
            found["names"], found["labels"], found["choices"], strict=True
        )
    ]
    form = KINDS[kind].words.split(maxsplit=1)[1].removesuffix(" file")
    problems = [Problem(what, remedy) for what, remedy in found["problems"]]
    rows = numbered(found["columns"])
    return build(name, form, header, rows, notes=found["notes"], problems=problems)
