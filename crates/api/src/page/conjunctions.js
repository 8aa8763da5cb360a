"use strict";

const byId = (id) => document.getElementById(id);
const state = { sort: "probability", relations: false, rows: [], next: null, position: null, loading: false, again: false };

async function ask(path) {
  const answer = await fetch("/api/v1" + path, { headers: { accept: "application/json" } });
  if (answer.status === 401) {
    location.assign("/signin");
    throw new Error("signed out");
  }
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail || body.title);
  return body;
}

function showProblem(error) {
  const place = byId("problem");
  place.textContent = error ? "Cannot read the data: " + error.message : "";
  place.hidden = !error;
}

function duration(seconds) {
  const size = Math.abs(seconds);
  if (size < 90) return Math.round(size) + " s";
  if (size < 5400) return Math.round(size / 60) + " min";
  if (size < 172800) return (size / 3600).toFixed(1) + " h";
  return (size / 86400).toFixed(1) + " d";
}

function ago(time, now) {
  return time === null ? "none yet" : duration((Date.parse(now) - Date.parse(time)) / 1000) + " ago";
}

function cell(text, kind) {
  const td = document.createElement("td");
  if (kind) td.className = kind;
  td.textContent = text;
  return td;
}

function objectName(object) {
  return (object.name || "unnamed") + " [" + object.catalog_number + "]";
}

function dataAge(object, tca) {
  if (object.epoch === null) return object.grade;
  return duration((Date.parse(tca) - Date.parse(object.epoch)) / 1000);
}

function rowOf(conjunction) {
  const tr = document.createElement("tr");
  const [first, second] = conjunction.objects;
  const ric = [conjunction.miss_radial_km, conjunction.miss_in_track_km, conjunction.miss_cross_track_km];
  const known = conjunction.probability !== null;
  const probability = known ? conjunction.probability : conjunction.maximum_probability;
  const objects = cell(objectName(first));
  objects.append(document.createElement("br"), objectName(second));
  const grades = first.grade === second.grade ? first.grade : first.grade + " / " + second.grade;
  tr.append(
    cell(conjunction.tca.slice(0, 19).replace("T", " ") + (conjunction.relation ? " (stay together)" : "")),
    objects,
    cell(conjunction.miss_distance_km.toFixed(3), "number"),
    cell(ric.map((value) => value.toFixed(3)).join(" / "), "number"),
    cell(conjunction.relative_speed_km_s.toFixed(3), "number"),
    cell(probability.toExponential(2) + (known ? "" : " max"), "number"),
    cell(grades.replaceAll("_", " ")),
    cell(dataAge(first, conjunction.tca) + " / " + dataAge(second, conjunction.tca)),
  );
  return tr;
}

function draw() {
  const rows = state.rows.map(rowOf);
  if (rows.length === 0) {
    const empty = document.createElement("tr");
    const td = cell("No conjunctions. They appear when a screening has completed.", "quiet");
    td.colSpan = 8;
    empty.append(td);
    rows.push(empty);
  }
  byId("rows").replaceChildren(...rows);
  byId("more").hidden = state.next === null;
  byId("caption").textContent = "Conjunctions: " + state.rows.length + (state.next === null ? "" : ", and more");
  for (const button of document.querySelectorAll("[data-sort]")) {
    const order = button.dataset.sort === "probability" ? "descending" : "ascending";
    button.closest("th").setAttribute("aria-sort", button.dataset.sort === state.sort ? order : "none");
  }
}

// What ails a feed, in words; nothing of those that are well.
function ails(feed, now) {
  if (feed.stopped) return feed.name + " is not asked any more: " + feed.problem;
  if (feed.kind !== null && feed.failures > 0) return feed.name + " failed: " + feed.problem;
  if (feed.stale && feed.asked !== null) return feed.name + " is stale, its last news " + ago(feed.changed || feed.confirmed, now);
  return null;
}

