// Checks of a STOMP broker with `@stomp/stompjs`, over the WebSocket of npm's `ws`, or over a transport of npm's
// `sockjs-client`.
//
//   node stomp_node_client.cjs --list        prints the names of the checks
//   node stomp_node_client.cjs CHECK URL [TRANSPORT]
const { Client, Versions } = require("@stomp/stompjs");
const SockJS = require("sockjs-client");
const WebSocket = require("ws");
const assert = require("node:assert");

const [, , name, url, transport] = process.argv;
const checks = [];
const check = (name, run) => checks.push({ name, run });

/** Opens a connection, runs `run` with it, and leaves. */
async function connected(options, run) {
  let socket;
  const client = new Client({
    webSocketFactory: () => {
      if (transport) return (socket = new SockJS(url, null, { transports: transport }));
      socket = new WebSocket(url, client.stompVersions.protocolVersions());
      socket.binaryType = "arraybuffer";
      return socket;
    },
    reconnectDelay: 0,
    ...options,
  });
  await new Promise((resolve, reject) => {
    client.onConnect = resolve;
    client.onStompError = (frame) => reject(new Error(frame.headers.message));
    client.onWebSocketError = reject;
    client.activate();
  });
  const result = await run(client, () => socket);
  await client.deactivate();
  return result;
}

const received = (count, start) =>
  new Promise((resolve) => {
    const messages = [];
    start((message) => messages.push(message) === count && resolve(messages));
  });

const asked = (client, start) =>
  new Promise((resolve) => {
    const receipt = `receipt-${Math.random()}`;
    client.watchForReceipt(receipt, resolve);
    start(receipt);
  });

for (const version of ["1.0", "1.1", "1.2"]) {
  // In 1.1, stompjs neither writes nor reads escapes.
  const value = version === "1.2" ? "a:b\\\n" : "plain";
  check(`version ${version}: a message comes back with its headers`, () =>
    connected({ stompVersions: new Versions([version]) }, async (client) => {
      assert.strictEqual(client.connectedVersion || "1.0", version);
      const [message] = await received(1, (take) => {
        client.subscribe("/topic/a", take, { id: "s" });
        const headers = { priority: "9", name: value };
        client.publish({ destination: "/topic/a", body: "Grüße 👋", headers });
      });
      assert.strictEqual(message.body, "Grüße 👋");
      assert.strictEqual(message.headers.priority, "9");
      assert.strictEqual(message.headers.name, value);
      assert.strictEqual(message.headers.subscription, "s");
    }));
}

check("what the tutorials send to /app/chat comes out on /topic/messages", () =>
  connected({}, async (client) => {
    const [message] = await received(1, (take) => {
      client.subscribe("/topic/messages", take);
      client.publish({ destination: "/app/chat", body: JSON.stringify({ text: "hi" }) });
    });
    assert.deepStrictEqual(JSON.parse(message.body), { text: "hi" });
  }));

check("a million bytes with NULs pass", () =>
  connected({}, async (client) => {
    const body = new Uint8Array(1_000_000).map((_, i) => i % 251);
    const [message] = await received(1, (take) => {
      client.subscribe("/topic/long", take);
      client.publish({ destination: "/topic/long", binaryBody: body });
    });
    assert.deepStrictEqual(Buffer.from(message.binaryBody), Buffer.from(body));
  }));

check("large frames may be split over messages", () =>
  connected({ splitLargeFrames: true, maxWebSocketChunkSize: 100 }, async (client) => {
    const body = "x".repeat(1000);
    const [message] = await received(1, (take) => {
      client.subscribe("/topic/split", take);
      client.publish({ destination: "/topic/split", body });
    });
    assert.strictEqual(message.body, body);
  }));

for (const mode of ["client", "client-individual"]) {
  check(`messages are acknowledged: ${mode}`, () =>
    connected({}, async (client) => {
      const messages = await received(3, (take) => {
        client.subscribe("/topic/ack", take, { ack: mode });
        for (const body of ["1", "2", "3"]) client.publish({ destination: "/topic/ack", body });
      });
      // In the mode `client`, the last speaks for all of them.
      if (mode === "client") await asked(client, (receipt) => messages[2].ack({ receipt }));
      else {
        await asked(client, (receipt) => messages[1].nack({ receipt }));
        await asked(client, (receipt) => messages[0].ack({ receipt }));
        await asked(client, (receipt) => messages[2].ack({ receipt }));
      }
    }));
}

check("a transaction takes effect when it is committed, and not when it is aborted", () =>
  connected({}, async (client) => {
    const messages = await received(3, (take) => {
      client.subscribe("/topic/tx", take);
      const send = (body, transaction) =>
        client.publish({ destination: "/topic/tx", body, headers: transaction ? { transaction } : {} });
      const aborted = client.begin();
      send("never", aborted.id);
      aborted.abort();
      const committed = client.begin();
      send("second", committed.id);
      send("first");
      committed.commit();
      send("third");
    });
    assert.deepStrictEqual(messages.map((message) => message.body), ["first", "second", "third"]);
  }));

check("an error names the receipt that was asked for", () =>
  connected({}, async (client) => {
    const error = await new Promise((resolve) => {
      client.onStompError = resolve;
      client.publish({ destination: "/topic/a", body: "", headers: { transaction: "none", receipt: "r-7" } });
    });
    assert.strictEqual(error.headers.message, "no such transaction");
    assert.strictEqual(error.headers["receipt-id"], "r-7");
  }));

check("heart-beats are exchanged", () =>
  connected({ heartbeatIncoming: 300, heartbeatOutgoing: 300 }, async (client, socket) => {
    let beats = 0;
    socket().on("message", (data) => (beats += data.toString() === "\n"));
    let closed = false;
    client.onWebSocketClose = () => (closed = true);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    assert.ok(!closed && beats > 0, `${beats} heart-beats, closed: ${closed}`);
    client.onWebSocketClose = () => {};
  }));

if (name === "--list") {
  console.log(JSON.stringify(checks.map((check) => check.name)));
  process.exit(0);
}
checks
  .find((check) => check.name === name)
  .run()
  .then(() => process.exit(0))
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
