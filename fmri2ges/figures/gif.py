"""A film as GIF: the bodies of the screen in a palette of few colours, so that the file stays small."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..types import Words
from .bodies import Body, Panel
from .canvas import Canvas
from .cast import Shown
from .style import GREY, INK

PANEL, TALL = 320, 330  # pixels, width and height of one body
SCALE = 276  # pixels per metre
TOP = 32  # pixels above the bodies, for the names
LINE = 56  # pixels under the bodies, for the words
WINDOW = 2.0  # seconds; the words of so much time stay on screen
MARK = "#8a4b00"  # colour of the word SIMULATED
STEPS = 16  # shades from a colour to white
DARKER = 0.75  # of a body's colour: its shaded sides


def write_gif(frames, path: Path, fps: float, colours) -> None:
    """Write picture after picture, of each only the part that has changed.

    The whole film has one palette, because choosing one for every picture took three quarters of the time. Pillow's
    own `save_all` is not used, because it keeps every picture in memory.

    Parameters
    ----------
    frames : pictures that `frames_of` yields
    path : file to write
    fps : frames per second
    colours : the colours of the pictures, names or rgb (0 to 255); darker ones, white and shades between are added
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
    """White, and shades from each colour to white, array (n, 3), uint8: what edges and paler parts have."""
    from PIL import ImageColor

    named = [np.array(ImageColor.getrgb(c) if isinstance(c, str) else c, float) for c in colours]
    pure = np.unique(np.array([*named, *(DARKER * c for c in named)]), axis=0)
    share = np.linspace(1, 0, STEPS, endpoint=False)[:, None, None]
    ramps = (share * pure + (1 - share) * 255).reshape(-1, 3)
    return np.concatenate([np.full((1, 3), 255.0), ramps]).round().astype(np.uint8)[:256]


def frames_of(shown: Sequence[Shown], words: Words | None, times: np.ndarray, mark: str = "", about: str = ""):
    """Pictures of the film, arrays (height, width, 3), uint8.

    Parameters
    ----------
    shown : the bodies from left to right
    words : shown as they are said, or None
    times : array (n_frames,), seconds, of the pictures
    mark : what stands in the corner, such as SIMULATED
    about : one line below the bodies; empty leaves it out
    """
    from PIL import Image, ImageDraw

    width, below = PANEL * len(shown), (LINE if words is not None else 8) + (18 if about else 0)
    height = TOP + TALL + below
    height += height % 2
    canvas = Canvas(width, TALL)
    bodies = [Body(who.motion, who.rgb, Panel(PANEL * (k + 0.5), TALL / 2, SCALE)) for k, who in enumerate(shown)]
    page = _lettered(shown, width, height, mark, about)
    for time in times:
        canvas.clear()
        for body in bodies:
            canvas.paint(body.shapes(time))
        picture = page.copy()
        picture.paste(Image.fromarray(np.ascontiguousarray(canvas.pixels())), (0, TOP))
        draw = ImageDraw.Draw(picture)
        draw.text((8, TOP / 2), f"{time:.1f} s", GREY, font(11), anchor="lm")
        if words is not None:
            said = last_words(words, time, int(width / 10))
            draw.text((width / 2, TOP + TALL + LINE / 2), said, INK, font(16), anchor="mm")
        yield np.asarray(picture)


def _lettered(shown: Sequence[Shown], width: int, height: int, mark: str, about: str):
    """A white page with what stands in every picture."""
    from PIL import Image, ImageDraw

    page = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(page)
    for k, who in enumerate(shown):
        draw.text((PANEL * (k + 0.5), TOP / 2), who.label, who.colour, font(15, True), anchor="mm")
    draw.text((width - 8, 8), mark, MARK, font(10, True), anchor="rm")
    size = 11
    while size > 6 and font(size).getlength(about) > width - 16:
        size -= 1
    draw.text((8, height - 11), about, GREY, font(size), anchor="lm")
    return page


@lru_cache(maxsize=32)
def font(size: int, bold: bool = False):
    """DejaVu Sans, which matplotlib ships, in `size` pixels."""
    import matplotlib
    from PIL import ImageFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(folder / f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)


def last_words(words: Words, time: float, room: int, window: float = WINDOW) -> str:
    """The words of the last `window` seconds, of which the latest `room` letters are shown."""
    text = " ".join(words.slice(time - window, time + 1e-6).text)
    return text if len(text) <= room else "\u2026" + text[-room + 1 :]
