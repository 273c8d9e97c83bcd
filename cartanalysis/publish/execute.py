"""Running chapters with papermill, in parallel, and not again when nothing changed."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import nbformat
import psutil
from jupyter_core.utils import ensure_event_loop
from tqdm import tqdm

import cartanalysis
from cartanalysis.chapter.disclosure.outputs import only_handed_over
from cartanalysis.publish.book import Book
from cartanalysis.publish.kernels import ENVIRONMENT, Kernels
from cartanalysis.publish.owner import Seal
from cartanalysis.publish.places import FULL, naming
from cartanalysis.workers import package_hash

if TYPE_CHECKING:
    from cartanalysis.chapter.disclosure.vault import Vault

CELL_SECONDS = 600
"""A cell that runs longer than this has gone wrong."""

STARTS = 3
"""So often at the most is a kernel started anew that died before it ran anything."""


@dataclass(frozen=True)
class Executed:
    """A chapter that has been run: its notebook with outputs."""

    name: str
    notebook: nbformat.NotebookNode
    key: str
    """Hash of everything the outputs depend on."""
    seconds: float
    """0 where an earlier run's outputs still held."""
    reused: bool


@dataclass
class Failures(Exception):  # noqa: N818 - several failures, told one per line
    """What stopped a run, one readable line each."""

    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Join the lines."""
        return "\n".join(self.lines)


def chapter_keys(
    book: Book, cohort_sha256: str, parameters: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """Hash what each chapter's outputs depend on."""
    common = [
        package_hash(Path(cartanalysis.__file__).parent),
        json.dumps(environment(book), sort_keys=True),
        cohort_sha256,
    ]
    keys = {}
    for chapter in book.chapters:
        given = json.dumps(dict(parameters[chapter]), sort_keys=True)
        source = book.source(chapter).read_text(encoding="utf-8")
        keys[chapter] = Seal()(*common, source, given)
    return keys


def environment(book: Book) -> dict[str, str]:
    """List what is installed of what the lock file names, and Python."""
    lock = book.root / "requirements.txt"
    text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    names = sorted(set(re.findall(r"^([A-Za-z0-9][\w.-]*)==", text, flags=re.MULTILINE)))
    installed = {"python": ".".join(str(v) for v in sys.version_info[:3])}
    for name in names:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # locked for other systems only
            continue
    return installed


def kernels_for(keys: Mapping[str, str], workdir: Path, cache_dir: Path) -> Kernels:
    """Give kernels; where a chapter has to run, they begin to load at once."""
    kernels = Kernels(workdir)
    if not all(_stored(cache_dir, key).exists() for key in keys.values()):
        kernels.load()
    return kernels


def execute(
    book: Book,
    keys: Mapping[str, str],
    parameters: Mapping[str, Mapping[str, Any]],
    workdir: Path,
    cache_dir: Path,
    jobs: int,
    vault: Vault | None = None,
    kernels: Kernels | None = None,
) -> list[Executed]:
    """Run the chapters that have changed."""
    kernels = kernels or Kernels(workdir)
    # slow to import, which goes on while the kernels load
    from papermill.exceptions import PapermillExecutionError

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # failures are told by us
    os.environ.update(ENVIRONMENT)
    cache_dir.mkdir(parents=True, exist_ok=True)

    places: SimpleQueue[int] = SimpleQueue()  # lines of the terminal, one per running chapter
    for place in range(jobs):
        places.put(place)

    def _one(chapter: str) -> Executed | str:
        """Run a chapter unless its outputs are at hand; a failure comes back as its line."""
        stored = _stored(cache_dir, keys[chapter])
        reused = _from_cache(stored, keys[chapter])
        if reused is not None:
            return Executed(chapter, reused, keys[chapter], 0.0, True)
        started = time.monotonic()
        place = places.get()
        try:
            notebook = _run(book, chapter, parameters[chapter], workdir, place, kernels)
            if vault is not None:
                only_handed_over(notebook)
        except PapermillExecutionError as error:
            return f"{chapter}: cell {error.cell_index + 1} failed: {error.ename}: {error.evalue}"
        except Exception as error:  # a dead kernel, a time-out: told, not swallowed
            if isinstance(error, OSError) and error.errno in FULL:
                raise  # no chapter's own fault, and told once
            return f"{chapter}: {type(error).__name__}: {error}"
        finally:
            places.put(place)
        seconds = time.monotonic() - started
        tqdm.write(f"  {chapter:<26} {seconds:5.1f} s", file=sys.stderr)
        with naming(cache_dir):
            _to_cache(stored, keys[chapter], notebook)
        return Executed(chapter, notebook, keys[chapter], seconds, False)

    with (
        _asking(vault),
        closing(kernels),
        ThreadPoolExecutor(max_workers=jobs) as pool,
    ):
        try:
            outcomes = list(pool.map(_one, book.chapters))
        except BaseException:  # Ctrl-C: a cell that runs long must not be waited for
            pool.shutdown(wait=False, cancel_futures=True)
            kernels.close()
            _kill_kernels()
            raise
    failed = [o for o in outcomes if isinstance(o, str)]
    if failed:
        raise Failures(failed)
    return [o for o in outcomes if isinstance(o, Executed)]


