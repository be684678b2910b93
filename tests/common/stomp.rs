//! Frames of STOMP for the tests, and a decoder that sees the whole stream.

use framewright::stomp::{Command, Decoder, Error, Inbox, Limits, Part, Version};
use framewright::{Buffer, OverLimit};

/// A frame, or as much of it as came after its head.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Got {
    pub command: Command,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub complete: bool,
}

/// How a stream goes on after the last of its bytes: with an error, or else, whether it may end there.
pub type End = Result<bool, Error>;

/// A decoder with its settings.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub version: Option<Version>,
    pub limits: Limits,
    pub nul_accepted: bool,
}

impl Settings {
    pub const fn of(version: Option<Version>) -> Self {
        Self { version, limits: Limits::new(), nul_accepted: false }
    }

    pub const fn decoder(self) -> Decoder {
        let decoder = Decoder::new(self.limits).accept_stray_nul(self.nul_accepted);
        match self.version {
            Some(version) => decoder.version(version),
            None => decoder,
        }
    }
}

pub fn owned<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Decodes pieces. Every call takes a byte or returns a part, and `None` comes once all is taken.
pub fn decode<B: Buffer>(
    mut decoder: Decoder,
    inbox: &mut Inbox<B>,
    pieces: &[&[u8]],
) -> (Vec<Got>, End) {
    let mut got: Vec<Got> = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        loop {
            let before = input.len();
            match decoder.decode(&mut input, inbox) {
                Ok(None) => break,
                Ok(Some(Part::Head(command))) => {
                    assert!(input.len() < before);
                    assert!(got.last().is_none_or(|frame| frame.complete));
                    let headers = owned(inbox.headers());
                    got.push(Got { command, headers, body: Vec::new(), complete: false });
                }
                Ok(Some(Part::Body(chunk))) => {
                    assert!(input.len() < before);
                    let frame = got.last_mut().expect("a head comes first");
                    assert!(!frame.complete);
                    assert!(!chunk.start || frame.body.is_empty());
                    assert!(chunk.end || !chunk.bytes.is_empty());
                    frame.body.extend_from_slice(chunk.bytes);
                    frame.complete = chunk.end;
                    assert_eq!(owned(inbox.headers()), frame.headers, "they stay");
                }
                Err(e) => {
                    assert_eq!(decoder.decode(&mut &b"\n"[..], inbox), Err(e), "it is final");
                    return (got, Err(e));
                }
            }
        }
        assert!(input.is_empty(), "None means that all was taken");
    }
    (got, Ok(decoder.check_eof().is_ok()))
}

/// The frames of pieces, from a decoder with these settings.
pub fn read(settings: Settings, pieces: &[&[u8]]) -> (Vec<Got>, End) {
    decode(settings.decoder(), &mut Inbox::new(Vec::new()), pieces)
}

/// The grammar of STOMP 1.2 and of its predecessors for a reader that sees the whole stream.
pub fn naive(settings: Settings, stream: &[u8]) -> (Vec<Got>, End) {
    let mut reader = Naive { settings, rest: stream, got: Vec::new() };
    let end = reader.run();
    (reader.got, end)
}

struct Naive<'a> {
    settings: Settings,
    rest: &'a [u8],
    got: Vec<Got>,
}

impl<'a> Naive<'a> {
    fn run(&mut self) -> End {
        loop {
            match self.rest {
                [] | [b'\r'] => return Ok(true),
                [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => self.rest = rest,
                [b'\r', ..] => return Err(Error::LoneCarriageReturn),
                [0, rest @ ..] if self.settings.nul_accepted => self.rest = rest,
                [0, ..] => return Err(Error::NulBetweenFrames),
                _ => {
                    if !self.frame()? {
                        return Ok(false);
                    }
                }
            }
        }
    }

    /// Takes the text up to an LF. `None` if the stream ends before that, or before it is longer than `room`.
    fn line(&mut self, room: usize, too_long: Error) -> Result<Option<&'a [u8]>, Error> {
        let stream = self.rest;
        for (at, byte) in stream.iter().enumerate() {
            match byte {
                b'\n' => {
                    self.rest = &stream[at + 1..];
                    return Ok(Some(&stream[..at]));
                }
                0 => return Err(Error::NulInHead),
                _ if at == room => return Err(too_long),
                _ => {}
            }
        }
        Ok(None)
    }

