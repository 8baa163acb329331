"""Statistics: what `evaluate` found, every score with null, interval, floor and ceiling."""

from app import backend, state
from app.messages import show_error
from app.parts import report_panel
from app.parts.mark import data_mark
from fmri2ges.errors import UserError

try:
    run = backend.open_run(state.request())
    data_mark(run, state.request().run)
    report = report_panel.read(run)
    if report is None:
        report_panel.nothing(run)
    else:
        report_panel.show(run, report)
except UserError as error:
    show_error(error)
