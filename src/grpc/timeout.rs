//! How long a client waits for the end of a call.

use core::fmt::{self, Write};
use core::time::Duration;

use crate::inline::Inline;

/// How long a client waits for the end of a call: the value of `grpc-timeout` (PROTOCOL-HTTP2,
/// *Timeout*).
///
/// ```
/// use core::time::Duration;
/// use framewright::grpc::Timeout;
///
/// let timeout = Timeout::from(Duration::from_millis(1500));
/// assert_eq!(timeout.to_string(), "1500000u"); // the smallest unit whose digits are at most 8
/// assert_eq!(Timeout::parse(b"1500m").unwrap().duration(), Duration::from_millis(1500));
/// assert_eq!(timeout.deadline(20_000), 21_500); // on the caller's clock, in milliseconds
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Timeout {
    /// At most eight digits.
    value: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Unit {
    Nanosecond,
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
}

impl Timeout {
    const MAX_VALUE: u32 = 99_999_999;

    /// The longest that can be written.
    const MAX: Self = Self { value: Self::MAX_VALUE, unit: Unit::Hour };

    /// Parses the value of `grpc-timeout`: 1 to 8 digits and a unit.
    ///
    /// Laxer than the grammar, 0 is accepted, because other implementations send it: the deadline has
    /// passed already. It is sent on as one nanosecond.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (unit, digits) = value.split_last()?;
        let unit = Unit::ALL.into_iter().find(|known| known.letter() == *unit)?;
        if !matches!(digits.len(), 1..=8) || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let value = digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
        Some(Self { value, unit })
    }

    /// The duration, to the nanosecond.
    pub const fn duration(self) -> Duration {
        let value = self.value as u64;
        match self.unit {
            Unit::Nanosecond => Duration::from_nanos(value),
            Unit::Microsecond => Duration::from_micros(value),
            Unit::Millisecond => Duration::from_millis(value),
            Unit::Second => Duration::from_secs(value),
            Unit::Minute => Duration::from_secs(value * 60),
            Unit::Hour => Duration::from_secs(value * 3600),
        }
    }

    /// The deadline of a call started at `now`, in milliseconds on any scale, rounded up.
    pub fn deadline(self, now: u64) -> u64 {
        let millis = self.duration().as_nanos().div_ceil(Unit::Millisecond.nanos());
        now.saturating_add(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    /// The value of `grpc-timeout`.
    pub(super) fn to_value(self) -> Inline<9> {
        let mut value = Inline::EMPTY;
        // Eight digits and a letter fit.
        let _fits = write!(value, "{self}");
        value
    }
}

/// In the smallest unit that fits, rounded up. The longest is 99 999 999 hours.
///
/// Zero becomes one nanosecond, because the grammar has no zero, and servers refuse it.
impl From<Duration> for Timeout {
    fn from(duration: Duration) -> Self {
        let nanos = duration.as_nanos().max(1);
        Unit::ALL
            .into_iter()
            .find_map(|unit| {
                let value = u32::try_from(nanos.div_ceil(unit.nanos())).ok()?;
                (value <= Self::MAX_VALUE).then_some(Self { value, unit })
            })
            .unwrap_or(Self::MAX)
    }
}

/// As `grpc-timeout` writes it.
impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            0 => f.write_str("1n"),
            value => write!(f, "{value}{}", char::from(self.unit.letter())),
        }
    }
}

impl Unit {
    /// From the smallest on.
    const ALL: [Self; 6] = [
        Self::Nanosecond,
        Self::Microsecond,
        Self::Millisecond,
        Self::Second,
        Self::Minute,
        Self::Hour,
    ];

    const fn letter(self) -> u8 {
        match self {
            Self::Nanosecond => b'n',
            Self::Microsecond => b'u',
            Self::Millisecond => b'm',
            Self::Second => b'S',
            Self::Minute => b'M',
            Self::Hour => b'H',
        }
    }

    const fn nanos(self) -> u128 {
        match self {
            Self::Nanosecond => 1,
            Self::Microsecond => 1000,
            Self::Millisecond => 1_000_000,
            Self::Second => 1_000_000_000,
            Self::Minute => 60_000_000_000,
            Self::Hour => 3_600_000_000_000,
        }
    }
}
