//! The first stage: finds where the tokens of a window begin, and refuses what is not JSON.

#[cfg(any(test, fuzzing))]
mod compare;
mod containers;
mod exact;
mod grammar;
mod kernel;
mod leap;
mod places;
mod planes;
mod scalar;
mod simd;
#[cfg(test)]
mod tests;

#[cfg(fuzzing)]
pub use self::compare::compare_index;
use self::containers::Containers;
use self::grammar::Carry;
use self::kernel::{BLOCK, Chosen};
use self::leap::{Leap, Lengths};
use self::places::Places;
use crate::error::EditErrorKind;
use crate::json::lexer::{Event, Lexer};
use crate::limits::Limits;
use crate::number;

/// The tokens of a window, which is a stretch of the body that is looked at in one go.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Where each token begins: brackets, and the first byte of names, strings, numbers and literals.
    pub(crate) tokens: Places,
    /// For each opening bracket the number of the token that closes it, or [`OPEN`] if none in the window does. Of no
    /// meaning for other tokens, and behind the last.
    pub(crate) skips: Vec<u32>,
    /// The closing brackets, by number, of containers that were opened before the window, innermost first.
    pub(crate) closes: Vec<u32>,
    /// Where the name or scalar ends that was under way when the window began: behind its last byte. [`OPEN`] if none
    /// was, or if it goes on behind the window.
    pub(crate) head: u32,
    /// Where the window's last token ends if it is a name or scalar, or [`OPEN`] if it goes on behind the window.
    pub(crate) tail: u32,
    /// Room in which open containers are followed.
    containers: Containers,
}

/// What goes on behind the window.
pub(crate) const OPEN: u32 = u32::MAX;

/// Windows below this length are read byte by byte.
const SHORT: usize = 2 * BLOCK;

/// Reads a document window by window, so that what it finds does not depend on where the windows were cut.
///
/// The lexer reads the beginning of a window up to a place between two tokens, and what follows the window's last
/// bracket, colon or comma. What lies between is read in blocks; if anything is wrong there, the lexer reads it again
/// and tells what and where.
#[derive(Debug)]
pub(crate) struct Indexer {
    lexer: Lexer,
    /// The opening brackets of the window that have not been closed yet.
    open: Vec<u32>,
    /// The greatest depth.
    limit: usize,
    /// None if limits are so small that only the lexer can keep them.
    lengths: Option<Lengths>,
    lines: bool,
    kernel: Chosen,
}

impl Index {
    fn clear(&mut self) {
        self.tokens.clear();
        self.closes.clear();
        self.head = OPEN;
        self.tail = OPEN;
    }

    fn push(&mut self, at: usize) {
        match self.skips.get_mut(self.tokens.len()) {
            Some(skip) => *skip = OPEN,
            None => self.skips.push(OPEN),
        }
        self.tokens.push(number(at));
    }
}

impl Indexer {
    /// Reads one document.
    pub(crate) fn new(limits: &Limits) -> Indexer {
        Indexer {
            lexer: Lexer::new(limits),
            open: Vec::new(),
            limit: limits.depth,
            lengths: Lengths::new(limits),
            lines: false,
            kernel: Chosen::best(),
        }
    }

    /// Reads any number of values, each on a line of its own: no line may end within a value, and one must end
    /// between two values. Blank lines are of no meaning.
    pub(crate) fn lines(limits: &Limits) -> Indexer {
        let mut indexer = Indexer::new(limits);
        indexer.lexer.expect_lines();
        indexer.lines = true;
        indexer
    }

    /// Goes on with another document, whatever became of the one before.
    pub(crate) fn restart(&mut self) {
        self.lexer.restart();
        self.open.clear();
    }

    /// Expects `)` and perhaps `;` behind the document.
    pub(crate) fn expect_call(&mut self) {
        self.lexer.expect_call();
    }

    /// The number of containers open at the end of the last window.
    pub(crate) fn depth(&self) -> usize {
        self.lexer.depth()
    }

