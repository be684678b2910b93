//! Status codes: how a call ended, as a number.

use core::fmt;

use crate::http2::ErrorCode;

/// How a call ended (statuscodes.md).
///
/// ```
/// use framewright::grpc::Code;
///
/// assert_eq!(Code::parse(b"5"), Some(Code::NotFound));
/// assert_eq!((Code::NotFound as u8, Code::NotFound.name()), (5, "NOT_FOUND"));
/// assert_eq!(Code::from(99_u32), Code::Unknown);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[repr(u8)]
pub enum Code {
    /// It succeeded.
    Ok = 0,
    /// It was cancelled, usually by the caller.
    Cancelled = 1,
    /// An error of which nothing more is known.
    Unknown = 2,
    /// The client gave an argument that is invalid whatever the state of the system.
    InvalidArgument = 3,
    /// The deadline passed before the call ended.
    DeadlineExceeded = 4,
    /// Something asked for was not found.
    NotFound = 5,
    /// Something to be created exists already.
    AlreadyExists = 6,
    /// The caller may not do this.
    PermissionDenied = 7,
    /// A quota or a limit was exceeded.
    ResourceExhausted = 8,
    /// The system is not in a state that allows it.
    FailedPrecondition = 9,
    /// It was aborted, for instance because of a conflict with another transaction.
    Aborted = 10,
    /// It went past the valid range.
    OutOfRange = 11,
    /// The method does not exist here, or is not supported.
    Unimplemented = 12,
    /// Something that must hold does not.
    Internal = 13,
    /// The service is not available at the moment.
    Unavailable = 14,
    /// Data were lost for good.
    DataLoss = 15,
    /// The caller is not authenticated.
    Unauthenticated = 16,
}

impl Code {
    /// All codes, each at the index that is its number. [`From`] has a code for any other number, too.
    pub const ALL: [Self; 17] = [
        Self::Ok,
        Self::Cancelled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// Parses the value of `grpc-status`: a number without leading zeros (PROTOCOL-HTTP2, *Status*).
    ///
    /// `None` if it is not one of 0 to 16. To a client, that is [`Unknown`](Self::Unknown).
    pub fn parse(value: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str().as_bytes() == value)
    }

    /// The number as `grpc-status` writes it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "0",
            Self::Cancelled => "1",
            Self::Unknown => "2",
            Self::InvalidArgument => "3",
            Self::DeadlineExceeded => "4",
            Self::NotFound => "5",
            Self::AlreadyExists => "6",
            Self::PermissionDenied => "7",
            Self::ResourceExhausted => "8",
            Self::FailedPrecondition => "9",
            Self::Aborted => "10",
            Self::OutOfRange => "11",
            Self::Unimplemented => "12",
            Self::Internal => "13",
            Self::Unavailable => "14",
            Self::DataLoss => "15",
            Self::Unauthenticated => "16",
        }
    }

    /// The name, such as `NOT_FOUND`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Cancelled => "CANCELLED",
            Self::Unknown => "UNKNOWN",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Aborted => "ABORTED",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::DataLoss => "DATA_LOSS",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }

    /// The code for the HTTP status of a response without a `grpc-status`
    /// (http-grpc-status-mapping.md).
    pub const fn from_http(status: u16) -> Self {
        match status {
            400 | 431 => Self::Internal,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::Unimplemented,
            429 | 502..=504 => Self::Unavailable,
            _ => Self::Unknown,
        }
    }

    pub(super) const fn of_reset(error: ErrorCode) -> Self {
        match error {
            ErrorCode(0..=4 | 6 | 9 | 10) => Self::Internal,
            ErrorCode::REFUSED_STREAM => Self::Unavailable,
            ErrorCode::CANCEL => Self::Cancelled,
            ErrorCode::ENHANCE_YOUR_CALM => Self::ResourceExhausted,
            ErrorCode::INADEQUATE_SECURITY => Self::PermissionDenied,
            _ => Self::Unknown,
        }
    }
}

/// The code for the error code with which a stream of HTTP/2 was reset (PROTOCOL-HTTP2, *Errors*).
///
/// The document has no code for `STREAM_CLOSED`: that is [`Unknown`](Code::Unknown), like every error code that it
/// does not list.
impl From<ErrorCode> for Code {
    fn from(error: ErrorCode) -> Self {
        Self::of_reset(error)
    }
}

/// A number that is not one of 0 to 16 is [`Unknown`](Code::Unknown) (statuscodes.md).
impl From<i32> for Code {
    fn from(number: i32) -> Self {
        usize::try_from(number)
            .ok()
            .and_then(|at| Self::ALL.get(at))
            .copied()
            .unwrap_or(Self::Unknown)
    }
}

/// A number that is not one of 0 to 16 is [`Unknown`](Code::Unknown) (statuscodes.md).
impl From<u32> for Code {
    fn from(number: u32) -> Self {
        usize::try_from(number)
            .ok()
            .and_then(|at| Self::ALL.get(at))
            .copied()
            .unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
