//! What a running proxy does with its bundles: asked and told over its admin API.

mod ask;
mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use cordon_admin::PolicyStanding;
use serde_json::{Value, json};

use crate::Failure;
use ask::Admin;

/// Where the proxy is, and who asks it.
#[derive(Args)]
pub(crate) struct Proxy {
    /// The configuration file, whose `[admin]` says where the proxy's admin API listens.
    #[arg(long = "config", short = 'c', default_value = "cordon.toml", value_name = "FILE")]
    config: PathBuf,
    /// A file with the token of somebody with the role Admin; without it the environment's `CORDON_TOKEN`.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// What a running proxy is asked and told.
#[derive(Subcommand)]
pub(crate) enum Live {
    /// Which bundle is in force, what is tried out beside it, what was found, and what is on offer.
    Status {
        #[command(flatten)]
        proxy: Proxy,
    },
    /// Try a bundle out beside the one in force: it serves nobody, and what it would newly reveal and hide is counted.
    Shadow {
        #[command(flatten)]
        proxy: Proxy,
        /// The bundle's digest; without it the newest on offer.
        digest: Option<String>,
        /// Which part of the exchanges is compared, in percent.
        #[arg(long, default_value = "1", value_parser = percent)]
        compared: u16,
    },
    /// Let a bundle serve a stable part of the callers. It is sent home for anything newly revealed that is not
    /// approved, for a failure, and for taking too long.
    Canary {
        #[command(flatten)]
        proxy: Proxy,
        /// The bundle's digest; without it the newest on offer.
        digest: Option<String>,
        /// Which part of the callers it serves, in percent.
        #[arg(long, value_parser = percent)]
        served: u16,
        /// Which part of the other exchanges is compared, in percent.
        #[arg(long, default_value = "1", value_parser = percent)]
        compared: u16,
        /// What it may reveal: the route's name, a colon, and a place of the report, or `*` for all of the route.
        #[arg(long = "approve", value_name = "ROUTE:PLACE")]
        approved: Vec<String>,
    },
    /// End the trial: everybody is served by the bundle in force.
    Stop {
        #[command(flatten)]
        proxy: Proxy,
    },
    /// Put the bundle on trial in force, or another one on offer.
    Promote {
        #[command(flatten)]
        proxy: Proxy,
        /// The bundle's digest; without it the one on trial.
        digest: Option<String>,
    },
    /// Put a bundle in force that was before, although its counter is smaller.
    Rollback {
        #[command(flatten)]
        proxy: Proxy,
        /// The bundle's digest; without it the one before.
        digest: Option<String>,
    },
    /// Which bundles were in force: when, by whom, and with which report. The newest first.
    History {
        #[command(flatten)]
        proxy: Proxy,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
}

impl Live {
    /// Asks the proxy, and prints what it says.
    ///
    /// # Errors
    /// Exit code 2 if the proxy refuses, with its reason; 1 if it does not answer.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (proxy, method, path, body) = match self {
            Live::Status { proxy } => (proxy, "GET", "/policy".to_owned(), None),
            Live::Stop { proxy } => (proxy, "DELETE", "/policy/trial".to_owned(), None),
            Live::Shadow { proxy, digest, compared } => (
                proxy,
                "POST",
                "/policy/trial".to_owned(),
                Some(named(digest, json!({ "compared": compared }))),
            ),
            Live::Canary { proxy, digest, served, compared, approved } => {
                let trial = json!({ "served": served, "compared": compared, "approved": approved });
                (proxy, "POST", "/policy/trial".to_owned(), Some(named(digest, trial)))
            }
            Live::Promote { proxy, digest } => {
                (proxy, "POST", "/policy/promote".to_owned(), Some(named(digest, json!({}))))
            }
            Live::Rollback { proxy, digest } => {
                (proxy, "POST", "/policy/rollback".to_owned(), Some(named(digest, json!({}))))
            }
            Live::History { proxy, limit } => {
                let admin = Admin::of(&proxy)?;
                let answer = admin.ask("GET", &format!("/policy/history?limit={limit}"), None)?;
                return show::print(&if proxy.json {
                    format!("{answer:#}\n")
                } else {
                    show::history(&answer)?
                });
            }
        };
        let answer = Admin::of(&proxy)?.ask(method, &path, body.as_ref())?;
        if proxy.json {
            return show::print(&format!("{answer:#}\n"));
        }
        let standing: PolicyStanding = serde_json::from_value(answer).map_err(|error| {
            Failure::failed(format!("error: the proxy's answer is not understood: {error}"))
        })?;
        show::print(&show::standing(&standing))
    }
}

fn named(digest: Option<String>, mut body: Value) -> Value {
    if let Some(digest) = digest {
        body["digest"] = digest.into();
    }
    body
}

/// A part in percent, with two digits behind the point at the most, as ten-thousandths.
fn percent(text: &str) -> Result<u16, String> {
    let wrong = || "a part in percent is expected, such as 5 or 0.25".to_owned();
    let (whole, rest) =
        text.trim_end_matches('%').split_once('.').unwrap_or((text.trim_end_matches('%'), ""));
    if rest.len() > 2 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let whole: u16 = whole.parse().map_err(|_| wrong())?;
    let rest: u16 = format!("{rest:0<2}").parse().map_err(|_| wrong())?;
    let parts = u32::from(whole) * 100 + u32::from(rest);
    u16::try_from(parts).ok().filter(|parts| *parts <= 10_000).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn parts_are_read_in_percent() {
        let right = [("0", 0), ("1", 100), ("0.25", 25), ("12.5%", 1_250), ("100", 10_000)];
        for (text, parts) in right {
            assert_eq!(percent(text), Ok(parts), "{text}");
        }
        for wrong in ["", "-1", "100.01", "0.001", "five", "1.x", "70000"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
