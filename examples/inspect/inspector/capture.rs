//! Captures of packets (pcap, pcapng): the TCP connections in them.

use std::collections::HashMap;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice};
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

use super::conversation::Conversation;
use super::dissect::report::Sender;
use super::guess::Protocol;
use super::tcp::{Piece, Sequence};
use super::written::Written;

/// What is read at once, and the longest block of a capture.
const CAPACITY: usize = 64 * 1024;
const MAX_BLOCK_LEN: usize = 16 << 20;
/// How many connections are followed at once. Of more, the one that was silent for the longest is forgotten.
const MAX_CONNECTIONS: usize = 4096;

/// The connections of a capture.
pub struct Capture {
    protocol: Option<Protocol>,
    connections: HashMap<(SocketAddr, SocketAddr), Connection>,
    /// How many there were, and how many packets.
    count: u64,
    packets: u64,
    first_time: Option<u64>,
}

struct Connection {
    number: u64,
    name: String,
    client: SocketAddr,
    conversation: Conversation,
    sequences: [Sequence; 2],
    finished: [bool; 2],
    last_packet: u64,
}

/// An interface of a capture: how its packets begin, and how its time is counted.
#[derive(Clone, Copy)]
struct Interface {
    linktype: Linktype,
    ticks_per_second: u64,
}

/// Whether a file that begins with `bytes` is a capture.
pub fn is_capture(bytes: &[u8]) -> bool {
    let magic: [&[u8]; 5] = [
        &[0xA1, 0xB2, 0xC3, 0xD4],
        &[0xD4, 0xC3, 0xB2, 0xA1],
        &[0xA1, 0xB2, 0x3C, 0x4D],
        &[0x4D, 0x3C, 0xB2, 0xA1],
        &[0x0A, 0x0D, 0x0D, 0x0A],
    ];
    magic.iter().any(|magic| bytes.starts_with(magic))
}

impl Capture {
    pub fn new(protocol: Option<Protocol>) -> Self {
        Self { protocol, connections: HashMap::new(), count: 0, packets: 0, first_time: None }
    }

    /// Reads a whole capture. What there is of a damaged one is reported first.
    pub fn read(&mut self, input: impl Read + Send, report: &mut Written<'_>) -> io::Result<()> {
        let result = self.read_blocks(input, report);
        let mut open: Vec<Connection> = self.connections.drain().map(|(_, open)| open).collect();
        open.sort_by_key(|connection| connection.number);
        for mut connection in open {
            connection.end(report);
        }
        result
    }

    fn read_blocks(&mut self, input: impl Read + Send, report: &mut Written<'_>) -> io::Result<()> {
        let wrong =
            |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("the capture {what}"));
        let mut reader =
            create_reader(CAPACITY, input).map_err(|_| wrong("has no header that is known"))?;
        let mut interfaces = Vec::new();
        let mut capacity = CAPACITY;
        loop {
            match reader.next() {
                Ok((len, block)) => {
                    self.block(&block, &mut interfaces, report);
                    reader.consume(len);
                    if report.is_broken() {
                        return Ok(());
                    }
                }
                Err(PcapError::Eof) => return Ok(()),
                Err(PcapError::Incomplete(_) | PcapError::BufferTooSmall) => {
                    let before = reader.data().len();
                    if before * 2 > capacity {
                        capacity *= 2;
                        if capacity > MAX_BLOCK_LEN || !reader.grow(capacity) {
                            return Err(wrong("has a block of more than 16 MiB"));
                        }
                    }
                    let refilled = reader.refill().is_ok();
                    match (reader.data().len(), before) {
                        (0, 0) if refilled => return Ok(()),
                        (after, _) if refilled && after > before => {}
                        _ => return Err(wrong("ends inside a block")),
                    }
                }
                Err(PcapError::UnexpectedEof) => return Err(wrong("ends inside a block")),
                Err(_) => return Err(wrong("has a block that is malformed")),
            }
        }
    }

    fn block(
        &mut self,
        block: &PcapBlockOwned<'_>,
        interfaces: &mut Vec<Interface>,
        report: &mut Written<'_>,
    ) {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let ticks_per_second =
                    if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
                interfaces.push(Interface { linktype: header.network, ticks_per_second });
            }
            PcapBlockOwned::Legacy(packet) => {
                let Some(interface) = interfaces.first().copied() else { return };
                let ticks = u64::from(packet.ts_sec)
                    .wrapping_mul(interface.ticks_per_second)
                    .wrapping_add(packet.ts_usec.into());
                self.packet(interface, Some(ticks), packet.data, report);
            }
            // The interfaces of a section are its own.
            PcapBlockOwned::NG(Block::SectionHeader(_)) => interfaces.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(description)) => {
                let ticks_per_second = description.ts_resolution().unwrap_or(1_000_000).max(1);
                interfaces.push(Interface { linktype: description.linktype, ticks_per_second });
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let Some(interface) = interfaces.get(packet.if_id as usize).copied() else {
                    return;
                };
                let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                let len = packet.data.len().min(packet.caplen as usize);
                self.packet(interface, Some(ticks), &packet.data[..len], report);
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                let Some(interface) = interfaces.first().copied() else { return };
                let len = packet.data.len().min(packet.origlen as usize);
                self.packet(interface, None, &packet.data[..len], report);
            }
            PcapBlockOwned::NG(_) => {}
        }
    }

    fn packet(
        &mut self,
        interface: Interface,
        ticks: Option<u64>,
        packet: &[u8],
        report: &mut Written<'_>,
    ) {
        let Some((source, target, tcp)) = segment(interface.linktype, packet) else { return };
        let time = ticks.map(|ticks| {
            let micros = u128::from(ticks) * 1_000_000 / u128::from(interface.ticks_per_second);
            let micros = u64::try_from(micros).unwrap_or(u64::MAX);
            micros.saturating_sub(*self.first_time.get_or_insert(micros))
        });
        self.packets += 1;
        let key = if source < target { (source, target) } else { (target, source) };
        let is_new = tcp.syn() && !tcp.ack();
        if is_new && let Some(mut old) = self.connections.remove(&key) {
            // The same ports again, for another connection.
            old.end(report);
        }
        if !self.connections.contains_key(&key) {
            if tcp.payload().is_empty() && !tcp.syn() {
                return;
            }
            self.forget(report);
        }
        let (protocol, count, packets) = (self.protocol, &mut self.count, self.packets);
        let connection = self.connections.entry(key).or_insert_with(|| {
            *count += 1;
            Connection::new(*count, protocol, source, target, &tcp)
        });
        connection.last_packet = packets;
        connection.segment(source, &tcp, time, report);
        if connection.finished == [true; 2] {
            self.connections.remove(&key);
        }
    }

    /// Makes room for one more connection.
    fn forget(&mut self, report: &mut Written<'_>) {
        if self.connections.len() < MAX_CONNECTIONS {
            return;
        }
        let oldest = self.connections.iter().min_by_key(|(_, connection)| connection.last_packet);
        if let Some(key) = oldest.map(|(key, _)| *key)
            && let Some(mut connection) = self.connections.remove(&key)
        {
            connection.end(report);
        }
    }
}

