"""A file of the study that is replaced while the server runs: no page shows what was made of the old one."""

import numpy as np

from app import backend
from app.decode_queue import Made, queue
from fmri2ges.request import DecodeRequest
from tests.roi_studies import make_study


def test_nothing_of_a_replaced_file_is_shown(tmp_path):
    folder = make_study(tmp_path, ("story-1", "story-2"))
    asked = DecodeRequest(str(folder), branch="text", samples=1)
    run = backend.open_run(asked)
    request, _ = backend.complete(run, asked)
    assert backend.open_run(asked) is run
    queue().submit(backend.key_of(run, request), lambda work: run.decode(request, work), "somebody")
    queue().join()
    old, heard = backend.find(run, request), backend.recording(run, request)
    assert old is not None and backend.recording(run, request) is heard
    keys = {backend.key_of(run, request), backend.heard_key(run, request), backend.scores_key(run, request)}
    assert {key.made for key in keys} == set(Made)

    file = tmp_path / "study" / "story-1.tsv"
    head, *rows = file.read_text().splitlines()
    file.write_text("\n".join([head, *reversed(rows), ""]))
    assert backend.find(run, request) is None and backend.at_hand(run, request) is None
    assert not np.array_equal(backend.recording(run, request).bold, heard.bold)
    new = {backend.key_of(run, request), backend.heard_key(run, request), backend.scores_key(run, request)}
    assert not keys & new

    study = tmp_path / "study" / "toy.toml"
    study.write_text(study.read_text().replace("first_volume_at = 1.0", "first_volume_at = 3.0"))
    again = backend.open_run(asked)
    assert again is not run and backend.recording(again, request).first_volume_at == 3.0
