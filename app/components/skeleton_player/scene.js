// Skeletons as a list of flat shapes, and two ways to paint such a list: canvas and SVG.
// One list for both, so that an exported picture is the picture on screen.
import { DISC, placesOf } from "./fit.js";
import { fanShapes } from "./fan.js";
import { clamp, covers, jointAt, jointSpeed, meanJoint, poseAt, project, rotate, smooth } from "./timeline.js";

const SEGMENTS = 6; // pieces of a limb, each shaded by its own depth
const TRAIL = 1.2; // seconds of wrist path behind the hand
const LIFT = 0.14; // metres from the body's middle up to the neck

export function mix(a, b, share) {
  return a.map((v, i) => v + (b[i] - v) * share);
}

export function css(rgb) {
  return `rgb(${rgb.map((v) => Math.round(v)).join(",")})`;
}

// What is worked out once per motion: where its body stands and how large it is.
export function prepare(motion, skeleton) {
  const at = Object.fromEntries(skeleton.joints.map((name, i) => [name, i]));
  const neck = meanJoint(motion, at.neck ?? 0);
  const left = meanJoint(motion, at.left_shoulder ?? 0);
  const right = meanJoint(motion, at.right_shoulder ?? 0);
  const size = clamp(Math.hypot(...left.map((v, i) => v - right[i])) / 0.36, 0.4, 2.5);
  const wrists = ["left_wrist", "right_wrist"].map((n) => at[n]).filter((j) => j !== undefined);
  const floor = meanJoint(motion, at.spine ?? 0)[1] - neck[1] - 0.1 * size;
  const places = placesIn({ ...motion, neck, size, floor });
  const curve = smooth(jointSpeed(motion, wrists));
  return { ...motion, at, parents: skeleton.parents, neck, size, wrists, floor, places, curve };
}

// Where the joints of a motion, or of a sample of it, are around its body.
export function placesIn(motion) {
  return placesOf(motion, motion.floor / motion.size + LIFT, LIFT);
}

// The shapes of all bodies at one time, from back to front. In overlay the bodies share one floor, and heads
// and trunks are glass, so that the arms of every body stay visible.
// panels: one {x, y, scale} a body = pixel of the body's middle and pixels per metre; theme: {back, text} as rgb.
export function sceneShapes(motions, time, camera, panels, theme, options) {
  const bodies = motions.map((m, i) => bodyShapes(m, time, camera, panels[i], theme, options));
  const paint = (parts) => parts.sort((a, b) => a.z - b.z).flatMap((part) => part.shapes);
  if (!options.overlay) return bodies.flatMap((b) => [...b.floor, ...b.trails, ...b.fan, ...paint(b.parts)]);
  return [...bodies[0].floor, ...bodies.flatMap((b) => [...b.trails, ...b.fan]), ...paint(bodies.flatMap((b) => b.parts))];
}

function shapesOfBody(motion, time, camera, panel, theme, options) {
  const pose = poseAt(motion, time);
  const { at, size, neck } = motion;
  const centred = (p) => p.map((v, c) => (v - neck[c]) / size + (c === 1 ? LIFT : 0)); // all bodies equally large
  const joint = (j, from = pose) => centred([from[3 * j], from[3 * j + 1], from[3 * j + 2]]);
  const tools = {
    theme, joint, at, rgb: motion.rgb, css: css(motion.rgb), glass: options.overlay,
    view: (p) => rotate(camera, ...p),
    pixel: (p) => project(camera, p, panel),
    shade: (z) => mix(motion.rgb, theme.back, clamp(0.2 - 0.75 * z, 0, 0.55)),
  };
  const parts = []; // {z, shapes}
  const done = new Set();
  const has = (...names) => names.every((n) => at[n] !== undefined);
  if (has("spine", "neck", "left_shoulder", "right_shoulder")) {
    parts.push(torsoPart(tools));
    for (const n of ["spine", "neck", "left_shoulder", "right_shoulder"]) done.add(at[n]);
  }
  if (has("neck", "nose", "head")) {
    parts.push(...headParts(tools));
    done.add(at.nose).add(at.head);
  }
  // Arms from the wrist up to the trunk; whatever joints another skeleton has are plain limbs.
  const tips = [...motion.wrists, ...motion.parents.keys()];
  for (const tip of tips) {
    const chain = [tip];
    while (!done.has(chain[0]) && motion.parents[chain[0]] >= 0) {
      done.add(chain[0]);
      chain.unshift(motion.parents[chain[0]]);
    }
    if (chain.length > 1) parts.push(limbPart(chain.map((j) => tools.view(joint(j))), tools, motion.wrists.includes(tip)));
  }
  return {
    floor: floorShapes(motion.floor / size + LIFT, tools),
    trails: options.trails ? trailShapes(motion, time, tools) : [],
    fan: options.fan && motion.fan ? fanShapes(motion.fan, time, tools) : [],
    parts,
  };
}

