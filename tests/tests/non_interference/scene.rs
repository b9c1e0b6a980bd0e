//! A world with Cordon running in it, and the cases tried there.

use std::collections::BTreeMap;
use std::fmt;

use cordon_tests::json::Node;
use cordon_tests::lens::Viewer;
use cordon_tests::{Answer, Backend, Client, Cordon, Part, Reply, Running};
use http::Method;

use crate::body::{self, Style};
use crate::dice::Dice;
use crate::oracle::{self, HASH};
use crate::text;
use crate::world::{Layout, Mask, Path, Route, Whose, World};

/// A mistake put into the rules on purpose, of which the oracle knows nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Leak {
    None,
    /// Every kind keeps a contact field whole, whoever looks.
    Field,
    /// The backend's total is kept instead of counted again.
    Total,
    /// Records belong to everyone.
    Record,
}

/// How often what was tried.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    counts: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn one(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Tally) {
        for (what, count) in &other.counts {
            *self.counts.entry(what).or_default() += count;
        }
    }

    /// Every construct was exercised, in pairs of bodies that differ.
    pub(crate) fn assert_covered(&self) {
        for what in CONSTRUCTS {
            assert!(self.counts.get(what).is_some_and(|count| *count > 0), "no case exercised: {what}");
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counts.iter().try_for_each(|(what, count)| writeln!(f, "{count:>8} {what}"))
    }
}

const CONSTRUCTS: [&str; 31] = [
    "cases",
    "bodies that differ",
    "answers compared with the oracle",
    "answers 200",
    "answers for a missing record",
    "hidden or missing record",
    "closed section",
    "HEAD",
    "error of the backend",
    "chosen project",
    "see-everything",
    "see-masked-fields",
    "list-projects",
    "no project",
    "gzip",
    "chunked",
    "several candidates",
    "object",
    "caller's records",
    "everyone's records",
    "outer's records",
    "nested sets",
    "the record around",
    "members",
    "columns",
    "entries",
    "mask: hash",
    "mask: keep-last",
    "tile",
    "total",
    "descendants",
];

pub(crate) struct Scene {
    dice: Dice,
    world: World,
    backend: Backend,
    cordon: Running,
    clients: BTreeMap<String, Client>,
    rules: String,
    leak: Leak,
    pub(crate) tally: Tally,
}

/// One side of a case: what the backend answers.
struct Side {
    status: u16,
    body: Option<Node>,
}

impl Scene {
    pub(crate) async fn new(seed: u64, leak: Leak) -> Scene {
        let mut dice = Dice::new(seed);
        let world = World::new(&mut dice);
        let backend = Backend::start().await;
        let rules = match leak {
            Leak::None => text::rules(&world, ""),
            Leak::Field => text::rules(&world, "$.u1"),
            Leak::Total => totals_kept(&text::rules(&world, "")),
            Leak::Record => everyone(&text::rules(&world, "")),
        };
        let cordon = Cordon::start_with(&rules, &text::directory(&world), backend.address(), |config| {
            config.project.header = Some(http::HeaderName::from_static("x-project"));
        })
        .await;
        Scene { dice, world, backend, cordon, clients: BTreeMap::new(), rules, leak, tally: Tally::default() }
    }

    /// What the world is made of, to see why a case failed.
    pub(crate) fn describe(&self) -> String {
        format!("--- directory\n{}\n--- rules\n{}", text::directory(&self.world), self.rules)
    }

    /// Tries one pair of backend states.
    pub(crate) async fn case(&mut self) -> Result<(), String> {
        let viewer = self.dice.pick(&self.world.viewers).clone();
        let route = self.dice.pick(&self.world.routes).clone();
        let chosen = self.chosen(&viewer);
        let style = *self.dice.pick(&[Style::Compact, Style::Spaced, Style::Indented]);
        let body = body::body(&mut self.dice, &self.world, &route);
        let seen = oracle::view(&self.world, &viewer, chosen.as_deref(), &route, &body);
        let (one, other) = if self.dice.chance(5) {
            // Whatever an error says, the answer to it says nothing.
            let status = *self.dice.pick(&[400, 403, 404, 409, 500, 503]);
            self.tally.one("error of the backend");
            let body = |dice: &mut Dice| Some(body::value(dice, 2));
            (Side { status, body: body(&mut self.dice) }, Side { status, body: body(&mut self.dice) })
        } else if seen.is_none() && self.dice.chance(40) {
            self.tally.one("hidden or missing record");
            (Side { status: 200, body: Some(body) }, Side { status: 404, body: None })
        } else {
            let other = self.vary(&viewer, chosen.as_deref(), &route, &body, seen.as_ref());
            (Side { status: 200, body: Some(body) }, Side { status: 200, body: Some(other) })
        };
        let method = if self.dice.chance(8) { Method::HEAD } else { Method::GET };
        let (first, sent) = self.ask(&viewer, chosen.as_deref(), &route, &one, (style, &method)).await;
        let (second, also_sent) =
            self.ask(&viewer, chosen.as_deref(), &route, &other, (style, &method)).await;
        self.count(&viewer, chosen.as_deref(), &route, &first, sent != also_sent);
        let story = || {
            format!(
                "{viewer:?} chose {chosen:?}, {method} /{}\n--- one\n{sent}\n--- other\n{also_sent}\n--- got\n{}\n{:?}\n\
                 --- got of the other\n{}\n{:?}\n--- oracle\n{}\n",
                route.name,
                first.text(),
                first.headers,
                second.text(),
                second.headers,
                seen.as_ref().map_or("missing".to_owned(), Node::compact)
            )
        };
        if first != second {
            return Err(format!("interference: {}", story()));
        }
        if !first.whole {
            return Err(format!("cut: {}", story()));
        }
        if one.status == 200 && method == Method::GET && self.leak == Leak::None {
            self.agrees(&viewer, &route, &first, seen.as_ref())
                .map_err(|why| format!("{why}: {}", story()))?;
        }
        Ok(())
    }

