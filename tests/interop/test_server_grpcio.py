"""Our gRPC server and the client of Python's `grpcio`."""

import concurrent.futures
import itertools
import threading
import time

import grpc
import pytest

import echo
from echo import EchoReply, EchoRequest

WAIT = 20
Code = grpc.StatusCode

OPTIONS = [("grpc.enable_http_proxy", 0)]


class Echo:
    """The methods of the service, for `grpcio`."""

    def __init__(self, channel):
        self.channel = channel
        for name, kinds in echo.METHODS.items():
            make = {
                (False, False): channel.unary_unary,
                (False, True): channel.unary_stream,
                (True, False): channel.stream_unary,
                (True, True): channel.stream_stream,
            }[kinds]
            method = make(f"/{echo.SERVICE}/{name}", EchoRequest.SerializeToString, EchoReply.FromString)
            setattr(self, name, method)


@pytest.fixture
def service(grpc_address):
    with grpc.insecure_channel(grpc_address, OPTIONS) as channel:
        yield Echo(channel)


def complete(call):
    """Waits for the end, good or bad, and returns all replies, the code and the message."""
    replies = []
    try:
        replies.extend(call)
    except grpc.RpcError as error:
        assert error is call
    return replies, call.code(), call.details()


@pytest.mark.parametrize("text", ["hello", "", "Grüße, 世界 👋", "x" * 100_000], ids=["ascii", "empty", "not ascii", "long"])
def test_unary(service, text):
    assert service.Unary(EchoRequest(text=text), timeout=WAIT) == EchoReply(text=text)


def test_a_message_of_no_bytes_at_all(service):
    assert EchoRequest().SerializeToString() == b""
    assert service.Unary(EchoRequest(), timeout=WAIT) == EchoReply()
    replies, code, _ = complete(service.Bidi(iter([EchoRequest()] * 5), timeout=WAIT))
    assert (replies, code) == ([EchoReply(index=index) for index in range(5)], Code.OK)


def test_payloads_up_to_the_limit_come_back(service):
    # Tag and length of the field take 5 bytes, so this message has exactly 4 MiB.
    payload = bytes(range(256)) * (1 << 14)
    payload = payload[:-5]
    assert len(EchoRequest(payload=payload).SerializeToString()) == 4 << 20
    reply = service.Unary(EchoRequest(payload=payload), timeout=WAIT)
    assert reply.payload == payload


@pytest.mark.parametrize("size", [(4 << 20) - 4, 5_000_000], ids=["a byte over", "5 MB"])
def test_a_message_over_the_limit_is_refused(service, size):
    for _ in range(3):
        with pytest.raises(grpc.RpcError) as error:
            service.Unary(EchoRequest(payload=bytes(size)), timeout=WAIT)
        assert error.value.code() == Code.RESOURCE_EXHAUSTED
        assert error.value.details() == "message is too long"
    # The connection goes on, with its whole window.
    assert service.Unary(EchoRequest(text="still here"), timeout=WAIT).text == "still here"


def test_server_stream(service):
    replies, code, details = complete(service.ServerStream(EchoRequest(text="again", count=5, delay_ms=10), timeout=WAIT))
    assert replies == [EchoReply(text="again", index=index) for index in range(5)]
    assert (code, details) == (Code.OK, "")


def test_a_stream_of_nothing(service):
    assert complete(service.ServerStream(EchoRequest(), timeout=WAIT)) == ([], Code.OK, "")


def test_replies_come_as_they_are_made(service):
    call = service.ServerStream(EchoRequest(count=2, delay_ms=1000), timeout=WAIT)
    start = time.monotonic()
    next(call)
    first = time.monotonic() - start
    next(call)
    second = time.monotonic() - start
    assert first < 0.7 and second > 0.9, f"after {first:.3f} s and {second:.3f} s"


@pytest.mark.parametrize("size", [0, 1000, 100_000], ids=["short", "1 kB", "100 kB"])
def test_1000_replies(service, size):
    request = EchoRequest(text="many", count=1000, payload=bytes(size))
    count = 0
    for index, reply in enumerate(service.ServerStream(request, timeout=50)):
        assert (reply.index, len(reply.payload)) == (index, size)
        count += 1
    assert count == 1000


def test_1000_streams_of_replies(service):
    calls = [service.ServerStream(EchoRequest(text=str(n), count=10), timeout=WAIT) for n in range(1000)]
    for number, call in enumerate(calls):
        replies, code, details = complete(call)
        assert (code, details) == (Code.OK, "")
        assert [(reply.text, reply.index) for reply in replies] == [(str(number), index) for index in range(10)]


