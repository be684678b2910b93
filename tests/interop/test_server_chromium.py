"""Our server and a browser, which opens the server's page and WebSockets from the page's own origin."""

import pytest

import chromium

# The start of the checks below: a connection, and promises to wait for.
OPEN = """
    const ws = new WebSocket(`${location.origin.replace(/^http/, 'ws')}${args[0]}`, args[1] ?? []);
    ws.binaryType = 'arraybuffer';
    const within = (promise, what) => Promise.race([
        promise,
        new Promise((_, fail) => setTimeout(() => fail(new Error(`${what}: not within 20 s`)), 20000)),
    ]);
    const event = (name) => within(new Promise((done) => ws.addEventListener(name, done, { once: true })), name);
    const closed = event('close').then((e) => ({ wasClean: e.wasClean, code: e.code, reason: e.reason }));
    await Promise.race([event('open'), closed.then((e) => { throw new Error(`not opened: ${e.code}`) })]);
"""


@pytest.fixture(scope="module", params=["HTTP/1.1", "HTTP/2 over TLS"])
def page(request):
    if request.param == "HTTP/1.1":
        url, flags = f"http://{request.getfixturevalue('address')}/", []
    else:
        url, flags = f"https://{request.getfixturevalue('tls_address')}/", ["--ignore-certificate-errors"]
    with chromium.page(request.config.getoption("chromium"), *flags) as page:
        page.version = "h2" if flags else "http/1.1"
        page.url = url
        page.open(url)
        yield page


def test_the_page_is_shown(page, request):
    assert page.run("return location.href") == page.url
    assert page.run("return document.title") != ""
    assert page.run("return document.body.innerText.trim()") != ""
    if directory := request.config.getoption("screenshots"):
        picture = directory / "gateway.png"
        page.screenshot(picture)
        print(picture)


def test_the_browser_has_picked_the_version(page):
    """WebSockets are told by the status of the answer to their handshakes: 101 to an upgrade, 200 to a CONNECT."""
    entries = page.run("return performance.getEntriesByType('navigation').map((entry) => entry.nextHopProtocol)")
    assert entries == [page.version]
    page.call("Network.enable")
    page.run(OPEN + "ws.close(); await closed;", "/ws/echo")
    answer = page.wait_for("Network.webSocketHandshakeResponseReceived")["params"]["response"]
    assert answer["status"] == (200 if page.version == "h2" else 101)
    page.call("Network.disable")


def test_calls_of_grpc_web_use_the_version_too(page):
    """The panel of the page, which writes a call by hand."""
    body = """
        const section = document.getElementById('grpc');
        section.querySelector('form').requestSubmit();
        for (let left = 200; left > 0; left -= 1) {
            const lines = [...section.querySelectorAll('li')].map((item) => item.textContent);
            const entry = performance.getEntriesByType('resource').find((entry) => entry.name.includes('/echo.Echo/'));
            if (lines.length === 5 && entry) return [entry.nextHopProtocol, ...lines];
            await new Promise((done) => setTimeout(done, 100));
        }
        return 'nothing came';
    """
    assert page.run(body) == [page.version] + ["← Grüße 🦀"] * 5


def test_events_use_the_version_too(page):
    body = """
        const source = new EventSource('/sse/clock?every=50&for=3');
        const ticks = [];
        await new Promise((done) => {
            source.addEventListener('tick', (event) => ticks.push(+event.lastEventId) === 3 && done());
        });
        source.close();
        return ticks.map((tick) => tick - ticks[0]);
    """
    assert page.run(body) == [0, 1, 2]


@pytest.mark.parametrize("text", ["hello", "", "Grüße 👩‍👩‍👧‍👦 🏳️‍🌈 \U0001f600"], ids=["ascii", "empty", "emoji"])
def test_text_comes_back(page, text):
    body = OPEN + "ws.send(args[2]); const { data } = await event('message'); ws.close(); await closed; return data;"
    assert page.run(body, "/ws/echo", None, text) == text


def test_1_mib_of_binary_comes_back(page):
    body = """
        const sent = new Uint8Array(1 << 20);
        for (let i = 0; i < sent.length; i += 65536) crypto.getRandomValues(sent.subarray(i, i + 65536));
        ws.send(sent);
        const got = new Uint8Array((await event('message')).data);
        ws.close();
        await closed;
        return [got.length, got.findIndex((byte, i) => byte !== sent[i])];
    """
    assert page.run(OPEN + body, "/ws/echo") == [1 << 20, -1], "[length, index of the first difference]"


def test_a_blob_comes_back(page):
    body = """
        ws.send(new Blob(['a ', 'blob']));
        const { data } = await event('message');
        ws.close();
        await closed;
        return new TextDecoder().decode(data);
    """
    assert page.run(OPEN + body, "/ws/echo") == "a blob"


CLOSES = {"1000": (1000, ""), "3001 with emoji": (3001, "gone fishing 🎣"), "4999, the longest": (4999, "x" * 123)}


@pytest.mark.parametrize("code, reason", CLOSES.values(), ids=CLOSES)
def test_a_close_is_clean_with_its_code_and_reason(page, code, reason):
    body = OPEN + "ws.close(args[2], args[3]); return await closed;"
    got = page.run(body, "/ws/echo", None, code, reason)
    # They are from the server's frame, which repeats both. The standard requires only the code (RFC 6455 §5.5.1).
    assert got == {"wasClean": True, "code": code, "reason": reason}


