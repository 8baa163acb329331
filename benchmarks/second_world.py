"""The text branch on a study from another simulator than the demo's: other words, gestures, TR, HRF and noise.

    python benchmarks/second_world.py --seeds 0 1

About 120 words of 8 topics, TR 1.5 s, a table of 80 areas of which 28 carry signal, HRFs that differ in peak and width,
AR(2) noise that the areas share in part, 18 training stories of 5 min. It shares no code with `fmri2ges.demo`: what was
chosen on the demo's world has to hold here. Each study is trained by `train`; the text branch then decodes with the
evidence of word signatures and with that of word vectors that runs before them have.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from common import arguments, at_least, at_most, finish
from scipy.signal import lfilter
from scipy.stats import gamma

from fmri2ges.data.atomic import write_text
from fmri2ges.data.motion.npz import write_motion
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.evaluation.fgd import frechet_distance
from fmri2ges.evaluation.gesture import features, on_body, weighted_r
from fmri2ges.evaluation.windows import cut_windows
from fmri2ges.models.f2t import F2T
from fmri2ges.motion.features import from_bones, normalise, to_bones
from fmri2ges.types import Motion, Words

SECONDS, TR, FPS = 300.0, 1.5, 30.0
N_AREAS, N_CARRYING, N_SPEAKERS, N_SAMPLES = 80, 28, 3, 8
TRAIN = [f"heard{k:02d}" for k in range(18)]
TEST = [f"new{k}" for k in range(4)]
CLIPS = [f"talk{k:02d}" for k in range(18)]
FUNCTION = (
    "the a and then it was in on with of so but they he she we i you that this were had to for as at by from".split()
)
TOPICS = [
    "ship sail harbor wave captain anchor storm rope deck island".split(),
    "doctor nurse hospital patient needle blood fever bed pill pain".split(),
    "guitar piano song drum singer stage concert band melody loud".split(),
    "garden flower tree dig plant seed water grass leaf soil".split(),
    "train station ticket rail engine bridge tunnel travel bag late".split(),
    "court judge lawyer trial jury guilty crime prison law police".split(),
    "snow mountain ski ice cold climb peak sled glove valley".split(),
    "market sell buy price coin basket fruit fish shop bargain".split(),
]
REST = np.array([[0, 1, 0], [0, 0.6, 0.8], [0, 0.8, -0.6], [1, -0.1, 0], [0.25, -1, 0.1], [-0.2, -0.3, 1]])
ARMS = [4, 5]  # rows of REST that the strokes of words move


@dataclass(frozen=True)
class Story:
    """A text with the topic of each word (-1 for words of all topics)."""

    words: Words
    topic: np.ndarray


def write_story(rng: np.random.Generator) -> Story:
    """Words in bouts of 12 to 30 s about one topic; a word of the topic tends to call the one that follows it."""
    text, start, duration, topics, t = [], [], [], [], 0.5
    while t < SECONDS - 2:
        topic, end, at = int(rng.integers(len(TOPICS))), t + rng.uniform(12, 30), int(rng.integers(10))
        while t < min(end, SECONDS - 2):
            for _ in range(int(rng.integers(4, 9))):
                about = rng.random() < 0.5
                at = (at + 1 if rng.random() < 0.4 else int(10 * rng.random() ** 1.5)) % 10
                word = TOPICS[topic][at] if about else FUNCTION[int(len(FUNCTION) * rng.random() ** 2)]
                length = (0.12 + 0.04 * len(word)) * rng.uniform(0.8, 1.2)
                text.append(word), start.append(t), duration.append(length), topics.append(topic if about else -1)
                t += length + rng.uniform(0.02, 0.12)
            t += rng.exponential(0.6)
    keep = np.array(start) < SECONDS - 1
    n = int(keep.sum())
    return Story(Words(tuple(text[:n]), np.array(start[:n]), np.array(duration[:n])), np.array(topics[:n]))


class OtherWorld:
    """What is true in one study of the second simulator."""

    def __init__(self, seed: int, signal: float = 1.0):
        self.seed, rng = seed, np.random.default_rng([seed, 77])
        self.signal = signal
        vocabulary = [w for words in TOPICS for w in words]
        self.code = {w: rng.standard_normal(10) for w in (*vocabulary, *FUNCTION)}
        self.topic_code = rng.standard_normal((len(TOPICS), 10))
        # Half of the topic words have a stroke of their own; a topic has a posture.
        self.stroke = {w: rng.normal(0, 0.45, (2, 2, 3)) for w in vocabulary if rng.random() < 0.5}
        self.posture = rng.normal(0, 0.18, (len(TOPICS), 2, 2, 3))
        self.style = rng.normal(0, 0.1, (N_SPEAKERS, 2, 2, 3))
        self.loading = np.zeros((N_AREAS, 35))  # 10 word code, 10 topic, 12 stroke, rate, 2 unused
        carrying = rng.permutation(N_AREAS)[:N_CARRYING]
        self.loading[carrying, :32] = rng.standard_normal((N_CARRYING, 32)) / np.sqrt(32)
        self.loading[carrying[:10], 32] = rng.uniform(0.3, 0.8, 10)
        self.peak, self.width = rng.uniform(4.2, 7.2, N_AREAS), rng.uniform(0.8, 1.3, N_AREAS)
        self.shared = rng.standard_normal((N_AREAS, 6)) / np.sqrt(6)

    def rng(self, name: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, *name.encode()])

    def story(self, name: str) -> Story:
        return write_story(self.rng(name))

    def bold(self, name: str) -> np.ndarray:
        """BOLD of a story, array (200, 80)."""
        story, step, rng = self.story(name), 0.25, self.rng(name + "/bold")
        n = int(SECONDS / TR)
        x = np.zeros((int(SECONDS / step), 35))
        for word, at, topic in zip(story.words.text, story.words.start, story.topic, strict=True):
            row = int(at / step)
            x[row, 32] += 1
            if topic >= 0:
                x[row, :10] += self.code[word]
                x[row, 10:20] += 1.5 * self.topic_code[topic]
                if word in self.stroke:
                    x[row, 20:32] += 3 * self.stroke[word].ravel()
        out = np.zeros((n, N_AREAS))
        t, rows = np.arange(0, 28, step), ((np.arange(n) + 0.5) * TR / step).astype(int)
        for a in range(N_AREAS):
            scale = 0.9 * self.width[a]
            kernel = gamma.pdf(t, self.peak[a] / scale, scale=scale) - 0.15 * gamma.pdf(t, 15, scale=scale)
            out[:, a] = np.convolve(x @ self.loading[a], kernel)[rows]
        out = out / np.where(out.std(0) > 0, out.std(0), 1)
        own = lfilter([1], [1, -0.45, -0.2], rng.standard_normal((n + 50, N_AREAS)), axis=0)[50:]
        common = lfilter([1], [1, -0.7, -0.1], rng.standard_normal((n + 50, 6)), axis=0)[50:] @ self.shared.T
        return 0.6 * self.signal * out + own / own.std(0) + 0.7 * common

    def motion(self, name: str, speaker: int, rendition: str = "") -> Motion:
        """A performance of a story's text by a speaker, at 30 fps."""
        story, rng = self.story(name), self.rng(f"{name}/{speaker}{rendition}")
        n = int(SECONDS * FPS)
        t, arms = np.arange(n) / FPS, np.zeros((int(SECONDS * FPS), 2, 2, 3))
        which = np.clip(np.searchsorted(story.words.start, t) - 1, 0, len(story.words) - 1)
        known = np.maximum.accumulate(np.where(story.topic >= 0, np.arange(len(story.topic)), 0))
        ease = np.exp(-1 / (FPS * 0.7))
        arms += lfilter([1 - ease], [1, -ease], self.posture[story.topic[known[which]]], axis=0)
        for word, at in zip(story.words.text, story.words.start, strict=True):
            if word in self.stroke and rng.random() < 0.75:
                when, wide = at + rng.normal(0.1, 0.06), rng.uniform(0.25, 0.45)
                lo, hi = max(0, int((when - 4 * wide) * FPS)), max(0, int((when + 4 * wide) * FPS))
                bump = rng.lognormal(0, 0.25) * np.exp(-0.5 * ((t[lo:hi] - when) / wide) ** 2)
                arms[lo:hi] += bump[:, None, None, None] * (self.stroke[word] + rng.normal(0, 0.08, (2, 2, 3)))
        slow = np.exp(-1 / (FPS * 1.5))
        drift = lfilter([1 - slow], [1, -slow], rng.standard_normal((n, 30)), axis=0)
        drift *= 0.09 / drift.std()
        arms += self.style[speaker] + drift[:, :12].reshape(n, 2, 2, 3)
        bones = np.zeros((n, 9, 3))
        bones[:, :3] = REST[:3] + 0.5 * drift[:, 12:21].reshape(n, 3, 3)
        for side, mirror in enumerate((1.0, -1.0)):
            first = 3 + 3 * side
            rest = REST[3:] * [mirror, 1, 1]
            bones[:, first] = rest[0]
            bones[:, first + 1 : first + 3] = rest[1:] + arms[:, side]
        return Motion(from_bones(normalise(bones.reshape(n, 27))), fps=FPS)

    def write(self, root: Path) -> Path:
        """Write the study; returns its file."""
        lines = [f'name = "second-simulator-{self.seed}"', "simulated = true", ""]
        areas = ", ".join(f'"area{a:02d}"' for a in range(N_AREAS))
        (root / "bold").mkdir(parents=True)
        for name in (*TRAIN, *TEST):
            np.save(root / "bold" / f"{name}.npy", self.bold(name).astype(np.float32))
            write_words_tsv(root / "words" / f"{name}.tsv", self.story(name).words)
            lines += ["[[recording]]", 'subject = "s1"', f'story = "{name}"', f'bold = "bold/{name}.npy"']
            lines += [f"tr = {TR}", f"first_volume_at = {TR / 2}"]
            lines += [f'words = "words/{name}.tsv"', f"columns = [{areas}]"]
        for k, name in enumerate(CLIPS):
            write_motion(root / "gesture" / f"{name}.npz", self.motion(name, k % N_SPEAKERS))
            write_words_tsv(root / "gesture" / f"{name}.tsv", self.story(name).words)
            lines += ["[[gesture]]", f'clip = "{name}"', f'motion = "gesture/{name}.npz"']
            lines += [f'words = "gesture/{name}.tsv"', f'speaker = "p{k % N_SPEAKERS}"']
        lines += ["[split]", f"test_stories = {TEST!r}".replace("'", '"'), ""]
        write_text(root / "study.toml", "\n".join(lines))
        return root / "study.toml"


