"""Several cohorts, side by side and pooled."""
