//! A socket for an event loop, with TLS or without.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;
use rustls::Connection;

/// A socket that does not block, with or without TLS.
///
/// What was written is on its way only after a [`flush`](Write::flush).
pub struct Transport {
    socket: TcpStream,
    tls: Option<Box<Connection>>,
}

impl Transport {
    pub fn new(socket: TcpStream, tls: Option<Connection>) -> Self {
        Self { socket, tls: tls.map(Box::new) }
    }

    /// To register it with an event loop.
    pub fn tcp(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// Whether a read that leaves room has emptied the socket.
    pub fn reads_all(&self) -> bool {
        self.tls.is_none()
    }

    /// Whether a part of what was written waits for the peer to take it.
    pub fn is_blocked(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Says that nothing more will be written. It closes only our side: a full close could discard our last bytes if bytes
    /// of the peer are unread.
    pub fn shut_down(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            // If it does not fit, the end of the connection has to do.
            let _ = self.flush();
        }
        self.socket.shutdown(Shutdown::Write)
    }
}

impl Read for Transport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(tls) = &mut self.tls else { return self.socket.read(buf) };
            match tls.reader().read(buf) {
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                // The peer has left without a word, as some do.
                Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                read => return read,
            }
            tls.read_tls(&mut self.socket)?;
            let processed = tls.process_new_packets();
            // There may be an alert, or a part of the handshake.
            match self.flush() {
                Err(e) if e.kind() != ErrorKind::WouldBlock => return Err(e),
                _ => processed.map_err(io::Error::other)?,
            };
        }
    }
}

impl Write for Transport {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        // What was written before goes first, so that little waits here.
        self.flush()?;
        match &mut self.tls {
            None => self.socket.write(buf),
            Some(tls) => tls.writer().write(buf),
        }
    }

    /// Writes what waits, or fails with [`ErrorKind::WouldBlock`].
    fn flush(&mut self) -> io::Result<()> {
        while let Some(tls) = &mut self.tls
            && tls.wants_write()
        {
            match tls.write_tls(&mut self.socket) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                written => drop(written?),
            }
        }
        Ok(())
    }
}
