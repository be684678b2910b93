//! A client's TLS on a blocking socket. One thread can read while another writes.
//!
//! Neither holds the lock while it waits for the network:
//!
//! ```text
//!   server ── records ──▶ received ──▶ ClientConnection ──▶ read
//!   server ◀── records ────────────── ClientConnection ◀── write
//! ```

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::target::Target;

/// How much is read at a time, in bytes: about one record.
const RECORD: usize = 16 * 1024;

#[derive(Debug)]
pub struct Tls {
    state: Mutex<State>,
    /// Records have to be sent in the order in which they were made.
    sending: Mutex<()>,
}

#[derive(Debug)]
struct State {
    connection: ClientConnection,
    /// Bytes of records that the connection has not taken yet.
    received: Vec<u8>,
}

/// Which servers to believe, and what to speak with them.
fn config(ca: Option<&Path>, alpn: &[&[u8]]) -> Result<ClientConfig, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in CertificateDer::pem_file_iter(path)? {
                roots.add(certificate?)?;
            }
        }
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

impl Tls {
    /// Shakes hands with the server.
    pub fn connect(
        target: &Target,
        alpn: &[&[u8]],
        tcp: &mut TcpStream,
    ) -> Result<Self, Box<dyn Error>> {
        let name = ServerName::try_from(target.host().to_owned())?;
        let mut connection = ClientConnection::new(Arc::new(config(target.ca(), alpn)?), name)?;
        while connection.is_handshaking() {
            connection.complete_io(tcp).map_err(|e| format!("TLS: {e}"))?;
        }
        let state = Mutex::new(State { connection, received: Vec::new() });
        Ok(Self { state, sending: Mutex::new(()) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics")
    }

    /// Reads bytes. If there are none, `receive` waits for records.
    pub fn read(
        &self,
        buf: &mut [u8],
        mut receive: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut records = vec![0; RECORD];
        let mut is_over = false;
        loop {
            if let Some(n) = self.lock().read(buf)? {
                return Ok(n);
            }
            if is_over {
                return Ok(0); // the server has left without a word, as some do
            }
            let n = receive(&mut records)?;
            is_over = n == 0;
            self.lock().received.extend_from_slice(&records[..n]);
        }
    }

    /// Writes bytes, all in records of their own.
    pub fn write(&self, buf: &[u8], mut tcp: &TcpStream) -> io::Result<usize> {
        let _turn = self.sending.lock().expect("nobody panics");
        let mut state = self.lock();
        let n = state.connection.writer().write(buf)?;
        let records = state.records()?;
        drop(state);
        tcp.write_all(&records)?;
        Ok(n)
    }

    /// Says that nothing more will be written, as far as that can still be said.
    pub fn close(&self, mut tcp: &TcpStream) {
        let _turn = self.sending.lock().expect("nobody panics");
        let mut state = self.lock();
        state.connection.send_close_notify();
        let records = state.records().unwrap_or_default();
        drop(state);
        let _ = tcp.write_all(&records);
    }

    pub fn alpn(&self) -> Option<Vec<u8>> {
        self.lock().connection.alpn_protocol().map(<[u8]>::to_vec)
    }

    pub fn into_inner(self) -> ClientConnection {
        self.state.into_inner().expect("nobody panics").connection
    }
}

impl State {
    /// Reads bytes that have come. `None` if more records are needed.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            match self.connection.reader().read(buf) {
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                read => return read.map(Some),
            }
            if self.received.is_empty() {
                return Ok(None);
            }
            let n = self.connection.read_tls(&mut &self.received[..])?;
            self.received.drain(..n);
            self.connection.process_new_packets().map_err(io::Error::other)?;
        }
    }

    /// What the connection has to send.
    fn records(&mut self) -> io::Result<Vec<u8>> {
        let mut records = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut records)?;
        }
        Ok(records)
    }
}