// Where a motion has not begun or is over, its floor is empty.
function bodyShapes(motion, time, camera, panel, theme, options) {
  const body = shapesOfBody(motion, time, camera, panel, theme, options);
  return covers(motion, time) ? body : { floor: body.floor.slice(0, 1), trails: [], fan: [], parts: [] };
}

function floorShapes(floor, { at, joint, view, pixel, theme }) {
  const disc = ([x, , z], radius, alpha) => {
    const points = Array.from({ length: 40 }, (_, k) => {
      const angle = (k / 20) * Math.PI;
      return pixel(view([x + radius * Math.cos(angle), floor, z + radius * Math.sin(angle)]));
    });
    return { kind: "area", points, fill: css(theme.text), alpha };
  };
  const shapes = [disc([0, 0, 0], DISC, 0.045)];
  for (const radius of [0.25, 0.22, 0.19, 0.16]) shapes.push(disc(joint(at.spine ?? 0), radius, 0.035));
  for (const name of ["left_wrist", "right_wrist"]) {
    if (at[name] !== undefined) for (const radius of [0.06, 0.05, 0.04]) shapes.push(disc(joint(at[name]), radius, 0.035));
  }
  return shapes;
}

function trailShapes(motion, time, { joint, view, pixel, rgb }) {
  const count = 24;
  const times = Array.from({ length: count + 1 }, (_, k) => Math.max(time - TRAIL * (1 - k / count), motion.start));
  return motion.wrists.flatMap((wrist) => {
    const path = times.map((t) => pixel(view(joint(0, jointAt(motion, t, wrist)))));
    return path.slice(1).map((end, i) => {
      const age = (i + 1) / count;
      return {
        kind: "line", flat: true, points: [path[i], end], colour: css(rgb),
        width: end[2] * 0.026 * (0.2 + 0.8 * age), alpha: 0.6 * age ** 1.5,
      };
    });
  });
}

// A chain of bones with one gap around the whole chain; an arm ends in a hand.
function limbPart(points, { pixel, shade, theme }, arm) {
  const bones = points.slice(1).map((b, i) => {
    const a = points[i], last = i === points.length - 2;
    const wide = arm && last ? 0.06 : 0.074, thin = arm && last ? 0.046 : 0.06;
    return { a, b, pa: pixel(a), pb: pixel(b), wide, thin };
  });
  const shapes = bones.map(({ pa, pb, wide }) => ({
    kind: "line", points: [pa, pb], width: pa[2] * wide + 3, colour: css(theme.back), alpha: 1,
  }));
  const tip = points[points.length - 1];
  const hand = arm ? ballPart(tip, 0.042, { pixel, shade, theme }) : { shapes: [] };
  if (arm) shapes.push(hand.shapes[0]);
  const pieces = bones.map((bone) => ({ z: (bone.a[2] + bone.b[2]) / 2, shapes: boneShapes(bone, pixel, shade) }));
  if (arm) pieces.push({ z: tip[2] + 0.001, shapes: hand.shapes.slice(1) });
  pieces.sort((a, b) => a.z - b.z);
  const outer = points.slice(1);
  return {
    z: outer.reduce((sum, p) => sum + p[2], 0) / outer.length,
    shapes: [...shapes, ...pieces.flatMap((p) => p.shapes)],
  };
}

