// Readers of event streams in Node.js: `readers.mjs NAME URL`. Prints what each check saw, as lines of JSON.

const [name, base] = process.argv.slice(2);
const say = (check, seen) => console.log(JSON.stringify([check, seen]));
const TYPES = ['message', 'greeting', 'done'];

// Collects the events of an `EventSource` until the last one.
const listen = (EventSource) => async (path) => {
  const source = new EventSource(base + path);
  const seen = [];
  await new Promise((done) => {
    for (const type of TYPES) {
      source.addEventListener(type, ({ data, lastEventId }) => {
        seen.push([type, data, lastEventId]);
        if (type === 'done') done();
      });
    }
    setTimeout(done, 10_000);
  });
  source.close();
  return seen;
};

const generic = {
  eventsource: async () => listen((await import('eventsource')).EventSource),
  'launchdarkly-eventsource': async () => listen((await import('launchdarkly-eventsource')).EventSource),
  'eventsource-client': async () => async (path) => {
    const { createEventSource } = await import('eventsource-client');
    const seen = [];
    const source = createEventSource({ url: base + path });
    for await (const { event, data, id } of source) {
      seen.push([event ?? 'message', data, id ?? '']);
      if (event === 'done') break;
    }
    source.close();
    return seen;
  },
  'fetch-event-stream': async () => async (path) => {
    const { events } = await import('fetch-event-stream');
    const seen = [];
    for await (const { event, data, id } of events(await fetch(base + path))) seen.push([event ?? 'message', data, String(id ?? '')]);
    return seen;
  },
};

const kits = {
  async openai() {
    const { default: OpenAI } = await import('openai');
    const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'none', maxRetries: 0 });
    const chat = (model) => client.chat.completions.create({ model, messages: [{ role: 'user', content: 'hi' }], stream: true });
    let text = '';
    for await (const chunk of await chat('m')) text += chunk.choices[0].delta.content ?? '';
    say('chat', text);
    text = '';
    for await (const event of await client.responses.create({ model: 'm', input: 'hi', stream: true })) {
      if (event.type === 'response.output_text.delta') text += event.delta;
    }
    say('responses', text);
    try {
      for await (const chunk of await chat('error')) void chunk;
      say('error', 'none');
    } catch (error) {
      say('error', error.error?.message ?? error.message);
    }
  },
  async '@anthropic-ai/sdk'() {
    const { default: Anthropic } = await import('@anthropic-ai/sdk');
    const client = new Anthropic({ baseURL: base, apiKey: 'none', maxRetries: 0 });
    const ask = (model) => client.messages.stream({ model, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }).finalText();
    say('messages', await ask('m'));
    say('error', await ask('error').then(() => 'none', (error) => error.error?.error?.message ?? error.message));
  },
  async '@modelcontextprotocol/sdk'() {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
    const client = new Client({ name: 'reader', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${base}/mcp`)));
    say('tools', (await client.listTools()).tools.map((tool) => tool.name));
    const progress = [];
    const onprogress = ({ message }) => progress.push(message);
    const result = await client.callTool({ name: 'say', arguments: { text: 'hi' } }, undefined, { onprogress });
    say('call', result.content[0].text);
    say('progress', progress);
  },
};

try {
  if (kits[name]) await kits[name]();
  else {
    const collect = await generic[name]();
    say('events', await collect('/events'));
    say('resumed', await collect('/cut'));
  }
} catch (error) {
  say('the rest', error.message);
}
process.exit(0);
