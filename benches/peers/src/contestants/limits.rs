//! The least that the machine could do for each task. Delivers nothing but a count.

use std::hint::black_box;
use std::rc::Rc;

use bytes::Bytes;

use super::{Contestant, Kind};
use crate::wire::{Content, Wire};
use crate::{BUFFER, recv};

/// Copies each read and unmasks it as if it were one frame. Text is validated as if it were one message.
///
/// A message longer than a buffer is copied to where it can stay.
pub fn receive(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let len = wire.payloads.len() / wire.items as usize;
    let mut buf = vec![0; len.next_multiple_of(BUFFER)];
    let is_text = wire.content != Content::Binary;
    let name = if is_text { "copy + XOR + simdutf8" } else { "copy + XOR" };
    Contestant::new(Kind::Limit, name, move |sink| {
        for (n, read) in wire.reads().enumerate() {
            let at = n * BUFFER % buf.len();
            let input = recv(read, &mut buf[at..]);
            xor(input);
            black_box(input);
        }
        if is_text {
            simdutf8::basic::from_utf8(black_box(&wire.payloads)).expect("it is text");
        }
        sink.items += wire.items;
    })
}

/// Unmasks with the widest registers of the machine, whatever the build was compiled for.
fn xor(bytes: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2(bytes: &mut [u8]) {
            xor_words(bytes);
        }
        #[target_feature(enable = "avx512f,avx512bw")]
        fn avx512(bytes: &mut [u8]) {
            xor_words(bytes);
        }
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
            // SAFETY: the CPU has it, as was just checked.
            return unsafe { avx512(bytes) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the CPU has it, as was just checked.
            return unsafe { avx2(bytes) };
        }
    }
    xor_words(bytes);
}

#[inline]
fn xor_words(bytes: &mut [u8]) {
    for word in bytes.as_chunks_mut::<8>().0 {
        *word = (u64::from_ne_bytes(*word) ^ 0x37FA_213D_37FA_213D).to_ne_bytes();
    }
}

/// Copies each read.
pub fn copy(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut buf = vec![0; BUFFER];
    Contestant::new(Kind::Limit, "memcpy", move |sink| {
        for read in wire.reads() {
            black_box(recv(read, &mut buf));
        }
        sink.items += wire.items;
    })
}

/// Looks for line ends in each read.
pub fn lines(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut buf = vec![0; BUFFER];
    Contestant::new(Kind::Limit, "copy + memchr", move |sink| {
        let mut lines = 0;
        for read in wire.reads() {
            lines += memchr::memchr_iter(b'\n', recv(read, &mut buf)).count();
        }
        assert_eq!(lines as u64, 2 * wire.items);
        sink.items += wire.items;
    })
}

/// Looks for the NUL after each frame.
pub fn nul(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut buf = vec![0; wire.read_len];
    Contestant::new(Kind::Limit, "copy + memchr", move |sink| {
        let mut frames = 0;
        for read in wire.reads() {
            frames += memchr::memchr_iter(0, recv(read, &mut buf)).count();
        }
        assert_eq!(frames as u64, wire.items);
        sink.items += wire.items;
    })
}

/// Copies each payload.
pub fn send(messages: &Rc<[Bytes]>) -> Contestant {
    let messages = Rc::clone(messages);
    let mut out = Vec::with_capacity(BUFFER);
    Contestant::new(Kind::Limit, "memcpy", move |sink| {
        out.clear();
        for message in &*messages {
            out.extend_from_slice(message);
        }
        black_box(&out);
        sink.items += messages.len() as u64;
    })
}
