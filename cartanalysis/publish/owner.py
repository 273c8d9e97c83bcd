"""What stays with the owner of patients' data: a key, and what it last published where.

Whoever knows what a cohort may look like can try which one has a plain hash.  Hashes of patients'
data are therefore keyed; the key never leaves its owner.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import os
import secrets
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cartanalysis.contract import Cohort
from cartanalysis.errors import InputError, Problem, counted
from cartanalysis.publish.verify import read_run

HOME = "CARTANALYSIS_STATE"
"""Environment variable that names another folder for what stays with the owner."""

KEY, PUBLISHED = "owner.key", "published"
LENGTH = 32


@dataclass(frozen=True)
class Seal:
    """A way to hash: with a key where patients' data are hashed, without where there are none."""

    key: bytes = b""  # the owner's; none for a plain hash

    def __call__(self, *parts: str) -> str:
        """Hash texts."""
        text = parts[0] if len(parts) == 1 else "".join(f"{len(p)}:{p}" for p in parts)
        if self.key:
            return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def name(self) -> str:
        """What its hashes are called in a site's record."""
        return "hmac_sha256" if self.key else "sha256"


def folder() -> Path:
    """Tell where the owner's things are."""
    if named := os.environ.get(HOME):
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "cartanalysis"


def seal_for(cohort: Cohort) -> Seal:
    """Give the seal for a cohort; the owner's key is made where there is none."""
    return Seal() if cohort.is_reconstruction else Seal(_key())


def _key() -> bytes:
    path = folder() / KEY
    try:
        if not path.exists():
            _write(path, secrets.token_hex(LENGTH), keep=True)
        text = path.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except OSError as error:
        what = f"the key that hashes of patients' data need cannot be kept here ({error.strerror})"
        remedy = f"Name a folder of your own for it: set the environment variable {HOME}"
        raise InputError(str(path), [Problem(what, remedy)]) from error
    except ValueError:
        key = b""
    if len(key) != LENGTH:
        remedy = "Restore it from a copy, or remove it: a new one is made then"
        raise InputError(str(path), [Problem("this is no key of this command", remedy)])
    return key


def _write(path: Path, text: str, *, keep: bool = False) -> None:
    """Write a file that only its owner can read, whole or not at all; ``keep`` one that is there.

    Two runs that start together must end up with one key.
    """
    for place in (folder(), path.parent):
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)  # readable by its owner only
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        if keep:
            with suppress(FileExistsError):
                os.link(name, path)
        else:
            Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


# --- what was published ------------------------------------------------------------------------


def differing(cohort: Cohort, target: Path) -> int | None:
    """Count the patients in whom a cohort differs from the one last published at a place."""
    seal = seal_for(cohort)
    path = _record(seal, target)
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
        columns, rows, patients = (earlier[name] for name in ("columns", "rows", "patients"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "Remove it; then compare this cohort with the one you published by yourself"
        raise InputError(
            str(path), [Problem("what was published is unreadable", remedy)]
        ) from error
    now = _fingerprint(seal, cohort)
    if columns == now["columns"]:
        # without identifiers: a mapping may number the patients anew
        was, becomes = Counter(rows), Counter(now["rows"])
        return max((was - becomes).total(), (becomes - was).total())
    return len(set(patients) ^ set(now["patients"]))


def small_update(
    cohort: Cohort, target: Path, smallest: int, *, accepted: bool
) -> tuple[list[Problem], tuple[str, ...]]:
    """Find out whether a site would differ from the one it replaces by very few patients.

    What changed on the pages would then be about them.
    """
    if cohort.is_reconstruction or smallest == 1:
        return [], ()
    count = differing(cohort, target)
    if count is None:
        earlier = read_run(target)
        of = earlier.get("cohort")
        if not earlier or (isinstance(of, dict) and of.get("is_reconstruction") is True):
            return [], ()
        return [], (
            "Nothing is known here of the patients of the site that this run replaces. If they are "
            "the same but for a few, readers of both learn about the few.",
        )
    if not 0 < count < smallest:
        return [], ()
    what = (
        f"{cohort.name} differs in {counted(count, 'patient')} from what was last published in "
        f"this place, fewer than the smallest count shown ({smallest}): who has seen both sites "
        "learns about them"
    )
    if accepted:
        return [], (f"{what}.",)
    remedy = "Wait until more patients have changed, or say --accept-small-update"
    return [Problem(what, remedy)], ()


def remember(cohort: Cohort, target: Path) -> None:
    """Keep what a later cohort at the same place is compared with."""
    if not cohort.is_reconstruction:
        seal = seal_for(cohort)
        _write(_record(seal, target), json.dumps(_fingerprint(seal, cohort)))


def _record(seal: Seal, target: Path) -> Path:
    return folder() / PUBLISHED / f"{seal('site', str(target))[:32]}.json"


def _fingerprint(seal: Seal, cohort: Cohort) -> dict[str, str | list[str]]:
    header, *rows = csv.reader(io.StringIO(cohort.to_csv()))
    place = header.index("patient_id")
    return {
        "columns": seal("columns", *header),
        # in an order that tells nothing
        "rows": sorted(seal("row", *row[:place], *row[place + 1 :]) for row in rows),
        "patients": sorted(seal("patient", row[place]) for row in rows),
    }
