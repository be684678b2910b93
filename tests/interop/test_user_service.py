"""`user_service` in both roles: its server and `grpcio`, and its client and servers of `grpcio` and of our own."""

import concurrent.futures
import signal
import time

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import programs

Field = descriptor_pb2.FieldDescriptorProto
WAIT = 20

MESSAGES = {
    "User": [("id", Field.TYPE_INT64), ("name", Field.TYPE_STRING), ("email", Field.TYPE_STRING)],
    "GetUserRequest": [("id", Field.TYPE_INT64)],
    "Empty": [],
    "Summary": [("count", Field.TYPE_INT32)],
    "Message": [("text", Field.TYPE_STRING)],
}


def make_messages():
    file = descriptor_pb2.FileDescriptorProto(name="user.proto", package="user", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields, 1):
            message.field.add(name=field, number=number, type=kind, label=Field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return [message_factory.GetMessageClass(pool.FindMessageTypeByName(f"user.{name}")) for name in MESSAGES]


User, GetUserRequest, Empty, Summary, Message = make_messages()


class Users:
    def __init__(self, channel):
        def method(make, name, request, reply):
            return make(f"/user.UserService/{name}", request.SerializeToString, reply.FromString)

        self.get = method(channel.unary_unary, "GetUser", GetUserRequest, User)
        self.list = method(channel.unary_stream, "ListUsers", Empty, User)
        self.create = method(channel.stream_unary, "CreateUsers", User, Summary)
        self.chat = method(channel.stream_stream, "ChatUsers", Message, Message)


@pytest.fixture
def server(user_service_path):
    program = programs.Program(user_service_path, "server", "--listen", "127.0.0.1:0", name="user_service")
    with program:
        program.address = program.line_after("listening on http://")
        yield program


@pytest.fixture
def users(server):
    with grpc.insecure_channel(server.address, [("grpc.enable_http_proxy", 0)]) as channel:
        yield Users(channel)


def test_all_four_kinds(users):
    assert users.get(GetUserRequest(id=2), timeout=WAIT).name == "Grace"
    with pytest.raises(grpc.RpcError) as error:
        users.get(GetUserRequest(id=99), timeout=WAIT)
    assert (error.value.code(), error.value.details()) == (grpc.StatusCode.NOT_FOUND, "no such user")
    created = [User(id=id, name=f"Zoë {id}", email="z@example.com") for id in range(10, 15)]
    assert users.create(iter(created), timeout=WAIT).count == 5
    listed = list(users.list(Empty(), timeout=WAIT))
    assert ([user.id for user in listed], listed[3:]) == ([1, 2, 3, *range(10, 15)], created)
    texts = [Message(text=str(number)) for number in range(1000)]
    assert list(users.chat(iter(texts), timeout=WAIT)) == texts


def test_a_client_that_does_not_read_is_waited_for(users):
    many = (User(id=id, name="x" * 10_000) for id in range(1000))
    assert users.create(many, timeout=WAIT).count == 997
    listed = users.list(Empty(), timeout=WAIT)
    next(listed)
    # 10 MB do not fit in any window. Another call has to get through nevertheless.
    assert users.get(GetUserRequest(id=5), timeout=WAIT).id == 5
    assert sum(1 for _ in listed) == 999


def test_a_client_that_only_sends_has_to_wait(server, users):
    sent = []

    def texts():
        for number in range(200):
            sent.append(number)
            yield Message(text="x" * 500_000)

    chat = users.chat(texts(), timeout=WAIT)
    assert len(next(chat).text) == 500_000
    before = -1
    while len(sent) > before:
        before = len(sent)
        time.sleep(0.5)
    # 100 MB do not fit in the windows and memory of both.
    assert before < 150
    assert server.memory() < 30_000_000
    assert sum(1 for _ in chat) == 199


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=lambda stop: stop.name)
def test_a_shutdown_lets_calls_end(users, server, stop):
    # The chat goes on until the client ends it.
    texts = iter([Message(text="one"), Message(text="two")])
    stopped = concurrent.futures.Future()

    def requests():
        yield next(texts)
        stopped.result(WAIT)
        yield next(texts)

    chat = users.chat(requests(), timeout=WAIT)
    assert next(chat).text == "one"
    server.signal(stop)
    stopped.set_result(None)
    assert ([message.text for message in chat], chat.code()) == (["two"], grpc.StatusCode.OK)
    assert server.wait(WAIT) == 0, server.last_words()
    assert server.line(WAIT, stderr=True) is None


SAID = [
    "GetUser 1: Ada <ada@example.com>",
    "GetUser 99: NOT_FOUND: no such user",
    "CreateUsers: 2",
    "ListUsers: Ada <ada@example.com>",
    "ListUsers: Edsger <edsger@example.com>",
    "ListUsers: Zoë <zoë@example.com>",
    "ChatUsers: hello",
    "ChatUsers: goodbye",
]


def what_the_client_says(path, address):
    with programs.Program(path, "client", address, name="client") as client:
        lines = []
        while (line := client.line(WAIT)) is not None:
            lines.append(line)
        assert client.wait(WAIT) == 0, client.last_words()
        return lines


def test_what_a_client_does_not_read_is_bounded_over_all_its_calls(server):
    """Each chat stays below what one may hold: the sum of the connection ends those that add more."""
    options = [("grpc.enable_http_proxy", 0), ("grpc.http2.bdp_probe", 0)]
    with grpc.insecure_channel(server.address, options) as channel:
        users = Users(channel)
        chats = [users.chat(iter([Message(text="x" * 25_000)] * 8), timeout=WAIT) for _ in range(300)]
        time.sleep(1)
        ends = []
        for chat in chats:
            try:
                ends.append(len(list(chat)))
            except grpc.RpcError as error:
                assert error.details() == "too much waits for this client"
                ends.append(error.code())
        assert set(ends) == {8, grpc.StatusCode.RESOURCE_EXHAUSTED}
        assert users.get(GetUserRequest(id=2), timeout=WAIT).name == "Grace", "the connection goes on"


def test_our_client_and_our_server(user_service_path, server):
    said = what_the_client_says(user_service_path, server.address)
    assert [line for line in said if "Grace" not in line and "Barbara" not in line] == SAID


def test_our_client_and_grpcio(user_service_path):
    users = {1: User(id=1, name="Ada", email="ada@example.com")}

    def get(request, context):
        if request.id not in users:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such user")
        return users[request.id]

    def create(requests, context):
        created = {user.id: user for user in requests}
        users.update(created)
        return Summary(count=len(created))

    def handler(make, function, request, reply):
        return make(function, request.FromString, reply.SerializeToString)

    handlers = {
        "GetUser": handler(grpc.unary_unary_rpc_method_handler, get, GetUserRequest, User),
        "ListUsers": handler(grpc.unary_stream_rpc_method_handler, lambda *_: iter(users.values()), Empty, User),
        "CreateUsers": handler(grpc.stream_unary_rpc_method_handler, create, User, Summary),
        "ChatUsers": handler(grpc.stream_stream_rpc_method_handler, lambda texts, _: texts, Message, Message),
    }
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("user.UserService", handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert what_the_client_says(user_service_path, f"127.0.0.1:{port}") == SAID
    finally:
        server.stop(0)
