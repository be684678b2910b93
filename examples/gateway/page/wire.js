// The wire: the last frames of every protocol. The server tells those of WebSockets and of the clock by an event stream, the
// page adds what only it knows: bodies of requests.

import { backoff, count, make, panel, size } from "./parts.js";

const MOST = 300;
/** Names this page to the server, in the queries of its requests. */
export const token = Number(crypto.getRandomValues(new BigUint64Array(1))[0] >> 11n);

const { section } = panel("wire");
const [list, detail] = [section.querySelector(".frames"), section.querySelector(".detail")];
const filter = section.querySelector("select");
const pause = section.querySelector("[data-do=pause]");
let [frames, shown, waiting, picked] = [[], new Set(), [], null];

/** Adds a frame: `{ protocol, name, dir, path, fields: [{ name, hex, note }], payload, cut, len, text }`. */
export function add(frame) {
  frame.seen = performance.now();
  waiting.push(frame);
  if (waiting.length === 1) requestAnimationFrame(draw);
}

// Draws once for each picture on the screen, however many frames came.
function draw() {
  const came = waiting.splice(0);
  if (pause.getAttribute("aria-pressed") === "true") return;
  for (const frame of came.slice(-MOST)) {
    if (!shown.has(frame.protocol)) {
      shown.add(frame.protocol);
      filter.append(make("option", {}, frame.protocol));
    }
    list.querySelector(".empty")?.remove();
    const item = row(frame);
    frames.push(item);
    list.prepend(item);
    while (frames.length > MOST) frames.shift().remove();
  }
  if (!picked && frames.length > 0) pick(frames.at(-1));
}

function row(frame) {
  const onWire = frame.fields.reduce((sum, field) => sum + field.hex.length / 2, 0) + (frame.payload || frame.len === 0 ? frame.len : 0);
  frame.onWire = frame.protocol === "SSE" ? frame.len : onWire;
  const [arrow, way] = frame.dir === "in" ? ["↑", "to the server"] : ["↓", "to the page"];
  const button = make("button", { type: "button", "aria-label": `${frame.protocol} ${frame.name} ${way}, ${frame.onWire} bytes` },
    make("span", { class: "at" }, `${(frame.seen / 1000).toFixed(2)} s`),
    make("span", { class: frame.dir, title: way }, arrow),
    make("span", {}, frame.protocol),
    make("span", { class: frame.bad ? "bad" : undefined }, frame.name + (frame.compressed ? ", deflate" : "")),
    make("span", { class: "preview" }, frame.text ?? ""),
    make("span", { class: "size" }, size(frame.onWire)));
  const item = make("li", {}, button);
  item.frame = frame;
  item.hidden = filter.value !== "" && filter.value !== frame.protocol;
  button.onclick = () => pick(item);
  return item;
}

/** Shows a frame with its bytes. */
function pick(item) {
  picked?.firstChild.removeAttribute("aria-current");
  picked = item;
  item.firstChild.setAttribute("aria-current", "true");
  const { frame } = item;
  const pairs = text => text.match(/../g)?.join(" ") ?? "";
  const light = at => on => detail.querySelectorAll(`[data-at="${at}"]`).forEach(part => part.classList.toggle("lit", on));
  const lit = (part, at) => {
    part.dataset.at = at;
    part.onmouseenter = part.onfocus = () => light(at)(true);
    part.onmouseleave = part.onblur = () => light(at)(false);
    return part;
  };
  const bytes = make("p", { class: "hex" });
  const fields = make("dl", { class: "fields" });
  frame.fields.forEach((field, at) => {
    const color = `f${at % 6}`;
    bytes.append(lit(make("span", { class: color, tabindex: 0, title: `${field.name}: ${field.note}` }, pairs(field.hex)), at));
    fields.append(make("div", {},
      lit(make("dt", { class: color }, field.name), at),
      make("dd", { class: "bytes" }, frame.protocol === "SSE" ? "" : pairs(field.hex)), make("dd", { class: "note" }, field.note)));
  });
  if (frame.payload) {
    bytes.append(lit(make("span", { class: "payload", title: "payload" }, pairs(frame.payload) + (frame.cut ? " …" : "")), "payload"));
  }
  const way = frame.dir === "in" ? "to the server" : "to the page";
  const facts = [`${size(frame.onWire)} on the wire`];
  if (frame.message !== undefined) facts.push(`message of ${size(frame.message)}`);
  if (frame.compressed && frame.message) facts.push(`compressed to ${Math.round((100 * frame.len) / frame.message)} %`);
  if (frame.path) facts.push(frame.path);
  facts.push(frame.byPage ? "told by the page" : "told by the server");
  detail.replaceChildren(
    make("h3", {}, `${frame.protocol}: ${frame.name}, ${way}`),
    make("p", { class: "facts" }, facts.join(" · ")),
    bytes, fields, ...(frame.text ? [make("pre", {}, frame.text)] : []));
  detail.scrollTop = 0;
}

/** Adds a frame, and shows its bytes. */
export function addAndPick(frame) {
  add(frame);
  requestAnimationFrame(() => {
    const item = frames.find(item => item.frame === frame); // none while it is paused
    if (item) pick(item);
  });
}

filter.onchange = () => {
  for (const item of frames) item.hidden = filter.value !== "" && filter.value !== item.frame.protocol;
};
pause.onclick = () => {
  const pressed = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", pressed);
  pause.textContent = pressed ? "Go on" : "Pause";
};
section.querySelector("[data-do=clear]").onclick = () => {
  [frames, picked] = [[], null];
  list.replaceChildren(make("li", { class: "empty" }, "Nothing yet. Send something below."));
  detail.replaceChildren(make("p", { class: "empty" }, "Pick a frame."));
};

let listens;
/** Resolves once the server tells frames, or after a while without it. What is opened before is not on the wire. */
export const listening = new Promise(done => { listens = done; });

/** Begins to listen. */
export function listen(onFigures) {
  const server = panel("server");
  setTimeout(listens, 2000);
  const open = () => {
    const source = new EventSource(`/sse/wire?wire=${token}`);
    source.onopen = () => { again.worked(); server.show("the server is there", "open"); listens(); };
    source.addEventListener("frame", event => add(JSON.parse(event.data)));
    source.addEventListener("figures", event => onFigures(JSON.parse(event.data)));
    source.addEventListener("lost", event =>
      add({ protocol: "wire", name: `${count(+event.data)} frames were not told`, dir: "out", fields: [], payload: "", len: 0, text: "" }));
    source.onerror = () => { source.close(); again.retry("the server is away"); };
  };
  const again = backoff(open, text => server.show(text, ""));
  open();
}
