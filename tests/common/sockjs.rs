//! SockJS for the tests: naive twins that see everything at once.

use framewright::sockjs::{
    Action, AttachError, Error, Framing, Limits, MessageDecoder, Output, ReceiverId, SendError,
    Session,
};
use framewright::{Assembler, OverLimit};

/// The messages of a payload, and whether it may end there.
pub type Messages = (Vec<String>, Result<(), Error>);

/// Decodes a payload that comes in pieces.
pub fn decode(mut decoder: MessageDecoder, pieces: &[&[u8]]) -> Messages {
    let mut messages = Vec::new();
    let mut assembler = Assembler::new(Vec::new());
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        loop {
            let before = input.len();
            match decoder.decode(&mut input) {
                Ok(Some(chunk)) => {
                    // Text that came in pieces may be returned byte by byte, long after it was taken.
                    assert!(input.len() < before || chunk.bytes.len() == 1);
                    if let Some(message) = assembler.push(chunk).expect("a Vec has room") {
                        messages.push(str::from_utf8(message).expect("it is text").to_owned());
                    }
                }
                Ok(None) => {
                    assert!(input.is_empty());
                    break;
                }
                Err(error) => {
                    assert_eq!(decoder.decode(&mut input), Err(error), "it keeps failing");
                    assert_eq!(decoder.check_eof(), Err(error));
                    return (messages, Err(error));
                }
            }
        }
    }
    let end = decoder.check_eof();
    (messages, end)
}

/// The same by the grammar of RFC 8259, with strings in UTF-16.
pub fn naive_decode(payload: &[u8], is_websocket: bool) -> Messages {
    let mut messages = Vec::new();
    let result = naive_array(payload, is_websocket, &mut messages);
    (messages, result)
}

fn naive_array(
    payload: &[u8],
    is_websocket: bool,
    messages: &mut Vec<String>,
) -> Result<(), Error> {
    let mut rest = skip_blanks(payload);
    if rest.is_empty() && (is_websocket || payload.is_empty()) {
        return if is_websocket { Ok(()) } else { Err(Error::PayloadMissing) };
    }
    if rest[..].first() == Some(&b'"') && is_websocket {
        messages.push(naive_string(&mut rest)?);
        return if skip_blanks(rest).is_empty() { Ok(()) } else { Err(Error::Json) };
    }
    rest = skip_blanks(rest.strip_prefix(b"[").ok_or(Error::Json)?);
    if rest.first() != Some(&b']') {
        loop {
            messages.push(naive_string(&mut rest)?);
            rest = skip_blanks(rest);
            match rest.strip_prefix(b",") {
                Some(after) => rest = skip_blanks(after),
                None => break,
            }
        }
    }
    let rest = rest.strip_prefix(b"]").ok_or(Error::Json)?;
    if skip_blanks(rest).is_empty() { Ok(()) } else { Err(Error::Json) }
}

fn skip_blanks(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r', after @ ..] = rest {
        rest = after;
    }
    rest
}

fn naive_string(rest: &mut &[u8]) -> Result<String, Error> {
    let text = rest.strip_prefix(b"\"").ok_or(Error::Json)?;
    let mut end = 0;
    while *text.get(end).ok_or(Error::Json)? != b'"' {
        end += if text[end] == b'\\' { 2 } else { 1 };
    }
    let inside = str::from_utf8(&text[..end]).map_err(|_| Error::Json)?;
    *rest = &text[end + 1..];
    let mut units = Vec::new();
    let mut chars = inside.chars();
    while let Some(char) = chars.next() {
        let char = match char {
            '\0'..=' ' if char != ' ' => return Err(Error::Json),
            '\\' => match chars.next().ok_or(Error::Json)? {
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let is_hex = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                    let unit = is_hex.then(|| u16::from_str_radix(&digits, 16).ok()).flatten();
                    units.push(unit.ok_or(Error::Json)?);
                    continue;
                }
                'b' => '\u{8}',
                'f' => '\u{C}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                char @ ('"' | '\\' | '/') => char,
                _ => return Err(Error::Json),
            },
            char => char,
        };
        units.extend_from_slice(char.encode_utf16(&mut [0; 2]));
    }
    Ok(String::from_utf16_lossy(&units))
}

