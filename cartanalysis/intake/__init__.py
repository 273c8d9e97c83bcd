"""Any file in, a checked cohort out."""

from cartanalysis.intake.checking import build, check, in_order, parse, read, split_names

__all__ = ["build", "check", "in_order", "parse", "read", "split_names"]
