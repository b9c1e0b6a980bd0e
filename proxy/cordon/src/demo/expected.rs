//! What each caller is to see, from the sample's data alone: neither rules nor directory nor policy is asked.

use cordon_example_backend::{Call, Contact, Data, FIELDS, PROJECTS, QUEUES, SEED};

/// A caller of the demo.
pub(super) struct Caller {
    /// Login, which is also the name of the column.
    pub(super) login: &'static str,
    /// What the demo calls them.
    pub(super) who: &'static str,
    /// Projects, none for those who see everything.
    projects: &'static [&'static str],
    everything: bool,
    /// Whether contacts and queues are closed to them (D12).
    views_only: bool,
    /// Whether reports are open to them (D12).
    reports: bool,
}

/// The four callers of the table.
pub(super) const CALLERS: [Caller; 4] = [
    Caller {
        login: "olga",
        who: "in acme",
        projects: &["acme"],
        everything: false,
        views_only: false,
        reports: false,
    },
    Caller {
        login: "boris",
        who: "in acme, globex",
        projects: &["acme", "globex"],
        everything: false,
        views_only: false,
        reports: false,
    },
    Caller {
        login: "clara",
        who: "client globex",
        projects: &["globex"],
        everything: false,
        views_only: true,
        reports: true,
    },
    Caller { login: "adam", who: "admin", projects: &[], everything: true, views_only: false, reports: true },
];

/// The sample's data, and which records the demo looks at.
pub(super) struct Sample {
    data: Data,
    /// A call of globex with a contact that has fields of several projects.
    pub(super) call: u32,
}

impl Sample {
    /// The data that the sample backend serves.
    pub(super) fn new() -> Option<Sample> {
        let data = Data::generate(SEED);
        let telling = |call: &&Call| {
            let contact = call.contact.and_then(|id| data.contacts.get(&id));
            let has = |key| contact.is_some_and(|contact| contact.fields.contains_key(key));
            call.project == "globex" && has("globex_policy") && has("acme_loan_no") && has("card")
        };
        let call = data.calls.values().find(telling)?.id;
        Some(Sample { data, call })
    }

    /// How many calls a caller sees.
    pub(super) fn calls(&self, caller: &Caller) -> usize {
        self.data.calls.values().filter(|call| caller.sees(&[call.project])).count()
    }

    /// How many rows of the report a caller sees, if reports are open to them.
    pub(super) fn rows(&self, caller: &Caller) -> Option<usize> {
        caller.reports.then(|| self.calls(caller))
    }

    /// How many contacts a caller sees; none can be asked for by those who only view.
    pub(super) fn contacts(&self, caller: &Caller) -> Option<usize> {
        let seen = |contact: &&Contact| caller.sees(&contact.projects());
        (!caller.views_only).then(|| self.data.contacts.values().filter(seen).count())
    }

    /// How many queues a caller sees.
    pub(super) fn queues(caller: &Caller) -> Option<usize> {
        (!caller.views_only).then(|| QUEUES.iter().filter(|queue| caller.sees(queue.projects)).count())
    }

    /// How many projects a caller sees.
    pub(super) fn projects(caller: &Caller) -> usize {
        PROJECTS.iter().filter(|project| caller.sees(&[project.code])).count()
    }

    /// Keys of the contact fields that a caller sees in [`Sample::call`], sorted; `None` if the call is not theirs.
    pub(super) fn call_fields(&self, caller: &Caller) -> Option<Vec<&'static str>> {
        let call = &self.data.calls[&self.call];
        if !caller.sees(&[call.project]) {
            return None;
        }
        let contact = &self.data.contacts[&call.contact?];
        let system = ["name", "phone", "email"];
        // D19: the fields of the record's project, whatever else the caller is in.
        let seen = |key: &&str| {
            let field = FIELDS.iter().find(|field| field.key == *key);
            caller.everything
                || system.contains(key)
                || field.is_some_and(|field| field.projects.contains(&call.project))
        };
        Some(contact.fields.keys().copied().filter(seen).collect())
    }

    /// The card number in [`Sample::call`] as a caller sees it: a mask and two digits for those without the right.
    pub(super) fn card(&self, caller: &Caller) -> Option<String> {
        let call = &self.data.calls[&self.call];
        let card = self.data.contacts[&call.contact?].fields["card"].as_str();
        let shown =
            if caller.everything { card.to_owned() } else { format!("****{}", &card[card.len() - 2..]) };
        caller.sees(&[call.project]).then_some(shown)
    }
}

impl Caller {
    fn sees(&self, projects: &[&str]) -> bool {
        self.everything || projects.iter().any(|project| self.projects.contains(project))
    }
}
