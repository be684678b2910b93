//! gRPC-Web over WebSocket, as clients of `@improbable-eng/grpc-web` speak it: one call for each
//! connection.

use framewright::grpc::web::{SocketDecoder, SocketPart};
use framewright::http::Headers;
use framewright::ws::{CloseCode, Part};

use crate::call::{self, Carrier, EchoCall};
use crate::figures::Progress;
use crate::request;
use crate::response::{FieldList, Response};
use crate::service::Filled;

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// How long a client may take to send it, in ms.
const HEAD_WITHIN: u64 = 15_000;

/// Our end of a connection that carries one call.
pub struct Tunnel {
    path: String,
    socket: SocketDecoder,
    /// The head of the request, as far as it has come.
    head: Vec<u8>,
    /// When it has to be complete.
    head_by: u64,
    /// The head of the response, until it is sent: all of it if the request is refused.
    response: Vec<u8>,
    state: State,
}

enum State {
    /// Before the end of the request's head.
    Head,
    Call(Box<EchoCall>),
    /// The response's head was all, or nobody waits for more.
    Over,
}

impl Tunnel {
    pub fn new(path: &str, now: u64) -> Self {
        Self {
            path: path.to_owned(),
            socket: SocketDecoder::new(),
            head: Vec::new(),
            head_by: now + HEAD_WITHIN,
            response: Vec::new(),
            state: State::Head,
        }
    }

    /// What its call has done, to be counted.
    pub fn progress(&mut self) -> Option<&mut Progress> {
        match &mut self.state {
            State::Call(call) => Some(call.progress()),
            State::Head | State::Over => None,
        }
    }

    /// Receives a part of a message.
    ///
    /// # Errors
    ///
    /// The code to close with.
    pub fn receive(&mut self, part: Part<'_>, now: u64) -> Result<(), CloseCode> {
        let chunk = match part {
            Part::Binary(chunk) => chunk,
            Part::Text(_) | Part::Compressed(_) => return Err(CloseCode::UNSUPPORTED_DATA),
            Part::Ping(_) | Part::Pong(_) | Part::Close(_) => return Ok(()),
        };
        match self.socket.decode(chunk).map_err(|_| CloseCode::PROTOCOL_ERROR)? {
            Some(SocketPart::Head(chunk)) => {
                if self.head.len() + chunk.bytes.len() > MAX_HEAD {
                    return Err(CloseCode::TOO_BIG);
                }
                self.head.extend_from_slice(chunk.bytes);
                if chunk.end { self.begin(now) } else { Ok(()) }
            }
            Some(SocketPart::Data(bytes)) => {
                if let State::Call(call) = &mut self.state {
                    call.receive(bytes, now);
                }
                Ok(())
            }
            Some(SocketPart::HalfClose) => {
                if let State::Call(call) = &mut self.state {
                    call.receive_eof();
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Begins the call that the head asks for.
    fn begin(&mut self, now: u64) -> Result<(), CloseCode> {
        let head = std::mem::take(&mut self.head);
        let headers = Headers::parse_lax(&head).ok_or(CloseCode::POLICY)?;
        let headers = request::Headers::Http1(headers);
        match EchoCall::accept("POST", &self.path, headers, Carrier::WebSocket, now) {
            Ok(mut call) => {
                // All of it goes into the body.
                let mut fields = FieldList::default();
                call.send_head(&call::echoed(headers), &mut fields, &mut self.response)
                    .map_err(|_| CloseCode::POLICY)?;
                self.state = State::Call(Box::new(call));
            }
            Err(refusal) => {
                refusal.write(&mut self.response).map_err(|_| CloseCode::INTERNAL_ERROR)?;
                self.state = State::Over;
            }
        }
        Ok(())
    }

    /// Whether requests wait for their replies, so that more should wait with the client.
    pub fn is_behind(&self) -> bool {
        matches!(&self.state, State::Call(call) if call.is_behind())
    }

    /// Notes that the client has closed the connection.
    pub fn disconnect(&mut self) {
        self.state = State::Over;
    }

    /// Takes the head of the response, once there is one. It has to be a message of its own: clients
    /// do not look for more in the message that ends a head.
    pub fn take_head(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.response)
    }

    /// Writes the response's body until about `room` bytes wait, its status at the end.
    pub fn fill(&mut self, room: usize, out: &mut Response, now: u64) -> Filled {
        match &mut self.state {
            State::Call(call) => call.fill(room, out, now),
            State::Head if now < self.head_by => Filled::Until(self.head_by),
            State::Head | State::Over => Filled::End,
        }
    }

    /// Writes the status of a call that ends because the gateway ends.
    pub fn shut_down(&mut self, out: &mut Response) {
        if let State::Call(call) = &mut self.state {
            call.shut_down(out);
        }
    }
}
