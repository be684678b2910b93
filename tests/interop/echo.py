"""The messages and methods of the Echo service for Google's runtimes, as `protoc` would generate them."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Field = descriptor_pb2.FieldDescriptorProto

MESSAGES = {
    "EchoRequest": [
        ("text", Field.TYPE_STRING),
        ("count", Field.TYPE_UINT32),
        ("delay_ms", Field.TYPE_UINT32),
        ("code", Field.TYPE_UINT32),
        ("error", Field.TYPE_STRING),
        ("payload", Field.TYPE_BYTES),
    ],
    "EchoReply": [("text", Field.TYPE_STRING), ("index", Field.TYPE_UINT32), ("payload", Field.TYPE_BYTES)],
}


def make_pool():
    file = descriptor_pb2.FileDescriptorProto(name="echo.proto", package="echo", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields, 1):
            message.field.add(name=field, number=number, type=kind, label=Field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


POOL = make_pool()
EchoRequest, EchoReply = (
    message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"echo.{name}")) for name in MESSAGES
)

SERVICE = "echo.Echo"
# Whether the requests are a stream, and whether the replies are.
METHODS = {
    "Unary": (False, False),
    "ServerStream": (False, True),
    "ClientStream": (True, False),
    "Bidi": (True, True),
}
