//! Where other implementations are known to differ, each with the sentence of the standard that decides.
//!
//! `§` without a document means a section of RFC 9113.

use crate::compare::Reaction::{self, Fine, GoAway, Reset};

/// Whose end it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Peer {
    Nghttp2,
    PythonH2,
}

/// A difference that is known.
pub struct Difference {
    peer: Peer,
    /// The steps after which it shows.
    steps: &'static [&'static str],
    ours: Reaction,
    theirs: Reaction,
    pub sentence: &'static str,
}

const PROTOCOL_ERROR: u32 = 1;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE_ERROR: u32 = 6;
const CANCEL: u32 = 8;
const COMPRESSION_ERROR: u32 = 9;

/// The one that all have, for every error of a stream.
const STREAM_ERROR: &str = "§5.4.1: \"An endpoint can end a connection at any time. In particular, an endpoint MAY choose \
                            to treat a stream error as a connection error.\"";

const DIFFERENCES: &[Difference] = &[
    Difference {
        peer: Peer::Nghttp2,
        steps: &["DATA after RST_STREAM", "HEADERS after RST_STREAM"],
        ours: Reset(STREAM_CLOSED),
        theirs: Fine,
        sentence: "§5.1: \"An endpoint that receives any frames other than PRIORITY after receiving a RST_STREAM MUST \
                   treat that as a stream error of type STREAM_CLOSED.\"",
    },
    Difference {
        peer: Peer::Nghttp2,
        steps: &["DATA on a closed stream", "HEADERS on a closed stream"],
        ours: GoAway(STREAM_CLOSED),
        theirs: Fine,
        sentence: "§5.1: \"An endpoint that receives any frames after receiving a frame with the END_STREAM flag set MUST \
                   treat that as a connection error of type STREAM_CLOSED.\"",
    },
    Difference {
        peer: Peer::PythonH2,
        steps: &["DATA on a closed stream"],
        ours: GoAway(STREAM_CLOSED),
        theirs: Reset(STREAM_CLOSED),
        sentence: "§5.1: the same sentence.",
    },
    Difference {
        peer: Peer::PythonH2,
        steps: &["a late body"],
        ours: Fine,
        theirs: Reset(STREAM_CLOSED),
        sentence: "§5.1: \"An endpoint that sends a RST_STREAM frame on a stream that is in the open or half-closed (local) \
                   state could receive any type of frame. […] An endpoint MUST minimally process and then discard any \
                   frames it receives in this state.\"",
    },
    Difference {
        peer: Peer::Nghttp2,
        steps: &["a stream that was skipped"],
        ours: GoAway(PROTOCOL_ERROR),
        theirs: Fine,
        sentence: "§5.1.1: \"An endpoint that receives an unexpected stream identifier MUST respond with a connection error \
                   of type PROTOCOL_ERROR.\"",
    },
    Difference {
        peer: Peer::PythonH2,
        steps: &["HEADERS on an even stream"],
        ours: GoAway(PROTOCOL_ERROR),
        theirs: Fine,
        sentence: "§5.1.1: the same sentence. `h2` takes it for the answer to a push that it has not seen.",
    },
    Difference {
        peer: Peer::PythonH2,
        steps: &["RST_STREAM on an idle stream"],
        ours: GoAway(PROTOCOL_ERROR),
        theirs: Fine,
        sentence: "§6.4: \"If a RST_STREAM frame identifying an idle stream is received, the recipient MUST treat this as a \
                   connection error of type PROTOCOL_ERROR.\"",
    },
    // Frames.
    Difference {
        peer: Peer::PythonH2,
        steps: &["padding longer than its fields"],
        ours: Fine,
        theirs: GoAway(PROTOCOL_ERROR),
        sentence: "§6.2: \"Padding that exceeds the size remaining for the field block fragment MUST be treated as a \
                   connection error.\" This one fits: what remains has to hold both, and they may have any lengths.",
    },
    Difference {
        peer: Peer::Nghttp2,
        steps: &["a PRIORITY without a stream"],
        ours: GoAway(PROTOCOL_ERROR),
        theirs: Fine,
        sentence: "§6.3: \"If a PRIORITY frame is received with a stream identifier of 0x00, the recipient MUST respond with \
                   a connection error of type PROTOCOL_ERROR.\"",
    },
    Difference {
        peer: Peer::Nghttp2,
        steps: &["a PRIORITY of 4 bytes"],
        ours: Fine,
        theirs: GoAway(FRAME_SIZE_ERROR),
        sentence: "§6.3: \"A PRIORITY frame with a length other than 5 octets MUST be treated as a stream error of type \
                   FRAME_SIZE_ERROR.\" On a stream that is over: §5.1: \"An endpoint MUST NOT send frames other than \
                   PRIORITY on a closed stream.\"",
    },
    Difference {
        peer: Peer::PythonH2,
        steps: &["a PRIORITY of 4 bytes"],
        ours: Fine,
        theirs: GoAway(FRAME_SIZE_ERROR),
        sentence: "§6.3, §5.1: the same sentences.",
    },
    Difference {
        peer: Peer::PythonH2,
        steps: &["an acknowledgement of nothing"],
        ours: GoAway(PROTOCOL_ERROR),
        theirs: Fine,
        sentence: "§6.5.3: an acknowledgement is of settings that were sent. No sentence says what one of nothing is: \
                   stricter than the standard.",
    },
    Difference {
        peer: Peer::PythonH2,
        steps: &["an acknowledgement with settings"],
        ours: GoAway(FRAME_SIZE_ERROR),
        theirs: GoAway(PROTOCOL_ERROR),
        sentence: "§6.5: \"Receipt of a SETTINGS frame with the ACK flag set and a length field value other than 0 MUST be \
                   treated as a connection error of type FRAME_SIZE_ERROR.\"",
    },
    Difference {
        peer: Peer::Nghttp2,
        steps: &["a PUSH_PROMISE"],
        ours: GoAway(PROTOCOL_ERROR),
        theirs: Reset(CANCEL),
        sentence: "§6.6: \"A receiver MUST treat the receipt of a PUSH_PROMISE […] as a connection error of type \
                   PROTOCOL_ERROR\" once its SETTINGS_ENABLE_PUSH of 0 was acknowledged. Before that, it may cancel. We \
                   cannot ever receive one: stricter than the standard.",
    },
    // Field blocks.
    Difference {
        peer: Peer::Nghttp2,
        steps: &["a size update after a field"],
        ours: GoAway(COMPRESSION_ERROR),
        theirs: GoAway(PROTOCOL_ERROR),
        sentence: COMPRESSION,
    },
    Difference {
        peer: Peer::PythonH2,
        steps: &[
            "index 0",
            "an index beyond the table",
            "an integer without end",
            "a Huffman code for the end",
            "Huffman padding of zeros",
            "a table over the limit",
            "a size update after a field",
            "a block that ends inside a field",
        ],
        ours: GoAway(COMPRESSION_ERROR),
        theirs: GoAway(PROTOCOL_ERROR),
        sentence: COMPRESSION,
    },
    // Messages.
    Difference {
        peer: Peer::Nghttp2,
        steps: &[
            "an empty name",
            "a name with a space",
            "a value with a NUL",
            "a value with a LF",
            "a value with a space before it",
        ],
        ours: Reset(PROTOCOL_ERROR),
        theirs: Fine,
        sentence: "§8.2.1: \"When a request or response message violates one of these requirements, […] \
                   MUST be treated as malformed.\" nghttp2 drops the field.",
    },
    Difference {
        peer: Peer::Nghttp2,
        steps: &["host that differs"],
        ours: Reset(PROTOCOL_ERROR),
        theirs: Fine,
        sentence: "§8.3.1: \"A server SHOULD treat a request as malformed if it contains a Host header field that identifies \
                   an entity that differs from the entity in the \":authority\" pseudo-header field.\"",
    },
    Difference {
        peer: Peer::PythonH2,
        steps: &[":authority with a user"],
        ours: Reset(PROTOCOL_ERROR),
        theirs: Fine,
        sentence: "§8.3.1: \":authority\" MUST NOT include the deprecated userinfo subcomponent for \"http\" or \"https\" \
                   schemed URIs.\"",
    },
    Difference {
        peer: Peer::PythonH2,
        steps: &["a :path without a slash"],
        ours: Reset(PROTOCOL_ERROR),
        theirs: Fine,
        sentence: "§8.3.1: \":path\" includes \"the path and query parts of the target URI (the absolute-path production and \
                   a '?' character followed by the query production)\".",
    },
    Difference {
        peer: Peer::PythonH2,
        steps: &["a :status of two digits"],
        ours: Reset(PROTOCOL_ERROR),
        theirs: Fine,
        sentence: "RFC 9110 §15: \"The status code of a response is a three-digit integer code\".",
    },
    Difference {
        peer: Peer::PythonH2,
        steps: &[
            "no body, with a content-length",
            "a content-length that is no number",
            "two content-lengths",
        ],
        ours: Reset(PROTOCOL_ERROR),
        theirs: Fine,
        sentence: "§8.1.1: \"A request or response is also malformed if the value of a content-length header field does not \
                   equal the sum of the DATA frame payload lengths that form the content\". `h2` counts only when DATA \
                   comes, and after HEAD not at all.",
    },
];

const COMPRESSION: &str = "§4.3: \"A decoding error in a field block MUST be treated as a connection error of type \
                           COMPRESSION_ERROR.\"";

/// The sentence by which this difference is known.
pub fn known(peer: Peer, step: &str, ours: Reaction, theirs: Reaction) -> Option<&'static str> {
    if let (Reset(our), GoAway(their)) = (ours, theirs)
        && our == their
    {
        return Some(STREAM_ERROR);
    }
    let found = DIFFERENCES.iter().find(|known| {
        (known.peer, known.ours, known.theirs) == (peer, ours, theirs)
            && known.steps.contains(&step)
    });
    Some(found?.sentence)
}
