"""Compressed messages (RFC 7692), exchanged with all peers and checked on the wire."""

import contextlib
import json
import subprocess
import zlib

import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

import chromium
import programs
import raw
from conftest import HERE, LIMIT, PEER_SERVERS, started
from raw import CLOSE, TEXT, close_payload, frame, upgrade
from tap import Tap
from test_client import expect_end, say
from test_server_chromium import OPEN

WAIT = 30

# Similar enough to shrink, and to shrink more after one another. All are longer than 125 bytes.
TEXTS = [json.dumps([{"id": n, "name": f"Grüße {n}", "tags": ["a", "b", str(n * n)]} for n in range(k, k + 40)])
         for k in (0, 7)]


def check(tap, texts, alone, path="/"):
    """Checks that both sides sent all of `texts`, each twice, compressed as agreed."""
    (request, sent), (response, got) = tap.websocket(path)
    (answer,) = [line for line in response.split("\r\n") if line.lower().startswith("sec-websocket-extensions:")]
    assert "permessage-deflate" in answer
    for side, frames in ("client", sent), ("server", got):
        assert (f"{side}_no_context_takeover" in answer) == alone
        assert all(frame.compressed for frame in frames), f"{side}: {frames}"
        assert len(frames) == 2 * len(texts)
        for at, text in enumerate(texts):
            first, second = frames[2 * at].length, frames[2 * at + 1].length
            assert first < len(text.encode()) / 2
            if alone:
                assert second == first, f"{side}: the second knows of the first"
            else:
                assert second < first / 2, f"{side}: the second does not know of the first"


@pytest.fixture(params=[False, True], ids=["takeover", "no takeover"])
def alone(request):
    return request.param


@pytest.fixture
def tapped(gateway_path, alone):
    """A gateway behind a tap, with or without context takeover."""
    options = ["--no-context-takeover"] if alone else []
    with programs.gateway(gateway_path, *options) as program, Tap(program.address) as tap:
        yield tap


def test_python_and_our_server(tapped, alone):
    with connect(f"ws://{tapped.address}/ws/echo", proxy=None) as ws:
        for text in [text for text in TEXTS for _ in range(2)]:
            ws.send(text)
            assert ws.recv(WAIT) == text
    check(tapped, TEXTS, alone)


@pytest.mark.parametrize("bits", range(9, 16))
def test_python_may_ask_for_less(address, bits, alone):
    """The client may ask for a smaller window and for messages that stand alone."""
    factory = ClientPerMessageDeflateFactory(
        server_no_context_takeover=alone,
        client_no_context_takeover=alone,
        server_max_window_bits=bits,
        client_max_window_bits=bits,
    )
    with Tap(address) as tap:
        with connect(f"ws://{tap.address}/ws/echo", proxy=None, compression=None, extensions=[factory]) as ws:
            (extension,) = ws.protocol.extensions
            assert extension.remote_max_window_bits == bits
            # Longer than the window, with repetitions within it and beyond it.
            for text in ["".join(TEXTS) * 3, *TEXTS, "", "x"]:
                ws.send(text)
                assert ws.recv(WAIT) == text
            ws.send([b"in ", b"", b"fragments " * 1000])
            assert ws.recv(WAIT) == b"in " + b"fragments " * 1000
        (_, _), (_, got) = tap.websocket()
        assert sum(frame.compressed for frame in got) >= 4


def test_node_and_our_server(tapped, alone):
    command = ["node", HERE / "node_deflate.cjs", f"ws://{tapped.address}/ws/echo", "alone" if alone else "takeover"]
    done = subprocess.run([*command, *TEXTS], capture_output=True, text=True, timeout=WAIT)
    assert done.returncode == 0, done.stderr
    check(tapped, TEXTS, alone)


def test_chromium_and_our_server(tapped, alone, request):
    body = """
        const got = [];
        for (const text of args[2]) {
            ws.send(text);
            got.push((await event('message')).data);
        }
        ws.close();
        await closed;
        return [ws.extensions, got];
    """
    texts = [text for text in TEXTS for _ in range(2)]
    with chromium.page(request.config.getoption("chromium")) as page:
        page.open(f"http://{tapped.address}/")
        extensions, got = page.run(OPEN + body, "/ws/echo?tapped", None, texts)
    assert got == texts
    assert extensions.startswith("permessage-deflate")
    # The page has connections of its own.
    check(tapped, TEXTS, alone, "/ws/echo?tapped")


@pytest.mark.parametrize("name", PEER_SERVERS)
def test_our_client_and_their_servers(ws_client_path, name, alone):
    with contextlib.ExitStack() as stack:
        command = [*PEER_SERVERS[name], *(["--no-context-takeover"] if alone else [])]
        server = stack.enter_context(started(command, name))
        tap = stack.enter_context(Tap(server.url.removeprefix("ws://")))
        command = [ws_client_path, f"ws://{tap.address}/echo"]
        client = stack.enter_context(programs.Program(*command, name="ws_client", stdin=subprocess.PIPE))
        for text in [text for text in TEXTS for _ in range(2)]:
            say(client, text)
            assert client.line(WAIT) == text
        client.close_stdin()
        expect_end(client, "closed 1000")
        check(tap, TEXTS, alone)


