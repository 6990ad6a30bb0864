//! The commands by what they are for. The short help names them, and the long help says what each one does.

use std::fmt::Write as _;

use clap::Command;

/// The commands come before the options.
const TEMPLATE: &str =
    "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}{all-args}{after-help}";
const USAGE: &str = "client [OPTIONS]\n       client <COMMAND>";

/// Shows the commands in groups.
pub(super) fn lay_out(command: Command) -> Command {
    let (short, long) = (short(), long(&command));
    command
        .mut_subcommands(|subcommand| subcommand.hide(true))
        .help_template(TEMPLATE)
        .override_usage(USAGE)
        .before_help(short)
        .before_long_help(long)
}

/// All commands, each once.
const GROUPS: [(&str, &[&str]); 8] = [
    ("The key-value store", &["submit", "read"]),
    ("What the processes do", &["status", "trace"]),
    ("Faults", &["fault", "link", "heal"]),
    ("Who is to blame", &["evidence", "audit", "verify", "keys"]),
    (
        "The processes",
        &["kill", "restart", "pause", "resume", "stop"],
    ),
    (
        "A gathering",
        &[
            "members",
            "offers",
            "agreement",
            "auction",
            "bid",
            "vote",
            "work",
            "happenings",
        ],
    ),
    ("Clients that measure", &["bench", "requests"]),
    ("This program", &["completions", "man", "help"]),
];

/// The names of the commands, a group a line.
fn short() -> String {
    let mut text =
        "Commands (`client help COMMAND` tells more, `client --help` says what each does):"
            .to_owned();
    for (group, commands) in GROUPS {
        let _ = write!(text, "\n  {group:<22} {}", commands.join(", "));
    }
    text
}

/// The commands with what each one does.
fn long(all: &Command) -> String {
    let mut text = "Commands (`client help COMMAND` tells more):".to_owned();
    for (group, commands) in GROUPS {
        let _ = write!(text, "\n  {group}:");
        for name in commands {
            let about = all.find_subcommand(name).and_then(Command::get_about);
            let about = about.map_or_else(
                || "Print this message, or the help of a command".to_owned(),
                ToString::to_string,
            );
            let _ = write!(text, "\n    {name:<12} {about}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::GROUPS;
    use crate::options::Options;

    #[test]
    fn each_command_stands_in_one_group() {
        let mut command = Options::command();
        command.build();
        let mut all: Vec<_> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        let mut grouped: Vec<_> = GROUPS
            .iter()
            .flat_map(|(_, names)| *names)
            .copied()
            .collect();
        all.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(grouped, all);
    }
}
