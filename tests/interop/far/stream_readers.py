"""Readers of event streams, with streams that our encoder wrote, behind a small server."""

import functools
import http.server
import json
import subprocess
import threading

from peer import HERE, PYTHON, Failure, Peer, beside_packages, built, crate_program, locked
from programs import example

TITLE = "Event streams"
INTRO = """
Our encoder writes the streams; a small server sends them. A reader takes events of two types, with IDs, of several lines, not
ASCII and empty; and where it resumes, a stream that is cut after each third event, with `Last-Event-ID`. The kits of the
language models read an answer in parts and an error in mid-stream, as their services send them; those of the Model Context
Protocol list tools and call one that reports its progress. The [proxies](#through-proxies) pass on the streams of our gateway.
"""
ABSENT = {
    "Java okhttp-sse": "Debian's OkHttp has none, and Maven's packages cannot be had here",
    "`@microsoft/fetch-event-source`": "it needs a page",
}

TEXT = "Grüße, 世界 👋\n\n two\n  three "
EVENTS = [
    {"data": "one", "id": "1", "retry": 50},
    {"event": "greeting", "data": TEXT, "id": "2"},
    {"data": "", "id": "3"},
    {"event": "done", "data": "x" * 100_000, "id": "4"},
]
NUMBERS = [{"data": f"number {n}", "id": str(n)} for n in range(1, 9)] + [{"event": "done", "data": "", "id": "9"}]
PARTS = ["Hel", "lo, ", "世界", "\n\n", "👋 data: x"]
ANSWER = "".join(PARTS)
BROKEN = "the model is overloaded"


def triples(events):
    return [[event.get("event", "message"), event["data"], event["id"]] for event in events]


def encoded(events):
    lines = "".join(json.dumps(event) + "\n" for event in events)
    return subprocess.run([example("sse_json"), "encode"], input=lines.encode(), capture_output=True, check=True).stdout


def typed(bodies):
    return [{"event": body["type"], "data": json.dumps(body)} for body in bodies]


def chat(model):
    if model == "error":
        return [{"data": json.dumps({"error": {"message": BROKEN, "type": "server_error"}})}]
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model}
    chunks = [{**head, "choices": [{"index": 0, "delta": {"content": part}}]} for part in PARTS]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return [*({"data": json.dumps(chunk)} for chunk in chunks), {"data": "[DONE]"}]


def responses(_model):
    whole = {"id": "r", "object": "response", "created_at": 1, "model": "m", "output": [], "status": "completed"}
    deltas = [
        {"type": "response.output_text.delta", "item_id": "i", "output_index": 0, "content_index": 0, "delta": part}
        for part in PARTS
    ]
    return typed(
        [{"type": "response.created", "response": whole}, *deltas, {"type": "response.completed", "response": whole}]
    )


