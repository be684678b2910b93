//! The requests and WebSockets of SockJS, and the sessions that they are for.
//!
//! A session is found by its service and by the name that its client gave it. A WebSocket has one of its own.

mod asked;
mod service;
mod sessions;
mod upload;

use std::collections::{BTreeSet, HashMap};
use std::mem;

use framewright::sockjs::{
    AttachError, Callback, Cookie, Framing, IframePage, Info, Receiver, Reply, Route, Routes,
};
use framewright::ws::{CloseCode, Message};

use crate::hub::{self, Answer, MAX_HELD, MAX_SESSIONS, Outgoing, Piece, Request};
use asked::{Asked, status};
pub use service::{Chat, Mount, Service, for_tests};
pub use sessions::Sessions;
use upload::Upload;

/// All services and their sessions.
pub struct Hub {
    mounts: Vec<Mount>,
    sessions: Sessions,
    /// The numbers of sessions that have names.
    by_name: HashMap<(usize, String), u64>,
    exchanges: HashMap<u64, Exchange>,
    /// The page for iframes.
    iframe: Vec<u8>,
}

enum Exchange {
    Stream {
        /// The session, or why it does not take this stream.
        session: Result<u64, AttachError>,
        framing: Framing,
        /// Whether the prelude is written, which comes before the first frame.
        has_prelude: bool,
    },
    Upload {
        session: u64,
        upload: Box<Upload>,
        asked: Asked,
    },
    Socket {
        session: u64,
        is_raw: bool,
    },
    /// A WebSocket whose client broke a rule.
    Failed(CloseCode, &'static str),
}

impl Hub {
    /// A hub of services. Pages in iframes load the client from the URL `script`. Returns nothing if that could be more
    /// than a URL.
    pub fn new(mounts: impl IntoIterator<Item = Mount>, script: &str) -> Option<Self> {
        let mut iframe = Vec::new();
        IframePage::new(script)?.encode(&mut iframe).expect("a Vec has room");
        Some(Self {
            mounts: mounts.into_iter().collect(),
            sessions: Sessions::new(MAX_HELD),
            by_name: HashMap::new(),
            exchanges: HashMap::new(),
            iframe,
        })
    }

    /// Sets how much all sessions may hold together, in bytes: [`MAX_HELD`] by default.
    pub fn max_held(mut self, bytes: usize) -> Self {
        self.sessions = Sessions::new(bytes);
        self
    }

