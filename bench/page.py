"""Where the measurements' tables go: `book/data`, which the page `book/speed.md` includes."""

from __future__ import annotations

import datetime as dt
import math
import os
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

DATA = Path(__file__).parent.parent / "book" / "data"
GIGABYTE = 2**30


def machine() -> str:
    """Say what was measured on, and how busy it was."""
    about = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.*)", about.read_text()) if about.exists() else None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIGABYTE
    return (
        f"{named[1] if named else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB; "
        f"{os.getloadavg()[0]:.1f} programs ran or waited at the end"
    )


def write(
    name: str, head: Sequence[str], rows: Sequence[Sequence[str]], versions: Mapping[str, str]
) -> None:
    """Print a table, and keep it with where and when it was measured."""
    named = {"Python": platform.python_version(), "NumPy": version("numpy"), **versions}
    told = ", ".join(f"{what} {of}" for what, of in named.items() if of)
    lines = [
        f"| {' | '.join(row)} |" for row in (head, ["---", *["---:"] * (len(head) - 1)], *rows)
    ]
    note = f"*Measured on {dt.date.today():%-d %B %Y}: {machine()}. {told}.*"
    text = "\n".join([*lines, "", note]) + "\n"
    print(text, flush=True)
    DATA.mkdir(exist_ok=True)
    (DATA / f"bench-{name}.md").write_text(text, encoding="utf-8")


def three_digits(value: float) -> str:
    """Write a positive number with three digits that count, thousands apart."""
    return f"{value:,.{max(0, 2 - math.floor(math.log10(value)))}f}"


def verdict(ratio: float, most: float) -> str:
    """Tell whether a goal was met."""
    return "met" if ratio <= most else "missed"
