"""Our gRPC client against a server made with Python's `grpcio`, and against our own two.

`grpc_h2 --connect ADDRESS` runs its checks, and prints `ok NAME` or `FAILED NAME` for each.
"""

import sys

import pytest

from conftest import HERE
from programs import Program

CHECKS = [
    "unary",
    "an_empty_message",
    "a_long_message",
    "a_message_over_the_limit",
    "server_streaming",
    "a_thousand_replies",
    "an_error_after_replies",
    "client_streaming",
    "a_thousand_requests",
    "client_streaming_of_nothing",
    "bidi_streaming",
    "many_calls_at_once",
    "every_code",
    "a_message_that_is_not_ascii",
    "an_unknown_method",
    "metadata_come_back",
    "gzip_both_ways",
    "a_deadline",
    "a_call_cancelled_half_way",
]


@pytest.fixture(scope="module", params=["grpcio", "grpc_h2", "grpc_interop"])
def outcome(grpc_h2_path, grpc_interop_path, request):
    """What our client printed, without the panics, and its exit status."""
    servers = {
        "grpcio": [sys.executable, "-u", HERE / "grpc_python_server.py"],
        "grpc_h2": [grpc_h2_path, "--listen", "127.0.0.1:0"],
        "grpc_interop": [grpc_interop_path, "--listen", "127.0.0.1:0"],
    }
    with Program(*servers[request.param], name=request.param) as server:
        url = server.line_after("listening on ")
        with Program(grpc_h2_path, "--connect", url, name="grpc_h2") as client:
            lines = []
            while (line := client.line(40)) is not None:
                lines.append(line)
            return lines, client.wait(10), client.last_words()


@pytest.mark.parametrize("check", CHECKS)
def test_server(outcome, check):
    lines, _, last_words = outcome
    assert f"ok {check}" in lines, last_words


def test_there_are_no_other_checks(outcome):
    lines, status, last_words = outcome
    assert (lines, status) == ([f"ok {check}" for check in CHECKS], 0), last_words
