//! What the command lines of all binaries have in common.
//!
//! * [`arguments`]: reads the arguments. Options stand before or after a subcommand, and each means something or is refused.
//! * [`console`]: standard output and standard error; a closed pipe is an error and never a panic.
//! * [`pairs`]: for tests: which options the parser accepts together.

pub mod arguments;
pub mod console;
pub mod pairs;
