"""Books that tests publish in this process need not load the libraries each time.

Kernels of all of them are forked from one process, as those of one book are (`publish.engine`), and
so is Jupyter Book.  What tests start as a program of its own, the command as users have it, loads
everything itself, and so do the tests of the engine.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cartanalysis.publish import execute, site
from cartanalysis.publish.engine import CAN_FORK, Kernels

LOADED = [
    "jupyter_book.cli.main", "jupyter_book.sphinx", "sphinx.application", "sphinx_book_theme",
    "myst_nb.sphinx_ext", "sphinx_design.extension", "sphinx_togglebutton", "sphinx_copybutton",
    "sphinx_thebe", "sphinx_comments", "sphinx_external_toc", "sphinx.ext.intersphinx",
    "sphinx_multitoc_numbering", "sphinxcontrib.bibtex", "sphinx.builders.html",
    "sphinx.domains.std", "sphinx.search.en",
    "cartanalysis.publish.sphinx_ext", "cartanalysis.publish.page_ext",
]  # fmt: skip


class Kept(Kernels):
    """Kernels that outlive a run, and end with the tests."""

    def close(self) -> None:
        """Leave the next book what is loaded."""


@contextmanager
def warm(patch: pytest.MonkeyPatch, folder: Path) -> Iterator[None]:
    """Fork kernels and Jupyter Book from processes that are kept."""
    if not CAN_FORK:
        yield
        return
    kernels = Kept(folder)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    with pytest.MonkeyPatch.context() as starting:
        for name, value in (execute.ENVIRONMENT | {"NO_COLOR": "1"}).items():
            starting.setenv(name, value)
        multiprocessing.forkserver.ensure_running()

    def run(
        command: Sequence[str], env: Mapping[str, str], **_: object
    ) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory() as told:
            out, err = Path(told, "out"), Path(told, "err")
            process = context.Process(target=_build, args=(command[3:], env, out, err))
            process.start()
            process.join()
            code = process.exitcode
            process.close()
            texts = [p.read_text(encoding="utf-8", errors="replace") for p in (out, err)]
        return subprocess.CompletedProcess(command, code, *texts)

    patch.setattr(site, "subprocess", SimpleNamespace(run=run))
    patch.setattr(execute, "Kernels", lambda _: kernels)
    try:
        yield
    finally:
        Kernels.close(kernels)


def _build(arguments: Sequence[str], env: Mapping[str, str], *told: Path) -> None:
    for handle, path in enumerate(told, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), handle)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["-c", *arguments]
    program: Any = sys.modules["jupyter_book.cli.main"]
    program.main()
