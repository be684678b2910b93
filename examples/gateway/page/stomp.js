// STOMP by hand: a command, headers, an empty line, a body and a NUL. `@stomp/stompjs` does the same, and more.

import { meter } from "./meter.js";
import { panel } from "./parts.js";
import { socket } from "./sockets.js";
import { token } from "./wire.js";

const escapes = { "\\": "\\\\", ":": "\\c", "\r": "\\r", "\n": "\\n" };
const escape = text => text.replace(/[\\:\r\n]/g, c => escapes[c]);
const unescape = text => text.replace(/\\(.)/g, (_, c) => ({ c: ":", r: "\r", n: "\n" })[c] ?? c);
const frame = (command, headers, body = "") =>
  `${command}\n${Object.entries(headers).map(header => header.map(escape).join(":") + "\n").join("")}\n${body}\0`;

function parse(text) { // a frame without a NUL in its body
  const [, command, lines, body] = text.match(/^\n*(.*)\n((?:.+\n)*)\n([^]*)$/);
  const headers = lines.split("\n").filter(line => line).map(line => line.match(/([^:]*):(.*)/).slice(1).map(unescape));
  return { command, headers: Object.fromEntries(headers.reverse()), body }; // the first of a name counts
}

export function stomp() {
  const { form, show, log } = panel("stomp");
  const { topic, text } = form.elements;
  const pace = meter("stomp");
  let [isConnected, subscribed, waiting] = [false, null, []];
  const subscribe = () => {
    if (!isConnected || subscribed === topic.value) return;
    if (subscribed !== null) client.send(frame("UNSUBSCRIBE", { id: "page" }));
    client.send(frame("SUBSCRIBE", { id: "page", destination: (subscribed = topic.value) }));
  };
  const client = socket({
    path: () => `/stomp?wire=${token}`,
    protocols: ["v12.stomp"],
    show(state, kind) {
      if (kind !== "open") [isConnected, subscribed] = [false, null];
      show(state, kind);
    },
    onopen: opened => opened.send(frame("CONNECT", { "accept-version": "1.2", host: location.hostname })),
    onmessage(data) {
      const whole = typeof data === "string" ? data : new TextDecoder().decode(data);
      for (const { command, headers, body } of whole.split("\0").filter(part => part.trim()).map(parse)) {
        if (command === "CONNECTED") {
          isConnected = true;
          subscribe();
          waiting.splice(0).forEach(each => client.send(each));
        }
        if (command === "MESSAGE") pace.got(true);
        if (command === "MESSAGE") log(`← ${headers.destination}: ${body}`);
        if (command === "ERROR") log(`← error: ${headers.message}`, "failed");
      }
    },
  });
  topic.onchange = subscribe;
  form.onsubmit = event => {
    event.preventDefault();
    subscribe();
    const sent = frame("SEND", { destination: topic.value, "content-type": "text/plain" }, text.value);
    pace.sent();
    isConnected ? client.send(sent) : waiting.push(sent);
    log("→ " + text.value, "sent");
    text.value = "";
  };
}
