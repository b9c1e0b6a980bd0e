//! Where two snapshots tell the same version, they answer alike; and what is kept of a user holds only as long as what
//! it was made of. Directories change at random, and in several ways from the same one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::HashMap;

use cordon_directory::model::{ObjectKind, Salt, User};
use cordon_directory::{
    Draft, Field, Group, Key, Object, Project, Record, RecordKind, Rights, Role, Sections, Security,
    Snapshot, State,
};
use proptest::prelude::*;

const NUMBERS: usize = 4;

/// What is asked of each snapshot. Ids `x…` are aliases.
fn questions() -> Vec<(&'static str, String)> {
    let kinds = ["fields", "kinds", "project", "user", "group", "field", "queue", "list", "own"];
    let ids = (0..NUMBERS).flat_map(|number| {
        let names = ["p", "u", "g", "f", "o", "x"];
        names.into_iter().map(move |name| format!("{name}{number}"))
    });
    let ids: Vec<String> = ids.chain(["contact".to_owned(), "deal".to_owned()]).collect();
    kinds.iter().flat_map(|kind| ids.iter().map(|id| (*kind, id.clone()))).collect()
}

/// The version and the answer.
fn ask(snapshot: &Snapshot, kind: &str, id: &str) -> (u64, String) {
    match kind {
        "fields" => (snapshot.fields_version(id), format!("{:?}", snapshot.fields(id))),
        "kinds" => {
            let answers = ["queue", "list", "own"].map(|kind| snapshot.single_project(kind));
            (snapshot.kinds_version(), format!("{answers:?}"))
        }
        kind => (snapshot.projects_version(kind, id), format!("{:?}", snapshot.projects_of(kind, id))),
    }
}

/// A change: what kind of thing, its number, other numbers, and flags.
type Step = (usize, usize, Vec<usize>, bool, bool);

fn edit(draft: &mut Draft, (what, number, others, flag, take): &Step) {
    let ids = |name: &str| others.iter().map(|other| format!("{name}{other}")).collect::<Vec<_>>();
    let shared = |name: &str| ids(name).into_iter().map(Into::into).collect();
    let aliases = || if *flag { vec![format!("x{number}").into()] } else { Vec::new() };
    let projects = || ids("p").into_iter().collect();
    let kind = if *flag { "contact" } else { "deal" };
    let record = match what {
        0 => {
            let id = format!("p{number}");
            let archived = others.contains(number);
            Record::Project(Project { archived, aliases: aliases(), ..Project::new(&id, &id) })
        }
        1 => {
            let rights = Rights { see_everything: *flag, ..Rights::default() };
            Record::Role(Role { name: format!("r{number}").into(), rights, sections: Sections::All })
        }
        2 => {
            let id = format!("g{number}");
            Record::Group(Group { projects: projects(), aliases: aliases(), ..Group::new(&id, &id) })
        }
        3 => {
            let login = format!("u{number}");
            Record::User(User {
                groups: shared("g"),
                roles: shared("r"),
                projects: projects(),
                aliases: aliases(),
                ..User::new(&login, &login)
            })
        }
        4 => {
            let field = Field::new(&format!("f{number}"));
            let system = others.is_empty();
            Record::Field(Field { kind: kind.into(), system, projects: projects(), ..field })
        }
        5 => Record::ObjectKind(ObjectKind { name: "own".into(), single_project: *flag }),
        _ => {
            let kind = ["queue", "list", "own"][what % 3];
            Record::Object(Object { projects: projects(), ..Object::new(kind, &format!("o{number}")) })
        }
    };
    match take {
        true => draft.remove(&record.key()),
        false => draft.put(record),
    }
}

/// Users' scopes, without and with each project chosen, as texts.
fn scopes(state: &State) -> Vec<String> {
    let snapshot = Snapshot::new(state.clone());
    let users = (0..NUMBERS).filter_map(|number| snapshot.user_by_login(&format!("u{number}")));
    let choices = (0..NUMBERS).map(|number| Some(format!("p{number}"))).chain([None]).collect::<Vec<_>>();
    users
        .flat_map(|user| choices.iter().map(move |chosen| (user.clone(), chosen)))
        .map(|(user, chosen)| format!("{user:?} {chosen:?} {:?}", snapshot.scope(&user, chosen.as_deref())))
        .collect()
}

