//! What an empty WASI answers.

use wasmtime::StoreContextMut;
use wasmtime::component::{
    ComponentNamedList, ComponentType, Lift, LinkerInstance, Lower, Resource, ResourceType, WasmList,
};

use super::NotThere;
use super::state::Wasi;
use crate::sandbox::State;

/// What an output stream takes at a time.
const OUTPUT: u64 = 1 << 20;
/// The most random bytes that are given at a time.
const RANDOM: u64 = 64 << 10;
/// The most pollables that can be waited for at a time.
const POLLED: usize = 1024;
/// How finely the clocks that stand still are said to tell the time.
const SECOND: u64 = 1_000_000_000;

/// Everything that one can wait for has already happened.
struct Pollable;
/// What is written goes nowhere.
struct OutputStream;
/// At its end from the beginning.
struct InputStream;
struct IoError;
struct Terminal;
struct Descriptor;

/// `wasi:io/streams#stream-error`.
#[derive(ComponentType, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    #[expect(dead_code, reason = "the type has it, and nothing fails")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

/// `wasi:clocks/wall-clock#datetime`.
#[derive(ComponentType, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

/// Defines a resource.
pub(super) fn resource(linked: &mut LinkerInstance<'_, State>, name: &str) -> wasmtime::Result<()> {
    let kind = match name {
        "pollable" => ResourceType::host::<Pollable>(),
        "output-stream" => ResourceType::host::<OutputStream>(),
        "input-stream" => ResourceType::host::<InputStream>(),
        "error" => ResourceType::host::<IoError>(),
        "terminal-input" | "terminal-output" => ResourceType::host::<Terminal>(),
        "descriptor" => ResourceType::host::<Descriptor>(),
        // Nobody can have one.
        _ => ResourceType::host::<()>(),
    };
    linked.resource(name, kind, |mut store, _| {
        store.data_mut().wasi.dropped();
        Ok(())
    })
}

/// Defines a function, if there is an answer to it.
pub(super) fn function(
    linked: &mut LinkerInstance<'_, State>,
    interface: &str,
    name: &str,
) -> wasmtime::Result<bool> {
    let mut define = Define { linked, name };
    match (interface, name) {
        ("wasi:cli/environment", "get-environment") => {
            define.answer(|_, ()| Ok((Vec::<(String, String)>::new(),)))
        }
        ("wasi:cli/environment", "get-arguments") => define.answer(|_, ()| Ok((Vec::<String>::new(),))),
        ("wasi:cli/environment", "initial-cwd") => define.answer(|_, ()| Ok((None::<String>,))),
        ("wasi:cli/exit", "exit") => define.answer(|_, (_,): (Result<(), ()>,)| -> wasmtime::Result<()> {
            Err(NotThere("exit".to_owned()).into())
        }),
        ("wasi:cli/stdin", "get-stdin") => define.handle::<InputStream, ()>(),
        ("wasi:cli/stdout" | "wasi:cli/stderr", "get-stdout" | "get-stderr") => {
            define.handle::<OutputStream, ()>()
        }
        ("wasi:cli/terminal-stdin" | "wasi:cli/terminal-stdout" | "wasi:cli/terminal-stderr", _) => {
            define.answer(|_, ()| Ok((None::<Resource<Terminal>>,)))
        }
        ("wasi:clocks/monotonic-clock", "now") => define.answer(|_, ()| Ok((0_u64,))),
        ("wasi:clocks/monotonic-clock", "resolution") => define.answer(|_, ()| Ok((SECOND,))),
        ("wasi:clocks/monotonic-clock", "subscribe-instant" | "subscribe-duration") => {
            define.handle::<Pollable, (u64,)>()
        }
        ("wasi:clocks/wall-clock", "now") => {
            define.answer(|_, ()| Ok((Datetime { seconds: 0, nanoseconds: 0 },)))
        }
        ("wasi:clocks/wall-clock", "resolution") => {
            define.answer(|_, ()| Ok((Datetime { seconds: 1, nanoseconds: 0 },)))
        }
        ("wasi:filesystem/preopens", "get-directories") => {
            define.answer(|_, ()| Ok((Vec::<(Resource<Descriptor>, String)>::new(),)))
        }
        ("wasi:io/poll", _) => polling(&mut define),
        ("wasi:io/streams", name) if name.starts_with("[method]input-stream.") => input(&mut define),
        ("wasi:io/streams", _) => output(&mut define),
        ("wasi:random/random" | "wasi:random/insecure" | "wasi:random/insecure-seed", _) => {
            random(&mut define)
        }
        _ => Ok(false),
    }
}

