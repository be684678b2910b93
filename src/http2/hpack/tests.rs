//! The examples of the standard (Appendix C), with what the table holds after each.

use std::string::String;
use std::vec::Vec;

use super::fixed::{STATIC_LEN, StaticEntry};
use super::{Decoder, Encoder};
use crate::http2::{Error, HeaderField};

/// A block in hexadecimal digits, its fields, and the table after it from the newest entry on.
type Example = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [(&'static str, &'static str)],
    u32,
);

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.as_chunks().0.iter().map(|[high, low]| high << 4 | low).collect()
}

/// Decodes `block` in pieces of `len` bytes.
fn decode(
    decoder: &mut Decoder<Vec<u8>>,
    block: &[u8],
    len: usize,
) -> Result<Vec<(String, String)>, Error> {
    let (mut fields, mut buffer) = (Vec::new(), Vec::new());
    for mut input in block.chunks(len) {
        while let Some(field) = decoder.decode(&mut input, &mut buffer, 10_000)? {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it is text");
            fields.push((text(field.name), text(field.value)));
        }
        assert!(input.is_empty());
    }
    decoder.end_block().map(|()| fields)
}

fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// Decodes the blocks of one connection however they are cut.
fn check(table_size: u32, examples: &[Example]) {
    for len in [1, 2, 3, 5, 1000] {
        let mut decoder = Decoder::new(Vec::new(), table_size);
        decoder.table.set_max_size(table_size);
        for (block, fields, entries, size) in examples {
            let found = decode(&mut decoder, &bytes(block), len);
            assert_eq!(found, Ok(owned(fields)), "{block} by {len}");
            assert_eq!(decoder.table_entries(), owned(entries), "{block} by {len}");
            assert_eq!(decoder.table.size(), *size, "{block} by {len}");
        }
    }
}

impl Decoder<Vec<u8>> {
    fn table_entries(&self) -> Vec<(String, String)> {
        let entries = (0..).map_while(|index| self.table.entry(index));
        let text = |entry: super::table::EntryText<'_>| {
            let text = String::from_utf8([entry.head, entry.tail].concat()).expect("it is text");
            (text[..entry.name_len].into(), text[entry.name_len..].into())
        };
        entries.map(text).collect()
    }
}

