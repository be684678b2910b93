//! What the documentation says that a peer sees: its tables have every error, with the status that the code gives.

use std::collections::BTreeMap;
use std::fmt::Debug;

use framewright::ws::{self, CloseCode, handshake};
use framewright::{BufferFull, OverLimit, http1};

const FULL: BufferFull = BufferFull { needed: 1 };
const OVER: OverLimit = OverLimit::new(2, 1);

/// The rows of a module's tables that begin with a link to a variant of `Error`: its name, and the other cells.
fn rows(module: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut rows = BTreeMap::new();
    for line in module.lines().filter_map(|line| line.strip_prefix("//! | [`")) {
        let Some((name, rest)) = line.split_once("`](Error::") else { continue };
        let Some(cells) = rest.strip_prefix(name).and_then(|rest| rest.strip_prefix(") | ")) else {
            continue;
        };
        let cells = cells.trim_end_matches(" |").split(" | ").collect();
        assert!(rows.insert(name, cells).is_none(), "{name} has two rows");
    }
    rows
}

/// The variants of `Error`, as its source lists them.
fn variants(source: &str) -> Vec<&str> {
    let (_, body) = source.split_once("pub enum Error {\n").expect("it is there");
    let (body, _) = body.split_once("\n}\n").expect("it ends");
    let names = body.lines().filter_map(|line| line.strip_prefix("    "));
    let names = names.filter(|line| line.starts_with(|initial: char| initial.is_ascii_uppercase()));
    names.map(|line| line.split([',', '(', ' ']).next().expect("a name")).collect()
}

fn name(error: &impl Debug) -> String {
    format!("{error:?}").split(['(', ' ']).next().expect("a name").to_owned()
}

/// The table has a row for each variant and for nothing else, and so has `errors` a value.
fn assert_complete<'a, E: Debug>(
    module: &'a str,
    source: &str,
    errors: &[E],
) -> BTreeMap<&'a str, Vec<&'a str>> {
    let rows = rows(module);
    let mut variants = variants(source);
    variants.sort_unstable();
    assert_eq!(rows.keys().copied().collect::<Vec<_>>(), variants);
    let mut names: Vec<_> = errors.iter().map(name).collect();
    names.sort_unstable();
    assert_eq!(names, variants);
    rows
}

/// The status at the beginning of a cell, unless it is a dash.
fn status(cell: &str) -> Option<u16> {
    let status = cell.split([' ', ',']).next().and_then(|status| status.parse().ok());
    assert_eq!(status.is_none(), cell == "—", "{cell}");
    status
}

#[test]
fn the_close_code_of_each_error_of_websocket() {
    use ws::Error;
    let errors = [
        Error::ReservedBits,
        Error::ReservedOpcode(3),
        Error::MaskMissing,
        Error::MaskUnexpected,
        Error::ControlFragmented,
        Error::ControlTooLong,
        Error::ContinuationUnexpected,
        Error::ContinuationMissing,
        Error::LengthNotMinimal,
        Error::LengthTopBit,
        Error::FrameTooLong(OVER),
        Error::MessageTooLong(OVER),
        Error::TooManyFragments { limit: 1 },
        Error::InvalidUtf8,
        Error::BufferFull(FULL),
        Error::BeginningMissing,
        Error::PartsMixed,
        Error::NotInflated,
        Error::InvalidDeflate,
        Error::RatioTooHigh { limit: 1 },
        Error::CloseTooShort,
        Error::CloseCodeInvalid(CloseCode(1005)),
        Error::CloseReasonInvalid,
    ];
    let module = include_str!("../../src/ws/mod.rs");
    let rows = assert_complete(module, include_str!("../../src/ws/error.rs"), &errors);
    for error in errors {
        let [_section, code] = rows[&*name(&error)][..] else { panic!("{error:?}: two cells") };
        assert_eq!(Some(error.close_code().0), status(code), "{error:?}");
    }
}

#[test]
fn the_status_of_each_error_of_the_handshake() {
    use handshake::Error;
    let errors = [
        Error::Head(http1::Error::BadHost),
        Error::Method,
        Error::HttpVersion,
        Error::Target,
        Error::NotAnUpgrade,
        Error::Connection,
        Error::NotAConnect,
        Error::OtherProtocol,
        Error::Body,
        Error::Version,
        Error::RepeatedVersion,
        Error::Key,
        Error::RepeatedKey,
        Error::MissingOrigin,
        Error::Origin,
        Error::RepeatedOrigin,
        Error::Protocols,
        Error::Extensions,
        Error::Status,
        Error::RepeatedExtensions,
        Error::Accept,
        Error::RepeatedAccept,
        Error::ProtocolNotOffered,
        Error::ExtensionNotOffered,
        Error::ExtensionParams,
    ];
    let module = include_str!("../../src/ws/handshake/mod.rs");
    let rows = assert_complete(module, include_str!("../../src/ws/handshake/error.rs"), &errors);
    for error in errors {
        // An error of a response has no status.
        let [_section, http1, http2] = rows[&*name(&error)][..] else { continue };
        if let Some(status) =
            (error != Error::Head(http1::Error::BadHost)).then(|| status(http1)).flatten()
        {
            assert_eq!(error.refuse().status(), status, "{error:?}");
        }
        if let Some(status) = status(http2) {
            assert_eq!(error.refuse_connect().status(), status, "{error:?}");
        }
    }
    let of_responses = rows.values().filter(|cells| cells.len() == 1).count();
    assert_eq!((rows.len(), of_responses), (25, 7));
}

#[test]
fn the_status_of_each_error_of_http1() {
    use http1::Error;
    let errors = [
        Error::HeadTooLong { limit: 1 },
        Error::RequestLineTooLong { limit: 1 },
        Error::BufferFull(FULL),
        Error::TooManyHeaders { limit: 1 },
        Error::Tls,
        Error::Http2,
        Error::BareLf,
        Error::BareCr,
        Error::ControlByte,
        Error::RequestLine,
        Error::StatusLine,
        Error::Version,
        Error::Header,
        Error::MissingHost,
        Error::RepeatedHost,
        Error::BadHost,
        Error::ContentLength,
        Error::TransferEncoding,
        Error::AmbiguousLength,
        Error::BodyTooLong(OVER),
        Error::ChunkSize,
        Error::ChunkExtension,
        Error::ChunkExtensionsTooLong { limit: 1 },
        Error::ChunkEnd,
    ];
    let module = include_str!("../../src/http1/mod.rs");
    let rows = assert_complete(module, include_str!("../../src/http1/error.rs"), &errors);
    for error in errors {
        let [_section, code] = rows[&*name(&error)][..] else { panic!("{error:?}: two cells") };
        if let Some(status) = status(code) {
            assert_eq!(error.status(), status, "{error:?}");
        }
    }
}

#[test]
fn each_error_of_event_streams_has_its_row() {
    use framewright::sse::Error;
    let errors = [
        Error::LineTooLong { limit: 1 },
        Error::DataTooLong { limit: 1 },
        Error::TypeTooLong { limit: 1 },
        Error::IdTooLong { limit: 1 },
        Error::BufferFull(FULL),
    ];
    let module = include_str!("../../src/sse/mod.rs");
    assert_complete(module, include_str!("../../src/sse/error.rs"), &errors);
}
