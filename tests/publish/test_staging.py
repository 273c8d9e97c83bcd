"""One run at a time, and nothing left behind."""

from __future__ import annotations

import errno
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cartanalysis.cli import main
from cartanalysis.errors import InputError
from cartanalysis.publish.places import PRIVATE, clear_private, private_folder, staging_for
from cartanalysis.publish.run import COHORT_FILE, publish


def test_staging_is_gone_afterwards(tmp_path):
    with staging_for(tmp_path / "deep" / "site") as folder:
        assert folder.parent == tmp_path / "deep"
        (folder / "x").write_text("x")
    assert list((tmp_path / "deep").iterdir()) == []


def test_staging_is_gone_after_an_interrupt(tmp_path):
    with pytest.raises(KeyboardInterrupt), staging_for(tmp_path / "site"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_is_refused(tmp_path):
    with (
        staging_for(tmp_path / "site"),
        pytest.raises(InputError, match="another run"),
        staging_for(tmp_path / "site"),
    ):
        pass


def test_leftovers_of_a_killed_run_are_cleared(tmp_path):
    stale = tmp_path / ".site.staging-abc"
    stale.mkdir()
    (stale / "half").write_text("half")
    with staging_for(tmp_path / "site"):
        assert not stale.exists()


def test_a_parent_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with (
        pytest.raises(InputError, match="cannot be written"),
        staging_for(tmp_path / "file" / "site"),
    ):
        pass


# --- patients' rows ------------------------------------------------------------------------------

HOLD = """
import sys, time
from pathlib import Path
from cartanalysis.publish.places import private_folder
with private_folder(Path(sys.argv[1])) as folder:
    (folder / "cohort.csv").write_text("rows")
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """The system's temporary folder, for this test and what it starts."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def holding(tmp_path, temporary) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A run that holds a private folder."""
    program = [sys.executable, "-c", HOLD, str(tmp_path / "site")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as going:
        yield going, Path(going.stdout.readline().strip())
        going.kill()


def test_a_private_folder_is_private_and_gone_afterwards(tmp_path, temporary):
    with private_folder(tmp_path / "site") as folder:
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("place", ["site", "deep/site", ""])
def test_a_private_folder_is_never_near_a_site(temporary, place):
    target = temporary / place
    with private_folder(target) as folder:
        assert target not in folder.parents
        assert target.parent != folder.parent


def test_private_folders_of_the_dead_are_cleared_and_of_the_living_kept(tmp_path, holding):
    going, folder = holding
    clear_private()
    with private_folder(tmp_path / "site"):
        assert (folder / "cohort.csv").exists()
    going.kill()
    going.wait()
    assert (folder / "cohort.csv").exists()
    clear_private()
    assert not folder.exists()


def test_nothing_else_of_that_name_is_touched(tmp_path, temporary):
    (temporary / f"{PRIVATE}file").write_text("mine")
    (tmp_path / "mine").mkdir()
    (temporary / f"{PRIVATE}link").symlink_to(tmp_path / "mine")
    clear_private()
    assert len(list(temporary.iterdir())) == 2 and (tmp_path / "mine").exists()


@pytest.mark.parametrize("command", [["validate"], ["publish", "gone.csv"], ["verify", "gone"]])
def test_every_start_clears_what_the_dead_left(holding, command, capsys):
    going, folder = holding
    going.kill()
    going.wait()
    main(command)
    assert not folder.exists()


def test_no_row_is_ever_beside_a_site(tiny, tmp_path, temporary):
    """A run is killed while chapters run, and the next ends with “Nothing changed”.

    Where small counts are hidden, no row is written at all (`tests/attacks`).
    """
    site, source = tmp_path / "public" / "site", tmp_path / "mine.csv"
    source.write_text("patient_id,response\n" + "".join(f"MARKER{i},CR\n" for i in range(20)))
    command = ["publish", str(source), "--book", str(tiny), "--out", str(site), "--min-cell", "1"]
    assert main(command) == 0
    chapter = tiny / "notebooks" / "one.py"
    text = chapter.read_text()
    chapter.write_text(text + "\nimport time\ntime.sleep(600)\n")
    going = subprocess.Popen([sys.executable, "-m", "cartanalysis.cli", *command])
    while not (rows := list(temporary.glob(f"{PRIVATE}*/{COHORT_FILE}"))):
        time.sleep(0.1)
        assert going.poll() is None
    beside = [p for p in site.parent.rglob("*") if p.is_file() and "site" not in p.parts]
    assert not any(b"MARKER" in p.read_bytes() for p in beside)
    going.kill()
    going.wait()
    assert rows[0].exists() and len(list(site.parent.iterdir())) > 1
    chapter.write_text(text)
    assert publish(str(source), site, book_root=tiny, min_cell=1).unchanged
    assert [p.name for p in site.parent.iterdir()] == ["site"]
    assert list(temporary.glob(f"{PRIVATE}*")) == []


# --- a full disk ---------------------------------------------------------------------------------


def test_a_full_disk_is_told_by_the_name_that_the_user_knows(tmp_path):
    with pytest.raises(OSError, match="No space left") as told, staging_for(tmp_path / "site"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert told.value.filename == str(tmp_path / "site")
    with (
        pytest.raises(OSError, match="No space left") as told,
        staging_for(tmp_path / "site") as folder,
    ):
        raise OSError(errno.ENOSPC, "No space left on device", str(folder / "work" / "x"))
    assert told.value.filename == str(tmp_path / "site")
    with pytest.raises(OSError, match="denied") as told, staging_for(tmp_path / "site"):
        raise OSError(errno.EACCES, "Permission denied", "/elsewhere")
    assert told.value.filename == "/elsewhere"
