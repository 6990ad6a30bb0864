//! What is not left to the seeds of a sweep, and the command that plays one of them again.

use quorate_fault::Bound;

use crate::plan::{Choice, Name, Plan, PlanError};

/// What is not left to the seed, in the words of `simulate run`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Universe {
    /// How many processes there are.
    pub processes: Option<u32>,
    /// Who misbehaves and how, in the words of `--faulty`: P=equivocate@after=2s,Q=deny:R+S, or none.
    pub faulty: Option<String>,
    /// Who runs twice under one key, by name.
    pub twins: Option<Vec<String>>,
    /// Whether the processes gather.
    pub gathering: bool,
}

/// Why no plan can be drawn.
#[derive(Debug, thiserror::Error)]
pub enum UniverseError {
    /// A twin has no process's name.
    #[error("--twins: {0}")]
    Twins(quorate_protocol::ParseReplicaIdError),
    /// What is chosen makes no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl Universe {
    /// What is chosen, for the draw of a plan.
    ///
    /// # Errors
    /// A name is none, or what is chosen makes no plan that can be played.
    pub fn choice(&self) -> Result<Choice, UniverseError> {
        let twins = self.twins.as_ref().map(|names| {
            let names = names.iter().map(|name| Name::try_from(name.clone()));
            names.collect::<Result<Vec<_>, _>>()
        });
        let choice = Choice {
            processes: self.processes,
            faulty: self.faulty.as_deref().map(faults),
            twins: twins.transpose().map_err(UniverseError::Twins)?,
            gathers: self.gathering,
        };
        Plan::generate(0, &choice).check()?;
        Ok(choice)
    }

    /// How many processes are made faulty, beside how many are survived, if that is chosen.
    ///
    /// # Errors
    /// As for [`Universe::choice`].
    pub fn bound(&self) -> Result<Option<Bound>, UniverseError> {
        let Choice {
            processes,
            faulty,
            twins,
            gathers: _,
        } = self.choice()?;
        let named = faulty.map_or(0, |all| all.len()) + twins.map_or(0, |all| all.len());
        let named = u32::try_from(named).unwrap_or(u32::MAX);
        Ok(processes.map(|n| Bound::new(n, named)))
    }

    /// The command that plays one seed alike.
    #[must_use]
    pub fn command(&self, seed: u64) -> String {
        let mut command = format!("simulate run --seed {seed}");
        if let Some(processes) = self.processes {
            command += &format!(" --processes {processes}");
        }
        if let Some(faulty) = &self.faulty {
            command += &format!(" --faulty {}", shell_words::quote(faulty));
        }
        if let Some(twins) = &self.twins {
            command += &format!(" --twins {}", twins.join(","));
        }
        if self.gathering {
            command += " --gathering";
        }
        command
    }
}

fn faults(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty() && *item != "none")
        .map(str::to_owned)
        .collect()
}
