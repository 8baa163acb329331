// What is drawn over time: lanes of strokes and holds, wrist speed of every view, BOLD of the ROIs.
import { bandOf } from "./fan.js";
import { paintCanvas } from "./scene.js";
import { ticks } from "./timeline.js";

export const MARGIN = { left: 66, right: 14 };
const AXIS = 18; // pixels for the time axis
const LANE = 11; // pixels for one view's strokes and holds
const TITLE = 14; // pixels above a plot for its name: nothing stands over the curves

export function timeToX(time, [start, stop], width) {
  return MARGIN.left + ((time - start) / (stop - start)) * (width - MARGIN.left - MARGIN.right);
}

export function xToTime(x, [start, stop], width) {
  return start + ((x - MARGIN.left) / (width - MARGIN.left - MARGIN.right)) * (stop - start);
}

// Pixels that the lanes of these views take, from the top.
export function tracksHeight(motions) {
  return 4 + LANE * motions.length;
}

function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : 0;
}

function speedTop(motions) {
  return Math.max(0.2, 1.15 * Math.max(...motions.map((m) => quantile(m.curve, 0.995))));
}

function clipped(context, box, shapes) {
  context.save();
  context.beginPath();
  context.rect(box.x, box.y - 2, box.width, box.height + 4);
  context.clip(); // what lies just outside leads the curve to the borders
  paintCanvas(context, shapes);
  context.restore();
}

function panel(context, whole, low, high, label, unit, curves, look) {
  const box = { ...whole, y: whole.y + TITLE, height: whole.height - TITLE };
  const toY = (v) => box.y + box.height - ((Math.min(Math.max(v, low), high) - low) / (high - low)) * box.height;
  const shapes = [];
  for (const v of ticks(low, high, box.height < 50 ? 2 : 3)) {
    shapes.push({ kind: "line", points: [[box.x, toY(v)], [box.x + box.width, toY(v)]], width: 1, colour: look.text, alpha: 0.12 });
    shapes.push({ kind: "text", text: String(Number(v.toFixed(6))), x: box.x - 6, y: toY(v) + 3.5, size: 10.5, font: look.font, align: "right", colour: look.text, alpha: 0.75 });
  }
  const lines = curves.map((c) => ({
    kind: "line", points: c.times.map((t, i) => [look.toX(t), toY(c.values[i])]), width: 1.5, colour: c.colour, alpha: 0.95, dash: c.dash,
  }));
  const bands = curves.filter((c) => c.band).map(({ band, times, colour }) => {
    const edge = (values) => times.map((t, i) => [look.toX(t), toY(values[i])]);
    return { kind: "area", points: [...edge(band.low), ...edge(band.high).reverse()], fill: colour, alpha: 0.2 };
  });
  paintCanvas(context, shapes);
  clipped(context, box, [...bands, ...lines]);
  paintCanvas(context, [
    { kind: "text", text: `${label}, ${unit}`, x: box.x, y: box.y - 4, size: 11, weight: 600, font: look.font, colour: look.text, alpha: 0.85 },
  ]);
}

// One row for each view: strokes thick, holds thin.
function drawLanes(context, motions, width, look) {
  motions.forEach((m, row) => {
    const y = 3 + LANE * row, middle = y + LANE / 2;
    const bar = (height, alpha) => ([from, to]) => {
      const [a, b] = [look.toX(from), look.toX(to)], half = height / 2;
      return { kind: "area", points: [[a, middle - half], [b, middle - half], [b, middle + half], [a, middle + half]], fill: m.css, alpha };
    };
    const box = { x: MARGIN.left, y, width: width - MARGIN.left - MARGIN.right, height: LANE };
    clipped(context, box, [...(m.strokes ?? []).map(bar(LANE - 3, 0.85)), ...(m.holds ?? []).map(bar(2, 0.7))]);
    paintCanvas(context, [
      { kind: "text", text: m.name, x: MARGIN.left - 6, y: middle + 3.5, size: 10.5, font: look.font, align: "right", colour: look.text, alpha: 0.85 },
    ]);
  });
}

