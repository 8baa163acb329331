// The page side of the player: controls, one clock, one camera. Words and names are user data and are only
// ever set with textContent.
import {
  advance, clamp, clockText, decodePositions, layoutWords, poseAt, stepFrame, wordAt,
} from "./timeline.js";
import { fitted, reachOf } from "./fit.js";
import { css, mix, paintCanvas, prepare, sceneShapes, svgDocument } from "./scene.js";
import { drawTracks, MARGIN, timeToX, xToTime } from "./tracks.js";

const PRESETS = { front: [0, 0.06], side: [Math.PI / 2, 0.06], top: [0, 1.35] };
const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
const HINT = "space play \u00b7 \u2190 \u2192 frame \u00b7 , . second \u00b7 drag to turn \u00b7 Ctrl+wheel or + \u2212 to zoom \u00b7 click a word";
const CAMERA = { yaw: 0.3, pitch: 0.12, zoom: 1, distance: 3.2 };
const ICONS = {
  play: "M7 4l13 8-13 8z", pause: "M6 4h4v16H6zM14 4h4v16h-4z", back: "M17 5v14l-9-7zM5 5h2v14H5z",
  forward: "M7 5v14l9-7zM17 5h2v14h-2z", loop: "M17 2l4 4-4 4V7H8a3 3 0 0 0-3 3v2H3v-2a5 5 0 0 1 5-5h9zM7 22l-4-4 4-4v3h9a3 3 0 0 0 3-3v-2h2v2a5 5 0 0 1-5 5H7z",
};

function make(tag, attributes = {}, children = []) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const FIRST = { time: 0, start: null, stop: null, speed: 1, loop: false, trails: true, overlay: false };

// Clock, camera and display, one for all pages of the tab: another page or another sample continues where this one is.
function shared() {
  globalThis.fmri2gesPlayer ??= { ...FIRST, camera: { ...CAMERA } };
  return globalThis.fmri2gesPlayer;
}

