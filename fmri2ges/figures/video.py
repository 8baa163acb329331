"""Films of decoded motion: skeletons side by side, with their names and the words."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..data.atomic import replacing
from ..errors import UserError, check_option, check_positive
from ..types import Motion, Skeleton, Words
from .skeleton import ARMS, centred, limits
from .style import COLOURS, GREY, INK, NAMES

PANEL = 320  # pixels, width of one skeleton
TOP = 32  # pixels above the skeletons, for the names
LINE = 56  # pixels under the skeletons, for the words
WINDOW = 2.0  # seconds of words on screen, up to now
MARK = "#8a4b00"  # of the word SIMULATED
STEPS = 12  # shades from a colour to white in a GIF


def write_video(motions: dict[str, Motion], words: Words | None, out, fps: float = 15, simulated: bool = False) -> Path:
    """Write a .gif or .mp4.

    Parameters
    ----------
    motions : name -> motion, drawn from left to right; 'text', 'direct' and 'reference' have their colours
    words : shown below as they are said, on the clock of the motions; None leaves them out
    out : file to write
    fps : frames per second of the film; time runs as in the motions
    simulated : burn the mark 'SIMULATED' in

    Returns
    -------
    out : Path
    """
    out = Path(out)
    check_option("film: ending of the file", out.suffix.lower(), (".gif", ".mp4"))
    check_positive("fps", fps, "frames per second")
    if not motions:
        raise UserError("film: no motion to show; give at least one branch")
    start = max(m.start for m in motions.values())
    stop = min(m.start + m.duration for m in motions.values())
    if stop <= start:
        raise UserError("film: the motions have no moment in common; decode them over the same stretch")
    times = start + np.arange(max(1, int((stop - start) * fps + 1e-6))) / fps
    frames = _frames({name: centred(m) for name, m in motions.items()}, words, times, simulated)
    with replacing(out) as temp:
        if out.suffix.lower() == ".gif":
            colours = [GREY, INK, MARK, *(COLOURS.get(name, INK) for name in motions)]
            _write_gif(frames, temp, fps, _palette(colours))
        else:
            _write_mp4(frames, temp, fps)
    return out


def _palette(colours) -> np.ndarray:
    """White and the ways from each colour to white, array (n, 3), uint8: all that smoothed lines need."""
    from PIL import ImageColor

    pure = np.array([ImageColor.getrgb(c) for c in dict.fromkeys(colours)], float)
    share = np.linspace(1, 0, STEPS, endpoint=False)[:, None, None]
    ramps = (share * pure + (1 - share) * 255).reshape(-1, 3)
    return np.concatenate([np.full((1, 3), 255.0), ramps]).round().astype(np.uint8)[:256]


def _write_gif(frames, path: Path, fps: float, palette: np.ndarray) -> None:
    """Write picture after picture, each time only the part that has changed.

    One palette serves the whole film: choosing one for every picture took three quarters of the
    time. Pillow's own `save_all` keeps every picture of a film in memory.
    """
    from PIL import GifImagePlugin, Image

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
            # A GIF counts in 1/100 s: alternating steps keep the clock right on average.
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


def _write_mp4(frames, path: Path, fps: float) -> None:
    import imageio_ffmpeg

    first = next(frames)
    size = first.shape[1], first.shape[0]
    writer = imageio_ffmpeg.write_frames(
        str(path), size, fps=fps, codec="libx264", quality=7, macro_block_size=2, ffmpeg_log_level="error"
    )
    writer.send(None)
    try:
        writer.send(np.ascontiguousarray(first))
        for frame in frames:
            writer.send(np.ascontiguousarray(frame))
    finally:
        writer.close()


def _frames(motions: dict[str, Motion], words: Words | None, times: np.ndarray, simulated: bool):
    """Pictures of the film, arrays (height, width, 3), uint8.

    Drawn with Pillow at twice the size and shrunk: a picture takes milliseconds.
    """
    from PIL import Image, ImageDraw

    box = limits(list(motions.values()))
    scale = PANEL / (box[1] - box[0])  # pixels per metre
    tall = int((box[3] - box[2]) * scale)
    width, height = PANEL * len(motions), TOP + tall + (LINE if words is not None else 8)
    width, height = width + width % 2, height + height % 2  # the video codec wants even sizes
    title, small, speech = _font(15, bold=True), _font(11), _font(16)
    blank = Image.new("RGB", (2 * width, 2 * height), "white")
    draw = ImageDraw.Draw(blank)
    for k, name in enumerate(motions):
        draw.text((PANEL * (2 * k + 1), TOP), NAMES.get(name, name), COLOURS.get(name, INK), title, anchor="mm")
    if simulated:
        draw.text((2 * width - 16, TOP), "SIMULATED", MARK, _font(10, bold=True), anchor="rm")
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
            draw.text((width, 2 * height - LINE), _last_words(words, time, width), INK, speech, anchor="mm")
        yield np.asarray(picture.reduce(2))


def _font(size: int, bold: bool = False):
    """DejaVu Sans of matplotlib's package, at twice the size."""
    import matplotlib
    from PIL import ImageFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(folder / f"DejaVuSans{'-Bold' if bold else ''}.ttf", 2 * size)


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
    for point, name in zip(pixels, skeleton.joints):
        # Round joints close the gaps between the bones; the hands are larger.
        if name not in ("nose", "head"):
            disc(point, 12 if name.endswith("wrist") else 4, fill=colour)


def _last_words(words: Words, time: float, width: int) -> str:
    """The words of the last seconds, as many as fit into the picture."""
    text = " ".join(words.slice(time - WINDOW, time + 1e-6).text)
    room = int(width / 10)
    return text if len(text) <= room else "\u2026" + text[-room + 1 :]
