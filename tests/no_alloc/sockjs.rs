//! SockJS needs no allocator.

use crate::counting::allocations;
use framewright::sockjs::{
    Cookie, Cors, FormDecoder, Framing, IframePage, Info, Limits, MessageDecoder, Reply, Route,
    Routes, Session,
};
use framewright::{ArrayBuf, Assembler, Buffer};

#[test]
fn a_whole_session_in_arrays_allocates_nothing() {
    let mut messages = 0;
    let count = allocations(|| {
        let mut out = ArrayBuf::<4096>::new();
        let mut session = Session::new(Limits::new(), ArrayBuf::<64>::new(), 0);
        let receiver = session.attach(Framing::EventSource, 0).unwrap();
        Framing::EventSource.encode_prelude(&mut out).unwrap();
        let mut decoder = MessageDecoder::new_request(Limits::new());
        let mut assembler = Assembler::new(ArrayBuf::<16>::new());
        let mut form = FormDecoder::new();
        let mut body = *b"d=%5B%22one%22,%22%5Cud83d%5Cude00%22%5D";
        for piece in body.chunks_mut(3) {
            let mut input = piece;
            while let Some(mut json) = form.decode(&mut input).unwrap() {
                while let Some(chunk) = decoder.decode(&mut json).unwrap() {
                    if let Some(message) = assembler.push(chunk).unwrap() {
                        session.send(str::from_utf8(message).unwrap()).unwrap();
                        messages += 1;
                    }
                }
            }
        }
        decoder.check_eof().unwrap();
        session.close(3000, "Go away!", 1).unwrap();
        while session.transmit(&mut out, 1).unwrap().is_some() {}
        session.receive_eof(receiver);
        assert!(out.as_slice().ends_with(b"data: c[3000,\"Go away!\"]\r\n\r\n"));

        out.clear();
        Info::new(&Routes::new(), 7).encode(&mut out).unwrap();
        IframePage::new("/sockjs.js").unwrap().encode(&mut out).unwrap();
        let fields = [("Origin", "x"), ("Cookie", "JSESSIONID=y")];
        let cookie = Cookie::from_fields(fields.iter());
        let reply = Reply::sent().cors(Cors::from_fields(fields.iter())).cookie(&cookie);
        assert_eq!(reply.fields().count(), 6);
        assert!(matches!(Routes::new().parse("POST", "/0/s/xhr"), Ok(Route::Receive { .. })));
    });
    assert_eq!((count, messages), (0, 2));
}
