import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * gRPC's own test cases with Java's gRPC, in both roles.
 *
 * <pre>
 * GrpcTesting --listen
 * GrpcTesting --connect ADDRESS [CASE]
 * </pre>
 *
 * Messages are written and read field by field by {@link Wire}, because Debian has no generator for Java's gRPC.
 */
final class GrpcTesting {
  static final String SERVICE = "grpc.testing.TestService";
  static final Metadata.Key<String> INITIAL = text("x-grpc-test-echo-initial");
  static final Metadata.Key<byte[]> TRAILING = binary("x-grpc-test-echo-trailing-bin");
  static final Metadata.Key<byte[]> DETAILS = binary("grpc-status-details-bin");
  static final Metadata.Key<String> GZIP = text("x-echo-gzip");

  static Metadata.Key<String> text(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  static Metadata.Key<byte[]> binary(String name) {
    return Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER);
  }

  /** Takes messages as they are on the wire. */
  static final MethodDescriptor.Marshaller<byte[]> RAW =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] message) {
          return new ByteArrayInputStream(message);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw Status.INTERNAL.withCause(e).asRuntimeException();
          }
        }
      };

  static MethodDescriptor<byte[], byte[]> method(String service, String name) {
    return MethodDescriptor.newBuilder(RAW, RAW)
        .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
        .setFullMethodName(MethodDescriptor.generateFullMethodName(service, name))
        .build();
  }

  /** The `google.rpc.Status` of a call that was asked to end with this status: it is the only detail. */
  static byte[] details(byte[] asked) {
    byte[] any = new Wire().text(1, "type.googleapis.com/grpc.testing.EchoStatus").bytes(2, asked).toBytes();
    return new Wire().number(1, Wire.number(asked, 1)).bytes(2, Wire.bytes(asked, 2)).bytes(3, any).toBytes();
  }

  static byte[] payload(int size) {
    return new Wire().bytes(2, new byte[size]).toBytes();
  }

  static int payloadSize(byte[] message, int field) {
    return Wire.bytes(Wire.bytes(message, field), 2).length;
  }

  // The server.

  static final class Answer extends ServerCall.Listener<byte[]> {
    final String name;
    final ServerCall<byte[], byte[]> call;
    final Metadata trailers = new Metadata();
    int size;
    boolean isOver;

    Answer(String name, ServerCall<byte[], byte[]> call, Metadata sent) {
      this.name = name;
      this.call = call;
      Metadata head = new Metadata();
      if (sent.containsKey(INITIAL)) head.put(INITIAL, sent.get(INITIAL));
      if (sent.containsKey(TRAILING)) trailers.put(TRAILING, sent.get(TRAILING));
      // It compresses whenever it may, unless it is told not to.
      boolean compress = "1".equals(sent.get(GZIP));
      if (compress) call.setCompression("gzip");
      call.sendHeaders(head);
      call.setMessageCompression(compress);
      call.request(1);
    }

    @Override
    public void onMessage(byte[] request) {
      if (isOver) return;
      byte[] asked = Wire.bytes(request, 7);
      if (Wire.number(asked, 1) != 0) {
        trailers.put(DETAILS, details(asked));
        String message = new String(Wire.bytes(asked, 2), java.nio.charset.StandardCharsets.UTF_8);
        end(Status.fromCodeValue(Wire.number(asked, 1)).withDescription(message));
        return;
      }
      switch (name) {
        case "EmptyCall" -> call.sendMessage(new byte[0]);
        case "UnaryCall" -> call.sendMessage(new Wire().bytes(1, payload(Wire.number(request, 2))).toBytes());
        case "StreamingInputCall" -> size += payloadSize(request, 1);
        default -> respond(request);
      }
      call.request(1);
    }

    void respond(byte[] request) {
      for (byte[] parameters : Wire.all(request, 2)) {
        try {
          TimeUnit.MICROSECONDS.sleep(Wire.number(parameters, 2));
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
        call.sendMessage(new Wire().bytes(1, payload(Wire.number(parameters, 1))).toBytes());
      }
    }

    @Override
    public void onHalfClose() {
      if (isOver) return;
      if (name.equals("StreamingInputCall")) call.sendMessage(new Wire().number(1, size).toBytes());
      end(Status.OK);
    }

    void end(Status status) {
      isOver = true;
      call.close(status, trailers);
    }
  }

  static void serve() throws Exception {
    ServerServiceDefinition.Builder service = ServerServiceDefinition.builder(SERVICE);
    List<String> names =
        List.of("EmptyCall", "UnaryCall", "StreamingInputCall", "StreamingOutputCall", "FullDuplexCall");
    for (String name : names) {
      service.addMethod(method(SERVICE, name), (call, sent) -> new Answer(name, call, sent));
    }
    InetSocketAddress address = new InetSocketAddress("127.0.0.1", 0);
    Server server = NettyServerBuilder.forAddress(address).addService(service.build()).build().start();
    sun.misc.Signal.handle(new sun.misc.Signal("TERM"), signal -> server.shutdown());
    System.out.println("listening on http://127.0.0.1:" + server.getPort());
    server.awaitTermination();
  }

  // The client: names, messages and sizes are those of interop-test-descriptions.md.

  static final int[] REQUESTS = {27182, 8, 1828, 45904};
  static final int[] RESPONSES = {31415, 9, 2653, 58979};
  static final String SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \ud83d\ude08\t\n";
  static ManagedChannel channel;

  /** A call that is waited for. */
  static final class Call {
    private static final byte[] END = new byte[0];
    final ClientCall<byte[], byte[]> call;
    final LinkedBlockingQueue<byte[]> messages = new LinkedBlockingQueue<>();
    volatile Metadata head = new Metadata();
    volatile Metadata trailers;
    volatile Status status;

    Call(String name) {
      this(SERVICE, name, 20_000, null, new Metadata());
    }

    Call(String service, String name, int ms, String compressor, Metadata sent) {
      CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(ms, TimeUnit.MILLISECONDS);
      if (compressor != null) options = options.withCompression(compressor);
      call = channel.newCall(method(service, name), options);
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onHeaders(Metadata headers) {
              head = headers;
            }

            @Override
            public void onMessage(byte[] message) {
              messages.add(message.clone());
            }

            @Override
            public void onClose(Status how, Metadata with) {
              trailers = with;
              status = how;
              messages.add(END);
            }
          },
          sent);
      call.request(1_000_000);
    }

    Call send(byte[] message) {
      call.sendMessage(message);
      return this;
    }

    Call halfClose() {
      call.halfClose();
      return this;
    }

    /** Returns the next message, or null at the end. */
    byte[] next() throws InterruptedException {
      byte[] message = messages.poll(30, TimeUnit.SECONDS);
      if (message == null) throw new IllegalStateException("nothing comes");
      return message == END ? null : message;
    }

    void expectSize(int size) throws InterruptedException {
      byte[] message = next();
      if (message == null) throw new IllegalStateException(status.toString());
      expect(payloadSize(message, 1), size);
    }

    void expectEnd(Status.Code code, String message) throws InterruptedException {
      expect(next(), null);
      expect(status.getCode(), code);
      if (message != null) expect(status.getDescription(), message);
    }

    void expectOk() throws InterruptedException {
      expect(next(), null);
      if (!status.isOk()) throw new IllegalStateException(status.toString());
    }
  }

  static void expect(Object found, Object expected) {
    if (!Objects.equals(found, expected)) throw new IllegalStateException(found + " instead of " + expected);
  }

  static byte[] ask(int len, int... sizes) {
    Wire wire = new Wire();
    for (int size : sizes) wire.bytes(2, new Wire().number(1, size).toBytes());
    return wire.bytes(3, payload(len)).toBytes();
  }

  static void unary(Call call, int len, int size) throws InterruptedException {
    Wire request = new Wire().number(2, size).bytes(3, payload(len));
    call.send(request.toBytes()).halfClose().expectSize(size);
    call.expectOk();
  }

  static void emptyUnary() throws InterruptedException {
    Call call = new Call("EmptyCall").send(new byte[0]).halfClose();
    byte[] message = call.next();
    if (message == null) throw new IllegalStateException(call.status.toString());
    expect(message.length, 0);
    call.expectOk();
  }

  static void tooLong(int len, int size) throws InterruptedException {
    Call call = new Call("UnaryCall");
    call.send(new Wire().number(2, size).bytes(3, payload(len)).toBytes()).halfClose();
    call.expectEnd(Status.Code.RESOURCE_EXHAUSTED, null);
    emptyUnary();
  }

  /** Asks for a status, of a call that has sent nothing and of one that has, and expects it and its details. */
  static void asked(Status.Code code, String message) throws InterruptedException {
    byte[] asked = new Wire().number(1, code.value()).text(2, message).toBytes();
    byte[] request = new Wire().bytes(7, asked).toBytes();
    Call unary = new Call("UnaryCall").send(request).halfClose();
    unary.expectEnd(code, message);
    Call duplex = new Call("FullDuplexCall").send(ask(1, 1));
    duplex.expectSize(1);
    duplex.send(request).halfClose().expectEnd(code, message);
    for (Call call : List.of(unary, duplex)) {
      expect(Arrays.equals(call.trailers.get(DETAILS), details(asked)), true);
    }
  }

  static void unimplemented(String service) throws InterruptedException {
    Call call = new Call(service, "UnimplementedCall", 20_000, null, new Metadata());
    call.send(new byte[0]).halfClose().expectEnd(Status.Code.UNIMPLEMENTED, null);
  }

  static void cancel(Call call) throws InterruptedException {
    call.call.cancel("enough", null);
    call.expectEnd(Status.Code.CANCELLED, null);
  }

  static void customMetadata() throws InterruptedException {
    Metadata sent = new Metadata();
    byte[] trailing = {(byte) 0xab, (byte) 0xab, (byte) 0xab};
    sent.put(INITIAL, "test_initial_metadata_value");
    sent.put(TRAILING, trailing);
    Call call = new Call(SERVICE, "FullDuplexCall", 20_000, null, sent);
    call.send(ask(271_828, 314_159)).halfClose().expectSize(314_159);
    call.expectOk();
    expect(call.head.get(INITIAL), "test_initial_metadata_value");
    expect(Arrays.equals(call.trailers.get(TRAILING), trailing), true);
  }

  static void aHundredStreams() throws InterruptedException {
    byte[] parameters = new Wire().number(1, 1000).number(2, 100_000).toBytes();
    byte[] request = new Wire().bytes(2, parameters).bytes(2, parameters).bytes(2, parameters).toBytes();
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 100; i++) calls.add(new Call("StreamingOutputCall").send(request).halfClose());
    for (Call call : calls) {
      for (int i = 0; i < 3; i++) call.expectSize(1000);
      call.expectOk();
    }
  }

  static void shutdown(Case then) throws Exception {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      calls.add(new Call("FullDuplexCall").send(ask(1000, 1000)));
      calls.get(i).expectSize(1000);
    }
    System.out.println("in mid call");
    System.in.read();
    then.run();
    for (Call call : calls) {
      call.send(ask(1000, 2000)).halfClose().expectSize(2000);
      call.expectOk();
    }
  }

  /** Calls until the server is gone for good. None is lost. */
  static void untilItIsGone() throws InterruptedException {
    while (true) {
      Call call = new Call("EmptyCall").send(new byte[0]).halfClose();
      byte[] message = call.next();
      if (message == null && call.status.getCode() == Status.Code.UNAVAILABLE) return;
      if (message == null) throw new IllegalStateException(call.status.toString());
      call.expectOk();
    }
  }

  interface Case {
    void run() throws Exception;
  }

  static Map<String, Case> cases() {
    Map<String, Case> cases = new LinkedHashMap<>();
    cases.put("empty_unary", GrpcTesting::emptyUnary);
    cases.put("large_unary", () -> unary(new Call("UnaryCall"), 271_828, 314_159));
    cases.put(
        "client_streaming",
        () -> {
          Call call = new Call("StreamingInputCall");
          for (int size : REQUESTS) call.send(new Wire().bytes(1, payload(size)).toBytes());
          expect(Wire.number(call.halfClose().next(), 1), 74922);
          call.expectOk();
        });
    cases.put(
        "server_streaming",
        () -> {
          Call call = new Call("StreamingOutputCall").send(ask(0, RESPONSES)).halfClose();
          for (int size : RESPONSES) call.expectSize(size);
          call.expectOk();
        });
    cases.put(
        "ping_pong",
        () -> {
          Call call = new Call("FullDuplexCall");
          for (int i = 0; i < 4; i++) call.send(ask(REQUESTS[i], RESPONSES[i])).expectSize(RESPONSES[i]);
          call.halfClose().expectOk();
        });
    cases.put("empty_stream", () -> new Call("FullDuplexCall").halfClose().expectOk());
    cases.put("cancel_after_begin", () -> cancel(new Call("StreamingInputCall")));
    cases.put(
        "cancel_after_first_response",
        () -> {
          Call call = new Call("FullDuplexCall").send(ask(27182, 31415));
          call.expectSize(31415);
          cancel(call);
        });
    cases.put(
        "timeout_on_sleeping_server",
        () -> {
          Call call = new Call(SERVICE, "FullDuplexCall", 1, null, new Metadata());
          call.send(ask(27182)).expectEnd(Status.Code.DEADLINE_EXCEEDED, null);
        });
    cases.put("status_code_and_message", () -> asked(Status.Code.UNKNOWN, "test status message"));
    cases.put("special_status_message", () -> asked(Status.Code.UNKNOWN, SPECIAL));
    cases.put("unimplemented_method", () -> unimplemented(SERVICE));
    cases.put("unimplemented_service", () -> unimplemented("grpc.testing.UnimplementedService"));
    cases.put("custom_metadata", GrpcTesting::customMetadata);
    cases.put(
        "client_compressed_unary",
        () -> {
          Call call = new Call(SERVICE, "UnaryCall", 20_000, "gzip", new Metadata());
          Wire request = new Wire().number(2, 10).bytes(3, payload(271_828));
          request.bytes(8, new Wire().number(1, 1).toBytes());
          call.send(request.toBytes()).halfClose().expectSize(10);
          call.expectOk();
        });
    cases.put(
        "server_compressed_unary",
        () -> {
          Metadata sent = new Metadata();
          sent.put(GZIP, "1");
          Call call = new Call(SERVICE, "UnaryCall", 20_000, null, sent);
          unary(call, 0, 314_159);
          expect(call.head.get(text("grpc-encoding")), "gzip");
        });
    cases.put("status_details", () -> asked(Status.Code.FAILED_PRECONDITION, "100 % Grüße, 世界 👋"));
    cases.put("a_message_over_the_limit", () -> tooLong(5_000_000, 0));
    cases.put("a_response_over_the_limit", () -> tooLong(0, 4 << 20));
    cases.put("a_hundred_streams_at_once", GrpcTesting::aHundredStreams);
    return cases;
  }

  /** Run only if they are asked for, because somebody has to stop the server meanwhile. */
  static Map<String, Case> shutdowns() {
    Map<String, Case> cases = new LinkedHashMap<>();
    cases.put("shutdown_in_mid_call", () -> shutdown(() -> {}));
    cases.put("calls_in_a_shutdown", () -> shutdown(GrpcTesting::untilItIsGone));
    return cases;
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("--listen")) {
      serve();
      return;
    }
    channel = NettyChannelBuilder.forTarget(arguments[1].replace("http://", "")).usePlaintext().build();
    Map<String, Case> cases = cases();
    if (arguments.length > 2) {
      cases.putAll(shutdowns());
      cases.keySet().retainAll(List.of(arguments[2]));
    }
    for (Map.Entry<String, Case> entry : cases.entrySet()) {
      try {
        entry.getValue().run();
        System.out.println("ok " + entry.getKey());
      } catch (Exception e) {
        System.out.println("FAILED " + entry.getKey() + ": " + e.getMessage());
      }
    }
    channel.shutdownNow();
    System.exit(0);
  }
}
