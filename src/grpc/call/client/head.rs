//! The head of the response, as a client's call receives it.

use super::{ClientCall, State};
use crate::Buffer;
use crate::grpc::call::lists::HeadFacts;
use crate::grpc::call::{Outcome, is_web};
use crate::grpc::{Code, Error, Event, Framing};
use crate::http::{Field, Headers};

impl<B: Buffer> ClientCall<B> {
    /// Receives the head of the response. `end_stream` says that nothing follows the head, which is
    /// then all trailers (PROTOCOL-HTTP2, *Trailers-Only*).
    ///
    /// A head of status 1xx is skipped: another will come. [`metadata`](crate::grpc::metadata())
    /// finds the custom metadata in the headers.
    pub fn receive_head<'h, H>(
        &mut self,
        status: u16,
        headers: H,
        end_stream: bool,
    ) -> Option<Event<'static>>
    where
        H: IntoIterator<Item: Field<'h>>,
    {
        match self.state {
            State::Ended { .. } => return None,
            State::AwaitingHead if !end_stream && matches!(status, 100..=199) => return None,
            State::AwaitingHead => {}
            _ => return self.fail(Error::OutOfOrder),
        }
        let facts = self.lists.receive(headers, false);
        if end_stream {
            return self.end_by_trailers(&facts, status);
        }
        match (self.begin_body(status, &facts), facts.code()) {
            (Ok(()), _) => Some(Event::Head),
            // The error that the peer reports explains a body in another format.
            (Err(Error::Http(_) | Error::Subtype), Some(code)) if code != Code::Ok => {
                self.end(Outcome::Status(code), false)
            }
            (Err(e), _) => self.fail(e),
        }
    }

    /// Like [`receive_head`](Self::receive_head), for headers that can be read twice. The usual head has no status, so
    /// nothing of it is kept, and it need not be copied first.
    pub(in crate::grpc) fn receive_head_twice<'h, H>(
        &mut self,
        status: u16,
        headers: H,
        end_stream: bool,
    ) -> Option<Event<'static>>
    where
        H: Clone + IntoIterator<Item: Field<'h>>,
    {
        if matches!((&self.state, status), (State::AwaitingHead, 200)) && !end_stream {
            let facts = HeadFacts::of(headers.clone());
            if facts.code().is_none()
                && facts.content_type == Some(self.content_type)
                && self.begin_body(status, &facts).is_ok()
            {
                return Some(Event::Head);
            }
        }
        self.receive_head(status, headers, end_stream)
    }

    /// Goes on to the body after a head of HTTP.
    fn begin_body(&mut self, http_status: u16, head: &HeadFacts<'_>) -> Result<(), Error> {
        let content_type = head.content_type.ok_or(Error::Http(http_status))?;
        if is_web(content_type) != is_web(self.content_type) {
            return Err(Error::Http(http_status));
        }
        if content_type.subtype != self.content_type.subtype {
            return Err(Error::Subtype);
        }
        if content_type.framing == Framing::WebText {
            self.response.expect_text();
        }
        let mut code_in_head = head.code();
        if code_in_head == Some(Code::Ok)
            && let Some(lost) = head.lost
        {
            if is_web(content_type) {
                return Err(lost);
            }
            // In gRPC, it ends the call only if there are no trailers.
            code_in_head = None;
        }
        if code_in_head.is_none() {
            self.lists.clear();
        }
        let (encoding, encoding_unknown) = self.negotiate(head.encoding.name());
        self.encoding = encoding;
        self.response.accept_compressed(encoding.is_some());
        self.state = State::Body {
            http_status,
            begun: false,
            encoding_unknown,
            code_in_head,
            statusless: None,
        };
        Ok(())
    }

    /// Which accepted encoding `grpc-encoding` names, and whether it names one that was not accepted.
    pub(super) fn negotiate(&self, encoding: Option<&str>) -> (Option<u8>, bool) {
        let index = encoding.and_then(|name| self.encodings.index_of(name));
        (index, encoding.is_some() && index.is_none())
    }

    /// The head that came in the body, as it does over WebSocket, until the trailers come. Over HTTP it is
    /// empty: the caller had the head, and gave it to [`receive_head`](Self::receive_head).
    pub fn socket_head(&self) -> Headers<'_> {
        match self.state {
            State::Body { code_in_head: None, statusless: None, .. } => {
                self.lists.parse().unwrap_or_default()
            }
            _ => Headers::default(),
        }
    }
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    use std::vec::Vec;

    use crate::grpc::{CallKind, ClientRequest, Encodings, Limits, Path};

    #[test]
    fn a_head_that_is_read_twice_comes_to_the_same() {
        let path = Path::parse("/a.B/C").expect("it is one");
        let encodings = Encodings::new(&["gzip"]).expect("it is a name");
        let request = ClientRequest::new(path).accept_encodings(encodings);
        let content_types = ["application/grpc+proto", "application/grpc", "text/html", ""];
        let others = [
            ("x-a", "1"),
            ("grpc-status", "0"),
            ("grpc-status", "7"),
            ("grpc-encoding", "gzip"),
            ("grpc-encoding", "other"),
        ];
        for max_trailers_len in [0, 30, 1000] {
            let limits = Limits::new().max_trailers_len(max_trailers_len);
            for content_type in content_types {
                for other in others {
                    let headers = [("content-type", content_type), other];
                    for (status, end) in [(100, false), (200, false), (200, true), (503, false)] {
                        let [mut once, mut twice] =
                            [(); 2].map(|()| request.call(CallKind::Unary, limits, Vec::new(), 0));
                        assert_eq!(
                            twice.receive_head_twice(status, &headers, end),
                            once.receive_head(status, &headers, end),
                        );
                        for call in [&mut once, &mut twice] {
                            call.receive_trailers([("x-b", "2")]);
                        }
                        assert_eq!(std::format!("{twice:?}"), std::format!("{once:?}"));
                        assert_eq!(twice.status(), once.status());
                        assert!(twice.trailers().iter().eq(once.trailers().iter()));
                        assert_eq!(twice.encoding(), once.encoding());
                    }
                }
            }
        }
    }
}
