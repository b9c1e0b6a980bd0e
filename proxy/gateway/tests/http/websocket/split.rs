//! Nothing hidden is in any frame: messages drawn at random, in fragments and chunks of any size, for callers of different
//! projects, against what each may see by another way of finding out.

use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use super::{connect, next, staged};

/// Messages of each run.
const MESSAGES: usize = 2500;
/// Callers, and the projects that they see.
const CALLERS: [(&str, &[&str]); 3] = [("anna", &["acme"]), ("zoe", &["zeta"]), ("bora", &["acme", "zeta"])];

/// A call, and what of it may be seen.
struct Drawn {
    project: Value,
    whole: Map<String, Value>,
    seen: Map<String, Value>,
}

/// Draws values that bear a mark which says whether anybody may see them.
struct Draw {
    random: StdRng,
    marks: u32,
}

impl Draw {
    fn mark(&mut self, word: &str) -> Value {
        self.marks += 1;
        let odd = ["", "\"", "\\", "é", "日本", "\u{1F600}", "\n", "</script>"];
        Value::from(format!("{word}-{}-{}", self.marks, odd[self.random.random_range(0..odd.len())]))
    }

    /// A value of any shape that holds nothing but this mark.
    fn hidden(&mut self, depth: usize) -> Value {
        match self.random.random_range(0..if depth > 2 { 1 } else { 4 }) {
            0 | 3 => self.mark("hidden"),
            1 => Value::from(
                (0..self.random.random_range(0..3)).map(|_| self.hidden(depth + 1)).collect::<Vec<_>>(),
            ),
            _ => json!({ "id": self.hidden(depth + 1), "note": self.hidden(depth + 1) }),
        }
    }

    fn call(&mut self) -> Drawn {
        let project = match self.random.random_range(0..6) {
            0 | 1 => json!("acme"),
            2 | 3 => json!("zeta"),
            4 => self.mark("hidden"),
            _ => Value::Null,
        };
        let word = match project.as_str() {
            Some(name @ ("acme" | "zeta")) => name.to_owned(),
            _ => "hidden".to_owned(),
        };
        let mut members = vec![
            ("id", self.mark(&word), true),
            ("note", self.mark(&word), true),
            ("phone", self.hidden(0), false),
            ("project", project.clone(), true),
        ];
        let mut drawn = Drawn { project, whole: Map::new(), seen: Map::new() };
        while !members.is_empty() {
            let (name, value, passes) = members.swap_remove(self.random.random_range(0..members.len()));
            if name == "project" && value.is_null() && self.random.random() {
                continue;
            }
            drawn.whole.insert(name.to_owned(), value.clone());
            if passes {
                drawn.seen.insert(name.to_owned(), value);
            }
        }
        drawn
    }

    /// A message, and what whoever sees these projects gets of it.
    fn message(&mut self) -> (Value, impl Fn(&[&str]) -> Option<Value> + use<>) {
        let (one, list): (Option<Drawn>, Vec<Drawn>) = match self.random.random_range(0..4) {
            0 => (None, Vec::new()),
            1 => (None, (0..self.random.random_range(1..5)).map(|_| self.call()).collect()),
            2 => (Some(self.call()), (0..self.random.random_range(0..3)).map(|_| self.call()).collect()),
            _ => (Some(self.call()), Vec::new()),
        };
        let has_list = !list.is_empty() || self.random.random();
        let kind = self.mark("shared");
        let mut members: Vec<(&str, Value)> = vec![("type", kind.clone()), ("trace", self.hidden(0))];
        if let Some(one) = &one {
            members.push(("call", Value::from(one.whole.clone())));
        }
        if has_list {
            members.push(("calls", list.iter().map(|call| Value::from(call.whole.clone())).collect()));
        }
        let mut whole = Map::new();
        while !members.is_empty() {
            let (name, value) = members.swap_remove(self.random.random_range(0..members.len()));
            whole.insert(name.to_owned(), value);
        }
        let order: Vec<String> = whole.keys().cloned().collect();
        let seen = move |projects: &[&str]| {
            let sees = |call: &&Drawn| call.project.as_str().is_some_and(|name| projects.contains(&name));
            let one_seen = one.as_ref().filter(sees);
            let list_seen: Vec<&Drawn> = list.iter().filter(sees).collect();
            let kept = usize::from(one_seen.is_some()) + list_seen.len();
            if kept == 0 && one.iter().len() + list.len() > 0 {
                return None;
            }
            let mut result = Map::new();
            for name in &order {
                let value = match name.as_str() {
                    "type" => kind.clone(),
                    "call" => match one_seen {
                        Some(call) => Value::from(call.seen.clone()),
                        None => continue,
                    },
                    "calls" => list_seen.iter().map(|call| Value::from(call.seen.clone())).collect(),
                    _ => continue,
                };
                result.insert(name.clone(), value);
            }
            Some(Value::from(result))
        };
        (Value::from(whole), seen)
    }

