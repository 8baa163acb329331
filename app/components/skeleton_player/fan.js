// All samples of a track: thin arms behind the body that is shown, and the band of their wrist speed. Pure maths.
import { decodePositions, poseAt } from "./timeline.js";

const SIDES = ["left", "right"];

// What Python sent (fmri2ges.views.fan), ready to draw; `before` is kept where it is the same.
export function prepareFan(sent, before) {
  if (!sent) return undefined;
  if (before?.sent === sent) return before;
  const data = decodePositions(sent.positions), size = data.length / sent.drawn;
  const samples = Array.from({ length: sent.drawn }, (_, k) => (
    { data: data.subarray(k * size, (k + 1) * size), frames: sent.frames, fps: sent.fps, start: sent.start }));
  const at = Object.fromEntries(sent.joints.map((name, i) => [name, i]));
  return { sent, n: sent.n, drawn: sent.drawn, samples, at, low: decodePositions(sent.low), high: decodePositions(sent.high) };
}

export function fanText({ n, drawn }) {
  const arms = drawn < n ? `${drawn} of ${n} samples` : `all ${n} samples`;
  return `Thin arms: ${arms}. Band of the wrist speed: the middle 80 % of ${n} samples`;
}

// Lower and upper edge of the band at `count` frames from one on, m/s.
export function bandOf({ low, high }, from, count) {
  const part = (edge) => Array.from(edge.subarray(from, from + count), (v) => v / 1000);
  return { low: part(low), high: part(high) };
}

// The arms of all samples, from the shoulder of the body that is shown: one shape for the arms and one for the hands, as
// painting each by itself takes as long as the bodies.
export function fanShapes(fan, time, { at, joint, view, pixel, css }) {
  const arms = [], hands = [];
  let scale = 0;
  for (const side of SIDES) {
    if (at[`${side}_shoulder`] === undefined) continue;
    const shoulder = pixel(view(joint(at[`${side}_shoulder`])));
    for (const sample of fan.samples) {
      const pose = poseAt(sample, time);
      const [elbow, wrist] = ["elbow", "wrist"].map((name) => pixel(view(joint(fan.at[`${side}_${name}`], pose))));
      arms.push([shoulder, elbow, wrist]);
      hands.push({ x: wrist[0], y: wrist[1], r: wrist[2] * 0.022 });
      scale = Math.max(scale, wrist[2]);
    }
  }
  return [
    { kind: "lines", lines: arms, width: Math.max(1.5, scale * 0.012), colour: css, alpha: 0.38 },
    { kind: "dots", dots: hands, fill: css, alpha: 0.45 },
  ];
}
