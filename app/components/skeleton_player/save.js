// Saving the view as it is: the shapes on screen as SVG with text, or as PNG at three times their size.
import { make } from "./dom.js";
import { paintCanvas, svgDocument } from "./scene.js";

function download(blob, name) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// What the app can open again. session: {name, content, from_address: fields that the address knows}; texts: fields of
// the link that the player knows.
export function saveSession({ name, content, from_address: names }, texts) {
  const address = new URLSearchParams(location.search);
  const known = [...names.map((field) => [field, address.get(field)]), ...Object.entries(texts)];
  const whole = { ...content, view: { ...content.view, ...Object.fromEntries(known.filter(([, text]) => text)) } };
  download(new Blob([`${JSON.stringify(whole, null, 1)}\n`], { type: "application/json" }), name);
}

export function saveSvg({ shapes, width, height, back }, name) {
  download(new Blob([svgDocument(shapes, width, height, back)], { type: "image/svg+xml" }), `${name}.svg`);
}

export function savePng({ shapes, width, height, back }, name) {
  const canvas = make("canvas", { width: 3 * width, height: 3 * height });
  const context = canvas.getContext("2d");
  context.scale(3, 3);
  context.fillStyle = back;
  context.fillRect(0, 0, width, height);
  paintCanvas(context, shapes);
  canvas.toBlob((blob) => download(blob, `${name}.png`), "image/png");
}
