//! Where the bytes that matter stand among 64 of them, one bit for each.

use wide::u8x16;

/// Bytes looked at in one go.
pub(super) const BLOCK: usize = 64;

/// Which of a block's bytes are of a kind; the first byte is the lowest bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits {
    pub(super) quotes: u64,
    pub(super) delimiters: u64,
    /// Everything below the space, line feeds too.
    pub(super) controls: u64,
}

/// Looks at a block, 16 bytes at a time: so much every machine of interest does in one go, so that nothing is left to
/// be found out at run time.
#[inline]
pub(super) fn bits(block: &[u8; BLOCK], delimiter: u8) -> Bits {
    let quote = u8x16::splat(b'"');
    let delimiter = u8x16::splat(delimiter);
    let greatest = u8x16::splat(b' ' - 1);
    let mut bits = Bits::default();
    let (parts, _) = block.as_chunks::<16>();
    for (part, shift) in parts.iter().zip([0, 16, 32, 48]) {
        let bytes = u8x16::new(*part);
        let mask = |equal: u8x16| u64::from(equal.to_bitmask()) << shift;
        bits.quotes |= mask(bytes.simd_eq(quote));
        bits.delimiters |= mask(bytes.simd_eq(delimiter));
        bits.controls |= mask(bytes.min(greatest).simd_eq(bytes));
    }
    bits
}

/// Where a byte stands.
#[inline]
pub(super) fn find(block: &[u8; BLOCK], byte: u8) -> u64 {
    let byte = u8x16::splat(byte);
    let (parts, _) = block.as_chunks::<16>();
    let found = |part: &[u8; 16]| u64::from(u8x16::new(*part).simd_eq(byte).to_bitmask());
    parts.iter().zip([0, 16, 32, 48]).fold(0, |bits, (part, shift)| bits | found(part) << shift)
}

/// For each bit the parity of those up to and with it: which bytes lie between an opening quote and its closing one.
pub(super) fn parity(mut bits: u64) -> u64 {
    for distance in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << distance;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same said plainly.
    fn plain(block: &[u8; BLOCK], delimiter: u8) -> Bits {
        let mut bits = Bits::default();
        for (place, &byte) in block.iter().enumerate() {
            bits.quotes |= u64::from(byte == b'"') << place;
            bits.delimiters |= u64::from(byte == delimiter) << place;
            bits.controls |= u64::from(byte < b' ') << place;
        }
        bits
    }

    #[test]
    fn every_byte_is_told_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..BLOCK {
                for around in [b'a', 0x9f, 0xff, byte] {
                    let mut block = [around; BLOCK];
                    block[place] = byte;
                    for delimiter in [b',', b';', b'\t'] {
                        let expected = plain(&block, delimiter);
                        assert_eq!(bits(&block, delimiter), expected);
                        assert_eq!(find(&block, delimiter), expected.delimiters);
                    }
                }
            }
        }
    }

    #[test]
    fn parity_tells_what_lies_between_quotes() {
        assert_eq!(parity(0), 0);
        assert_eq!(parity(0b0100_0010), 0b0011_1110);
        assert_eq!(parity(1), u64::MAX);
        assert_eq!(parity(1 << 63 | 1), u64::MAX >> 1);
    }
}
