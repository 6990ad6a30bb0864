//! What the command lines of all binaries have in common.
//!
//! * [`arguments`]: reads the arguments. Options stand before or after a subcommand, and each means something or is refused.
//! * [`console`]: standard output and standard error; a closed pipe is an error and never a panic.
//! * [`json`]: how a command tells scripts that it failed.
//! * [`papers`]: completions for shells and the manual page, made from the same tables as the help.
//! * [`progress`]: how far a command is.
//! * [`signals`]: whether the end of a terminal ends a program.
//! * [`pairs`]: for tests: which options the parser accepts together.

pub mod arguments;
pub mod console;
pub mod json;
pub mod pairs;
pub mod papers;
pub mod progress;
pub mod signals;
