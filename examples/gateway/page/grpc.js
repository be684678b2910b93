// gRPC-Web by hand, to show how little there is to it: a prefix of five bytes before each message, trailers last.

import { meter } from "./meter.js";
import { count, make, panel, size } from "./parts.js";
import { token } from "./wire.js";

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
const path = method => `/echo.Echo/${method}?wire=${token}`;

function varint(n) {
  const bytes = [];
  for (; n > 127; n >>>= 7) bytes.push((n & 127) | 128);
  return [...bytes, n];
}

function text(bytes) { // field 1 of EchoReply, whose length is a varint
  let [at, length, shift] = [1, 0, 0];
  for (let byte = 128; byte & 128; shift += 7) length |= ((byte = bytes[at++]) & 127) << shift;
  return bytes[0] === 10 ? decoder.decode(bytes.subarray(at, at + length)) : "";
}

const headers = { "content-type": "application/grpc-web+proto", "x-grpc-web": "1" };

/** A request of the Echo service: a text, how many replies, and the time between them in ms. */
function request(said, replies, delay) {
  const string = encoder.encode(said);
  const message = [10, ...varint(string.length), ...string, 16, ...varint(replies), 24, ...varint(delay)];
  return new Uint8Array([0, 0, 0, message.length >> 8, message.length & 255, ...message]);
}

export function grpc() {
  const { form, show, log, list } = panel("grpc");
  const pace = meter("grpc");
  form.onsubmit = async event => {
    event.preventDefault();
    list.replaceChildren();
    const body = request(form.elements.text.value, +form.elements.count.value, 200);
    pace.lost();
    pace.sent();
    show("calling", "busy");
    try {
      const response = await fetch(path("ServerStream"), { method: "POST", headers, body });
      let buffered = new Uint8Array();
      for (const reader = response.body.getReader(); ;) {
        const { value, done } = await reader.read();
        if (done) break;
        buffered = new Uint8Array([...buffered, ...value]);
        for (let length; buffered.length >= 5 && buffered.length >= 5 + (length = new DataView(buffered.buffer).getUint32(1));) {
          const [prefix, payload] = [buffered.slice(0, 5), buffered.slice(5, 5 + length)];
          buffered = buffered.slice(5 + length);
          if (prefix[0] & 128) {
            const trailers = decoder.decode(payload).trim();
            const status = trailers.match(/grpc-status: *(\d+)/)?.[1];
            show(trailers.replaceAll("\r\n", ", "), status === "0" ? "done" : "");
            continue;
          }
          pace.got(true);
          log("← " + text(payload), "", true);
        }
      }
    } catch {
      show("the server is away", "");
    }
  };
}

/** The calls of everybody, as the server counts them. */
export function calls() {
  const { section, show } = panel("calls");
  const [button] = section.querySelectorAll("button");
  button.onclick = async () => {
    button.disabled = true;
    show("calling", "busy");
    try {
      // Not named to the wire, which they would fill.
      for (let made = 0; made < 100; made += 1) {
        const response = await fetch("/echo.Echo/Unary", { method: "POST", headers, body: request("hi", 1, 0) });
        await response.arrayBuffer();
      }
      show("100 calls were made", "done");
    } catch {
      show("the server is away", "");
    }
    button.disabled = false;
  };
}

const time = micros => (micros === null ? "–" : micros < 1000 ? `${micros} µs` : `${(micros / 1000).toFixed(1)} ms`);

export function showCalls(kinds) {
  const rows = kinds.map(({ kind, calls, messages, bytes, mean, p99 }) => make("tr", {}, make("th", { scope: "row" }, kind),
    ...[count(calls), count(messages), size(bytes), time(mean), time(p99)].map(text => make("td", {}, text))));
  document.querySelector("#calls tbody").replaceChildren(...rows);
}
