//! When a behaviour acts: times, slots, views, chance.

use quorate_fault::scope::{Moment, Scope};
use quorate_fault::{Behaviour, Say};
use quorate_protocol::message::Checkpoint;
use quorate_protocol::{Input, Message, Sequence, Time};

use crate::{OTHERS, digest, faulty, made, millis, moment, prepare, sent, standing, submit, told};
/// Whether `silent` with a trigger suppresses this message at this moment.
fn quiet(behaviour: &mut dyn Behaviour, at: Moment, message: &Message) -> bool {
    behaviour.tick(at);
    told(behaviour, message)[1].is_empty()
}

#[test]
fn a_behaviour_acts_from_a_time_on_and_until_a_time() {
    let mut silent = made("silent@after=2s@until=3s");
    let mut at = |now| quiet(&mut *silent, moment(millis(now), 0, 1), &prepare(0, 1));
    assert_eq!(
        [500, 2499, 2500, 3499, 3500].map(&mut at),
        [false, false, true, true, false],
        "times count from the start, which was at 500 ms"
    );
}

#[test]
fn a_behaviour_acts_on_messages_of_some_slots_and_views() {
    let now = moment(Time(0), 7, 7);
    let mut slots = made("silent@slots=3-9");
    let of_slot = |slot| quiet(&mut *slots, now, &prepare(0, slot));
    assert_eq!([2, 3, 9, 10].map(of_slot), [false, true, true, false]);
    let mut views = made("silent@views=2");
    let of_view = |view| quiet(&mut *views, now, &prepare(view, 1));
    assert_eq!([1, 2, 3].map(of_view), [false, true, false]);
    let mut from = made("silent@slots=5-");
    assert!(quiet(&mut *from, now, &prepare(0, u64::MAX)));
    let checkpoint = |slot| {
        Message::Checkpoint(Checkpoint {
            sequence: Sequence(slot),
            digest: digest(1),
        })
    };
    assert!(quiet(&mut *from, now, &checkpoint(5)) && !quiet(&mut *from, now, &checkpoint(4)));
}

#[test]
fn a_message_without_slot_or_view_counts_as_the_current_one() {
    let standing = standing(1);
    let mut slots = made("silent@slots=3");
    assert!(quiet(&mut *slots, moment(Time(0), 1, 3), &standing));
    assert!(!quiet(&mut *slots, moment(Time(0), 1, 4), &standing));
    let mut views = made("silent@views=1");
    assert!(quiet(&mut *views, moment(Time(0), 5, 4), &standing));
    views.tick(moment(Time(0), 1, 4));
    assert_eq!(views.say(OTHERS[0], "attack"), Say::Nothing);
    views.tick(moment(Time(0), 2, 4));
    assert_eq!(
        views.say(OTHERS[0], "attack"),
        Say::Decision("attack".into())
    );
}

#[test]
fn a_behaviour_acts_with_a_probability() {
    let mut silent = made("silent@chance=25%");
    let now = moment(Time(0), 0, 1);
    let count = (0..1000)
        .filter(|_| quiet(&mut *silent, now, &prepare(0, 1)))
        .count();
    assert!((200..300).contains(&count), "{count}");
}

#[test]
fn a_trigger_limits_everything_that_a_behaviour_does() {
    let mut deny = made("deny@after=1s");
    let mut lie = made("lie@after=1s");
    let mut corrupt = made("corrupt@after=1s");
    let mut amnesia = made("amnesia@after=1s");
    let mut crash = made("crash@after=1s");
    let mut shows = |now| {
        for behaviour in [&mut deny, &mut lie, &mut corrupt, &mut amnesia, &mut crash] {
            behaviour.tick(moment(millis(now), 0, 1));
        }
        [
            !deny.hears(OTHERS[0]),
            deny.say(OTHERS[0], "a") == Say::Deny,
            lie.ballot().is_some(),
            corrupt.damage(Scope::default()).is_some(),
            amnesia.forgets(),
            crash.crashes(),
        ]
    };
    assert_eq!(shows(0), [false; 6]);
    assert_eq!(shows(1000), [true; 6]);
}

#[test]
fn held_effects_come_even_after_the_trigger_stops_holding() {
    let mut delay = faulty("delay:200ms@until=100ms");
    delay.step(millis(0), Input::Start);
    assert!(sent(&delay.step(millis(99), submit(1))).is_empty());
    assert_eq!(sent(&delay.step(millis(100), submit(2))), OTHERS);
    assert_eq!(delay.wake_at(), Some(millis(299)));
    assert_eq!(sent(&delay.wake(millis(299))), OTHERS);
}

#[test]
fn a_flood_begins_when_its_trigger_holds_and_never_wakes_its_host_in_a_loop() {
    let mut spam = faulty("spam@after=1s");
    spam.step(millis(0), Input::Start);
    let mut quiet_until = None;
    for _ in 0..1000 {
        let now = spam.wake_at().unwrap();
        if !spam.wake(now).is_empty() {
            quiet_until = Some(now);
            break;
        }
    }
    assert_eq!(quiet_until, Some(millis(1000)));
}
