//! Facts about fields that keep the rules: which they are, and what their values say.
//!
//! They depend on the field alone, not on the message that it is in or on the fields before it. So a table can hold
//! them beside the field, and the next message that has it need not look at its text again.

/// Facts about a field, or about all fields of a message so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct FieldFacts(u16);

impl FieldFacts {
    /// Nothing is known.
    pub(super) const NONE: Self = Self(0);

    // Which field it is.
    pub(super) const AUTHORITY: Self = Self(1);
    pub(super) const METHOD: Self = Self(1 << 1);
    pub(super) const PATH: Self = Self(1 << 2);
    pub(super) const PROTOCOL: Self = Self(1 << 3);
    pub(super) const SCHEME: Self = Self(1 << 4);
    pub(super) const STATUS: Self = Self(1 << 5);
    pub(super) const HOST: Self = Self(1 << 6);
    /// It is not a pseudo-field.
    pub(super) const HEADER: Self = Self(1 << 7);

    // What its value says.
    /// The method is HEAD.
    pub(super) const IS_HEAD: Self = Self(1 << 8);
    pub(super) const IS_CONNECT: Self = Self(1 << 9);
    pub(super) const IS_OPTIONS: Self = Self(1 << 10);
    /// The scheme is `http` or `https`.
    pub(super) const IS_HTTP: Self = Self(1 << 11);
    /// The path begins with a slash.
    pub(super) const IS_ABSOLUTE: Self = Self(1 << 12);
    /// The path is `*`.
    pub(super) const IS_ASTERISK: Self = Self(1 << 13);
    /// `:authority` or `host` names a host.
    pub(super) const HAS_HOST: Self = Self(1 << 14);
    /// It names a port.
    pub(super) const HAS_PORT: Self = Self(1 << 15);

    /// Those of an entry of the static table. Some headers have to be checked in each message.
    pub(super) const fn of_static(name: &str) -> Self {
        match name.as_bytes() {
            b":authority" => Self::AUTHORITY,
            b":method" => Self::METHOD,
            b":path" => Self::PATH.and(Self::IS_ABSOLUTE),
            b":scheme" => Self::SCHEME.and(Self::IS_HTTP),
            b":status" => Self::STATUS,
            b"content-length" | b"host" | b"transfer-encoding" => Self::NONE,
            _ => Self::HEADER,
        }
    }

    /// As a table holds them.
    #[inline]
    pub(super) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    #[inline]
    pub(super) const fn bits(self) -> u16 {
        self.0
    }

    /// All of both.
    #[inline]
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[inline]
    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// These if `holds`, else none.
    #[inline]
    pub(super) const fn when(self, holds: bool) -> Self {
        if holds { self } else { Self::NONE }
    }

    /// The one that says which field it is.
    #[inline]
    pub(super) const fn which(self) -> Self {
        Self(self.0 & 0xFF)
    }

    #[inline]
    pub(super) const fn has_any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }

    #[inline]
    pub(super) const fn has_all(self, of: Self) -> bool {
        self.0 & of.0 == of.0
    }
}
