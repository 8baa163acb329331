"""Statistics: what `evaluate` found, every score with null, interval, floor and ceiling."""

from app import backend, state
from app.messages import show_error
from app.parts import report_panel
from app.parts.context_bar import context_bar
from fmri2ges.errors import UserError

try:
    run = backend.open_run(state.request())
    context_bar(run)
    report = report_panel.read(run)
    if report is None:
        report_panel.nothing(run)
    else:
        report_panel.show(run, report)
except UserError as error:
    show_error(error)
