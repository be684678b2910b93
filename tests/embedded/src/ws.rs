//! A WebSocket server that echoes (RFC 6455), after the opening handshake.

use framewright::ws::{Assembler, CloseCode, Closer, Connection, Event, Limits, Server};
use framewright::{ArrayBuf, Buffer};

use crate::session::{concat, session};
use crate::{Memory, Session, Socket, Transport};

pub const SESSION: Session = session!(input: &[&FRAMES], expected: &[&ECHO]);

/// A text, a binary message of 256 bytes, a ping, a text that is cut inside a character, with a ping
/// at the cut, and a close frame.
pub const FRAMES: [u8; 322] = concat(&[
    b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", // §5.7
    b"\x82\xFE\x01\x00\x37\xfa\x21\x3d",
    &masked([0x5A; 256]),
    b"\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
    b"\x01\x83\x37\xfa\x21\x3d",
    &masked(*b"Gr\xC3"),
    b"\x89\x80\x37\xfa\x21\x3d",
    b"\x80\x84\x37\xfa\x21\x3d",
    &masked(*b"\xBC\xC3\x9Fe"),
    b"\x88\x85\x37\xfa\x21\x3d",
    &masked(*b"\x03\xE8bye"),
]);

pub const ECHO: [u8; 292] = concat(&[
    b"\x81\x05Hello",
    b"\x82\x7E\x01\x00",
    &[0x5A; 256],
    b"\x8A\x05Hello",
    b"\x8A\x00",
    b"\x81\x07Gr\xC3\xBC\xC3\x9Fe",
    b"\x88\x05\x03\xE8bye",
]);

/// A frame that is not masked, which a server must refuse (§5.1).
pub const BROKEN: Session = session!(
    input: &[b"\x81\x05Hello", &FRAMES],
    expected: &[b"\x88\x1E\x03\xEAclient's frame is not masked"],
);

/// Masks by the definition of §5.3.
const fn masked<const LEN: usize>(mut payload: [u8; LEN]) -> [u8; LEN] {
    let mut at = 0;
    while at < LEN {
        payload[at] ^= [0x37, 0xFA, 0x21, 0x3D][at % 4];
        at += 1;
    }
    payload
}

pub fn device(socket: &mut Socket<'_>, memory: &mut Memory) {
    let mut server = Echo::new();
    while let Some(input) = socket.read(&mut memory.read) {
        server.receive(input, socket);
    }
    server.finish();
}

/// A connection with its buffers. It has no lifetime, so a `static` may hold it.
pub struct Echo {
    connection: Connection<Server>,
    assembler: Assembler<ArrayBuf<MESSAGE_LEN>>,
    out: ArrayBuf<{ MESSAGE_LEN + 4 }>,
}

/// The longest message. Its header takes 4 bytes.
const MESSAGE_LEN: usize = 256;

impl Echo {
    pub const fn new() -> Self {
        Self {
            connection: Connection::server(Limits::new().max_message_len(MESSAGE_LEN as u64)),
            assembler: Assembler::new(ArrayBuf::new()),
            out: ArrayBuf::new(),
        }
    }

    pub fn receive(&mut self, mut input: &mut [u8], socket: &mut impl Transport) {
        let Self { connection, assembler, out } = self;
        while let Some(event) = connection.receive(&mut input) {
            if let Event::Part(part) = event
                && let Some(message) = assembler.push(part).expect("its limit is the storage's")
            {
                connection.send(message, out).expect("there is room for the longest message");
            }
            assert!(connection.transmit(out));
            socket.write(out);
            out.clear();
        }
    }

    pub fn is_over(&self) -> bool {
        self.connection.close_expected().is_some()
    }

    pub fn finish(&self) {
        assert_eq!(self.connection.close_expected(), Some(Closer::Us));
        let expected = match self.connection.error() {
            Some(_) => CloseCode::ABNORMAL,
            None => CloseCode::NORMAL,
        };
        assert_eq!(self.connection.receive_eof().code, expected);
    }
}
