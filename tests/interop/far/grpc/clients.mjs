// Clients of gRPC and gRPC-Web for Node.js: `clients.mjs NAME HOST:PORT`. Prints what each check saw, as lines of JSON.

const [name, address] = process.argv.slice(2);
const say = (check, seen) => console.log(JSON.stringify([check, seen]));
const ERROR = 'nö: 100%\n';
const PAYLOAD = Uint8Array.from({ length: 100_000 }, (_, i) => i % 256);
const same = (reply, text) => reply.text === text && Buffer.compare(reply.payload, PAYLOAD) === 0;

async function* requests(count) {
  for (let i = 0; i < count; i++) yield { text: `${i} ☃` };
}

async function collect(replies) {
  const all = [];
  for await (const reply of replies) all.push(reply.text || reply.index);
  return all;
}

function soon() {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 200);
  return controller.signal;
}

// Returns `CODE text`.
async function failure(call, code = (error) => error.code, text = (error) => error.message) {
  try {
    await call();
    return 'OK';
  } catch (error) {
    return `${code(error)} ${text(error)}`;
  }
}

const fields = {
  EchoRequest: { text: 'string', count: 'uint32', delayMs: 'uint32', code: 'uint32', error: 'string', payload: 'bytes' },
  EchoReply: { text: 'string', index: 'uint32', payload: 'bytes' },
};
const methods = { Unary: [false, false], ServerStream: [false, true], ClientStream: [true, false], Bidi: [true, true] };

async function nice() {
  const { createChannel, createClient } = (await import('nice-grpc')).default;
  const { default: { Root } } = await import('protobufjs');
  const codec = (type) => {
    const root = Object.entries(fields[type]).map(([field, kind], i) => [field, { type: kind, id: i + 1 }]);
    const message = Root.fromJSON({ nested: { [type]: { fields: Object.fromEntries(root) } } }).lookupType(type);
    return [(value) => message.encode(value).finish(), (bytes) => message.decode(bytes)];
  };
  const service = Object.entries(methods).map(([method, [requestStream, responseStream]]) => {
    const [requestSerialize, requestDeserialize] = codec('EchoRequest');
    const [responseSerialize, responseDeserialize] = codec('EchoReply');
    const coders = { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize };
    return [method[0].toLowerCase() + method.slice(1), { path: `/echo.Echo/${method}`, requestStream, responseStream, ...coders, options: {} }];
  });
  const client = createClient(Object.fromEntries(service), createChannel(`http://${address}`));
  const { status } = await import('@grpc/grpc-js').then((grpc) => grpc.default);
  const seen = (call) => failure(call, (error) => status[error.code] ?? error.name, (error) => error.details ?? '');
  say('single', same(await client.unary({ text: 'Grüße', payload: PAYLOAD }), 'Grüße') ? 'echoed' : 'different');
  say('replies', await collect(client.serverStream({ text: 'x', count: 3 })));
  say('requests', (await client.clientStream(requests(3))).index);
  say('both ways', await collect(client.bidi(requests(3))));
  say('error', await seen(() => client.unary({ code: 5, error: ERROR })));
  say('cancelled', (await seen(() => collect(client.serverStream({ count: 9, delayMs: 1000 }, { signal: soon() })))).split(' ')[0]);
}

async function protobufTs(web) {
  const { MessageType, ScalarType } = (await import('@protobuf-ts/runtime')).default;
  const { ServiceType } = (await import('@protobuf-ts/runtime-rpc')).default;
  const message = (type) => new MessageType(`echo.${type}`, Object.entries(fields[type]).map(([field, kind], i) => (
    { no: i + 1, name: field, kind: 'scalar', T: ScalarType[kind.toUpperCase()] })));
  const [I, O] = [message('EchoRequest'), message('EchoReply')];
  const service = new ServiceType('echo.Echo', Object.entries(methods).map(([method, [clientStreaming, serverStreaming]]) => (
    { name: method, clientStreaming, serverStreaming, options: {}, I, O })));
  const [unary, serverStream, clientStream, bidi] = service.methods;
  const request = (value) => I.create(value);
  let transport;
  if (web) {
    const { GrpcWebFetchTransport } = (await import('@protobuf-ts/grpcweb-transport')).default;
    transport = new GrpcWebFetchTransport({ baseUrl: `http://${address}`, format: web });
  } else {
    const { GrpcTransport } = (await import('@protobuf-ts/grpc-transport')).default;
    const { ChannelCredentials } = (await import('@grpc/grpc-js')).default;
    transport = new GrpcTransport({ host: address, channelCredentials: ChannelCredentials.createInsecure() });
  }
  const options = (more) => transport.mergeOptions(more);
  const single = transport.unary(unary, request({ text: 'Grüße', payload: PAYLOAD }), options());
  say('single', same(await single.response, 'Grüße') ? 'echoed' : 'different');
  say('replies', await collect(transport.serverStreaming(serverStream, request({ text: 'x', count: 3 }), options()).responses));
  if (!web) {
    const counted = transport.clientStreaming(clientStream, options());
    for await (const one of requests(3)) await counted.requests.send(request(one));
    await counted.requests.complete();
    say('requests', (await counted.response).index);
    const both = transport.duplex(bidi, options());
    for await (const one of requests(3)) await both.requests.send(request(one));
    await both.requests.complete();
    say('both ways', await collect(both.responses));
  }
  say('error', await failure(async () => { await transport.unary(unary, request({ code: 5, error: ERROR }), options()); }));
  const slow = request({ count: 9, delayMs: 1000 });
  const read = (more) => collect(transport.serverStreaming(serverStream, slow, options(more)).responses);
  say('cancelled', (await failure(() => read({ abort: soon() }))).split(' ')[0]);
  say('deadline', (await failure(() => read({ timeout: 200 }))).split(' ')[0]);
}

try {
  if (name === 'nice-grpc') await nice();
  else await protobufTs(name.includes('text') ? 'text' : name.includes('web') ? 'binary' : undefined);
} catch (error) {
  say('the rest', `${error.name}: ${error.message}`);
}
process.exit(0);
