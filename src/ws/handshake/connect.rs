//! The opening handshake over HTTP/2, by a CONNECT instead of an upgrade (RFC 8441).
//!
//! There is no key and no `Upgrade`, and an acceptance has the status 200. All else is as over HTTP/1.1.

use super::fields::HandshakeFields;
use super::offer::is_authority;
use super::{Accepted, ClientRequest, Error, Offer, Origins, ReplyCheck, SendError};
use crate::http::syntax::{is_http_scheme, is_visible};
use crate::http::{self, Field, Fields};
use crate::http1;
use crate::http2;

impl<'a, H: Clone + IntoIterator<Item: Field<'a>>> Offer<'a, H> {
    /// Checks a request that came over HTTP/2 (RFC 8441 §5). The server has to offer
    /// [extended CONNECT](http2::Connection::extended_connect).
    ///
    /// # Errors
    ///
    /// [`Error::NotAConnect`]: it is some other request, such as one for a page. Answer it as such. Any other error: the
    /// request is refused, and [`Error::refuse_connect`] makes the answer.
    ///
    /// # Example
    ///
    /// ```
    /// use framewright::http2::{self, Connection, Event, Storage};
    /// use framewright::ws::handshake::{ClientRequest, Offer, Origins};
    /// use framewright::ws::{self, Closer, Inbox, MessageEvent};
    ///
    /// let limits = http2::Limits::new();
    /// let mut http2 = Connection::server(Storage::new(), limits).extended_connect();
    /// let (mut head, mut out) = (Vec::new(), Vec::new());
    /// let mut websocket = None; // one for each stream, in a server of more
    /// let mut inbox = Inbox::new(Vec::new());
    /// # let mut client = Connection::client(Storage::new(), limits);
    /// # let (mut to_server, mut client_head) = (Vec::new(), Vec::new());
    /// # http2.transmit(&mut out);
    /// # let mut settings = std::mem::take(&mut out);
    /// # while client.receive(&mut &mut settings[..], &mut client_head).is_none() {}
    /// # let request = ClientRequest::new("example.com", "/chat");
    /// # let (request, fields, check) = request.connect("https")?;
    /// # let stream = client.open(request, fields, false, &mut to_server)?;
    /// # client.send(stream, b"\x81\x85\0\0\0\0hello", false, &mut to_server)?;
    /// # client.transmit(&mut to_server);
    /// for read in to_server.chunks_mut(9) { // what the server has just read, any size
    ///     let mut input = read;
    ///     while let Some(event) = http2.receive(&mut input, &mut head) {
    ///         match event {
    ///             Event::Head { stream, head, .. } => {
    ///                 let origins = Origins::same_host().or_absent();
    ///                 match Offer::from_connect(&head.request(), head.headers(), origins) {
    ///                     Ok(offer) => {
    ///                         let acceptance = offer.accept();
    ///                         let fields = acceptance.to_fields()?;
    ///                         http2.send_head(stream, acceptance.status(), fields, false, &mut out)?;
    ///                         websocket = Some(acceptance.connection(ws::Limits::new()));
    ///                     }
    ///                     Err(e) => {
    ///                         let refusal = e.refuse_connect();
    ///                         let fields = refusal.to_fields()?;
    ///                         http2.send_head(stream, refusal.status(), fields, true, &mut out)?;
    ///                     }
    ///                 }
    ///             }
    ///             Event::Data(data) => {
    ///                 let Some(websocket) = &mut websocket else { continue };
    ///                 if !http2.is_open(data.stream()) {
    ///                     continue; // both ends have closed
    ///                 }
    ///                 let mut frames = Vec::new();
    ///                 let mut body = &*data.bytes;
    ///                 while let Some(event) = websocket.receive_message(&mut body, &mut inbox) {
    ///                     if let MessageEvent::Message(_) = event {
    ///                         websocket.send(inbox.message(), &mut frames)?;
    ///                     }
    ///                 }
    ///                 websocket.transmit(&mut frames);
    ///                 // It says how much it took: what is left waits for `http2.writable()`.
    ///                 let end = websocket.close_expected() == Some(Closer::Us);
    ///                 http2.send(data.stream(), &frames, end, &mut out)?;
    ///             }
    ///             _ => {}
    ///         }
    ///     }
    ///     http2.transmit(&mut out); // once the output before is written
    /// }
    /// assert!(out.windows(7).any(|bytes| bytes == b"\x81\x05hello"));
    /// # let mut input = &mut out[..];
    /// # let mut accepted = false;
    /// # while let Some(event) = client.receive(&mut input, &mut client_head) {
    /// #     let Event::Head { head, .. } = event else { continue };
    /// #     check.check_connect(head.status(), head.headers())?;
    /// #     accepted = true;
    /// # }
    /// # assert!(accepted);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_connect(
        request: &http2::Request<'a>,
        headers: H,
        origins: Origins<'_>,
    ) -> Result<Self, Error> {
        let (target, host) = (request.target(), request.authority());
        let protocol = request.protocol().ok_or(Error::NotAConnect)?;
        let is_http = is_http_scheme(request.scheme().as_bytes());
        if request.method() != "CONNECT" || !is_http || !target.starts_with('/') {
            return Err(Error::NotAConnect);
        }
        if protocol != "websocket" {
            return Err(Error::OtherProtocol);
        }
        if !is_visible(target.as_bytes()) || target.contains('#') {
            return Err(Error::Target);
        }
        if !is_authority(host) {
            return Err(http1::Error::BadHost.into());
        }
        let fields = HandshakeFields::gather(headers.clone());
        if fields.body {
            return Err(Error::Body);
        }
        if fields.version.only(Error::Version, Error::RepeatedVersion)? != b"13" {
            return Err(Error::Version);
        }
        Self::check_offer(target, (host, target), None, headers, &fields, origins)
    }
}

