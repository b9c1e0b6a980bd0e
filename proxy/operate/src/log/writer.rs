//! A thread that writes lines, so that a slow or full disk holds up no exchange.

use std::convert::Infallible;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::log::Place;

/// Lines that wait to be written. Beyond, they are lost.
const WAITING: usize = 8192;
/// Bytes that are written at a time.
const BATCH: usize = 64 << 10;
/// How long the end of the process waits for the last lines.
const LAST: Duration = Duration::from_secs(2);
/// How often it is said that lines cannot be written.
const SAID: Duration = Duration::from_secs(60);

/// Lines on their way to a place.
pub(super) struct Writer {
    /// None once it is being dropped: the thread then ends.
    lines: Option<SyncSender<Line>>,
    shared: Arc<Shared>,
    /// Nothing comes of it but its end, which is the thread's.
    ended: Mutex<Receiver<Infallible>>,
}

#[derive(Default)]
struct Shared {
    written: AtomicU64,
    lost: AtomicU64,
    reopen: AtomicBool,
    /// When it was last said that lines are lost.
    said: Mutex<Option<Instant>>,
}

/// A line, with its end.
struct Line {
    text: String,
    /// Who waits until it is written.
    done: Option<oneshot::Sender<bool>>,
}

/// Where lines are written to.
enum Target {
    File {
        file: File,
        place: Place,
        /// Half a line stands at the end and could not be taken away.
        is_torn: bool,
    },
    Stream(Box<dyn Write + Send>),
}

/// How lines are written.
#[derive(Clone, Debug)]
pub(super) struct Writing {
    pub(super) place: Place,
    /// Waits until the disk has them.
    pub(super) sync: bool,
}

impl Writer {
    /// A writer with a thread of its own.
    ///
    /// # Errors
    /// The file cannot be opened, or there is no thread.
    pub(super) fn start(writing: Writing) -> io::Result<Writer> {
        let mut target = Target::open(writing.place.clone())?;
        let shared = Arc::<Shared>::default();
        let (lines, waiting) = sync_channel(WAITING);
        let theirs = Arc::clone(&shared);
        let (end, ended) = sync_channel(0);
        std::thread::Builder::new().name("cordon-log".to_owned()).spawn(move || {
            run(&waiting, &mut target, &theirs, &writing);
            drop(end);
        })?;
        Ok(Writer { lines: Some(lines), shared, ended: Mutex::new(ended) })
    }

    /// Has a line written, if there is room for it. It never waits.
    pub(super) fn line(&self, text: String) -> bool {
        self.hand_over(Line { text, done: None })
    }

    /// Has a line written, and tells when that has been done; false if it could not be. None: there is no room.
    pub(super) fn line_told(&self, text: String) -> Option<oneshot::Receiver<bool>> {
        let (done, told) = oneshot::channel();
        self.hand_over(Line { text, done: Some(done) }).then_some(told)
    }

    fn hand_over(&self, line: Line) -> bool {
        let room = self.lines.as_ref().is_some_and(|lines| lines.try_send(line).is_ok());
        if !room {
            self.shared.lose(1);
        }
        room
    }

    /// Opens the file anew before the next line, as those expect who moved it away.
    pub(super) fn reopen(&self) {
        self.shared.reopen.store(true, Ordering::Relaxed);
    }

    pub(super) fn written(&self) -> u64 {
        self.shared.written.load(Ordering::Relaxed)
    }

    pub(super) fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Writer {
    /// Writes what waits, if that can be done at all: nobody may read the other end of a pipe.
    fn drop(&mut self) {
        self.lines = None;
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        _ = ended.recv_timeout(LAST);
    }
}

impl Shared {
    fn lose(&self, lines: u64) {
        self.lost.fetch_add(lines, Ordering::Relaxed);
    }

    /// Says that lines are lost, now and then.
    fn say(&self, place: &Place, error: &io::Error) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|said| said.elapsed() >= SAID) {
            *said = Some(Instant::now());
            let lost = self.lost.load(Ordering::Relaxed);
            tracing::error!(%place, %error, lost, "lines of a log cannot be written");
        }
    }
}

fn run(waiting: &Receiver<Line>, target: &mut Target, shared: &Shared, writing: &Writing) {
    let mut text = String::new();
    let mut told = Vec::new();
    while let Ok(line) = waiting.recv() {
        text.clear();
        let mut lines = 0;
        let mut next = Some(line);
        while let Some(line) = next {
            text.push_str(&line.text);
            told.extend(line.done);
            lines += 1;
            next = if text.len() < BATCH { waiting.try_recv().ok() } else { None };
        }
        if shared.reopen.swap(false, Ordering::Relaxed) {
            target.reopen();
        }
        let written = target.write(text.as_bytes(), writing.sync);
        match &written {
            Ok(()) => _ = shared.written.fetch_add(lines, Ordering::Relaxed),
            Err(error) => {
                shared.lose(lines);
                shared.say(&writing.place, error);
            }
        }
        for done in told.drain(..) {
            // Who asked may not wait any more.
            _ = done.send(written.is_ok());
        }
    }
}

impl Target {
    fn open(place: Place) -> io::Result<Target> {
        Ok(match place {
            Place::Stdout => Target::Stream(Box::new(io::stdout())),
            Place::Stderr => Target::Stream(Box::new(io::stderr())),
            Place::File(_) => Target::File { file: open(&place)?, place, is_torn: false },
        })
    }

    /// The old file stays where the new one cannot be had.
    fn reopen(&mut self) {
        if let Target::File { file, place, is_torn } = self {
            match open(place) {
                Ok(new) => (*file, *is_torn) = (new, false),
                Err(error) => tracing::error!(%place, %error, "a log cannot be opened anew"),
            }
        }
    }

    /// Writes all of it, or, in a file, nothing: half a line would spoil the next.
    fn write(&mut self, bytes: &[u8], sync: bool) -> io::Result<()> {
        match self {
            Target::Stream(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Target::File { file, is_torn, .. } => {
                let before = file.metadata()?.len();
                let ended = if *is_torn { file.write_all(b"\n") } else { Ok(()) };
                let written = ended.and_then(|()| file.write_all(bytes));
                let written = written.and_then(|()| if sync { file.sync_data() } else { Ok(()) });
                match &written {
                    Ok(()) => *is_torn = false,
                    // A file that only grows cannot be cut.
                    Err(_) if file.metadata().is_ok_and(|now| now.len() > before) => {
                        *is_torn = file.set_len(before).is_err();
                    }
                    Err(_) => {}
                }
                written
            }
        }
    }
}

/// Opens a file to append to it.
fn open(place: &Place) -> io::Result<File> {
    let Place::File(path) = place else {
        return Err(io::Error::other("it is no file"));
    };
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}
