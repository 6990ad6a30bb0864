//! `client`: triggers the exchange among the processes and prints what each one finally decided.

use std::process::ExitCode;

fn main() -> ExitCode {
    quorate_client::main()
}
