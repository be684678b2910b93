"""A headless Chromium, driven directly by its DevTools protocol."""

import base64
import contextlib
import itertools
import json
import tempfile

from websockets.sync.client import connect

from programs import Failure, Program

WAIT = 30

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--window-size=1280,800",
]


class Page:
    """One tab. Calls wait for their results; events are kept until they are asked for."""

    def __init__(self, ws):
        self._ws = ws
        self._ids = itertools.count(1)
        self._session = {}
        self._events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = {"sessionId": session}
        self.call("Page.enable")

    def call(self, method, **params):
        call_id = next(self._ids)
        self._ws.send(json.dumps({"id": call_id, "method": method, "params": params, **self._session}))
        while True:
            message = json.loads(self._ws.recv(WAIT))
            if message.get("id") != call_id:
                self._events.append(message)
            elif "error" in message:
                raise Failure(f"{method}: {message['error']['message']}")
            else:
                return message["result"]

    def wait_for(self, method):
        while True:
            for at, event in enumerate(self._events):
                if event.get("method") == method:
                    return self._events.pop(at)
            self._events.append(json.loads(self._ws.recv(WAIT)))

    def open(self, url):
        result = self.call("Page.navigate", url=url)
        if "errorText" in result:
            raise Failure(f"{url}: {result['errorText']}")
        self.wait_for("Page.loadEventFired")

    def run(self, body, *arguments):
        """Runs the body of an asynchronous function in the page, with `args`, and returns its result."""
        expression = f"(async (args) => {{ {body} }})({json.dumps(arguments)})"
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise Failure(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


@contextlib.contextmanager
def page(executable, *flags):
    """Starts a Chromium with a profile of its own, and opens a tab."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [executable, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"]
        with Program(*command, name="chromium") as browser:
            url = browser.line_after("DevTools listening on ", WAIT, stderr=True)
            with connect(url, proxy=None, max_size=None, compression=None) as ws:
                yield Page(ws)
