// The two painters of the cortex. Both offer draw(scene) and close(). A scene is
// {surface, panels: [{hemisphere, matrix, centre, scale, x, y, w, h}], table, palette, ratio}:
// `table` holds, per label (0 = medial wall), a fill colour with its strength, the number whose
// change makes an outline, and whether the area is selected.

const TABLE_WIDTH = 512;

const VERTEX_SHADER = `#version 300 es
in vec3 position; in vec3 normal; in float sulc; in vec3 labels;
uniform mat3 camera; uniform vec3 centre; uniform vec2 zoom;
out vec3 corner; out vec3 facing; out float fold; flat out vec3 area;
void main() {
  vec3 p = camera * (position - centre);
  gl_Position = vec4(p.xy * zoom, -p.z / 300.0, 1.0);
  int c = gl_VertexID % 3;
  corner = vec3(c == 0, c == 1, c == 2);
  facing = camera * normal; fold = sulc; area = labels;
}`;

// A pixel belongs to the nearest corner of its triangle: crisp borders from vertex labels.
const PIXEL_SHADER = `#version 300 es
precision highp float;
in vec3 corner; in vec3 facing; in float fold; flat in vec3 area;
uniform sampler2D table; uniform vec3 gyrus; uniform vec3 sulcus; uniform vec3 line; uniform vec3 mark; uniform float px;
out vec4 colour;
vec4 look(float label, int row) { return texelFetch(table, ivec2(int(label + 0.5), row), 0); }
float most(vec3 v) { return max(v.x, max(v.y, v.z)); }
void main() {
  float nearest = corner.x >= corner.y && corner.x >= corner.z ? area.x : corner.y >= corner.z ? area.y : area.z;
  vec4 fill = look(nearest, 0);
  vec3 c = mix(mix(gyrus, sulcus, smoothstep(-0.35, 0.45, fold)), fill.rgb, fill.a);
  vec3 n = normalize(facing);
  c *= 0.66 + 0.34 * clamp(n.z + 0.15 * n.y, 0.0, 1.0);
  // Distance in pixels from the border between corners x and y, y and z, z and x.
  vec3 between = corner - corner.yzx, d = abs(between) / max(fwidth(between), 1e-6);
  if (area.x != area.y || area.y != area.z) {
    vec3 here = step(corner.zxy, max(corner, corner.yzx));
    vec4 p = look(area.x, 1), q = look(area.y, 1), r = look(area.z, 1);
    vec3 border = here * vec3(p.rg != q.rg, q.rg != r.rg, r.rg != p.rg);
    c = mix(c, line, 0.5 * most(border * (1.0 - smoothstep(0.55 * px - 0.5, 0.55 * px + 0.5, d))));
    border = here * vec3(p.b != q.b, q.b != r.b, r.b != p.b);
    c = mix(c, mark, most(border * (1.0 - smoothstep(0.9 * px - 0.5, 0.9 * px + 0.5, d))));
  }
  colour = vec4(c, 1.0);
}`;

// The line where a mesh is cut open. A context of the canvas draws it smoother than triangles can.
function strokeRim(g, shape, panel, colour) {
  if (!shape.rim.length) return;
  const points = new Float32Array(3 * shape.rim.length), at = new Float32Array(points.length);
  shape.rim.forEach((v, i) => points.set(shape.positions.subarray(3 * v, 3 * v + 3), 3 * i));
  project(points, panel.centre, 0, shape.rim.length, panel.matrix, panel.scale, panel, at);
  g.save();
  g.beginPath();
  g.rect(panel.x, panel.y, panel.w, panel.h);
  g.clip();
  g.beginPath();
  for (let i = 0; i < at.length; i += 6) {
    g.moveTo(at[i], at[i + 1]);
    g.lineTo(at[i + 3], at[i + 4]);
  }
  Object.assign(g, { lineWidth: 1.8, lineCap: "round", strokeStyle: `rgb(${colour.map((v) => Math.round(255 * v)).join(",")})` });
  g.stroke();
  g.restore();
}

// Antialiasing triples the time of a draw where no GPU does it.
function softwareGL() {
  const gl = document.createElement("canvas").getContext("webgl2");
  const info = gl?.getExtension("WEBGL_debug_renderer_info");
  const name = info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : "";
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software/i.test(name);
}