def messages(model):
    start = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": model, "stop_reason": None}
    start["usage"] = {"input_tokens": 1, "output_tokens": 1}
    events = [{"type": "message_start", "message": start}, {"type": "ping"}]
    events.append({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    events += [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": part}} for part in PARTS]
    if model == "error":
        return typed([*events, {"type": "error", "error": {"type": "overloaded_error", "message": BROKEN}}])
    events.append({"type": "content_block_stop", "index": 0})
    events.append({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}})
    return typed([*events, {"type": "message_stop"}])


def tools(request):
    """The events that answer a request of the Model Context Protocol."""
    results = {
        "initialize": {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "s", "version": "1"},
        },
        "tools/list": {
            "tools": [{"name": "say", "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}}}]
        },
        "tools/call": {"content": [{"type": "text", "text": ANSWER}]},
    }
    events = []
    if request["method"] == "tools/call":
        token = request["params"]["_meta"]["progressToken"]
        note = {"progressToken": token, "progress": 1, "total": 2, "message": "half"}
        events.append({"jsonrpc": "2.0", "method": "notifications/progress", "params": note})
    events.append({"jsonrpc": "2.0", "id": request["id"], "result": results[request["method"]]})
    return [{"event": "message", "data": json.dumps(event)} for event in events]


class Handler(http.server.BaseHTTPRequestHandler):
    """One answer a connection, whose end is the end of the stream."""

    def do_GET(self):
        last = int(self.headers.get("Last-Event-ID") or 0)
        if self.path == "/events":
            self.stream(EVENTS)
        elif self.path == "/cut":
            self.stream([{"retry": 50}, *NUMBERS[last : last + 3]])
        else:
            self.send_error(405)

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/mcp" and "id" in request:
            self.stream(tools(request))
        elif self.path == "/mcp":
            self.send_response(202)
            self.end_headers()
        else:
            answers = {"/v1/chat/completions": chat, "/v1/responses": responses, "/v1/messages": messages}
            self.stream(answers[self.path.partition("?")[0]](request["model"]))

    def stream(self, events):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(encoded(events))

    def log_message(self, *_):
        pass


READS = {"events": triples(EVENTS), "resumed": triples(NUMBERS)}
OPENAI = {"chat": ANSWER, "responses": ANSWER, "error": BROKEN}
ANTHROPIC = {"messages": ANSWER, "error": BROKEN}
MCP = {"tools": ["say"], "call": ANSWER, "progress": ["half"]}


def trimmed(events):
    return [[kind, "\n".join(line.lstrip(" ") for line in data.split("\n")), id] for kind, data, id in events]


def untyped(events):
    return [[None if kind == "message" else kind, data, id] for kind, data, id in events]


TRIMS = "takes every space off the start of a line of data, not only the first"
NONE = "the default type is `None`"
EMPTY = "a block that has only `retry` becomes an empty event"
EMPTIES = [event for at in (0, 3, 6) for event in [["message", "", ""], *READS["resumed"][at : at + 3]]]
# What readers do otherwise, exactly, and what to say about it.
KNOWN = {
    ("fetch-event-stream", "events"): (trimmed(READS["events"]), TRIMS),
    ("requests-sse", "events"): (trimmed(READS["events"]), TRIMS),
    ("aiohttp-sse-client", "events"): (untyped(trimmed(READS["events"])), f"{NONE}; {TRIMS}"),
    ("aiohttp-sse-client", "resumed"): (untyped(READS["resumed"]), NONE),
    ("aiosseclient", "resumed"): ([["message", "", None], *READS["resumed"][:3]], f"does not resume; {EMPTY}"),
    ("donovanhide/eventsource", "resumed"): (EMPTIES, EMPTY),
}


def run(name, command, expected):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        words = [*command(), name, f"http://127.0.0.1:{server.server_port}"]
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=60)
        server.shutdown()
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    if not lines:
        raise Failure(done.stderr)
    seen = dict(map(json.loads, lines))
    found = []
    for check, value in expected.items():
        was = seen.get(check, seen.get("the rest", "nothing"))
        if was != value:
            differs, why = KNOWN.get((name, check), (None, None))
            found.append((check, json.dumps(was, ensure_ascii=False)[:300], why if was == differs else None))
    return ", ".join(expected), found


def python():
    return [PYTHON, HERE / "sse" / "readers.py"]


def rust():
    return [crate_program("mcp")]


def node():
    return ["node", beside_packages("sse/readers.mjs")]


def go():
    environment = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode"}
    return [built("go_sse", "sse/reader.go", "go", "build", "-o", "OUT", "SOURCE", **environment)]


ROWS = [
    ("openai", "openai==3.57.0", python, OPENAI, ""),
    ("openai", "openai@6.49.0", node, OPENAI, ""),
    ("anthropic", "anthropic==2.14.0", python, ANTHROPIC, ""),
    ("@anthropic-ai/sdk", "@anthropic-ai/sdk@1.14.0", node, ANTHROPIC, ""),
    ("mcp", "mcp==2.3.0", python, MCP, ""),
    ("@modelcontextprotocol/sdk", "@modelcontextprotocol/sdk@1.32.2", node, MCP, ""),
    ("rmcp", f"crates:{locked('far/crates', 'rmcp')}", rust, MCP, ""),
    ("eventsource", "eventsource@4.1.1", node, READS, ""),
    ("eventsource-client", "eventsource-client@1.2.0", node, READS, ""),
    ("launchdarkly-eventsource", "launchdarkly-eventsource@2.2.0", node, READS, ""),
    ("fetch-event-stream", "fetch-event-stream@0.1.6", node, {"events": READS["events"]}, ""),
    ("httpx-sse", "httpx-sse==0.4.3 httpx==0.28.1", python, {"events": READS["events"]}, ""),
    ("sseclient-py", "sseclient-py==1.9.0 requests==2.34.2", python, {"events": READS["events"]}, ""),
    ("requests-sse", "requests-sse==0.5.3", python, READS, ""),
    ("aiohttp-sse-client", "aiohttp-sse-client==0.2.1", python, READS, ""),
    ("aiosseclient", "aiosseclient==0.1.8", python, READS, ""),
    ("donovanhide/eventsource", "debian:golang-github-donovanhide-eventsource-dev golang-go", go, READS, ""),
]
LANGUAGES = {rust: "Rust", python: "Python", node: "Node.js", go: "Go"}
PEERS = [
    Peer(name, f"reader in {LANGUAGES[command]}", source, functools.partial(run, name, command, expected), advice)
    for name, source, command, expected, advice in ROWS
]
