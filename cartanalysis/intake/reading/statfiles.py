"""SAS, Stata and SPSS files, through pyreadstat in a process of its own.

The C library beneath pyreadstat can be brought down by a damaged file. In a process of its own
(``statfiles_child.py``, which loads nothing else and so starts fast) that ends as an error like
any other, and no other file is read by a process that a damaged one has passed through.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from cartanalysis.errors import Problem
from cartanalysis.intake.reading.detect import KINDS
from cartanalysis.intake.reading.files import damaged, refuse
from cartanalysis.intake.reading.table import (
    MAX_CELLS,
    MAX_RECORDS,
    as_text,
    build,
    check_size,
    numbered,
)
from cartanalysis.intake.source import Column, Source

TIME_LIMIT = 120  # seconds; the largest table allowed takes a few
COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("statfiles_child.py")))


def parse(data: bytes, name: str, kind: str) -> Source:
    """Read a SAS, Stata or SPSS file."""
    command = [*COMMAND, kind, str(MAX_RECORDS), str(MAX_CELLS)]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=TIME_LIMIT, check=False
        )
    except subprocess.TimeoutExpired as error:
        what = f"the file took longer than {TIME_LIMIT} seconds to read"
        raise refuse(name, what, "Save the table as CSV") from error
    if done.returncode == 1:  # Python's own failure: not the file's fault
        raise RuntimeError(f"reading {name} failed:\n{done.stderr.decode(errors='replace')}")
    if done.returncode:  # told by the library, or brought down by the file
        raise damaged(name, KINDS[kind].words)
    found = json.loads(done.stdout)
    check_size(name, [text for text, _, _ in found["header"]], found["n_rows"])
    header = [
        Column(text, label, {as_text(code): meaning for code, meaning in choices})
        for text, label, choices in found["header"]
    ]
    form = KINDS[kind].words.split(maxsplit=1)[1].removesuffix(" file")
    problems = [Problem(what, remedy) for what, remedy in found["problems"]]
    rows = numbered([[as_text(value) for value in values] for values in found["columns"]])
    return build(name, form, header, rows, notes=found["notes"], problems=problems)
