//! Flow control: how much may be sent, and how much the peer may send (§5.2, §6.9).

use super::Error;

/// The largest window (§6.9.1).
const MAX: u32 = (1 << 31) - 1;

/// `len`, or the largest window if that is less.
const fn at_most_max(len: u32) -> i32 {
    if len > MAX { i32::MAX } else { len.cast_signed() }
}

/// How many bytes we may send. A change of settings can take it below 0 (§6.9.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct SendWindow(i32);

impl SendWindow {
    /// The window that every connection begins with, and every stream until there are settings.
    pub(super) const INITIAL: Self = Self(0xFFFF);

    /// A window of `len` bytes, at most 2³¹ − 1.
    #[inline]
    pub(super) const fn new(len: u32) -> Self {
        Self(at_most_max(len))
    }

    /// How many bytes may be sent.
    #[inline]
    pub(super) const fn available(self) -> u32 {
        if self.0 > 0 { self.0.unsigned_abs() } else { 0 }
    }

    /// Takes `len` bytes, which are available.
    #[inline]
    pub(super) const fn take(&mut self, len: u32) {
        debug_assert!(len <= self.available(), "no more is sent than the window allows");
        self.0 = self.0.saturating_sub_unsigned(len);
    }

    /// Grows the window by what a WINDOW_UPDATE says.
    #[inline]
    pub(super) const fn grow(&mut self, increment: u32) -> Result<(), Error> {
        self.shift(increment as i64)
    }

    /// Changes the window by the difference between two initial sizes, which may be negative.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "both ends were compared")]
    pub(super) const fn shift(&mut self, difference: i64) -> Result<(), Error> {
        let window = (self.0 as i64).saturating_add(difference);
        if window > MAX as i64 {
            return Err(Error::WindowOverflow);
        }
        // A window this far below 0 is closed: the exact number makes no difference.
        self.0 = if window < i32::MIN as i64 { i32::MIN } else { window as i32 };
        Ok(())
    }
}

/// How many bytes the peer may send, and how many of those that it sent can be granted again.
///
/// The three numbers always add up to what was granted at first, so that no byte is lost:
///
/// ```text
///     left ──── DATA arrives ────▶ used ──── keep ────▶ kept
///      ▲                            │ ▲                   │
///      └────── WINDOW_UPDATE ───────┘ └───── release ─────┘
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct ReceiveWindow {
    /// Below 0, once settings take effect that the peer did not know.
    left: i32,
    /// Below 0, if bytes are kept after they were granted again.
    used: i32,
    kept: u32,
}

impl ReceiveWindow {
    /// A window of `len` bytes, at most 2³¹ − 1.
    #[inline]
    pub(super) const fn new(len: u32) -> Self {
        Self::partly_granted(len, len)
    }

    /// A window of `len` bytes, of which the peer knows `granted`. It gets the rest with a WINDOW_UPDATE.
    #[inline]
    pub(super) const fn partly_granted(len: u32, granted: u32) -> Self {
        let (len, granted) = (at_most_max(len), at_most_max(granted));
        let left = if granted < len { granted } else { len };
        Self { left, used: len - left, kept: 0 }
    }

    /// Counts a whole DATA frame, padding included, as soon as its length is known. All of it counts as
    /// used. An empty frame passes any window (§6.9.1).
    #[inline]
    pub(super) const fn take(&mut self, flow_len: u32) -> Result<(), Error> {
        if flow_len > 0 && flow_len as i64 > self.left as i64 {
            return Err(Error::WindowExceeded);
        }
        self.left = self.left.saturating_sub_unsigned(flow_len);
        self.used = self.used.saturating_add_unsigned(flow_len);
        Ok(())
    }

