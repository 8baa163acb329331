// The time axis: the whole stretch as a slider, and below it the part that is zoomed into, with lanes and curves.
// A drag over that part is the stretch that is looped, the wheel zooms, a double click shows all again.
import { fitCanvas, make } from "./dom.js";
import { brushed, followRange, panRange, zoomRange } from "./timeline.js";
import { drawOverview, drawTracks, MARGIN, tracksHeight, timeToX, xToTime } from "./tracks.js";

const DRAG = 4; // pixels from which a press is a drag
const EDGE = 6; // pixels around an end of the loop where it can be taken hold of
const STREAM = 250; // ms; turns of a wheel that follow each other faster belong together
const DO = "Click: go there. Drag: loop a stretch. Wheel: zoom. Double click: all.";

// s: state of the player, of which zoom and range are changed here; seek and changed: what the player does then.
export function createAxis(s, { seek, changed }) {
  let data = null, motions = [], look = null, drawn = NaN, elsewhere = 0, drag = null;
  let width = 0; // of the axis, pixels; to ask the page on every frame would have it laid out anew
  const overviewCanvas = make("canvas", { class: "overview-canvas", role: "img", "aria-label": "Speed of the wrists over the whole stretch" });
  const scrubber = make("input", { type: "range", "aria-label": "Time in seconds", class: "scrubber", title: "The whole stretch; the frame is the part below" });
  const part = make("div", { class: "part" });
  const bands = [make("div", { class: "band" }), make("div", { class: "band" })];
  const overview = make("div", { class: "overview" }, [overviewCanvas, bands[0], part, scrubber]);
  const tracks = make("canvas", {
    class: "tracks", role: "img", title: DO,
    "aria-label": "Strokes, holds and wrist speed of every view and BOLD of the ROIs over time; click to move the clock, drag to loop a stretch",
  });
  const cursor = make("div", { class: "cursor" });
  const axis = make("div", { class: "axis" }, [tracks, bands[1], cursor]);

  const whole = () => [data.start, data.stop];
  const range = () => s.zoom ?? whole();

  function zoomTo(next) {
    s.zoom = next;
    draw();
    changed();
  }

  const zoomBy = (factor, at = s.time) => zoomTo(zoomRange(range(), whole(), at, factor));

  function loopOver(next, on = next !== null) {
    Object.assign(s, { loop: on, range: next });
    if (next && (s.time < next[0] || s.time > next[1] + 1e-6)) seek(next[0]);
    draw();
    changed();
  }

  // Between two moments, in whichever order; where they are the same moment nothing changes.
  function loopBetween(a, b) {
    const next = brushed(a, b, whole());
    if (next) loopOver(next);
  }

  function all() {
    loopOver(null);
    zoomTo(null);
  }

  // ---- input
  const timeAt = (event) => xToTime(event.offsetX, range(), tracks.clientWidth);
  const edgeAt = (event) => (s.range ?? []).find((t) => Math.abs(timeToX(t, range(), tracks.clientWidth) - event.offsetX) <= EDGE);
  scrubber.oninput = () => seek(Number(scrubber.value));
  tracks.onpointerdown = (event) => {
    if (event.button !== 0) return;
    tracks.setPointerCapture(event.pointerId);
    const edge = edgeAt(event);
    // An end of the loop moves, its other end stays.
    const from = edge === undefined ? timeAt(event) : s.range.find((t) => t !== edge);
    drag = { x: event.offsetX, from, moved: false };
  };
  tracks.onpointermove = (event) => {
    tracks.title = event.offsetY < tracksHeight(motions) ? data.phases ?? DO : DO;
    if (!drag) {
      tracks.style.cursor = edgeAt(event) === undefined ? "" : "ew-resize";
      return;
    }
    drag.moved ||= Math.abs(event.offsetX - drag.x) >= DRAG;
    if (drag.moved) placeBands(brushed(drag.from, timeAt(event), range()));
  };
  tracks.onpointerup = (event) => {
    const done = drag;
    drag = null;
    if (!done) return;
    if (!done.moved) return seek(timeAt(event));
    const next = brushed(done.from, timeAt(event), range());
    if (next) loopOver(next);
    else placeBands(s.range);
  };
  tracks.onpointercancel = () => { drag = null; placeBands(s.range); };
  tracks.ondblclick = all;

  // A wheel that began beside the axis goes on scrolling the page when the axis comes under the pointer.
  const wheelAnywhere = (event) => {
    if (!event.composedPath().includes(overview) && !event.composedPath().includes(axis)) elsewhere = event.timeStamp;
  };
  window.addEventListener("wheel", wheelAnywhere, { passive: true, capture: true });
  function onWheel(event) {
    if (event.ctrlKey || event.metaKey) return; // the browser's own zoom
    if (event.timeStamp - elsewhere < STREAM) return void (elsewhere = event.timeStamp);
    const across = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    if (!s.zoom && (across || event.deltaY > 0)) return; // all is in sight: the page may scroll
    event.preventDefault();
    const [from, to] = range();
    const turned = (event.deltaY || event.deltaX) * (event.deltaMode === 1 ? 33 : 1); // lines or pixels
    if (across) return zoomTo(panRange([from, to], whole(), ((event.deltaX || event.deltaY) / tracks.clientWidth) * (to - from)));
    const at = event.composedPath().includes(axis) ? xToTime(event.clientX - tracks.getBoundingClientRect().left, [from, to], tracks.clientWidth) : s.time;
    zoomTo(zoomRange([from, to], whole(), at, Math.exp(turned * 0.0015)));
  }
  for (const node of [overview, axis]) node.addEventListener("wheel", onWheel, { passive: false });

  // ---- drawing
  function placeBands(loop) {
    const spans = [whole(), range()];
    bands.forEach((band, i) => {
      band.hidden = !loop;
      if (!loop) return;
      const left = MARGIN.left, right = width - MARGIN.right;
      const [a, b] = loop.map((t) => Math.min(right, Math.max(left, timeToX(t, spans[i], width))));
      band.style.left = `${a}px`;
      band.style.width = `${Math.max(b - a, 0)}px`;
    });
  }

  // What moves with the clock; called on every frame.
  function place() {
    const [from, to] = range();
    if (s.time !== drawn && (s.time < from || s.time > to)) {
      s.zoom = followRange([from, to], whole(), s.time);
      draw();
    }
    drawn = s.time;
    const [a, b] = range();
    cursor.hidden = s.time < a || s.time > b;
    cursor.style.transform = `translateX(${timeToX(s.time, [a, b], width)}px)`;
    scrubber.value = s.time;
    scrubber.setAttribute("aria-valuetext", `${s.time.toFixed(2)} seconds`);
    if (!drag) placeBands(s.range);
  }

  function draw() {
    width = tracks.clientWidth;
    if (!data || !width) return;
    const above = fitCanvas(overviewCanvas), below = fitCanvas(tracks);
    drawOverview(above.context, above.width, above.height, whole(), motions, look);
    drawTracks(below.context, below.width, below.height, { data, motions, range: range(), fan: s.fan }, look);
    const [a, b] = range().map((t) => timeToX(t, whole(), above.width));
    part.hidden = !s.zoom;
    part.style.left = `${a}px`;
    part.style.width = `${b - a}px`;
    axis.dataset.range = range().map((t) => t.toFixed(2)).join(" ");
    axis.dataset.loop = s.range ? s.range.map((t) => t.toFixed(2)).join(" ") : "";
    place();
  }

  return {
    nodes: [overview, axis],
    place, zoomBy, loopOver, loopBetween, all,
    // New data, or the old ones drawn anew.
    show(next = data, shown = motions, colours = look) {
      [data, motions, look] = [next, shown, colours];
      Object.assign(scrubber, { min: data.start, max: data.stop, step: 1 / motions[0].fps });
      scrubber.style.marginLeft = `${MARGIN.left - 2}px`;
      scrubber.style.width = `calc(100% - ${MARGIN.left + MARGIN.right - 4}px)`;
      axis.style.setProperty("--lanes", `${tracksHeight(motions)}px`);
      draw();
    },
    destroy: () => window.removeEventListener("wheel", wheelAnywhere, { capture: true }),
  };
}
