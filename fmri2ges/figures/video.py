"""Films of decoded motion: bodies side by side, their names, the words and, if wanted, the sound of the stimulus."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..data.atomic import replacing
from ..errors import UserError, check_option, one_line
from ..results import BRANCHES
from ..types import Motion, Words
from ..work import QUIET, Work
from .bodies import WHITE, Body, Panel, mix
from .canvas import Canvas
from .gif import MARK, font, frames_of, last_words, write_gif
from .skeleton import centred
from .style import COLOURS, GREY, INK, NAMES

ORDER = (*BRANCHES, "reference")  # from left to right, as on screen; other names come last
FPS = {".gif": 15.0, ".mp4": 30.0}
MAX_FPS = 120.0
WIDTH, HEIGHT = 1920, 1080  # pixels of an MP4
TOP, LINE = 100, 74  # pixels above the bodies, for their names, and for each line of words below
CAPTION = 3.0  # seconds; the words of so much time stay on screen
TEXT = np.array([29.0, 36.0, 35.0])  # the text colour of the app


@dataclass(frozen=True)
class Sound:
    """Sound of the stimulus: a file that ffmpeg reads, and the second of the story at which it begins."""

    file: Path
    at: float = 0.0


@dataclass(frozen=True)
class Film:
    """What a film shows.

    Parameters
    ----------
    motions : name -> motion; 'text', 'direct' and 'reference' have their colours and their order
    decoded : words below the bodies as they are said, on the clock of the motions; None leaves them out
    heard : words of the stimulus, on a line of their own above the decoded ones (MP4 only); None leaves them out
    simulated : whether it bears the mark SIMULATED
    sound : the stimulus (MP4 only); None is silence
    """

    motions: dict[str, Motion]
    decoded: Words | None = None
    heard: Words | None = None
    simulated: bool = False
    sound: Sound | None = None

    @property
    def ordered(self) -> dict[str, Motion]:
        """The motions in the order of the screen, the spine of each at the origin."""
        names = sorted(self.motions, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
        return {name: centred(self.motions[name]) for name in names}

    @property
    def span(self) -> tuple[float, float]:
        """Start and stop of what all motions have in common, seconds; a `UserError` where that is nothing."""
        if not self.motions:
            raise UserError("film: no motion to show; give at least one branch")
        start = max(m.start for m in self.motions.values())
        stop = min(m.start + m.duration for m in self.motions.values())
        if stop <= start:
            raise UserError("film: the motions have no moment in common; decode them over the same stretch")
        return start, stop


def write_video(film: Film, out, fps: float | None = None, work: Work = QUIET) -> Path:
    """Write a .gif (stick figures, small) or a .mp4 (the bodies of the screen, 1920 x 1080).

    Parameters
    ----------
    film : what it shows
    out : file to write
    fps : frames per second, up to 120; None is 30 for MP4 and 15 for GIF. It does not change the speed of the motion
    work : progress and cancel

    Returns
    -------
    out : Path

    Raises
    ------
    UserError
        For another ending, nothing to show, and sound that cannot be read or is asked of a GIF.
    """
    out = Path(out)
    suffix = check_option("film: ending of the file", out.suffix.lower(), FPS)
    fps = FPS[suffix] if fps is None else float(fps)
    if not 0 < fps <= MAX_FPS:
        raise UserError(f"fps: must be above 0 and at most {MAX_FPS:g} frames per second; got {fps:g}")
    start, stop = film.span
    times = start + np.arange(max(1, int((stop - start) * fps + 1e-6))) / fps
    if film.sound is not None and suffix == ".gif":
        raise UserError("audio: a GIF has no sound; write an .mp4")
    if film.sound is not None and not Path(film.sound.file).is_file():
        raise UserError(f"audio: no such file: {film.sound.file}")
    with replacing(out) as temp:
        if suffix == ".gif":
            colours = [GREY, INK, MARK, *(COLOURS.get(name, INK) for name in film.ordered)]
            pictures = frames_of(film.ordered, film.decoded, times, film.simulated)
            write_gif(_told(pictures, len(times), work), temp, fps, colours)
        else:
            _write_mp4(_told(_frames(film, times), len(times), work), temp, fps)
            if film.sound is not None:
                _add_sound(film.sound, temp, start, len(times) / fps)
    return out


def _told(pictures, n: int, work: Work) -> Iterator[np.ndarray]:
    for k, picture in enumerate(pictures):
        if k % 10 == 0:
            work.report(k / n, "film")
        yield picture


def _frames(film: Film, times: np.ndarray) -> Iterator[np.ndarray]:
    """Pictures of an MP4, arrays (1080, 1920, 3), uint8."""
    lines = [(label, words) for label, words in (("heard", film.heard), ("decoded", film.decoded)) if words is not None]
    tall = HEIGHT - TOP - LINE * len(lines)
    motions = film.ordered
    wide = WIDTH / len(motions)
    scale = min(tall / 1.22, wide / 1.12)
    bodies = [
        Body(motion, body_colour(name), Panel(wide * (k + 0.5), tall / 2, scale))
        for k, (name, motion) in enumerate(motions.items())
    ]
    page, canvas = _blank(film), Canvas(WIDTH, tall)
    clock, bold, plain = font(26, scale=1), font(30, bold=True, scale=1), font(34, scale=1)
    for time in times:
        picture = page.copy()
        canvas.clear()
        for body in bodies:
            canvas.paint(body.shapes(time))
        picture[TOP : TOP + tall] = canvas.pixels()
        _write_in(picture[:TOP], [(40, TOP / 2, f"{time:.1f} s", GREY, clock)])
        for k, (label, words) in enumerate(lines):
            strip = picture[TOP + tall + k * LINE :][:LINE]
            colour = COLOURS["text"] if label == "decoded" else INK
            said = last_words(words, time, 80, CAPTION)
            _write_in(strip, [(40, LINE / 2, f"{label}:", colour, bold), (230, LINE / 2, said, INK, plain)])
        yield picture


def body_colour(name: str) -> np.ndarray:
    """The colour of a body as on screen, array (3,), 0 to 255; that of the reference is a paler text colour."""
    from PIL import ImageColor

    return np.array(ImageColor.getrgb(COLOURS[name]), float) if name in BRANCHES else mix(TEXT, WHITE, 0.25)


def _blank(film: Film) -> np.ndarray:
    """What stands in every picture: names, and the mark of simulated data."""
    page = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    wide, title = WIDTH / len(film.motions), font(34, bold=True, scale=1)
    names = [
        (wide * (k + 0.5), TOP / 2, NAMES.get(name, name), COLOURS.get(name, INK), title)
        for k, name in enumerate(film.ordered)
    ]
    _write_in(page[:TOP], names, anchor="mm")
    if film.simulated:
        _write_in(page[:TOP], [(WIDTH - 40, TOP / 2, "SIMULATED", MARK, font(22, bold=True, scale=1))], anchor="rm")
    return page


def _write_in(strip: np.ndarray, texts, anchor: str = "lm") -> None:
    """Write (x, y, text, colour, font) into rows of a picture."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(strip)
    draw = ImageDraw.Draw(image)
    for x, y, text, colour, face in texts:
        draw.text((x, y), text, colour, face, anchor=anchor)
    strip[:] = np.asarray(image)


