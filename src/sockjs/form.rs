//! Takes a field out of a form.

use core::mem;

use super::Error;
use super::callback::percent_decoded;
use crate::inline::Inline;

/// Takes the field `d` out of a form, decoded in place: the body of `jsonp_send`, unless its content type is
/// `text/plain` (*JsonpPolling*).
///
/// What it returns is for a [`MessageDecoder`](super::MessageDecoder). Without the field, that gets nothing, and says
/// that the payload is missing.
///
/// ```
/// use framewright::sockjs::FormDecoder;
///
/// let mut form = FormDecoder::new();
/// let mut body = *b"d=%5B%22a+b%22%5D";
/// let mut input = &mut body[..];
/// assert_eq!(form.decode(&mut input)?.as_deref(), Some(&b"[\"a b\"]"[..]));
/// assert_eq!(form.decode(&mut input)?, None);
/// form.check_eof()?;
/// # Ok::<(), framewright::sockjs::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct FormDecoder {
    state: FormState,
}

#[derive(Clone, Copy, Debug)]
enum FormState {
    /// In a name, which is `d` so far, or nothing.
    Name {
        is_d: bool,
    },
    /// In the value of `d`, after these bytes of an escape.
    Value {
        escape: Inline<2>,
    },
    /// In a field that is not `d`.
    Other,
    /// After the value.
    End,
    Failed(Error),
}

impl Default for FormState {
    fn default() -> Self {
        Self::Name { is_d: false }
    }
}

impl FormDecoder {
    /// A decoder at the start of a body.
    pub const fn new() -> Self {
        Self { state: FormState::Name { is_d: false } }
    }

    /// Decodes the next part of the value, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed, or are of no interest.
    pub fn decode<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<&'a mut [u8]>, Error> {
        while !matches!(self.state, FormState::Value { .. }) {
            let Some(&mut byte) = input.split_off_first_mut() else { return Ok(None) };
            self.state = match (self.state, byte) {
                (FormState::Failed(error), _) => return Err(error),
                (FormState::Name { is_d: true }, b'=') => {
                    FormState::Value { escape: Inline::EMPTY }
                }
                (FormState::Name { .. } | FormState::Other, b'&') => FormState::default(),
                (FormState::Name { is_d: false }, b'd') => FormState::Name { is_d: true },
                (FormState::Name { .. } | FormState::Other, _) => FormState::Other,
                (state, _) => state,
            };
        }
        self.in_value(input)
    }

    /// Checks that the body may end here.
    pub fn check_eof(&self) -> Result<(), Error> {
        match self.state {
            FormState::Value { escape } if !escape.is_empty() => Err(Error::Json),
            FormState::Failed(error) => Err(error),
            _ => Ok(()),
        }
    }

    fn in_value<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<&'a mut [u8]>, Error> {
        let FormState::Value { mut escape } = self.state else { return Ok(None) };
        let bytes = mem::take(input);
        let (mut read, mut written) = (0, 0);
        while let Some(&byte) = bytes.get(read) {
            read += 1;
            let decoded = match (escape.len(), byte) {
                (0, b'&') => {
                    self.state = FormState::End;
                    break;
                }
                (0, b'%') | (1, _) => {
                    escape.push(byte);
                    continue;
                }
                (0, b'+') => b' ',
                (0, byte) => byte,
                (_, byte) => {
                    let high = escape.last().copied().unwrap_or_default();
                    escape.clear();
                    let Some(decoded) = percent_decoded([high, byte]) else {
                        self.state = FormState::Failed(Error::Json);
                        return Err(Error::Json);
                    };
                    decoded
                }
            };
            if let Some(place) = bytes.get_mut(written) {
                *place = decoded;
            }
            written += 1;
        }
        if let FormState::Value { escape: before } = &mut self.state {
            *before = escape;
        }
        let (bytes, rest) = bytes.split_at_mut_checked(read).unwrap_or_default();
        // After the value, nothing is of interest.
        *input = if matches!(self.state, FormState::End) { &mut [] } else { rest };
        let decoded = bytes.get_mut(..written).unwrap_or_default();
        Ok((!decoded.is_empty()).then_some(decoded))
    }
}
