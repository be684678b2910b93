//! What work costs as it grows. A cliff instead of a straight line would show.

use std::fmt::{self, Write};
use std::rc::Rc;

use cpu_time::ThreadTime;

use crate::contestants::{Contestant, framewright, peers};
use crate::report::ns;
use crate::sink::Sink;
use crate::task::size;
use crate::wire::{Content, Wire};

/// The shortest turn of a contestant, in ns.
const TURN: f64 = 5e6;
/// Number of turns.
const ROUNDS: usize = 7;

/// Writes the tables.
pub fn write(out: &mut String) -> fmt::Result {
    writeln!(out, "\n## As work grows")?;
    let frames = (0..=12).map(|exponent| {
        let len = 1 << (2 * exponent);
        let count = ((1 << 20) / (len + 6)).clamp(1, 20_000);
        let wire = Wire::websocket(Content::Binary, 1, len, count);
        (size(len), wire)
    });
    let what = "Binary messages of one frame each: time per frame and per byte";
    table(out, what, "payload", "frame", frames)?;

    for len in [125, 16 << 10] {
        let reads = (0..=8).map(|exponent| {
            let read_len = 1 << (2 * exponent);
            let count = ((1 << 18) / len).min(1000);
            let wire = Wire::websocket(Content::Binary, 1, len, count).in_reads_of(read_len);
            (size(read_len), wire)
        });
        let what =
            format!("Binary messages of {} in reads of the length in the first column", size(len));
        table(out, &what, "reads of", "message", reads)?;
    }

    let fragments = (0..=4).map(|exponent| {
        let fragments = 10_usize.pow(exponent);
        let mut wire = Wire::websocket(Content::Ascii, fragments, 32, 20_000 / fragments);
        wire.items *= fragments as u64;
        (fragments.to_string(), wire)
    });
    let what = "Text messages of as many fragments as the first column says, each of 32 B: time per fragment";
    table(out, what, "fragments", "fragment", fragments)
}

/// Writes a table with a line for every named wire.
fn table(
    out: &mut String,
    what: &str,
    of: &str,
    item: &str,
    sizes: impl Iterator<Item = (String, Wire)>,
) -> fmt::Result {
    writeln!(out, "\n{what}.\n")?;
    let mut head = true;
    for (name, wire) in sizes {
        let (items, bytes) = (wire.items as f64, wire.bytes.len() as f64);
        let wire = Rc::new(wire);
        let mut contestants = vec![framewright::receive(&wire)];
        contestants.extend(peers::for_growth(&wire));
        if head {
            head = false;
            write!(out, "| {of} |")?;
            for contestant in &contestants {
                write!(out, " {}, ns/{item} | ns/B |", contestant.name)?;
            }
            writeln!(out, "\n|--:|{}", "--:|--:|".repeat(contestants.len()))?;
        }
        write!(out, "| {name} |")?;
        for time in times(&mut contestants) {
            write!(out, " {} | {:.2} |", ns(time / items), time / bytes)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The time of each contestant for a lap, in ns: the median over rounds in which they take turns.
fn times(contestants: &mut [Contestant]) -> Vec<f64> {
    let mut times = vec![Vec::new(); contestants.len()];
    for _ in 0..ROUNDS {
        for (contestant, times) in contestants.iter_mut().zip(&mut times) {
            let mut sink = Sink::default();
            let (start, mut laps, mut time) = (ThreadTime::now(), 0.0, 0.0);
            while time < TURN {
                (contestant.lap)(&mut sink);
                laps += 1.0;
                time = start.elapsed().as_nanos() as f64;
            }
            times.push(time / laps);
        }
    }
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    };
    times.into_iter().map(median).collect()
}
