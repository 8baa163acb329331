// The page side of the player: controls, one clock, one camera. Words and names are user data and are only
// ever set with textContent.
import { createAxis } from "./axis.js";
import { button, fitCanvas, group, icon, make } from "./dom.js";
import { fitted, reachOf } from "./fit.js";
import { hintOf, keyOf, playerKeys, tellKeys } from "./keys.js";
import { fanText, prepareFan } from "./fan.js";
import { applyView, saysSomething, viewTexts, writeSoon } from "./link.js";
import { savePng, saveSession, saveSvg } from "./save.js";
import { css, mix, paintCanvas, placesIn, prepare, sceneShapes } from "./scene.js";
import { advance, clamp, clockText, decodePositions, jointAt, layoutWords, stepFrame, wordAt } from "./timeline.js";

const PRESETS = { front: [0, 0.06], side: [Math.PI / 2, 0.06], top: [0, 1.35] };
const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
const CAMERA = { yaw: 0.3, pitch: 0.12, zoom: 1, distance: 3.2 };
// range: the stretch that is looped, null for all; zoom: the part in sight on the axis, null for all; view: number of
// the view of a link that was followed last.
const FIRST = {
  time: 0, start: null, stop: null, speed: 1, loop: false, range: null, zoom: null, view: null, trails: true,
  overlay: false, fan: true,
};

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
  const toggles = []; // each with what it shows
  const toggle = (label, text, get, set) => {
    const node = button(label, text, () => { set(!get()); press(); draw(); changed(); });
    toggles.push([node, get]);
    return node;
  };
  const press = () => toggles.forEach(([node, get]) => node.setAttribute("aria-pressed", get()));
  const axis = createAxis(s, { seek, changed });
  const keys = playerKeys({
    play: () => play(!s.playing), step, skip: (seconds) => seek(s.time + seconds),
    first: () => seek(data.start), last: () => seek(data.stop),
    loopFrom: () => axis.loopBetween(s.time, s.range?.[1] ?? data.stop),
    loopTo: () => axis.loopBetween(s.range?.[0] ?? data.start, s.time),
    loop: () => axis.loopOver(null, !s.loop), zoomTime: (factor) => axis.zoomBy(factor), all: () => axis.all(), zoom,
  });
  const chip = make("span", { class: "chip", text: "simulated", title: "These recordings are simulated, not measured" });
  const captionNode = make("span", { class: "caption" });
  const stage = make("canvas", { class: "stage", role: "img" });
  const labels = make("div", { class: "labels" });
  const words = make("div", { class: "words" });
  const clock = make("output", { class: "clock", "aria-label": "Time" });
  const playButton = button("Play (space)", icon("play"), () => play(!s.playing));
  const speedPicker = make("select", { "aria-label": "Speed", title: "Speed" },
    SPEEDS.map((v) => make("option", { value: v, text: `${v}\u00d7` })));
  const overlay = toggle("Overlay the bodies in one view", "Overlay", () => s.overlay, (on) => { s.overlay = on; tellPoses(); });
  const trails = toggle("Show the path of the wrists", "Trails", () => s.trails, (on) => { s.trails = on; });
  const fanButton = toggle("Show the arms of all samples", "Samples", () => s.fan, (on) => { s.fan = on; axis.show(); });
  const sessionButton = button("Save this view as a session file", "\u2193 Session", () => saveSession(data.session, linkTexts()));
  const loop = toggle("Begin again at the end", icon("loop"), () => s.loop, (on) => axis.loopOver(null, on));
  const presets = Object.entries(PRESETS).map(([name, [yaw, pitch]]) =>
    button(`View from the ${name}`, name[0].toUpperCase() + name.slice(1), () => turn({ yaw, pitch, zoom: 1 })));
  root.replaceChildren(
    make("div", { class: "bar" }, [
      chip, captionNode, group("Camera", presets), group("Display", [overlay, fanButton, trails]),
    ]),
    labels, make("div", { class: "scene" }, [stage]), words, ...axis.nodes,
    make("div", { class: "bar controls" }, [
      group("Playback", [
        button("One frame back (left arrow)", icon("back"), () => step(-1)), playButton,
        button("One frame forward (right arrow)", icon("forward"), () => step(1)), loop,
      ]),
      clock, speedPicker, make("span", { class: "hint", text: hintOf(keys) }),
      group("Save this view", [
        button("Save this view as SVG", "\u2193 SVG", () => saveSvg(picture(), fileName())),
        button("Save this view as PNG", "\u2193 PNG", () => savePng(picture(), fileName())),
        sessionButton,
      ]),
    ]),
  );
  press();
  root.tabIndex = 0;
  root.setAttribute("role", "group");
  speedPicker.value = s.speed;
  tellKeys("Player, after a click on it", keys);

  // ---- clock
  function seek(time) {
    s.time = clamp(time, data.start, data.stop);
    draw();
    changed();
  }

  function step(count) {
    play(false);
    seek(stepFrame(s.time, count, data.start, data.stop, motions[0].fps));
  }

  // First and last moment of what is played.
  function stretch() {
    return (s.loop && s.range) || [data.start, data.stop];
  }

  function play(on) {
    const [start, stop] = stretch();
    if (on && (s.time >= stop - 1e-6 || s.time < start)) s.time = start;
    s.playing = on;
    last = performance.now();
    playButton.replaceChildren(icon(on ? "pause" : "play"));
    const label = on ? "Pause (space)" : "Play (space)";
    playButton.setAttribute("aria-label", label);
    playButton.title = label;
    root.dataset.playing = on;
    draw();
    changed();
    if (on) frame = requestAnimationFrame(tick);
  }

  function tick(now) {
    if (!s.playing) return;
    if (!root.isConnected) return void (s.playing = false);
    // A hidden tab stops the clock instead of making it jump.
    const seconds = Math.min((now - last) / 1000, 0.25) * s.speed;
    last = now;
    const moved = advance(s.time, Math.max(seconds, 0), ...stretch(), s.loop);
    s.time = moved.time;
    if (moved.ended) return play(false);
    draw();
    frame = requestAnimationFrame(tick);
  }

  // The address keeps up with what is seen, where the page has one that it may change.
  function changed() {
    press();
    if (data?.view) writeSoon(() => (s.playing ? null : linkTexts()));
  }

  function linkTexts() {
    return viewTexts(s, { ...FIRST, time: data.start, camera: CAMERA });
  }

  // ---- input
  speedPicker.onchange = () => { s.speed = Number(speedPicker.value); };
  root.onkeydown = (event) => {
    const key = keyOf(keys, event);
    if (!key) return;
    event.preventDefault();
    event.stopPropagation();
    key.act();
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
    const { yaw, pitch } = s.camera;
    turn({ yaw: yaw - event.movementX * 0.008, pitch: clamp(pitch + event.movementY * 0.008, -0.6, 1.5) });
  };
  function turn(changes) {
    // As exact as a link says it, which then shows the same picture.
    for (const [name, value] of Object.entries(changes)) s.camera[name] = Math.round(1000 * value) / 1000;
    draw();
    changed();
  }
  function zoom(factor) {
    turn({ zoom: clamp(s.camera.zoom * factor, 0.5, 4) });
  }
  stage.onwheel = (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls the page, as over the cortex
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.0012));
  };
  stage.ondblclick = () => turn(CAMERA);
  words.onclick = (event) => {
    const { row, index } = event.composedPath()[0].dataset;
    if (index !== undefined) seek(data.transcripts[row].start[index]);
  };

  // ---- drawing
  // How far all motions reach as the camera looks at them; worked out anew when it turns.
  function reachNow() {
    const { yaw, pitch } = s.camera;
    if (reach?.yaw !== yaw || reach.pitch !== pitch || reach.fan !== s.fan) {
      const places = motions.flatMap((m) => (s.fan && m.fan ? [...m.places, ...m.fan.places] : m.places));
      reach = { yaw, pitch, fan: s.fan, ...reachOf(places, s.camera) };
    }
    return reach;
  }

  // The samples of every track, which come after its motion.
  function takeFans() {
    const before = motions.map((m) => m.fan);
    for (const m of motions) {
      m.fan = prepareFan(extrasOf("fan", m.name), m.fan);
      if (m.fan) m.fan.places ??= m.fan.samples.flatMap((sample) => placesIn({ ...m, ...sample }));
    }
    if (motions.some((m, i) => m.fan !== before[i])) reach = null;
    const fans = motions.map((m) => m.fan).filter(Boolean);
    fanButton.hidden = !fans.length;
    if (fans.length) fanButton.title = fanText(fans[0]);
  }

  function shapesNow(width, height, top = 0) {
    const columns = s.overlay ? 1 : motions.length;
    const at = fitted(reachNow(), width / columns, height); // the same size for all bodies
    const panels = motions.map((_, i) => ({ ...at, x: at.x + (width / columns) * (s.overlay ? 0 : i), y: at.y + top }));
    return sceneShapes(motions, s.time, s.camera, panels, theme, s);
  }

  function draw() {
    if (!data || !theme) return;
    const { context, width, height } = fitCanvas(stage);
    if (!width || !height) return;
    context.clearRect(0, 0, width, height);
    paintCanvas(context, shapesNow(width, height));
    if (!s.playing) tellPoses();
    for (const ribbon of ribbons) moveRibbon(ribbon);
    axis.place();
    clock.textContent = `${clockText(s.time)} / ${clockText(data.stop)}`;
    root.dataset.time = s.time.toFixed(4);
  }

  // Where everybody is, for who reads the page; not while it plays.
  function tellPoses() {
    labels.dataset.layout = s.overlay ? "overlay" : "side";
    motions.forEach((m, i) => {
      const wrist = m.wrists.flatMap((j) => [...jointAt(m, s.time, j)].map((v) => Math.round(1000 * v)));
      Object.assign(labels.children[i].dataset, { time: s.time.toFixed(4), wrists: wrist.join(" ") });
    });
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

  // Of the component track_extras, which brings it after the motions: the lines or the fan of a track.
  function extrasOf(kind, name) {
    const all = globalThis.fmri2gesExtras?.[kind];
    return data.extras_of && all?.of === data.extras_of ? all.tracks[name] : undefined;
  }

  // Labels, transcripts and curves: on new data, a new size or a new theme.
  function layout() {
    if (!data || !root.clientWidth) return;
    readTheme();
    takeFans();
    labels.replaceChildren(...motions.map((m) => {
      const told = extrasOf("lines", m.name) ?? [];
      m.mark = extrasOf("marks", m.name) ?? "";
      const lines = told.map(({ text, weak }) => make("p", { text, class: weak ? "weak" : "" }));
      const marks = m.mark ? [make("i", { text: m.mark })] : [];
      const names = [make("b", { text: m.name }), ...marks, make("span", { text: m.detail, title: m.detail })];
      const node = make("div", { "data-view": m.name }, [make("div", { class: "name" }, names), ...lines]);
      node.style.setProperty("--mark", m.css);
      return node;
    }));
    layoutRibbons();
    axis.show(data, motions, { text: css(theme.text), font: theme.font });
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
  const fileName = () => `${data.file}_${s.time.toFixed(2)}s`;

  function picture() {
    const font = "Helvetica, Arial, sans-serif", colour = css(theme.text);
    const top = s.overlay ? 8 + 32 * motions.length : 40; // for the names; the note stands below the bodies
    const width = stage.clientWidth, height = top + stage.clientHeight + 24;
    const shapes = shapesNow(width, stage.clientHeight, top);
    motions.forEach((m, i) => {
      const x = s.overlay ? 14 : (width / motions.length) * i + 14;
      const y = s.overlay ? 22 + 32 * i : 22;
      shapes.push({ kind: "text", text: [m.name, ...(m.mark ? [`(${m.mark})`] : [])].join(" "), x, y, size: 14, weight: 600, font, colour: m.css });
      if (m.detail) shapes.push({ kind: "text", text: m.detail, x, y: y + 14, size: 10, font, colour });
    });
    const said = ribbons.map((r) => [r.name, wordAt(r, s.time)]).filter(([, i]) => i >= 0)
      .map(([name, i]) => `${name}: \u201c${ribbons.find((r) => r.name === name).words[i]}\u201d`);
    const fan = s.fan && motions.find((m) => m.fan)?.fan;
    const note = [...(data.run ? [`run ${data.run}`] : []), data.caption, `${s.time.toFixed(2)} s`, ...said, ...(fan ? [`thin: arms of ${fan.drawn} of ${fan.n} samples`] : []), ...(data.simulated ? ["simulated"] : [])].join("  \u00b7  ");
    shapes.push({ kind: "text", text: note, x: 14, y: height - 10, size: 11, font, colour });
    return { shapes, width, height, back: css(theme.back) };
  }

  const observer = new ResizeObserver(layout);
  observer.observe(root);
  window.addEventListener("fmri2ges-extras", layout);
  window.addEventListener("fmri2ges-address", changed);
  const keeper = setInterval(() => { if (!s.playing) changed(); }, 1000); // the server may write an older view there

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
      sessionButton.hidden = !data.session;
      if (!sameWindow) {
        Object.assign(s, { time: data.start, start: data.start, stop: data.stop, loop: s.loop && !s.range, range: null, zoom: null });
      }
      if (data.view && data.view.number !== s.view) {
        // A first link that names nothing leaves the clock where another page's player brought it.
        if (saysSomething(data.view) || s.view !== null) applyView(s, data.view, { ...FIRST, camera: CAMERA });
        press();
        s.view = data.view.number;
      }
      layout();
      changed();
      root.dataset.playing = s.playing;
    },
    destroy() {
      s.playing = false;
      cancelAnimationFrame(frame);
      observer.disconnect();
      axis.destroy();
      clearInterval(keeper);
      tellKeys("Player, after a click on it", null);
      window.removeEventListener("fmri2ges-extras", layout);
      window.removeEventListener("fmri2ges-address", changed);
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
