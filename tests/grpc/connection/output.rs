//! Outputs that are short, or that nobody empties.

use framewright::grpc::{
    CallId, CallKind, Client, ClientEvent, Code, Heap, Limits, SendError, Server, ServerConfig,
    ServerEvent, Status,
};
use framewright::{Buffer, SliceBuf, http2};

use super::pair::request;

/// Does something until there is room for it. Returns what went to the transport in the meantime, or `None` if even an
/// empty output is too short.
fn insist(
    room: &mut [u8],
    mut act: impl FnMut(&mut SliceBuf<'_>) -> Result<(), SendError>,
) -> Option<Vec<u8>> {
    let mut out = SliceBuf::new(room);
    let mut wire = Vec::new();
    loop {
        let done = act(&mut out);
        let is_stuck = out.is_empty();
        wire.extend_from_slice(&out);
        out.clear();
        match done {
            Ok(()) => return Some(wire),
            Err(SendError::BufferFull(full)) => {
                assert!(full.needed > 0);
                if is_stuck {
                    return None;
                }
            }
            Err(e) => panic!("{e}"),
        }
    }
}

/// Writes all that is owed.
fn transmit(
    room: &mut [u8],
    mut transmit: impl FnMut(&mut SliceBuf<'_>) -> bool,
) -> Option<Vec<u8>> {
    const FULL: SendError = SendError::BufferFull(framewright::BufferFull { needed: 1 });
    insist(room, |out| if transmit(out) { Ok(()) } else { Err(FULL) })
}

/// A unary call through outputs of `len` bytes. `None` if they are too short for it.
fn echo(len: usize, message: &[u8]) -> Option<()> {
    let limits = http2::Limits::new().max_send_len(64);
    let mut client = Client::<Heap>::new(Limits::new(), limits, 0);
    let mut server = Server::<Heap>::new(ServerConfig::new(), limits, 0);
    let mut room = vec![0; len];
    let head = request("/t.T/Unary");
    let (mut call, mut echoed, mut ended) = (None, None, None);
    let mut up = insist(&mut room, |out| {
        call = Some(client.call(&head, CallKind::Unary, out)?);
        Ok(())
    })?;
    let call = call?;
    up.extend(insist(&mut room, |out| client.send_last(call, message, out))?);
    for _ in 0..1000 {
        up.extend(transmit(&mut room, |out| client.transmit(out))?);
        let (mut input, mut down) = (&mut up[..], Vec::new());
        while let Some(event) = server.receive(&mut input, 0) {
            match event {
                ServerEvent::Call(call) => server.accept(call, CallKind::Unary).unwrap(),
                ServerEvent::Message(call) => {
                    let message = server.message(call).bytes.to_vec();
                    down.extend(insist(&mut room, |out| server.send(call, &message, out))?);
                    down.extend(insist(&mut room, |out| server.finish(call, Status::OK, out))?);
                }
                _ => {}
            }
        }
        up.clear();
        down.extend(transmit(&mut room, |out| server.transmit(out))?);
        let mut input = &mut down[..];
        while let Some(event) = client.receive(&mut input, 0) {
            match event {
                ClientEvent::Message(call) => echoed = Some(client.message(call).bytes.to_vec()),
                ClientEvent::End { code, .. } => ended = Some(code),
                _ => {}
            }
        }
        if let Some(code) = ended {
            assert_eq!((code, echoed.as_deref()), (Code::Ok, Some(message)));
            return Some(());
        }
    }
    panic!("it goes on and on");
}

/// From some length on, an output of any length will do, and no shorter one does harm.
#[test]
fn outputs_of_any_length() {
    for message in [&b""[..], b"x", &[7; 59], &[7; 60], &[7; 1000]] {
        let enough = (0..400).find(|len| echo(*len, message).is_some());
        let enough = enough.expect("a head fits");
        assert!((60..300).contains(&enough), "{enough}");
        for len in enough..400 {
            assert!(echo(len, message).is_some(), "{len}, although {enough} were enough");
        }
    }
}

/// Nobody writes the output to the transport. Nothing more goes in, nothing is lost, and no call waits for ever.
#[test]
fn an_output_that_is_never_written() {
    let mut client = Client::<Heap>::new(Limits::new(), http2::Limits::new(), 0);
    let mut server = Server::<Heap>::new(ServerConfig::new(), http2::Limits::new(), 0);
    let mut up = Vec::new();
    let timeout = framewright::grpc::Timeout::parse(b"1S").unwrap();
    let head = request("/t.T/Unary").timeout(timeout);
    let calls: Vec<CallId> =
        (0..100).map(|_| client.unary(&head, b"x", &mut up).unwrap()).collect();
    client.transmit(&mut up);
    let mut room = [0; 600];
    let mut out = SliceBuf::new(&mut room);
    let (mut input, mut unanswered) = (&mut up[..], Vec::new());
    while let Some(event) = server.receive(&mut input, 0) {
        match event {
            ServerEvent::Call(call) => server.accept(call, CallKind::Unary).unwrap(),
            ServerEvent::Message(call) => match server.reply(call, b"y", &mut out) {
                Ok(()) => {}
                Err(SendError::BufferFull(_)) => unanswered.push(call),
                Err(e) => panic!("{e}"),
            },
            ServerEvent::HalfClose(_) => {}
            event => panic!("{event:?}"),
        }
        assert!(out.len() <= 600);
    }
    assert!((50..100).contains(&unanswered.len()), "{}", unanswered.len());
    for now in [0, 999] {
        assert_eq!(server.receive(&mut &mut [][..], now), None);
        server.transmit(&mut out); // whatever still has room
    }
    // They end by their deadline, and their user hears of it.
    let mut cancelled = Vec::new();
    while let Some(event) = server.receive(&mut &mut [][..], 1000) {
        let ServerEvent::Cancelled { call, code: Code::DeadlineExceeded } = event else {
            panic!("{event:?}");
        };
        cancelled.push(call);
        server.transmit(&mut out);
    }
    assert_eq!(cancelled, unanswered);
    assert!(!server.transmit(&mut out) && server.owes());
    // At last the transport takes something.
    let mut down = out.to_vec();
    out.clear();
    down.extend(transmit(&mut [0; 300], |out| server.transmit(out)).expect("it is enough"));
    let (mut input, mut ends) = (&mut down[..], Vec::new());
    while let Some(event) = client.receive(&mut input, 0) {
        if let ClientEvent::End { call, code } = event {
            ends.push((call, code));
        }
    }
    assert_eq!(ends.len(), calls.len());
    let late = ends.iter().filter(|(_, code)| *code == Code::DeadlineExceeded).count();
    assert_eq!(late, unanswered.len());
    assert!(ends.iter().all(|(_, code)| matches!(code, Code::Ok | Code::DeadlineExceeded)));
}
