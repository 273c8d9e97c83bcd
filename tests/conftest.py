"""Reference values from R and the data they were computed from."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

ORACLE = Path(__file__).parent / "oracle"
ROOT = Path(__file__).parent.parent


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