    /// Whether the answer is what the oracle says.
    fn agrees(
        &mut self,
        viewer: &Viewer,
        route: &Route,
        answer: &Answer,
        seen: Option<&Node>,
    ) -> Result<(), String> {
        if route.section != "any" && !viewer.opens(route.section) {
            let refused = (400..500).contains(&answer.status);
            return if refused { Ok(()) } else { Err("a closed section was opened".to_owned()) };
        }
        let Some(seen) = seen else {
            return if answer.status == 404 {
                Ok(())
            } else {
                Err("not the answer for a missing record".to_owned())
            };
        };
        let got = Node::parse(&answer.body).map_err(|error| format!("not JSON: {error}"))?;
        if answer.status != 200 {
            return Err("refused".to_owned());
        }
        // The key of hashes is not the oracle's to know.
        if seen.compact().contains(HASH) {
            return Ok(());
        }
        self.tally.one("answers compared with the oracle");
        if got.compact() == seen.compact() { Ok(()) } else { Err("not what the oracle says".to_owned()) }
    }

    fn chosen(&mut self, viewer: &Viewer) -> Option<String> {
        let all: Vec<String> = self.world.projects.iter().map(|(id, _)| id.clone()).collect();
        let choices = if viewer.everything { &all } else { &viewer.projects };
        (!choices.is_empty() && self.dice.chance(20)).then(|| self.dice.pick(choices).clone())
    }

    /// Another body of which the viewer sees the same.
    fn vary(
        &mut self,
        viewer: &Viewer,
        chosen: Option<&str>,
        route: &Route,
        body: &Node,
        seen: Option<&Node>,
    ) -> Node {
        let mut varied = body.clone();
        for _ in 0..25 {
            let mut tried = varied.clone();
            for _ in 0..1 + self.dice.below(2) {
                body::change(&mut self.dice, &self.world, &mut tried);
            }
            if oracle::view(&self.world, viewer, chosen, route, &tried).as_ref() == seen {
                varied = tried;
            }
        }
        varied
    }

    async fn ask(
        &mut self,
        viewer: &Viewer,
        chosen: Option<&str>,
        route: &Route,
        side: &Side,
        (style, method): (Style, &Method),
    ) -> (Answer, String) {
        let path = format!("/{}", route.name);
        let sent = side
            .body
            .as_ref()
            .map_or(r#"{"message":"no such record"}"#.to_owned(), |body| body::text(body, style));
        let reply = self.framed(&sent).await.status(side.status);
        self.backend.answer(&path, reply);
        let cordon = &self.cordon;
        let client = self.clients.entry(viewer.login.clone()).or_insert_with(|| cordon.client(&viewer.login));
        let headers: Vec<(&str, &str)> = chosen.iter().map(|&project| ("x-project", project)).collect();
        let answer = client.send(method.clone(), &path, &headers, bytes::Bytes::new()).await;
        (answer.undated(), sent)
    }

    /// A body as a backend may send it, among headers that tell of it.
    async fn framed(&mut self, text: &str) -> Reply {
        let dice = &mut self.dice;
        let gzip = dice.chance(25);
        let bytes = if gzip { compress(text).await } else { text.as_bytes().to_vec() };
        let mut reply = if dice.chance(50) {
            let mut parts = Vec::new();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (part, after) = rest.split_at((1 + dice.below(400)).min(rest.len()));
                parts.push(Part::Bytes(part.to_vec().into()));
                rest = after;
            }
            self.tally.one("chunked");
            Reply::parts(parts)
        } else {
            Reply::json(bytes)
        };
        if gzip {
            self.tally.one("gzip");
            reply = reply.header("content-encoding", "gzip");
        }
        for name in [
            "etag",
            "x-total-count",
            "set-cookie",
            "last-modified",
            "link",
            "server",
            "x-request-cost",
            "vary",
        ] {
            if dice.chance(30) {
                reply = reply.header(name, &format!("\"{}\"", dice.number()));
            }
        }
        reply
    }

