//! The text of a rule: `FROM->TO[ KINDS]: EFFECT, ...[ @FROM-TO]`.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use quorate_protocol::ReplicaId;

use super::Kind;
use super::error::{LinkCause, LinkError};
use super::rule::{Carry, Does, Rule, Share, Side, Window};
use crate::words::{instead, parse_process};

/// The form of a rule, for a command's help.
pub const FORM: &str = "FROM->TO[ KINDS]: EFFECT,...[ @FROM-TO]";

/// The effects there are: how each is written, and what it does.
pub const EFFECTS: [(&str, &str); 7] = [
    (CUT, "loses every message"),
    (
        "loss PERCENT",
        "loses this share of the messages (`loss 2.5%`)",
    ),
    (
        "delay TIME[±TIME]",
        "each message waits so long (`delay 10ms±5ms`; `+-` is `±`)",
    ),
    (
        "duplicate PERCENT",
        "sends this share of the messages twice",
    ),
    (
        "reorder PERCENT by TIME",
        "this share of the messages waits longer, so that later ones overtake them",
    ),
    (
        "rate BYTES/s",
        "so many bytes pass in a second (`rate 64kB/s`); the rest waits",
    ),
    (PASS, "nothing: later rules are not asked"),
];

const CUT: &str = "cut";
const PASS: &str = "pass";

/// The longest delay, in microseconds.
const LONGEST: u64 = 3_600_000_000;
/// The units of rates, the largest of each kind first, with the word that is written for each.
const UNITS: [(&str, u64); 5] = [
    ("MB/s", 1_000_000),
    ("MiB/s", 1 << 20),
    ("kB/s", 1000),
    ("KiB/s", 1 << 10),
    ("B/s", 1),
];

const A_SHARE: &str = "write a percentage above 0% and up to 100%, with at most four decimals, as in loss 5% or duplicate 2.5%";
const A_DELAY: &str = "write a time from 1us to 1h with its unit, and how much it varies if it does, as in delay 10ms or delay 10ms±5ms";
const SMALLER: &str = "the time after ± must not be longer than the delay";
const A_LATENESS: &str =
    "write a percentage, 'by' and a time from 1us to 1h, as in reorder 10% by 50ms";
const A_RATE: &str =
    "write a whole number of B/s, kB/s, KiB/s, MB/s or MiB/s, above 0, as in rate 64kB/s";
const NO_ARGUMENT: &str = "it takes no argument";

/// Reads a rule for a cluster of `n`.
pub(super) fn parse(text: &str, n: u32) -> Result<Rule, LinkError> {
    read(text, n).map_err(|cause| cause.of("the link rule", text))
}

fn read(text: &str, n: u32) -> Result<Rule, LinkCause> {
    let (whose, what) = text.split_once(':').ok_or(LinkCause::NoColon)?;
    let (from, to, both_ways) = split_arrow(whose)?;
    let to = to.trim();
    let (to, kinds) = to.split_once(char::is_whitespace).unwrap_or((to, ""));
    let (from, to) = (parse_side(from, n)?, parse_side(to, n)?);
    if let (Side::Of(senders), Side::Of(receivers)) = (&from, &to)
        && senders.len() == 1
        && senders == receivers
    {
        return Err(LinkCause::Itself);
    }
    let (effects, window) = split_window(what)?;
    Ok(Rule {
        from,
        to,
        both_ways,
        kinds: parse_kinds(kinds.trim())?,
        does: parse_effects(effects)?,
        window,
    })
}

/// The two sides of the arrow, and whether it points both ways.
fn split_arrow(whose: &str) -> Result<(&str, &str, bool), LinkCause> {
    let both = whose.split_once("<->").map(|(from, to)| (from, to, true));
    let one = || whose.split_once("->").map(|(from, to)| (from, to, false));
    both.or_else(one).ok_or(LinkCause::NoArrow)
}

fn parse_side(text: &str, n: u32) -> Result<Side, LinkCause> {
    match text.trim() {
        "*" => Ok(Side::All),
        names => parse_some(names, n).map(Side::Of),
    }
}

/// Reads `P+Q`.
pub(super) fn parse_some(names: &str, n: u32) -> Result<BTreeSet<ReplicaId>, LinkCause> {
    let mut some = BTreeSet::new();
    for name in names.split('+').map(str::trim) {
        if name.is_empty() {
            return Err(LinkCause::NoName);
        }
        let process = parse_process(name, n)?;
        if !some.insert(process) {
            return Err(LinkCause::Twice(process));
        }
    }
    Ok(some)
}

