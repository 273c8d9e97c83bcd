"""Kernels that are forked: the same outputs, nothing shared, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import nbformat
import papermill
import psutil
import pytest
from conftest import ROOT
from tinybook import run

from cartanalysis.publish import kernels as forking
from cartanalysis.publish.book import KERNELSPEC
from cartanalysis.publish.engine import ENGINE
from cartanalysis.publish.execute import ENVIRONMENT
from cartanalysis.publish.kernels import Kernels
from cartanalysis.publish.run import publish

pytestmark = pytest.mark.skipif(not forking.CAN_FORK, reason="kernels are not forked here")


@pytest.fixture
def kernels(tmp_path, monkeypatch) -> Iterator[Kernels]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with closing(Kernels(tmp_path)) as made:
        yield made


def said(kernels: Kernels, folder: Path, *cells: str) -> str:
    """Run cells in a kernel, and give what they print."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata["kernelspec"] = KERNELSPEC
    done = papermill.execute_notebook(
        notebook, None, progress_bar=False, engine_name=ENGINE, kernels=kernels,
        execution_timeout=60, resources={"metadata": {"path": str(folder)}},
    )  # fmt: skip
    return "".join(o.get("text", "") for c in done.cells for o in c.get("outputs", []))


PARENT = "import os; print(os.getppid())"
STATE = """
import json, logging, os, random, signal, sys, warnings
import numpy as np, pandas as pd, matplotlib as mpl
import lifelines, seaborn
from cartanalysis import Study
from matplotlib import pyplot as plt
plt.close(plt.figure())
print(json.dumps({
    "warnings": sorted(str(f) for f in warnings.filters),
    "hooks": str(get_ipython().events.callbacks["post_execute"]).partition(" at ")[0],
    "logging": str(logging.getLogger().handlers),
    "figures": plt.get_fignums(), "backend": mpl.get_backend(), "interactive": mpl.is_interactive(),
    "rc": {k: str(v) for k, v in mpl.rcParams.items()}, "environment": dict(os.environ),
    "cwd": os.getcwd(), "path": sys.path, "argv": len(sys.argv), "program": sys.argv[0],
    "main": str(sys.modules["__main__"]), "hash": hash("a"), "names": sorted(globals()),
    "options": pd.describe_option(_print_desc=False), "errors": np.geterr(),
    "signals": [str(signal.getsignal(s)) for s in (signal.SIGCHLD, signal.SIGTERM)],
    "leader": os.getpid() == os.getsid(0) == os.getpgid(0),
}, sort_keys=True))
"""
MESS = """
import os, random, warnings, sys
import numpy as np, pandas as pd, matplotlib as mpl
from matplotlib import pyplot as plt
from cartanalysis import text
mpl.rcParams["font.size"] = 3; plt.figure(); plt.ion(); pd.set_option("display.max_rows", 3)
warnings.simplefilter("ignore"); os.environ["MESS"] = "1"; os.chdir("/"); sys.path.append("mess")
random.seed(1); np.random.seed(1); np.seterr(all="ignore"); text.MESS = 1
"""


def test_a_forked_kernel_starts_as_an_ordinary_one_whatever_another_did(
    kernels, tmp_path, monkeypatch
):
    said(kernels, tmp_path, MESS)
    forked = json.loads(said(kernels, tmp_path, STATE))
    monkeypatch.setattr(forking, "CAN_FORK", False)
    with closing(Kernels(tmp_path)) as ordinary:
        plain = json.loads(said(ordinary, tmp_path, STATE))
    assert {k: (v, plain[k]) for k, v in forked.items() if v != plain[k]} == {}
    assert said(kernels, tmp_path, "from cartanalysis import text; print(hasattr(text, 'MESS'))") \
        == "False\n"  # fmt: skip


def test_every_kernel_draws_its_own_random_numbers(kernels, tmp_path):
    draw = "import random, numpy as np; print(random.random(), np.random.random())"
    drawn = [said(kernels, tmp_path, draw).split() for _ in range(2)]
    assert drawn[0][0] != drawn[1][0] and drawn[0][1] != drawn[1][1]


def test_the_libraries_are_loaded_in_a_process_that_did_nothing_else(kernels, tmp_path):
    server = psutil.Process(int(said(kernels, tmp_path, PARENT)))
    assert server.pid != os.getpid() and server.ppid() == os.getpid()
    assert server.cmdline()[1].endswith("kernels.py")
    assert said(kernels, tmp_path, "import sys; print('cartanalysis.publish' in sys.modules)") \
        == "False\n"  # fmt: skip


