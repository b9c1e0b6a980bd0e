//! What the command line asks for.

use std::path::PathBuf;

use crate::measure::Pace;

/// The wishes of a run.
#[derive(Debug)]
pub struct Arguments {
    pub pace: Pace,
    /// Where the figures are written as JSON.
    pub json: Option<PathBuf>,
    /// Only rows whose names contain one of these.
    rows: Vec<String>,
    /// Only contestants whose names contain this: for a profile.
    only: Option<String>,
}

impl Arguments {
    /// Reads the command line and `CORDON_BENCH_JSON`.
    ///
    /// # Errors
    /// What cannot be understood.
    pub fn read() -> Result<Arguments, String> {
        let mut arguments = Arguments {
            pace: Pace::USUAL,
            json: std::env::var_os("CORDON_BENCH_JSON").map(PathBuf::from),
            rows: Vec::new(),
            only: None,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
            match word.as_str() {
                "--quick" => arguments.pace = Pace::QUICK,
                "--json" => arguments.json = Some(value()?.into()),
                "--only" => arguments.only = Some(value()?.to_lowercase()),
                "--rounds" => {
                    arguments.pace.rounds =
                        value()?.parse().map_err(|_| "--rounds wants a number".to_owned())?;
                }
                // Cargo says so of itself.
                "--bench" => {}
                option if option.starts_with('-') => return Err(format!("there is no option {option}")),
                row => arguments.rows.push(row.to_lowercase()),
            }
        }
        if arguments.pace.rounds == 0 {
            return Err("--rounds wants one at the least".to_owned());
        }
        Ok(arguments)
    }

    pub fn wants_row(&self, name: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|row| name.to_lowercase().contains(row))
    }

    pub fn wants(&self, contestant: &str) -> bool {
        self.only.as_ref().is_none_or(|only| contestant.to_lowercase().contains(only))
    }
}
