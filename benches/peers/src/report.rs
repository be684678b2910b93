//! The tables, in Markdown.

use std::env;
use std::fmt::{self, Write};

use crate::contestants::Kind;
use crate::race::{Build, Outcome, Runner};

/// Writes where the race was run, then the summary, then the results of all contestants.
pub fn write(
    out: &mut String,
    machine: &str,
    builds: &[Build],
    outcomes: &[Outcome],
) -> fmt::Result {
    writeln!(out, "# Results\n\n{machine} Builds:\n")?;
    for build in builds {
        writeln!(out, "- {}: compiled for {}", build.label, build.target_features())?;
    }
    if let Ok(tunables) = env::var("GLIBC_TUNABLES") {
        writeln!(out, "\nWith `GLIBC_TUNABLES={tunables}`.")?;
    }
    writeln!(
        out,
        "\nTimes are medians of the {} build. A ratio is our time divided by the best peer's, in each build. It is the \
        median over the rounds, so it can differ from the quotient of the times beside it. It is bold where it \
        reached its goal. The [README](README.md) says what the limit is, what each peer leaves out, and why some \
        goals were missed.",
        builds[0].label
    )?;
    summary(out, builds, outcomes)?;
    handshakes(out, outcomes)?;
    writeln!(out, "\n## All contestants\n")?;
    writeln!(out, "Medians of the {} build, in ns per item.\n", builds[0].label)?;
    writeln!(out, "| | |\n|---|---|")?;
    let mut notes = Notes::default();
    for outcome in outcomes {
        let mut runners: Vec<&Runner> = outcome.runners.iter().filter(|r| r.build == 0).collect();
        runners.sort_by(|a, b| a.time().total_cmp(&b.time()));
        let runners: Vec<String> = runners.into_iter().map(|r| notes.entry(r)).collect();
        writeln!(out, "| {}, {} | {} |", outcome.group, outcome.name, runners.join(" · "))?;
    }
    writeln!(out)?;
    for (n, note) in notes.0.iter().enumerate() {
        writeln!(out, "{}. {note}", n + 1)?;
    }
    Ok(())
}

/// The summary: ours, the best peer, and their ratio in every build.
fn summary(out: &mut String, builds: &[Build], outcomes: &[Outcome]) -> fmt::Result {
    write!(out, "\n| ns per item | limit | framewright | best peer | |")?;
    for build in builds {
        write!(out, " {} |", build.label)?;
    }
    writeln!(out, " to reach |\n|---|--:|--:|--:|---|{}--:|", "--:|".repeat(builds.len()))?;
    let mut group = "";
    for outcome in outcomes {
        if outcome.group != group {
            group = outcome.group;
            writeln!(out, "| **{group}** |{}", " |".repeat(builds.len() + 5))?;
        }
        let time = |runner: Option<&Runner>| runner.map_or("–".to_owned(), |r| ns(r.time()));
        let best = outcome.peers(0).first().copied();
        write!(
            out,
            "| {} | {} | {} | {} | {} |",
            outcome.name,
            time(outcome.limit()),
            time(outcome.ours(0).next()),
            time(best),
            best.map_or("–", |best| &best.profile.name),
        )?;
        for build in 0..builds.len() {
            match outcome.ratio(build) {
                Some(ratio) if ratio <= outcome.bar => write!(out, " **{ratio:.2}** |")?,
                Some(ratio) => write!(out, " {ratio:.2} |")?,
                None => write!(out, " – |")?,
            }
        }
        writeln!(out, " ≤ {:.2} |", outcome.bar)?;
    }
    Ok(())
}

/// The times for a handshake, as rates.
fn handshakes(out: &mut String, outcomes: &[Outcome]) -> fmt::Result {
    let Some(outcome) = outcomes.iter().find(|outcome| outcome.group.contains("handshake")) else {
        return Ok(());
    };
    let mut runners: Vec<&Runner> = outcome.runners.iter().filter(|r| r.build == 0).collect();
    runners.sort_by(|a, b| a.time().total_cmp(&b.time()));
    let rates = runners.into_iter().map(|r| format!("{} {:.2}", r.profile.name, 1e3 / r.time()));
    writeln!(out, "\nHandshakes per second, in millions: {}.", rates.collect::<Vec<_>>().join(", "))
}

/// What contestants leave out, as numbered notes.
#[derive(Default)]
struct Notes<'a>(Vec<&'a str>);

impl<'a> Notes<'a> {
    fn entry(&mut self, runner: &'a Runner) -> String {
        let (profile, time) = (&runner.profile, ns(runner.time()));
        match profile.kind {
            Kind::Limit => return format!("*{}* {time}", profile.name),
            Kind::Ours => return format!("**{}** {time}", profile.name),
            Kind::Peer if profile.caveat.is_empty() => return format!("{} {time}", profile.name),
            Kind::Peer => {}
        }
        let known = self.0.iter().position(|note| *note == profile.caveat);
        let number = known.unwrap_or_else(|| {
            self.0.push(&profile.caveat);
            self.0.len() - 1
        });
        format!("{}<sup>{}</sup> {time}", profile.name, number + 1)
    }
}

/// Formats a time for people.
pub fn ns(time: f64) -> String {
    if time < 10.0 { format!("{time:.1}") } else { format!("{time:.0}") }
}
