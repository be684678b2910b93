//! Where and when a race was run.

use std::fs;
use std::process::Command;

/// The machine, the day and the compiler, in a line.
pub fn describe() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line =
            cpu.lines().find(|line| line.split(':').next().is_some_and(|f| f.trim() == name));
        line.and_then(|line| line.split_once(':')).map_or("?", |(_, value)| value.trim()).to_owned()
    };
    format!(
        "{} (family {}, model {}), {} CPUs, {}, {}, {}.",
        field("model name"),
        field("cpu family"),
        field("model"),
        std::thread::available_parallelism().map_or(0, usize::from),
        kernel(),
        output("rustc", &["-V"]),
        output("date", &["-u", "+%Y-%m-%d"]),
    )
}

/// Name and version of the kernel, without the name of its build.
fn kernel() -> String {
    let full = output("uname", &["-sr"]);
    let end = full.match_indices('.').nth(1).map_or(full.len(), |(at, _)| at);
    full[..end].to_owned()
}

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "?".to_owned())
}
