//! Tokens, of which nothing is shown that could be used.

use cordon_directory::model::Token;
use serde::Serialize;
use utoipa::ToSchema;

/// A token of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenView {
    /// The first 16 digits of its salted hash, by which it is known here.
    pub id: String,
    /// What people call it: what it is for, where it is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub label: Option<String>,
    /// The token itself: told once, when it is issued. Nobody can find it out afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub token: Option<String>,
}

/// By what a token is known.
pub(crate) fn token_id(token: &Token) -> String {
    let mut hash = token.hash.to_string();
    hash.truncate(16);
    hash
}

impl From<&Token> for TokenView {
    fn from(token: &Token) -> TokenView {
        TokenView { id: token_id(token), label: token.label.clone(), token: None }
    }
}
