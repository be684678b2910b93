//! Functions that cannot panic for any arguments. If the compiler cannot prove that for one of them,
//! this does not link. See README.md.

use std::hint::black_box;

use framewright::grpc::web::TextDecoder;
use framewright::grpc::{self, Prefix, ServerCall};
use framewright::http1::{self, BodyDecoder, BodyEncoder, ResponseWriter};
use framewright::http2::{self, ErrorCode, Setting, StreamId};
use framewright::sockjs;
use framewright::ws::handshake::Extensions;
use framewright::ws::{
    self, Client, CloseFrame, Connection, FrameHeader, Inbox, Kind, Mask, Message, MessageEvent,
    Server,
};
use framewright::{ArrayBuf, Assembler, Buffer, BufferFull, Chunk, SliceBuf};
use framewright::{engineio, socketio};
use no_panic::no_panic;
// Functions that search with `memchr`, which is called through a pointer on x86-64.
#[cfg(not(target_arch = "x86_64"))]
use {
    framewright::http1::{HeadReader, Version},
    framewright::sse,
    framewright::stomp,
    framewright::ws::handshake::{self, Offer, Origins},
};

/// Connections in storage of fixed length.
type Http2Client<'a> = http2::Connection<http2::Client, SliceBuf<'a>, &'a mut [http2::Slot]>;
type Http2Server<'a> = http2::Connection<http2::Server, SliceBuf<'a>, &'a mut [http2::Slot]>;

