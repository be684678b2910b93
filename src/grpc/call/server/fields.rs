//! What a connection of HTTP/2 needs of a server's call: its heads and trailers as fields, checked first, sent, and
//! noted after.

use super::{ServerCall, State, Trailing};
use crate::Buffer;
use crate::grpc::call::{Cardinality, IDENTITY, Outcome, ResponseHead};
use crate::grpc::{CallKind, Code, SendError, Trailers};
use crate::http::FieldValue;

impl ServerCall {
    /// Checks that the head can be sent.
    pub(in crate::grpc) fn check_head(&self, head: &ResponseHead<'_>) -> Result<(), SendError> {
        match self.state {
            State::Open { head_sent: false, .. } => head.check(),
            State::Open { .. } => Err(SendError::HeadSent),
            State::Failed { .. } | State::Ended { .. } => Err(SendError::Ended),
        }
    }

    /// Yields every field of a head that was checked.
    pub(in crate::grpc) fn each_of_head(
        &self,
        head: &ResponseHead<'_>,
        put: &mut dyn FnMut(&str, FieldValue<'_>),
    ) {
        head.each(self.content_type, self.encodings.as_str(), put);
    }

    /// Notes that a head that was checked is sent.
    pub(in crate::grpc) fn head_written(&mut self, head: &ResponseHead<'_>) {
        if let State::Open { head_sent, .. } = &mut self.state {
            *head_sent = true;
        }
        self.response.set_compresses(head.encoding.is_some_and(|name| name != IDENTITY));
    }

    /// Whether the head was sent.
    pub(in crate::grpc) const fn is_head_sent(&self) -> bool {
        self.state.head_sent()
    }

    /// Sets how many messages go each way. None has come, but some may have been sent.
    pub(in crate::grpc) const fn set_kind(&mut self, kind: CallKind) {
        self.request.set_cardinality(Cardinality::new(kind.streams_requests()));
        let sent = self.response.cardinality();
        self.response.set_cardinality(sent.with_streams(kind.streams_responses()));
    }

    /// The deadline that the call has, or had: its response may not be sent yet when it is over.
    pub(in crate::grpc) const fn response_deadline(&self) -> Option<u64> {
        self.deadline
    }

    /// Checks that the call can be ended with these trailers.
    pub(in crate::grpc) fn check_finish(&self, trailers: &Trailers<'_>) -> Result<(), SendError> {
        let State::Open { .. } = self.state else { return Err(SendError::Ended) };
        if trailers.code() == Code::Ok && self.response.is_missing_message() {
            return Err(SendError::MessageMissing);
        }
        trailers.check()
    }

    /// Notes that the call has ended with its trailers: with `code`, unless it had ended by itself.
    pub(in crate::grpc) const fn trailers_written(&mut self, code: Code) {
        self.state = match self.state {
            State::Open { half_closed, head_sent } => {
                State::Ended { outcome: Outcome::Status(code), half_closed, head_sent }
            }
            State::Failed { outcome, half_closed, head_sent }
            | State::Ended { outcome, half_closed, head_sent } => {
                State::Ended { outcome, half_closed, head_sent }
            }
        };
    }

    /// The trailers that are owed, as [`transmit`](Self::transmit) would write them.
    pub(in crate::grpc) const fn owed_trailers(&self) -> Option<Trailers<'static>> {
        match self.state {
            State::Failed { outcome, .. } => Some(Trailers::new(outcome.status())),
            State::Open { .. } | State::Ended { .. } => None,
        }
    }

    /// Writes trailers that were checked, where they are part of the body.
    pub(in crate::grpc) fn encode_trailers(
        &self,
        trailers: &Trailers<'_>,
        body: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.response.encode_fields(|put| self.each_of_trailers(trailers, put), body)
    }

    /// Yields every field of trailers that were checked, and those of the head before them if it was not sent.
    pub(in crate::grpc) fn each_of_trailers(
        &self,
        trailers: &Trailers<'_>,
        put: &mut dyn FnMut(&str, FieldValue<'_>),
    ) {
        if self.trailing() == Trailing::TrailersOnly {
            ResponseHead::new().each(self.content_type, self.encodings.as_str(), put);
        }
        trailers.each(put);
    }
}
