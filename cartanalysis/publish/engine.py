"""A papermill engine whose kernels are forked from a process that has loaded the libraries.

Where forking is not safe, or fails, an ordinary kernel is started instead; chapters cannot tell.
"""

from __future__ import annotations

import os
import time
import uuid
from contextlib import suppress
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.log import logger

from cartanalysis.publish.kernels import PATIENCE, Kernels

ENGINE = "cartanalysis"
NEVER_STARTED = "Kernel died before replying to kernel_info"
"""Two kernels that start at a time, or another program, may have taken the same port."""


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
            coalesce_streams=True,  # how a text came in pieces is chance
        )  # fmt: skip
        client.execute(cleanup_kc=True)


papermill_engines.register(ENGINE, ForkEngine)
