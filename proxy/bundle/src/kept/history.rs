//! The history of activations: `history.jsonl`, to which lines are added and nothing else is done.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::head::Head;
use super::{Activation, KeptError, disk};
use crate::Bundle;

/// What became active, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    entries: Vec<Entry>,
    torn: Vec<u8>,
    /// How many bytes the whole lines have.
    length: u64,
}

/// What is wrong with a history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A line is not what was written.
    #[error("line {line} of the history is not what was written, or does not follow from the line before")]
    Line {
        /// From 1.
        line: usize,
    },
    /// Lines are gone from its end.
    #[error("the history ends before entry {number}, which was written")]
    Shortened {
        /// The entry that was the last one.
        number: u64,
    },
}

impl History {
    /// Reads the history in a state folder, also while a proxy uses it. Nothing there is an empty history.
    ///
    /// # Errors
    /// That the disk fails, or that the history was changed.
    pub fn read(folder: &Path) -> Result<History, KeptError> {
        // The head first: what is added meanwhile makes the history longer than it says, which is right.
        let head = Head::read(folder)?;
        let path = path(folder);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(disk::at(&path)(error)),
        };
        let broken = |broken| KeptError::Broken { path: path.clone(), broken };
        let history = History::parse(&text).map_err(broken)?;
        if let Some(Head { number, hash, floor }) = head
            && number > 0
        {
            let place = usize::try_from(number - 1).ok();
            let entry = place.and_then(|place| history.entries.get(place));
            let reached = history.entries.iter().any(|entry| entry.counter >= floor);
            if entry.is_none_or(|entry| entry.hash != hash) || !reached {
                return Err(broken(Broken::Shortened { number }));
            }
        }
        Ok(history)
    }

    /// The entries, the oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether the last line was being written when the process was killed. That activation did not happen.
    pub fn torn(&self) -> bool {
        !self.torn.is_empty()
    }

    /// A last line that lacks its end, or is not what it says, was being written: it is no entry. If it had been one,
    /// the head knows of it.
    fn parse(text: &[u8]) -> Result<History, Broken> {
        let mut history = History::default();
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        for (position, line) in lines.iter().enumerate() {
            let text = line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
            let entry = text.and_then(Entry::read).filter(|entry| entry.follows(history.entries.last()));
            match entry {
                Some(entry) => {
                    history.entries.push(entry);
                    history.length += line.len() as u64;
                }
                None if position + 1 == lines.len() => history.torn = line.to_vec(),
                None => return Err(Broken::Line { line: position + 1 }),
            }
        }
        Ok(history)
    }

    /// Moves a torn line to `history.torn`, where whoever wonders finds it.
    pub(super) fn put_torn_aside(&self, folder: &Path) -> Result<(), KeptError> {
        if !self.torn() {
            return Ok(());
        }
        let aside = folder.join("history.torn");
        let mut file = OpenOptions::new().create(true).append(true).open(&aside).map_err(disk::at(&aside))?;
        file.write_all(&self.torn).and_then(|()| file.write_all(b"\n")).map_err(disk::at(&aside))?;
        file.sync_all().map_err(disk::at(&aside))?;
        self.cut(folder)
    }

    /// Adds an entry. It is on disk when this returns; if it fails, nothing was added.
    pub(super) fn append(
        &mut self,
        folder: &Path,
        bundle: &Bundle,
        activation: Activation,
    ) -> Result<(), KeptError> {
        let path = path(folder);
        let mut entry = Entry::new(self.entries.last(), bundle, activation);
        let (mut line, hash) = entry.line().map_err(|error| disk::at(&path)(error.into()))?;
        entry.hash = hash;
        line.push('\n');
        if let Err(error) = self.add(&path, line.as_bytes()) {
            // What came onto disk of it is no entry. If it cannot be taken back now, the next write does.
            _ = self.cut(folder);
            return Err(disk::at(&path)(error));
        }
        self.length += line.len() as u64;
        self.entries.push(entry);
        Ok(())
    }

    fn add(&self, path: &Path, line: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        // What an earlier write left that failed must not become the beginning of this line.
        if file.metadata()?.len() != self.length {
            file.set_len(self.length)?;
        }
        file.write_all(line)?;
        file.sync_all()?;
        if self.entries.is_empty() {
            // The file may be new in its folder.
            File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(())
    }

    /// Cuts the file behind its last whole line.
    fn cut(&self, folder: &Path) -> Result<(), KeptError> {
        let path = path(folder);
        let file = OpenOptions::new().write(true).open(&path).map_err(disk::at(&path))?;
        file.set_len(self.length).and_then(|()| file.sync_all()).map_err(disk::at(&path))
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("history.jsonl")
}
