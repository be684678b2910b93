//! The Huffman code (RFC 7541 §5.2, Appendix B).
//!
//! The code is canonical: shorter codes come first, and those of one length are in the order of their
//! symbols. So all tables follow from the lengths, when this is compiled.

use crate::http2::Error;

/// The length in bits of every symbol's code. The last symbol ends a string, and must not be sent.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11,
    10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8,
    15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5,
    6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
    7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
    23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21,
    23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25,
    26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26,
    28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

/// No code is longer, in bits.
const MAX_LEN: u32 = 30;
/// No code is shorter, in bits.
const MIN_LEN: usize = 5;
/// The symbol that ends a string.
const EOS: u16 = 256;
/// Codes up to that many bits are found with one look into [`SHORT`].
const SHORT_LEN: u32 = 9;
/// How many short codes are certainly in what is held after more was read.
const AT_ONCE: usize = 6;

/// A symbol's code, in the lowest bits.
#[derive(Clone, Copy)]
struct Code {
    bits: u32,
    len: u8,
}

/// The code of every symbol.
static CODES: [Code; 257] = codes();

/// What the next nine bits begin with: a symbol, and eight bits further up the length of its code. 0 if
/// the code is longer.
static SHORT: [u16; 1 << SHORT_LEN] = short();

/// Where the codes of one length lie.
#[derive(Clone, Copy)]
struct LongCodes {
    /// The first code that is longer, as the highest bits of 32. 0 stands for 2³².
    end: u32,
    /// The first code of this length.
    first: u32,
    /// Where its symbol is in [`SYMBOLS`].
    at: u16,
}

/// For every length from [`SHORT_LEN`] + 1 on.
static LONG: [LongCodes; (MAX_LEN - SHORT_LEN) as usize] = long();

/// The symbols in the order of their codes.
static SYMBOLS: [u16; 257] = symbols();

#[expect(clippy::indexing_slicing, reason = "evaluated when this is compiled")]
const fn symbols() -> [u16; 257] {
    let mut symbols = [0; 257];
    let (mut at, mut len) = (0, 0);
    while len as u32 <= MAX_LEN {
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] == len {
                symbols[at] = symbol as u16;
                at += 1;
            }
            symbol += 1;
        }
        len += 1;
    }
    symbols
}

#[expect(clippy::indexing_slicing, reason = "evaluated when this is compiled")]
const fn codes() -> [Code; 257] {
    let symbols = symbols();
    let mut codes = [Code { bits: 0, len: 0 }; 257];
    let (mut at, mut next, mut before) = (0, 0_u64, 0);
    while at < symbols.len() {
        let symbol = symbols[at] as usize;
        let len = LENGTHS[symbol];
        next <<= len - before;
        codes[symbol] = Code { bits: next as u32, len };
        next += 1;
        before = len;
        at += 1;
    }
    codes
}

#[expect(clippy::indexing_slicing, reason = "evaluated when this is compiled")]
const fn short() -> [u16; 1 << SHORT_LEN] {
    let codes = codes();
    let mut short = [0; 1 << SHORT_LEN];
    let mut symbol = 0;
    while symbol < codes.len() {
        let Code { bits, len } = codes[symbol];
        if len as u32 <= SHORT_LEN {
            let free = SHORT_LEN - len as u32;
            let mut rest = 0;
            while rest < 1 << free {
                short[((bits << free) + rest) as usize] = (len as u16) << 8 | symbol as u16;
                rest += 1;
            }
        }
        symbol += 1;
    }
    short
}

#[expect(clippy::indexing_slicing, reason = "evaluated when this is compiled")]
const fn long() -> [LongCodes; (MAX_LEN - SHORT_LEN) as usize] {
    let (codes, symbols) = (codes(), symbols());
    let mut long = [LongCodes { end: 0, first: 0, at: 0 }; (MAX_LEN - SHORT_LEN) as usize];
    let mut at = 0;
    let mut end = 0;
    let mut len = 1;
    while len <= MAX_LEN {
        let begin = at;
        while at < symbols.len() && codes[symbols[at] as usize].len as u32 == len {
            end = (codes[symbols[at] as usize].bits as u64 + 1) << (32 - len);
            at += 1;
        }
        if len > SHORT_LEN {
            let first = if at > begin { codes[symbols[begin] as usize].bits } else { 0 };
            long[(len - SHORT_LEN - 1) as usize] =
                LongCodes { end: end as u32, first, at: begin as u16 };
        }
        len += 1;
    }
    long
}

/// The longest text that `len` bytes can decode to, with what was left of those before.
#[inline]
pub(super) const fn max_decoded_len(len: usize) -> usize {
    len.saturating_mul(8).saturating_add(MAX_LEN as usize) / MIN_LEN
}

