//! `[admin]`: whether the admin API is served, and where.

use cordon_admin::AdminConfig;
use cordon_settings::{Problems, Table};

use crate::config::values;

/// Reads the table `[admin]`.
pub(super) fn read(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<AdminConfig> {
    let listen = values::address(table, "listen", problems);
    let beyond = table.flag("beyond_this_machine", problems);
    let listen = listen?;
    if !listen.ip().is_loopback() && !beyond {
        problems
            .at(
                table.span(),
                format!("the admin API would listen on {listen}, beyond this machine, without TLS"),
            )
            .help(
                "listen on 127.0.0.1, or say `beyond_this_machine = true` where something else protects it",
            );
    }
    Some(AdminConfig { listen, ..AdminConfig::default() })
}
