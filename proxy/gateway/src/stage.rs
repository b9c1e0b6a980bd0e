//! The parts of an exchange's time.

/// What an exchange is at. One follows the other, and some are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The head is read and the caller found out.
    Identify,
    /// The policy decides and plans.
    Policy,
    /// The backend is asked for the record that the request is about.
    Probe,
    /// The backend is asked, and has not sent a head.
    Backend,
    /// The body is edited and sent.
    Body,
}

/// All stages, in their order.
pub const STAGES: [Stage; 5] = [Stage::Identify, Stage::Policy, Stage::Probe, Stage::Backend, Stage::Body];

impl Stage {
    /// The stage's name in metrics, logs and traces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Stage::Identify => "identify",
            Stage::Policy => "policy",
            Stage::Probe => "probe",
            Stage::Backend => "backend",
            Stage::Body => "body",
        }
    }
}
