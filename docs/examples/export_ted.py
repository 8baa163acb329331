"""TED Gesture and TED-Expressive -> .npz and .tsv that fMRI2GES reads. Stands alone: copy this one file.

Why a script of its own
    Both data sets ship as lmdb files of objects that were serialised with pyarrow 0.14. Later
    versions of pyarrow cannot read them, and fMRI2GES never unpickles what others have made. So the
    conversion runs once, in an environment of that time, and leaves plain arrays:

        conda create -n ted python=3.6
        conda activate ted
        pip install "pyarrow==0.14.1" "lmdb<1.0" "numpy<1.20"
        python export_ted.py --data-set ted            ted_dataset/lmdb_train            out/train
        python export_ted.py --data-set ted-expressive ted_expressive_dataset/train      out/train

    Only run it on files that you trust: deserialising such objects can execute code.

    NOT RUN HERE: no environment with pyarrow 0.14 was at hand. The pure functions (axes, joints,
    rate, words) are covered by the tests of fMRI2GES; `clips_of`, which opens the lmdb, is not.
    Written for Python 3.6.

What it writes, for every clip with at least MIN_SECONDS of motion
    NAME.npz   positions (n_frames, n_joints, 3) float32, fps, start (0.0), joints, parents
    NAME.tsv   word, start, duration in seconds from the start of the clip
    study.toml the [[gesture]] tables, to be copied into a study file

Axes
    fMRI2GES: right-handed, y up, the speaker faces +z, so the speaker's left is +x.
    TED: x to the speaker's right, y down, z to the viewer: turned by 180 degrees about z.
    TED-Expressive: TED turned by 180 degrees about y.

Joints
    TED has the ten canonical joints in the canonical order. TED-Expressive has 43; by default its
    ten canonical joints are written (the top of the head, which it lacks, is put above the ears),
    with --all-joints all 43.
"""

import argparse
import os

import numpy as np

MIN_SECONDS = 3.0
CROWN = 0.6  # the top of the head lies above the ears by this share of the way from neck to ears

TED10 = [
    "spine",
    "neck",
    "nose",
    "head",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
]
TED10_PARENTS = [-1, 0, 1, 2, 1, 4, 5, 1, 7, 8]

