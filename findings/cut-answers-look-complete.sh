#!/usr/bin/env bash
# Half an answer of a language model looks whole to the Python kits, even to get_final_text; the same calls in Node raise an error.
#
# Software: openai 3.57.0 and anthropic 2.14.0 (PyPI), openai 6.49.0 and @anthropic-ai/sdk 1.14.0 (npm), Node 20.20.
#
# A server streams an answer of three parts, "a", "b" and "c", and its end as each service has it; or stops after "b"; or stops in
# the middle of the event with "c". The body ends as HTTP wants it, with the last chunk of length 0.
#
# Expected: who reads event by event has to look for the end. What returns a whole message raises an error if there was none.
# Seen:  after "b"                                    Python      Node
#        openai, completions.create(stream)           ab          ab
#        openai, completions.stream, final message    ab          error
#        anthropic, messages.create(stream)           ab          ab
#        anthropic, messages.stream, final text       ab          error
# A stream that stops inside of an event looks the same: the rest of it is dropped.
#
# The standard: HTML, 9.2.6: "Once the end of the file is reached, any pending data must be discarded." Only the services'
# own events say that an answer is complete: finish_reason and [DONE], or message_stop.
#
# Who meets it: whoever has a proxy between a model and its client. If the server dies, one that speaks HTTP/1.0 to it, as nginx 1.22
# does unless told otherwise, takes the end of the connection for the end of the body, and ends its own answer properly.
# What to do: in Python, look at finish_reason or stop_reason, which is None for such an answer. In the proxy, use HTTP/1.1, where a
# body that is cut is an error.
#
# Needs node, npm and python3 with pip. It took 15 seconds of processor time.
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


def event(kind, **rest):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **rest})}\n\n"


def openai():
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choices = [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None} for text in "abc"]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    return "", [f"data: {json.dumps({**head, 'choices': [choice]})}\n\n" for choice in choices], "data: [DONE]\n\n"


def anthropic():
    message = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None}
    message["usage"] = {"input_tokens": 1, "output_tokens": 1}
    start = event("message_start", message=message)
    start += event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    parts = [event("content_block_delta", index=0, delta={"type": "text_delta", "text": text}) for text in "abc"]
    end = event("content_block_stop", index=0)
    end += event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 3})
    return start, parts, end + event("message_stop")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        # The name of the model says where it stops.
        model = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["model"]
        start, parts, end = openai() if "completions" in self.path else anthropic()
        whole = start + "".join(parts) + end
        body = {"whole": whole, "after": start + "".join(parts[:2]), "within": start + "".join(parts[:2]) + parts[2][:-25]}[model]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body.encode()))

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
one = openai.OpenAI(base_url=base + "/v1", api_key="-", max_retries=0).chat.completions
other = anthropic.Anthropic(base_url=base, api_key="-", max_retries=0).messages
messages = [{"role": "user", "content": "hi"}]


def openai_create(model):
    return "".join(chunk.choices[0].delta.content or "" for chunk in one.create(model=model, messages=messages, stream=True))


def openai_final(model):
    with one.stream(model=model, messages=messages) as stream:
        return stream.get_final_completion().choices[0].message.content


def anthropic_create(model):
    events = other.create(model=model, messages=messages, max_tokens=9, stream=True)
    return "".join(event.delta.text for event in events if event.type == "content_block_delta")


def anthropic_final(model):
    with other.stream(model=model, messages=messages, max_tokens=9) as stream:
        return stream.get_final_text()


for model in "whole", "after", "within":
    for ask in openai_create, openai_final, anthropic_create, anthropic_final:
        try:
            print(model, ask.__name__, "Python:", ask(model))
        except Exception as error:
            print(model, ask.__name__, "Python: error")
            print(error, file=sys.stderr)
PY
cat >ask.mjs <<'JS'
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

const base = process.argv[2];
const options = { apiKey: '-', maxRetries: 0, logLevel: 'off' };
const one = new OpenAI({ baseURL: `${base}/v1`, ...options }).chat.completions;
const other = new Anthropic({ baseURL: base, ...options }).messages;
const messages = [{ role: 'user', content: 'hi' }];
const asks = {
  async openai_create(model) {
    let text = '';
    for await (const chunk of await one.create({ model, messages, stream: true })) text += chunk.choices[0].delta.content ?? '';
    return text;
  },
  openai_final: async (model) => (await one.stream({ model, messages }).finalChatCompletion()).choices[0].message.content,
  async anthropic_create(model) {
    let text = '';
    for await (const event of await other.create({ model, messages, max_tokens: 9, stream: true })) {
      if (event.type === 'content_block_delta') text += event.delta.text;
    }
    return text;
  },
  anthropic_final: (model) => other.stream({ model, messages, max_tokens: 9 }).finalText(),
};
for (const model of ['whole', 'after', 'within']) {
  for (const [name, ask] of Object.entries(asks)) {
    const seen = await ask(model).catch((error) => (console.error(error.message), 'error'));
    console.log(`${model} ${name} Node: ${seen}`);
  }
}
JS
python3 server.py >port & pids+=($!)
until [ -s port ]; do sleep 0.1; done
url=http://127.0.0.1:$(cat port)
(timeout 50 python3 ask.py "$url" && timeout 50 node ask.mjs "$url") | tee seen
for kit in openai anthropic; do
    for model in whole after within; do
        text=ab final=error
        if [ $model = whole ]; then text=abc final=abc; fi
        printf "$model ${kit}_%s\n" "create Python: $text" "final Python: $text" "create Node: $text" "final Node: $final"
    done
done | sort >expected
sort seen | diff expected - && echo "still there"
