"""A server made with `sse-starlette` on `uvicorn`, for our client: it resumes counting, and has an end.

    python python_sse_server.py PORT COUNT

Prints `listening on http://127.0.0.1:PORT/events`; the port may be 0. It sends an event every 5 ms. After the last
one, whose ID is COUNT, it answers with 204.
"""

import asyncio
import socket
import sys

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

port, count = map(int, sys.argv[1:])


async def events(request):
    begin = int(request.headers.get("last-event-id", 0)) + 1
    if begin > count:
        return Response(status_code=204)

    async def numbers():
        yield ServerSentEvent(retry=50)
        for number in range(begin, count + 1):
            yield ServerSentEvent(f"number {number}\nZahl Nº {number}", event="count", id=str(number))
            await asyncio.sleep(0.005)

    # A comment each second.
    return EventSourceResponse(numbers(), ping=1)


with socket.create_server(("127.0.0.1", port)) as listener:
    print("listening on http://127.0.0.1:%d/events" % listener.getsockname()[1], flush=True)
    app = Starlette(routes=[Route("/events", events)])
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
