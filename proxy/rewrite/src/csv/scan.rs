//! The first stage: finds the ends of cells and rows, and refuses what is not CSV. It remembers no more than what the
//! last byte was, so that chunks may be cut anywhere.

use crate::csv::bits::{BLOCK, bits, find, parity};

/// The places of what separates, in one chunk.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Delimiters and line feeds, those in quotes left out. Beyond `count` there is nothing of meaning.
    places: Vec<u32>,
    count: usize,
    /// Which of them are line feeds.
    rows: Vec<u32>,
}

/// What is wrong, and the byte at which that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) reason: &'static str,
}

/// What a scan remembers from one chunk to the next.
#[derive(Debug)]
pub(super) struct Scan {
    delimiter: u8,
    /// Whether the next byte lies in quotes.
    inside: bool,
    /// Whether the last byte was a closing quote, or the first of two that stand for one.
    closed: bool,
    /// Whether a quote may come next.
    opens: bool,
    /// Whether the last byte was a carriage return outside quotes.
    carriage: bool,
    /// Whether the last byte was a backslash.
    backslash: bool,
}

const BARE: &str = "a carriage return without a line feed";
const BEHIND: &str = "something behind a closing quote";
const CONTROL: &str = "a control character";
const ESCAPED: &str = "a backslash before a quote, which some take for part of the cell";
const STRAY: &str = "a quote in a cell that is not quoted";
const OPEN: &str = "the body ends in quotes";

impl Fault {
    /// Whether the byte before is a carriage return that lacks its line feed.
    pub(super) fn is_bare_carriage_return(self) -> bool {
        self.reason == BARE
    }
}

impl Marks {
    /// Delimiters and line feeds.
    pub(super) fn places(&self) -> &[u32] {
        &self.places[..self.count]
    }

    /// Which of them are line feeds.
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    fn clear(&mut self) {
        self.count = 0;
        self.rows.clear();
    }

    /// Tells which of the bits that are added next are line feeds.
    #[inline]
    fn add_rows(&mut self, separators: u64, mut line_feeds: u64) {
        while line_feeds != 0 {
            let before = separators & (line_feeds & line_feeds.wrapping_neg()).wrapping_sub(1);
            self.rows.push(crate::number(self.count) + before.count_ones());
            line_feeds &= line_feeds - 1;
        }
    }

    /// Appends the places of the bits of a block that begins at `base`.
    #[inline]
    fn add(&mut self, base: u32, mut separators: u64) {
        if separators == 0 {
            return;
        }
        if self.places.len() < self.count + BLOCK {
            self.places.resize(2 * self.count + BLOCK, 0);
        }
        let total = separators.count_ones() as usize;
        let slots = &mut self.places[self.count..self.count + BLOCK];
        // Most blocks have few; to write some in vain is faster than to ask after each whether there is another.
        for slot in &mut slots[..FEW] {
            *slot = base + separators.trailing_zeros();
            separators &= separators.wrapping_sub(1);
        }
        for slot in slots.iter_mut().take(total).skip(FEW) {
            *slot = base + separators.trailing_zeros();
            separators &= separators.wrapping_sub(1);
        }
        self.count += total;
    }
}

/// Separators that a block has mostly.
const FEW: usize = 8;

impl Scan {
    pub(super) fn new(delimiter: u8) -> Scan {
        Scan { delimiter, inside: false, closed: false, opens: true, carriage: false, backslash: false }
    }

