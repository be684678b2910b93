//! The client's side: a connection, and calls on it.

use std::error::Error;
use std::future::poll_fn;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use framewright::grpc::{
    CallKind, ClientCall, ClientRequest, Code, Encodings, Inbox, Limits, MessageEvent, Path,
    Status, Value,
};
use framewright::http::Fields;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::echo::{self, EchoReply, EchoRequest, GZIP};
use crate::{DATA_FRAME_BUDGET, append};

/// A connection for any number of calls at the same time.
#[derive(Clone)]
pub struct Client {
    requests: SendRequest<Bytes>,
    origin: String,
}

/// The options of a call.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    pub timeout: Option<Duration>,
    pub metadata: &'a [(&'a str, Value<'a>)],
    /// Whether to compress requests.
    pub compress: bool,
}

impl Client {
    pub async fn connect(address: &str) -> Result<Self, Box<dyn Error>> {
        let authority = address.trim_start_matches("http://").trim_end_matches('/');
        let socket = TcpStream::connect(authority).await?;
        socket.set_nodelay(true)?;
        let (requests, connection) = h2::client::Builder::new()
            .data_frame_budget(DATA_FRAME_BUDGET)
            .handshake(socket)
            .await?;
        // This task drives the connection. It ends when there is no call, and no `Client` to make
        // another.
        tokio::spawn(connection);
        Ok(Self { requests, origin: format!("http://{authority}") })
    }

    pub async fn call(&self, path: &str, options: Options<'_>) -> Result<Call, Box<dyn Error>> {
        let path = Path::parse(path).ok_or("a path has to be /service/method")?;
        // For an unknown method, allow any number of messages.
        let kind = echo::kind(path).unwrap_or(CallKind::BidiStreaming);
        let mut request = ClientRequest::new(path)
            .user_agent("grpc-rust-framewright/0.1.0")
            .accept_encodings(Encodings::GZIP)
            .metadata(options.metadata);
        if options.compress {
            request = request.encoding(GZIP);
        }
        if let Some(timeout) = options.timeout {
            request = request.timeout(timeout);
        }
        let call = request.call(kind, Limits::new(), Vec::new(), 0);
        let start = Instant::now();
        let mut head = Request::post(format!("{}{}", self.origin, path.as_str())).body(())?;
        request.to_fields()?.for_each_field(|name, value| append(head.headers_mut(), name, value));
        let mut requests = self.requests.clone().ready().await?;
        let (response, stream) = requests.send_request(head, false)?;
        Ok(Call {
            call,
            stream,
            compress: options.compress,
            response: Response::Awaited(response),
            head: HeaderMap::new(),
            data: Bytes::new(),
            inbox: Inbox::new(Vec::new()),
            start,
            any_compressed: false,
        })
    }
}

/// A call over an HTTP/2 stream.
pub struct Call {
    call: ClientCall<Vec<u8>>,
    stream: SendStream<Bytes>,
    compress: bool,
    response: Response,
    head: HeaderMap,
    /// Received bytes of the body, not yet decoded.
    data: Bytes,
    inbox: Inbox<Vec<u8>>,
    start: Instant,
    any_compressed: bool,
}

enum Response {
    Awaited(ResponseFuture),
    Begun(RecvStream),
}

impl Call {
    /// Sends a message. If the call has ended meanwhile, [`reply`](Self::reply) says how.
    pub async fn send(&mut self, request: &EchoRequest) {
        let mut out = BytesMut::new();
        let call = &mut self.call;
        if echo::encode(request, self.compress, |message| call.send(message, &mut out)).is_err() {
            return;
        }
        while !out.is_empty() {
            self.stream.reserve_capacity(out.len());
            let deadline = self.deadline();
            let room = poll_fn(|cx| self.stream.poll_capacity(cx));
            let Ok(Some(Ok(room))) = timeout_at(deadline, room).await else { return };
            let data = out.split_to(room.min(out.len())).freeze();
            if self.stream.send_data(data, false).is_err() {
                return;
            }
        }
    }

    /// Tells the server that no message will follow.
    pub fn half_close(&mut self) {
        if self.call.half_close(&mut Vec::new()).is_ok() {
            // If the stream is lost, reading the response will fail too.
            let _ = self.stream.send_data(Bytes::new(), true);
        }
    }

    /// The next reply, or `None` if the call is over: [`status`](Self::status) says how it ended.
    pub async fn reply(&mut self) -> Option<EchoReply> {
        while self.call.status().is_none() {
            let mut input = &self.data[..];
            let event = self.call.receive_message(&mut input, &mut self.inbox);
            let taken = self.data.len() - input.len();
            self.data.advance(taken);
            match event {
                Some(MessageEvent::Message) => {
                    let message = self.inbox.message();
                    self.any_compressed |= message.compressed;
                    match echo::decode(message.compressed, message.bytes) {
                        Ok(reply) => return Some(reply),
                        Err(status) => {
                            self.call.reject(status.code);
                            self.reset();
                        }
                    }
                }
                Some(_) => {}
                None => self.read().await,
            }
        }
        self.reset();
        None
    }

    /// Waits for more of the response.
    async fn read(&mut self) {
        let deadline = self.deadline();
        let call = &mut self.call;
        let received = timeout_at(deadline, async {
            match &mut self.response {
                Response::Awaited(response) => {
                    let (head, body) = response.await?.into_parts();
                    let end = body.is_end_stream();
                    call.receive_head(head.status.as_u16(), &head.headers, end);
                    self.head = head.headers;
                    self.response = Response::Begun(body);
                }
                Response::Begun(body) => match body.data().await {
                    Some(data) => {
                        self.data = data?;
                        body.flow_control().release_capacity(self.data.len())?;
                    }
                    None => match body.trailers().await? {
                        Some(trailers) => drop(call.receive_trailers(&trailers)),
                        None => drop(call.receive_eof()),
                    },
                },
            }
            Ok::<_, h2::Error>(())
        });
        let received = received.await;
        self.call.poll(self.start.elapsed().as_millis() as u64);
        if let Ok(Err(e)) = received {
            match e.reason() {
                Some(reason) => self.call.receive_reset(reason.into()),
                None => self.call.receive_disconnect(),
            };
        }
    }

    /// Gives the call up.
    pub fn cancel(&mut self, code: Code) {
        self.call.cancel(code);
        self.reset();
    }

    /// Tells the server that the call has ended, if it does not know yet.
    fn reset(&mut self) {
        if let Some(reset) = self.call.reset_code() {
            self.stream.send_reset(reset.code().into());
        }
    }

    fn deadline(&self) -> Instant {
        const LONG: Duration = Duration::from_secs(365 * 24 * 3600);
        let left = self.call.deadline().map_or(LONG, Duration::from_millis);
        self.start + left.min(LONG)
    }

    /// How the call ended.
    pub fn status(&self) -> Status<'_> {
        self.call.status().expect("there are no more replies")
    }

    /// The head of the response.
    pub const fn head(&self) -> &HeaderMap {
        &self.head
    }

    /// Whether any of the replies came compressed.
    pub const fn any_compressed(&self) -> bool {
        self.any_compressed
    }

    /// The trailers that ended the call.
    pub fn trailers(&self) -> framewright::http::Headers<'_> {
        self.call.trailers()
    }
}