    /// Reads a window from `from` on.
    ///
    /// # Errors
    /// The byte that is refused, and why. The index holds what stands before it.
    pub(crate) fn read(
        &mut self,
        window: &[u8],
        from: usize,
        index: &mut Index,
    ) -> Result<(), (usize, EditErrorKind)> {
        index.clear();
        self.open.clear();
        let mut at = from;
        if let Some(lengths) = self.lengths
            && window.len() - from >= SHORT
        {
            self.approach(window, &mut at, index).map_err(|kind| (at, kind))?;
            self.leap(window, &mut at, lengths, index);
        }
        loop {
            match self.lexer.next(window, &mut at) {
                Ok(Some(event)) => self.add(event, at, index),
                Ok(None) => return Ok(()),
                Err(kind) => return Err((at, kind)),
            }
        }
    }

    /// Reads the end of the document, where a number may end.
    ///
    /// # Errors
    /// The document is not complete.
    pub(crate) fn finish(&mut self, index: &mut Index) -> Result<(), EditErrorKind> {
        index.clear();
        if self.lexer.finish()?.is_some() {
            index.head = 0;
        }
        Ok(())
    }

    /// Lets the lexer read to the first token behind a place between two.
    fn approach(&mut self, window: &[u8], at: &mut usize, index: &mut Index) -> Result<(), EditErrorKind> {
        while self.lexer.previous().is_none() {
            match self.lexer.next(window, at)? {
                Some(event) => self.add(event, *at, index),
                None => return Ok(()),
            }
        }
        self.lexer.skip_white(window, at)
    }

    /// Reads to behind the last bracket, colon or comma of the window. If anything is wrong before it, nothing is read.
    fn leap(&mut self, window: &[u8], at: &mut usize, lengths: Lengths, index: &mut Index) {
        let Some(previous) = self.lexer.previous() else {
            return;
        };
        let mut window = window;
        if self.lexer.is_wrapped() {
            let behind = |byte: &u8| b" \t\n\r);".contains(byte);
            window = &window[..window.iter().rposition(|byte| !behind(byte)).map_or(0, |last| last + 1)];
        }
        if window.len() < *at + SHORT {
            return;
        }
        let (tokens, closes) = (index.tokens.len(), index.closes.len());
        let mut containers = std::mem::take(&mut index.containers);
        containers.load(self.limit, self.lexer.open(), &self.open);
        let mut leap = Leap {
            window,
            at: *at,
            carry: Carry::behind(previous),
            containers: &mut containers,
            index: &mut *index,
            lengths,
            lines: self.lines,
            whole: 0,
            paired: usize::MAX,
        };
        match self.kernel.leap(&mut leap) {
            Ok(end) if end > *at => {
                self.lexer.resume(window[end - 1], |open| containers.store(open, &mut self.open));
                index.tail = tail(&window[..end], index);
                *at = end;
            }
            _ => {
                index.tokens.set(tokens);
                index.closes.truncate(closes);
                for &open in &self.open {
                    index.skips[open as usize] = OPEN;
                }
            }
        }
        index.containers = containers;
    }

    /// Takes an event that ends at `at`.
    fn add(&mut self, event: Event, at: usize, index: &mut Index) {
        match event {
            Event::NameStart | Event::ScalarStart(_) => {
                index.push(at - 1);
                index.tail = OPEN;
            }
            Event::Open { .. } => {
                self.open.push(number(index.tokens.len()));
                index.push(at - 1);
                index.tail = OPEN;
            }
            Event::NameEnd { .. } | Event::ScalarEnd { .. } => {
                if index.tokens.is_empty() {
                    index.head = number(at);
                } else {
                    index.tail = number(at);
                }
            }
            Event::Close => {
                let close = number(index.tokens.len());
                match self.open.pop() {
                    Some(open) => index.skips[open as usize] = close,
                    None => index.closes.push(close),
                }
                index.push(at - 1);
                index.tail = OPEN;
            }
            Event::Comma => {}
        }
    }
}

/// Where the last token ends if it is a name or scalar that a colon or comma follows, which is the last byte read.
fn tail(read: &[u8], index: &Index) -> u32 {
    let [text @ .., b':' | b','] = read else {
        return OPEN;
    };
    let text = text.trim_ascii_end();
    match text.last() {
        None | Some(b'{' | b'[' | b'}' | b']') => OPEN,
        Some(_) if index.tokens.is_empty() => OPEN,
        Some(_) => number(text.len()),
    }
}
