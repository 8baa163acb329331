// The keys of the player: one list, which answers them, writes the hint below the skeletons, and is shown on the sheet
// that "?" opens on every page of the app.

// does: what the player does, by name.
export function playerKeys(does) {
  return [
    { keys: [" "], shown: "space", text: "play or pause", hint: "play", act: does.play },
    { keys: ["ArrowLeft"], shown: "\u2190", text: "one frame back", act: () => does.step(-1) },
    { keys: ["ArrowRight"], shown: "\u2192", text: "one frame forward", act: () => does.step(1) },
    { keys: [","], shown: ",", text: "one second back", act: () => does.skip(-1) },
    { keys: ["."], shown: ".", text: "one second forward", act: () => does.skip(1) },
    { keys: ["Home"], shown: "Home", text: "first moment", act: does.first },
    { keys: ["End"], shown: "End", text: "last moment", act: does.last },
    { keys: ["i", "I"], shown: "I", text: "the loop begins here", hint: "loop from", act: does.loopFrom },
    { keys: ["o", "O"], shown: "O", text: "the loop ends here", hint: "to", act: does.loopTo },
    { keys: ["l", "L"], shown: "L", text: "loop on or off", act: does.loop },
    { keys: ["z"], shown: "Z", text: "zoom into the timeline", hint: "zoom time", act: () => does.zoomTime(1 / 1.5) },
    { keys: ["Z"], shown: "shift Z", text: "zoom out of the timeline", act: () => does.zoomTime(1.5) },
    { keys: ["a", "A"], shown: "A", text: "the whole stretch, no loop", hint: "all", act: does.all },
    { keys: ["+", "="], shown: "+", text: "nearer to the skeletons", act: () => does.zoom(1.2) },
    { keys: ["-"], shown: "\u2212", text: "farther from the skeletons", act: () => does.zoom(1 / 1.2) },
  ];
}

export function hintOf(keys) {
  const told = keys.filter((key) => key.hint).map((key) => `${key.shown} ${key.hint}`);
  return [...told, "drag turns", "Ctrl+wheel zooms", "? all keys"].join(" \u00b7 ");
}

// The entry of a key that was pressed, unless the element under the keyboard needs it itself.
export function keyOf(keys, event) {
  const target = event.composedPath()[0];
  if (event.ctrlKey || event.metaKey || event.altKey || target.tagName === "SELECT") return undefined;
  if (event.key === " " && target.tagName === "BUTTON") return undefined; // the button itself is pressed
  return keys.find((key) => key.keys.includes(event.key));
}

// What the sheet of the page shows, by the name of its part; null when the part leaves the page.
export function tellKeys(part, keys) {
  globalThis.fmri2gesKeys ??= new Map();
  if (keys) globalThis.fmri2gesKeys.set(part, keys);
  else globalThis.fmri2gesKeys.delete(part);
}
