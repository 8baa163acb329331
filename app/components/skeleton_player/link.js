// Clock, loop, camera and display in the browser's address: a reload or a shared link shows what was seen.
// They are written without a step in the history and without asking the server, which reads them from the address.
const WAIT = 400; // ms after the last change
const NONE = { at: "", loop: "", camera: "", zoom: "", shown: "" };
const TURNS = ["yaw", "pitch", "zoom"];
const TOGGLES = { overlay: "overlay", samples: "fan", trails: "trails" }; // name in a link -> in the state
let writing = 0;

const shownOf = (s) => Object.keys(TOGGLES).filter((name) => s[TOGGLES[name]]).join() || "none";

// What differs from the first view, as texts of a link. s: state of the player; first: {time, camera, overlay, fan, trails}.
export function viewTexts(s, first) {
  const turned = TURNS.some((name) => Math.abs(s.camera[name] - first.camera[name]) > 5e-4);
  return {
    at: Math.abs(s.time - first.time) < 5e-3 ? "" : String(Number(s.time.toFixed(4))),
    loop: !s.loop ? "" : s.range ? s.range.map((t) => Number(t.toFixed(2))).join() : "all",
    zoom: s.zoom ? s.zoom.map((t) => Number(t.toFixed(2))).join() : "",
    shown: shownOf(s) === shownOf(first) ? "" : shownOf(s),
    camera: turned ? TURNS.map((name) => Number(s.camera[name].toFixed(3))).join() : "",
  };
}

// The state that a link asks for. view: {at, loop, camera, zoom, shown}, which Python has looked at; what it does not name
// is as it is at first. first: as in viewTexts.
export function applyView(s, { at, loop, camera, zoom, shown }, first) {
  s.time = at ?? s.start;
  s.loop = loop !== undefined;
  s.range = Array.isArray(loop) ? loop : null;
  s.zoom = zoom ?? null;
  for (const [name, own] of Object.entries(TOGGLES)) s[own] = shown ? shown.includes(name) : first[own];
  Object.assign(s.camera, first.camera, Object.fromEntries((camera ?? []).map((value, i) => [TURNS[i], value])));
}

// Whether a link says anything of the view.
export function saysSomething(view) {
  return Object.keys(NONE).some((name) => name in view);
}

// Write the texts that a function gives then; null leaves the address as it is.
export function writeSoon(texts) {
  clearTimeout(writing);
  writing = setTimeout(() => writeNow(texts()), WAIT);
}

function writeNow(texts) {
  if (!texts) return;
  const url = new URL(location.href);
  for (const [name, text] of Object.entries({ ...NONE, ...texts })) {
    if (text) url.searchParams.set(name, text);
    else url.searchParams.delete(name);
  }
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}
