// The cortex view: toolbar, camera, hover and click. One instance per mounted picker.

const CHOICES = {
  side: [["both", "Both"], ["left", "Left"], ["right", "Right"]],
  surface: [["inflated", "Inflated"], ["pial", "Pial"]],
  pick: [["area", "Area"], ["group", "Group"]],
};
const TITLES = {
  side: "Which hemisphere is shown",
  surface: "Inflated shows the sulci too; pial is the true shape",
  pick: "What a click chooses: one area, or the whole named group it belongs to. Hold Shift for the other one",
};
const PRESET_NAMES = [["overview", "Overview"], ["lateral", "Lateral"], ["medial", "Medial"], ["front", "Front"],
  ["back", "Back"], ["top", "Top"], ["bottom", "Bottom"]];

function element(tag, properties, ...children) {
  const e = Object.assign(document.createElement(tag), properties);
  e.append(...children);
  return e;
}

// What a map says of an area: [red, green, blue, strength] and a line for the tooltip; null where it says nothing.
// `which` has two digits to the base 36 for each area, the number of its entry; an entry is 8 digits and the line.
function entryOf(map, area) {
  const entry = map?.entries[parseInt(map.which.slice(2 * area, 2 * area + 2), 36)];
  return entry ? { colour: [0, 2, 4, 6].map((i) => parseInt(entry.slice(i, i + 2), 16)), text: entry.slice(8) } : null;
}