    /// The service that a target is for, and the rest of the target.
    fn route<'t>(&self, target: &'t str) -> Option<(usize, &'t str)> {
        self.mounts.iter().enumerate().find_map(|(service, mount)| {
            let rest = target.strip_prefix(&mount.prefix)?;
            (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((service, rest))
        })
    }

    fn begin(
        &mut self,
        service: usize,
        rest: &str,
        request: &Request<'_>,
        exchange: u64,
    ) -> hub::Reply {
        let Mount { routes, needs_cookie, limits, .. } = self.mounts[service];
        let mut asked = Asked::of(request);
        let route = match routes.parse(request.method, rest) {
            Ok(route) => route,
            Err(error) => return asked.answer(Reply::not_routed(error), Vec::new()).into(),
        };
        if needs_cookie && route != Route::Info {
            asked.cookie = Some(Cookie::from_fields(request.headers));
        }
        let mut body = Vec::new();
        let reply = match route {
            Route::Greeting => Reply::greeting(),
            Route::Preflight { methods } => Reply::preflight(methods),
            Route::Info => {
                body = info(&routes, needs_cookie);
                Reply::info()
            }
            Route::Iframe => {
                let reply = Reply::iframe(request.header("If-None-Match"));
                if reply.status() == 200 {
                    body.clone_from(&self.iframe);
                }
                reply
            }
            Route::WebSocket | Route::RawWebSocket if !request.opens_socket => {
                Reply::not_websocket()
            }
            Route::WebSocket | Route::RawWebSocket if self.is_full() => return status(503).into(),
            Route::WebSocket => return self.open_socket(service, false, exchange),
            Route::RawWebSocket => return self.open_socket(service, true, exchange),
            Route::Receive { session, transport } => {
                let framing = match framing(transport, request.target) {
                    Ok(framing) => framing,
                    Err(reply) => return asked.answer(reply, body).into(),
                };
                return self.receive_frames(service, session, framing, exchange, &asked);
            }
            Route::Send { session, transport } => {
                let name = (service, session.to_owned());
                let Some(&session) = self.by_name.get(&name) else {
                    return asked.answer(Reply::session_unknown(), body).into();
                };
                let upload = Upload::new(transport, request.header("Content-Type"), limits);
                let upload = Box::new(upload);
                self.exchanges.insert(exchange, Exchange::Upload { session, upload, asked });
                return hub::Reply::Upload;
            }
        };
        asked.answer(reply, body).into()
    }

    /// Makes an exchange the receiver of a session, which it opens if there is none.
    fn receive_frames(
        &mut self,
        service: usize,
        name: &str,
        framing: Framing,
        exchange: u64,
        asked: &Asked,
    ) -> hub::Reply {
        let key = (service, name.to_owned());
        let session = match self.by_name.get(&key) {
            Some(session) => *session,
            None if self.is_full() => return status(503).into(),
            None => {
                let limits = self.mounts[service].limits;
                let session = self.sessions.open(service, Some(name.to_owned()), limits);
                self.by_name.insert(key, session);
                self.mounts[service].service.open(session, &mut self.sessions);
                session
            }
        };
        let session = self.sessions.attach(session, framing, exchange).map(|()| session);
        self.exchanges.insert(exchange, Exchange::Stream { session, framing, has_prelude: false });
        self.sessions.ready.insert(exchange);
        hub::Reply::Stream(asked.head(Reply::receiver(framing)))
    }

    fn is_full(&self) -> bool {
        self.sessions.len() >= MAX_SESSIONS
    }

    fn open_socket(&mut self, service: usize, is_raw: bool, exchange: u64) -> hub::Reply {
        let session = if is_raw {
            self.sessions.open_raw(service, exchange)
        } else {
            let session = self.sessions.open(service, None, self.mounts[service].limits);
            let attached = self.sessions.attach(session, Framing::WebSocket, exchange);
            attached.expect("it is the first");
            session
        };
        self.exchanges.insert(exchange, Exchange::Socket { session, is_raw });
        self.mounts[service].service.open(session, &mut self.sessions);
        hub::Reply::Socket
    }

    /// Returns what passes messages of a session to its service.
    fn service_of(&mut self, session: u64) -> Option<impl FnMut(Message<'_>)> {
        let service = self.sessions.service(session)?;
        let (service, sessions) = (&mut self.mounts[service].service, &mut self.sessions);
        Some(move |message: Message<'_>| {
            if sessions.is_open(session) {
                service.receive(session, message, sessions);
            }
        })
    }

    /// Tells services which of their sessions are over.
    fn forget_ended(&mut self) {
        for ended in mem::take(&mut self.sessions.ended) {
            if let Some(name) = ended.name {
                self.by_name.remove(&(ended.service, name));
            }
            self.mounts[ended.service].service.close(ended.session);
        }
    }
}

impl hub::Hub for Hub {
    fn request(&mut self, request: &Request<'_>, exchange: u64, now: u64) -> hub::Reply {
        self.sessions.now = now;
        let Some((service, rest)) = self.route(request.target) else {
            return status(404).into();
        };
        let reply = self.begin(service, rest, request, exchange);
        self.forget_ended();
        reply
    }

    fn receive(&mut self, exchange: u64, body: &mut [u8], now: u64) -> Option<Answer> {
        self.sessions.now = now;
        // Taken out, because the service may change whatever else there is, and put back.
        let mut upload = self.exchanges.remove(&exchange)?;
        if let Exchange::Upload { session, upload, .. } = &mut upload {
            let before = upload.held();
            if let Some(mut take) = self.service_of(*session) {
                upload.receive(body, |message| take(Message::Text(message)));
            }
            self.sessions.receive_part(*session, before, upload.held());
        }
        self.exchanges.insert(exchange, upload);
        self.forget_ended();
        None
    }

    fn end_body(&mut self, exchange: u64, _: u64) -> Answer {
        match self.exchanges.remove(&exchange) {
            Some(Exchange::Upload { session, upload, asked }) => {
                self.sessions.receive_part(session, upload.held(), 0);
                asked.answer(upload.finish(), Vec::new())
            }
            _ => Asked::default().answer(Reply::session_unknown(), Vec::new()),
        }
    }

