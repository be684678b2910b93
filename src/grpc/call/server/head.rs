//! The head of the response, as a server's call sends it.

use super::{FieldSink, ServerCall};
use crate::Buffer;
use crate::grpc::SendError;
use crate::grpc::call::{Carrier, ResponseHead};
use crate::http::{self, FieldValue};

impl ServerCall {
    /// Writes the head of the response, whose HTTP status is 200.
    ///
    /// The head is lines of HTTP/1.1, without the empty line that ends them; over WebSocket, it is
    /// the beginning of the body.
    pub fn send_head(
        &mut self,
        head: ResponseHead<'_>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.write_head(&head, out, FieldSink::Lines)
    }

    /// Hands every field of the response's head to `put`. Its HTTP status is 200.
    ///
    /// Over WebSocket, the head is written to `body` instead.
    ///
    /// ```
    /// use framewright::grpc::{CallKind, Request, ResponseHead, ServerConfig};
    ///
    /// let headers = [("content-type", &b"application/grpc"[..])];
    /// let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers).unwrap();
    /// let mut call = request.accept(CallKind::Unary, &ServerConfig::new(), 0).unwrap();
    /// let (mut map, mut body) = (http::HeaderMap::new(), Vec::new());
    /// call.send_head_fields(ResponseHead::new(), &mut body, |name, value| {
    ///     let name = http::HeaderName::try_from(name).expect("a token");
    ///     map.append(name, value.to_vec().try_into().expect("a field value"));
    /// })?;
    /// assert_eq!(map["content-type"], "application/grpc");
    /// # Ok::<(), framewright::grpc::SendError>(())
    /// ```
    pub fn send_head_fields(
        &mut self,
        head: ResponseHead<'_>,
        body: &mut impl Buffer,
        mut put: impl FnMut(&str, FieldValue<'_>),
    ) -> Result<(), SendError> {
        self.write_head(&head, body, FieldSink::Closure(&mut put))
    }

    fn write_head(
        &mut self,
        head: &ResponseHead<'_>,
        out: &mut impl Buffer,
        fields_to: FieldSink<'_>,
    ) -> Result<(), SendError> {
        self.check_head(head)?;
        let each = |put: &mut dyn FnMut(&str, FieldValue<'_>)| self.each_of_head(head, put);
        match (self.carrier, fields_to) {
            (Carrier::Socket, _) => self.response.encode_fields(each, out)?,
            (Carrier::Http, FieldSink::Lines) => http::write_lines(out, each)?,
            (Carrier::Http, FieldSink::Closure(put)) => each(put),
        }
        self.head_written(head);
        Ok(())
    }
}
