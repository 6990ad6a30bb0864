//! Reads the arguments.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::exit;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, Error, Parser};
use quorate_spelling::similar;

use crate::console::complain;

/// An option that means something only beside another one.
///
/// clap's own `requires` does not do: it is satisfied when the other option conflicts with any option that was given, so that
/// `--faulty` (which requires `--spawn`) would pass beside `--endpoint` (which conflicts with `--spawn`).
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// The id of the option, which is the name of its field.
    pub option: &'static str,
    /// The ids of the others. One of them is enough.
    pub others: &'static [&'static str],
    /// What else the user may have wanted, as an end of a sentence: "use `client fault` for processes that run".
    pub instead: &'static str,
}

impl Need {
    /// An option that needs one of the others, and that nothing else can stand for.
    #[must_use]
    pub const fn of(option: &'static str, others: &'static [&'static str]) -> Self {
        Self {
            option,
            others,
            instead: "",
        }
    }
}

/// Reads the arguments of this program. Ends it with status 2 and a message if they are wrong, and with status 0 once the
/// help or the version is printed.
#[must_use]
pub fn read<P: Parser>(needs: &[Need]) -> P {
    read_with_advice(needs, |_| None)
}

/// As [`read`]. `advice` may know why a refusal is right and what the user can do instead; that is printed as a tip.
#[must_use]
pub fn read_with_advice<P: Parser>(
    needs: &[Need],
    advice: impl FnOnce(&Error) -> Option<&'static str>,
) -> P {
    try_read(env::args_os(), needs).unwrap_or_else(|mut error| {
        if let Some(advice) = advice(&error) {
            let advice = ContextValue::StyledStrs(vec![advice.into()]);
            error.insert(ContextKind::Suggested, advice);
        }
        exit(print(&error))
    })
}

/// Reads arguments, the name of the program first.
///
/// # Errors
/// They are wrong, or ask for the help or the version.
pub fn try_read<P: Parser>(
    arguments: impl IntoIterator<Item = impl Into<OsString>>,
    needs: &[Need],
) -> Result<P, Error> {
    try_read_with(arguments, needs, |command| command)
}

/// The same for a program that lays out its help itself.
///
/// # Errors
/// As for [`try_read`].
pub fn try_read_with<P: Parser>(
    arguments: impl IntoIterator<Item = impl Into<OsString>>,
    needs: &[Need],
    lay_out: impl FnOnce(Command) -> Command,
) -> Result<P, Error> {
    let mut command = P::command();
    command.build();
    let arguments = arguments.into_iter().map(Into::into).collect();
    let arguments = subcommand_first(&mut command, arguments)?;
    let mut command = lay_out(command);
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    check_needs(&mut command, &matches, needs)?;
    P::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// What is wrong with the arguments, without the usage and the hint at --help that follow.
#[must_use]
pub fn reason(refusal: &Error) -> String {
    let refusal = refusal.render().to_string();
    let refusal = refusal.strip_prefix("error: ").unwrap_or(&refusal);
    let end = ["\n\nUsage:", "\n\nFor more information"]
        .iter()
        .filter_map(|mark| refusal.find(mark))
        .min();
    refusal[..end.unwrap_or(refusal.len())].trim().to_owned()
}

/// Prints the message; gives the exit status.
fn print(error: &Error) -> i32 {
    match error.print().and_then(|()| io::stdout().flush()) {
        Ok(()) => error.exit_code(),
        Err(failure) => {
            // Without standard error nobody can be told.
            if !error.use_stderr() {
                complain(format_args!("error: standard output: {failure}"));
            }
            2
        }
    }
}

/// Moves the options that stand before a subcommand behind it, so that the subcommand's own rules hold for all of them.
fn subcommand_first(
    command: &mut Command,
    mut arguments: Vec<OsString>,
) -> Result<Vec<OsString>, Error> {
    let mut given = Vec::new();
    let mut place = 1;
    while let Some(argument) = arguments.get(place) {
        let text = argument.to_string_lossy().into_owned();
        if text == "--" {
            place += 1;
            continue;
        }
        let Some(written) = text.strip_prefix("--") else {
            if text.starts_with('-') && text.len() > 1 {
                return Ok(arguments);
            }
            let Some(subcommand) = command.find_subcommand(&text) else {
                if takes(command, &text) {
                    return Ok(arguments);
                }
                return Err(unknown(command, &text));
            };
            if let Err(message) = check_applies(subcommand, &given) {
                return Err(command.error(ErrorKind::UnknownArgument, message));
            }
            let name = arguments.remove(place);
            arguments.insert(1, name);
            return Ok(arguments);
        };
        let name = written.split_once('=').map_or(written, |(name, _)| name);
        let Some(option) = option(command, name).filter(|option| !is_for_all(option)) else {
            return Ok(arguments);
        };
        let has_value = !written.contains('=')
            && option.get_action().takes_values()
            && (must_have_value(option) || may_be_value(command, arguments.get(place + 1)));
        given.push(name.to_owned());
        place += if has_value { 2 } else { 1 };
    }
    Ok(arguments)
}

fn option<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command
        .get_arguments()
        .find(|option| option.get_long() == Some(name))
}

fn must_have_value(option: &Arg) -> bool {
    option
        .get_num_args()
        .is_none_or(|range| range.min_values() > 0)
}

/// Whether what follows an option that may have a value is this value, and neither the next option nor a subcommand.
fn may_be_value(command: &Command, next: Option<&OsString>) -> bool {
    let next = next.map(|next| next.to_string_lossy());
    next.is_some_and(|next| !next.starts_with('-') && command.find_subcommand(&*next).is_none())
}

/// `--help` and `--version`, wherever they stand, are about what stands before them.
fn is_for_all(option: &Arg) -> bool {
    ["help", "version"].contains(&option.get_id().as_str())
}

/// The options before a subcommand must be options of that subcommand.
fn check_applies(subcommand: &Command, given: &[String]) -> Result<(), String> {
    match given.iter().find(|name| option(subcommand, name).is_none()) {
        None => Ok(()),
        Some(name) => {
            let subcommand = subcommand.get_name();
            Err(format!(
                "the option '--{name}' means nothing to the command '{subcommand}': leave one of them out"
            ))
        }
    }
}

/// Whether the text may stand for something other than a subcommand, and is not meant to be one.
fn takes(command: &Command, text: &str) -> bool {
    let names = command.get_subcommands().map(Command::get_name);
    command.get_positionals().next().is_some() && similar(text, names).is_none()
}

fn unknown(command: &mut Command, text: &str) -> Error {
    let subcommands = command.get_subcommands();
    let names: Vec<_> = subcommands
        .filter(|subcommand| !subcommand.is_hide_set())
        .map(Command::get_name)
        .collect();
    let advice = match similar(text, names.iter().copied()) {
        Some(name) => format!("did you mean '{name}'?"),
        None => format!("write options, or one of the commands {}", names.join(", ")),
    };
    let message = format!("unknown argument '{text}': {advice}");
    command.error(ErrorKind::UnknownArgument, message)
}

/// Of the options of the subcommand that was chosen, each must have the ones beside it that it needs.
fn check_needs(command: &mut Command, matches: &ArgMatches, needs: &[Need]) -> Result<(), Error> {
    if let Some((name, matches)) = matches.subcommand()
        && let Some(subcommand) = command.find_subcommand_mut(name)
    {
        return check_needs(subcommand, matches, needs);
    }
    let lacking = needs.iter().find(|need| {
        let mut others = need.others.iter();
        is_given(matches, need.option) && !others.any(|other| is_given(matches, other))
    });
    match lacking {
        None => Ok(()),
        Some(need) => Err(command.error(ErrorKind::MissingRequiredArgument, message(need))),
    }
}

/// Whether the user wrote it. A default value does not count.
fn is_given(matches: &ArgMatches, id: &str) -> bool {
    // Not every subcommand has every option, and to ask for one that it does not have is an error.
    matches.try_contains_id(id).is_ok()
        && matches.value_source(id) == Some(ValueSource::CommandLine)
}

fn message(need: &Need) -> String {
    let quoted = |id: &str| format!("'--{}'", id.replace('_', "-"));
    let option = quoted(need.option);
    let others: Vec<String> = need.others.iter().map(|id| quoted(id)).collect();
    let others = others.join(" or ");
    let instead = if need.instead.is_empty() {
        format!("leave {option} out")
    } else {
        need.instead.to_owned()
    };
    format!("{option} means something only with {others}: add {others}, or {instead}")
}
