//! What is exported can be read again and says the same; what is imported twice changes nothing; no text is too strange.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use cordon_directory::exchange::{Difference, Format, Import, Secrets, Sheet, export};
use cordon_directory::model::{Salt, Settings, Token, TokenDigest};
use cordon_directory::{
    Draft, Field, Group, Object, ObjectKind, Project, Projects, Record, RecordKind, Rights, Role, Sections,
    Security, Snapshot, State, User,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;

const SALT: Salt = Salt([7; 16]);
const WHOLE: [Format; 2] = [Format::Toml, Format::Json];
const SHEETS: [(Sheet, RecordKind); 3] = [
    (Sheet::Users, RecordKind::User),
    (Sheet::Fields, RecordKind::Field),
    (Sheet::Objects, RecordKind::Object),
];

proptest! {
    #[test]
    fn a_toml_export_is_a_directory_file(state in states()) {
        let text = export(&state, Format::Toml, Secrets::WithTokens);
        let snapshot = Snapshot::parse(&text).map_err(|problems| TestCaseError::fail(format!("{problems:?}\n{text}")))?;
        prop_assert_eq!(records(snapshot.state()), records(&state), "{}", text);
    }

    #[test]
    fn a_whole_export_makes_the_same_directory_of_an_empty_one(state in states()) {
        for format in WHOLE {
            let text = export(&state, format, Secrets::WithTokens);
            let empty = State::new(Security::Simplified, SALT);
            let (made, _) = plan(&text, format, &empty, false)?;
            prop_assert_eq!(records(&made), records(&state), "{}", text);
            let (_, again) = plan(&text, format, &made, true)?;
            prop_assert_eq!(again, vec![]);
            prop_assert_eq!(export(&made, format, Secrets::WithTokens), text);
        }
    }

    #[test]
    fn sheets_bring_back_what_was_taken_away(state in states()) {
        for (sheet, kind) in SHEETS {
            let format = Format::Csv(sheet);
            let text = export(&state, format, Secrets::Without);
            let (_, changes) = plan(&text, format, &state, true)?;
            prop_assert_eq!(changes, vec![], "{}", text);
            let mut without = Draft::new(&state);
            for record in state.records().filter(|record| record.key().kind == kind && !is_administrator(record)) {
                without.remove(&record.key());
            }
            let (without, _) = without.finish().unwrap();
            // Tokens went with their users, and are not in a sheet; nothing is added to archived projects.
            if archived(&state) == 0 {
                let (back, _) = plan(&text, format, &without, false)?;
                let of_kind = |state: &State| records(state).into_iter().filter(|record| record.key().kind == kind).collect::<Vec<_>>();
                prop_assert_eq!(of_kind(&back), of_kind(&state), "{}", text);
            }
        }
    }

    #[test]
    fn replacing_leaves_what_the_file_says_and_nothing_else(before in states(), after in states()) {
        for format in WHOLE {
            let text = export(&after, format, Secrets::WithTokens);
            // Some changes are against the rules, such as one to a system field; such a file changes nothing.
            if let Ok((made, _)) = Import::read(&text, format).plan(&before, true) {
                prop_assert_eq!(records(&made), records(&after));
            }
        }
    }

    #[test]
    fn no_text_is_too_strange(text in ".*", piece in "[\\[\\]{}=\",;:a-z0-9 \n'\\\\]{0,200}") {
        let state = State::new(Security::Enhanced, SALT);
        for text in [&text, &piece] {
            for format in formats() {
                _ = Import::read(text, format).plan(&state, true);
            }
        }
    }

    #[test]
    fn no_damaged_export_is_too_strange(state in states(), at in any::<prop::sample::Index>(), put in ".{0,3}", take in 0..4usize) {
        for format in formats() {
            let text = export(&state, format, Secrets::WithTokens);
            let mut letters: Vec<char> = text.chars().collect();
            let at = at.index(letters.len());
            let end = (at + take).min(letters.len());
            letters.splice(at..end, put.chars());
            let damaged: String = letters.into_iter().collect();
            if let Err(problems) = Import::read(&damaged, format).plan(&state, true) {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    let inside = problem.span.is_none_or(|span| damaged.get(span).is_some());
                    prop_assert!(inside, "a place that is none: {}", problem.message);
                }
            }
        }
    }
}