async function loadFeeds(now) {
  const feeds = await ask("/feeds");
  const ailing = feeds.items.map((feed) => ails(feed, now)).filter((text) => text !== null);
  byId("feeds").textContent = "Feeds: " + ailing.join("; ") + ". The last good data stays in use.";
  byId("feeds").hidden = ailing.length === 0;
}

async function loadStatus() {
  const status = await ask("/status");
  if (state.position === null) state.position = status.position;
  byId("demo").hidden = !status.demo;
  byId("catalog-age").textContent = "arrived " + ago(status.newest_arrival, status.now);
  byId("epoch-age").textContent = ago(status.newest_epoch, status.now);
  const run = status.newest_run;
  const bar = byId("run-progress");
  bar.hidden = run === null || run.state !== "running";
  if (run === null) {
    byId("run").textContent = "none yet";
  } else if (run.state === "running") {
    progress(run.slices_done, run.slices);
  } else if (run.state === "failed") {
    byId("run").textContent = "failed: " + run.problem;
  } else {
    byId("run").textContent =
      run.conjunctions + " conjunctions of " + run.objects + " objects, " + ago(run.finished, status.now);
  }
  await loadFeeds(status.now);
}

function progress(done, slices) {
  const bar = byId("run-progress");
  bar.hidden = false;
  bar.max = slices;
  bar.value = done;
  byId("run").textContent = "running, " + done + " of " + slices + " slices";
}

function listed(more) {
  // Objects that stay together would fill the top of every order.
  return "/conjunctions?sort=" + state.sort + (state.relations ? "" : "&relation=false") + more;
}

async function load() {
  if (state.loading) {
    state.again = true;
    return;
  }
  state.loading = true;
  try {
    const wanted = Math.min(Math.max(state.rows.length, 100), 1000);
    const [list] = await Promise.all([ask(listed("&limit=" + wanted)), loadStatus()]);
    state.rows = list.items;
    state.next = list.next_cursor;
    draw();
    showProblem(null);
  } catch (error) {
    showProblem(error);
  } finally {
    state.loading = false;
    if (state.again) {
      state.again = false;
      setTimeout(load, 1000);
    }
  }
}

async function more() {
  try {
    const list = await ask(listed("&cursor=" + encodeURIComponent(state.next)));
    state.rows.push(...list.items);
    state.next = list.next_cursor;
    draw();
  } catch (error) {
    showProblem(error);
  }
}

function hear(message) {
  if (message.position !== undefined) state.position = message.position;
  if (!message.event) return;
  const payload = message.event.payload;
  if (payload.type === "run_progressed") progress(payload.slices_done, payload.slices);
  else load();
}

let wait = 1000;
function connect() {
  const scheme = location.protocol === "https:" ? "wss://" : "ws://";
  const socket = new WebSocket(scheme + location.host + "/api/v1/stream");
  socket.onopen = () => {
    wait = 1000;
    byId("connection").textContent = "live";
    const topics = ["runs", "conjunctions", "alerts", "catalog"];
    const from = state.position === null ? {} : { after: state.position };
    socket.send(JSON.stringify({ subscribe: topics, ...from }));
  };
  socket.onmessage = (event) => hear(JSON.parse(event.data));
  socket.onclose = () => {
    byId("connection").textContent = "lost; trying again";
    setTimeout(() => {
      connect();
      load();
    }, wait);
    wait = Math.min(wait * 2, 30000);
  };
}

for (const button of document.querySelectorAll("[data-sort]")) {
  button.addEventListener("click", () => {
    state.sort = button.dataset.sort;
    state.rows = [];
    load();
  });
}
byId("relations").addEventListener("change", (event) => {
  state.relations = event.target.checked;
  state.rows = [];
  load();
});
byId("more").addEventListener("click", more);
byId("sign-out").addEventListener("click", async () => {
  // Where there is an identity provider, the session ends there, too.
  const ended = await fetch("/auth/logout", { method: "POST" });
  if (ended.ok) {
    location.assign((await ended.json()).continue_at);
    return;
  }
  await fetch("/api/v1/session", { method: "DELETE" });
  location.assign("/signin");
});
load().then(connect);
setInterval(() => loadStatus().catch(showProblem), 30000);
