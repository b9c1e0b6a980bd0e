//! Contacts and calls, made from a seed.

use std::collections::BTreeMap;

use crate::catalog::{AUTODIALERS, FIELDS, LISTS, ObjectRow, PROJECTS, QUEUES, SCRIPTS, USERS};
use crate::dice::Dice;

/// The seed of the demo's data.
pub const SEED: u64 = 0x00c0_4d04;

const CONTACTS: u32 = 480;
const CALLS: u32 = 2_000;

/// First ids: calls and contacts are numbered from here.
const FIRST_CONTACT: u32 = 1_001;
const FIRST_CALL: u32 = 10_001;

/// Everything that changes or is too much to be written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// By id.
    pub contacts: BTreeMap<u32, Contact>,
    /// By id.
    pub calls: BTreeMap<u32, Call>,
}

/// Somebody who calls or is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// Unique.
    pub id: u32,
    /// Ids of the lists that the contact stands on; the projects follow from them. Some stand on none.
    pub lists: Vec<u32>,
    /// Contact fields by key. A contact may hold values of projects that it is no longer in.
    pub fields: BTreeMap<&'static str, String>,
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Unique.
    pub id: u32,
    /// Code of the project it belongs to, which the backend does not always send.
    pub project: &'static str,
    /// What the backend sends of the call's origin.
    pub attribution: Attribution,
    /// The contact, if one is attached.
    pub contact: Option<u32>,
    /// Id of the operator.
    pub operator: u32,
    /// The number of the other side.
    pub number: String,
    /// `in` or `out`.
    pub direction: &'static str,
    /// How it ended.
    pub result: &'static str,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// How long it lasted.
    pub duration_seconds: u32,
}

/// From what a call's project follows (D23).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribution {
    /// It names its project, by the backend's number, and the queue too.
    Project {
        /// Id of the project.
        project: u32,
        /// Id of the queue.
        queue: u32,
    },
    /// It names its queue only.
    Queue(u32),
    /// It names the autodialer only.
    Autodialer(u32),
    /// It names the script only.
    Script(u32),
}

impl Data {
    /// The data of a seed.
    pub fn generate(seed: u64) -> Data {
        let mut dice = Dice::new(seed);
        let contacts: Vec<Contact> = (0..CONTACTS).map(|number| contact(number, &mut dice)).collect();
        let by_project = PROJECTS.iter().map(|project| {
            let own = contacts.iter().filter(|contact| contact.projects().contains(&project.code));
            (project.code, own.collect())
        });
        let by_project = by_project.collect();
        let calls = (0..CALLS).map(|number| call(number, &by_project, &mut dice));
        let calls = calls.map(|call| (call.id, call)).collect();
        Data { calls, contacts: contacts.into_iter().map(|contact| (contact.id, contact)).collect() }
    }
}

impl Contact {
    /// Codes of the projects that the contact's lists lead to, sorted.
    pub fn projects(&self) -> Vec<&'static str> {
        let lists = LISTS.iter().filter(|list| self.lists.contains(&list.id));
        let mut projects: Vec<&str> = lists.flat_map(|list| list.projects.iter().copied()).collect();
        projects.sort_unstable();
        projects.dedup();
        projects
    }
}

const FIRST_NAMES: [&str; 16] = [
    "Ada",
    "Bruno",
    "Chiara",
    "Dmitri",
    "Elif",
    "Farid",
    "Greta",
    "Hugo",
    "Ирина",
    "Jan",
    "Katya",
    "Léon",
    "Mei",
    "Noor",
    "Ömer",
    "Paula",
];
const LAST_NAMES: [&str; 16] = [
    "Albers",
    "Bianchi",
    "Celik",
    "Dubois",
    "Evans",
    "Fischer",
    "García",
    "Hansen",
    "Ito",
    "Janssen",
    "Kaya",
    "Larsson",
    "Müller",
    "Novak",
    "O'Neill",
    "Смирнова",
];
const COMMENTS: [&str; 6] = [
    "prefers mornings",
    "asked for \"a human, please\"",
    "moved in January",
    "speaks Turkish and German",
    "do not mention the last call\nescalated once",
    "ring twice",
];

