"""What `check` says about a study.

The script writes a small study of its own: noise in place of BOLD, one story for training and one held out.
Run it as: python docs/examples/check_study.py [FOLDER]
"""

import sys
from pathlib import Path

import numpy as np

import fmri2ges

out = Path(sys.argv[1] if len(sys.argv) > 1 else "example")
out.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)

lines = ['name = "toy"', "simulated = true"]
for story, vocabulary in (("day", "sun road field bread"), ("night", "moon sea boat song")):
    np.savetxt(out / f"{story}.tsv", rng.normal(size=(60, 2)), delimiter="\t", header="IFG\tSTG", comments="")
    words = rng.choice(vocabulary.split(), 200)
    rows = [f"{word}\t{0.5 * k:.2f}\t0.40" for k, word in enumerate(words)]
    (out / f"{story}-words.tsv").write_text("\n".join(["word\tstart\tduration", *rows]) + "\n")
    lines += ["[[recording]]", 'subject = "sub-01"', f'story = "{story}"', f'bold = "{story}.tsv"']
    lines += ["tr = 2.0", "first_volume_at = 1.0", f'words = "{story}-words.tsv"']
lines += ["[split]", 'test_stories = ["night"]']
study = out / "study.toml"
study.write_text("\n".join(lines) + "\n")

checked = fmri2ges.check(study)
print(*checked.summary, sep="\n")
print("problems:", *checked.problems or ["none"])

study.write_text(study.read_text().replace("night-words.tsv", "nigth-words.tsv"))  # a slip of the pen
print("problems:", *fmri2ges.check(study).problems)
