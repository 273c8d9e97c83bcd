"""Reference values from R and the data they were computed from."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import hypothesis
import pandas as pd
import pytest
import tinybook
from playwright.sync_api import Browser, sync_playwright
from warm import warm

from cartanalysis.publish.run import publish

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell starts what runs in the background so, and programs that tests interrupt inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("book", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("book")

ORACLE = Path(__file__).parent / "oracle"
ROOT = Path(__file__).parent.parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


def script(name: str) -> ModuleType:
    """Load one of the scripts that make what is committed."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session", autouse=True)
def owner(tmp_path_factory) -> Iterator[None]:
    """A key and a cache of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARTANALYSIS_STATE", str(tmp_path_factory.mktemp("owner") / "state"))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        with warm(patch, tmp_path_factory.mktemp("warm")):
            yield


@pytest.fixture(scope="session")
def default_site(tmp_path_factory) -> Path:
    """The book about the default cohort, published once for all workers; to be read only."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    site = folder / "default" / "site"
    with (folder / "default.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until it is closed
        if not site.exists():
            assert publish(out=site, cache_dir=ROOT / "_build" / "cache").warnings == ()
    return site


@pytest.fixture(scope="session")
def oracle() -> dict:
    return json.loads((ORACLE / "oracle.json").read_text())


@pytest.fixture(scope="session")
def oracle_data():
    def load(name: str) -> pd.DataFrame:
        data = pd.read_csv(ORACLE / "data" / f"{name}.csv").rename(
            columns={"time": "os_days", "event": "os_event"}
        )
        # factor levels in the order R had them, which is not alphabetical for veteran
        return data.assign(group=pd.Categorical(data["group"], data["group"].unique()))

    return load


@pytest.fixture
def tiny(tmp_path) -> Path:
    """A book of one page and one chapter."""
    return tinybook.make(tmp_path / "tiny")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser: Debian's Chromium, driven by Playwright."""
    if CHROMIUM is None:
        pytest.skip("no Chromium found: install Debian's package chromium to run browser tests")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()
