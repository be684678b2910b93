//! The opening handshake in memory: `cargo bench --bench handshake` in this directory.
//!
//! The copy that stands for `recv` is part of every figure.

use divan::{Bencher, black_box};
use framewright::http1::{HeadReader, Limits};
use framewright::ws::handshake::{
    ClientRequest, Extensions, Offer, Origins, Reply, Server, accept_key,
};
use framewright::{Buffer, SliceBuf};

/// A browser's request: 569 bytes, 14 headers.
const REQUEST: &[u8; 569] = b"GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n\
    Upgrade: websocket\r\n\
    Origin: https://server.example.com\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en-US;q=0.9,en;q=0.8\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef0\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: chat\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

fn main() {
    divan::main();
}

/// Reads the request in pieces of `len`, and accepts it.
#[divan::bench(args = [REQUEST.len(), 64, 1])]
fn server(bencher: Bencher<'_, '_>, len: usize) {
    let (mut buf, mut storage, mut out) = (*REQUEST, [0; 1024], [0; 256]);
    bencher.bench_local(|| {
        buf.copy_from_slice(black_box(REQUEST));
        let mut out = SliceBuf::new(&mut out);
        let storage = SliceBuf::new(&mut storage);
        let mut server = Server::new(Origins::same_host(), storage, Limits::new());
        for mut piece in buf.chunks_mut(len) {
            if let Some(offer) = server.receive(&mut piece).expect("it is valid") {
                offer.accept().write(&mut out).expect("there is room");
            }
        }
        black_box(out.as_slice().len())
    });
}

/// Reads the whole request first, then treats it as a handshake.
#[divan::bench]
fn server_in_two_steps(bencher: Bencher<'_, '_>) {
    let (mut buf, mut out) = (*REQUEST, [0; 256]);
    bencher.bench_local(|| {
        buf.copy_from_slice(black_box(REQUEST));
        let mut out = SliceBuf::new(&mut out);
        let mut reader = HeadReader::new(SliceBuf::new(&mut []), Limits::new());
        let mut input = &mut buf[..];
        let request = reader.read_request(&mut input).expect("it is valid").expect("it is whole");
        let offer = Offer::from_request(&request, Origins::same_host()).expect("it is valid");
        offer.accept().write(&mut out).expect("there is room");
        black_box(out.as_slice().len())
    });
}

/// Writes the request, and reads the shortest response.
#[divan::bench]
fn client(bencher: Bencher<'_, '_>) {
    const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let (mut buf, mut out) = (RESPONSE.to_vec(), [0; 512]);
    bencher.bench_local(|| {
        buf.copy_from_slice(black_box(RESPONSE));
        let request = ClientRequest::new("server.example.com", "/chat");
        let (mut out, storage) = (SliceBuf::new(&mut out), SliceBuf::new(&mut []));
        let mut client = request
            .write(black_box(*b"the sample nonce"), storage, Limits::new(), &mut out)
            .expect("there is room");
        let mut input = &mut buf[..];
        let answer = client.receive(&mut input).expect("it is valid").expect("it is whole");
        matches!(answer, Reply::Accepted(_))
    });
}

#[divan::bench]
fn key() -> [u8; 28] {
    accept_key(black_box(b"dGhlIHNhbXBsZSBub25jZQ=="))
}

/// Twice the length should take twice the time.
#[divan::bench(args = [16, 32, 64])]
fn extensions_in_kibibytes(bencher: Bencher<'_, '_>, kibibytes: usize) {
    let list = "a;b=\"\\c\" , ,".repeat(kibibytes * 1024 / 12) + "d";
    bencher.bench_local(|| {
        Extensions::parse(black_box(list.as_bytes())).expect("it is valid").count()
    });
}
