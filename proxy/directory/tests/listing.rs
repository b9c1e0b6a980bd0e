//! What becomes of the objects that a backend lists (D7, D27), and what whoever changes memberships is told (D2, D20).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use cordon_directory::exchange::{Difference, Landing, Listed, Listing};
use cordon_directory::model::{Key, Salt};
use cordon_directory::{
    Advice, Change, Draft, Field, Group, Object, Project, Record, RecordKind, Security, State, Topic, User,
};

#[test]
fn new_ones_land_names_are_taken_and_gone_ones_keep_their_projects() {
    let state = state();
    let (state, changes, remarks) = taken(&state, &listing(&["7 Acme inbound acme", "8 Night 9", "9 Spare"]));
    assert_eq!(
        Difference(&changes).to_string(),
        "~ queue 1: gone – → yes\n\
         ~ queue 7: name – → Acme inbound\n\
         + queue 8: name Night; projects globex\n\
         + queue 9: name Spare; projects default\n"
    );
    assert_eq!(remarks, Vec::<String>::new());
    assert_eq!(state.projects_of("queue", "1").unwrap(), ["acme"]);
    // What is listed again comes back; what is there keeps its projects whatever the list says.
    let (state, changes, _) =
        taken(&state, &listing(&["1 One", "7 Acme_inbound globex", "8 Night 9", "9 Spare"]));
    assert_eq!(
        Difference(&changes).to_string(),
        "~ queue 1: gone yes → –; name – → One\n~ queue 7: name Acme inbound → Acme_inbound\n"
    );
    let (_, changes, _) = taken(&state, &listing(&["1 One", "7 Acme_inbound", "8 Night", "9 Spare"]));
    assert_eq!(changes, vec![]);
}

#[test]
fn what_cannot_go_where_it_should_goes_where_nobody_sees_it() {
    let state = state();
    let names = ["1 One", "7 Seven", "10 Ten nowhere", "11 Eleven old", "12 zero\u{200b}width"];
    let mut listing = listing(&names);
    listing.land = Landing::Unassigned;
    let (state, _, remarks) = taken(&state, &listing);
    for id in ["10", "11", "12"] {
        assert!(state.object("queue", id).unwrap().projects.is_empty());
    }
    assert_eq!(state.object("queue", "12").unwrap().name, None);
    assert_eq!(
        remarks,
        [
            "queue `10`: no project is called `nowhere`; it is in none",
            "queue `11`: its project `old` is archived; it is in none",
            "queue `12`: its name is not taken: `name` has a character that cannot be seen",
        ]
    );
}

#[test]
fn an_empty_list_and_one_that_contradicts_itself_change_nothing() {
    let state = state();
    let refused = |listing: &Listing| {
        let mut draft = Draft::new(&state);
        listing.apply(&mut draft);
        draft.finish().err().unwrap()[0].message.clone()
    };
    assert_eq!(refused(&listing(&[])), "the list has none, where there are 2");
    assert_eq!(refused(&listing(&["7 A", "7 B"])), "it is listed twice, with another name or project");
    assert_eq!(refused(&listing(&[" "])), "`id` is empty");
    let (_, changes, _) = taken(&state, &Listing { allow_empty: true, ..listing(&[]) });
    assert_eq!(changes.len(), 2);
    let mut unknown = listing(&["7 A"]);
    unknown.kind = "qeue".to_owned();
    assert_eq!(refused(&unknown), "`qeue` is no kind of object");
}

#[test]
fn whoever_shares_a_field_or_leaves_a_user_in_default_is_told() {
    let mut draft = Draft::new(&state());
    let olga = Key::new(RecordKind::User, "olga");
    let night = Key::new(RecordKind::Group, "night");
    let loan = Key::field("contact", "loan");
    for key in [&olga, &loan] {
        draft.join(key, "acme");
    }
    draft.join(&night, "globex");
    let (after, changes) = draft.finish().unwrap();
    let told: Vec<(Topic, String)> = Advice::of_changes(&after, &changes)
        .into_iter()
        .map(|advice| (advice.topic, advice.message))
        .collect();
    assert_eq!(
        told,
        [
            (
                Topic::StillInDefault,
                "`olga` is in acme, globex and still sees what is in Default; take them out of it when that is done"
                    .to_owned()
            ),
            (
                Topic::SharedField,
                "the contact field `loan` is shared by acme, default; what is written in one is seen in all".to_owned()
            ),
            (
                Topic::StillInDefault,
                "1 member(s) of `night` still see what is in Default; take them out of it when that is done".to_owned()
            ),
        ]
    );
    // Whoever is taken out, or put into Default alone, is no news.
    let mut draft = Draft::new(&after);
    draft.leave(&olga, "acme");
    let (after, changes) = draft.finish().unwrap();
    assert_eq!(Advice::of_changes(&after, &changes), vec![]);
}

/// Default, Acme, Globex (the backend's 9) and an archived one; queues 1 and 7 of Acme; Olga and a field in Default.
fn state() -> State {
    let mut draft = Draft::new(&State::new(Security::Simplified, Salt([1; 16])));
    draft.put(Record::User(User { groups: vec![], ..User::new("olga", "Olga") }));
    draft.put(Record::Field(Field { key: "loan".into(), ..Field::new("Loan") }));
    draft.enhance();
    draft.put(Record::Project(Project::new("acme", "Acme")));
    draft.put(Record::Project(Project { aliases: vec!["9".into()], ..Project::new("globex", "Globex") }));
    draft.put(Record::Project(Project { archived: true, ..Project::new("old", "Old") }));
    draft.put(Record::Group(Group::new("night", "Night shift")));
    let olga = draft.state().user("olga").unwrap().clone();
    draft.put(Record::User(User { groups: vec!["night".into()], ..olga }));
    for id in ["1", "7"] {
        draft.put(Record::Object(Object {
            projects: ["acme"].into_iter().collect(),
            ..Object::new("queue", id)
        }));
    }
    draft.finish().unwrap().0
}

/// Each object as `ID NAME PROJECT`; a name of two words has a project only behind a third.
fn listing(objects: &[&str]) -> Listing {
    let object = |text: &&str| {
        let mut words: Vec<&str> = text.split(' ').collect();
        let id = words.remove(0).to_owned();
        let known = ["acme", "globex", "9", "nowhere", "old"];
        let project = words
            .last()
            .filter(|word| words.len() > 1 && known.contains(word))
            .map(|word| (*word).to_owned());
        words.truncate(words.len() - usize::from(project.is_some()));
        Listed { id, name: Some(words.join(" ")), project }
    };
    Listing {
        kind: "queue".to_owned(),
        objects: objects.iter().map(object).collect(),
        land: Landing::Default,
        allow_empty: false,
    }
}

fn taken(state: &State, listing: &Listing) -> (State, Vec<Change>, Vec<String>) {
    let mut draft = Draft::new(state);
    let remarks = listing.apply(&mut draft).iter().map(ToString::to_string).collect();
    let (state, changes) = draft.finish().unwrap();
    (state, changes, remarks)
}
