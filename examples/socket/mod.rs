//! Blocking sockets that do not block for ever, with TLS if the URL asks for it.

mod target;
mod tls;

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use target::Target;
use tls::Tls;

/// A connection to a server. Its clones share it: one thread can read while another writes.
#[derive(Debug)]
pub struct Socket {
    tcp: TcpStream,
    tls: Option<Arc<Tls>>,
}

#[allow(dead_code, reason = "not every example needs all of it")]
impl Socket {
    /// Connects to the first of the host's addresses that answers in time.
    ///
    /// `alpn` are the protocols to offer to a server with TLS, the best first.
    ///
    /// A later write fails if the server takes nothing for as long.
    pub fn connect(
        target: &Target,
        alpn: &[&[u8]],
        within: Duration,
    ) -> Result<Self, Box<dyn Error>> {
        let mut failed = io::Error::from(ErrorKind::AddrNotAvailable);
        for addr in target.address().to_socket_addrs()? {
            match TcpStream::connect_timeout(&addr, within) {
                Ok(mut tcp) => {
                    tcp.set_nodelay(true)?;
                    tcp.set_read_timeout(Some(within))?;
                    tcp.set_write_timeout(Some(within))?;
                    let tls = match target.is_secure() {
                        true => Some(Tls::connect(target, alpn, &mut tcp)?),
                        false => None,
                    };
                    tcp.set_read_timeout(None)?;
                    return Ok(Self { tcp, tls: tls.map(Arc::new) });
                }
                Err(e) => failed = e,
            }
        }
        Err(failed.into())
    }

    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { tcp: self.tcp.try_clone()?, tls: self.tls.clone() })
    }

    /// Reads what has come, or `None` if nothing does in time.
    pub fn read_until(&mut self, buf: &mut [u8], until: Instant) -> io::Result<Option<usize>> {
        let receive = |tcp: &mut TcpStream, buf: &mut [u8]| loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            tcp.set_read_timeout(Some(left))?;
            match tcp.read(buf) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                read => return read,
            }
        };
        let read = match &self.tls {
            None => receive(&mut self.tcp, buf),
            Some(tls) => tls.read(buf, |records| receive(&mut self.tcp, records)),
        };
        match read {
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
            read => read.map(Some),
        }
    }

    /// Says that nothing more will be written, or also that nothing more will be read.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if let Some(tls) = &self.tls {
            tls.close(&self.tcp);
        }
        self.tcp.shutdown(how)
    }

    /// The protocol that the server has chosen, if any.
    pub fn alpn(&self) -> Option<Vec<u8>> {
        self.tls.as_ref()?.alpn()
    }

    /// The socket and its TLS, for an event loop.
    pub fn into_parts(self) -> (TcpStream, Option<rustls::ClientConnection>) {
        let tls = self.tls.and_then(Arc::into_inner).map(Tls::into_inner);
        (self.tcp, tls)
    }
}

impl Read for Socket {
    /// Waits as long as it takes.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(None)?;
        match &self.tls {
            None => self.tcp.read(buf),
            Some(tls) => tls.read(buf, |records| self.tcp.read(records)),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match &self.tls {
            None => self.tcp.write(buf),
            Some(tls) => tls.write(buf, &self.tcp),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Text from the server, without what could steer the terminal.
#[allow(dead_code, reason = "not every example needs it")]
pub fn printable(bytes: &[u8]) -> String {
    let is_shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    String::from_utf8_lossy(bytes).chars().filter(is_shown).collect()
}
