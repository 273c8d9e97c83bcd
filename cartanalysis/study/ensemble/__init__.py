"""The cohorts that the abstract allows: a prior over what is assumed, under what is known."""