def in_ordinary_kernel(kernels: Kernels, folder: Path) -> bool:
    return said(kernels, folder, PARENT) == f"{os.getpid()}\n"


def test_an_ordinary_kernel_is_started_where_the_system_cannot_fork(tmp_path, monkeypatch):
    monkeypatch.setattr(forking, "CAN_FORK", False)
    with closing(Kernels(tmp_path)) as kernels:
        assert in_ordinary_kernel(kernels, tmp_path)


def test_an_ordinary_kernel_is_started_where_the_server_ended(kernels, tmp_path):
    server = int(said(kernels, tmp_path, PARENT))
    assert server != os.getpid()
    os.kill(server, signal.SIGKILL)
    assert in_ordinary_kernel(kernels, tmp_path)


@pytest.mark.parametrize(
    "library",
    [
        "import warnings\nwarnings.warn('old')",
        "from threading import Thread, Event\nThread(target=Event().wait, daemon=True).start()",
        "raise OSError",
    ],
)
def test_an_ordinary_kernel_is_started_where_a_library_warns_or_has_threads(
    library, kernels, tmp_path, monkeypatch
):
    (tmp_path / "seaborn.py").write_text(library)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert in_ordinary_kernel(kernels, tmp_path)


def test_another_kernel_than_our_python_is_not_forked(kernels, tmp_path):
    assert kernels.fork(["/usr/bin/R", "-m", "ipykernel_launcher"], str(tmp_path), {}) is None


def test_no_kernel_starts_after_the_end(kernels, tmp_path):
    kernels.close()
    with pytest.raises(RuntimeError, match="was stopped"):
        said(kernels, tmp_path, PARENT)


def test_the_same_site_with_ordinary_kernels(tiny, monkeypatch):
    site, cache = tiny.parent / "site", tiny / "_build" / "cache"
    seen = []
    for can_fork in (True, False):
        monkeypatch.setattr(forking, "CAN_FORK", can_fork)
        assert run(tiny, "--cache", str(cache / str(can_fork))) == 0
        assert json.loads((site / "run.json").read_text())["chapters"]["one"]["reused"] is False
        files = [site / "results.json", *site.glob("figures/*"), *site.glob("data/*")]
        seen.append({p.name: p.read_bytes() for p in files})
        (tiny / "book" / "index.md").write_text(f"# Tiny\n\nAgain: {{num}}`orr`. {can_fork}\n")
    assert seen[0] == seen[1] and len(seen[0]) > 2


@pytest.mark.long
def test_the_same_book_with_ordinary_kernels(tmp_path, monkeypatch):
    results = []
    for can_fork in (True, False):
        monkeypatch.setattr(forking, "CAN_FORK", can_fork)
        publish(out=tmp_path / f"{can_fork}", cache_dir=tmp_path / f"cache-{can_fork}")
        results.append((tmp_path / f"{can_fork}" / "results.json").read_bytes())
    assert results[0] == results[1]


# --- an end before the end ----------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_run_that_is_stopped(how, tiny, tmp_path):
    temporary, pids = tmp_path / "temporary", tmp_path / "pids"
    with (tiny / "notebooks" / "one.py").open("a") as chapter:
        chapter.write(
            f"\nimport os, time\nwith open({str(pids)!r}, 'x') as told:\n"
            "    print(os.getpid(), os.getppid(), file=told)\ntime.sleep(600)\n"
        )
    temporary.mkdir()
    going = subprocess.Popen(
        [sys.executable, "-m", "cartanalysis.cli", "publish", "--book", str(tiny),
         "--out", str(tiny.parent / "out" / "site")],
        env={**os.environ, "TMPDIR": str(temporary)}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while not (pids.exists() and pids.read_text().endswith("\n")):
        time.sleep(0.05)
        assert going.poll() is None
    kernel, server = map(int, pids.read_text().split())
    assert server != going.pid
    alive = [psutil.Process(p) for p in (kernel, server)]
    going.send_signal(how)
    assert going.wait(timeout=30) != 0
    assert psutil.wait_procs(alive, timeout=10)[1] == []
    if how == signal.SIGINT:
        assert list(temporary.glob("cartanalysis*")) == []
        assert list((tiny.parent / "out").iterdir()) == []
