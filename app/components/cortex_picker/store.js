// The constant part: unpacks the mesh once and keeps it, with the view's code, for every picker on any page. Messages of
// pickers that were mounted earlier wait in `waiting`.

// One hemisphere of a surface: `on` says which vertices are part of a triangle, `rim` where the mesh is cut.
function surfaceOf(positions, faces) {
  const on = new Uint8Array(positions.length / 3);
  faces.forEach((v) => (on[v] = 1));
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < positions.length; i++) {
    if (!on[(i - (i % 3)) / 3]) continue;
    low[i % 3] = Math.min(low[i % 3], positions[i]);
    high[i % 3] = Math.max(high[i % 3], positions[i]);
  }
  return { positions, faces, on, rim: rimOf(faces), normals: vertexNormals(positions, faces, 0, on.length),
    centre: low.map((v, i) => (v + high[i]) / 2), box: low.map((v, i) => (high[i] - v) / 2) };
}

function unpackMesh(bytes) {
  const copy = new Uint8Array(bytes).buffer; // arrays below need an offset that is a multiple of 4
  const size = new DataView(copy).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(copy, 4, size)));
  const types = { uint16: Uint16Array, int16: Int16Array, int8: Int8Array, uint8: Uint8Array };
  const raw = {};
  for (const a of header.arrays) raw[a.name] = new types[a.dtype](copy, 4 + size + a.offset, a.length);
  const n = raw.labels.length / 2, surfaces = {};
  for (const kind of ["inflated", "pial", "white"]) {
    const positions = Float32Array.from(raw[kind], (v) => v * header.step);
    surfaces[kind] = [0, 1].map((h) => surfaceOf(positions.subarray(3 * n * h, 3 * n * (h + 1)), raw.faces));
  }
  surfaces.flat = [0, 1].map((h) => {
    const positions = new Float32Array(3 * n);
    for (let v = 0; v < n; v++) for (const i of [0, 1]) positions[3 * v + i] = raw.flat[2 * (v + n * h) + i] * header.step;
    const first = (raw.faces.length / 3) * h, kept = (t) => (raw.flat_faces[t >> 3] >> (t & 7)) & 1;
    return surfaceOf(positions, raw.faces.filter((_, i) => kept(first + (i - (i % 3)) / 3)));
  });
  const groupOf = new Int16Array(header.areas.length).fill(-1);
  header.groups.forEach((g, i) => g.areas.forEach((a) => (groupOf[a] = i)));
  const hemi = (array) => [array.subarray(0, n), array.subarray(n)];
  return { n, surfaces, sulc: hemi(raw.sulc), labels: hemi(raw.labels), areas: header.areas, groups: header.groups, groupOf };
}

const views = new Map(); // the element of a picker -> its view

// What Python says to a picker; the first time, its view is made.
function receive(shared, mesh, { data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement);
  if (!view) {
    const root = parentElement.querySelector(".cortex");
    root.style.height = data.height;
    const Kind = data.still === undefined ? CortexView : StillCortex;
    view = new Kind(root, mesh, (shared.settings[data.name] ??= {}), (name, value) => view.tell(name, value));
    views.set(parentElement, view);
  }
  view.tell = setTriggerValue;
  view.update(data);
}

export default function ({ data }) {
  const shared = (globalThis.fmri2gesCortex ??= { settings: {}, waiting: new Map() });
  if (shared.receive || !data) return;
  const mesh = unpackMesh(data);
  shared.receive = (message) => receive(shared, mesh, message);
  shared.leave = (element) => {
    views.get(element)?.close();
    views.delete(element);
  };
  shared.waiting.forEach(shared.receive);
}
