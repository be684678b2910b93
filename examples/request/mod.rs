//! A request of HTTP/1.1 on a blocking socket, read to its end: for servers whose requests are short.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;

use framewright::http1::{self, BodyDecoder, Decoded, HeadReader, Limits, ResponseWriter, Version};

/// The longest body, in bytes.
const MAX_BODY: u64 = 1 << 20;

/// A request with its body.
pub struct Request {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub version: Version,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Request {
    /// A header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        str::from_utf8(value).ok()
    }

    /// Reads a request. A bad one is answered here, and is `None`, as is the end of the input.
    pub fn read(socket: &mut TcpStream) -> Result<Option<Self>, Box<dyn Error>> {
        match Self::try_read(socket) {
            Err(e) => {
                let Some(error) = e.downcast_ref::<http1::Error>() else { return Err(e) };
                respond(socket, error.status(), b"")?;
                Ok(None)
            }
            read => read,
        }
    }

    fn try_read(socket: &mut TcpStream) -> Result<Option<Self>, Box<dyn Error>> {
        let limits = Limits::new().max_body_len(MAX_BODY);
        let mut reader = HeadReader::new(Vec::new(), limits);
        let mut request: Option<(Self, BodyDecoder)> = None;
        let mut buf = [0; 4096];
        loop {
            let n @ 1.. = socket.read(&mut buf)? else { return Ok(None) };
            let mut input = &mut buf[..n];
            if request.is_none()
                && let Some(head) = reader.read_request(&mut input)?
            {
                if head.expects_continue() {
                    let mut out = Vec::new();
                    ResponseWriter::new(100).write(&mut out)?;
                    socket.write_all(&out)?;
                }
                let headers = head.headers().iter();
                let owned = Self {
                    method: head.method().to_owned(),
                    path: head.path().to_owned(),
                    version: head.version(),
                    headers: headers
                        .map(|(name, value)| (name.to_owned(), value.to_vec()))
                        .collect(),
                    body: Vec::new(),
                };
                request = Some((owned, BodyDecoder::new(head.body(), limits)));
            }
            let Some((request, decoder)) = &mut request else { continue };
            while let Decoded::Part(part) = decoder.decode(&mut input)? {
                request.body.extend_from_slice(part.bytes);
            }
            if decoder.is_complete() {
                break;
            }
        }
        Ok(request.map(|(request, _)| request))
    }
}

/// Answers a request, the last of its connection. A body is JSON.
pub fn respond(socket: &mut TcpStream, status: u16, body: &[u8]) -> Result<(), Box<dyn Error>> {
    let headers: &[_] = if body.is_empty() { &[] } else { &[("Content-Type", "application/json")] };
    respond_with(socket, status, headers, body)
}

/// Answers a request with headers, the last of its connection.
pub fn respond_with(
    socket: &mut TcpStream,
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(), Box<dyn Error>> {
    let mut out = Vec::new();
    ResponseWriter::new(status).headers(headers).body(body).close().write(&mut out)?;
    Ok(socket.write_all(&out)?)
}
