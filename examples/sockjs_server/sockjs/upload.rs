//! Messages that come from a client: with a request, or over WebSocket.

use framewright::Assembler;
use framewright::sockjs::{Error, FormDecoder, Limits, MessageDecoder, Reply, Sender};

/// The body of a request that has messages.
pub struct Upload {
    by_jsonp: bool,
    form: Option<FormDecoder>,
    decoder: MessageDecoder,
    assembler: Assembler<Vec<u8>>,
    error: Option<Error>,
}

impl Upload {
    pub fn new(sender: Sender, content_type: Option<&[u8]>, limits: Limits) -> Self {
        let by_jsonp = sender == Sender::Jsonp;
        let is_plain =
            content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with(b"text/plain"));
        Self {
            by_jsonp,
            form: (by_jsonp && !is_plain).then(FormDecoder::new),
            decoder: MessageDecoder::new_request(limits),
            assembler: Assembler::new(Vec::new()),
            error: None,
        }
    }

    /// Receives a part of the body, and calls `take` with each message.
    pub fn receive(&mut self, mut input: &mut [u8], take: impl FnMut(&str)) {
        if self.error.is_some() {
            return;
        }
        let json = match &mut self.form {
            None => Ok(Some(input)),
            Some(form) => form.decode(&mut input),
        };
        let Self { decoder, assembler, .. } = self;
        self.error = match json {
            Ok(json) => decode(decoder, assembler, json.unwrap_or_default(), take).err(),
            Err(error) => Some(error),
        };
    }

    /// How much has come of a message that is not complete, in bytes.
    pub fn held(&self) -> usize {
        self.assembler.storage().len()
    }

    /// The answer, at the end of the body.
    pub fn finish(self) -> Reply<'static> {
        let form = self.form.map_or(Ok(()), |form| form.check_eof());
        match self.error.map_or(form, Err).and_then(|()| self.decoder.check_eof()) {
            Err(error) => Reply::refused(error),
            Ok(()) if self.by_jsonp => Reply::sent_by_jsonp(),
            Ok(()) => Reply::sent(),
        }
    }
}

/// Calls `take` with each message in one of a WebSocket.
pub fn decode_frame(text: &str, limits: Limits, take: impl FnMut(&str)) -> Result<(), Error> {
    let mut decoder = MessageDecoder::new_websocket(limits);
    let mut bytes = text.to_owned().into_bytes();
    decode(&mut decoder, &mut Assembler::new(Vec::new()), &mut bytes, take)?;
    decoder.check_eof()
}

fn decode(
    decoder: &mut MessageDecoder,
    assembler: &mut Assembler<Vec<u8>>,
    mut input: &mut [u8],
    mut take: impl FnMut(&str),
) -> Result<(), Error> {
    while let Some(chunk) = decoder.decode(&mut input)? {
        if let Some(message) = assembler.push(chunk).expect("a Vec has room") {
            take(str::from_utf8(message).expect("it was checked"));
        }
    }
    Ok(())
}
