//! Messages that come with a request.

use framewright::Assembler;
use framewright::sockjs::{Error, FormDecoder, MessageDecoder, Reply, Sender};

use crate::Shared;
use crate::service::{Key, LIMITS, Service};

/// Messages that come with a request.
pub struct Sending {
    key: Key,
    by_jsonp: bool,
    form: Option<FormDecoder>,
    decoder: MessageDecoder,
    assembler: Assembler<Vec<u8>>,
    error: Option<Error>,
}

impl Sending {
    pub fn new(key: Key, sender: Sender, is_plain: bool) -> Self {
        let by_jsonp = sender == Sender::Jsonp;
        Self {
            key,
            by_jsonp,
            form: (by_jsonp && !is_plain).then(FormDecoder::new),
            decoder: MessageDecoder::new_request(LIMITS),
            assembler: Assembler::new(Vec::new()),
            error: None,
        }
    }

    /// Takes a part of the body.
    pub fn receive(&mut self, mut input: &mut [u8], shared: &mut Shared) {
        if self.error.is_some() {
            return;
        }
        let Some(form) = &mut self.form else {
            self.error = self.take_messages(input, shared).err();
            return;
        };
        match form.decode(&mut input) {
            Ok(Some(value)) => self.error = self.take_messages(value, shared).err(),
            Ok(None) => {}
            Err(error) => self.error = Some(error),
        }
    }

    fn take_messages(&mut self, mut input: &mut [u8], shared: &mut Shared) -> Result<(), Error> {
        let Some(entry) = shared.sessions.by_key.get_mut(&self.key) else { return Ok(()) };
        while let Some(chunk) = self.decoder.decode(&mut input)? {
            if let Ok(Some(message)) = self.assembler.push(chunk) {
                let message = str::from_utf8(message).expect("it was checked");
                if entry.session.is_open() {
                    Service::on_message(&mut entry.session, message);
                }
            }
        }
        shared.sessions.touched.push(self.key.clone());
        Ok(())
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