def _write_mp4(frames: Iterator[np.ndarray], path: Path, fps: float) -> None:
    import imageio_ffmpeg

    writer = imageio_ffmpeg.write_frames(
        str(path), (WIDTH, HEIGHT), fps=fps, codec="libx264", quality=7, macro_block_size=2, ffmpeg_log_level="error"
    )
    writer.send(None)
    try:
        for frame in frames:
            writer.send(np.ascontiguousarray(frame))
    finally:
        writer.close()


def _add_sound(sound: Sound, path: Path, start: float, seconds: float) -> None:
    """Put the stretch of the sound that belongs to the film beside its pictures, which are not encoded again."""
    import imageio_ffmpeg

    skipped = start - sound.at  # seconds of the sound before the film begins; silence where the sound comes later
    cut = ["-ss", f"{skipped:.6f}"] if skipped > 0 else []
    later = [] if skipped >= 0 else ["-af", f"adelay=delays={-1000 * skipped:.3f}:all=1"]
    silent = path.with_name(f"{path.stem}.silent{path.suffix}")
    path.replace(silent)
    try:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-nostdin", "-i", str(silent)]
        # A playlist that calls itself a sound file must not open anything else.
        command += ["-protocol_whitelist", "file", *cut, "-i", str(sound.file), "-map", "0:v:0", "-map", "1:a:0"]
        command += [*later, "-c:v", "copy", "-c:a", "aac", "-t", f"{seconds:.6f}", "-f", "mp4", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    finally:
        silent.unlink(missing_ok=True)
    if done.returncode:
        cause = one_line((done.stderr.strip().splitlines() or ["no sound in it"])[-1], 160)
        raise UserError(f"audio: {sound.file} cannot be used as sound ({cause}); give a .wav, .mp3, .flac or the like")
