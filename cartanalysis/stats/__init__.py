"""Statistics: a data frame in, a tidy table out."""