    /// Counts a whole DATA frame, as soon as its length is known. Of its bytes only the padding is used: the
    /// others are with [`take_part`](Self::take_part), as they come.
    #[inline]
    pub(super) const fn take_frame(&mut self, flow_len: u32, data_len: u32) -> Result<(), Error> {
        match self.take(flow_len) {
            Ok(()) => {
                self.used = self.used.saturating_sub_unsigned(data_len);
                Ok(())
            }
            Err(e) => Err(e),
        }
    }

    /// Counts as used the next `len` bytes of a frame that was counted.
    #[inline]
    pub(super) const fn take_part(&mut self, len: u32) {
        self.used = self.used.saturating_add_unsigned(len);
    }

    /// Takes back that `len` bytes are used. More than arrived cannot be kept.
    pub(super) const fn keep(&mut self, len: u32) {
        // What arrived is `used` and `kept` together, less what was granted anew.
        let room = MAX.saturating_sub(self.kept);
        let len = if len < room { len } else { room };
        self.used = self.used.saturating_sub_unsigned(len);
        self.kept += len;
    }

    /// Counts as used `len` bytes that were kept. Returns how many of them were.
    pub(super) const fn release(&mut self, len: u32) -> u32 {
        let len = if len < self.kept { len } else { self.kept };
        self.kept -= len;
        self.used = self.used.saturating_add_unsigned(len);
        len
    }

    /// How many bytes to grant again, once it is worth a frame: half of what is not kept. 0 before.
    ///
    /// A frame for each small read would cost more than it brings.
    #[inline]
    pub(super) const fn credit(&self) -> u32 {
        if self.used > 0 && self.used >= self.left { self.used.unsigned_abs() } else { 0 }
    }

    /// Takes the credit, for the WINDOW_UPDATE that grants it.
    #[inline]
    pub(super) const fn grant(&mut self) -> u32 {
        let credit = self.credit();
        self.used = self.used.saturating_sub_unsigned(credit);
        self.left = self.left.saturating_add_unsigned(credit);
        credit
    }

    /// How many bytes the peer may still send.
    pub(super) const fn left(&self) -> u32 {
        if self.left > 0 { self.left.unsigned_abs() } else { 0 }
    }

    /// Changes the window by what settings took away that the peer has learnt of.
    pub(super) const fn shrink(&mut self, len: u32) {
        self.left = self.left.saturating_sub_unsigned(len);
    }

