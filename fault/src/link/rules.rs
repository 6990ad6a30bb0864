//! Rules in their order, from their words.

use quorate_protocol::ReplicaId;

use super::error::{LinkCause, LinkError};
use super::rule::{Carry, Does, MOST, Rule, Share, Side, Window};
use super::{partition, words};

/// Rules in their order. The first that fits a message decides what happens to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Reads rules, such as `P->Q: delay 10ms`, for a cluster of `n`.
    ///
    /// # Errors
    /// A text is no rule for `n` processes, or there are too many. The error says what to write instead.
    pub fn parse<T: AsRef<str>>(texts: &[T], n: u32) -> Result<Self, LinkError> {
        Self::with_partitions(&[], texts, n)
    }

    /// Reads partitions, such as `P+Q/R+S@2s-6s`, and rules. The partitions come first.
    ///
    /// # Errors
    /// As [`Rules::parse`].
    pub fn with_partitions<T: AsRef<str>>(
        partitions: &[T],
        rules: &[T],
        n: u32,
    ) -> Result<Self, LinkError> {
        let mut all = Vec::new();
        for text in partitions {
            all.extend(partition::parse(text.as_ref(), n)?);
        }
        for text in rules {
            all.push(words::parse(text.as_ref(), n)?);
        }
        if all.len() > MOST {
            return Err(LinkCause::TooMany(all.len())
                .of("the rules of links beginning with", &all[0].to_string()));
        }
        Ok(Self(all))
    }

    /// The same, and then a rule by which each link loses so many messages of a hundred, unless that is none. A share below a
    /// millionth counts as a millionth.
    #[must_use]
    pub fn with_loss(mut self, percent: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the value is clamped to 0..=1000000"
        )]
        let share = (percent.clamp(0.0, 100.0) * 10_000.0).ceil() as u64;
        if share > 0 {
            self.0.push(Rule {
                from: Side::All,
                to: Side::All,
                both_ways: false,
                kinds: Vec::new(),
                does: Does::Carry(Carry {
                    lost: Share(share),
                    ..Carry::default()
                }),
                window: Window::default(),
            });
        }
        self
    }

    /// Those of the rules that are about what this process sends.
    #[must_use]
    pub fn of_sender(mut self, own: ReplicaId) -> Self {
        let sends = |rule: &Rule| rule.from.has(own) || (rule.both_ways && rule.to.has(own));
        self.0.retain(sends);
        self
    }

    /// The rules, in their order. Each one's text form reads as the same rule.
    #[must_use]
    pub fn all(&self) -> &[Rule] {
        &self.0
    }

    /// The texts of the rules, in their order.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use quorate_protocol::ReplicaId;

    use super::Rules;

    #[test]
    fn a_percentage_of_loss_is_the_last_rule_and_none_is_no_rule() {
        let rules = || Rules::parse(&["P->Q: cut"], 4).unwrap();
        assert_eq!(rules().with_loss(0.0), rules());
        assert_eq!(
            rules().with_loss(2.5).texts(),
            ["P->Q: cut", "*->*: loss 2.5%"]
        );
        assert_eq!(rules().with_loss(100.0).texts()[1], "*->*: loss 100%");
        assert_eq!(rules().with_loss(1e-9).texts()[1], "*->*: loss 0.0001%");
    }

    #[test]
    fn a_process_keeps_the_rules_for_what_it_sends() {
        let rules = ["P->Q: cut", "Q->P: pass", "R<->Q: cut", "*->S: cut"];
        let of = |own| {
            let rules = Rules::parse(&rules, 4).unwrap();
            rules.of_sender(ReplicaId(own)).texts()
        };
        assert_eq!(of(0), ["P->Q: cut", "*->S: cut"]);
        assert_eq!(of(1), ["Q->P: pass", "R<->Q: cut", "*->S: cut"]);
        assert_eq!(of(3), ["*->S: cut"]);
    }
}
