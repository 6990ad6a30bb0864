//! The transcript, as the seed printed it.

use std::fmt::Write;

use crate::exchange::{Outcome, Transcript};

/// One line per message, then one per decision.
pub(crate) fn render(transcript: &Transcript) -> String {
    let mut lines = String::new();
    for message in &transcript.messages {
        let _ = writeln!(lines, "Process {}", message.text);
    }
    for finalized in &transcript.finalized {
        let _ = writeln!(
            lines,
            "Process {} finalized decision: {}",
            finalized.process,
            decision(&finalized.outcome)
        );
    }
    lines
}

fn decision(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Decided(decision) => decision.clone(),
        Outcome::NoDecision(cause) => format!("none ({cause})"),
        Outcome::Unreachable => "unreachable".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::exchange::{Finalized, Message};

    #[test]
    fn each_message_and_each_outcome_has_its_line() {
        let finalized = |process: &str, outcome| Finalized {
            process: process.into(),
            port: 1,
            is_correct: true,
            outcome,
            time_taken: Duration::ZERO,
            status: None,
        };
        let transcript = Transcript {
            messages: vec![Message {
                from: "Q".into(),
                to: "P".into(),
                text: "Q could not reach P".into(),
            }],
            finalized: vec![
                finalized("P", Outcome::Unreachable),
                finalized("Q", Outcome::Decided("attack".into())),
                finalized("R", Outcome::NoDecision("1 ballot is missing".into())),
            ],
        };
        assert_eq!(
            render(&transcript),
            "Process Q could not reach P\n\
             Process P finalized decision: unreachable\n\
             Process Q finalized decision: attack\n\
             Process R finalized decision: none (1 ballot is missing)\n"
        );
    }
}
