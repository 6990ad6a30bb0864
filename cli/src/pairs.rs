//! For tests: which options a program accepts together.

use std::collections::BTreeSet;

use clap::{Arg, Command, Parser};

use crate::arguments::{Need, try_read};

/// What one subcommand accepts. A subcommand has several of these if what it accepts depends on its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Together {
    /// The subcommand; empty for the program without one.
    pub subcommand: &'static str,
    /// The arguments that stand before the options.
    pub required: &'static [&'static str],
    /// Options, by their long names, that all mean something beside each other. Two options that are in no set together must
    /// be refused.
    pub sets: &'static [&'static [&'static str]],
}

/// Tries all pairs of options of all subcommands; gives what is not as the table has it, in sentences.
///
/// `value_of` gives something that may stand behind an option, such as `9000` for `base-port`.
#[must_use]
pub fn complaints<P: Parser>(
    needs: &[Need],
    table: &[Together],
    value_of: impl Fn(&str) -> &'static str,
) -> Vec<String> {
    let mut command = P::command();
    command.build();
    let mut complaints = Vec::new();
    for subcommand in names(&command) {
        let own = command.find_subcommand(&subcommand).unwrap_or(&command);
        let entries = || table.iter().filter(|entry| entry.subcommand == subcommand);
        if entries().next().is_none() {
            complaints.push(format!("'{subcommand}' has no line in the table"));
        }
        for together in entries() {
            let trial = Trial {
                needs,
                together: *together,
                program: command.get_name(),
                value_of: &value_of,
            };
            trial.complain::<P>(own, &mut complaints);
        }
        let listed = |option: &str| {
            let mut sets = entries().flat_map(|entry| entry.sets);
            sets.any(|set| set.contains(&option))
        };
        for option in own.get_arguments().filter(|arg| counts(arg)).map(long) {
            if !listed(option) {
                complaints.push(format!(
                    "'{subcommand} --{option}' stands in no set of the table"
                ));
            }
        }
    }
    complaints
}

/// The subcommands, and the empty name if the program does something without one.
fn names(command: &Command) -> Vec<String> {
    let subcommands = command.get_subcommands().map(Command::get_name);
    let own = (!command.is_subcommand_required_set()).then_some("");
    let names = subcommands.filter(|name| *name != "help").chain(own);
    names.map(str::to_owned).collect()
}

/// One subcommand on trial.
struct Trial<'a> {
    needs: &'a [Need],
    together: Together,
    program: &'a str,
    value_of: &'a dyn Fn(&str) -> &'static str,
}

impl Trial<'_> {
    fn complain<P: Parser>(&self, command: &Command, complaints: &mut Vec<String>) {
        let options: Vec<_> = command.get_arguments().filter(|arg| counts(arg)).collect();
        for (place, one) in options.iter().enumerate() {
            for other in options.iter().skip(place + 1) {
                self.try_pair::<P>(command, one, other, complaints);
            }
        }
        for set in self.together.sets {
            let set: Vec<_> = options
                .iter()
                .copied()
                .filter(|option| set.contains(&long(option)))
                .collect();
            if let Err(cause) = self.parse::<P>(&set) {
                complaints.push(self.sentence(&set, &format!("are refused: {cause}")));
            }
        }
    }

    fn try_pair<P: Parser>(
        &self,
        command: &Command,
        one: &Arg,
        other: &Arg,
        complaints: &mut Vec<String>,
    ) {
        let pair = [one, other];
        let all = self.with_needs(command, &pair);
        let listed = self
            .together
            .sets
            .iter()
            .any(|set| pair.iter().all(|option| set.contains(&long(option))));
        match (self.parse::<P>(&all), listed) {
            (Ok(()), false) => complaints.push(self.sentence(&all, "are accepted")),
            (Err(cause), true) => {
                complaints.push(self.sentence(&all, &format!("are refused: {cause}")));
            }
            _ => {}
        }
        if all.len() > pair.len() && self.parse::<P>(&pair).is_ok() {
            complaints.push(self.sentence(&pair, "are accepted without what they need"));
        }
    }

    /// These options with all that they need.
    fn with_needs<'a>(&self, command: &'a Command, options: &[&'a Arg]) -> Vec<&'a Arg> {
        let mut ids: BTreeSet<&str> = options
            .iter()
            .map(|option| option.get_id().as_str())
            .collect();
        let lacks = |need: &&Need, ids: &BTreeSet<&str>| {
            ids.contains(need.option) && !need.others.iter().any(|other| ids.contains(other))
        };
        while let Some(need) = self.needs.iter().find(|need| lacks(need, &ids)) {
            ids.extend(need.others.first());
        }
        let all = command.get_arguments();
        all.filter(|option| ids.contains(option.get_id().as_str()))
            .collect()
    }

    fn parse<P: Parser>(&self, options: &[&Arg]) -> Result<(), String> {
        let parsed = try_read::<P>(self.line(options), self.needs);
        parsed.map(drop).map_err(|error| error.to_string())
    }

    /// The whole command line.
    fn line(&self, options: &[&Arg]) -> Vec<String> {
        let mut line = vec![self.program.to_owned()];
        let subcommand = self.together.subcommand;
        line.extend((!subcommand.is_empty()).then(|| subcommand.to_owned()));
        line.extend(self.together.required.iter().map(|&text| text.to_owned()));
        for option in options {
            let name = format!("--{}", long(option));
            if line.contains(&name) {
                continue;
            }
            line.push(name);
            if option.get_action().takes_values() {
                let choices = option.get_possible_values();
                let value = choices.first().map(clap::builder::PossibleValue::get_name);
                line.push(
                    value.map_or_else(|| (self.value_of)(long(option)).to_owned(), str::to_owned),
                );
            }
        }
        line
    }

    fn sentence(&self, options: &[&Arg], what: &str) -> String {
        format!("`{}` {what}", self.line(options).join(" "))
    }
}

/// Whether it is an option that a user may write, other than `--help` and `--version`.
fn counts(argument: &Arg) -> bool {
    argument.get_long().is_some()
        && !argument.is_hide_set()
        && !["help", "version"].contains(&argument.get_id().as_str())
}

fn long(option: &Arg) -> &str {
    option.get_long().unwrap_or_default()
}
