"""Our server's event streams and a browser's `EventSource`, from the page's own origin."""

import pytest

import chromium

# Collects `args[1]` events of the type `args[2]`, or until one of the type `args[3]` comes.
COLLECT = """
    const [url, count, type, last] = args;
    const source = new EventSource(url);
    const events = [], states = [];
    await new Promise((done, fail) => {
        setTimeout(() => fail(new Error(`${events.length} events within 40 s; ${JSON.stringify(states)}`)), 40000);
        source.onopen = () => states.push('open');
        source.onerror = () => {
            states.push(['connecting', 'open', 'closed'][source.readyState]);
            if (source.readyState === EventSource.CLOSED) done();
        };
        source.onmessage = () => fail(new Error('an event without a type'));
        source.addEventListener(type, (event) => {
            events.push([event.lastEventId, event.data]);
            if (events.length === count) done();
        });
        if (last) source.addEventListener(last, done);
    });
    source.close();
    return { events, states };
"""


@pytest.fixture(scope="module")
def page(address, request):
    with chromium.page(request.config.getoption("chromium")) as page:
        page.open(f"http://{address}/")
        yield page


def expect_ticks(events, count):
    assert len(events) == count
    first = int(events[0][0])
    for number, (last_event_id, data) in enumerate(events, first):
        assert last_event_id == str(number)
        lines = data.split("\n")
        assert lines[0] == f"tick {number}"
        assert len(lines) == 2


def test_ticks_arrive_with_type_id_and_lines(page):
    result = page.run(COLLECT, "/sse/clock?every=50", 10, "tick")
    expect_ticks(result["events"], 10)
    assert result["states"] == ["open"]


def test_a_cut_stream_is_resumed_where_it_was(page):
    result = page.run(COLLECT, "/sse/clock?every=50&for=4", 14, "tick")
    expect_ticks(result["events"], 14)
    # The browser noticed each end by itself.
    assert result["states"] == ["open", "connecting"] * 3 + ["open"]


def test_the_browser_waits_as_long_as_it_was_told(page):
    body = """
        const source = new EventSource('/sse/clock?every=50&for=1');
        const event = (name) => new Promise((done, fail) => {
            setTimeout(() => fail(new Error(`${name}: not within 20 s`)), 20000);
            source.addEventListener(name, done, { once: true });
        });
        await event('error');
        const before = performance.now();
        await event('open');
        source.close();
        return performance.now() - before;
    """
    # The stream asks for 1000 ms. Without that, it would be 3000 ms.
    assert 900 < page.run(body) < 2500


@pytest.mark.parametrize("count", [1, 5000])
def test_tokens_arrive_completely_and_in_order(page, count):
    result = page.run(COLLECT, f"/sse/llm?n={count}", None, "token", "done")
    assert [last_event_id for last_event_id, _ in result["events"]] == [str(n) for n in range(1, count + 1)]
    assert result["states"] == ["open"]


def test_two_streams_side_by_side_do_not_mix(page):
    body = f"""
        const collect = async (...args) => {{ {COLLECT} }};
        return await Promise.all([
            collect('/sse/clock?every=50', 10, 'tick'),
            collect('/sse/llm?n=1000', null, 'token', 'done'),
            collect('/sse/clock?every=70', 10, 'tick'),
        ]);
    """
    one, tokens, two = page.run(body)
    expect_ticks(one["events"], 10)
    expect_ticks(two["events"], 10)
    assert len(tokens["events"]) == 1000


def test_an_answer_that_is_no_event_stream_ends_the_reconnecting(page):
    result = page.run(COLLECT, "/no/such/path", 1, "tick")
    assert result == {"events": [], "states": ["closed"]}


def test_fetch_reads_the_stream_to_its_end(page):
    body = """
        const response = await fetch('/sse/llm?n=2000');
        const text = await response.text();
        return [response.status, response.headers.get('content-type'), text.split('\\n\\n').length];
    """
    status, content_type, blocks = page.run(body)
    assert status == 200
    assert content_type.startswith("text/event-stream")
    assert blocks >= 2002
