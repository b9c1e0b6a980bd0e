//! A catalogue of events in the shape of `citm_catalog.json`: objects whose names are numbers, and performances with deep
//! lists of prices and areas, laid out over many lines, so that two thirds of the bytes are white space.

use std::fmt::Write;

use crate::chance::Chance;
use crate::layout::spread;

/// The venue whose performances are kept: a quarter of all.
pub const VENUE: &str = "GRANDE_SALLE";

const VENUES: [&str; 4] = [VENUE, "PLEYEL_PLEYEL", "AUDITORIUM", "CONSERVATOIRE"];
const WORDS: [&str; 12] = [
    "Orchestre",
    "Quatuor",
    "à cordes",
    "Festival d’été",
    "Concert",
    "Récital",
    "Mahler",
    "Brahms",
    "Premières",
    "& Amis",
    "« Nuit »",
    "Intégrale",
];

/// The document, of about 1.7 MB.
#[must_use]
pub fn json() -> Vec<u8> {
    let mut chance = Chance::new(11);
    let mut text = "{".to_owned();
    names(&mut text, "areaNames", 205_705_993, 17, &mut chance);
    names(&mut text, "audienceSubCategoryNames", 337_100_890, 1, &mut chance);
    text.push_str("\"blockNames\":{},\"events\":{");
    for number in 0..184 {
        event(&mut text, number, &mut chance);
    }
    text.push_str("},\"performances\":[");
    for number in 0..243 {
        performance(&mut text, number, &mut chance);
    }
    text.push_str("],");
    names(&mut text, "seatCategoryNames", 338_937_235, 64, &mut chance);
    names(&mut text, "subTopicNames", 337_184_262, 19, &mut chance);
    text.push_str("\"subjectNames\":{},");
    names(&mut text, "topicNames", 107_888_604, 4, &mut chance);
    text.push_str("\"topicSubTopics\":{");
    for topic in 0..4 {
        let comma = if topic > 0 { "," } else { "" };
        let _ = write!(text, "{comma}\"{}\":[", 107_888_604 + topic);
        numbers(&mut text, 337_184_262, 8, &mut chance);
        text.push(']');
    }
    text.push_str("},\"venueNames\":{\"PLEYEL_PLEYEL\":\"Salle Pleyel\"}}");
    spread(&text, 4).into_bytes()
}

/// A member that names things by their number.
fn names(text: &mut String, member: &str, first: u32, count: u32, chance: &mut Chance) {
    let _ = write!(text, "\"{member}\":{{");
    for number in 0..count {
        let comma = if number > 0 { "," } else { "" };
        let _ = write!(text, "{comma}\"{}\":\"{}\"", first + 7 * number, chance.words(&WORDS, 2));
    }
    text.push_str("},");
}

fn numbers(text: &mut String, first: u32, most: u32, chance: &mut Chance) {
    for place in 0..chance.between(1, most) {
        let comma = if place > 0 { "," } else { "" };
        let _ = write!(text, "{comma}{}", first + 13 * place);
    }
}

fn event(text: &mut String, number: u32, chance: &mut Chance) {
    let id = 138_586_341 + 4 * number;
    let comma = if number > 0 { "," } else { "" };
    let count = chance.between(2, 8);
    let name = chance.words(&WORDS, count);
    let logo = match chance.below(3) {
        0 => "null".to_owned(),
        _ => format!("\"/images/UE0AAAAACEKo{number:02}QAAAAZDSVRN\""),
    };
    let _ = write!(
        text,
        "{comma}\"{id}\":{{\"description\":null,\"id\":{id},\"logo\":{logo},\"name\":\"{name}\",\"subTopicIds\":["
    );
    numbers(text, 337_184_269, 5, chance);
    text.push_str("],\"subjectCode\":null,\"subtitle\":null,\"topicIds\":[");
    numbers(text, 324_846_099, 3, chance);
    text.push_str("]}");
}

fn performance(text: &mut String, number: u32, chance: &mut Chance) {
    let comma = if number > 0 { "," } else { "" };
    let _ = write!(
        text,
        "{comma}{{\"eventId\":{},\"id\":{},\"logo\":null,\"name\":null,\"prices\":[",
        138_586_341 + 4 * (number % 184),
        339_887_544 + 3 * number,
    );
    let categories = chance.between(3, 6);
    for category in 0..categories {
        let comma = if category > 0 { "," } else { "" };
        let _ = write!(
            text,
            "{comma}{{\"amount\":{},\"audienceSubCategoryId\":337100890,\"seatCategoryId\":{}}}",
            500 * chance.between(20, 190),
            338_937_235 + 7 * category,
        );
    }
    text.push_str("],\"seatCategories\":[");
    for category in 0..categories {
        let comma = if category > 0 { "," } else { "" };
        let _ = write!(text, "{comma}{{\"areas\":[");
        for area in 0..chance.between(4, 12) {
            let comma = if area > 0 { "," } else { "" };
            let _ = write!(text, "{comma}{{\"areaId\":{},\"blockIds\":[]}}", 205_705_993 + 7 * area);
        }
        let _ = write!(text, "],\"seatCategoryId\":{}}}", 338_937_235 + 7 * category);
    }
    let _ = write!(
        text,
        "],\"seatMapImage\":null,\"start\":{}00000,\"venueCode\":\"{}\"}}",
        13_727_016 + 864 * number,
        chance.pick(&VENUES),
    );
}