impl<'a, 'h, E: Clone + IntoIterator<Item: Field<'h>>> ClientRequest<'a, E> {
    /// Returns the request for HTTP/2, its headers, and the check for the response (RFC 8441 §5).
    ///
    /// `scheme` is `https` over TLS, and `http` otherwise. Wait for the server's settings first: only if
    /// [`PeerSettings::extended_connect`](http2::PeerSettings::extended_connect) is set does it take such a request.
    ///
    /// Over TCP the server closes first. A stream has no such rule: once
    /// [`close_expected`](crate::ws::Connection::close_expected) names a side, end the stream, because some servers wait
    /// for that.
    ///
    /// # Errors
    ///
    /// The request cannot be sent as it is: its host, target, subprotocols, extensions or headers are not valid.
    /// [`SendError::Scheme`]: `scheme` is something else, such as `wss`.
    ///
    /// # Example
    ///
    /// ```
    /// use framewright::http2::{self, Connection, Event, Storage};
    /// use framewright::ws::handshake::ClientRequest;
    /// use framewright::ws;
    /// # use framewright::http::NO_FIELDS;
    ///
    /// let mut http2 = Connection::client(Storage::new(), http2::Limits::new());
    /// let (mut head, mut out) = (Vec::new(), Vec::new());
    /// # let mut server = Connection::server(Storage::new(), http2::Limits::new()).extended_connect();
    /// # let mut from_server = Vec::new();
    /// # server.transmit(&mut from_server);
    /// # let mut input = &mut from_server[..];
    /// // … once `Event::Settings` has come:
    /// # while http2.receive(&mut input, &mut head).is_some() {}
    /// assert!(http2.peer().extended_connect);
    /// let request = ClientRequest::new("example.com", "/chat").protocols(&["chat"]);
    /// let (request, fields, check) = request.connect("https")?;
    /// let stream = http2.open(request, fields, false, &mut out)?;
    /// # let mut input = &mut out[..];
    /// # let mut server_head = Vec::new();
    /// # from_server.clear();
    /// # while let Some(event) = server.receive(&mut input, &mut server_head) {
    /// #     let Event::Head { stream, .. } = event else { continue };
    /// #     let fields = [("sec-websocket-protocol", "chat")];
    /// #     server.send_head(stream, 200, fields, false, &mut from_server)?;
    /// # }
    /// # let mut input = &mut from_server[..];
    /// # let mut sent = 0;
    /// while let Some(event) = http2.receive(&mut input, &mut head) {
    ///     let Event::Head { head, .. } = event else { continue };
    ///     let accepted = check.check_connect(head.status(), head.headers())?;
    ///     // The keys have to come from a cryptographic generator.
    ///     let mut websocket = accepted.connection(ws::Limits::new(), || [0; 4]);
    ///     let mut frames = Vec::new();
    ///     websocket.send("hello", &mut frames)?;
    ///     http2.send(stream, &frames, false, &mut out)?;
    /// #   sent += 1;
    /// }
    /// # assert_eq!(sent, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn connect(
        &self,
        scheme: &'a str,
    ) -> Result<
        (http2::Request<'a>, impl Fields + Copy + use<'_, 'a, 'h, E>, ReplyCheck<'a>),
        SendError,
    > {
        if !is_http_scheme(scheme.as_bytes()) {
            return Err(SendError::Scheme);
        }
        self.check()?;
        let request = http2::Request::extended_connect("websocket", scheme, self.host, self.target);
        let fields = http::from_fn(|put| self.each_offered(put));
        Ok((request, fields, ReplyCheck::new(None, self.protocols, self.offered)))
    }
}

impl ReplyCheck<'_> {
    /// Checks a response that came over HTTP/2 (RFC 8441 §5).
    ///
    /// # Errors
    ///
    /// [`Error::Status`]: the server refused. Any other error: its answer is not valid, so reset the stream.
    pub fn check_connect<'a, H>(&self, status: u16, headers: H) -> Result<Accepted<'a, H>, Error>
    where
        H: Clone + IntoIterator<Item: Field<'a>>,
    {
        if !matches!(status, 200..=299) {
            return Err(Error::Status);
        }
        let fields = HandshakeFields::gather(headers.clone());
        self.check_chosen(&fields, headers)
    }
}
