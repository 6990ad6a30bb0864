//! How a failure is told: in words on standard error, and as an object on standard output if JSON was asked for.

use std::ffi::OsString;
use std::io::{self, Write as _};

use quorate_cli::arguments::reason;
use quorate_cli::console::complain;
use quorate_cli::json::is_asked_for;

use crate::exit::Exit;
use crate::render::{json, write_out};

/// Prints failures, in the format that was asked for.
pub(crate) struct Output {
    is_json: bool,
}

impl Output {
    /// Reads from the program's arguments whether JSON was asked for.
    pub(crate) fn of(arguments: impl IntoIterator<Item = OsString>) -> Self {
        Self {
            is_json: is_asked_for(arguments),
        }
    }

    /// Tells how a command ended, if it failed.
    pub(crate) fn end(&self, ended: anyhow::Result<Exit>) -> Exit {
        match ended {
            Ok(exit) => exit,
            Err(error) => {
                let exit = Exit::of(&error);
                let message = format!("{error:#}");
                complain(format_args!("error: {message}"));
                self.object(&message, exit);
                exit
            }
        }
    }

    /// Tells what is wrong with the arguments, or prints the help or the version that they ask for.
    pub(crate) fn refuse(&self, refusal: &clap::Error) -> Exit {
        if !refusal.use_stderr() {
            // Help and version are data: a failed write is an error.
            let printed = refusal.print().and_then(|()| io::stdout().flush());
            return match printed {
                Ok(()) => Exit::Agree,
                Err(error) => self.end(Err(anyhow::Error::new(error).context("standard output"))),
            };
        }
        // If standard error cannot be written, there is no place left for a message.
        let _ = refusal.print();
        self.object(&reason(refusal), Exit::Usage);
        Exit::Usage
    }

    fn object(&self, message: &str, exit: Exit) {
        if !self.is_json {
            return;
        }
        // If the object cannot be written, standard error and the exit status already say that the command failed.
        let _ = json::error(message, exit.status()).and_then(|object| write_out(&object));
    }
}
