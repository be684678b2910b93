//! One setting: its identifier, its value, and which values are allowed (§6.5).

use super::{Error, Role};

/// One setting of a SETTINGS frame (§6.5.1).
///
/// ```text
///  0            2                       6
/// +------------+-----------------------+
/// | identifier |         value         |
/// +------------+-----------------------+
/// ```
///
/// ```
/// use framewright::http2::{Error, Role, Setting, SettingId};
///
/// let setting = Setting::parse([0, 5, 0, 0, 0x40, 0]);
/// assert_eq!(setting, Setting { id: SettingId::MAX_FRAME_SIZE, value: 16_384 });
/// assert_eq!(setting.to_bytes(), [0, 5, 0, 0, 0x40, 0]);
///
/// let too_small = Setting { value: 16_383, ..setting };
/// assert_eq!(too_small.check(Role::Server), Err(Error::MaxFrameSize));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Setting {
    /// Which setting it is.
    pub id: SettingId,
    /// Its value. What it means depends on the setting.
    pub value: u32,
}

/// Which setting it is (§6.5.2). Those that are not listed here are ignored.
///
/// [`Setting`] has an example.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct SettingId(
    /// The number on the wire.
    pub u16,
);

impl SettingId {
    /// The greatest size of the dynamic table that the sender decodes with, in bytes. Initial value:
    /// 4096.
    pub const HEADER_TABLE_SIZE: Self = Self(0x1);
    /// Whether the sender accepts PUSH_PROMISE: 1 or 0. Initial value: 1.
    pub const ENABLE_PUSH: Self = Self(0x2);
    /// How many streams the receiver may have open at once. Initial value: no limit.
    pub const MAX_CONCURRENT_STREAMS: Self = Self(0x3);
    /// The window of each stream that the receiver sends on, in bytes. Initial value: 65 535.
    pub const INITIAL_WINDOW_SIZE: Self = Self(0x4);
    /// The longest payload of a frame that the sender accepts, in bytes. Initial value: 16 384.
    pub const MAX_FRAME_SIZE: Self = Self(0x5);
    /// The longest head that the sender is prepared to accept, in bytes, with 32 more for each
    /// field. Initial value: no limit.
    pub const MAX_HEADER_LIST_SIZE: Self = Self(0x6);
    /// Whether the sender accepts extended CONNECT: 1 or 0 (RFC 8441 §3). Initial value: 0.
    pub const ENABLE_CONNECT_PROTOCOL: Self = Self(0x8);
    /// Whether the sender does without the priorities of RFC 7540: 1 or 0 (RFC 9218 §2.1). Initial
    /// value: 0.
    pub const NO_RFC7540_PRIORITIES: Self = Self(0x9);
}

impl Setting {
    /// Length of every setting, in bytes.
    pub const LEN: usize = 6;

    /// Parses a setting. Whether its value is allowed is for [`check`](Self::check) to say.
    #[inline]
    pub const fn parse([a, b, value @ ..]: [u8; Self::LEN]) -> Self {
        Self { id: SettingId(u16::from_be_bytes([a, b])), value: u32::from_be_bytes(value) }
    }

    /// Prints the setting.
    #[inline]
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        let ([a, b], value) = (self.id.0.to_be_bytes(), self.value.to_be_bytes());
        [a, b, value[0], value[1], value[2], value[3]]
    }

    /// Checks that the end that has the role `receiver` may receive this (§6.5.2). Unknown settings
    /// may have any value.
    pub const fn check(self, receiver: Role) -> Result<(), Error> {
        match (self.id, self.value) {
            // Only clients accept pushes, and only they say so.
            (SettingId::ENABLE_PUSH, 1) if matches!(receiver, Role::Client) => {
                Err(Error::EnablePush)
            }
            (SettingId::ENABLE_PUSH, 2..) => Err(Error::EnablePush),
            (SettingId::INITIAL_WINDOW_SIZE, 0x8000_0000..) => Err(Error::InitialWindowSize),
            (SettingId::MAX_FRAME_SIZE, ..0x4000 | 0x100_0000..) => Err(Error::MaxFrameSize),
            (SettingId::ENABLE_CONNECT_PROTOCOL, 2..) => Err(Error::EnableConnectProtocol),
            (SettingId::NO_RFC7540_PRIORITIES, 2..) => Err(Error::NoRfc7540Priorities),
            _ => Ok(()),
        }
    }
}
