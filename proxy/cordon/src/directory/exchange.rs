//! `cordon directory import` and `export`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use cordon_directory::exchange::{self, Format, Secrets, Sheet};
use cordon_directory::{Advice, Problem};
use serde_json::json;

use super::output::{print, sentences};
use super::session::{Session, cli_user};
use crate::Failure;
use crate::problems::report;

#[derive(Args)]
pub(super) struct Import {
    /// A `.toml`, `.json` or `.csv` file, or `-` for standard input.
    file: PathBuf,
    /// How it is written; its ending tells, if this is left out.
    #[arg(long, value_enum)]
    format: Option<Written>,
    /// What a CSV file holds; its columns tell, if this is left out.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Print the difference, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Take away what the file does not name, of the kinds of record that it can hold.
    #[arg(long)]
    replace: bool,
}

#[derive(Args)]
pub(super) struct Export {
    #[arg(long, value_enum, default_value = "toml")]
    format: Written,
    /// What a CSV file is to hold.
    #[arg(long, value_enum, required_if_eq("format", "csv"))]
    kind: Option<Kind>,
    /// With the salted hashes of tokens, and their salt.
    #[arg(long)]
    with_tokens: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Written {
    Toml,
    Json,
    Csv,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Users,
    Fields,
    Objects,
}

impl Import {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let text = read(&self.file)?;
        let format = self.format(&text)?;
        let import = exchange::Import::read(&text, format);
        let wrong = |problems: Vec<Problem>| refused(session, &self.file, &text, &problems);
        let snapshot = session.current();
        if self.dry_run {
            let (state, changes) = import.plan(snapshot.state(), self.replace).map_err(wrong)?;
            return session.output.planned(&changes, &sentences(&Advice::of_changes(&state, &changes)));
        }
        let done = session.changed(&cli_user(), "import", |draft| {
            import
                .apply(draft, self.replace)
                .map_err(|problems| refused(session, &self.file, &text, &problems))
        })?;
        session.output.changed(done.number, &done.changes, &session.warnings(&done.changes))
    }

    fn format(&self, text: &str) -> Result<Format, Failure> {
        let ending = self.file.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        let written = match (self.format, ending.as_deref()) {
            (Some(written), _) => written,
            (None, Some("toml")) => Written::Toml,
            (None, Some("json")) => Written::Json,
            (None, Some("csv")) => Written::Csv,
            _ => {
                return Err(Failure::wrong(format!(
                    "error: the name of {} does not tell how it is written\n  help: add --format toml, json or csv",
                    self.file.display()
                )));
            }
        };
        match (written, self.kind) {
            (Written::Toml, _) => Ok(Format::Toml),
            (Written::Json, _) => Ok(Format::Json),
            (Written::Csv, Some(kind)) => Ok(Format::Csv(kind.sheet())),
            (Written::Csv, None) => Sheet::of(text).map(Format::Csv).ok_or_else(|| {
                Failure::wrong(format!(
                    "error: the first row of {} names no column that tells what it holds\n  help: it needs `login` \
                     for users, `key` for fields, `id` for objects; or add --kind",
                    self.file.display()
                ))
            }),
        }
    }
}

impl Export {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let format = match (self.format, self.kind) {
            (Written::Csv, Some(kind)) => Format::Csv(kind.sheet()),
            (Written::Toml, None) => Format::Toml,
            (Written::Json, None) => Format::Json,
            _ => {
                return Err(Failure::wrong(
                    "error: TOML and JSON hold the whole directory, and CSV one kind\n  help: leave out --kind, or add \
                     --format csv",
                ));
            }
        };
        if self.with_tokens && matches!(format, Format::Csv(_)) {
            return Err(Failure::wrong("error: CSV holds no tokens\n  help: export TOML or JSON"));
        }
        let secrets = if self.with_tokens { Secrets::WithTokens } else { Secrets::Without };
        let text = exchange::export(session.current().state(), format, secrets);
        if session.output.json && format != Format::Json {
            return session.output.document(&json!({ "text": text }));
        }
        print(&text)
    }
}

impl Kind {
    fn sheet(self) -> Sheet {
        match self {
            Kind::Users => Sheet::Users,
            Kind::Fields => Sheet::Fields,
            Kind::Objects => Sheet::Objects,
        }
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    let wrong = |error: String| Failure::wrong(format!("error: {} cannot be read: {error}", file.display()));
    String::from_utf8(read.map_err(|error| wrong(error.to_string()))?)
        .map_err(|_| wrong("it is not UTF-8; spreadsheets offer that as \"CSV UTF-8\"".to_owned()))
}

fn refused(session: &Session, file: &Path, text: &str, problems: &[Problem]) -> Failure {
    if !session.output.json {
        let Failure { text, code } = report(file, text, problems);
        return Failure {
            text: format!("{}nothing was changed", text.trim_end_matches('\n').to_owned() + "\n"),
            code,
        };
    }
    let line = |offset: usize| text[..offset].matches('\n').count() + 1;
    let problem = |problem: &Problem| {
        json!({
            "message": problem.message,
            "help": problem.help,
            "line": problem.span.as_ref().map(|span| line(span.start)),
        })
    };
    let problems: Vec<_> = problems.iter().map(problem).collect();
    Failure::wrong(format!("{:#}", json!({ "refused": problems })))
}
