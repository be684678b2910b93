//! What every buffer does, and what only those that allocate do.

use super::*;

fn appends_all_or_nothing(buf: &mut impl Buffer) {
    buf.try_append(b"abc").unwrap();
    buf.try_grow(1).unwrap().copy_from_slice(b"d");
    buf.try_append_both(b"", b"e").unwrap();
    assert_eq!(buf.as_slice(), b"abcde");
    assert_eq!(buf.as_mut_slice(), b"abcde");
    buf.as_mut_slice()[4] = b'E';
    assert_eq!(buf.as_slice(), b"abcdE");
    buf.truncate(9);
    assert_eq!(buf.as_slice(), b"abcdE");
    buf.truncate(1);
    assert_eq!(buf.as_slice(), b"a");
    buf.clear();
    assert_eq!(buf.as_slice(), b"");
    buf.try_append(b"abc").unwrap();
    buf.free();
    assert_eq!(buf.as_slice(), b"");
    buf.try_append_both(b"fg", b"hi").unwrap();
    buf.try_append_both(b"j", b"").unwrap();
    assert_eq!(buf.as_slice(), b"fghij");
}

#[test]
fn every_implementation_behaves_alike() {
    let mut bytes = [0; 5];
    appends_all_or_nothing(&mut SliceBuf::new(&mut bytes));
    appends_all_or_nothing(&mut &mut SliceBuf::new(&mut bytes));
    #[cfg(feature = "alloc")]
    appends_all_or_nothing(&mut Vec::new());
    #[cfg(feature = "bytes")]
    appends_all_or_nothing(&mut bytes::BytesMut::new());
}

#[test]
fn a_slice_that_is_full_stays_as_it_was() {
    let mut bytes = [0; 4];
    let mut buf = SliceBuf::new(&mut bytes);
    buf.try_append(b"abc").unwrap();
    assert_eq!(buf.try_append(b"de"), Err(BufferFull { needed: 5 }));
    assert_eq!(buf.try_append_both(b"d", b"ef"), Err(BufferFull { needed: 6 }));
    assert_eq!(buf.try_grow(usize::MAX), Err(BufferFull { needed: usize::MAX }));
    assert_eq!(buf.as_slice(), b"abc");
    buf.try_append(b"d").unwrap();
    assert_eq!(buf.as_slice(), b"abcd");
}

#[test]
#[cfg(feature = "alloc")]
fn memory_can_be_given_back() {
    let mut buf = Vec::with_capacity(9);
    (&mut &mut buf).free();
    assert_eq!(buf.capacity(), 0);
    #[cfg(feature = "bytes")]
    {
        let mut buf = bytes::BytesMut::with_capacity(9);
        buf.free();
        assert_eq!(buf.capacity(), 0);
    }
}

#[test]
#[cfg(feature = "alloc")]
fn memory_that_runs_out_is_an_error() {
    let mut buf = Vec::new();
    assert_eq!(buf.try_grow(usize::MAX), Err(BufferFull { needed: usize::MAX }));
    assert_eq!(buf, []);
}

#[test]
#[cfg(feature = "bytes")]
fn a_header_and_its_payload_are_given_room_for_both_and_not_much_more() {
    let mut bytes = bytes::BytesMut::new();
    bytes.try_append_both(&[0; 14], &[0; 1000]).unwrap();
    // The allocator may round up, but not to a multiple.
    assert!(bytes.capacity() < 2 * 1014, "{}", bytes.capacity());
}

#[test]
#[cfg(feature = "bytes")]
fn what_no_memory_could_hold_is_an_error() {
    let needed = usize::MAX / 2 + 1;
    assert_eq!(bytes::BytesMut::new().try_grow(needed), Err(BufferFull { needed }));
}
