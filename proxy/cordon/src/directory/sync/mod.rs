//! `cordon directory sync`: objects as the backend lists them.

mod pages;
mod strict;

use clap::Args;
use cordon_directory::exchange::{Listing, Remark};
use cordon_directory::{Advice, Draft};
use cordon_gateway::{BackendCredential, Documents};

use super::output::sentences;
use super::session::Session;
use crate::Failure;
use crate::config::SyncConfig;

#[derive(Args)]
pub(super) struct Sync {
    /// Ask the backend and print the difference, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Believe an empty list where there were objects, and mark them all as gone.
    #[arg(long)]
    allow_empty: bool,
}

/// Who the log says it was.
const ACTOR: &str = "sync";

impl Sync {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let lists = &session.config.sync;
        if lists.is_empty() {
            return Err(Failure::wrong(
                "error: no list of the backend is named\n  help: add a `[[sync]]` to cordon.toml, see CONFIG.md",
            ));
        }
        let backend = &session.config.gateway.backend;
        if matches!(backend.credential, BackendCredential::PassThrough) {
            return Err(Failure::wrong(
                "error: the backend is shown the caller's credential, and here is no caller\n  help: give `[backend]` a \
                 service credential, see CONFIG.md",
            ));
        }
        let listings = session.wait(self.listings(lists, session))?;
        if self.dry_run {
            let snapshot = session.current();
            let mut draft = Draft::new(snapshot.state());
            let remarks = take_in(&listings, &mut draft);
            let (state, changes) =
                draft.finish().map_err(|violations| session.output.refused(&violations))?;
            let warnings = warnings(&remarks, &Advice::of_changes(&state, &changes));
            return session.output.planned(&changes, &warnings);
        }
        let mut remarks = Vec::new();
        let done = session.changed(ACTOR, "take in the backend's lists", |draft| {
            remarks = take_in(&listings, draft);
            Ok(())
        })?;
        let snapshot = session.current();
        let warnings = warnings(&remarks, &Advice::of_changes(snapshot.state(), &done.changes));
        session.output.changed(done.number, &done.changes, &warnings)
    }

    /// All lists, or everything that is wrong with them.
    async fn listings(&self, lists: &[SyncConfig], session: &Session) -> Result<Vec<Listing>, Failure> {
        let gateway = &session.config.gateway;
        let documents = Documents::new(&gateway.backend, &gateway.deadlines)
            .map_err(|error| Failure::wrong(format!("error: {error}")))?;
        let mut listings = Vec::new();
        let mut faults = String::new();
        for list in lists {
            match pages::read(&documents, &gateway.backend.url, list).await {
                Ok(objects) => listings.push(Listing {
                    kind: list.kind.clone(),
                    objects,
                    land: list.land,
                    allow_empty: self.allow_empty,
                }),
                Err(fault) => faults += &format!("error: the list of {}s, {fault}\n", list.kind),
            }
        }
        if faults.is_empty() {
            Ok(listings)
        } else {
            Err(Failure::failed(format!("{faults}nothing was changed")))
        }
    }
}

fn take_in(listings: &[Listing], draft: &mut Draft) -> Vec<Remark> {
    listings.iter().flat_map(|listing| listing.apply(draft)).collect()
}

fn warnings(remarks: &[Remark], advice: &[Advice]) -> Vec<String> {
    remarks.iter().map(ToString::to_string).chain(sentences(advice)).collect()
}
