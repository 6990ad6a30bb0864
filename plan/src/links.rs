//! Draws rules for links. Only plans in which nothing but the number of processes was chosen have some, and few of those.

use quorate_fault::Dice;
use quorate_fault::link::Kind;

use crate::span::span;
use crate::{Name, Plan};

/// In how many of a thousand seeds there are rules.
const SHARE: u64 = 100;

/// A few rules, in the words of `--link`, or none.
pub(crate) fn draw(plan: &Plan, dice: &mut Dice) -> Vec<String> {
    if plan.processes < 2 || !dice.chance(SHARE) {
        return Vec::new();
    }
    (0..dice.between(1, 4)).map(|_| rule(plan, dice)).collect()
}

fn rule(plan: &Plan, dice: &mut Dice) -> String {
    let (whose, effects) = (whose(plan, dice), effects(dice));
    let window = window(plan, dice);
    format!("{whose}: {effects}{window}")
}

fn whose(plan: &Plan, dice: &mut Dice) -> String {
    let some = dice.distinct(plan.processes, plan.processes);
    let names: Vec<String> = some.into_iter().map(|one| Name::of(one).into()).collect();
    // Both sides have somebody, and nobody is on both.
    let (first, second) = names.split_at(dice_index(dice, 1, names.len() - 1));
    let from = side(first, dice);
    let to = side(second, dice);
    let arrow = if dice.chance(400) { "<->" } else { "->" };
    let kinds = if dice.chance(300) {
        format!(" {}", kinds(dice).join("+"))
    } else {
        String::new()
    };
    format!("{from}{arrow}{to}{kinds}")
}

fn side(names: &[String], dice: &mut Dice) -> String {
    match dice.below(10) {
        0..4 => "*".to_owned(),
        4..7 => names[0].clone(),
        _ => names.join("+"),
    }
}

fn kinds(dice: &mut Dice) -> Vec<&'static str> {
    let all: Vec<Kind> = Kind::on_links().collect();
    let count = dice.between(1, 3);
    let mut kinds: Vec<&str> = (0..count)
        .filter_map(|_| dice.pick(&all).map(|kind| kind.name()))
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn effects(dice: &mut Dice) -> String {
    match dice.below(10) {
        0..3 => return "cut".to_owned(),
        3 => return "pass".to_owned(),
        _ => {}
    }
    let delay = dice.between(1, 300);
    let all = [
        format!("loss {}%", dice.between(1, 60)),
        format!("delay {delay}ms±{}ms", dice.between(1, delay)),
        format!("duplicate {}%", dice.between(1, 60)),
        format!(
            "reorder {}% by {}ms",
            dice.between(1, 60),
            dice.between(1, 200)
        ),
        format!("rate {}kB/s", dice.between(2, 200)),
    ];
    let count = u32::try_from(dice.between(1, 3)).unwrap_or(1);
    let some = dice.distinct(count, 5).into_iter();
    let some: Vec<&str> = some.map(|index| all[index as usize].as_str()).collect();
    some.join(", ")
}

fn window(plan: &Plan, dice: &mut Dice) -> String {
    let (from, to) = span(dice, plan.heal_ms);
    match dice.below(10) {
        0..6 => format!(" @{from}ms-{to}ms"),
        6 => format!(" @{from}ms-"),
        7 => format!(" @-{to}ms"),
        _ => String::new(),
    }
}

fn dice_index(dice: &mut Dice, least: usize, most: usize) -> usize {
    let index = dice.between(least as u64, most as u64);
    usize::try_from(index).unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use quorate_fault::link::EFFECTS;

    use crate::{Choice, Plan};

    #[test]
    fn plans_are_drawn_with_every_effect_every_window_and_both_arrows_and_all_can_be_played() {
        let plans = (0..3000).map(|seed| Plan::generate(seed, &Choice::default()));
        let plans: Vec<Plan> = plans.filter(|plan| !plan.links.is_empty()).collect();
        assert!((200..400).contains(&plans.len()), "{}", plans.len());
        for plan in &plans {
            plan.link_rules().unwrap();
        }
        let drawn: Vec<&String> = plans.iter().flat_map(|plan| &plan.links).collect();
        let names = EFFECTS.map(|(form, _)| form.split(' ').next().unwrap_or_default());
        let signs = ["@", "@-", "ms-", "<->", "*", "+", "prepare", "vote"];
        for words in names.into_iter().chain(signs) {
            assert!(drawn.iter().any(|rule| rule.contains(words)), "{words}");
        }
        assert!(drawn.iter().any(|rule| !rule.contains('@')));
    }

    #[test]
    fn chosen_faults_and_gatherings_leave_the_links_as_they_are() {
        let chosen = |seed| {
            let faulty = Choice {
                faulty: Some(vec!["P=silent".to_owned()]),
                ..Choice::default()
            };
            let gathers = Choice {
                gathers: true,
                ..Choice::default()
            };
            [faulty, gathers].map(|choice| Plan::generate(seed, &choice).links)
        };
        assert!((0..500).flat_map(chosen).all(|links| links.is_empty()));
    }
}
