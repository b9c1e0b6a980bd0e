//! Mistakes in cases: all of them at once, each with its place.

use cordon_activation::{CaseFile, CaseSet};

const PEOPLE: &str = "[[project]]\nid = \"a\"\nname = \"A\"\n[[role]]\nname = \"R\"\nsections = \"all\"\n\
                      [[user]]\nlogin = \"olga\"\nprojects = [\"a\"]\nroles = [\"R\"]\n";

fn file(name: &str, text: &str) -> CaseFile {
    CaseFile { name: name.to_owned(), text: text.to_owned() }
}

/// `line: message` of every problem, by file.
fn told(files: &[CaseFile]) -> Vec<String> {
    let mistakes = CaseSet::read(files).expect_err("something is wrong");
    let mut told = Vec::new();
    for mistakes in &mistakes {
        for problem in &mistakes.problems {
            let line = problem.span.as_ref().map_or(0, |span| mistakes.text[..span.start].lines().count());
            told.push(format!("{}:{line}: {problem}", mistakes.file));
        }
    }
    told
}

#[test]
fn every_mistake_of_a_case_is_told_with_its_place() {
    let text = r#"shows = "x"
directory = "peple.toml"
[request]
path = "calls"
method = "get"
headers = { "a b" = "1" }
[[backend]]
body = "text"
[[backend]]
json = "{"
file = "nowhere.json"
status = 1000
[[answer]]
to = ["olga", "olga"]
json = "[1,"
[[answer]]
refused = "not-found"
body = ""
[[answer]]
to = "olga"
statsu = 200
asked = ["/api"]
"#;
    let told = told(&[file("case.toml", text), file("people.toml", PEOPLE)]);
    let all = told.join("\n");
    for expected in [
        "there is no file `peple.toml` among the cases (did you mean `people.toml`?)",
        "`path` is not one that can be asked for",
        "`method` is none",
        "`a b` is no name of a header",
        "the backend's body has no `type`",
        "there is no file `nowhere.json` among the cases",
        "`status` is not one of HTTP",
        "what `olga` gets is told twice",
        "this is not JSON",
        "a refusal has a body of its own",
        "does not say to whom",
        "does not say what the caller gets",
        "`asked` is a list of requests",
    ] {
        assert!(all.contains(expected), "nothing of {expected:?} in\n{all}");
    }
    assert!(told.iter().any(|line| line.starts_with("case.toml:2: there is no file `peple.toml`")), "{all}");
}

#[test]
fn mistakes_of_several_files_are_told_together() {
    let case = "shows = \"x\"\ndirectory = \"people.toml\"\n[request]\npath = \"/\"\n[[answer]]\nto = \"nobody\"\nstatus = 200\n";
    let told = told(&[
        file("one.toml", case),
        file("people.toml", "[[project]]\nid = \"a\"\n"),
        file("two.toml", "shows ="),
    ]);
    assert!(
        told[0].starts_with("one.toml:2: the directory `people.toml` has mistakes of its own"),
        "{told:?}"
    );
    assert!(told.iter().any(|line| line.starts_with("people.toml:") && line.contains("name")), "{told:?}");
    assert!(told.iter().any(|line| line.starts_with("two.toml:") && line.contains("not TOML")), "{told:?}");
}

#[test]
fn a_caller_is_one_of_the_directory() {
    let case = |login: &str| {
        let text = format!(
            "shows = \"x\"\n[request]\npath = \"/\"\n[[answer]]\nto = \"{login}\"\nstatus = 200\n[directory]\n\
             project = [{{ id = \"a\", name = \"A\" }}]\nuser = [{{ login = \"olga\", projects = [\"a\"] }}]\n"
        );
        [file("case.toml", &text)]
    };
    assert_eq!(CaseSet::read(&case("olga")).map(|set| set.cases().len()), Ok(1));
    let told = told(&case("boris"));
    assert_eq!(told, ["case.toml:5: the directory has no user `boris`"]);
}

#[test]
fn a_directory_inside_a_case_tells_its_mistakes() {
    let text = "shows = \"x\"\n[request]\npath = \"/\"\n[[answer]]\nto = \"olga\"\nstatus = 200\n[directory]\n\
                user = [{ login = \"olga\", projects = [\"nowhere\"] }]\n";
    let told = told(&[file("case.toml", text)]);
    assert!(told[0].contains("in the directory: ") && told[0].contains("nowhere"), "{told:?}");
}
