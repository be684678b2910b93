"""Our server's event streams and the Python package `httpx-sse`."""

import asyncio
import itertools

import httpx
import pytest
from httpx_sse import SSEError, aconnect_sse, connect_sse

WAIT = 30


@pytest.fixture
def client(address):
    with httpx.Client(base_url=f"http://{address}", timeout=WAIT, trust_env=False) as client:
        yield client


def events(client, path, last_event_id=None, count=None):
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    with connect_sse(client, "GET", path, headers=headers) as source:
        source.response.raise_for_status()
        try:
            yield from itertools.islice(source.iter_sse(), count)
        except httpx.RemoteProtocolError:
            pass  # The connection was cut, as it was asked to be.


def test_tokens_arrive_completely_and_in_order(client):
    *tokens, done = events(client, "/sse/llm?n=20000")
    assert len(tokens) == 20_000
    assert [event.id for event in tokens] == [str(number) for number in range(1, 20_001)]
    assert {event.event for event in tokens} == {"token"}
    assert done.event == "done"


def test_ticks_have_a_type_an_id_and_two_lines(client):
    ticks = list(events(client, "/sse/clock?every=50", count=5))
    assert {event.event for event in ticks} == {"tick"}
    for event in ticks:
        assert event.data.split("\n")[0] == f"tick {event.id}"
        assert len(event.data.split("\n")) == 2
    assert any(event.retry == 1000 for event in ticks)


def test_reconnecting_with_the_last_id_loses_and_repeats_nothing(client):
    ids = []
    while len(ids) < 20:
        ids += [int(event.id) for event in events(client, "/sse/clock?every=50&for=3", str(ids[-1]) if ids else None)]
    assert ids == list(range(ids[0], ids[0] + len(ids)))


def test_leaving_in_the_middle_does_not_disturb_the_server(client):
    for _ in range(20):
        assert [event.id for event in events(client, "/sse/llm?n=100000", count=3)] == ["1", "2", "3"]
    assert [event.event for event in events(client, "/sse/llm?n=3")] == ["token", "token", "token", "done"]


def test_the_page_is_no_event_stream(client):
    with pytest.raises(SSEError):
        list(events(client, "/"))


def test_hundreds_of_clients_at_once_are_all_served(address):
    async def tokens(client, count):
        async with aconnect_sse(client, "GET", f"/sse/llm?n={count}") as source:
            return [event.id async for event in source.aiter_sse()][:count]

    async def ticks(client):
        async with aconnect_sse(client, "GET", "/sse/clock?every=50") as source:
            ids = []
            async for event in source.aiter_sse():
                if event.event == "tick":
                    ids.append(int(event.id))
                if len(ids) == 10:
                    return ids

    async def run():
        limits = httpx.Limits(max_connections=None)
        options = {"base_url": f"http://{address}", "timeout": WAIT, "limits": limits, "trust_env": False}
        async with httpx.AsyncClient(**options) as client:
            jobs = [tokens(client, count) for count in range(1, 151)] + [ticks(client) for _ in range(150)]
            return await asyncio.gather(*jobs)

    results = asyncio.run(run())
    for count, ids in enumerate(results[:150], 1):
        assert ids == [str(number) for number in range(1, count + 1)]
    for ids in results[150:]:
        assert ids == list(range(ids[0], ids[0] + 10))
