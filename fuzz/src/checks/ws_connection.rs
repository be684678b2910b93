//! One end of a connection, in either role, with any input and any calls, against a model that records
//! each frame that the end should have sent.

use framewright::ws::{
    CloseCode, CloseFrame, Closer, Connection, Encoder, Error, Event, Kind, Limits, Part, Role,
    SendError, Side,
};
use framewright::{Buffer, SliceBuf};

use super::common::ws::{Got, Rules, comparable, decode, frame, masked, naive};
use super::input::{Input, without_allocating};

/// ```text
/// | role | (what | what it needs ...)*
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    if input.byte() & 1 == 0 {
        run(Connection::server(LIMITS), input);
    } else {
        run(Connection::client(LIMITS, || KEY), input);
    }
}

const LIMITS: Limits = Limits::new().max_frame_len(400).max_message_len(600).max_fragments(8);
/// The key of `common::ws::masked`.
const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
/// Enough for the output of any one call.
const ROOM: usize = 512;

fn run<S: Side>(connection: Connection<S>, mut input: Input<'_>) {
    let mut end = End::new(connection);
    while !input.is_empty() {
        end.act(&mut input);
        end.is_consistent();
    }
    end.is_over();
}

struct End<S> {
    connection: Connection<S>,
    /// All input.
    wire: Vec<u8>,
    got: Vec<Got>,
    /// All output, and what it should be.
    out: Vec<u8>,
    expected: Vec<u8>,
    model: Model,
}

/// The state that the connection should have.
#[derive(Default)]
struct Model {
    /// The payload of the newest ping without an answer.
    ping: Option<Vec<u8>>,
    /// The payload of the peer's close frame.
    peer_closed: Option<Vec<u8>>,
    failed: Option<Error>,
    closed: bool,
    /// The message whose fragments are being sent.
    fragmented: Option<Kind>,
    /// The text after its last whole character.
    cut: Vec<u8>,
    /// The frame whose payload is being sent: how many bytes are left, and whether it is the last
    /// frame.
    payload: Option<(usize, bool)>,
    /// The position of the payload in the masking key.
    key_at: usize,
}

impl Model {
    const fn is_open(&self) -> bool {
        self.peer_closed.is_none() && self.failed.is_none()
    }

    /// Whether a whole message may be sent, or why not.
    const fn ready(&self) -> Result<(), SendError> {
        if !self.is_open() || self.closed {
            Err(SendError::Closing)
        } else if self.payload.is_some() {
            Err(SendError::FrameUnfinished)
        } else if self.fragmented.is_some() {
            Err(SendError::MessageUnfinished)
        } else {
            Ok(())
        }
    }

    /// The result of trying to send a message. A payload can be finished even while closing.
    fn sendable(&self) -> Result<(), SendError> {
        if self.payload.is_some() { Err(SendError::FrameUnfinished) } else { self.ready() }
    }

    /// The same for a fragment. The peer's close may be answered after the message.
    fn fragment_sendable(&self) -> Result<(), SendError> {
        match self.sendable() {
            Err(SendError::Closing) if self.finishes_message() => Err(SendError::MessageUnfinished),
            sendable => sendable,
        }
    }

    /// Whether the peer's close came into a message that is being sent.
    const fn finishes_message(&self) -> bool {
        self.peer_closed.is_some() && !self.closed && self.fragmented.is_some()
    }

    /// The same for a control frame.
    fn control_sendable(&self) -> Result<(), SendError> {
        match self.sendable() {
            Err(SendError::MessageUnfinished) => Ok(()),
            sendable => sendable,
        }
    }
}

impl<S: Side> End<S> {
    fn new(connection: Connection<S>) -> Self {
        let (wire, got, out, expected) = (vec![], vec![], vec![], vec![]);
        Self { connection, wire, got, out, expected, model: Model::default() }
    }

