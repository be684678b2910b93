//! The options that all races take.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::Parser;
use lexopt::prelude::{Long, ValueExt};

use crate::crowd::Rounds;

#[derive(Debug)]
pub struct Options {
    /// Where the servers are.
    pub servers: PathBuf,
    pub rounds: Rounds,
    /// Only cases whose titles contain this.
    pub cases: String,
    /// Only contestants whose names contain one of these; all, if there are none.
    pub only: Vec<String>,
}

impl Options {
    /// Parses the command line. `slice` is the turn unless there is another, and `own` takes the value of an option of
    /// this race, or returns `false` if it has no such option.
    pub fn parse(
        slice: Duration,
        mut own: impl FnMut(&str, &mut Parser) -> Result<bool, lexopt::Error>,
    ) -> Result<Self, lexopt::Error> {
        let mut options = Self {
            servers: PathBuf::new(),
            rounds: Rounds { count: 7, slice },
            cases: String::new(),
            only: Vec::new(),
        };
        let mut parser = Parser::from_env();
        while let Some(option) = parser.next()? {
            match option {
                Long("servers") => options.servers = parser.value()?.into(),
                Long("rounds") => options.rounds.count = parser.value()?.parse()?,
                Long("slice-ms") => {
                    options.rounds.slice = Duration::from_millis(parser.value()?.parse()?);
                }
                Long("cases") => options.cases = parser.value()?.string()?,
                Long("only") => {
                    options.only =
                        parser.value()?.string()?.split(',').map(str::to_owned).collect();
                }
                Long(name) => {
                    let name = name.to_owned();
                    if !own(&name, &mut parser)? {
                        return Err(Long(&name).unexpected());
                    }
                }
                other => return Err(other.unexpected()),
            }
        }
        Ok(options)
    }

    /// Whether a contestant is to race.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.contains(only))
    }
}
