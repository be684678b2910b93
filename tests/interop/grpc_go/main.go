// gRPC's own test cases with Go's gRPC, in both roles.
//
//	grpc_go --listen
//	grpc_go --connect ADDRESS [CASE]
//
// Messages are written and read field by field, so that nothing has to be generated.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"reflect"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/golang/protobuf/ptypes/any"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	service  = "/grpc.testing.TestService/"
	initial  = "x-grpc-test-echo-initial"
	trailing = "x-grpc-test-echo-trailing-bin"

	echoStatusURL = "type.googleapis.com/grpc.testing.EchoStatus"
)

// raw takes messages as they are on the wire.
type raw struct{}

func (raw) Name() string                          { return "proto" }
func (raw) Marshal(v interface{}) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v interface{}) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}

// Messages.

func number(to []byte, field protowire.Number, value int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, field, protowire.VarintType), uint64(value))
}

func bytes(to []byte, field protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, field, protowire.BytesType), value)
}

func payload(to []byte, field protowire.Number, size int) []byte {
	return bytes(to, field, bytes(nil, 2, make([]byte, size)))
}

func echoStatus(to []byte, code codes.Code, message string) []byte {
	return bytes(to, 7, bytes(number(nil, 1, int(code)), 2, []byte(message)))
}

// ask is the request for one reply of `FullDuplexCall`, and adds to those before.
func ask(to []byte, size int) []byte { return bytes(to, 2, number(nil, 1, size)) }

// fields returns the values of a field that is a number, and those of one that is bytes.
func fields(message []byte, field protowire.Number) (numbers []int, all [][]byte) {
	for len(message) > 0 {
		found, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return
		}
		message = message[n:]
		switch kind {
		case protowire.VarintType:
			value, n := protowire.ConsumeVarint(message)
			if n < 0 {
				return
			}
			if message = message[n:]; found == field {
				numbers = append(numbers, int(value))
			}
		case protowire.BytesType:
			value, n := protowire.ConsumeBytes(message)
			if n < 0 {
				return
			}
			if message = message[n:]; found == field {
				all = append(all, value)
			}
		default:
			return
		}
	}
	return
}

func first(message []byte, field protowire.Number) (int, []byte) {
	numbers, all := fields(message, field)
	return append(numbers, 0)[0], append(all, nil)[0]
}

// sizeOf is the size of the payload in this field.
func sizeOf(message []byte, field protowire.Number) int {
	_, inner := first(message, field)
	_, body := first(inner, 2)
	return len(body)
}

// The server.

func greet(stream grpc.ServerStream) error {
	sent, _ := metadata.FromIncomingContext(stream.Context())
	for _, value := range sent.Get(trailing) {
		stream.SetTrailer(metadata.Pairs(trailing, value))
	}
	head := metadata.MD{}
	head.Append(initial, sent.Get(initial)...)
	return stream.SendHeader(head)
}

func check(request []byte) error {
	_, asked := first(request, 7)
	code, _ := first(asked, 1)
	_, message := first(asked, 2)
	detail := any.Any{TypeUrl: echoStatusURL, Value: asked}
	return status.ErrorProto(&rpc.Status{
		Code: int32(code), Message: string(message), Details: []*any.Any{&detail},
	})
}

func answer(method string, stream grpc.ServerStream) error {
	if err := greet(stream); err != nil {
		return err
	}
	var late [][]byte
	for size := 0; ; {
		var request []byte
		err := stream.RecvMsg(&request)
		if err == io.EOF {
			for _, request := range late {
				if err := respond(stream, request); err != nil {
					return err
				}
			}
			if method == "StreamingInputCall" {
				reply := number(nil, 1, size)
				return stream.SendMsg(&reply)
			}
			return nil
		} else if err != nil {
			return err
		}
		if err := check(request); err != nil {
			return err
		}
		switch method {
		case "EmptyCall":
			return stream.SendMsg(&[]byte{})
		case "UnaryCall":
			size, _ := first(request, 2)
			reply := payload(nil, 1, size)
			return stream.SendMsg(&reply)
		case "StreamingInputCall":
			size += sizeOf(request, 1)
		case "StreamingOutputCall":
			return respond(stream, request)
		case "FullDuplexCall":
			if err := respond(stream, request); err != nil {
				return err
			}
		case "HalfDuplexCall":
			late = append(late, request)
		}
	}
}

