//! The ends of nghttp2.
#![allow(unsafe_code, reason = "it is a library in C")]

use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::{mem, ptr, slice};

use framewright::http2::Role;
use libnghttp2_sys as sys;

use crate::end::{Call, End, List, Seen, Turn, see, sorted};

/// An end. What the callbacks see and change is in a box, because nghttp2 keeps a pointer to it.
pub struct Nghttp2 {
    session: *mut sys::nghttp2_session,
    shared: Box<Shared>,
}

#[derive(Default)]
struct Shared {
    seen: Vec<Seen>,
    /// The head or the trailers that are coming.
    fields: List,
    waiting: BTreeMap<i32, Waiting>,
}

/// What is left of a message.
#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    end: bool,
    trailers: Option<List>,
}

impl Nghttp2 {
    pub fn new(role: Role) -> Self {
        let mut shared = Box::<Shared>::default();
        let data: *mut c_void = ptr::from_mut(&mut *shared).cast();
        let (mut session, mut callbacks) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: pointers that are written to are valid, and `shared` lives as long as the session.
        unsafe {
            assert_eq!(sys::nghttp2_session_callbacks_new(&mut callbacks), 0);
            sys::nghttp2_session_callbacks_set_on_begin_headers_callback(
                callbacks,
                Some(on_begin_headers),
            );
            sys::nghttp2_session_callbacks_set_on_header_callback(callbacks, Some(on_header));
            sys::nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Some(on_frame));
            sys::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
                callbacks,
                Some(on_data),
            );
            let result = match role {
                Role::Client => sys::nghttp2_session_client_new(&mut session, callbacks, data),
                Role::Server => sys::nghttp2_session_server_new(&mut session, callbacks, data),
            };
            assert_eq!(result, 0);
            sys::nghttp2_session_callbacks_del(callbacks);
        }
        let end = Self { session, shared };
        let setting = match role {
            Role::Client => setting(sys::NGHTTP2_SETTINGS_ENABLE_PUSH, 0),
            Role::Server => setting(sys::NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100),
        };
        end.submit_settings(&[setting]);
        end
    }

    fn submit_settings(&self, settings: &[sys::nghttp2_settings_entry]) {
        // SAFETY: the slice is as long as is said.
        let result = unsafe {
            sys::nghttp2_submit_settings(self.session, 0, settings.as_ptr(), settings.len())
        };
        assert_eq!(result, 0);
    }

    /// Submits a head, and the body that may follow.
    fn submit_head(&mut self, call: &Call) {
        let provider = sys::nghttp2_data_provider {
            source: sys::nghttp2_data_source { ptr: ptr::null_mut() },
            read_callback: Some(read_body),
        };
        // SAFETY: slices are as long as is said, and nghttp2 copies all that it keeps.
        unsafe {
            match call {
                Call::Open { stream, head, end } => {
                    let fields = raw(head);
                    let provider = if *end { ptr::null() } else { &raw const provider };
                    let opened = sys::nghttp2_submit_request(
                        self.session,
                        ptr::null(),
                        fields.as_ptr(),
                        fields.len(),
                        provider,
                        ptr::null_mut(),
                    );
                    assert!(opened < 0 || opened.cast_unsigned() == *stream);
                }
                Call::Respond { stream, head, end } => {
                    let (fields, stream) = (raw(head), stream.cast_signed());
                    if head[0].1.starts_with('1') {
                        sys::nghttp2_submit_headers(
                            self.session,
                            0,
                            stream,
                            ptr::null(),
                            fields.as_ptr(),
                            fields.len(),
                            ptr::null_mut(),
                        );
                    } else {
                        let provider = if *end { ptr::null() } else { &raw const provider };
                        let (fields, len) = (fields.as_ptr(), fields.len());
                        sys::nghttp2_submit_response(self.session, stream, fields, len, provider);
                    }
                }
                _ => unreachable!("it is no head"),
            }
        }
    }

    /// Lets the body of a stream go on.
    fn resume(&self, stream: u32) {
        // SAFETY: the session lives. A stream that waits for nothing, or is over, is an error to be ignored.
        unsafe { sys::nghttp2_session_resume_data(self.session, stream.cast_signed()) };
    }
}