function boneShapes({ a, b, pa, pb, wide, thin }, pixel, shade) {
  const point = (f) => a.map((v, c) => v + (b[c] - v) * f);
  const shapes = [];
  for (let k = 0; k < SEGMENTS; k++) {
    const middle = (k + 0.5) / SEGMENTS;
    const from = pixel(point(k / SEGMENTS)), to = pixel(point((k + 1) / SEGMENTS));
    const width = to[2] * (wide + (thin - wide) * middle);
    shapes.push({ kind: "line", points: [from, to], width, colour: css(shade(point(middle)[2])), alpha: 1 });
  }
  // A soft light from the upper left makes the limb round.
  const lift = pa[2] * wide * 0.2;
  const light = [pa, pb].map(([x, y]) => [x - lift * 0.6, y - lift]);
  shapes.push({ kind: "line", points: light, width: pa[2] * thin * 0.28, colour: "rgb(255,255,255)", alpha: 0.16 });
  return shapes;
}

function ballPart(centre, radius, { pixel, shade, theme }, alpha = 1) {
  const [x, y, scale] = pixel(centre);
  const base = shade(centre[2]), r = radius * scale, gap = css(theme.back);
  const light = css(mix(base, [255, 255, 255], 0.28)), dark = css(mix(base, [0, 0, 0], 0.06));
  const ring = { kind: "ball", x, y, r: r + 1.5, light: gap, dark: gap, alpha: alpha < 1 ? 0 : 1 };
  return { z: centre[2] + radius, shapes: [ring, { kind: "ball", x, y, r, light, dark, alpha }] };
}

function torsoPart({ at, joint, view, pixel, shade, theme, rgb, glass }) {
  const left = joint(at.left_shoulder), right = joint(at.right_shoulder);
  const spine = joint(at.spine), neck = joint(at.neck);
  const middle = left.map((v, c) => (v + right[c]) / 2);
  const beside = (centre, shoulder, share) => centre.map((v, c) => v + (shoulder[c] - middle[c]) * share);
  const [top, waist] = glass ? [1, 0.66] : [0.76, 0.46]; // the solid one is rounded by a wide stroke
  const outline = [
    beside(middle, left, top), beside(neck, left, 0.2), beside(neck, right, 0.2), beside(middle, right, top),
    beside(spine, right, waist), beside(spine, left, waist),
  ].map(view);
  const points = outline.map(pixel);
  const z = view(middle.map((v, c) => (v + spine[c]) / 2))[2];
  const width = points[0][2] * 0.13;
  const fill = css(shade(z - 0.08)), gap = css(theme.back);
  const solid = [
    { kind: "area", points, fill: gap, stroke: gap, width: width + 3, alpha: 1 },
    { kind: "area", points, fill, stroke: fill, width, alpha: 1 },
  ];
  const outlineOnly = [{ kind: "area", points, fill: css(mix(rgb, theme.back, 0.3)), alpha: 0.16 },
    { kind: "line", points: [...points, points[0]], width: 2, colour: css(rgb), alpha: 0.55 }];
  return { z: z - 0.05, shapes: glass ? outlineOnly : solid };
}

function headParts(tools) {
  const { at, joint, view, shade, glass } = tools;
  const neck = joint(at.neck), top = joint(at.head), nose = joint(at.nose);
  const centre = neck.map((v, c) => v + 0.6 * (top[c] - v));
  const radius = 0.42 * Math.hypot(...top.map((v, c) => v - neck[c]));
  const ahead = nose.map((v, c) => v - centre[c]);
  const length = Math.hypot(...ahead) || 1;
  const tip = centre.map((v, c) => v + (ahead[c] / length) * radius * 1.04);
  const alpha = glass ? 0.5 : 1;
  const ball = ballPart(view(centre), radius, tools, alpha);
  const bright = (z) => mix(shade(z + 0.1), [255, 255, 255], 0.12);
  const face = ballPart(view(tip), radius * 0.2, { ...tools, shade: bright }, alpha);
  face.shapes.shift(); // the nose belongs to the face: no gap around it
  // The ball hides a nose that points away, so compare with its centre and not with its front.
  ball.z = view(centre)[2] + 0.02;
  face.z = view(tip)[2] + 0.02;
  if (glass) return [ball, face];
  const throat = limbPart([view(neck), view(centre)], tools, false);
  throat.z = Math.min(throat.z, view(neck)[2] - 0.3); // its lower end is inside the collar
  return [throat, ball, face];
}

