//! `cordon directory enhance` and `simplify` (D1).

use super::output::count;
use super::session::{Session, cli_user};
use crate::Failure;

pub(super) fn enhance(session: &Session) -> Result<(), Failure> {
    let done = session.changed(&cli_user(), "switch to enhanced security", |draft| {
        draft.enhance();
        Ok(())
    })?;
    // Everybody is in Default now: that is what was asked for, and no news of each of them.
    let mut warnings = Vec::new();
    if !done.changes.is_empty() {
        warnings.push(
            "whoever is later added to a project still sees what is in Default until taken out of it (D2)"
                .to_owned(),
        );
    }
    session.output.changed(done.number, &done.changes, &warnings)
}

pub(super) fn simplify(session: &Session) -> Result<(), Failure> {
    let done = session.changed(&cli_user(), "switch to simplified security", |draft| {
        draft.simplify();
        Ok(())
    })?;
    let mut warnings = Vec::new();
    if !done.changes.is_empty() {
        let callers = session.current().users().filter(|(_, user)| session.current().can_call(user)).count();
        warnings.push(format!("nobody is restricted now: {} see everything", count(callers, "caller")));
    }
    session.output.changed(done.number, &done.changes, &warnings)
}
