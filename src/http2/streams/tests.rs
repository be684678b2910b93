//! What only the inside of the table of streams can show.

use std::collections::BTreeMap;
use std::vec::Vec;

use super::*;
use crate::http2::ErrorCode;

fn id(id: u32) -> StreamId {
    StreamId::new(id).expect("not 0")
}

fn open<S: Slots>(table: &mut StreamTable<S>, number: u32) -> Option<Stream> {
    table.open(id(number), SendWindow::new(10), ReceiveWindow::new(10))
}

/// Numbers that look random.
fn random(seed: &mut u64) -> u32 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as u32
}

#[test]
fn a_handle_is_small() {
    assert_eq!((size_of::<Stream>(), size_of::<Option<Stream>>()), (8, 8));
}

/// Against a map, with fixed and with growing storage.
#[test]
fn streams_are_found_until_they_are_closed() {
    fn run<S: Slots>(mut table: StreamTable<S>, max_len: usize) {
        let mut seed = max_len as u64;
        let mut open_ones = BTreeMap::new();
        let mut next = 1;
        for _ in 0..20_000 {
            let close = random(&mut seed) % 100 < 49;
            if close && !open_ones.is_empty() {
                let place = random(&mut seed) as usize % open_ones.len();
                let (&number, &stream) = open_ones.iter().nth(place).expect("it is below");
                assert_eq!(table.find(id(number)), Some(stream));
                table.close(stream, Absent::Ended);
                open_ones.remove(&number);
                assert!(table.get(stream).is_none() && table.find(id(number)).is_none());
            } else {
                next += 2 * (1 + random(&mut seed) % 3);
                let stream = open(&mut table, next);
                assert_eq!(stream.is_some(), open_ones.len() < max_len);
                if let Some(stream) = stream {
                    assert!(stream.slot() < max_len);
                    assert!(open_ones.values().all(|other: &Stream| other.slot() != stream.slot()));
                    open_ones.insert(next, stream);
                }
            }
            assert_eq!(table.open_count() as usize, open_ones.len());
            assert_eq!(table.last_id(), if next == 1 { 0 } else { next });
        }
        for (&number, &stream) in &open_ones {
            assert_eq!(table.find(id(number)), Some(stream));
        }
    }
    run(StreamTable::new([const { Slot::new() }; 1]), 1);
    run(StreamTable::new([const { Slot::new() }; 5]), 5);
    run(StreamTable::new(&mut [const { Slot::new() }; 64][..]), 64);
    run(StreamTable::new(Vec::new()), usize::MAX);
}

#[test]
fn storage_grows_to_what_was_open_at_once() {
    let mut table = StreamTable::new(Vec::new());
    assert_eq!(table.slots.len(), 0);
    for number in (1..1000).step_by(2) {
        let stream = open(&mut table, number).expect("it grows");
        table.close(stream, Absent::Ended);
    }
    assert_eq!(table.slots.len(), FIRST_LEN);
    for number in (1001..1011).step_by(2) {
        open(&mut table, number).expect("it grows");
    }
    assert_eq!(table.slots.len(), 2 * FIRST_LEN);
    assert_eq!(table.max_len(), MAX_LEN);
}

/// The longest chain that a look-up follows, with identifiers in a row and with steps.
#[test]
fn ten_thousand_streams_are_found_as_fast_as_one() {
    for step in [2, 4, 6, 10, 20_000, 20_002] {
        let mut table = StreamTable::new(Vec::new());
        for number in 0..10_000 {
            open(&mut table, 1 + step * number).expect("it grows");
        }
        let longest = (0..table.slots.len()).map(|bucket| table.chain_len(bucket)).max();
        assert!(longest < Some(5), "{longest:?} in steps of {step}");
    }
}

