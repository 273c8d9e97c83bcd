"""Where a run works: private places, one beside the output, and the swap at the end.

What a run that was killed leaves behind, the next one clears away.
"""

from __future__ import annotations

import ctypes
import errno
import glob
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cartanalysis.errors import InputError, Problem

if sys.platform != "win32":
    import fcntl

PATIENCE = 5.0
"""Seconds; a kernel of a run that was killed notices within one."""

PRIVATE = "cartanalysis-private-"
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # as Linux has them

FULL = (errno.ENOSPC, errno.EDQUOT)
"""How a system says that there is no room left."""


@contextmanager
def private_folder(target: Path) -> Iterator[Path]:
    """Give a folder that only its owner can read and that is not near a site, gone afterwards."""
    clear_private()
    near = (target, target.parent)
    base = next((b for b in _bases() if b not in near and target not in b.parents), _bases()[-1])
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    if sys.platform == "win32":  # where folders cannot be held
        with tempfile.TemporaryDirectory(prefix=PRIVATE, dir=base) as name:
            yield Path(name)
        return
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PRIVATE, dir=base))
        handle = os.open(folder, os.O_RDONLY)
        if hold(handle) and is_still(folder, handle):
            break
        os.close(handle)  # another run took it for a dead one's, and removes it
    try:
        yield folder
    finally:
        remove(folder)
        os.close(handle)


def clear_private() -> None:
    """Remove the private folders of runs that were killed, where a system can tell them."""
    if sys.platform == "win32":
        return
    for base in _bases():
        for folder in base.glob(f"{PRIVATE}*"):
            _clear_dead(folder)


def user_cache() -> Path:
    """Tell where the user's programs keep what they can make anew."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cartanalysis"


def _bases() -> list[Path]:
    return [Path(tempfile.gettempdir()).resolve(), user_cache().resolve()]


def _clear_dead(folder: Path) -> None:
    """Remove a private folder of this user that no run holds."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # gone meanwhile, somebody else's, or not made by this command
        return
    try:
        if os.fstat(handle).st_uid == os.getuid() and hold(handle):
            remove(folder)
    finally:
        os.close(handle)


def hold(handle: int) -> bool:
    """Hold a file or folder, unless another run does."""
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def is_still(path: Path, handle: int) -> bool:
    """Tell whether what was opened is still there."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def remove(folder: Path) -> None:
    """Remove a folder into which a process that is about to end may still write."""
    deadline = time.monotonic() + PATIENCE
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextmanager
def naming(place: Path, within: Path | None = None) -> Iterator[None]:
    """Let a failure of the disk name a place that the user knows."""
    try:
        yield
    except OSError as error:
        named = error.filename
        if named is not None and within and not Path(os.fsdecode(named)).is_relative_to(within):
            raise
        raise OSError(error.errno, error.strerror or str(error), str(place)) from error


# --- beside the output ---------------------------------------------------------------------------


@contextmanager
def staging_for(target: Path) -> Iterator[Path]:
    """Give a folder on the output's file system, gone afterwards; refuse a second run."""
    lock = _lock_of(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = lock.open("w")
    except OSError as error:
        what = f"the output cannot be written ({error.strerror})"
        raise InputError(str(target), [Problem(what, "Name another folder with --out")]) from error
    with handle:
        if not hold(handle.fileno()) or not is_still(lock, handle.fileno()):
            what = "another run is writing to this output"
            remedy = "Wait until it is done, or name another folder with --out"
            raise InputError(str(target), [Problem(what, remedy)])
        try:
            for stale in _stale(target):
                remove(stale)
            prefix = _prefix_of(target)
            with (
                tempfile.TemporaryDirectory(prefix=prefix, dir=target.parent) as folder,
                naming(target, Path(folder)),
            ):
                yield Path(folder)
        finally:
            lock.unlink(missing_ok=True)


def clear(target: Path) -> None:
    """Remove what runs that were killed left beside an output and in private places."""
    clear_private()
    if _lock_of(target).exists() or _stale(target):
        with staging_for(target):
            pass


def _lock_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.lock")


def _prefix_of(target: Path) -> str:
    return f".{target.name}.staging-"


def _stale(target: Path) -> list[Path]:
    return list(target.parent.glob(f"{glob.escape(_prefix_of(target))}*"))


def replace_folder(new: Path, old: Path) -> None:
    """Put ``new`` where ``old`` is; at every moment one of the two is there, whole."""
    if not old.exists():
        new.rename(old)
        return
    if _exchange(new, old):
        shutil.rmtree(new)  # now the former content
        return
    # no exchange on this system: two renames, the old site kept until the new one stands
    aside = old.with_name(f".{old.name}.former")
    shutil.rmtree(aside, ignore_errors=True)
    old.rename(aside)
    new.rename(old)
    shutil.rmtree(aside)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders with Linux' ``renameat2``; tell whether that was possible."""
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    code = library.renameat2(
        _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE
    )
    if code == 0:
        return True
    error = ctypes.get_errno()
    if error in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(error, os.strerror(error), str(other))
