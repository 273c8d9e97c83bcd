"""The command line's small commands."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from cartanalysis import cohort
from cartanalysis.cli import main


def test_example_is_in_our_columns(capsys):
    assert main(["example", "leukemia"]) == 0
    text = capsys.readouterr().out
    found = cohort.parse(text.encode(), "leukemia.csv")
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
    assert "usage" in capsys.readouterr().err