func respond(stream grpc.ServerStream, request []byte) error {
	_, all := fields(request, 2)
	for _, parameters := range all {
		size, _ := first(parameters, 1)
		pause, _ := first(parameters, 2)
		time.Sleep(time.Duration(pause) * time.Microsecond)
		reply := payload(nil, 1, size)
		if err := stream.SendMsg(&reply); err != nil {
			return err
		}
	}
	return nil
}

func serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	desc := grpc.ServiceDesc{ServiceName: strings.Trim(service, "/"), HandlerType: (*interface{})(nil)}
	for _, method := range []string{
		"EmptyCall", "UnaryCall", "StreamingInputCall", "StreamingOutputCall", "FullDuplexCall", "HalfDuplexCall",
	} {
		method := method
		handler := func(_ interface{}, stream grpc.ServerStream) error { return answer(method, stream) }
		desc.Streams = append(desc.Streams, grpc.StreamDesc{
			StreamName: method, Handler: handler, ServerStreams: true, ClientStreams: true,
		})
	}
	server := grpc.NewServer()
	server.RegisterService(&desc, nil)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		server.GracefulStop()
	}()
	fmt.Printf("listening on http://%s\n", listener.Addr())
	return server.Serve(listener)
}

// The client.

type client struct {
	conn *grpc.ClientConn
	ctx  context.Context
}

func (c client) stream(method string) grpc.ClientStream {
	desc := grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	stream, err := c.conn.NewStream(c.ctx, &desc, service+method)
	must(err)
	return stream
}

func (c client) unary(path string, request []byte, options ...grpc.CallOption) ([]byte, error) {
	var reply []byte
	err := c.conn.Invoke(c.ctx, path, &request, &reply, options...)
	return reply, err
}

func send(stream grpc.ClientStream, request []byte) { must(stream.SendMsg(&request)) }

func receive(stream grpc.ClientStream) ([]byte, error) {
	var reply []byte
	err := stream.RecvMsg(&reply)
	return reply, err
}