#[test]
fn a_peer_cannot_make_chains_long() {
    let mut table = StreamTable::new(std::vec![Slot::new(); 1000]);
    let mut refused = 0;
    let mut number = 1;
    while refused == 0 {
        if table.bucket(id(number)) == 7 {
            refused += u32::from(open(&mut table, number).is_none());
        }
        number += 2;
    }
    assert_eq!((table.open_count(), table.chain_len(7)), (MAX_CHAIN, MAX_CHAIN));
    assert_eq!(table.absent(id(number - 2)), Absent::ResetByUs);
    let mut streams = Vec::new();
    table.for_each(|stream, _| streams.push(stream));
    for stream in streams {
        assert_eq!(table.find(stream.id()), Some(stream));
        table.close(stream, Absent::Ended);
        assert_eq!(table.find(stream.id()), None);
    }
    assert_eq!(table.chain_len(7), 0);
}

#[test]
fn streams_send_in_turns() {
    let mut table = StreamTable::new([const { Slot::new() }; 3]);
    let streams = [1, 3, 5].map(|number| open(&mut table, number).expect("there is room"));
    let wait = |table: &mut StreamTable<_>, stream| {
        Slot::set_waiting(StreamTable::get_mut(table, stream).expect("it is open"), true);
        table.settle(stream);
    };
    assert_eq!(table.take_ready(), None);
    for stream in streams {
        wait(&mut table, stream);
        wait(&mut table, stream);
    }
    for turn in 0..7 {
        let stream = table.take_ready().expect("all wait");
        assert_eq!(stream, streams[turn % 3]);
        wait(&mut table, stream);
    }
    // One whose window is closed waits outside of the queue.
    let slot = table.get_mut(streams[1]).expect("it is open");
    slot.send_window.take(10);
    table.close(streams[2], Absent::ResetByPeer);
    assert_eq!([table.take_ready(), table.take_ready()], [Some(streams[0]), None]);
    table.get_mut(streams[1]).expect("it is open").send_window.grow(1).expect("it is small");
    table.settle(streams[1]);
    assert_eq!([table.take_ready(), table.take_ready()], [Some(streams[1]), None]);
    // Another stream in the same place does not wait.
    wait(&mut table, streams[0]);
    table.close(streams[0], Absent::Ended);
    let other = open(&mut table, 7).expect("there is room");
    assert_eq!((other.slot(), table.take_ready()), (streams[0].slot(), None));
    wait(&mut table, other);
    assert_eq!([table.take_ready(), table.take_ready()], [Some(other), None]);
}

#[test]
fn what_is_owed_is_found_until_it_is_written() {
    let mut table = StreamTable::new([const { Slot::new() }; 3]);
    let streams = [1, 3, 5].map(|number| open(&mut table, number).expect("there is room"));
    assert_eq!(table.owing(), None);
    let slot = table.get_mut(streams[1]).expect("it is open");
    assert_eq!(slot.receive_window.take(5), Ok(()));
    table.settle(streams[1]);
    table.get_mut(streams[0]).expect("it is open").owe_reset(ErrorCode::CANCEL);
    table.settle(streams[0]);
    assert_eq!([table.owing(), table.owing()], [Some(streams[1]); 2]);
    assert_eq!(table.get_mut(streams[1]).expect("it is open").receive_window.grant(), 5);
    table.settle(streams[1]);
    assert_eq!(table.owing(), Some(streams[0]));
    table.close(streams[0], Absent::ResetByUs);
    assert_eq!(table.owing(), None);
    assert_eq!(table.absent(streams[0].id()), Absent::ResetByUs);
}

#[test]
fn a_change_of_settings_reaches_every_window() {
    let mut table = StreamTable::new([const { Slot::new() }; 3]);
    let streams = [1, 3, 5].map(|number| open(&mut table, number).expect("there is room"));
    for stream in streams {
        let slot = table.get_mut(stream).expect("it is open");
        slot.set_waiting(true);
        slot.send_window.take(10);
        table.settle(stream);
    }
    table.close(streams[0], Absent::Ended);
    assert_eq!(table.take_ready(), None);
    assert_eq!(table.shift_send_windows(1), Ok(()));
    let ready = [(); 3].map(|()| table.take_ready());
    assert_eq!(ready, [Some(streams[1]), Some(streams[2]), None]);
    assert_eq!(table.shift_send_windows((1 << 31) - 1), Err(Error::WindowOverflow));
}
