//! The command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

/// Measures what Cordon costs beside other proxies, all in one run, and writes the figures down.
#[derive(Parser)]
#[command(name = "cordon-peers", arg_required_else_help = true)]
pub struct Arguments {
    /// What is to be done.
    #[command(subcommand)]
    pub task: Task,
}

#[derive(Subcommand)]
pub enum Task {
    /// Everybody beside everybody: call logs of 1.7 KB to 1.7 MB, passed through and filtered.
    Peers {
        #[command(flatten)]
        measured: Measured,
        /// Only peers whose names contain this.
        #[arg(long, value_name = "WORD")]
        only: Vec<String>,
        /// Only this size, such as "17 KB".
        #[arg(long = "size", value_name = "SIZE")]
        sizes: Vec<String>,
        /// A README whose figures, between two marks, are written anew.
        #[arg(long, value_name = "FILE")]
        readme: Option<PathBuf>,
    },
    /// Cordon under 200 callers in 60 scopes, with a directory that changes, and the first request after a change.
    Callers {
        #[command(flatten)]
        measured: Measured,
    },
    /// What a response costs with more projects, fields, objects, connections and cores, and a body of 1 GiB in memory.
    Growth {
        #[command(flatten)]
        measured: Measured,
    },
    /// TLS on both sides, and HTTP/2 from clients.
    Protocols {
        #[command(flatten)]
        measured: Measured,
    },
    /// A proxy that is nothing but hyper; it is one of the peers.
    #[command(hide = true)]
    BareProxy { listen: SocketAddr, backend: SocketAddr },
}

/// What all sections have in common.
#[derive(Args)]
pub struct Measured {
    /// Short turns: shows that everything runs, and roughly what comes of it.
    #[arg(long)]
    pub quick: bool,
    /// How often each has its turn.
    #[arg(long)]
    pub rounds: Option<usize>,
    /// The program `cordon`; without this one is built in the release profile.
    #[arg(long, value_name = "FILE")]
    pub cordon: Option<PathBuf>,
    /// The program `envoy`; without this the one in .tools/envoy, or on PATH.
    #[arg(long, value_name = "FILE")]
    pub envoy: Option<PathBuf>,
    /// Where the figures are written to.
    #[arg(long, value_name = "FOLDER", default_value_os_t = results())]
    pub out: PathBuf,
}

fn results() -> PathBuf {
    // Beside everything else that is built; what is to be kept is written to tests/peers/results.
    Path::new("target").join("peers")
}
