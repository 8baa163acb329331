// The keys of the cortex: one list, which answers them and is shown on the sheet that "?" opens on every page.
const CORTEX_PART = "Cortex, after a click on it";
const TURNING = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "+", "-", "0"]; // all that a still cortex answers

function cortexKeys(view) {
  const s = view.settings, { polygon } = view;
  const move = (x, y, e) => (s.pick === "polygon" ? polygon.move(x, y, e.shiftKey) : view.isFlat ? view.panTo(s.pan, -3 * x, -3 * y) : view.turn(s.az + x, s.el + y));
  const keys = [
    { keys: ["ArrowLeft"], shown: "\u2190", text: "turn; on the flatmap, move; with Polygon, move the cross", act: (e) => move(-10, 0, e) },
    { keys: ["ArrowRight"], shown: "\u2192", text: "turn; on the flatmap, move; with Polygon, move the cross", act: (e) => move(10, 0, e) },
    { keys: ["ArrowUp"], shown: "\u2191", text: "tilt; on the flatmap, move; with Polygon, move the cross", act: (e) => move(0, -10, e) },
    { keys: ["ArrowDown"], shown: "\u2193", text: "tilt; on the flatmap, move; with Polygon, move the cross", act: (e) => move(0, 10, e) },
    { keys: ["+", "="], shown: "+", text: "nearer", act: () => view.zoomBy(1.2) },
    { keys: ["-"], shown: "\u2212", text: "farther", act: () => view.zoomBy(1 / 1.2) },
    { keys: ["0"], shown: "0", text: "turned back, as at first", act: () => view.goTo(view.look.point) },
    { keys: ["Escape"], shown: "Esc", text: "leave the lasso, drop the polygon", act: () => view.endDrag() },
    { keys: [" "], shown: "space", text: "with Polygon, a corner at the cross", act: () => polygon.cross && polygon.add(polygon.cross) },
    { keys: ["Enter"], shown: "Enter", text: "close the polygon", act: () => polygon.close(false) },
    { keys: ["Backspace"], shown: "Backspace", text: "take the last corner back", act: () => polygon.takeBack() },
    // These answer anywhere on the page.
    { keys: ["z"], control: true, shift: false, shown: "Ctrl Z", text: "undo a change of the ROIs, anywhere", act: () => view.step(-1) },
    { keys: ["z"], control: true, shift: true, shown: "Ctrl shift Z", text: "redo it", act: () => view.step(1) },
    { keys: ["y"], control: true, shown: "Ctrl Y", text: "redo it", act: () => view.step(1) },
  ];
  return view.isStill ? keys.filter((key) => TURNING.includes(key.keys[0])) : keys;
}

// The entry of a key that was pressed, with the control key (or command) or without.
function cortexKeyOf(keys, event) {
  const control = event.ctrlKey || event.metaKey, name = control ? event.key.toLowerCase() : event.key;
  if (event.altKey) return undefined;
  return keys.find((k) => k.keys.includes(name) && Boolean(k.control) === control && (k.shift ?? event.shiftKey) === event.shiftKey);
}

// What the sheet shows; null when the cortex leaves the page.
function tellCortexKeys(keys) {
  globalThis.fmri2gesKeys ??= new Map();
  if (keys) globalThis.fmri2gesKeys.set(CORTEX_PART, keys);
  else globalThis.fmri2gesKeys.delete(CORTEX_PART);
}
