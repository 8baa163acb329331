"""The command line: exit codes, one line per problem, nothing half written."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fmri2ges.cli.ending import ended_by_signals
from fmri2ges.cli.main import main
from fmri2ges.data.atomic import write_json
from fmri2ges.data.motion.npz import read_motion
from tests.run_files import make_run

ROOT = Path(__file__).resolve().parents[2]


def errors(capsys) -> list[str]:
    lines = capsys.readouterr().err.splitlines()
    assert "Traceback" not in "\n".join(lines)
    return [line for line in lines if line.startswith("error: ")]


def test_check_says_what_was_understood(toy, capsys):
    assert main(["check", str(toy)]) == 0
    out = capsys.readouterr().out
    assert "3 recordings, 1 subjects, 3 stories, TR 2 s, table of 3 ROIs (3)" in out
    assert "1 clips, 1 speakers, 1.0 minutes, 15 frames per second" in out
    assert "no problems found" in out


def test_check_lists_every_problem_on_a_line(toy, capsys):
    toy.write_text(toy.read_text().replace("tr = 2.0", "tr = 0").replace('"c.npy"', '"z.npy"'))
    assert main(["check", str(toy)]) == 2
    found = errors(capsys)
    assert len(found) == 4  # three times TR, one missing file


def test_check_alice(alice, capsys):
    assert main(["check", str(alice)]) == 0
    assert "9 subjects" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nonsense"], "No such command"),
        (["check"], "Missing argument"),
        (["check", "x.toml", "--fast"], "No such option"),
        (["check", "x.toml"], "x.toml: no such file"),
        (["simulate", "out", "--subjects", "0"], "--subjects"),
        (["train", "x.toml", "--out", "run", "--preset", "huge"], "--preset: 'huge' is not known; allowed: demo, full"),
        (["train", "x.toml", "--out", "run", "--device", "tpu"], "--device: 'tpu' is not known"),
        (["decode", "run", "--subject", "s", "--story", "k", "--out", "d"], "run: no such run folder"),
        (
            ["decode", "run", "--subject", "s", "--story", "k", "--out", "d", "--branch", "x"],
            "branch: 'x' is not known",
        ),
        (
            ["decode", "run", "--subject", "s", "--story", "k", "--out", "d", "--rois", "AC", "--roi-file", "f"],
            "give one of them",
        ),
        (
            ["decode", "run", "--subject", "s", "--story", "k", "--out", "d", "--roi-file", "f.txt"],
            "f.txt: no such file",
        ),
        (["evaluate", "nowhere"], "nowhere: no such folder"),
        (["export", "nowhere", "--format", "bvh", "--out", "m.bvh"], "nowhere: is not a decoded result"),
        (["gesture", "w.tsv", "--out", "m.bvh"], "w.tsv: no such file"),
        (["gesture", "w.tsv", "--out", "m.gif"], "m.gif: must end with one of: .bvh, .csv, .npz"),
    ],
)
def test_wrong_input_is_one_line_and_code_2(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    (line,) = errors(capsys)
    assert message in line
    assert os.listdir(tmp_path) == []


def test_a_run_without_weights(tmp_path, capsys):
    write_json(tmp_path / "run" / "manifest.json", {"kind": "train", "versions": {}, "simulated": False})
    assert main(["decode", str(tmp_path / "run"), "--subject", "s", "--story", "k", "--out", str(tmp_path / "d")]) == 2
    (line,) = errors(capsys)
    assert "holds no weights" in line


def test_export_writes_and_names_the_file(decoded_dir, tmp_path, capsys):
    out = tmp_path / "m.npz"
    assert main(["export", str(decoded_dir), "--format", "npz", "--out", str(out), "--branch", "text"]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    np.testing.assert_array_equal(read_motion(out).positions, read_motion(decoded_dir / "text.npz").positions)


def test_words_alone_become_a_gesture(tmp_path, capsys):
    words, out = tmp_path / "w.tsv", tmp_path / "m.npz"
    words.write_text("word\tstart\tduration\nthrow\t0.5\t0.4\nthat\t1.0\t0.3\nbox\t1.4\t0.4\n")
    assert main(["gesture", str(words), "--out", str(out), "--samples", "2", "--device", "cpu"]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    motion = read_motion(out)
    assert motion.samples.shape == (2, 42, 10, 3) and np.abs(motion.samples[0] - motion.samples[1]).max() > 0.01
    asked = ["gesture", str(words), "--out", str(out), "--device", "cpu"]
    assert main([*asked, "--speaker", "9"]) == 2 and main([*asked, "--stop", "90000"]) == 2
    assert main([*asked, "--start", "3", "--stop", "2"]) == 2
    assert [line.split(":")[1].strip() for line in errors(capsys)] == ["speaker", "words", "--start, --stop"]


def test_a_bvh_is_written_in_the_units_that_are_asked_for(decoded_dir, tmp_path, capsys):
    out = tmp_path / "m.bvh"
    assert main(["export", str(decoded_dir), "--format", "bvh", "--scale", "0.01", "--out", str(out)]) == 0
    lengths = [float(line.split()[2]) for line in out.read_text().splitlines() if "OFFSET 0.000000" in line][:2]
    assert lengths == [0.0, pytest.approx(0.5, abs=1e-3)]  # from spine to neck, metres
    assert main(["export", str(decoded_dir), "--format", "npz", "--scale", "0.01", "--out", str(out)]) == 2
    assert main(["export", str(decoded_dir), "--format", "gif", "--audio", "a.wav", "--out", str(out)]) == 2
    assert [line.split(":")[1].strip() for line in errors(capsys)] == ["scale", "audio"]


def test_an_unwritable_place_is_the_users_to_change(decoded_dir, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["export", str(decoded_dir), "--format", "npz", "--out", str(tmp_path / "file" / "m.npz")]) == 2
    assert len(errors(capsys)) == 1


def test_doctor(capsys):
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert "cpu" in [d["device"] for d in report["devices"]]
    assert report["word_vectors"]["found"] and report["versions"]["python"]
    assert main(["doctor"]) == 0
    assert "(auto takes this one)" in capsys.readouterr().out


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip().count(".") == 2
    assert main([]) == 0
    out = capsys.readouterr().out
    for command in ("simulate", "check", "train", "decode", "evaluate", "figure", "export", "gesture", "doctor"):
        assert f"  {command} " in out


def impossible(tmp_path):
    return [tmp_path / ("x" * 300), Path("/proc/out"), tmp_path / "file" / "out", tmp_path / ("y" * 300) / "out"]


@pytest.mark.parametrize("place", range(4))
def test_impossible_places_are_one_line_that_names_them(decoded_dir, tmp_path, capsys, place):
    (tmp_path / "file").write_text("")
    out = impossible(tmp_path)[place]
    before = sorted(os.listdir(tmp_path))
    for command in (
        ["simulate", str(out)],
        ["export", str(decoded_dir), "--format", "npz", "--out", str(out)],
        ["export", str(decoded_dir), "--format", "zip", "--out", str(out)],
        ["decode", "demo", "--subject", "s", "--story", "k", "--out", str(out)],
        ["skeleton", str(decoded_dir / "none.bvh"), "--out", str(out)],
    ):
        assert main(command) == 2
        (line,) = errors(capsys)
        assert str(out) in line or command[0] == "skeleton"
        assert sorted(os.listdir(tmp_path)) == before


def test_devices_are_written_into_and_stay(decoded_dir, capsys):
    for format in ("npz", "csv", "zip"):
        assert main(["export", str(decoded_dir), "--format", format, "--out", "/dev/null"]) == 0
        assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
        if Path("/dev/full").exists():
            assert main(["export", str(decoded_dir), "--format", format, "--out", "/dev/full"]) == 2
            (line,) = errors(capsys)
            assert "/dev/full: cannot be written (No space left on device); make room" in line
    assert not any(name.startswith(".fmri2ges") for name in os.listdir("/dev"))


def test_a_run_is_sent_and_unpacked(tmp_path, toy, capsys):
    run = make_run(tmp_path / "run")
    assert main(["export", str(run), "--format", "zip", "--out", str(tmp_path / "a.zip")]) == 0
    assert "left out: log.txt" in capsys.readouterr().out
    arguments = ["import", str(tmp_path / "a.zip"), "--out", str(tmp_path / "back")]
    assert main([*arguments, "--study", str(toy)]) == 0
    assert json.loads((tmp_path / "back" / "manifest.json").read_text())["study"] == str(toy.resolve())
    assert main(arguments) == 2 and "--force" in errors(capsys)[0]
    assert main([*arguments, "--force"]) == 0


def test_a_name_that_is_taken_is_told_before_training(tmp_path, toy, capsys):
    run = make_run(tmp_path / "run")
    assert main(["train", str(toy), "--out", str(run)]) == 2
    assert "holds a finished run" in errors(capsys)[0]
    assert main(["train", str(toy), "--out", str(toy.parent), "--force"]) == 2
    assert "was not written by fmri2ges" in errors(capsys)[0]


def test_an_interrupted_training_is_named_with_both_ways_on(tmp_path, toy, capsys, monkeypatch):
    from fmri2ges.storage.training_folder import TrainingFolder
    from fmri2ges.training import train

    def interrupted(study, out, config, device, seed, existing, work, mapper):
        made_for = {"seed": seed, "device": device, "config": {}, "versions": {}, "files": {}}
        with TrainingFolder(out, made_for, existing.replaces, existing.resumes) as run:
            run.progress(0.6, "F2G: step 100 of 500")
            run.checkpoint.write(run.path)
            raise KeyboardInterrupt

    monkeypatch.setattr(train, "train_study", interrupted)
    command = ["train", str(toy), "--out", str(tmp_path / "run")]
    assert main(command) == 130
    assert capsys.readouterr().err.splitlines()[-1].startswith("cancelled; --resume goes on with this training")
    assert main(command) == 2
    assert "at 60 % (F2G: step 100 of 500); go on with --resume, or start anew with --force" in errors(capsys)[0]
    assert main([*command, "--resume"]) == main([*command, "--force"]) == 130
    assert len(list(tmp_path.glob(".fmri2ges-*"))) == 1


def test_a_job_that_outlives_its_terminal_is_not_interrupted():
    """nohup makes a process ignore SIGHUP."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with pytest.raises(KeyboardInterrupt), ended_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_work_ends_with_130_and_leaves_nothing(tmp_path, number):
    out = tmp_path / "study"
    command = [
        sys.executable,
        "-m",
        "fmri2ges",
        "simulate",
        str(out),
        "--subjects",
        "20",
    ]  # takes minutes where nobody interrupts it
    # A shell that runs tests in the background, or nohup, makes its children ignore these signals; this one shall not.
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    assert "%" in process.stderr.readline()  # it has begun to write
    process.send_signal(number)
    _, message = process.communicate(timeout=600)
    assert process.returncode == 130
    assert "cancelled; nothing was written" in message and "Traceback" not in message
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_a_simulated_study_is_in_order(tmp_path, capsys):
    out = tmp_path / "study"
    assert main(["simulate", str(out), "--seed", "1", "--null"]) == 0
    assert capsys.readouterr().out.strip() == str(out / "study.toml")
    assert main(["check", str(out / "study.toml")]) == 0
    shown = capsys.readouterr().out
    assert "(simulated)" in shown and "fsaverage5" in shown and "no problems found" in shown
    assert main(["simulate", str(out), "--seed", "1"]) == 2
    assert "--force" in errors(capsys)[0]
    assert (out / "truth" / "planted.json").is_file()
