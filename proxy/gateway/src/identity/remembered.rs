//! What others said of credentials, for a while.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use quick_cache::sync::Cache;
use sha2::Sha256;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::config::Remembrance;
use crate::identity::error::{Doubt, IdentityError};
use crate::identity::presented::{Credential, Place};

/// How long it is remembered that a credential is wrong, at the most.
const WRONG: Duration = Duration::from_secs(10);
/// Longest name of a user, in bytes: what is remembered is bounded in size, too.
const NAME: usize = 512;
/// Questions under way at a time.
const QUESTIONS: usize = 64;

/// What somebody who knows says of a credential.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    /// Whose it is. `None`: nobody's.
    pub(super) name: Option<Arc<str>>,
    /// When it expires, in seconds since 1970.
    pub(super) expires: Option<f64>,
}

/// Remembers what was said, by a keyed hash of the credential: whoever reads this memory learns no credential.
pub(super) struct Remembered {
    answers: Cache<[u8; 32], Answer>,
    /// Has its key already.
    keyed: Hmac<Sha256>,
    time: Duration,
    deadline: Duration,
    questions: Semaphore,
}

#[derive(Clone)]
struct Answer {
    said: Said,
    until: Instant,
}

impl Remembered {
    /// Nothing is remembered yet. `deadline` is for one answer, with all waiting for it.
    pub(super) fn new(bounds: Remembrance, deadline: Duration) -> Result<Remembered, IdentityError> {
        let mut key = [0; 32];
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        provider.secure_random.fill(&mut key).map_err(|_| IdentityError::Random)?;
        let keyed = Hmac::new_from_slice(&key).expect("an HMAC takes a key of any length (RFC 2104)");
        let (answers, questions) = (Cache::new(bounds.entries), Semaphore::new(QUESTIONS));
        Ok(Remembered { answers, keyed, time: bounds.time, deadline, questions })
    }

    /// Whose a credential is, from memory, or by asking: once at a time for one credential, and of few at a time.
    pub(super) async fn name(
        &self,
        credential: &Credential<'_>,
        ask: impl Future<Output = Result<Said, Doubt>>,
    ) -> Result<Arc<str>, Doubt> {
        let key = self.hash(credential);
        let asked = async {
            let permit = self.questions.acquire().await;
            let said = ask.await;
            drop(permit);
            let mut said = said?;
            said.name = said.name.filter(|name| name.len() <= NAME);
            let until = Instant::now() + self.kept(&said);
            Ok(Answer { said, until })
        };
        let answer = async {
            if let Some(answer) = self.answers.get(&key) {
                if answer.is_current() {
                    return Ok(answer);
                }
                self.answers.remove_if(&key, |answer| !answer.is_current());
            }
            self.answers.get_or_insert_async(&key, asked).await
        };
        let late = Err(Doubt::Unavailable("no answer in time about a credential"));
        let answer = tokio::time::timeout(self.deadline, answer).await.unwrap_or(late)?;
        match answer.said.name {
            Some(name) if !has_passed(answer.said.expires) => Ok(name),
            Some(_) => Err(Doubt::Refused("credential expired")),
            None => Err(Doubt::Refused("not accepted by who issued it")),
        }
    }

    fn kept(&self, said: &Said) -> Duration {
        if said.name.is_some() { self.time } else { self.time.min(WRONG) }
    }

    fn hash(&self, credential: &Credential<'_>) -> [u8; 32] {
        let mut hash = self.keyed.clone();
        let (kind, name) = match credential.place {
            Place::Bearer => (0, ""),
            Place::Basic => (1, ""),
            Place::Header(name) => (2, name.as_str()),
            Place::Query(name) => (3, name),
            Place::Cookie(name) => (4, name),
        };
        hash.update(&[kind]);
        hash.update(&(name.len() as u64).to_be_bytes());
        hash.update(name.as_bytes());
        hash.update(credential.text.as_bytes());
        hash.finalize().into_bytes().into()
    }
}

impl Answer {
    fn is_current(&self) -> bool {
        Instant::now() < self.until && !has_passed(self.said.expires)
    }
}

