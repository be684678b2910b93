//! The server that compresses messages.

use framewright::SliceBuf;
use framewright::ws::deflate::{Config, Deflater, Inflater};
use framewright::ws::handshake::Extensions;
use framewright::ws::{self, Assembler, Connection, Event, Limits, Role};

/// The offer of the test's client.
const OFFER: &[u8] = b"permessage-deflate";

pub struct Server {
    connection: Connection<ws::Server>,
    assembler: Assembler<Vec<u8>>,
    inflater: Inflater,
    deflater: Deflater,
    scratch: Vec<u8>,
}

impl Server {
    pub fn new() -> Self {
        let (config, limits) = (Config::new(), Limits::new().max_message_len(64 << 10));
        let offers = Extensions::parse(OFFER).expect("it is one");
        let (agreed, _) = config.negotiate(offers).expect("nothing is against it");
        let inflater = Inflater::new(Role::Server, agreed, limits);
        Self {
            connection: Connection::server(limits).accept_compressed(true),
            assembler: Assembler::new(Vec::new()),
            inflater,
            deflater: Deflater::new(Role::Server, agreed, config),
            scratch: vec![0; 4096],
        }
    }

    pub fn receive(&mut self, mut input: &mut [u8], out: &mut SliceBuf<'_>) {
        while let Some(event) = self.connection.receive(&mut input) {
            let Event::Part(part) = event else { continue };
            match self.assembler.push_inflated(part, Some(&mut self.inflater), &mut self.scratch) {
                Ok(Some(message)) => {
                    let encoder = self.connection.encoder().expect("it is open");
                    self.deflater.encode(message, encoder, out).expect("the test leaves room");
                }
                Ok(None) => {}
                Err(error) => self.connection.fail(error),
            }
        }
        self.connection.transmit(out);
    }
}