    /// The message as frames of a server: in fragments, with pings between them, whose content nobody has judged.
    fn frames(&mut self, text: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = text;
        let mut first = true;
        loop {
            let most = if self.random.random() { 8 } else { rest.len().max(1) };
            let length = self.random.random_range(0..=most.min(rest.len()));
            let (payload, after) = rest.split_at(length);
            let is_last = after.is_empty() && self.random.random();
            frame(&mut bytes, u8::from(first), is_last, payload);
            if is_last {
                return bytes;
            }
            if self.random.random_range(0..4) == 0 {
                let ping = format!("hidden-{}", self.marks);
                frame(&mut bytes, if self.random.random() { 9 } else { 10 }, true, ping.as_bytes());
            }
            (first, rest) = (false, after);
        }
    }
}

/// Appends a frame as a server sends it.
pub(super) fn frame(bytes: &mut Vec<u8>, opcode: u8, is_last: bool, payload: &[u8]) {
    bytes.push(opcode | if is_last { 0x80 } else { 0 });
    match payload.len() {
        length @ 0..=125 => bytes.push(u8::try_from(length).unwrap()),
        length @ 126..=0xffff => {
            bytes.push(126);
            bytes.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
}

/// Writes all of it in chunks of any size.
async fn write(stream: &mut TcpStream, mut random: StdRng, bytes: Vec<u8>) {
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let most = [1, 7, 100, 5000][random.random_range(0..4)];
        let (chunk, after) = rest.split_at(random.random_range(1..=most).min(rest.len()));
        stream.write_all(chunk).await.unwrap();
        stream.flush().await.unwrap();
        if random.random_range(0..50) == 0 {
            tokio::task::yield_now().await;
        }
        rest = after;
    }
}

#[tokio::test]
async fn h6_nothing_hidden_is_in_any_frame() {
    let seed =
        std::env::var("CORDON_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("CORDON_SEED={seed}");
    let (stage, mut sockets) = staged(|_| {}).await;
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (caller, projects) in CALLERS {
        let mut draw = Draw { random: StdRng::seed_from_u64(seed), marks: 0 };
        let (mut client, _) = connect(&stage, caller, "/api/socket", &[]).await.unwrap();
        let (_, backend) = sockets.next().await;
        let mut backend = backend.into_inner();
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..MESSAGES {
            let (whole, seen) = draw.message();
            bytes.extend(draw.frames(whole.to_string().as_bytes()));
            expected.extend(seen(projects));
        }
        frame(&mut bytes, 8, true, &[]);
        let random = StdRng::seed_from_u64(seed ^ 1);
        let sending = async {
            write(&mut backend, random, bytes).await;
            // Pongs, and the answer to the end.
            let mut rest = Vec::new();
            backend.read_to_end(&mut rest).await.unwrap();
        };
        let receiving = async {
            let foreign = ["acme", "zeta"].into_iter().filter(|name| !projects.contains(name));
            let never: Vec<String> =
                foreign.map(|name| format!("{name}-")).chain(["hidden".to_owned()]).collect();
            let mut expected = expected.iter();
            while let Some(message) = next(&mut client).await {
                let Message::Text(text) = message else { break };
                for word in &never {
                    assert!(!text.contains(word.as_str()), "{caller}: {text}");
                }
                let received: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(Some(&received), expected.next(), "{caller}");
                *counts.entry(caller).or_default() += 1;
            }
            assert_eq!(expected.len(), 0, "{caller}: not all of it came");
        };
        tokio::join!(sending, receiving);
    }
    for (caller, _) in CALLERS {
        let count = counts[caller];
        assert!(count > MESSAGES / 3 && count < MESSAGES, "{caller}: {count}: a test that can fail");
    }
}
