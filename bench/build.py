"""How long a cohort takes to become a site, beside Jupyter Book as it comes: `make bench`.

    python bench/build.py

In one run, in turn: Jupyter Book executes the chapters by itself, one after the other; then the
whole book, its pages of prose and its checks with it, is published about a cohort that was never
seen, protected and not, and once more with nothing changed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import jupytext
import page
import yaml

ROOT = Path(__file__).parent.parent
OURS = "import sys; from cartanalysis.cli import main; sys.exit(main(sys.argv[1:]))"
STOCK = "from jupyter_book.cli.main import main; main()"
COHORTS = {"new, protected": [], "new cohort": ["--min-cell", "1"]}
"""A user's cohort, as it is published unless asked otherwise, and with nothing hidden: only the
latter does what Jupyter Book does."""

GOALS = {"new, protected": None, "new cohort": 0.3, "unchanged": 0.1}


def stock_sources(folder: Path) -> Path:
    """Write the chapters as a book of their own, without the extensions of ours."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [entry["file"] for entry in _entries(toc)]
    chapters = [name for name in files if name.startswith("notebooks/")]
    (folder / "notebooks").mkdir(parents=True)
    for name in chapters:
        notebook = jupytext.read(ROOT / f"{name}.py")
        jupytext.write(notebook, folder / f"{name}.ipynb")
    contents = {"format": "jb-book", "root": chapters[0]}
    contents["chapters"] = [{"file": name} for name in chapters[1:]]
    (folder / "_toc.yml").write_text(yaml.safe_dump(contents), encoding="utf-8")
    config = {"title": "Stock", "execute": {"execute_notebooks": "force", "timeout": 600}}
    (folder / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def _entries(toc: dict) -> list[dict]:
    found = []
    for part in (toc, *toc.get("parts", [])):
        for entry in part.get("chapters", []):
            found += [entry, *entry.get("sections", [])]
    return found


def seconds(program: str, *arguments: str, **environment: str) -> float:
    """Time a command; it must succeed."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=os.environ | environment, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    taken = time.monotonic() - started
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return taken


def main() -> None:
    """Measure, and write a table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own = {"XDG_CACHE_HOME": str(folder / "user"), "CARTANALYSIS_STATE": str(folder / "state")}
        stock = seconds(STOCK, "build", str(stock_sources(folder / "stock")), MPLBACKEND="agg")
        failed = sorted((folder / "stock" / "_build" / "html" / "reports").rglob("*.err.log"))
        if failed:  # Jupyter Book keeps cells that failed, and ends well
            sys.exit(failed[0].read_text(encoding="utf-8")[-2000:])
        drawn = [sys.executable, "-c", OURS, "reconstruct", "--seed", "4"]
        text = subprocess.run(drawn, capture_output=True, check=True, text=True).stdout
        cohort = folder / "cohort.csv"
        # somebody's own patients, so that all of the time is the book's: a reconstruction is drawn
        # anew to recognise it
        cohort.write_text(text.replace("an2020-seed4-", "P"), encoding="utf-8")
        taken = {}
        for name, options in COHORTS.items():
            publish = ["publish", str(cohort), *options, "--book", str(ROOT)]
            publish += ["--out", str(folder / name), "--cache", str(folder / "cache")]
            taken[name] = seconds(OURS, *publish, **own)
        taken["unchanged"] = seconds(OURS, *publish, **own)
    rows = [("Jupyter Book, chapters only", f"{stock:.1f}", "1.00", "none")]
    for what, goal in GOALS.items():
        ratio = taken[what] / stock
        told = f"{page.verdict(ratio, goal)} (≤ {goal})" if goal else "none"
        rows.append((what, f"{taken[what]:.1f}", f"{ratio:.2f}", told))
    versions = {"Jupyter Book": version("jupyter-book")}
    page.write("build", ("", "seconds", "ratio", "goal"), rows, versions)


if __name__ == "__main__":
    main()