#[test]
fn what_a_file_does_not_name_stays_unless_it_replaces() {
    let state = small();
    let file = "[[project]]\nid = \"globex\"\nname = \"Globex\"\n\
        [[user]]\nlogin = \"olga\"\nname = \"Olga\"\nprojects = [\"acme\", \"globex\"]\nroles = [\"Admin\"]\n";
    let (_, changes) = Import::read(file, Format::Toml).plan(&state, false).unwrap();
    assert_eq!(
        Difference(&changes).to_string(),
        "+ project globex: name Globex\n~ user olga: projects acme → acme, globex\n"
    );
    let problems = Import::read(file, Format::Toml).plan(&state, true).err().unwrap();
    assert!(
        problems.iter().any(|problem| problem.message.contains("there is no project `acme`")),
        "{problems:?}"
    );
    let file = file.replace("\"acme\", ", "");
    let (_, changes) = Import::read(&file, Format::Toml).plan(&state, true).unwrap();
    let said = Difference(&changes).to_string();
    for line in ["- project acme\n", "- queue 7\n", "- user boris\n", "~ user olga: projects acme → globex\n"]
    {
        assert!(said.contains(line), "{line}{said}");
    }
    // The file says nothing of tokens: Olga keeps hers, Boris' goes with him.
    assert_eq!(said.matches("- token").count(), 1, "{said}");
}

#[test]
fn names_and_aliases_can_move_and_projects_be_archived_with_what_is_in_them() {
    let state = small();
    let file = "[[project]]\nid = \"acme\"\nname = \"Acme Old\"\narchived = true\n\
        [[project]]\nid = \"new\"\nname = \"Acme\"\naliases = [\"3\"]\n\
        [[object]]\nkind = \"queue\"\nid = \"8\"\nproject = \"acme\"\n";
    let (made, _) = Import::read(file, Format::Toml).plan(&state, false).unwrap();
    assert_eq!(&*made.project("new").unwrap().name, "Acme");
    assert!(made.project("acme").unwrap().archived);
    assert_eq!(made.projects_of("project", "3").unwrap(), ["new"]);
    assert_eq!(made.projects_of("queue", "8").unwrap(), ["acme"]);
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let state = small();
    let toml = "[[user]]\nlogin = \"vera\"\nprojects = [\"acne\"]\nroles = [\"Admn\"]\n\
        [[object]]\nkind = \"queue\"\nid = \"9\"\nprojects = [\"acme\", \"default\"]\n[[field]]\nhiden = true\n";
    assert_eq!(
        told(toml, Format::Toml, &state),
        [
            "3: there is no project `acne` (did you mean `acme`?)",
            "4: there is no role `Admn` (did you mean `Admin`?)",
            "8: the queue `9` is given 2 projects: `acme`, `default` (a queue is in one project at the most (D6): take \
             it out of the other first)",
            "9: `[[field]]` lacks `name` (add `name = \"…\"`)",
            "10: unknown setting `hiden` in `[[field]]` (did you mean `hidden`?)",
        ]
    );
    let csv = "login,projects,roles\nvera,acne,Admn\n\"\",acme,\nolga,acme;;default,\nolga,acme\nvera,,\n";
    assert_eq!(
        told(csv, Format::Csv(Sheet::Users), &state),
        [
            "2: there is no project `acne` (did you mean `acme`?)",
            "2: there is no role `Admn` (did you mean `Admin`?)",
            "3: the row has nothing under `login`",
            "4: `projects`: there is nothing between two semicolons, or before or after one (write lists as `acme; \
             globex`)",
            "5: the row has 2 cells, and the first one 3 (a cell with a comma in it stands in quotes)",
            "6: there is a user `vera` already, on line 2 (take one of them out, or choose another id)",
        ]
    );
    let json = "{\"format\": 1,\n\"users\": [{\"login\": \"vera\", \"name\": \"Vera\", \"projects\": [\"acne\"]},\n{\"login\": 3}],\n\
        \"objects\": [{\"kind\": \"queue\", \"kind\": \"list\", \"id\": \"1\"}],\n\"tokens\": [{\"hash\": \"plain-secret\", \"user\": \"olga\"}]}";
    let said = told(json, Format::Json, &state);
    assert!(!said.iter().any(|line| line.contains("plain-secret")), "{said:?}");
    for expected in [
        "-: /users/0/projects: there is no project `acne` (line 2) (did you mean `acme`?)",
        "-: /users/1: invalid type: integer `3`, expected a string (line 3)",
        "-: /objects/0: duplicate field `kind` (line 4)",
        "-: /tokens: they need the document's `token_salt` (`cordon directory export --with-tokens` writes both)",
        "-: /tokens/0: this is not a token's `hash`, `user` and `label` (line 5) (the hash is 64 hexadecimal digits, \
         never the token)",
    ] {
        assert!(said.iter().any(|line| line == expected), "{expected}\n{said:#?}");
    }
}

