// The polygon around areas: corners are set by clicks, or by keyboard with a cross that the arrow keys move.

const NEAR = 8; // pixels from the first corner within which a click closes the polygon
const HOW = "Enter or a double click closes it, Backspace takes a corner back, Escape drops it.";

class PolygonTool {
  // `tell(text)` puts a line below the cortex; `taken(corners, panel, remove)` is called when the polygon is closed;
  // `panelAt([x, y])` is the panel of a point on the canvas.
  constructor(line, { tell, taken, panelAt }) {
    Object.assign(this, { line, tell, taken, panelAt, corners: [], panel: null, cross: null, camera: "" });
  }

  get isBegun() {
    return this.corners.length > 0;
  }

  add(point) {
    const panel = this.panelAt(point), [first] = this.corners;
    if (!panel) return;
    if (this.corners.length > 2 && Math.hypot(first[0] - point[0], first[1] - point[1]) < NEAR) return this.close(false);
    this.panel ??= panel; // a line that leaves its hemisphere belongs to that in which it began
    this.corners.push(point);
    this.say();
    this.draw();
  }

  takeBack() {
    this.corners.pop();
    if (!this.isBegun) return this.drop();
    this.say();
    this.draw();
  }

  close(remove) {
    if (!this.isBegun) return;
    if (this.corners.length < 3) return this.tell(`Polygon: three corners are the fewest. ${HOW}`);
    const { corners, panel } = this;
    this.drop();
    this.taken(corners, panel, remove);
  }

  drop() {
    if (this.isBegun) this.tell("");
    Object.assign(this, { corners: [], panel: null, cross: null });
    this.draw();
  }

  // Move the cross by pixels, a fifth of them with `fine`; the first time it comes into the middle of a panel.
  move(x, y, fine) {
    const { clientWidth: width, clientHeight: height } = this.line.svg.parentElement, by = fine ? 0.2 : 1;
    const within = (v, most) => Math.max(0, Math.min(most - 1, v));
    this.cross = this.cross
      ? [within(this.cross[0] + by * x, width), within(this.cross[1] + by * y, height)]
      : [0.25 * width, 0.5 * height];
    this.draw(this.cross);
  }

  say() {
    const n = this.corners.length;
    this.tell(`Polygon: ${n} ${n === 1 ? "corner" : "corners"}. ${HOW}`);
  }

  // `at`: where the pointer or the cross is.
  draw(at) {
    this.line.draw(this.isBegun && at ? [...this.corners, at] : this.corners, this.cross);
  }

  // Corners are places on the screen: when another view comes, they mean nothing any more.
  see(camera) {
    if (camera !== this.camera && this.isBegun) this.drop();
    this.camera = camera;
  }
}
