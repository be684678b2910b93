// WebSocket servers of JavaScript that send every message back: `servers.mjs NAME PORT`, on Node, Bun or Deno.

const [name, port] = globalThis.Deno?.args ?? process.argv.slice(2);
const where = { port: Number(port), host: '127.0.0.1', hostname: '127.0.0.1' };
const LONGEST = 1 << 26;

const servers = {
  async ws() {
    const { WebSocketServer } = await import('ws');
    new WebSocketServer({ ...where, perMessageDeflate: { threshold: 0 } }).on('connection', (socket) => {
      socket.on('message', (data, binary) => socket.send(data, { binary }));
    });
  },
  async 'faye-websocket'() {
    const { createServer } = await import('http');
    const { default: Faye } = await import('faye-websocket');
    createServer().on('upgrade', (request, stream, head) => {
      const socket = new Faye(request, stream, head);
      socket.on('message', ({ data }) => socket.send(data));
    }).listen(where);
  },
  async websocket() {
    const { createServer } = await import('http');
    const { default: { server: Server } } = await import('websocket');
    const httpServer = createServer().listen(where);
    const config = { httpServer, autoAcceptConnections: true, maxReceivedFrameSize: LONGEST, maxReceivedMessageSize: LONGEST };
    new Server(config).on('connect', (socket) => {
      socket.on('message', ({ type, utf8Data, binaryData }) => {
        if (type === 'utf8') socket.sendUTF(utf8Data);
        else socket.sendBytes(binaryData);
      });
    });
  },
  bun() {
    Bun.serve({
      ...where,
      fetch: (request, server) => (server.upgrade(request) ? undefined : new Response('no', { status: 400 })),
      websocket: { perMessageDeflate: true, maxPayloadLength: LONGEST, message: (socket, data) => { socket.send(data, true); } },
    });
  },
  deno() {
    Deno.serve({ ...where, onListen() {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    });
  },
};
await servers[name]();