// sizes returns those of the payloads of all replies, which have to end well.
func sizes(stream grpc.ClientStream) (all []int) {
	for {
		reply, err := receive(stream)
		if err == io.EOF {
			return
		}
		must(err)
		all = append(all, sizeOf(reply, 1))
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func expect(found, expected interface{}) {
	if !reflect.DeepEqual(found, expected) {
		panic(fmt.Sprintf("%v instead of %v", found, expected))
	}
}

func expectStatus(err error, code codes.Code, message string) {
	expect(status.Code(err).String(), code.String())
	if message != "" {
		expect(status.Convert(err).Message(), message)
	}
}

var requests, replies = []int{27182, 8, 1828, 45904}, []int{31415, 9, 2653, 58979}

const special = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"

var cases = map[string]func(client){
	"empty_unary": func(c client) {
		reply, err := c.unary(service+"EmptyCall", nil)
		must(err)
		expect(len(reply), 0)
	},
	"large_unary": func(c client) {
		reply, err := c.unary(service+"UnaryCall", payload(number(nil, 2, 314159), 3, 271828))
		must(err)
		expect(sizeOf(reply, 1), 314159)
	},
	"client_streaming": func(c client) {
		stream := c.stream("StreamingInputCall")
		for _, size := range requests {
			send(stream, payload(nil, 1, size))
		}
		must(stream.CloseSend())
		reply, err := receive(stream)
		must(err)
		size, _ := first(reply, 1)
		expect(size, 74922)
	},
	"server_streaming": func(c client) {
		stream := c.stream("StreamingOutputCall")
		var request []byte
		for _, size := range replies {
			request = ask(request, size)
		}
		send(stream, request)
		must(stream.CloseSend())
		expect(sizes(stream), replies)
	},
	"ping_pong": func(c client) {
		stream := c.stream("FullDuplexCall")
		for i, size := range requests {
			send(stream, payload(ask(nil, replies[i]), 3, size))
			reply, err := receive(stream)
			must(err)
			expect(sizeOf(reply, 1), replies[i])
		}
		must(stream.CloseSend())
		expect(len(sizes(stream)), 0)
	},
	"empty_stream": func(c client) {
		stream := c.stream("FullDuplexCall")
		must(stream.CloseSend())
		expect(len(sizes(stream)), 0)
	},
	"cancel_after_begin": func(c client) {
		ctx, cancel := context.WithCancel(c.ctx)
		stream := client{c.conn, ctx}.stream("StreamingInputCall")
		cancel()
		_, err := receive(stream)
		expectStatus(err, codes.Canceled, "")
	},
	"cancel_after_first_response": func(c client) {
		ctx, cancel := context.WithCancel(c.ctx)
		stream := client{c.conn, ctx}.stream("FullDuplexCall")
		send(stream, payload(ask(nil, 31415), 3, 27182))
		_, err := receive(stream)
		must(err)
		cancel()
		_, err = receive(stream)
		expectStatus(err, codes.Canceled, "")
	},
	"timeout_on_sleeping_server": func(c client) {
		ctx, cancel := context.WithTimeout(c.ctx, 50*time.Millisecond)
		defer cancel()
		stream := client{c.conn, ctx}.stream("FullDuplexCall")
		send(stream, payload(nil, 3, 27182))
		_, err := receive(stream)
		expectStatus(err, codes.DeadlineExceeded, "")
	},
	"status_code_and_message": func(c client) {
		_, err := c.unary(service+"UnaryCall", echoStatus(nil, codes.Unknown, "test status message"))
		expectStatus(err, codes.Unknown, "test status message")
		stream := c.stream("FullDuplexCall")
		send(stream, echoStatus(nil, codes.Unknown, "test status message"))
		_, err = receive(stream)
		expectStatus(err, codes.Unknown, "test status message")
	},
	"special_status_message": func(c client) {
		_, err := c.unary(service+"UnaryCall", echoStatus(nil, codes.Unknown, special))
		expectStatus(err, codes.Unknown, special)
	},
	"unimplemented_method": func(c client) {
		_, err := c.unary(service+"UnimplementedCall", nil)
		expectStatus(err, codes.Unimplemented, "")
	},
	"unimplemented_service": func(c client) {
		_, err := c.unary("/grpc.testing.UnimplementedService/UnimplementedCall", nil)
		expectStatus(err, codes.Unimplemented, "")
	},
	"custom_metadata": func(c client) {
		ctx := metadata.AppendToOutgoingContext(c.ctx, initial, "test_initial_metadata_value", trailing, "\xab\xab\xab")
		stream := client{c.conn, ctx}.stream("FullDuplexCall")
		send(stream, payload(ask(nil, 314159), 3, 271828))
		must(stream.CloseSend())
		expect(sizes(stream), []int{314159})
		head, err := stream.Header()
		must(err)
		expect(head.Get(initial), []string{"test_initial_metadata_value"})
		expect(stream.Trailer().Get(trailing), []string{"\xab\xab\xab"})
	},
	"client_compressed_unary": func(c client) {
		request := bytes(payload(number(nil, 2, 10), 3, 271828), 8, number(nil, 1, 1))
		reply, err := c.unary(service+"UnaryCall", request, grpc.UseCompressor(gzip.Name))
		must(err)
		expect(sizeOf(reply, 1), 10)
	},
	"server_compressed_unary": func(c client) {
		c.ctx = metadata.AppendToOutgoingContext(c.ctx, "x-echo-gzip", "1")
		// It accepts only what it sends.
		reply, err := c.unary(service+"UnaryCall", number(nil, 2, 314159), grpc.UseCompressor(gzip.Name))
		must(err)
		expect(sizeOf(reply, 1), 314159)
	},
	// Not in the document.
	"status_details": func(c client) {
		const message = "100 % Grüße, 世界 👋"
		request := echoStatus(nil, codes.FailedPrecondition, message)
		_, asked := first(request, 7)
		expectDetails := func(err error) {
			expectStatus(err, codes.FailedPrecondition, message)
			details := status.Convert(err).Proto().Details
			expect(len(details), 1)
			expect(details[0].TypeUrl, echoStatusURL)
			expect(details[0].Value, asked)
		}
		_, err := c.unary(service+"UnaryCall", request)
		expectDetails(err)
		stream := c.stream("FullDuplexCall")
		send(stream, ask(nil, 1))
		send(stream, request)
		_, err = receive(stream)
		must(err)
		_, err = receive(stream)
		expectDetails(err)
	},
	"a_message_over_the_limit": func(c client) {
		_, err := c.unary(service+"UnaryCall", payload(nil, 3, 5000000))
		expectStatus(err, codes.ResourceExhausted, "")
		_, err = c.unary(service+"EmptyCall", nil)
		must(err)
	},
	"a_response_over_the_limit": func(c client) {
		_, err := c.unary(service+"UnaryCall", number(nil, 2, 4<<20))
		expectStatus(err, codes.ResourceExhausted, "")
		_, err = c.unary(service+"EmptyCall", nil)
		must(err)
	},
	"a_hundred_streams_at_once": func(c client) {
		var streams []grpc.ClientStream
		for i := 0; i < 100; i++ {
			streams = append(streams, c.stream("FullDuplexCall"))
			send(streams[i], payload(ask(nil, 1000), 3, 1000))
		}
		for _, stream := range streams {
			reply, err := receive(stream)
			must(err)
			expect(sizeOf(reply, 1), 1000)
			must(stream.CloseSend())
			expect(len(sizes(stream)), 0)
		}
	},
}

// Run only if they are asked for, because somebody has to stop the server meanwhile.
var shutdowns = map[string]func(client){
	"shutdown_in_mid_call": func(c client) {
		c.shutdown(func() {})
	},
	// Until the server is gone for good, none is lost.
	"calls_in_a_shutdown": func(c client) {
		c.shutdown(func() {
			for {
				_, err := c.unary(service+"EmptyCall", nil)
				if status.Code(err) == codes.Unavailable {
					return
				}
				must(err)
			}
		})
	},
}

func (c client) shutdown(then func()) {
	var streams []grpc.ClientStream
	for i := 0; i < 10; i++ {
		streams = append(streams, c.stream("FullDuplexCall"))
		send(streams[i], payload(ask(nil, 1000), 3, 1000))
		_, err := receive(streams[i])
		must(err)
	}
	fmt.Println("in mid call")
	fmt.Scanln()
	then()
	for _, stream := range streams {
		send(stream, payload(ask(nil, 2000), 3, 1000))
		must(stream.CloseSend())
		expect(sizes(stream), []int{2000})
	}
}

// run runs a case, and returns why it failed.
func run(name string, conn *grpc.ClientConn) (why interface{}) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	defer func() { why = recover() }()
	if _, found := cases[name]; !found {
		cases = shutdowns
	}
	cases[name](client{conn, ctx})
	return
}

func main() {
	encoding.RegisterCodec(raw{})
	if os.Args[1] == "--listen" {
		must(serve())
		return
	}
	conn, err := grpc.Dial(os.Args[2], grpc.WithInsecure())
	must(err)
	names := os.Args[3:]
	if len(names) == 0 {
		for name := range cases {
			names = append(names, name)
		}
		sort.Strings(names)
	}
	for _, name := range names {
		if why := run(name, conn); why != nil {
			fmt.Printf("FAILED %s: %v\n", name, why)
		} else {
			fmt.Printf("ok %s\n", name)
		}
	}
}
