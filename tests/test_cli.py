"""The command line's small commands."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from cartanalysis import cli, contract, intake
from cartanalysis.cli import app, main
from cartanalysis.contract import FIELDS


def test_example_is_in_our_columns(capsys):
    assert main(["example", "leukemia"]) == 0
    text = capsys.readouterr().out
    found = intake.parse(text.encode(), "leukemia.csv")
    assert list(found.table.columns) == ["patient_id", "sex", "arm", "rfs_days", "rfs_event"]
    assert len(found.table) == 42
    assert found.table["rfs_event"].sum() == 30


def test_reconstruct_writes_the_default_cohort(capsys):
    assert main(["reconstruct"]) == 0
    ours = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert len(ours) == 47


@pytest.mark.parametrize("arguments", [[], ["publish", "--jobs", "0"], ["example", "nobody"]])
def test_wrong_use_exits_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "Usage" in capsys.readouterr().err


def test_help_greets_a_clinician_at_once(capsys):
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    for name, command in app.commands.items():
        assert re.search(rf"^ +{name} +\w", told, re.MULTILINE), name
        assert command.help
    for name in ("validate", "map", "publish"):
        assert f"cartanalysis {name} my-" in told
    assert cli.DEFAULT_COHORT == contract.DEFAULT_COHORT
    program = "import sys; from cartanalysis.cli import main; main(['--help'])"
    program += "; assert not {'pandas', 'numpy', 'sphinx'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)


def write(folder: Path, text: str, name: str = "clinic.csv") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_validate_tells_a_program_and_a_person(tmp_path, capsys):
    good = write(tmp_path, "patient_id,sex\nA,F\n")
    assert main(["validate", good]) == 0
    assert "1 patient, ready" in capsys.readouterr().out
    assert main(["validate", good, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["usable"] is True
    assert report["columns"] == ["patient_id", "sex"]
    bad = write(tmp_path, "patient_id,os_days,os_event\nA,-1,2\n")
    assert main(["validate", bad, "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert report["usable"] is False
    assert [(p["row"], p["column"], p["value"]) for p in report["problems"]] == [
        (2, "os_days", "-1"),
        (2, "os_event", "2"),
    ]


def test_replicate_prints_the_same_verdicts_twice(capsys):
    assert main(["replicate"]) == 0
    text = capsys.readouterr().out
    assert "reconstruction, not patient data" in text
    assert main(["replicate", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["is_reconstruction"] is True
    claims = report["claims"]
    assert len(claims) == 21  # 16 of the paper, 5 of a review
    assert text.count("supports") == sum(c["verdict"] == "supports" for c in claims) == 9


def test_map_asks_and_nothing_is_used_without_a_yes(tmp_path, capsys):
    export = write(
        tmp_path,
        "record_id,gender,survival_months,status,last_name\n"
        + "".join(f"R{i},{'FM'[i % 2]},{i + 3},{1 + i % 2},Doe\n" for i in range(12)),
    )
    mapping = str(tmp_path / "mapping.yml")
    assert main(["map", export, "--out", mapping]) == 0
    assert "not sure" in capsys.readouterr().out
    assert main(["map", export, "--out", mapping]) == 2  # never overwritten
    assert main(["validate", export, "--mapping", mapping]) == 2
    assert "ask" in capsys.readouterr().err
    text = Path(mapping).read_text()
    answered = "\n".join(line for line in text.splitlines() if not line.strip().startswith("ask:"))
    Path(mapping).write_text(answered)
    assert main(["validate", export, "--mapping", mapping, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {"patient_id", "sex"} <= set(report["columns"])
    assert "last_name" not in report["columns"]


def test_template_is_a_cohort_without_patients(tmp_path, capsys):
    assert main(["template", str(tmp_path)]) == 0
    header = (tmp_path / "cohort-template.csv").read_text().splitlines()[0].split(",")
    assert header == list(FIELDS)
    dictionary = (tmp_path / "cohort-dictionary.csv").read_text()
    assert all(name in dictionary for name in FIELDS)
    assert main(["template", str(tmp_path)]) == 2
    assert main(["validate", str(tmp_path / "cohort-template.csv")]) == 2
    assert "no patient" in capsys.readouterr().err


def test_verify_of_something_else(tmp_path, capsys):
    assert main(["verify", str(tmp_path)]) == 1
    assert "no readable run.json" in capsys.readouterr().err


def test_mappings_must_match_cohorts(capsys):
    assert main(["publish", "a.csv", "b.csv", "c.csv", "--mapping", "x", "--mapping", "y"]) == 2
    assert "2 mappings for 3 cohorts" in capsys.readouterr().err


def command(arguments: list[str], **env: str) -> subprocess.Popen[bytes]:
    program = "import sys; from cartanalysis.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | env,
    )


def test_letters_that_a_terminal_lacks_are_no_traceback(tmp_path):
    file = write(tmp_path, "patient_id,主管医生,sex\nA,x,F\n")
    for encoding in ("ascii", "cp1252"):
        with command(["map", file], PYTHONIOENCODING=encoding) as asked:
            out, err = asked.communicate()
        assert asked.returncode == 0, err
        assert b"patient_id" in out and b"Traceback" not in err


def test_a_reader_that_leaves_and_a_full_disk_are_no_traceback(tmp_path):
    with command(["reconstruct"]) as asked:
        asked.stdout.close()  # type: ignore[union-attr]
        assert asked.wait() == 1
        assert asked.stderr.read() == b""  # type: ignore[union-attr]
    if Path("/dev/full").exists():
        program = "import sys; from cartanalysis.cli import main; sys.exit(main(sys.argv[1:]))"
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-c", program, "example", "leukemia"],
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        assert done.returncode == 1
        assert done.stderr.startswith(b"the output cannot be read or written: No space left")


@pytest.mark.parametrize("record", ["[" * 100_000, "{}", "\x00", "[1]"])
def test_a_record_that_is_none(tmp_path, capsys, record):
    (tmp_path / "run.json").write_text(record)
    assert main(["verify", str(tmp_path)]) == 1
    assert "no readable run.json" in capsys.readouterr().err


def test_verdicts_come_with_what_was_noted(tmp_path, capsys):
    file = write(tmp_path, "patient_id;treg_pct\nA;5,5\nB;6,25\n")
    assert main(["replicate", file]) == 0
    assert (
        "Note: Column treg_pct: the comma was read as a decimal point." in capsys.readouterr().out
    )
    assert main(["replicate", file, "--json"]) == 0
    assert any("decimal point" in note for note in json.loads(capsys.readouterr().out)["notes"])
