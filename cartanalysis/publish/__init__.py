"""Cohort + notebooks → executed notebooks → website → checks → in place of the old site."""

from cartanalysis.publish.collection import Collection, Outcome, publish_all
from cartanalysis.publish.run import Published, publish

__all__ = ["Collection", "Outcome", "Published", "publish", "publish_all"]
