//! Response shapes of real systems (Twilio, Intercom, Bitrix24) behind Cordon, with rules written for them. Their
//! examples hold a record or two: each is multiplied, every text in it is marked with the copy and the place it stands
//! in, and the copies are given to projects. What callers get is compared with an oracle, and searched for marks that
//! they must not see.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "shapes/bitrix24.rs"]
mod bitrix24_shapes;
#[path = "shapes/intercom.rs"]
mod intercom_shapes;
#[path = "shapes/table.rs"]
mod table;
#[path = "shapes/twilio.rs"]
mod twilio_shapes;

use cordon_tests::json::{Member, Node};
use cordon_tests::lens::{Field, Show, Viewer, map_elements, map_members, pick, show};
use cordon_tests::{Answer, Backend, Client, Cordon, DirectoryText, Reply, external};

use crate::bitrix24_shapes::BITRIX24;
use crate::intercom_shapes::INTERCOM;
use crate::table::{Mask, Owners, Shape};
use crate::twilio_shapes::TWILIO;

/// Copies of each shape's records; the owners of a shape take turns.
const COPIES: usize = 12;

#[tokio::test]
async fn twilio() {
    check("twilio", include_str!("rules/twilio.toml"), TWILIO).await;
}

#[tokio::test]
async fn intercom() {
    check("intercom", include_str!("rules/intercom.toml"), INTERCOM).await;
}

#[tokio::test]
async fn bitrix24() {
    check("bitrix24", include_str!("rules/bitrix24.toml"), BITRIX24).await;
}

#[allow(clippy::print_stdout, reason = "a test says how much it has looked at")]
async fn check(system: &str, rules: &str, shapes: &[Shape]) {
    let Some(folder) = external::shared("shapes") else {
        return;
    };
    let backend = Backend::start().await;
    let viewers = viewers();
    let cordon = Cordon::start(rules, &directory(&viewers), backend.address()).await;
    let (mut checks, mut marks) = (0, 0);
    for shape in shapes {
        let file = folder.join(system).join(shape.file);
        let example = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let example = Node::parse(&example).unwrap();
        let scene = Scene::new(shape, &example);
        scene.has_what_is_hidden();
        for viewer in &viewers {
            let mut client = cordon.client(&viewer.login);
            for (path, body) in &scene.bodies {
                backend.answer(path, Reply::json(body.compact()));
                let answer = ask(shape, &mut client, path).await;
                scene.compare(viewer, body, &answer);
                marks += scene.search(viewer, &answer);
                checks += 1;
            }
        }
    }
    println!("{system}: {} shapes, {checks} answers, {marks} marks searched for", shapes.len());
}

async fn ask(shape: &Shape, client: &mut Client, path: &str) -> Answer {
    let answer = match shape.posted {
        true => client.post(path, &serde_json::json!({ "query": "any" })).await,
        false => client.get(path).await,
    };
    assert!(answer.whole);
    answer
}

fn viewers() -> Vec<Viewer> {
    vec![
        Viewer::new("anna", &["acme"]),
        Viewer::new("bert", &["acme", "brio"]),
        Viewer::new("cora", &["core"]),
        Viewer::new("none", &[]),
        Viewer { unmasked: true, ..Viewer::new("hana", &["brio"]) },
        Viewer { everything: true, unmasked: true, ..Viewer::new("root", &[]) },
    ]
}

/// The contact fields of a kind: `!` are hidden ones.
fn fields(of: &str) -> Vec<Field> {
    match of {
        "contact" => vec![
            Field::new("UF_CRM_1720697698689", &["acme"]),
            Field::new("BIRTHDATE", &["brio"]),
            Field::new("COMMENTS!", &["acme", "brio"]),
            Field::new("POST", &[]),
        ],
        "multi" => {
            vec![Field::new("PHONE!", &["*"]), Field::new("EMAIL", &["brio"]), Field::new("IM", &["acme"])]
        }
        "attribute" => {
            vec![
                Field::new("plan", &["acme"]),
                Field::new("shoe", &["brio"]),
                Field::new("pin!", &["acme", "brio"]),
            ]
        }
        _ => vec![Field::new("_default_title_", &["acme"]), Field::new("_default_description_!", &["*"])],
    }
}

