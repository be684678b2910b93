"""Our server and the Python package `websockets`, whose author wrote it against RFC 6455 alone."""

import contextlib

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from conftest import LARGEST, LIMIT
from raw import tokens

WAIT = 30


def join(address, path="/ws/echo", **options):
    options = {"compression": None, "max_size": None, "proxy": None, **options}
    return connect(f"ws://{address}{path}", **options)


@pytest.fixture(params=[None, "deflate"], ids=["plain", "offering-deflate"])
def echo(address, request):
    with join(address, compression=request.param) as ws:
        yield ws


MESSAGES = {
    "text": "Grüße, 世界 👋",
    "binary": bytes(range(256)),
    "empty text": "",
    "empty binary": b"",
    "125 bytes": b"x" * 125,
    "126 bytes": b"x" * 126,
    "65535 bytes": b"x" * 65535,
    "65536 bytes": b"x" * 65536,
    "1 MiB of text": "0123456789abcdef" * (1 << 16),
    "1 MiB of binary": bytes(range(256)) * (1 << 12),
    "16 MiB of text": "ä" * (LARGEST // 2),
    "16 MiB of binary": bytes(range(256)) * (1 << 16),
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_message_comes_back(echo, message):
    echo.send(message)
    same(echo.recv(WAIT), message)


FRAGMENTED = {
    "text": ["Gr", "ü", "ße"],
    "binary": [b"\x00\xff", b"\x80"],
    "empty fragments": ["", "a", "", "", "b", ""],
    "nothing but empty fragments": [b"", b"", b""],
    "1000 fragments": [b"abcdefg"] * 1000,
    "1 MiB in fragments": [b"0123456789abcdef" * 1024] * 64,
}


@pytest.mark.parametrize("fragments", FRAGMENTED.values(), ids=FRAGMENTED)
def test_a_fragmented_message_comes_back_whole(echo, fragments):
    echo.send(fragments)
    same(echo.recv(WAIT), fragments[0][:0].join(fragments))


def test_messages_come_back_in_order(echo):
    for number in range(1000):
        echo.send(f"message {number}")
    for number in range(1000):
        same(echo.recv(WAIT), f"message {number}")


@pytest.mark.parametrize("payload", [b"", b"payload", b"\xff" * 125], ids=["empty", "short", "125 bytes"])
def test_a_ping_is_answered_with_its_payload(echo, payload):
    assert echo.ping(payload).wait(WAIT), "no pong with the ping's payload"


def test_a_ping_between_fragments_is_answered_before_the_message_ends(echo):
    pongs = []

    def fragments():
        yield "one "
        pongs.append(echo.ping(b"between").wait(WAIT))
        yield "two"

    echo.send(fragments())
    same(echo.recv(WAIT), "one two")
    assert pongs == [True]


def test_an_unsolicited_pong_is_ignored(echo):
    echo.pong(b"unasked")
    echo.send("still here")
    same(echo.recv(WAIT), "still here")


CLOSES = [(1000, ""), (1000, "done"), (1001, "leaving"), (1011, ""), (1014, ""), (3000, "ä" * 61), (4999, "x" * 123)]
CLOSE_IDS = [f"{code} with {len(reason.encode())} bytes of reason" for code, reason in CLOSES]


@pytest.mark.parametrize("code, reason", CLOSES, ids=CLOSE_IDS)
def test_a_close_is_answered_with_its_code_and_reason(address, code, reason):
    with join(address) as ws:
        ws.close(code, reason)
        received = ws.protocol.close_rcvd
        assert received is not None, "the connection ended without a close frame"
        assert (received.code, received.reason) == (code, reason)


def test_messages_before_a_close_come_back_before_the_answer(address):
    # `close` waits for the answer while the messages stay in the queue.
    with join(address, max_queue=None) as ws:
        for number in range(100):
            ws.send(str(number))
        ws.close()
        assert list(ws) == [str(number) for number in range(100)]
        assert ws.protocol.close_rcvd.code == 1000


def test_a_message_of_exactly_the_limit_passes(limited_address):
    with join(limited_address) as ws:
        ws.send(b"x" * LIMIT)
        same(ws.recv(WAIT), b"x" * LIMIT)


TOO_LONG = {
    "in one frame": b"x" * (LIMIT + 1),
    "in fragments": [b"x" * LIMIT, b"x"],
}


@pytest.mark.parametrize("message", TOO_LONG.values(), ids=TOO_LONG)
def test_a_byte_more_than_the_limit_is_refused_with_1009(limited_address, message):
    with join(limited_address) as ws:
        with pytest.raises(ConnectionClosed) as closed:
            ws.send(message)
            ws.recv(WAIT)
        assert closed.value.rcvd is not None, "the connection ended without a close frame"
        assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize("offered", [["chat"], ["superchat", "chat"], ["chat", "superchat"]])
def test_chat_is_negotiated(address, offered):
    with join(address, "/ws/chat", subprotocols=offered) as ws:
        assert ws.subprotocol == "chat"


def test_a_message_to_the_room_reaches_every_member_in_the_same_order(address):
    with contextlib.ExitStack() as stack:
        room = [stack.enter_context(join(address, "/ws/chat", subprotocols=["chat"])) for _ in range(3)]
        for number, member in enumerate(room):
            member.send(f"from {number}")
            for other in room:
                same(other.recv(WAIT), f"from {number}")
        # Sent at the same time: the order is free, but the same for all.
        for number, member in enumerate(room):
            member.send(f"again from {number}")
        heard = [[member.recv(WAIT) for _ in room] for member in room]
        assert sorted(heard[0]) == [f"again from {number}" for number in range(3)]
        assert heard[1] == heard[0] and heard[2] == heard[0]

        room[0].close()
        room[1].send("one has left")
        for member in room[1:]:
            same(member.recv(WAIT), "one has left")


def test_an_unknown_subprotocol_is_not_agreed_to(address):
    with join(address, "/ws/echo", subprotocols=["x-unknown"]) as ws:
        assert ws.subprotocol is None
        ws.send("works")
        same(ws.recv(WAIT), "works")


def test_a_room_that_speaks_chat_agrees_to_nothing_else(address):
    try:
        with join(address, "/ws/chat", subprotocols=["x-unknown"]) as ws:
            assert ws.subprotocol is None
    except InvalidStatus as refused:
        assert 400 <= refused.response.status_code < 500


def test_the_same_origin_is_let_in(address):
    with join(address, origin=f"http://{address}") as ws:
        ws.send("at home")
        same(ws.recv(WAIT), "at home")


# Only the same host and port, not a prefix or a suffix of it, nor another name for it (RFC 6455 §10.2).
CROSS_SITE = [
    "http://evil.example",
    "http://{address}.evil.example",
    "http://evil.example/{address}",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "http://localhost:{port}",
    "null",
]


@pytest.mark.parametrize("origin", CROSS_SITE)
@pytest.mark.parametrize("path", ["/ws/echo", "/ws/chat"])
def test_a_cross_site_origin_is_refused_with_403(address, path, origin):
    origin = origin.format(address=address, port=address.rpartition(":")[2])
    with pytest.raises(InvalidStatus) as refused:
        join(address, path, origin=origin).close()
    assert refused.value.response.status_code == 403
    assert "close" in tokens(refused.value.response.headers["Connection"])


def test_sigint_closes_every_connection_with_1001(own_gateway):
    with contextlib.ExitStack() as stack:
        members = [
            stack.enter_context(join(own_gateway.address, path, subprotocols=subprotocols))
            for path, subprotocols in [("/ws/echo", None), ("/ws/echo", None), ("/ws/chat", ["chat"])]
        ]
        own_gateway.interrupt()
        for member in members:
            with pytest.raises(ConnectionClosed) as closed:
                member.recv(WAIT)
            assert closed.value.rcvd is not None, "the connection ended without a close frame"
            assert closed.value.rcvd.code == 1001
    assert own_gateway.wait(20) == 0, own_gateway.last_words()


def same(got, expected):
    """Compares messages; a failure fits in a line even if they are long."""
    assert type(got) is type(expected)
    if got != expected:
        pytest.fail(f"expected {len(expected)} × {expected[:40]!r}…, got {len(got)} × {got[:40]!r}…")
