"""Autobahn's `wstest`, confined to the loopback interface. For the Python 2.7 that Autobahn needs.

    wstest_loopback.py cases SPEC           prints the ids of the cases that SPEC selects
    wstest_loopback.py fuzzingclient SPEC   tests the server that SPEC names
    wstest_loopback.py fuzzingserver SPEC   tests clients; prints `listening on ws://127.0.0.1:PORT`

`wstest -m fuzzingserver` binds every interface, wants its port in advance, and opens a second port.
"""

from __future__ import print_function

import json
import socket
import sys

from autobahntestsuite import choosereactor  # Installs the reactor, so it must be imported first.
from autobahntestsuite import fuzzing, wstest
from autobahntestsuite.case import CaseBasename, CaseCategories, Cases, CaseSetname, CaseSubCategories
from autobahntestsuite.caseset import CaseSet
from twisted.internet import reactor


def main(mode, spec_path):
    with open(spec_path) as f:
        spec = json.load(f)
    if mode == "cases":
        cases = CaseSet(CaseSetname, CaseBasename, Cases, CaseCategories, CaseSubCategories)
        print(json.dumps([case for case in cases.parseSpecCases(spec) if case in cases.CasesById]))
        return
    if mode == "fuzzingserver":
        # The factory compares the port to each `Host` field, so the port must be known first.
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        listener.setblocking(False)
        spec["url"] = "ws://127.0.0.1:%d" % listener.getsockname()[1]

        def listen(factory, context):
            reactor.adoptStreamPort(listener.fileno(), socket.AF_INET, factory)
            print("listening on", spec["url"])

        fuzzing.listenWS = listen
    wstest.start({"mode": mode, "webport": 0}, spec)


if __name__ == "__main__":
    main(*sys.argv[1:])
