//! What must hold for every scope, directory and record: answers depend on nothing but their question, more
//! projects never show less, and plans can be carried out.

mod support;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use cordon_isolation::{Rules, judge, plan};
use cordon_policy_sdk::types::{
    Action, Edit, Field, Names, RecordSet, ResponsePlan, Rights, Scalar, Scope, Sections, Value, Verdict,
};
use cordon_policy_sdk::{Directory, TestDirectory};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use support::{page_rules, rewritten};

const PROJECTS: [&str; 4] = ["acme", "zeta", "nova", "kilo"];
const FIELDS: [&str; 5] = ["name", "phone", "email", "shoe_size", "note"];
const IDS: [&str; 6] = ["1", "2", "3", "12", "acme", "zeta"];
const OBJECTS: [&str; 4] = ["project", "queue", "script", "user"];
/// Routes of the page with a body to edit, and how many sets each has.
const ROUTES: [(&str, u32); 7] = [
    ("queues", 1),
    ("calls", 1),
    ("call", 1),
    ("contacts", 1),
    ("tickets", 2),
    ("projects", 2),
    ("session", 3),
];

fn projects() -> impl Strategy<Value = BTreeSet<&'static str>> {
    btree_set(prop::sample::select(&PROJECTS[..]), 0..=3)
}

fn directory() -> impl Strategy<Value = TestDirectory> {
    let object = (prop::sample::select(&OBJECTS[..]), prop::sample::select(&IDS[..]), projects());
    let field = (prop::sample::select(&FIELDS[..]), projects(), any::<bool>(), any::<bool>());
    (vec(object, 0..12), vec(field, 0..6)).prop_map(|(objects, fields)| {
        let mut directory = TestDirectory::new();
        for (kind, id, projects) in objects {
            directory = directory.object(kind, id, projects);
        }
        for (key, projects, system, hidden) in fields {
            directory = directory.field("contact", key, projects);
            directory = if system { directory.system_field("contact", key) } else { directory };
            directory = if hidden { directory.hiding("contact", key) } else { directory };
        }
        directory
    })
}

fn scope() -> impl Strategy<Value = Scope> {
    let rights = [Rights::SEE_EVERYTHING, Rights::LIST_PROJECTS, Rights::SEE_MASKED_FIELDS];
    let rights = prop::sample::subsequence(rights.to_vec(), 0..=3);
    let chosen = prop::option::weighted(0.3, prop::sample::select(&PROJECTS[..]));
    (projects(), rights, chosen).prop_map(|(mut projects, rights, chosen)| {
        let rights: Rights = rights.into_iter().collect();
        if !rights.contains(Rights::SEE_EVERYTHING) {
            projects.extend(chosen);
        }
        let scope = Scope::of(projects).with_rights(rights);
        Scope { chosen: chosen.map(str::to_owned), ..scope }
    })
}

fn scalar() -> impl Strategy<Value = Scalar> {
    let id = || prop::sample::select(&IDS[..]);
    prop_oneof![
        6 => id().prop_map(|id| Scalar::Text(id.to_owned())),
        6 => id().prop_map(|id| Scalar::Number(id.to_owned())),
        1 => Just(Scalar::Null),
        1 => any::<bool>().prop_map(Scalar::Boolean),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(Value::Absent),
        8 => scalar().prop_map(Value::One),
        3 => vec(scalar(), 0..4).prop_map(Value::Many),
        1 => Just(Value::Composite),
    ]
}

/// The page's rules, read once.
fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| Rules::read(&page_rules()).expect("the page's rules are right"))
}

fn sets_of(rules: &Rules, directory: &TestDirectory, scope: &Scope, route: &str) -> Vec<RecordSet> {
    match plan(rules, directory, scope, route).expect("the route exists").response {
        ResponsePlan::Edit(body) => body.sets,
        other => panic!("not edited: {other:?}"),
    }
}

/// A record with as many keys as asked for.
fn cut(record: &[Value], set: &RecordSet) -> Vec<Vec<Value>> {
    vec![record[..set.keys.len()].to_vec()]
}

/// What a verdict lets through, as a set of facts such as `keep $.id`. None: the record is dropped.
fn shown(set: &RecordSet, verdict: &Verdict) -> Option<BTreeSet<String>> {
    let profiles = match verdict {
        Verdict::Drop => return None,
        Verdict::Keep(profile) => vec![*profile],
        Verdict::KeepMerged(profiles) => profiles.clone(),
    };
    let edits = profiles.iter().flat_map(|profile| &set.profiles[*profile as usize]);
    let mut facts = BTreeSet::new();
    for Edit { path, action } in edits {
        match action {
            Action::Keep | Action::KeepAll => drop(facts.insert(format!("keep {path}"))),
            Action::Mask(_) => drop(facts.insert(format!("mask {path}"))),
            Action::Only(names) => facts.extend(named(path, names)),
            Action::Entries(entries) => facts.extend(named(path, &entries.names)),
            Action::Remove | Action::Recount(_) => {}
        }
    }
    Some(facts)
}

fn named(path: &str, names: &Names) -> Vec<String> {
    let kept = names.keep.iter().map(|name| format!("keep {path} {name}"));
    kept.chain(names.mask.iter().map(|masked| format!("mask {path} {}", masked.name))).collect()
}

