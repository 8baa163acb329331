// Pure geometry of the cortex view: no DOM, no drawing. Millimetres; x right, y anterior, z up.
// Angles are in degrees: `az` turns around z, `el` lifts the eye; they are those of the LEFT
// hemisphere. The right one is drawn with the mirrored camera, so lateral is lateral on both.

const PRESETS = {
  overview: { az: 180, el: 0 },
  lateral: { az: 180, el: 0 },
  medial: { az: 0, el: 0 },
  front: { az: 90, el: 0 },
  back: { az: -90, el: 0 },
  top: { az: -90, el: 90 },
  bottom: { az: 90, el: -90 },
};

// Rows: screen x, screen y, towards the eye.
function cameraMatrix(az, el, hemisphere) {
  const a = (az * Math.PI) / 180, e = (el * Math.PI) / 180;
  const ca = Math.cos(a), sa = Math.sin(a), ce = Math.cos(e), se = Math.sin(e);
  const m = [-sa, ca, 0, -se * ca, -se * sa, ce, ce * ca, ce * sa, se];
  if (hemisphere === 1) {
    // Mirror the world and the screen: two mirrors make a proper turn again.
    m[1] = -m[1]; m[2] = -m[2]; m[3] = -m[3]; m[6] = -m[6];
  }
  return m;
}

// The flatmap is seen from above, as it lies: both hemispheres with the front of the brain outwards.
const FLAT = [1, 0, 0, 0, 1, 0, 0, 0, 1];

// Where each hemisphere is drawn: [{hemisphere, turn (degrees added to az), x, y, w, h}], pixels.
function panels(side, preset, width, height) {
  const hemispheres = side === "both" ? [0, 1] : [side === "left" ? 0 : 1];
  const turns = preset === "overview" ? [0, 180] : [0];
  if (hemispheres.length === 2 && turns.length === 2 && width > 2.8 * height) {
    // Four in a row are larger than two above two.
    const views = [[0, 0], [0, 180], [1, 180], [1, 0]], w = width / 4;
    return views.map(([hemisphere, turn], i) => ({ hemisphere, turn, x: i * w, y: 0, w, h: height }));
  }
  // One hemisphere in overview: lateral and medial side by side where the canvas is wide.
  const beside = hemispheres.length === 1 && turns.length === 2 && width > 1.2 * height;
  const columns = beside ? 2 : hemispheres.length;
  const rows = beside ? 1 : turns.length;
  const w = width / columns, h = height / rows, out = [];
  turns.forEach((turn, i) => hemispheres.forEach((hemisphere, j) => {
    const column = beside ? i : j, row = beside ? 0 : i;
    out.push({ hemisphere, turn, x: column * w, y: row * h, w, h });
  }));
  return out;
}

// Pixels per mm so that a hemisphere fits its panel in the given camera. `box` = half sizes in mm.
function fitScale(box, matrix, panel) {
  const reach = (r) => Math.abs(matrix[r]) * box[0] + Math.abs(matrix[r + 1]) * box[1] + Math.abs(matrix[r + 2]) * box[2];
  return 0.94 * Math.min(panel.w / (2 * reach(0)), panel.h / (2 * reach(3)));
}

// Screen positions (x, y in canvas pixels, depth in mm) of the vertices first..first+n.
function project(positions, centre, first, n, matrix, scale, panel, out) {
  const [a, b, c, d, e, f, g, h, i] = matrix;
  const x0 = panel.x + panel.w / 2, y0 = panel.y + panel.h / 2;
  for (let v = 0, p = 3 * first; v < n; v++, p += 3) {
    const x = positions[p] - centre[0], y = positions[p + 1] - centre[1], z = positions[p + 2] - centre[2];
    out[3 * v] = x0 + scale * (a * x + b * y + c * z);
    out[3 * v + 1] = y0 - scale * (d * x + e * y + f * z);
    out[3 * v + 2] = g * x + h * y + i * z;
  }
  return out;
}