/// Proves that the functions cannot panic. Their addresses go where the compiler cannot follow, so it
/// knows nothing about their arguments.
macro_rules! cannot_panic {
    ($(
        $(#[$attr:meta])*
        fn $name:ident$(<$($a:lifetime),+>)?($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty $body:block
    )*) => {
        $(
            $(#[$attr])*
            #[no_panic]
            #[inline(never)]
            fn $name$(<$($a),+>)?($($arg: $ty),*) -> $ret $body
        )*

        fn main() {
            $(
                $(#[$attr])*
                black_box($name as *const ());
            )*
        }
    };
}

cannot_panic! {
    fn ws_header_parse(bytes: &[u8]) -> Result<Option<(FrameHeader, usize)>, ws::Error> {
        FrameHeader::parse(bytes)
    }

    fn ws_header_print(header: &FrameHeader) -> ws::HeaderBytes {
        header.to_bytes()
    }

    fn ws_mask(mask: &mut Mask, bytes: &mut [u8]) -> () {
        mask.apply(bytes)
    }

    fn ws_close_parse(bytes: &[u8]) -> Result<CloseFrame<'_>, ws::Error> {
        CloseFrame::parse(bytes)
    }

    fn ws_decode<'a>(
        decoder: &mut ws::Decoder,
        input: &mut &'a mut [u8],
    ) -> Result<Option<ws::Part<'a>>, ws::Error> {
        decoder.decode(input)
    }

    fn ws_receive<'a>(
        connection: &mut Connection<Server>,
        input: &mut &'a mut [u8],
    ) -> Option<ws::Event<'a>> {
        connection.receive(input)
    }

    fn ws_receive_at_client<'a>(
        connection: &mut Connection<Client>,
        input: &mut &'a mut [u8],
    ) -> Option<ws::Event<'a>> {
        connection.receive(input)
    }

    fn ws_receive_message(
        connection: &mut Connection<Server>,
        input: &mut &[u8],
        inbox: &mut Inbox<SliceBuf<'_>>,
    ) -> Option<MessageEvent> {
        connection.receive_message(input, inbox)
    }

    fn ws_receive_message_at_client(
        connection: &mut Connection<Client>,
        input: &mut &[u8],
        inbox: &mut Inbox<SliceBuf<'_>>,
    ) -> Option<MessageEvent> {
        connection.receive_message(input, inbox)
    }

    fn ws_message<'a>(inbox: &'a Inbox<SliceBuf<'a>>) -> Message<'a> {
        inbox.message()
    }

    fn ws_read_target<'b, 's>(
        connection: &Connection<Server>,
        buffer: &'b mut [u8],
        inbox: &'b mut Inbox<SliceBuf<'s>>,
    ) -> &'b mut [u8] {
        connection.read_target(buffer, inbox)
    }

    fn ws_filled<'b>(inbox: &mut Inbox<SliceBuf<'_>>, buffer: &'b [u8], len: usize) -> &'b [u8] {
        inbox.filled(buffer, len)
    }

    fn ws_transmit(connection: &mut Connection<Server>, out: &mut SliceBuf<'_>) -> bool {
        connection.transmit(out)
    }

    fn ws_send(
        connection: &mut Connection<Server>,
        message: Message<'_>,
        out: &mut SliceBuf<'_>,
    ) -> Result<(), ws::SendError> {
        connection.send(message, out)
    }

    fn ws_encode_masked(
        key: [u8; 4],
        message: Message<'_>,
        out: &mut SliceBuf<'_>,
    ) -> Result<(), ws::SendError> {
        ws::Encoder::client(|| key).encode(message, out)
    }

    fn ws_encode_fragment(
        encoder: &mut ws::Encoder<Server>,
        bytes: &[u8],
        fin: bool,
        out: &mut SliceBuf<'_>,
    ) -> Result<(), ws::SendError> {
        encoder.encode_fragment(Kind::Text, bytes, fin, out)
    }

    fn ws_encode_header(
        encoder: &mut ws::Encoder<Server>,
        len: u64,
        fin: bool,
    ) -> Result<FrameHeader, ws::SendError> {
        encoder.encode_header(Kind::Binary, len, fin)
    }

    fn ws_encode_payload(
        encoder: &mut ws::Encoder<Server>,
        bytes: &[u8],
        out: &mut SliceBuf<'_>,
    ) -> Result<(), ws::SendError> {
        encoder.encode_payload(bytes, out)
    }

    fn ws_encode_payload_masked(
        key: [u8; 4],
        bytes: &[u8],
        out: &mut SliceBuf<'_>,
    ) -> Result<(), ws::SendError> {
        let mut encoder = ws::Encoder::client(|| key);
        encoder.begin_frame(Kind::Binary, u64::MAX >> 1, true, out)?;
        encoder.encode_payload(bytes, out)
    }

    fn ws_encode_ping(
        encoder: &mut ws::Encoder<Server>,
        bytes: &[u8],
        out: &mut SliceBuf<'_>,
    ) -> Result<(), ws::SendError> {
        encoder.encode_ping(bytes, out)
    }

    fn ws_encode_close(
        encoder: &mut ws::Encoder<Server>,
        close: CloseFrame<'_>,
        out: &mut SliceBuf<'_>,
    ) -> Result<(), ws::SendError> {
        encoder.encode_close(close, out)
    }

    fn ws_assemble(assembler: &mut ws::Assembler<SliceBuf<'_>>, part: ws::Part<'_>) -> bool {
        assembler.push(part).is_ok()
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn ws_handshake_check(
        target: &str,
        headers: &[(&str, &[u8])],
        origins: Origins<'_>,
    ) -> bool {
        let headers = headers.iter().map(|(name, value)| (*name, value));
        Offer::from_parts("GET", Version::Http11, target, headers, origins).is_ok()
    }

    fn ws_handshake_extensions(value: &[u8]) -> usize {
        let params = Extensions::parse(value).map(|list| list.flat_map(|e| e.params()).count());
        params.unwrap_or_default()
    }

    fn engineio_packet(message: Message<'_>) -> Result<engineio::Packet<'_>, engineio::Error> {
        engineio::Packet::parse(message)
    }

    fn engineio_receive_socket<'a>(
        session: &mut engineio::Session<SliceBuf<'_>>,
        message: Message<'a>,
        now: u64,
    ) -> Option<engineio::Event<'a>> {
        session.receive_socket(message, now)
    }

    fn engineio_transmit_get(
        session: &mut engineio::Session<SliceBuf<'_>>,
        out: &mut SliceBuf<'_>,
    ) -> Result<bool, BufferFull> {
        session.transmit_get(out)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn engineio_client_receive<'a>(
        session: &mut engineio::ClientSession<SliceBuf<'_>>,
        message: Message<'a>,
        now: u64,
    ) -> bool {
        session.receive_socket(message, now).is_some()
    }

    fn engineio_poll(
        session: &mut engineio::Session<SliceBuf<'_>>,
        now: u64,
    ) -> Option<engineio::Action> {
        session.poll(now)
    }

    fn engineio_get(
        session: &mut engineio::Session<SliceBuf<'_>>,
    ) -> Result<(), engineio::Refusal> {
        session.get()
    }

    fn socketio_json(text: &str) -> bool {
        socketio::Json::new(text).is_ok()
    }

    fn socketio_decode_binary<'a>(
        decoder: &mut socketio::Decoder,
        chunk: Chunk<'a>,
    ) -> Result<socketio::Attachment<'a>, socketio::Error> {
        decoder.decode_binary(chunk)
    }

    fn socketio_poll(
        connection: &mut socketio::Connection<SliceBuf<'_>>,
        now: u64,
    ) -> Option<socketio::Event<'static>> {
        connection.poll(now)
    }

    fn socketio_accept(
        connection: &mut socketio::Connection<SliceBuf<'_>>,
        namespace: &str,
        json: socketio::Json<'_>,
        out: &mut SliceBuf<'_>,
    ) -> Result<(), socketio::SendError> {
        connection.accept(namespace, json, out)
    }

    fn socketio_receive_binary<'a>(
        connection: &mut socketio::Connection<SliceBuf<'_>>,
        chunk: Chunk<'a>,
    ) -> Option<socketio::Event<'a>> {
        connection.receive_binary(chunk)
    }

    fn socketio_decode_text<'a>(
        decoder: &mut socketio::Decoder,
        text: &'a str,
        now: u64,
    ) -> Result<socketio::Packet<'a>, socketio::Error> {
        decoder.decode_text(text, now)
    }

    fn socketio_send(
        connection: &mut socketio::Connection<SliceBuf<'_>>,
        packet: socketio::Packet<'_>,
        out: &mut SliceBuf<'_>,
    ) -> Result<(), socketio::SendError> {
        connection.send(packet, out)
    }

    fn socketio_receive_text<'a>(
        connection: &mut socketio::Connection<SliceBuf<'_>>,
        text: &'a str,
        now: u64,
    ) -> Option<socketio::Event<'a>> {
        connection.receive_text(text, now)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn stomp_decode<'a>(
        decoder: &mut stomp::Decoder,
        input: &mut &'a [u8],
        inbox: &mut stomp::Inbox<SliceBuf<'_>>,
    ) -> Result<Option<stomp::Part<'a>>, stomp::Error> {
        decoder.decode(input, inbox)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn stomp_receive_frame(
        connection: &mut stomp::Connection<stomp::Server>,
        input: &mut &[u8],
        inbox: &mut stomp::Inbox<SliceBuf<'_>>,
        now: u64,
    ) -> Option<stomp::FrameEvent> {
        connection.receive_frame(input, inbox, now)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn stomp_receive_frame_at_client(
        connection: &mut stomp::Connection<stomp::Client>,
        input: &mut &[u8],
        inbox: &mut stomp::Inbox<SliceBuf<'_>>,
        now: u64,
    ) -> Option<stomp::FrameEvent> {
        connection.receive_frame(input, inbox, now)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn stomp_send(
        connection: &mut stomp::Connection<stomp::Client>,
        frame: stomp::FrameBuilder<'_>,
        out: &mut SliceBuf<'_>,
    ) -> Result<(), stomp::SendError> {
        connection.send(frame, out)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn stomp_transmit(
        connection: &mut stomp::Connection<stomp::Server>,
        out: &mut SliceBuf<'_>,
        now: u64,
    ) -> bool {
        connection.transmit(out, now)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn sse_decode<'a>(decoder: &mut sse::Decoder, input: &mut &'a [u8]) -> Option<sse::Part<'a>> {
        decoder.decode(input)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn sse_receive_event(
        assembler: &mut sse::Assembler<SliceBuf<'_>>,
        input: &mut &[u8],
    ) -> Option<sse::ItemKind> {
        assembler.receive_event(input)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn sse_receive(assembler: &mut sse::Assembler<SliceBuf<'_>>, input: &mut &[u8]) -> bool {
        assembler.receive(input).is_some()
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn sse_encode(
        encoder: &mut sse::Encoder,
        fields: sse::EventBuilder<'_>,
        out: &mut SliceBuf<'_>,
    ) -> Result<(), sse::SendError> {
        encoder.encode(fields, out)
    }

    fn http2_decode<'a>(
        decoder: &mut http2::Decoder,
        input: &mut &'a mut [u8],
    ) -> Result<Option<http2::Part<'a>>, http2::Error> {
        decoder.decode(input)
    }

    fn http2_encode_data(
        encoder: &http2::Encoder,
        stream: StreamId,
        bytes: &[u8],
        end_stream: bool,
        out: &mut SliceBuf<'_>,
    ) -> Result<(), http2::SendError> {
        encoder.encode_data(stream, bytes, end_stream, out)
    }

    fn http2_encode_field_block(
        encoder: &http2::Encoder,
        stream: StreamId,
        bytes: &[u8],
        end_stream: bool,
        out: &mut SliceBuf<'_>,
    ) -> Result<(), http2::SendError> {
        encoder.encode_field_block(stream, bytes, end_stream, out)
    }

    fn http2_finish_field_block(
        encoder: &http2::Encoder,
        start: usize,
        stream: StreamId,
        out: &mut SliceBuf<'_>,
    ) -> Result<(), BufferFull> {
        encoder.finish_field_block(start, stream, true, out)
    }

    fn http2_encode_settings(
        encoder: &http2::Encoder,
        settings: &[Setting],
        out: &mut SliceBuf<'_>,
    ) -> Result<(), http2::SendError> {
        encoder.encode_settings(settings, out)
    }

    fn http2_encode_goaway(
        encoder: &http2::Encoder,
        last: u32,
        debug_data: &[u8],
        out: &mut SliceBuf<'_>,
    ) -> Result<(), http2::SendError> {
        encoder.encode_goaway(last, ErrorCode::NO_ERROR, debug_data, out)
    }

    fn http2_send(
        connection: &mut Http2Server<'_>,
        stream: http2::Stream,
        bytes: &[u8],
        end: bool,
        out: &mut SliceBuf<'_>,
    ) -> Result<usize, http2::SendError> {
        connection.send(stream, bytes, end, out)
    }

    fn http2_receive<'a>(
        connection: &mut Http2Server<'_>,
        input: &mut &'a mut [u8],
        head: &'a mut SliceBuf<'_>,
    ) -> Option<http2::Event<'a>> {
        connection.receive(input, head)
    }

    fn http2_receive_at_client<'a>(
        connection: &mut Http2Client<'_>,
        input: &mut &'a mut [u8],
        head: &'a mut SliceBuf<'_>,
    ) -> Option<http2::Event<'a>> {
        connection.receive(input, head)
    }

    fn hpack_decode<'a>(
        decoder: &mut http2::hpack::Decoder<SliceBuf<'_>>,
        input: &mut &[u8],
        out: &'a mut SliceBuf<'_>,
        max_len: u32,
    ) -> Result<Option<http2::hpack::Field<'a>>, http2::Error> {
        decoder.decode(input, out, max_len)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn http2_transmit(connection: &mut Http2Server<'_>, out: &mut SliceBuf<'_>) -> bool {
        connection.transmit(out)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn http2_transmit_at_client(connection: &mut Http2Client<'_>, out: &mut SliceBuf<'_>) -> bool {
        connection.transmit(out)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn http2_open(
        connection: &mut Http2Client<'_>,
        request: http2::Request<'_>,
        headers: &[(&str, &[u8])],
        out: &mut SliceBuf<'_>,
    ) -> Result<http2::Stream, http2::SendError> {
        connection.open(request, headers.iter().copied(), true, out)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn http2_send_head(
        connection: &mut Http2Server<'_>,
        stream: http2::Stream,
        status: u16,
        headers: &[(&str, &[u8])],
        out: &mut SliceBuf<'_>,
    ) -> Result<(), http2::SendError> {
        connection.send_head(stream, status, headers.iter().copied(), true, out)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn http2_send_trailers(
        connection: &mut Http2Server<'_>,
        stream: http2::Stream,
        headers: &[(&str, &[u8])],
        out: &mut SliceBuf<'_>,
    ) -> Result<(), http2::SendError> {
        connection.send_trailers(stream, headers.iter().copied(), out)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn hpack_encode(
        encoder: &mut http2::hpack::Encoder<SliceBuf<'_>>,
        fields: &[(&str, &[u8])],
        out: &mut SliceBuf<'_>,
    ) -> Result<(), BufferFull> {
        encoder.encode(&fields.iter().copied(), out)
    }

    fn grpc_prefix(bytes: [u8; 5]) -> [u8; 5] {
        Prefix::parse(bytes).to_bytes()
    }

    fn grpc_decode<'a>(
        decoder: &mut grpc::Decoder,
        input: &mut &'a [u8],
    ) -> Result<Option<grpc::Part<'a>>, grpc::Error> {
        decoder.decode(input)
    }

    fn grpc_encode(
        encoder: &mut grpc::Encoder,
        bytes: &[u8],
        out: &mut SliceBuf<'_>,
    ) -> Result<(), grpc::SendError> {
        encoder.encode(bytes, out)
    }

    fn grpc_receive_message(
        call: &mut ServerCall,
        input: &mut &[u8],
        inbox: &mut grpc::Inbox<ArrayBuf<64>>,
    ) -> Option<grpc::MessageEvent> {
        call.receive_message(input, inbox)
    }

    fn grpc_message<'a>(inbox: &'a grpc::Inbox<ArrayBuf<64>>) -> grpc::Message<'a> {
        inbox.message()
    }

    fn array_buf(buf: &mut ArrayBuf<64>, bytes: &[u8], taken: usize) -> Result<(), BufferFull> {
        buf.consume(taken);
        buf.try_append(bytes)
    }

    fn slice_buf(buf: &mut SliceBuf<'_>, bytes: &[u8], taken: usize) -> Result<(), BufferFull> {
        buf.consume(taken);
        buf.try_append(bytes)
    }

    fn grpc_receive<'a>(call: &mut ServerCall, input: &mut &'a [u8]) -> Option<grpc::Event<'a>> {
        call.receive(input)
    }

    fn grpc_web_text<'a>(
        decoder: &mut TextDecoder,
        input: &mut &'a mut [u8],
    ) -> Result<Option<&'a [u8]>, grpc::Error> {
        decoder.decode(input)
    }

    fn http1_decode<'a>(
        decoder: &mut BodyDecoder,
        input: &mut &'a mut [u8],
    ) -> Result<http1::Decoded<'a>, http1::Error> {
        decoder.decode(input)
    }

    fn http1_decode_with_trailers<'a>(
        decoder: &mut BodyDecoder,
        input: &mut &'a mut [u8],
        storage: &mut SliceBuf<'_>,
    ) -> Result<http1::Decoded<'a>, http1::Error> {
        decoder.decode_with_trailers(input, storage)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn http1_read_request<'a>(
        reader: &'a mut HeadReader<SliceBuf<'a>>,
        input: &mut &'a mut [u8],
    ) -> Result<Option<http1::Request<'a>>, http1::Error> {
        reader.read_request(input)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn http1_read_response<'a>(
        reader: &'a mut HeadReader<SliceBuf<'a>>,
        input: &mut &'a mut [u8],
    ) -> Result<Option<http1::Response<'a>>, http1::Error> {
        reader.read_response(input)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn ws_handshake_server<'a>(
        server: &'a mut handshake::Server<'a, SliceBuf<'a>>,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Offer<'a>>, handshake::Error> {
        server.receive(input)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn ws_handshake_client<'a>(
        client: &'a mut handshake::Client<'a, SliceBuf<'a>>,
        input: &mut &'a mut [u8],
    ) -> Result<Option<handshake::Reply<'a>>, handshake::Error> {
        client.receive(input)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn sockjs_decode<'a>(
        decoder: &mut sockjs::MessageDecoder,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Chunk<'a>>, sockjs::Error> {
        decoder.decode(input)
    }

    fn sockjs_decode_form<'a>(
        decoder: &mut sockjs::FormDecoder,
        input: &mut &'a mut [u8],
    ) -> Result<Option<&'a mut [u8]>, sockjs::Error> {
        decoder.decode(input)
    }

    fn sockjs_send(
        session: &mut sockjs::Session<SliceBuf<'_>>,
        message: &str,
    ) -> Result<(), sockjs::SendError> {
        session.send(message)
    }

    fn sockjs_transmit(
        session: &mut sockjs::Session<SliceBuf<'_>>,
        out: &mut SliceBuf<'_>,
        now: u64,
    ) -> Result<Option<sockjs::Output>, BufferFull> {
        session.transmit(out, now)
    }

    fn http1_encode(
        encoder: &mut BodyEncoder,
        bytes: &[u8],
        out: &mut SliceBuf<'_>,
    ) -> Result<(), http1::SendError> {
        encoder.encode(bytes, out)
    }

    fn http1_respond(
        response: &ResponseWriter<'_>,
        out: &mut SliceBuf<'_>,
    ) -> Result<(), http1::SendError> {
        response.write(out)
    }

    fn assemble(assembler: &mut Assembler<SliceBuf<'_>>, chunk: Chunk<'_>) -> bool {
        assembler.push(chunk).is_ok()
    }

    #[cfg(feature = "control")]
    fn control(bytes: &[u8], at: usize) -> u8 {
        bytes[at]
    }
}
