//! A rule: which messages it is about, and what happens to them.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use quorate_protocol::ReplicaId;

use super::Kind;

/// The most rules at a time.
pub(super) const MOST: usize = 100;

/// What the rules know of a message.
#[derive(Clone, Copy, Debug)]
pub struct Parcel {
    /// Who sends it.
    pub from: ReplicaId,
    /// To whom.
    pub to: ReplicaId,
    /// Its kind; `None` if nobody can read it.
    pub kind: Option<Kind>,
    /// Its length.
    pub bytes: usize,
}

/// What happens to some messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub(super) from: Side,
    pub(super) to: Side,
    /// Whether the rule is about the messages in the other direction, too.
    pub(super) both_ways: bool,
    /// Empty: all kinds.
    pub(super) kinds: Vec<Kind>,
    pub(super) does: Does,
    pub(super) window: Window,
}

/// The processes at one end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Side {
    All,
    Of(BTreeSet<ReplicaId>),
}

/// What happens to a message that a rule fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    /// It is lost.
    Cut,
    /// It goes on, in this way.
    Carry(Carry),
}

/// How messages go on. With the default they go on as if there were no rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Carry {
    pub(super) lost: Share,
    pub(super) delay_us: u64,
    /// At most `delay_us`.
    pub(super) jitter_us: u64,
    pub(super) doubled: Share,
    /// Of these, each waits `late_us` longer, so that later ones overtake it.
    pub(super) late: Share,
    pub(super) late_us: u64,
    pub(super) bytes_per_second: Option<NonZeroU64>,
}

/// A share of all messages, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share(pub(super) u64);

impl Share {
    pub(super) const WHOLE: u64 = 1_000_000;
}

/// When a rule holds, in microseconds since its time began. The end is excluded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from_us: Option<u64>,
    pub(super) to_us: Option<u64>,
}

impl Rule {
    /// Whether it is about this message, `since` microseconds after its time began.
    pub(super) fn fits(&self, since: u64, parcel: &Parcel) -> bool {
        let Parcel { from, to, kind, .. } = *parcel;
        let there = self.from.has(from) && self.to.has(to);
        let back = self.both_ways && self.from.has(to) && self.to.has(from);
        (there || back) && self.window.has(since) && self.is_about(kind)
    }

    /// Rules that do a little less: without the window, in one direction, or without one of several effects.
    #[must_use]
    pub fn plainer(&self) -> Vec<Self> {
        let always = Self {
            window: Window::default(),
            ..self.clone()
        };
        let one_way = Self {
            both_ways: false,
            ..self.clone()
        };
        let fewer = self.does.fewer().into_iter().map(|does| Self {
            does,
            ..self.clone()
        });
        let mut all = vec![always, one_way];
        all.extend(fewer);
        all.retain(|plainer| plainer != self);
        all
    }

    /// A message of no kind is one that nobody can read.
    fn is_about(&self, kind: Option<Kind>) -> bool {
        self.kinds.is_empty() || kind.is_some_and(|kind| self.kinds.contains(&kind))
    }
}

impl Does {
    /// The same without one of its effects, if it has several.
    fn fewer(self) -> Vec<Self> {
        let Self::Carry(carry) = self else {
            return Vec::new();
        };
        let without: [fn(&mut Carry); 5] = [
            |carry| carry.lost = Share::default(),
            |carry| (carry.delay_us, carry.jitter_us) = (0, 0),
            |carry| carry.doubled = Share::default(),
            |carry| (carry.late, carry.late_us) = (Share::default(), 0),
            |carry| carry.bytes_per_second = None,
        ];
        let fewer = without.map(|leave_out| {
            let mut fewer = carry;
            leave_out(&mut fewer);
            fewer
        });
        let does_some = |left: &Carry| *left != carry && *left != Carry::default();
        fewer
            .into_iter()
            .filter(does_some)
            .map(Self::Carry)
            .collect()
    }
}

impl Side {
    pub(super) fn has(&self, process: ReplicaId) -> bool {
        match self {
            Self::All => true,
            Self::Of(some) => some.contains(&process),
        }
    }
}

impl Window {
    fn has(self, since: u64) -> bool {
        self.from_us.is_none_or(|from| since >= from) && self.to_us.is_none_or(|to| since < to)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rules;

    #[test]
    fn a_plainer_rule_lacks_its_window_a_direction_or_one_of_its_effects() {
        let plainer = |text: &str| {
            let rules = Rules::parse(&[text], 4).unwrap();
            let plainer = rules.all()[0].plainer();
            plainer.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            plainer("P<->Q commit: loss 5%, delay 2ms±1ms, reorder 1% by 3ms @1s-"),
            [
                "P<->Q commit: loss 5%, delay 2ms±1ms, reorder 1% by 3ms",
                "P->Q commit: loss 5%, delay 2ms±1ms, reorder 1% by 3ms @1s-",
                "P<->Q commit: delay 2ms±1ms, reorder 1% by 3ms @1s-",
                "P<->Q commit: loss 5%, reorder 1% by 3ms @1s-",
                "P<->Q commit: loss 5%, delay 2ms±1ms @1s-",
            ]
        );
        assert_eq!(plainer("P->Q: duplicate 3%"), [] as [&str; 0]);
        assert_eq!(plainer("P->Q: cut"), [] as [&str; 0]);
    }
}
