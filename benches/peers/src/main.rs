//! `cargo run --release -- --help` says what it does.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use framewright_peers::race::{Build, race};
use framewright_peers::{growth, machine, plot, report, worker};
use lexopt::Arg::{Long, Value};
use lexopt::{Parser, ValueExt};

const HELP: &str = "\
Races framewright against other crates, in memory.

Usage: framewright-peers [OPTIONS] [FILTER]

FILTER is a part of the name of the workloads to be run, such as 'Send, client' or '125 B'.

Options:
  --rounds N          how often each contestant has its turn (default: 41)
  --with LABEL=PATH   also race another build of this program
  --markdown FILE     write the tables to FILE (default: standard output)
  --svg FILE          draw the plot to FILE
  --growth            instead, print what work costs as it grows
  --worker            run for another process, over standard streams
";

fn main() -> Result<(), Box<dyn Error>> {
    let mut filter = String::new();
    let mut rounds = 41;
    let mut builds = vec![("baseline".to_owned(), env::current_exe()?)];
    let (mut markdown, mut svg) = (None::<PathBuf>, None::<PathBuf>);
    let mut args = Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("worker") => return Ok(worker::serve()?),
            Long("growth") => {
                let mut tables = String::new();
                growth::write(&mut tables)?;
                print!("{tables}");
                return Ok(());
            }
            Long("rounds") => rounds = args.value()?.parse()?,
            Long("with") => {
                let build = args.value()?.string()?;
                let (label, path) = build.split_once('=').ok_or("--with takes LABEL=PATH")?;
                builds.push((label.to_owned(), path.into()));
            }
            Long("markdown") => markdown = Some(args.value()?.into()),
            Long("svg") => svg = Some(args.value()?.into()),
            Long("help") => {
                print!("{HELP}");
                return Ok(());
            }
            Value(value) => filter = value.string()?,
            _ => return Err(arg.unexpected().into()),
        }
    }
    let mut builds = builds
        .into_iter()
        .map(|(label, path)| Build::new(label, &path))
        .collect::<Result<Vec<_>, _>>()?;
    let outcomes = race(&mut builds, &filter, rounds)?;
    let machine = machine::describe();
    let mut tables = String::new();
    report::write(&mut tables, &machine, &builds, &outcomes)?;
    match markdown {
        Some(path) => fs::write(path, tables)?,
        None => print!("{tables}"),
    }
    if let Some(path) = svg {
        fs::write(path, plot::draw(&outcomes, &machine))?;
    }
    Ok(())
}
