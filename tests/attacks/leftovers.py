"""Attack: patients' rows that a killed run leaves on disk, and who can read them."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import tinybook

from attacks import hostile

PATIENCE = 60.0


def _holding(folder: Path, given: Path) -> list[Path]:
    """Find files with patients' rows, but the cohort file itself."""
    found = []
    for path in folder.rglob("*"):
        try:
            if path.is_file() and path != given and b"zq000mark" in path.read_bytes():
                found.append(path)
        except (PermissionError, FileNotFoundError):
            continue
    return found


def is_private(path: Path, top: Path) -> bool:
    """Tell whether a folder on the way to a file keeps other users out."""
    inside = [p for p in path.parents if p.is_relative_to(top)]
    return any(stat.S_IMODE(p.stat().st_mode) & 0o077 == 0 for p in inside)


def attack(folder: Path) -> dict[str, list[str]]:
    """Kill a run in the middle of a chapter, then look; run again unchanged, and look again."""
    root = tinybook.make(folder / "tiny")
    place = root / "notebooks" / "one.py"
    slow = "\n# %%\nimport pathlib, time\nif pathlib.Path('SLOW').exists():\n"
    slow += "    pathlib.Path('SLOW').rename('SLOW.now')\n    time.sleep(60)\n"
    flag = folder / "slow"
    place.write_text(hostile.HEAD + slow.replace("SLOW", str(flag)), encoding="utf-8")
    given, temporary = folder / "clinic.csv", folder / "tmp"
    given.write_text(hostile.cohort(20), encoding="utf-8")
    temporary.mkdir()
    out = folder / "public" / "site"
    command = [
        sys.executable, "-c", "from cartanalysis.cli import main; import sys; sys.exit(main())",
        "publish", str(given), "--book", str(root), "--out", str(out),
    ]  # fmt: skip
    environment = os.environ | {"TMPDIR": str(temporary)}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    flag.write_text("")
    place.write_text(place.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    run = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    reached = folder / "slow.now"
    until = time.monotonic() + PATIENCE
    while not reached.exists():
        if time.monotonic() > until:
            raise TimeoutError("the chapter was never reached")
        time.sleep(0.1)
    kernels = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGKILL)
    run.wait()
    psutil.wait_procs(kernels, timeout=10)  # they notice
    found = {"after the kill": _holding(folder, given)}
    shared = [p for p in found["after the kill"] if p.is_relative_to(out.parent)]
    readable = [p for p in found["after the kill"] if not is_private(p, folder)]
    reached.unlink()
    place.write_text(place.read_text(encoding="utf-8").rstrip("\n") + "\n", encoding="utf-8")
    subprocess.run(command, env=environment, check=True, capture_output=True)
    found["after the next run"] = _holding(folder, given)
    return {
        "after the kill": [str(p.relative_to(folder)) for p in found["after the kill"]],
        "beside the site": [str(p.relative_to(folder)) for p in shared],
        "readable by others": [str(p.relative_to(folder)) for p in readable],
        "after the next run": [str(p.relative_to(folder)) for p in found["after the next run"]],
    }


def main() -> None:
    """Print what is left."""
    with tempfile.TemporaryDirectory() as folder:
        for when, files in attack(Path(folder)).items():
            print(f"{when}: {', '.join(files) or 'nothing'}")


if __name__ == "__main__":
    main()
