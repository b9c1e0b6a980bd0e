//! The first stage: finds where the tokens of a window begin, and refuses what is not JSON.

use crate::error::EditErrorKind;
use crate::json::lexer::{Event, Lexer};
use crate::limits::Limits;
use crate::number;

/// The tokens of a window, which is a stretch of the body that is looked at in one go.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Where each token begins: brackets, and the first byte of names, strings, numbers and literals.
    pub(crate) tokens: Vec<u32>,
    /// For each opening bracket the number of the token that closes it, or [`OPEN`] if none in the window does. Of no
    /// meaning for other tokens.
    pub(crate) skips: Vec<u32>,
    /// The closing brackets, by number, of containers that were opened before the window, innermost first.
    pub(crate) closes: Vec<u32>,
    /// Where the name or scalar ends that was under way when the window began: behind its last byte. [`OPEN`] if none
    /// was, or if it goes on behind the window.
    pub(crate) head: u32,
    /// Where the window's last token ends if it is a name or scalar, or [`OPEN`] if it goes on behind the window.
    pub(crate) tail: u32,
}

/// What goes on behind the window.
pub(crate) const OPEN: u32 = u32::MAX;

/// Reads a document window by window, so that what it finds does not depend on where the windows were cut.
#[derive(Debug)]
pub(crate) struct Indexer {
    lexer: Lexer,
    /// The opening brackets of the window that have not been closed yet.
    open: Vec<u32>,
}

impl Index {
    fn clear(&mut self) {
        self.tokens.clear();
        self.skips.clear();
        self.closes.clear();
        self.head = OPEN;
        self.tail = OPEN;
    }
}

impl Indexer {
    pub(crate) fn new(limits: &Limits) -> Indexer {
        Indexer { lexer: Lexer::new(limits), open: Vec::new() }
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
        loop {
            match self.lexer.next(window, &mut at) {
                Ok(Some(event)) => self.add(event, at, index),
                Ok(None) => return Ok(()),
                Err(kind) => return Err((at, kind)),
            }
        }
    }

    /// Reads the end of the document, where a number may end.
    pub(crate) fn finish(&mut self, index: &mut Index) -> Result<(), EditErrorKind> {
        index.clear();
        if self.lexer.finish()?.is_some() {
            index.head = 0;
        }
        Ok(())
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
            }
            Event::Comma => {}
        }
    }
}

impl Index {
    fn push(&mut self, at: usize) {
        self.tokens.push(number(at));
        self.skips.push(OPEN);
    }
}
