//! Call logs: the entries that `peers/call_log.py` describes, of four projects. Each four in a row are of one project
//! each, in an order by chance, so that a quarter is kept of logs of every length.

use std::fmt::Write;

use crate::chance::Chance;

/// The project whose entries are kept: a quarter of all.
pub const PROJECT: &str = "acme";

/// Of the choices that are made where nobody asks for others.
const SEED: u64 = 7;
const PROJECTS: [&str; 4] = [PROJECT, "globex", "initech", "umbrella"];

/// One entry, with the values that differ from entry to entry.
#[derive(Clone, Copy, Debug)]
struct Call {
    number: u32,
    project: &'static str,
    queue: u32,
    duration: u32,
    operator: u32,
}

/// A JSON document of so many entries, with the total behind them.
#[must_use]
pub fn json(entries: u32) -> Vec<u8> {
    json_from(SEED, entries)
}

/// The same with other choices: another seed, another order of projects.
#[must_use]
pub fn json_from(seed: u64, entries: u32) -> Vec<u8> {
    let mut text = "{\"data\":[".to_owned();
    for call in calls_from(seed, entries) {
        if call.number > 0 {
            text.push(',');
        }
        call.write_json(&mut text);
    }
    let _ = write!(text, "],\"meta\":{{\"total\":{entries},\"page\":1}}}}");
    text.into_bytes()
}

/// An entry a line.
#[must_use]
pub fn ndjson(entries: u32) -> Vec<u8> {
    let mut text = String::new();
    for call in calls(entries) {
        call.write_json(&mut text);
        text.push('\n');
    }
    text.into_bytes()
}

/// An event for each entry.
#[must_use]
pub fn events(entries: u32) -> Vec<u8> {
    let mut text = String::new();
    for call in calls(entries) {
        let _ = write!(text, "event: call\nid: {}\ndata: ", call.number);
        call.write_json(&mut text);
        text.push_str("\n\n");
    }
    text.into_bytes()
}

/// A row for each entry below a header, the nested objects laid flat.
#[must_use]
pub fn csv(entries: u32) -> Vec<u8> {
    let mut text = "id,project_id,queue_id,started_at,duration_s,direction,operator_id,operator_name,contact_id,\
                    contact_name,contact_phone,contact_email,acme_loan_no,acme_balance,globex_policy,globex_claim,\
                    initech_badge,comment,passport,recording_url,tags\r\n"
        .to_owned();
    for Call { number, project, queue, duration, operator } in calls(entries) {
        let agent = number % 50;
        let _ = write!(
            text,
            "{},{project},{queue},2026-11-21T16:43:51Z,{duration},inbound,{operator},Agent {agent},{},\
             Jane Doe {number},+1555{number:07},jane{number}@example.com,A-{number},1520.44,G-{number},\
             \"open since Monday; \"\"urgent\"\" call back\",{number},\"called twice, asked to call back after 6pm\",\
             X{number:08},https://rec.example.com/r/{number}.mp3,\"vip,retry\"\r\n",
            100_000 + number,
            500_000 + number,
        );
    }
    text.into_bytes()
}

/// An element for each entry.
#[must_use]
pub fn xml(entries: u32) -> Vec<u8> {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<calls>\n".to_owned();
    for Call { number, project, queue, duration, operator } in calls(entries) {
        let agent = number % 50;
        let _ = writeln!(
            text,
            "<call id=\"{}\"><project_id>{project}</project_id><queue_id>{queue}</queue_id>\
             <started_at>2026-11-21T16:43:51Z</started_at><duration_s>{duration}</duration_s>\
             <direction>inbound</direction><operator id=\"{operator}\"><name>Agent {agent}</name></operator>\
             <contact id=\"{}\"><name>Jane Doe {number}</name><phone>+1555{number:07}</phone>\
             <email>jane{number}@example.com</email><fields><acme_loan_no>A-{number}</acme_loan_no>\
             <acme_balance>1520.44</acme_balance><globex_policy>G-{number}</globex_policy>\
             <globex_claim>open since Monday; &quot;urgent&quot; call back</globex_claim>\
             <initech_badge>{number}</initech_badge>\
             <comment>called twice, asked to call back after 6pm</comment><passport>X{number:08}</passport>\
             </fields></contact><recording_url>https://rec.example.com/r/{number}.mp3</recording_url>\
             <tag>vip</tag><tag>retry</tag></call>",
            100_000 + number,
            500_000 + number,
        );
    }
    text.push_str("</calls>\n");
    text.into_bytes()
}

fn calls(entries: u32) -> impl Iterator<Item = Call> {
    calls_from(SEED, entries)
}

fn calls_from(seed: u64, entries: u32) -> impl Iterator<Item = Call> {
    let mut chance = Chance::new(seed);
    let mut projects = PROJECTS;
    (0..entries).map(move |number| {
        let place = number as usize % projects.len();
        if place == 0 {
            chance.shuffle(&mut projects);
        }
        Call {
            number,
            project: projects[place],
            queue: chance.between(1, 40),
            duration: chance.between(3, 900),
            operator: chance.between(1, 200),
        }
    })
}

impl Call {
    fn write_json(self, text: &mut String) {
        let Call { number, project, queue, duration, operator } = self;
        let agent = number % 50;
        let _ = write!(
            text,
            r#"{{"id":{},"project_id":"{project}","queue_id":{queue},"started_at":"2026-11-21T16:43:51Z","#,
            100_000 + number
        );
        let _ = write!(
            text,
            r#""duration_s":{duration},"direction":"inbound","operator":{{"id":{operator},"name":"Agent {agent}"}},"#
        );
        let _ = write!(
            text,
            r#""contact":{{"id":{},"name":"Jane Doe {number}","phone":"+1555{number:07}","#,
            500_000 + number
        );
        let _ = write!(
            text,
            r#""email":"jane{number}@example.com","fields":{{"acme_loan_no":"A-{number}","acme_balance":1520.44,"#
        );
        let _ = write!(
            text,
            r#""globex_policy":"G-{number}","globex_claim":"open since Monday; \"urgent\" call back","#
        );
        let _ = write!(
            text,
            r#""initech_badge":{number},"comment":"called twice, asked to call back after 6pm","#
        );
        let _ = write!(
            text,
            r#""passport":"X{number:08}"}}}},"recording_url":"https://rec.example.com/r/{number}.mp3","#
        );
        text.push_str(r#""tags":["vip","retry"]}"#);
    }
}
