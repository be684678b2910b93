//! The contestants of one build, run on request: a process of its own, driven over its standard streams.
//!
//! Builds cannot share a process: if one crate turns on a feature of a dependency, all others get it.

use std::io::{self, BufRead, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use cpu_time::ThreadTime;

use crate::contestants::{Contestant, Kind};
use crate::sink::Sink;
use crate::task::{Task, Workload, workloads};

/// What the race knows about a contestant.
#[derive(Clone, Debug)]
pub struct Profile {
    pub kind: Kind,
    pub name: String,
    pub caveat: String,
    /// The number of items that it delivers in a lap.
    pub items: u64,
    digest: u64,
}

/// Answers requests until there are no more.
///
/// `open N` runs an inspected lap of each contestant of a workload, and lists them. `run N LAPS` times
/// one of them.
pub fn serve() -> io::Result<()> {
    let workloads = workloads();
    let mut contestants = Vec::new();
    println!("{}", target_features());
    for line in io::stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words[at].parse::<usize>().map_err(io::Error::other);
        match words[0] {
            "open" => contestants = open(&workloads[number(1)?]),
            "run" => run(&mut contestants[number(1)?], number(2)?),
            _ => return Err(io::Error::other(line)),
        }
    }
    Ok(())
}

fn open(workload: &Workload) -> Vec<Ready> {
    let all = workload.task.contestants();
    println!("{}", all.len());
    all.into_iter()
        .map(|mut contestant| {
            let mut sink = Sink::inspecting();
            (contestant.lap)(&mut sink);
            let (kind, name, caveat) = (contestant.kind, contestant.name, contestant.caveat);
            let digest = if kind == Kind::Limit { 0 } else { workload.task.digest(&sink) };
            println!("{kind:?}\t{name}\t{caveat}\t{}\t{digest}", sink.items);
            let bytes = (!matches!(workload.task, Task::Deflate { .. })).then_some(sink.bytes);
            Ready { contestant, items: sink.items, bytes }
        })
        .collect()
}

/// A contestant, and the number of items that it delivers in each lap.
struct Ready {
    contestant: Contestant,
    items: u64,
    /// `None` if that depends on the laps before.
    bytes: Option<u64>,
}

fn run(Ready { contestant, items, bytes }: &mut Ready, laps: usize) {
    let mut sink = Sink::default();
    let start = ThreadTime::now();
    for _ in 0..laps {
        (contestant.lap)(&mut sink);
    }
    let time = start.elapsed();
    assert_eq!(sink.items, *items * laps as u64, "{} lost something", contestant.name);
    if let Some(bytes) = bytes {
        assert_eq!(sink.bytes, *bytes * laps as u64, "{} lost something", contestant.name);
    }
    println!("{}", time.as_nanos());
}

/// The CPU features that the build was compiled for.
fn target_features() -> String {
    let mut features = Vec::new();
    macro_rules! list {
        ($($feature:tt)*) => {
            $(if cfg!(target_feature = $feature) { features.push($feature); })*
        };
    }
    list!("sse2" "ssse3" "sse4.2" "avx" "avx2" "bmi2" "avx512f" "avx512bw" "avx512vl" "avx512vbmi"
        "sha" "gfni" "neon" "sve");
    features.join(" ")
}

/// A worker, as seen by the race.
pub struct Worker {
    child: Child,
    requests: Option<ChildStdin>,
    answers: Lines<io::BufReader<ChildStdout>>,
    pub target_features: String,
}

impl Worker {
    pub fn start(program: &Path) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg("--worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let requests = child.stdin.take();
        let answers = child.stdout.take().expect("it is piped");
        let mut answers = io::BufReader::new(answers).lines();
        let target_features = answers.next().ok_or(io::ErrorKind::UnexpectedEof)??;
        Ok(Self { child, requests, answers, target_features })
    }

    fn ask(&mut self, request: &str) -> io::Result<String> {
        let requests = self.requests.as_mut().expect("it is open until the end");
        writeln!(requests, "{request}")?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<String> {
        self.answers.next().ok_or(io::ErrorKind::UnexpectedEof)?
    }

    /// Prepares the contestants of a workload.
    ///
    /// # Panics
    ///
    /// If two of them deliver different things.
    pub fn open(&mut self, workload: usize) -> io::Result<Vec<Profile>> {
        let len: usize =
            self.ask(&format!("open {workload}"))?.parse().map_err(io::Error::other)?;
        let mut all: Vec<Profile> = Vec::new();
        for _ in 0..len {
            let line = self.answer()?;
            let fields: Vec<&str> = line.split('\t').collect();
            let kind = match fields[0] {
                "Limit" => Kind::Limit,
                "Ours" => Kind::Ours,
                _ => Kind::Peer,
            };
            let profile = Profile {
                kind,
                name: fields[1].to_owned(),
                caveat: fields[2].to_owned(),
                items: fields[3].parse().map_err(io::Error::other)?,
                digest: fields[4].parse().map_err(io::Error::other)?,
            };
            if let Some(other) = all.iter().find(|other| other.kind != Kind::Limit) {
                assert!(
                    kind == Kind::Limit || profile.agrees(other),
                    "{} and {} do not deliver the same",
                    other.name,
                    profile.name
                );
            }
            all.push(profile);
        }
        Ok(all)
    }

    /// Has a contestant run that many laps, and returns the CPU time in ns.
    pub fn run(&mut self, contestant: usize, laps: usize) -> io::Result<f64> {
        self.ask(&format!("run {contestant} {laps}"))?.parse().map_err(io::Error::other)
    }
}

impl Profile {
    /// Returns whether both delivered the same.
    pub fn agrees(&self, other: &Self) -> bool {
        (self.items, self.digest) == (other.items, other.digest)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It ends when its input ends.
        self.requests = None;
        let _ = self.child.wait();
    }
}
