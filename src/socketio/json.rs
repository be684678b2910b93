//! JSON that was checked, as a type.

use core::fmt;

use super::SendError;
use crate::debug::Payload;
use crate::json_value::{JsonKind, JsonReader};

/// One value of JSON, as text that is known to be valid (RFC 8259).
///
/// [`Packet`](super::Packet)s carry it, in both directions. Checking takes longer than sending, so text is checked once:
/// where it becomes a `Json`. One value for many namespaces or connections, and one that came and is passed on, costs
/// nothing again.
///
/// | where the text is from | call |
/// |---|---|
/// | a user, a file, a template | [`Json::new`], which checks it |
/// | a serializer, such as `serde_json` | [`Json::assume_valid`], which does not |
/// | a packet that came | nothing: its [`json`](super::Packet::json) was checked |
///
/// ```
/// use framewright::socketio::{Json, Packet, SendError};
///
/// let event = Json::new(r#"["say","hi"]"#)?;
/// let mut out = Vec::new();
/// for namespace in ["/chat", "/log"] {
///     Packet::event(namespace, event).write(&mut out)?;
/// }
/// assert_eq!(out, br#"2/chat,["say","hi"]2/log,["say","hi"]"#);
/// assert_eq!(Json::new(r#"["say","hi"#), Err(SendError::Payload));
/// # Ok::<(), SendError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// Checks that `text` is one value, and nests at most 128 arrays and objects.
    ///
    /// Stricter than the standard: white space may not come first, because a JavaScript peer takes it for the number of an
    /// acknowledgement.
    ///
    /// # Errors
    ///
    /// [`SendError::Payload`]: it is not.
    pub fn new(text: &'a str) -> Result<Self, SendError> {
        Self::check(text).ok_or(SendError::Payload)
    }

    /// Takes the word of whatever wrote `text` that [`new`](Self::new) would take it. Debug builds check it.
    ///
    /// If it is not valid, a JavaScript peer closes the connection. Nothing worse comes of it: no memory depends on it.
    ///
    /// ```
    /// use framewright::socketio::{Json, Packet, SendError};
    ///
    /// let event = serde_json::json!(["move", { "x": 1 }]).to_string(); // or a `RawValue`
    /// let mut out = Vec::new();
    /// Packet::event("/", Json::assume_valid(&event)).write(&mut out)?;
    /// assert_eq!(out, br#"2["move",{"x":1}]"#);
    /// # Ok::<(), SendError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// In debug builds, if it is not valid.
    #[inline]
    pub fn assume_valid(text: &'a str) -> Self {
        debug_assert!(Self::check(text).is_some(), "this is not JSON");
        Self(text)
    }

    /// The text.
    #[inline]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    pub(super) const fn unchecked(text: &'a str) -> Self {
        Self(text)
    }

    pub(crate) fn check(text: &'a str) -> Option<Self> {
        let json = Self(text);
        (json.kind().is_some() && JsonReader::kind_of(text).is_some()).then_some(json)
    }

    /// Checks that `text` is an array that begins with the name of an event.
    pub(super) fn event(text: &'a str) -> Option<Self> {
        let first = JsonReader::kind_of_first(text)?;
        matches!(first, JsonKind::String | JsonKind::Number).then_some(Self(text))
    }

    /// What begins with the first byte. `None` if nothing does.
    pub(super) fn kind(self) -> Option<JsonKind> {
        JsonKind::of(*self.0.as_bytes().first()?)
    }
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Json").field(&Payload(self.0.as_bytes())).finish()
    }
}