/// A message in quotes, as frames have it.
pub fn naive_quote(message: &str) -> String {
    let mut quoted = String::from("\"");
    for char in message.chars() {
        match char {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            '\u{8}' => quoted += "\\b",
            '\t' => quoted += "\\t",
            '\n' => quoted += "\\n",
            '\u{C}' => quoted += "\\f",
            '\r' => quoted += "\\r",
            '\0'..='\u{1F}'
            | '\u{200C}'..='\u{200F}'
            | '\u{2028}'..='\u{202F}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FFF0}'..='\u{FFFF}' => quoted += &format!("\\u{:04x}", u32::from(char)),
            char => quoted.push(char),
        }
    }
    quoted + "\""
}

/// A frame, as a transport has it.
pub fn naive_framed(framing: Framing, frame: &str) -> String {
    let script = frame.replace('\\', "\\\\").replace('"', "\\\"");
    match framing {
        Framing::WebSocket => frame.to_owned(),
        Framing::Xhr | Framing::XhrStreaming => format!("{frame}\n"),
        Framing::EventSource => format!("data: {}\r\n\r\n", frame.replace('%', "%25")),
        Framing::HtmlFile(_) => {
            format!("<script>\np(\"{}\");\n</script>\r\n", script.replace('<', "\\u003c"))
        }
        Framing::Jsonp(callback) => format!("/**/{}(\"{script}\");\r\n", callback.as_str()),
    }
}

/// What happens to a session.
#[derive(Clone, Debug)]
pub enum Op {
    Attach(Framing),
    /// Loses the receiver, or one that was there before.
    Lost {
        stale: bool,
    },
    Send(String),
    Close(u16, String),
    /// Takes what there is, into a buffer with that much room. It may be one frame, or all.
    Transmit {
        room: usize,
        all: bool,
    },
    Poll,
    Wait(u64),
}

/// A session beside a model of it, which keeps messages as they are.
pub struct Modelled {
    session: Session<Vec<u8>>,
    limits: Limits,
    now: u64,
    ids: Vec<ReceiverId>,
    opened: bool,
    waiting: Vec<String>,
    close: Option<(u16, String, u64)>,
    receiver: Option<ModelReceiver>,
    /// Without a receiver: until when it waits. `None` when it is over.
    until: Option<u64>,
}

struct ModelReceiver {
    framing: Framing,
    sent: u64,
    last: u64,
    ending: bool,
}

