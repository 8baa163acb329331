// What colour each area has on the cortex: theme, map, selection, what the pointer is on.

// What a map says of an area: [red, green, blue, strength] and a line for the tooltip; null where it says nothing.
// `which` has a digit to the base 36 for each area, the number of its entry, or two where there are more than 35; both
// hemispheres share them where there are half as many. An entry is 8 digits and the line.
function entryOf(map, area) {
  const width = map?.entries.length > 35 ? 2 : 1, at = (width * area) % map?.which.length;
  const entry = map?.entries[parseInt(map.which.slice(at, at + width), 36)];
  return entry ? { colour: [0, 2, 4, 6].map((i) => parseInt(entry.slice(i, i + 2), 16)), text: entry.slice(8) } : null;
}

// Colours of the theme; read again only when the theme has changed since `before`.
function paletteOf(root, before) {
  const style = getComputedStyle(root);
  const names = ["--st-background-color", "--st-primary-color"].map((n) => style.getPropertyValue(n).trim());
  const theme = names.join();
  if (before?.theme === theme) return before;
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const [back, accent] = names.map((name) => {
    probe.fillStyle = name || "#888";
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((v) => v / 255);
  });
  const grey = (v) => [v, v, v], dark = back[0] + back[1] + back[2] < 1.5;
  return dark
    ? { theme, gyrus: grey(0.66), sulcus: grey(0.46), line: grey(0.16), mark: grey(1), hover: grey(1), wall: grey(0.3), accent }
    : { theme, gyrus: grey(0.96), sulcus: grey(0.8), line: grey(0.42), mark: grey(0.1), hover: grey(0.25), wall: grey(0.88), accent };
}

// The table that the painters read: two rows of TABLE_WIDTH entries, one for each label (see draw.js).
function colourTable({ mesh, map, selected, lit, byGroup }, palette) {
  const out = new Uint8Array(4 * TABLE_WIDTH * 2), byte = (c) => c.map((v) => Math.round(255 * v));
  const accent = byte(palette.accent), hover = byte(palette.hover);
  out.set([...byte(palette.wall), 255]); // label 0, the medial wall, is no cortex
  for (let area = 0; area < mesh.areas.length; area++) {
    const label = area + 1, chosen = selected.has(area);
    const value = entryOf(map, area)?.colour;
    if (value) out.set(lit.has(area) ? [...value.slice(0, 3), Math.max(60, value[3] - 70)] : value, 4 * label);
    else if (chosen) out.set([...accent, lit.has(area) ? 150 : 205], 4 * label);
    else if (lit.has(area)) out.set([...hover, 70], 4 * label);
    const group = mesh.groupOf[area];
    const key = byGroup && group >= 0 ? 400 + group : byGroup ? 1000 : label;
    out.set([key & 255, key >> 8, chosen ? 255 : 0, 0], 4 * (TABLE_WIDTH + label));
  }
  return out;
}