#[test]
fn a_sheet_changes_only_the_columns_that_it_has() {
    let state = small();
    let text = "\u{feff}projects,login\r\nacme; default,boris\r\n,vera\r\n";
    let (made, changes) = Import::read(text, Format::Csv(Sheet::Users)).plan(&state, false).unwrap();
    assert_eq!(
        Difference(&changes).to_string(),
        "~ user boris: projects – → acme, default\n+ user vera: name vera\n"
    );
    assert_eq!(made.user("boris").unwrap().name, "Boris");
    let semicolons = told("login;projects\nboris;acme\n", Format::Csv(Sheet::Users), &state);
    assert!(semicolons[0].contains("separated by semicolons"), "{semicolons:?}");
}

#[test]
fn formulas_do_not_leave_as_such() {
    let mut draft = Draft::new(&small());
    draft.put(Record::User(User::new("mallory", "=HYPERLINK(\"http://evil\")")));
    let state = draft.finish().unwrap().0;
    let text = export(&state, Format::Csv(Sheet::Users), Secrets::Without);
    assert!(text.contains("\"'=HYPERLINK("), "{text}");
    assert_eq!(Import::read(&text, Format::Csv(Sheet::Users)).plan(&state, true).unwrap().1, vec![]);
}

#[test]
fn salted_tokens_are_of_one_directory_and_digests_of_any() {
    let state = small();
    let elsewhere = State::new(Security::Enhanced, Salt([8; 16]));
    for format in WHOLE {
        let text = export(&state, format, Secrets::WithTokens);
        let problems = told(&text, format, &elsewhere);
        assert_eq!(
            problems.iter().filter(|line| line.contains("`token_salt` differs")).count(),
            1,
            "{problems:?}"
        );
        let without = export(&state, format, Secrets::Without);
        assert!(!without.contains("salt") && !without.contains("hash"), "{without}");
        assert_eq!(Import::read(&without, format).plan(&elsewhere, false).unwrap().0.tokens().len(), 0);
    }
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let file = format!("[[user]]\nlogin = \"olga\"\nroles = [\"Admin\"]\ntokens = [\"sha256:{digest}\"]\n");
    let (made, _) = Import::read(&file, Format::Toml).plan(&elsewhere, false).unwrap();
    let hash = TokenDigest::of("abc").salted(elsewhere.salt());
    assert_eq!(&*made.token(&hash).unwrap().user, "olga");
    let other = file.replace("olga", "vera");
    let said = told(&other, Format::Toml, &made);
    assert!(said.iter().any(|line| line.contains("a token of `vera` is a token of `olga`")), "{said:?}");
}