// The vertex nearest to the pixel on the foremost triangle under it, or -1. `screen` from project().
function pickVertex(screen, faces, px, py) {
  let best = -1, depth = -Infinity;
  for (let t = 0; t < faces.length; t += 3) {
    const i = 3 * faces[t], j = 3 * faces[t + 1], k = 3 * faces[t + 2];
    const ax = screen[i] - px, ay = screen[i + 1] - py;
    const bx = screen[j] - px, by = screen[j + 1] - py;
    const cx = screen[k] - px, cy = screen[k + 1] - py;
    // y points down on the screen, so a triangle that faces the eye has negative areas.
    const u = bx * cy - by * cx, v = cx * ay - cy * ax, w = ax * by - ay * bx;
    if (u > 0 || v > 0 || w > 0 || u + v + w === 0) continue;
    const z = (u * screen[i + 2] + v * screen[j + 2] + w * screen[k + 2]) / (u + v + w);
    if (z <= depth) continue;
    depth = z;
    best = faces[u <= v && u <= w ? t : v <= w ? t + 1 : t + 2];
  }
  return best;
}

// Unit normals of the vertices first..first+n, pointing outwards.
function vertexNormals(positions, faces, first, n) {
  const normals = new Float32Array(3 * n), p = positions, o = 3 * first;
  for (let t = 0; t < faces.length; t += 3) {
    const i = 3 * faces[t], j = 3 * faces[t + 1], k = 3 * faces[t + 2];
    const ux = p[o + j] - p[o + i], uy = p[o + j + 1] - p[o + i + 1], uz = p[o + j + 2] - p[o + i + 2];
    const vx = p[o + k] - p[o + i], vy = p[o + k + 1] - p[o + i + 1], vz = p[o + k + 2] - p[o + i + 2];
    const nx = uy * vz - uz * vy, ny = uz * vx - ux * vz, nz = ux * vy - uy * vx;
    for (const q of [i, j, k]) { normals[q] += nx; normals[q + 1] += ny; normals[q + 2] += nz; }
  }
  for (let q = 0; q < normals.length; q += 3) {
    const length = Math.hypot(normals[q], normals[q + 1], normals[q + 2]) || 1;
    normals[q] /= length; normals[q + 1] /= length; normals[q + 2] /= length;
  }
  return normals;
}

// The selection after a click, a new Set of area numbers. A group toggles as a whole:
// it is removed only when all of it is there.
function toggled(selected, areas) {
  const next = new Set(selected), all = areas.every((a) => next.has(a));
  areas.forEach((a) => (all ? next.delete(a) : next.add(a)));
  return next;
}

// The edges that only one triangle has, where a mesh is cut open: their vertices, two and two.
function rimOf(faces) {
  const times = new Map();
  for (let i = 0; i < faces.length; i++) {
    const a = faces[i], b = faces[i % 3 === 2 ? i - 2 : i + 1], edge = a < b ? a * 65536 + b : b * 65536 + a;
    times.set(edge, (times.get(edge) ?? 0) + 1);
  }
  return [...times].filter(([, n]) => n === 1).flatMap(([edge]) => [Math.floor(edge / 65536), edge % 65536]);
}

// Whether a point is inside a polygon [[x, y], ...], which closes itself (even-odd rule).
function isInside(x, y, polygon) {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [ax, ay] = polygon[i], [bx, by] = polygon[j];
    if (ay > y !== by > y && x < ax + ((bx - ax) * (y - ay)) / (by - ay)) inside = !inside;
  }
  return inside;
}

// The areas of which more than half lies inside a polygon on the screen. `screen` from project(), `labels` of the
// vertices, `counts(v)`: whether vertex v is on the surface, `shows(v)`: whether it is on the side towards the eye.
function lassoed(polygon, screen, labels, counts, shows) {
  const size = new Map(), caught = new Map(), add = (m, l) => m.set(l, (m.get(l) ?? 0) + 1);
  for (let v = 0; v < labels.length; v++) {
    if (!labels[v] || !counts(v)) continue;
    add(size, labels[v]);
    if (shows(v) && isInside(screen[3 * v], screen[3 * v + 1], polygon)) add(caught, labels[v]);
  }
  return [...caught.keys()].filter((l) => 2 * caught.get(l) > size.get(l)).map((l) => l - 1).sort((a, b) => a - b);
}
