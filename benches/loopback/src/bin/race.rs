//! Races echo servers over loopback: one load generator, one thread, the same bytes for all.
//!
//! `run` builds what this needs and starts it. README.md says how it measures.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use framewright::ws::Message;
use framewright_loopback::contest::{Better, Contestant, Table, pin_this, start_all};
use framewright_loopback::crowd::Case;
use framewright_loopback::options::Options;
use framewright_loopback::websocket::{Connection, Traffic};
use lexopt::prelude::ValueExt;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Number of different messages on a connection, so that no two in flight are equal.
const CYCLE: usize = 16;

const OURS: &str = "gateway";
const OTHER: &str = "the other gateway";
const WITH_DEFLATE: &str = "gateway that would compress";
const ON_TOKIO: &str = "framewright on tokio";
const ADAPTER: &str = "framewright-tokio";
/// Our own contestants.
const OUR_OWN: [&str; 5] = [OURS, OTHER, WITH_DEFLATE, ON_TOKIO, ADAPTER];

fn main() -> Result<()> {
    // Another build of the gateway, to compare ours with.
    let mut other_gateway = None;
    let mut numbers_of_connections = vec![1, 100, 1_000];
    let options = Options::parse(Duration::from_millis(200), |name, parser| {
        match name {
            "other-gateway" => other_gateway = Some(PathBuf::from(parser.value()?)),
            "connections" => {
                numbers_of_connections =
                    parser.value()?.parse_with(|list| list.split(',').map(str::parse).collect())?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    pin_this(0)?;
    let contestants = start(&options, other_gateway.as_deref())?;
    let names: Vec<_> = contestants.iter().map(|c| c.name).collect();

    let mut rates = table("Messages per second, in thousands", &names, Better::More);
    let mut costs = table("CPU time of the server per message, in µs", &names, Better::Less);
    let text = "The quick brown fox jumps over the lazy dog; ";
    for (kind, message) in [
        ("16 B binary", Message::Binary(&[7; 16])),
        ("125 B binary", Message::Binary(&[7; 125])),
        ("1 KiB text", Message::Text(&text.repeat(23)[..1024])),
    ] {
        let traffic = Traffic::echo(message, CYCLE)?;
        for &connections in &numbers_of_connections {
            for in_flight in [1, CYCLE] {
                let title = format!("{kind} | {connections} | {in_flight}");
                if !title.contains(&options.cases) {
                    continue;
                }
                eprintln!("{title}");
                let case = Case { work: &traffic, connections, in_flight };
                let samples = options.rounds.race::<Connection>(&contestants, &case, |_| true)?;
                rates.add(&title, &samples, |sample| sample.per_second / 1e3);
                costs.add(&title, &samples, |sample| sample.cpu_per_message * 1e6);
            }
        }
    }
    print!("{costs}\n{rates}");
    Ok(())
}

fn table(title: &str, names: &[&str], better: Better) -> Table {
    Table::new(title, "message | connections | in flight", names, OURS, &OUR_OWN, better)
}

fn start(options: &Options, other_gateway: Option<&Path>) -> Result<Vec<Contestant>> {
    let server = |name: &str| Command::new(options.servers.join(name));
    let gateway = |path: &Path, arguments: &[&str]| {
        // The gateway ends on a signal, unlike the others, which end with their input. It must end whenever we do: the shell
        // becomes the gateway, and a child of the shell waits for the end of our pipe.
        let mut command = Command::new("sh");
        command.args(["-c", "exec 3<&0; { cat <&3 >/dev/null; kill $$; } & exec \"$@\"", "sh"]);
        command.arg(path).args(["--listen", "127.0.0.1:0"]).args(arguments);
        command
    };
    let ours = options.servers.join("gateway");
    let all = [
        (OURS, Some(gateway(&ours, &["--no-deflate"]))),
        (OTHER, other_gateway.map(|path| gateway(path, &["--no-deflate"]))),
        (WITH_DEFLATE, Some(gateway(&ours, &[]))),
        (ON_TOKIO, Some(server("echo-framewright-tokio"))),
        (ADAPTER, Some(server("echo-framewright-adapter"))),
        ("uWebSockets", Some(server("echo-uwebsockets"))),
        ("fastwebsockets", Some(server("echo-fastwebsockets"))),
        ("sockudo-ws", Some(server("echo-sockudo-ws"))),
        ("tokio-tungstenite", Some(server("echo-tokio-tungstenite"))),
        ("tokio-websockets", Some(server("echo-tokio-websockets"))),
        ("yawc", Some(server("echo-yawc"))),
    ];
    start_all(all.into_iter().filter_map(|(name, command)| Some((name, command?))), options)
}
