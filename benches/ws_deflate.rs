//! Compressed WebSocket messages against zlib-rs alone: `cargo bench --bench ws_deflate` in
//! this directory. They take turns, so that whatever else the machine does affects both.
//!
//! It prints medians over all rounds: of the time for a message, and of the ratio within a round.

use std::hint::black_box;
use std::time::Instant;

use framewright::ws::deflate::{Config, Deflater, Inflater};
use framewright::ws::handshake::Extensions;
use framewright::ws::{Assembler, Connection, Encoder, Event, Limits, Message, Role};
use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush};

/// Records of a feed, as similar as such records are.
fn json(len: usize) -> Vec<String> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut number = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let message = |_| {
        let mut text = String::from("[");
        while text.len() < len {
            text += &format!(
                "{{\"id\":{},\"symbol\":\"{}\",\"price\":{}.{:02},\"size\":{},\"side\":\"{}\",\"ts\":17{}}},",
                number(1_000_000_000),
                ["AAPL", "MSFT", "NVDA", "GOOG", "AMZN", "META"][number(6) as usize],
                number(1000),
                number(100),
                number(5000),
                ["buy", "sell"][number(2) as usize],
                number(100_000_000_000),
            );
        }
        text.truncate(len - 1);
        text + "]"
    };
    // More than any window holds, because they are sent again and again.
    (0..(256 * 1024 / len).max(64)).map(message).collect()
}

fn main() {
    // `cargo bench -- --test` only checks that it runs.
    let rounds = if std::env::args().any(|arg| arg == "--test") { 1 } else { 41 };
    println!("length level takeover      zlib-rs   framewright  ratio");
    for len in [128, 1024, 16 * 1024] {
        let messages = json(len);
        for level in [1, 6] {
            for takeover in [true, false] {
                compress(&messages, level, takeover, rounds);
            }
        }
        inflate(&messages, true, rounds);
        inflate(&messages, false, rounds);
    }
}

/// Runs both in turns, and prints their time for each of `count` messages.
fn race(what: &str, count: usize, rounds: usize, mut raw: impl FnMut(), mut ours: impl FnMut()) {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed().as_nanos() as f64 / count as f64
    };
    time(&mut raw);
    time(&mut ours);
    let mut times: Vec<(f64, f64, f64)> = Vec::new();
    for round in 0..rounds {
        let (a, b) = if round % 2 == 0 {
            let a = time(&mut raw);
            (a, time(&mut ours))
        } else {
            let b = time(&mut ours);
            (time(&mut raw), b)
        };
        times.push((a, b, b / a));
    }
    let median = |pick: fn(&(f64, f64, f64)) -> f64| {
        let mut values: Vec<f64> = times.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    println!(
        "{what:<26} {:>8.0} ns {:>9.0} ns  {:.3}",
        median(|t| t.0),
        median(|t| t.1),
        median(|t| t.2)
    );
}

fn config(takeover: bool) -> Config {
    Config::new().server_no_context_takeover(!takeover)
}

fn compress(messages: &[String], level: u8, takeover: bool, rounds: usize) {
    let config = config(takeover).level(level);
    let offer = Extensions::parse(b"permessage-deflate").unwrap();
    let (params, _) = config.negotiate(offer).unwrap();
    let mut deflate = Deflate::new(i32::from(level), false, 15);
    let mut room = vec![0; 64 * 1024];
    let mut deflater = Deflater::new(Role::Server, params, config);
    let mut out = Vec::with_capacity(64 * 1024);
    let what = format!("{:>6} {level:>5} {takeover:<8} out", messages[0].len());
    race(
        &what,
        messages.len(),
        rounds,
        || {
            for message in messages {
                if !takeover {
                    deflate.reset();
                }
                let bytes = message.as_bytes();
                deflate.compress(bytes, &mut room, DeflateFlush::SyncFlush).expect("there is room");
                black_box(&room);
            }
        },
        || {
            let mut server = Encoder::server();
            for message in messages {
                out.clear();
                deflater.encode(&**message, &mut server, &mut out).expect("a Vec has room");
                black_box(&out);
            }
        },
    );
}

fn inflate(messages: &[String], takeover: bool, rounds: usize) {
    let config = config(takeover).min_len(0);
    let offer = Extensions::parse(b"permessage-deflate").unwrap();
    let (params, _) = config.negotiate(offer).unwrap();
    let mut deflater = Deflater::new(Role::Server, params, config);
    let (mut server, mut wire, mut payloads) = (Encoder::server(), Vec::new(), Vec::new());
    for message in messages {
        let start = wire.len();
        deflater.encode(&**message, &mut server, &mut wire).expect("a Vec has room");
        let header = if wire.len() - start < 128 { 2 } else { 4 };
        payloads.push(start + header..wire.len());
    }
    let shrunk = wire.len() as f64 / messages.iter().map(String::len).sum::<usize>() as f64;
    let mut room = vec![0; 64 * 1024];
    let (mut buf, mut scratch) = (wire.clone(), vec![0; 64 * 1024]);
    let parts = || {
        let limits = Limits::new();
        let client = Connection::client(limits, || [0; 4]).accept_compressed(true);
        (client, Inflater::new(Role::Client, params, limits))
    };
    let what = format!("{:>6}       {takeover:<8} in {shrunk:.2}", messages[0].len());
    race(
        &what,
        messages.len(),
        rounds,
        || {
            let mut raw = Inflate::new(false, 15);
            for payload in &payloads {
                let payload = &wire[payload.clone()];
                if !takeover {
                    raw.reset(false);
                }
                // The second of them is not on the wire.
                for bytes in [payload, &[0, 0, 0xFF, 0xFF][..]] {
                    raw.decompress(bytes, &mut room, InflateFlush::NoFlush).expect("it is DEFLATE");
                }
                black_box(&room);
            }
        },
        || {
            buf.copy_from_slice(&wire);
            let (mut client, mut inflater) = parts();
            let mut assembler = Assembler::new(Vec::new());
            let (mut input, mut count) = (&mut buf[..], 0);
            while let Some(event) = client.receive(&mut input) {
                let Event::Part(part) = event else { unreachable!() };
                let message = assembler.push_inflated(part, Some(&mut inflater), &mut scratch);
                if let Some(message) = message.expect("a Vec has room") {
                    assert!(matches!(message, Message::Text(_)));
                    black_box(message);
                    count += 1;
                }
            }
            assert_eq!(count, messages.len());
        },
    );
}
