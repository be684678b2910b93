//! nghttp2 reads what our encoder wrote.
#![allow(unsafe_code, reason = "it is a library in C")]

use std::{mem, ptr, slice};

use hpack_stories::encoded::{Field, connections};
use libnghttp2_sys as sys;

struct Inflater(*mut sys::nghttp2_hd_inflater);

impl Inflater {
    fn new() -> Self {
        let mut inflater = ptr::null_mut();
        // SAFETY: the pointer is written to.
        let result = unsafe { sys::nghttp2_hd_inflate_new(&mut inflater) };
        assert_eq!(result, 0);
        Self(inflater)
    }

    /// Tells it what was sent as SETTINGS_HEADER_TABLE_SIZE.
    fn set_limit(&mut self, limit: u32) {
        // SAFETY: it was made by `nghttp2_hd_inflate_new`.
        let result = unsafe { sys::nghttp2_hd_inflate_change_table_size(self.0, limit as usize) };
        assert_eq!(result, 0);
    }

    fn inflate(&mut self, mut block: &[u8]) -> Vec<Field> {
        let mut fields = Vec::new();
        loop {
            // SAFETY: it holds integers and pointers.
            let mut field: sys::nghttp2_nv = unsafe { mem::zeroed() };
            let mut flags = 0;
            // SAFETY: the slice is as long as is said.
            let taken = unsafe {
                sys::nghttp2_hd_inflate_hd2(
                    self.0,
                    &mut field,
                    &mut flags,
                    block.as_ptr(),
                    block.len(),
                    1,
                )
            };
            block = &block[usize::try_from(taken).expect("nghttp2 accepts it")..];
            if flags & sys::NGHTTP2_HD_INFLATE_EMIT as i32 != 0 {
                // SAFETY: both are valid until the next call.
                let (name, value) = unsafe {
                    (
                        slice::from_raw_parts(field.name, field.namelen),
                        slice::from_raw_parts(field.value, field.valuelen),
                    )
                };
                let name = str::from_utf8(name).expect("names are text here");
                fields.push((name.to_owned(), value.to_vec()));
            }
            if flags & sys::NGHTTP2_HD_INFLATE_FINAL as i32 != 0 {
                // SAFETY: the block is over.
                unsafe { sys::nghttp2_hd_inflate_end_headers(self.0) };
                return fields;
            }
        }
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        // SAFETY: it was made by `nghttp2_hd_inflate_new`.
        unsafe { sys::nghttp2_hd_inflate_del(self.0) };
    }
}

#[test]
fn nghttp2_reads_what_is_encoded_here() {
    for (number, connection) in connections().enumerate() {
        let mut inflater = Inflater::new();
        for (at, encoded) in connection.iter().enumerate() {
            for &limit in &encoded.limits {
                inflater.set_limit(limit);
            }
            assert!(inflater.inflate(&encoded.block) == encoded.fields, "{number}, block {at}");
        }
    }
}
