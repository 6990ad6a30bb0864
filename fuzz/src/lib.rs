//! The parts of the engine's fuzz target. [`world`] has three correct replicas and their network, [`liar`] has P.

pub mod liar;
pub mod world;
