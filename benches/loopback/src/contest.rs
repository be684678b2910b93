//! Servers that race, and the tables of what they did.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

use crate::options::Options;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A server under test.
#[derive(Debug)]
pub struct Contestant {
    /// What it is called in tables.
    pub name: &'static str,
    child: Child,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its CPU time.
    clock: ClockId,
}

impl Contestant {
    /// Starts it, and waits until it listens.
    pub fn start(name: &'static str, mut command: Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is a pipe")).read_line(&mut line)?;
        let addr = line.trim().strip_prefix("listening on http://").ok_or("it does not listen")?;
        let pid = Pid::from_raw(child.id().cast_signed());
        pin(pid, 1)?;
        Ok(Self { name, addr: addr.parse()?, clock: clock_getcpuclockid(pid)?, child })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The CPU time that it has used.
    pub fn cpu_time(&self) -> Result<Duration> {
        Ok(clock_gettime(self.clock)?.into())
    }
}

/// Starts contestants that are to race.
pub fn start_all(
    all: impl IntoIterator<Item = (&'static str, Command)>,
    options: &Options,
) -> Result<Vec<Contestant>> {
    all.into_iter()
        .filter(|(name, _)| options.wants(name))
        .map(|(name, command)| {
            Contestant::start(name, command).map_err(|e| format!("{name}: {e}").into())
        })
        .collect()
}

impl Drop for Contestant {
    fn drop(&mut self) {
        // It ends when its input does. Waiting makes sure that no process is left over.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Keeps this process on one processor.
pub fn pin_this(cpu: usize) -> nix::Result<()> {
    pin(Pid::this(), cpu)
}

/// Keeps a process on one processor. Otherwise, luck would decide which server shares one with the load generator.
fn pin(pid: Pid, cpu: usize) -> nix::Result<()> {
    let mut cpus = CpuSet::new();
    cpus.set(cpu)?;
    match sched_setaffinity(pid, &cpus) {
        // There is only one processor, or we may not use it.
        Err(nix::errno::Errno::EINVAL) => Ok(()),
        result => result,
    }
}

/// The result of one contestant in one round.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Messages or calls.
    pub per_second: f64,
    /// In seconds.
    pub cpu_per_message: f64,
}

impl Sample {
    /// Of a contestant that does not take part.
    pub const NONE: Self = Self { per_second: f64::NAN, cpu_per_message: f64::NAN };
}

/// Which figure is better.
#[derive(Clone, Copy, Debug)]
pub enum Better {
    More,
    Less,
}

/// A table of one figure for each contestant in each case, with the ratio of ours to the best peer's.
#[derive(Debug)]
pub struct Table {
    text: String,
    peers: Vec<usize>,
    ours: Option<usize>,
    better: Better,
    /// Cases, with the median of each contestant.
    rows: Vec<(String, Vec<f64>)>,
}

impl Table {
    /// `cases` are the headings of the columns that say what was raced. `ours` is compared with the best of those that are
    /// not in `own`.
    pub fn new(
        title: &str,
        cases: &str,
        names: &[&str],
        ours: &str,
        own: &[&str],
        better: Better,
    ) -> Self {
        let columns = cases.split('|').count();
        let rule = "|---".repeat(columns) + &"|---:".repeat(names.len() + 1) + "|";
        let text = format!(
            "{title}:\n\n| {cases} | {} | {ours} ÷ best peer |\n{rule}\n",
            names.join(" | ")
        );
        Self {
            text,
            peers: (0..names.len()).filter(|&at| !own.contains(&names[at])).collect(),
            ours: names.iter().position(|&name| name == ours),
            better,
            rows: Vec::new(),
        }
    }

    /// Adds a row: what each contestant did in each round.
    pub fn add(&mut self, case: &str, samples: &[Vec<Sample>], figure: impl Fn(&Sample) -> f64) {
        let figures: Vec<Vec<f64>> =
            samples.iter().map(|rounds| rounds.iter().map(&figure).collect()).collect();
        let medians: Vec<f64> =
            figures.iter().map(|rounds| sorted(rounds.clone())[rounds.len() / 2]).collect();
        let took_part = self.peers.iter().copied().filter(|&at| !medians[at].is_nan());
        let best = took_part.min_by(|&a, &b| match self.better {
            Better::More => medians[b].total_cmp(&medians[a]),
            Better::Less => medians[a].total_cmp(&medians[b]),
        });
        let cells: Vec<_> = medians.iter().map(|&median| three_digits(median)).collect();
        let ratio = match (self.ours, best) {
            // A ratio within one round: whatever disturbed the round disturbed both.
            (Some(ours), Some(best)) => {
                let ratios = figures[ours].iter().zip(&figures[best]).map(|(a, b)| a / b);
                let ratios = sorted(ratios.collect());
                let [low, median, high] =
                    [1, 2, 3].map(|quarter| ratios[(ratios.len() - 1) * quarter / 4]);
                format!("**{median:.2}** ({low:.2}–{high:.2})")
            }
            _ => "–".to_owned(),
        };
        self.text += &format!("| {case} | {} | {ratio} |\n", cells.join(" | "));
        self.rows.push((case.to_owned(), medians));
    }

    /// The cases, with the median of each contestant.
    pub fn rows(&self) -> &[(String, Vec<f64>)] {
        &self.rows
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn three_digits(value: f64) -> String {
    match value {
        _ if value.is_nan() => "–".to_owned(),
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
