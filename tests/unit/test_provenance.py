"""The manifest names what made an artefact, and from what."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from fmri2ges import __version__
from fmri2ges.provenance import build_manifest, digest_file, digest_json, git_commit

ROOT = Path(__file__).resolve().parents[2]


def test_manifest_is_json_and_complete(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    manifest = build_manifest("train", {"steps": 3}, 7, {"bold": tmp_path / "a"}, True, device="cpu", seconds=1.5)
    assert json.loads(json.dumps(manifest)) == manifest
    assert manifest["digests"] == {"bold": hashlib.sha256(b"abc").hexdigest()}
    assert (manifest["kind"], manifest["seed"], manifest["simulated"], manifest["device"]) == ("train", 7, True, "cpu")
    assert manifest["config"] == {"steps": 3} and manifest["seconds"] == 1.5
    assert manifest["versions"]["fmri2ges"] == __version__ and "numpy" in manifest["versions"]


def test_inputs_may_be_a_list(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    manifest = build_manifest("x", {}, 0, [tmp_path / "a"], False)
    assert manifest["digests"] == {str(tmp_path / "a"): digest_file(tmp_path / "a")}


def test_digest_ignores_the_order_of_keys():
    assert (
        digest_json({"a": 1, "b": [1, 2]}) == digest_json({"b": [1, 2], "a": 1}) != digest_json({"a": 1, "b": [2, 1]})
    )


def test_versions_need_no_import():
    code = "import sys, fmri2ges.provenance as p; assert 'torch' in p.versions(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_commit_of_a_checkout():
    commit = git_commit()
    if (ROOT / ".git").exists():
        assert commit is not None and len(commit) == 40
    else:
        assert commit is None
