"""The same bytes whoever works: processes of this machine, or a cluster that loses a worker."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest
from conftest import script
from distributed import Client

import cartanalysis
from cartanalysis.cli import main
from cartanalysis.errors import InputError
from cartanalysis.study import published
from cartanalysis.study.ensemble import draw as ensemble
from cartanalysis.study.reconstruct import agrees
from cartanalysis.workers import working

PACKAGE = Path(cartanalysis.__file__).parent
SMALL = {"island": 100, "sweeps": 2}
"""Islands that take a few seconds, too small for anything else than to be compared."""

DRAWS = 60


@dataclass
class Cluster:
    """A scheduler and workers on this machine, each a process."""

    address: str
    folder: Path
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add(self, package: Path = PACKAGE) -> subprocess.Popen[bytes]:
        """Start a worker with some copy of the package, and wait until it is connected."""
        with Client(self.address, set_as_default=False) as client:
            before = len(client.scheduler_info(n_workers=-1)["workers"])
            worker = _dask(
                self.folder, package, "worker", self.address, "--nthreads", "1", "--no-nanny",
                "--no-dashboard", "--local-directory", str(self.folder),
            )  # fmt: skip
            self.workers.append(worker)
            client.wait_for_workers(before + 1, timeout=60)
        return worker

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        worker.kill()
        worker.wait()
        self.workers.remove(worker)


def _dask(folder: Path, package: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with (folder / f"{arguments[0]}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments], cwd=folder, stdout=log, stderr=log,
            env=os.environ | {"PYTHONPATH": str(package.parent)},
        )  # fmt: skip


@contextmanager
def _cluster(folder: Path) -> Iterator[Cluster]:
    told = folder / "scheduler.json"
    scheduler = _dask(
        folder, PACKAGE, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
        "--scheduler-file", str(told),
    )  # fmt: skip
    found = None
    deadline = time.monotonic() + 60
    while found is None and time.monotonic() < deadline:
        time.sleep(0.1)
        with suppress(FileNotFoundError, json.JSONDecodeError):  # not yet, or not yet whole
            found = Cluster(json.loads(told.read_text())["address"], folder, scheduler)
    assert found is not None, (folder / "scheduler.log").read_text()
    try:
        yield found
    finally:
        for process in (*found.workers, scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with _cluster(folder) as made:
        yield made


@pytest.fixture(scope="module")
def local(tmp_path_factory) -> bytes:
    """A file drawn by this process alone."""
    path = tmp_path_factory.mktemp("local") / "cohorts.parquet"
    ensemble.write(ensemble.parts(published.load(), DRAWS, 7, **SMALL), path)
    return path.read_bytes()


@pytest.fixture
def small(monkeypatch) -> None:
    for name, value in SMALL.items():
        monkeypatch.setitem(ensemble.parts.__kwdefaults__, name, value)


def reconstruct(out: Path, *more: str) -> int:
    given = ["--draws", str(DRAWS), "--seed", "7", "--out", str(out), *more]
    return main(["reconstruct", *given])


def test_cohorts_of_a_file_pass_the_checks_of_the_default_one(local, tmp_path):
    path = tmp_path / "cohorts.parquet"
    path.write_bytes(local)
    file = pq.ParquetFile(path)
    assert file.num_row_groups == 2  # written as they came
    table = pd.read_parquet(path)
    assert table["cohort"].value_counts(sort=False).tolist() == [47] * DRAWS
    known = published.load()
    for _, cohort in list(table.groupby("cohort"))[:8]:
        assert agrees(cohort.drop(columns="cohort").to_csv(index=False), known)


@pytest.mark.usefixtures("small")
def test_a_cluster_that_loses_a_worker_midway_gives_the_same_bytes(cluster, local, tmp_path, capfd):
    victim, _ = cluster.add(), cluster.add()
    out = tmp_path / "cohorts.parquet"
    hit: list[str] = []

    def kill_midway() -> None:
        with Client(cluster.address, set_as_default=False) as client:
            name = next(a for a, pid in client.run(os.getpid).items() if pid == victim.pid)
            while True:  # until it works on something that takes long enough to be lost
                busy = [k for k in client.processing()[name] if "_call" in k]
                if busy and client.call_stack(keys=busy):
                    cluster.kill(victim)
                    hit.extend(busy)
                    return
                time.sleep(0.01)

    killer = threading.Thread(target=kill_midway, daemon=True)
    killer.start()
    assert reconstruct(out, "--scheduler", cluster.address) == 0
    killer.join(timeout=5)
    assert hit
    assert len(cluster.workers) == 1
    assert out.read_bytes() == local
    told = capfd.readouterr()
    assert told.out == f"Written: {DRAWS} cohorts, {out}\n"
    assert told.err == ""
    assert [p.name for p in tmp_path.iterdir() if p.is_file() or p.name.startswith(".")] == [
        "cohorts.parquet"
    ]


@pytest.mark.usefixtures("small")
def test_a_cluster_of_one_draws_the_same_and_so_do_two_processes(cluster, local, tmp_path):
    worker = cluster.add()
    used = psutil.Process(worker.pid).cpu_times().user
    assert reconstruct(tmp_path / "one.parquet", "--scheduler", cluster.address) == 0
    assert psutil.Process(worker.pid).cpu_times().user > used + 0.5  # joblib would work here
    assert reconstruct(tmp_path / "two.parquet", "--jobs", "2") == 0
    for name in ("one", "two"):
        assert (tmp_path / f"{name}.parquet").read_bytes() == local
    with Client(cluster.address, set_as_default=False) as client:  # nothing is left to be done
        assert not any(client.processing().values())


def test_a_scheduler_can_be_given_where_a_notebook_runs(cluster):
    cluster.add()

    async def cell() -> list[int]:
        with working(1, cluster.address) as workers:
            return list(workers.each(abs, [-2, 3]))

    with ThreadPoolExecutor(1) as apart:  # this thread's own loop may be the browser tests'
        assert apart.submit(asyncio.run, cell()).result() == [2, 3]


@pytest.mark.long
def test_a_part_of_the_calibration_is_the_same_on_a_cluster(cluster):
    simulation = script("calibration")
    part = {"sizes": (12, 47), "claims": ["ae_grade4", "os_1y"], "draws": 100}
    here = simulation.simulate(**part)
    cluster.add()
    there = simulation.simulate(**part, scheduler=cluster.address)
    pd.testing.assert_frame_equal(here, there, check_exact=True)


# --- who cannot work -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["127.0.0.1:{free}", "nonsense", "tls://127.0.0.1:{free}", "127.0.0.1:{mute}"]
)
def test_a_scheduler_that_cannot_be_reached_is_told_in_seconds(tmp_path, capfd, address):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            free = closed.getsockname()[1]
        given = address.format(free=free, mute=mute.getsockname()[1])
        started = time.monotonic()
        assert reconstruct(tmp_path / "c.parquet", "--scheduler", given) == 2
    assert time.monotonic() - started < 15
    told = capfd.readouterr().err
    assert told.startswith(f"--scheduler {given}: 1 problem\n  no scheduler of Dask")
    assert "dask scheduler" in told
    assert len(told.splitlines()) == 2
    assert list(tmp_path.iterdir()) == []


def test_without_dask_the_remedy_is_told(tmp_path, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert reconstruct(tmp_path / "c.parquet", "--scheduler", "127.0.0.1:8786") == 2
    assert "pip install '.[cluster]'" in capfd.readouterr().err


def changed(folder: Path) -> Path:
    """Copy the package, with one file a little different."""
    other = folder / "other" / "cartanalysis"
    shutil.copytree(PACKAGE, other, ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "text.py").open("a") as file:
        file.write("# changed\n")
    return other


def test_workers_that_would_give_other_results_are_refused(cluster, tmp_path, capfd):
    out = tmp_path / "c.parquet"
    assert reconstruct(out, "--scheduler", cluster.address) == 2
    assert (
        f"no worker is connected to this scheduler. Start some: dask worker {cluster.address}"
        in (capfd.readouterr().err)
    )
    cluster.add(changed(tmp_path))
    assert reconstruct(out, "--scheduler", cluster.address) == 2
    assert "would give other results: cartanalysis 0.1.0 (" in capfd.readouterr().err
    empty = tmp_path / "empty" / "cartanalysis"
    empty.mkdir(parents=True)
    (empty / "__init__.py").touch()
    cluster.add(empty)
    assert reconstruct(out, "--scheduler", cluster.address) == 2
    assert "cannot run cartanalysis (" in capfd.readouterr().err
    assert not out.exists()


@pytest.mark.long
def test_a_worker_that_joins_late_is_refused_as_well(cluster, tmp_path):
    first = cluster.add()
    other = changed(tmp_path)
    with (
        pytest.raises(InputError, match="joined late would give other results"),
        working(1, cluster.address) as workers,
    ):
        cluster.add(other)
        cluster.kill(first)
        list(workers.each(abs, range(4)))


def test_a_scheduler_that_is_lost_is_told(cluster, capfd):
    cluster.add()
    with (
        pytest.raises(InputError, match="the scheduler was lost"),
        working(1, cluster.address) as workers,
    ):
        for number, _ in enumerate(workers.each(time.sleep, [0.3] * 30)):
            if number == 1:
                cluster.scheduler.kill()
    assert capfd.readouterr().err == ""


# --- interrupted ---------------------------------------------------------------------------------

PROGRAM = """
import sys
from cartanalysis.study.ensemble import draw
from cartanalysis.cli import main
draw.parts.__kwdefaults__.update(island=100, sweeps=2)
sys.exit(main(sys.argv[1:]))
"""


def going(out: Path, *more: str) -> subprocess.Popen[str]:
    """Draw without an end, and wait until something is written."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "reconstruct", "--draws", "1000000", "--out", str(out),
         *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        if any(p.stat().st_size > 10_000 for p in out.parent.glob(f".{out.name}.*/*")):
            return process
        time.sleep(0.1)
    process.kill()
    raise AssertionError(process.communicate())


