//! Server-Sent Events in memory: `cargo bench --bench sse` in this directory.
//!
//! An iteration is 2000 events, in reads of the length given as argument. `scan` only counts the line
//! ends in the same reads, which every decoder has to find.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use framewright::SliceBuf;
use framewright::sse::{Assembler, Decoder, Encoder, EventBuilder, Item, Limits, Part, Storage};

const EVENTS: usize = 2_000;
const EVENT_LEN: usize = 190;
const READS: [usize; 3] = [16 * 1024, 1_400, 64];

fn main() {
    divan::main();
}

/// Events of 190 bytes: `head`, then a line of data that fills the rest.
fn stream(head: &str, fill: &str) -> String {
    let mut event = format!("{head}data: ");
    while event.len() + fill.len() + 2 <= EVENT_LEN {
        event.push_str(fill);
    }
    event.extend(std::iter::repeat_n('.', EVENT_LEN - 2 - event.len()));
    (event + "\n\n").repeat(EVENTS)
}

fn count(bencher: Bencher<'_, '_>, stream: &str, mut run: impl FnMut(&[u8]) -> usize) {
    bencher
        .counter(ItemsCount::new(EVENTS))
        .counter(BytesCount::new(stream.len()))
        .bench_local(|| assert_eq!(run(black_box(stream.as_bytes())), EVENTS));
}

fn receive(bencher: Bencher<'_, '_>, read_len: usize, stream: &str) {
    let mut assembler = Assembler::new(Limits::new(), Storage::<Vec<u8>>::default());
    count(bencher, stream, |stream| {
        let mut events = 0;
        for mut input in stream.chunks(read_len) {
            while let Some(item) = assembler.receive(&mut input) {
                if let Item::Event(event) = item {
                    black_box(event.data);
                    events += 1;
                }
            }
        }
        events
    });
}

#[divan::bench(args = READS)]
fn scan(bencher: Bencher<'_, '_>, read_len: usize) {
    count(bencher, &stream("", "x"), |stream| {
        let ends = |read: &[u8]| memchr::memchr_iter(b'\n', read).count();
        stream.chunks(read_len).map(ends).sum::<usize>() / 2
    });
}

#[divan::bench(args = READS)]
fn decode(bencher: Bencher<'_, '_>, read_len: usize) {
    let mut decoder = Decoder::new(Limits::new());
    count(bencher, &stream("", "x"), |stream| {
        let mut events = 0;
        for mut input in stream.chunks(read_len) {
            while let Some(part) = decoder.decode(&mut input) {
                if black_box(part) == Part::Dispatch {
                    events += 1;
                }
            }
        }
        events
    });
}

#[divan::bench(args = READS)]
fn receive_data(bencher: Bencher<'_, '_>, read_len: usize) {
    receive(bencher, read_len, &stream("", "the quick brown fox "));
}

#[divan::bench(args = READS)]
fn receive_cjk_and_emoji(bencher: Bencher<'_, '_>, read_len: usize) {
    receive(bencher, read_len, &stream("", "框架之匠🦀と波"));
}

#[divan::bench(args = READS)]
fn receive_type_id_and_data(bencher: Bencher<'_, '_>, read_len: usize) {
    receive(bencher, read_len, &stream("event: delta\nid: 1234567\n", "the quick brown fox "));
}

#[divan::bench(args = READS)]
fn receive_six_lines_of_data(bencher: Bencher<'_, '_>, read_len: usize) {
    receive(bencher, read_len, &stream(&"data: the quick brown fox, as it were\n".repeat(4), "x"));
}

fn send(bencher: Bencher<'_, '_>, event: EventBuilder<'_>) {
    let mut encoder = Encoder::new();
    let mut bytes = Vec::new();
    encoder.encode(event, &mut bytes).expect("a Vec has room");
    let len = bytes.len();
    bencher.counter(ItemsCount::new(1_usize)).counter(BytesCount::new(len)).bench_local(|| {
        let mut out = SliceBuf::new(&mut bytes);
        encoder.encode(black_box(event), &mut out).expect("there is room");
        black_box(&mut out);
    });
}

#[divan::bench]
fn send_data(bencher: Bencher<'_, '_>) {
    send(bencher, EventBuilder::new().data(&"x".repeat(182)));
}

#[divan::bench]
fn send_type_id_and_data(bencher: Bencher<'_, '_>) {
    send(bencher, EventBuilder::new().event_type("delta").id("1234567").data(&"x".repeat(157)));
}