class CortexView {
  constructor(root, mesh, settings, onPick) {
    Object.assign(this, { root, mesh, onPick, selected: new Set(), seq: 0, hovered: -1, drag: null });
    const defaults = { side: "both", surface: "inflated", pick: "area", preset: "overview", zoom: 1, ...PRESETS.overview };
    this.settings = Object.assign(settings, { ...defaults, ...settings });
    this.buttons = {};
    this.canvas = element("canvas", { tabIndex: 0 });
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "Cortex. Arrow keys turn it, plus and minus zoom. Areas can also be chosen in the list of ROIs.");
    this.tip = element("div", { className: "tip", hidden: true });
    this.captions = element("div", { className: "captions" });
    this.status = element("div", { className: "status" });
    this.status.setAttribute("role", "status");
    this.stage = element("div", { className: "stage" }, this.canvas, this.captions, this.tip);
    root.cortexView = this;
    root.replaceChildren(element("style", { textContent: STYLE }), this.toolbar(), this.stage, this.status);
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
    const bar = element("div", { className: "bar" });
    for (const [name, options] of Object.entries(CHOICES)) {
      const group = element("div", { className: "choice", title: TITLES[name] });
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", TITLES[name]);
      if (name === "pick") group.append(element("span", { textContent: "Click picks" }));
      this.buttons[name] = options.map(([value, text]) => {
        const b = element("button", { type: "button", textContent: text, value });
        b.onclick = () => this.set({ [name]: value });
        return b;
      });
      group.append(...this.buttons[name]);
      bar.append(group);
    }
    this.preset = element("select", { title: "Point of view" },
      ...PRESET_NAMES.map(([value, textContent]) => element("option", { value, textContent })));
    this.preset.setAttribute("aria-label", "Point of view");
    this.preset.onchange = () => this.look(this.preset.value);
    const zooms = [["\u2212", "Zoom out", 1 / 1.2], ["+", "Zoom in", 1.2]].map(([textContent, title, factor]) => {
      const b = element("button", { type: "button", textContent, title, onclick: () => this.zoomBy(factor) });
      b.setAttribute("aria-label", title);
      return b;
    });
    bar.append(this.preset, element("div", { className: "choice" }, ...zooms));
    return bar;
  }

  listen() {
    const c = this.canvas;
    c.onpointerdown = (e) => {
      this.drag = { x: e.clientX, y: e.clientY, moved: false, az: this.settings.az, el: this.settings.el };
      c.setPointerCapture(e.pointerId);
    };
    c.onpointermove = (e) => {
      const d = this.drag;
      if (!d) return this.hover(e);
      const dx = e.clientX - d.x, dy = e.clientY - d.y;
      if (!d.moved && Math.hypot(dx, dy) < 4) return;
      d.moved = true;
      const way = this.panelAt(e)?.hemisphere === 1 ? -1 : 1;
      this.turn(d.az - 0.4 * way * dx, d.el + 0.4 * dy);
    };
    c.onpointerup = (e) => {
      const clicked = this.drag && !this.drag.moved;
      this.drag = null;
      if (clicked) this.click(e);
    };
    c.onpointercancel = () => (this.drag = null);
    c.onpointerleave = () => this.setHover(-1);
    c.ondblclick = () => this.look(this.settings.preset);
    c.onwheel = (e) => {
      if (!e.ctrlKey && !e.metaKey) return; // a plain wheel scrolls the page
      e.preventDefault();
      this.zoomBy(Math.exp(-0.002 * e.deltaY));
    };
    c.onkeydown = (e) => {
      const s = this.settings;
      const acts = { ArrowLeft: () => this.turn(s.az + 10, s.el), ArrowRight: () => this.turn(s.az - 10, s.el),
        ArrowUp: () => this.turn(s.az, s.el - 10), ArrowDown: () => this.turn(s.az, s.el + 10),
        "+": () => this.zoomBy(1.2), "=": () => this.zoomBy(1.2), "-": () => this.zoomBy(1 / 1.2), 0: () => this.look(s.preset) };
      if (!acts[e.key]) return;
      e.preventDefault();
      acts[e.key]();
    };
    this.resize = new ResizeObserver(() => this.redraw());
    this.resize.observe(this.stage);
  }

  set(changes) {
    Object.assign(this.settings, changes);
    this.refresh();
  }

  look(preset) {
    this.set({ preset, zoom: 1, ...PRESETS[preset] });
  }

  turn(az, el) {
    Object.assign(this.settings, { az, el: Math.max(-90, Math.min(90, el)) });
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
    this.selected = new Set(data.selected);
    this.map = data.map ?? null;
    this.refresh();
  }

  refresh() {
    const s = this.settings;
    for (const [name, buttons] of Object.entries(this.buttons)) {
      for (const b of buttons) b.setAttribute("aria-pressed", String(b.value === s[name]));
    }
    this.preset.value = s.preset;
    const n = this.selected.size;
    this.status.textContent = n
      ? `${n} of ${this.mesh.areas.length} areas chosen. Click one again to remove it.`
      : "The whole cortex is used. Click an area to use only that one.";
    this.root.dataset.selected = [...this.selected].sort((a, b) => a - b).join(",");
    this.redraw();
  }

  redraw() {
    if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  layout() {
    const s = this.settings, w = this.stage.clientWidth, h = this.stage.clientHeight;
    return panels(s.side, s.preset, w, h).map((p) => {
      const matrix = cameraMatrix(s.az + p.turn, s.el, p.hemisphere);
      // The size is that of the preset's own camera, so turning does not change it.
      const rest = cameraMatrix(PRESETS[s.preset].az, PRESETS[s.preset].el, 0);
      const scale = fitScale(this.mesh.surfaces[s.surface][p.hemisphere].box, rest, p) * s.zoom;
      return { ...p, matrix, scale };
    });
  }

  draw() {
    if (this.closed || !this.stage.clientWidth) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const w = Math.round(this.stage.clientWidth * ratio), h = Math.round(this.stage.clientHeight * ratio);
    if (this.canvas.width !== w || this.canvas.height !== h) Object.assign(this.canvas, { width: w, height: h });
    this.placed = this.layout();
    const started = performance.now();
    const palette = this.palette();
    this.painter.draw({ surface: this.settings.surface, panels: this.placed, table: this.table(palette), palette, ratio });
    this.root.dataset.drawMs = (performance.now() - started).toFixed(1);
    const turned = { overview: ["lateral", "medial"] }[this.settings.preset];
    const moved = ["az", "el"].some((a) => this.settings[a] !== PRESETS[this.settings.preset][a]);
    this.captions.replaceChildren(...this.placed.map((p) => {
      const side = p.hemisphere ? "Right" : "Left";
      const name = turned && !moved ? `${side}, ${turned[p.turn ? 1 : 0]}` : side;
      const tag = element("span", { textContent: name });
      Object.assign(tag.style, { left: `${p.x + 8}px`, top: `${p.y + 4}px` });
      return tag;
    }));
  }

  // Colours of the theme; read again only when the theme changes.
  palette() {
    const style = getComputedStyle(this.root);
    const names = ["--st-background-color", "--st-primary-color"].map((n) => style.getPropertyValue(n).trim());
    if (this.theme === names.join()) return this.colours;
    this.theme = names.join();
    const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const [back, accent] = names.map((name) => {
      probe.fillStyle = name || "#888";
      probe.fillRect(0, 0, 1, 1);
      return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((v) => v / 255);
    });
    const grey = (v) => [v, v, v], dark = back[0] + back[1] + back[2] < 1.5;
    return (this.colours = dark
      ? { gyrus: grey(0.66), sulcus: grey(0.46), line: grey(0.16), mark: grey(1), hover: grey(1), wall: grey(0.3), accent }
      : { gyrus: grey(0.96), sulcus: grey(0.8), line: grey(0.42), mark: grey(0.1), hover: grey(0.25), wall: grey(0.88), accent });
  }

  table(palette) {
    const out = new Uint8Array(4 * TABLE_WIDTH * 2), byte = (c) => c.map((v) => Math.round(255 * v));
    const lit = new Set(this.hovered < 0 ? [] : this.target(this.hovered));
    const accent = byte(palette.accent), hover = byte(palette.hover);
    out.set([...byte(palette.wall), 255]); // label 0, the medial wall, is no cortex
    for (let area = 0; area < this.mesh.areas.length; area++) {
      const label = area + 1, chosen = this.selected.has(area);
      const value = entryOf(this.map, area)?.colour;
      if (value) out.set(lit.has(area) ? [...value.slice(0, 3), Math.max(60, value[3] - 70)] : value, 4 * label);
      else if (chosen) out.set([...accent, lit.has(area) ? 150 : 205], 4 * label);
      else if (lit.has(area)) out.set([...hover, 70], 4 * label);
      const group = this.mesh.groupOf[area];
      const key = this.settings.pick === "group" && group >= 0 ? 400 + group : this.settings.pick === "group" ? 1000 : label;
      out.set([key & 255, key >> 8, chosen ? 255 : 0, 0], 4 * (TABLE_WIDTH + label));
    }
    return out;
  }

  // The areas that a click on `area` means; Shift swaps area and group.
  target(area, swap = false) {
    const group = this.mesh.groupOf[area];
    return (this.settings.pick === "group") !== swap && group >= 0 ? this.mesh.groups[group].areas : [area];
  }

  panelAt(e) {
    const r = this.canvas.getBoundingClientRect(), x = e.clientX - r.left, y = e.clientY - r.top;
    const panel = this.placed?.find((p) => x >= p.x && x < p.x + p.w && y >= p.y && y < p.y + p.h);
    return panel && { ...panel, px: x, py: y };
  }

  areaAt(e) {
    const p = this.panelAt(e);
    if (!p) return -1;
    const { mesh } = this, s = mesh.surfaces[this.settings.surface][p.hemisphere];
    this.screen ??= new Float32Array(3 * mesh.n);
    project(s.positions, s.centre, 0, mesh.n, p.matrix, p.scale, p, this.screen);
    const vertex = pickVertex(this.screen, mesh.faces, p.px, p.py);
    return vertex < 0 ? -1 : mesh.labels[p.hemisphere][vertex] - 1;
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
    const area = this.areaAt(e);
    if (area < 0) return;
    this.selected = toggled(this.selected, this.target(area, e.shiftKey));
    this.seq += 1;
    this.refresh();
    this.onPick({ areas: [...this.selected].sort((a, b) => a - b), seq: this.seq });
  }

  // A point of the page (client pixels) at which `area` is seen, or null. Used by the tests.
  locate(area) {
    const r = this.canvas.getBoundingClientRect(), hemisphere = this.mesh.areas[area][0] === "L" ? 0 : 1;
    for (const p of this.placed.filter((q) => q.hemisphere === hemisphere)) {
      const s = this.mesh.surfaces[this.settings.surface][hemisphere];
      const screen = project(s.positions, s.centre, 0, this.mesh.n, p.matrix, p.scale, p, new Float32Array(3 * this.mesh.n));
      let sum = [0, 0, 0];
      this.mesh.labels[hemisphere].forEach((l, v) => {
        if (l === area + 1) sum = [sum[0] + screen[3 * v], sum[1] + screen[3 * v + 1], sum[2] + 1];
      });
      const at = { clientX: r.left + sum[0] / sum[2], clientY: r.top + sum[1] / sum[2] };
      if (this.areaAt(at) === area) return { x: at.clientX, y: at.clientY };
    }
    return null;
  }

  close() {
    this.closed = true;
    this.resize.disconnect();
    cancelAnimationFrame(this.frame);
    this.painter.close();
  }
}