    fn fill(&mut self, exchange: u64, out: &mut Vec<u8>, now: u64) -> Option<Piece> {
        self.sessions.now = now;
        let last = Piece { is_last: true };
        let Some(Exchange::Stream { session, framing, has_prelude }) =
            self.exchanges.get_mut(&exchange)
        else {
            return Some(last);
        };
        if !mem::replace(has_prelude, true) {
            framing.encode_prelude(out).expect("a Vec has room");
            if !out.is_empty() {
                return Some(Piece { is_last: false });
            }
        }
        let piece = match session {
            Ok(session) => self.sessions.fill(*session, *framing, out),
            Err(error) => {
                framing.encode(error.frame(), out).expect("a Vec has room");
                Some(last)
            }
        };
        if piece == Some(last) {
            self.exchanges.remove(&exchange);
        }
        self.forget_ended();
        piece
    }

    fn receive_message(&mut self, exchange: u64, message: Message<'_>, now: u64) {
        self.sessions.now = now;
        let Some(&Exchange::Socket { session, is_raw }) = self.exchanges.get(&exchange) else {
            return;
        };
        let Some(service) = self.sessions.service(session) else { return };
        let limits = self.mounts[service].limits;
        let Some(mut take) = self.service_of(session) else { return };
        let failure = match message {
            _ if is_raw => {
                take(message);
                None
            }
            Message::Text(text) => {
                let decoded =
                    upload::decode_frame(text, limits, |message| take(Message::Text(message)));
                decoded.err().map(|error| error.close())
            }
            Message::Binary(_) => Some((CloseCode::UNSUPPORTED_DATA.0, "")),
        };
        drop(take);
        if let Some((code, reason)) = failure {
            self.sessions.end(session);
            self.exchanges.insert(exchange, Exchange::Failed(CloseCode(code), reason));
            self.sessions.ready.insert(exchange);
        }
        self.forget_ended();
    }

    fn next_message(&mut self, exchange: u64, now: u64) -> Option<Outgoing> {
        self.sessions.now = now;
        let outgoing = match *self.exchanges.get(&exchange)? {
            Exchange::Socket { session, .. } => self.sessions.next_message(session)?,
            Exchange::Failed(code, reason) => Outgoing::Close(code, reason.to_owned()),
            Exchange::Stream { .. } | Exchange::Upload { .. } => return None,
        };
        if let Outgoing::Close(..) = outgoing {
            self.receive_eof(exchange, now);
        }
        Some(outgoing)
    }

    fn receive_eof(&mut self, exchange: u64, now: u64) {
        self.sessions.now = now;
        match self.exchanges.remove(&exchange) {
            Some(
                Exchange::Stream { session: Ok(session), .. } | Exchange::Socket { session, .. },
            ) => self.sessions.receive_eof(session, exchange),
            Some(Exchange::Upload { session, upload, .. }) => {
                self.sessions.receive_part(session, upload.held(), 0);
            }
            _ => {}
        }
        self.forget_ended();
    }

    fn poll(&mut self, now: u64) {
        self.sessions.now = now;
        self.sessions.poll();
        for mount in &mut self.mounts {
            mount.service.poll(&mut self.sessions);
        }
        self.forget_ended();
    }

    fn deadline(&self) -> Option<u64> {
        let services = self.mounts.iter().filter_map(|mount| mount.service.deadline());
        services.chain(self.sessions.deadline()).min()
    }

    fn take_ready(&mut self) -> BTreeSet<u64> {
        mem::take(&mut self.sessions.ready)
    }
}

/// What a service offers.
fn info(routes: &Routes, needs_cookie: bool) -> Vec<u8> {
    let random = getrandom::u32().expect("the system has random numbers");
    let info = Info::new(routes, random);
    let info = if needs_cookie { info.cookie_needed() } else { info };
    let mut body = Vec::new();
    info.encode(&mut body).expect("a Vec has room");
    body
}

fn framing(receiver: Receiver, target: &str) -> Result<Framing, Reply<'static>> {
    let callback = || Callback::parse(target).map_err(Reply::callback_refused);
    Ok(match receiver {
        Receiver::Xhr => Framing::Xhr,
        Receiver::XhrStreaming => Framing::XhrStreaming,
        Receiver::EventSource => Framing::EventSource,
        Receiver::HtmlFile => Framing::HtmlFile(callback()?),
        Receiver::Jsonp => Framing::Jsonp(callback()?),
    })
}
