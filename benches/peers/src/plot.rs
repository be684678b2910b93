//! The plot: a line for each workload, with the time of every contestant relative to the best peer's.

use std::fmt::{self, Write};

use crate::race::{Outcome, Runner};

/// In pixels, as is everything here.
const WIDTH: f64 = 760.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 58.0;
const ROW: f64 = 15.0;
const HEADING: f64 = 20.0;

/// The ends of the axis, as multiples. What lies beyond is drawn at the end.
const FROM: f64 = 1.0 / 32.0;
const TO: f64 = 32.0;

/// Colours are neither light nor dark, because the background is unknown.
const STYLE: &str = "\
    text{font:11px system-ui,sans-serif;fill:#808891}\
    .group{font-weight:600}\
    .grid{stroke:#808891;stroke-opacity:.3}\
    .one{stroke:#808891;stroke-width:1.5}\
    .peer{stroke:#808891;stroke-width:2;stroke-opacity:.7}\
    .limit{fill:none;stroke:#808891}\
    .bar{stroke:#2f9e6e;stroke-width:2}\
    .ours{fill:#e8590c}";

/// Draws the plot as SVG.
pub fn draw(outcomes: &[Outcome], machine: &str) -> String {
    let mut svg = String::new();
    write(&mut svg, outcomes, machine).expect("a String takes everything");
    svg
}

fn write(svg: &mut String, outcomes: &[Outcome], machine: &str) -> fmt::Result {
    let groups = outcomes.chunk_by(|a, b| a.group == b.group);
    let height = TOP + groups.clone().count() as f64 * HEADING + outcomes.len() as f64 * ROW + 24.0;
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>Time of framewright and of other crates, relative to the best of those</title>\n\
         <style>{STYLE}</style>"
    )?;
    legend(svg)?;
    let bottom = height - 20.0;
    for exponent in -5..=5 {
        let (value, x) = (2_f64.powi(exponent), x(2_f64.powi(exponent)));
        let class = if exponent == 0 { "one" } else { "grid" };
        writeln!(svg, "<path class=\"{class}\" d=\"M{x:.1} {TOP}V{bottom}\"/>")?;
        let label = if exponent < 0 { format!("1/{}", 1.0 / value) } else { format!("{value}") };
        text(svg, x, TOP - 5.0, "middle", "", &label)?;
    }
    let mut y = TOP;
    for group in groups {
        y += HEADING;
        text(svg, 2.0, y - 5.0, "start", "group", group[0].group)?;
        for outcome in group {
            y += ROW;
            row(svg, outcome, y - 5.0)?;
        }
    }
    text(svg, 2.0, height - 5.0, "start", "", machine)?;
    writeln!(svg, "</svg>")
}

fn legend(svg: &mut String) -> fmt::Result {
    let y = 14.0;
    text(svg, 2.0, y, "start", "group", "Time, best peer = 1 (less is better)")?;
    ours(svg, 262.0, y - 4.0)?;
    text(svg, 272.0, y, "start", "", "framewright")?;
    tick(svg, "bar", 362.0, y - 4.0, 5.0)?;
    text(svg, 372.0, y, "start", "", "goal")?;
    tick(svg, "peer", 472.0, y - 4.0, 3.5)?;
    text(svg, 482.0, y, "start", "", "a peer")?;
    limit(svg, 542.0, y - 4.0)?;
    text(svg, 552.0, y, "start", "", "the machine (copy, XOR, memchr)")
}

fn row(svg: &mut String, outcome: &Outcome, y: f64) -> fmt::Result {
    text(svg, LEFT - 12.0, y + 4.0, "end", "", &outcome.name)?;
    let peers = outcome.peers(0);
    let Some(best) = peers.first() else { return Ok(()) };
    let at = |runner: &Runner| x(runner.ratio(best));
    for peer in &peers {
        tick(svg, "peer", at(peer), y, 3.5)?;
    }
    tick(svg, "bar", x(outcome.bar), y, 5.0)?;
    if let Some(runner) = outcome.limit() {
        limit(svg, at(runner), y)?;
    }
    match outcome.ours(0).next() {
        Some(runner) => ours(svg, at(runner), y),
        None => Ok(()),
    }
}

fn x(ratio: f64) -> f64 {
    let share = (ratio.clamp(FROM, TO) / FROM).log2() / (TO / FROM).log2();
    LEFT + share * (WIDTH - LEFT - RIGHT)
}

fn ours(svg: &mut String, x: f64, y: f64) -> fmt::Result {
    writeln!(svg, "<circle class=\"ours\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>")
}

fn limit(svg: &mut String, x: f64, y: f64) -> fmt::Result {
    writeln!(svg, "<path class=\"limit\" d=\"M{x:.1} {:.1}l3.5 3.5-3.5 3.5-3.5-3.5z\"/>", y - 3.5)
}

fn tick(svg: &mut String, class: &str, x: f64, y: f64, half: f64) -> fmt::Result {
    writeln!(svg, "<path class=\"{class}\" d=\"M{x:.1} {:.1}v{:.1}\"/>", y - half, 2.0 * half)
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, class: &str, text: &str) -> fmt::Result {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"
    )
}
