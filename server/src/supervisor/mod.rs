//! What a server does with its processes after their start.
//!
//! * [`restart`]: when a process that has ended by itself is started again.
//! * [`keeper`]: one task for each process. It alone starts, stops and signals the process, and keeps its listener.
//! * [`order`]: what others see of a process, and what they can want of it.
//! * [`stand_in`]: what answers on the port of a process that is gone or paused.

pub(crate) mod keeper;
pub(crate) mod order;
pub(crate) mod restart;
mod stand_in;