/// Reads `prepare+commit`; all kinds if there is nothing.
fn parse_kinds(text: &str) -> Result<Vec<Kind>, LinkCause> {
    let names = text.split('+').map(str::trim);
    let mut kinds = Vec::new();
    for name in names.filter(|_| !text.is_empty()) {
        let kind = Kind::on_links().find(|kind| kind.name() == name);
        let kind = kind.ok_or_else(|| unknown_kind(name))?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

fn unknown_kind(name: &str) -> LinkCause {
    let names: Vec<_> = Kind::on_links().map(Kind::name).collect();
    let word = start(name);
    let instead = instead(&word, &names);
    LinkCause::UnknownKind { word, instead }
}

/// What stands before the window, and the window: always if there is none.
pub(super) fn split_window(text: &str) -> Result<(&str, Window), LinkCause> {
    let Some((before, text)) = text.split_once('@') else {
        return Ok((text, Window::default()));
    };
    let bad = || LinkCause::BadWindow(start(text));
    let (from, to) = text.split_once('-').ok_or_else(bad)?;
    let time = |text: &str| match text.trim() {
        "" => Ok(None),
        text => parse_time(text).map(Some).ok_or_else(bad),
    };
    let window = Window {
        from_us: time(from)?,
        to_us: time(to)?,
    };
    let is_one = match (window.from_us, window.to_us) {
        (None, None) => false,
        (from, Some(to)) => from.unwrap_or(0) < to,
        (Some(_), None) => true,
    };
    if is_one {
        Ok((before, window))
    } else {
        Err(bad())
    }
}

fn parse_effects(text: &str) -> Result<Does, LinkCause> {
    let effects: Vec<&str> = text.split(',').map(str::trim).collect();
    for alone in [CUT, PASS] {
        if effects.contains(&alone) && effects.len() > 1 {
            return Err(LinkCause::Alone(alone));
        }
    }
    match effects[..] {
        [CUT] => return Ok(Does::Cut),
        [PASS] => return Ok(Does::Carry(Carry::default())),
        _ => {}
    }
    let mut carry = Carry::default();
    for effect in effects {
        read_effect(&mut carry, effect)?;
    }
    Ok(Does::Carry(carry))
}

fn read_effect(carry: &mut Carry, effect: &str) -> Result<(), LinkCause> {
    let (name, argument) = effect
        .split_once(char::is_whitespace)
        .unwrap_or((effect, ""));
    let argument = argument.trim();
    let bad = |expected| LinkCause::BadEffect {
        effect: start(effect),
        expected,
    };
    let before = *carry;
    match name {
        "loss" => {
            carry.lost = parse_share(argument).ok_or_else(|| bad(A_SHARE))?;
            twice("loss", before.lost != Share::default())
        }
        "delay" => {
            (carry.delay_us, carry.jitter_us) =
                parse_delay(argument).ok_or_else(|| bad(A_DELAY))?;
            if carry.jitter_us > carry.delay_us {
                return Err(bad(SMALLER));
            }
            twice("delay", before.delay_us > 0)
        }
        "duplicate" => {
            carry.doubled = parse_share(argument).ok_or_else(|| bad(A_SHARE))?;
            twice("duplicate", before.doubled != Share::default())
        }
        "reorder" => {
            (carry.late, carry.late_us) =
                parse_lateness(argument).ok_or_else(|| bad(A_LATENESS))?;
            twice("reorder", before.late_us > 0)
        }
        "rate" => {
            carry.bytes_per_second = Some(parse_rate(argument).ok_or_else(|| bad(A_RATE))?);
            twice("rate", before.bytes_per_second.is_some())
        }
        CUT | PASS => Err(bad(NO_ARGUMENT)),
        _ => Err(unknown_effect(effect)),
    }
}

const fn twice(name: &'static str, is_twice: bool) -> Result<(), LinkCause> {
    if is_twice {
        Err(LinkCause::EffectTwice(name))
    } else {
        Ok(())
    }
}

fn unknown_effect(effect: &str) -> LinkCause {
    let word = start(effect.split_whitespace().next().unwrap_or_default());
    let names = EFFECTS.map(|(form, _)| form.split(' ').next().unwrap_or_default());
    let instead = instead(&word, &names);
    LinkCause::UnknownEffect { word, instead }
}

/// Reads `10ms±5ms` in microseconds.
fn parse_delay(text: &str) -> Option<(u64, u64)> {
    let parts = text.split_once('±').or_else(|| text.split_once("+-"));
    let (delay, jitter) = parts.map_or((text, None), |(delay, jitter)| (delay, Some(jitter)));
    let jitter = jitter.map_or(Some(0), parse_pause)?;
    Some((parse_pause(delay)?, jitter))
}

/// Reads `10% by 50ms`.
fn parse_lateness(text: &str) -> Option<(Share, u64)> {
    let (share, time) = text.split_once(" by ")?;
    Some((parse_share(share.trim())?, parse_pause(time)?))
}

/// Reads a time that a message may wait, in microseconds.
fn parse_pause(text: &str) -> Option<u64> {
    parse_time(text.trim()).filter(|time| (1..=LONGEST).contains(time))
}

/// Reads a time with its unit, of whole microseconds.
fn parse_time(text: &str) -> Option<u64> {
    let time = humantime::parse_duration(text).ok()?;
    let is_whole = time.subsec_nanos().is_multiple_of(1000);
    time.as_micros().try_into().ok().filter(|_| is_whole)
}

/// Reads `2.5%` or `2.5`.
fn parse_share(text: &str) -> Option<Share> {
    let percent = text.strip_suffix('%').unwrap_or(text);
    let (whole, decimals) = percent.split_once('.').unwrap_or((percent, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) || decimals.len() > 4 {
        return None;
    }
    let whole: u64 = whole.parse().ok().filter(|whole| *whole <= 100)?;
    let decimals: u64 = format!("{decimals:0<4}").parse().ok()?;
    let share = whole * 10_000 + decimals;
    (1..=Share::WHOLE).contains(&share).then_some(Share(share))
}

/// Reads `64kB/s`.
fn parse_rate(text: &str) -> Option<NonZeroU64> {
    let (unit, factor) = UNITS.into_iter().find(|(unit, _)| text.ends_with(unit))?;
    let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
    NonZeroU64::new(number.checked_mul(factor)?)
}

/// The form of a rule and all effects, for a command's help, one on each line.
#[must_use]
pub fn help() -> String {
    let line = |(form, what): (&str, &str)| format!("\n  {form:24} {what}");
    let effects: String = EFFECTS.map(line).concat();
    format!("Rules of links, {FORM}, have these effects:{effects}")
}

/// The first characters of a word, for an error.
fn start(word: &str) -> String {
    word.trim().chars().take(40).collect()
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = if self.both_ways { "<->" } else { "->" };
        write!(formatter, "{}{arrow}{}", self.from, self.to)?;
        let kinds: Vec<_> = self.kinds.iter().map(|kind| kind.name()).collect();
        if !kinds.is_empty() {
            write!(formatter, " {}", kinds.join("+"))?;
        }
        write!(formatter, ": {}{}", self.does, self.window)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("*"),
            Self::Of(some) => {
                let names: Vec<_> = some.iter().map(ToString::to_string).collect();
                formatter.write_str(&names.join("+"))
            }
        }
    }
}

impl fmt::Display for Does {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let carry = match self {
            Self::Cut => return formatter.write_str(CUT),
            Self::Carry(carry) if *carry == Carry::default() => return formatter.write_str(PASS),
            Self::Carry(carry) => carry,
        };
        let nothing = Share::default();
        let mut effects = Vec::new();
        if carry.lost != nothing {
            effects.push(format!("loss {}", carry.lost));
        }
        if carry.delay_us > 0 {
            let jitter = match carry.jitter_us {
                0 => String::new(),
                jitter => format!("±{}", time(jitter)),
            };
            effects.push(format!("delay {}{jitter}", time(carry.delay_us)));
        }
        if carry.doubled != nothing {
            effects.push(format!("duplicate {}", carry.doubled));
        }
        if carry.late_us > 0 {
            effects.push(format!("reorder {} by {}", carry.late, time(carry.late_us)));
        }
        if let Some(rate) = carry.bytes_per_second {
            effects.push(format!("rate {}", rate_in_words(rate.get())));
        }
        formatter.write_str(&effects.join(", "))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = format!("{:04}", self.0 % 10_000);
        match decimals.trim_end_matches('0') {
            "" => write!(formatter, "{}%", self.0 / 10_000),
            decimals => write!(formatter, "{}.{decimals}%", self.0 / 10_000),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_words = |at: Option<u64>| at.map(time).unwrap_or_default();
        match (self.from_us, self.to_us) {
            (None, None) => Ok(()),
            (from, to) => write!(formatter, " @{}-{}", in_words(from), in_words(to)),
        }
    }
}

/// A time in words without spaces, such as `1m30s`.
fn time(us: u64) -> String {
    let words = humantime::format_duration(Duration::from_micros(us)).to_string();
    words.replace(' ', "")
}

/// A rate in the largest unit of a power of ten that gives a whole number.
fn rate_in_words(bytes: u64) -> String {
    let decimal = UNITS.into_iter().filter(|(unit, _)| !unit.contains('i'));
    let mut fitting = decimal.filter(|(_, factor)| bytes.is_multiple_of(*factor));
    fitting.next().map_or_else(String::new, |(unit, factor)| {
        format!("{}{unit}", bytes / factor)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    use super::super::{Kind, Rules};
    use super::EFFECTS;

    fn text(words: &str) -> Result<String, String> {
        let rules = Rules::parse(&[words], 4).map_err(|error| error.to_string())?;
        Ok(rules.texts().concat())
    }

    #[test]
    fn a_rule_is_written_in_one_form_however_it_was_given() {
        for (given, written) in [
            ("P->Q: cut", "P->Q: cut"),
            (" Q+P -> * : cut", "P+Q->*: cut"),
            ("*<->S commit+vote: pass", "*<->S commit+vote: pass"),
            ("P->Q: delay 10ms+-5ms", "P->Q: delay 10ms±5ms"),
            ("P->Q: delay 1500us ± 500us", "P->Q: delay 1ms500us±500us"),
            ("*->*: loss 2.50", "*->*: loss 2.5%"),
            ("*->*: loss 0.0001%", "*->*: loss 0.0001%"),
            (
                "P->Q:rate 2000B/s ,reorder 10% by 50ms,duplicate 100%@2s-",
                "P->Q: duplicate 100%, reorder 10% by 50ms, rate 2kB/s @2s-",
            ),
            ("P->Q: rate 64KiB/s @-90s", "P->Q: rate 65536B/s @-1m30s"),
        ] {
            assert_eq!(text(given).as_deref(), Ok(written), "{given}");
            assert_eq!(text(written).as_deref(), Ok(written), "{written}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused_with_what_to_write_instead() {
        for (given, why) in [
            ("P->Q", "a colon is missing: write whose messages"),
            ("P-Q: cut", "an arrow is missing: write P->Q"),
            ("->Q: cut", "a name is missing"),
            ("P->: cut", "a name is missing"),
            ("P+->Q: cut", "a name is missing"),
            ("p->Q: cut", "did you mean 'P'?"),
            ("P->T: cut", "there is no process T: with 4 processes"),
            ("P+P->Q: cut", "process P is named twice"),
            ("P->P: cut", "a process sends itself nothing"),
            (
                "P->Q comit: cut",
                "unknown kind of message 'comit': did you mean 'commit'?",
            ),
            ("P->Q: ", "unknown effect '': use one of cut, loss, delay"),
            (
                "P->Q: lose 5%",
                "unknown effect 'lose': did you mean 'loss'?",
            ),
            ("P->Q: loss", "'loss' is no effect: write a percentage"),
            ("P->Q: loss 0%", "'loss 0%' is no effect"),
            ("P->Q: loss 101%", "'loss 101%' is no effect"),
            ("P->Q: loss 100.1%", "'loss 100.1%' is no effect"),
            ("P->Q: loss +5%", "'loss +5%' is no effect"),
            ("P->Q: loss 0.00001%", "at most four decimals"),
            ("P->Q: delay 5", "'delay 5' is no effect: write a time"),
            ("P->Q: delay 0ms", "write a time from 1us to 1h"),
            ("P->Q: delay 10ns", "write a time from 1us to 1h"),
            ("P->Q: delay 2h", "write a time from 1us to 1h"),
            ("P->Q: delay 5ms±6ms", "the time after ± must not be longer"),
            ("P->Q: duplicate", "write a percentage"),
            ("P->Q: reorder 5%", "write a percentage, 'by' and a time"),
            ("P->Q: rate 0B/s", "write a whole number of B/s"),
            ("P->Q: rate 5Mbit/s", "write a whole number of B/s"),
            (
                "P->Q: rate 99999999999999999999MB/s",
                "write a whole number",
            ),
            ("P->Q: cut 5%", "it takes no argument"),
            ("P->Q: cut, loss 5%", "'cut' stands alone"),
            ("P->Q: loss 5%, pass", "'pass' stands alone"),
            ("P->Q: loss 5%, loss 5%", "'loss' is given twice"),
            ("P->Q: delay 5ms, delay 5ms", "'delay' is given twice"),
            ("P->Q: rate 1B/s, rate 1B/s", "'rate' is given twice"),
            ("P->Q: cut @2s", "'@2s' is no window of time: write times"),
            ("P->Q: cut @-", "is no window of time"),
            ("P->Q: cut @2s-2s", "is no window of time"),
            ("P->Q: cut @1s-2s@3s-4s", "is no window of time"),
        ] {
            let error = text(given).unwrap_err();
            assert!(
                error.starts_with(&format!("the link rule '{given}': ")),
                "{error}"
            );
            assert!(error.contains(why), "{given}: {error}");
        }
        let many = vec!["P->Q: cut"; 101];
        let error = Rules::parse(&many, 4).unwrap_err().to_string();
        assert!(
            error.ends_with("there are 101 rules: use at most 100"),
            "{error}"
        );
        assert!(Rules::parse(&many[1..], 4).is_ok());
    }

    /// Some of the effects, in any order, or one that stands alone.
    fn effects() -> impl Strategy<Value = String> {
        let time = (1_u64..3_000_000).prop_map(|us| format!("{us}us"));
        let share =
            (1_u64..=1_000_000).prop_map(|ppm| format!("{}.{:04}%", ppm / 10_000, ppm % 10_000));
        let rate = (
            1_u64..1 << 40,
            select(vec!["B/s", "kB/s", "KiB/s", "MB/s", "MiB/s"]),
        );
        let delay = (1_u64..3_000_000).prop_flat_map(|delay| {
            (0..=delay).prop_map(move |jitter| match jitter {
                0 => format!("delay {delay}us"),
                jitter => format!("delay {delay}us+-{jitter}us"),
            })
        });
        let all = (
            share.clone().prop_map(|share| format!("loss {share}")),
            delay,
            share.clone().prop_map(|share| format!("duplicate {share}")),
            (share, time).prop_map(|(share, time)| format!("reorder {share} by {time}")),
            rate.prop_map(|(number, unit)| format!("rate {number}{unit}")),
        );
        let some = all.prop_flat_map(|(loss, delay, duplicate, reorder, rate)| {
            subsequence(vec![loss, delay, duplicate, reorder, rate], 1..=5).prop_shuffle()
        });
        prop_oneof![
            select(vec!["cut".to_owned(), "pass".to_owned()]),
            some.prop_map(|some| some.join(", ")),
        ]
    }

    fn rule() -> impl Strategy<Value = String> {
        let side = || {
            let some = subsequence(vec!["P", "Q", "R", "S"], 2..=4);
            prop_oneof![Just("*".to_owned()), some.prop_map(|some| some.join("+"))]
        };
        let kinds = subsequence(Kind::on_links().map(Kind::name).collect::<Vec<_>>(), 0..=3);
        let window = prop_oneof![
            Just(String::new()),
            (0_u64..1 << 40, 1_u64..1 << 40)
                .prop_map(|(from, longer)| format!("@{from}us-{}us", from + longer)),
            (0_u64..1 << 40).prop_map(|from| format!(" @{from}us-")),
            (1_u64..1 << 40).prop_map(|to| format!(" @-{to}us")),
        ];
        let arrow = select(vec!["->", "<->"]);
        (side(), arrow, side(), kinds, effects(), window).prop_map(
            |(from, arrow, to, kinds, effects, window)| {
                format!("{from}{arrow}{to} {}: {effects}{window}", kinds.join("+"))
            },
        )
    }

    proptest! {
        #[test]
        fn the_text_of_a_rule_reads_as_the_same_rule(given in rule()) {
            let rule = Rules::parse(&[&given], 4).unwrap();
            let again = Rules::parse(&rule.texts(), 4).unwrap();
            prop_assert_eq!(again, rule);
        }

        #[test]
        fn no_text_makes_the_reader_panic(given in "[P-S*+<>: a-z0-9%@±/.,-]{0,40}") {
            let _ = Rules::parse(&[&given], 4);
            let _ = Rules::with_partitions(&[&given], &[], 4);
        }
    }

    #[test]
    fn every_effect_is_one_that_a_rule_may_have() {
        for (form, _) in EFFECTS {
            let name = form.split(' ').next().unwrap();
            let error = text(&format!("P->Q: {name} x y z")).unwrap_err();
            assert!(error.contains("is no effect: "), "{error}");
        }
    }
}