def resampled(motion: Motion) -> np.ndarray:
    """Positions at 15 fps on the standard body."""
    from fmri2ges.motion.features import resample

    return resample(motion, 15.0).positions


def run_world(seed: int) -> dict:
    import torch

    from fmri2ges.decoding.run import open_run
    from fmri2ges.models.conditions import volume_track, word_track
    from fmri2ges.storage.encoder import load_encoder
    from fmri2ges.text.embeddings import load_vectors
    from fmri2ges.training.train import train_study

    world, vectors, encoder = OtherWorld(seed), load_vectors(), load_encoder()
    truth = {s: resampled(world.motion(s, 0)) for s in TEST}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        run = open_run(train_study(world.write(root / "study"), root / "run", device="cpu", seed=seed), device="cpu")
        f2t = run.f2t("s1", 0)
        columns = np.arange(f2t.readout.features.shape[1])
        known = (f2t.readout, f2t.blocks, f2t.language, f2t.vectors, f2t.covariance)
        forms = {"signatures": f2t, "vectors": F2T(*known)}
        brains = {"": {s: run.recording("s1", s) for s in TEST}}
        silent = OtherWorld(seed, signal=0.0)
        brains["null "] = {
            s: replace(r, bold=(b - b.mean(0)) / b.std(0))
            for s, r in brains[""].items()
            for b in [silent.bold(s).astype(np.float32)]
        }

        def score(tracks: dict, net) -> dict:
            made = {}
            for s, several in tracks.items():
                seconds, draw = len(truth[s]) / 15, torch.Generator().manual_seed(seed)
                made[s] = from_bones(net.sample_bones(several, 0.0, seconds, 0, draw))
            pairs = [(features(on_body(truth[s])), features(on_body(m))) for s, m in made.items()]
            real = np.concatenate([encoder(cut_windows(to_bones(truth[s]))) for s in made])
            fake = [np.concatenate([encoder(cut_windows(to_bones(m[k]))) for m in made.values()]) for k in range(3)]
            return {
                "r1": float(np.mean([weighted_r(true, x) for true, several in pairs for x in several])),
                "r8": float(np.mean([weighted_r(true, several.mean(0)) for true, several in pairs])),
                "fgd": float(np.mean([frechet_distance(real, x) for x in fake])),
            }

        rows = {"rerendition": {}}
        again = {s: resampled(world.motion(s, 0, "again")) for s in TEST}
        rows["rerendition"]["r1"] = float(
            np.mean([weighted_r(features(on_body(truth[s])), features(on_body(again[s]))) for s in TEST])
        )
        heard = {s: [word_track(r.words, vectors.matrix(r.words.text))] * N_SAMPLES for s, r in brains[""].items()}
        rows["T2G of the heard words"] = score(heard, run.t2g)
        for null, recordings in brains.items():
            readings = {s: run.read(r, columns)[0] for s, r in recordings.items()}
            for form, decoder in forms.items():
                tracks = {}
                for s, x in readings.items():
                    draw = np.random.default_rng([seed, 5])
                    texts = decoder.decode_texts(x.decoder, x.prediction, x.times, TR, N_SAMPLES, draw)
                    tracks[s] = [word_track(w, vectors.matrix(w.text)) for w in texts]
                rows[f"{null}text, {form}"] = score(tracks, run.t2g)
            direct = {s: [volume_track(x.tokens, x.times, f2t.readout.step)] * N_SAMPLES for s, x in readings.items()}
            rows[f"{null}direct"] = score(direct, run.f2g(0))
    for name, row in rows.items():
        print(seed, name, {k: round(v, 3) for k, v in row.items()}, flush=True)
    return {"seed": seed, "shrinkage": f2t.shrinkage, "rows": rows}


def main() -> None:
    parser = arguments(__doc__, "second_world")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="one study each; default 0")
    args = parser.parse_args()
    worlds = [run_world(seed) for seed in args.seeds]

    def mean(row: str, score: str) -> float:
        return float(np.mean([w["rows"][row][score] for w in worlds]))

    def ratio(score: str) -> float:
        return mean("text, signatures", score) / mean("text, vectors", score)

    claims = [
        at_least("r8 of the text branch, signatures / vectors", ratio("r8"), 1.1),
        at_most("FGD of the text branch, signatures / vectors", ratio("fgd"), 1.0),
        at_most("r8 of a null brain, text branch, absolute", abs(mean("null text, signatures", "r8")), 0.05),
    ]
    finish(args.out, {"simulated": True, "by_world": worlds}, claims)


if __name__ == "__main__":
    main()
