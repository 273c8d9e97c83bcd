"""A process that loads the libraries once and forks a kernel for each chapter; see `engine`.

It is started as a program of its own, by its path: what the process that publishes holds, patients'
rows among it, was never here.
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
import sys
import threading
import warnings
from contextlib import redirect_stdout
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
