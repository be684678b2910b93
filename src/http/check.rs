//! Checks fields that are about to be written.

use super::syntax::{is_field_value, is_token};
use super::{Field, Name};

/// What is wrong with a field, and its index in the list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FieldError {
    /// The name is not a token (RFC 9110 §5.1).
    Name(usize),
    /// The value has a control byte other than HTAB (RFC 9110 §5.5).
    Value(usize),
    /// The name is reserved for fields that the writer sets by itself.
    Reserved(usize),
}

/// Checks names and values; `is_reserved` says which names may not be in the list.
pub(crate) fn check_fields<'f>(
    fields: impl IntoIterator<Item: Field<'f>>,
    is_reserved: impl Fn(&str) -> bool,
) -> Result<(), FieldError> {
    for (index, field) in fields.into_iter().enumerate() {
        let (name, value) = field.parts();
        if !is_token(name.as_bytes()) {
            return Err(FieldError::Name(index));
        }
        if is_reserved(name) {
            return Err(FieldError::Reserved(index));
        }
        if !is_field_value(value) {
            return Err(FieldError::Value(index));
        }
    }
    Ok(())
}

/// Whether a field says where a message ends or what becomes of its connection.
pub(crate) fn is_framing(name: &str) -> bool {
    matches!(Name::of(name), Some(Name::Connection | Name::ContentLength | Name::TransferEncoding))
}
