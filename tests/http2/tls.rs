//! Sessions through TLS, with ALPN (RFC 9113 §3.2, §9.2): a client and a server behind `rustls`, whose records cut what
//! they write in their own way.

use std::io::{Read, Write};
use std::sync::Arc;

use framewright::http::NO_FIELDS;
use framewright::http2::{
    Client, Connection, Event, Limits, Request, Server, Side, Slot, Storage, Stream,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

/// A certificate for `a.example`, which signs itself, and its key. They are for this test alone.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBkjCCATigAwIBAgIUG4l4OsCtBAxBX1mi3Pm5Z4NZ0ewwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJYS5leGFtcGxlMCAXDTI2MTEyODEwMjA1OFoYDzIxMjYxMTA0
MTAyMDU4WjAUMRIwEAYDVQQDDAlhLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAT4bEeto/UJ4YYIKU2hk/gcJaXhjDOYH3CTipBmrEuTPn1zPhKQaFPu
IG/4zhctZULC+zOM9hS6S0DW45QefSEXo2YwZDAdBgNVHQ4EFgQUWXLrOJ5zAvzX
jKLGRBBUonEhdDswHwYDVR0jBBgwFoAUWXLrOJ5zAvzXjKLGRBBUonEhdDswFAYD
VR0RBA0wC4IJYS5leGFtcGxlMAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0EAwIDSAAw
RQIgYVib9SQNzSm96XFYufXg6szh5ZPTcUjamX6GpUfyQycCIQDj0uUl3CQrPpAx
swZh1JmXy588JE/7vQstDdG3XBU1wA==
-----END CERTIFICATE-----
";
const KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyatvIt7gWVYaUsk1
iUtI6hKAOjqriG4aoBX+FJgOKyyhRANCAAT4bEeto/UJ4YYIKU2hk/gcJaXhjDOY
H3CTipBmrEuTPn1zPhKQaFPuIG/4zhctZULC+zOM9hS6S0DW45QefSEX
-----END PRIVATE KEY-----
";

/// Both ends of TLS, which agree on HTTP/2.
fn tls() -> (ClientConnection, ServerConnection) {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let mut client = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    client.alpn_protocols = vec![b"h2".to_vec()];
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("a.example").unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    client.set_buffer_limit(None);
    server.set_buffer_limit(None);
    (client, server)
}

/// An end of HTTP/2 behind an end of TLS.
struct End<R, T> {
    h2: Connection<R, Vec<u8>, Vec<Slot>>,
    tls: T,
    /// What is to be sent of the body of the only stream.
    stream: Option<Stream>,
    to_send: Vec<u8>,
    got: Vec<u8>,
    has_ended: bool,
}

/// What both ends of `rustls` share.
trait Tls {
    fn write(&mut self, plain: &[u8]) -> Vec<u8>;
    fn read(&mut self, wire: &[u8]) -> Vec<u8>;
}

macro_rules! tls {
    ($end:ty) => {
        impl Tls for $end {
            fn write(&mut self, plain: &[u8]) -> Vec<u8> {
                self.writer().write_all(plain).unwrap();
                let mut wire = Vec::new();
                while self.wants_write() {
                    self.write_tls(&mut wire).unwrap();
                }
                wire
            }

            fn read(&mut self, mut wire: &[u8]) -> Vec<u8> {
                let (mut plain, mut room) = (Vec::new(), [0; 4096]);
                while !wire.is_empty() {
                    self.read_tls(&mut wire).unwrap();
                    self.process_new_packets().unwrap();
                    while let Ok(len @ 1..) = self.reader().read(&mut room) {
                        plain.extend_from_slice(&room[..len]);
                    }
                }
                plain
            }
        }
    };
}

tls!(ClientConnection);
tls!(ServerConnection);

impl<R: Side, T: Tls> End<R, T> {
    fn new(h2: Connection<R, Vec<u8>, Vec<Slot>>, tls: T) -> Self {
        Self { h2, tls, stream: None, to_send: Vec::new(), got: Vec::new(), has_ended: false }
    }

    /// Reads what was on the wire, and returns what goes there. `answer` is called with the head of a request.
    fn turn(
        &mut self,
        wire: &[u8],
        answer: impl Fn(&mut Connection<R, Vec<u8>, Vec<Slot>>, Stream, &mut Vec<u8>),
    ) -> Vec<u8> {
        let (mut plain, mut head, mut out) = (self.tls.read(wire), Vec::new(), Vec::new());
        let mut input = &mut plain[..];
        while let Some(event) = self.h2.receive(&mut input, &mut head) {
            match event {
                Event::Head { stream, .. } if self.stream.is_none() => {
                    self.stream = Some(stream);
                    answer(&mut self.h2, stream, &mut out);
                }
                Event::Data(data) => {
                    self.got.extend_from_slice(data.bytes);
                    self.has_ended = data.end();
                }
                Event::Failed(error) => panic!("{error}"),
                _ => {}
            }
        }
        while let Some(stream) = self.stream
            && let Ok(len) = self.h2.send(stream, &self.to_send, true, &mut out)
        {
            self.to_send.drain(..len);
            if len == 0 {
                break;
            }
        }
        self.h2.transmit(&mut out);
        self.tls.write(&out)
    }
}

#[test]
#[cfg_attr(miri, ignore = "it is in part assembly")]
fn long_bodies_go_both_ways_through_tls() {
    let (client, server) = tls();
    let h2: Connection<Client, _, _> = Connection::client(Storage::new(), Limits::new());
    let mut client = End::new(h2, client);
    let h2: Connection<Server, _, _> = Connection::server(Storage::new(), Limits::new());
    let mut server = End::new(h2, server);
    let body: Vec<u8> = (0..500_000_u32).map(|at| at.wrapping_mul(at) as u8).collect();
    server.to_send.clone_from(&body);
    client.to_send.clone_from(&body);

    let request = Request::new("POST", "https", "a.example", "/");
    let mut opening = Vec::new();
    client.stream = client.h2.open(request, NO_FIELDS, false, &mut opening).ok();
    // It waits inside of TLS until the handshake is over.
    let mut wire = client.tls.write(&opening);
    for _ in 0..200 {
        let back = server.turn(&wire, |h2, stream, out| {
            h2.send_head(stream, 200, NO_FIELDS, false, out).unwrap();
        });
        wire = client.turn(&back, |_, _, _| {});
        if client.has_ended && server.has_ended {
            break;
        }
    }
    assert_eq!(client.tls.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(server.tls.alpn_protocol(), Some(&b"h2"[..]));
    assert!(client.got == body && server.got == body, "what was sent is what came");
}