/// The shortest text that `len` bytes can decode to.
pub(super) const fn min_decoded_len(len: u32) -> u32 {
    len / 4
}

/// The bits that were taken of a text and not decoded: a part of a code, or the padding.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HuffmanBits {
    /// The highest bits. The others are 0.
    bits: u32,
    len: u8,
}

impl HuffmanBits {
    pub(super) const NONE: Self = Self { bits: 0, len: 0 };

    /// Decodes the next bytes of a text, all of them. Returns how many bytes of `out` that made, which
    /// needs room for [`max_decoded_len`] of them.
    #[inline]
    pub(super) fn decode(&mut self, mut input: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let mut bits = u64::from(self.bits) << 32;
        let mut len = u32::from(self.len);
        let mut written = 0;
        loop {
            if let Some(&next) = input.first_chunk() {
                // Bits after `len` are read again in the next round, and are the same then.
                bits |= u64::from_be_bytes(next) >> len;
                let taken = (63 - len) / 8;
                input = input.get(taken as usize..).unwrap_or_default();
                len += taken * 8;
            } else {
                while let (0..=56, Some((&next, rest))) = (len, input.split_first()) {
                    bits |= u64::from(next) << (56 - len);
                    len += 8;
                    input = rest;
                }
            }
            if len >= SHORT_LEN * AT_ONCE as u32
                && let Some(to) = out.get_mut(written..).and_then(|out| out.first_chunk_mut())
            {
                let to: &mut [u8; AT_ONCE] = to;
                for to in to {
                    let Some((symbol, taken)) = short_symbol(bits) else { break };
                    *to = symbol;
                    bits <<= taken;
                    len -= taken;
                    written += 1;
                }
            }
            // No code is longer than `MAX_LEN`, so the next one is complete.
            while len >= MAX_LEN {
                let (symbol, taken) = first_symbol(bits)?;
                *out.get_mut(written).ok_or(Error::Huffman)? = symbol;
                bits <<= taken;
                len -= taken;
                written += 1;
            }
            if input.is_empty() {
                break;
            }
        }
        // The last codes may be cut, or padding.
        while let Ok((symbol, taken)) = first_symbol(bits)
            && taken <= len
        {
            *out.get_mut(written).ok_or(Error::Huffman)? = symbol;
            bits <<= taken;
            len -= taken;
            written += 1;
        }
        *self = Self { bits: (bits >> 32) as u32, len: len as u8 };
        Ok(written)
    }

    /// Checks that a text may end here: what is left is the beginning of the code that ends a string, and
    /// shorter than a byte.
    #[inline]
    pub(super) const fn check_padding(self) -> Result<(), Error> {
        if self.len < 8 && self.bits.leading_ones() == self.len as u32 {
            Ok(())
        } else {
            Err(Error::Huffman)
        }
    }
}

/// The symbol that `bits` begin with, and the length of its code.
#[inline(always)]
fn first_symbol(bits: u64) -> Result<(u8, u32), Error> {
    match short_symbol(bits) {
        Some(short) => Ok(short),
        None => first_long_symbol(bits),
    }
}

/// Likewise, if the code is short.
#[inline(always)]
fn short_symbol(bits: u64) -> Option<(u8, u32)> {
    let short = *SHORT.get((bits >> (64 - SHORT_LEN)) as usize)?;
    if short == 0 { None } else { Some((short as u8, u32::from(short >> 8))) }
}

#[inline(never)]
fn first_long_symbol(bits: u64) -> Result<(u8, u32), Error> {
    let top = (bits >> 32) as u32;
    for (len, codes) in (SHORT_LEN + 1..).zip(&LONG) {
        if top < codes.end || codes.end == 0 {
            let index = (top >> (32 - len)) - codes.first;
            let symbol = SYMBOLS.get(usize::from(codes.at) + index as usize).copied();
            let symbol = symbol.filter(|&symbol| symbol != EOS).ok_or(Error::Huffman)?;
            return Ok((symbol as u8, len));
        }
    }
    Err(Error::Huffman)
}

/// Length in bytes of `text` when it is encoded.
#[inline]
pub(super) fn encoded_len(text: &[u8]) -> usize {
    let len_of = |&b: &u8| LENGTHS.get(usize::from(b)).map_or(0, |&len| u64::from(len));
    let bits: u64 = text.iter().map(len_of).sum();
    usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX)
}

