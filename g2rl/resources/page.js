"use strict";
// Frames are counted from 0 here, `now` is the one shown; a row of `rows` is one face in one frame.
const $ = (id) => document.getElementById(id);
const about = JSON.parse($("about").textContent);
const K = about.aus.length, M = about.mapSize, W = about.columns, FIRST_AU = W - K;
const [FACE, SUCCESS, CONFIDENCE, BOX, MATRIX] = [1, 2, 3, 4, 8]; // columns of rows
const ALL = K, NONE = K + 1; // heatmaps: the maximum over all AUs; none
const COLOUR = { ink: "#1b1f24", soft: "#667080", line: "#dfe3e8", absent: "#f0f1f3", doubtful: "#d5d9df", grey: "#8b929c" };
const video = document.querySelector("video");
let rows, times, numbers, N, firstRow, faces;
let now = 0, view, heat = ALL, pendingSeek = null;
const units = new Set(Array(K).keys()), shown = new Set(), maps = new Map();

// Data

function bytes(element) {
  const text = atob(element.textContent), out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

async function inflate(element) {
  const stream = new Blob([bytes(element)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

const colourOf = (face) => about.colours[face % about.colours.length];

/** Index of the last frame that is shown at `seconds`. */
function frameAt(seconds) {
  let low = 0, high = N - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= seconds + 1e-4) low = middle; else high = middle - 1;
  }
  return low;
}

const endOf = (frame) => (frame + 1 < N ? times[frame + 1] : about.end);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const clock = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(2).padStart(5, "0")}`;

/** Rows of the chosen faces in a frame. */
function rowsOf(frame) {
  const found = [];
  for (let r = firstRow[frame]; r < firstRow[frame + 1]; r++) if (shown.has(rows[r * W + FACE])) found.push(r);
  return found;
}

async function read() {
  rows = new Float32Array(await inflate(document.querySelector(".rows")));
  const frames = new Float64Array(await inflate(document.querySelector(".frames")));
  N = frames.length / 2;
  numbers = Array.from({ length: N }, (_, i) => frames[2 * i]);
  times = Float64Array.from({ length: N }, (_, i) => frames[2 * i + 1]);
  const R = rows.length / W;
  firstRow = new Uint32Array(N + 1);
  for (let r = 0; r < R; r++) firstRow[rows[r * W] + 1]++;
  for (let i = 0; i < N; i++) firstRow[i + 1] += firstRow[i];
  faces = new Map(); // face → its intensities, N of each AU after another, NaN where it is not found
  for (let r = 0; r < R; r++) {
    const face = rows[r * W + FACE];
    if (!faces.has(face)) faces.set(face, new Float32Array(N * K).fill(NaN));
    const values = faces.get(face);
    for (let k = 0; k < K; k++) values[k * N + rows[r * W]] = rows[r * W + FIRST_AU + k];
  }
  faces = new Map([...faces].sort((a, b) => a[0] - b[0]));
  for (const face of faces.keys()) shown.add(face);
  view = [0, about.end];
}

/** A face's heatmap, M×M levels, or null until its chunk is decompressed. */
function heatmap(row, drawAgain) {
  const chunk = Math.floor(row / about.chunk);
  const known = maps.get(chunk);
  if (!known) {
    maps.set(chunk, "loading");
    if (maps.size > 12) maps.delete(maps.keys().next().value);
    const element = document.getElementsByClassName("heat")[chunk];
    if (element) inflate(element).then((data) => { maps.set(chunk, new Uint8Array(data)); drawAgain(); });
  }
  if (!(known instanceof Uint8Array)) return null;
  const size = M * M, count = known.length / size / K, at = row % about.chunk;
  const of = (k) => known.subarray((k * count + at) * size, (k * count + at + 1) * size);
  if (heat < ALL) return of(heat);
  const highest = new Uint8Array(size);
  for (let k = 0; k < K; k++) of(k).forEach((value, i) => { if (value > highest[i]) highest[i] = value; });
  return highest;
}

// The picture

function ramp(intensity) {
  const low = Math.min(Math.floor(intensity), 4), share = intensity - low;
  return about.ramp[low].map((value, c) => Math.round(value + (about.ramp[low + 1][c] - value) * share));
}

const tile = Object.assign(document.createElement("canvas"), { width: M, height: M });

function drawHeat(context, row, scale) {
  const levels = heatmap(row, drawOver);
  if (!levels) return;
  const image = new ImageData(M, M);
  levels.forEach((level, i) => {
    const intensity = (level / (about.levels - 1)) * 5;
    image.data.set([...ramp(intensity), 150 * clamp((intensity - about.faint) / (2 - about.faint), 0, 1)], 4 * i);
  });
  tile.getContext("2d").putImageData(image, 0, 0);
  const [a, b, c, d, e, f] = rows.subarray(row * W + MATRIX, row * W + MATRIX + 6); // image → map, pixel centres
  const centres = new DOMMatrix([a, d, b, e, c, f]).inverse();
  const matrix = new DOMMatrix().scale(scale).translate(0.5, 0.5).multiply(centres).translate(-0.5, -0.5);
  context.setTransform(matrix);
  context.drawImage(tile, 0, 0);
  context.resetTransform();
}

function drawFaces(context, scale) {
  for (const row of rowsOf(now)) {
    if (heat !== NONE) drawHeat(context, row, scale);
    if (!$("boxes").checked) continue;
    const [left, top, right, bottom] = rows.subarray(row * W + BOX, row * W + BOX + 4).map((value) => value * scale);
    const face = rows[row * W + FACE], doubtful = !rows[row * W + SUCCESS], size = 12 * devicePixelRatio;
    context.strokeStyle = context.fillStyle = doubtful ? COLOUR.grey : colourOf(face);
    context.lineWidth = 1.5 * devicePixelRatio;
    context.strokeRect(left, top, right - left, bottom - top);
    context.font = `600 ${size}px system-ui, sans-serif`;
    const label = `face ${face}${doubtful ? ", doubtful" : ""}`, y = Math.max(top, 1.5 * size);
    context.fillRect(left - 1, y - 1.5 * size, context.measureText(label).width + size, 1.5 * size);
    context.fillStyle = "#fff";
    context.fillText(label, left + 0.5 * size - 1, y - 0.45 * size);
  }
}

function drawOver() {
  const over = $("over"), box = video.getBoundingClientRect(), around = $("screen").getBoundingClientRect();
  if (!box.width || !about.width) return;
  const fit = Math.min(box.width / about.width, box.height / about.height), ratio = devicePixelRatio;
  const width = fit * about.width, height = fit * about.height;
  over.width = Math.round(width * ratio);
  over.height = Math.round(height * ratio);
  Object.assign(over.style, { width: `${width}px`, height: `${height}px`,
    left: `${box.left - around.left + (box.width - width) / 2}px`, top: `${box.top - around.top + (box.height - height) / 2}px` });
  drawFaces(over.getContext("2d"), fit * ratio);
}

// The values of this frame

function makeUnits() {
  const body = document.querySelector("tbody");
  const option = (value, text) => $("heat").append(new Option(text, value));
  option(ALL, "all, the highest");
  about.aus.forEach(([code, name], k) => {
    option(k, `${code} ${name}`);
    const row = body.insertRow();
    row.innerHTML = `<td><input type="checkbox" checked></td><td><button class="name"><b></b><span></span></button></td>
      <td class="bars"><div class="track"></div></td><td class="value"></td>`;
    row.querySelector("b").textContent = code;
    row.querySelector("span").textContent = name;
    const box = row.querySelector("input"), button = row.querySelector("button");
    box.setAttribute("aria-label", `Timeline of ${code} ${name}`);
    button.title = `Heatmap of ${code} ${name}`;
    box.onchange = () => { if (box.checked) units.add(k); else units.delete(k); drawChart(); };
    button.onclick = () => chooseHeat(heat === k ? ALL : k);
    for (const face of faces.keys()) row.querySelector(".track").append(document.createElement("i"));
  });
  option(NONE, "none");
  $("heat").value = heat;
}

function drawUnits() {
  const found = new Map(rowsOf(now).map((row) => [rows[row * W + FACE], row]));
  [...document.querySelector("tbody").rows].forEach((line, k) => {
    const bars = line.querySelectorAll(".track i");
    [...faces.keys()].forEach((face, i) => {
      const row = found.get(face);
      bars[i].style.display = shown.has(face) && (row !== undefined || found.size === 0) ? "" : "none";
      bars[i].style.background = row !== undefined && !rows[row * W + SUCCESS] ? COLOUR.grey : colourOf(face);
      bars[i].style.transform = `scaleX(${row === undefined ? 0 : rows[row * W + FIRST_AU + k] / 5})`;
    });
    const values = [...found.values()].map((row) => rows[row * W + FIRST_AU + k]);
    line.querySelector(".value").textContent = values.length ? Math.max(...values).toFixed(1) : "–";
    line.classList.toggle("quiet", !values.some((value) => value >= 1));
    line.classList.toggle("chosen", k === heat);
  });
  const doubtful = [...found].filter(([, row]) => !rows[row * W + SUCCESS]).map(([face]) => face);
  $("doubt").textContent = !found.size ? "No chosen face in this frame" : doubtful.length ? `Doubtful: face ${doubtful.join(", ")}` : "";
}

function chooseHeat(unit) {
  heat = unit;
  $("heat").value = unit;
  drawUnits();
  drawOver();
  drawChart();
}

// The timelines

const geometry = () => {
  const width = $("plot").clientWidth, narrow = width < 620, list = [...units].sort((a, b) => a - b);
  return { width, narrow, list, left: narrow ? 4 : 172, right: 10, row: narrow ? 46 : 34, height: list.length * (narrow ? 46 : 34) + 26 };
};
const xOf = (seconds, g) => g.left + ((seconds - view[0]) / (view[1] - view[0])) * (g.width - g.left - g.right);
const secondsOf = (x, g) => clamp(view[0] + ((x - g.left) / (g.width - g.left - g.right)) * (view[1] - view[0]), 0, about.end);

/** Draw [time, lowest, highest] of each pixel that has frames, or of each frame where these are wider. */
function trace(context, values, from, to, g, y) {
  const x = (i) => xOf(times[i], g);
  let pen = false, i = from;
  const line = new Path2D();
  while (i <= to) {
    const column = Math.floor(x(i));
    let low = Infinity, high = -Infinity, next = i, first = NaN;
    do {
      const value = values(next);
      if (value === value) { low = Math.min(low, value); high = Math.max(high, value); if (first !== first) first = value; }
      next++;
    } while (next <= to && Math.floor(x(next)) === column);
    if (low > high) pen = false;
    else {
      const at = next - i > 1 ? column + 0.5 : x(i);
      if (pen) line.lineTo(at, y(first)); else line.moveTo(at, y(first));
      if (next - i > 1) { line.lineTo(at, y(low)); line.lineTo(at, y(high)); }
      else if (!pen && (next > to || values(next) !== values(next))) line.lineTo(xOf(endOf(i), g), y(first)); // a frame alone
      pen = true;
    }
    i = next;
  }
  context.stroke(line);
}

function shade(context, from, to, g, height) {
  let start = from, kind = "";
  const kindOf = (frame) => {
    const found = rowsOf(frame);
    return !found.length ? "absent" : found.some((row) => !rows[row * W + SUCCESS]) ? "doubtful" : "";
  };
  for (let i = from; i <= to + 1; i++) {
    const next = i <= to ? kindOf(i) : null;
    if (next === kind) continue;
    if (kind) {
      context.fillStyle = COLOUR[kind];
      const x = xOf(times[start], g);
      context.fillRect(x, 0, Math.max(xOf(i <= to ? times[i] : endOf(to), g) - x, 1), height);
    }
    [start, kind] = [i, next];
  }
}

function ticks(span, count) {
  const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
  return steps.find((step) => span / step <= count) || 7200;
}

function drawLines(context, g) {
  context.clearRect(0, 0, g.width, g.height);
  const from = frameAt(view[0]), to = frameAt(view[1]), bottom = g.height - 26;
  context.save();
  context.beginPath();
  context.rect(g.left, 0, g.width - g.left - g.right, bottom);
  context.clip();
  shade(context, from, to, g, bottom);
  g.list.forEach((k, n) => {
    const base = (n + 1) * g.row - 3.5, high = g.row - (g.narrow ? 20 : 8);
    context.strokeStyle = COLOUR.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(g.left, base);
    context.lineTo(g.width, base);
    context.stroke();
    context.lineWidth = 1.4;
    context.lineJoin = "round";
    for (const face of shown) {
      const all = faces.get(face);
      context.strokeStyle = colourOf(face);
      trace(context, (i) => all[k * N + i], from, to, g, (value) => base - (value / 5) * high);
    }
  });
  context.restore();
  context.textBaseline = "alphabetic";
  g.list.forEach((k, n) => {
    const [code, name] = about.aus[k], y = g.narrow ? n * g.row + 13 : (n + 1) * g.row - 9;
    context.fillStyle = COLOUR.ink;
    context.font = `${k === heat ? 700 : 500} 12px system-ui, sans-serif`;
    context.fillText(code, 2, y);
    context.fillStyle = k === heat ? COLOUR.ink : COLOUR.soft;
    context.font = "12px system-ui, sans-serif";
    context.fillText(name, 42, y);
  });
  const step = ticks(view[1] - view[0], (g.width - g.left) / 70);
  context.fillStyle = COLOUR.soft;
  context.textAlign = "center";
  for (let t = Math.ceil(view[0] / step) * step; t <= view[1] + 1e-9; t += step) {
    const x = xOf(t, g), text = step < 1 ? clock(t) : clock(t).slice(0, -3);
    context.fillRect(Math.round(x), bottom, 1, 4);
    const half = context.measureText(text).width / 2;
    context.fillText(text, clamp(x, half, g.width - half), bottom + 17);
  }
  context.textAlign = "left";
}

function drawChart() {
  const g = geometry(), chart = $("chart"), ratio = devicePixelRatio;
  chart.width = g.width * ratio;
  chart.height = g.height * ratio;
  chart.style.height = `${g.height}px`;
  const context = chart.getContext("2d");
  context.scale(ratio, ratio);
  drawLines(context, g);
  $("cursor").style.height = $("hover").style.height = `${g.height - 26}px`;
  drawCursor();
}

function drawCursor() {
  const g = geometry(), x = xOf(times[now], g);
  $("cursor").hidden = x < g.left || x > g.width - g.right;
  $("cursor").style.transform = `translateX(${x}px)`;
}

function zoom(factor, middle = times[now]) {
  const span = clamp((view[1] - view[0]) * factor, Math.min(10 * (about.end / N), about.end), about.end);
  const start = clamp(middle - (middle - view[0]) * (span / (view[1] - view[0])), 0, about.end - span);
  view = [start, start + span];
  drawChart();
}

// Moving

function show(frame) {
  now = clamp(frame, 0, N - 1);
  $("scrub").value = now;
  $("scrub").setAttribute("aria-valuetext", `frame ${numbers[now]}, ${clock(times[now])}`);
  $("where").textContent = `${clock(times[now])} of ${clock(about.end)}, frame ${numbers[now]}`;
  const at = times[now], span = view[1] - view[0];
  if (at < view[0] || at > view[1]) {
    const start = clamp(at - span * 0.1, 0, about.end - span);
    view = [start, start + span];
    drawChart();
  }
  drawCursor();
  drawUnits();
  drawOver();
}

function seek(frame) {
  show(frame);
  const target = (times[now] + endOf(now)) / 2;
  if (video.seeking) pendingSeek = target; else video.currentTime = target;
}

video.onseeked = () => {
  if (pendingSeek !== null) { video.currentTime = pendingSeek; pendingSeek = null; }
};

function follow() {
  if (video.requestVideoFrameCallback) {
    video.requestVideoFrameCallback((_, data) => { if (!video.paused) show(frameAt(data.mediaTime)); follow(); });
  } else {
    requestAnimationFrame(() => { if (!video.paused) show(frameAt(video.currentTime)); follow(); });
  }
}

function toggle() {
  if (!video.paused) return video.pause();
  if (now === N - 1) seek(0);
  return video.play();
}

// Saving

function save(name, blob) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const stem = about.file.replace(/\.[^.]*$/, "");

function saveCsv() {
  const list = geometry().list, quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = [["file", "frame", "timestamp", "face_id", "confidence", "success", ...list.map((k) => about.aus[k][0])].join(",")];
  for (let i = 0; i < N; i++) for (const row of rowsOf(i)) {
    const at = row * W, values = list.map((k) => rows[at + FIRST_AU + k].toFixed(4));
    lines.push([quote(about.file), numbers[i], times[i].toFixed(4), rows[at + FACE], rows[at + CONFIDENCE].toFixed(4), rows[at + SUCCESS], ...values].join(","));
  }
  save(`${stem}.chosen.csv`, new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
}

function savePng() {
  const g = geometry(), ratio = 2, head = 34, foot = 26;
  const canvas = Object.assign(document.createElement("canvas"), { width: g.width * ratio, height: (g.height + head + foot) * ratio });
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.translate(0, head);
  drawLines(context, g); // it clears what it covers
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#fff";
  context.fillRect(0, -head, g.width, g.height + head + foot);
  context.globalCompositeOperation = "source-over";
  context.font = "600 14px system-ui, sans-serif";
  context.fillStyle = COLOUR.ink;
  context.fillText(about.file, 2, -14);
  let x = context.measureText(about.file).width + 20;
  context.font = "12px system-ui, sans-serif";
  for (const face of shown) {
    context.fillStyle = colourOf(face);
    context.fillText(`face ${face}`, x, -14);
    x += context.measureText(`face ${face}`).width + 12;
  }
  context.fillStyle = COLOUR.soft;
  context.font = "11px system-ui, sans-serif";
  context.fillText(about.model, 2, g.height + 16, g.width - 4);
  canvas.toBlob((blob) => save(`${stem}.timeline.png`, blob));
}

function saveStill() {
  const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  drawFaces(context, video.videoWidth / about.width);
  canvas.toBlob((blob) => save(`${stem}.frame${numbers[now]}.png`, blob));
}

// Hands

function hover(event) {
  const g = geometry(), box = $("plot").getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  const inside = x >= g.left && x <= g.width - g.right && y < g.height - 26 && g.list.length > 0;
  $("hover").hidden = $("tip").hidden = !inside;
  if (!inside) return;
  const frame = frameAt(secondsOf(x, g)), k = g.list[clamp(Math.floor(y / g.row), 0, g.list.length - 1)];
  const values = rowsOf(frame).map((row) => `face ${rows[row * W + FACE]}: ${rows[row * W + FIRST_AU + k].toFixed(2)}${rows[row * W + SUCCESS] ? "" : ", doubtful"}`);
  const tip = $("tip");
  tip.textContent = [`${clock(times[frame])}, frame ${numbers[frame]}`, about.aus[k].join(" "), ...(values.length ? values : ["no face found"])].join("\n");
  $("hover").style.transform = `translateX(${x}px)`;
  const left = x + 14 + tip.offsetWidth > g.width ? x - 14 - tip.offsetWidth : x + 14;
  tip.style.transform = `translate(${left}px, ${clamp(y - 20, 0, Math.max(g.height - tip.offsetHeight, 0))}px)`;
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target.matches("select, input[type=range]");
  const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -N, End: N }[event.key];
  if (event.key === " " && !event.target.matches("button, select, input[type=checkbox]")) toggle();
  else if (steps && !event.target.matches("select")) {
    video.pause();
    if (event.shiftKey && Math.abs(steps) === 1) {
      const frame = frameAt(clamp(times[now] + steps, 0, about.end));
      seek(frame === now ? now + steps : frame);
    } else seek(now + steps);
  } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && !field) {
    chooseHeat((heat + (event.key === "ArrowDown" ? 1 : K + 1)) % (K + 2));
  } else if (event.key === "+" || event.key === "=") zoom(0.5);
  else if (event.key === "-") zoom(2);
  else return;
  event.preventDefault();
}

function connect() {
  const chart = $("plot");
  const scrub = (event) => { video.pause(); seek(frameAt(secondsOf(event.clientX - chart.getBoundingClientRect().left, geometry()))); };
  chart.onpointerdown = (event) => { chart.setPointerCapture(event.pointerId); scrub(event); };
  chart.onpointermove = (event) => { if (event.buttons) scrub(event); hover(event); };
  chart.onpointerleave = () => { $("hover").hidden = $("tip").hidden = true; };
  chart.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return; // plain wheel scrolls the page
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, secondsOf(event.clientX - chart.getBoundingClientRect().left, geometry()));
  }, { passive: false });
  $("scrub").max = N - 1;
  $("scrub").oninput = () => { video.pause(); seek(Number($("scrub").value)); };
  $("play").onclick = toggle;
  $("back").onclick = () => { video.pause(); seek(now - 1); };
  $("next").onclick = () => { video.pause(); seek(now + 1); };
  $("speed").onchange = () => { video.playbackRate = Number($("speed").value); };
  $("heat").onchange = () => chooseHeat(Number($("heat").value));
  $("boxes").onchange = drawOver;
  $("closer").onclick = () => zoom(0.5);
  $("wider").onclick = () => zoom(2);
  $("whole").onclick = () => zoom(Infinity);
  $("csv").onclick = saveCsv;
  $("png").onclick = savePng;
  $("still").onclick = saveStill;
  const choose = (on) => () => {
    document.querySelectorAll("tbody input").forEach((box, k) => { box.checked = on; if (on) units.add(k); else units.delete(k); });
    drawChart();
  };
  $("all").onclick = choose(true);
  $("none").onclick = choose(false);
  video.onplay = video.onpause = () => {
    $("play").textContent = video.paused ? "▶" : "❚❚";
    $("play").setAttribute("aria-label", video.paused ? "Play" : "Pause");
  };
  video.onended = () => show(N - 1);
  video.onloadedmetadata = drawOver;
  document.addEventListener("keydown", press);
  new ResizeObserver(() => { drawChart(); drawOver(); }).observe(document.body);
}

function makeFaces() {
  for (const face of faces.keys()) {
    const label = document.createElement("label"), box = document.createElement("input"), line = document.createElement("i");
    Object.assign(box, { type: "checkbox", checked: true });
    box.onchange = () => { if (box.checked) shown.add(face); else shown.delete(face); show(now); drawChart(); };
    line.style.background = colourOf(face);
    label.append(box, line, `face ${face}`);
    $("faces").append(label);
  }
}

function drawRamp() {
  const canvas = $("ramp"), context = canvas.getContext("2d");
  for (let x = 0; x < canvas.width; x++) {
    context.fillStyle = `rgb(${ramp((x / (canvas.width - 1)) * 5)})`;
    context.fillRect(x, 0, 1, 1);
  }
}

async function start() {
  await read();
  document.title = about.file;
  $("title").textContent = about.file;
  const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
  $("facts").textContent = `${plural(N, "frame")}, ${clock(about.end)}, ${faces.size ? plural(faces.size, "face") : "no face found"}`;
  $("model").textContent = about.model;
  makeFaces();
  makeUnits();
  drawRamp();
  connect();
  video.onpause();
  drawChart();
  show(0);
  if (about.width) video.src = URL.createObjectURL(new Blob([bytes($("video"))], { type: "video/mp4" }));
  else $("stage").hidden = true;
  follow();
  document.body.dataset.ready = "1";
}

start();
