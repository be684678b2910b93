// Checks of a Socket.IO server with npm's `socket.io-client`, over each transport and over the upgrade.
//
//   node socketio_node_client.cjs --list        prints the names of the checks
//   node socketio_node_client.cjs CHECK URL
const { Manager } = require("socket.io-client");
const assert = require("node:assert");

const [, , name, url] = process.argv;
const checks = [];
const check = (name, run) => checks.push({ name, run });

const TRANSPORTS = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };
const WAIT = 10_000;

const next = (emitter, event) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event}`)), WAIT);
    emitter.once(event, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });

/** Opens a connection, and a namespace of it. */
async function connected(transport, namespace, options, run) {
  const manager = new Manager(url, { transports: TRANSPORTS[transport], reconnection: false, ...options });
  const socket = manager.socket(namespace, { auth: { token: "é☃" } });
  const auth = next(socket, "auth");
  await next(socket, "connect");
  assert.deepStrictEqual(await auth, [{ token: "é☃" }]);
  await run(socket, manager);
  socket.disconnect();
}

for (const transport of Object.keys(TRANSPORTS)) {
  for (const namespace of ["/", "/custom"]) {
    check(`${transport}: events in ${namespace}`, () =>
      connected(transport, namespace, {}, async (socket) => {
        const back = next(socket, "message-back");
        socket.emit("message", 1, "2", { 3: [true, null] }, "\u{1F980}\u2028\u001e");
        assert.deepStrictEqual(await back, [1, "2", { 3: [true, null] }, "\u{1F980}\u2028\u001e"]);
        const acks = await socket.timeout(WAIT).emitWithAck("message-with-ack", "x").catch((e) => e);
        assert.strictEqual(acks, "x");
      }));
  }

  check(`${transport}: attachments`, () =>
    connected(transport, "/", {}, async (socket) => {
      const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => i % 256));
      const back = next(socket, "message-back");
      socket.emit("message", bytes, { nested: [Buffer.from([]), "☃"] });
      const [first, second] = await back;
      assert.ok(bytes.equals(Buffer.from(first)));
      assert.strictEqual(second.nested[0].length, 0);
      assert.strictEqual(second.nested[1], "☃");
      const ack = await socket.timeout(WAIT).emitWithAck("message-with-ack", bytes);
      assert.ok(bytes.equals(Buffer.from(ack)));
    }));

  check(`${transport}: many events in order`, () =>
    connected(transport, "/", {}, async (socket) => {
      const got = [];
      const done = new Promise((resolve) => {
        socket.on("message-back", (n) => got.push(n) === 500 && resolve());
      });
      for (let n = 0; n < 500; n++) {
        socket.emit("message", n, n % 7 === 0 ? Buffer.from([n % 256]) : "text");
        if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await done;
      assert.deepStrictEqual(got, Array.from({ length: 500 }, (_, n) => n));
    }));

  check(`${transport}: an unknown namespace is refused, and the others stay`, () =>
    connected(transport, "/", {}, async (socket, manager) => {
      const other = manager.socket("/unknown");
      const [error] = await next(other, "connect_error");
      assert.strictEqual(error.message, "Invalid namespace");
      assert.strictEqual(await socket.timeout(WAIT).emitWithAck("message-with-ack", 7), 7);
      const custom = manager.socket("/custom");
      await next(custom, "connect");
      custom.disconnect();
      assert.strictEqual(await socket.timeout(WAIT).emitWithAck("message-with-ack", 8), 8);
    }));

  check(`${transport}: heartbeats`, () =>
    connected(transport, "/", {}, async (socket, manager) => {
      for (let i = 0; i < 3; i++) await next(manager, "ping");
      assert.ok(socket.connected);
    }));
}

check("upgrade: it ends on WebSocket", () =>
  connected("upgrade", "/", {}, async (socket, manager) => {
    if (manager.engine.transport.name !== "websocket") await next(manager.engine, "upgrade");
    assert.strictEqual(manager.engine.transport.name, "websocket");
    assert.strictEqual(await socket.timeout(WAIT).emitWithAck("message-with-ack", 1), 1);
  }));

check("websocket: binary messages in base64", () =>
  connected("websocket", "/", { forceBase64: true }, async (socket) => {
    const bytes = Buffer.from([0, 1, 255]);
    const ack = await socket.timeout(WAIT).emitWithAck("message-with-ack", bytes);
    assert.ok(bytes.equals(Buffer.from(ack)));
  }));

if (name === "--list") {
  console.log(JSON.stringify(checks.map((check) => check.name)));
} else {
  const { run } = checks.find((check) => check.name === name);
  run().then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}
