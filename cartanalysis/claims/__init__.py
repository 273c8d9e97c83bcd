"""The paper's claims against a cohort: values, directions, verdicts, power."""
