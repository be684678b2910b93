//! The Ethernet controller of the board with the Cortex-M3, a LAN9118, for `smoltcp`.

use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

/// The longest frame.
const FRAME_LEN: usize = 1514;

// Registers, as their distance from where the controller is.
const BASE: usize = 0x4020_0000;
const RX_DATA: usize = 0x00;
const TX_DATA: usize = 0x20;
const RX_STATUS: usize = 0x40;
const TX_STATUS: usize = 0x48;
const TX_CFG: usize = 0x70;
const RX_FIFO_INF: usize = 0x7C;
const TX_FIFO_INF: usize = 0x80;
const MAC_CSR_CMD: usize = 0xA4;
const MAC_CSR_DATA: usize = 0xA8;

/// The controller, with room for a frame in either direction.
pub struct Lan9118 {
    received: [u8; FRAME_LEN],
    sent: [u8; FRAME_LEN],
}

impl Lan9118 {
    pub fn start() -> Self {
        const MAC_CR: u32 = 1;
        const RECEIVER_AND_TRANSMITTER: u32 = 1 << 2 | 1 << 3;
        const TRANSMIT_ON: u32 = 1 << 1;
        write(TX_CFG, TRANSMIT_ON);
        write(MAC_CSR_DATA, RECEIVER_AND_TRANSMITTER);
        write(MAC_CSR_CMD, 1 << 31 | MAC_CR);
        Self { received: [0; FRAME_LEN], sent: [0; FRAME_LEN] }
    }

    /// The address that the emulator has given it.
    pub fn address() -> [u8; 6] {
        let csr = |number: u32| {
            write(MAC_CSR_CMD, 1 << 31 | 1 << 30 | number);
            read(MAC_CSR_DATA)
        };
        let [e, f, ..] = csr(2).to_le_bytes();
        let [a, b, c, d] = csr(3).to_le_bytes();
        [a, b, c, d, e, f]
    }
}

impl Device for Lan9118 {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Transmit<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Transmit<'_>)> {
        if (read(RX_FIFO_INF) >> 16) & 0xFF == 0 {
            return None;
        }
        let len_with_check = ((read(RX_STATUS) >> 16) & 0x3FFF) as usize;
        for at in 0..len_with_check.div_ceil(4) {
            let word = read(RX_DATA).to_le_bytes();
            if let Some(place) = self.received.get_mut(4 * at..) {
                let len = place.len().min(4);
                place[..len].copy_from_slice(&word[..len]);
            }
        }
        let frame = self.received.get(..len_with_check.saturating_sub(4))?;
        Some((Received(frame), Transmit(&mut self.sent)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Transmit<'_>> {
        let room = read(TX_FIFO_INF) & 0xFFFF;
        (room as usize > FRAME_LEN + 8).then_some(Transmit(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME_LEN;
        capabilities
    }
}

/// A frame that has come.
pub struct Received<'a>(&'a [u8]);

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(self.0)
    }
}

/// Room for a frame to send.
pub struct Transmit<'a>(&'a mut [u8; FRAME_LEN]);

impl phy::TxToken for Transmit<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, fill: F) -> R {
        const FIRST_AND_LAST: u32 = 1 << 13 | 1 << 12;
        let filled = fill(&mut self.0[..len]);
        write(TX_DATA, FIRST_AND_LAST | len as u32);
        write(TX_DATA, len as u32);
        for piece in self.0[..len].chunks(4) {
            let mut word = [0; 4];
            word[..piece.len()].copy_from_slice(piece);
            write(TX_DATA, u32::from_le_bytes(word));
        }
        read(TX_STATUS); // or there would be no room for it some day
        filled
    }
}

fn read(register: usize) -> u32 {
    // SAFETY: the controller is there, and nobody else uses it.
    unsafe { ((BASE + register) as *const u32).read_volatile() }
}

fn write(register: usize, value: u32) {
    // SAFETY: as above.
    unsafe { ((BASE + register) as *mut u32).write_volatile(value) }
}
