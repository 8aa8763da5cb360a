"use strict";

const byId = (id) => document.getElementById(id);
const id = location.pathname.split("/").pop();

function utc(time) {
  return time.slice(0, 19).replace("T", " ") + " UTC";
}

function facts(alert) {
  const at = (time, by) => (time === null ? null : utc(time) + (by === null ? "" : " by " + by));
  return [
    ["Severity", alert.severity],
    ["State", alert.state],
    ["Opened", utc(alert.opened)],
    ["Last changed", utc(alert.updated)],
    ["Numbers from a message of", alert.originator],
    ["Acknowledged", at(alert.acknowledged, alert.acknowledged_by)],
    ["To be escalated", at(alert.escalate_at, null)],
    ["Escalated", at(alert.escalated, null)],
    ["Muted until", at(alert.muted_until, alert.muted_by)],
    ["Resolved", at(alert.resolved, alert.resolved_by)],
  ].filter(([, value]) => value !== null);
}

function fact([name, value]) {
  const row = document.createElement("div");
  const dt = document.createElement("dt");
  const dd = document.createElement("dd");
  dt.textContent = name;
  dd.textContent = value;
  row.append(dt, dd);
  return row;
}

function link(text, path) {
  const a = document.createElement("a");
  a.textContent = text;
  a.href = path;
  return a;
}

function draw(alert) {
  byId("summary").textContent = alert.summary;
  document.title = alert.summary + " - AstroShield";
  byId("facts").replaceChildren(...facts(alert).map(fact));
  const links = [link("Messages sent about it (JSON)", "/api/v1/alerts/" + alert.id + "/deliveries")];
  if (alert.subject.kind === "conjunction") {
    links.unshift(link("Its conjunction (JSON)", "/api/v1/conjunctions/" + alert.subject.conjunction), " ");
  }
  byId("links").replaceChildren(...links);
}

async function load() {
  try {
    const answer = await fetch("/api/v1/alerts/" + id, { headers: { accept: "application/json" } });
    if (answer.status === 401) {
      // Here, too, whoever is not signed in finds the page to sign in.
      location.reload();
      return;
    }
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail || body.title);
    draw(body);
    const status = await fetch("/api/v1/status", { headers: { accept: "application/json" } });
    if (status.ok) byId("demo").hidden = !(await status.json()).demo;
  } catch (error) {
    byId("summary").textContent = "No alert is shown";
    byId("problem").textContent = "Cannot read the alert: " + error.message;
    byId("problem").hidden = false;
  }
}

load();
