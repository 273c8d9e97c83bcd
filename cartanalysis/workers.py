"""Work done side by side: by processes of this machine, or by the workers of a Dask cluster.

Who calls gets results in the order of what was asked, so that they do not depend on how many work.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import platform
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cartanalysis
from cartanalysis.errors import InputError, Problem

if TYPE_CHECKING:
    from distributed import Client
    from joblib import Parallel

SECONDS = 5
"""So long is a scheduler tried to be reached."""

NOT_REACHED = (OSError, ValueError, TypeError, MemoryError)
"""By nobody, a wrong address, a lack of certificates, and one who speaks otherwise."""

COMPUTING = ("numpy", "scipy", "pandas", "lifelines", "statsmodels", "joblib", "distributed")
"""Packages whose version may change a result, or what is sent."""

HASHED = (".py", ".yml", ".csv", ".parquet", ".css", ".js", ".ttf")
"""Files of this package on which an output may depend."""

Stamp = Mapping[str, str]


@dataclass(frozen=True)
class Workers:
    """Who works."""

    count: int
    parallel: Parallel
    stamp: Stamp | None  # what a worker elsewhere has to have installed

    def each(self, function: Callable[..., Any], *arguments: Iterable[Any]) -> Generator[Any]:
        """Call a function as ``map`` does; results come in order, each as soon as it can.

        To close it takes back what is still to be done.
        """
        from joblib import delayed

        # in a tuple, which joblib sends with the task: of a large argument by itself Dask keeps a
        # single copy, lost if the worker that has it dies
        tasks = ((self.stamp, function, given) for given in zip(*arguments, strict=False))
        results = self.parallel(delayed(_call)(task) for task in tasks)
        try:
            for result in results:  # noqa: UP028 - "yield from" would close them by itself
                yield result
        finally:
            with warnings.catch_warnings():
                meant = r"\d+ tasks .* limit unnecessary computation time"
                warnings.filterwarnings("ignore", meant, UserWarning)
                results.close()


class OtherInstallationError(RuntimeError):
    """A worker does not have installed what the machine has that asks."""


def _call(task: tuple[Stamp | None, Callable[..., Any], tuple[Any, ...]]) -> Any:
    needed, function, given = task
    if needed is not None and (differs := _difference(needed, stamp())):
        raise OtherInstallationError(differs)  # one that came after the others were asked
    return function(*given)


@contextmanager
def working(jobs: int, scheduler: str | None = None) -> Iterator[Workers]:
    """Let so many processes of this machine work, or else the workers of a scheduler."""
    from joblib import Parallel, parallel_config
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    with ExitStack() as stack:
        count, needed = jobs, None
        own: dict[str, Any] = {}
        if scheduler is None and jobs > 1:
            own = {"backend": "loky", "initializer": _belong_to, "initargs": (os.getpid(),)}
        if scheduler is not None:
            client = stack.enter_context(_connected(scheduler))
            needed = _check_workers(client, scheduler)
            count = sum(client.ncores().values())
            stack.enter_context(_lost(scheduler))
            stack.enter_context(parallel_config(backend=_backend(client)))
        parallel = Parallel(n_jobs=jobs, batch_size=1, return_as="generator", **own)
        stack.enter_context(parallel)
        try:
            yield Workers(count, parallel, needed)
        except TerminatedWorkerError as error:
            what = "a process that worked was ended from outside, probably for lack of memory"
            raise InputError("--jobs", [Problem(what, "Give fewer jobs")]) from error


def _belong_to(asking: int) -> None:
    """Leave Ctrl-C to the process that asks, which ends the others, and end when it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == asking:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


# --- what has to be installed --------------------------------------------------------------------


@cache
def stamp() -> Stamp:
    """Tell what is installed here that may change a result."""
    own = package_hash(Path(cartanalysis.__file__).parent)
    found = {"cartanalysis": f"{cartanalysis.__version__} ({own[:8]})"}
    found |= {name: metadata.version(name) for name in COMPUTING}
    return found | {"Python": platform.python_version(), "processor": platform.machine()}


