// One frame with its bytes: a block for each layer, from the outermost to the innermost. A field is marked in the bytes and in
// the list at once.

import { make, size } from "./parts.js";

const pane = document.querySelector("#wire .detail");
const pairs = text => text.match(/../g)?.join(" ") ?? "";

/** Marks a part while the pointer or the focus is on it, and whatever belongs to it. */
function lit(part, at) {
  const light = on => pane.querySelectorAll(`[data-at="${at}"]`).forEach(other => other.classList.toggle("lit", on));
  part.dataset.at = at;
  part.onmouseenter = part.onfocus = () => light(true);
  part.onmouseleave = part.onblur = () => light(false);
  return part;
}

function block(layer, depth, heading) {
  const bytes = make("p", { class: "hex" });
  const fields = make("dl", { class: "fields" });
  layer.fields.forEach(({ name, hex, note }, index) => {
    const [at, color] = [`${depth}-${index}`, `f${index % 6}`];
    const title = note ? `${name}: ${note}` : name;
    if (hex) bytes.append(lit(make("span", { class: color, tabindex: 0, title }, pairs(hex)), at));
    fields.append(make("div", {},
      lit(make("dt", { class: color }, name), at),
      make("dd", { class: "bytes" }, pairs(hex)), make("dd", { class: "note" }, note)));
  });
  const { payload } = layer;
  // A text says more than its bytes, where those are not on the wire like this.
  if (payload?.hex && (layer.fields.length > 0 || !payload.text)) {
    const cut = payload.hex.length / 2 < payload.len ? " …" : "";
    bytes.append(make("span", { class: "payload", title: `payload, ${payload.len} bytes` }, pairs(payload.hex) + cut));
  }
  const facts = make("dl", { class: "facts" }, ...layer.facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
  return make("section", { class: "layer" },
    make(heading, {}, `${layer.protocol} ${layer.title}`),
    ...(layer.problem ? [make("p", { class: "bad" }, layer.problem)] : []),
    ...(bytes.firstChild ? [bytes] : []), ...(fields.firstChild ? [fields] : []), ...(facts.firstChild ? [facts] : []),
    ...(payload?.text ? [make("pre", {}, payload.text)] : []));
}

/** Shows a frame, or none. */
export function detail(frame) {
  if (!frame) return pane.replaceChildren(make("p", { class: "empty" }, "Pick a frame."));
  const way = frame.dir === "in" ? "↑ to the server" : "↓ to the page";
  const { len } = frame.layers[0];
  const about = [way, len === null || len === undefined ? "" : `${size(len)} on the wire`, frame.path ?? ""].filter(text => text);
  pane.replaceChildren(
    make("p", { class: "way" }, about.join(" · ")),
    ...frame.layers.map((layer, depth) => block(layer, depth, depth === 0 ? "h3" : "h4")));
  pane.scrollTop = 0;
}
