//! What a server's and a client's end of a connection have in common.

use framewright::grpc::{
    CallId, CallKind, Client, ClientEvent, Code, Heap, Message, SendError, Server, ServerEvent,
    Timeout, metadata,
};
use framewright::http2::{Error, Headers};

use super::entry::Head;
use super::options::Options;
use super::{MetadataMap, Status};

/// The library's state machine of one end of a connection.
pub trait End: Send + Sized + 'static {
    const IS_SERVER: bool;

    fn new(options: &Options) -> Self;
    fn receive(&mut self, input: &mut &mut [u8], now: u64) -> Option<Event>;
    /// Takes what is known of the call that was just announced, and accepts it.
    fn announced(&mut self, call: CallId, options: &Options, now: u64) -> Announced;
    /// The head of a response that has just come.
    fn head(&self, call: CallId) -> Head;
    /// How a call has just ended.
    fn status(&self, call: CallId, code: Code) -> Status;
    fn message(&self, call: CallId) -> Message<'_>;
    fn send(
        &mut self,
        call: CallId,
        message: Message<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), SendError>;
    fn pause(&mut self, call: CallId);
    fn resume(&mut self, call: CallId);
    fn cancel(&mut self, call: CallId);
    fn transmit(&mut self, out: &mut Vec<u8>);
    fn owes(&mut self) -> bool;
    fn deadline(&self) -> Option<u64>;
    fn close(&mut self);
    fn lose(&mut self);
    fn is_over(&mut self) -> bool;
    /// Whether the peer wants no further call, or none can be made.
    fn is_closing(&mut self) -> bool;
    /// Which rule of HTTP/2 the peer broke.
    fn error(&self) -> Option<Error>;
}

/// What has come.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// A server's call.
    Call(CallId),
    /// The head of a response.
    Head(CallId),
    Message(CallId),
    HalfClose(CallId),
    Writable(CallId),
    End(CallId, Code),
}

/// What a server knows of a call from its beginning.
#[derive(Debug)]
pub struct Announced {
    pub path: Box<str>,
    pub metadata: MetadataMap,
    /// In ms.
    pub deadline: Option<u64>,
    /// What the client compresses with.
    pub encoding: Option<Box<str>>,
    /// What the server may compress with.
    pub accepted_encoding: Option<Box<str>>,
}

fn custom(headers: Headers<'_>) -> MetadataMap {
    let mut list = MetadataMap::new();
    // What came has valid names and values, and fits in memory that can grow.
    let _ = list.extend(metadata(headers));
    list
}

macro_rules! same_methods {
    () => {
        fn message(&self, call: CallId) -> Message<'_> {
            self.message(call)
        }

        fn send(
            &mut self,
            call: CallId,
            message: Message<'_>,
            out: &mut Vec<u8>,
        ) -> Result<(), SendError> {
            self.send(call, message, out)
        }

        fn pause(&mut self, call: CallId) {
            self.pause(call);
        }

        fn resume(&mut self, call: CallId) {
            self.resume(call);
        }

        fn cancel(&mut self, call: CallId) {
            self.cancel(call);
        }

        fn transmit(&mut self, out: &mut Vec<u8>) {
            // A `Vec` has room for everything.
            self.transmit(out);
        }

        fn owes(&mut self) -> bool {
            self.owes()
        }

        fn deadline(&self) -> Option<u64> {
            self.deadline()
        }

        fn close(&mut self) {
            self.close();
        }

        fn lose(&mut self) {
            self.receive_eof();
        }

        fn is_over(&mut self) -> bool {
            self.is_over()
        }

        fn is_closing(&mut self) -> bool {
            // A transport that ended now would have ended with the peer's GOAWAY, if one has come.
            let goaway = self.http2().receive_eof().code;
            goaway.is_some() || self.http2().error().is_some() || self.is_over()
        }

        fn error(&self) -> Option<Error> {
            self.http2().error()
        }
    };
}

impl End for Server<Heap> {
    const IS_SERVER: bool = true;

    fn new(options: &Options) -> Self {
        Self::new(options.server_config(), options.http2, 0)
            .keepalive(options.keepalive())
            .min_ping_interval(options.min_ping_ms())
    }

    fn receive(&mut self, input: &mut &mut [u8], now: u64) -> Option<Event> {
        loop {
            return Some(match self.receive(input, now)? {
                ServerEvent::Call(call) => Event::Call(call),
                ServerEvent::Message(call) => Event::Message(call),
                ServerEvent::HalfClose(call) => Event::HalfClose(call),
                ServerEvent::Writable(call) => Event::Writable(call),
                ServerEvent::Cancelled { call, code } => Event::End(call, code),
                _ => continue,
            });
        }
    }

    fn announced(&mut self, call: CallId, options: &Options, now: u64) -> Announced {
        let headers = self.headers();
        // One that is not valid was refused.
        let timeout = headers.get("grpc-timeout").and_then(Timeout::parse);
        let accepted_encoding = options.encodings.choose(headers);
        let announced = Announced {
            path: self.path().into(),
            metadata: custom(headers),
            deadline: timeout.map(|timeout| timeout.deadline(now)),
            encoding: self.encoding(call).map(Into::into),
            accepted_encoding: accepted_encoding.map(Into::into),
        };
        // It was just announced. Its kind is not known here: any number of messages may go each way.
        let _ = self.accept(call, CallKind::BidiStreaming);
        announced
    }

    fn head(&self, _: CallId) -> Head {
        Head::default() // only clients receive one
    }

    fn status(&self, _: CallId, code: Code) -> Status {
        let why = match code {
            Code::DeadlineExceeded => "deadline exceeded",
            Code::Cancelled => "the client gave up the call, or is lost",
            _ => "the client broke a rule or a limit",
        };
        Status::new(code, why)
    }

    same_methods!();
}

impl End for Client<Heap> {
    const IS_SERVER: bool = false;

    fn new(options: &Options) -> Self {
        Self::new(options.limits, options.http2, 0).keepalive(options.keepalive())
    }

    fn receive(&mut self, input: &mut &mut [u8], now: u64) -> Option<Event> {
        loop {
            return Some(match self.receive(input, now)? {
                ClientEvent::Head(call) => Event::Head(call),
                ClientEvent::Message(call) => Event::Message(call),
                ClientEvent::Writable(call) => Event::Writable(call),
                ClientEvent::End { call, code } => Event::End(call, code),
                _ => continue,
            });
        }
    }

    fn announced(&mut self, _: CallId, _: &Options, _: u64) -> Announced {
        unreachable!("only servers are called")
    }

    fn head(&self, call: CallId) -> Head {
        let encoding = self.encoding(call).map(Into::into);
        Head { metadata: custom(self.headers()), encoding }
    }

    fn status(&self, call: CallId, code: Code) -> Status {
        Status::of_call(self, call, code)
    }

    same_methods!();
}
