"""A headless Firefox, driven by its Marionette protocol."""

import contextlib
import itertools
import json
import pathlib
import socket
import tempfile
import time

from programs import Failure, Program

WAIT = 60

PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 0,
}


class Page:
    """One tab. Calls wait for their results."""

    def __init__(self, sock):
        self._reader = sock.makefile("rb")
        self._sock = sock
        self._ids = itertools.count(1)
        self._receive()
        self.call("WebDriver:NewSession", acceptInsecureCerts=True)
        self.call("WebDriver:SetTimeouts", script=1000 * WAIT)

    def _receive(self):
        """A message is its length, a colon and JSON."""
        length = b""
        while (digit := self._reader.read(1)) != b":":
            if not digit:
                raise Failure("Firefox has ended")
            length += digit
        return json.loads(self._reader.read(int(length)))

    def call(self, method, **params):
        message = json.dumps([0, next(self._ids), method, params]).encode()
        self._sock.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._receive()
        if error:
            raise Failure(f"{method}: {error['error']} {error['message']}")
        return result

    def open(self, url):
        self.call("WebDriver:Navigate", url=url)

    def run(self, body, *arguments):
        """Runs the body of an asynchronous function in the page, with `args`, and returns its result."""
        script = f"""
            const [args, done] = arguments;
            (async (args) => {{ {body} }})(args).then((value) => done({{ value }}), (error) => done({{ error: `${{error}}` }}));
        """
        result = self.call("WebDriver:ExecuteAsyncScript", script=script, args=[arguments])["value"]
        if "error" in result:
            raise Failure(result["error"])
        return result.get("value")


@contextlib.contextmanager
def page(executable):
    """Starts a Firefox with a profile of its own, and opens a tab."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        preferences = {**PREFERENCES, "marionette.port": port}
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items())
        pathlib.Path(profile, "user.js").write_text("".join(lines))
        command = [executable, "--headless", "--no-remote", "--marionette", "--profile", profile, "about:blank"]
        with Program(*command, name="firefox") as browser:
            with connect(port, browser) as sock:
                sock.settimeout(WAIT)
                yield Page(sock)


def connect(port, browser):
    """Connects as soon as it listens."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), WAIT)
        except OSError:
            if time.monotonic() > deadline or browser.has_ended():
                raise Failure(f"Firefox does not listen: {browser.last_words()}") from None
            time.sleep(0.1)
