"""SAS, Stata and SPSS files, through pyreadstat in a process of its own.

The C library beneath pyreadstat can be brought down by a damaged file. In a process of its own
(`cartanalysis.intake.reading.statfiles_child`) that ends as an error like any other. To start one
takes longer than to read most files, so it stays for the next file of a study, and ends by itself
soon after the last one or with the first file that is damaged.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import cartanalysis
from cartanalysis.errors import Problem
from cartanalysis.intake.reading.detect import KINDS
from cartanalysis.intake.reading.files import damaged, refuse
from cartanalysis.intake.reading.table import build, check_size, numbered
from cartanalysis.intake.source import Column, Source

TIME_LIMIT = 120
"""Seconds; the largest table allowed takes a few."""

IDLE = 10
"""Seconds without a file after which the child ends by itself."""

UNREADABLE = 3
"""Exit status of the child when the library says that the file is damaged."""


COMMAND = (sys.executable, "-P", "-m", "cartanalysis.intake.reading.statfiles_child")


class _Child:
    """The process, and the pipes to it."""

    def __init__(self) -> None:
        # the child finds this package where this process found it
        package = str(Path(cartanalysis.__file__).parent.parent)
        places = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        self.owner = os.getpid()
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the process
        self.process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
        )

    @property
    def serves(self) -> bool:
        """Whether it can be asked; a fork of this process must not share its pipes."""
        return self.owner == os.getpid() and self.process.poll() is None

    def ask(self, data: bytes, kind: str) -> bytes | None:
        """Give a file, get its content as JSON; none if the process ended."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(f"{kind} {len(data)}\n".encode() + data)
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        size = int(self.process.stdout.readline() or -1)
        answer = self.process.stdout.read(size) if size >= 0 else b""
        return answer if len(answer) == size else None

    def end(self) -> tuple[int, str]:
        """Make sure that the process is gone; give its exit status and what it complained of."""
        if self.owner == os.getpid():
            self.process.kill()
            self.process.communicate()
        self.errors.seek(0)
        with self.errors:
            return self.process.returncode, self.errors.read().decode(errors="replace")


_lock = threading.Lock()
_children: list[_Child] = []
"""The one that serves, if any."""


@atexit.register
def _end_all() -> None:
    while _children:
        _children.pop().end()


def _answer(data: bytes, kind: str) -> tuple[bytes | None, int, str | None]:
    """Give what the child says of a file, or else its exit status and complaints, if in time."""
    with _lock:
        if _children and not _children[0].serves:
            _end_all()
        if not _children:
            _children.append(_Child())
        (child,) = _children
        is_late = threading.Event()

        def stop() -> None:
            is_late.set()
            child.process.kill()

        timer = threading.Timer(TIME_LIMIT, stop)
        timer.start()
        try:
            answer = child.ask(data, kind)
        finally:
            timer.cancel()
        if answer is not None:
            return answer, 0, ""
        child.process.wait()
        status, why = _children.pop().end()
    if is_late.is_set():
        return None, status, None
    if status == -getattr(signal, "SIGALRM", 0):  # it was just about to end
        return _answer(data, kind)
    return None, status, why


def parse(data: bytes, name: str, kind: str) -> Source:
    """Read a SAS, Stata or SPSS file."""
    answer, status, why = _answer(data, kind)
    if answer is None and why is None:
        what = f"the file took longer than {TIME_LIMIT} seconds to read"
        raise refuse(name, what, "Save the table as CSV")
    if answer is None and status == 1:  # Python's own failure: not the file's fault
        raise RuntimeError(f"reading {name} failed:\n{why}")
    if answer is None:  # told by the library, or brought down by the file
        raise damaged(name, KINDS[kind].words)
    found = json.loads(answer)
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
