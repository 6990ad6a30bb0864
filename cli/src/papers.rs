//! Completions for shells, and the manual page: made from the same tables as the help.

use std::io;

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

/// `completions`.
#[derive(Args, Clone, Copy, Debug)]
pub struct Completions {
    /// For which shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

impl Completions {
    /// The script that a shell reads to complete the arguments of `command`.
    #[must_use]
    pub fn of(self, mut command: Command) -> String {
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        String::from_utf8_lossy(&script).into_owned()
    }
}

/// The manual page of a program, as roff: first its own options, then those of each command.
///
/// # Errors
/// None in practice: it is written to memory.
pub fn man(mut command: Command) -> io::Result<String> {
    command.build();
    let mut page = Vec::new();
    let whole = Man::new(command.clone());
    whole.render_title(&mut page)?;
    whole.render_name_section(&mut page)?;
    whole.render_synopsis_section(&mut page)?;
    whole.render_description_section(&mut page)?;
    whole.render_options_section(&mut page)?;
    let commands = command.get_subcommands();
    for subcommand in commands.filter(|subcommand| subcommand.get_name() != "help") {
        page.extend(section_of(subcommand)?.into_bytes());
    }
    whole.render_extra_section(&mut page)?;
    if command.get_version().is_some() {
        whole.render_version_section(&mut page)?;
    }
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// One command as a section of the page, whose own sections become subsections.
fn section_of(subcommand: &Command) -> io::Result<String> {
    let mut section = Vec::new();
    let man = Man::new(subcommand.clone());
    man.render_synopsis_section(&mut section)?;
    man.render_description_section(&mut section)?;
    man.render_options_section(&mut section)?;
    let section = String::from_utf8_lossy(&section).replace(".SH ", ".SS ");
    let heading = subcommand.get_name().to_uppercase();
    Ok(format!(".SH \"COMMAND {heading}\"\n{section}"))
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command};
    use clap_complete::Shell;

    use super::{Completions, man};

    fn command() -> Command {
        let option = |name: &'static str| Arg::new(name).long(name).help("an option");
        Command::new("tool")
            .about("does things")
            .arg(option("loud-voice"))
            .subcommand(Command::new("say").about("says it").arg(option("words")))
    }

    #[test]
    fn the_page_has_the_options_of_every_command() {
        let page = man(command()).unwrap();
        for text in [
            "\\-\\-loud\\-voice",
            "\\-\\-words",
            ".SH \"COMMAND SAY\"",
            ".SH NAME",
        ] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        assert_eq!(page.matches(".SH OPTIONS").count(), 1, "{page}");
    }

    #[test]
    fn each_shell_has_its_script() {
        for (shell, text) in [
            (Shell::Bash, "complete -F"),
            (Shell::Zsh, "#compdef tool"),
            (Shell::Fish, "complete -c tool"),
        ] {
            let script = Completions { shell }.of(command());
            assert!(script.contains(text), "{script}");
            assert!(
                script.contains("loud-voice") && script.contains("words"),
                "{script}"
            );
        }
    }
}