impl Modelled {
    pub fn new(limits: Limits) -> Self {
        Self {
            session: Session::new(limits, Vec::new(), 0),
            limits,
            now: 0,
            ids: Vec::new(),
            opened: false,
            waiting: Vec::new(),
            close: None,
            receiver: None,
            until: Some(limits.disconnect_delay),
        }
    }

    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Attach(framing) => self.attach(*framing),
            Op::Lost { stale } => self.lost(*stale),
            Op::Send(message) => self.send(message),
            Op::Close(code, reason) => self.close(*code, reason),
            Op::Transmit { room, all } => while self.transmit(*room) && *all {},
            Op::Poll => self.poll(),
            Op::Wait(ms) => self.now += ms,
        }
        assert_eq!(self.session.is_over(), self.is_over());
        assert_eq!(self.session.is_attached(), self.receiver.is_some());
        assert_eq!(self.session.is_open(), !self.is_over() && self.close.is_none());
        assert_eq!(self.session.deadline(), self.deadline());
        assert_eq!(self.session.backlog_len(), self.backlog().len());
    }

    fn is_over(&self) -> bool {
        self.receiver.is_none() && self.until.is_none()
    }

    fn backlog(&self) -> String {
        self.waiting.iter().map(|message| naive_quote(message)).collect::<Vec<_>>().join(",")
    }

    fn deadline(&self) -> Option<u64> {
        match &self.receiver {
            None => self.until,
            Some(receiver) => {
                let heartbeat = receiver.last + self.limits.heartbeat_interval.max(1);
                Some(self.close.as_ref().map_or(heartbeat, |close| close.2.min(heartbeat)))
            }
        }
    }

    fn end(&mut self) {
        self.receiver = None;
        self.until = None;
        self.waiting.clear();
    }

    fn expire(&mut self) {
        let until = match (&self.receiver, &self.close) {
            (None, _) => self.until,
            (Some(_), Some(close)) => Some(close.2),
            (Some(_), None) => None,
        };
        if until.is_some_and(|until| until <= self.now) {
            self.end();
        }
    }

    fn attach(&mut self, framing: Framing) {
        self.expire();
        let result = self.session.attach(framing, self.now);
        if self.is_over() {
            assert_eq!(result, Err(AttachError::Over));
        } else if self.receiver.is_some() {
            assert_eq!(result, Err(AttachError::AnotherOpen));
        } else {
            self.ids.push(result.expect("nobody else is there"));
            let last = self.now;
            self.receiver = Some(ModelReceiver { framing, sent: 0, last, ending: false });
        }
    }

    fn lost(&mut self, stale: bool) {
        let skipped = usize::from(stale);
        let Some(&id) = self.ids.iter().rev().nth(skipped) else { return };
        self.session.receive_eof(id);
        if !stale && self.receiver.is_some() {
            self.end();
        }
    }

    fn send(&mut self, message: &str) {
        let result = self.session.send(message);
        if self.is_over() || self.close.is_some() {
            return assert_eq!(result, Err(SendError::Closed));
        }
        self.waiting.push(message.to_owned());
        let (len, limit) = (self.backlog().len() as u64, self.limits.max_backlog);
        if len <= limit {
            return assert_eq!(result, Ok(()));
        }
        self.waiting.pop();
        assert_eq!(result, Err(SendError::BacklogFull(OverLimit::new(len, limit))));
    }

    fn close(&mut self, code: u16, reason: &str) {
        let expected = if self.is_over() || self.close.is_some() {
            Err(SendError::Closed)
        } else if !(1000..5000).contains(&code) {
            Err(SendError::CodeInvalid)
        } else if reason.len() > 123 {
            Err(SendError::ReasonTooLong)
        } else {
            let until = self.now + self.limits.disconnect_delay;
            self.close = Some((code, reason.to_owned(), until));
            Ok(())
        };
        assert_eq!(self.session.close(code, reason, self.now), expected);
    }

    /// Returns whether something came.
    fn transmit(&mut self, room: usize) -> bool {
        let mut bytes = vec![0; room];
        let mut out = framewright::SliceBuf::new(&mut bytes);
        let result = self.session.transmit(&mut out, self.now);
        let Some(receiver) = &mut self.receiver else {
            assert_eq!(result, Ok(None));
            return false;
        };
        if receiver.ending {
            assert_eq!((result, out.len()), (Ok(Some(Output::End)), 0));
            let is_websocket = receiver.framing == Framing::WebSocket;
            let until = self.now + self.limits.disconnect_delay;
            let until = self.close.as_ref().map_or(until, |close| close.2);
            self.receiver = None;
            self.until = Some(until);
            if is_websocket {
                self.end();
            }
            return true;
        }
        let is_due = receiver.last + self.limits.heartbeat_interval.max(1) <= self.now;
        let frame = match &self.close {
            _ if !self.opened => "o".to_owned(),
            _ if !self.waiting.is_empty() => {
                let quoted: Vec<_> = self.waiting.iter().map(|text| naive_quote(text)).collect();
                format!("a[{}]", quoted.join(","))
            }
            Some((code, reason, _)) => format!("c[{code},{}]", naive_quote(reason)),
            None if is_due => "h".to_owned(),
            None => {
                assert_eq!((result, out.len()), (Ok(None), 0));
                return false;
            }
        };
        let expected = naive_framed(receiver.framing, &frame);
        if expected.len() > room {
            assert_eq!(result.map_err(|full| full.needed), Err(expected.len()));
            assert!(out.is_empty());
            return false;
        }
        assert_eq!((result, str::from_utf8(&out)), (Ok(Some(Output::Frame)), Ok(&*expected)));
        self.opened = true;
        if frame.starts_with('a') {
            self.waiting.clear();
            if let Some(close) = &mut self.close {
                close.2 = self.now + self.limits.disconnect_delay;
            }
        }
        receiver.last = self.now;
        receiver.sent += expected.len() as u64;
        let polls = matches!(receiver.framing, Framing::Xhr | Framing::Jsonp(_));
        let is_full = receiver.sent >= self.limits.response_limit;
        receiver.ending =
            polls || frame.starts_with('c') || is_full && receiver.framing != Framing::WebSocket;
        true
    }

    fn poll(&mut self) {
        let was_over = self.is_over();
        self.expire();
        let is_due = |receiver: &ModelReceiver| {
            receiver.last + self.limits.heartbeat_interval.max(1) <= self.now
        };
        let expected = match &self.receiver {
            _ if was_over => None,
            _ if self.is_over() => Some(Action::Over),
            Some(receiver) if is_due(receiver) => Some(Action::Transmit),
            _ => None,
        };
        assert_eq!(self.session.poll(self.now), expected);
    }
}
