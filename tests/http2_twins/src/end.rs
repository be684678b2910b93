//! What every end of a connection is here, whoever wrote it: what it is asked to do, and what it says and writes.

/// Names and values, pseudo-header fields first.
pub type List = Vec<(String, String)>;

/// One end of a connection.
pub trait End {
    /// Does what its caller wants. What a stream that is over cannot do is ignored.
    fn call(&mut self, call: &Call);

    /// Receives what was read from the transport.
    fn receive(&mut self, bytes: &[u8]);

    /// Takes what it has told its caller, and what it has written, since the last time.
    fn take(&mut self) -> Turn;
}

/// What an end did.
#[derive(Debug, Default)]
pub struct Turn {
    pub seen: Vec<Seen>,
    pub wrote: Vec<u8>,
}

/// What a caller wants.
#[derive(Clone, Debug)]
pub enum Call {
    /// A request, on the next stream of a client's.
    Open {
        stream: u32,
        head: List,
        end: bool,
    },
    /// An informational or the final head of a response.
    Respond {
        stream: u32,
        head: List,
        end: bool,
    },
    /// More of a body. What the windows do not allow waits at the end.
    Body {
        stream: u32,
        bytes: Vec<u8>,
        end: bool,
    },
    /// Trailers, after the body.
    Trailers {
        stream: u32,
        trailers: List,
    },
    Reset {
        stream: u32,
        code: u32,
    },
    Ping([u8; 8]),
    /// A new SETTINGS_INITIAL_WINDOW_SIZE and SETTINGS_HEADER_TABLE_SIZE. Ours never change.
    Settings {
        window: u32,
        table: u32,
    },
}

/// What a caller is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Seen {
    /// A head, with its pseudo-header fields in alphabetical order.
    Head {
        stream: u32,
        fields: List,
    },
    /// Bytes of a body. Those that follow each other are one.
    Data {
        stream: u32,
        bytes: Vec<u8>,
    },
    Trailers {
        stream: u32,
        fields: List,
    },
    /// The peer's side of a stream has ended well.
    End {
        stream: u32,
    },
    Reset {
        stream: u32,
        code: u32,
    },
    Pong([u8; 8]),
    GoAway {
        last: u32,
        code: u32,
    },
}

/// Adds to what was seen.
pub fn see(seen: &mut Vec<Seen>, next: Seen) {
    match (seen.last_mut(), next) {
        (Some(Seen::Data { stream, bytes }), Seen::Data { stream: same, bytes: more })
            if *stream == same =>
        {
            bytes.extend(more);
        }
        (_, Seen::Data { bytes, .. }) if bytes.is_empty() => {}
        (_, next) => seen.push(next),
    }
}

/// Puts the pseudo-header fields first and in alphabetical order. The standard gives them none.
pub fn sorted(mut fields: List) -> List {
    let pseudo = fields.iter().take_while(|(name, _)| name.starts_with(':')).count();
    fields[..pseudo].sort();
    fields
}

/// Splits a head into its pseudo-header fields, by name, and the rest.
pub fn pseudo<'a>(head: &'a List, name: &str) -> &'a str {
    head.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
}

/// The fields of a head without the pseudo-header fields.
pub fn regular(head: &List) -> impl Iterator<Item = (&str, &str)> + Clone {
    let fields = head.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    fields.filter(|(name, _)| !name.starts_with(':'))
}
