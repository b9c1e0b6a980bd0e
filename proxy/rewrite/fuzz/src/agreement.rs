//! The same body in other chunks gives the same.

use crate::support::case::word;
use crate::support::feeding::Outcome;
use crate::trial::Trial;

/// Feeds the body whole, byte by byte and in chunks by chance, and gives what came of it each time.
pub(crate) fn feed_every_way(trial: &Trial<'_>) -> Outcome {
    let whole = trial.feed([trial.body]);
    let mut cuts = trial.cuts();
    for (name, chunks) in [
        ("bytes", trial.body.chunks(1).collect()),
        ("chunks", cuts.cut(trial.body)),
        ("other chunks", cuts.cut(trial.body)),
    ] {
        let other = trial.feed(chunks);
        assert_eq!(
            error(&whole),
            error(&other),
            "errors of the whole and of {name} differ: {}",
            trial.shown()
        );
        assert_eq!(whole.report.missing, other.report.missing, "missing with {name}: {}", trial.shown());
        // What is wrong with a record is seen when its batch is judged, and batches end where chunks do: more or less of
        // what comes before it may have come out by then.
        let agree = match &whole.result {
            Ok(()) => whole.output == other.output,
            Err(_) => whole.output.starts_with(&other.output) || other.output.starts_with(&whole.output),
        };
        assert!(
            agree,
            "outputs of the whole and of {name} differ:\n{}\n{}\n{}",
            String::from_utf8_lossy(&whole.output),
            String::from_utf8_lossy(&other.output),
            trial.shown()
        );
        if whole.result.is_ok() {
            assert_eq!(whole.report, other.report, "reports with {name} differ: {}", trial.shown());
        }
    }
    whole
}

/// What was wrong, and where, if that does not hang on how records were batched.
pub(crate) fn error(outcome: &Outcome) -> Option<(String, u64)> {
    let error = outcome.result.as_ref().err()?;
    let word = word(&error.kind);
    let batched = matches!(word.as_str(), "duplicate" | "limit-members" | "limit-held");
    Some((word, if batched { 0 } else { error.offset }))
}