// Draws on a canvas of its own and copies the picture: a WebGL canvas in the page is cut in half by
// Chromium's software compositor where a popover covers a part of it.
class GLPainter {
  constructor(canvas, mesh, onLost) {
    this.context = canvas.getContext("2d");
    this.own = document.createElement("canvas");
    this.own.addEventListener("webglcontextlost", onLost);
    const gl = this.own.getContext("webgl2", { antialias: !softwareGL(), alpha: true });
    if (!gl) throw new Error("no WebGL 2");
    this.gl = gl;
    this.mesh = mesh;
    const program = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX_SHADER], [gl.FRAGMENT_SHADER, PIXEL_SHADER]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    gl.useProgram(program);
    this.program = program;
    this.at = (name) => gl.getUniformLocation(program, name);
    this.buffers = {};
    this.texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    for (const f of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, f, gl.NEAREST);
    gl.enable(gl.DEPTH_TEST);
    gl.enable(gl.CULL_FACE);
    gl.enable(gl.SCISSOR_TEST);
  }

  // Corners of all triangles, unrolled, so that a pixel knows the labels of its whole triangle.
  vertexArray(kind, hemisphere) {
    const name = `${kind}${hemisphere}`;
    if (this.buffers[name]) return this.buffers[name];
    const { gl, mesh } = this, surface = mesh.surfaces[kind][hemisphere], { faces } = surface;
    const stride = 10, out = new Float32Array(stride * faces.length);
    const labels = mesh.labels[hemisphere], sulc = mesh.sulc[hemisphere];
    for (let i = 0, o = 0; i < faces.length; i++, o += stride) {
      const v = faces[i], t = i - (i % 3);
      out.set(surface.positions.subarray(3 * v, 3 * v + 3), o);
      out.set(surface.normals.subarray(3 * v, 3 * v + 3), o + 3);
      out[o + 6] = sulc[v] / 64;
      for (let k = 0; k < 3; k++) out[o + 7 + k] = labels[faces[t + k]];
    }
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, out, gl.STATIC_DRAW);
    for (const [attribute, size, offset] of [["position", 3, 0], ["normal", 3, 3], ["sulc", 1, 6], ["labels", 3, 7]]) {
      const where = gl.getAttribLocation(this.program, attribute);
      gl.enableVertexAttribArray(where);
      gl.vertexAttribPointer(where, size, gl.FLOAT, false, 4 * stride, 4 * offset);
    }
    return (this.buffers[name] = array);
  }

  draw(scene) {
    const { gl, mesh, own, context } = this, { palette, ratio } = scene, { width, height } = context.canvas;
    if (own.width !== width || own.height !== height) Object.assign(own, { width, height });
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, TABLE_WIDTH, 2, 0, gl.RGBA, gl.UNSIGNED_BYTE, scene.table);
    for (const name of ["gyrus", "sulcus", "line", "mark"]) gl.uniform3fv(this.at(name), palette[name]);
    gl.uniform1f(this.at("px"), ratio);
    gl.clearColor(0, 0, 0, 0);
    for (const p of scene.panels) {
      const area = [p.x * ratio, height - (p.y + p.h) * ratio, p.w * ratio, p.h * ratio].map(Math.round);
      gl.viewport(...area);
      gl.scissor(...area);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      gl.bindVertexArray(this.vertexArray(scene.surface, p.hemisphere));
      gl.uniformMatrix3fv(this.at("camera"), true, p.matrix);
      gl.uniform3fv(this.at("centre"), p.centre);
      gl.uniform2f(this.at("zoom"), (2 * p.scale) / p.w, (2 * p.scale) / p.h);
      gl.drawArrays(gl.TRIANGLES, 0, mesh.surfaces[scene.surface][p.hemisphere].faces.length);
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.drawImage(own, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const p of scene.panels) strokeRim(context, mesh.surfaces[scene.surface][p.hemisphere], p, palette.line);
  }

  close() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

// Without WebGL: triangles that face the eye, far ones first.
class CanvasPainter {
  constructor(canvas, mesh) {
    this.context = canvas.getContext("2d");
    this.mesh = mesh;
  }

  draw(scene) {
    const { context: g, mesh } = this, { n } = mesh, { palette, table } = scene;
    g.setTransform(scene.ratio, 0, 0, scene.ratio, 0, 0);
    g.clearRect(0, 0, g.canvas.width, g.canvas.height);
    const mix = (a, b, t) => a.map((v, i) => v + (b[i] - v) * t);
    for (const p of scene.panels) {
      const s = mesh.surfaces[scene.surface][p.hemisphere], m = p.matrix, { faces } = s;
      const labels = mesh.labels[p.hemisphere], sulc = mesh.sulc[p.hemisphere];
      const screen = project(s.positions, p.centre, 0, n, m, p.scale, p, new Float32Array(3 * n));
      const order = [];
      for (let t = 0; t < faces.length; t += 3) {
        const i = 3 * faces[t], j = 3 * faces[t + 1], k = 3 * faces[t + 2];
        const turn = (screen[j] - screen[i]) * (screen[k + 1] - screen[i + 1]) - (screen[j + 1] - screen[i + 1]) * (screen[k] - screen[i]);
        if (turn < 0) order.push([screen[i + 2] + screen[j + 2] + screen[k + 2], t]);
      }
      order.sort((a, b) => a[0] - b[0]);
      g.save();
      g.beginPath();
      g.rect(p.x, p.y, p.w, p.h);
      g.clip();
      for (const [, t] of order) {
        const v = faces[t], l = labels[v], q = 3 * v;
        const light = 0.66 + 0.34 * Math.max(0, m[6] * s.normals[q] + m[7] * s.normals[q + 1] + m[8] * s.normals[q + 2]);
        const folded = Math.min(1, Math.max(0, (sulc[v] / 64 + 0.35) / 0.8));
        let c = mix(palette.gyrus, palette.sulcus, folded);
        c = mix(c, [0, 1, 2].map((i) => table[4 * l + i] / 255), table[4 * l + 3] / 255);
        const row = 4 * TABLE_WIDTH, same = (a, b, i) => table[row + 4 * a + i] === table[row + 4 * b + i];
        const others = [labels[faces[t + 1]], labels[faces[t + 2]]];
        if (others.some((o) => !same(l, o, 2))) c = palette.mark;
        else if (others.some((o) => !same(l, o, 0) || !same(l, o, 1))) c = mix(c, palette.line, 0.5);
        g.fillStyle = g.strokeStyle = `rgb(${c.map((x) => Math.round(255 * x * light)).join(",")})`;
        g.beginPath();
        for (const k of [0, 1, 2]) g.lineTo(screen[3 * faces[t + k]], screen[3 * faces[t + k] + 1]);
        g.closePath();
        g.fill();
        g.stroke();
      }
      g.restore();
      strokeRim(g, s, p, palette.line);
    }
  }

  close() {}
}
