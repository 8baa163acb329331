"""A film as GIF: stick figures in a palette of few colours, so that the file stays small."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..types import Motion, Skeleton, Words
from .skeleton import ARMS, limits
from .style import COLOURS, GREY, INK, NAMES

PANEL = 320  # pixels, width of one skeleton
TOP = 32  # pixels above the skeletons, for the names
LINE = 56  # pixels under the skeletons, for the words
WINDOW = 2.0  # seconds; the words of so much time stay on screen
MARK = "#8a4b00"  # colour of the word SIMULATED
STEPS = 12  # shades from a colour to white


def write_gif(frames, path: Path, fps: float, colours) -> None:
    """Write picture after picture, of each only the part that has changed.

    The whole film has one palette, because choosing one for every picture took three quarters of the time. Pillow's
    own `save_all` is not used, because it keeps every picture in memory.

    Parameters
    ----------
    frames : pictures that `frames_of` yields
    path : file to write
    fps : frames per second
    colours : the colours of the pictures; white and shades between it and them are added
    """
    from PIL import GifImagePlugin, Image

    palette = _palette(colours)

    # The nearest colour of the palette for each of the 32,768 colours of 15 bits.
    grid = (np.stack(np.meshgrid(*[np.arange(32)] * 3, indexing="ij"), -1).reshape(-1, 3) * 255 / 31).astype(np.float32)
    nearest = ((grid[:, None] - palette.astype(np.float32)) ** 2).sum(-1).argmin(1).astype(np.uint8)

    def picture(index: np.ndarray) -> Image.Image:
        image = Image.fromarray(index)
        image.putpalette(palette.tobytes())
        return image

    before = None
    with open(path, "wb") as file:
        for k, frame in enumerate(frames):
            r, g, b = (frame >> 3).astype(np.uint16).transpose(2, 0, 1)
            index = nearest[(r << 10) | (g << 5) | b]
            if before is None:
                file.writelines(GifImagePlugin.getheader(picture(index), info={"loop": 0, "optimize": False})[0])
                x0, y0, x1, y1 = 0, 0, index.shape[1], index.shape[0]
            else:
                x0, y0, x1, y1 = _changed(before, index)
            # A GIF counts in hundredths of a second; steps of different length keep its clock right on average.
            ms = 10 * (round((k + 1) * 100 / fps) - round(k * 100 / fps))
            part = np.ascontiguousarray(index[y0:y1, x0:x1])
            file.writelines(GifImagePlugin.getdata(picture(part), (x0, y0), duration=ms, disposal=1))
            before = index
        file.write(b";")


def _changed(before: np.ndarray, now: np.ndarray) -> tuple[int, int, int, int]:
    """The smallest box (x0, y0, x1, y1) that holds every difference; one pixel when there is none."""
    different = before != now
    rows, columns = np.flatnonzero(different.any(1)), np.flatnonzero(different.any(0))
    if not len(rows):
        return 0, 0, 1, 1
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _palette(colours) -> np.ndarray:
    """White, and shades from each colour to white, array (n, 3), uint8: what lines with smooth edges consist of."""
    from PIL import ImageColor

    pure = np.array([ImageColor.getrgb(c) for c in dict.fromkeys(colours)], float)
    share = np.linspace(1, 0, STEPS, endpoint=False)[:, None, None]
    ramps = (share * pure + (1 - share) * 255).reshape(-1, 3)
    return np.concatenate([np.full((1, 3), 255.0), ramps]).round().astype(np.uint8)[:256]


def frames_of(motions: dict[str, Motion], words: Words | None, times: np.ndarray, simulated: bool):
    """Pictures of the film, arrays (height, width, 3), uint8.

    They are drawn with Pillow at twice the size and then shrunk, which takes milliseconds and gives smooth lines.

    Parameters
    ----------
    motions : name -> motion with its spine at the origin
    words : shown as they are said, or None
    times : array (n_frames,), seconds, of the pictures
    simulated : whether the mark is drawn
    """
    from PIL import Image, ImageDraw

    box = limits(list(motions.values()))
    scale = PANEL / (box[1] - box[0])  # pixels per metre
    tall = int((box[3] - box[2]) * scale)
    width, height = PANEL * len(motions), TOP + tall + (LINE if words is not None else 8)
    width, height = width + width % 2, height + height % 2  # the video codec wants even sizes
    title, small, speech = font(15, bold=True), font(11), font(16)
    blank = Image.new("RGB", (2 * width, 2 * height), "white")
    draw = ImageDraw.Draw(blank)
    for k, name in enumerate(motions):
        draw.text((PANEL * (2 * k + 1), TOP), NAMES.get(name, name), COLOURS.get(name, INK), title, anchor="mm")
    if simulated:
        draw.text((2 * width - 16, TOP), "SIMULATED", MARK, font(10, bold=True), anchor="rm")
    for time in times:
        picture = blank.copy()
        draw = ImageDraw.Draw(picture)
        draw.text((16, TOP), f"{time:.1f} s", GREY, small, anchor="lm")
        for k, (name, motion) in enumerate(motions.items()):
            frame = int(np.clip(round((time - motion.start) * motion.fps), 0, motion.n_frames - 1))
            x, y = motion.positions[frame, :, 0], motion.positions[frame, :, 1]
            pixels = 2 * np.stack([PANEL * k + (x - box[0]) * scale, TOP + (box[3] - y) * scale], 1)
            _skeleton(draw, pixels, motion.skeleton, COLOURS.get(name, INK), 2 * scale)
        if words is not None:
            draw.text((width, 2 * height - LINE), last_words(words, time, int(width / 10)), INK, speech, anchor="mm")
        yield np.asarray(picture.reduce(2))


def font(size: int, bold: bool = False, scale: int = 2):
    """DejaVu Sans, which matplotlib ships, in `size` points times `scale` (a GIF is drawn at twice its size)."""
    import matplotlib
    from PIL import ImageFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(folder / f"DejaVuSans{'-Bold' if bold else ''}.ttf", scale * size)


def _skeleton(draw, pixels: np.ndarray, skeleton: Skeleton, colour: str, scale: float) -> None:
    """Bones of one frame at `pixels` (n_joints, 2); `scale` is pixels per metre."""

    def disc(centre, radius, **style):
        draw.ellipse([*(centre - radius), *(centre + radius)], **style)

    for parent, child in skeleton.bones:
        if skeleton.joints[child] != "head":  # drawn as a circle
            draw.line([*pixels[parent], *pixels[child]], colour, 9 if skeleton.joints[child].endswith(ARMS) else 7)
    if {"nose", "head"} <= set(skeleton.joints):
        nose, head = (pixels[skeleton.joints.index(name)] for name in ("nose", "head"))
        disc((nose + head) / 2, 0.085 * scale, fill="white", outline=colour, width=7)
        disc(nose, 6, fill=colour)
    for point, name in zip(pixels, skeleton.joints, strict=True):
        # Round joints close the gaps between the bones; the hands are larger.
        if name not in ("nose", "head"):
            disc(point, 12 if name.endswith("wrist") else 4, fill=colour)


def last_words(words: Words, time: float, room: int, window: float = WINDOW) -> str:
    """The words of the last `window` seconds, of which the latest `room` letters are shown."""
    text = " ".join(words.slice(time - window, time + 1e-6).text)
    return text if len(text) <= room else "\u2026" + text[-room + 1 :]