def test_a_client_that_does_not_read_is_waited_for(service):
    request = EchoRequest(count=200, payload=bytes(100_000))
    call = service.ServerStream(request, timeout=WAIT)
    next(call)
    # 20 MB do not fit in any window. Another call has to get through nevertheless.
    assert service.Unary(EchoRequest(text="past it"), timeout=WAIT).text == "past it"
    assert sum(1 for _ in call) == 199


def test_client_stream(service):
    texts = [f"number {n}" for n in range(1000)]
    reply = service.ClientStream((EchoRequest(text=text) for text in texts), timeout=WAIT)
    assert reply == EchoReply(text=",".join(texts), index=1000)


def test_a_client_stream_of_nothing(service):
    assert service.ClientStream(iter([]), timeout=WAIT) == EchoReply()


def test_a_client_stream_that_is_refused_before_its_end(service):
    endless = (EchoRequest(code=9, error="enough") for _ in itertools.count())
    with pytest.raises(grpc.RpcError) as error:
        service.ClientStream(endless, timeout=WAIT)
    assert (error.value.code(), error.value.details()) == (Code.FAILED_PRECONDITION, "enough")


def test_bidi_one_by_one(service):
    replied = threading.Semaphore(0)

    def requests():
        for number in range(20):
            yield EchoRequest(text=f"number {number}")
            # The next request is sent only after the reply.
            assert replied.acquire(timeout=WAIT)

    count = 0
    for index, reply in enumerate(service.Bidi(requests(), timeout=WAIT)):
        assert (reply.text, reply.index) == (f"number {index}", index)
        replied.release()
        count += 1
    assert count == 20


def test_bidi_all_at_once(service):
    requests = [EchoRequest(text=str(n), payload=bytes(n)) for n in range(1000)]
    replies, code, _ = complete(service.Bidi(iter(requests), timeout=WAIT))
    assert code == Code.OK
    assert [(reply.text, reply.payload) for reply in replies] == [(str(n), bytes(n)) for n in range(1000)]


def test_bidi_ends_with_an_error_in_the_middle(service):
    requests = [EchoRequest(text="one"), EchoRequest(code=11, error="too far"), EchoRequest(text="three")]
    replies, code, details = complete(service.Bidi(iter(requests), timeout=WAIT))
    assert ([reply.text for reply in replies], code, details) == (["one"], Code.OUT_OF_RANGE, "too far")


@pytest.mark.parametrize("code", [code for code in Code if code != Code.OK], ids=lambda code: code.name)
def test_every_code(service, code):
    with pytest.raises(grpc.RpcError) as error:
        service.Unary(EchoRequest(code=code.value[0], error=code.name), timeout=WAIT)
    assert (error.value.code(), error.value.details()) == (code, code.name)


