"""Whether a site is what was published, whatever somebody did to it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from tinybook import edit, run

from cartanalysis.cli import main
from cartanalysis.publish.verify import digest, verify

WORDS = hashlib.sha256(b"words").hexdigest()


@pytest.fixture
def site(tmp_path) -> Path:
    """What a run leaves, made by hand: a page and its record."""
    made = tmp_path / "site"
    (made / "book").mkdir(parents=True)
    (made / "book" / "index.html").write_text("words")
    write(made, {"cartanalysis": "1", "key": "k", "files": {"book/index.html": WORDS}})
    return made


def write(site: Path, record: object) -> None:
    (site / "run.json").write_text(json.dumps(record))


@pytest.mark.parametrize(
    "record",
    [
        {"cartanalysis": 1, "key": 1, "files": ["book/index.html"]},
        {"cartanalysis": 1, "key": 1, "files": {"book/index.html": 3}},
        {"cartanalysis": 1, "key": 1, "files": {"book/index.html": None}},
        {"cartanalysis": 1, "key": 1, "files": "all"},
        {"cartanalysis": 1, "key": 1, "files": None},
    ],
)
def test_a_malformed_record_is_none(site, record, capsys):
    write(site, record)
    assert main(["verify", str(site)]) == 1
    assert "no readable run.json" in capsys.readouterr().err


def test_a_record_that_is_a_link_or_a_pipe_is_none(site, capsys):
    for make in (lambda path: path.symlink_to(site.parent / "r.json"), os.mkfifo):
        (site / "run.json").unlink()
        write(site.parent, {"cartanalysis": "1", "key": "k", "files": {}})
        make(site / "run.json")
        assert main(["verify", str(site)]) == 1
        assert "no readable run.json" in capsys.readouterr().err


def add_link(site: Path) -> str:
    (site / "more.html").symlink_to(site / "book" / "index.html")
    return "“more.html” is a link"


def add_linked_folder(site: Path) -> str:
    (site / "more").symlink_to(site / "book")
    return "“more” is a link"


def replace_by_link(site: Path) -> str:
    page = site / "book" / "index.html"
    page.rename(site.parent / "elsewhere.html")
    page.symlink_to(site.parent / "elsewhere.html")
    return "“book/index.html” is a link"


def add_pipe(site: Path) -> str:
    os.mkfifo(site / "pipe")
    return "“pipe” is a pipe or device"


def add_folder(site: Path) -> str:
    (site / "book" / "more").mkdir()
    return "“book/more” is an empty folder"


def add_file(site: Path) -> str:
    (site / "a\x1b[31m.txt").write_text("x")
    return "'a\\x1b[31m.txt' does not belong to the site"


def change(site: Path) -> str:
    (site / "book" / "index.html").write_text("other words")
    return "“book/index.html” was changed"


def take_away(site: Path) -> str:
    (site / "book" / "index.html").unlink()
    return "“book/index.html” is missing"


CHANGES = (
    add_link, add_linked_folder, replace_by_link, add_pipe, add_folder, add_file, change, take_away,
)  # fmt: skip


@pytest.mark.parametrize("alter", CHANGES)
def test_every_change_of_a_site_is_told(site, alter, capsys):
    assert verify(site) == 1
    says = alter(site)
    assert main(["verify", str(site)]) == 1
    assert says in capsys.readouterr().err


def test_a_page_and_the_record_changed_alike_differ_from_the_digest(site, capsys):
    assert main(["verify", str(site)]) == 0
    noted = digest(site)
    assert noted in capsys.readouterr().out
    assert main(["verify", str(site), "--digest", noted.upper()]) == 0
    (site / "book" / "index.html").write_text("other words")
    theirs = hashlib.sha256(b"other words").hexdigest()
    write(site, {"cartanalysis": "1", "key": "k", "files": {"book/index.html": theirs}})
    assert main(["verify", str(site)]) == 0
    capsys.readouterr()
    assert main(["verify", str(site), "--digest", noted]) == 1
    assert "not the one you noted" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["verify", str(site), "--digest", noted[:12]])
    assert "64 digits" in capsys.readouterr().err


def test_publish_prints_the_digest(tiny, capsys):
    for _ in range(2):  # built, and standing
        assert run(tiny) == 0
        assert digest(tiny.parent / "site") in capsys.readouterr().out


@pytest.mark.parametrize("alter", (add_link, add_linked_folder, add_pipe, add_folder))
@pytest.mark.parametrize("ours", (True, False))
def test_a_folder_with_anything_else_is_not_replaced(tiny, site, alter, ours, capsys):
    if not ours:  # nothing but what is added
        (site / "book" / "index.html").unlink()
        (site / "run.json").unlink()
        (site / "book" / "index.html").parent.rmdir()
        (site / "book").symlink_to(tiny)
        if alter is add_folder:
            (site / "book").unlink()
            (site / "book").mkdir()
    alter(site)
    assert run(tiny) == 2
    told = capsys.readouterr().err
    assert "something else than a site of this book" in told
    assert any(what in told for what in ("a link", "a pipe", "an empty folder"))


def test_a_page_replaced_by_a_link_stops_the_replacement(tiny, capsys):
    assert run(tiny) == 0
    replace_by_link(tiny.parent / "site")
    edit(tiny / "book" / "index.md", "# Tiny", "# Tinier")
    assert run(tiny) == 2
    assert "“book/index.html”, a link" in capsys.readouterr().err