function glowOf(context, { x, y, r, light, dark }) {
  const glow = context.createRadialGradient(x - 0.3 * r, y - 0.35 * r, 0.1 * r, x, y, r);
  glow.addColorStop(0, light);
  glow.addColorStop(1, dark);
  return glow;
}

export function paintCanvas(context, shapes) {
  context.lineJoin = "round";
  for (const s of shapes) {
    context.globalAlpha = s.alpha ?? 1;
    if (s.kind === "text") {
      context.font = `${s.weight ?? 400} ${s.size}px ${s.font}`;
      context.textAlign = s.align ?? "left";
      context.fillStyle = s.colour;
      context.fillText(s.text, s.x, s.y);
      continue;
    }
    context.beginPath();
    if (s.kind === "dots") {
      for (const { x, y, r } of s.dots) {
        context.moveTo(x + r, y);
        context.arc(x, y, r, 0, 2 * Math.PI);
      }
      context.fillStyle = s.fill;
      context.fill();
      continue;
    }
    if (s.kind === "ball") {
      context.arc(s.x, s.y, s.r, 0, 2 * Math.PI);
      context.fillStyle = s.light === s.dark ? s.light : glowOf(context, s);
      context.fill();
      continue;
    }
    for (const points of s.lines ?? [s.points]) points.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
    if (s.kind === "area") {
      context.closePath();
      context.fillStyle = s.fill;
      context.fill();
    }
    if (s.kind !== "area" || s.stroke) {
      context.lineCap = s.flat ? "butt" : "round";
      context.strokeStyle = s.colour ?? s.stroke;
      context.lineWidth = s.width;
      context.setLineDash(s.dash ?? []);
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}

function escapeXml(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

// The same shapes as an SVG document: vector lines, text stays text.
export function svgDocument(shapes, width, height, background) {
  const n = (v) => Number(v.toFixed(2));
  const defs = new Map();
  const body = shapes.map((s) => {
    const opacity = s.alpha === undefined || s.alpha === 1 ? "" : ` opacity="${n(s.alpha)}"`;
    if (s.kind === "text") {
      const anchor = { left: "start", center: "middle", right: "end" }[s.align ?? "left"];
      return `<text x="${n(s.x)}" y="${n(s.y)}" font-family="${escapeXml(s.font)}" font-size="${s.size}" font-weight="${s.weight ?? 400}" text-anchor="${anchor}" fill="${s.colour}"${opacity}>${escapeXml(s.text)}</text>`;
    }
    if (s.kind === "ball") {
      const key = `${s.light} ${s.dark}`;
      if (!defs.has(key)) defs.set(key, `ball${defs.size}`);
      return `<circle cx="${n(s.x)}" cy="${n(s.y)}" r="${n(s.r)}" fill="url(#${defs.get(key)})"${opacity}/>`;
    }
    if (s.kind === "dots") {
      return `<g fill="${s.fill}"${opacity}>${s.dots.map(({ x, y, r }) => `<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}"/>`).join("")}</g>`;
    }
    const joined = (points) => points.map(([x, y]) => `${n(x)},${n(y)}`).join(" ");
    if (s.kind === "lines") {
      const path = s.lines.map((points) => `M${joined(points)}`).join("");
      return `<path d="${path}" fill="none" stroke="${s.colour}" stroke-width="${n(s.width)}"${opacity}/>`;
    }
    const points = joined(s.points);
    if (s.kind === "line") {
      return `<polyline points="${points}" fill="none" stroke="${s.colour}" stroke-width="${n(s.width)}"${s.flat ? ' stroke-linecap="butt"' : ""}${opacity}/>`;
    }
    const stroke = s.stroke ? ` stroke="${s.stroke}" stroke-width="${n(s.width)}"` : "";
    return `<polygon points="${points}" fill="${s.fill}"${stroke}${opacity}/>`;
  });
  const gradients = [...defs].map(([key, id]) => {
    const [light, dark] = key.split(" ");
    return `<radialGradient id="${id}" fx="0.35" fy="0.325"><stop offset="0" stop-color="${light}"/><stop offset="1" stop-color="${dark}"/></radialGradient>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" stroke-linecap="round" stroke-linejoin="round">`,
    `<defs>${gradients.join("")}</defs>`, `<rect width="100%" height="100%" fill="${background}"/>`, ...body, "</svg>",
  ].join("\n");
}
