"""Polls and streams of the gateway's sessions, over both versions of HTTP: what waits, what is lost, and what ends."""

import json
import subprocess

import pytest

VERSIONS = {"HTTP/1.1": [], "HTTP/2": ["--http2-prior-knowledge"]}
POLLING = "/engine.io/?EIO=4&transport=polling"


@pytest.fixture(params=VERSIONS)
def options(request):
    return VERSIONS[request.param]


def command(address, options, path, *others, patience="20"):
    command = ["curl", "--silent", "--no-buffer", "--max-time", patience, *options, *others]
    return [*command, "--write-out", "|%{http_code}", f"http://{address}{path}"]


def ask(*arguments, **keywords):
    """Returns the body and the status. The status is that of the head if curl loses patience."""
    done = subprocess.run(command(*arguments, **keywords), capture_output=True, text=True, timeout=50)
    body, _, status = done.stdout.rpartition("|")
    return body, int(status)


def opened(address, options):
    """Opens a session of Engine.IO, and returns the target of its polls."""
    body, status = ask(address, options, POLLING)
    assert status == 200
    return f"{POLLING}&sid={json.loads(body[1:])['sid']}"


def test_a_poll_waits_for_what_a_post_causes(address, options):
    session = opened(address, options)
    with subprocess.Popen(command(address, options, session), stdout=subprocess.PIPE, text=True) as poll:
        assert ask(address, options, session, "--data", "4hello\x1e4again") == ("ok", 200)
        assert poll.communicate(timeout=20)[0] == "4hello\x1e4again|200"


def test_a_poll_whose_reader_has_gone_ends_the_session(address, options):
    session = opened(address, options)
    assert ask(address, options, session, patience="0.3") == ("", 0)
    assert ask(address, options, session) == ('{"code":1,"message":"Session ID unknown"}', 400)


def test_a_second_poll_ends_the_session(address, options):
    session = opened(address, options)
    with subprocess.Popen(command(address, options, session), stdout=subprocess.PIPE, text=True) as poll:
        # Which of them comes first is not known.
        answers = {ask(address, options, session), tuple(poll.communicate(timeout=20)[0].rsplit("|", 1))}
    bad = '{"code":3,"message":"Bad request"}'
    assert answers in ({(bad, 400), ("1", "200")}, {(bad, "400"), ("1", 200)})


def test_a_body_that_is_too_long_is_refused_before_its_end(address, options, tmp_path):
    (tmp_path / "body").write_bytes(b"4" * 1_100_000)
    session = opened(address, options)
    body, status = ask(address, options, session, "--data-binary", f"@{tmp_path / 'body'}", "--header", "Expect:")
    assert (body, status) == ('{"code":3,"message":"Payload too large"}', 413)
    assert ask(address, options, session)[1] == 400


def test_a_stream_whose_reader_has_gone_ends_the_session(address, options):
    path = "/sockjs/echo/000/stream/xhr_streaming"
    for _ in range(2):
        # The second would get no `o` if the first session went on.
        body, status = ask(address, options, path, "--data", "", patience="0.5")
        assert (body, status) == ("h" * 2048 + "\no\n", 200)


def test_a_shutdown_answers_what_waits(own_gateway, options):
    session = opened(own_gateway.address, options)
    with subprocess.Popen(command(own_gateway.address, options, session), stdout=subprocess.PIPE, text=True) as poll:
        # The poll waits: a post is answered beside it.
        assert ask(own_gateway.address, options, session, "--data", "3") == ("ok", 200)
        with pytest.raises(subprocess.TimeoutExpired):
            poll.wait(0.3)
        own_gateway.interrupt()
        assert poll.communicate(timeout=20)[0].endswith("|503")
    assert own_gateway.wait(10) == 0
