"""Programs of other people's gRPC that run gRPC's test cases, and what each of them cannot do.

All of them take `--listen`, and print `listening on http://127.0.0.1:PORT`, or `--connect ADDRESS [CASE]`, and print `ok NAME`
or `FAILED NAME: WHY` for each case. SIGTERM asks a server to end once its calls have.
"""

import sys

import pytest

import grpc_builds
from conftest import HERE

# interop-test-descriptions.md
CASES = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "cancel_after_begin",
    "cancel_after_first_response",
    "timeout_on_sleeping_server",
    "status_code_and_message",
    "special_status_message",
    "unimplemented_method",
    "unimplemented_service",
    "custom_metadata",
    "client_compressed_unary",
    "server_compressed_unary",
]
# Not in the document.
CASES += [
    "status_details",
    "a_message_over_the_limit",
    "a_response_over_the_limit",
    "a_hundred_streams_at_once",
]
# Somebody has to stop the server meanwhile.
SHUTDOWNS = ["shutdown_in_mid_call", "calls_in_a_shutdown"]

NODE = ["node", HERE / "grpc_testing_node.cjs"]
GRPCLIB = [sys.executable, "-u", HERE / "grpc_testing_grpclib.py"]
# `run` builds these where there is time for it.
GO = [grpc_builds.GO]
CPP = [grpc_builds.CPP]
JAVA = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", grpc_builds.CLASS_PATH, "GrpcTesting"]
TONIC = [grpc_builds.TONIC]
SLOW = {"go", "c++", "java", "tonic"}

# The cases that a server cannot pass, and why. Our client has to say that they failed.
SERVERS = {
    "grpcio": (
        [sys.executable, "-u", HERE / "grpc_testing_server.py"],
        {"calls_in_a_shutdown": "it ends those that come meanwhile with CANCELLED"},
    ),
    "grpc-js": (NODE, {"server_compressed_unary": "it compresses no replies"}),
    "grpclib": (
        GRPCLIB,
        {
            "client_compressed_unary": "it knows no compression",
            "server_compressed_unary": "it knows no compression",
            "a_message_over_the_limit": "it has no limit",
            **dict.fromkeys(SHUTDOWNS, "it cancels its calls"),
        },
    ),
    "go": (GO, {"server_compressed_unary": "it compresses only what answers something compressed"}),
    "c++": (CPP, {"calls_in_a_shutdown": "it ends those that come meanwhile with CANCELLED"}),
    "java": (JAVA, {"a_message_over_the_limit": "it resets with CANCEL"}),
    "tonic": (
        TONIC,
        {
            "custom_metadata": "it has no trailers of a call that ends well",
            "a_message_over_the_limit": "it says OUT_OF_RANGE",
        },
    ),
}

# The cases that a client does not have, and why.
CLIENTS = {
    "grpc-js": (NODE, {}),
    "grpclib": (
        GRPCLIB,
        {
            "client_compressed_unary": "it knows no compression",
            "server_compressed_unary": "it knows no compression",
            "a_response_over_the_limit": "it has no limit",
            **dict.fromkeys(SHUTDOWNS, "it gives up its calls at any GOAWAY"),
        },
    ),
    "go": (GO, {}),
    "c++": (CPP, {}),
    "java": (JAVA, {}),
    "tonic": (TONIC, {"calls_in_a_shutdown": "it fails calls that were never taken with CANCELLED or INTERNAL"}),
}


def each(peers, cases):
    """Rows of parameters: a peer, and a case."""
    marks = {peer: [pytest.mark.waits] if peer in SLOW else [] for peer in peers}
    return [pytest.param(peer, case, marks=marks[peer]) for peer in peers for case in cases]


def each_possible(peers, cases):
    """The same without what a peer cannot do."""
    return [row for row in each(peers, cases) if row.values[1] not in peers[row.values[0]][1]]