/// The same directory, begun anew: nothing that was found out of it earlier is kept.
fn anew(state: &State) -> State {
    let mut anew = State::new(Security::Enhanced, Salt([0; 16]));
    state.records().for_each(|record| anew.apply(&record.key(), Some(record)));
    anew
}

fn step() -> impl Strategy<Value = Step> {
    let others = prop::collection::btree_set(0..NUMBERS, 0..3);
    let others = others.prop_map(|others| others.into_iter().collect());
    (0..9_usize, 0..NUMBERS, others, any::<bool>(), prop::bool::weighted(0.2))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_tells_the_same_version_answers_alike(
        steps in prop::collection::vec((step(), any::<prop::sample::Index>()), 20..40),
    ) {
        let mut versions = vec![State::new(Security::Enhanced, Salt([0; 16]))];
        let mut known: HashMap<(&str, String, u64), String> = HashMap::new();
        for (step, from) in &steps {
            // Mostly one after the other, now and then from an earlier one.
            let last = versions.len() - 1;
            let from = if step.1 == 0 { from.index(versions.len()) } else { last };
            let mut draft = Draft::new(&versions[from]);
            edit(&mut draft, step);
            let Ok((state, _)) = draft.finish() else { continue };
            prop_assert_eq!(scopes(&state), scopes(&anew(&state)));
            // What was found out of a later version is nothing to an earlier one.
            prop_assert_eq!(scopes(&versions[from]), scopes(&anew(&versions[from])));
            let snapshots = [Snapshot::new(state.clone()), Snapshot::new(anew(&state))];
            for snapshot in snapshots {
                for (kind, id) in questions() {
                    let (version, answer) = ask(&snapshot, kind, &id);
                    let earlier = known.entry((kind, id.clone(), version)).or_insert_with(|| answer.clone());
                    prop_assert_eq!(&*earlier, &answer, "{} {}", kind, id);
                }
            }
            versions.push(state);
        }
    }
}

/// Two snapshots, the later by one change.
fn two(change: impl FnOnce(&mut Draft)) -> (Snapshot, Snapshot) {
    let mut draft = Draft::new(&State::new(Security::Enhanced, Salt([0; 16])));
    for number in 0..NUMBERS {
        draft.put(Record::Project(Project::new(&format!("p{number}"), &format!("P{number}"))));
        draft.put(Record::Field(Field::new(&format!("f{number}"))));
        draft.put(Record::Object(Object::new("list", &format!("o{number}"))));
        draft.put(Record::User(User::new(&format!("u{number}"), "U")));
    }
    let (state, _) = draft.finish().unwrap();
    let mut draft = Draft::new(&state);
    change(&mut draft);
    (Snapshot::new(state), Snapshot::new(draft.finish().unwrap().0))
}

#[test]
fn what_did_not_change_keeps_its_version() {
    let (before, after) = two(|draft| draft.join(&Key::object("list", "o1"), "p1"));
    let differing = questions()
        .into_iter()
        .filter(|(kind, id)| ask(&before, kind, id).0 != ask(&after, kind, id).0)
        .count();
    // Others may share its place; that nearly all do would be no use.
    assert!((1..=3).contains(&differing), "{differing}");
    assert_ne!(before.projects_version("list", "o1"), after.projects_version("list", "o1"));

    let (before, after) = two(|draft| draft.join(&Key::field("contact", "f1"), "p1"));
    assert_ne!(before.fields_version("contact"), after.fields_version("contact"));
    assert_eq!(before.fields_version("deal"), after.fields_version("deal"));
    assert_eq!(before.kinds_version(), after.kinds_version());

    let (before, after) = two(|draft| draft.join(&Key::new(RecordKind::User, "u1"), "p1"));
    assert_eq!(before.fields_version("contact"), after.fields_version("contact"));
    assert_ne!(before.projects_version("user", "u1"), after.projects_version("user", "u1"));
}
