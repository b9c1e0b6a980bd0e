//! A timeline of posts in the shape of `twitter.json`: wide objects with long names, escaped markup, and text of which a
//! good part is not ASCII.

use std::fmt::Write;

use crate::chance::Chance;
use crate::layout::spread;

/// The language of the authors whose posts are kept: a quarter of all.
pub const LANGUAGE: &str = "ja";

const LANGUAGES: [&str; 4] = [LANGUAGE, "en", "de", "el"];
const WORDS: [&str; 16] = [
    "名前",
    "今日は雨",
    "電話してください",
    "お願いします",
    "前田あゆみ",
    "第一回",
    "チケット",
    "😀",
    "RT",
    "@support",
    "#queue",
    "καλημέρα",
    "später",
    "no\\nanswer",
    "\\u2026",
    "\\\"urgent\\\"",
];

/// The document, of about 0.6 MB.
#[must_use]
pub fn json() -> Vec<u8> {
    let mut chance = Chance::new(13);
    let mut text = "{\"statuses\":[".to_owned();
    for number in 0..100 {
        if number > 0 {
            text.push(',');
        }
        let quoted = chance.below(10) < 7;
        status(&mut text, number, quoted, &mut chance);
    }
    text.push_str(
        "],\"search_metadata\":{\"completed_in\":0.087,\"max_id\":505874924095815681,\
         \"max_id_str\":\"505874924095815681\",\"next_results\":\"?max_id=505874847260352512&q=%E4%B8%80&count=100\",\
         \"query\":\"%E4%B8%80\",\"count\":100,\"since_id\":0,\"since_id_str\":\"0\"}}",
    );
    spread(&text, 2).into_bytes()
}

/// A post, and perhaps the one that it repeats.
fn status(text: &mut String, number: u32, repeats: bool, chance: &mut Chance) {
    let id = 505_874_924_095_000_000 + 1_681 * u64::from(number);
    let length = chance.between(8, 20);
    let said = chance.words(&WORDS, length);
    let _ = write!(
        text,
        "{{\"metadata\":{{\"result_type\":\"recent\",\"iso_language_code\":\"ja\"}},\
         \"created_at\":\"Sun Aug 31 00:29:15 +0000 2014\",\"id\":{id},\"id_str\":\"{id}\",\"text\":\"{said}\",\
         \"source\":\"<a href=\\\"https://posts.example.com/download/phone\\\" rel=\\\"nofollow\\\">Posts for phones</a>\",\
         \"truncated\":false,\"in_reply_to_status_id\":null,\"in_reply_to_status_id_str\":null,\
         \"in_reply_to_user_id\":{},\"in_reply_to_screen_name\":null,\"user\":",
        chance.between(1_000_000, 2_000_000_000),
    );
    user(text, chance);
    text.push_str(",\"geo\":null,\"coordinates\":null,\"place\":null,\"contributors\":null,");
    if repeats {
        text.push_str("\"retweeted_status\":");
        status(text, number + 1000, false, chance);
        text.push(',');
    }
    let _ = write!(
        text,
        "\"retweet_count\":{},\"favorite_count\":{},\"entities\":{{\"hashtags\":[],\"symbols\":[],\"urls\":[",
        chance.below(100),
        chance.below(50),
    );
    for place in 0..chance.below(3) {
        let comma = if place > 0 { "," } else { "" };
        let _ = write!(
            text,
            "{comma}{{\"url\":\"https://l.example/{id}\",\"expanded_url\":\"https://news.example.com/a/{id}?lang=ja\",\
             \"display_url\":\"news.example.com/a/{id}\",\"indices\":[{},{}]}}",
            20 * place,
            20 * place + 19,
        );
    }
    let _ = write!(
        text,
        "],\"user_mentions\":[{{\"screen_name\":\"support{number}\",\"name\":\"{}\",\"id\":{},\"indices\":[3,15]}}]}},\
         \"favorited\":false,\"retweeted\":false,\"possibly_sensitive\":false,\"lang\":\"ja\"}}",
        chance.words(&WORDS, 2),
        chance.between(1_000_000, 2_000_000_000),
    );
}

fn user(text: &mut String, chance: &mut Chance) {
    let id = chance.between(1_000_000, 2_000_000_000);
    let name = chance.words(&WORDS[..7], 2);
    let length = chance.between(5, 25);
    let about = chance.words(&WORDS, length);
    let colour = chance.below(0x00ff_ffff);
    let _ = write!(
        text,
        "{{\"id\":{id},\"id_str\":\"{id}\",\"name\":\"{name}\",\"screen_name\":\"user_{id}\",\"location\":\"\",\
         \"description\":\"{about}\",\"url\":null,\"entities\":{{\"description\":{{\"urls\":[]}}}},\"protected\":false,\
         \"followers_count\":{},\"friends_count\":{},\"listed_count\":{},\
         \"created_at\":\"Mon Sep 16 00:42:35 +0000 2013\",\"favourites_count\":{},\"utc_offset\":null,\
         \"time_zone\":null,\"geo_enabled\":false,\"verified\":false,\"statuses_count\":{},\"lang\":\"{}\",\
         \"contributors_enabled\":false,\"is_translator\":false,\"is_translation_enabled\":false,",
        chance.below(10_000),
        chance.below(2_000),
        chance.below(50),
        chance.below(9_000),
        chance.below(90_000),
        chance.pick(&LANGUAGES),
    );
    let _ = write!(
        text,
        "\"profile_background_color\":\"{colour:06X}\",\
         \"profile_background_image_url\":\"https://img.example.com/images/themes/theme1/bg.png\",\
         \"profile_background_tile\":false,\
         \"profile_image_url\":\"https://img.example.com/profile_images/{id}/RrTZvXvF_normal.jpeg\",\
         \"profile_banner_url\":\"https://img.example.com/profile_banners/{id}/1409318784\",\
         \"profile_link_color\":\"0084B4\",\"profile_sidebar_border_color\":\"C0DEED\",\
         \"profile_sidebar_fill_color\":\"DDEEF6\",\"profile_text_color\":\"333333\",\
         \"profile_use_background_image\":true,\"default_profile\":true,\"default_profile_image\":false,\
         \"following\":false,\"follow_request_sent\":false,\"notifications\":false}}"
    );
}