# TED-Expressive: 0-7 body, 8-22 left hand, 23-37 right hand, 38-42 face.
_HAND = [
    "index1",
    "index2",
    "index3",
    "middle1",
    "middle2",
    "middle3",
    "pinky1",
    "pinky2",
    "pinky3",
    "ring1",
    "ring2",
    "ring3",
    "thumb1",
    "thumb2",
    "thumb3",
]
EXPRESSIVE = (
    ["spine", "neck", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"]
    + ["left_" + name for name in _HAND]
    + ["right_" + name for name in _HAND]
    + ["nose", "right_eye", "left_eye", "right_ear", "left_ear"]
)
EXPRESSIVE_PARENTS = (
    [-1, 0, 1, 1, 2, 3, 4, 5]
    + [6 if k % 3 == 0 else 7 + k for k in range(15)]
    + [7 if k % 3 == 0 else 22 + k for k in range(15)]
    + [1, 38, 38, 39, 40]
)

# Rows are the canonical axes in terms of the data set's; both are proper rotations.
TO_CANONICAL = {
    "ted": np.diag([-1.0, -1.0, 1.0]),
    "ted-expressive": np.diag([1.0, -1.0, -1.0]),
}


def to_canonical(skeleton, data_set):
    """Turn positions (n_frames, n_joints, 3) of a data set into canonical axes."""
    skeleton = np.asarray(skeleton, dtype=np.float64)
    n_joints = 10 if data_set == "ted" else 43
    if skeleton.ndim == 2:  # flattened joints
        skeleton = skeleton.reshape(len(skeleton), -1, 3)
    if skeleton.ndim != 3 or skeleton.shape[1:] != (n_joints, 3):
        raise ValueError(f"{data_set}: skeletons must be frames x {n_joints} joints x 3; got {skeleton.shape}")
    return skeleton.dot(TO_CANONICAL[data_set].T)


def ten_joints(positions):
    """The ten canonical joints, (n_frames, 10, 3), of the 43 of TED-Expressive in canonical axes."""
    at = {name: positions[:, k] for k, name in enumerate(EXPRESSIVE)}
    ears = 0.5 * (at["left_ear"] + at["right_ear"])
    at["head"] = ears + CROWN * (ears - at["neck"])
    return np.stack([at[name] for name in TED10], axis=1)


def convert(clip, data_set, all_joints=False):
    """The arrays of one clip, ready for numpy.savez; None for a clip that is too short or broken.

    Parameters
    ----------
    clip : dict with `skeletons_3d`, `start_time` and `end_time` (seconds)
    data_set : 'ted' or 'ted-expressive'
    all_joints : keep the 43 joints of TED-Expressive
    """
    seconds = float(clip["end_time"]) - float(clip["start_time"])
    if len(clip["skeletons_3d"]) < 2 or seconds < MIN_SECONDS:
        return None
    positions = to_canonical(clip["skeletons_3d"], data_set)
    if not np.isfinite(positions).all():
        return None
    joints, parents = (EXPRESSIVE, EXPRESSIVE_PARENTS) if data_set == "ted-expressive" else (TED10, TED10_PARENTS)
    if data_set == "ted-expressive" and not all_joints:
        positions, joints, parents = ten_joints(positions), TED10, TED10_PARENTS
    return {
        "positions": positions.astype(np.float32),
        "fps": np.float64(len(positions) / seconds),
        "start": np.float64(0.0),
        "joints": np.array(joints),
        "parents": np.array(parents, dtype=np.int32),
    }


def words_of(clip):
    """(word, start, duration) of a clip, seconds from its start, in order and without overlaps.

    The words are [text, start, end] on the clock of the video, from subtitles aligned by the
    authors. Where one runs into the next it is cut there; several words with one time share it.
    """
    origin = float(clip["start_time"])
    seconds = float(clip["end_time"]) - origin
    rows = sorted((float(w[1]) - origin, float(w[2]) - origin, str(w[0])) for w in clip["words"])
    rows = [(start, stop, text.strip()) for start, stop, text in rows if stop > 0 and start < seconds and text.strip()]
    out = []
    for k, (start, stop, text) in enumerate(rows):
        if k + 1 < len(rows):
            stop = min(stop, rows[k + 1][0])
        start = max(start, 0.0)
        parts = text.split()
        share = max(stop - start, 0.0) / len(parts)
        out += [(word, start + j * share, share) for j, word in enumerate(parts)]
    return out


def words_tsv(rows):
    """Text of a .tsv file."""
    return "word\tstart\tduration\n" + "".join(
        f"{word}\t{start:.6f}\t{duration:.6f}\n" for word, start, duration in rows
    )


def clips_of(lmdb_folder):
    """(name of the video, number of the clip, clip) of an lmdb of the data sets. Needs pyarrow 0.14."""
    import lmdb
    import pyarrow

    environment = lmdb.open(lmdb_folder, readonly=True, lock=False)
    with environment.begin(write=False) as transaction:
        for _, value in transaction.cursor():
            video = pyarrow.deserialize(value)
            for number, clip in enumerate(video["clips"]):
                yield video["vid"], number, clip


def main():
    """Convert one lmdb folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lmdb_folder")
    parser.add_argument("out")
    parser.add_argument("--data-set", choices=sorted(TO_CANONICAL), required=True)
    parser.add_argument("--all-joints", action="store_true", help="keep the 43 joints of TED-Expressive")
    arguments = parser.parse_args()
    if not os.path.isdir(arguments.out):
        os.makedirs(arguments.out)
    tables, skipped = [], 0
    for video, number, clip in clips_of(arguments.lmdb_folder):
        arrays, rows = convert(clip, arguments.data_set, arguments.all_joints), words_of(clip)
        if arrays is None or not rows:
            skipped += 1
            continue
        name = f"{video}-{number:03d}"
        np.savez(os.path.join(arguments.out, name + ".npz"), **arrays)
        with open(os.path.join(arguments.out, name + ".tsv"), "w", encoding="utf-8") as file:
            file.write(words_tsv(rows))
        tables.append(
            f'[[gesture]]\nclip = "{name}"\nmotion = "{name}.npz"\nwords = "{name}.tsv"\nspeaker = "{video}"\n'
        )
    with open(os.path.join(arguments.out, "study.toml"), "w", encoding="utf-8") as file:
        file.write("\n".join(tables))
    print(f"{len(tables)} clips written to {arguments.out}, {skipped} skipped (too short, broken or without words)")


if __name__ == "__main__":
    main()
