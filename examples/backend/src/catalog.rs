//! What the contact centre was set up with: few enough to be read.

/// A client's project, as this backend knows it.
#[derive(Debug)]
pub struct ProjectRow {
    /// The backend's number for it.
    pub id: u32,
    /// Its code, which is its id in Cordon's directory.
    pub code: &'static str,
    /// What people call it; report rows name it so.
    pub name: &'static str,
    /// For people.
    pub description: &'static str,
    /// Nobody's business but the outsourcer's.
    pub hourly_rate: &'static str,
}

/// A queue, script, autodialer, list or form.
#[derive(Debug)]
pub struct ObjectRow {
    /// The backend's number for it, unique among its kind.
    pub id: u32,
    /// What people call it.
    pub name: &'static str,
    /// Codes of the projects it is used for. The backend does not know this and never sends it.
    pub projects: &'static [&'static str],
}

/// An operator or administrator.
#[derive(Debug)]
pub struct UserRow {
    /// The backend's number for them.
    pub id: u32,
    /// Their login.
    pub login: &'static str,
    /// Their name.
    pub name: &'static str,
    /// Codes of the projects they work for. The backend does not know this and never sends it.
    pub projects: &'static [&'static str],
}

/// A contact field.
#[derive(Debug)]
pub struct FieldRow {
    /// The backend's number for it.
    pub id: u32,
    /// What records call it.
    pub key: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// Codes of the projects that use it: none for those that every contact has, and for one that nobody uses any
    /// more. The backend does not know this and never sends it.
    pub projects: &'static [&'static str],
}

/// Tokens that the API accepts, with whose they are. Known to all the world: they are for the demo only. The last one
/// is the one that Cordon uses itself.
pub const TOKENS: [(&str, &str); 5] = [
    ("olga", "demo-token-of-olga"),
    ("boris", "demo-token-of-boris"),
    ("clara", "demo-token-of-clara"),
    ("adam", "demo-token-of-adam"),
    ("cordon", "demo-token-of-cordon"),
];

/// The four clients.
pub const PROJECTS: [ProjectRow; 4] = [
    project(1, "acme", "Acme", "Consumer loans by phone", "31.50"),
    project(2, "globex", "Globex", "Insurance renewals", "28.00"),
    project(3, "initech", "Initech", "Technical support line", "35.25"),
    project(4, "umbrella", "Umbrella", "Clinic appointments", "26.75"),
];

const ACME: &[&str] = &["acme"];
const GLOBEX: &[&str] = &["globex"];
const INITECH: &[&str] = &["initech"];
const UMBRELLA: &[&str] = &["umbrella"];

/// Queues of incoming calls.
pub const QUEUES: [ObjectRow; 12] = [
    object(11, "Acme hotline", ACME),
    object(12, "Acme overdue loans", ACME),
    object(13, "Acme night", ACME),
    object(21, "Globex renewals", GLOBEX),
    object(22, "Globex claims", GLOBEX),
    object(23, "Globex VIP", GLOBEX),
    object(31, "Initech first level", INITECH),
    object(32, "Initech second level", INITECH),
    object(33, "Initech field service", INITECH),
    object(41, "Umbrella appointments", UMBRELLA),
    object(42, "Umbrella laboratory", UMBRELLA),
    object(43, "Umbrella billing", UMBRELLA),
];

/// Call scripts.
pub const SCRIPTS: [ObjectRow; 8] = [
    object(201, "Acme loan offer", ACME),
    object(202, "Acme reminder", ACME),
    object(203, "Globex renewal", GLOBEX),
    object(204, "Globex win-back", GLOBEX),
    object(205, "Initech diagnosis", INITECH),
    object(206, "Initech follow-up", INITECH),
    object(207, "Umbrella intake", UMBRELLA),
    object(208, "Umbrella survey", UMBRELLA),
];

/// Autodialers.
pub const AUTODIALERS: [ObjectRow; 6] = [
    object(301, "Acme spring offer", ACME),
    object(302, "Acme overdue round", ACME),
    object(303, "Globex renewals March", GLOBEX),
    object(304, "Globex win-back", GLOBEX),
    object(305, "Initech satisfaction", INITECH),
    object(306, "Umbrella check-up", UMBRELLA),
];

/// Lists of contacts. The last two are shared by projects.
pub const LISTS: [ObjectRow; 8] = [
    object(401, "Acme prospects", ACME),
    object(402, "Acme borrowers", ACME),
    object(403, "Globex policy holders", GLOBEX),
    object(404, "Globex lapsed", GLOBEX),
    object(405, "Initech sites", INITECH),
    object(406, "Umbrella patients", UMBRELLA),
    object(407, "Loans and insurance", &["acme", "globex"]),
    object(408, "Works doctors", &["initech", "umbrella"]),
];

/// CRM forms.
pub const FORMS: [ObjectRow; 5] = [
    object(501, "Acme application", ACME),
    object(502, "Globex policy", GLOBEX),
    object(503, "Initech ticket", INITECH),
    object(504, "Umbrella anamnesis", UMBRELLA),
    object(505, "Umbrella complaint", UMBRELLA),
];

/// Operators, and the administrator.
pub const USERS: [UserRow; 12] = [
    user(601, "olga", "Olga Petrova", ACME),
    user(602, "boris", "Boris Ivanov", &["acme", "globex"]),
    user(603, "adam", "Adam Nowak", &[]),
    user(604, "erik", "Erik Lund", ACME),
    user(605, "fatima", "Fatima Haddad", ACME),
    user(606, "grace", "Grace Owusu", GLOBEX),
    user(607, "henri", "Henri Blanc", GLOBEX),
    user(608, "ines", "Inês Duarte", INITECH),
    user(609, "jonas", "Jonas Weber", INITECH),
    user(610, "kemal", "Kemal Yıldız", UMBRELLA),
    user(611, "lucia", "Lucía Romero", UMBRELLA),
    user(612, "maria", "Мария Орлова", &["initech", "umbrella"]),
];

/// Contact fields.
pub const FIELDS: [FieldRow; 12] = [
    field(1, "name", "Name", &[]),
    field(2, "phone", "Phone", &[]),
    field(3, "email", "E-mail", &[]),
    field(4, "acme_loan_no", "Loan number", ACME),
    field(5, "acme_overdue", "Days overdue", ACME),
    field(6, "globex_policy", "Policy", GLOBEX),
    field(7, "initech_badge", "Badge", INITECH),
    field(8, "umbrella_case", "Case", UMBRELLA),
    field(9, "comment", "Comment", &["acme", "globex", "umbrella"]),
    field(10, "passport", "Passport", &["acme", "umbrella"]),
    field(11, "card", "Card", GLOBEX),
    field(12, "legacy_score", "Score (old)", &[]),
];

const fn project(
    id: u32,
    code: &'static str,
    name: &'static str,
    description: &'static str,
    hourly_rate: &'static str,
) -> ProjectRow {
    ProjectRow { id, code, name, description, hourly_rate }
}

const fn object(id: u32, name: &'static str, projects: &'static [&'static str]) -> ObjectRow {
    ObjectRow { id, name, projects }
}

const fn user(
    id: u32,
    login: &'static str,
    name: &'static str,
    projects: &'static [&'static str],
) -> UserRow {
    UserRow { id, login, name, projects }
}

const fn field(
    id: u32,
    key: &'static str,
    label: &'static str,
    projects: &'static [&'static str],
) -> FieldRow {
    FieldRow { id, key, label, projects }
}
