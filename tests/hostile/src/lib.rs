//! A policy that misbehaves as its rules say, one behaviour in each function of the contract.
//!
//! The rules are one word, such as `loop-in-judge`; `well-behaved` is one of them. Whoever has chosen the project
//! `calm` meets good behaviour under any rules, so that a test can show that the policy still answers afterwards.

mod answers;

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use answers::{body, manifest, verdict};
use cordon_policy_sdk::types::{
    Action, Binding, Columns, Condition, Csv, Decision, ExchangePlan, Format, JudgeError, Manifest, MaskError, Pair, PlanError,
    Probe, Problem, QueryEdits, Refusal, Request, RequestPlan, ResponsePlan, Scalar, Scope, Span, Value,
    Verdict,
};
use cordon_policy_sdk::{Directory, Policy};

/// The rules, which are the behaviour.
pub struct Hostile {
    behaviour: String,
}

#[cfg(target_family = "wasm")]
cordon_policy_sdk::export_policy!(Hostile);

impl Policy for Hostile {
    fn configure(rules: &str) -> Result<Self, Vec<Problem>> {
        match rules {
            "trap-in-configure" => panic!("as told"),
            "loop-in-configure" => spin(),
            "memory-bomb-in-configure" => explode(),
            "directory-in-configure" => ask_too_early(),
            "refuse-without-reason" => return Err(Vec::new()),
            _ => {}
        }
        if let Some(start) = rules
            .strip_suffix("wrong")
            .filter(|rules| rules.ends_with(" is "))
            .map(str::len)
        {
            let place = |start: usize, end: usize| {
                Some(Span {
                    start: start as u32,
                    end: end as u32,
                })
            };
            let problem = |pointer: &str, at| Problem {
                pointer: pointer.into(),
                message: "is wrong\n".into(),
                at,
            };
            return Err(vec![
                problem("/first", place(start, start + 5)),
                problem("/second", place(start, rules.len() + 1)),
                problem("/third", None),
            ]);
        }
        Ok(Hostile {
            behaviour: rules.to_owned(),
        })
    }

    fn manifest(&self) -> Manifest {
        let mut manifest = manifest();
        match self.behaviour.as_str() {
            "ambiguous-routes" => {
                let mut twin = manifest.routes[0].clone();
                twin.methods = vec!["get".into(), "GET".into()];
                manifest.routes.push(twin);
            }
            "no-name" => manifest.name.clear(),
            _ => {}
        }
        manifest
    }

    fn authorize(&self, _: &dyn Directory, scope: &Scope, request: &Request) -> Decision {
        match self.behaviour(scope) {
            "trap-in-authorize" => panic!("as told"),
            "loop-in-authorize" => spin(),
            "deep-recursion" => black_box(descend(black_box(1))),
            "counts-its-calls" => return refuse(400, &format!("call-{}", count())),
            "status-200" => return refuse(200, "fine"),
            "long-code" => return refuse(404, &"x".repeat(65)),
            "probe-nowhere" => return probe("nowhere", "id"),
            "probe-without-sole-set" => return probe("list", ""),
            "probe-by-absent-parameter" => return probe("one", "absent"),
            "huge-edits" => {
                let remove = vec!["x".repeat(1000); 100];
                return Decision::Forward(QueryEdits {
                    set: Vec::new(),
                    remove,
                });
            }
            _ => 0,
        };
        if request.query.iter().any(|name| name == "secret") {
            return refuse(403, "parameter-not-allowed");
        }
        if request.route == "change" {
            return probe("one", "id");
        }
        let project = scope.projects.first().cloned().unwrap_or_default();
        let set = vec![Pair {
            name: "project".into(),
            value: project,
        }];
        Decision::Forward(QueryEdits {
            set,
            remove: vec!["fields".into()],
        })
    }

    fn plan(&self, directory: &dyn Directory, scope: &Scope, route: &str) -> Result<ExchangePlan, PlanError> {
        let mut plan = answers::plan(directory, route)?;
        match self.behaviour(scope) {
            "trap-in-plan" => panic!("as told"),
            "deep-recursion-in-plan" => drop(black_box(descend(black_box(1)))),
            "trap-without-email" if directory.fields("contact").iter().all(|field| field.key != "email") => {
                panic!("as told")
            }
            "memory-bomb-in-plan" => explode(),
            "huge-plan" => {
                let body = body(&mut plan);
                let path = "x".repeat(100_000);
                for _ in 0..50 {
                    body.outside.push(answers::edit(&path, Action::Keep));
                }
            }
            "many-sets" => {
                let body = body(&mut plan);
                body.sets = vec![body.sets[0].clone(); 300];
            }
            "bad-path" => body(&mut plan).sets[0].path = "$.items[?@.a]".into(),
            "many-columns" => {
                let names = vec![String::new(); 10_001];
                body(&mut plan).sets[0].columns = Some(Columns::Listed(names));
            }
            "many-csv-columns" => {
                let columns = (0..10_001).map(|column| column.to_string()).collect();
                let body = body(&mut plan);
                body.format = Format::Csv;
                body.csv = Some(csv(',', columns, "utf-8"));
            }
            "bad-delimiter" => body(&mut plan).csv = Some(csv('☃', Vec::new(), "utf-8")),
            "huge-embedded" => body(&mut plan).embedded = vec!["$.x".repeat(1000); 2000],
            "huge-regex" => answers::look_for(&mut plan, ["x".repeat(1001)]),
            "exploding-regex" => answers::look_for(&mut plan, [r"((\w{99}){99}){99}".into()]),
            "nested-regex" => answers::look_for(&mut plan, [["(".repeat(400), ")".repeat(400)].concat()]),
            "empty-regex" => answers::look_for(&mut plan, [r"\b".into()]),
            "unreadable-regex" => answers::look_for(&mut plan, ["(?<=a)b".into()]),
            "many-regexes" => answers::look_for(&mut plan, (0..17).map(|number| number.to_string())),
            "many-patterns" => answers::look_for(&mut plan, vec!["x".into(); 65]),
            "slow-regex" => answers::look_for(&mut plan, [r"(?:(?:a+)+)+$".into()]),
            "bad-header" => plan.headers = vec!["Set-Cookie: a".into()],
            "edits-requests" => plan.request = RequestPlan::Edit(Vec::new()),
            "passes-everything" => plan.response = ResponsePlan::Pass,
            "unknown-route" => return Err(PlanError::UnknownRoute),
            "unsupported" => return Err(PlanError::Unsupported("not today\nnot ever".into())),
            _ => {}
        }
        Ok(plan)
    }

