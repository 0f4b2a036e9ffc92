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
  const redraw = () => { drawChart(); drawOver(); };
  new ResizeObserver(redraw).observe(document.body);
  matchMedia("print").addEventListener("change", redraw);
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