def test_nothing_is_compressed_where_it_was_turned_off(gateway_path, ws_client_path):
    with programs.gateway(gateway_path, "--no-deflate") as program, Tap(program.address) as tap:
        with connect(f"ws://{tap.address}/ws/echo", proxy=None) as ws:
            assert ws.protocol.extensions == []
            ws.send(TEXTS[0])
            assert ws.recv(WAIT) == TEXTS[0]
        (_, sent), (response, got) = tap.websocket()
        assert "xtensions" not in response
        assert not any(frame.compressed for frame in sent + got)
    with started(PEER_SERVERS["python-websockets"], "python") as server:
        with Tap(server.url.removeprefix("ws://")) as tap:
            command = [ws_client_path, "--no-deflate", f"ws://{tap.address}/echo"]
            with programs.Program(*command, name="ws_client", stdin=subprocess.PIPE) as client:
                say(client, TEXTS[0])
                assert client.line(WAIT) == TEXTS[0]
                client.close_stdin()
                expect_end(client, "closed 1000")
            (request, sent), (_, got) = tap.websocket()
            assert "xtensions" not in request
            assert not any(frame.compressed for frame in sent + got)


def test_a_chat_message_is_compressed_once_for_all_members_that_can_read_it(address):
    with contextlib.ExitStack() as stack:
        taps = [stack.enter_context(Tap(address)) for _ in range(3)]
        small = ClientPerMessageDeflateFactory(server_max_window_bits=9)
        options = [{}, {"compression": None, "extensions": [small]}, {"compression": None}]
        room = [
            stack.enter_context(connect(f"ws://{tap.address}/ws/chat", subprotocols=["chat"], proxy=None, **option))
            for tap, option in zip(taps, options)
        ]
        for member in room:
            for _ in range(2):
                member.send(TEXTS[0])
                assert [other.recv(WAIT) for other in room] == [TEXTS[0]] * 3
        for member in room:
            member.close()
        seen = [tap.websocket()[1][1] for tap in taps]
        assert [len(frames) for frames in seen] == [6, 6, 6]
        # Members that can read it get the same bytes each time. The others get the message uncompressed.
        assert all(frame.compressed and frame.length == seen[0][0].length for frame in seen[0])
        assert not any(frame.compressed for frame in seen[1] + seen[2])


# Byte by byte, with Python's own zlib.


def open_raw(sock, address, offer):
    sock.sendall(upgrade(address, extra=[f"Sec-WebSocket-Extensions: {offer}"]))
    reader = sock.makefile("rb")
    status, fields = raw.read_head(reader)
    assert status.startswith("HTTP/1.1 101 "), status
    return reader, fields.get("sec-websocket-extensions")


def compressed(data, compressor=None):
    """Returns the payload of a compressed message."""
    compressor = compressor or zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


def rsv1(data):
    return bytes([data[0] | 0x40]) + data[1:]


def read_any(reader):
    """Reads one frame; returns whether RSV1 was set, and the frame."""
    first = reader.read(1)[0]
    head = bytes([first & ~0x40])

    class Rest:
        def read(self, length):
            nonlocal head
            if head:
                data, head = head + reader.read(length - 1), b""
                return data
            return reader.read(length)

    return first & 0x40 != 0, *raw.read_frame(Rest())


OFFERS = {
    "permessage-deflate": "permessage-deflate",
    "permessage-deflate; server_max_window_bits=8": None,
    "permessage-deflate; server_max_window_bits=8, permessage-deflate": "permessage-deflate",
    "permessage-deflate; client_max_window_bits=8": "permessage-deflate",
    "permessage-deflate; client_max_window_bits=08": None,
    "permessage-deflate; client_max_window_bits=16": None,
    "permessage-deflate; unknown": None,
    "x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=10":
        "permessage-deflate; server_max_window_bits=10",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover": None,
}


@pytest.mark.parametrize("offer, answer", OFFERS.items(), ids=OFFERS)
def test_what_is_agreed_to_works(address, offer, answer):
    with raw.connection(address) as sock:
        reader, agreed = open_raw(sock, address, offer)
        assert agreed == answer
        text = TEXTS[0].encode()
        if answer is None:
            sock.sendall(frame(TEXT, text))
            assert read_any(reader) == (False, TEXT, text)
            return
        compressor = zlib.compressobj(wbits=-9)
        decompressor = zlib.decompressobj(wbits=-15)
        for _ in range(3):
            sock.sendall(rsv1(frame(TEXT, compressed(text, compressor))))
            is_compressed, opcode, payload = read_any(reader)
            assert (is_compressed, opcode) == (True, TEXT)
            assert decompressor.decompress(payload + b"\0\0\xff\xff") == text


REFUSED = {
    "no DEFLATE": (b"\x06", 1007),
    "text that is not UTF-8": (compressed(b"\xff"), 1007),
    "a byte more than the limit": (compressed(b"x" * (LIMIT + 1)), 1009),
    "a bomb": (compressed(bytes(1 << 26)), 1009),
}


@pytest.mark.parametrize("payload, code", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_inflated_is_refused_with_its_code(limited_address, payload, code):
    with raw.connection(limited_address) as sock:
        reader, _ = open_raw(sock, limited_address, "permessage-deflate")
        sock.sendall(rsv1(frame(TEXT, compressed(b"x" * LIMIT))))
        is_compressed, opcode, _ = read_any(reader)
        assert (is_compressed, opcode) == (True, TEXT), "exactly the limit passes"
        sock.sendall(rsv1(frame(TEXT, payload)) + frame(TEXT, b"never to be echoed"))
        _, opcode, payload = read_any(reader)
        assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)
        sock.sendall(frame(CLOSE, close_payload(code)))
        assert reader.read() == b"", "something was sent after the close"
