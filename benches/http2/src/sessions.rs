//! Unary calls in memory over nghttp2's sessions, a client's and a server's.
#![allow(unsafe_code, reason = "it is a library in C")]

use std::ffi::{c_int, c_void};
use std::{ptr, slice};

use libnghttp2_sys as sys;

use crate::calls::MESSAGE;

/// A client and a server, and the bytes between them.
pub struct Sessions {
    client: Session,
    server: Session,
    wire: Vec<u8>,
}

struct Session {
    session: *mut sys::nghttp2_session,
    /// The callbacks have a pointer to it.
    seen: *mut Seen,
}

/// What has come.
#[derive(Default)]
struct Seen {
    fields: usize,
    body: usize,
    /// How many trailers said that all was well.
    answered: usize,
}

impl Sessions {
    /// Both ends, once they know each other's settings.
    pub fn new() -> Self {
        let mut sessions =
            Self { client: Session::new(false), server: Session::new(true), wire: Vec::new() };
        for _ in 0..3 {
            sessions.exchange();
        }
        sessions
    }

    /// A unary call, to its end. Returns how many were answered.
    pub fn call(&mut self) -> usize {
        let before = self.client.seen().answered;
        let head = [
            field(":method", "POST"),
            field(":scheme", "http"),
            field(":authority", "localhost:50051"),
            field(":path", "/user.UserService/GetUser"),
            field("te", "trailers"),
            field("content-type", "application/grpc+proto"),
        ];
        let body = provider(read_request);
        // SAFETY: the head is as long as is said, and its strings live as long as the program.
        let stream = unsafe {
            sys::nghttp2_submit_request2(
                self.client.session,
                ptr::null(),
                head.as_ptr(),
                head.len(),
                &body,
                ptr::null_mut(),
            )
        };
        assert!(stream > 0, "one more is allowed");
        self.exchange();
        self.client.seen().answered - before
    }

    /// What is written goes over, once each way.
    fn exchange(&mut self) {
        self.client.send_to(&self.server, &mut self.wire);
        self.server.send_to(&self.client, &mut self.wire);
    }
}

impl Session {
    fn new(is_server: bool) -> Self {
        let seen = Box::into_raw(Box::<Seen>::default());
        let (mut session, mut callbacks) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: all pointers are written to before they are read, and `seen` lives as long as the session.
        unsafe {
            sys::nghttp2_session_callbacks_new(&mut callbacks);
            sys::nghttp2_session_callbacks_set_on_header_callback(callbacks, Some(on_header));
            sys::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
                callbacks,
                Some(on_data),
            );
            if is_server {
                sys::nghttp2_session_callbacks_set_on_frame_recv_callback(
                    callbacks,
                    Some(on_frame),
                );
                sys::nghttp2_session_server_new(&mut session, callbacks, seen.cast());
            } else {
                sys::nghttp2_session_client_new(&mut session, callbacks, seen.cast());
            }
            sys::nghttp2_session_callbacks_del(callbacks);
            let sent = sys::nghttp2_submit_settings(session, 0, ptr::null(), 0);
            assert_eq!(sent, 0);
        }
        Self { session, seen }
    }

    fn seen(&self) -> &Seen {
        // SAFETY: it is only changed while a session is at work.
        unsafe { &*self.seen }
    }

    /// A memcpy is the wire.
    fn send_to(&self, peer: &Self, wire: &mut Vec<u8>) {
        wire.clear();
        loop {
            let mut bytes = ptr::null();
            // SAFETY: what it returns is there until the next call.
            let len = unsafe { sys::nghttp2_session_mem_send2(self.session, &mut bytes) };
            let len = usize::try_from(len).expect("it is right");
            if len == 0 {
                break;
            }
            // SAFETY: as above.
            wire.extend_from_slice(unsafe { slice::from_raw_parts(bytes, len) });
        }
        // SAFETY: the slice is as long as is said.
        let taken =
            unsafe { sys::nghttp2_session_mem_recv2(peer.session, wire.as_ptr(), wire.len()) };
        assert_eq!(usize::try_from(taken), Ok(wire.len()));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: both were made by `new`, and the session goes first.
        unsafe {
            sys::nghttp2_session_del(self.session);
            drop(Box::from_raw(self.seen));
        }
    }
}

