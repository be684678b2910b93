#!/usr/bin/env bash
# A block without data, such as `retry: 1000`, ends an answer in OpenAI's kit for Python; `event: ping` ends it in the one for Node, too.
#
# Software: openai 3.57.0 and anthropic 2.14.0 (PyPI), openai 6.49.0 and @anthropic-ai/sdk 1.14.0 (npm), Node 20.20.
#
# A server streams an answer of three parts, "a", "b" and "c", as each service does, and one more block after the first part.
#
# Expected: all ignore what has no data. OpenAI's kits read events by their data, so a keep-alive with data of its own may fail.
# Seen:  block after "a"                    openai, Python    openai, Node     anthropic, both
#        : ping                             abc               abc              abc
#        retry: 1000                        a, JSON error     abc              abc
#        id: 7                              a, JSON error     abc              abc
#        event: ping                        a, JSON error     a, JSON error    abc
#        data:                              a, JSON error     a, JSON error    abc
#        event: keepalive / data: {}        a chunk without choices, both      abc
# A byte order mark at the start costs the Python kit its first part: it answers "bc".
#
# The standard: HTML, 9.2.6: "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty
# string and return": nothing is dispatched. `retry:` and `id:` have their effect without data.
#
# Who meets it: servers that speak OpenAI's API with a library for event streams. Many begin a stream with `retry:` in a block of its own,
# send the last ID in the same way, or keep a connection open by `event: ping`, which Anthropic's service sends with data.
# What to do: as such a server, keep the connection open with comments (": ping"), and write no block without data; a `retry:` or an
# `id:` can stand in the block of the next event.
#
# Needs node, npm and python3 with pip. It took 16 seconds of processor time.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts openai@6.49.0 @anthropic-ai/sdk@1.14.0
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-warn-conflicts --target lib \
    openai==3.57.0 anthropic==2.14.0
export PYTHONPATH=$dir/lib

cat >server.py <<'PY'
import http.server
import json

BLOCKS = {
    "comment": ": ping\n\n",
    "retry": "retry: 1000\n\n",
    "id": "id: 7\n\n",
    "event": "event: ping\n\n",
    "empty": "data:\n\n",
    "other": "event: keepalive\ndata: {}\n\n",
    "mark": "",
}


def typed(kind, **rest):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **rest})}\n\n"


def openai(block):
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    parts = [{**head, "choices": [{"index": 0, "delta": {"content": text}}]} for text in "abc"]
    parts = [f"data: {json.dumps(part)}\n\n" for part in parts]
    return [parts[0], block, *parts[1:], "data: [DONE]\n\n"]


def anthropic(block):
    message = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None}
    message["usage"] = {"input_tokens": 1, "output_tokens": 1}
    start = typed("message_start", message=message)
    start += typed("content_block_start", index=0, content_block={"type": "text", "text": ""})
    parts = [typed("content_block_delta", index=0, delta={"type": "text_delta", "text": text}) for text in "abc"]
    end = typed("content_block_stop", index=0) + typed("message_stop")
    return [start, parts[0], block, *parts[1:], end]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        # The name of the model says which block.
        model = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["model"]
        service = openai if "completions" in self.path else anthropic
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        mark = b"\xef\xbb\xbf" if model == "mark" else b""
        self.wfile.write(mark + "".join(service(BLOCKS[model])).encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
PY
cat >ask.py <<'PY'
import sys

import anthropic
import openai

base = sys.argv[1]
clients = openai.OpenAI(base_url=base + "/v1", api_key="-", max_retries=0), anthropic.Anthropic(base_url=base, api_key="-", max_retries=0)
messages = [{"role": "user", "content": "hi"}]


def of_openai(model):
    for chunk in clients[0].chat.completions.create(model=model, messages=messages, stream=True):
        yield (chunk.choices[0].delta.content or "") if chunk.choices else "?"


def of_anthropic(model):
    for event in clients[1].messages.create(model=model, messages=messages, max_tokens=9, stream=True):
        if event.type == "content_block_delta":
            yield event.delta.text


for model in sys.argv[2:]:
    for name, parts in ("openai", of_openai), ("anthropic", of_anthropic):
        text = ""
        try:
            for part in parts(model):
                text += part
        except ValueError:
            text += " error"
        print(f"{model} {name} Python: {text}")
PY
cat >ask.mjs <<'JS'
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

const [base, ...models] = process.argv.slice(2);
const options = { apiKey: '-', maxRetries: 0, logLevel: 'off' };
const openai = new OpenAI({ baseURL: `${base}/v1`, ...options });
const anthropic = new Anthropic({ baseURL: base, ...options });
const messages = [{ role: 'user', content: 'hi' }];
const kits = {
  async *openai(model) {
    for await (const chunk of await openai.chat.completions.create({ model, messages, stream: true })) {
      yield chunk.choices ? (chunk.choices[0].delta.content ?? '') : '?';
    }
  },
  async *anthropic(model) {
    for await (const event of await anthropic.messages.create({ model, messages, max_tokens: 9, stream: true })) {
      if (event.type === 'content_block_delta') yield event.delta.text;
    }
  },
};
for (const model of models) {
  for (const [name, parts] of Object.entries(kits)) {
    let text = '';
    try {
      for await (const part of parts(model)) text += part;
    } catch (error) {
      text += ' error';
    }
    console.log(`${model} ${name} Node: ${text}`);
  }
}
JS
python3 server.py >port & pids+=($!)
until [ -s port ]; do sleep 0.1; done
url=http://127.0.0.1:$(cat port)
variants=(comment retry id event empty other mark)
(timeout 50 python3 ask.py "$url" "${variants[@]}" && timeout 50 node ask.mjs "$url" "${variants[@]}") | tee seen
sort seen >sorted
sort >expected <<'TXT'
comment openai Python: abc
comment openai Node: abc
retry openai Python: a error
retry openai Node: abc
id openai Python: a error
id openai Node: abc
event openai Python: a error
event openai Node: a error
empty openai Python: a error
empty openai Node: a error
other openai Python: a?bc
other openai Node: a?bc
mark openai Python: bc
mark openai Node: abc
TXT
for variant in "${variants[@]}"; do printf '%s anthropic Python: abc\n%s anthropic Node: abc\n' "$variant" "$variant"; done | sort - expected -o expected
diff expected sorted && echo "still there"