fn contact(number: u32, dice: &mut Dice) -> Contact {
    let id = FIRST_CONTACT + number;
    let home = dice.pick(&PROJECTS).code;
    let own: Vec<u32> =
        LISTS.iter().filter(|list| list.projects.contains(&home)).map(|list| list.id).collect();
    let mut lists = Vec::new();
    // Some walked in and stand on no list: they belong to nobody.
    if !dice.chance(4) {
        lists.push(*dice.pick(&own));
    }
    if dice.chance(10) {
        lists.push(dice.pick(&LISTS).id);
    }
    lists.sort_unstable();
    lists.dedup();
    let (first, last) = (dice.pick(&FIRST_NAMES), dice.pick(&LAST_NAMES));
    let mut fields = BTreeMap::from([
        ("name", format!("{first} {last}")),
        ("phone", format!("+49{}", dice.digits(10))),
        ("email", format!("contact{id}@mail.example")),
        ("legacy_score", dice.below(1_000).to_string()),
    ]);
    for field in FIELDS.iter().filter(|field| !field.projects.is_empty()) {
        // One in four holds a value of a project that is not theirs.
        if dice.chance(if field.projects.contains(&home) { 80 } else { 25 }) {
            fields.insert(field.key, field_value(field.key, dice));
        }
    }
    Contact { id, lists, fields }
}

fn field_value(key: &str, dice: &mut Dice) -> String {
    match key {
        "acme_loan_no" => format!("L-{}", dice.digits(8)),
        "acme_overdue" => dice.below(90).to_string(),
        "globex_policy" => format!("GX/{}/{}", 2_015 + dice.below(11), dice.digits(6)),
        "initech_badge" => format!("IT{}", dice.digits(5)),
        "umbrella_case" => format!("case {}", dice.digits(4)),
        "passport" => format!("C{}", dice.digits(8)),
        "card" => format!("4{}", dice.digits(15)),
        _ => (*dice.pick(&COMMENTS)).to_owned(),
    }
}

fn call(number: u32, contacts: &BTreeMap<&str, Vec<&Contact>>, dice: &mut Dice) -> Call {
    let id = FIRST_CALL + number;
    let project = dice.pick(&PROJECTS);
    let code = project.code;
    let of = |objects: &'static [ObjectRow], dice: &mut Dice| {
        let own: Vec<u32> = objects.iter().filter(|row| row.projects == [code]).map(|row| row.id).collect();
        *dice.pick(&own)
    };
    let (attribution, direction) = match dice.below(20) {
        0..8 => (Attribution::Project { project: project.id, queue: of(&QUEUES, dice) }, "in"),
        8..14 => (Attribution::Queue(of(&QUEUES, dice)), "in"),
        14..17 => (Attribution::Autodialer(of(&AUTODIALERS, dice)), "out"),
        _ => (Attribution::Script(of(&SCRIPTS, dice)), "out"),
    };
    let contact = if dice.chance(80) { Some(*dice.pick(&contacts[code])) } else { None };
    let operators: Vec<u32> =
        USERS.iter().filter(|user| user.projects.contains(&code)).map(|user| user.id).collect();
    let result = *dice.pick(&["answered", "answered", "answered", "busy", "no-answer"]);
    let number_called =
        contact.map_or_else(|| format!("+49{}", dice.digits(10)), |c| c.fields["phone"].clone());
    Call {
        id,
        project: code,
        attribution,
        contact: contact.map(|contact| contact.id),
        operator: *dice.pick(&operators),
        number: number_called,
        direction,
        result,
        started_at: started_at(number, dice),
        duration_seconds: if result == "answered" { 15 + dice.below(900) } else { 0 },
    }
}

/// Calls are spread over March 2026 in the order of their ids, each at some minute of its stretch of the month.
fn started_at(number: u32, dice: &mut Dice) -> String {
    let minutes = number * (31 * 24 * 60 / CALLS) + dice.below(20);
    let (day, hour, minute) = (1 + minutes / (24 * 60), minutes / 60 % 24, minutes % 60);
    format!("2026-03-{day:02}T{hour:02}:{minute:02}:{:02}Z", dice.below(60))
}