def package_hash(folder: Path) -> str:
    """Hash the package's own files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in HASHED:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _difference(here: Stamp, there: Stamp) -> str:
    """Say what differs, for whoever has to install it."""
    return ", ".join(
        f"{name} {there.get(name, 'unknown')}, here {version}"
        for name, version in here.items()
        if there.get(name) != version
    )


# --- a cluster -----------------------------------------------------------------------------------


@contextmanager
def _connected(scheduler: str) -> Iterator[Client]:
    """Connect to a scheduler; what was still asked of it is taken back at the end."""
    try:
        from distributed import Client, versions
    except ImportError as error:
        what = "this needs the package distributed (Dask), which is not installed here"
        remedy = "Install it, pip install '.[cluster]', or leave --scheduler away"
        raise InputError("--scheduler", [Problem(what, remedy)]) from error

    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # failures are told by us
    try:
        with ThreadPoolExecutor(1) as apart:  # a notebook's own thread has a loop already
            apart.submit(asyncio.run, _reach(scheduler)).result()
        with warnings.catch_warnings():
            # compared by us, and refused
            warnings.simplefilter("ignore", versions.VersionMismatchWarning)
            client = Client(scheduler, timeout=SECONDS, set_as_default=False)
    except NOT_REACHED as error:
        what = f"no scheduler of Dask can be reached there ({error or type(error).__name__})"
        remedy = "Start one with “dask scheduler”, and give the address that it prints"
        raise InputError(f"--scheduler {scheduler}", [Problem(what, remedy)]) from error
    with client:
        yield client


async def _reach(scheduler: str) -> None:
    """Try to reach a scheduler, which a client would not give up quietly."""
    from distributed import Security
    from distributed.comm.core import connect

    how = Security().get_connection_args("client")
    comm = await asyncio.wait_for(connect(scheduler, timeout=SECONDS, **how), SECONDS)
    await comm.close()


def _check_workers(client: Client, scheduler: str) -> Stamp:
    """Give what the workers have installed, which has to be what is installed here."""
    needed, problems = stamp(), []
    found = client.run(stamp, on_error="return")
    if not found:
        what = "no worker is connected to this scheduler"
        problems.append(Problem(what, f"Start some: dask worker {scheduler}"))
    remedy = "Install there what is installed here, and start the worker again"
    for worker, there in found.items():
        if isinstance(there, Exception):
            what = f"the worker {worker} cannot run cartanalysis ({there})"
        elif not (differs := _difference(needed, there)):
            continue
        else:
            what = f"the worker {worker} would give other results: {differs}"
        problems.append(Problem(what, remedy))
    if problems:
        raise InputError(f"--scheduler {scheduler}", problems)
    return needed


@contextmanager
def _lost(scheduler: str) -> Iterator[None]:
    """Say what happened to a cluster."""
    from distributed import CancelledError, KilledWorker
    from distributed.comm.core import CommClosedError

    try:
        yield
    except (CancelledError, CommClosedError) as error:
        what, remedy = "the scheduler was lost", "See what ended it, and start again"
        raise InputError(f"--scheduler {scheduler}", [Problem(what, remedy)]) from error
    except KilledWorker as error:
        what = "one piece of work ended several workers, probably for lack of memory"
        remedy = "Start fewer workers on each machine"
        raise InputError(f"--scheduler {scheduler}", [Problem(what, remedy)]) from error
    except OtherInstallationError as error:
        what = f"a worker that joined late would give other results: {error}"
        remedy = "Install there what is installed here, and start again"
        raise InputError(f"--scheduler {scheduler}", [Problem(what, remedy)]) from error


def _backend(client: Client) -> Any:
    from joblib._dask import DaskDistributedBackend

    class Cluster(DaskDistributedBackend):
        """Joblib's own, but a cluster of one works, too: joblib would do the work here."""

        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(2, super().effective_n_jobs(n_jobs))

    return Cluster(client=client)
