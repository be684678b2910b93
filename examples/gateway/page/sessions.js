// Socket.IO and SockJS by hand, to show how little there is to them. `socket.io-client` and `sockjs-client` do the same,
// and more. Each function opens a session in the chat room and returns `{ say, close }`. It calls `on.open(how)` with the
// transport, again when that changes, `on.message(text)`, and `on.close(why)` once.

import { meter } from "./meter.js";
import { backoff, panel } from "./parts.js";
import { line, nameInRoom } from "./sockets.js";
import { listening, token } from "./wire.js";

// Socket.IO in the namespace `/chat`: a packet is a digit, the namespace, a comma, and JSON.
function socketIo(transport, on) {
  const engine = engineIo(transport, {
    ...on,
    open: () => engine.send("0/chat,"),
    moved: () => on.open(engine.transport()),
    message: packet => {
      if (packet.startsWith("0/chat,")) on.open(engine.transport());
      if (packet.startsWith("2/chat,")) on.message(JSON.parse(packet.slice(7))[1]);
    },
  });
  return { say: text => engine.send("2/chat," + JSON.stringify(["message", text])), close: engine.close };
}

// Engine.IO: packets over polling, over WebSocket, or over one after the other. The first byte of a packet is its type.
function engineIo(transport, on) {
  const url = kind => `/socket.io/?EIO=4&transport=${kind}&wire=${token}${sid ? `&sid=${sid}` : ""}`;
  const abort = new AbortController();
  let sid, socket; // the WebSocket once it has taken over
  let [waiting, posting, moving, over] = [[], null, false, false];

  const end = why => {
    if (over) return;
    over = true;
    abort.abort();
    on.close(why);
  };
  const openSocket = () => {
    const opened = new WebSocket(url("websocket"));
    abort.signal.addEventListener("abort", () => opened.close());
    return opened;
  };
  const take = packet => {
    switch (packet[0]) {
      case "0": // open
        sid = JSON.parse(packet.slice(1)).sid;
        return on.open();
      case "1": return end("closed");
      case "2": return write("3"); // a ping and its pong
      case "4": return on.message(packet.slice(1));
    }
  };
  const write = packet => {
    if (socket) return socket.send(packet);
    waiting.push(packet);
    if (sid && !moving) posting ??= post();
  };
  const fetched = text => {
    for (const packet of text.split("\x1e")) take(packet);
  };
  const request = async options => {
    const response = await fetch(url("polling"), { ...options, signal: abort.signal });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return response.text();
  };
  const post = async () => {
    while (waiting.length > 0 && !moving) {
      const packets = waiting.splice(0);
      await request({ method: "POST", body: packets.join("\x1e") }).catch(e => end(e.message));
    }
    posting = null;
  };
  const poll = async () => {
    while (!over && !moving) {
      fetched(await request());
      if (waiting.length > 0) posting ??= post();
    }
  };
  const listen = candidate => {
    candidate.onmessage = event => take(event.data);
    candidate.onclose = event => end(`closed: ${event.code}`);
    socket = candidate;
    waiting.splice(0).forEach(packet => socket.send(packet));
  };
  // The WebSocket takes over once nothing is under way in requests. The server answers a held one at once.
  const upgrade = polling => {
    const candidate = openSocket();
    candidate.onopen = () => candidate.send("2probe");
    candidate.onclose = event => moving && end(`closed: ${event.code}`); // before that, polling goes on
    candidate.onmessage = async event => {
      if (event.data !== "3probe") return;
      moving = true;
      await Promise.allSettled([polling, posting]);
      if (over) return;
      candidate.send("5");
      listen(candidate);
      on.moved();
    };
  };
  const begin = async () => {
    fetched(await request());
    const polling = poll();
    if (transport === "upgrade") upgrade(polling);
    await polling;
  };
  if (transport === "websocket") listen(openSocket());
  else begin().catch(e => end(e.message));
  return {
    send: message => write("4" + message),
    close: () => end("closed"),
    transport: () => (socket ? "WebSocket" : "polling"),
  };
}

