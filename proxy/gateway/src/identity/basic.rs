//! HTTP Basic (RFC 7617).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use cordon_directory::{Snapshot, UserId};

use crate::identity::error::Doubt;

/// The user whose login and token these are. A token alone would do to find them, and the login may be in the directory
/// while the token is not: all that does not fit is refused alike.
pub(super) fn user(credential: &str, snapshot: &Snapshot) -> Result<UserId, Doubt> {
    let (login, password) = decode(credential).ok_or(Doubt::Refused("unreadable login and password"))?;
    let by_login = snapshot.user_by_login(&login);
    let by_token = snapshot.user_by_token(&password);
    match (by_login, by_token) {
        (Some(user), Some(other)) if user == other => Ok(user),
        _ => Err(Doubt::Refused("unknown login or password")),
    }
}

fn decode(credential: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64.decode(credential).ok()?).ok()?;
    let (login, password) = text.split_once(':')?;
    let wrong = login.is_empty() || password.is_empty() || text.chars().any(char::is_control);
    (!wrong).then(|| (login.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h41_only_a_login_and_a_password_are_read() {
        let read = |text: &[u8]| decode(&BASE64.encode(text));
        assert_eq!(read(b"anna:secret"), Some(("anna".into(), "secret".into())));
        assert_eq!(read("änne:a:b".as_bytes()), Some(("änne".into(), "a:b".into())));
        for wrong in
            [&b"anna"[..], b"anna:", b":secret", b"", b"anna:se\ncret", b"an\0na:secret", b"\xff:secret"]
        {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
        assert_eq!(decode("not base64!"), None);
        assert_eq!(decode("YW5uYTpzZWNyZXQ"), None, "without its padding");
    }
}
