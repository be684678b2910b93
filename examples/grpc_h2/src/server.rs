//! The server's side: a task for each connection and one for each call.

use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use framewright::grpc::{
    CallKind, Code, Encodings, Event, Inbox, MessageEvent, Refusal, Request, ResponseHead,
    ServerCall, Status, Trailers, Trailing, Value, metadata,
};
use framewright::http::{FieldValue, Fields};
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::request::Parts;
use http::{HeaderMap, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::echo::{self, CONFIG, EchoReply, EchoRequest, GZIP};
use crate::{DATA_FRAME_BUDGET, append};

/// How long a shutdown waits for calls to end.
const SHUTDOWN: Duration = Duration::from_secs(5);
/// How long the rest of a request is read that was answered early.
const DRAIN: Duration = Duration::from_secs(1);
/// Length of the frames in which replies are gathered: the longest that every client accepts.
const FRAME_LEN: usize = 16 << 10;

pub async fn listen(address: &str) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let (stop, _) = watch::channel(());
    // Made once: one that is dropped has perhaps taken the signal.
    let mut ctrl_c = pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            _ = &mut ctrl_c => break,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => drop(tokio::spawn(serve_connection(socket, stop.subscribe()))),
                Err(e) => {
                    eprintln!("cannot accept a connection: {e}");
                    sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    stop.send_replace(());
    // Each connection and each call holds a receiver until it ends.
    if timeout(SHUTDOWN, stop.closed()).await.is_err() {
        eprintln!("not all calls have ended");
    }
    Ok(())
}

async fn serve_connection(socket: TcpStream, mut stop: watch::Receiver<()>) {
    // Messages are written whole. Waiting to fill a segment would only delay the last of them.
    let _ = socket.set_nodelay(true);
    let mut builder = h2::server::Builder::new();
    builder
        .max_concurrent_streams(1000)
        .max_header_list_size(16 << 10)
        .data_frame_budget(DATA_FRAME_BUDGET);
    let handshake = timeout(Duration::from_secs(10), builder.handshake::<_, Bytes>(socket)).await;
    let Ok(Ok(mut connection)) = handshake else { return };
    loop {
        tokio::select! {
            Ok(()) = stop.changed() => connection.graceful_shutdown(),
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    let alive = stop.clone();
                    tokio::spawn(async move {
                        serve(request, respond).await;
                        drop(alive);
                    });
                }
                Some(Err(_)) | None => return, // the calls notice it by themselves
            },
        }
    }
}

/// Serves or refuses one call.
async fn serve(request: http::Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    let (head, mut body) = request.into_parts();
    let mut response = Response::new(());
    let accepted = match begin(&head, response.headers_mut()) {
        Ok(accepted) => Some(accepted),
        Err(refusal) => {
            *response.status_mut() = refusal.http_status().try_into().expect("a status of HTTP");
            let fields = refusal.to_fields().expect("nothing in it comes from the client");
            fields.for_each_field(|name, value| append(response.headers_mut(), name, value));
            None
        }
    };
    // If nothing can be sent, the client is gone.
    let Ok(stream) = respond.send_response(response, accepted.is_none()) else { return };
    if let Some(Accepted { call, kind, compress }) = accepted {
        let inbox = Inbox::new(Vec::new());
        let (data, out) = (BytesMut::new(), BytesMut::new());
        let mut call = Call { call, body, data, inbox, stream, compress, out };
        let echoed = echoed(&head);
        let names: Vec<_> =
            echoed.iter().map(|(name, _)| name.replace("echo", "trailer")).collect();
        let values = echoed.iter().map(|(_, value)| *value);
        let metadata: Vec<_> = names.iter().map(String::as_str).zip(values).collect();
        call.run(kind, &metadata).await;
    } else {
        drain(&mut body).await;
    }
}

/// Drops the rest of a request that was answered early, but not without limit. Behind some proxies, a
/// reset right after the answer would overtake it.
async fn drain(body: &mut RecvStream) {
    let rest = async {
        while let Some(Ok(data)) = body.data().await {
            let _ = body.flow_control().release_capacity(data.len());
        }
    };
    let _ = timeout(DRAIN, rest).await;
}

struct Accepted {
    call: ServerCall,
    kind: CallKind,
    /// Whether the replies are to be compressed.
    compress: bool,
}

