// Pure maths of the player: no page, no canvas, no state. Tested on its own.
// Times are seconds on the story's clock, positions are metres, y up, the speaker faces +z.

// base64 of little-endian int16 millimetres -> Int16Array
export function decodePositions(base64) {
  const text = atob(base64);
  const view = new DataView(new ArrayBuffer(text.length));
  for (let i = 0; i < text.length; i++) view.setUint8(i, text.charCodeAt(i));
  const out = new Int16Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = view.getInt16(2 * i, true);
  return out;
}

export function clamp(x, low, high) {
  return Math.min(high, Math.max(low, x));
}

// Pose at any time, metres: Catmull-Rom through the frames, held still outside them.
export function poseAt(motion, time) {
  return between(motion, time, 0, motion.data.length / motion.frames);
}

// One joint of the pose at any time, [x, y, z] in metres.
export function jointAt(motion, time, joint) {
  return between(motion, time, 3 * joint, 3);
}

// `count` numbers of the pose at any time, from number `first` on.
function between({ data, frames, fps, start }, time, first, count) {
  const size = data.length / frames;
  const x = clamp((time - start) * fps, 0, frames - 1);
  const i1 = Math.min(Math.floor(x), Math.max(frames - 2, 0));
  const i0 = Math.max(i1 - 1, 0);
  const i2 = Math.min(i1 + 1, frames - 1);
  const i3 = Math.min(i2 + 1, frames - 1);
  const f = x - i1;
  const out = new Float64Array(count);
  for (let k = 0, j = first; k < count; k++, j++) {
    const a = data[i0 * size + j], b = data[i1 * size + j];
    const c = data[i2 * size + j], d = data[i3 * size + j];
    const cubic = b + 0.5 * f * (c - a + f * (2 * a - 5 * b + 4 * c - d + f * (3 * (b - c) + d - a)));
    out[k] = cubic / 1000;
  }
  return out;
}

// Whether a motion has a frame at a time; another on screen may begin earlier or end later.
export function covers({ fps, frames, start }, time) {
  return time >= start - 1 / fps && time <= start + frames / fps;
}

// Mean speed of the given joints at every frame, m/s (central difference over two frames).
export function jointSpeed(motion, joints) {
  const { data, frames, fps } = motion;
  const size = data.length / frames;
  const out = new Float64Array(frames);
  for (let i = 0; i < frames; i++) {
    const a = Math.max(i - 1, 0), b = Math.min(i + 1, frames - 1);
    let sum = 0;
    for (const j of joints) {
      let square = 0;
      for (let c = 0; c < 3; c++) square += (data[b * size + 3 * j + c] - data[a * size + 3 * j + c]) ** 2;
      sum += Math.sqrt(square);
    }
    out[i] = b > a ? (sum / joints.length / 1000) * (fps / (b - a)) : 0;
  }
  return out;
}

// Mean position of one joint over the motion, metres.
export function meanJoint(motion, joint) {
  const { data, frames } = motion;
  const size = data.length / frames;
  const sum = [0, 0, 0];
  for (let i = 0; i < frames; i++) for (let c = 0; c < 3; c++) sum[c] += data[i * size + 3 * joint + c];
  return sum.map((s) => s / frames / 1000);
}

// Index of the last word that has begun, -1 before the first.
export function lastBegun(starts, time) {
  let low = 0, high = starts.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (starts[mid] <= time + 1e-6) low = mid + 1;
    else high = mid;
  }
  return low - 1;
}

// Index of the word being said, -1 in a pause. `linger` bridges the gaps inside a phrase.
export function wordAt(transcript, time, linger = 0.25) {
  const i = lastBegun(transcript.start, time);
  return i >= 0 && time < transcript.start[i] + transcript.duration[i] + linger ? i : -1;
}

// Left edge of each word on a ribbon: at its onset, pushed right where the word before still stands.
export function layoutWords(starts, widths, pixelsPerSecond, gap) {
  let free = -Infinity;
  return starts.map((start, i) => {
    const x = Math.max(start * pixelsPerSecond, free);
    free = x + widths[i] + gap;
    return x;
  });
}

