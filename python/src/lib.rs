//! `quorate._sim`: the simulator in Python's own process.
//!
//! * [`sweep`]: many seeds, on many threads, while other threads of Python run.
//! * [`simulation`]: one run, step by step; [`author`]: a function of Python that decides what a faulty process sends.
//!
//! What crosses over are texts and numbers; `quorate/` makes Python's own objects of them.

mod author;
mod simulation;
mod sweep;

use pyo3::prelude::*;

#[pymodule(name = "_sim")]
mod sim {
    #[pymodule_export]
    use crate::simulation::{Simulation, plan};
    #[pymodule_export]
    use crate::sweep::play;
}
