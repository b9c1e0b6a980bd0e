//! What a component wants from outside and offers, looked at before anything of it is compiled or run.

use wasmparser::component_types::ComponentEntityType;
use wasmparser::{ComponentType, Parser, Payload, Validator, WasmFeatures};

use crate::failure::for_log;
use crate::load::LoadError;
use crate::wasi;

/// The version of the contract that this host speaks, as bundles state it: below 1.0 another minor one is another
/// contract.
pub const CONTRACT: &str = "0.2";

/// The interface that may be imported with its functions, and those functions.
const DIRECTORY: &str = "cordon:policy/directory@0.2.";
const DIRECTORY_FUNCTIONS: [&str; 3] = ["fields", "projects-of", "single-project"];
/// The interface that may be imported for its types.
const TYPES: &str = "cordon:policy/types@0.2.";
/// What the host calls.
const EXPORTS: [&str; 5] = ["configure", "authorize", "plan", "judge", "mask"];

/// What a component that may be loaded imports besides the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Imports {
    /// Something of WASI.
    pub(crate) wasi: bool,
}

/// Refuses what is no component, what imports anything but the directory (and WASI, where that is allowed), and what
/// lacks a function of the contract. Whether the functions' types are those of the contract is looked at when the
/// component is linked.
pub(crate) fn check(component: &[u8], wasi_allowed: bool) -> Result<Imports, LoadError> {
    let not_a_component =
        |error: wasmparser::BinaryReaderError| LoadError::NotAComponent(for_log(error.message()));
    if Parser::is_core_wasm(component) {
        return Err(LoadError::NotAComponent("a core module; encode it as a component first".into()));
    }
    let types =
        Validator::new_with_features(WasmFeatures::all()).validate_all(component).map_err(not_a_component)?;
    let mut found = Imports { wasi: false };
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(not_a_component)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentTypeSection(section) => {
                for item in section {
                    if let ComponentType::Resource { .. } = item.map_err(not_a_component)? {
                        let reason =
                            "it defines a resource; handles lie outside the sandbox and are no policy's need";
                        return Err(LoadError::Unusable(reason.into()));
                    }
                }
            }
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    let name = import.map_err(not_a_component)?.name.name;
                    let item = types.component_item_for_import(name);
                    let foreign = match item.map(|item| item.ty) {
                        Some(ComponentEntityType::Instance(_)) if wasi::is_known(name) => {
                            if !wasi_allowed {
                                return Err(LoadError::WasiNotAllowed { name: for_log(name) });
                            }
                            found.wasi = true;
                            None
                        }
                        Some(ComponentEntityType::Instance(id)) => {
                            let items = types[id].exports.iter();
                            foreign_item(name, items.map(|(name, item)| (name.as_str(), item.ty)))
                        }
                        Some(ComponentEntityType::Type { .. }) => None,
                        _ => Some(name.to_owned()),
                    };
                    if let Some(name) = foreign {
                        return Err(LoadError::ForeignImport { name: for_log(&name) });
                    }
                }
            }
            _ => {}
        }
    }
    for name in EXPORTS {
        let item = types.component_item_for_export(name);
        if !item.is_some_and(|item| matches!(item.ty, ComponentEntityType::Func(_))) {
            return Err(LoadError::MissingExport { name });
        }
    }
    Ok(found)
}

/// The first thing in an imported interface that is not the host's to give.
fn foreign_item<'a>(
    interface: &str,
    mut items: impl Iterator<Item = (&'a str, ComponentEntityType)>,
) -> Option<String> {
    let functions: &[&str] = if interface.starts_with(DIRECTORY) {
        &DIRECTORY_FUNCTIONS
    } else if interface.starts_with(TYPES) {
        &[]
    } else {
        return Some(interface.to_owned());
    };
    items
        .find(|(name, item)| match item {
            ComponentEntityType::Type { .. } => false,
            ComponentEntityType::Func(_) => !functions.contains(name),
            _ => true,
        })
        .map(|(name, _)| format!("{interface}#{name}"))
}
