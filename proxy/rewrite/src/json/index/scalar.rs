//! The kernel in plain Rust, which every other is tested against.

use super::kernel::{Asked, BLOCK, Kernel, Kinds, Masks};
use super::planes::GROUP;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scalar;

/// Classes of bytes, by bit.
const QUOTE: u32 = 0;
const BACKSLASH: u32 = 1;
const CONTROL: u32 = 2;
const WHITE: u32 = 3;
const BRACKET: u32 = 4;
const COLON: u32 = 5;
const COMMA: u32 = 6;
const DIGIT: u32 = 7;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        classes[byte] = 1 << CONTROL;
        byte += 1;
    }
    byte = b'0' as usize;
    while byte <= b'9' as usize {
        classes[byte] = 1 << DIGIT;
        byte += 1;
    }
    classes[b'"' as usize] = 1 << QUOTE;
    classes[b'\\' as usize] = 1 << BACKSLASH;
    classes[b' ' as usize] = 1 << WHITE;
    classes[b'\t' as usize] = 1 << WHITE | 1 << CONTROL;
    classes[b'\n' as usize] = 1 << WHITE | 1 << CONTROL;
    classes[b'\r' as usize] = 1 << WHITE | 1 << CONTROL;
    classes[b'{' as usize] = 1 << BRACKET;
    classes[b'}' as usize] = 1 << BRACKET;
    classes[b'[' as usize] = 1 << BRACKET;
    classes[b']' as usize] = 1 << BRACKET;
    classes[b':' as usize] = 1 << COLON;
    classes[b',' as usize] = 1 << COMMA;
    classes
};

impl Kernel for Scalar {
    fn kinds(self, group: &[u8; GROUP]) -> Kinds {
        let wide = group.iter().fold(0, |sum, byte| sum | byte) >= 0x80;
        let control = group.iter().fold(u8::MAX, |least, &byte| least.min(byte)) < 0x20;
        Kinds { control, wide }
    }

    fn masks(self, block: &[u8; BLOCK], asked: Asked) -> Masks {
        let mut masks = Masks::default();
        for (part, bytes) in block.as_chunks::<8>().0.iter().enumerate() {
            let shift = 8 * part;
            let word = u64::from_le_bytes(*bytes);
            let classes = u64::from_le_bytes(bytes.map(|byte| CLASSES[usize::from(byte)]));
            masks.quote |= gather(classes, QUOTE) << shift;
            masks.backslash |= gather(classes, BACKSLASH) << shift;
            if asked.control {
                masks.control |= gather(classes, CONTROL) << shift;
            }
            masks.white |= gather(classes, WHITE) << shift;
            let bracket = gather(classes, BRACKET);
            // `[` and `{` end in 011, `]` and `}` in 101.
            masks.close |= (bracket & gather(word, 2)) << shift;
            masks.open |= (bracket & gather(word, 1)) << shift;
            masks.colon |= gather(classes, COLON) << shift;
            masks.comma |= gather(classes, COMMA) << shift;
            let digit = gather(classes, DIGIT);
            masks.digit |= digit << shift;
            masks.zero |= (digit & !gather(word | word >> 1 | word >> 2 | word >> 3, 0)) << shift;
        }
        if asked.newline {
            for (place, &byte) in block.iter().enumerate() {
                masks.newline |= u64::from(byte == b'\n') << place;
            }
        }
        masks
    }
}

/// The given bit of each of eight bytes, as the lowest eight bits.
fn gather(word: u64, bit: u32) -> u64 {
    // Each product's bit lands in a place of its own, so nothing carries; the last byte holds the eight.
    ((word >> bit) & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
}