MESSAGES = {
    "empty": "",
    "not ascii": "Fehler: 世界 👋",
    "percent": "100 % of %20 and %zz",
    "lines": "one\r\ntwo\tthree",
    "spaces": " around ",
    "long": "ü" * 1000,
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_the_message_of_an_error(service, message):
    with pytest.raises(grpc.RpcError) as error:
        service.Unary(EchoRequest(code=5, error=message), timeout=WAIT)
    assert (error.value.code(), error.value.details()) == (Code.NOT_FOUND, message)


def test_an_error_after_replies(service):
    request = EchoRequest(text="so far", count=3, code=15, error="verloren: Ä")
    replies, code, details = complete(service.ServerStream(request, timeout=WAIT))
    assert ([reply.index for reply in replies], code, details) == ([0, 1, 2], Code.DATA_LOSS, "verloren: Ä")


@pytest.mark.parametrize("path", ["/echo.Echo/Nothing", "/echo.Echo/unary", "/no.such.Service/Unary"])
def test_an_unknown_method(service, path):
    method = service.channel.unary_unary(path, EchoRequest.SerializeToString, EchoReply.FromString)
    with pytest.raises(grpc.RpcError) as error:
        method(EchoRequest(), timeout=WAIT)
    assert error.value.code() == Code.UNIMPLEMENTED


ALL_BYTES = bytes(range(256))
METADATA = [
    ("x-echo-text", "one, two; three=4"),
    ("x-echo-twice", "first"),
    ("x-echo-twice", "second"),
    ("x-echo-all-bin", ALL_BYTES),
    ("x-echo-one-bin", b"\xff"),
    ("x-echo-two-bin", b"\xff\xfe"),
    ("x-echo-empty-bin", b""),
    ("x-echo-long-bin", bytes(3000)),
    ("x-echo-twice-bin", b"first"),
    ("x-echo-twice-bin", b"second, second"),
    ("x-other", "stays where it is"),
]


@pytest.mark.parametrize("code", [0, 5], ids=["OK", "NOT_FOUND"])
def test_metadata_come_back(service, code):
    call = service.ServerStream(EchoRequest(count=1, code=code), metadata=METADATA, timeout=WAIT)
    assert complete(call)[1].value[0] == code
    expected = sorted(METADATA[:-1])
    head = [pair for pair in call.initial_metadata() if pair[0].startswith("x-")]
    assert sorted(head) == expected
    trailers = [pair for pair in call.trailing_metadata() if pair[0].startswith("x-")]
    assert sorted(trailers) == sorted((name.replace("echo", "trailer"), value) for name, value in expected)


def test_gzip_from_the_client(service):
    payload = ALL_BYTES * 4000
    request = EchoRequest(text="compressed", payload=payload)
    reply = service.Unary(request, compression=grpc.Compression.Gzip, timeout=WAIT)
    assert reply == EchoReply(text="compressed", payload=payload)


def test_gzip_both_ways(service):
    requests = [EchoRequest(text=str(n), payload=bytes(10_000 * n)) for n in range(20)]
    metadata = [("x-echo-gzip", "1")]
    call = service.Bidi(iter(requests), metadata=metadata, compression=grpc.Compression.Gzip, timeout=WAIT)
    # grpcio does not say whether it had to decompress. The check with Node's client looks at the head.
    replies, code, _ = complete(call)
    assert code == Code.OK
    assert replies == [EchoReply(text=r.text, index=n, payload=r.payload) for n, r in enumerate(requests)]


def test_another_encoding_is_refused(service):
    with pytest.raises(grpc.RpcError) as error:
        service.Unary(EchoRequest(payload=bytes(10_000)), compression=grpc.Compression.Deflate, timeout=WAIT)
    assert error.value.code() == Code.UNIMPLEMENTED


def test_a_message_that_inflates_over_the_limit_is_refused(service):
    request = EchoRequest(payload=bytes(100_000_000))
    with pytest.raises(grpc.RpcError) as error:
        service.Unary(request, compression=grpc.Compression.Gzip, timeout=WAIT)
    assert error.value.code() == Code.RESOURCE_EXHAUSTED
    assert "decompressed" in error.value.details()


def test_a_deadline_that_is_kept(service):
    replies, code, _ = complete(service.ServerStream(EchoRequest(count=3, delay_ms=100), timeout=5))
    assert (len(replies), code) == (3, Code.OK)


def test_a_deadline_that_passes(service):
    start = time.monotonic()
    replies, code, _ = complete(service.ServerStream(EchoRequest(count=1000, delay_ms=50), timeout=1))
    assert code == Code.DEADLINE_EXCEEDED
    assert 1 <= len(replies) <= 21
    assert 0.9 < time.monotonic() - start < 5


def test_a_call_cancelled_half_way(service):
    call = service.ServerStream(EchoRequest(count=1_000_000_000, payload=bytes(1000)), timeout=WAIT)
    for _ in range(100):
        next(call)
    call.cancel()
    _, code, _ = complete(call)
    assert code == Code.CANCELLED
    assert service.Unary(EchoRequest(text="still here"), timeout=WAIT).text == "still here"


def expect_clean_end(server):
    assert server.wait(WAIT) == 0, server.last_words()
    assert server.line(WAIT, stderr=True) is None, f"it did not wait for all to end; {server.last_words()}"


def test_calls_that_are_cancelled_are_over_at_the_server_too(own_grpc_server):
    with grpc.insecure_channel(own_grpc_server.address, OPTIONS) as channel:
        service = Echo(channel)
        for _ in range(3):
            # More in total than may be open at a time, and each is waiting when it is cancelled.
            calls = [service.ServerStream(EchoRequest(count=2, delay_ms=60_000), timeout=WAIT) for _ in range(500)]
            for call in calls:
                next(call)
            for call in calls:
                call.cancel()
        assert service.Unary(EchoRequest(text="room"), timeout=5).text == "room"
    own_grpc_server.interrupt()
    expect_clean_end(own_grpc_server)


def test_calls_at_the_same_time(grpc_address):
    def work(worker):
        with grpc.insecure_channel(grpc_address, [*OPTIONS, ("grpc.use_local_subchannel_pool", 1)]) as channel:
            service = Echo(channel)
            for number in range(50):
                text = f"{worker}/{number}"
                assert service.Unary(EchoRequest(text=text), timeout=WAIT).text == text

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))


def test_a_shutdown_lets_calls_end(own_grpc_server):
    with grpc.insecure_channel(own_grpc_server.address, OPTIONS) as channel:
        call = Echo(channel).ServerStream(EchoRequest(count=5, delay_ms=200), timeout=WAIT)
        next(call)
        own_grpc_server.interrupt()
        replies, code, _ = complete(call)
        assert ([reply.index for reply in replies], code) == ([1, 2, 3, 4], Code.OK)
        expect_clean_end(own_grpc_server)
