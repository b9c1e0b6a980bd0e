//! A directory snapshot as the policy sees it, with the scopes of its callers in the policy's form.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use cordon_directory::{Snapshot, Status, Store};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::audit::SpecialRight;
use crate::config::MaskSecret;

/// Scopes kept for a snapshot. Beyond it they are made anew.
const SCOPES: usize = 100_000;

/// One snapshot, and everything derived from it that is worth keeping. An exchange takes it once (D8).
pub(crate) struct View {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) directory: Arc<dyn cordon_policy::Directory>,
    /// By the address of the directory's scope, of which a snapshot has one for equal scopes.
    scopes: RwLock<HashMap<usize, Arc<CallerScope>>>,
}

/// What callers share who may see the same.
pub(crate) struct CallerScope {
    pub(crate) scope: Arc<cordon_policy::Scope>,
    /// The key of hash masks (H37).
    pub(crate) hash_key: [u8; 32],
    /// The same without one of the special rights, made when it is first asked for.
    lesser: [OnceLock<Option<Arc<cordon_policy::Scope>>>; SpecialRight::ALL.len()],
    /// Keeps the address taken that the scope is found by.
    _source: Arc<cordon_directory::Scope>,
}

/// The view of the store's current snapshot.
pub(crate) struct Views {
    store: Arc<Store>,
    latest: ArcSwapOption<View>,
}

impl Views {
    pub(crate) fn new(store: Arc<Store>) -> Views {
        Views { store, latest: ArcSwapOption::empty() }
    }

    /// How long ago the snapshot was last known to be what the store holds.
    pub(crate) fn age(&self) -> Duration {
        self.store.age()
    }

    /// How the store stands.
    pub(crate) fn status(&self) -> Status {
        self.store.status()
    }

    /// Whether it is of the snapshot that is in force.
    pub(crate) fn is_current(&self, view: &View) -> bool {
        Arc::ptr_eq(&view.snapshot, &self.store.current())
    }

    pub(crate) fn current(&self) -> Arc<View> {
        let snapshot = self.store.current();
        if let Some(view) = &*self.latest.load()
            && Arc::ptr_eq(&view.snapshot, &snapshot)
        {
            return Arc::clone(view);
        }
        let view = Arc::new(View::new(snapshot));
        self.latest.store(Some(Arc::clone(&view)));
        view
    }
}

impl View {
    fn new(snapshot: Arc<Snapshot>) -> View {
        let directory = Arc::new(SnapshotDirectory(Arc::clone(&snapshot)));
        View { snapshot, directory, scopes: RwLock::default() }
    }

    /// The policy's form of a scope of this snapshot.
    pub(crate) fn scope(
        &self,
        source: &Arc<cordon_directory::Scope>,
        secret: &MaskSecret,
    ) -> Arc<CallerScope> {
        let address = Arc::as_ptr(source).addr();
        if let Some(known) = self.scopes.read().unwrap_or_else(PoisonError::into_inner).get(&address) {
            return Arc::clone(known);
        }
        let made = Arc::new(CallerScope::new(source, secret));
        let mut scopes = self.scopes.write().unwrap_or_else(PoisonError::into_inner);
        if scopes.len() < SCOPES {
            scopes.insert(address, Arc::clone(&made));
        }
        made
    }
}

impl CallerScope {
    fn new(source: &Arc<cordon_directory::Scope>, secret: &MaskSecret) -> CallerScope {
        let rights = &source.rights;
        let rights = cordon_policy::Rights {
            see_everything: rights.see_everything,
            list_projects: rights.list_projects,
            manage_access: rights.manage_access,
            manage_projects: rights.manage_projects,
            see_masked_fields: rights.see_masked_fields,
            manage_fields: rights.manage_fields,
            see_fields: rights.see_fields,
        };
        let sections = match &source.sections {
            cordon_directory::Sections::All => cordon_policy::Sections::All,
            cordon_directory::Sections::These(names) => cordon_policy::Sections::These(names.clone()),
        };
        let scope = cordon_policy::Scope::new(
            texts(&source.projects),
            rights,
            sections,
            source.chosen.as_deref().map(str::to_owned),
        );
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&secret.0).expect("an HMAC takes a key of any length (RFC 2104)");
        mac.update(scope.id().as_bytes());
        let hash_key = mac.finalize().into_bytes().into();
        CallerScope {
            scope: Arc::new(scope),
            hash_key,
            lesser: Default::default(),
            _source: Arc::clone(source),
        }
    }
}

impl CallerScope {
    /// Whether the callers have this right.
    pub(crate) fn has(&self, right: SpecialRight) -> bool {
        let rights = self.scope.rights();
        match right {
            SpecialRight::SeeEverything => rights.see_everything,
            SpecialRight::SeeMaskedFields => rights.see_masked_fields,
        }
    }

    /// The scope that the callers would have without this right. `None`: they could not ask for the project that they
    /// ask for.
    pub(crate) fn without(&self, right: SpecialRight) -> Option<Arc<cordon_policy::Scope>> {
        let made = self.lesser[right as usize].get_or_init(|| {
            let mut rights = self.scope.rights();
            match right {
                SpecialRight::SeeEverything => rights.see_everything = false,
                SpecialRight::SeeMaskedFields => rights.see_masked_fields = false,
            }
            self.scope.with_rights(rights).map(Arc::new)
        });
        made.clone()
    }
}

/// A snapshot in the words of the policy's host.
struct SnapshotDirectory(Arc<Snapshot>);

impl cordon_policy::Directory for SnapshotDirectory {
    fn revision(&self) -> u64 {
        self.0.revision()
    }

    fn fields(&self, kind: &str) -> Vec<cordon_policy::Field> {
        let fields = self.0.fields(kind).iter();
        fields
            .map(|field| cordon_policy::Field {
                key: String::from(&*field.key),
                projects: texts(&field.projects),
                system: field.system,
                hidden: field.hidden,
            })
            .collect()
    }

    fn projects_of(&self, kind: &str, id: &str) -> Option<Vec<String>> {
        self.0.projects_of(kind, id).map(|projects| texts(&projects))
    }

    fn single_project(&self, kind: &str) -> bool {
        self.0.single_project(kind)
    }

    fn fields_version(&self, kind: &str) -> u64 {
        self.0.fields_version(kind)
    }

    fn projects_version(&self, kind: &str, id: &str) -> u64 {
        self.0.projects_version(kind, id)
    }

    fn single_project_version(&self, _: &str) -> u64 {
        self.0.kinds_version()
    }
}

fn texts(projects: &cordon_directory::Projects) -> Vec<String> {
    projects.iter().map(|id| String::from(&**id)).collect()
}
