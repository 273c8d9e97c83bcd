"""From executed notebooks to a website: stage the sources, let Jupyter Book build."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import yaml

from cartanalysis.contract import Cohort
from cartanalysis.publish import owned
from cartanalysis.publish.about import About
from cartanalysis.publish.artefacts import Harvest
from cartanalysis.publish.book import CHAPTERS, CONFIG, PROSE, TOC, Book
from cartanalysis.publish.execute import Failures
from cartanalysis.publish.scratch import FULL, remove
from cartanalysis.publish.verify import EMPTY, entries

ARTEFACTS = owned.ARTEFACTS
_ANSI = re.compile(r"\x1b\[[0-9;]*m")

_PROGRAM = """
import os, threading

def leave():  # with the run that started this, however it ended: its end of the pipe closes then
    os.read(0, 1)
    os._exit(1)

threading.Thread(target=leave, daemon=True).start()
from jupyter_book.cli.main import main
main()
"""
"""Jupyter Book, which must not write on into the folder of a run that was killed."""


def stage(
    book: Book, cohort: Cohort, gathered: Harvest, source: Path, about: About | None = None
) -> Book:
    """Lay out the sources that Jupyter Book reads."""
    about = about or About()
    shutil.copytree(book.root / PROSE, source / PROSE)
    config = yaml.safe_load((book.root / CONFIG).read_text(encoding="utf-8"))
    toc = yaml.safe_load((book.root / TOC).read_text(encoding="utf-8"))
    config["execute"] = {"execute_notebooks": "off"}
    config["sphinx"]["config"]["cart_artefacts"] = ARTEFACTS
    if not cohort.is_default:
        config["title"] = f"{cohort.name} – {config['title']}"
    config["title"] = about.title or config["title"]
    config["author"] = about.by or config["author"]
    own = owned.words_of(source, about)
    if not gathered.complete:
        own += owned.front(source / PROSE, about, cohort.name)
    toc = owned.contents(toc, {f"{CHAPTERS}/{name}" for name in gathered.left_out}, own)
    for name, content in ((CONFIG, config), (TOC, toc)):
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
        (source / name).write_text(text, encoding="utf-8")
    (source / CHAPTERS).mkdir()
    for name, notebook in gathered.notebooks.items():
        nbformat.write(notebook, source / CHAPTERS / f"{name}.ipynb")
    owned.lead_elsewhere(source, gathered.left_out)
    return Book(source)


def build(source: Path, target: Path) -> Path:
    """Build the website; a warning is an error."""
    # this interpreter's Jupyter Book, whatever is first on the PATH
    command = [sys.executable, "-c", _PROGRAM, "build", str(source), "--path-output"]
    command += [str(target), "-W", "-n", "--keep-going", "--all"]
    theirs, ours = os.pipe()
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            stdin=theirs,
            check=False,
            env={**os.environ, "PYTHONHASHSEED": "0", "NO_COLOR": "1"},
        )
    finally:
        os.close(theirs)
        os.close(ours)
    if done.returncode != 0:
        output = _ANSI.sub("", done.stdout + "\n" + done.stderr).replace(f"{source}/", "")
        for code in FULL:
            if f"[Errno {code}]" in output:
                raise OSError(code, os.strerror(code))
        lines = [
            line.strip()
            for line in output.splitlines()
            if re.search(r"\b(WARNING|ERROR|CRITICAL|\w*(Error|Exception)):? ", line)
        ]
        raise Failures(list(dict.fromkeys(lines)) or output.strip().splitlines()[-15:])
    html = target / "_build" / "html"
    # built from paths of this machine, and of no use to a reader
    remove(html / ".doctrees")
    (html / ".buildinfo").unlink(missing_ok=True)
    # of no use either, and `verify` knows files only
    while empty := [name for name, what in entries(html) if what == EMPTY]:
        for name in empty:
            (html / name).rmdir()
    return html
