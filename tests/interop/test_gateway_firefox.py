"""Our gateway and a headless Firefox, over HTTP/2 with TLS."""

import pytest

import firefox
import programs
import tls

pytestmark = [pytest.mark.firefox, pytest.mark.timeout(120)]

OPEN = """
    const open = (path, ...protocols) => new Promise((done, fail) => {
        const ws = new WebSocket(`${location.origin.replace(/^http/, 'ws')}${path}`, protocols);
        ws.binaryType = 'arraybuffer';
        ws.onopen = () => done(ws);
        ws.onclose = (event) => fail(new Error(`closed with ${event.code}`));
    });
    const message = (ws) => new Promise((done) => { ws.onmessage = (event) => done(event.data); });
    const closed = (ws) => new Promise((done) => { ws.onclose = ({ code, reason, wasClean }) => done({ code, reason, wasClean }); });
"""


@pytest.fixture(scope="module")
def gateway(gateway_path, tmp_path_factory):
    pem = tls.certificate(tmp_path_factory.mktemp("tls"))
    with programs.gateway(gateway_path, "--tls", pem, pem) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def page(request, gateway):
    with firefox.page(request.config.getoption("firefox")) as page:
        page.open(f"https://{gateway.address}/")
        yield page


def test_the_page_comes_over_http2(page):
    protocols = page.run("return performance.getEntriesByType('navigation').map((entry) => entry.nextHopProtocol)")
    assert protocols == ["h2"]


def test_sockets_are_streams_of_one_connection(page, gateway):
    """If they were not, each would be a connection of its own, which takes a file."""
    body = """
        window.sockets = await Promise.all(Array.from({ length: 20 }, () => open('/ws/echo')));
        const texts = window.sockets.map((ws, i) => { const got = message(ws); ws.send(`text ${i}`); return got; });
        return await Promise.all(texts);
    """
    before = gateway.open_files()
    assert page.run(OPEN + body) == [f"text {number}" for number in range(20)]
    assert gateway.open_files() - before < 5
    page.run(OPEN + "for (const ws of window.sockets) { const end = closed(ws); ws.close(); await end; }")


@pytest.mark.parametrize("text", ["hello", "", "Grüße 👩‍👩‍👧‍👦" * 1000], ids=["ascii", "empty", "emoji"])
def test_text_comes_back(page, text):
    body = "const ws = await open('/ws/echo'); const got = message(ws); ws.send(args[0]); return await got;"
    assert page.run(OPEN + body, text) == text


def test_1_mib_of_binary_comes_back(page):
    body = """
        const ws = await open('/ws/echo');
        const sent = new Uint8Array(1 << 20).map((_, i) => i * i >> 3);
        const message_ = message(ws);
        ws.send(sent);
        const got = new Uint8Array(await message_);
        return [got.length, got.findIndex((byte, i) => byte !== sent[i])];
    """
    assert page.run(OPEN + body) == [1 << 20, -1]


def test_a_close_is_clean_with_its_code_and_reason(page):
    body = "const ws = await open('/ws/echo'); const end = closed(ws); ws.close(3001, 'gone 🎣'); return await end;"
    assert page.run(OPEN + body) == {"wasClean": True, "code": 3001, "reason": "gone 🎣"}


def test_the_chat_room(page):
    body = """
        const members = await Promise.all([1, 2].map(() => open('/ws/chat', 'chat')));
        const heard = Promise.all(members.map(message));
        members[0].send('hello, room');
        return [members[0].protocol, ...await heard];
    """
    assert page.run(OPEN + body) == ["chat", "hello, room", "hello, room"]