#[test]
fn the_last_administrator_cannot_be_replaced_away() {
    let problems = told("login,name\nboris,Boris\n", Format::Csv(Sheet::Users), &small());
    assert!(problems.iter().any(|line| line.contains("nobody would have the role Admin")), "{problems:?}");
}

/// Two projects, an administrator Olga and a user Boris with a token each, a queue.
fn small() -> State {
    let mut draft = Draft::new(&State::new(Security::Enhanced, SALT));
    draft.put(Record::Project(Project::new("default", "Default")));
    draft.put(Record::Project(Project { aliases: vec!["3".into()], ..Project::new("acme", "Acme") }));
    let projects: Projects = ["acme"].into_iter().collect();
    let olga = User { projects: projects.clone(), roles: vec!["Admin".into()], ..User::new("olga", "Olga") };
    draft.put(Record::User(olga));
    draft.put(Record::User(User::new("boris", "Boris")));
    for user in ["olga", "boris"] {
        draft.put(Record::Token(Token::issue(user, Some("laptop"), &SALT).1));
    }
    draft.put(Record::Object(Object { projects, ..Object::new("queue", "7") }));
    draft.finish().unwrap().0
}

/// What is wrong with an import that replaces all, as `LINE: message (help)`.
fn told(text: &str, format: Format, state: &State) -> Vec<String> {
    let problems =
        Import::read(text, format).plan(state, format == Format::Csv(Sheet::Users)).expect_err("it is wrong");
    let line = |offset: usize| text[..offset].matches('\n').count() + 1;
    let place = |span: Option<std::ops::Range<usize>>| {
        span.map_or("-".to_owned(), |span| line(span.start).to_string())
    };
    problems.into_iter().map(|problem| format!("{}: {problem}", place(problem.span.clone()))).collect()
}

fn plan(
    text: &str,
    format: Format,
    state: &State,
    replace: bool,
) -> Result<(State, Vec<cordon_directory::Change>), TestCaseError> {
    Import::read(text, format)
        .plan(state, replace)
        .map_err(|problems| TestCaseError::fail(format!("{format:?}: {problems:#?}\n{text}")))
}

fn formats() -> impl Iterator<Item = Format> {
    WHOLE.into_iter().chain(SHEETS.map(|(sheet, _)| Format::Csv(sheet)))
}

fn is_administrator(record: &Record) -> bool {
    matches!(record, Record::User(user) if user.is_administrator())
}

fn archived(state: &State) -> usize {
    state.projects().filter(|project| project.archived).count()
}

fn records(state: &State) -> Vec<Record> {
    let mut records: Vec<Record> = state.records().collect();
    records.sort_by_key(Record::key);
    records
}

