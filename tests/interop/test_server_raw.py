"""Our server against input that only a careless or hostile client sends, byte by byte."""

import os
import select
import socket
import time

import pytest

import raw
from conftest import LIMIT
from raw import BINARY, CLOSE, PING, PONG, TEXT, close_payload, frame, upgrade


def opened(sock, address, path="/ws/echo", after=b"", **changes):
    """Completes the opening handshake; `after` is sent in the same packet as the head."""
    sock.sendall(upgrade(address, path, **changes) + after)
    reader = sock.makefile("rb")
    status, fields = raw.read_head(reader)
    assert status.startswith("HTTP/1.1 101 "), status
    return reader, fields


def test_the_handshake_is_answered_as_in_the_standard(address):
    with raw.connection(address) as sock:
        _, fields = opened(sock, address)
        assert fields["upgrade"].lower() == "websocket"
        assert fields["connection"].lower() == "upgrade"
        assert fields["sec-websocket-accept"] == raw.ACCEPT
        # Nothing was offered, so nothing can be agreed on (RFC 6455 §4.2.2).
        assert "sec-websocket-protocol" not in fields
        assert "sec-websocket-extensions" not in fields


def test_names_and_tokens_are_compared_without_case(address):
    with raw.connection(address) as sock:
        head = upgrade(address, Upgrade="WebSocket", Connection="keep-alive, UPGRADE")
        sock.sendall(head.replace(b"Sec-WebSocket-Key", b"sec-websocket-KEY"))
        status, fields = raw.read_head(sock.makefile("rb"))
        assert status.startswith("HTTP/1.1 101 "), status
        assert fields["sec-websocket-accept"] == raw.ACCEPT


def test_a_head_and_a_frame_may_come_byte_by_byte(address):
    with raw.connection(address) as sock:
        dribble(sock, upgrade(address))
        reader = sock.makefile("rb")
        status, _ = raw.read_head(reader)
        assert status.startswith("HTTP/1.1 101 "), status
        dribble(sock, frame(TEXT, "Grüße".encode()))
        assert raw.read_frame(reader) == (TEXT, "Grüße".encode())


def dribble(sock, data):
    for i in range(len(data)):
        sock.sendall(data[i : i + 1])
        # Long enough for the other side to read each byte by itself.
        time.sleep(0.001)


def test_frames_may_follow_the_head_in_the_same_packet(address):
    frames = frame(TEXT, b"one") + frame(PING, b"two") + frame(BINARY, b"three") + frame(CLOSE, close_payload(1000))
    with raw.connection(address) as sock:
        reader, _ = opened(sock, address, after=frames)
        got = [raw.read_frame(reader) for _ in range(4)]
        # A pong may overtake a message, but nothing overtakes a close.
        assert sorted(got[:3]) == sorted([(TEXT, b"one"), (PONG, b"two"), (BINARY, b"three")])
        assert got[3] == (CLOSE, close_payload(1000))


def test_an_empty_close_is_answered_and_the_server_ends_the_connection(address):
    with raw.connection(address) as sock:
        reader, _ = opened(sock, address)
        sock.sendall(frame(CLOSE))
        opcode, payload = raw.read_frame(reader)
        assert opcode == CLOSE
        # There is no code to repeat, and 1005 must not be sent (RFC 6455 §7.4.1).
        assert payload in (b"", close_payload(1000))
        assert reader.read() == b"", "something was sent after the close"


# The bytes after the handshake, and the code that has to come back.
VIOLATIONS = {
    "an unmasked frame (§5.1)": (frame(TEXT, b"x", mask=None), 1002),
    "a length that fits in fewer bytes (§5.2)": (b"\x81\xfe\x00\x05" + bytes(4) + b"short", 1002),
    "a length with its highest bit set (§5.2)": (b"\x82\xff\x80" + bytes(7) + bytes(4), 1002),
    "a reserved bit (§5.2)": (b"\xc1\x80" + bytes(4), 1002),
    "text that is not UTF-8 (§8.1)": (frame(TEXT, b"\xff"), 1007),
    "text that ends inside a character (§8.1)": (frame(TEXT, b"\xe2\x82"), 1007),
    "a close code that must not be sent (§7.4.1)": (frame(CLOSE, close_payload(1006)), 1002),
}


