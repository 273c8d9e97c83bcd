"""Books that tests publish in this process need not load the libraries each time.

Kernels of all of them are forked from one process, as those of one book are (`publish.kernels`),
and so is Jupyter Book.  What tests start as a program of its own, the command as users have it,
loads everything itself, and so do the tests of the engine.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cartanalysis.publish import execute, site
from cartanalysis.publish.kernels import CAN_FORK, Kernels

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

    class Forked(site.JupyterBook):
        """Jupyter Book, loaded already."""

        def _start(self, command: Sequence[str], env: Mapping[str, str]) -> None:
            self._command, self._env = command, env

        def _run(self) -> tuple[int, str]:
            with tempfile.TemporaryDirectory() as told:
                paths = Path(told, "out"), Path(told, "err")
                process = context.Process(
                    target=_build, args=(self._command[4:], self._env, *paths)
                )
                process.start()
                process.join()
                code = process.exitcode
                process.close()
                texts = [p.read_text(encoding="utf-8", errors="replace") for p in paths]
            return code, "\n".join(texts)

        def close(self) -> None:
            """Leave nothing."""

    patch.setattr(site, "JupyterBook", Forked)
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