// SockJS: frames come by a receiver, of which there is one for each transport. `a` and a list are messages.
function sockJs(transport, on) {
  const base = `/sockjs/chat/000/${Array.from(crypto.getRandomValues(new Uint32Array(2)), n => n.toString(36)).join("")}`;
  const name = `sockjs_${transport}`; // the function that is called by documents and scripts
  const abort = new AbortController();
  let [over, release] = [false, () => {}];

  const end = why => {
    if (over) return;
    over = true;
    abort.abort();
    release();
    on.close(why);
  };
  const take = frame => {
    if (frame[0] === "o") on.open(transport);
    if (frame[0] === "a") JSON.parse(frame.slice(1)).forEach(message => on.message(message));
    if (frame[0] === "c") end(`closed: ${JSON.parse(frame.slice(1)).join(" ")}`);
  };
  const post = (path, body, type) =>
    fetch(`${base}/${path}?wire=${token}`, { method: "POST", body, headers: type ? { "Content-Type": type } : {}, signal: abort.signal });

  // A response has one frame, or many until it is long enough. Then there is another request.
  const byXhr = async path => {
    while (!over) {
      const response = await post(path);
      if (!response.ok) return end(`status ${response.status}`);
      let text = "";
      for (const [reader, decoder] = [response.body.getReader(), new TextDecoder()]; ;) {
        const { value, done } = await reader.read();
        if (done) break;
        const lines = (text + decoder.decode(value, { stream: true })).split("\n");
        text = lines.pop();
        lines.forEach(take);
      }
    }
  };
  const receivers = {
    websocket() {
      const socket = new WebSocket(`${base}/websocket?wire=${token}`);
      socket.onmessage = event => take(event.data);
      socket.onclose = event => end(`closed: ${event.code}`);
      release = () => socket.close();
      return text => socket.send(text);
    },
    xhr: () => void byXhr("xhr").catch(e => end(e.message)),
    xhr_streaming: () => void byXhr("xhr_streaming").catch(e => end(e.message)),
    eventsource() {
      const source = new EventSource(`${base}/eventsource?wire=${token}`);
      source.onmessage = event => take(decodeURI(event.data)); // servers escape what this would not leave as it is
      release = () => source.close();
    },
    htmlfile() {
      document.domain = document.domain; // as in the document that comes, or some browsers keep the two apart
      const frame = document.createElement("iframe");
      frame.hidden = true;
      window[name] = { start() {}, message: take, stop: () => over || (frame.src = `${base}/htmlfile?c=${name}&wire=${token}&t=${Date.now()}`) };
      frame.src = `${base}/htmlfile?c=${name}&wire=${token}`;
      document.body.append(frame);
      release = () => frame.remove();
    },
    jsonp() {
      const ask = () => {
        const script = document.createElement("script");
        script.src = `${base}/jsonp?c=${name}&wire=${token}&t=${Math.random()}`;
        script.onload = () => { script.remove(); over || ask(); };
        script.onerror = () => end("a script did not come");
        document.head.append(script);
      };
      window[name] = take;
      ask();
      return text => post("jsonp_send", "d=" + encodeURIComponent(text), "application/x-www-form-urlencoded");
    },
  };
  // In order: one request is answered before the next.
  const send = receivers[transport]() ?? (text => post("xhr_send", text, "text/plain"));
  let sending = Promise.resolve();
  const say = text => {
    const body = JSON.stringify([text]);
    sending = sending.then(() => send(body)).catch(e => end(e.message));
  };
  return { say, close: () => end("closed") };
}

/** The panel: a session of the transport that is chosen, until another is. */
export function sessions() {
  const { form, show, log } = panel("sessions");
  const { transport, text } = form.elements;
  const pace = meter("sessions");
  let [session, current, isOpen] = [null, null, false];
  const connect = () => {
    current = null; // so that the end of the session before is none
    session?.close();
    again.stop();
    const [protocol, kind] = transport.value.split(" ");
    const own = {
      open(how) {
        if (own !== current) return;
        isOpen = true;
        again.worked();
        show(`open: ${protocol} over ${how}`, "open");
      },
      message: message => own === current && line(message, log, pace),
      close(why) {
        if (own !== current) return;
        isOpen = false;
        again.retry(why);
      },
    };
    [current, isOpen] = [own, false];
    show(`opening ${protocol}`, "waiting");
    session = (protocol === "Socket.IO" ? socketIo : sockJs)(kind, own);
  };
  const again = backoff(connect, why => show(why, ""));
  transport.onchange = connect;
  form.onsubmit = event => {
    event.preventDefault();
    if (!isOpen) return connect();
    if (text.value) {
      session.say(`${nameInRoom()}: ${text.value}`);
      pace.sent();
    }
    text.value = "";
  };
  listening.then(() => current ?? connect());
}
