//! Numbers, byte by byte (RFC 8259, section 6).

/// Within a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

impl Number {
    pub(super) fn after(self, byte: u8) -> Option<Number> {
        Some(match (self, byte) {
            (Number::Minus, b'0') => Number::Zero,
            (Number::Minus, b'1'..=b'9') | (Number::Integer, b'0'..=b'9') => Number::Integer,
            (Number::Zero | Number::Integer, b'.') => Number::Point,
            (Number::Point | Number::Fraction, b'0'..=b'9') => Number::Fraction,
            (Number::Zero | Number::Integer | Number::Fraction, b'e' | b'E') => Number::Exponent,
            (Number::Exponent, b'+' | b'-') => Number::ExponentSign,
            (Number::Exponent | Number::ExponentSign | Number::ExponentDigits, b'0'..=b'9') => {
                Number::ExponentDigits
            }
            _ => return None,
        })
    }

    pub(super) fn may_end(self) -> bool {
        matches!(self, Number::Zero | Number::Integer | Number::Fraction | Number::ExponentDigits)
    }
}

/// Whether a text is a number as JSON has it.
pub(crate) fn is_number(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = match bytes.next() {
        Some(b'-') => Number::Minus,
        Some(b'0') => Number::Zero,
        Some(b'1'..=b'9') => Number::Integer,
        _ => return false,
    };
    bytes.try_fold(first, Number::after).is_some_and(Number::may_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_recognised() {
        for text in ["0", "-0", "1.10", "1e400", "12345678901234567890", "2E-7", "0.0e+1"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["", "-", "01", "1.", ".1", "+1", "1e", "1e+", "NaN", "1 ", "0x1"] {
            assert!(!is_number(text), "{text}");
        }
    }
}
