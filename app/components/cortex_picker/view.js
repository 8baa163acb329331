// The cortex view: camera, hover, click, lasso and polygon. One instance per mounted picker.

class CortexView {
  // `settings` outlive this view and stay in the browser: camera, zoom, tool. What a link holds (side, surface, point of
  // view, chosen areas) comes from Python with `update`. `send(name, value)` tells Python: picked, looked, stepped.
  constructor(root, mesh, settings, send) {
    Object.assign(this, { root, mesh, send, selected: new Set(), seq: 0, hovered: -1, drag: null, steps: [0, 0] });
    this.look = { side: "both", surface: "inflated", point: "overview" };
    this.settings = Object.assign(settings, { pick: "area", point: "", zoom: 1, pan: [0, 0], ...PRESETS.overview, ...settings });
    this.canvas = element("canvas", { tabIndex: 0 });
    this.canvas.setAttribute("role", "img");
    this.tip = element("div", { className: "tip", hidden: true });
    this.captions = element("div", { className: "captions" });
    this.status = element("div", { className: "status" });
    this.status.setAttribute("role", "status");
    this.lasso = new LassoLine();
    this.polygon = new PolygonTool(this.lasso, {
      tell: (text) => { this.told = text; this.refresh(); },
      taken: (corners, panel, remove) => this.catchAreas(corners, panel, remove, "Polygon"),
      panelAt: (point) => this.panelOf(...point),
    });
    const zooms = element("div", { className: "choice zoom" },
      iconButton("\u2212", "Zoom out", () => this.zoomBy(1 / 1.2)), iconButton("+", "Zoom in", () => this.zoomBy(1.2)));
    this.stage = element("div", { className: "stage" }, this.canvas, this.captions, this.lasso.svg, this.tip, zooms);
    this.undo = [iconButton("\u21b6", "Undo the last change of ROIs (Ctrl Z)", () => this.step(-1)),
      iconButton("\u21b7", "Redo it (Ctrl Y)", () => this.step(1))];
    const foot = element("div", { className: "bar foot" }, this.status, element("div", { className: "choice" }, ...this.undo));
    root.cortexView = this;
    root.replaceChildren(element("style", { textContent: STYLE }), this.toolbar(), this.stage, foot);
    this.makePainter();
    this.listen();
    this.refresh();
  }

  makePainter() {
    try {
      this.painter = new GLPainter(this.canvas, this.mesh, () => this.closed || this.fallBack());
      this.root.dataset.renderer = "webgl";
    } catch {
      this.fallBack();
    }
  }

  // No WebGL, or the graphics card took it away.
  fallBack() {
    this.painter = new CanvasPainter(this.canvas, this.mesh);
    this.root.dataset.renderer = "canvas";
    this.redraw();
  }

  toolbar() {
    const { bar, buttons } = choiceRows((name, value) => this.set({ [name]: value }));
    this.buttons = buttons;
    this.point = pointSelect((point) => this.goTo(point));
    bar.append(this.point);
    return bar;
  }

  get isFlat() {
    return this.look.surface === "flat";
  }

  listen() {
    const c = this.canvas;
    c.onpointerdown = (e) => {
      const { az, el, pan, pick } = this.settings;
      this.drag = { x: e.clientX, y: e.clientY, moved: false, az, el, pan };
      if (pick === "lasso" || e.shiftKey) Object.assign(this.drag, { line: [this.point2d(e)], panel: this.panelAt(e) });
      c.setPointerCapture(e.pointerId);
    };
    c.onpointermove = (e) => {
      const d = this.drag;
      if (this.polygon.isBegun) return this.polygon.draw(this.point2d(e));
      if (!d) return this.hover(e);
      const dx = e.clientX - d.x, dy = e.clientY - d.y;
      if (!d.moved && Math.hypot(dx, dy) < 4) return;
      d.moved = true;
      if (d.line) {
        this.setHover(-1);
        d.line.push(this.point2d(e));
        return this.lasso.draw(d.line);
      }
      const way = this.panelAt(e)?.hemisphere === 1 ? -1 : 1;
      if (this.isFlat) return this.panTo(d.pan, way * dx, dy);
      this.turn(d.az - 0.4 * way * dx, d.el + 0.4 * dy);
    };
    c.onpointerup = (e) => {
      const d = this.drag;
      this.drag = null;
      if (d && !d.moved) return this.click(e);
      this.lasso.draw([]);
      if (d?.line) this.catchAreas(d.line, d.panel, e.altKey, "Lasso");
    };
    c.onpointercancel = () => this.endDrag();
    c.onpointerleave = () => this.setHover(-1);
    c.ondblclick = (e) => {
      if (this.settings.pick === "polygon") this.polygon.close(e.altKey);
      else if (this.settings.pick !== "lasso") this.goTo(this.look.point);
    };
    c.onwheel = (e) => {
      if (!e.ctrlKey && !e.metaKey) return; // a plain wheel scrolls the page
      e.preventDefault();
      this.zoomBy(Math.exp(-0.002 * e.deltaY));
    };
    const keys = cortexKeys(this);
    const press = (e, key) => {
      if (!key) return;
      e.preventDefault();
      key.act(e);
    };
    c.onkeydown = (e) => press(e, e.ctrlKey || e.metaKey ? undefined : cortexKeyOf(keys, e));
    // Ctrl Z anywhere on the page, but not where a text is being written.
    this.onKey = (e) => {
      if (!(e.ctrlKey || e.metaKey)) return;
      const at = e.composedPath()[0];
      if (!/^(input|textarea)$/i.test(at.tagName) && !at.isContentEditable) press(e, cortexKeyOf(keys, e));
    };
    this.isStill || tellCortexKeys(keys);
    document.addEventListener("keydown", this.onKey);
    this.resize = new ResizeObserver(() => this.redraw());
    this.resize.observe(this.stage);
  }