def test_a_close_without_a_code_is_clean(page):
    got = page.run(OPEN + "ws.close(); return await closed;", "/ws/echo")
    assert got["wasClean"] is True
    assert got["code"] in (1000, 1005)


def test_chat_is_negotiated_and_reaches_both_of_two_tabs(page):
    body = OPEN + """
        const other = new WebSocket(ws.url, 'chat');
        await within(new Promise((done) => other.onopen = done), 'open');
        const heard = Promise.all([ws, other].map((member) =>
            within(new Promise((done) => member.onmessage = (e) => done(e.data)), 'message')));
        other.send('hello, room');
        const result = [ws.protocol, ...await heard];
        other.close();
        ws.close();
        await closed;
        return result;
    """
    assert page.run(body, "/ws/chat", ["superchat", "chat"]) == ["chat", "hello, room", "hello, room"]


def test_another_origin_is_kept_out(page):
    body = """
        const frame = document.createElement('iframe');
        frame.sandbox = 'allow-scripts';  // An opaque origin, which is sent as `null`.
        frame.srcdoc = `<script>
            const ws = new WebSocket('${location.origin.replace(/^http/, 'ws')}/ws/echo');
            ws.onopen = () => parent.postMessage('let in', '*');
            ws.onerror = () => parent.postMessage('kept out', '*');
        </` + `script>`;
        const answer = new Promise((done) => addEventListener('message', (e) => done(e.data), { once: true }));
        document.body.append(frame);
        setTimeout(() => postMessage('no answer within 20 s', '*'), 20000);
        return await answer;
    """
    # Not from the page itself, whose policy forbids scripts like that of the frame.
    page.open(f"{page.url}nothing")
    assert page.run(body) == "kept out"
    page.open(page.url)


def test_the_page_speaks_stomp(page):
    """What is sent on the page comes back to it, and to every other subscriber of the topic."""
    body = """
        const section = document.getElementById('stomp');
        const form = section.querySelector('form');
        form.elements.text.value = args[0];
        form.requestSubmit();
        for (let left = 200; left > 0; left -= 1) {
            const lines = [...section.querySelectorAll('li:not(.sent)')].map((item) => item.textContent);
            if (lines.length > 0) return lines;
            await new Promise((done) => setTimeout(done, 100));
        }
        return 'nothing came';
    """
    assert page.run(body, "Grüße: a\\b") == ["← /topic/messages: Grüße: a\\b"]


# What is chosen in the panel of sessions, and what it shows to be in use.
SESSIONS = {
    "Socket.IO upgrade": "open: Socket.IO over WebSocket",
    "Socket.IO polling": "open: Socket.IO over polling",
    "Socket.IO websocket": "open: Socket.IO over WebSocket",
    "SockJS websocket": "open: SockJS over websocket",
    "SockJS xhr_streaming": "open: SockJS over xhr_streaming",
    "SockJS eventsource": "open: SockJS over eventsource",
    "SockJS htmlfile": "open: SockJS over htmlfile",
    "SockJS xhr": "open: SockJS over xhr",
    "SockJS jsonp": "open: SockJS over jsonp",
}


@pytest.mark.parametrize("transport", SESSIONS)
def test_the_page_chats_over_each_transport(page, transport):
    """What is said there is heard at the WebSocket, and the other way round, as often as it is said."""
    body = """
        const [sessions, chat] = ['sessions', 'chat'].map((id) => document.getElementById(id));
        const until = async (holds, what) => {
            for (let left = 400; !holds(); left -= 1) {
                if (left === 0) throw new Error(`${what}; the state is: ${state.textContent}`);
                await new Promise((done) => setTimeout(done, 25));
            }
        };
        const say = (section, text) => {
            const form = section.querySelector('form');
            form.elements.text.value = text;
            form.requestSubmit();
        };
        const heard = (section, text) =>
            [...section.querySelectorAll('li .text-said')].filter((item) => item.textContent === text).length;
        const state = sessions.querySelector('.state');
        const { transport } = sessions.querySelector('form').elements;
        transport.value = args[0];
        transport.dispatchEvent(new Event('change'));
        await until(() => state.textContent === args[1], 'not open');
        await until(() => chat.querySelector('.state.open'), 'the room is not open');
        const texts = [1, 2, 3].map((n) => `${args[0]} ${n}: Grüße "\\\\ 100% %41 </script> 🦀`);
        for (const [from, text] of [[sessions, texts[0]], [chat, texts[1]], [sessions, texts[2]]]) {
            say(from, text);
            await until(() => heard(sessions, text) && heard(chat, text), `not heard: ${text}`);
        }
        return texts.map((text) => [heard(sessions, text), heard(chat, text)]);
    """
    page.run("performance.clearResourceTimings()")
    assert page.run(body, transport, SESSIONS[transport]) == [[1, 1]] * 3
    requests = "entry.name.match('/(socket.io|sockjs)/') && entry.nextHopProtocol"
    versions = page.run(f"return performance.getEntriesByType('resource').map((entry) => {requests})")
    # A WebSocket has no entry, and what still goes on has no version.
    assert set(filter(None, versions)) <= {page.version}
