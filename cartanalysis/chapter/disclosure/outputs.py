"""What of a protected cohort's notebook may be kept: what was handed over, and nothing else."""

from __future__ import annotations

import nbformat

METADATA = "cartanalysis"
"""Key of the metadata of outputs that were handed over (`cartanalysis.chapter.handover`)."""

LEFT_OUT = (
    "Left out: what this cell printed, drew or returned by itself has not passed disclosure "
    "control. Results of a protected cohort are shown with the functions of “study”."
)


def only_handed_over(notebook: nbformat.NotebookNode) -> None:
    """Take out of an executed notebook what has not passed disclosure control, and say so there."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        kept = [o for o in cell.outputs if METADATA in o.get("metadata", {})]
        for output in kept:
            output.metadata = {METADATA: output.metadata[METADATA]}
        if len(kept) < len(cell.outputs):
            text = {"text/html": f'<p class="cart-missing">{LEFT_OUT}</p>', "text/plain": LEFT_OUT}
            note = nbformat.v4.new_output("display_data", text, metadata={METADATA: SHOWN})
            kept.append(note)
        cell.outputs = kept


WITHHELD = "withheld"
"""Mark of an output that says why there is no result: the reason, and the columns that lack."""

SHOWN = {"shown": True}
"""Mark of an output that readers see as it is."""