function drawTimes(context, [start, stop], width, height, look) {
  const labels = ticks(start, stop, Math.max(2, Math.floor((width - MARGIN.left - MARGIN.right) / 90)));
  paintCanvas(context, labels.flatMap((t, i) => [
    { kind: "line", points: [[look.toX(t), 4], [look.toX(t), height - AXIS]], width: 1, colour: look.text, alpha: 0.06 },
    {
      kind: "text", text: `${Number(t.toFixed(4))}${i === labels.length - 1 ? " s" : ""}`, x: look.toX(t), y: height - 5,
      size: 10.5, align: "center", font: look.font, colour: look.text, alpha: 0.75,
    },
  ]));
}

// The part of time that is zoomed into; called on new data, a new size, part or theme, not on every frame.
export function drawTracks(context, width, height, { data, motions, range, fan }, look) {
  context.clearRect(0, 0, width, height);
  look = { ...look, toX: (t) => timeToX(t, range, width) };
  const inner = width - MARGIN.left - MARGIN.right, top = tracksHeight(motions) + 1;
  const plot = height - AXIS - 4 - top;
  const speedHeight = data.bold ? plot * 0.56 : plot;
  drawLanes(context, motions, width, look);
  const near = range[1] - range[0]; // points farther out than one more window are not needed
  const curves = motions.map((m) => {
    const from = Math.max(0, Math.floor((range[0] - near - m.start) * m.fps));
    const to = Math.min(m.curve.length, Math.ceil((range[1] + near - m.start) * m.fps) + 1);
    const values = m.curve.slice(from, Math.max(from, to));
    const times = Array.from(values, (_, i) => m.start + (from + i) / m.fps);
    return { colour: m.css, times, values, band: fan && m.fan && bandOf(m.fan, from, times.length) };
  });
  const wide = fan && motions.find((m) => m.fan)?.fan;
  const speedLabel = wide ? `wrist speed, band: middle 80 % of ${wide.n} samples` : "wrist speed";
  panel(context, { x: MARGIN.left, y: top, width: inner, height: speedHeight }, 0, speedTop(motions), speedLabel, "m/s", curves, look);
  if (data.bold) {
    const traces = [data.bold, data.other_bold].filter(Boolean);
    const reach = Math.max(0.1, ...traces.flatMap((trace) => trace.values.map(Math.abs))) * 1.1;
    const box = { x: MARGIN.left, y: top + 5 + speedHeight, width: inner, height: plot - speedHeight - 7 };
    const lines = traces.map(({ times, values }, i) => ({ colour: look.text, times, values, dash: i ? [5, 4] : undefined }));
    const names = traces.length > 1 ? `BOLD, line A: ${traces[0].rois}, dashes B: ${traces[1].rois}` : `BOLD, ${traces[0].rois}`;
    panel(context, box, -reach, reach, names, "z", lines, look);
  }
  drawTimes(context, range, width, height, look);
}

// The whole stretch: how fast the wrists of the fastest view are.
export function drawOverview(context, width, height, whole, motions, look) {
  context.clearRect(0, 0, width, height);
  const left = MARGIN.left, columns = Math.max(1, Math.floor(width - left - MARGIN.right)), top = speedTop(motions);
  const fastest = new Float64Array(columns);
  for (const m of motions) {
    m.curve.forEach((v, i) => {
      const column = Math.floor(timeToX(m.start + i / m.fps, whole, width) - left);
      if (column >= 0 && column < columns) fastest[column] = Math.max(fastest[column], v);
    });
  }
  for (let c = 1; c < columns; c++) fastest[c] ||= fastest[c - 1]; // fewer frames than pixels
  const toY = (v) => height - 2 - (Math.min(v, top) / top) * (height - 4);
  const points = [[left, height - 2], ...Array.from(fastest, (v, c) => [left + c, toY(v)]), [left + columns, height - 2]];
  paintCanvas(context, [
    { kind: "area", points, fill: look.text, alpha: 0.2 },
    { kind: "line", points: [[left, height - 1], [left + columns, height - 1]], width: 1, colour: look.text, alpha: 0.3 },
    { kind: "text", text: "all", x: left - 6, y: height / 2 + 4, size: 10.5, align: "right", font: look.font, colour: look.text, alpha: 0.75 },
  ]);
}
