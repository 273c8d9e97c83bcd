"""A papermill engine whose kernels are forked from a process that has loaded the libraries.

Where forking is not safe, or fails, an ordinary kernel is started instead; chapters cannot tell.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.log import logger

from cartanalysis.publish.kernels import FORK, READY

ENGINE = "cartanalysis"
CAN_FORK = sys.platform == "linux"
"""Elsewhere libraries of the system may not be used after a fork (macOS), or there is none."""
PATIENCE = 60.0
"""Seconds for loading the libraries, as for the start of an ordinary kernel."""

NEVER_STARTED = "Kernel died before replying to kernel_info"
"""Two kernels that start at a time, or another program, may have taken the same port."""


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
    """Where kernels come from: a process to fork, started with the first of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._starting = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._forked: list[Kernel] = []
        self._can_fork = CAN_FORK
        self._closed = False

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
            if self._can_fork and self._line is None:
                self._can_fork = self._start()
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

    def _start(self) -> bool:
        self._line, theirs = socket.socketpair()
        self._line.settimeout(PATIENCE)
        program = Path(__file__).with_name("kernels.py")
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(program), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C reaches it through us
            )
        return self._line.recv(len(READY)) == READY


class Provisioner(LocalProvisioner):
    """Starts a kernel by forking, or else as Jupyter does."""

    kernels: Kernels

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start a kernel."""
        env = {**kwargs["env"], "JPY_PARENT_PID": str(os.getpid())}  # as Jupyter does
        kernel = self.kernels.fork(cmd, str(kwargs["cwd"]), env)
        if kernel is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process = kernel  # type: ignore[assignment]  # all that is asked of a process
        self.pid = self.pgid = kernel.pid
        self.cwd = kwargs["cwd"]
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """End the kernel, and wait for it: Jupyter would look again after a tenth of a second."""
        process = self.process
        await super().kill(restart=restart)
        if process is not None:
            process.wait()


class KernelClient(AsyncKernelClient):
    """Talks to a kernel that has said nothing yet."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until it answers on both channels.

        Jupyter's own then listens whether a kernel that was there before is still speaking.
        """
        timeout = timeout or PATIENCE
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.kernel_info()
            with suppress(Empty):
                await self.get_shell_msg(timeout=1)
                await self.get_iopub_msg(timeout=0.2)
                return
            if not await self.is_alive():
                raise RuntimeError(NEVER_STARTED)
        raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")


class ForkEngine(Engine):
    """Runs a notebook as papermill's own engine does, in a kernel of `Kernels`."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        kernels: Kernels,
        execution_timeout: int,
        resources: dict[str, Any],
        **_: object,
    ) -> None:
        """Run a notebook."""
        manager = AsyncKernelManager(kernel_name=kernel_name, client_factory=KernelClient)
        manager.kernel_id = str(uuid.uuid4())
        manager.provisioner = Provisioner(
            kernel_id=manager.kernel_id, kernel_spec=manager.kernel_spec, parent=manager
        )
        manager.provisioner.kernels = kernels
        client = PapermillNotebookClient(
            nb_man, km=manager, kernel_name=kernel_name, timeout=execution_timeout,
            startup_timeout=PATIENCE, shutdown_kernel="immediate", resources=resources, log=logger,
        )  # fmt: skip
        client.execute(cleanup_kc=True)


papermill_engines.register(ENGINE, ForkEngine)
