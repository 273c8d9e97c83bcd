"""Cohort + notebooks → executed notebooks → website → checks → in place of the old site."""