@pytest.mark.parametrize("frames, code", VIOLATIONS.values(), ids=VIOLATIONS)
def test_a_violation_is_answered_with_its_code_and_the_end(address, frames, code):
    with raw.connection(address) as sock:
        # The frame that follows must have no effect.
        reader, _ = opened(sock, address, after=frames + frame(TEXT, b"never to be echoed"))
        opcode, payload = raw.read_frame(reader)
        assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)
        sock.sendall(frame(CLOSE, payload[:2]))
        assert reader.read() == b"", "something was sent after the close"


@pytest.mark.parametrize("length", [LIMIT + 1, 1 << 40], ids=["limit + 1", "1 TiB"])
def test_an_announced_length_is_refused_before_the_payload_comes(limited_address, length):
    header = b"\x82\xff" + length.to_bytes(8, "big") + bytes(4)
    with raw.connection(limited_address) as sock:
        reader, _ = opened(sock, limited_address, after=header)
        opcode, payload = raw.read_frame(reader)
        assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, 1009)


def test_a_flood_of_pings_is_answered_at_least_once_and_with_the_newest(address):
    with raw.connection(address) as sock:
        pings = b"".join(frame(PING, b"%d" % number) for number in range(2000))
        reader, _ = opened(sock, address, after=pings + frame(TEXT, b"end"))
        got = [raw.read_frame(reader)]
        while (PONG, b"1999") not in got or (TEXT, b"end") not in got:
            got.append(raw.read_frame(reader))
        # Answering only the newest is allowed (RFC 6455 §5.5.3); inventing or repeating answers is not.
        numbers = [int(payload) for opcode, payload in got if opcode == PONG]
        assert numbers == sorted(set(numbers))


def test_sigint_ends_a_message_half_received_and_a_head_half_received(own_gateway):
    address = own_gateway.address
    with raw.connection(address) as message, raw.connection(address) as head:
        head.sendall(upgrade(address)[:20])
        reader, _ = opened(message, address, after=frame(PING, b"here") + frame(TEXT, b"half", fin=False)[:-2])
        assert raw.read_frame(reader) == (PONG, b"here")
        own_gateway.interrupt()
        opcode, payload = raw.read_frame(reader)
        assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, 1001)
        message.close()
        reader.close()
        assert own_gateway.wait(20) == 0, own_gateway.last_words()


# Requests to be refused, and the statuses that say why.
BAD_REQUEST = range(400, 500)
REFUSED = {
    "no HTTP": (lambda a: b"\x16\x03\x01 no such thing\r\n\r\n", BAD_REQUEST),
    "a bad request line": (lambda a: b"GET\r\n\r\n", BAD_REQUEST),
    "HTTP/1.0": (lambda a: upgrade(a, version="HTTP/1.0"), {*BAD_REQUEST, 505}),
    "POST": (lambda a: upgrade(a, method="POST"), BAD_REQUEST),
    "no Upgrade": (lambda a: upgrade(a, Upgrade=None), BAD_REQUEST),
    "another Upgrade": (lambda a: upgrade(a, Upgrade="h2c"), BAD_REQUEST),
    "no Connection": (lambda a: upgrade(a, Connection=None), BAD_REQUEST),
    "another Connection": (lambda a: upgrade(a, Connection="keep-alive"), BAD_REQUEST),
    "no Host": (lambda a: upgrade(a, Host=None), BAD_REQUEST),
    "two Hosts": (lambda a: upgrade(a, extra=["Host: evil.example"]), BAD_REQUEST),
    "no key": (lambda a: upgrade(a, Sec_WebSocket_Key=None), BAD_REQUEST),
    "a short key": (lambda a: upgrade(a, Sec_WebSocket_Key="c2hvcnQ="), BAD_REQUEST),
    "a key that is not base64": (lambda a: upgrade(a, Sec_WebSocket_Key="!" * 24), BAD_REQUEST),
    "two keys": (lambda a: upgrade(a, extra=[f"Sec-WebSocket-Key: {raw.KEY}"]), BAD_REQUEST),
    "a body": (lambda a: upgrade(a, extra=["Content-Length: 5"]) + b"hello", BAD_REQUEST),
    "a chunked body": (lambda a: upgrade(a, extra=["Transfer-Encoding: chunked"]) + b"0\r\n\r\n", BAD_REQUEST),
    "a space before a colon": (lambda a: upgrade(a, extra=["X-Thing : x"]), BAD_REQUEST),
    "a folded line": (lambda a: upgrade(a, extra=["X-Thing: x", " y"]), BAD_REQUEST),
    "LF for CRLF": (lambda a: upgrade(a).replace(b"\r\n", b"\n", 2), BAD_REQUEST),
    "a NUL": (lambda a: upgrade(a, extra=["X-Thing: a\0b"]), BAD_REQUEST),
    "no such path": (lambda a: upgrade(a, path="/no/such/path"), {404}),
    "version 12": (lambda a: upgrade(a, Sec_WebSocket_Version="12"), {426}),
    "no version": (lambda a: upgrade(a, Sec_WebSocket_Version=None), {400, 426}),
    "a cross-site Origin": (lambda a: upgrade(a, Origin="http://evil.example"), {403}),
}


