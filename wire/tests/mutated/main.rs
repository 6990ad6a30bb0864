//! Millions of correct calls, answers and requests with random damage. None may crash the endpoint, hang it or take
//! much memory.
//!
//! The same seed gives the same damage. The short run is a normal test. The long one is
//!
//!     cargo test --profile sweep -p quorate-wire --test mutated -- --ignored --nocapture --test-threads 1
//!
//! with `QUORATE_SEED` and `QUORATE_INPUTS` to change the seed and the number of inputs.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
mod converse;
mod decoder;
mod mutate;
mod requests;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;

use mutate::Mutator;

/// The most memory that one input may take, in bytes, beside a multiple of its own size.
const MEMORY: usize = 256 * 1024;
const MEMORY_FOR_EACH_BYTE: usize = 16;
/// The most time that one input may take, on a busy machine.
const TIME: Duration = Duration::from_secs(5);

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The measurement covers the whole process, so only one test may run at a time.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_few_thousand_damaged_bodies_do_no_harm() {
    play(0, 20_000, Mutator::body, decoder::read);
}

#[test]
fn a_few_thousand_damaged_requests_do_no_harm() {
    requests::play(0, 5_000);
}

#[test]
#[ignore = "takes minutes"]
fn millions_of_damaged_bodies_do_no_harm() {
    play(seed(), inputs(10_000_000), Mutator::body, decoder::read);
}

#[test]
#[ignore = "takes minutes"]
fn millions_of_damaged_requests_do_no_harm() {
    requests::play(seed(), inputs(2_000_000));
}

fn seed() -> u64 {
    from_environment("QUORATE_SEED").unwrap_or(1)
}

fn inputs(usual: u64) -> u64 {
    from_environment("QUORATE_INPUTS").unwrap_or(usual)
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Tries all inputs and prints a count of the outcomes. `tried` names the outcome of one input.
fn play(
    seed: u64,
    inputs: u64,
    make: fn(&mut Mutator) -> Vec<u8>,
    mut tried: impl FnMut(&[u8]) -> String,
) {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut mutator = Mutator::new(seed);
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let (mut slowest, mut greediest, mut bytes) = (Duration::ZERO, 0, 0);
    let began = Instant::now();
    for number in 0..inputs {
        let input = make(&mut mutator);
        ALLOCATOR.reset_peak_usage();
        let before = ALLOCATOR.current_usage();
        let started = Instant::now();
        let kind = catch_unwind(AssertUnwindSafe(|| tried(&input)));
        let took = started.elapsed();
        let memory = ALLOCATOR.peak_usage().saturating_sub(before);
        let enough = MEMORY + MEMORY_FOR_EACH_BYTE * input.len();
        match kind {
            Ok(kind) if took <= TIME && memory <= enough => *kinds.entry(kind).or_default() += 1,
            _ => panic!(
                "seed {seed}, input {number}, {took:?}, {memory} bytes: b\"{}\"",
                input.escape_ascii()
            ),
        }
        slowest = slowest.max(took);
        greediest = greediest.max(memory);
        bytes += input.len();
    }
    let took = began.elapsed();
    println!(
        "seed {seed}: {inputs} inputs of {} bytes on average in {took:.1?}, {:.0} a second; the slowest took {slowest:.1?}, the \
         greediest {} KiB; {} KiB in use at the end",
        bytes as u64 / inputs,
        inputs as f64 / took.as_secs_f64(),
        greediest / 1024,
        ALLOCATOR.current_usage() / 1024,
    );
    for (kind, count) in kinds {
        println!("{count:>10} {kind}");
    }
}
