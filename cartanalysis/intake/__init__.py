"""Any file in, a checked cohort out."""

from cartanalysis.intake.checking import build, in_order, parse, read, split_names

__all__ = ["build", "in_order", "parse", "read", "split_names"]
