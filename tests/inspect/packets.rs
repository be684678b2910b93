//! Packets that come twice, in another order, or not at all.

use super::{SETTINGS, report};

/// A capture of these packets, each sent by the client or not, with its number and payload.
fn capture(packets: &[(bool, u32, u8, &[u8])]) -> Vec<u8> {
    const SNAPLEN_AND_RAW_IP: [u8; 8] = [0xFF, 0xFF, 0, 0, 101, 0, 0, 0];
    let mut file = vec![0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    file.extend(SNAPLEN_AND_RAW_IP);
    for (is_client, number, flags, payload) in packets {
        let len = u16::try_from(40 + payload.len()).unwrap();
        let mut packet = vec![0x45, 0];
        packet.extend(len.to_be_bytes());
        packet.extend([0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        let (client, server) = (40_000_u16.to_be_bytes(), 80_u16.to_be_bytes());
        packet.extend(if *is_client { [client, server] } else { [server, client] }.concat());
        packet.extend(number.to_be_bytes());
        packet.extend([0, 0, 0, 0, 0x50, *flags, 1, 0, 0, 0, 0, 0]);
        packet.extend(*payload);
        file.extend([0; 8]);
        file.extend(u32::from(len).to_le_bytes());
        file.extend(u32::from(len).to_le_bytes());
        file.extend(packet);
    }
    file
}

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const FIN: u8 = 0x01;
/// The numbers wrap around in the middle of the request.
const FIRST: u32 = u32::MAX - 9;

const EXPECTED: &str = "── connection 1: 127.0.0.1:40000 → 127.0.0.1:80
→    000000  HTTP/1.1 GET /, head of 27 bytes  0.000000 s
               Host: a
";

#[test]
fn segments_are_put_in_order() {
    let [start, one, two, three] = [
        (true, FIRST, SYN, &b""[..]),
        (true, FIRST.wrapping_add(1), ACK, b"GET / HT"),
        (true, FIRST.wrapping_add(9), ACK, b"TP/1.1\r\nHo"),
        (true, FIRST.wrapping_add(19), ACK, b"st: a\r\n\r\n"),
    ];
    // Half of it came with the segment before.
    let overlapping = (true, FIRST.wrapping_add(5), ACK, &b"/ HTTP/1.1\r\nHo"[..]);
    for order in [
        vec![start, one, two, three],
        vec![start, three, two, one],
        vec![start, two, one, two, one, three],
        vec![start, one, overlapping, three],
        vec![start, one, three, overlapping, two],
    ] {
        assert_eq!(report(&capture(&order)[..], SETTINGS), EXPECTED);
    }
}

#[test]
fn what_was_not_captured_is_missing_and_the_other_direction_goes_on() {
    let told = report(
        &capture(&[
            (true, 0, SYN, b""),
            (false, 0, SYN | ACK, b""),
            (true, 1, ACK, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            (true, 40, ACK, b"GET"),
            (true, 43, FIN | ACK, b""),
            (false, 1, ACK, b"HTTP/1.1 204 No\r\n\r\n"),
        ])[..],
        SETTINGS,
    );
    assert!(told.contains("12 bytes are not in the capture"), "{told}");
    assert!(told.contains("the rest of what the client sends is not decoded"), "{told}");
    assert!(told.ends_with("HTTP/1.1 204 No, head of 19 bytes  0.000000 s\n"), "{told}");
}

#[test]
fn without_its_first_packets_the_bytes_tell_who_is_who() {
    let response = b"HTTP/1.1 204 No\r\n\r\n";
    let told = report(&capture(&[(true, 7, ACK, response)])[..], SETTINGS);
    assert!(told.contains("←    000000  HTTP/1.1 204 No"), "{told}");
}