function createPlayer(root) {
  const s = shared();
  s.playing = false;
  let data = null, motions = [], reach = null, theme = null, ribbons = [], frame = 0, last = 0;

  // ---- the parts of the player
  const button = (label, content, onclick) =>
    make("button", { type: "button", "aria-label": label, title: label, onclick }, [content]);
  const toggle = (label, text, get, set) => {
    const node = button(label, text, () => { set(!get()); node.setAttribute("aria-pressed", get()); draw(); });
    node.setAttribute("aria-pressed", get());
    return node;
  };
  const group = (label, nodes) => make("div", { class: "group", role: "group", "aria-label": label }, nodes);
  const chip = make("span", { class: "chip", text: "simulated", title: "These recordings are simulated, not measured" });
  const captionNode = make("span", { class: "caption" });
  const stage = make("canvas", { class: "stage", role: "img" });
  const labels = make("div", { class: "labels" });
  const words = make("div", { class: "words" });
  const tracks = make("canvas", { class: "tracks", role: "img", "aria-label": "Wrist speed of every view and BOLD of the ROIs over time; click to move the clock" });
  const cursor = make("div", { class: "cursor" });
  const scrubber = make("input", { type: "range", "aria-label": "Time in seconds", class: "scrubber" });
  const clock = make("output", { class: "clock", "aria-label": "Time" });
  const playButton = button("Play (space)", icon("play"), () => play(!s.playing));
  const speedPicker = make("select", { "aria-label": "Speed", title: "Speed" },
    SPEEDS.map((v) => make("option", { value: v, text: `${v}\u00d7` })));
  const overlay = toggle("Overlay the bodies in one view", "Overlay", () => s.overlay, (on) => { s.overlay = on; });
  const trails = toggle("Show the path of the wrists", "Trails", () => s.trails, (on) => { s.trails = on; });
  const loop = toggle("Begin again at the end", icon("loop"), () => s.loop, (on) => { s.loop = on; });
  const presets = Object.entries(PRESETS).map(([name, [yaw, pitch]]) =>
    button(`View from the ${name}`, name[0].toUpperCase() + name.slice(1), () => {
      Object.assign(s.camera, { yaw, pitch, zoom: 1 });
      draw();
    }));
  root.replaceChildren(
    make("div", { class: "bar" }, [
      chip, captionNode, group("Camera", presets), group("Display", [overlay, trails]),
    ]),
    labels, make("div", { class: "scene" }, [stage]), words, make("div", { class: "axis" }, [tracks, cursor]), scrubber,
    make("div", { class: "bar controls" }, [
      group("Playback", [
        button("One frame back (left arrow)", icon("back"), () => step(-1)), playButton,
        button("One frame forward (right arrow)", icon("forward"), () => step(1)), loop,
      ]),
      clock, speedPicker, make("span", { class: "spring" }),
      make("span", { class: "hint", text: HINT }),
      group("Save this view", [
        button("Save this view as SVG", "\u2193 SVG", () => saveSvg()), button("Save this view as PNG", "\u2193 PNG", () => savePng()),
      ]),
    ]),
  );
  root.tabIndex = 0;
  root.setAttribute("role", "group");
  speedPicker.value = s.speed;

  // ---- clock
  function seek(time) {
    s.time = clamp(time, data.start, data.stop);
    draw();
  }

  function step(count) {
    play(false);
    seek(stepFrame(s.time, count, data.start, data.stop, motions[0].fps));
  }

  function play(on) {
    if (on && s.time >= data.stop - 1e-6) s.time = data.start;
    s.playing = on;
    last = performance.now();
    playButton.replaceChildren(icon(on ? "pause" : "play"));
    const label = on ? "Pause (space)" : "Play (space)";
    playButton.setAttribute("aria-label", label);
    playButton.title = label;
    root.dataset.playing = on;
    draw();
    if (on) frame = requestAnimationFrame(tick);
  }

  function tick(now) {
    if (!s.playing) return;
    if (!root.isConnected) return void (s.playing = false);
    // A hidden tab stops the clock instead of making it jump.
    const seconds = Math.min((now - last) / 1000, 0.25) * s.speed;
    last = now;
    const moved = advance(s.time, Math.max(seconds, 0), data.start, data.stop, s.loop);
    s.time = moved.time;
    if (moved.ended) return play(false);
    draw();
    frame = requestAnimationFrame(tick);
  }

  // ---- input
  speedPicker.onchange = () => { s.speed = Number(speedPicker.value); };
  scrubber.oninput = () => seek(Number(scrubber.value));
  const KEYS = {
    " ": () => play(!s.playing), ArrowLeft: () => step(-1), ArrowRight: () => step(1),
    ",": () => seek(s.time - 1), ".": () => seek(s.time + 1), "+": () => zoom(1.2), "=": () => zoom(1.2), "-": () => zoom(1 / 1.2),
    Home: () => seek(data.start), End: () => seek(data.stop),
  };
  root.onkeydown = (event) => {
    const target = event.composedPath()[0];
    if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey || target === speedPicker) return;
    if (event.key === " " && target.tagName === "BUTTON") return; // the button itself is pressed
    event.preventDefault();
    event.stopPropagation();
    KEYS[event.key]();
  };
  // After a mouse click the keys belong to the player, not to the button that was clicked.
  root.onclick = (event) => {
    const target = event.composedPath()[0].closest("button, canvas, span");
    if (event.detail > 0 && target) root.focus({ preventScroll: true });
  };
  stage.onpointerdown = (event) => { stage.setPointerCapture(event.pointerId); stage.dataset.drag = "yes"; };
  stage.onpointerup = stage.onpointercancel = () => { delete stage.dataset.drag; };
  stage.onpointermove = (event) => {
    if (!stage.dataset.drag) return;
    s.camera.yaw -= event.movementX * 0.008;
    s.camera.pitch = clamp(s.camera.pitch + event.movementY * 0.008, -0.6, 1.5);
    draw();
  };
  function zoom(factor) {
    s.camera.zoom = clamp(s.camera.zoom * factor, 0.5, 4);
    draw();
  }
  stage.onwheel = (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls the page, as over the cortex
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.0012));
  };
  stage.ondblclick = () => { s.camera = { ...CAMERA }; draw(); };
  const seekTrack = (event) => seek(xToTime(event.offsetX, data, tracks.clientWidth));
  tracks.onpointerdown = (event) => { tracks.setPointerCapture(event.pointerId); tracks.dataset.drag = "yes"; seekTrack(event); };
  tracks.onpointermove = (event) => { if (tracks.dataset.drag) seekTrack(event); };
  tracks.onpointerup = tracks.onpointercancel = () => { delete tracks.dataset.drag; };
  words.onclick = (event) => {
    const { row, index } = event.composedPath()[0].dataset;
    if (index !== undefined) seek(data.transcripts[row].start[index]);
  };

  // ---- drawing
  function fit(canvas) {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { context, width, height };
  }

  // How far all motions reach as the camera looks at them; worked out anew when it turns.
  function reachNow() {
    const { yaw, pitch } = s.camera;
    if (reach?.yaw !== yaw || reach.pitch !== pitch) {
      reach = { yaw, pitch, ...reachOf(motions.flatMap((m) => m.places), s.camera) };
    }
    return reach;
  }

  function shapesNow(width, height, top = 0) {
    const columns = s.overlay ? 1 : motions.length;
    const at = fitted(reachNow(), width / columns, height); // the same size for all bodies
    const panels = motions.map((_, i) => ({ ...at, x: at.x + (width / columns) * (s.overlay ? 0 : i), y: at.y + top }));
    return sceneShapes(motions, s.time, s.camera, panels, theme, s);
  }

  function draw() {
    if (!data || !theme) return;
    const { context, width, height } = fit(stage);
    if (!width || !height) return;
    context.clearRect(0, 0, width, height);
    paintCanvas(context, shapesNow(width, height));
    labels.dataset.layout = s.overlay ? "overlay" : "side";
    motions.forEach((m, i) => {
      const pose = poseAt(m, s.time);
      const wrist = m.wrists.flatMap((j) => [0, 1, 2].map((c) => Math.round(1000 * pose[3 * j + c])));
      Object.assign(labels.children[i].dataset, { time: s.time.toFixed(4), wrists: wrist.join(" ") });
    });
    for (const ribbon of ribbons) moveRibbon(ribbon);
    cursor.style.transform = `translateX(${timeToX(s.time, data, tracks.clientWidth)}px)`;
    scrubber.value = s.time;
    clock.textContent = `${clockText(s.time)} / ${clockText(data.stop)}`;
    scrubber.setAttribute("aria-valuetext", `${s.time.toFixed(2)} seconds`);
    root.dataset.time = s.time.toFixed(4);
  }

  function moveRibbon(ribbon) {
    ribbon.belt.style.transform = `translateX(${ribbon.centre - (s.time - data.start) * ribbon.rate}px)`;
    const now = wordAt(ribbon, s.time);
    if (now === ribbon.now) return;
    ribbon.belt.children[ribbon.now]?.removeAttribute("data-now");
    ribbon.belt.children[now]?.setAttribute("data-now", "");
    ribbon.now = now;
  }

  function readTheme() {
    const style = getComputedStyle(root);
    const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgb = (value, fallback) => {
      probe.fillStyle = fallback;
      probe.fillStyle = value;
      probe.fillRect(0, 0, 1, 1);
      return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    };
    const back = rgb(style.getPropertyValue("--st-background-color").trim(), "#ffffff");
    const text = rgb(style.getPropertyValue("--st-text-color").trim(), "#31333f");
    const dark = back[0] + back[1] + back[2] < 384;
    theme = { back, text, font: style.fontFamily };
    root.style.colorScheme = dark ? "dark" : "light"; // for the browser's own slider and list
    motions.forEach((m) => {
      // Palette colours are a little lighter on a dark page; the reference is a softened text colour.
      m.rgb = m.colour ? mix(rgb(m.colour, "#888888"), [255, 255, 255], dark ? 0.18 : 0) : mix(text, back, 0.25);
      m.css = css(m.rgb);
    });
  }

  // Labels, transcripts and curves: on new data, a new size or a new theme.
  function layout() {
    if (!data || !root.clientWidth) return;
    readTheme();
    labels.replaceChildren(...motions.map((m) => {
      const all = globalThis.fmri2gesLines; // of the component track_lines; they come later than the motions
      const told = (data.lines_of && all?.of === data.lines_of && all.lines[m.name]) || [];
      const lines = told.map(({ text, weak }) => make("p", { text, class: weak ? "weak" : "" }));
      const names = [make("b", { text: m.name }), make("span", { text: m.detail })];
      const node = make("div", { "data-view": m.name }, [...names, ...lines]);
      node.style.setProperty("--mark", m.css);
      return node;
    }));
    layoutRibbons();
    const { context, width, height } = fit(tracks);
    drawTracks(context, width, height, data, motions, { text: css(theme.text), back: css(theme.back), font: theme.font });
    scrubber.style.marginLeft = `${MARGIN.left - 8}px`;
    scrubber.style.width = `calc(100% - ${MARGIN.left + MARGIN.right - 16}px)`;
    draw();
  }

  function layoutRibbons() {
    const measure = document.createElement("canvas").getContext("2d");
    measure.font = `600 15px ${theme.font}`;
    const gap = 9;
    const widths = data.transcripts.map((t) => t.words.map((w) => measure.measureText(w).width + 6));
    // One scale for all rows, wide enough for the fullest: the same place is the same time.
    const needs = widths.map((list) => list.reduce((sum, w) => sum + w + gap, 0) / (data.stop - data.start));
    const rate = clamp(1.12 * Math.max(0, ...needs), 70, 260);
    ribbons = [];
    words.replaceChildren(...data.transcripts.map((t, row) => {
      const lefts = layoutWords(t.start.map((v) => v - data.start), widths[row], rate, gap);
      const belt = make("div", { class: "belt" }, t.words.map((word, index) => {
        const node = make("span", { text: word, "data-row": row, "data-index": index, title: `${t.start[index].toFixed(2)} s` });
        node.style.left = `${lefts[index]}px`;
        return node;
      }));
      const strip = make("div", { class: "strip" }, [belt]);
      const line = make("div", { class: "row", "data-transcript": t.name }, [make("b", { text: t.name }), strip]);
      const owner = motions.find((m) => m.colour && m.colour === t.colour);
      line.style.setProperty("--mark", owner ? owner.css : css(theme.text));
      ribbons.push({ ...t, belt, strip, rate, now: -1, centre: 0 });
      return line;
    }));
    for (const ribbon of ribbons) ribbon.centre = ribbon.strip.clientWidth * 0.4;
  }

  // ---- saving the view as it is
  function picture() {
    const font = "Helvetica, Arial, sans-serif", colour = css(theme.text);
    const top = s.overlay ? 8 + 32 * motions.length : 40; // for the names; the note stands below the bodies
    const width = stage.clientWidth, height = top + stage.clientHeight + 24;
    const shapes = shapesNow(width, stage.clientHeight, top);
    motions.forEach((m, i) => {
      const x = s.overlay ? 14 : (width / motions.length) * i + 14;
      const y = s.overlay ? 22 + 32 * i : 22;
      shapes.push({ kind: "text", text: m.name, x, y, size: 14, weight: 600, font, colour: m.css });
      if (m.detail) shapes.push({ kind: "text", text: m.detail, x, y: y + 14, size: 10, font, colour });
    });
    const said = ribbons.map((r) => [r.name, wordAt(r, s.time)]).filter(([, i]) => i >= 0)
      .map(([name, i]) => `${name}: \u201c${ribbons.find((r) => r.name === name).words[i]}\u201d`);
    const note = [...(data.run ? [`run ${data.run}`] : []), data.caption, `${s.time.toFixed(2)} s`, ...said, ...(data.simulated ? ["simulated"] : [])].join("  \u00b7  ");
    shapes.push({ kind: "text", text: note, x: 14, y: height - 10, size: 11, font, colour });
    return { shapes, width, height };
  }

  function download(blob, suffix) {
    const url = URL.createObjectURL(blob);
    make("a", { href: url, download: `${data.file}_${s.time.toFixed(2)}s.${suffix}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  function saveSvg() {
    const { shapes, width, height } = picture();
    download(new Blob([svgDocument(shapes, width, height, css(theme.back))], { type: "image/svg+xml" }), "svg");
  }

  function savePng() {
    const { shapes, width, height } = picture();
    const canvas = make("canvas", { width: 3 * width, height: 3 * height });
    const context = canvas.getContext("2d");
    context.scale(3, 3);
    context.fillStyle = css(theme.back);
    context.fillRect(0, 0, width, height);
    paintCanvas(context, shapes);
    canvas.toBlob((blob) => download(blob, "png"), "image/png");
  }

  const observer = new ResizeObserver(layout);
  observer.observe(root);
  window.addEventListener("fmri2ges-lines", layout);

  return {
    update(next) {
      const sameWindow = s.start === next.start && s.stop === next.stop;
      data = next;
      motions = data.views.map((v) => prepare({ ...v, data: decodePositions(v.positions) }, data.skeleton));
      reach = null;
      root.style.minHeight = data.height;
      root.setAttribute("aria-label", `Gesture player: ${data.caption}`);
      stage.setAttribute("aria-label", `Skeletons of ${motions.map((m) => m.name).join(", ")}; drag to turn, plus and minus to zoom`);
      captionNode.textContent = captionNode.title = data.caption;
      chip.hidden = !data.simulated;
      Object.assign(scrubber, { min: data.start, max: data.stop, step: 1 / motions[0].fps });
      if (!sameWindow) Object.assign(s, { time: data.start, start: data.start, stop: data.stop });
      layout();
      root.dataset.playing = s.playing;
    },
    destroy() {
      s.playing = false;
      cancelAnimationFrame(frame);
      observer.disconnect();
      window.removeEventListener("fmri2ges-lines", layout);
    },
  };
}

const PLAYERS = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  if (!PLAYERS.has(parentElement)) PLAYERS.set(parentElement, createPlayer(parentElement.querySelector(".player")));
  PLAYERS.get(parentElement).update(data);
  return () => {
    PLAYERS.get(parentElement)?.destroy();
    PLAYERS.delete(parentElement);
  };
}
