import { headers, token } from "./api.js";
import { el, prose, show } from "./dom.js";
import { example, resolve, shape } from "./schema.js";

const place = (id) => document.getElementById(id);
const calls = [];

place("token").value = token.get();
place("token").addEventListener("input", (event) => token.set(event.target.value.trim()));
place("enter").addEventListener("submit", (event) => event.preventDefault());
place("sift").addEventListener("input", (event) => sift(event.target.value));
start();

async function start() {
  try {
    const spec = await (await fetch("/api/v1/openapi.json")).json();
    render(spec);
    open(location.hash.slice(1));
    window.addEventListener("hashchange", () => open(location.hash.slice(1)));
  } catch (error) {
    show(place("calls"), el("p", { className: "note bad", role: "alert" }, `The document cannot be read: ${error.message}`));
  }
}

function render(spec) {
  const sections = spec.tags.map(({ name }) => {
    const inside = Object.entries(spec.paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, operation]) => operation.tags[0] === name)
        .map(([verb, operation]) => call(spec, verb, path, operation)));
    const list = el("ul", {}, inside.map((one) => one.entry));
    return {
      content: el("div", {}, el("strong", { className: "small" }, name), list),
      section: el("section", { "aria-label": name }, el("h2", {}, name), inside.map((one) => one.details)),
    };
  });
  show(place("contents"), sections.map((one) => one.content));
  show(place("calls"),
    el("h1", {}, spec.info.title, " ", el("span", { className: "quiet small" }, spec.info.version)),
    paragraphs(spec.info.description), sections.map((one) => one.section));
}

function call(spec, verb, path, operation) {
  const id = operation.operationId;
  const inside = el("div", { className: "inside" });
  const details = el("details", { className: "call", id },
    el("summary", {}, el("span", { className: `verb ${verb}` }, verb.toUpperCase()),
      el("span", { className: "path" }, path), el("span", { className: "quiet" }, operation.summary)),
    inside);
  details.addEventListener("toggle", () => {
    if (details.open && !inside.hasChildNodes()) inside.append(...body(spec, verb, path, operation));
  });
  const entry = el("li", {}, el("a", { href: `#${id}` }, operation.summary));
  const one = { details, entry, words: `${verb} ${path} ${operation.summary} ${operation.description}`.toLowerCase() };
  calls.push(one);
  return one;
}

function body(spec, verb, path, operation) {
  const good = Object.entries(operation.responses).find(([status]) => status.startsWith("2"));
  const refusals = Object.entries(operation.responses).filter(([status]) => !status.startsWith("2"));
  const json = good[1].content?.["application/json"]?.schema;
  return [
    paragraphs(operation.description),
    attempt(spec, verb, path, operation),
    el("h3", {}, `Answer ${good[0]}`),
    el("p", {}, prose(good[1].description)),
    json && el("pre", { tabIndex: 0 }, el("code", {}, shape(spec, json))),
    el("h3", {}, "Refusals"),
    el("ul", { className: "small" }, refusals.map(([status, refusal]) =>
      el("li", {}, el("code", {}, status), ` ${resolve(spec, refusal).description}`))),
  ].filter(Boolean);
}

function attempt(spec, verb, path, operation) {
  const answer = el("div", { className: "answer", "aria-live": "polite" });
  const fields = (operation.parameters ?? []).map((parameter) => field(spec, operation, parameter));
  const content = operation.requestBody?.content;
  const schema = content?.["application/json"]?.schema ?? null;
  const given = content
    ? JSON.stringify(schema ? example(spec, schema) : { changed: ["id"], gone: [], library: false }, null, 2)
    : null;
  const text = given === null ? null : el("textarea", { id: `${operation.operationId}-body`, spellcheck: false, value: given, rows: Math.min(16, given.split("\n").length + 1) });
  const stop = el("button", { type: "button", className: "plain", hidden: true }, "Stop");
  const form = el("form", { onsubmit: (event) => {
      event.preventDefault();
      send({ verb, path, fields, text, answer, stop, button: form.querySelector("[type=submit]") });
    } },
    el("div", { className: "fields" }, fields.map((one) => one.node),
      text && el("div", {}, el("label", { htmlFor: text.id }, "Body"), text)),
    el("p", { className: "row" }, el("button", { type: "submit" }, "Try it"), stop));
  return el("div", {}, form, answer);
}

function field(spec, operation, parameter) {
  const id = `${operation.operationId}-${parameter.in}-${parameter.name}`;
  const schema = resolve(spec, parameter.schema);
  const input = schema.enum || schema.type === "boolean"
    ? el("select", { id }, el("option", { value: "" }, ""), (schema.enum ?? ["true", "false"]).map((value) => el("option", { value }, value)))
    : el("input", { id, required: parameter.required, placeholder: hint(schema), autocomplete: "off" });
  const label = el("label", { htmlFor: id }, el("code", {}, parameter.name), parameter.required && " (needed)", " ",
    el("span", { className: "hint" }, prose(parameter.description ?? "")));
  return { parameter, input, many: schema.type === "array", node: el("div", {}, label, input) };
}

function hint(schema) {
  if (schema.examples?.length) return String(schema.examples[0]);
  if (schema.type === "array") return "several: separate them by spaces";
  return schema.default === undefined ? "" : String(schema.default);
}

async function send({ verb, path, fields, text, answer, stop, button }) {
  const query = new URLSearchParams();
  let target = path;
  for (const { parameter, input, many } of fields) {
    if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value !== "") for (const value of many ? input.value.split(/\s+/) : [input.value]) query.append(parameter.name, value);
  }
  if (query.size) target += `?${query}`;
  const control = new AbortController();
  stop.onclick = () => control.abort();
  button.disabled = true;
  stop.hidden = false;
  const out = el("code", {});
  try {
    const began = performance.now();
    const reply = await fetch(target, { method: verb.toUpperCase(), headers: headers(text?.value), body: text?.value, signal: control.signal });
    const line = el("span", { className: "quiet small" }, `after ${Math.round(performance.now() - began)} ms`);
    show(answer, el("p", {}, el("span", { className: `pill ${reply.ok ? "good" : "bad"}` }, `${reply.status} ${reply.statusText}`), " ",
      el("span", { className: "quiet small mono" }, `${verb.toUpperCase()} ${target} `), line), el("pre", { tabIndex: 0 }, out));
    await readInto(out, reply);
  } catch (error) {
    if (error.name !== "AbortError") show(answer, el("p", { className: "note bad" }, `No answer: ${error.message}`));
  } finally {
    button.disabled = false;
    stop.hidden = true;
  }
}

async function readInto(out, reply) {
  if (!reply.headers.get("Content-Type")?.startsWith("text/event-stream")) {
    const whole = await reply.text();
    out.textContent = reply.headers.get("Content-Type")?.includes("json") ? JSON.stringify(JSON.parse(whole), null, 2) : whole || "(empty)";
    return;
  }
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) out.textContent += part.value;
}

function paragraphs(text) {
  return el("div", {}, text.split(/\n\n+/).map((paragraph) => el("p", {}, prose(paragraph))));
}

function sift(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  for (const one of calls) {
    one.details.hidden = one.entry.hidden = !wanted.every((word) => one.words.includes(word));
  }
  for (const section of document.querySelectorAll("#calls section, #contents > div")) {
    section.hidden = !section.querySelector("details:not([hidden]), li:not([hidden])");
  }
}

function open(id) {
  const details = id && place(id);
  if (!details) return;
  if (details.open) details.scrollIntoView();
  else details.addEventListener("toggle", () => details.scrollIntoView(), { once: true });
  details.open = true;
}
