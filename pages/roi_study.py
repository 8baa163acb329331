"""ROI study: which regions carry the gesture, on the cortex and as sorted bars."""

from app import backend, state
from app.messages import guarded
from app.parts import roi_panel
from app.parts.context_bar import context_bar


@guarded
def screen() -> None:
    """The whole screen."""
    run = backend.open_run(state.request())
    context_bar(run)
    path = roi_panel.choose_study(run)
    if path is not None:
        roi_panel.show(path)


screen()
