//! Walks over an archive, and writes one.

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::error::shown;
use crate::header::{self, BLOCK, Block};
use crate::{BundleError, limits};

/// The archive's bytes, read from the front.
pub(crate) struct Walk {
    archive: Bytes,
    offset: usize,
}

/// A file in the archive.
pub(crate) struct Entry {
    pub name: String,
    pub content: Bytes,
}

impl Walk {
    pub(crate) fn new(archive: Bytes) -> Result<Walk, BundleError> {
        if archive.len() > limits::ARCHIVE {
            return Err(BundleError::TooLarge { part: "archive".to_owned(), limit: limits::ARCHIVE });
        }
        Ok(Walk { archive, offset: 0 })
    }

    /// The next entry, or none at the end, which is the archive's end too. `limit` says by the name how large the
    /// content may be, or that the entry does not belong here.
    pub(crate) fn next(
        &mut self,
        limit: impl FnOnce(&str) -> Result<usize, BundleError>,
    ) -> Result<Option<Entry>, BundleError> {
        let offset = self.offset;
        let block = self.block()?;
        if block.iter().all(|byte| *byte == 0) {
            let last = self.block()?;
            let ended = last.iter().all(|byte| *byte == 0) && self.offset == self.archive.len();
            return if ended { Ok(None) } else { Err(BundleError::Trailing) };
        }
        let (name, size) = header::read(&block, offset)?;
        let limit = limit(name)?;
        if size > limit {
            return Err(BundleError::TooLarge { part: name.to_owned(), limit });
        }
        let content = self.take(size, name)?;
        let padding = self.take(size.next_multiple_of(BLOCK) - size, name)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(BundleError::Padding { name: name.to_owned() });
        }
        Ok(Some(Entry { name: name.to_owned(), content }))
    }

    fn block(&mut self) -> Result<Block, BundleError> {
        let bytes = self.take(BLOCK, "a header")?;
        let mut block = [0; BLOCK];
        block.copy_from_slice(&bytes);
        Ok(block)
    }

    fn take(&mut self, length: usize, place: &str) -> Result<Bytes, BundleError> {
        let end = self.offset + length;
        if end > self.archive.len() {
            return Err(BundleError::CutOff { place: place.to_owned() });
        }
        let taken = self.archive.slice(self.offset..end);
        self.offset = end;
        Ok(taken)
    }
}

impl Entry {
    /// The content as text.
    pub(crate) fn text(&self) -> Result<&str, BundleError> {
        std::str::from_utf8(&self.content).map_err(|_| BundleError::NotText { name: self.name.clone() })
    }
}

/// Appends a file to an archive.
pub(crate) fn append(archive: &mut BytesMut, name: &str, content: &[u8]) {
    archive.put_slice(&header::write(name, content.len()));
    archive.put_slice(content);
    archive.put_bytes(0, content.len().next_multiple_of(BLOCK) - content.len());
}

/// Ends an archive.
pub(crate) fn finish(mut archive: BytesMut) -> Bytes {
    archive.put_bytes(0, 2 * BLOCK);
    archive.freeze()
}

/// That something stands where something else belongs.
pub(crate) fn misplaced(found: Option<&str>, expected: &str) -> BundleError {
    BundleError::Entry {
        found: found.map_or_else(|| "its end".to_owned(), |name| shown(name.as_bytes())),
        expected: expected.to_owned(),
    }
}