/// Accepts or refuses the head of a request, and fills the headers of the response.
fn begin(head: &Parts, headers: &mut HeaderMap) -> Result<Accepted, Refusal<'static>> {
    let request = Request::parse(head.method.as_str(), head.uri.path(), &head.headers)?;
    let kind = echo::kind(request.path()).ok_or_else(|| request.unimplemented())?;
    let mut call = request.accept(kind, &CONFIG, 0)?;
    let compress = head.headers.get("x-echo-gzip").is_some_and(|value| value == "1")
        && Encodings::GZIP.choose(&head.headers).is_some();
    let metadata = echoed(head);
    let mut response = ResponseHead::new().metadata(&metadata);
    if compress {
        response = response.encoding(GZIP);
    }
    let mut body = Vec::new(); // only over WebSocket would the head be in it
    call.send_head_fields(response, &mut body, |name, value| append(headers, name, value))
        .map_err(|_| request.refuse(Status::new(Code::InvalidArgument, "malformed metadata")))?;
    Ok(Accepted { call, kind, compress })
}

/// The metadata that come back: in the head, and with another name in the trailers.
fn echoed(head: &Parts) -> Vec<(&str, Value<'_>)> {
    metadata(&head.headers).filter(|(name, _)| name.starts_with("x-echo-")).collect()
}

/// A call over an HTTP/2 stream.
struct Call {
    call: ServerCall,
    body: RecvStream,
    /// Received bytes of the body, not yet decoded.
    data: BytesMut,
    inbox: Inbox<Vec<u8>>,
    stream: SendStream<Bytes>,
    compress: bool,
    /// Output that waits for the client to take it.
    out: BytesMut,
}

/// Why a method stopped early.
enum Stop {
    /// It ends the call with this status.
    Status(Code, String),
    /// The call has ended. The [`ServerCall`] knows why.
    Over,
}

