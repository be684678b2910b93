//! The server without `std` and without an allocator.

use framewright::ws::{self, Assembler, Connection, Event, Limits};
use framewright::{Buffer, BufferFull, SliceBuf};

use crate::CAPACITY;

pub struct Server {
    connection: Connection<ws::Server>,
    assembler: Assembler<Storage>,
}

impl Server {
    pub fn new() -> Self {
        Self {
            connection: Connection::server(Limits::new().max_message_len(CAPACITY as u64)),
            assembler: Assembler::new(Storage { bytes: [0; CAPACITY], len: 0 }),
        }
    }

    pub fn receive(&mut self, mut input: &mut [u8], out: &mut SliceBuf<'_>) {
        while let Some(event) = self.connection.receive(&mut input) {
            if let Event::Part(part) = event
                && let Some(message) = self.assembler.push(part).expect("within the limit")
            {
                self.connection.send(message, out).expect("the test leaves room");
            }
        }
        self.connection.transmit(out);
    }
}

/// A buffer that owns its bytes, unlike `SliceBuf`.
struct Storage {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Buffer for Storage {
    fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
        let end = self.len.saturating_add(len);
        let fresh = self.bytes.get_mut(self.len..end).ok_or(BufferFull { needed: end })?;
        self.len = end;
        Ok(fresh)
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }

    fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}
