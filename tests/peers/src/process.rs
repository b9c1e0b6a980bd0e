//! Processes that are measured: started on one core, asked what they have used, and ended with whoever started them.

#![expect(clippy::disallowed_methods, reason = "there is one thread, and no runtime that it could block")]

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Fallible;

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// The process and those it has started.
    all: Vec<u32>,
}

impl Process {
    /// Starts a server on these cores and waits until it accepts connections. What it says goes to a file.
    ///
    /// # Errors
    /// If it cannot be started, or ends, or accepts nothing: with the end of what it said.
    pub fn start(
        command: &mut Command,
        cores: &[usize],
        address: SocketAddr,
        log: &Path,
    ) -> Fallible<Process> {
        let output = fs::File::create(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let own = sched_getaffinity(None)?;
        sched_setaffinity(None, &only(cores))?;
        let child = command.spawn();
        sched_setaffinity(None, &own)?;
        let child = child.map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let mut process = Process { all: vec![child.id()], child };
        process.wait_until_open(address).map_err(|error| {
            let said = fs::read_to_string(log).unwrap_or_default();
            let lines: Vec<&str> = said.lines().collect();
            format!("{error}:\n{}", lines[lines.len().saturating_sub(10)..].join("\n"))
        })?;
        process.all = family(process.child.id());
        Ok(process)
    }

    /// Nanoseconds that all of its threads have computed, in user and kernel.
    ///
    /// # Errors
    /// If a process is gone.
    pub fn cpu(&self) -> Fallible<u64> {
        let mut sum = 0;
        for id in &self.all {
            let tasks = fs::read_dir(format!("/proc/{id}/task"));
            for task in tasks.map_err(|error| format!("a process has ended: {error}"))?.flatten() {
                // A thread that has ended meanwhile counts no more.
                let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
                sum += text.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or(0);
            }
        }
        Ok(sum)
    }

    /// KiB of memory at the peak since [`Process::forget_peak`], what its processes share counted in each.
    pub fn peak_memory(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// Begins a new peak at what is used now.
    pub fn forget_peak(&self) {
        for id in &self.all {
            // Where the kernel does not know this, the peak is that of the whole run.
            let _ = fs::write(format!("/proc/{id}/clear_refs"), "5");
        }
    }

    /// Sends it a signal, by its name.
    ///
    /// # Errors
    /// If that fails.
    pub fn signal(&self, name: &str) -> Fallible<()> {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status()?;
        if sent.success() { Ok(()) } else { Err(format!("SIG{name} cannot be sent").into()) }
    }

    fn memory(&self, name: &str) -> u64 {
        let of = |id: &u32| {
            let text = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        self.all.iter().filter_map(of).sum()
    }

    fn wait_until_open(&mut self, address: SocketAddr) -> Fallible<()> {
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("it ended with {status}").into());
            }
            if start.elapsed() > Duration::from_secs(120) {
                return Err("it does not accept connections".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Processes such as nginx have workers, whom they end if they are asked to and not killed.
        let asked =
            Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        let start = Instant::now();
        while asked.is_ok() && start.elapsed() < Duration::from_secs(3) {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The cores that this program may use, the first for load and backend, the last for the proxy. None if there is only
/// one.
///
/// # Errors
/// If the kernel does not tell.
pub fn cores() -> Fallible<Option<(usize, usize)>> {
    let allowed = sched_getaffinity(None)?;
    let mut cores = (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core));
    Ok(cores.next().zip(cores.next_back()))
}

/// Keeps this thread on one core.
///
/// # Errors
/// If the kernel does not let it.
pub fn stay_on(core: usize) -> Fallible<()> {
    Ok(sched_setaffinity(None, &only(&[core]))?)
}

/// An address at which nobody listens at the moment.
///
/// # Errors
/// If there is none.
pub fn free_address() -> Fallible<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

fn only(cores: &[usize]) -> CpuSet {
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core);
    }
    set
}

/// A process and all that descend from it.
fn family(first: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let text = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name stands in parentheses and may have any characters; state and parent follow.
        let parent: Option<u32> =
            text.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        if let Some(parent) = parent {
            parents.push((id, parent));
        }
    }
    let mut all = vec![first];
    let mut seen = 0;
    while seen < all.len() {
        let parent = all[seen];
        all.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
        seen += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_followed_until_it_is_dropped() {
        let address = free_address().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let core = cores().unwrap().map_or(0, |(first, _)| first);
        let mut silent = Command::new("sh");
        silent.args(["-c", "echo no; exit 3"]);
        let silent = Process::start(&mut silent, &[core], address, &folder.path().join("log"));
        let said = silent.unwrap_err().to_string();
        assert!(said.contains("exit status: 3") && said.ends_with("no"), "{said}");

        // Somebody else accepts for it: what counts here is the process.
        let _listener = TcpListener::bind(address).unwrap();
        let mut busy = Command::new("sh");
        busy.args(["-c", "while :; do :; done"]);
        let process = Process::start(&mut busy, &[core], address, &folder.path().join("log")).unwrap();
        let (first, id) = (process.cpu().unwrap(), process.child.id());
        while process.cpu().unwrap() <= first {
            std::thread::yield_now();
        }
        assert!(process.peak_memory() > 0);
        assert!(family(std::process::id()).contains(&id));
        drop(process);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }
}
