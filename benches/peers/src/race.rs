//! The race: rounds in which all contestants take turns.

use std::io;
use std::path::Path;

use crate::contestants::Kind;
use crate::task::workloads;
use crate::worker::{Profile, Worker};

/// The length of a turn, in ns.
const TURN: f64 = 1e6;

/// A build that takes part.
pub struct Build {
    pub label: String,
    worker: Worker,
}

impl Build {
    pub fn new(label: String, program: &Path) -> io::Result<Self> {
        Ok(Self { label, worker: Worker::start(program)? })
    }

    pub fn target_features(&self) -> &str {
        &self.worker.target_features
    }
}

/// A contestant of a build, with its time per item in each round, in ns.
pub struct Runner {
    /// Index of its build.
    pub build: usize,
    pub profile: Profile,
    pub times: Vec<f64>,
    /// Index in its build.
    at: usize,
    laps: usize,
}

impl Runner {
    pub fn time(&self) -> f64 {
        median(self.times.iter().copied())
    }

    /// Its time divided by that of `other` in the same round: the median over the rounds.
    pub fn ratio(&self, other: &Self) -> f64 {
        median(self.times.iter().zip(&other.times).map(|(own, other)| own / other))
    }
}

/// The result of a workload.
pub struct Outcome {
    pub group: &'static str,
    pub name: String,
    pub bar: f64,
    pub runners: Vec<Runner>,
}

impl Outcome {
    /// The limit, if the workload has one.
    pub fn limit(&self) -> Option<&Runner> {
        self.runners.iter().find(|runner| runner.profile.kind == Kind::Limit)
    }

    /// Our contestants in a build. The first is the one that counts.
    pub fn ours(&self, build: usize) -> impl Iterator<Item = &Runner> {
        self.runners
            .iter()
            .filter(move |runner| runner.build == build && runner.profile.kind == Kind::Ours)
    }

    /// The peers in a build, the best first.
    pub fn peers(&self, build: usize) -> Vec<&Runner> {
        let is_peer = |runner: &&Runner| runner.build == build && runner.profile.kind == Kind::Peer;
        let mut peers: Vec<&Runner> = self.runners.iter().filter(is_peer).collect();
        peers.sort_by(|a, b| a.time().total_cmp(&b.time()));
        peers
    }

    /// Our time in a build divided by that of the best peer there or, without peers there, in the first build.
    pub fn ratio(&self, build: usize) -> Option<f64> {
        let best = self.peers(build).first().copied().or(self.peers(0).first().copied())?;
        Some(self.ours(build).next()?.ratio(best))
    }
}

/// Races all builds on all workloads whose name has `filter` in it.
///
/// # Panics
///
/// If two contestants deliver different things.
pub fn race(builds: &mut [Build], filter: &str, rounds: usize) -> io::Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for (number, workload) in workloads().into_iter().enumerate() {
        if !format!("{}, {}", workload.group, workload.name).contains(filter) {
            continue;
        }
        let mut runners: Vec<Runner> = Vec::new();
        for (build, contestants) in builds.iter_mut().enumerate() {
            for (at, profile) in contestants.worker.open(number)?.into_iter().enumerate() {
                // The limit is the machine's, whatever the build.
                if build > 0 && profile.kind == Kind::Limit {
                    continue;
                }
                let runner = Runner { build, profile, times: Vec::new(), at, laps: 1 };
                runners.push(runner);
            }
        }
        let delivering = |runner: &&Runner| runner.profile.kind != Kind::Limit;
        for pair in runners.iter().filter(delivering).collect::<Vec<_>>().windows(2) {
            assert!(pair[0].profile.agrees(&pair[1].profile), "builds deliver different things");
        }
        for runner in &mut runners {
            let worker = &mut builds[runner.build].worker;
            // The second run has warm caches.
            worker.run(runner.at, 1)?;
            let time = worker.run(runner.at, 4)? / 4.0;
            runner.laps = (TURN / time).ceil().max(1.0) as usize;
        }
        for round in 0..rounds {
            for turn in 0..runners.len() {
                let at = (round + turn) % runners.len();
                let runner = &mut runners[at];
                let time = builds[runner.build].worker.run(runner.at, runner.laps)?;
                runner.times.push(time / (runner.laps as f64 * runner.profile.items as f64));
            }
        }
        let outcome =
            Outcome { group: workload.group, name: workload.name, bar: workload.bar, runners };
        progress(&outcome);
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn progress(outcome: &Outcome) {
    let ours = outcome.ours(0).next().map_or(f64::NAN, Runner::time);
    let best = match outcome.peers(0).first() {
        Some(best) => format!("{} {:.1} ns", best.profile.name, best.time()),
        None => "no peer".to_owned(),
    };
    eprintln!(
        "{}, {}: {ours:.1} ns, {best}: {:.2} (bar {:.2})",
        outcome.group,
        outcome.name,
        outcome.ratio(0).unwrap_or(f64::NAN),
        outcome.bar
    );
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
