//! Types that are returned by value, or that a server holds for every connection, stay small.

use std::mem::size_of;

use framewright::ws::{
    Client, Connection, Decoder, Encoder, Error, Event, Keepalive, Message, MessageEvent, Part,
    SendError, Server,
};

#[test]
fn what_is_returned_by_value_fits_in_32_bytes() {
    assert!(size_of::<Result<Option<Part<'_>>, Error>>() <= 32);
    assert!(size_of::<Option<Event<'_>>>() <= 32);
    assert!(size_of::<Option<MessageEvent>>() <= size_of::<Error>());
    assert!(size_of::<Result<Option<Message<'_>>, Error>>() <= 32);
    assert!(size_of::<Error>() <= 16);
    assert!(size_of::<SendError>() <= 16);
}

#[test]
#[cfg(feature = "deflate")]
fn compressors_are_small_before_their_first_use() {
    use framewright::ws::deflate::{Deflater, Inflater};
    assert!(size_of::<Inflater>() <= 256);
    assert!(size_of::<Deflater>() <= 256);
}

#[test]
fn a_connection_takes_less_than_400_bytes() {
    println!("decoder: {} bytes", size_of::<Decoder>());
    println!("encoder: {} bytes", size_of::<Encoder<Server>>());
    println!("connection: {} bytes", size_of::<Connection<Server>>());
    println!("keepalive: {} bytes", size_of::<Keepalive>());
    assert!(size_of::<Connection<Server>>() < 400);
    assert!(size_of::<Connection<Client>>() < 400);
}

#[test]
fn frames_of_http2_are_returned_in_32_bytes() {
    use framewright::http2::{Decoder, Error, FrameHeader, Part, SendError, StreamId};
    assert!(size_of::<Result<Option<Part<'_>>, Error>>() <= 32);
    assert!(size_of::<Error>() <= 16);
    assert!(size_of::<SendError>() <= 16);
    assert_eq!(size_of::<Option<StreamId>>(), 4);
    assert!(size_of::<FrameHeader>() <= 12);
    println!("http2 decoder: {} bytes", size_of::<Decoder>());
    assert!(size_of::<Decoder>() <= 64);
}

#[test]
#[cfg(feature = "alloc")]
fn a_connection_of_http2_takes_at_most_640_bytes_without_its_storage() {
    use framewright::http2::{Client, Connection, Event, Server, Slot, Stream};

    type Storage = Vec<u8>;
    let storage = 2 * size_of::<Storage>() + size_of::<Vec<Slot>>();
    for len in [
        size_of::<Connection<Server, Storage, Vec<Slot>>>(),
        size_of::<Connection<Client, Storage, Vec<Slot>>>(),
    ] {
        println!("connection: {} bytes", len - storage);
        assert!(len - storage <= 640);
    }
    assert!(size_of::<Slot>() <= 48);
    let decoder = size_of::<framewright::http2::hpack::Decoder<Storage>>() - size_of::<Storage>();
    println!("hpack decoder: {decoder} bytes");
    assert!(decoder <= 64);
    println!("event: {} bytes", size_of::<Option<Event<'_>>>());
    assert!(size_of::<Option<Event<'_>>>() <= 32);
    assert_eq!(size_of::<Option<Stream>>(), 8);
}

#[test]
#[cfg(feature = "alloc")]
fn a_connection_of_grpc_takes_at_most_1500_bytes_without_its_calls() {
    use framewright::grpc::{CallId, Client, ClientEvent, Heap, Server, ServerEvent};

    for len in [size_of::<Server<Heap>>(), size_of::<Client<Heap>>()] {
        println!("server or client: {len} bytes");
        assert!(len <= 1500);
    }
    assert_eq!(size_of::<CallId>(), 8);
    assert!(size_of::<Option<ServerEvent>>() <= 16);
    assert!(size_of::<Option<ClientEvent>>() <= 16);
}

#[test]
fn a_connection_of_stomp_takes_less_than_400_bytes() {
    use framewright::stomp::{
        Client, Connection, Decoder, Error, Event, FrameEvent, Part, SendError, Server,
    };
    println!("stomp decoder: {} bytes", size_of::<Decoder>());
    println!("stomp connection: {} bytes", size_of::<Connection<Server>>());
    assert!(size_of::<Connection<Server>>() < 400);
    assert!(size_of::<Connection<Client>>() < 400);
    assert!(size_of::<Result<Option<Part<'_>>, Error>>() <= 32);
    assert!(size_of::<Option<Event<'_>>>() <= 32);
    assert!(size_of::<Option<FrameEvent>>() <= 16);
    assert!(size_of::<Error>() <= 16);
    assert!(size_of::<SendError>() <= 16);
}

#[test]
#[cfg(feature = "alloc")]
fn a_session_of_sockjs_takes_at_most_300_bytes_without_its_backlog() {
    use framewright::sockjs::{Error, Framing, MessageDecoder, Output, SendError, Session};
    let session = size_of::<Session<Vec<u8>>>() - size_of::<Vec<u8>>();
    println!("sockjs session: {session} bytes");
    println!("sockjs decoder: {} bytes", size_of::<MessageDecoder>());
    assert!(session <= 300);
    assert!(size_of::<MessageDecoder>() <= 64);
    assert!(size_of::<Framing>() <= 40);
    assert!(size_of::<Result<Option<framewright::Chunk<'_>>, Error>>() <= 32);
    assert!(size_of::<Result<Option<Output>, framewright::BufferFull>>() <= 16);
    assert!(size_of::<Error>() <= 16);
    assert!(size_of::<SendError>() <= 16);
}

#[test]
fn an_idle_client_of_socketio_takes_at_most_512_bytes_and_its_buffers() {
    use framewright::engineio::{ClientSession, Event, Session};
    use framewright::socketio;
    let (session, connection) = (size_of::<Session<()>>(), size_of::<socketio::Connection<()>>());
    println!("engineio session: {session} bytes, socketio connection: {connection} bytes");
    assert!(session + connection <= 512);
    println!("engineio event: {} bytes", size_of::<Option<Event<'_>>>());
    assert!(size_of::<Option<Event<'_>>>() <= 40);
    let client = size_of::<ClientSession<()>>();
    println!("engineio client: {client} bytes");
    assert!(client + connection <= 512);
}