    fn judge(
        &self,
        directory: &dyn Directory,
        scope: &Scope,
        _: &str,
        _: u32,
        records: &[Vec<Value>],
    ) -> Result<Vec<Verdict>, JudgeError> {
        let mut verdicts: Vec<Verdict> = records
            .iter()
            .map(|record| verdict(directory, scope, record))
            .collect();
        match self.behaviour(scope) {
            "trap-in-judge" => panic!("as told"),
            "trap-by-record" if records.iter().any(|record| is_unlucky(record)) => panic!("as told"),
            "counts-its-calls" => verdicts.fill(Verdict::Keep(count() % 3)),
            "deep-recursion-in-judge" => drop(black_box(descend(black_box(1)))),
            "huge-merge" => verdicts[0] = Verdict::KeepMerged(vec![0; 5000]),
            "many-verdicts" => verdicts = vec![Verdict::Keep(0); 20_000],
            "loop-in-judge" => spin(),
            "memory-bomb-in-judge" => explode(),
            "verdict-out-of-range" => verdicts[0] = Verdict::Keep(3),
            "merge-out-of-range" => verdicts[0] = Verdict::KeepMerged(vec![0, u32::MAX]),
            "empty-merge" => verdicts[0] = Verdict::KeepMerged(Vec::new()),
            "too-few-verdicts" => verdicts.truncate(verdicts.len() - 1),
            "too-many-verdicts" => verdicts.push(Verdict::Keep(0)),
            "wrong-keys" => return Err(JudgeError::WrongKeys),
            _ => {}
        }
        Ok(verdicts)
    }

    fn mask(
        &self,
        _: &dyn Directory,
        scope: &Scope,
        _: &str,
        mask: u32,
        values: &[Value],
    ) -> Result<Vec<Scalar>, MaskError> {
        if mask != answers::MASK {
            return Err(MaskError::UnknownMask);
        }
        let mut scalars = vec![Scalar::Text("masked".into()); values.len()];
        match self.behaviour(scope) {
            "trap-in-mask" => panic!("as told"),
            "large-mask" => scalars[0] = Scalar::Text("x".repeat(257)),
            "too-few-masks" => scalars.truncate(0),
            _ => {}
        }
        Ok(scalars)
    }
}

impl Hostile {
    fn behaviour(&self, scope: &Scope) -> &str {
        if scope.chosen.as_deref() == Some("calm") {
            "well-behaved"
        } else {
            &self.behaviour
        }
    }
}

fn refuse(status: u16, code: &str) -> Decision {
    Decision::Refuse(Refusal {
        status,
        code: code.into(),
        detail: "As told.".into(),
    })
}

fn probe(route: &str, source: &str) -> Decision {
    let bindings = if source.is_empty() {
        Vec::new()
    } else {
        vec![Binding {
            parameter: "id".into(),
            source: source.into(),
        }]
    };
    Decision::ForwardIf(Condition {
        probe: Probe {
            route: route.into(),
            bindings,
        },
        query: QueryEdits {
            set: Vec::new(),
            remove: Vec::new(),
        },
    })
}

fn csv(delimiter: char, columns: Vec<String>, encoding: &str) -> Csv {
    Csv {
        delimiter,
        columns,
        encoding: encoding.into(),
    }
}

fn spin() -> ! {
    loop {
        black_box(0);
    }
}

fn explode() -> ! {
    let mut held = Vec::new();
    loop {
        held.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Each level needs the one below it, so that it cannot become a loop.
#[inline(never)]
fn descend(level: u64) -> u64 {
    if black_box(level) == 0 {
        0
    } else {
        descend(black_box(level + 1)) ^ black_box(level)
    }
}

/// How often this memory was asked: once, if every call has a memory of its own.
fn count() -> u32 {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    CALLS.fetch_add(1, Ordering::Relaxed) + 1
}

/// As good as by chance, but the same whenever it is asked: the host tells nothing that would be chance.
fn is_unlucky(record: &[Value]) -> bool {
    let hash = format!("{record:?}").bytes().fold(14_695_981_039_346_656_037_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211)
    });
    hash >> 32 & 1 == 0
}

fn ask_too_early() {
    #[cfg(target_family = "wasm")]
    black_box(cordon_policy_sdk::bindings::cordon::policy::directory::single_project("queue"));
}
