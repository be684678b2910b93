//! HPACK of nghttp2.
#![allow(unsafe_code, reason = "it is a library in C")]

use std::ptr;

use libnghttp2_sys as sys;

/// A list of fields as nghttp2 takes it.
pub fn fields(list: &[(String, String)]) -> Vec<sys::nghttp2_nv> {
    let field = |(name, value): &(String, String)| sys::nghttp2_nv {
        // It does not write there.
        name: leak(name),
        value: leak(value),
        namelen: name.len(),
        valuelen: value.len(),
        flags: 0,
    };
    list.iter().map(field).collect()
}

fn leak(text: &str) -> *mut u8 {
    Box::leak(text.to_owned().into_boxed_str()).as_mut_ptr()
}

pub struct Deflater(*mut sys::nghttp2_hd_deflater);

impl Deflater {
    pub fn new() -> Self {
        let mut deflater = ptr::null_mut();
        // SAFETY: the pointer is written to.
        let result = unsafe { sys::nghttp2_hd_deflate_new(&mut deflater, 4096) };
        assert_eq!(result, 0);
        Self(deflater)
    }

    pub fn deflate(&mut self, fields: &mut [sys::nghttp2_nv], out: &mut [u8]) -> usize {
        // SAFETY: both slices are as long as is said, and the strings live as long as the program.
        let len = unsafe {
            sys::nghttp2_hd_deflate_hd(
                self.0,
                out.as_mut_ptr(),
                out.len(),
                fields.as_ptr(),
                fields.len(),
            )
        };
        usize::try_from(len).expect("there was room")
    }
}

impl Drop for Deflater {
    fn drop(&mut self) {
        // SAFETY: it was made by `nghttp2_hd_deflate_new`.
        unsafe { sys::nghttp2_hd_deflate_del(self.0) };
    }
}

pub struct Inflater(*mut sys::nghttp2_hd_inflater);

impl Inflater {
    pub fn new() -> Self {
        let mut inflater = ptr::null_mut();
        // SAFETY: the pointer is written to.
        let result = unsafe { sys::nghttp2_hd_inflate_new(&mut inflater) };
        assert_eq!(result, 0);
        Self(inflater)
    }

    /// Returns how many fields there were.
    pub fn inflate(&mut self, mut block: &[u8]) -> usize {
        let mut count = 0;
        loop {
            // SAFETY: it holds integers and pointers.
            let mut field: sys::nghttp2_nv = unsafe { std::mem::zeroed() };
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
            let taken = usize::try_from(taken).expect("it is right");
            block = &block[taken..];
            if flags & sys::NGHTTP2_HD_INFLATE_EMIT as i32 != 0 {
                std::hint::black_box(field.namelen + field.valuelen);
                count += 1;
            }
            if flags & sys::NGHTTP2_HD_INFLATE_FINAL as i32 != 0 {
                // SAFETY: the block is over.
                unsafe { sys::nghttp2_hd_inflate_end_headers(self.0) };
                return count;
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