/// A field that need not be copied.
fn field(name: &'static str, value: &'static str) -> sys::nghttp2_nv {
    let flags = sys::NGHTTP2_NV_FLAG_NO_COPY_NAME | sys::NGHTTP2_NV_FLAG_NO_COPY_VALUE;
    sys::nghttp2_nv {
        // It does not write there.
        name: name.as_ptr().cast_mut(),
        value: value.as_ptr().cast_mut(),
        namelen: name.len(),
        valuelen: value.len(),
        flags: flags as u8,
    }
}

type Read = unsafe extern "C" fn(
    *mut sys::nghttp2_session,
    i32,
    *mut u8,
    usize,
    *mut u32,
    *mut sys::nghttp2_data_source,
    *mut c_void,
) -> isize;

fn provider(read: Read) -> sys::nghttp2_data_provider2 {
    let source = sys::nghttp2_data_source { ptr: ptr::null_mut() };
    sys::nghttp2_data_provider2 { source, read_callback: Some(read) }
}

/// Writes a message, which ends the stream.
unsafe extern "C" fn read_request(
    _: *mut sys::nghttp2_session,
    _: i32,
    to: *mut u8,
    len: usize,
    flags: *mut u32,
    _: *mut sys::nghttp2_data_source,
    _: *mut c_void,
) -> isize {
    assert!(len >= MESSAGE.len());
    // SAFETY: there is as much room as is said.
    unsafe {
        ptr::copy_nonoverlapping(MESSAGE.as_ptr(), to, MESSAGE.len());
        *flags |= sys::NGHTTP2_DATA_FLAG_EOF;
    }
    MESSAGE.len() as isize
}

/// Writes a message, which trailers follow.
unsafe extern "C" fn read_response(
    session: *mut sys::nghttp2_session,
    stream: i32,
    to: *mut u8,
    len: usize,
    flags: *mut u32,
    _: *mut sys::nghttp2_data_source,
    _: *mut c_void,
) -> isize {
    assert!(len >= MESSAGE.len());
    let trailers = [field("grpc-status", "0")];
    // SAFETY: there is as much room as is said.
    unsafe {
        ptr::copy_nonoverlapping(MESSAGE.as_ptr(), to, MESSAGE.len());
        *flags |= sys::NGHTTP2_DATA_FLAG_EOF | sys::NGHTTP2_DATA_FLAG_NO_END_STREAM;
        sys::nghttp2_submit_trailer(session, stream, trailers.as_ptr(), trailers.len());
    }
    MESSAGE.len() as isize
}

unsafe extern "C" fn on_header(
    _: *mut sys::nghttp2_session,
    _: *const sys::nghttp2_frame,
    name: *const u8,
    name_len: usize,
    value: *const u8,
    value_len: usize,
    _: u8,
    seen: *mut c_void,
) -> c_int {
    // SAFETY: they are as long as is said, and `seen` was given to the session.
    let (name, value, seen) = unsafe {
        let name = slice::from_raw_parts(name, name_len);
        (name, slice::from_raw_parts(value, value_len), &mut *seen.cast::<Seen>())
    };
    seen.fields += 1;
    if name == b"grpc-status" {
        assert_eq!(value, b"0");
        seen.answered += 1;
    }
    0
}

unsafe extern "C" fn on_data(
    _: *mut sys::nghttp2_session,
    _: u8,
    _: i32,
    _: *const u8,
    len: usize,
    seen: *mut c_void,
) -> c_int {
    // SAFETY: it was given to the session.
    unsafe { (*seen.cast::<Seen>()).body += len };
    0
}

/// Answers a request that has ended.
unsafe extern "C" fn on_frame(
    session: *mut sys::nghttp2_session,
    frame: *const sys::nghttp2_frame,
    _: *mut c_void,
) -> c_int {
    // SAFETY: every frame begins with a header.
    let header = unsafe { (*frame).hd };
    if header.flags & sys::NGHTTP2_FLAG_END_STREAM as u8 == 0 || header.stream_id == 0 {
        return 0;
    }
    let head = [field(":status", "200"), field("content-type", "application/grpc+proto")];
    let body = provider(read_response);
    // SAFETY: the head is as long as is said, and its strings live as long as the program.
    unsafe {
        sys::nghttp2_submit_response2(session, header.stream_id, head.as_ptr(), head.len(), &body)
    }
}