@pytest.mark.parametrize("request_head, statuses", REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_a_complete_response_and_the_end(address, request_head, statuses):
    with raw.connection(address) as sock:
        sock.sendall(request_head(address))
        response = raw.only_response(raw.read_to_end(sock))
        assert response.status in statuses
        assert "close" in raw.tokens(response.getheader("Connection"))
        assert response.getheader("Sec-WebSocket-Accept") is None
        if response.status == 426:
            assert response.getheader("Sec-WebSocket-Version") == "13"


AFTER = {"a frame": frame(TEXT, b"echo?"), "a request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"}


@pytest.mark.parametrize("after", AFTER.values(), ids=AFTER)
def test_what_follows_a_refused_head_is_ignored(address, after):
    with raw.connection(address) as sock:
        sock.sendall(upgrade(address, Origin="http://evil.example") + after)
        assert raw.only_response(raw.read_to_end(sock)).status == 403


def test_an_endless_head_is_refused_while_it_comes(address):
    line = b"X-Filler: " + b"x" * 1000 + b"\r\n"
    with raw.connection(address) as sock:
        sock.sendall(upgrade(address)[:-2])
        for _ in range(16 * 1024):
            sock.sendall(line)
            if select.select([sock], [], [], 0)[0]:
                break
        else:
            pytest.fail("no answer to a head of 16 MiB")
        # It ends as soon as we do, and the answer has survived the bytes that came too late.
        sock.shutdown(socket.SHUT_WR)
        assert raw.only_response(raw.read_to_end(sock)).status in BAD_REQUEST


def test_ten_thousand_random_bytes_do_not_disturb_others(address):
    with raw.connection(address) as well_behaved:
        reader, _ = opened(well_behaved, address)
        for _ in range(20):
            with raw.connection(address) as sock:
                opened(sock, address, after=os.urandom(500))
        well_behaved.sendall(frame(TEXT, b"still served"))
        assert raw.read_frame(reader) == (TEXT, b"still served")


def test_the_page_is_html(address):
    with raw.connection(address) as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
        sock.shutdown(socket.SHUT_WR)
        response = raw.only_response(raw.read_to_end(sock))
        assert response.status == 200
        assert response.getheader("Content-Type", "").startswith("text/html")
        assert b"<html" in response.body.lower()


@pytest.mark.parametrize("version, field", [("1.1", "Connection: close"), ("1.0", "Accept: */*")])
def test_a_client_that_asks_for_the_end_after_the_response_gets_it(address, version, field):
    with raw.connection(address) as sock:
        sock.sendall(f"GET / HTTP/{version}\r\nHost: {address}\r\n{field}\r\n\r\n".encode())
        # RFC 9112 §9.3 and §9.6.
        assert raw.only_response(raw.read_to_end(sock)).status == 200
