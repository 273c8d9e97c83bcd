"""From executed notebooks to a website: stage the sources, let Jupyter Book build."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import nbformat
import yaml

from cartanalysis.contract import Cohort
from cartanalysis.publish import owned
from cartanalysis.publish.artefacts import Harvest
from cartanalysis.publish.book import CHAPTERS, CONFIG, PROSE, TOC, Book
from cartanalysis.publish.execute import Failures
from cartanalysis.publish.kernels import ENVIRONMENT
from cartanalysis.publish.owned import About
from cartanalysis.publish.places import FULL, remove
from cartanalysis.publish.verify import EMPTY, entries

ARTEFACTS = owned.ARTEFACTS
_ANSI = re.compile(r"\x1b\[[0-9;]*m")

_PROGRAM = """
import importlib, os, sys, threading
from contextlib import suppress

wanted = threading.Event()

def listen():  # until the run that started this ends, however it does: its end of the pipe closes
    if os.read(0, 1):
        wanted.set()
        os.read(0, 1)
    os._exit(1)

threading.Thread(target=listen, daemon=True).start()
from jupyter_book.cli.main import main
from jupyter_book.config import get_default_sphinx_config
extensions = get_default_sphinx_config()["extensions"] + sys.argv.pop(1).split()
for name in ["jupyter_book.sphinx", "sphinx.builders.html", "sphinx.search.en", *extensions]:
    with suppress(ImportError):  # the build will tell
        importlib.import_module(name)
wanted.wait()
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
    out = {f"{CHAPTERS}/{name}" for name in gathered.left_out}
    if not gathered.complete:
        own += owned.front(source / PROSE, about, cohort.name)
        out |= {owned.ABOUT_THE_PACKAGE}
    toc = owned.contents(toc, out, own)
    for name, content in ((CONFIG, config), (TOC, toc)):
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
        (source / name).write_text(text, encoding="utf-8")
    (source / CHAPTERS).mkdir()
    for name, notebook in gathered.notebooks.items():
        nbformat.write(notebook, source / CHAPTERS / f"{name}.ipynb")
    owned.lead_elsewhere(source, gathered.left_out)
    return Book(source)


class JupyterBook:
    """Jupyter Book in a process of its own, which loads while the chapters are still running."""

    def __init__(self, book: Book, source: Path, target: Path) -> None:
        self._source, self._target = source, target
        config = yaml.safe_load((book.root / CONFIG).read_text(encoding="utf-8"))
        extensions = " ".join(config["sphinx"].get("extra_extensions", []))
        # this interpreter's Jupyter Book, whatever is first on the PATH
        command = [sys.executable, "-c", _PROGRAM, extensions, "build", str(source)]
        command += ["--path-output", str(target), "-W", "-n", "--keep-going", "--all"]
        self._start(command, {**os.environ, **ENVIRONMENT, "NO_COLOR": "1"})

    def _start(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        theirs, self._line = os.pipe()
        self._process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=env,
        )
        os.close(theirs)

    def _run(self) -> tuple[int, str]:
        """Let it begin, and give its status and what it said."""
        with suppress(BrokenPipeError):  # it ended, and said why
            os.write(self._line, b"+")
        output = "\n".join(self._process.communicate())
        return self._process.returncode, output

    def close(self) -> None:
        """End it."""
        os.close(self._line)
        with self._process:
            self._process.kill()

    def build(self) -> Path:
        """Build the website from sources that are laid out by now; a warning is an error."""
        status, output = self._run()
        if status != 0:
            output = _ANSI.sub("", output).replace(f"{self._source}/", "")
            _tell(output)
        html = self._target / "_build" / "html"
        # built from paths of this machine, and of no use to a reader
        remove(html / ".doctrees")
        (html / ".buildinfo").unlink(missing_ok=True)
        # of no use either, and `verify` knows files only
        while empty := [name for name, what in entries(html) if what == EMPTY]:
            for name in empty:
                (html / name).rmdir()
        return html


def _tell(output: str) -> NoReturn:
    """Fail with the lines that say why a build failed."""
    for code in FULL:
        if f"[Errno {code}]" in output:
            raise OSError(code, os.strerror(code))
    lines = [
        line.strip()
        for line in output.splitlines()
        if re.search(r"\b(WARNING|ERROR|CRITICAL|\w*(Error|Exception)):? ", line)
    ]
    raise Failures(list(dict.fromkeys(lines)) or output.strip().splitlines()[-15:])