    /// Takes the next chunk, and fills `marks` with what separates in it, up to the first fault.
    pub(super) fn scan(&mut self, chunk: &[u8], marks: &mut Marks) -> Option<Fault> {
        marks.clear();
        let (blocks, rest) = chunk.as_chunks::<BLOCK>();
        let mut base = 0;
        for block in blocks {
            if let Some(fault) = self.block(block, (base, u64::MAX), marks) {
                return Some(fault);
            }
            base += BLOCK;
        }
        if rest.is_empty() {
            return None;
        }
        let mut block = [b' '; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        self.block(&block, (base, u64::MAX >> (BLOCK - rest.len())), marks)
    }

    /// Whether the last byte was a carriage return that still lacks its line feed.
    pub(super) fn waits_for_line_feed(&self) -> bool {
        self.carriage
    }

    /// Takes the end of the body, `at` bytes behind the beginning of what the caller counts from.
    pub(super) fn finish(&self, at: usize) -> Option<Fault> {
        match (self.carriage, self.inside) {
            (true, _) => Some(Fault { at, reason: BARE }),
            (_, true) => Some(Fault { at, reason: OPEN }),
            _ => None,
        }
    }

    /// Takes a block of which the bytes in `valid` are there: all up to one of them.
    #[inline]
    fn block(
        &mut self,
        block: &[u8; BLOCK],
        (base, valid): (usize, u64),
        marks: &mut Marks,
    ) -> Option<Fault> {
        let found = bits(block, self.delimiter);
        let quotes = found.quotes & valid;
        let mut controls = found.controls & !found.delimiters & valid;
        let last = (valid >> 1) + 1;
        let ends_in_backslash = block[last.trailing_zeros() as usize] == b'\\';
        if quotes | controls == 0 && !self.closed && !self.carriage {
            // Nothing but cells, or a part of one in quotes.
            let separators = if self.inside { 0 } else { found.delimiters & valid };
            marks.add(crate::number(base), separators);
            self.opens = separators & last != 0;
            self.backslash = ends_in_backslash;
            return None;
        }
        let inside = match (quotes, self.inside) {
            (0, false) => 0,
            (_, before) => parity(quotes) ^ u64::from(before).wrapping_neg(),
        };
        let (mut line_feeds, mut carriages) = (0, 0);
        if controls != 0 {
            let all_line_feeds = find(block, b'\n');
            let all_carriages = find(block, b'\r');
            line_feeds = all_line_feeds & controls & !inside;
            carriages = all_carriages & controls & !inside;
            controls &= !(all_line_feeds | all_carriages);
            if controls != 0 {
                controls &= !find(block, b'\t');
            }
        }
        let separators = found.delimiters & valid & !inside | line_feeds;

        let opening = quotes & inside;
        let closing = quotes & !inside;
        let may_open = separators | closing;
        let behind_carriage = carriages << 1 | u64::from(self.carriage);
        let behind_closing = closing << 1 | u64::from(self.closed);
        let bare = behind_carriage & !line_feeds;
        let behind = behind_closing & !(separators | carriages | quotes);
        let stray = opening & !(may_open << 1 | u64::from(self.opens));
        // What ends a cell here stands in the middle of it for those that escape quotes by backslashes.
        let escaped = match closing {
            0 => 0,
            _ => closing & (find(block, b'\\') << 1 | u64::from(self.backslash)),
        };
        let faults = (bare | behind | stray | controls | escaped) & valid;
        if faults != 0 {
            let first = faults & faults.wrapping_neg();
            let before = first - 1;
            marks.add_rows(separators & before, line_feeds & before);
            marks.add(crate::number(base), separators & before);
            let reasons =
                [(bare, BARE), (behind, BEHIND), (controls, CONTROL), (escaped, ESCAPED), (stray, STRAY)];
            let reason =
                reasons.iter().find(|(bits, _)| bits & first != 0).map_or(CONTROL, |(_, reason)| reason);
            return Some(Fault { at: base + first.trailing_zeros() as usize, reason });
        }
        marks.add_rows(separators, line_feeds);
        marks.add(crate::number(base), separators);
        self.inside = inside & last != 0;
        self.closed = closing & last != 0;
        self.opens = may_open & last != 0;
        self.carriage = carriages & last != 0;
        self.backslash = ends_in_backslash;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a scan finds in chunks of a length: places, which of them are line feeds, and the fault.
    fn scan(body: &[u8], length: usize) -> (Vec<usize>, Vec<usize>, Option<Fault>) {
        let mut scan = Scan::new(b',');
        let mut marks = Marks::default();
        let (mut places, mut rows) = (Vec::new(), Vec::new());
        let mut base = 0;
        for chunk in body.chunks(length) {
            let fault = scan.scan(chunk, &mut marks);
            rows.extend(marks.rows().iter().map(|&row| places.len() + row as usize));
            places.extend(marks.places().iter().map(|&place| base + place as usize));
            if let Some(fault) = fault {
                return (places, rows, Some(Fault { at: base + fault.at, ..fault }));
            }
            base += chunk.len();
        }
        let fault = scan.finish(base);
        (places, rows, fault)
    }

    fn everywhere(body: &[u8]) -> (Vec<usize>, Vec<usize>, Option<Fault>) {
        let whole = scan(body, body.len().max(1));
        for length in [1, 2, 3, 7, 63, 64, 65] {
            assert_eq!(scan(body, length), whole, "{:?} by {length}", String::from_utf8_lossy(body));
        }
        whole
    }

    #[test]
    fn separators_are_found_outside_quotes() {
        let (places, rows, fault) = everywhere(b"a,b\r\n\"x,\n\"\"\r,\",\n");
        assert_eq!((places, rows, fault), (vec![1, 4, 14, 15], vec![1, 3], None));
    }

    #[test]
    fn long_bodies_are_scanned_as_short_ones() {
        for filling in 0..140 {
            let filling = "x".repeat(filling);
            let body = format!("{filling},\"{filling},\"\"\r\n\",{filling}\r\n,,,,,,,,,,,,\n");
            let (places, rows, fault) = everywhere(body.as_bytes());
            assert_eq!(fault, None);
            assert_eq!((places.len(), rows), (16, vec![2, 15]));
        }
    }

    #[test]
    fn faults_are_told_at_the_byte_where_they_are_seen() {
        for (body, at, reason) in [
            (&b"a\rb"[..], 2, BARE),
            (b"a\r", 2, BARE),
            (b"a\r\r\n", 2, BARE),
            (b"\"a\"\rb", 4, BARE),
            (b"\"a\"b", 3, BEHIND),
            (b"\"a\" ,", 3, BEHIND),
            (b"a\0", 1, CONTROL),
            (b"\"\x1f\"", 1, CONTROL),
            (b"a\x0b", 1, CONTROL),
            (b"a\"", 1, STRAY),
            (b"a\"\"b", 1, STRAY),
            (b"x, \"a\"", 3, STRAY),
            (b"\"a", 2, OPEN),
            (b"\"a\"\"", 4, OPEN),
            (b"\"a\"\0", 3, BEHIND),
            (b"\"a\\\",b\"", 3, ESCAPED),
            (b"\"a\\\"\"\"", 3, ESCAPED),
            (b"a\\\"", 2, STRAY),
        ] {
            let filling = "x,".repeat(40);
            for before in ["", "x\n", &filling] {
                let mut whole = before.as_bytes().to_vec();
                whole.extend_from_slice(body);
                let fault = everywhere(&whole).2;
                assert_eq!(fault, Some(Fault { at: before.len() + at, reason }), "{whole:?}");
            }
        }
    }

    #[test]
    fn what_stands_before_a_fault_is_found() {
        let (places, rows, fault) = everywhere(b"a,b\nc,\0d,\n");
        assert_eq!((places, rows), (vec![1, 3, 5], vec![1]));
        assert_eq!(fault, Some(Fault { at: 6, reason: CONTROL }));
    }

    #[test]
    fn tabs_high_bytes_and_backslashes_are_text() {
        assert_eq!(everywhere("\u{7f}\té,\"\t\"\n".as_bytes()).2, None);
        assert_eq!(everywhere(b"\\,\"\\a\"\n\\,\"\"\"\\a\"\"\"").2, None);
    }
}
