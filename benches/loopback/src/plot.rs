//! A plot of CPU time: a line for each case, with a mark for each contestant.

use std::fmt::{self, Write};

/// In pixels, as is everything here.
const WIDTH: f64 = 760.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 62.0;
const ROW: f64 = 26.0;

/// The ends of the axis, as multiples of our time. What lies beyond is drawn at the end.
const FROM: f64 = 0.5;
const TO: f64 = 128.0;

/// Colours are neither light nor dark, because the background is unknown. Ours is the first.
const COLOURS: [&str; 6] = ["#e8590c", "#4c7fd9", "#2f9e6e", "#a061c9", "#b8860b", "#808891"];
const STYLE: &str = "\
    text{font:12px system-ui,sans-serif;fill:#808891}\
    .title{font-weight:600}\
    .grid{stroke:#808891;stroke-opacity:.3}\
    .one{stroke:#808891;stroke-width:1.5}";

/// Draws the rows as SVG: the names of cases, with the time of each contestant, of which the first is ours.
pub fn draw(title: &str, names: &[&str], rows: &[(String, Vec<f64>)]) -> String {
    let mut svg = String::new();
    write(&mut svg, title, names, rows).expect("a String takes everything");
    svg
}

fn write(
    svg: &mut String,
    title: &str,
    names: &[&str],
    rows: &[(String, Vec<f64>)],
) -> fmt::Result {
    let bottom = TOP + rows.len() as f64 * ROW;
    let height = bottom + 8.0;
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>"
    )?;
    text(svg, 2.0, 16.0, "start", "title", title)?;
    for (at, name) in names.iter().enumerate() {
        let x = LEFT + at as f64 * 115.0;
        mark(svg, at, x, 32.0)?;
        text(svg, x + 9.0, 36.0, "start", "", name)?;
    }
    let mut multiple = FROM;
    while multiple <= TO {
        let class = if multiple == 1.0 { "one" } else { "grid" };
        let x = x(multiple);
        writeln!(svg, "<path class=\"{class}\" d=\"M{x:.1} {TOP}V{bottom}\"/>")?;
        text(svg, x, TOP - 6.0, "middle", "", &format!("{multiple}×"))?;
        multiple *= 2.0;
    }
    for (at, (case, times)) in rows.iter().enumerate() {
        let y = TOP + (at as f64 + 0.5) * ROW;
        text(svg, LEFT - 14.0, y + 4.0, "end", "", case)?;
        // Ours comes last, so that nothing hides it.
        for (contestant, time) in times.iter().enumerate().rev() {
            if time.is_finite() {
                mark(svg, contestant, x(time / times[0]), y)?;
            }
        }
    }
    writeln!(svg, "</svg>")
}

fn x(multiple: f64) -> f64 {
    let share = (multiple.clamp(FROM, TO) / FROM).log2() / (TO / FROM).log2();
    LEFT + share * (WIDTH - LEFT - RIGHT)
}

fn mark(svg: &mut String, contestant: usize, x: f64, y: f64) -> fmt::Result {
    let colour = COLOURS[contestant.min(COLOURS.len() - 1)];
    writeln!(svg, "<circle fill=\"{colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>")
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, class: &str, text: &str) -> fmt::Result {
    writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"
    )
}