/// Directories with names as people and attackers choose them.
fn states() -> impl Strategy<Value = State> {
    let text =
        || "[-a-cA-C=+@;,'\"\\\\#\\[\\]é世 ]{0,5}[a-c\"'\\\\=;世]".prop_map(|text| text.trim().to_owned());
    let texts = move || vec(text(), 0..3);
    let projects = move || vec((text(), text(), texts(), prop::option::of(text()), any::<[bool; 2]>()), 1..5);
    let users = move || vec((text(), text(), texts(), texts(), any::<[u8; 3]>()), 0..6);
    let fields = move || vec((text(), text(), any::<u8>(), any::<[bool; 4]>()), 0..5);
    let objects =
        move || vec((0..4usize, text(), prop::option::of(text()), any::<u8>(), any::<bool>()), 0..6);
    let roles = move || {
        (vec((text(), subsequence(Rights::NAMES.to_vec(), 0..4), prop::option::of(texts())), 0..3), texts())
    };
    (projects(), roles(), users(), fields(), objects()).prop_map(
        |(projects, roles, users, fields, objects)| {
            let mut state = State::new(Security::Enhanced, SALT);
            let mut archived = Vec::new();
            for (id, name, aliases, description, [archive, lines]) in projects {
                let description =
                    description.map(|text| if lines { format!("{text}\n\t{text}") } else { text });
                let project = Project { description, aliases: arcs(aliases), ..Project::new(&id, &name) };
                if put(&mut state, Record::Project(project.clone())) && archive {
                    archived.push(Project { archived: true, ..project });
                }
            }
            let ids: Vec<String> = state.project_ids().iter().map(|id| id.to_string()).collect();
            let some = |bits: u8| -> Projects {
                let chosen = ids.iter().enumerate().filter(|(index, _)| bits >> index & 1 == 1);
                chosen.map(|(_, id)| id.as_str()).collect()
            };
            if let Some(first) = ids.first() {
                let settings =
                    Settings { security: Security::Simplified, default_project: Some(first.as_str().into()) };
                put(&mut state, Record::Settings(settings));
            }
            let mut role_names = vec!["Admin".to_owned()];
            for (name, rights, sections) in roles.0 {
                let mut granted = Rights::default();
                rights.iter().for_each(|right| granted.grant(right).unwrap());
                let sections = sections.map_or(Sections::All, Sections::these);
                if put(
                    &mut state,
                    Record::Role(Role { name: name.as_str().into(), rights: granted, sections }),
                ) {
                    role_names.push(name);
                }
            }
            for (index, name) in roles.1.iter().enumerate() {
                let group = Group { projects: some(1 << index), ..Group::new(&format!("g{index}"), name) };
                put(&mut state, Record::Group(group));
            }
            for (index, (login, name, aliases, subjects, [member, role, group])) in
                users.into_iter().enumerate()
            {
                let groups =
                    (0..2).filter(|bit| group >> bit & 1 == 1 && state.group(&format!("g{bit}")).is_some());
                let user = User {
                    aliases: arcs(aliases),
                    subjects: arcs(subjects),
                    projects: some(member),
                    groups: groups.map(|bit| format!("g{bit}").into()).collect(),
                    roles: role_names
                        .get(usize::from(role) % 4)
                        .iter()
                        .map(|name| name.as_str().into())
                        .collect(),
                    ..User::new(&login, &name)
                };
                if put(&mut state, Record::User(user)) {
                    let hash = TokenDigest::of(&index.to_string()).salted(&SALT);
                    let label = (index % 2 == 0).then_some(name);
                    put(&mut state, Record::Token(Token { hash, user: login.into(), label }));
                }
            }
            for (key, name, member, [system, hidden, unique, deal]) in fields {
                let kind = if deal { "deal" } else { "contact" };
                let projects = if system { Projects::default() } else { some(member) };
                let field = Field {
                    kind: kind.into(),
                    key: key.into(),
                    projects,
                    system,
                    hidden,
                    unique,
                    ..Field::new(&name)
                };
                put(&mut state, Record::Field(field));
            }
            put(
                &mut state,
                Record::ObjectKind(ObjectKind { name: "=campaign".into(), single_project: true }),
            );
            for (kind, id, name, member, gone) in objects {
                let kind = ["queue", "list", "=campaign", "phone"][kind];
                let name = name.map(Into::into);
                put(
                    &mut state,
                    Record::Object(Object { name, projects: some(member), gone, ..Object::new(kind, &id) }),
                );
            }
            for project in archived {
                put(&mut state, Record::Project(project));
            }
            state
        },
    )
}

/// Puts a record in if that is right, as most are.
fn put(state: &mut State, record: Record) -> bool {
    let right = state.check(&record).is_empty()
        && state.get(&record.key()).is_none_or(|_| {
            record.key().kind == RecordKind::Project || record.key().kind == RecordKind::Settings
        });
    if right {
        state.apply(&record.key(), Some(record));
    }
    right
}

fn arcs(texts: Vec<String>) -> Vec<std::sync::Arc<str>> {
    texts.into_iter().map(Into::into).collect()
}
