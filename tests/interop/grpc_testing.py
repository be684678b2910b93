"""The messages of gRPC's own interoperability tests, as far as they are used here, as `protoc` would generate them."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.rpc import status_pb2

Field = descriptor_pb2.FieldDescriptorProto
INT, TEXT, BYTES, MESSAGE = Field.TYPE_INT32, Field.TYPE_STRING, Field.TYPE_BYTES, Field.TYPE_MESSAGE

# The fields of each: number, name, type, and the message that it is. A `*` says that there may be several.
MESSAGES = {
    "Empty": [],
    "Payload": [(1, "type", INT, ""), (2, "body", BYTES, "")],
    "BoolValue": [(1, "value", Field.TYPE_BOOL, "")],
    "EchoStatus": [(1, "code", INT, ""), (2, "message", TEXT, "")],
    "SimpleRequest": [
        (2, "response_size", INT, ""),
        (3, "payload", MESSAGE, "Payload"),
        (7, "response_status", MESSAGE, "EchoStatus"),
        (8, "expect_compressed", MESSAGE, "BoolValue"),
    ],
    "SimpleResponse": [(1, "payload", MESSAGE, "Payload")],
    "StreamingInputCallRequest": [(1, "payload", MESSAGE, "Payload")],
    "StreamingInputCallResponse": [(1, "aggregated_payload_size", INT, "")],
    "ResponseParameters": [(1, "size", INT, ""), (2, "interval_us", INT, "")],
    "StreamingOutputCallRequest": [
        (2, "*response_parameters", MESSAGE, "ResponseParameters"),
        (3, "payload", MESSAGE, "Payload"),
        (7, "response_status", MESSAGE, "EchoStatus"),
    ],
    "StreamingOutputCallResponse": [(1, "payload", MESSAGE, "Payload")],
}


def make_pool():
    file = descriptor_pb2.FileDescriptorProto(name="test.proto", package="grpc.testing", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, field, kind, of in fields:
            label = Field.LABEL_REPEATED if field.startswith("*") else Field.LABEL_OPTIONAL
            added = message.field.add(name=field.lstrip("*"), number=number, type=kind, label=label)
            if of:
                added.type_name = f".grpc.testing.{of}"
    # The default one, where grpclib looks for the types of details.
    pool = descriptor_pool.Default()
    pool.Add(file)
    return pool


POOL = make_pool()
globals().update(
    {name: message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"grpc.testing.{name}")) for name in MESSAGES}
)

# The status that is asked for where details matter.
STATUS_WITH_DETAILS = globals()["EchoStatus"](code=9, message="100 % Grüße, 世界 👋")


def details(status):
    """The `google.rpc.Status` of a call that was asked to end with this one: it is the only detail."""
    rpc = status_pb2.Status(code=status.code, message=status.message)
    rpc.details.add().Pack(status)
    return rpc


SERVICE = "grpc.testing.TestService"
# Whether the requests are a stream, whether the replies are, and what they are.
METHODS = {
    "EmptyCall": (False, False, "Empty", "Empty"),
    "UnaryCall": (False, False, "SimpleRequest", "SimpleResponse"),
    "StreamingInputCall": (True, False, "StreamingInputCallRequest", "StreamingInputCallResponse"),
    "StreamingOutputCall": (False, True, "StreamingOutputCallRequest", "StreamingOutputCallResponse"),
    "FullDuplexCall": (True, True, "StreamingOutputCallRequest", "StreamingOutputCallResponse"),
    "HalfDuplexCall": (True, True, "StreamingOutputCallRequest", "StreamingOutputCallResponse"),
}
