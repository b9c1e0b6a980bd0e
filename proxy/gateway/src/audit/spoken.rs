//! What special rights reveal in the messages of a WebSocket, one by one: each goes out once it is recorded.

use cordon_policy::ResponsePlan;

use crate::audit::ledger::Ledger;
use crate::audit::{Part, Revealed, Without, Writing};
use crate::counters::route::Tally;
use crate::rescue::Cause;
use crate::standing::Standing;
use crate::websocket::Edited;

/// The audit of a WebSocket.
pub(crate) struct Spoken {
    ledger: Ledger,
}

impl Spoken {
    /// `ledger` is of the handshake.
    pub(crate) fn new(ledger: Ledger) -> Spoken {
        Spoken { ledger }
    }

    /// Records before the first message that none of them will be filtered, where that is so and the caller has special
    /// rights.
    pub(crate) async fn before_unfiltered(&self, standing: &Standing) -> Result<(), Cause> {
        let Some(admitted) = standing.admitted() else { return Ok(()) };
        if admitted.withouts.is_empty() || !matches!(admitted.plan.response, ResponsePlan::Pass) {
            return Ok(());
        }
        let revealed: Vec<Revealed> = admitted.withouts.iter().map(Without::unfiltered).collect();
        self.ledger.written(self.ledger.write(Part::Whole, &revealed).await)
    }

    /// Records what this message reveals, if it reveals anything: it may go out when the writing is done.
    pub(crate) fn message(
        &mut self,
        edited: &Edited,
        standing: &Standing,
        limits: &cordon_rewrite::Limits,
    ) -> Option<Writing> {
        let admitted = standing.admitted()?;
        edited.message.as_ref()?;
        let (text, own) = (edited.text.as_ref()?, Tally::of(edited.report.as_ref()?));
        let mut revealed = Vec::new();
        for without in &admitted.withouts {
            let lesser = without.admitted.as_ref().and_then(|(exchange, plan)| match &plan.response {
                ResponsePlan::Edit(plan) => {
                    let edit = crate::websocket::edit(text, plan, exchange, admitted.scope.hash_key, limits);
                    edit.ok().map(|(_, report)| Tally::of(&report))
                }
                ResponsePlan::Pass | ResponsePlan::Empty => None,
            });
            revealed.push(Revealed::between(without.right, &own, lesser.as_ref()));
        }
        revealed.retain(|revealed| !revealed.is_nothing());
        if revealed.is_empty() {
            return None;
        }
        self.ledger.revision = standing.revision();
        self.ledger.count(&revealed);
        Some(self.ledger.write(Part::Message, &revealed))
    }

    /// Whether the message that was recorded may go out.
    pub(crate) fn written(&self, written: Result<(), crate::audit::NotWritten>) -> Result<(), Cause> {
        self.ledger.written(written)
    }
}
