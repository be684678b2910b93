//! Custom metadata that was received, or is to be sent.

use std::fmt;
use std::ops::{Deref, DerefMut};

use framewright::grpc::{Metadata, MetadataList, Value};

/// Custom metadata that was received, or is to be sent: a [`MetadataList`] in which values are found by their names.
///
/// ```
/// use framewright_tokio::grpc::{MetadataMap, SendError};
///
/// let mut metadata = MetadataMap::new();
/// metadata.push("authorization", "Bearer secret")?;
/// metadata.push("trace-bin", &b"\x00\xFF"[..])?;
/// assert_eq!(metadata.get("Authorization"), Some("Bearer secret"));
/// assert_eq!(metadata.get_bin("trace-bin").as_deref(), Some(&b"\x00\xFF"[..]));
/// assert_eq!(metadata.get("trace-bin"), None); // it is no text
/// # Ok::<(), SendError>(())
/// ```
#[derive(Clone, Default)]
pub struct MetadataMap(MetadataList<Vec<u8>>);

impl MetadataMap {
    /// Without any.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first text with a name, in upper or lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).find_map(|value| match value {
            Value::Text(text) => Some(text),
            _ => None,
        })
    }

    /// The first bytes with a name, which ends in `-bin`, and whose base64 is taken off. `None` if they are not in base64.
    pub fn get_bin(&self, name: &str) -> Option<Vec<u8>> {
        let value = self.get_all(name).find(|value| !matches!(value, Value::Text(_)))?;
        let mut bytes = Vec::new();
        value.decode(&mut bytes).ok()?;
        Some(bytes)
    }

    /// All values with a name.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = Value<'_>> {
        self.iter().filter(move |(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Deref for MetadataMap {
    type Target = MetadataList<Vec<u8>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for MetadataMap {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<'a> From<&'a MetadataMap> for Metadata<'a> {
    fn from(map: &'a MetadataMap) -> Self {
        (&map.0).into()
    }
}

/// Only the names are shown: a value may be a password or a token.
impl fmt::Debug for MetadataMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
