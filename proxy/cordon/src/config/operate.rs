//! `[operate]`: where operators ask how things stand.

use std::net::{Ipv4Addr, SocketAddr};

use cordon_operate::OperateConfig;
use cordon_settings::{Problems, Table};

use crate::config::values;

/// Where operators ask unless something else is said.
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9902);

/// Reads the table `[operate]`.
pub(super) fn read(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<OperateConfig> {
    let listen = match table.text("listen", problems) {
        Some(text) => values::parsed_address(&text, "listen", problems),
        None => Some(USUAL),
    };
    let beyond = table.flag("beyond_this_machine", problems);
    let listen = listen?;
    if !listen.ip().is_loopback() && !beyond {
        problems
            .at(
                table.span(),
                format!("what operators are told would be told on {listen}, to everybody who reaches it"),
            )
            .help("listen on 127.0.0.1, or say `beyond_this_machine = true` where only operators reach it");
    }
    Some(OperateConfig { listen })
}