// The clock moved by `seconds`; at the end it stops or begins again.
export function advance(time, seconds, start, stop, loop) {
  const next = time + seconds;
  if (next < stop) return { time: Math.max(next, start), ended: false };
  if (!loop) return { time: stop, ended: true };
  return { time: start + ((next - start) % (stop - start)), ended: false };
}

// The frame `count` frames away from the one at or before `time`, kept inside the window.
export function stepFrame(time, count, start, stop, fps) {
  const last = Math.ceil((stop - start) * fps - 1e-6) - 1;
  const frame = Math.floor((time - start) * fps + 1e-4) + count;
  return start + clamp(frame, 0, Math.max(last, 0)) / fps;
}

// Cosine and sine of both angles of the camera that was asked last: a frame asks some thousand times.
const turned = { yaw: NaN, pitch: NaN, cy: 1, sy: 0, cp: 1, sp: 0 };

// World point -> view space: x right, y up, z towards the viewer. Angles in radians.
export function rotate({ yaw, pitch }, x, y, z) {
  if (yaw !== turned.yaw || pitch !== turned.pitch) {
    Object.assign(turned, { yaw, pitch, cy: Math.cos(yaw), sy: Math.sin(yaw), cp: Math.cos(pitch), sp: Math.sin(pitch) });
  }
  const { cy, sy, cp, sp } = turned;
  const across = x * cy - z * sy;
  const towards = x * sy + z * cy;
  return [across, y * cp - towards * sp, y * sp + towards * cp];
}

// View space -> pixels, in perspective from `distance` metres. Returns [x, y, pixels per metre].
export function project(camera, point, frame) {
  const depth = Math.max(camera.distance - point[2], 0.2);
  const scale = (frame.scale * camera.zoom * camera.distance) / depth;
  return [frame.x + point[0] * scale, frame.y - point[1] * scale, scale];
}

// Round numbers from low to high, about `count` of them.
export function ticks(low, high, count) {
  const span = Math.max(high - low, 1e-9);
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => span / s <= count) ?? 10 * power;
  const out = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * span; k++) out.push(k * step);
  return out;
}

// ---- parts of a stretch: pairs of seconds [from, to] inside the whole one
const LEAST_ZOOM = 1; // seconds in sight at least
const LEAST_LOOP = 0.2; // seconds of the shortest loop

function within(from, length, [low, high]) {
  const start = clamp(from, low, high - length);
  return [start, start + length];
}

// The part `factor` times as long, with the moment `at` where it was in it; null where that is all.
export function zoomRange([from, to], whole, at, factor) {
  const most = whole[1] - whole[0];
  const length = clamp((to - from) * factor, Math.min(LEAST_ZOOM, most), most);
  if (length >= most - 1e-6) return null;
  return within(at - ((at - from) / (to - from)) * length, length, whole);
}

export function panRange([from, to], whole, seconds) {
  return within(from + seconds, to - from, whole);
}

// The part, moved so that a moment outside it stands a little right of its left border.
export function followRange([from, to], whole, time) {
  if (time >= from && time <= to) return [from, to];
  return within(time - 0.05 * (to - from), to - from, whole);
}

// The stretch between two ends of a brush, or null where it is too short to be meant.
export function brushed(a, b, whole) {
  const [low, high] = [a, b].sort((x, y) => x - y).map((t) => Math.round(100 * clamp(t, ...whole)) / 100);
  return high - low >= LEAST_LOOP - 1e-9 ? [low, high] : null;
}

// Mean over five frames: the eye follows the curve, not the frame noise.
export function smooth(values) {
  return Float64Array.from(values, (_, i) => {
    const from = Math.max(0, i - 2), to = Math.min(values.length, i + 3);
    let sum = 0;
    for (let k = from; k < to; k++) sum += values[k];
    return sum / (to - from);
  });
}

export function clockText(seconds) {
  const tenths = Math.round(Math.max(seconds, 0) * 10);
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`;
}
