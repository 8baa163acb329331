// How large the bodies may be drawn so that no frame leaves its view, as the camera looks at them. Pure maths.
import { rotate } from "./timeline.js";

const CELL = 0.03; // metres; of the places that joints visit, one in each cell of this size is kept
const PAD = 0.075; // metres around such a place: half a cell and a hand, or its shadow
export const DISC = 0.5; // metres, radius of the floor

// Where the joints of a motion are in any of its frames, and their shadows on the floor: a list of [x, y, z], metres
// around the body's middle. floor: height of the floor; lift: metres from the middle up to the neck's mean place.
export function placesOf({ data, frames, neck, size }, floor, lift) {
  const joints = data.length / frames / 3;
  const cells = new Map();
  const visit = (point) => cells.set(point.map((v) => Math.round(v / CELL)).join(), point);
  for (let k = 0; k < frames * joints; k++) {
    const [x, y, z] = neck.map((v, c) => (data[3 * k + c] / 1000 - v) / size + (c === 1 ? lift : 0));
    visit([x, y, z]);
    visit([x, floor, z]);
  }
  for (let k = 0; k < 16; k++) visit([DISC * Math.cos((k * Math.PI) / 8), floor, DISC * Math.sin((k * Math.PI) / 8)]);
  return [...cells.values()];
}

// How far places reach on screen from the middle to each side, in metres, in the camera's perspective.
export function reachOf(places, camera) {
  const reach = { left: 0, right: 0, up: 0, down: 0 };
  for (const [x, y, z] of places) {
    const seen = rotate(camera, x, y, z);
    const near = camera.distance / Math.max(camera.distance - seen[2] - PAD, 0.2);
    reach.left = Math.max(reach.left, (PAD - seen[0]) * near);
    reach.right = Math.max(reach.right, (PAD + seen[0]) * near);
    reach.up = Math.max(reach.up, (PAD + seen[1]) * near);
    reach.down = Math.max(reach.down, (PAD - seen[1]) * near);
  }
  return reach;
}

// Where the body's middle is drawn in a view of so many pixels, and pixels per metre.
export function fitted({ left, right, up, down }, width, height) {
  const scale = Math.min(width / (left + right), height / (up + down));
  return { x: (width + (left - right) * scale) / 2, y: (height + (up - down) * scale) / 2, scale };
}
