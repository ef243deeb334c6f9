"""One file a measurement: `measure(plan)` returns its lines of the table."""

from measures import cell_cost, charts, ci, diff, fit_cost, kill, lab, load_ext, log_loop, memory, notebook, plain_cells, screen, stored, taps, visible

MEASURES = {
    "load": load_ext.measure,
    "cell": cell_cost.measure,
    "plain": plain_cells.measure,
    "fit": fit_cost.measure,
    "loop": log_loop.measure,
    "taps": taps.measure,
    "memory": memory.measure,
    "kill": kill.measure,
    "notebook": notebook.measure,
    "visible": visible.measure,
    "diff": diff.measure,
    "stored": stored.measure,
    "charts": charts.measure,
    "lab": lab.measure,
    "screen": screen.measure,
    "ci": ci.measure,
}
