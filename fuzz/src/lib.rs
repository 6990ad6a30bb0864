//! What the engine's fuzz target plays with: [`world`] is three correct replicas and their network, [`liar`] what P says.

pub mod liar;
pub mod world;
