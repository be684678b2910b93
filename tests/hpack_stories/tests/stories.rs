//! What fourteen encoders wrote is decoded however it is cut, and what is encoded here comes back.

use framewright::http2::hpack::{Decoder, Encoder};
use hpack_stories::{Story, files};

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// The fields of a block that comes in pieces of `len` bytes.
fn decode(decoder: &mut Decoder<Vec<u8>>, block: &[u8], len: usize) -> Fields {
    let mut fields = Vec::new();
    let mut buffer = Vec::new();
    for mut input in block.chunks(len) {
        while let Some(field) =
            decoder.decode(&mut input, &mut buffer, 1 << 20).expect("it is right")
        {
            fields.push((field.name.to_vec(), field.value.to_vec()));
        }
        assert!(input.is_empty());
    }
    decoder.end_block().expect("it is whole");
    fields
}

fn owned(fields: &[(&str, &str)]) -> Fields {
    fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

#[test]
fn what_others_encoded_is_decoded_however_it_is_cut() {
    for file in files() {
        let story = Story::read(&file);
        for len in [1, 2, 3, 5, 7, 64, usize::MAX] {
            let mut decoder = Decoder::new(Vec::new(), story.table_size());
            decoder.settings_acknowledged();
            for (number, case) in story.cases.iter().enumerate() {
                let fields = decode(&mut decoder, &case.block(), len);
                assert_eq!(fields, owned(&case.fields()), "{} {number} by {len}", file.display());
            }
        }
    }
}

#[test]
fn what_is_encoded_here_comes_back() {
    let files = files();
    // All encoders wrote the same fields.
    for file in
        files.iter().filter(|file| file.parent().is_some_and(|dir| dir.ends_with("nghttp2")))
    {
        let story = Story::read(file);
        for table_size in [0, 100, 1000, 4096] {
            let mut encoder = Encoder::new(Vec::new(), table_size);
            let mut decoder = Decoder::new(Vec::new(), 4096);
            decoder.settings_acknowledged();
            for case in &story.cases {
                let mut block = Vec::new();
                encoder.encode(&case.fields().iter(), &mut block).expect("a Vec has room");
                let fields = decode(&mut decoder, &block, 16);
                assert_eq!(fields, owned(&case.fields()), "{}", file.display());
            }
        }
    }
}