/// Encodes `text` to `out`, which has to be [`encoded_len`] long.
#[inline]
pub(super) fn encode(text: &[u8], mut out: &mut [u8]) {
    let mut bits = 0_u64;
    let mut free = 64;
    for &byte in text {
        let Some(&Code { bits: code, len }) = CODES.get(usize::from(byte)) else { return };
        free -= u32::from(len);
        bits |= u64::from(code) << free;
        if free <= 32 {
            let [a, b, c, d, ..] = bits.to_be_bytes();
            if let Some(to) = out.split_off_mut(..4) {
                to.copy_from_slice(&[a, b, c, d]);
            }
            bits <<= 32;
            free += 32;
        }
    }
    // Padding is the beginning of the code that ends a string: all ones.
    bits |= u64::MAX >> (64 - free);
    let bytes = bits.to_be_bytes();
    let len = out.len().min(bytes.len());
    for (to, byte) in out.iter_mut().zip(bytes).take(len) {
        *to = byte;
    }
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use super::*;

    fn encoded(text: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; encoded_len(text)];
        encode(text, &mut bytes);
        bytes
    }

    fn decoded(pieces: &[&[u8]]) -> Result<Vec<u8>, Error> {
        let mut bits = HuffmanBits::NONE;
        let mut text = Vec::new();
        for piece in pieces {
            let mut room = vec![0; max_decoded_len(piece.len())];
            let len = bits.decode(piece, &mut room)?;
            room.truncate(len);
            text.append(&mut room);
        }
        bits.check_padding()?;
        Ok(text)
    }

    /// Codes of Appendix B, one at least of every length that has some.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (symbol, bits, len) in [
            (b'0', 0x0, 5),
            (b't', 0x9, 5),
            (b' ', 0x14, 6),
            (b'u', 0x2d, 6),
            (b':', 0x5c, 7),
            (b'z', 0x7b, 7),
            (b'&', 0xf8, 8),
            (b'Z', 0xfd, 8),
            (b'!', 0x3f8, 10),
            (b'?', 0x3fc, 10),
            (b'|', 0x7fc, 11),
            (b'#', 0xffa, 12),
            (0, 0x1ff8, 13),
            (b'~', 0x1ffd, 13),
            (b'^', 0x3ffc, 14),
            (b'<', 0x7ffc, 15),
            (b'\\', 0x7_fff0, 19),
            (128, 0xf_ffe6, 20),
            (153, 0x1f_ffdc, 21),
            (129, 0x3f_ffd2, 22),
            (1, 0x7f_ffd8, 23),
            (9, 0xff_ffea, 24),
            (199, 0x1ff_ffec, 25),
            (192, 0x3ff_ffe0, 26),
            (203, 0x7ff_ffde, 27),
            (2, 0xfff_ffe2, 28),
            (10, 0x3fff_fffc, 30),
            (22, 0x3fff_fffe, 30),
        ] {
            let code = CODES[usize::from(symbol)];
            assert_eq!((code.bits, code.len), (bits, len), "{symbol}");
        }
        assert_eq!((CODES[256].bits, CODES[256].len), (0x3fff_ffff, 30));
    }

    /// The examples of Appendix C.4 and C.6.
    #[test]
    fn the_examples_of_the_standard_go_both_ways() {
        for (text, bytes) in [
            ("www.example.com", &b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"[..]),
            ("no-cache", b"\xa8\xeb\x10\x64\x9c\xbf"),
            ("custom-key", b"\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f"),
            ("custom-value", b"\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf"),
            ("302", b"\x64\x02"),
            ("private", b"\xae\xc3\x77\x1a\x4b"),
            ("", b""),
        ] {
            assert_eq!(encoded(text.as_bytes()), bytes, "{text}");
            assert_eq!(decoded(&[bytes]).as_deref(), Ok(text.as_bytes()));
        }
    }

    #[test]
    fn every_pair_of_symbols_comes_back_however_it_is_cut() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let text = [first, second, b'a', first];
                let bytes = encoded(&text);
                assert_eq!(decoded(&[&bytes]).as_deref(), Ok(&text[..]));
                if second % 16 == 0 {
                    let single: Vec<&[u8]> = bytes.chunks(1).collect();
                    assert_eq!(decoded(&single).as_deref(), Ok(&text[..]));
                    for at in 0..=bytes.len() {
                        let (head, tail) = bytes.split_at(at);
                        assert_eq!(decoded(&[head, tail]).as_deref(), Ok(&text[..]));
                    }
                }
            }
        }
    }

    #[test]
    fn wrong_padding_is_refused() {
        // `0` is 00000 and `a` is 00011.
        assert_eq!(decoded(&[&[0b0000_0111]]).as_deref(), Ok(&b"0"[..]));
        for bytes in [
            &[0b0000_0110][..],
            &[0b0000_0000],
            &[0b0000_0111, 0xFF],
            &[0xFF],
            &[0xFF; 3],
            &[0xFF; 4],
            &[0xFF; 8],
            &[0xFF; 40],
        ] {
            for pieces in [vec![bytes], bytes.chunks(1).collect()] {
                assert_eq!(decoded(&pieces), Err(Error::Huffman), "{bytes:X?}");
            }
        }
    }
}
