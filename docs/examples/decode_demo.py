"""Decode 30 s of the demo and print the words.

The demo is simulated. Its models ship with the package, and its stories are made when they are first read.
Run it as: python docs/examples/decode_demo.py [FOLDER]
"""

import sys
from pathlib import Path

import fmri2ges

out = Path(sys.argv[1] if len(sys.argv) > 1 else "example")

run = fmri2ges.open_run("demo")
print("subjects:", *run.subjects)
print("held-out stories:", *run.stories)

request = fmri2ges.DecodeRequest(subject="sub-01", story="test-1", start=0, stop=30, samples=4)
decoded = run.decode(request)

print("simulated:", decoded.simulated)
print("words of the first sample:", *decoded.words.text)
for branch, motion in decoded.motions.items():
    n_samples, n_frames, n_joints, _ = motion.samples.shape
    print(f"{branch} branch: {n_samples} gestures of {n_frames} frames at {motion.fps:g} frames/s, {n_joints} joints")

decoded.save(out / "decoded")  # Decoded.load(folder) reads it back, and so does every command
print("the same as a command:", decoded.request.as_command(out="decoded"))
