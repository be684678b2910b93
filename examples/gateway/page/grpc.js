// gRPC-Web by hand, to show how little there is to it: a prefix of five bytes before each message, trailers last.

import { hex, panel } from "./parts.js";
import { add } from "./wire.js";

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
const PATH = "/echo.Echo/ServerStream";

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

/** Adds a frame of the body to the wire. */
function tell(dir, prefix, payload, said) {
  const isTrailers = (prefix[0] & 128) !== 0;
  add({
    protocol: "gRPC-Web", name: isTrailers ? "trailers" : "message", dir, path: PATH, byPage: true,
    fields: [
      { name: "flags", hex: hex(prefix.subarray(0, 1)), note: `${isTrailers ? "trailers" : "a message"}, ${prefix[0] & 1 ? "compressed" : "not compressed"}` },
      { name: "length", hex: hex(prefix.subarray(1)), note: `${payload.length} bytes` },
    ],
    payload: hex(payload.subarray(0, 64)), cut: payload.length > 64, len: payload.length, text: said,
  });
}

export function grpc() {
  const { form, show, log, list } = panel("grpc");
  form.onsubmit = async event => {
    event.preventDefault();
    list.replaceChildren();
    const string = encoder.encode(form.elements.text.value);
    const message = [10, ...varint(string.length), ...string, 16, ...varint(+form.elements.count.value), 24, ...varint(200)];
    const body = new Uint8Array([0, 0, 0, message.length >> 8, message.length & 255, ...message]);
    tell("in", body.subarray(0, 5), body.subarray(5), form.elements.text.value);
    const headers = { "content-type": "application/grpc-web+proto", "x-grpc-web": "1" };
    show("calling", "busy");
    try {
      const response = await fetch(PATH, { method: "POST", headers, body });
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
            tell("out", prefix, payload, trailers);
            const status = trailers.match(/grpc-status: *(\d+)/)?.[1];
            show(trailers.replaceAll("\r\n", ", "), status === "0" ? "done" : "");
            continue;
          }
          tell("out", prefix, payload, text(payload));
          log("← " + text(payload), "", true);
        }
      }
    } catch {
      show("the server is away", "");
    }
  };
}