@pytest.mark.long
@pytest.mark.parametrize("whole", [False, True], ids=["the command", "all of the terminal"])
def test_ctrl_c_leaves_neither_processes_nor_half_a_file(tmp_path, whole):
    process = going(tmp_path / "c.parquet", "--jobs", "2")
    started = psutil.Process(process.pid).children(recursive=True)
    assert len(started) >= 2
    (os.killpg if whole else os.kill)(process.pid, signal.SIGINT)
    told = process.communicate(timeout=90)
    assert process.returncode == 130
    assert told == ("", "Interrupted; an earlier site stands as it was.\n")
    assert psutil.wait_procs(started, timeout=10)[1] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_ctrl_c_takes_back_what_was_asked_of_a_cluster(cluster, tmp_path):
    cluster.add()
    process = going(tmp_path / "c.parquet", "--scheduler", cluster.address)
    os.kill(process.pid, signal.SIGINT)
    told = process.communicate(timeout=90)
    assert process.returncode == 130
    assert told == ("", "Interrupted; an earlier site stands as it was.\n")
    assert not (tmp_path / "c.parquet").exists()
    with Client(cluster.address, set_as_default=False) as client:
        deadline = time.monotonic() + 20
        while any(client.processing().values()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not any(client.processing().values())


def test_killed_it_leaves_no_file_under_the_name_and_the_next_run_clears_up(
    tmp_path, local, monkeypatch
):
    out = tmp_path / "c.parquet"
    process = going(out, "--jobs", "2")
    started = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    assert not out.exists()
    assert psutil.wait_procs(started, timeout=30)[1] == []
    for name, value in SMALL.items():
        monkeypatch.setitem(ensemble.parts.__kwdefaults__, name, value)
    assert reconstruct(out) == 0
    assert out.read_bytes() == local
    assert list(tmp_path.iterdir()) == [out]
    assert reconstruct(out) == 2  # never overwritten
    assert out.read_bytes() == local
