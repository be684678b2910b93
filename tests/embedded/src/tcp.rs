//! A TCP connection of `smoltcp`, as a blocking transport.

use cortex_m_semihosting::syscall1;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpCidr, Ipv4Address};

use crate::Transport;
use crate::lan9118::Lan9118;

/// The address that the emulator's network has for its only machine.
const ADDRESS: Ipv4Address = Ipv4Address::new(10, 0, 2, 15);
const ROUTER: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);
const PORT: u16 = 80;

/// The memory of a [`Tcp`].
pub struct Buffers {
    received: [u8; 1024],
    sent: [u8; 1024],
}

impl Buffers {
    pub const fn new() -> Self {
        Self { received: [0; 1024], sent: [0; 1024] }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}

/// A machine with one connection.
pub struct Tcp<'a> {
    controller: Lan9118,
    interface: Interface,
    sockets: SocketSet<'a>,
    socket: SocketHandle,
}

impl<'a> Tcp<'a> {
    /// Waits for a client.
    pub fn accept(buffers: &'a mut Buffers, storage: &'a mut [SocketStorage<'a>; 1]) -> Self {
        let mut controller = Lan9118::start();
        let config = Config::new(EthernetAddress(Lan9118::address()).into());
        let mut interface = Interface::new(config, &mut controller, now());
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(ADDRESS.into(), 24)).expect("there is room for one");
        });
        interface.routes_mut().add_default_ipv4_route(ROUTER).expect("there is room for one");
        let mut socket = tcp::Socket::new(
            tcp::SocketBuffer::new(&mut buffers.received[..]),
            tcp::SocketBuffer::new(&mut buffers.sent[..]),
        );
        socket.listen(PORT).expect("it was closed");
        let mut sockets = SocketSet::new(&mut storage[..]);
        let socket = sockets.add(socket);
        let mut tcp = Self { controller, interface, sockets, socket };
        while !tcp.poll().may_recv() {}
        tcp
    }

    /// Lets the machine go on.
    fn poll(&mut self) -> &mut tcp::Socket<'a> {
        self.interface.poll(now(), &mut self.controller, &mut self.sockets);
        self.sockets.get_mut(self.socket)
    }

    /// Ends our side, and waits until the client has ended its own.
    pub fn close(&mut self) {
        self.poll().close();
        while self.poll().is_active() {}
    }
}

impl Transport for Tcp<'_> {
    /// Waits for bytes. `None` once the client has ended its side.
    fn read<'b>(&mut self, buf: &'b mut [u8]) -> Option<&'b mut [u8]> {
        while self.poll().recv_queue() == 0 {
            if !self.poll().may_recv() {
                return None;
            }
        }
        let n = self.poll().recv_slice(buf).ok()?;
        Some(&mut buf[..n])
    }

    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Ok(n) = self.poll().send_slice(bytes) else { return }; // the client has left
            bytes = &bytes[n..];
        }
        self.poll();
    }
}

/// The host's clock.
fn now() -> Instant {
    const CLOCK: usize = 0x10;
    // SAFETY: it reads and writes no memory.
    let hundredths = unsafe { syscall1(CLOCK, 0) };
    Instant::from_millis(10 * hundredths as i64)
}
