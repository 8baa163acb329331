"""A picture into which flat shapes are painted, with smooth edges, by the Agg renderer of matplotlib."""

from __future__ import annotations

import numpy as np

from .bodies import WHITE, Shape


class Canvas:
    """A white picture into which shapes are painted.

    Parameters
    ----------
    width, height : pixels
    """

    def __init__(self, width: int, height: int):
        from matplotlib.backends.backend_agg import RendererAgg
        from matplotlib.transforms import Affine2D

        self._agg = RendererAgg(width, height, 72)  # at 72 dots per inch a point is a pixel
        self._down = Affine2D().scale(1, -1).translate(0, height)
        self._page = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)

    def clear(self) -> None:
        """Make the picture white again."""
        self._agg.clear()
        self.paint([Shape(self._page, fill=WHITE)])

    def paint(self, shapes: list[Shape]) -> None:
        """Paint shapes over what is there, the first one first."""
        from matplotlib.path import Path as Outline

        for shape in shapes:
            gc = self._agg.new_gc()
            gc.set_alpha(shape.alpha)
            gc.set_antialiased(True)
            gc.set_joinstyle("round")
            gc.set_capstyle("butt" if shape.flat else "round")
            line = next(colour for colour in (shape.stroke, shape.fill, WHITE) if colour is not None)
            gc.set_foreground((*(line / 255), shape.alpha), isRGBA=True)
            gc.set_linewidth(shape.width)
            face = None if shape.fill is None else (*(shape.fill / 255), shape.alpha)
            closed = shape.fill is not None
            points = np.concatenate([shape.points, shape.points[:1]]) if closed else shape.points
            self._agg.draw_path(gc, Outline(points, closed=closed), self._down, face)
            gc.restore()

    def pixels(self) -> np.ndarray:
        """The picture, array (height, width, 3), uint8."""
        return np.asarray(self._agg.buffer_rgba())[..., :3]
