//! Processing instructions, and the XML declaration, which looks like one.

use crate::error::EditErrorKind;
use crate::xml::characters::{is_blank, name};
use crate::xml::lexer::{Event, Lexeme, Lexer, Refusal, Stage};

impl Lexer {
    pub(super) fn instruction(&mut self, text: &str, start: usize) -> Result<Option<Lexeme>, Refusal> {
        let Some(close) = memchr::memmem::find(&text.as_bytes()[start + 2..], b"?>") else { return Ok(None) };
        let end = start + 2 + close + 2;
        let lexeme = self.unit(start, end, Event::Instruction)?;
        let refused = |at, text| Refusal { at, settled: start, kind: EditErrorKind::Malformed(text) };
        let (target_end, colon) = name(text, start + 2).map_err(|at| refused(at, "not a name"))?;
        let rest = &text[target_end..end - 2];
        if colon.is_some() || !(rest.is_empty() || rest.bytes().next().is_some_and(is_blank)) {
            return Err(refused(target_end, "not a name"));
        }
        let target = &text[start + 2..target_end];
        if !target.eq_ignore_ascii_case("xml") {
            return Ok(lexeme);
        }
        if target != "xml" || self.stage != Stage::Beginning {
            return Err(refused(start, "an XML declaration that is not at the beginning"));
        }
        check_declaration(rest).map_err(|text| refused(start, text))?;
        Ok(Some(Lexeme { event: Event::Declaration, start, end }))
    }
}

/// Checks what an XML declaration says: version, then encoding if any, then whether it stands alone, if at all.
fn check_declaration(text: &str) -> Result<(), &'static str> {
    const WRONG: &str = "the XML declaration";
    let mut rest = text;
    let mut last = 0;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        if trimmed.is_empty() {
            return if last == 0 { Err(WRONG) } else { Ok(()) };
        }
        if trimmed.len() == rest.len() {
            return Err(WRONG);
        }
        let (name, value, behind) = pair(trimmed).ok_or(WRONG)?;
        let place = match name {
            "version" if value == "1.0" => 1,
            "version" => return Err("another version of XML than 1.0"),
            "encoding" if value.eq_ignore_ascii_case("utf-8") => 2,
            "encoding" => return Err("another encoding than UTF-8"),
            "standalone" if matches!(value, "yes" | "no") => 3,
            _ => return Err(WRONG),
        };
        if place <= last || last == 0 && place != 1 {
            return Err(WRONG);
        }
        last = place;
        rest = behind;
    }
}

/// A name and value, and what stands behind them.
fn pair(text: &str) -> Option<(&str, &str, &str)> {
    let blanks = [' ', '\t', '\n', '\r'];
    let (name, rest) = text.split_once('=')?;
    let rest = rest.trim_start_matches(blanks);
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, behind) = rest[1..].split_once(quote)?;
    Some((name.trim_end_matches(blanks), value, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_say_that_it_is_utf_8() {
        for right in [
            " version=\"1.0\"",
            " version = '1.0' encoding='utf-8' ",
            "\n version='1.0'\tencoding=\"UTF-8\" standalone='yes'",
            " version='1.0' standalone='no'",
        ] {
            assert_eq!(check_declaration(right), Ok(()), "{right}");
        }
        for wrong in [
            "",
            " ",
            " encoding='UTF-8'",
            " version='1.1'",
            " version='1.0' encoding='latin1'",
            " version='1.0' encoding='UTF-16'",
            " version='1.0'encoding='UTF-8'",
            " version='1.0' standalone='yes' encoding='UTF-8'",
            " version='1.0' version='1.0'",
            " version=1.0",
            " version='1.0",
            " version='1.0' standalone='maybe'",
            " version='1.0' other='a'",
            " version='1.0' x",
        ] {
            assert!(check_declaration(wrong).is_err(), "{wrong}");
        }
    }
}