/// A directory that remembers that it was asked.
struct Watched<'a> {
    directory: &'a TestDirectory,
    objects: std::cell::Cell<u32>,
}

impl Directory for Watched<'_> {
    fn fields(&self, kind: &str) -> Vec<Field> {
        self.directory.fields(kind)
    }

    fn projects_of(&self, kind: &str, id: &str) -> Option<Vec<String>> {
        self.objects.set(self.objects.get() + 1);
        self.directory.projects_of(kind, id)
    }

    fn single_project(&self, kind: &str) -> bool {
        self.objects.set(self.objects.get() + 1);
        self.directory.single_project(kind)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_is_judged_alike_alone_and_in_any_company(
        directory in directory(),
        scope in scope(),
        records in vec(vec(value(), 3), 1..12),
        route in prop::sample::select(&ROUTES[..]),
    ) {
        let rules = rules();
        for (number, set) in (0..route.1).zip(sets_of(rules, &directory, &scope, route.0)) {
            let cut: Vec<Vec<Value>> = records.iter().map(|record| record[..set.keys.len()].to_vec()).collect();
            let together = judge(rules, &directory, &scope, route.0, number, &cut).expect("verdicts");
            for (record, verdict) in cut.iter().zip(&together) {
                let alone = judge(rules, &directory, &scope, route.0, number, std::slice::from_ref(record));
                prop_assert_eq!(&alone.expect("a verdict")[0], verdict);
            }
        }
    }

    #[test]
    fn a_plan_reads_fields_only_and_is_the_same_every_time(directory in directory(), scope in scope()) {
        let rules = rules();
        let again = rules.clone();
        for (route, _) in ROUTES {
            let watched = Watched { directory: &directory, objects: 0.into() };
            let first = plan(rules, &watched, &scope, route);
            prop_assert_eq!(&first, &plan(&again, &directory, &scope, route));
            prop_assert_eq!(watched.objects.get(), 0);
            let sections = Scope { sections: Sections::These(Vec::new()), ..scope.clone() };
            prop_assert_eq!(&first, &plan(rules, &directory, &sections, route));
        }
    }

    #[test]
    fn a_project_more_never_hides_and_a_project_less_never_shows(
        directory in directory(),
        scope in scope(),
        more in prop::sample::select(&PROJECTS[..]),
        record in vec(value(), 3),
        route in prop::sample::select(&ROUTES[..]),
    ) {
        let rules = rules();
        let names = scope.projects.iter().map(String::as_str).chain([more]);
        let wider = Scope { projects: Scope::of(names).projects, ..scope.clone() };
        let narrow = sets_of(rules, &directory, &scope, route.0);
        let wide = sets_of(rules, &directory, &wider, route.0);
        for (number, (less, more)) in (0..route.1).zip(narrow.iter().zip(&wide)) {
            let verdict = |scope: &Scope, set: &RecordSet| {
                let verdicts = judge(rules, &directory, scope, route.0, number, &cut(&record, set));
                shown(set, &verdicts.expect("a verdict")[0])
            };
            if let Some(less) = verdict(&scope, less) {
                let more = verdict(&wider, more);
                prop_assert!(more.is_some_and(|more| more.is_superset(&less)));
            }
        }
    }

    #[test]
    fn nobody_without_rights_sees_a_record_that_names_none_of_their_projects(
        directory in directory(),
        projects in projects(),
        record in vec(value(), 3),
    ) {
        let rules = rules();
        let scope = Scope::of(projects);
        let verdict = judge(rules, &directory, &scope, "calls", 0, std::slice::from_ref(&record));
        if verdict.expect("a verdict")[0] == Verdict::Drop {
            return Ok(());
        }
        // Written anew from the page's words: the first place that holds something, and no other.
        let there = |value: &Value| match value {
            Value::Absent | Value::One(Scalar::Null) => false,
            Value::One(scalar) => *scalar != Scalar::Text(String::new()),
            Value::Many(scalars) => !scalars.is_empty(),
            Value::Composite => true,
        };
        let place = record.iter().position(there).expect("a place is there");
        let kind = ["project", "queue", "script"][place];
        let named = match &record[place] {
            Value::One(scalar) => vec![scalar.clone()],
            Value::Many(scalars) => scalars.clone(),
            other => panic!("{other:?} names nothing"),
        };
        let mine = named.iter().any(|scalar| match scalar {
            Scalar::Text(id) | Scalar::Number(id) => {
                let owners = directory.projects_of(kind, id).unwrap_or_default();
                let sound = owners.len() < 2 || kind == "project";
                sound && owners.iter().any(|owner| scope.projects.contains(owner))
            }
            _ => false,
        });
        prop_assert!(mine);
    }

    #[test]
    fn every_plan_can_be_carried_out(directory in directory(), scope in scope()) {
        let rules = rules();
        for (route, _) in ROUTES {
            let ResponsePlan::Edit(body) = plan(rules, &directory, &scope, route).expect("a plan").response else {
                panic!("not edited");
            };
            prop_assert!(cordon_rewrite::Plan::compile(rewritten(body)).is_ok());
        }
    }
}
