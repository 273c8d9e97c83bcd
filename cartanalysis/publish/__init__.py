"""Cohort + notebooks → executed notebooks → website → checks → in place of the old site."""

from cartanalysis.publish.run import Published, publish

__all__ = ["Published", "publish"]