impl Call {
    /// Runs the method, and makes sure that the call ends with a status.
    async fn run(&mut self, kind: CallKind, metadata: &[(&str, Value<'_>)]) {
        let start = Instant::now();
        let deadline = self.call.deadline().map(Duration::from_millis);
        let method = async {
            let result = self.answer(kind).await;
            self.flush().await?;
            result
        };
        let result = match deadline.and_then(|deadline| start.checked_add(deadline)) {
            Some(deadline) => timeout_at(deadline, method).await.unwrap_or(Err(Stop::Over)),
            None => method.await,
        };
        self.call.poll(start.elapsed().as_millis() as u64);
        if !self.out.is_empty() {
            // After part of a message, trailers are not allowed.
            self.stream.send_reset(h2::Reason::CANCEL);
            return;
        }
        let (code, text) = match &result {
            Ok(()) => (Code::Ok, ""),
            Err(Stop::Status(code, text)) => (*code, text.as_str()),
            Err(Stop::Over) => (Code::Unknown, ""), // not used, because there is another
        };
        let trailers = Trailers::new(Status::new(code, text)).metadata(metadata);
        let (mut body, mut fields) = (Vec::new(), HeaderMap::new());
        let mut put = |name: &str, value: FieldValue<'_>| append(&mut fields, name, value);
        if self.call.code().is_some() && !self.call.owes() {
            return; // the client is gone
        }
        if self.call.finish_fields(trailers, &mut body, &mut put).is_err() {
            self.stream.send_reset(h2::Reason::INTERNAL_ERROR);
            return;
        }
        let _ = match self.call.trailing() {
            Trailing::Trailers => self.stream.send_trailers(fields),
            Trailing::Body => self.stream.send_data(body.into(), true),
            Trailing::TrailersOnly => unreachable!("the head was sent"),
        };
        if self.call.reset_code().is_some() {
            drain(&mut self.body).await;
        }
        // If the client goes on even so, `h2` resets the stream with NO_ERROR when it is dropped.
    }

    async fn answer(&mut self, kind: CallKind) -> Result<(), Stop> {
        match kind {
            CallKind::Unary => {
                let request = self.only_request().await?;
                check(&request)?;
                self.reply(request.text, 0, request.payload).await
            }
            CallKind::ServerStreaming => {
                let request = self.only_request().await?;
                for index in 0..request.count {
                    if index > 0 && request.delay_ms > 0 {
                        self.pause(Duration::from_millis(request.delay_ms.into())).await?;
                    }
                    self.reply(request.text.clone(), index, request.payload.clone()).await?;
                }
                check(&request)
            }
            CallKind::ClientStreaming => {
                let (mut texts, mut count) = (Vec::new(), 0);
                while let Some(request) = self.request().await? {
                    check(&request)?;
                    texts.push(request.text);
                    count += 1;
                }
                self.reply(texts.join(","), count, Vec::new()).await
            }
            CallKind::BidiStreaming => {
                let mut index = 0;
                while let Some(request) = self.request().await? {
                    check(&request)?;
                    self.reply(request.text, index, request.payload).await?;
                    index += 1;
                }
                Ok(())
            }
        }
    }

    /// The next message, or `None` if the client has no more.
    async fn request(&mut self) -> Result<Option<EchoRequest>, Stop> {
        loop {
            let mut input = &self.data[..];
            let event = self.call.receive_message(&mut input, &mut self.inbox);
            let taken = self.data.len() - input.len();
            self.data.advance(taken);
            match event {
                Some(MessageEvent::Message) => {
                    let message = self.inbox.message();
                    return Ok(Some(echo::decode(message.compressed, message.bytes)?));
                }
                Some(_) => return Err(Stop::Over),
                None if self.read().await? => {}
                None => return Ok(None),
            }
        }
    }

    /// The only message. [`ServerCall`] makes sure that there is exactly one.
    async fn only_request(&mut self) -> Result<EchoRequest, Stop> {
        let request = self.request().await?;
        match self.request().await? {
            None => request.ok_or(Stop::Over),
            Some(_) => Err(Stop::Over),
        }
    }

    /// Waits for more of the body, and returns whether there is any.
    async fn read(&mut self) -> Result<bool, Stop> {
        self.flush().await?;
        match self.body.data().await {
            Some(Ok(data)) => {
                // These bytes wait for nothing, so the client may send as much again.
                let _ = self.body.flow_control().release_capacity(data.len());
                self.data = data.into();
                let len = self.call.decode_text_in_place(&mut self.data).len();
                self.data.truncate(len);
                Ok(true)
            }
            Some(Err(e)) => Err(self.lost(Some(e))),
            None => match self.call.receive_eof() {
                Some(Event::HalfClose) => Ok(false),
                _ => Err(Stop::Over),
            },
        }
    }

    async fn reply(&mut self, text: String, index: u32, payload: Vec<u8>) -> Result<(), Stop> {
        let reply = EchoReply { text, index, payload };
        let Self { call, compress, out, .. } = self;
        echo::encode(&reply, *compress, |message| call.send(message, out))
            .map_err(|_| Stop::Status(Code::Internal, "cannot reply".into()))?;
        // Short replies are gathered into one frame.
        if self.out.len() < FRAME_LEN { Ok(()) } else { self.flush().await }
    }

    /// Sends the output, as the client makes room for it.
    async fn flush(&mut self) -> Result<(), Stop> {
        while !self.out.is_empty() {
            self.stream.reserve_capacity(self.out.len());
            let room = match poll_fn(|cx| self.stream.poll_capacity(cx)).await {
                Some(Ok(room)) => room.min(self.out.len()),
                Some(Err(e)) => return Err(self.lost(Some(e))),
                None => return Err(self.lost(None)),
            };
            let data = self.out.split_to(room).freeze();
            self.stream.send_data(data, false).map_err(|e| self.lost(Some(e)))?;
        }
        Ok(())
    }

    /// Waits, unless the client gives up first.
    async fn pause(&mut self, time: Duration) -> Result<(), Stop> {
        self.flush().await?;
        tokio::select! {
            reset = poll_fn(|cx| self.stream.poll_reset(cx)) => {
                Err(self.lost(Some(match reset { Ok(reason) => reason.into(), Err(e) => e })))
            }
            () = sleep(time) => Ok(()),
        }
    }

    /// Records that the stream or the whole connection is lost.
    fn lost(&mut self, error: Option<h2::Error>) -> Stop {
        match error.and_then(|e| e.reason()) {
            Some(reason) => self.call.receive_reset(reason.into()),
            None => self.call.receive_disconnect(),
        };
        self.out.clear();
        Stop::Over
    }
}

/// Ends the call if the request asks for that.
fn check(request: &EchoRequest) -> Result<(), Stop> {
    match Code::from(request.code) {
        Code::Ok => Ok(()),
        code => Err(Stop::Status(code, request.error.clone())),
    }
}

impl From<Status<'_>> for Stop {
    fn from(status: Status<'_>) -> Self {
        Self::Status(status.code, status.message.to_string())
    }
}