    /// What was granted at first, if nothing shrank it since.
    #[cfg(test)]
    const fn total(&self) -> i64 {
        self.left as i64 + self.used as i64 + self.kept as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_to_send_grows_to_its_limit_and_no_further() {
        let mut window = SendWindow::INITIAL;
        assert_eq!(window.available(), 65_535);
        window.take(65_535);
        assert_eq!(window.available(), 0);
        assert_eq!(window.grow(0x7FFF_FFFF), Ok(()));
        assert_eq!(window.available(), 0x7FFF_FFFF);
        assert_eq!(window.grow(1), Err(Error::WindowOverflow));
        assert_eq!(window.available(), 0x7FFF_FFFF);
        assert_eq!(SendWindow::new(u32::MAX).available(), 0x7FFF_FFFF);
    }

    /// RFC 9113 §6.9.2: 60 KB of 64 are sent, then the initial size becomes 16 KB, then WINDOW_UPDATE.
    #[test]
    fn a_window_to_send_can_be_negative() {
        let mut window = SendWindow::new(64 << 10);
        window.take(60 << 10);
        assert_eq!(window.shift((16 << 10) - (64 << 10)), Ok(()));
        assert_eq!(window, SendWindow(-44 << 10));
        assert_eq!(window.available(), 0);
        assert_eq!(window.grow(44 << 10), Ok(()));
        assert_eq!(window.available(), 0);
        assert_eq!(window.grow(1), Ok(()));
        assert_eq!(window.available(), 1);
    }

    #[test]
    fn a_window_to_send_has_no_lower_end() {
        let mut window = SendWindow::new(0);
        for _ in 0..3 {
            assert_eq!(window.shift(-i64::from(MAX)), Ok(()));
            assert_eq!(window.available(), 0);
        }
        assert_eq!(window.shift(MAX.into()), Ok(()));
        assert_eq!(window.available(), 0);
    }

    #[test]
    fn bytes_are_granted_again_once_half_of_them_are_used() {
        let mut window = ReceiveWindow::new(100);
        assert_eq!(window.take(49), Ok(()));
        assert_eq!((window.credit(), window.grant()), (0, 0));
        assert_eq!(window.take(1), Ok(()));
        assert_eq!((window.credit(), window.grant()), (50, 50));
        assert_eq!(window.take(101), Err(Error::WindowExceeded));
        assert_eq!(window.take(100), Ok(()));
        assert_eq!(window.take(1), Err(Error::WindowExceeded));
        assert_eq!(window.take(0), Ok(()));
        assert_eq!(window.grant(), 100);
        assert_eq!(window.total(), 100);
    }

    #[test]
    fn what_has_not_come_of_a_frame_is_not_granted() {
        let mut window = ReceiveWindow::new(100);
        // 10 of these 100 are padding.
        assert_eq!(window.take_frame(100, 90), Ok(()));
        assert_eq!(window.grant(), 10);
        window.take_part(40);
        window.keep(40);
        assert_eq!(window.grant(), 0);
        window.take_part(50);
        assert_eq!((window.grant(), window.release(40)), (50, 40));
        // Less than half of what the peer may send: not worth a frame yet.
        assert_eq!((window.credit(), window.used), (0, 40));
        assert_eq!(window.total(), 100);
        assert_eq!(window.take_frame(101, 0), Err(Error::WindowExceeded));
        assert_eq!(window.total(), 100);
    }

    #[test]
    fn kept_bytes_are_granted_after_their_release() {
        let mut window = ReceiveWindow::new(100);
        assert_eq!(window.take(90), Ok(()));
        window.keep(80);
        // The peer may still send 10, and 10 are used.
        assert_eq!(window.grant(), 10);
        assert_eq!(window.take(20), Ok(()));
        window.keep(20);
        assert_eq!((window.grant(), window.total()), (0, 100));
        assert_eq!(window.release(1), 1);
        assert_eq!(window.grant(), 1);
        assert_eq!(window.release(1000), 99);
        assert_eq!((window.grant(), window.total()), (99, 100));
        assert_eq!(window.release(1), 0);
    }

    #[test]
    fn bytes_that_were_granted_too_early_are_taken_off_the_next_credit() {
        let mut window = ReceiveWindow::new(100);
        assert_eq!(window.take(60), Ok(()));
        assert_eq!(window.grant(), 60);
        window.keep(60);
        assert_eq!(window.take(60), Ok(()));
        assert_eq!((window.grant(), window.total()), (0, 100));
        assert_eq!(window.release(60), 60);
        assert_eq!(window.grant(), 60);
        window.keep(u32::MAX);
        assert_eq!((window.release(u32::MAX), window.total()), (0x7FFF_FFFF, 100));
    }

    #[test]
    fn what_the_peer_does_not_know_of_is_its_first_credit() {
        let mut window = ReceiveWindow::partly_granted(1 << 20, 0xFFFF);
        assert_eq!(window.grant(), (1 << 20) - 0xFFFF);
        let mut window = ReceiveWindow::partly_granted(10, 0xFFFF);
        assert_eq!((window.grant(), window.take(11)), (0, Err(Error::WindowExceeded)));
    }

    #[test]
    fn a_window_to_receive_can_shrink_below_zero() {
        let mut window = ReceiveWindow::new(65_535);
        assert_eq!(window.take(65_535), Ok(()));
        window.shrink(65_535 - 100);
        assert_eq!(window.take(1), Err(Error::WindowExceeded));
        assert_eq!(window.take(0), Ok(()));
        assert_eq!(window.grant(), 65_535);
        assert_eq!(window.take(100), Ok(()));
    }
}
