//! An empty WASI (preview 2), for components with a language's runtime in them: no files, no network, no environment,
//! no arguments, clocks that stand still, and the same random bytes in every sandbox.
//!
//! A policy is pure, and its answers are kept: the same question must have the same answer in every sandbox. So what
//! can be answered without looking at the world is answered here (`answers`), and whatever else such a component may
//! import is there by its name only, since runtimes import far more than they call. Calling it is a trap that says so.
//!
//! These are functions of our own and not those of `wasmtime-wasi`: that crate opens files, sockets and clocks, to be
//! closed again by its settings, and brings an asynchronous runtime along. What is not there cannot be left open.

mod answers;
mod state;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};

use crate::sandbox::State;

pub(crate) use state::{TooManyHandles, Wasi};

/// The interfaces that a component may import once WASI is allowed, each in any version that is compatible with 0.2.0.
/// Everything that `wasi:cli/command` of 0.2 has, and what runtimes of JavaScript import of HTTP.
const INTERFACES: [&str; 31] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/timezone",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/incoming-handler",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// A component called something that an empty WASI does not have.
#[derive(Debug, thiserror::Error)]
#[error("it called `{0}`, which is not there in an empty WASI")]
pub(crate) struct NotThere(String);

/// Whether this is the name of an interface that is given to those who may have WASI.
pub(crate) fn is_known(import: &str) -> bool {
    interface(import).is_some()
}

/// The interface of an import such as `wasi:io/poll@0.2.9`, without its version.
fn interface(import: &str) -> Option<&'static str> {
    let (name, version) = import.split_once('@')?;
    let patch = version.strip_prefix("0.2.")?;
    let released = !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit());
    INTERFACES.into_iter().find(|known| released && *known == name)
}

/// A linker that also has what this component imports of WASI. That it may have it has been checked.
pub(crate) fn link(linker: &Linker<State>, component: &Component) -> wasmtime::Result<Linker<State>> {
    let mut linker = linker.clone();
    let engine = component.engine();
    for (name, import) in component.component_type().imports(engine) {
        let (Some(interface), ComponentItem::ComponentInstance(instance)) = (interface(name), import.ty)
        else {
            continue;
        };
        let mut linked = linker.instance(name)?;
        for (item, export) in instance.exports(engine) {
            match export.ty {
                ComponentItem::Resource(_) => answers::resource(&mut linked, item)?,
                ComponentItem::ComponentFunc(_) if !answers::function(&mut linked, interface, item)? => {
                    let called = format!("{name}#{item}");
                    linked.func_new(item, move |_, _, _, _| Err(NotThere(called.clone()).into()))?;
                }
                _ => {}
            }
        }
    }
    Ok(linker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_known_by_name_and_version() {
        for name in ["wasi:io/poll@0.2.0", "wasi:cli/exit@0.2.12", "wasi:http/types@0.2.10"] {
            assert!(is_known(name), "{name}");
        }
        for name in [
            "wasi:io/poll",
            "wasi:io/poll@0.3.0",
            "wasi:io/poll@0.2.0-rc-2023-11-10",
            "wasi:io/poll@0.2.",
            "wasi:io/poll@0.2",
            "wasi:io/poll-and-more@0.2.0",
            "wasi:keyvalue/store@0.2.0",
            "wasi:blobstore/container@0.2.0",
        ] {
            assert!(!is_known(name), "{name}");
        }
    }
}
