//! What the policy answers when it behaves: something that depends on all that it is shown.

use cordon_policy_sdk::Directory;
use cordon_policy_sdk::types::{
    Action, BodyPlan, Edit, ExchangePlan, Format, Key, Manifest, Mask, Masked, Names, Pattern, PlanError, RecordSet,
    RequestPlan, ResponsePlan, Route, Scalar, Scope, Value, Verdict,
};

/// The number of the policy's own mask.
pub const MASK: u32 = 7;
/// How many profiles each set has.
const PROFILES: u32 = 3;

pub fn manifest() -> Manifest {
    let route = |name: &str, method: &str, path: &str, decides_on: &[&str]| Route {
        name: name.into(),
        methods: vec![method.into()],
        path: path.into(),
        decides_on: decides_on.iter().map(|&name| name.into()).collect(),
    };
    Manifest {
        name: "hostile".into(),
        version: "1".into(),
        routes: vec![
            route("list", "GET", "/records", &["kind"]),
            route("one", "GET", "/records/{id}", &[]),
            route("change", "PUT", "/records/{id}", &[]),
            route("own", "GET", "/own", &[]),
        ],
    }
}

/// A plan whose names are the directory's fields, so that another revision has another plan.
pub fn plan(directory: &dyn Directory, route: &str) -> Result<ExchangePlan, PlanError> {
    let sole = match route {
        "list" | "own" => false,
        "one" | "change" => true,
        _ => return Err(PlanError::UnknownRoute),
    };
    let fields: Vec<String> = directory
        .fields("contact")
        .into_iter()
        .map(|field| field.key)
        .collect();
    let mask = if route == "own" {
        Mask::Own(MASK)
    } else {
        Mask::KeepLast(2)
    };
    let profiles = (0..PROFILES as usize)
        .map(|profile| {
            let names = Names {
                keep: fields.iter().skip(profile).cloned().collect(),
                mask: vec![Masked {
                    name: "phone".into(),
                    mask: mask.clone(),
                }],
                remove: Vec::new(),
            };
            vec![edit("$", Action::Only(names))]
        })
        .collect();
    let set = RecordSet {
        within: None,
        path: if sole { "$".into() } else { "$.items[*]".into() },
        columns: None,
        keys: ["$.project", "$.queue"]
            .map(|path| Key {
                path: path.into(),
                up: 0,
            })
            .into(),
        profiles,
        sole,
    };
    Ok(ExchangePlan {
        request: RequestPlan::Empty,
        response: ResponsePlan::Edit(BodyPlan {
            sets: vec![set],
            ..BodyPlan::of(Format::Json)
        }),
        headers: vec!["x-page".into(), "x-page".into(), "link".into()],
    })
}

/// The plan's body, which every plan of this policy has.
pub fn body(plan: &mut ExchangePlan) -> &mut BodyPlan {
    match &mut plan.response {
        ResponsePlan::Edit(body) => body,
        ResponsePlan::Empty | ResponsePlan::Pass => panic!("every plan edits"),
    }
}

/// Masks the phone by what these expressions find.
pub fn look_for(plan: &mut ExchangePlan, expressions: impl IntoIterator<Item = String>) {
    let patterns = expressions.into_iter().map(Pattern::Regex).collect();
    let masked = Action::Mask(Mask::Patterns(patterns));
    for profile in &mut body(plan).sets[0].profiles {
        profile.push(edit("$.phone", masked.clone()));
    }
}

pub fn edit(path: &str, action: Action) -> Edit {
    Edit {
        path: path.into(),
        action,
    }
}

/// Depends on the record's project, on its queue's projects, and on the scope.
pub fn verdict(directory: &dyn Directory, scope: &Scope, record: &[Value]) -> Verdict {
    let [project, queue] = record else {
        panic!("two keys were asked for")
    };
    let mut projects = texts(project);
    for queue in texts(queue) {
        projects.extend(directory.projects_of("queue", &queue).unwrap_or_default());
    }
    let seen: Vec<u32> = projects
        .iter()
        .filter(|project| scope.projects.contains(project))
        .map(|project| project.bytes().map(u32::from).sum::<u32>() % PROFILES)
        .collect();
    match seen[..] {
        [] => Verdict::Drop,
        [profile] => Verdict::Keep(profile),
        _ => Verdict::KeepMerged(seen),
    }
}

fn texts(value: &Value) -> Vec<String> {
    let text = |scalar: &Scalar| match scalar {
        Scalar::Text(text) | Scalar::Number(text) => Some(text.clone()),
        Scalar::Null | Scalar::Boolean(_) => None,
    };
    match value {
        Value::Absent | Value::Composite => Vec::new(),
        Value::One(scalar) => text(scalar).into_iter().collect(),
        Value::Many(scalars) => scalars.iter().filter_map(text).collect(),
    }
}
