//! Tables in Markdown.

use std::fmt::{self, Write};

use crate::race::{Build, Outcome, Runner};

/// Writes what was run, where, and how it went.
pub fn write(
    out: &mut String,
    builds: &[Build],
    outcomes: &[Outcome],
    machine: &str,
) -> fmt::Result {
    writeln!(out, "{machine}\n")?;
    for build in builds {
        writeln!(out, "* {}: target features {}", build.label, build.target_features())?;
    }
    let mut caveats: Vec<String> = Vec::new();
    let mut group = "";
    for outcome in outcomes {
        if outcome.group != group {
            group = outcome.group;
            writeln!(out, "\n### {group}\n")?;
            write!(out, "| | ours, ns | best peer, ns | limit, ns |")?;
            for build in builds {
                write!(out, " ours ÷ best, {} |", build.label)?;
            }
            writeln!(out, " to reach | other peers, ns |")?;
            writeln!(out, "|---|---|---|---|{}---|---|", "---|".repeat(builds.len()))?;
        }
        row(out, builds, outcome, &mut caveats)?;
    }
    writeln!(out)?;
    for (n, caveat) in caveats.iter().enumerate() {
        writeln!(out, "{}. {caveat}", n + 1)?;
    }
    Ok(())
}

fn row(
    out: &mut String,
    builds: &[Build],
    outcome: &Outcome,
    caveats: &mut Vec<String>,
) -> fmt::Result {
    let mut mark = |runner: &Runner| {
        let caveat = &runner.profile.caveat;
        let name = &runner.profile.name;
        if caveat.is_empty() {
            return format!("{name} {}", ns(runner.time()));
        }
        let text = format!("{name}: {caveat}");
        let known = caveats.iter().position(|known| *known == text);
        let number = known.unwrap_or_else(|| {
            caveats.push(text);
            caveats.len() - 1
        });
        format!("{name}<sup>{}</sup> {}", number + 1, ns(runner.time()))
    };
    let ours: Vec<String> = outcome
        .ours(0)
        .map(|runner| match runner.profile.name.split_once(", ") {
            Some((_, how)) => format!("{how} {}", ns(runner.time())),
            None => ns(runner.time()),
        })
        .collect();
    let peers: Vec<String> = outcome.peers(0).into_iter().map(&mut mark).collect();
    let limit = outcome
        .limit()
        .map_or("–".to_owned(), |limit| format!("{} {}", limit.profile.name, ns(limit.time())));
    let (best, others) = match peers.split_first() {
        Some((best, others)) => (best.as_str(), others.join(", ")),
        None => ("–", String::new()),
    };
    write!(out, "| {} | {} | {best} | {limit} |", outcome.name, ours.join("; "))?;
    for build in 0..builds.len() {
        match outcome.ratio(build) {
            Some(ratio) if ratio <= outcome.bar => write!(out, " **{ratio:.2}** |")?,
            Some(ratio) => write!(out, " {ratio:.2} |")?,
            None => write!(out, " – |")?,
        }
    }
    writeln!(out, " ≤ {:.2} | {others} |", outcome.bar)
}

fn ns(time: f64) -> String {
    match time {
        ..10.0 => format!("{time:.1}"),
        _ => format!("{time:.0}"),
    }
}