impl Connection {
    fn new(
        number: u64,
        protocol: Option<Protocol>,
        source: SocketAddr,
        target: SocketAddr,
        tcp: &TcpSlice<'_>,
    ) -> Self {
        // Without its first packet, the higher port is likely the client's. The first bytes may tell otherwise.
        let client = match (tcp.syn(), tcp.ack()) {
            (true, false) => source,
            (true, true) => target,
            _ if source.port() > target.port() => source,
            _ => target,
        };
        let server = if client == source { target } else { source };
        Self {
            number,
            name: format!("{client} → {server}"),
            client,
            conversation: Conversation::new(protocol, tcp.syn()),
            sequences: [Sequence::default(), Sequence::default()],
            finished: [false; 2],
            last_packet: 0,
        }
    }

    fn segment(
        &mut self,
        source: SocketAddr,
        tcp: &TcpSlice<'_>,
        time: Option<u64>,
        report: &mut Written<'_>,
    ) {
        let sender = if source == self.client { Sender::Client } else { Sender::Server };
        let side = usize::from(sender == Sender::Server);
        let (mut number, sequence) = (tcp.sequence_number(), &mut self.sequences[side]);
        if tcp.syn() {
            sequence.start(number);
            number = number.wrapping_add(1);
        }
        let ends = tcp.fin() || tcp.rst();
        if !tcp.payload().is_empty() || ends {
            report.connection(self.number, &self.name, time);
        }
        let conversation = &mut self.conversation;
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Bytes(bytes) => conversation.receive(sender, &mut bytes.to_vec(), report),
            Piece::Missing(len) => conversation.skip(sender, len, report),
        };
        sequence.receive(number, tcp.payload(), &mut take);
        if ends {
            sequence.end(&mut take);
            self.conversation.end(sender, report);
            self.finished[side] = true;
        }
        if tcp.rst() {
            self.end(report);
        }
    }

    /// Ends what has not ended.
    fn end(&mut self, report: &mut Written<'_>) {
        for (side, sender) in [Sender::Client, Sender::Server].into_iter().enumerate() {
            if std::mem::replace(&mut self.finished[side], true) {
                continue;
            }
            report.connection(self.number, &self.name, None);
            let conversation = &mut self.conversation;
            self.sequences[side].end(&mut |piece: Piece<'_>| match piece {
                Piece::Bytes(bytes) => conversation.receive(sender, &mut bytes.to_vec(), report),
                Piece::Missing(len) => conversation.skip(sender, len, report),
            });
            self.conversation.end(sender, report);
        }
    }
}

/// The TCP segment in a packet, and whose it is.
fn segment(linktype: Linktype, packet: &[u8]) -> Option<(SocketAddr, SocketAddr, TcpSlice<'_>)> {
    let sliced = match linktype {
        Linktype::ETHERNET => LaxSlicedPacket::from_ethernet(packet).ok()?,
        Linktype::RAW | Linktype(12 | 14) | Linktype::IPV4 | Linktype::IPV6 => {
            LaxSlicedPacket::from_ip(packet).ok()?
        }
        // The address family of a loopback interface: IP begins with its version anyway.
        Linktype::NULL | Linktype::LOOP => LaxSlicedPacket::from_ip(packet.get(4..)?).ok()?,
        Linktype::LINUX_SLL => by_ether_type(packet.get(14..16)?, packet.get(16..)?),
        Linktype::LINUX_SLL2 => by_ether_type(packet.get(..2)?, packet.get(20..)?),
        _ => return None,
    };
    let (source, target): (IpAddr, IpAddr) = match sliced.net? {
        LaxNetSlice::Ipv4(ip) => {
            (ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        LaxNetSlice::Ipv6(ip) => {
            (ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        _ => return None,
    };
    let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { return None };
    let source = SocketAddr::new(source, tcp.source_port());
    Some((source, SocketAddr::new(target, tcp.destination_port()), tcp))
}

fn by_ether_type<'a>(ether_type: &[u8], packet: &'a [u8]) -> LaxSlicedPacket<'a> {
    let ether_type = ether_type.first_chunk().map_or(0, |bytes| u16::from_be_bytes(*bytes));
    LaxSlicedPacket::from_ether_type(EtherType(ether_type), packet)
}
