//! Whatever is changed, the tables hold what memory holds, and the log leads there.

use cordon_directory::model::{Field, Group, ObjectKind, Role, Sections, Token, User};
use cordon_directory::{ChangeError, Draft, Key, Object, Project, Record, RecordKind, Rights, State};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use crate::on_both;
use crate::place::{Place, change, records, settings};

on_both!(any_sequence_of_changes_is_kept);

/// Changes of one sequence.
const CHANGES: usize = 150;

async fn any_sequence_of_changes_is_kept(place: Place) {
    let seed =
        std::env::var("CORDON_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    eprintln!("CORDON_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let store = place.found().await;
    let follower = place.open().await;
    let (mut made, mut refused) = (0, 0);
    for number in 1..=CHANGES {
        let before = records(&store);
        let steps = random.random_range(1..6);
        let mut fork = StdRng::seed_from_u64(random.random());
        match change(&store, |draft| (0..steps).for_each(|_| step(draft, &mut fork))).await {
            Ok(_) => made += 1,
            Err(ChangeError::Refused(_)) => {
                refused += 1;
                assert_eq!(records(&store), before);
            }
            Err(other) => panic!("change {number}: {other:?}"),
        }
        if number % 15 == 0 {
            assert_eq!(records(&place.open().await), records(&store), "after change {number}");
            store.verify(None).await.unwrap();
        }
    }
    assert!(made > CHANGES / 4 && refused > 0, "{made} made, {refused} refused");
    let last = store.current().change();
    crate::place::until("the last change", || follower.current().change() == last).await;
    assert_eq!(records(&follower), records(&store));
}

/// One step, often against the rules.
fn step(draft: &mut Draft, random: &mut StdRng) {
    let state = draft.state().clone();
    match random.random_range(0..14) {
        0 | 1 => draft.put(Record::Project(Project {
            description: random.random_bool(0.3).then(|| "line\nline \"quoted\" \\ {}".to_owned()),
            aliases: list(random, "alias"),
            archived: random.random_bool(0.1),
            ..Project::new(&id(random, "p"), &name(random))
        })),
        2 => draft.put(Record::Role(Role {
            name: id(random, "Role ").into(),
            rights: Rights {
                see_fields: random.random(),
                list_projects: random.random(),
                ..Rights::default()
            },
            sections: match random.random() {
                true => Sections::All,
                false => Sections::these(list(random, "section").iter().map(ToString::to_string).collect()),
            },
        })),
        3 => draft.put(Record::Group(Group {
            aliases: list(random, "alias"),
            projects: projects(random, &state),
            ..Group::new(&id(random, "g"), &name(random))
        })),
        4 | 5 => draft.put(Record::User(User {
            aliases: list(random, "alias"),
            groups: some(random, state.groups().map(|group| group.id.clone()).collect()),
            roles: some(random, state.roles().map(|role| role.name.clone()).collect()),
            projects: projects(random, &state),
            subjects: list(random, "subject"),
            ..User::new(&id(random, "u"), &name(random))
        })),
        6 => draft.put(Record::Token(Token::issue(&id(random, "u"), Some("phone"), state.salt()).1)),
        7 => draft.put(Record::Field(Field {
            kind: if random.random() { "contact".into() } else { "deal".into() },
            name: name(random),
            projects: projects(random, &state),
            system: random.random_bool(0.2),
            hidden: random.random(),
            unique: random.random(),
            ..Field::new(&id(random, "f"))
        })),
        8 => draft.put(Record::ObjectKind(ObjectKind {
            name: id(random, "kind").into(),
            single_project: random.random(),
        })),
        9 | 10 => {
            let kinds: Vec<_> = state.object_kinds().map(|kind| kind.name.clone()).collect();
            draft.put(Record::Object(Object {
                name: random.random::<bool>().then(|| name(random).into()),
                projects: projects(random, &state),
                gone: random.random(),
                ..Object::new(&pick(random, &kinds), &id(random, ""))
            }));
        }
        11 => draft.enhance(),
        12 if random.random_bool(0.3) => draft.simplify(),
        12 => draft.put(settings(cordon_directory::Security::Enhanced)),
        _ => {
            let keys: Vec<Key> = state.records().map(|record| record.key()).collect();
            let keys: Vec<Key> = keys.into_iter().filter(|key| key.kind != RecordKind::Settings).collect();
            draft.remove(&pick(random, &keys));
        }
    }
}

fn id(random: &mut impl Rng, prefix: &str) -> String {
    format!("{prefix}{}", random.random_range(0..6))
}

/// Some differ by case only.
fn name(random: &mut impl Rng) -> String {
    let name = ["North", "NORTH", "Süd", "имя", "West 'quoted'"][random.random_range(0..5)];
    format!("{name} {}", random.random_range(0..20))
}

fn list(random: &mut impl Rng, prefix: &str) -> Vec<std::sync::Arc<str>> {
    let mut numbers: Vec<u32> = (0..random.random_range(0..4)).map(|_| random.random_range(0..30)).collect();
    numbers.dedup();
    numbers.iter().map(|number| format!("{prefix}{number}").into()).collect()
}

fn some(random: &mut impl Rng, all: Vec<std::sync::Arc<str>>) -> Vec<std::sync::Arc<str>> {
    let mut chosen: Vec<_> = all.into_iter().filter(|_| random.random_bool(0.3)).collect();
    if random.random() {
        chosen.reverse();
    }
    chosen
}

fn projects(random: &mut impl Rng, state: &State) -> cordon_directory::Projects {
    let most = random.random_range(0..3);
    state
        .projects()
        .map(|project| project.id.clone())
        .filter(|_| random.random_bool(0.4))
        .take(most)
        .collect()
}

fn pick<T: Clone>(random: &mut impl Rng, from: &[T]) -> T {
    from[random.random_range(0..from.len())].clone()
}