/// Whether the machine's clock is at this second, or beyond.
pub(super) fn has_passed(second: Option<f64>) -> bool {
    let Some(second) = second else { return false };
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => second.is_nan() || second <= since.as_secs_f64(),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn remembered(time: Duration, entries: usize) -> Remembered {
        Remembered::new(Remembrance { time, entries }, Duration::from_millis(500)).unwrap()
    }

    fn token(text: &str) -> Credential<'_> {
        Credential { text, place: Place::Bearer }
    }

    fn said(name: Option<&str>, expires: Option<f64>) -> Result<Said, Doubt> {
        Ok(Said { name: name.map(Arc::from), expires })
    }

    #[tokio::test]
    async fn one_question_is_enough_for_all_who_ask_at_once() {
        let memory = remembered(Duration::from_secs(60), 10);
        let questions = AtomicUsize::new(0);
        let ask = || async {
            questions.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            said(Some("anna"), None)
        };
        let one = token("one");
        let (first, second, third) =
            tokio::join!(memory.name(&one, ask()), memory.name(&one, ask()), memory.name(&one, ask()));
        assert!([first, second, third].iter().all(|name| name.as_deref() == Ok("anna")));
        assert_eq!(questions.load(Ordering::Relaxed), 1);
        let elsewhere = Credential { text: "one", place: Place::Cookie("session") };
        assert_eq!(memory.name(&elsewhere, ask()).await.as_deref(), Ok("anna"));
        assert_eq!(questions.load(Ordering::Relaxed), 2, "the same text elsewhere is another credential");
    }

    #[tokio::test]
    async fn answers_are_forgotten_in_time_and_failures_at_once() {
        let down = Doubt::Unavailable("down");
        let (one, two) = (token("one"), token("two"));
        let memory = remembered(Duration::from_secs(60), 10);
        assert_eq!(memory.name(&one, async { Err(down) }).await, Err(down));
        assert!(memory.name(&one, async { said(Some("anna"), None) }).await.is_ok());
        assert!(memory.name(&two, async { said(None, None) }).await.is_err());
        assert!(memory.name(&one, async { Err(down) }).await.is_ok());
        assert_ne!(memory.name(&two, async { Err(down) }).await, Err(down));
        let anna = Said { name: Some("anna".into()), expires: None };
        assert_eq!(memory.kept(&anna), Duration::from_secs(60));
        assert_eq!(memory.kept(&Said { name: None, expires: None }), WRONG);

        let memory = remembered(Duration::from_millis(10), 10);
        assert!(memory.name(&one, async { said(Some("anna"), None) }).await.is_ok());
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert_eq!(memory.name(&one, async { Err(down) }).await, Err(down));
    }

    #[tokio::test]
    async fn nobody_waits_for_ever_and_what_has_expired_counts_for_nothing() {
        let memory = remembered(Duration::from_secs(60), 10);
        let hung = memory.name(&token("one"), std::future::pending()).await;
        assert!(matches!(hung, Err(Doubt::Unavailable(_))), "{hung:?}");
        for expires in [0.0, 1e9, f64::NAN] {
            let text = format!("expired {expires}");
            let expired = memory.name(&token(&text), async { said(Some("anna"), Some(expires)) }).await;
            assert!(matches!(expired, Err(Doubt::Refused(_))), "{expires}");
        }
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let memory = remembered(Duration::from_secs(60), 100);
        let (most, more) = ("n".repeat(NAME), "n".repeat(NAME + 1));
        assert!(memory.name(&token("most"), async { said(Some(&most), None) }).await.is_ok());
        assert!(memory.name(&token("more"), async { said(Some(&more), None) }).await.is_err());
    }

    #[tokio::test]
    async fn few_credentials_are_remembered_at_a_time() {
        let memory = remembered(Duration::from_secs(60), 100);
        for number in 0..10_000 {
            let text = number.to_string();
            assert!(memory.name(&token(&text), async { said(Some("anna"), None) }).await.is_ok());
        }
        assert!(memory.answers.len() <= 200, "{}", memory.answers.len());
    }
}
