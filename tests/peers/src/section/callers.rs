//! Realistic callers: many of them in many scopes, a directory that changes, and the first request after a change.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Fallible;
use crate::compete::{Contestant, Pace, compete};
use crate::figures::{Report, Timing};
use crate::load::{Line, get};
use crate::machine::Machine;
use crate::peer::{PEERS, REFERENCE, Started, start_cordon};
use crate::place::Place;
use crate::scenario::{
    CALLER, Extent, ROUTES, caller, directory, rules, token, with_one_more_field, without_comments,
    without_tags,
};
use crate::sizes::SIZES;

/// 200 callers in 60 scopes, in a directory of a middle size.
const EXTENT: Extent = Extent { projects: 100, fields: 500, objects: 500, callers: 200, scopes: 60 };
/// How often something changes in the row in which it does.
const CHANGE: Duration = Duration::from_secs(1);

/// Measures Cordon under callers and changes as they come.
///
/// # Errors
/// If somebody does not answer.
pub fn run(place: &Place, pace: Pace, out: &mut impl Write) -> Fallible<Report> {
    let reference = PEERS.iter().find(|peer| peer.name == REFERENCE).ok_or("there is no reference")?;
    let nginx = reference.start(place)?;
    let (quiet, busy) = (start_cordon(place, "quiet", EXTENT)?, start_cordon(place, "busy", EXTENT)?);
    let log = SIZES[1];
    let one = get(&format!("/calls/{}", log.file), &token(CALLER));
    let many: Vec<Vec<u8>> = (0..ROUTES)
        .flat_map(|round| (0..EXTENT.callers).map(move |number| (number, (number + round) % ROUTES + 1)))
        .map(|(number, route)| get(&format!("/calls-{route}/{}", log.file), &token(&caller(number))))
        .collect();

    let pace = Pace { peak: pace.peak.max(CHANGE * 2), ..pace };
    let changing = Arc::new(AtomicBool::new(false));
    let of_many = |name: &str, started| Contestant {
        requests: many.clone(),
        ..Contestant::new(name, started, Vec::new())
    };
    let contestants = [
        Contestant::new(REFERENCE, &nginx, one.clone()),
        Contestant::new("Cordon, one caller", &quiet, one.clone()),
        of_many("Cordon, 200 callers in 60 scopes over 8 routes", &quiet),
        Contestant {
            meanwhile: Some(Arc::clone(&changing)),
            ..of_many("the same, the directory changed each second", &busy)
        },
    ];
    writeln!(out, "callers: {} take turns", contestants.len())?;
    let over = AtomicBool::new(false);
    let series = thread::scope(|scope| {
        let changes = scope.spawn(|| change_again_and_again(place, "busy", &changing, &over));
        let series = compete(log.name, &contestants, pace);
        over.store(true, Ordering::Relaxed);
        match changes.join() {
            Ok(made) => made.and(series),
            Err(_) => Err("changes of the directory were not made".into()),
        }
    })?;

    writeln!(out, "first requests after a change")?;
    let timings = first_requests(place, &quiet, &one, pace.rounds)?;
    Ok(Report {
        section: "callers",
        title: "Callers and changes as they come",
        machine: Machine::describe(place),
        pace: pace.describe(),
        series: vec![series],
        timings,
        goals: Vec::new(),
        notes: vec![
            "A change of the directory puts a field into the project of all callers, or takes it out, so that the plan \
             of each scope and route is asked for anew. The file is written, found, read and checked on the proxy's core."
                .to_owned(),
            "A first request is the first whose answer shows the change; others are asked one after the other meanwhile."
                .to_owned(),
        ],
        left_out: Vec::new(),
    })
}

fn change_again_and_again(
    place: &Place,
    folder: &str,
    changing: &AtomicBool,
    over: &AtomicBool,
) -> Fallible<()> {
    let before = directory(EXTENT);
    let after = with_one_more_field(&before);
    let mut texts = [&after, &before].into_iter().cycle();
    while !over.load(Ordering::Relaxed) {
        if changing.load(Ordering::Relaxed)
            && let Some(text) = texts.next()
        {
            place.write(folder, "directory.toml", text)?;
            thread::park_timeout(CHANGE);
        } else {
            thread::park_timeout(Duration::from_millis(5));
        }
    }
    Ok(())
}

/// Microseconds of the first requests that show a change, beside those of any request.
fn first_requests(place: &Place, cordon: &Started, request: &[u8], times: usize) -> Fallible<Vec<Timing>> {
    let mut line = Line::open(cordon.address)?;
    let mut usual = Vec::new();
    let (mut shown, mut body) = (Vec::new(), Vec::new());
    for _ in 0..500 {
        usual.push(ask(&mut line, request, &mut shown)?);
    }
    let mut after = |change: &dyn Fn(bool) -> Fallible<()>| -> Fallible<Vec<f64>> {
        let mut figures = Vec::new();
        for number in 0..times * 2 {
            change(number % 2 == 0)?;
            let start = Instant::now();
            loop {
                let micros = ask(&mut line, request, &mut body)?;
                if body != shown {
                    std::mem::swap(&mut shown, &mut body);
                    figures.push(micros);
                    break;
                }
                if start.elapsed() > Duration::from_secs(60) {
                    return Err("a change does not show".into());
                }
            }
        }
        Ok(figures)
    };
    let (directories, policies) = (directory(EXTENT), rules());
    let directory_changed = after(&|other| {
        let text = if other { without_comments(&directories) } else { directories.clone() };
        place.write("quiet", "directory.toml", &text).map(drop)
    })?;
    let policy_changed = after(&|other| {
        place.write(
            "quiet",
            "rules.toml",
            &if other { without_tags(&policies) } else { policies.clone() },
        )?;
        cordon.process.signal("HUP")
    })?;
    let timing = |name: &str, figures| Timing { name: name.to_owned(), unit: "µs", figures };
    Ok(vec![
        timing("17 KB: any request, one after the other", usual),
        timing("17 KB: the first after a change of the directory", directory_changed),
        timing("17 KB: the first after a change of the policy", policy_changed),
    ])
}

fn ask(line: &mut Line, request: &[u8], body: &mut Vec<u8>) -> Fallible<f64> {
    body.clear();
    let start = Instant::now();
    let status = line.ask(request, &mut |bytes| body.extend_from_slice(bytes))?;
    if status != 200 {
        return Err(format!("an answer has status {status}").into());
    }
    Ok(start.elapsed().as_secs_f64() * 1e6)
}