  endDrag() {
    this.drag = null;
    this.lasso.draw([]);
    this.polygon.drop();
  }

  set(changes) {
    if ("pick" in changes) this.polygon.drop();
    if ("pick" in changes) Object.assign(this.settings, changes);
    else this.tellLook(changes);
    this.refresh();
  }

  goTo(point) {
    Object.assign(this.settings, { point, zoom: 1, pan: [0, 0], ...PRESETS[point] });
    if (point !== this.look.point) this.tellLook({ point });
    this.refresh();
  }

  tellLook(changes) {
    Object.assign(this.look, changes);
    this.seq += 1;
    this.send("looked", { ...this.look, seq: this.seq });
  }

  turn(az, el) {
    Object.assign(this.settings, { az, el: Math.max(-90, Math.min(90, el)) });
    this.redraw();
  }

  // Move the flatmap by pixels from where it was; `x` is that of the left hemisphere, the right one moves as its mirror.
  panTo(from, x, y) {
    const { box } = this.mesh.surfaces.flat[0], scale = this.placed[0].scale;
    const kept = (v, most) => Math.max(-most, Math.min(most, v));
    this.settings.pan = [kept(from[0] - x / scale, box[0]), kept(from[1] + y / scale, box[1])];
    this.redraw();
  }

  zoomBy(factor) {
    this.settings.zoom = Math.max(0.6, Math.min(6, this.settings.zoom * factor));
    this.redraw();
  }

  // New data from Python. An answer older than the last click here is ignored.
  update(data) {
    if (data.seq < this.seq) return;
    this.seq = data.seq;
    const selected = new Set(data.selected);
    if (data.selected.length !== this.selected.size || data.selected.some((a) => !this.selected.has(a))) this.told = "";
    this.selected = selected;
    this.map = data.map ?? null;
    this.steps = data.steps;
    this.look = { ...data.look };
    if (this.settings.point !== this.look.point) {
      Object.assign(this.settings, { point: this.look.point, zoom: 1, pan: [0, 0], ...PRESETS[this.look.point] });
    }
    this.refresh();
  }

  refresh() {
    const now = { ...this.look, pick: this.settings.pick };
    for (const [name, buttons] of Object.entries(this.buttons)) {
      for (const b of buttons) b.setAttribute("aria-pressed", String(b.value === now[name]));
    }
    this.point.value = this.look.point;
    this.point.disabled = this.isFlat;
    this.undo.forEach((b, i) => (b.disabled = !this.steps[i]));
    this.canvas.style.touchAction = now.pick === "lasso" ? "none" : "";
    this.canvas.setAttribute("aria-label", `Cortex. Arrow keys ${this.isFlat ? "move" : "turn"} it, plus and minus zoom. `
      + "Areas can also be chosen in the list of ROIs.");
    const n = this.selected.size;
    this.status.textContent = this.told || (n
      ? `${n} of ${this.mesh.areas.length} areas chosen. Click one again to remove it.`
      : "The whole cortex is used. Click an area to use only that one.");
    this.root.dataset.selected = [...this.selected].sort((a, b) => a - b).join(",");
    this.root.dataset.surface = this.look.surface;
    this.redraw();
  }

