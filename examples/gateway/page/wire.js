// The wire: the last frames of every protocol, as the server saw them go by. It tells them by an event stream.

import { backoff, count, make, panel, size } from "./parts.js";
import { detail } from "./detail.js";

const MOST = 300;
/** Names this page to the server, in the queries of its requests. */
export const token = Number(crypto.getRandomValues(new BigUint64Array(1))[0] >> 11n);

const { section } = panel("wire");
section.dataset.query = `wire=${token}`;
const list = section.querySelector(".frames");
const filter = section.querySelector("select");
const pause = section.querySelector("[data-do=pause]");
let [frames, shown, waiting, picked] = [[], new Set(), [], null];

/**
 * Adds a frame: `{ dir, path, layers }`, from the outermost layer to the innermost. A layer is
 * `{ protocol, title, len, fields: [{ name, hex, note }], facts: [[name, value]], payload: { hex, len, text }, problem }`.
 */
export function add(frame) {
  frame.text = preview(frame);
  frame.seen = performance.now();
  waiting.push(frame);
  if (waiting.length === 1) requestAnimationFrame(draw);
}

// Draws once for each picture on the screen, however many frames came.
function draw() {
  const came = waiting.splice(0);
  if (pause.getAttribute("aria-pressed") === "true") return;
  for (const frame of came.slice(-MOST)) {
    for (const { protocol } of frame.layers) {
      if (shown.has(protocol)) continue;
      shown.add(protocol);
      filter.append(make("option", {}, protocol));
    }
    list.querySelector(".empty")?.remove();
    const item = row(frame);
    frames.push(item);
    list.prepend(item);
    while (frames.length > MOST) frames.shift().remove();
  }
  if (!picked && frames.length > 0) pick(frames.at(-1));
}

/** What is most worth reading of a frame: a text, or what is said about it. */
function preview({ layers }) {
  const said = name => layers[0].facts.find(([of]) => of === name)?.[1];
  if (said(":method")) return `${said(":protocol") ?? said(":method")} ${said(":path")}`;
  if (said(":status")) return `${said(":status")} ${said("content-type") ?? ""}`;
  const texts = layers.map(({ payload }) => payload?.text).filter(text => text);
  const { fields, facts } = layers.at(-1);
  // Frames of HTTP/2 have four fields before whatever they are about.
  const values = layers.length === 1 && layers[0].protocol === "HTTP/2" ? fields.slice(4).map(({ name, note }) => (name === "setting" ? note : `${name}: ${note}`)) : [];
  return texts.at(-1) ?? [...values, ...facts.map(fact => fact.join(": "))].join(", ");
}

// Its length has a column of its own.
const brief = title => title.replace(/, (body of |head of )?\d+ bytes?( of data)?/, "");

const isFiltered = ({ layers }) => filter.value !== "" && !layers.some(({ protocol }) => protocol === filter.value);

function row(frame) {
  const inner = frame.layers.at(-1);
  const stack = [...new Set(frame.layers.map(({ protocol }) => protocol))].join(" › ");
  const bytes = frame.layers[0].len ?? frame.layers[0].payload?.len;
  const [arrow, way] = frame.dir === "in" ? ["↑", "to the server"] : ["↓", "to the page"];
  const isBad = frame.bad || frame.layers.some(({ problem }) => problem);
  const button = make("button", { type: "button", title: stack, "aria-label": `${stack}: ${inner.title}, ${way}` },
    make("span", { class: "at" }, `${(frame.seen / 1000).toFixed(2)} s`),
    make("span", { class: frame.dir, title: way }, arrow),
    make("span", {}, inner.protocol),
    make("span", { class: isBad ? "bad" : undefined }, brief(inner.title)),
    make("span", { class: "preview" }, frame.text),
    make("span", { class: "size" }, bytes === undefined ? "" : size(bytes)));
  const item = make("li", {}, button);
  item.frame = frame;
  item.hidden = isFiltered(frame);
  button.onclick = () => pick(item);
  return item;
}

/** Shows a frame with its bytes. */
function pick(item) {
  picked?.firstChild.removeAttribute("aria-current");
  picked = item;
  item.firstChild.setAttribute("aria-current", "true");
  detail(item.frame);
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
  for (const item of frames) item.hidden = isFiltered(item.frame);
};
pause.onclick = () => {
  const pressed = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", pressed);
  pause.textContent = pressed ? "Go on" : "Pause";
};
section.querySelector("[data-do=clear]").onclick = () => {
  [frames, picked] = [[], null];
  list.replaceChildren(make("li", { class: "empty" }, "Nothing yet. Send something below."));
  detail(null);
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
      add({ dir: "out", layers: [{ protocol: "wire", title: `${count(+event.data)} frames were not told`, fields: [], facts: [] }] }));
    source.onerror = () => { source.close(); again.retry("the server is away"); };
  };
  const again = backoff(open, text => server.show(text, ""));
  open();
}