fn polling(define: &mut Define<'_, '_>) -> wasmtime::Result<bool> {
    match define.name {
        "[method]pollable.ready" => define.answer(|_, (_,): (Resource<Pollable>,)| Ok((true,))),
        "[method]pollable.block" => define.answer(|_, (_,): (Resource<Pollable>,)| Ok(())),
        "poll" => define.answer(|_, (polled,): (WasmList<Resource<Pollable>>,)| {
            if polled.len() > POLLED || polled.len() == 0 {
                return Err(NotThere(format!("poll of {} pollables", polled.len())).into());
            }
            let ready: Vec<u32> = (0..).take(polled.len()).collect();
            Ok((ready,))
        }),
        _ => Ok(false),
    }
}

fn input(define: &mut Define<'_, '_>) -> wasmtime::Result<bool> {
    match define.name {
        "[method]input-stream.read" | "[method]input-stream.blocking-read" => {
            define.answer(|_, (_, _): (Resource<InputStream>, u64)| {
                Ok((Err::<Vec<u8>, StreamError>(StreamError::Closed),))
            })
        }
        "[method]input-stream.skip" | "[method]input-stream.blocking-skip" => {
            define.answer(|_, (_, _): (Resource<InputStream>, u64)| {
                Ok((Err::<u64, StreamError>(StreamError::Closed),))
            })
        }
        "[method]input-stream.subscribe" => define.handle::<Pollable, (Resource<InputStream>,)>(),
        _ => Ok(false),
    }
}

fn output(define: &mut Define<'_, '_>) -> wasmtime::Result<bool> {
    match define.name {
        "[method]output-stream.check-write" => {
            define.answer(|_, (_,): (Resource<OutputStream>,)| Ok((Ok::<u64, StreamError>(OUTPUT),)))
        }
        "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush" => {
            define.answer(|_, (_, _): (Resource<OutputStream>, WasmList<u8>)| Ok((WRITTEN,)))
        }
        "[method]output-stream.write-zeroes" | "[method]output-stream.blocking-write-zeroes-and-flush" => {
            define.answer(|_, (_, _): (Resource<OutputStream>, u64)| Ok((WRITTEN,)))
        }
        "[method]output-stream.flush" | "[method]output-stream.blocking-flush" => {
            define.answer(|_, (_,): (Resource<OutputStream>,)| Ok((WRITTEN,)))
        }
        "[method]output-stream.subscribe" => define.handle::<Pollable, (Resource<OutputStream>,)>(),
        _ => Ok(false),
    }
}

const WRITTEN: Result<(), StreamError> = Ok(());

fn random(define: &mut Define<'_, '_>) -> wasmtime::Result<bool> {
    match define.name {
        "get-random-bytes" | "get-insecure-random-bytes" => {
            define.answer(|wasi, (count,): (u64,)| match usize::try_from(count) {
                Ok(bytes) if count <= RANDOM => Ok((wasi.bytes(bytes),)),
                _ => Err(NotThere(format!("{count} random bytes at once")).into()),
            })
        }
        "get-random-u64" | "get-insecure-random-u64" => define.answer(|wasi, ()| Ok((wasi.next(),))),
        "insecure-seed" | "get-insecure-seed" => define.answer(|wasi, ()| Ok(((wasi.next(), wasi.next()),))),
        _ => Ok(false),
    }
}

/// A function of an imported interface, about to be defined.
struct Define<'a, 'b> {
    linked: &'a mut LinkerInstance<'b, State>,
    name: &'a str,
}

impl Define<'_, '_> {
    fn answer<P, R>(
        &mut self,
        answer: impl Fn(&mut Wasi, P) -> wasmtime::Result<R> + Send + Sync + 'static,
    ) -> wasmtime::Result<bool>
    where
        P: ComponentNamedList + Lift + 'static,
        R: ComponentNamedList + Lower + 'static,
    {
        let called =
            move |mut store: StoreContextMut<'_, State>, asked: P| answer(&mut store.data_mut().wasi, asked);
        self.linked.func_wrap(self.name, called)?;
        Ok(true)
    }

    /// Answers with a new handle, whatever it is of.
    fn handle<T, P>(&mut self) -> wasmtime::Result<bool>
    where
        T: Send + Sync + 'static,
        P: ComponentNamedList + Lift + 'static,
    {
        self.answer(|wasi, _: P| Ok((wasi.handle::<T>()?,)))
    }
}