const REQUEST_FIELDS: [&[(&str, &str)]; 3] = [
    &[(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")],
    &[
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "www.example.com"),
        ("cache-control", "no-cache"),
    ],
    &[
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/index.html"),
        (":authority", "www.example.com"),
        ("custom-key", "custom-value"),
    ],
];

const REQUEST_TABLES: [(&[(&str, &str)], u32); 3] = [
    (&[(":authority", "www.example.com")], 57),
    (&[("cache-control", "no-cache"), (":authority", "www.example.com")], 110),
    (
        &[
            ("custom-key", "custom-value"),
            ("cache-control", "no-cache"),
            (":authority", "www.example.com"),
        ],
        164,
    ),
];

const COOKIE: &str = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";

const RESPONSE_FIELDS: [&[(&str, &str)]; 3] = [
    &[
        (":status", "302"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("location", "https://www.example.com"),
    ],
    &[
        (":status", "307"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("location", "https://www.example.com"),
    ],
    &[
        (":status", "200"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
        ("location", "https://www.example.com"),
        ("content-encoding", "gzip"),
        ("set-cookie", COOKIE),
    ],
];

const RESPONSE_TABLES: [(&[(&str, &str)], u32); 3] = [
    (
        &[
            ("location", "https://www.example.com"),
            ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("cache-control", "private"),
            (":status", "302"),
        ],
        222,
    ),
    (
        &[
            (":status", "307"),
            ("location", "https://www.example.com"),
            ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("cache-control", "private"),
        ],
        222,
    ),
    (
        &[
            ("set-cookie", COOKIE),
            ("content-encoding", "gzip"),
            ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
        ],
        215,
    ),
];

fn connection(
    blocks: [&'static str; 3],
    fields: [&'static [(&'static str, &'static str)]; 3],
    tables: [(&'static [(&'static str, &'static str)], u32); 3],
) -> [Example; 3] {
    let mut parts = blocks.into_iter().zip(fields).zip(tables);
    [(); 3].map(|()| {
        let ((block, fields), (entries, size)) = parts.next().expect("there are three");
        (block, fields, entries, size)
    })
}

/// Appendix C.2.
#[test]
fn single_fields() {
    let custom = &[("custom-key", "custom-header")];
    check(
        4096,
        &[("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", custom, custom, 55)],
    );
    check(4096, &[("040c 2f73 616d 706c 652f 7061 7468", &[(":path", "/sample/path")], &[], 0)]);
    check(
        4096,
        &[("1008 7061 7373 776f 7264 0673 6563 7265 74", &[("password", "secret")], &[], 0)],
    );
    check(4096, &[("82", &[(":method", "GET")], &[], 0)]);
}

/// Appendix C.3 and C.4.
#[test]
fn requests() {
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let coded = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    check(4096, &connection(plain, REQUEST_FIELDS, REQUEST_TABLES));
    check(4096, &connection(coded, REQUEST_FIELDS, REQUEST_TABLES));
}

/// Appendix C.5 and C.6, with a table of 256 bytes.
#[test]
fn responses() {
    let plain = [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a
         3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04
         677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49
         553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
    ];
    let coded = [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e
         919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7
         821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed
         4ee5 b106 3d50 07",
    ];
    check(256, &connection(plain, RESPONSE_FIELDS, RESPONSE_TABLES));
    check(256, &connection(coded, RESPONSE_FIELDS, RESPONSE_TABLES));
}

/// What the standard forbids, however it is cut.
#[test]
fn wrong_blocks_end_the_connection() {
    for (block, error) in [
        // §6.1: index 0, and beyond both tables.
        ("80", Error::Index),
        ("be", Error::Index),
        ("ff 00", Error::Index),
        ("7e 01 61", Error::Index),
        // §5.1.
        ("ff 80 80 80 80 80 00", Error::Integer),
        ("ff ff ff ff ff 7f", Error::Integer),
        // §5.2: eight bits of padding, padding of zeros, the end of a string.
        ("00 82 1f ff 00", Error::Huffman),
        ("00 81 18 00", Error::Huffman),
        ("00 84 ff ff ff ff 00", Error::Huffman),
        // §4.2, §6.3: over the limit, and after a field.
        ("3f e2 1f", Error::TableSize),
        ("82 20", Error::TableSize),
        // A block ends inside a field.
        ("40", Error::BlockTruncated),
        ("00 01", Error::BlockTruncated),
        ("00 01 61", Error::BlockTruncated),
        ("00 01 61 02 62", Error::BlockTruncated),
        ("ff", Error::BlockTruncated),
        // Over the caller's limit of 10 000 bytes.
        ("00 7f b2 4d", Error::HeadTooLong { limit: 10_000 }),
        ("00 01 61 7f 91 4e", Error::HeadTooLong { limit: 10_000 }),
        // 40 004 bytes of Huffman code are 10 001 bytes at least.
        ("00 ff c5 b7 02", Error::HeadTooLong { limit: 10_000 }),
    ] {
        for len in [1, 2, 3, 1000] {
            let mut decoder = Decoder::new(Vec::new(), 4096);
            assert_eq!(decode(&mut decoder, &bytes(block), len), Err(error), "{block} by {len}");
            let again = decode(&mut decoder, &[0x82], len);
            assert_eq!(again, Err(error), "errors are final");
        }
    }
}

/// §4.2: after a lower limit was acknowledged, a block has to begin with the size.
#[test]
fn a_lower_limit_has_to_be_obeyed() {
    let mut decoder = Decoder::new(Vec::new(), 100);
    assert_eq!(decode(&mut decoder, &[0x82], 1).map(|fields| fields.len()), Ok(1));
    decoder.settings_acknowledged();
    let mut obeying = decoder.clone();
    assert_eq!(decode(&mut decoder, &[0x82], 1), Err(Error::TableSize));
    // 0, and then 100.
    let fields = decode(&mut obeying, &bytes("20 3f 45 82"), 1);
    assert_eq!(fields, Ok(owned(&[(":method", "GET")])));
    assert_eq!(decode(&mut obeying.clone(), &bytes("3f 46"), 1), Err(Error::TableSize));
    assert_eq!(decode(&mut obeying, &[0x82], 1).map(|fields| fields.len()), Ok(1));
}

/// Until it knows our settings, a peer may fill 4096 bytes. What had no room is lost, and said to be.
#[test]
fn an_entry_without_room_is_lost_only_if_it_is_referred_to() {
    let mut decoder = Decoder::new(Vec::new(), 64);
    let fields = decode(&mut decoder, &bytes("40 01 61 01 62 40 01 63 01 64 be"), 1);
    assert_eq!(fields, Ok(owned(&[("a", "b"), ("c", "d"), ("c", "d")])));
    let after = |size| decode(&mut decoder.clone(), &bytes(&[size, "bf"].concat()), 1);
    assert_eq!(after(""), Err(Error::TableLost));
    // A peer that makes its table as small has no more than is here.
    assert_eq!([after("3f 45"), after("3f 21")], [Err(Error::TableLost), Err(Error::Index)]);
    let mut decoder = Decoder::new(Vec::new(), 64);
    assert_eq!(decode(&mut decoder, &bytes("3f 45 bf"), 1), Err(Error::Index), "nothing was lost");
}

/// Where an entry is takes 16 bits.
#[test]
fn no_table_is_larger_than_65536_bytes() {
    for size in [65_536, 65_537, u32::MAX] {
        assert_eq!(super::storage_len(size), 65_536 + 65_536 / 4);
        let mut decoder = Decoder::new(Vec::new(), size);
        assert_eq!(decoder.table_size(), 65_536);
        decoder.table.set_max_size(65_536);
        // As large as the table, so that its text begins after the first, and goes over the end.
        let long = std::vec![b'x'; 65_536 - 32 - 1];
        decoder.table.insert(b"a", b"b", 0);
        decoder.table.insert(b"c", &long, 0);
        let entry = decoder.table.entry(0).expect("it is there");
        assert_eq!((entry.name_len, entry.len(), entry.tail.is_empty()), (1, 65_504, true));
        decoder.table.insert(&long, b"d", 0);
        let entry = decoder.table.entry(0).expect("it is there");
        assert_eq!((entry.name_len, entry.len(), entry.tail.is_empty()), (65_503, 65_504, false));
        assert_eq!(decoder.table.size(), 65_536);
    }
}

/// §4.4: an entry that is larger than the table empties it.
#[test]
fn an_entry_larger_than_the_table_empties_it() {
    let mut decoder = Decoder::new(Vec::new(), 4096);
    // Size 40, then an entry of 34 bytes, then one of 43.
    let fields = decode(
        &mut decoder,
        &bytes("3f 09 40 01 61 01 62 40 01 63 0a 30 31 32 33 34 35 36 37 38 39"),
        1,
    );
    assert_eq!(fields.map(|fields| fields.len()), Ok(2));
    assert_eq!(decoder.table_entries(), []);
    assert_eq!(decode(&mut decoder, &[0xBE], 1), Err(Error::Index));
}

/// §4.4: the name of a new entry may be that of one that it drives out.
#[test]
fn a_name_may_come_from_an_entry_that_is_driven_out() {
    let mut decoder = Decoder::new(Vec::new(), 4096);
    let fields = decode(&mut decoder, &bytes("3f 09 40 01 61 01 62 7e 01 63 be"), 1);
    assert_eq!(fields, Ok(owned(&[("a", "b"), ("a", "c"), ("a", "c")])));
    let mut encoder = Encoder::new(Vec::new(), 40);
    let (mut block, mut decoder) = (Vec::new(), Decoder::new(Vec::new(), 4096));
    let fields = [("abc", "b"), ("abc", "c"), ("abc", "c"), ("abc", "b")];
    encoder.encode(&fields.iter(), &mut block).expect("a Vec has room");
    assert_eq!(decode(&mut decoder, &block, 2), Ok(owned(&fields)));
}

/// A buffer that is too short for a list has room for each of its fields.
#[test]
fn fields_without_room_displace_those_before() {
    use crate::{ArrayBuf, Buffer};
    // The name that is Huffman-coded has four letters: 15 bits of `aaa`, 6 of another, and padding.
    let block = bytes("40 03 61 61 61 03 62 62 62 83 00 83 18 c7 1f 03 64 64 64 be");
    for len in [1, 2, 1000] {
        let mut decoder = Decoder::new(Vec::new(), 4096);
        let mut buffer = ArrayBuf::<20>::new();
        let mut displaced = Vec::new();
        for mut input in block.chunks(len) {
            while let Some(field) =
                decoder.decode(&mut input, &mut buffer, 100).expect("it is right")
            {
                displaced.push((field.name.len(), field.value.len(), field.displaced));
            }
        }
        assert_eq!(
            displaced,
            [(3, 3, false), (7, 4, true), (4, 3, true), (3, 3, true)],
            "by {len}"
        );
        buffer.clear();
        let mut input = &[0x90, 0x00][..];
        let error = decoder.decode(&mut input, &mut buffer, 100);
        let full = Error::BufferFull { needed: 108 };
        assert_eq!(error, Err(full), "33 bytes have no room in 20");
    }
}

/// §4.2: the smallest size since the last block, and then the current one.
#[test]
fn changes_of_the_size_are_told() {
    let mut encoder = Encoder::new(Vec::new(), 4096);
    let block = |encoder: &mut Encoder<Vec<u8>>| {
        let mut block = Vec::new();
        encoder.encode(&[(":method", "GET")].iter(), &mut block).expect("a Vec has room");
        block
    };
    assert_eq!(block(&mut encoder), [0x82]);
    for (sizes, expected) in [
        (&[4096, 8192][..], "82"),
        (&[0], "20 82"),
        (&[0], "82"),
        (&[100], "3f 45 82"),
        (&[0, 100], "20 3f 45 82"),
        (&[50, 20, 30, 4096], "34 3f e1 1f 82"),
        (&[0, 1 << 20], "20 3f e1 1f 82"),
    ] {
        for &size in sizes {
            encoder.set_size_limit(size);
        }
        assert_eq!(block(&mut encoder), bytes(expected), "{sizes:?}");
        assert_eq!(block(&mut encoder), [0x82]);
    }
    // One that has less than the standard's size says so at once.
    assert_eq!(block(&mut Encoder::new(Vec::new(), 100)), bytes("3f 45 82"));
}

/// What is in a table is referred to, wherever it is, and nothing goes into the dynamic one that had better not.
#[test]
fn entries_are_found_wherever_they_are() {
    let mut encoder = Encoder::new(Vec::new(), 4096);
    let mut block = |name: &str, value: &str, sensitive| {
        let mut block = Vec::new();
        let field = HeaderField { name, value: value.as_bytes(), sensitive };
        encoder.encode(&[field].iter(), &mut block).expect("a Vec has room");
        block
    };
    block("x-a", "1", false);
    block("x-a", "2", false);
    assert_eq!(block("x-a", "1", false), [0xBF]);
    assert_eq!(block("x-a", "3", true)[..2], [0x1F, 62 - 15]);
    for _ in 0..2 {
        assert_eq!(block("content-length", "1", false)[..2], [0x0F, 28 - 15]);
    }
    // Its size is 4102.
    assert_eq!(block(&"n".repeat(4070), "", false)[0], 0);
    assert_eq!(block("authorization", "", false)[..2], [0x1F, 23 - 15]);
    assert_eq!(block("x-a", "2", false), [0xBE]);
    // The first one goes into the table for the sake of its name.
    assert_eq!(block("traceparent", "1", false)[0], 0x40);
    assert_eq!(block("traceparent", "2", false)[..2], [0x0F, 62 - 15]);
    let names: Vec<_> =
        (1..=STATIC_LEN).filter_map(StaticEntry::get).map(StaticEntry::name).collect();
    for name in &names {
        let name = core::str::from_utf8(name).expect("it is ASCII");
        let index = 1 + names.iter().position(|n| *n == name.as_bytes()).expect("it is one") as u8;
        let expected = if index < 15 { [0x10 + index, 1] } else { [0x1F, index - 15] };
        assert_eq!(block(name, "~", true)[..2], expected, "{name}");
    }
}

/// After more entries than the table can have, the ring of records begins again.
#[test]
fn tables_stay_the_same_for_ever() {
    for size in [4096, 1 << 15] {
        let mut encoder = Encoder::new(Vec::new(), size);
        encoder.set_size_limit(size);
        let mut decoder = Decoder::new(Vec::new(), size);
        decoder.settings_acknowledged();
        for n in 0..2000_usize {
            let text =
                |n: usize| (std::format!("x-{}", n % 7), "v".repeat(n % 40) + &std::format!("{n}"));
            let fields: Vec<_> = (n.saturating_sub(3)..n + n % 30).map(text).collect();
            let fields: Vec<_> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
            let mut block = Vec::new();
            encoder.encode(&fields.iter(), &mut block).expect("a Vec has room");
            assert_eq!(decode(&mut decoder, &block, 1 + n % 99), Ok(owned(&fields)), "{n}");
        }
    }
}

/// A field is as long as its name and value, wherever they are from.
#[test]
fn the_limit_of_a_field_holds_to_the_byte() {
    for (block, len) in [
        ("82", 10),
        ("be", 3),
        ("0f 2f 01 64", 2),
        ("01 01 61", 11),
        ("00 01 61 00", 1),
        ("00 01 61 02 62 63", 3),
        ("00 81 1f 81 1f", 2),
    ] {
        let mut decoder = Decoder::new(Vec::new(), 4096);
        decode(&mut decoder, &bytes("40 01 61 02 62 63"), 9).expect("a: bc");
        for (cut, limit) in [(1, len), (1, len - 1), (9, len), (9, len - 1)] {
            let (mut decoder, mut buffer, mut found) = (decoder.clone(), Vec::new(), Ok(false));
            for mut input in bytes(block).chunks(cut) {
                let field = decoder.decode(&mut input, &mut buffer, limit);
                found = found.and_then(|found| Ok(field?.is_some() || found));
            }
            let expected = if limit == len { Ok(true) } else { Err(Error::HeadTooLong { limit }) };
            assert_eq!(found, expected, "{block} by {cut}");
        }
    }
}

/// Whether there is room does not depend on how a block is cut, nor does what is displaced.
#[test]
fn buffers_of_any_length_hold_the_same_however_a_block_is_cut() {
    let block = bytes("82 be 0f 2f 01 64 00 01 61 02 62 63 00 81 1f 81 1f 0f 2f 81 1f");
    for room in 0..80 {
        let run = |cut| {
            let mut decoder = Decoder::new(Vec::new(), 4096);
            decode(&mut decoder, &bytes("40 09 61 61 61 61 61 61 61 61 61 02 62 63"), 99)?;
            let (mut storage, mut fields) = (std::vec![0; room], Vec::new());
            let mut buffer = crate::SliceBuf::new(&mut storage);
            for mut input in block.chunks(cut) {
                while let Some(field) = decoder.decode(&mut input, &mut buffer, 50)? {
                    fields.push((field.name.to_vec(), field.value.to_vec(), field.displaced));
                }
            }
            decoder.end_block().map(|()| fields)
        };
        assert_eq!(run(1), run(99), "{room}");
        assert_eq!(run(1).is_ok(), room >= 8 + 11, "{room}");
    }
}
