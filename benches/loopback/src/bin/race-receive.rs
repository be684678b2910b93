//! Races receivers over loopback: one sender for all, one thread, the same long messages for all.
//!
//! `run-receive` builds what this needs and starts it. README.md says how it measures.

use std::error::Error;
use std::process::Command;
use std::time::Duration;

use framewright_loopback::contest::{Better, Table, pin_this, start_all};
use framewright_loopback::crowd::Case;
use framewright_loopback::options::Options;
use framewright_loopback::websocket::{Connection, Traffic};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const OURS: &str = "framewright";
/// Ours, with other reads.
const SHORT_READS: &str = "framewright, reads of 16 KiB";
const MEDIUM_READS: &str = "framewright, reads of 64 KiB";
const NO_TARGET: &str = "framewright, all through one buffer";
/// Our own contestants.
const OUR_OWN: [&str; 4] = [OURS, SHORT_READS, MEDIUM_READS, NO_TARGET];

/// Titles, with the length of a message and the number of messages for which there is one receipt.
const CASES: [(&str, usize, usize); 3] =
    [("16 KiB", 16 << 10, 64), ("64 KiB", 64 << 10, 32), ("1 MiB", 1 << 20, 4)];
/// Batches in flight: while one of them is received, the next is sent.
const IN_FLIGHT: usize = 2;

fn main() -> Result<()> {
    let options = Options::parse(Duration::from_millis(200), |_, _| Ok(false))?;
    pin_this(0)?;
    let server = |name: &str| Command::new(options.servers.join(name));
    let ours = |kib: usize, to_target: bool| {
        let mut command = server("receive-framewright");
        command.args([kib.to_string(), to_target.to_string()]);
        command
    };
    let all = [
        (OURS, ours(256, true)),
        (MEDIUM_READS, ours(64, true)),
        (SHORT_READS, ours(16, true)),
        (NO_TARGET, ours(256, false)),
        ("sockudo-ws", server("receive-sockudo-ws")),
        ("tokio-websockets", server("receive-tokio-websockets")),
    ];
    let contestants = start_all(all, &options)?;
    let names: Vec<_> = contestants.iter().map(|c| c.name).collect();
    let table =
        |title, better| Table::new(title, "message | connections", &names, OURS, &OUR_OWN, better);
    let mut costs = table("CPU time of the receiver per message, in µs", Better::Less);
    let mut rates = table("Bytes per second, in GB", Better::More);
    for (title, len, messages) in CASES {
        let traffic = Traffic::batches(len, messages)?;
        for connections in [1, 16] {
            let title = format!("{title} | {connections}");
            if !title.contains(&options.cases) {
                continue;
            }
            eprintln!("{title}");
            let case = Case { work: &traffic, connections, in_flight: IN_FLIGHT };
            let samples = options.rounds.race::<Connection>(&contestants, &case, |_| true)?;
            let batch = messages as f64;
            costs.add(&title, &samples, |sample| sample.cpu_per_message / batch * 1e6);
            rates.add(&title, &samples, |sample| sample.per_second * batch * len as f64 / 1e9);
        }
    }
    print!("{costs}\n{rates}");
    Ok(())
}
