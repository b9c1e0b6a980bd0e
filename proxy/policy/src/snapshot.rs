//! How an instance's memory is read for the component that starts from it.

use wasmtime::Store;
use wasmtime::component::{ComponentNamedList, Instance, Lift, WasmList};
use wasmtime_wizer::ComponentInstanceState;

use crate::sandbox::State;

/// Calls the functions by which an instrumented component shows its globals and memories.
///
/// The functions are of wizer's making and it knows which exist, so that one that cannot be called is a bug of this
/// host, and a panic: loading catches it and refuses the bundle.
pub(crate) struct Snapshot<'a> {
    store: &'a mut Store<State>,
    instance: Instance,
}

impl<'a> Snapshot<'a> {
    pub(crate) fn new(store: &'a mut Store<State>, instance: Instance) -> Snapshot<'a> {
        Snapshot { store, instance }
    }

    fn read<R>(&mut self, interface: &str, function: &str) -> R
    where
        (R,): ComponentNamedList + Lift + 'static,
    {
        self.call(interface, function)
            .unwrap_or_else(|error| panic!("reading {interface}#{function} of an instance: {error:#}"))
    }

    fn call<R>(&mut self, interface: &str, function: &str) -> wasmtime::Result<R>
    where
        (R,): ComponentNamedList + Lift + 'static,
    {
        let missing = || wasmtime::format_err!("no such export");
        let interface =
            self.instance.get_export_index(&mut *self.store, None, interface).ok_or_else(missing)?;
        let function = self
            .instance
            .get_export_index(&mut *self.store, Some(&interface), function)
            .ok_or_else(missing)?;
        let function = self.instance.get_typed_func::<(), (R,)>(&mut *self.store, function)?;
        Ok(function.call(&mut *self.store, ())?.0)
    }
}

impl ComponentInstanceState for Snapshot<'_> {
    async fn call_func_ret_list_u8(
        &mut self,
        instance: &str,
        func: &str,
        contents: impl FnOnce(&[u8]) + Send,
    ) {
        let list: WasmList<u8> = self.read(instance, func);
        contents(list.as_le_slice(&*self.store));
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.read(instance, func)
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.read(instance, func)
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.read::<f32>(instance, func).to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.read::<f64>(instance, func).to_bits()
    }
}
