//! Searching names as people write them.

use cordon_directory::model::folded;

/// What a search looks for, without regard to case and to the form in which Unicode writes a character.
pub(crate) struct Needle {
    folded: String,
}

impl Needle {
    pub(crate) fn new(text: &str) -> Needle {
        Needle { folded: folded(text) }
    }

    /// Whether one of these texts contains it.
    pub(crate) fn is_in<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        texts.into_iter().any(|text| {
            // Folding costs most of a search, and most texts need no more than this.
            if text.is_ascii() {
                text.to_ascii_lowercase().contains(&self.folded)
            } else {
                folded(text).contains(&self.folded)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_form_do_not_matter() {
        for (needle, text) in
            [("olg", "Olga"), ("STRASSE", "Hauptstraße"), ("е\u{301}", "Е\u{301}"), ("", "x")]
        {
            assert!(Needle::new(needle).is_in([text]), "{needle} in {text}");
        }
        assert!(!Needle::new("ivan").is_in(["Olga", "ольга"]));
    }
}
