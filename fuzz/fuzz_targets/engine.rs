//! A liar with arbitrary behaviour against three correct replicas, on a network that reorders, repeats and loses
//! messages.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use quorate_fuzz::world::World;

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Unstructured::new(bytes);
    let mut world = World::new();
    while !choices.is_empty() {
        if world.play(&mut choices).is_err() {
            break;
        }
    }
});
