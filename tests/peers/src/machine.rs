//! What the figures were measured on, and with which versions.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Serialize;

use crate::place::Place;

/// A machine and the programs on it.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor, as it calls itself.
    pub processor: String,
    /// Cores that may be used.
    pub cores: usize,
    /// MiB of memory.
    pub memory_mib: u64,
    /// The kernel's version.
    pub kernel: String,
    /// Day of the run.
    pub day: String,
    /// Commit that was measured, with a mark if files differ from it.
    pub commit: String,
    /// Programs and their versions.
    pub versions: Vec<String>,
}

impl Machine {
    /// Looks around. What cannot be found out is told as such.
    pub fn describe(place: &Place) -> Machine {
        let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let memory = memory.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok());
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let git = |arguments: &[&str]| said(Command::new("git").arg("-C").arg(repository).args(arguments));
        let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
        let changed = git(&["status", "--porcelain", "--", "../../proxy", "../../policy-wasm"]).is_some();
        let programs: [(&Path, &str); 5] = [
            (Path::new("nginx"), "-v"),
            (Path::new("haproxy"), "-v"),
            (place.envoy.as_deref().unwrap_or(Path::new("envoy")), "--version"),
            (&place.cordon, "--version"),
            (Path::new("rustc"), "--version"),
        ];
        Machine {
            processor: processor.map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned()),
            cores: place.cores,
            memory_mib: memory.unwrap_or(0) / 1024,
            kernel: kernel(),
            day: said(Command::new("date").arg("-u").arg("+%Y-%m-%d")).unwrap_or_default(),
            commit: if changed { format!("{commit} with changes") } else { commit },
            versions: programs
                .into_iter()
                .filter_map(|(program, flag)| said(Command::new(program).arg(flag)))
                .collect(),
        }
    }
}

/// The first line that a program says, on whichever output. None if there is none.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find(|line| !line.trim().is_empty())?;
    // Where the program lies is nobody's business; Envoy begins with it.
    let words =
        line.split_whitespace().skip_while(|word| word.starts_with(['/', '.']) || *word == "version:");
    Some(words.collect::<Vec<_>>().join(" "))
}

/// The kernel's version; what a distribution puts behind it says nothing of it.
fn kernel() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    release.trim().split('-').next().unwrap_or_default().to_owned()
}