    fn act(&mut self, input: &mut Input<'_>) {
        match input.byte() % 16 {
            0 | 1 => self.receive(input.block()),
            // A well-formed frame, which need not be allowed there.
            2..=5 => {
                let (first, cut) = (input.byte(), input.byte());
                let payload = input.block();
                let whole = match S::ROLE {
                    Role::Server => masked(first, payload),
                    Role::Client => frame(first, payload),
                };
                let (a, b) = whole.split_at(whole.len().min(cut.into()));
                self.receive(a);
                self.receive(b);
            }
            6 => {
                let text = input.text();
                let result = self.call(|connection, out| connection.send(text, out));
                self.sent(result, self.model.sendable(), 0x81, text.as_bytes());
            }
            7 => {
                let bytes = input.block();
                let result = self.call(|connection, out| connection.send(bytes, out));
                self.sent(result, self.model.sendable(), 0x82, bytes);
            }
            8 => {
                let payload = input.block();
                let result = self.call(|connection, out| connection.ping(payload, out));
                let sendable = self.model.control_sendable();
                let too_long = payload.len() > 125 && sendable == Ok(());
                let expected = if too_long { Err(SendError::ControlTooLong) } else { sendable };
                self.sent(result, expected, 0x89, payload);
            }
            9 => {
                let code = CloseCode(u16::from_be_bytes(input.bytes()));
                let reason = input.text();
                self.close(code, reason);
            }
            10 => self.close(CloseCode::NO_STATUS, ""),
            11 | 12 => {
                let (kind, fin) = kind_and_fin(input.byte());
                let payload = input.block();
                self.fragment(kind, fin, payload);
            }
            13 => {
                let (kind, fin) = kind_and_fin(input.byte());
                let len = input.byte();
                self.begin(kind, fin, len);
            }
            14 => {
                let piece = input.block();
                self.payload(piece);
            }
            _ => {
                let room = input.byte();
                self.transmit(room.into());
            }
        }
    }

