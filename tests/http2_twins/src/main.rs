//! Plays random sessions of HTTP/2 to the library and to others, and fails if they differ in a way that is not known.
//!
//! ```text
//! http2_twins [--seconds N] [--sessions N] [--seed N] [--python INTERPRETER] [--show server|client]
//! ```

mod compare;
mod differences;
mod end;
mod faults;
#[allow(dead_code, reason = "the tests of the library share it")]
#[path = "../../common/http2_judge.rs"]
mod http2_judge;
#[allow(dead_code, reason = "the tests of the library share it")]
#[path = "../../common/http2_peer.rs"]
mod http2_peer;
mod model;
mod nghttp2;
mod ours;
mod pairs;
mod python;
mod random;
mod script;
mod written;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use compare::{Outcome, compare};
use differences::Peer;
use end::End;
use framewright::http2::Role;
use nghttp2::Nghttp2;
use ours::Ours;
use python::{Python, PythonEnd};
use script::Script;

fn our_end(role: Role) -> Box<dyn End> {
    match role {
        Role::Client => Box::new(Ours::client()),
        Role::Server => Box::new(Ours::server()),
    }
}

fn main() -> ExitCode {
    let mut options = BTreeMap::new();
    let mut arguments = std::env::args().skip(1);
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        options.insert(name, value);
    }
    let number =
        |name: &str, default| options.get(name).map_or(default, |n| n.parse().expect("a number"));
    let seed = number("--seed", 0);
    let sessions = number("--sessions", u64::MAX);
    let until = Instant::now() + Duration::from_secs(number("--seconds", 10));
    let python = options.get("--python").map(|path| Rc::new(RefCell::new(Python::start(path))));

    if let Some(role) = options.get("--show") {
        print!("{}", Script::new(seed, if role == "server" { Role::Server } else { Role::Client }));
        return ExitCode::SUCCESS;
    }

    let mut tally = Tally::default();
    let mut played = 0;
    for seed in seed.. {
        if played == sessions || Instant::now() > until {
            break;
        }
        played += 1;
        for role in [Role::Server, Role::Client] {
            play(seed, role, python.as_ref(), &mut tally);
        }
    }
    for (sentence, count) in &tally.known {
        println!("{count:6} times: {sentence}");
    }
    println!("{played} seeds: {} scripts and {} pairs", tally.scripts, tally.pairs);
    for (what, (seed, count)) in &tally.failures {
        println!("{count} times, first with seed {seed}: {what}");
    }
    if tally.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What was found.
#[derive(Default)]
struct Tally {
    scripts: u64,
    pairs: u64,
    /// Differences that are known, by their sentences.
    known: BTreeMap<&'static str, u64>,
    /// Those that are not, with the first seed.
    failures: BTreeMap<String, (u64, u64)>,
}

impl Tally {
    fn fail(&mut self, seed: u64, what: String) {
        self.failures.entry(what).or_insert((seed, 0)).1 += 1;
    }
}

/// Plays a script to both ends of `role`, and joins our end of that role to theirs of the other.
fn play(seed: u64, role: Role, python: Option<&Rc<RefCell<Python>>>, tally: &mut Tally) {
    let script = Script::new(seed, role);
    let other = if role == Role::Client { Role::Server } else { Role::Client };
    let new = |peer, role| -> Option<Box<dyn End>> {
        Some(match peer {
            Peer::Nghttp2 => Box::new(Nghttp2::new(role)),
            Peer::PythonH2 => Box::new(PythonEnd::new(python?, role)),
        })
    };
    for peer in [Peer::Nghttp2, Peer::PythonH2] {
        let theirs = new(peer, role).zip(new(peer, other));
        let Some((mut theirs, mut partner)) = theirs else { continue };
        tally.scripts += 1;
        match compare(&script, peer, &mut *our_end(role), &mut *theirs) {
            Ok(Outcome::Same) => {}
            Ok(Outcome::Known(sentence)) => *tally.known.entry(sentence).or_default() += 1,
            Err(what) => tally.fail(seed, format!("{role:?} and {peer:?}: {what}")),
        }
        tally.pairs += 1;
        let mut our_end = our_end(role);
        let (client, server): (&mut dyn End, &mut dyn End) = match role {
            Role::Client => (&mut *our_end, &mut *partner),
            Role::Server => (&mut *partner, &mut *our_end),
        };
        // On a stream that it has reset, an informational response ends the connection of `h2`: see README.md.
        let informational = (peer, other) != (Peer::PythonH2, Role::Client);
        if let Err(what) = pairs::run(seed, client, server, role, informational) {
            tally.fail(seed, format!("our {role:?} joined to {peer:?}: {what}"));
        }
    }
}