fn directory(viewers: &[Viewer]) -> String {
    let mut text = DirectoryText::default()
        .object_kind("company")
        .object_kind("pipeline")
        .project("acme", &["ACacme", "41"])
        .project("brio", &["ACbrio", "42"])
        .project("core", &["ACcore", "43"]);
    for viewer in viewers {
        let rights: &[&str] = match (viewer.everything, viewer.unmasked) {
            (true, _) => &["see-everything", "see-masked-fields"],
            (false, true) => &["see-masked-fields"],
            (false, false) => &[],
        };
        let projects: Vec<&str> = viewer.projects.iter().map(String::as_str).collect();
        let role = format!("role of {}", viewer.login);
        text = text.role(&role, rights, None).user(&viewer.login, &role, &projects);
    }
    text = text.role("worker", &[], None);
    for (id, projects) in Owners::Several.known() {
        text = text.user(&format!("worker {id}"), "worker", projects).called(&[id]);
        for kind in ["phone", "company", "pipeline"] {
            text = text.object(kind, id, projects);
        }
    }
    for (id, projects) in Owners::One.known() {
        text = text.object("queue", id, projects);
    }
    for of in ["contact", "multi", "attribute", "ticket"] {
        for field in fields(of) {
            let projects: Vec<&str> = field.projects.iter().map(String::as_str).collect();
            let flags = [(field.system, "system"), (field.hidden, "hidden")];
            let flags: Vec<&str> = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| *flag).collect();
            text = text.field(of, &field.key, &projects, &flags);
        }
    }
    text.text().to_owned()
}

/// A shape with its copies.
struct Scene<'a> {
    shape: &'a Shape,
    copies: Vec<Copied>,
    /// What the backend answers, by path: one list, or one record each.
    bodies: Vec<(String, Node)>,
}

struct Copied {
    record: Node,
    projects: Vec<String>,
}

