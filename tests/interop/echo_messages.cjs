// The messages of the Echo service for `protobufjs`, which comes with `@grpc/grpc-js`.
'use strict';

const protobuf = require('protobufjs');

const { nested } = protobuf.Root.fromJSON({
  nested: {
    EchoRequest: {
      fields: {
        text: { type: 'string', id: 1 },
        count: { type: 'uint32', id: 2 },
        delayMs: { type: 'uint32', id: 3 },
        code: { type: 'uint32', id: 4 },
        error: { type: 'string', id: 5 },
        payload: { type: 'bytes', id: 6 },
      },
    },
    EchoReply: {
      fields: {
        text: { type: 'string', id: 1 },
        index: { type: 'uint32', id: 2 },
        payload: { type: 'bytes', id: 3 },
      },
    },
  },
});

exports.encode = (request) => nested.EchoRequest.encode(request).finish();
exports.decode = (bytes) => nested.EchoReply.decode(bytes);