  redraw() {
    if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  layout() {
    const s = this.settings, { side, surface, point } = this.look, w = this.stage.clientWidth, h = this.stage.clientHeight;
    const shapes = this.mesh.surfaces[surface];
    if (this.isFlat) {
      const placed = panels(side, "top", w, h).map((p) => ({ ...p, matrix: FLAT }));
      const scale = s.zoom * Math.min(...placed.map((p) => fitScale(shapes[p.hemisphere].box, FLAT, p)));
      return placed.map((p) => {
        const [x, y, z] = shapes[p.hemisphere].centre, pan = p.hemisphere ? -s.pan[0] : s.pan[0];
        return { ...p, scale, centre: [x + pan, y + s.pan[1], z] };
      });
    }
    return panels(side, point, w, h).map((p) => {
      const matrix = cameraMatrix(s.az + p.turn, s.el, p.hemisphere), { box, centre } = shapes[p.hemisphere];
      // The size is that of the point of view's own camera, so turning does not change it.
      const rest = cameraMatrix(PRESETS[point].az, PRESETS[point].el, 0);
      return { ...p, matrix, centre, scale: fitScale(box, rest, p) * s.zoom };
    });
  }

  draw() {
    if (this.closed || !this.stage.clientWidth) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const w = Math.round(this.stage.clientWidth * ratio), h = Math.round(this.stage.clientHeight * ratio);
    if (this.canvas.width !== w || this.canvas.height !== h) Object.assign(this.canvas, { width: w, height: h });
    this.placed = this.layout();
    this.polygon.see(JSON.stringify(this.placed));
    const started = performance.now();
    const palette = (this.colours = paletteOf(this.root, this.colours));
    this.painter.draw({ surface: this.look.surface, panels: this.placed, table: this.table(), palette, ratio });
    this.root.dataset.drawMs = (performance.now() - started).toFixed(1);
    const { point } = this.look, turned = !this.isFlat && { overview: ["lateral", "medial"] }[point];
    const moved = ["az", "el"].some((a) => this.settings[a] !== PRESETS[point][a]);
    this.captions.replaceChildren(...this.groupNames(), ...this.placed.map((p) => {
      const side = p.hemisphere ? "Right" : "Left";
      const name = turned && !moved ? `${side}, ${turned[p.turn ? 1 : 0]}` : side;
      const tag = element("span", { textContent: name });
      Object.assign(tag.style, { left: `${p.x + 8}px`, top: `${p.y + 4}px` });
      return tag;
    }));
  }

  // On the flatmap, where all of a hemisphere is in sight, the named groups are written on it if there is room.
  groupNames() {
    const fits = (p) => this.isFlat && p.scale > 0.8; // pixels per mm
    return this.placed.filter(fits).flatMap((p) => {
      const screen = this.projected(p), { on } = this.shapeOf(p), labels = this.mesh.labels[p.hemisphere];
      const sums = this.mesh.groups.map(() => [0, 0, 0]);
      labels.forEach((l, v) => {
        const group = l && on[v] ? this.mesh.groupOf[l - 1] : -1;
        if (group >= 0) [screen[3 * v], screen[3 * v + 1], 1].forEach((x, i) => (sums[group][i] += x));
      });
      return sums.map(([x, y, n], i) => ({ x: x / n, y: y / n, textContent: this.mesh.groups[i].key }))
        .filter(({ x, y }) => x > p.x && x < p.x + p.w && y > p.y && y < p.y + p.h)
        .map(({ x, y, textContent }) => {
          const tag = element("b", { textContent });
          Object.assign(tag.style, { left: `${x}px`, top: `${y}px` });
          return tag;
        });
    });
  }

  table() {
    const { mesh, map, selected, settings } = this, lit = new Set(this.hovered < 0 ? [] : this.target(this.hovered));
    return colourTable({ mesh, map, selected, lit, byGroup: settings.pick === "group" }, this.colours);
  }

  // The areas that a click on `area` means; Shift swaps area and group.
  target(area, swap = false) {
    const group = this.mesh.groupOf[area];
    return (this.settings.pick === "group") !== swap && group >= 0 ? this.mesh.groups[group].areas : [area];
  }

  panelAt(e) {
    const r = this.canvas.getBoundingClientRect();
    return this.panelOf(e.clientX - r.left, e.clientY - r.top);
  }

  panelOf(x, y) {
    const panel = this.placed?.find((p) => x >= p.x && x < p.x + p.w && y >= p.y && y < p.y + p.h);
    return panel && { ...panel, px: x, py: y };
  }

  point2d(e) {
    const r = this.canvas.getBoundingClientRect();
    return [e.clientX - r.left, e.clientY - r.top].map((v) => Math.round(v));
  }

  shapeOf(panel) {
    return this.mesh.surfaces[this.look.surface][panel.hemisphere];
  }

  // Where the vertices of a panel's hemisphere are on the canvas.
  projected(panel) {
    this.screen ??= new Float32Array(3 * this.mesh.n);
    return project(this.shapeOf(panel).positions, panel.centre, 0, this.mesh.n, panel.matrix, panel.scale, panel, this.screen);
  }

  areaAt(e) {
    const p = this.panelAt(e);
    if (!p) return -1;
    const vertex = pickVertex(this.projected(p), this.shapeOf(p).faces, p.px, p.py);
    return vertex < 0 ? -1 : this.mesh.labels[p.hemisphere][vertex] - 1;
  }

  hover(e) {
    this.setHover(this.areaAt(e));
    if (this.hovered < 0) return;
    const r = this.stage.getBoundingClientRect();
    this.tip.style.left = `${Math.min(e.clientX - r.left + 14, r.width - this.tip.offsetWidth - 4)}px`;
    this.tip.style.top = `${Math.max(2, e.clientY - r.top - this.tip.offsetHeight - 8)}px`;
  }

  setHover(area) {
    if (area === this.hovered) return;
    this.hovered = area;
    this.tip.hidden = area < 0;
    this.canvas.style.cursor = area < 0 ? "grab" : "pointer";
    if (area >= 0) {
      const name = this.mesh.areas[area], group = this.mesh.groupOf[area];
      const side = name[0] === "L" ? "left" : "right";
      this.tip.replaceChildren(
        element("b", { textContent: `${name.slice(2)}, ${side}` }),
        element("span", { textContent: group < 0 ? "in no named group" : this.mesh.groups[group].name }),
        ...(entryOf(this.map, area) ? [element("span", { textContent: entryOf(this.map, area).text })] : []));
    }
    this.redraw();
  }

  click(e) {
    if (this.settings.pick === "polygon" && !e.shiftKey) return this.polygon.add(this.point2d(e));
    const area = this.areaAt(e);
    if (area >= 0) this.choose(toggled(this.selected, this.target(area, e.shiftKey)), "");
  }

  choose(selected, told) {
    this.selected = selected;
    this.told = told;
    this.seq += 1;
    this.steps = [1, 0];
    this.refresh();
    this.send("picked", { areas: [...selected].sort((a, b) => a - b), seq: this.seq });
  }

  // What a line around some areas of one panel chooses. A true shape hides its sulci: which side of the hemisphere faces
  // the eye is asked of the inflated one.
  catchAreas(line, panel, remove, tool) {
    if (!panel) return;
    const { on } = this.shapeOf(panel), m = panel.matrix, { normals } = this.mesh.surfaces.inflated[panel.hemisphere];
    const faces = (v) => this.isFlat || m[6] * normals[3 * v] + m[7] * normals[3 * v + 1] + m[8] * normals[3 * v + 2] > 0;
    const areas = lassoed(line, this.projected(panel), this.mesh.labels[panel.hemisphere], (v) => on[v], faces);
    const next = new Set(this.selected);
    areas.forEach((a) => (remove ? next.delete(a) : next.add(a)));
    const n = `${areas.length} ${areas.length === 1 ? "area" : "areas"}`;
    const told = `${tool}: ${n} with more than half inside ${remove ? "removed" : "chosen"}. Decoding works on whole areas.`;
    if (areas.length) return this.choose(next, told);
    this.told = `${tool}: no area has more than half inside, and decoding works on whole areas. Draw a larger one.`;
    this.refresh();
  }

  // Undo (-1) or redo (1). Python keeps the steps, which the list of ROIs and other pages make too.
  step(by) {
    if (!this.steps[by < 0 ? 0 : 1]) return;
    this.seq += 1;
    this.told = "";
    this.asked = [...(this.asked ?? []), [this.seq, by]].slice(-50); // all of late: one message can overtake another
    this.send("stepped", { steps: this.asked, seq: this.seq });
  }

  // A point of the page (client pixels) at which `area` is seen, or null. Used by the tests.
  locate(area) {
    const r = this.canvas.getBoundingClientRect(), hemisphere = this.mesh.areas[area][0] === "L" ? 0 : 1;
    for (const p of this.placed.filter((q) => q.hemisphere === hemisphere)) {
      const screen = this.projected(p), { on } = this.shapeOf(p);
      let sum = [0, 0, 0];
      this.mesh.labels[hemisphere].forEach((l, v) => {
        if (l === area + 1 && on[v]) sum = [sum[0] + screen[3 * v], sum[1] + screen[3 * v + 1], sum[2] + 1];
      });
      const at = { clientX: r.left + sum[0] / sum[2], clientY: r.top + sum[1] / sum[2] };
      if (this.areaAt(at) === area) return { x: at.clientX, y: at.clientY };
    }
    return null;
  }

  close() {
    this.closed = true;
    document.removeEventListener("keydown", this.onKey);
    this.isStill || tellCortexKeys(null);
    this.resize.disconnect();
    cancelAnimationFrame(this.frame);
    this.painter.close();
  }
}
