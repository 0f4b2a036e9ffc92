// What is drawn: the picture, the values of the frame, the timelines, and what is saved of them.

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
  option(ALL, "all AUs, the highest");
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
  return { width, narrow, list, left: narrow ? 4 : 184, right: narrow ? 16 : 10, row: narrow ? 46 : 38, height: list.length * (narrow ? 46 : 38) + 26 };
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
    const base = (n + 1) * g.row - 3.5, high = g.row - (g.narrow ? 20 : 12);
    context.strokeStyle = COLOUR.line;
    context.lineWidth = 1;
    context.beginPath();
    for (const y of [base, base - high]) {
      context.moveTo(g.left, y);
      context.lineTo(g.width, y);
    }
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
    const [code, name] = about.aus[k], y = g.narrow ? n * g.row + 13 : (n + 1) * g.row - 12;
    context.fillStyle = COLOUR.ink;
    context.font = `${k === heat ? 700 : 500} 12px system-ui, sans-serif`;
    context.fillText(code, 2, y);
    context.fillStyle = k === heat ? COLOUR.ink : COLOUR.soft;
    context.font = "12px system-ui, sans-serif";
    context.fillText(name, 42, y);
    drawScale(context, g, (n + 1) * g.row - 3.5, g.row - (g.narrow ? 20 : 12));
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

/** 0 and 5 at the left end of a timeline; where there is little room, at its right end. */
function drawScale(context, g, base, high) {
  context.font = "10px system-ui, sans-serif";
  context.fillStyle = COLOUR.soft;
  context.textAlign = "right";
  const x = g.narrow ? g.width - 2 : g.left - 4;
  context.fillText("0", x, base + 3);
  context.fillText("5", x, base - high + 4);
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
  canvas.toBlob((blob) => save(`${stem}.page-timeline.png`, blob));
}

function saveStill() {
  const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  drawFaces(context, video.videoWidth / about.width);
  canvas.toBlob((blob) => save(`${stem}.frame${numbers[now]}.png`, blob));
}
