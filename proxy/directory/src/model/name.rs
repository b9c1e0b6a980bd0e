//! When two names are the same name.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// A name as it is compared: without regard to case, to the form in which Unicode writes a character, and to blanks
/// around and between its words. `Queue`, `QUEUE ` and a full-width `Ｑueue` are one name.
///
/// This is the compatibility caseless match of Unicode 16, section 3.13, D146.
pub fn folded(name: &str) -> String {
    let name: String = name.nfd().default_case_fold().nfkd().default_case_fold().nfkd().collect();
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_form_and_blanks_do_not_matter() {
        for (one, other) in [
            ("Acme", "ACME"),
            ("Straße", "STRASSE"),
            ("é", "e\u{301}"),
            ("Ｑueue", "queue"),
            (" North  sales ", "north sales"),
            ("ИМЯ", "имя"),
            ("ﬁn", "FIN"),
        ] {
            assert_eq!(folded(one), folded(other));
        }
        assert_ne!(folded("Acme"), folded("Acme 2"));
        assert_ne!(folded("имя"), folded("имa"));
    }
}