    fn without_cr<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        match self.settings.version {
            Some(Version::V1_0 | Version::V1_1) => line,
            _ => line.strip_suffix(b"\r").unwrap_or(line),
        }
    }

    /// Takes a frame. Returns whether it is complete.
    fn frame(&mut self) -> Result<bool, Error> {
        let Some(line) = self.line(12, Error::UnknownCommand)? else { return Ok(false) };
        let line = self.without_cr(line);
        let known = Command::ALL.into_iter().find(|command| command.as_str().as_bytes() == line);
        let command = known.ok_or(Error::UnknownCommand)?;
        let Some(headers) = self.headers(command)? else { return Ok(false) };
        let announced = headers.iter().find(|(name, _)| name == "content-length");
        let announced = announced.map(|(_, digits)| digits.trim().parse::<u64>().unwrap());
        self.got.push(Got { command, headers, body: Vec::new(), complete: false });
        self.body(announced)
    }

    fn headers(&mut self, command: Command) -> Result<Option<Vec<(String, String)>>, Error> {
        let Limits { max_headers, max_line_len, max_head_len, max_body_len, .. } =
            self.settings.limits;
        let head_too_long = Error::HeadTooLong(OverLimit::new(max_head_len + 1, max_head_len));
        let line_too_long = Error::LineTooLong(OverLimit::new(max_line_len + 1, max_line_len));
        let (mut headers, mut head_len) = (Vec::<(String, String)>::new(), 0);
        loop {
            let head_room = max_head_len.saturating_sub(head_len + 1);
            let too_long = if max_line_len <= head_room { line_too_long } else { head_too_long };
            let room = usize::try_from(max_line_len.min(head_room)).unwrap_or(usize::MAX);
            let Some(line) = self.line(room, too_long)? else { return Ok(None) };
            head_len += line.len() as u64 + 1;
            if head_len > max_head_len {
                return Err(head_too_long);
            }
            let line = self.without_cr(line);
            if line.is_empty() {
                return Ok(Some(headers));
            }
            if self.settings.version == Some(Version::V1_2) && line.contains(&b'\r') {
                return Err(Error::LoneCarriageReturn);
            }
            let line = std::str::from_utf8(line).map_err(|_| Error::InvalidUtf8)?;
            let (name, value) = line.split_once(':').ok_or(Error::ColonMissing)?;
            if name.is_empty() {
                return Err(Error::NameEmpty);
            }
            if headers.len() as u64 == u64::from(max_headers) {
                return Err(Error::TooManyHeaders { limit: max_headers });
            }
            let (name, value) = (self.unescape(command, name)?, self.unescape(command, value)?);
            let first = headers.iter().all(|(other, _)| *other != name);
            if name == "content-length" && first {
                let padded = self.settings.version <= Some(Version::V1_0);
                let digits = if padded { value.trim_ascii() } else { &value };
                let valid = digits.chars().all(|c| c.is_ascii_digit());
                let len = digits.parse::<u64>().ok().filter(|_| valid);
                let len = len.ok_or(Error::ContentLengthInvalid)?;
                if len > max_body_len {
                    return Err(Error::BodyTooLong(OverLimit::new(len, max_body_len)));
                }
            }
            headers.push((name, value));
        }
    }

    fn unescape(&self, command: Command, text: &str) -> Result<String, Error> {
        let opens = matches!(command, Command::Connect | Command::Stomp | Command::Connected);
        if opens || self.settings.version <= Some(Version::V1_0) {
            return Ok(text.to_owned());
        }
        let mut chars = text.chars();
        let mut plain = String::new();
        while let Some(c) = chars.next() {
            plain.push(match c {
                '\\' => match chars.next() {
                    Some('n') => '\n',
                    Some('c') => ':',
                    Some('\\') => '\\',
                    Some('r') if self.settings.version == Some(Version::V1_2) => '\r',
                    _ => return Err(Error::EscapeUndefined),
                },
                c => c,
            });
        }
        Ok(plain)
    }

    fn body(&mut self, announced: Option<u64>) -> Result<bool, Error> {
        let max = self.settings.limits.max_body_len;
        let frame = self.got.last_mut().unwrap();
        if let Some(len) = announced {
            let len = usize::try_from(len).unwrap_or(usize::MAX).min(self.rest.len() + 1);
            frame.body = self.rest[..len.min(self.rest.len())].to_vec();
            match self.rest.get(len) {
                None => return Ok(false),
                Some(0) => self.rest = &self.rest[len + 1..],
                Some(_) => return Err(Error::NulMissing),
            }
        } else {
            let nul = self.rest.iter().position(|byte| *byte == 0);
            let len = nul.unwrap_or(self.rest.len());
            let within = len.min(usize::try_from(max).unwrap_or(usize::MAX));
            frame.body = self.rest[..within].to_vec();
            if len > within {
                return Err(Error::BodyTooLong(OverLimit::new(max + 1, max)));
            }
            if nul.is_none() {
                return Ok(false);
            }
            self.rest = &self.rest[len + 1..];
        }
        frame.complete = true;
        Ok(true)
    }
}
