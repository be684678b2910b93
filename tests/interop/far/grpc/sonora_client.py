"""sonora, a client of gRPC-Web: `sonora_client.py NAME HOST:PORT`. Prints what each check saw, as lines of JSON.

Messages are bytes, which are written here: field 1 is a text, 2 the number of replies, 3 the pause between them in ms, 4 a
status and 5 its text.
"""

import asyncio
import json
import sys

import grpc
import sonora.aio
import sonora.client

ERROR = "nö: 100%"


def say(check, seen):
    print(json.dumps([check, seen]), flush=True)


def text(number, value):
    data = value.encode()
    return bytes([number << 3 | 2, len(data)]) + data


def number(field, value):
    return bytes([field << 3, value & 127 | 128, value >> 7])


def as_it_is(data):
    return data


REQUESTS = {
    "single": ("Unary", text(1, "Grüße"), None),
    "replies": ("ServerStream", text(1, "x") + number(2, 3), None),
    "error": ("Unary", number(4, 5) + text(5, ERROR), None),
    "deadline": ("ServerStream", number(2, 9) + number(3, 1000), 0.2),
}


def failed(error):
    return f"{error.code().name} {error.details()}"


def blocking(base):
    with sonora.client.insecure_web_channel(base) as channel:
        for check, (method, request, timeout) in REQUESTS.items():
            try:
                if method == "Unary":
                    say(check, channel.unary_unary(f"/echo.Echo/{method}", as_it_is, as_it_is)(request, timeout=timeout).hex())
                else:
                    replies = channel.unary_stream(f"/echo.Echo/{method}", as_it_is, as_it_is)(request, timeout=timeout)
                    say(check, [reply.hex() for reply in replies])
            except grpc.RpcError as error:
                say(check, failed(error))


async def asynchronous(base):
    async with sonora.aio.insecure_web_channel(base) as channel:
        for check, (method, request, timeout) in REQUESTS.items():
            try:
                if method == "Unary":
                    reply = await channel.unary_unary(f"/echo.Echo/{method}", as_it_is, as_it_is)(request, timeout=timeout)
                    say(check, reply and reply.hex())
                else:
                    replies = channel.unary_stream(f"/echo.Echo/{method}", as_it_is, as_it_is)(request, timeout=timeout)
                    say(check, [reply.hex() async for reply in replies])
            except grpc.RpcError as error:
                say(check, failed(error))


if __name__ == "__main__":
    name, address = sys.argv[1:]
    if name.endswith("aio"):
        asyncio.run(asynchronous(f"http://{address}"))
    else:
        blocking(f"http://{address}")