impl<'a> Scene<'a> {
    fn new(shape: &'a Shape, example: &Node) -> Scene<'a> {
        let place = example.at(shape.records).expect("the records are where the table says");
        let templates = if shape.list { place.elements() } else { std::slice::from_ref(place) };
        let copies: Vec<Copied> = (0..COPIES)
            .map(|copy| {
                let mut record = templates[copy % templates.len()].clone();
                (shape.prepare)(&mut record);
                mark(&mut record, copy);
                let owners = shape.owners.known();
                // One in five belongs to nobody that the directory knows.
                let (id, projects) = match copy % 5 {
                    4 => ("999", &[][..]),
                    turn => owners[turn % owners.len()],
                };
                own(&mut record, shape.owner, id);
                let projects = projects.iter().map(|&project| project.to_owned()).collect();
                Copied { record, projects }
            })
            .collect();
        let with = |value: Node| {
            let mut body = example.clone();
            match body.at_mut(shape.records) {
                Some(place) => *place = value,
                None => body = value,
            }
            body
        };
        let bodies = if shape.list {
            let records = copies.iter().map(|copy| copy.record.clone()).collect();
            vec![(shape.path.to_owned(), with(Node::Array(records)))]
        } else {
            let single = |(index, copy): (usize, &Copied)| {
                (shape.path.replace("{id}", &index.to_string()), with(copy.record.clone()))
            };
            copies.iter().enumerate().map(single).collect()
        };
        Scene { shape, copies, bodies }
    }

    fn compare(&self, viewer: &Viewer, body: &Node, answer: &Answer) {
        let shape = self.shape;
        let what = format!("{} as {}", shape.file, viewer.login);
        let place = body.at(shape.records).unwrap();
        let left = if shape.list {
            Some(map_elements(place, |record| self.filter(viewer, record)))
        } else {
            self.filter(viewer, place)
        };
        let Some(left) = left else {
            assert_eq!((answer.status, answer.problem().as_deref()), (404, Some("not-found")), "{what}");
            return;
        };
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        let expected = if shape.records.is_empty() { left } else { outside(shape, body, &left) };
        assert_eq!(answer.text(), expected.compact(), "{what}");
    }

    /// What is left of a record, if it is one that the viewer may see.
    fn filter(&self, viewer: &Viewer, record: &Node) -> Option<Node> {
        let copy =
            self.copies.iter().find(|copy| copy.record == *record).expect("a record is one of the copies");
        viewer
            .sees(&copy.projects)
            .then(|| filter(self.shape, viewer, &viewer.through(&copy.projects), record))
    }

    /// A search finds nothing where nothing is: the backend does send what nobody gets.
    fn has_what_is_hidden(&self) {
        let sent: String = self.bodies.iter().map(|(_, body)| body.compact()).collect();
        for hidden in self.shape.hidden {
            assert!(sent.contains(&format!(".{hidden}~")), "{}: no text in `{hidden}`", self.shape.file);
        }
    }

    /// Whether marks of what the viewer must not see came; how many were looked for.
    fn search(&self, viewer: &Viewer, answer: &Answer) -> usize {
        let mut searched = 0;
        for (index, copy) in self.copies.iter().enumerate() {
            if !viewer.sees(&copy.projects) {
                assert!(
                    !answer.holds(&format!("~{index}.")),
                    "{} as {}: copy {index}",
                    self.shape.file,
                    viewer.login
                );
                searched += 1;
                continue;
            }
            for hidden in self.shape.hidden {
                let mark = format!("~{index}.{hidden}~");
                assert!(!answer.holds(&mark), "{} as {}: {mark}", self.shape.file, viewer.login);
                searched += 1;
            }
            let through = viewer.through(&copy.projects);
            for of in self.shape.fields {
                for field in fields(of) {
                    let foreign =
                        !field.system && field.projects.iter().all(|project| !through.contains(project));
                    if foreign && !viewer.everything {
                        let mark = format!("~{index}.{}~", field.key);
                        assert!(!answer.holds(&mark), "{} as {}: {mark}", self.shape.file, viewer.login);
                        searched += 1;
                    }
                }
            }
        }
        searched
    }
}

/// Marks every text with the copy and the nearest member's name.
fn mark(node: &mut Node, copy: usize) {
    fn texts(node: &mut Node, name: &str, copy: usize) {
        match node {
            Node::Scalar(_) => {
                if let Some(text) = node.as_str().filter(|text| !text.is_empty()) {
                    *node = Node::string(&format!("{text}~{copy}.{name}~"));
                }
            }
            Node::Array(elements) => elements.iter_mut().for_each(|element| texts(element, name, copy)),
            Node::Object(members) => members.iter_mut().for_each(|member| {
                // A list of values is marked with the field's name, not with its parts'.
                let name = if matches!(name, "PHONE" | "EMAIL" | "IM") { name } else { &member.name };
                texts(&mut member.value, name, copy);
            }),
        }
    }
    texts(node, "", copy);
}

/// Gives a record to an owner, as a number where the backend has numbers.
fn own(record: &mut Node, path: &str, id: &str) {
    if let Some(place) = record.at_mut(path) {
        let numeric =
            matches!(place, Node::Scalar(text) if text.starts_with(|first: char| first.is_ascii_digit()));
        *place = if numeric { Node::Scalar(id.to_owned()) } else { Node::string(id) };
        return;
    }
    record.set(path, Node::string(id));
}

fn outside(shape: &Shape, body: &Node, left: &Node) -> Node {
    map_members(body, |member| {
        let total = || Node::number(left.elements().len());
        match member.name.as_str() {
            name if name == shape.records => Some(left.clone()),
            name if shape.totals.contains(&name) => Some(total()),
            _ => pick(&Node::Object(vec![member.clone()]), shape.outside)
                .members()
                .first()
                .map(|kept| kept.value.clone()),
        }
    })
}

fn filter(shape: &Shape, viewer: &Viewer, through: &[String], record: &Node) -> Node {
    let object = |member: &Member| Node::Object(vec![member.clone()]);
    let first = |node: Node| node.members().first().map(|member| member.value.clone());
    map_members(record, |member| {
        if let Some((_, mask)) = shape.masks.iter().find(|(name, _)| *name == member.name) {
            return Some(mask.of(&member.value, viewer));
        }
        for of in shape.fields {
            if let Some(value) = field(of, viewer, through, member) {
                return value;
            }
        }
        let mut kept = first(pick(&object(member), shape.keep))?;
        for (path, mask) in shape.masks {
            // `a.b[].c`: masked in every entry of a list inside.
            if let Some((list, inner)) = path.split_once("[].") {
                mask_inside(
                    &mut kept,
                    &member.value,
                    list.strip_prefix(&member.name).unwrap_or("-"),
                    inner,
                    |value| mask.of(value, viewer),
                );
            }
        }
        Some(kept)
    })
}

/// Puts the masked value of `inner` into each entry of the list at `list`.
fn mask_inside(kept: &mut Node, all: &Node, list: &str, inner: &str, mask: impl Fn(&Node) -> Node) {
    let list = list.trim_start_matches('.');
    let (Some(Node::Array(kept)), Some(all)) = (kept.at_mut(list), all.at(list)) else {
        return;
    };
    for (entry, all) in kept.iter_mut().zip(all.elements()) {
        *entry = masked_at(all, entry, inner, &mask);
    }
}

/// `kept`, with the masked value at the path of names where `all` has one, in its order.
fn masked_at(all: &Node, kept: &Node, path: &str, mask: &dyn Fn(&Node) -> Node) -> Node {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    map_members(all, |member| match (member.name == name, kept.get(&member.name)) {
        (true, _) if rest.is_empty() => Some(mask(&member.value)),
        (true, Some(inner)) => Some(masked_at(&member.value, inner, rest, mask)),
        (_, other) => other.cloned(),
    })
}

/// What becomes of a member that is a contact field, or an object of such.
fn field(of: &str, viewer: &Viewer, through: &[String], member: &Member) -> Option<Option<Node>> {
    let known = fields(of);
    let shown = |name: &str| match show(&known, viewer, through, name) {
        Show::Gone if viewer.everything && known.iter().any(|field| field.key == name) => Show::Plain,
        shown => shown,
    };
    let value = |shown: Show, value: &Node| match shown {
        Show::Plain => Some(value.clone()),
        Show::Masked => Some(Node::string("****")),
        Show::Gone => None,
    };
    match (of, member.name.as_str()) {
        ("attribute", "custom_attributes") | ("ticket", "ticket_attributes") => {
            Some(Some(map_members(&member.value, |inner| value(shown(&inner.name), &inner.value))))
        }
        ("contact" | "multi", name) if known.iter().any(|field| field.key == name) => match (of, shown(name))
        {
            (_, Show::Gone) => Some(None),
            ("contact", shown) => Some(value(shown, &member.value)),
            (_, shown) => Some(Some(map_elements(&member.value, |entry| {
                Some(map_members(entry, |inner| match inner.name.as_str() {
                    "VALUE" => value(shown, &inner.value),
                    "VALUE_TYPE" => Some(inner.value.clone()),
                    _ => None,
                }))
            }))),
        },
        _ => None,
    }
}

impl Mask {
    fn of(&self, value: &Node, viewer: &Viewer) -> Node {
        match self {
            Mask::Always(text) => Node::string(text),
            _ if viewer.unmasked => value.clone(),
            Mask::Fixed(text) => Node::string(text),
            Mask::Null => Node::null(),
            Mask::KeepLast(last) => {
                let text: Vec<char> = value.plain().unwrap_or_default().chars().collect();
                let kept = if text.len() > *last { &text[text.len() - last..] } else { &[] };
                Node::string(&format!("****{}", kept.iter().collect::<String>()))
            }
        }
    }
}
