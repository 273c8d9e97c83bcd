"""Any file in, a checked cohort out."""

from cartanalysis.intake.checking import SETTLED, build, check, in_order, parse, read, split_names

__all__ = ["SETTLED", "build", "check", "in_order", "parse", "read", "split_names"]
