//! Receiving and sending WebSocket messages in memory: `cargo bench --bench ws` in this directory.
//!
//! An iteration is one read of about 64 KiB. A copy stands for the `recv` that fills it. That copy is
//! part of every figure, and `copy` shows what it costs alone.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use framewright::ws::{Connection, Inbox, Limits, Message, MessageEvent};
use framewright::{Buffer, SliceBuf};

const READ: usize = 64 * 1024;
const LENS: [usize; 5] = [16, 125, 1024, 16 * 1024, 60 * 1024];

fn main() {
    divan::main();
}

/// As many equal frames of a client as fit in a read, and their number.
fn frames(message: Message<'_>) -> (Vec<u8>, usize) {
    let mut key = 0x9E37_79B9_u32;
    let mut client = Connection::client(Limits::new(), move || {
        key = key.wrapping_mul(0x0019_660D).wrapping_add(0x3C6E_F35F);
        key.to_le_bytes()
    });
    let mut bytes = Vec::new();
    let mut count = 0;
    while bytes.len() + message.as_bytes().len() + 14 <= READ {
        client.send(message, &mut bytes).expect("a Vec has room");
        count += 1;
    }
    (bytes, count)
}

fn text(pattern: &str, len: usize) -> String {
    let mut text = String::new();
    while text.len() + pattern.len() <= len {
        text.push_str(pattern);
    }
    text.extend(std::iter::repeat_n('.', len - text.len()));
    text
}

fn receive(bencher: Bencher<'_, '_>, message: Message<'_>) {
    let (wire, count) = frames(message);
    let mut buf = vec![0; wire.len()];
    let mut server = Connection::server(Limits::new());
    let mut inbox = Inbox::new(Vec::new());
    bencher.counter(ItemsCount::new(count)).counter(BytesCount::new(wire.len())).bench_local(
        || {
            buf.copy_from_slice(black_box(&wire));
            let mut input = &buf[..];
            let mut messages = 0;
            while let Some(event) = server.receive_message(&mut input, &mut inbox) {
                let MessageEvent::Message(_) = event else { unreachable!() };
                black_box(inbox.message());
                messages += 1;
            }
            assert_eq!(messages, count);
        },
    );
}

#[divan::bench(args = LENS)]
fn copy(bencher: Bencher<'_, '_>, len: usize) {
    let (wire, count) = frames(Message::Binary(&vec![b'x'; len]));
    let mut buf = vec![0; wire.len()];
    bencher.counter(ItemsCount::new(count)).counter(BytesCount::new(wire.len())).bench_local(
        || {
            buf.copy_from_slice(black_box(&wire));
            black_box(&mut buf);
        },
    );
}

#[divan::bench(args = LENS)]
fn receive_binary(bencher: Bencher<'_, '_>, len: usize) {
    receive(bencher, Message::Binary(&vec![b'x'; len]));
}

#[divan::bench(args = LENS)]
fn receive_ascii(bencher: Bencher<'_, '_>, len: usize) {
    receive(bencher, Message::Text(&text("the quick brown fox ", len)));
}

#[divan::bench(args = LENS)]
fn receive_cjk_and_emoji(bencher: Bencher<'_, '_>, len: usize) {
    receive(bencher, Message::Text(&text("框架之匠🦀と波", len)));
}

fn send<F: FnMut(&[u8], &mut SliceBuf<'_>)>(bencher: Bencher<'_, '_>, len: usize, mut send: F) {
    let payload = vec![b'x'; len];
    let count = READ / (len + 14);
    let mut buf = vec![0; READ];
    bencher.counter(ItemsCount::new(count)).counter(BytesCount::new(count * len)).bench_local(
        || {
            let mut out = SliceBuf::new(&mut buf);
            for _ in 0..count {
                send(black_box(&payload), &mut out);
            }
            black_box(out.as_slice());
        },
    );
}

#[divan::bench(args = LENS)]
fn send_server(bencher: Bencher<'_, '_>, len: usize) {
    let mut server = Connection::server(Limits::new());
    send(bencher, len, |payload, out| server.send(payload, out).expect("there is room"));
}

#[divan::bench(args = LENS)]
fn send_client(bencher: Bencher<'_, '_>, len: usize) {
    let mut client = Connection::client(Limits::new(), || black_box([0x37, 0xFA, 0x21, 0x3D]));
    send(bencher, len, |payload, out| client.send(payload, out).expect("there is room"));
}

#[divan::bench(args = LENS)]
fn send_server_to_vec(bencher: Bencher<'_, '_>, len: usize) {
    let payload = vec![b'x'; len];
    let count = READ / (len + 14);
    let mut out = Vec::with_capacity(READ);
    let mut server = Connection::server(Limits::new());
    bencher.counter(ItemsCount::new(count)).counter(BytesCount::new(count * len)).bench_local(
        || {
            out.clear();
            for _ in 0..count {
                server.send(black_box(&payload[..]), &mut out).expect("a Vec has room");
            }
            black_box(&out);
        },
    );
}

#[divan::bench(args = LENS)]
fn send_client_to_vec(bencher: Bencher<'_, '_>, len: usize) {
    let payload = vec![b'x'; len];
    let count = READ / (len + 14);
    let mut out = Vec::with_capacity(READ);
    let mut client = Connection::client(Limits::new(), || black_box([0x37, 0xFA, 0x21, 0x3D]));
    bencher.counter(ItemsCount::new(count)).counter(BytesCount::new(count * len)).bench_local(
        || {
            out.clear();
            for _ in 0..count {
                client.send(black_box(&payload[..]), &mut out).expect("a Vec has room");
            }
            black_box(&out);
        },
    );
}