    /// Calls with room for anything. Keeps the output; a call that fails must have written nothing.
    fn call(
        &mut self,
        call: impl FnOnce(&mut Connection<S>, &mut SliceBuf<'_>) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        let mut room = [0; ROOM];
        let mut out = SliceBuf::new(&mut room);
        let result = without_allocating(|| call(&mut self.connection, &mut out));
        if result.is_err() {
            assert_eq!(out.as_slice(), b"", "{result:?}, but something was written");
        }
        self.out.extend_from_slice(out.as_slice());
        result
    }

    /// Records a frame that should have been written if it was allowed.
    fn sent(
        &mut self,
        result: Result<(), SendError>,
        expected: Result<(), SendError>,
        first: u8,
        payload: &[u8],
    ) {
        assert_eq!(result, expected);
        if result.is_ok() {
            self.expect(first, payload);
        }
    }

    fn expect(&mut self, first: u8, payload: &[u8]) {
        self.expected.extend(match S::ROLE {
            Role::Server => frame(first, payload),
            Role::Client => masked(first, payload),
        });
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.wire.extend_from_slice(bytes);
        let mut bytes = bytes.to_vec();
        let mut input = &mut bytes[..];
        loop {
            let (before, remaining) = (input.len(), self.connection.payload_remaining());
            let event = without_allocating(|| self.connection.receive(&mut input));
            let Some(event) = event else { break };
            assert!(self.model.is_open(), "nothing comes after the end");
            match event {
                Event::Part(part) => {
                    assert!(
                        input.len() < before || part.chunk().end && remaining == 0,
                        "a part takes a byte, or is all of a frame without any"
                    );
                    self.received(part);
                }
                Event::Close(code) => {
                    let close = self.connection.peer_close().expect("it has come");
                    assert_eq!(close.code, code);
                    let code = if code == CloseCode::NO_STATUS { None } else { Some(code.0) };
                    let mut payload = code.map_or(vec![], |code| code.to_be_bytes().to_vec());
                    payload.extend_from_slice(close.reason.as_bytes());
                    self.model.peer_closed = Some(payload);
                }
                Event::Failed(error) => self.model.failed = Some(error),
            }
        }
        assert!(input.is_empty(), "None means that all was taken");
    }

    fn received(&mut self, part: Part<'_>) {
        let chunk = part.chunk();
        let kind = match part {
            Part::Text(_) => "text",
            Part::Binary(_) => "binary",
            Part::Ping(_) => "ping",
            Part::Pong(_) => "pong",
            Part::Close(_) | Part::Compressed(_) => unreachable!("not yielded"),
        };
        let open = self.got.iter().rposition(|got| got.kind == kind && !got.end);
        assert_eq!(open.is_none(), chunk.start);
        let at = open.unwrap_or_else(|| {
            self.got.push(Got { kind, bytes: vec![], end: false });
            self.got.len() - 1
        });
        let got = &mut self.got[at];
        got.bytes.extend_from_slice(chunk.bytes);
        got.end = chunk.end;
        if kind == "ping" && chunk.end {
            self.model.ping = Some(got.bytes.clone());
        }
    }

    fn close(&mut self, code: CloseCode, reason: &str) {
        let model = &self.model;
        let payload = match code {
            CloseCode::NO_STATUS => vec![],
            CloseCode(code) => [&code.to_be_bytes(), reason.as_bytes()].concat(),
        };
        let no_status = code == CloseCode::NO_STATUS && reason.is_empty();
        if model.closed || model.failed.is_some() {
            // The first close frame counts.
            let before = self.out.len();
            let result = self.call(|connection, out| connection.close(code, reason, out));
            assert_eq!((result, self.out.len()), (Ok(()), before));
            return;
        }
        let expected = if !no_status && !matches!(code.0, 1000..=1003 | 1007..=1014 | 3000..=4999) {
            Err(SendError::CloseCodeInvalid(code))
        } else if payload.len() > 125 {
            Err(SendError::ControlTooLong)
        } else if model.payload.is_some() {
            Err(SendError::FrameUnfinished)
        } else {
            Ok(())
        };
        let result = self.call(|connection, out| connection.close(code, reason, out));
        self.sent(result, expected, 0x88, &payload);
        self.model.closed |= result.is_ok();
    }

    /// Calls the encoder, or returns the error of `Connection::encoder`.
    fn with_encoder(
        &mut self,
        call: impl FnOnce(&mut Encoder<S>, &mut SliceBuf<'_>) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        self.call(|connection, out| call(connection.encoder()?, out))
    }

    /// The first bits of the next frame of a message, if one may be sent.
    fn next_fragment(&self, kind: Kind, fin: bool) -> Result<u8, SendError> {
        let fin = if fin { 0x80 } else { 0 };
        match (self.model.fragment_sendable(), self.model.fragmented) {
            (Ok(()), _) => Ok(fin | kind.opcode() as u8),
            (Err(SendError::MessageUnfinished), Some(other)) if kind == other => Ok(fin),
            (Err(e), _) => Err(e),
        }
    }

    /// The text after the last whole character, if `piece` may follow what was sent.
    fn follow(&self, kind: Kind, piece: &[u8], end: bool) -> Result<Vec<u8>, SendError> {
        let text = [&self.model.cut, piece].concat();
        match str::from_utf8(&text) {
            _ if kind == Kind::Binary => Ok(vec![]),
            Ok(_) => Ok(vec![]),
            Err(e) if e.error_len().is_none() && !end => Ok(text[e.valid_up_to()..].to_vec()),
            Err(_) => Err(SendError::InvalidUtf8),
        }
    }

    fn fragment(&mut self, kind: Kind, fin: bool, payload: &[u8]) {
        let followed = self.follow(kind, payload, fin);
        let first = self.next_fragment(kind, fin);
        let expected = first.and_then(|first| followed.map(|cut| (first, cut)));
        let result =
            self.with_encoder(|encoder, out| encoder.encode_fragment(kind, payload, fin, out));
        self.sent(result, expected.clone().map(drop), expected.clone().map_or(0, |e| e.0), payload);
        if let Ok((_, cut)) = expected {
            self.model.cut = cut;
            self.model.fragmented = (!fin).then_some(kind);
        }
    }

    fn begin(&mut self, kind: Kind, fin: bool, len: u8) {
        let followed = self.follow(kind, b"", fin && len == 0);
        let first = self.next_fragment(kind, fin);
        let expected = first.and_then(|first| followed.map(|_| first));
        let result =
            self.with_encoder(|encoder, out| encoder.begin_frame(kind, len.into(), fin, out));
        assert_eq!(result, expected.map(drop));
        let Ok(first) = expected else { return };
        let whole = vec![0; len.into()];
        self.expect(first, &whole);
        self.expected.truncate(self.expected.len() - whole.len());
        self.model.fragmented = (!fin || len > 0).then_some(kind);
        self.model.payload = (len > 0).then_some((len.into(), fin));
        self.model.key_at = 0;
    }

    fn payload(&mut self, piece: &[u8]) {
        let kind = self.model.fragmented.unwrap_or(Kind::Binary);
        let reachable = self.model.is_open() && !self.model.closed
            || self.model.payload.is_some()
            || self.model.finishes_message();
        let expected = match self.model.payload {
            _ if !reachable => Err(SendError::Closing),
            None if piece.is_empty() => Ok(None),
            None => Err(SendError::PayloadTooLong),
            Some((left, _)) if piece.len() > left => Err(SendError::PayloadTooLong),
            Some((left, fin)) => {
                let left = left - piece.len();
                self.follow(kind, piece, fin && left == 0).map(|cut| Some((left, fin, cut)))
            }
        };
        let result = self.with_encoder(|encoder, out| encoder.encode_payload(piece, out));
        assert_eq!(result, expected.clone().map(drop));
        let Ok(Some((left, fin, cut))) = expected else { return };
        let key_at = self.model.key_at;
        self.expected.extend(piece.iter().enumerate().map(|(i, byte)| match S::ROLE {
            Role::Server => *byte,
            Role::Client => byte ^ KEY[(key_at + i) % 4],
        }));
        self.model.key_at += piece.len();
        self.model.cut = cut;
        self.model.payload = (left > 0).then_some((left, fin));
        if left == 0 && fin {
            self.model.fragmented = None;
        }
    }

    fn transmit(&mut self, room: usize) {
        let mut memory = [0; ROOM];
        let mut out = SliceBuf::new(&mut memory[..room.min(ROOM)]);
        let all = without_allocating(|| self.connection.transmit(&mut out));
        let written = out.as_slice().to_vec();
        let mut free = room;
        let overhead = if S::ROLE == Role::Client { 6 } else { 2 };
        let mut done = true;
        if let Some(ping) = self.model.ping.take()
            && self.model.is_open()
            && !self.model.closed
        {
            done = self.model.payload.is_none() && ping.len() + overhead <= free;
            if done {
                free -= ping.len() + overhead;
                self.expect(0x8A, &ping);
            } else {
                self.model.ping = Some(ping);
            }
        }
        if done && !self.model.is_open() && !self.model.closed {
            match (&self.model.peer_closed, self.model.failed) {
                (_, Some(error)) => {
                    // The model does not know the reason that the connection gives.
                    let sent = CloseFrame { code: error.close_code(), reason: "" };
                    done = self.model.payload.is_none() && !written.is_empty();
                    if done {
                        let payload = the_frame(S::ROLE, &written);
                        let close = CloseFrame::parse(&payload).expect("ours is right");
                        assert_eq!(close.code, sent.code);
                        self.expect(0x88, &payload);
                    } else if self.model.payload.is_none() {
                        assert!(free < 131, "so much is always enough");
                    }
                }
                (Some(payload), None) => {
                    done = self.model.payload.is_none() && payload.len() + overhead <= free;
                    if done {
                        let payload = payload.clone();
                        self.expect(0x88, &payload);
                    }
                }
                (None, None) => unreachable!("it is not open"),
            }
            self.model.closed |= done;
        }
        assert_eq!(all, done);
        self.out.extend_from_slice(&written);
    }

    /// Checks what must hold between any two calls.
    fn is_consistent(&self) {
        let (connection, model) = (&self.connection, &self.model);
        assert_eq!(self.out, self.expected);
        assert_eq!(connection.ready(), model.ready());
        assert_eq!(connection.error(), model.failed);
        assert_eq!(connection.peer_close().is_some(), model.peer_closed.is_some());
        let owes_pong = model.ping.is_some() && model.is_open() && !model.closed;
        let owes_close = !model.is_open() && !model.closed;
        assert_eq!(connection.owes(), owes_pong || owes_close);
        let over = !model.is_open() && model.closed;
        assert_eq!(
            connection.close_expected(),
            match (over, model.failed, S::ROLE) {
                (false, ..) => None,
                (true, None, Role::Client) => Some(Closer::Peer),
                _ => Some(Closer::Us),
            }
        );
    }

    /// Checks what must hold for all input and output.
    fn is_over(&mut self) {
        let rules = Rules {
            role: S::ROLE,
            compressed: false,
            max_frame_len: 400,
            max_message_len: 600,
            max_fragments: 8,
        };
        let (mut expected, mut verdict) = naive(&rules, &self.wire);
        let mut code = CloseCode::ABNORMAL;
        if let Some(at) = expected.iter().position(|got| got.kind == "close") {
            let close = expected.remove(at);
            if close.end {
                match CloseFrame::parse(&close.bytes) {
                    Ok(close) => code = close.code,
                    Err(e) => verdict = Err(e),
                }
            }
        }
        assert_eq!(self.model.failed, verdict.err());
        let got = comparable(std::mem::take(&mut self.got));
        assert_eq!(got, comparable(expected));
        let ending = self.connection.receive_eof();
        assert_eq!(ending.code, code);

        // The other end accepts all output.
        let other = if S::ROLE == Role::Server { Role::Client } else { Role::Server };
        let (_, verdict) = decode(other, Limits::new(), &[&self.out]);
        assert_eq!(verdict, Ok(()));
    }
}

fn kind_and_fin(byte: u8) -> (Kind, bool) {
    (if byte & 1 == 0 { Kind::Text } else { Kind::Binary }, byte & 2 != 0)
}

/// The payload of the last of the small frames in `bytes`.
fn the_frame(role: Role, bytes: &[u8]) -> Vec<u8> {
    let other = if role == Role::Server { Role::Client } else { Role::Server };
    let (got, verdict) = decode(other, Limits::new(), &[bytes]);
    assert_eq!(verdict, Ok(()));
    got.last().expect("a frame was written").bytes.clone()
}