    fn count(&mut self, viewer: &Viewer, chosen: Option<&str>, route: &Route, answer: &Answer, differ: bool) {
        let tally = &mut self.tally;
        tally.one("cases");
        if route.section != "any" && !viewer.opens(route.section) {
            return tally.one("closed section");
        }
        match answer.status {
            200 if answer.body.is_empty() => tally.one("HEAD"),
            200 => tally.one("answers 200"),
            404 => tally.one("answers for a missing record"),
            _ => {}
        }
        if !differ {
            return;
        }
        let mut when = |holds: bool, what| {
            if holds {
                tally.one(what);
            }
        };
        when(true, "bodies that differ");
        when(chosen.is_some(), "chosen project");
        when(viewer.everything, "see-everything");
        when(viewer.unmasked, "see-masked-fields");
        when(viewer.lists_projects, "list-projects");
        when(viewer.projects.is_empty() && !viewer.everything, "no project");
        when(!route.totals.is_empty(), "total");
        let kinds: Vec<_> = route.sets.iter().map(|(_, kind, _)| &self.world.kinds[*kind]).collect();
        let inner = || kinds.iter().flat_map(|kind| &kind.records);
        let fields = || kinds.iter().flat_map(|kind| &kind.fields).map(|group| &group.layout);
        let masks = || kinds.iter().flat_map(|kind| &kind.masks).map(|(_, mask, _)| mask);
        let whose: Vec<&Whose> = kinds
            .iter()
            .map(|kind| &kind.whose)
            .chain(inner().filter_map(|inner| inner.whose.as_ref()))
            .collect();
        let places = || {
            whose.iter().filter_map(
                |whose| {
                    if let Whose::Places(places) = whose { Some(places) } else { None }
                },
            )
        };
        when(places().any(|places| places.len() > 1), "several candidates");
        when(places().flatten().any(|place| place.object.is_some()), "object");
        when(places().flatten().any(|place| place.path.up > 0), "the record around");
        when(whose.iter().any(|whose| matches!(whose, Whose::Caller)), "caller's records");
        when(whose.iter().any(|whose| matches!(whose, Whose::Everyone)), "everyone's records");
        when(whose.iter().any(|whose| matches!(whose, Whose::Outer)), "outer's records");
        when(inner().count() > 0, "nested sets");
        when(fields().any(|layout| matches!(layout, Layout::Members)), "members");
        when(fields().any(|layout| matches!(layout, Layout::Columns)), "columns");
        when(fields().any(|layout| matches!(layout, Layout::Entries { .. })), "entries");
        when(masks().any(|mask| matches!(mask, Mask::Hash)), "mask: hash");
        when(masks().any(|mask| matches!(mask, Mask::KeepLast(_))), "mask: keep-last");
        when(kinds.iter().any(|kind| kind.tile.is_some()), "tile");
        let descends = |paths: &[Path]| paths.iter().any(body::descends);
        when(kinds.iter().any(|kind| descends(&kind.keep)), "descendants");
    }
}

async fn compress(text: &str) -> Vec<u8> {
    use tokio::io::AsyncWriteExt;
    let mut encoder = async_compression::tokio::write::GzipEncoder::new(Vec::new());
    encoder.write_all(text.as_bytes()).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

/// The rules, with every total kept as the backend sends it.
fn totals_kept(rules: &str) -> String {
    let lines = rules.lines().map(|line| match line.strip_prefix("total = ") {
        None => line.to_owned(),
        // `keep_all` may stand there already: totals go by another name.
        Some(totals) => {
            let paths: Vec<&str> =
                totals.split("path = ").skip(1).filter_map(|rest| rest.split('"').nth(1)).collect();
            format!("#totals {paths:?}")
        }
    });
    let mut text = String::new();
    let mut kept = None;
    for line in lines {
        if line.starts_with("keep = ") {
            kept = Some(text.len());
        }
        if line.starts_with("[[") || line.starts_with('[') {
            kept = None;
        }
        match line.strip_prefix("#totals [") {
            None => text += &(line + "\n"),
            Some(paths) => match kept {
                Some(at) => {
                    text.insert_str(at + "keep = [".len(), &format!("{}, ", paths.trim_end_matches(']')));
                }
                None => text += &format!("keep = [{paths}\n"),
            },
        }
    }
    text
}

/// The rules, with records that belong to projects belonging to everyone.
fn everyone(rules: &str) -> String {
    let lines = rules.lines().map(|line| {
        // A tile is of a kind whose records belong to projects.
        if line.starts_with("project = [") { "project = \"everyone\"" } else { line }
    });
    lines.filter(|line| !line.starts_with("tile = ")).fold(String::new(), |text, line| text + line + "\n")
}
