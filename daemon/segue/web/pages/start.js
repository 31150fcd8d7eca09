import { ask, Refused, token } from "./api.js";
import { ago, count, el, prose, show } from "./dom.js";

const place = (id) => document.getElementById(id);
const LOOK_AGAIN = 4000;
const STATES = { connected: "good", new: "", lost: "warn", refused: "bad", broken: "bad" };
const HEADS = { "#": "number", "~": "roomy" };
const ENDS = { SUCCESS: "good", FAILURE: "bad", REVOKED: "warn" };
let looking = 0;

place("enter").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  token.set(place("token").value.trim());
  place("token").value = "";
  look();
});
place("leave").addEventListener("click", () => {
  token.set("");
  look();
});
place("search").addEventListener("submit", (event) => {
  event.preventDefault();
  similar({ q: place("words").value });
});
document.addEventListener("visibilitychange", () => document.hidden || look());
look();

async function look() {
  clearTimeout(looking);
  await showReadiness();
  const inside = token.get() !== "" && (await showInside());
  place("enter").hidden = inside;
  place("inside").hidden = place("leave").hidden = !inside;
  if (inside && !document.hidden) looking = setTimeout(look, LOOK_AGAIN);
}

async function showReadiness() {
  const pill = place("ready");
  try {
    const ready = await ask("GET", "/readyz");
    pill.textContent = ready.status === "ok" ? "ready" : "ready, without Redis";
    pill.className = `pill ${ready.status === "ok" ? "good" : "warn"}`;
    pill.title = "";
  } catch (fault) {
    pill.textContent = fault instanceof Refused ? "not ready" : "not reachable";
    pill.className = "pill bad";
    pill.title = fault.message;
  }
}

async function showInside() {
  const fault = place("enter-fault");
  try {
    const status = await ask("GET", "/api/v1/analysis");
    const [servers, runs] = await Promise.all([
      ask("GET", "/api/v1/servers"),
      ask("GET", "/api/v1/runs?limit=8"),
    ]);
    showLibrary(status);
    showServers(servers.items);
    showRuns(runs.items);
    fault.hidden = true;
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) return !place("inside").hidden;
    if (error.status === 401) token.set("");
    show(fault, prose(error.message));
    fault.hidden = false;
    return error.status >= 500 && !place("inside").hidden;
  }
}

function showLibrary(status) {
  const facts = [
    ["recordings", status.total],
    ["heard", status.heard],
    ["waiting", status.wanted],
    ["could not be heard", status.failed],
  ];
  const heard = status.total ? (100 * status.heard) / status.total : 0;
  show(
    place("library"),
    el("dl", { className: "facts" }, facts.map(([name, number]) => el("div", {}, el("dt", {}, name), el("dd", {}, count(number))))),
    status.total
      ? el("p", {}, el("progress", { max: 100, value: heard, "aria-label": "Share of the library that is heard" }))
      : el("p", {}, "No music is known yet: connect a server with ", el("code", {}, "segue servers add"), "."),
  );
}

function showServers(servers) {
  if (!servers.length) return show(place("servers"), el("p", { className: "quiet" }, "No server is connected."));
  const rows = servers.map((server) =>
    el("tr", {},
      el("td", {}, el("strong", {}, server.name), el("div", { className: "quiet small" }, server.product ?? server.kind)),
      el("td", {}, el("span", { className: `pill ${STATES[server.state]}` }, server.state),
        server.last_error && el("div", { className: "small" }, server.last_error)),
      el("td", { className: "number" }, count(server.tracks)),
      el("td", { className: "number quiet" }, ago(server.last_walk_at))),
  );
  return show(place("servers"), table(["Name", "State", "#Tracks", "#Walked"], rows));
}

function showRuns(runs) {
  if (!runs.length) return show(place("runs"), el("p", { className: "quiet" }, "Nothing has been done yet."));
  const rows = runs.map((run) =>
    el("tr", {},
      el("td", {}, run.kind, run.server && el("div", { className: "quiet small" }, run.server)),
      el("td", {}, el("span", { className: `pill ${ENDS[run.state] ?? ""}` }, run.state.toLowerCase()),
        run.message && el("div", { className: "small quiet" }, run.message)),
      el("td", { className: "number" }, run.finished_at ? ago(run.finished_at) : bar(run))),
  );
  return show(place("runs"), table(["Kind", "State", "#Ended"], rows));
}

function bar(run) {
  const label = `Progress of run ${run.id}`;
  if (run.percent === null) return el("progress", { max: 100, "aria-label": label });
  return el("span", {}, el("progress", { max: 100, value: run.percent, "aria-label": label }),
    el("div", { className: "small" }, `${count(run.done + run.failed)} of ${count(run.total)}`));
}

async function similar(seeds) {
  const found = place("found");
  try {
    const answer = await ask("GET", `/api/v1/similar?limit=12&${new URLSearchParams(seeds)}`);
    const of = answer.seeds[0];
    show(found,
      of && el("p", {}, "Like ", el("strong", {}, of.title), of.artist && ` by ${of.artist}`, ":"),
      answer.items.length
        ? table(["Title", "Artist", "~Album", "#Distance", ""], answer.items.map(neighbour))
        : el("p", { className: "quiet" }, "Nothing else is heard yet."));
  } catch (error) {
    show(found, el("p", { className: "note bad" }, prose(error.message)));
  }
}

function neighbour({ track, distance }) {
  const more = el("button", { type: "button", className: "plain less", onclick: () => similar({ track: track.id }),
    "aria-label": `More like ${track.title}` }, "More");
  return el("tr", {}, el("td", {}, track.title), el("td", {}, track.artist ?? ""), el("td", { className: "quiet roomy" }, track.album ?? ""),
    el("td", { className: "number" }, distance.toFixed(3)), el("td", { className: "number" }, more));
}

function table(names, rows) {
  const heads = names.map((name) => el("th", { scope: "col", className: HEADS[name[0]] ?? "" }, name.replace(/^[#~]/, "")));
  return el("div", { className: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows)));
}
