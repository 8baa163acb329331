// The curves under the skeletons on the shared time axis: wrist speed of every view, BOLD of the ROIs.
import { paintCanvas } from "./scene.js";
import { ticks } from "./timeline.js";

export const MARGIN = { left: 52, right: 14 };
const AXIS = 18; // pixels for the time axis

export function timeToX(time, data, width) {
  return MARGIN.left + ((time - data.start) / (data.stop - data.start)) * (width - MARGIN.left - MARGIN.right);
}

export function xToTime(x, data, width) {
  return data.start + ((x - MARGIN.left) / (width - MARGIN.left - MARGIN.right)) * (data.stop - data.start);
}

function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : 0;
}

function panel(context, box, low, high, label, unit, curves, look) {
  const toY = (v) => box.y + box.height - ((Math.min(Math.max(v, low), high) - low) / (high - low)) * box.height;
  const shapes = [];
  for (const v of ticks(low, high, box.height < 50 ? 2 : 3)) {
    shapes.push({ kind: "line", points: [[box.x, toY(v)], [box.x + box.width, toY(v)]], width: 1, colour: look.text, alpha: 0.12 });
    shapes.push({ kind: "text", text: String(Number(v.toFixed(6))), x: box.x - 6, y: toY(v) + 3.5, size: 10.5, font: look.font, align: "right", colour: look.text, alpha: 0.75 });
  }
  const lines = curves.map((c) => ({
    kind: "line", points: c.times.map((t, i) => [look.toX(t), toY(c.values[i])]), width: 1.5, colour: c.colour, alpha: 0.95,
  }));
  paintCanvas(context, shapes);
  context.save();
  context.beginPath();
  context.rect(box.x, box.y - 2, box.width, box.height + 4);
  context.clip(); // volumes just outside the window lead the curve to its borders
  paintCanvas(context, lines);
  context.restore();
  context.font = `600 11px ${look.font}`;
  const text = `${label}, ${unit}`, x = box.x + 6, end = x + context.measureText(text).width + 4;
  // The name stands in the corner that the curves leave free.
  const under = curves.flatMap((c) => Array.from(c.values).filter((_, i) => look.toX(c.times[i]) <= end));
  const above = under.filter((v) => v > (low + high) / 2).length > under.length / 2;
  const y = above ? box.y + box.height - 13 : box.y - 1;
  const plate = [[x - 4, y], [end, y], [end, y + 15], [x - 4, y + 15]];
  paintCanvas(context, [
    { kind: "area", points: plate, fill: look.back, alpha: 0.8 },
    { kind: "text", text, x, y: y + 11, size: 11, weight: 600, font: look.font, colour: look.text, alpha: 0.85 },
  ]);
}

// Draws the curves; called on new data, a new size or a new theme, not on every frame.
export function drawTracks(context, width, height, data, motions, look) {
  context.clearRect(0, 0, width, height);
  look = { ...look, toX: (t) => timeToX(t, data, width) };
  const inner = width - MARGIN.left - MARGIN.right;
  const plot = height - AXIS - 8;
  const speedHeight = data.bold ? plot * 0.56 : plot;
  const curves = motions.map((m) => ({
    colour: m.css,
    times: Array.from(m.speed, (_, i) => m.start + i / m.fps),
    values: smooth(m.speed),
  }));
  const top = Math.max(0.2, 1.15 * Math.max(...curves.map((c) => quantile(c.values, 0.995))));
  panel(context, { x: MARGIN.left, y: 4, width: inner, height: speedHeight }, 0, top, "wrist speed", "m/s", curves, look);
  if (data.bold) {
    const reach = Math.max(0.1, ...data.bold.values.map(Math.abs)) * 1.1;
    const box = { x: MARGIN.left, y: 14 + speedHeight, width: inner, height: plot - speedHeight - 12 };
    const curve = { colour: look.text, times: data.bold.times, values: data.bold.values };
    panel(context, box, -reach, reach, data.bold.name, "z", [curve], look);
  }
  const labels = ticks(data.start, data.stop, Math.max(2, Math.floor(inner / 90)));
  paintCanvas(context, labels.flatMap((t, i) => [
    { kind: "line", points: [[look.toX(t), 4], [look.toX(t), height - AXIS]], width: 1, colour: look.text, alpha: 0.06 },
    {
      kind: "text", text: `${Number(t.toFixed(4))}${i === labels.length - 1 ? " s" : ""}`, x: look.toX(t), y: height - 5,
      size: 10.5, align: "center", font: look.font, colour: look.text, alpha: 0.75,
    },
  ]));
}

// Mean over five frames: the eye follows the curve, not the frame noise.
function smooth(values) {
  return Array.from(values, (_, i) => {
    const from = Math.max(0, i - 2), to = Math.min(values.length, i + 3);
    let sum = 0;
    for (let k = from; k < to; k++) sum += values[k];
    return sum / (to - from);
  });
}
