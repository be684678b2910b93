"""Readers of event streams in Python: `readers.py NAME URL`. Prints what each check saw, as lines of JSON."""

import asyncio
import json
import sys

LAST = "done"


def say(check, seen):
    print(json.dumps([check, seen]), flush=True)


def httpx_sse(url):
    import httpx
    import httpx_sse

    with httpx.Client() as client, httpx_sse.connect_sse(client, "GET", url) as source:
        for event in source.iter_sse():
            yield event.event, event.data, event.id


def sseclient_py(url):
    import requests
    import sseclient

    for event in sseclient.SSEClient(requests.get(url, stream=True)).events():
        yield event.event, event.data, event.id


def requests_sse(url):
    import requests_sse

    with requests_sse.EventSource(url, reconnection_time=__import__("datetime").timedelta(milliseconds=50)) as source:
        for event in source:
            yield event.type, event.data, event.last_event_id


async def aiohttp_sse_client(url):
    from aiohttp_sse_client.client import EventSource

    async with EventSource(url) as source:
        async for event in source:
            yield event.type, event.data, event.last_event_id


async def aiosseclient(url):
    from aiosseclient import aiosseclient as read

    async for event in read(url):
        yield event.event, event.data, event.id


def generic(reader):
    """Reads events until the last one, or the end of a stream that it does not resume."""

    def run(base):
        async def collect(path):
            seen = []
            source = reader(base + path)
            source = source if hasattr(source, "__anext__") else asynchronous(source)
            try:
                async for kind, data, id in source:
                    seen.append([kind, data, id])
                    if kind == LAST:
                        break
            except Exception as error:
                seen.append(["error", type(error).__name__, str(error)[:80]])
            return seen

        say("events", asyncio.run(asyncio.wait_for(collect("/events"), 20)))
        say("resumed", asyncio.run(asyncio.wait_for(collect("/cut"), 20)))

    return run


async def asynchronous(source):
    for event in source:
        yield event


def openai(base):
    import openai

    client = openai.OpenAI(base_url=base + "/v1", api_key="none", max_retries=0)
    chunks = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}], stream=True)
    say("chat", "".join(chunk.choices[0].delta.content or "" for chunk in chunks))
    events = client.responses.create(model="m", input="hi", stream=True)
    say("responses", "".join(event.delta for event in events if event.type == "response.output_text.delta"))
    try:
        for _ in client.chat.completions.create(model="error", messages=[{"role": "user", "content": "hi"}], stream=True):
            pass
        say("error", "none")
    except openai.APIError as error:
        say("error", error.message)


def anthropic(base):
    import anthropic

    client = anthropic.Anthropic(base_url=base, api_key="none", max_retries=0)
    ask = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    with client.messages.stream(model="m", **ask) as stream:
        say("messages", stream.get_final_text())
    try:
        with client.messages.stream(model="error", **ask) as stream:
            stream.get_final_text()
        say("error", "none")
    except anthropic.APIStatusError as error:
        say("error", error.body["error"]["message"])


def mcp(base):
    from mcp import Client

    async def call():
        progress = []

        async def note(done, total, message):
            progress.append(message)

        async with Client(base + "/mcp", mode="legacy") as client:
            tools = await client.list_tools()
            say("tools", [tool.name for tool in tools.tools])
            result = await client.call_tool("say", {"text": "hi"}, progress_callback=note)
            say("call", result.content[0].text)
            say("progress", progress)

    asyncio.run(asyncio.wait_for(call(), 20))


READERS = {"openai": openai, "anthropic": anthropic, "mcp": mcp}
READERS |= {
    name.replace("_", "-") if name != "aiosseclient" else name: generic(reader)
    for name, reader in list(globals().items())
    if name in ("httpx_sse", "sseclient_py", "requests_sse", "aiohttp_sse_client", "aiosseclient")
}

if __name__ == "__main__":
    try:
        READERS[sys.argv[1]](sys.argv[2])
    except BaseException as error:
        say("the rest", f"{type(error).__name__}: {error}"[:200])
