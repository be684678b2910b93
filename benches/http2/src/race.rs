//! Two ways to do the same work, in turns.

use std::time::Duration;

use cpu_time::ThreadTime;

const ROUNDS: usize = 61;

/// A row of the results.
pub struct Row<'a> {
    pub name: &'a str,
    pub peer: &'a str,
    /// The ratio to reach.
    pub goal: Option<f64>,
}

/// Prints the head of a table.
pub fn begin_table() {
    println!("| | ours, ns | | the other, ns | ratio | to reach |");
    println!("|---|--:|---|--:|--:|--:|");
}

/// Runs one row, unless the program was asked for others. Both return how many units of work they have done.
pub fn race(row: Row<'_>, mut ours: impl FnMut() -> usize, mut theirs: impl FnMut() -> usize) {
    let Row { name, peer, goal } = row;
    if std::env::args().nth(1).is_some_and(|text| !format!("{name}, {peer}").contains(&text)) {
        return;
    }
    let units = ours();
    assert_eq!(units, theirs(), "{name}: both do the same work");
    let time = |run: &mut dyn FnMut() -> usize| {
        let start = ThreadTime::now();
        let mut laps = 0_u32;
        while start.elapsed() < Duration::from_millis(4) {
            run();
            laps += 1;
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(laps) / units as f64
    };
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            let first = time(&mut ours);
            rounds.push((first, time(&mut theirs)));
        } else {
            let first = time(&mut theirs);
            rounds.push((time(&mut ours), first));
        }
    }
    let median = |of: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let (us, them, ratio) = (median(|r| r.0), median(|r| r.1), median(|r| r.0 / r.1));
    let mark =
        if goal.is_some_and(|goal| (ratio * 100.0).round() <= goal * 100.0) { "**" } else { "" };
    let goal = goal.map_or(String::new(), |goal| format!("≤ {goal:.2}"));
    println!("| {name} | {us:.1} | {peer} | {them:.1} | {mark}{ratio:.2}{mark} | {goal} |");
}
