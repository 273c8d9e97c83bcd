"""Attack: a cohort, or a new patient, from the hashes that a site publishes.

Twelve numbered patients with one column of two levels are 4,096 possible files: each is hashed and
looked for among all hexadecimal texts of the site.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import tinybook

import cartanalysis
from cartanalysis.chapter.parameters import declared
from cartanalysis.publish import book, execute
from cartanalysis.workers import package_hash

LEVELS = ("CR", "NR")
SHORTEST = 8
"""Digits of a hash that are enough to tell a cohort among some thousands."""


def file_of(responses: Iterable[str], days: Iterable[int] = ()) -> str:
    """Write a cohort as the package does before it takes the hash."""
    rows = [f"P{i:02d},{r}" for i, r in enumerate(responses, start=1)]
    head = "patient_id,response"
    if days := list(days):
        head += ",os_days,os_event"
        rows = [f"{row},{day},1" for row, day in zip(rows, days, strict=True)]
    return "\n".join([head, *rows, ""])


def published(folder: Path) -> set[str]:
    """Collect every text of a site that could be a hash of data, but those of its own files."""
    found: set[str] = set()
    for path in folder.rglob("*"):
        if path.suffix in (".json", ".html", ".js", ".ipynb", ".csv", ".svg", ".txt", ".md"):
            text = path.read_text(encoding="utf-8", errors="ignore")
            found |= set(re.findall(rf"\b[0-9a-f]{{{SHORTEST},64}}\b", text))
    return found


class Keys:
    """Chapter keys as the package makes them, of any cohort."""

    def __init__(self, root: Path, site: Path) -> None:
        self.book = book.find(root)
        run = json.loads((site / "run.json").read_text(encoding="utf-8"))
        self.parameters = run.get("parameters", {})
        self.common = [
            package_hash(Path(cartanalysis.__file__).parent),
            json.dumps(execute.environment(self.book), sort_keys=True),
        ]
        for chapter in self.book.chapters:
            declared(self.book.notebook(chapter), chapter)

    def of(self, cohort: str) -> Iterator[str]:
        """Give the keys that a cohort's hash would lead to."""
        for chapter in self.book.chapters:
            if chapter not in self.parameters:
                continue
            given = json.dumps(dict(self.parameters[chapter]), sort_keys=True)
            source = self.book.source(chapter).read_text(encoding="utf-8")
            digest = hashlib.sha256()
            for part in (*self.common, cohort, source, given):
                digest.update(f"{len(part)}:{part}".encode())
            yield digest.hexdigest()


def search(files: Iterable[str], known: set[str], keys: Keys | None = None) -> dict[str, str]:
    """Find files whose hash, or a chapter key made from it, is on the site."""
    short = {k[:SHORTEST] for k in known}
    found = {}
    for text in files:
        for name in ("sha256", "sha1", "md5", "blake2b"):
            digest = hashlib.new(name, text.encode()).hexdigest()
            if digest[:SHORTEST] in short:
                found[text] = name
            if (
                keys is not None
                and name == "sha256"
                and any(key[:SHORTEST] in short for key in keys.of(digest))
            ):
                found.setdefault(text, "chapter key")
    return found


def attack(site: Path, root: Path, n: int) -> dict[str, str]:
    """Recover a cohort of n numbered patients with one column."""
    files = (file_of(r) for r in itertools.product(LEVELS, repeat=n))
    known = published(site)
    by_hash = search(files, known)
    only_keys = set(json_keys(site))
    by_key = search(
        (file_of(r) for r in itertools.product(LEVELS, repeat=n)), only_keys, Keys(root, site)
    )
    return by_hash | {f"{text} ": how for text, how in by_key.items()}


def json_keys(site: Path) -> Iterator[str]:
    """Give the keys of chapters in a site's record."""
    run = json.loads((site / "run.json").read_text(encoding="utf-8"))
    for chapter in run.get("chapters", {}).values():
        yield from (v for v in chapter.values() if isinstance(v, str))


def membership(site: Path, responses: list[str], days: list[int]) -> list[tuple[str, int]]:
    """Find the last patient of a second data cut, the others being known from the first."""
    known, found = published(site), []
    for response in LEVELS:
        for day in range(1, 1000):
            text = file_of([*responses, response], [*days, day])
            if search([text], known):
                found.append((response, day))
    return found


def publish(root: Path, text: str, name: str) -> Path:
    """Publish a tiny book about a cohort."""
    file = root.parent / f"{name}.csv"
    file.write_text(text, encoding="utf-8")
    site = root.parent / name
    arguments = ["publish", str(file), "--book", str(root), "--out", str(site)]
    assert tinybook.main(arguments) == 0
    return site


def main() -> None:
    """Print what is recovered."""
    rng = np.random.default_rng(3)
    responses = [str(r) for r in rng.choice(LEVELS, 12)]
    days = [int(d) for d in rng.integers(1, 1000, 13)]
    with tempfile.TemporaryDirectory() as folder:
        root = tinybook.make(Path(folder) / "tiny")
        site = publish(root, file_of(responses), "first")
        found = attack(site, root, 12)
        print("cohort of 12 patients, one column, of 4096 possible:")
        for text, how in found.items():
            print(f"  recovered from {how}: {text.strip() == file_of(responses).strip()}")
        print("  nothing" if not found else "")
        second = publish(root, file_of([*responses, "CR"], days), "second")
        print("new patient of a second cut, of 1998 possible:")
        print("  ", membership(second, responses, days[:12]), "true:", ("CR", days[12]))


if __name__ == "__main__":
    main()
