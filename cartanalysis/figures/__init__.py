"""Drawing: tidy table in, axes out.  One module per kind of figure."""

from cartanalysis.figures.bars import plot_grades, plot_rates
from cartanalysis.figures.claims import plot_claims
from cartanalysis.figures.distribution import plot_distribution
from cartanalysis.figures.flow import plot_flow
from cartanalysis.figures.forest import plot_cutoffs, plot_effects, plot_forest, plot_outcomes
from cartanalysis.figures.icons import plot_icons
from cartanalysis.figures.km import plot_km

__all__ = [
    "plot_claims",
    "plot_cutoffs",
    "plot_distribution",
    "plot_effects",
    "plot_flow",
    "plot_forest",
    "plot_grades",
    "plot_icons",
    "plot_km",
    "plot_outcomes",
    "plot_rates",
]
