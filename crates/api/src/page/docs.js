"use strict";

function make(tag, text, kind) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

let unique = 0;
function field(form, label, control, hint) {
  const row = make("div", "", "field");
  const name = make("label", label);
  control.id = "field-" + unique++;
  name.htmlFor = control.id;
  const right = make("div");
  right.append(control);
  if (hint) right.append(make("div", hint, "quiet"));
  row.append(name, right);
  form.append(row);
  return control;
}

function resolve(document_, schema) {
  let found = schema || {};
  for (let depth = 0; found.$ref && depth < 8; depth++) {
    found = found.$ref.slice(2).split("/").reduce((at, part) => at[part], document_);
  }
  return found;
}

function example(document_, schema, depth) {
  const found = resolve(document_, schema);
  if (depth > 4) return null;
  if (found.enum) return found.enum[0];
  const choices = found.oneOf || found.anyOf;
  if (choices) return example(document_, choices[choices.length - 1], depth + 1);
  const kind = Array.isArray(found.type) ? found.type[0] : found.type;
  if (kind === "object") {
    const entries = Object.entries(found.properties || {});
    return Object.fromEntries(entries.map(([name, inner]) => [name, example(document_, inner, depth + 1)]));
  }
  if (kind === "array") return [example(document_, found.items, depth + 1)];
  if (kind === "boolean") return true;
  if (kind === "integer" || kind === "number") return found.minimum || 0;
  return "";
}

function operationForm(document_, path, method, operation) {
  const form = make("form");
  const inputs = [];
  for (const parameter of operation.parameters || []) {
    const control = make("input");
    control.required = parameter.required === true && parameter.in === "path";
    inputs.push([parameter, control]);
    field(form, parameter.name + " (" + parameter.in + ")", control, parameter.description);
  }
  let body = null;
  let media = null;
  const content = operation.requestBody && operation.requestBody.content;
  if (content) {
    media = Object.keys(content)[0];
    body = make("textarea");
    body.rows = 8;
    if (media === "application/json") {
      body.value = JSON.stringify(example(document_, content[media].schema, 0), null, 2);
    }
    field(form, "Body (" + media + ")", body);
  }
  const send = make("button", method.toUpperCase());
  send.type = "submit";
  const output = make("pre");
  output.setAttribute("role", "status");
  output.hidden = true;
  form.append(send, output);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let target = path;
    const query = new URLSearchParams();
    const headers = {};
    for (const [parameter, control] of inputs) {
      if (parameter.in === "path") target = target.replace("{" + parameter.name + "}", encodeURIComponent(control.value));
      else if (control.value === "") continue;
      else if (parameter.in === "query") query.append(parameter.name, control.value);
      else headers[parameter.name] = control.value;
    }
    if (body) headers["content-type"] = media;
    const text = query.toString();
    output.hidden = false;
    output.textContent = "...";
    try {
      const answer = await fetch(target + (text ? "?" + text : ""), {
        method: method.toUpperCase(),
        headers,
        body: body ? body.value : undefined,
      });
      const raw = await answer.text();
      let shown = raw;
      try {
        shown = JSON.stringify(JSON.parse(raw), null, 2);
      } catch {
        // Not JSON: shown as it is.
      }
      output.textContent = answer.status + " " + answer.statusText + "\n" + shown.slice(0, 100000);
    } catch (error) {
      output.textContent = "No answer: " + error.message;
    }
  });
  return form;
}

async function show() {
  const place = document.getElementById("operations");
  try {
    const answer = await fetch("/api/v1/openapi.json");
    const document_ = await answer.json();
    if (!answer.ok) throw new Error(document_.detail || document_.title);
    document.getElementById("about").textContent = document_.info.description;
    place.replaceChildren();
    const groups = new Map();
    for (const [path, item] of Object.entries(document_.paths)) {
      for (const method of ["get", "post", "put", "delete"]) {
        if (!item[method]) continue;
        const tag = (item[method].tags || ["other"])[0];
        if (!groups.has(tag)) groups.set(tag, []);
        groups.get(tag).push([path, method, item[method]]);
      }
    }
    for (const [tag, operations] of groups) {
      place.append(make("h2", tag));
      for (const [path, method, operation] of operations) {
        const details = make("details");
        const summary = make("summary");
        summary.append(make("span", method.toUpperCase(), "method"), make("code", path), " " + (operation.summary || ""));
        details.append(summary);
        if (operation.description) details.append(make("p", operation.description));
        details.append(operationForm(document_, path, method, operation));
        place.append(details);
      }
    }
  } catch (error) {
    place.replaceChildren(make("p", "Cannot read the document: " + error.message, "problem"));
  }
}

show();
