"""Where the rows of protected cohorts are, so that no notebook has them.

`cartanalysis.publish` keeps a user's cohort in its own process and runs the chapters in others.  A
chapter holds `Patients` in place of rows and asks for results; what comes back has passed
disclosure control (`cartanalysis.chapter.disclosure.rules`).  Whatever a cell prints, draws,
returns or logs is thus made from protected results: it has nothing else.  This holds for mistakes
and for careless code; it is no prison for a chapter that was written to search the machine.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from typing import Any, NoReturn

import pandas as pd

from cartanalysis import intake
from cartanalysis.chapter.disclosure.recognise import recognise
from cartanalysis.chapter.disclosure.rules import RULES, UNCHANGED, Refused, Told, protect
from cartanalysis.contract import Cohort, derive
from cartanalysis.errors import CannotCompute, MissingColumns
from cartanalysis.stats import survival

ADDRESS, KEY = "CARTANALYSIS_VAULT", "CARTANALYSIS_VAULT_KEY"
"""Environment variables that tell a chapter where to ask."""


class Patients:
    """The patients of a protected cohort: they can be counted, not looked at."""

    def __init__(self, place: int, count: int | None = None) -> None:
        self._place = place
        self._count = count

    def __len__(self) -> int:
        if self._count is None:
            self._refuse()
        return self._count

    def __repr__(self) -> str:
        count = "" if self._count is None else f"{self._count} "
        return f"{count}patients of a protected cohort; their rows are not shown"

    def _refuse(self, *_: object) -> NoReturn:
        raise Refused(
            "the rows of a protected cohort are not shown; ask “study” for results, such as "
            "study.remission(), or publish in the house with --min-cell 1"
        )

    __getitem__ = __iter__ = __contains__ = _refuse


Opened = tuple[Cohort, Patients]


class Vault:
    """Keeps cohorts, and answers with results that passed disclosure control."""

    def __init__(self, cohorts: Mapping[str, Cohort], min_cell: int) -> None:
        self._cohorts = dict(cohorts)
        self._min_cell = min_cell
        self._kept: list[tuple[pd.DataFrame, float]] = []  # rows, and from which day times count
        self._lock = threading.Lock()

    def open(self, name: str, treg_cutoff: float | None = None) -> Opened | None:
        """Give a cohort without its rows, and what stands for them; none if it is not kept here."""
        if name not in self._cohorts:
            return None
        cohort = self._cohorts[name]
        rows = derive(cohort.table, treg_cutoff)
        patients = Patients(self._keep(rows, 0.0), len(rows))
        return replace(cohort, table=cohort.table.iloc[:0], notes=()), patients

    def compute(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Told:
        """Call a function of the package on patients who are kept here; new rows stay here, too."""
        days = [self._kept[a._place][1] for a in (*args, *kwargs.values()) if _kept(a)]
        args = tuple(self._rows(a) for a in args)
        kwargs = {name: self._rows(a) for name, a in kwargs.items()}
        since = max(days, default=0.0)
        told = protect(function, self._min_cell, *args, landmark=since, **kwargs)
        if function is survival.landmark:
            day = since + float(kwargs.get("day", args[-1]))
            return replace(told, result=Patients(self._keep(told.result, day)))
        return told

    def _rows(self, argument: Any) -> Any:
        return self._kept[argument._place][0] if _kept(argument) else argument

    def _keep(self, rows: pd.DataFrame, since: float) -> int:
        with self._lock:
            self._kept.append((rows, since))
            return len(self._kept) - 1


def _kept(argument: object) -> bool:
    return isinstance(argument, Patients)


# --- between processes -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Failure:
    """What the other side raised; a sentence for readers, or a fault of ours."""

    message: str
    is_reason: bool
    lacks: tuple[str, ...] = ()


@contextmanager
def serving(vault: Vault) -> Iterator[dict[str, str]]:
    """Answer chapters that run in other processes; they are told how by environment variables."""
    key = secrets.token_bytes(32)
    # the loopback address, as kernels use: a socket's path may be too long for the system
    with Listener(("127.0.0.1", 0), backlog=16, authkey=key) as listener:
        stopped = threading.Event()
        thread = threading.Thread(target=_listen, args=(listener, vault, stopped), daemon=True)
        thread.start()
        try:
            host, port = listener.address
            yield {ADDRESS: f"{host}:{port}", KEY: key.hex()}
        finally:
            stopped.set()
            with Client(listener.address, authkey=key):  # wakes the listener
                pass
            thread.join()


def _listen(listener: Listener, vault: Vault, stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            asked = listener.accept()
        except (AuthenticationError, EOFError, OSError):  # not one of our chapters, or it ended
            continue
        threading.Thread(target=_answer, args=(asked, vault), daemon=True).start()


def _answer(asked: Connection, vault: Vault) -> None:
    with asked:
        while True:
            try:
                wants_cohort, args, kwargs = asked.recv()
            except (EOFError, OSError):  # the chapter is done, or was killed
                return
            except Exception as error:  # noqa: BLE001 - an object that only the chapter knows
                asked.send(_Failure(f"disclosure control cannot read the call: {error}", True))
                continue
            try:
                answer: Any = (vault.open if wants_cohort else vault.compute)(*args, **kwargs)
            except MissingColumns as error:
                answer = _Failure(str(error), True, error.columns)
            except CannotCompute as error:
                answer = _Failure(str(error), True)
            except Exception as error:  # noqa: BLE001 - told to the chapter, which fails with it
                answer = _Failure(f"{type(error).__name__}: {error}", False)
            asked.send(answer)


class Remote:
    """The vault of another process, with the same two methods."""

    def __init__(self, address: str, key: bytes) -> None:
        host, _, port = address.rpartition(":")
        self._line = Client((host, int(port)), authkey=key)

    def open(self, name: str, treg_cutoff: float | None = None) -> Opened | None:
        """Ask for a cohort, as `Vault.open`."""
        opened: Opened | None = self._ask(True, name, treg_cutoff)
        return opened

    def compute(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Told:
        """Ask for a result, as `Vault.compute`."""
        if function not in RULES and function not in UNCHANGED:
            protect(function, 2)  # says so
        told: Told = self._ask(False, function, *args, **kwargs)
        return told

    def _ask(self, wants_cohort: bool, *args: Any, **kwargs: Any) -> Any:
        self._line.send((wants_cohort, args, kwargs))
        answer = self._line.recv()
        if isinstance(answer, _Failure):
            if answer.lacks:
                raise MissingColumns(answer.lacks)
            if answer.is_reason:
                raise CannotCompute(answer.message)
            raise RuntimeError(answer.message)
        return answer


def remote() -> Remote | None:
    """Find the vault of the process that runs this chapter; none where no cohort is kept there."""
    if ADDRESS not in os.environ:
        return None
    return Remote(os.environ[ADDRESS], bytes.fromhex(os.environ[KEY]))


def open_cohort(
    file: str, min_cell: int, treg_cutoff: float | None = None, strata: Sequence[str] = ()
) -> tuple[Vault | Remote, Cohort, pd.DataFrame | Patients]:
    """Open a cohort: what computes, and its patients or, where protected, what stands for them."""
    there = remote()
    if there and (opened := there.open(file, treg_cutoff)):
        return there, *opened
    cohort = recognise(intake.read(file, strata))
    if min_cell <= 1 or cohort.is_reconstruction:
        return Vault({}, 1), cohort, derive(cohort.table, treg_cutoff)
    vault = Vault({file: cohort}, min_cell)
    opened = vault.open(file, treg_cutoff)
    assert opened is not None  # it was kept a line above
    return vault, *opened
