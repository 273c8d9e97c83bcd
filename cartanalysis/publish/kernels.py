"""A process that loads the libraries once and forks a kernel for each chapter.

It is started as a program of its own, by the path of this file: what the process that publishes
holds, patients' rows among it, was never there.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import io
import json
import os
import pkgutil
import random
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stdout, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

LIBRARIES = (
    "numpy", "lifelines", "seaborn", "matplotlib.pyplot",
    "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg",
    "PIL.BmpImagePlugin", "PIL.GifImagePlugin", "PIL.JpegImagePlugin", "PIL.PpmImagePlugin",
    "ipykernel.kernelapp", "ipykernel.debugger", "IPython.extensions.storemagic", "sqlite3",
    "tornado.platform.asyncio",
)  # fmt: skip
"""What a kernel or a figure would load by itself, one by one; loading is all that happens."""

ROOMS = ("stats", "study", "claims", "figures", "chapter")

FORKS_WELL = "jemalloc_bg_thd"
"""The thread of an allocator that puts itself in order before and after a fork."""

READY = FORK = b"+"

CAN_FORK = sys.platform == "linux"
"""Elsewhere libraries of the system may not be used after a fork (macOS), or there is none."""

ENVIRONMENT = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # figures drawn by hand are shown
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
"""What every kernel runs with, and the process that it is forked from."""

PATIENCE = 60.0
"""Seconds for loading the libraries, as for the start of an ordinary kernel."""


# --- in the process that publishes --------------------------------------------------------------


class Kernel:
    """A forked kernel, as far as `jupyter_client` must know a process; its line ends with it."""

    stdin = stdout = stderr = None
    returncode: int | None = None

    def __init__(self, line: socket.socket, pid: int) -> None:
        self.pid = pid
        self._line = line

    def poll(self, flags: int = socket.MSG_DONTWAIT) -> int | None:
        """Give None while it runs."""
        if self.returncode is None:
            try:
                self._line.recv(1, flags)
            except BlockingIOError:
                return None
            except ConnectionResetError:  # ended with something unread
                pass
            self._line.close()
            self.returncode = 1
        return self.returncode

    def wait(self) -> int | None:
        """Wait until it has ended."""
        return self.poll(flags=0)

    def send_signal(self, signum: int) -> None:
        """Send a signal to it and to what it started."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signum)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class Kernels:
    """Where kernels come from: a process to fork, started with the first of them or before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._starting = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._forked: list[Kernel] = []
        self._can_fork = CAN_FORK
        self._is_ready = False
        self._closed = False

    def load(self) -> None:
        """Begin to load the libraries, and do not wait for it."""
        if not self._can_fork or self._line is not None:
            return
        self._line, theirs = socket.socketpair()
        self._line.settimeout(PATIENCE)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                env={**os.environ, **ENVIRONMENT},
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C reaches it through us
            )

    def fork(self, command: Sequence[str], cwd: str, env: dict[str, str]) -> Kernel | None:
        """Fork what a command would start; None where an ordinary kernel is needed."""
        kernel = None
        if list(command[:3]) == [sys.executable, "-m", "ipykernel_launcher"]:
            with suppress(OSError, ValueError):  # it ended, or is too slow
                kernel = self._fork({"arguments": command[3:], "cwd": cwd, "env": env})
        if kernel is not None:
            self._forked.append(kernel)
        if self._closed:
            self.close()
            raise RuntimeError("the run was stopped")
        return kernel

    def close(self) -> None:
        """End all of them."""
        self._closed = True
        if self._process is not None and self._line is not None:
            self._process.kill()
            self._process.wait()
            self._line.close()
        for kernel in self._forked:
            kernel.kill()
            kernel.wait()

    def _fork(self, order: dict[str, Any]) -> Kernel | None:
        with self._starting:
            self.load()
            if self._line is not None and self._can_fork and not self._is_ready:
                self._is_ready = self._can_fork = self._line.recv(len(READY)) == READY
        if not self._can_fork or self._line is None:
            return None
        ours, theirs = socket.socketpair()
        with ExitStack() as unless_forked:
            unless_forked.enter_context(ours)
            ours.settimeout(PATIENCE)
            with theirs:
                socket.send_fds(self._line, [FORK], [theirs.fileno()])
            ours.sendall(json.dumps(order).encode() + b"\n")
            with ours.makefile() as answer:
                pid = int(answer.readline())  # nothing if there was no room for it
            ours.settimeout(None)
            unless_forked.pop_all()
        return Kernel(ours, pid)


# --- in the process that forks ------------------------------------------------------------------


def main(line: socket.socket) -> None:
    """Load, fork on request, and end with the process that asks."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead need not be waited for
    given = set(os.environ)
    if not _load() or not _is_alone():
        return
    set_by_libraries = {n: value for n, value in os.environ.items() if n not in given}
    gc.freeze()  # what is loaded is garbage in no kernel
    line.sendall(READY)
    while handles := socket.recv_fds(line, len(FORK), 1)[1]:
        try:
            forked = os.fork() == 0
        except OSError:  # no room for another process: who asked sees the handle closed
            forked = False
        with socket.socket(fileno=handles[0]) as own:
            own.set_inheritable(False)
            if forked:
                line.close()
                _be_kernel(own, set_by_libraries)
                return


def _load() -> bool:
    """Import what chapters use; False if something is said, which readers would have seen."""
    heard: list[Any] = []
    shown, warnings.showwarning = warnings.showwarning, lambda *about, **_: heard.append(about)
    # pandas asks for both: what it finds decides how wide a table is shown
    builtins.get_ipython = lambda: SimpleNamespace(kernel=None)  # type: ignore[attr-defined]
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), "UTF-8")) as printed:
        for name in LIBRARIES:
            importlib.import_module(name)
        for room in ROOMS:
            package = importlib.import_module(f"cartanalysis.{room}")
            for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
                importlib.import_module(module.name)
    warnings.showwarning = shown
    del builtins.get_ipython  # type: ignore[attr-defined]
    return not heard and not printed.tell()


def _is_alone() -> bool:
    """Tell whether no thread is left that a fork would lose.

    Libraries that know about forking, such as OpenBLAS, end theirs before the first fork.
    """
    trial = os.fork()
    if trial == 0:
        os._exit(0)
    threads = [p.read_text().strip() for p in Path("/proc/self/task").glob("*/comm")]
    return threading.active_count() == 1 and len(threads) - threads.count(FORKS_WELL) == 1


def _be_kernel(line: socket.socket, environment: dict[str, str]) -> None:
    """Become the kernel that was ordered; end when whoever ordered it ends."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with line.makefile(encoding="utf-8") as told:
        order = json.loads(told.readline())
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(environment | order["env"])
    # every kernel has a chance of its own
    random.seed()
    sys.modules["numpy"].random.seed()
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()
    launcher = importlib.import_module("ipykernel_launcher")
    sys.argv = [str(launcher.__file__), *order["arguments"]]
    kernel = importlib.import_module("ipykernel.kernelapp").IPKernelApp.instance(
        parent_handle=1  # nobody whose end it should watch for itself
    )
    kernel.initialize()
    line.sendall(f"{os.getpid()}\n".encode())  # who connects from now on need not try twice
    kernel.start()


def _end_with(line: socket.socket) -> None:
    line.recv(1)  # nothing is ever sent: this returns when the other end is gone
    os._exit(1)


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file, where no kernel looks
    main(socket.socket(fileno=int(sys.argv[1])))
