"""Films of decoded motion: bodies side by side, their names, the words and, if wanted, the sound of the stimulus."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..data.atomic import replacing
from ..errors import UserError, check_option, one_line
from ..types import Motion, Words
from ..work import QUIET, Work
from .bodies import Body, Panel
from .canvas import Canvas
from .cast import Shown, cast
from .gif import MARK, font, frames_of, last_words, write_gif
from .style import COLOURS, GREY, INK, OTHER_COLOURS

FPS = {".gif": 15.0, ".mp4": 30.0}
MAX_FPS = 120.0
WIDTH, HEIGHT = 1920, 1080  # pixels of an MP4
TOP, LINE = 108, 74  # pixels above the bodies, for their names, and for each line of words below
SOUND_FORMATS = "wav,w64,aiff,mp3,flac,ogg,aac,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,caf,au,avi,mpeg,mpegts,asf,amr"
CAPTION = 3.0  # seconds; the words of so much time stay on screen


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
    mark : what stands in the corner of every picture, such as SIMULATED; see `style.mark_of`
    about : one line below the bodies, such as whose gestures T2G learnt from
    sound : the stimulus (MP4 only); None is silence
    other : name -> motion of a second result, shown as B beside the first, which is A
    other_decoded : words of the second result
    """

    motions: dict[str, Motion]
    decoded: Words | None = None
    heard: Words | None = None
    mark: str = ""
    about: str = ""
    sound: Sound | None = None
    other: dict[str, Motion] = field(default_factory=dict)
    other_decoded: Words | None = None

    @property
    def shown(self) -> tuple[Shown, ...]:
        """Everybody in the order of the screen."""
        return cast(self.motions, self.other)

    @property
    def lines(self) -> list[tuple[str, str, Words]]:
        """(label, colour, words) of each line below the bodies of an MP4."""
        letters = ("A", "B") if self.other else ("", "")
        rows = (
            ("heard", INK, self.heard),
            (f"decoded {letters[0]}".strip(), COLOURS["text"], self.decoded),
            (f"decoded {letters[1]}".strip(), OTHER_COLOURS["text"], self.other_decoded),
        )
        return [(label, colour, words) for label, colour, words in rows if words is not None]

    @property
    def span(self) -> tuple[float, float]:
        """Start and stop of what all motions have in common, seconds; a `UserError` where that is nothing."""
        if not self.motions:
            raise UserError("film: no motion to show; give at least one branch")
        everybody = [*self.motions.values(), *self.other.values()]
        start = max(m.start for m in everybody)
        stop = min(m.start + m.duration for m in everybody)
        if stop <= start:
            raise UserError("film: the motions have no moment in common; decode them over the same stretch")
        return start, stop


def write_video(film: Film, out, fps: float | None = None, work: Work = QUIET) -> Path:
    """Write a .gif (small) or a .mp4 (1920 x 1080), both with the bodies of the screen.

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
            shades = [colour for who in film.shown for colour in (who.colour, who.rgb)]
            pictures = frames_of(film.shown, film.decoded, times, film.mark, film.about)
            write_gif(_told(pictures, len(times), work), temp, fps, [GREY, INK, MARK, *shades])
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
    lines, shown = film.lines, film.shown
    tall = HEIGHT - TOP - LINE * len(lines)
    wide = WIDTH / len(shown)
    scale = min(tall / 1.22, wide / 1.12)
    bodies = [Body(who.motion, who.rgb, Panel(wide * (k + 0.5), tall / 2, scale)) for k, who in enumerate(shown)]
    page, canvas = _blank(film), Canvas(WIDTH, tall)
    clock, bold, plain = font(26), font(30, bold=True), font(34)
    for time in times:
        picture = page.copy()
        canvas.clear()
        for body in bodies:
            canvas.paint(body.shapes(time))
        picture[TOP : TOP + tall] = canvas.pixels()
        _write_in(picture[:TOP], [(40, 20, f"{time:.1f} s", GREY, clock)])
        for k, (label, colour, words) in enumerate(lines):
            strip = picture[TOP + tall + k * LINE :][:LINE]
            said = last_words(words, time, 80, CAPTION)
            _write_in(strip, [(40, LINE / 2, f"{label}:", colour, bold), (260, LINE / 2, said, INK, plain)])
        yield picture


def _blank(film: Film) -> np.ndarray:
    """What stands in every picture: names, and the mark of simulated data."""
    page = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    shown = film.shown
    wide, title = WIDTH / len(shown), font(34 if len(shown) < 4 else 28, bold=True)
    names = [(wide * (k + 0.5), 56, who.label, who.colour, title) for k, who in enumerate(shown)]
    _write_in(page[:TOP], names, anchor="mm")
    _write_in(page[:TOP], [(WIDTH - 40, 20, film.mark, MARK, font(22, bold=True))], anchor="rm")
    _write_in(page[:TOP], [(40, 88, film.about, GREY, font(18))])
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
        command += ["-protocol_whitelist", "file", "-format_whitelist", SOUND_FORMATS]
        command += [*cut, "-i", str(sound.file), "-map", "0:v:0", "-map", "1:a:0"]
        command += [*later, "-c:v", "copy", "-c:a", "aac", "-t", f"{seconds:.6f}", "-f", "mp4", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    finally:
        silent.unlink(missing_ok=True)
    if done.returncode:
        cause = one_line((done.stderr.strip().splitlines() or ["no sound in it"])[-1], 160)
        raise UserError(f"audio: {sound.file} cannot be used as sound ({cause}); give a .wav, .mp3, .flac or the like")
