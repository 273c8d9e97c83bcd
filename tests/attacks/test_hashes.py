"""No hash on a site tells a cohort or a new patient."""

from __future__ import annotations

import numpy as np
import tinybook

from attacks import hashes


def test_neither_a_small_cohort_nor_a_new_patient_is_found_from_hashes(tmp_path):
    rng = np.random.default_rng(3)
    responses = [str(r) for r in rng.choice(hashes.LEVELS, 12)]
    days = [int(d) for d in rng.integers(1, 1000, 13)]
    root = tinybook.make(tmp_path / "tiny")
    first = hashes.publish(root, hashes.file_of(responses), "first")
    assert hashes.attack(first, root, 12) == {}
    second = hashes.publish(root, hashes.file_of([*responses, "CR"], days), "second")
    assert hashes.membership(second, responses, days[:12]) == []
