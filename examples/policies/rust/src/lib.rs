//! A policy for a call log, see `../README.md`. What the functions are given and give back is described in
//! `wit/policy.wit`.

mod rules;

use cordon_policy_sdk::types::{
    Action, BodyPlan, Decision, Edit, ExchangePlan, Field, Format, JudgeError, Key, Manifest, Mask, Masked,
    Names, PlanError, Problem, QueryEdits, RecordSet, Refusal, Request, RequestPlan, ResponsePlan, Rights,
    Route, Scalar, Scope, Value, Verdict,
};
use cordon_policy_sdk::{Directory, Policy};

use rules::Rules;

const ROUTE: &str = "calls";

/// The policy, with its rules.
#[derive(Clone, Debug)]
pub struct CallLog {
    rules: Rules,
}

impl Policy for CallLog {
    fn configure(rules: &str) -> Result<CallLog, Vec<Problem>> {
        Ok(CallLog { rules: Rules::read(rules)? })
    }

    fn manifest(&self) -> Manifest {
        let Rules { name, version, path, .. } = self.rules.clone();
        let route =
            Route { name: ROUTE.to_owned(), methods: vec!["GET".to_owned()], path, decides_on: Vec::new() };
        Manifest { name, version, routes: vec![route] }
    }

    fn authorize(&self, _: &dyn Directory, scope: &Scope, request: &Request) -> Decision {
        if !scope.opens(&self.rules.section) {
            return refuse(403, "section-closed", "Your role does not open this section.");
        }
        if request.query.iter().any(|name| !self.rules.query.contains(name)) {
            return refuse(400, "parameter-not-allowed", "A query parameter is not allowed here.");
        }
        Decision::Forward(QueryEdits::none())
    }

    fn plan(&self, directory: &dyn Directory, scope: &Scope, route: &str) -> Result<ExchangePlan, PlanError> {
        if route != ROUTE {
            return Err(PlanError::UnknownRoute);
        }
        let known = directory.fields(&self.rules.fields.of);
        let profiles = if sees_everything(scope) {
            vec![self.profile(scope, &known, |_| true)]
        } else {
            let of = |project: &String| {
                self.profile(scope, &known, |field| field.system || field.projects.contains(project))
            };
            projects(scope).iter().map(of).collect()
        };
        let key = |(path, _): &(String, String)| Key { path: path.clone(), up: 0 };
        let calls = RecordSet {
            within: None,
            path: self.rules.records.clone(),
            columns: None,
            keys: self.rules.projects.iter().map(key).collect(),
            profiles,
            sole: false,
        };
        let mut outside: Vec<Edit> = self.rules.outside.iter().map(|path| edit(path, Action::Keep)).collect();
        outside.push(edit(&self.rules.total, Action::Recount(0)));
        let body = BodyPlan { outside, sets: vec![calls], ..BodyPlan::of(Format::Json) };
        let response = ResponsePlan::Edit(body);
        Ok(ExchangePlan { request: RequestPlan::Empty, response, headers: Vec::new() })
    }

    fn judge(
        &self,
        directory: &dyn Directory,
        scope: &Scope,
        route: &str,
        set: u32,
        records: &[Vec<Value>],
    ) -> Result<Vec<Verdict>, JudgeError> {
        if route != ROUTE {
            return Err(JudgeError::UnknownRoute);
        }
        if set != 0 {
            return Err(JudgeError::UnknownSet);
        }
        if records.iter().any(|record| record.len() != self.rules.projects.len()) {
            return Err(JudgeError::WrongKeys);
        }
        Ok(records.iter().map(|record| self.verdict(directory, scope, record)).collect())
    }
}

impl CallLog {
    /// What a caller sees of a call: a field is shown if `shows` says so.
    fn profile(&self, scope: &Scope, known: &[Field], shows: impl Fn(&Field) -> bool) -> Vec<Edit> {
        let fields = &self.rules.fields;
        let mut names = Names { keep: Vec::new(), mask: Vec::new(), remove: Vec::new() };
        for field in known {
            let name = field.key.clone();
            if !shows(field) {
                names.remove.push(name);
            } else if field.hidden && !scope.rights.contains(Rights::SEE_MASKED_FIELDS) {
                names.mask.push(Masked { name, mask: Mask::KeepLast(fields.last) });
            } else {
                names.keep.push(name);
            }
        }
        let kept = self.rules.keep.iter().map(|path| edit(path, Action::Keep));
        let masked =
            self.rules.mask.iter().map(|(path, last)| edit(path, Action::Mask(Mask::KeepLast(*last))));
        kept.chain(masked).chain([edit(&fields.at, Action::Only(names))]).collect()
    }

    fn verdict(&self, directory: &dyn Directory, scope: &Scope, record: &[Value]) -> Verdict {
        if sees_everything(scope) && scope.chosen.is_none() {
            return Verdict::Keep(0);
        }
        let mine = projects(scope);
        let place = |project: &String| mine.iter().position(|one| one == project);
        let found = self.projects_of_call(directory, record);
        let shared: Vec<u32> =
            found.iter().filter_map(place).filter_map(|place| u32::try_from(place).ok()).collect();
        match shared.as_slice() {
            [] => Verdict::Drop,
            _ if sees_everything(scope) => Verdict::Keep(0),
            [one] => Verdict::Keep(*one),
            _ => Verdict::KeepMerged(shared),
        }
    }

    /// The first key that holds something decides. What leads nowhere is nobody's.
    fn projects_of_call(&self, directory: &dyn Directory, record: &[Value]) -> Vec<String> {
        let first = self.rules.projects.iter().zip(record).find(|(_, value)| holds(value));
        let Some(((_, object), Value::One(Scalar::Text(id) | Scalar::Number(id)))) = first else {
            return Vec::new();
        };
        let found = directory.projects_of(object, id).unwrap_or_default();
        if found.len() > 1 && directory.single_project(object) { Vec::new() } else { found }
    }
}

fn holds(value: &Value) -> bool {
    match value {
        Value::Absent | Value::One(Scalar::Null) => false,
        Value::One(Scalar::Text(text)) => !text.is_empty(),
        Value::Many(scalars) => !scalars.is_empty(),
        Value::One(_) | Value::Composite => true,
    }
}

fn projects(scope: &Scope) -> &[String] {
    scope.chosen.as_ref().map_or(&scope.projects, std::slice::from_ref)
}

fn sees_everything(scope: &Scope) -> bool {
    scope.rights.contains(Rights::SEE_EVERYTHING)
}

fn edit(path: &str, action: Action) -> Edit {
    Edit { path: path.to_owned(), action }
}

fn refuse(status: u16, code: &str, detail: &str) -> Decision {
    Decision::Refuse(Refusal { status, code: code.to_owned(), detail: detail.to_owned() })
}

#[cfg(target_family = "wasm")]
cordon_policy_sdk::export_policy!(CallLog);
