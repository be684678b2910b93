//! How a call ended, as a value that owns its parts.

use std::{error, fmt};

use framewright::grpc::{
    self, Any, CallId, Client, Code, Heap, RpcStatus, SendError, Trailers, metadata,
};

use super::MetadataMap;

/// How a call ended: the error of its methods, and what a handler returns to end it with an error.
///
/// ```
/// use framewright_tokio::grpc::{Code, Status};
///
/// let status = Status::new(Code::NotFound, "no such user");
/// assert_eq!(status.to_string(), "NOT_FOUND: no such user");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// The code.
    pub code: Code,
    /// What happened, for people to read; often empty.
    pub message: String,
    /// What happened, for a program to read: usually a `google.rpc.Status` in Protobuf, which
    /// [`RpcStatus`] takes apart. Often empty.
    pub details: Vec<u8>,
    /// The custom metadata of the trailers.
    pub metadata: MetadataMap,
    /// Whether the server has certainly not processed the call, so that it can be repeated. If the connection closes,
    /// repeat it on another one.
    pub is_unprocessed: bool,
}

impl Status {
    /// A status with a message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
            metadata: MetadataMap::new(),
            is_unprocessed: false,
        }
    }

    /// Sets the details to a `google.rpc.Status` with the same code and message, which other implementations read.
    ///
    /// ```
    /// use framewright_tokio::grpc::{Any, Code, RpcStatus, Status};
    ///
    /// // The value is a message in Protobuf: with `prost`, `info.encode_to_vec()`.
    /// fn invalid(info: &[u8]) -> Status {
    ///     let info = Any { type_url: "type.googleapis.com/google.rpc.ErrorInfo", value: info };
    ///     Status::new(Code::InvalidArgument, "the age is negative").with_any(&[info])
    /// }
    ///
    /// // A client reads them:
    /// let status = invalid(b"\x0A\x08NEGATIVE");
    /// let details = RpcStatus::parse(&status.details).expect("it is well-formed");
    /// let info = details.details().find(|any| any.type_name() == "google.rpc.ErrorInfo");
    /// assert_eq!(info.expect("it is there").value, b"\x0A\x08NEGATIVE");
    /// ```
    #[must_use]
    pub fn with_any(self, details: &[Any<'_>]) -> Self {
        let mut bytes = Vec::new();
        let status = RpcStatus::new(self.code, &self.message).with_details(details);
        status.write(&mut bytes).expect("a Vec has room");
        self.with_details(bytes)
    }

    /// Sets the details to any bytes.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<Vec<u8>>) -> Self {
        self.details = details.into();
        self
    }

    /// Sets the metadata to send after the status.
    #[must_use]
    pub fn with_metadata(mut self, metadata: MetadataMap) -> Self {
        self.metadata = metadata;
        self
    }

    /// How a call of a client has just ended.
    pub(super) fn of_call(client: &Client<Heap>, call: CallId, code: Code) -> Self {
        let mut owned = Self::from(code);
        owned.is_unprocessed = client.is_unprocessed(call);
        if let Some(status) = client.status(call) {
            owned.message = status.message.to_string();
            if let Some(details) = status.details {
                // What is not base64 is no details.
                let _ = details.decode(&mut owned.details);
            }
        }
        // What came has valid names and values, and fits in memory that can grow.
        let _ = owned.metadata.extend(metadata(client.trailers(call)));
        owned
    }

    /// What a method of the library returned for what the caller of ours gave it.
    pub(super) fn of_send(error: SendError) -> Self {
        match error {
            SendError::Closing => Self {
                is_unprocessed: true,
                ..Self::new(Code::Unavailable, "the connection takes no further call")
            },
            SendError::Ended => Self::new(Code::Cancelled, "the call is over"),
            error => Self::new(Code::Internal, error.to_string()),
        }
    }
}

/// A status without a message.
impl From<Code> for Status {
    fn from(code: Code) -> Self {
        Self::new(code, "")
    }
}

impl<'a> From<&'a Status> for Trailers<'a> {
    fn from(from: &'a Status) -> Self {
        let mut status = grpc::Status::new(from.code, &from.message);
        if !from.details.is_empty() {
            status = status.with_details(&from.details);
        }
        Trailers::new(status).metadata(&from.metadata)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        grpc::Status::new(self.code, &self.message).fmt(f)
    }
}

impl error::Error for Status {}
