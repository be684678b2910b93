// WebSockets: one for the echo, one for the chat room. Both come back after a loss.

import { meter } from "./meter.js";
import { backoff, make, panel, size } from "./parts.js";
import { listening, token } from "./wire.js";

const base = location.origin.replace(/^http/, "ws");

/** A WebSocket that opens once the wire is watched, and reopens. What is sent meanwhile waits. `path` is a function, because options may change. */
export function socket({ path, protocols, show, onmessage, onopen }) {
  let [current, waiting] = [null, []];
  const open = () => {
    again.stop();
    const opened = new WebSocket(base + path(), protocols);
    current = opened;
    opened.binaryType = "arraybuffer";
    show("opening", "waiting");
    opened.onopen = () => {
      again.worked();
      show(opened.extensions ? "open, compressed" : "open", "open");
      onopen?.(opened);
      waiting.splice(0).forEach(data => opened.send(data));
    };
    opened.onmessage = event => onmessage(event.data);
    opened.onclose = ({ code, reason, wasClean }) => {
      if (opened !== current) return;
      const why = `closed: ${code}${reason && ` ${reason}`}`;
      if (opened.closing) return show(`${why}; the next message opens it`, "idle");
      wasClean || code !== 1006 ? again.retry(why) : again.retry("no connection");
    };
  };
  const again = backoff(open, text => show(text, ""));
  const isUsable = () => current && current.readyState <= WebSocket.OPEN && !current.closing;
  listening.then(() => isUsable() || open());
  return {
    open,
    send(data) {
      if (!isUsable()) open();
      current.readyState === WebSocket.OPEN ? current.send(data) : waiting.push(data);
    },
    close(code, reason) {
      if (!isUsable()) return;
      current.close(code, reason); // throws for a code that pages may not use
      current.closing = true;
    },
  };
}

export function echo() {
  const { section, form, show, log } = panel("echo");
  const [, more, close] = section.querySelectorAll("form");
  let sent;
  const pace = meter("echo");
  const echoed = socket({
    path: () => `/ws/echo?wire=${token}${more.elements.deflate.checked ? "" : "&deflate=off"}`,
    show,
    onmessage(data) {
      pace.got(true);
      if (typeof data === "string") return log("← " + data);
      const got = new Uint8Array(data);
      const same = sent && got.length === sent.length && got.every((byte, i) => byte === sent[i]);
      log(`← ${size(got.length)}, ${same ? "the same" : "NOT the same"}`, same ? "" : "failed");
    },
  });
  form.onsubmit = event => {
    event.preventDefault();
    const { value } = form.elements.text;
    echoed.send(value);
    pace.sent();
    log("→ " + value, "sent");
  };
  more.onsubmit = event => event.preventDefault();
  more.elements.deflate.onchange = () => echoed.open();
  section.querySelector("[data-do=binary]").onclick = () => {
    sent = new Uint8Array(1 << 20);
    for (let at = 0; at < sent.length; at += 65536) crypto.getRandomValues(sent.subarray(at, at + 65536));
    echoed.send(sent);
    pace.sent();
    log(`→ ${size(sent.length)}`, "sent");
  };
  close.onsubmit = event => {
    event.preventDefault();
    try {
      echoed.close(+close.elements.code.value, close.elements.reason.value);
    } catch {
      log(`Pages may close with 1000 or 3000 to 4999, not with ${close.elements.code.value}.`, "failed");
    }
  };
}

/** A name for the room, which the page remembers. */
export function nameInRoom() {
  const field = document.getElementById("chat").querySelector("[name=name]");
  return field.value.trim().replace(/[\s:]+/g, "-") || "somebody";
}

/** A line of the room: a name, if it has one, and a text. */
export function line(message, log, pace) {
  const [, name, text] = message.match(/^([^\s:]{1,20}): ([^]*)$/) ?? [, "", message];
  const parts = [make("span", { class: "text-said" }, text)];
  if (name) parts.unshift(make("span", { class: "name" }, name), " ");
  pace.got(name === nameInRoom());
  log(parts, name === nameInRoom() ? "mine" : "");
}

export function chat() {
  const { form, show, log } = panel("chat");
  const { name, text } = form.elements;
  name.value = localStorage.getItem("name") ?? `guest-${Math.floor(Math.random() * 900) + 100}`;
  name.onchange = () => localStorage.setItem("name", name.value);
  const pace = meter("chat");
  const room = socket({ path: () => `/ws/chat?wire=${token}`, protocols: ["chat"], show, onmessage: data => line(data, log, pace) });
  form.onsubmit = event => {
    event.preventDefault();
    // The room sends it back, so it is shown once it was heard.
    if (text.value) {
      room.send(`${nameInRoom()}: ${text.value}`);
      pace.sent();
    }
    text.value = "";
  };
}
