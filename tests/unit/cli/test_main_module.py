"""`python -m fmri2ges` and what imports that module again."""

from importlib import import_module


def test_a_process_that_imports_the_module_runs_no_command():
    assert import_module("fmri2ges.__main__").main