impl End for Nghttp2 {
    fn call(&mut self, call: &Call) {
        match call {
            Call::Open { .. } | Call::Respond { .. } => self.submit_head(call),
            Call::Body { stream, bytes, end } => {
                let waiting = self.shared.waiting.entry(stream.cast_signed()).or_default();
                waiting.bytes.extend(bytes);
                waiting.end |= end;
                self.resume(*stream);
            }
            Call::Trailers { stream, trailers } => {
                let waiting = self.shared.waiting.entry(stream.cast_signed()).or_default();
                waiting.trailers = Some(trailers.clone());
                self.resume(*stream);
            }
            Call::Reset { stream, code } => {
                // SAFETY: the session lives.
                let result = unsafe {
                    sys::nghttp2_submit_rst_stream(self.session, 0, stream.cast_signed(), *code)
                };
                assert_eq!(result, 0);
            }
            Call::Ping(payload) => {
                // SAFETY: there are eight bytes.
                let result = unsafe { sys::nghttp2_submit_ping(self.session, 0, payload.as_ptr()) };
                assert_eq!(result, 0);
            }
            Call::Settings { window, table } => self.submit_settings(&[
                setting(sys::NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, *window),
                setting(sys::NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, *table),
            ]),
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        // SAFETY: the slice is as long as is said. What is wrong, it says in a GOAWAY.
        unsafe { sys::nghttp2_session_mem_recv(self.session, bytes.as_ptr(), bytes.len()) };
    }

    fn take(&mut self) -> Turn {
        let mut wrote = Vec::new();
        loop {
            let mut bytes = ptr::null();
            // SAFETY: the pointer is written to, and what it then points to is valid until the next call.
            unsafe {
                let len = sys::nghttp2_session_mem_send(self.session, &mut bytes);
                let Ok(len @ 1..) = usize::try_from(len) else { break };
                wrote.extend_from_slice(slice::from_raw_parts(bytes, len));
            }
        }
        Turn { seen: mem::take(&mut self.shared.seen), wrote }
    }
}

impl Drop for Nghttp2 {
    fn drop(&mut self) {
        // SAFETY: the session was made, and nothing uses it any more.
        unsafe { sys::nghttp2_session_del(self.session) };
    }
}

fn setting(id: u32, value: u32) -> sys::nghttp2_settings_entry {
    sys::nghttp2_settings_entry { settings_id: id.cast_signed(), value }
}

/// Fields as nghttp2 takes them, which it copies.
fn raw(list: &List) -> Vec<sys::nghttp2_nv> {
    let field = |(name, value): &(String, String)| sys::nghttp2_nv {
        name: name.as_ptr().cast_mut(),
        value: value.as_ptr().cast_mut(),
        namelen: name.len(),
        valuelen: value.len(),
        flags: 0,
    };
    list.iter().map(field).collect()
}

/// What the callbacks share.
///
/// # Safety
///
/// `data` is what the session was made with, and nothing else uses it during a callback.
unsafe fn shared<'a>(data: *mut c_void) -> &'a mut Shared {
    // SAFETY: see above.
    unsafe { &mut *data.cast() }
}

unsafe extern "C" fn on_begin_headers(
    _: *mut sys::nghttp2_session,
    _: *const sys::nghttp2_frame,
    data: *mut c_void,
) -> c_int {
    // SAFETY: nghttp2 passes what it was given.
    unsafe { shared(data) }.fields.clear();
    0
}

unsafe extern "C" fn on_header(
    _: *mut sys::nghttp2_session,
    _: *const sys::nghttp2_frame,
    name: *const u8,
    name_len: usize,
    value: *const u8,
    value_len: usize,
    _: u8,
    data: *mut c_void,
) -> c_int {
    // SAFETY: nghttp2 passes what it was given, and both texts are as long as it says.
    unsafe {
        let text =
            |start, len| String::from_utf8_lossy(slice::from_raw_parts(start, len)).into_owned();
        shared(data).fields.push((text(name, name_len), text(value, value_len)));
    }
    0
}

unsafe extern "C" fn on_frame(
    _: *mut sys::nghttp2_session,
    frame: *const sys::nghttp2_frame,
    data: *mut c_void,
) -> c_int {
    // SAFETY: nghttp2 passes what it was given, and the type of a frame says which part of it is valid.
    unsafe {
        let Shared { seen, fields, .. } = shared(data);
        let header = (*frame).hd;
        let stream = header.stream_id.cast_unsigned();
        match u32::from(header.type_) {
            sys::NGHTTP2_HEADERS => {
                let fields = mem::take(fields);
                let is_head = fields.first().is_some_and(|(name, _)| name.starts_with(':'));
                see(
                    seen,
                    match is_head {
                        true => Seen::Head { stream, fields: sorted(fields) },
                        false => Seen::Trailers { stream, fields },
                    },
                );
            }
            sys::NGHTTP2_RST_STREAM => {
                see(seen, Seen::Reset { stream, code: (*frame).rst_stream.error_code });
            }
            sys::NGHTTP2_PING if header.flags & 1 != 0 => {
                see(seen, Seen::Pong((*frame).ping.opaque_data));
            }
            sys::NGHTTP2_GOAWAY => {
                let goaway = (*frame).goaway;
                let (last, code) = (goaway.last_stream_id.cast_unsigned(), goaway.error_code);
                see(seen, Seen::GoAway { last, code });
            }
            _ => {}
        }
        let can_end = matches!(u32::from(header.type_), sys::NGHTTP2_HEADERS | sys::NGHTTP2_DATA);
        if can_end && header.flags & 1 != 0 {
            see(seen, Seen::End { stream });
        }
    }
    0
}

unsafe extern "C" fn on_data(
    _: *mut sys::nghttp2_session,
    _: u8,
    stream: i32,
    bytes: *const u8,
    len: usize,
    data: *mut c_void,
) -> c_int {
    // SAFETY: nghttp2 passes what it was given, and there are as many bytes as it says.
    unsafe {
        let bytes = slice::from_raw_parts(bytes, len).to_vec();
        see(&mut shared(data).seen, Seen::Data { stream: stream.cast_unsigned(), bytes });
    }
    0
}

/// Gives nghttp2 the next bytes of a body.
unsafe extern "C" fn read_body(
    session: *mut sys::nghttp2_session,
    stream: i32,
    buffer: *mut u8,
    len: usize,
    flags: *mut u32,
    _: *mut sys::nghttp2_data_source,
    data: *mut c_void,
) -> isize {
    // SAFETY: nghttp2 passes what it was given, and there is as much room as it says.
    unsafe {
        let waiting = shared(data).waiting.entry(stream).or_default();
        let taken = waiting.bytes.len().min(len);
        ptr::copy_nonoverlapping(waiting.bytes.as_ptr(), buffer, taken);
        waiting.bytes.drain(..taken);
        if waiting.bytes.is_empty() {
            if let Some(trailers) = waiting.trailers.take() {
                *flags |= sys::NGHTTP2_DATA_FLAG_EOF | sys::NGHTTP2_DATA_FLAG_NO_END_STREAM;
                let fields = raw(&trailers);
                sys::nghttp2_submit_trailer(session, stream, fields.as_ptr(), fields.len());
            } else if waiting.end {
                *flags |= sys::NGHTTP2_DATA_FLAG_EOF;
            } else if taken == 0 {
                return sys::NGHTTP2_ERR_DEFERRED as isize;
            }
        }
        taken.cast_signed()
    }
}
