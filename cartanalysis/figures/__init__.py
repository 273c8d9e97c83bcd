"""Drawing: tidy table in, axes out.  One module per kind of figure."""

from cartanalysis.figures.bars import plot_grades, plot_rates
from cartanalysis.figures.claims import plot_claims
from cartanalysis.figures.distribution import plot_distribution
from cartanalysis.figures.flow import plot_flow
from cartanalysis.figures.forest import plot_cutoffs, plot_effects, plot_forest, plot_outcomes
from cartanalysis.figures.icons import plot_icons
from cartanalysis.figures.incidence import plot_incidence, plot_occupancy
from cartanalysis.figures.km import plot_km
from cartanalysis.figures.measurement import plot_roc, plot_smooth
from cartanalysis.figures.over_time import plot_coefficient, plot_log_log
from cartanalysis.figures.swimmer import plot_swimmer

__all__ = [
    "plot_claims",
    "plot_coefficient",
    "plot_cutoffs",
    "plot_distribution",
    "plot_effects",
    "plot_flow",
    "plot_forest",
    "plot_grades",
    "plot_icons",
    "plot_incidence",
    "plot_km",
    "plot_log_log",
    "plot_occupancy",
    "plot_outcomes",
    "plot_rates",
    "plot_roc",
    "plot_smooth",
    "plot_swimmer",
]
