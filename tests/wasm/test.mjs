// Talks to both modules through their memory. See README.md.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { argv } from "node:process";
import { test } from "node:test";
import zlib from "node:zlib";

const [plain, deflate] = argv.slice(-2).map((path) => new WebAssembly.Module(readFileSync(path)));

const KEY = [0x37, 0xfa, 0x21, 0x3d];
const TAIL = Buffer.from([0, 0, 0xff, 0xff]); // RFC 7692 §7.2.1

/** A frame without a mask, of less than 64 KiB (RFC 6455 §5.2). */
function frame(first, payload) {
  const len = payload.length;
  const header = len < 126 ? [first, len] : [first, 126, len >> 8, len & 0xff];
  return Buffer.concat([Buffer.from(header), payload]);
}

function masked(first, payload) {
  const bytes = frame(first, payload);
  bytes[1] |= 0x80;
  const header = bytes.length - payload.length;
  const body = bytes.subarray(header).map((byte, i) => byte ^ KEY[i % 4]);
  return Buffer.concat([bytes.subarray(0, header), Buffer.from(KEY), body]);
}

/** What a new connection answers to `input`, given to it in pieces of `pieceLen` bytes. */
function answer(module, input, pieceLen) {
  const { open, receive, input: to, output: from, memory } = new WebAssembly.Instance(module).exports;
  open();
  const answers = [];
  for (let at = 0; at < input.length; at += pieceLen) {
    const piece = input.subarray(at, at + pieceLen);
    new Uint8Array(memory.buffer).set(piece, to());
    const len = receive(piece.length);
    // A copy, because the next answer overwrites it.
    answers.push(Buffer.from(memory.buffer.slice(from(), from() + len)));
  }
  return Buffer.concat(answers);
}

const text = Buffer.from("Grüße 🦀, ".repeat(100));
const session = [
  [masked(0x81, Buffer.from("Hello")), frame(0x81, Buffer.from("Hello"))],
  [masked(0x82, Buffer.alloc(1000, 0x5a)), frame(0x82, Buffer.alloc(1000, 0x5a))],
  [masked(0x01, text.subarray(0, 3)), Buffer.alloc(0)],
  [masked(0x89, Buffer.from("ping")), frame(0x8a, Buffer.from("ping"))],
  [masked(0x80, text.subarray(3)), frame(0x81, text)],
  [masked(0x88, Buffer.from("\x03\xe8bye", "latin1")), frame(0x88, Buffer.from("\x03\xe8bye", "latin1"))],
];
const both = (which) => Buffer.concat(session.map((pair) => pair[which]));

test("neither module imports anything", () => {
  for (const module of [plain, deflate]) {
    assert.deepEqual(WebAssembly.Module.imports(module), []);
  }
});

test("a session is echoed, in pieces of any size", () => {
  // So small that the pong comes before the message in which the ping came.
  for (const pieceLen of [1, 2, 3, 7]) {
    assert.equal(answer(plain, both(0), pieceLen).toString("hex"), both(1).toString("hex"));
  }
});

test("what breaks a rule is refused", () => {
  const close = answer(plain, frame(0x81, Buffer.from("Hello")), 4096);
  assert.equal(close[0], 0x88);
  assert.equal(close.readUInt16BE(2), 1002);
});

test("a compressed session is echoed, in pieces of any size", () => {
  const deflated = (bytes, level) => {
    const whole = zlib.deflateRawSync(bytes, { level, finishFlush: zlib.constants.Z_SYNC_FLUSH });
    assert.deepEqual(whole.subarray(-4), TAIL);
    return whole.subarray(0, -4);
  };
  const input = Buffer.concat([masked(0xc1, deflated(text, 9)), masked(0xc1, deflated(text, 1))]);
  for (const pieceLen of [1, 7, 4096]) {
    // The second message refers to the first, so they are inflated as one stream.
    const stream = [];
    let rest = answer(deflate, input, pieceLen);
    while (rest.length > 0) {
      assert.equal(rest[0], 0xc1);
      const [len, header] = rest[1] < 126 ? [rest[1], 2] : [rest.readUInt16BE(2), 4];
      assert.ok(len < text.length / 2);
      stream.push(rest.subarray(header, header + len), TAIL);
      rest = rest.subarray(header + len);
    }
    assert.equal(stream.length, 4);
    const options = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
    const inflated = zlib.inflateRawSync(Buffer.concat(stream), options);
    assert.deepEqual(inflated, Buffer.concat([text, text]));
  }
});

test("text that is no UTF-8 once it is inflated is refused", () => {
  const bytes = zlib.deflateRawSync(Buffer.from([0xff]), { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  const close = answer(deflate, masked(0xc1, bytes.subarray(0, -4)), 4096);
  assert.equal(close[0], 0x88);
  assert.equal(close.readUInt16BE(2), 1007);
});