@contextmanager
def _asking(vault: Vault | None) -> Iterator[None]:
    """Tell the kernels where to ask for results of protected cohorts."""
    if vault is None:
        yield
        return
    from cartanalysis.chapter.disclosure.vault import serving  # slow to import

    with serving(vault) as variables:
        os.environ.update(variables)
        try:
            yield
        finally:
            for name in variables:
                del os.environ[name]


def _kill_kernels() -> None:
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # ended by itself
            if any("ipykernel" in part for part in child.cmdline()):
                child.kill()


def _run(
    book: Book,
    chapter: str,
    parameters: Mapping[str, Any],
    workdir: Path,
    place: int,
    kernels: Kernels,
) -> nbformat.NotebookNode:
    import papermill  # slow to import, as is the engine

    from cartanalysis.publish.engine import ENGINE, NEVER_STARTED

    for start in range(1, STARTS + 1):
        loop = ensure_event_loop()  # the one nbclient will use in this thread, and leave open
        try:
            notebook = papermill.execute_notebook(
                book.notebook(chapter),
                None,
                parameters=dict(parameters),
                engine_name=ENGINE,
                kernels=kernels,
                # shown in a terminal only, and gone when the chapter is done
                progress_bar={
                    "desc": f"  {chapter:<26}",
                    "position": place,
                    "leave": False,
                    "disable": None,
                },
                execution_timeout=CELL_SECONDS,
                # the kernel's folder, per notebook: papermill's cwd= changes that of the process
                resources={"metadata": {"path": str(workdir)}},
            )
            break
        except RuntimeError as error:
            if start == STARTS or NEVER_STARTED not in str(error):
                raise
        finally:
            loop.close()
    # papermill leaves its clock and, for a notebook object, the whole input in the metadata
    for part in (notebook, *notebook.cells):
        part.metadata.pop("papermill", None)
        part.metadata.pop("execution", None)
    return notebook


def _stored(cache_dir: Path, key: str) -> Path:
    return cache_dir / f"{key}.ipynb"


def _from_cache(stored: Path, key: str) -> nbformat.NotebookNode | None:
    """Read outputs of an earlier run; what is damaged, no notebook or another's counts as none."""
    try:
        digest, _, text = stored.read_text(encoding="utf-8").partition("\n")
        if _bound(key, text) != digest:
            return None
        content = json.loads(text)
        if not isinstance(content, dict) or content.get("nbformat") != nbformat.current_nbformat:
            return None
        nbformat.validate(content)
        return nbformat.reads(text, as_version=nbformat.current_nbformat)
    except (OSError, ValueError, RecursionError, nbformat.ValidationError):
        return None


def _to_cache(stored: Path, key: str, notebook: nbformat.NotebookNode) -> None:
    text = nbformat.writes(notebook)
    partial = stored.with_suffix(f".{os.getpid()}.part")
    partial.write_text(f"{_bound(key, text)}\n{text}", encoding="utf-8")
    partial.replace(stored)


def _bound(key: str, text: str) -> str:
    """Hash outputs with what they depend on: under another name an entry is worth nothing."""
    return hashlib.sha256(f"{key}\n{text}".encode()).hexdigest()
