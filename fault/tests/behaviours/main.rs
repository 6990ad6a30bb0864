//! What the others see of each behaviour. P misbehaves, among four processes. [`triggers`]: when. [`accomplices`]: what every faulty process
//! leaves undone.
#![allow(clippy::unwrap_used)]

mod accomplices;
mod triggers;

use std::num::NonZeroU32;

use quorate_fault::behaviour::{Altered, REGISTRY};
use quorate_fault::grammar;
use quorate_fault::scope::Moment;
use quorate_fault::{Behaviour, Faulty, Joins, Say, Scene, Setting};
use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::message::{
    Answer, Batch, Memory, NewView, PrePrepare, Prepare, Proved, Replies, Reply, Request, Standing,
    ViewChange,
};
use quorate_protocol::{
    ClientId, ClusterId, Config, Digest, Duration, Effect, Input, Keys, Message, Misbehaviour,
    Quorum, Replica, ReplicaId, Sequence, SignedMessage, Time, Timestamp, VerifiedMessage, View,
};

const P: ReplicaId = ReplicaId(0);
const OTHERS: [ReplicaId; 3] = [ReplicaId(1), ReplicaId(2), ReplicaId(3)];

fn setting() -> Setting {
    Setting {
        config: Config::new(P, Quorum::of(NonZeroU32::new(4).unwrap())),
        seed: [7; 32],
        scene: Scene::Founding,
    }
}

fn made(words: &str) -> Box<dyn Behaviour> {
    grammar::parse(words, &setting()).unwrap()
}

fn faulty(words: &str) -> Faulty {
    Faulty::new(Replica::new(setting().config), Some(made(words)))
}

fn keys(own: ReplicaId) -> Keys {
    Keys::simulated(own, 4, ClusterId([1; 32]))
}

fn millis(at: u64) -> Time {
    Time(at * 1000)
}

/// A digest for each number.
fn digest(number: u64) -> Digest {
    Digest::of(&[&number.to_le_bytes()])
}

fn prepare(view: u64, slot: u64) -> Message {
    Message::Prepare(Prepare {
        view: View(view),
        sequence: Sequence(slot),
        digest: digest(slot),
    })
}

/// Of a replica that has executed nothing.
fn standing(view: u64) -> Message {
    Message::Standing(Standing {
        view: View(view),
        active: true,
        executed: Sequence(0),
        stable: Sequence(0),
        memory: Memory::Whole,
        proved: Proved::none(),
    })
}

fn request(number: u64) -> Request {
    Request::new(
        ClientId::named(ReplicaId(0), "c"),
        Timestamp(number),
        format!("operation {number}").into_bytes(),
    )
}

fn batch(number: u64) -> Batch {
    Batch::new(vec![keys(P).sign(request(number)).into_signed()])
}

fn proposal(slot: u64) -> Message {
    let batch = batch(slot);
    let pre_prepare = PrePrepare {
        view: View(0),
        sequence: Sequence(slot),
        digest: batch.digest(),
    };
    Message::PrePrepare(pre_prepare, batch)
}

/// The messages that each process gets at once when P broadcasts this one, in the order of the processes, P included.
fn told(behaviour: &mut dyn Behaviour, message: &Message) -> [Vec<Message>; 4] {
    let mut told = [const { Vec::new() }; 4];
    for altered in behaviour.alter(Effect::Broadcast(message.clone())) {
        assert_eq!(altered.late, Duration(0), "nothing is held back here");
        match altered.effect {
            Effect::Broadcast(message) => {
                told.iter_mut().for_each(|all| all.push(message.clone()));
            }
            Effect::Send { to, message } => told[to.0 as usize].push(message),
            other => panic!("{other:?}"),
        }
    }
    told
}

/// The other processes that these effects send something to.
fn sent(effects: &[Effect]) -> Vec<ReplicaId> {
    let to = |effect: &Effect| match effect {
        Effect::Broadcast(_) => OTHERS.to_vec(),
        Effect::Send { to, .. } | Effect::Forward { to, .. } if *to != P => vec![*to],
        _ => Vec::new(),
    };
    effects.iter().flat_map(to).collect()
}

fn moment(now: Time, view: u64, slot: u64) -> Moment {
    Moment {
        now,
        view: View(view),
        slot: Sequence(slot),
    }
}

fn submit(number: u64) -> Input {
    Input::Submit(keys(P).sign(request(number)))
}

#[test]
fn every_example_can_be_parsed() {
    for entry in REGISTRY {
        assert!(entry.example.starts_with(entry.name));
        made(entry.example);
    }
}

#[test]
fn deny_exchanges_nothing_with_the_named_processes() {
    let mut deny = made("deny:R+S");
    let one = prepare(0, 1);
    assert_eq!(
        told(&mut *deny, &one),
        [vec![one.clone()], vec![one.clone()], vec![], vec![]]
    );
    let [to_q, to_r, _] = OTHERS.map(|to| deny.say(to, "attack"));
    assert_eq!((to_q, to_r), (Say::Decision("attack".into()), Say::Deny));
    assert_eq!(OTHERS.map(|from| deny.hears(from)), [true, false, false]);
    let forwarded = Effect::Forward {
        to: ReplicaId(2),
        message: Box::new(SignedMessage::Request(batch(1).requests()[0].clone())),
    };
    assert_eq!(deny.alter(forwarded), []);
    assert_eq!(OTHERS.map(|from| made("deny").hears(from)), [false; 3]);
}

#[test]
fn crash_ends_the_process_at_once_after_messages_or_after_a_time() {
    let mut at_once = faulty("crash");
    assert!(at_once.step(Time(5), Input::Start).is_empty());
    assert!(at_once.has_crashed());

    let mut after_two = faulty("crash:2");
    assert_eq!(sent(&after_two.step(Time(5), submit(1))).len(), 3);
    assert!(!after_two.has_crashed());
    assert_eq!(sent(&after_two.step(Time(6), submit(2))).len(), 3);
    assert!(after_two.has_crashed());
    assert!(after_two.step(Time(7), submit(3)).is_empty());

    let mut after_a_time = faulty("crash:2s");
    after_a_time.step(millis(100), Input::Start);
    assert_eq!(sent(&after_a_time.step(millis(2099), submit(1))).len(), 3);
    assert!(after_a_time.step(millis(2100), submit(2)).is_empty());
    assert!(after_a_time.has_crashed());
    assert_eq!(after_a_time.say(millis(2100), OTHERS[0], "a"), Say::Nothing);
}

#[test]
fn silent_sends_nothing_and_hears_itself() {
    let mut silent = made("silent");
    let one = prepare(0, 1);
    let nothing = Vec::new;
    assert_eq!(
        told(&mut *silent, &one),
        [vec![one], nothing(), nothing(), nothing()]
    );
    assert_eq!(silent.say(OTHERS[0], "attack"), Say::Nothing);
    assert!(silent.hears(OTHERS[0]));
}

#[test]
fn a_changed_behaviour_releases_held_effects_and_counts_its_times_from_the_change() {
    let mut changing = faulty("delay:1h");
    changing.step(millis(0), Input::Start);
    changing.step(millis(10), submit(1));
    let out = changing.change(millis(20), Some(made("silent@after=100ms")));
    assert_eq!(sent(&out), OTHERS);
    assert_eq!(changing.wake_at(), None);
    assert_eq!(sent(&changing.step(millis(119), submit(2))), OTHERS);
    assert!(sent(&changing.step(millis(120), submit(3))).is_empty());
    assert!(changing.change(millis(130), None).is_empty());
    assert_eq!(sent(&changing.step(millis(140), submit(4))), OTHERS);
}

#[test]
fn delay_sends_every_message_late_and_in_order() {
    let mut delay = faulty("delay:200ms");
    delay.step(millis(0), Input::Start);
    assert_eq!(delay.wake_at(), None);
    let at_once = delay.step(millis(10), submit(1));
    assert!(sent(&at_once).is_empty());
    assert!(
        matches!(at_once[..], [Effect::Send { to: P, .. }]),
        "{at_once:?}"
    );
    delay.step(millis(50), submit(2));
    assert_eq!(delay.wake_at(), Some(millis(210)));
    assert!(delay.wake(millis(209)).is_empty());
    assert_eq!(sent(&delay.wake(millis(210))), OTHERS);
    assert_eq!(delay.wake_at(), Some(millis(250)));
    assert_eq!(sent(&delay.wake(millis(300))), OTHERS);
    assert_eq!(delay.wake_at(), None);
    let late = Say::Late("attack".into(), Duration::from_millis(200));
    assert_eq!(delay.say(millis(300), OTHERS[0], "attack"), late);
}

#[test]
fn held_effects_are_bounded_and_the_one_due_first_is_lost() {
    let most = 1 << 16;
    let mut delay = faulty("delay:1h");
    let messages = most / 3 + 1;
    for number in 0..messages {
        delay.step(Time(number), submit(number));
    }
    let effects = delay.wake(millis(2 * 3600 * 1000));
    assert_eq!(effects.len() as u64, most);
    let copies_of = |number: u64| {
        let is_one = |effect: &&Effect| {
            matches!(effect, Effect::Send { message: Message::Request(request), .. }
                if request.value().timestamp.0 == number)
        };
        effects.iter().filter(is_one).count()
    };
    assert_eq!([copies_of(0), copies_of(messages - 1)], [1, 3]);
}

#[test]
fn held_effects_are_lost_when_the_process_starts_again() {
    let mut delay = faulty("delay:200ms");
    delay.step(millis(0), submit(1));
    delay.restart(Replica::new(setting().config));
    assert_eq!(delay.wake_at(), None);
    delay.step(millis(10), submit(2));
    assert_eq!(
        delay.wake_at(),
        Some(millis(210)),
        "the delay is still the same"
    );
}

#[test]
fn drop_loses_its_share_for_each_recipient_separately() {
    let mut drop = made("drop:30%");
    let one = prepare(0, 1);
    let mut arrived = [0; 4];
    let mut apart = false;
    for _ in 0..1000 {
        let counts = told(&mut *drop, &one).map(|all| all.len());
        apart |= counts[1] != counts[2];
        arrived
            .iter_mut()
            .zip(counts)
            .for_each(|(sum, one)| *sum += one);
    }
    assert!(apart);
    assert_eq!(arrived[0], 1000, "it loses nothing to itself");
    for count in &arrived[1..] {
        assert!((650..750).contains(count), "{arrived:?}");
    }
    let said = |drop: &mut Box<dyn Behaviour>| drop.say(OTHERS[0], "attack") == Say::Nothing;
    let lost = (0..1000).filter(|_| said(&mut drop)).count();
    assert!((250..350).contains(&lost), "{lost}");
}

#[test]
fn one_seed_loses_the_same_messages_and_another_seed_others() {
    let lost = |seed| {
        let setting = Setting {
            seed: [seed; 32],
            ..setting()
        };
        let mut drop = grammar::parse("drop:50%", &setting).unwrap();
        let arrived = |_| told(&mut *drop, &prepare(0, 1)).map(|all| all.len());
        (0..20).map(arrived).collect::<Vec<_>>()
    };
    assert_eq!(lost(1), lost(1));
    assert_ne!(lost(1), lost(2));
}

#[test]
fn duplicate_sends_each_message_twice_to_others() {
    let one = prepare(0, 1);
    let counts = told(&mut *made("duplicate"), &one).map(|all| all.len());
    assert_eq!(counts, [1, 2, 2, 2]);
    let effect = Effect::Send {
        to: OTHERS[0],
        message: one,
    };
    assert_eq!(made("duplicate").alter(effect).len(), 2);
}

#[test]
fn replay_sends_old_messages_with_their_signatures() {
    let mut replay = made("replay");
    let old: Vec<_> = (1..=40)
        .map(|slot| {
            let mut signer = keys(ReplicaId(u32::try_from(slot % 4).unwrap()));
            signer.sign_message(prepare(0, slot)).unwrap()
        })
        .collect();
    assert_eq!(
        told(&mut *replay, &prepare(1, 1)).map(|all| all.len()),
        [1; 4]
    );
    for one in &old {
        replay.see(one);
    }
    let mut again = Vec::new();
    for slot in 1..=20 {
        let altered = replay.alter(Effect::Broadcast(prepare(1, slot)));
        assert_eq!(
            altered.len(),
            7,
            "one for P, and for each other a new and an old one"
        );
        for Altered { effect, .. } in altered {
            if let Effect::Forward { message, .. } = effect {
                again.push(*message);
            }
        }
    }
    let known: Vec<_> = old.into_iter().map(|one| one.into_signed()).collect();
    assert_eq!(again.len(), 60);
    assert!(again.iter().all(|one| known.contains(one)));
    assert!(again.iter().any(|one| *one != again[0]));
}

#[test]
fn equivocate_tells_every_second_process_something_else() {
    let mut equivocate = made("equivocate");
    let [own, q, r, s] = told(&mut *equivocate, &proposal(1));
    assert_eq!((&own, &q), (&r, &s));
    assert_ne!(own, q);
    let Message::PrePrepare(other, body) = &q[0] else {
        panic!("{q:?}")
    };
    assert_eq!((other.sequence, other.digest), (Sequence(1), body.digest()));
    let [q, r, _] = OTHERS.map(|to| equivocate.say(to, "attack"));
    assert_eq!(q, Say::Decision("retreat".into()));
    assert_eq!(r, Say::Decision("attack".into()));
}

#[test]
fn lie_votes_for_digests_that_nobody_proposed_and_gives_false_answers() {
    let mut lie = made("lie");
    let truth = prepare(0, 1);
    let [own, q, r, s] = told(&mut *lie, &truth);
    assert_eq!(own, std::slice::from_ref(&truth));
    assert_ne!(q, [truth]);
    assert_eq!((&q, &q), (&r, &s));
    let answer = Message::Answer(Answer {
        number: 1,
        query: Digest::of(&[b"asked"]),
        result: b"42".to_vec(),
    });
    let altered = lie.alter(Effect::Send {
        to: OTHERS[0],
        message: answer.clone(),
    });
    assert_ne!(
        altered[0].effect,
        Effect::Send {
            to: OTHERS[0],
            message: answer
        }
    );
    assert_eq!(
        lie.say(OTHERS[0], "attack"),
        Say::Decision("retreat".into())
    );
    assert_eq!(lie.ballot().as_deref(), Some("retreat"));
    let mut surrender = made("lie:surrender");
    assert_eq!(
        surrender.say(OTHERS[0], "a"),
        Say::Decision("surrender".into())
    );
}

#[test]
fn corrupt_sends_nothing_that_a_correct_process_accepts() {
    let mut corrupt = faulty("corrupt");
    let signed = keys(P).sign_message(proposal(1)).unwrap().into_signed();
    let bytes = postcard::to_stdvec(&signed).unwrap();
    let (mut unreadable, mut refused) = (0, 0);
    for _ in 0..300 {
        let mut damaged = bytes.clone();
        corrupt.damage(&signed).unwrap().apply(&mut damaged);
        match postcard::take_from_bytes::<SignedMessage>(&damaged) {
            Ok((message, [])) => {
                // The batch of a PRE-PREPARE is not signed itself. A damaged one no longer matches the signed digest.
                let held = keys(OTHERS[0]).verify_message(message.clone());
                assert!(held.is_err() || is_unbound(&message), "{message:?}");
                refused += 1;
            }
            _ => unreadable += 1,
        }
    }
    assert!(unreadable > 50 && refused > 50, "{unreadable} {refused}");
    assert_eq!(faulty("silent").damage(&signed), None);
}

fn is_unbound(message: &SignedMessage) -> bool {
    let SignedMessage::PrePrepare { pre_prepare, batch } = message else {
        return false;
    };
    batch.digest() != pre_prepare.value().digest
}

#[test]
fn forge_repeats_one_vote_until_it_looks_like_a_quorum() {
    let prepares = OTHERS.map(|by| {
        let prepare = Prepare {
            view: View(0),
            sequence: Sequence(1),
            digest: digest(1),
        };
        keys(by).sign(prepare).into_signed()
    });
    let pre_prepare = PrePrepare {
        view: View(0),
        sequence: Sequence(1),
        digest: digest(1),
    };
    let prepared = PreparedCertificate {
        pre_prepare: keys(P).sign(pre_prepare).into_signed(),
        prepares: prepares.to_vec(),
    };
    let wish = |prepared| ViewChange {
        view: View(1),
        life: 0,
        stable: Sequence(0),
        checkpoint_proof: Vec::new(),
        prepared,
    };
    let with = wish(vec![prepared]);
    let [_, q, ..] = told(&mut *made("forge"), &Message::ViewChange(with.clone()));
    let [Message::ViewChange(forged)] = &q[..] else {
        panic!("{q:?}")
    };
    let [one, two, three] = &forged.prepared[0].prepares[..] else {
        panic!("{forged:?}")
    };
    assert!(one == two && two == three);

    let without = keys(P).sign(wish(Vec::new())).into_signed();
    let new_view = NewView {
        view: View(1),
        view_changes: vec![
            keys(OTHERS[0]).sign(with.clone()).into_signed(),
            without.clone(),
            keys(OTHERS[1]).sign(with).into_signed(),
        ],
        chosen: vec![(Sequence(1), digest(1))],
    };
    let [_, q, ..] = told(&mut *made("forge"), &Message::NewView(new_view));
    let [Message::NewView(forged)] = &q[..] else {
        panic!("{q:?}")
    };
    assert_eq!(forged.view_changes, vec![without; 3]);
    assert_eq!(forged.chosen, []);
}

#[test]
fn skip_skips_a_few_slots_or_a_window_and_proposes_no_slot_twice() {
    let (mut gaps, mut outside) = (0, 0);
    for seed in 0..20 {
        let setting = Setting {
            seed: [seed; 32],
            ..setting()
        };
        let mut skip = grammar::parse("skip", &setting).unwrap();
        let slots = [1, 2, 3].map(|slot| match &told(&mut *skip, &proposal(slot))[1][..] {
            [Message::PrePrepare(one, body)] => {
                assert_eq!(*body, batch(slot));
                one.sequence.0
            }
            other => panic!("{other:?}"),
        });
        match slots {
            [2..=4, ..] => gaps += 1,
            [first, ..] => {
                assert!(first > setting.config.window, "{slots:?}");
                outside += 1;
            }
        }
        assert_eq!([slots[1], slots[2]], [slots[0] + 1, slots[0] + 2]);
    }
    assert!(gaps > 3 && outside > 3, "{gaps} {outside}");
    let vote = prepare(0, 1);
    assert_eq!(told(&mut *made("skip"), &vote)[1], [vote]);
}

#[test]
fn slow_proposes_a_request_just_before_the_others_lose_patience() {
    let mut slow = made("slow");
    let timeout = setting().config.view_timeout.0;
    let mut late = |now: u64, message| {
        slow.tick(moment(Time(now), 0, 1));
        if let Message::PrePrepare(_, batch) = &message {
            for request in batch.requests() {
                let request = keys(P).sign(request.value().clone());
                slow.see(&VerifiedMessage::Request(request));
            }
        }
        slow.alter(Effect::Broadcast(message))[0].late.0
    };
    let held = late(0, proposal(1));
    assert!(timeout / 5 * 4 < held && held < timeout, "{held}");
    assert_eq!(late(1000, prepare(0, 1)), 0, "only proposals are late");
    assert_eq!(
        late(1000, proposal(1)),
        held - 1000,
        "it has waited already"
    );
    assert_eq!(late(timeout, proposal(1)), 0);
    assert_eq!(late(timeout, proposal(2)), held, "a new request");
}

#[test]
fn tamper_executes_a_wrong_operation_in_each_slot() {
    let mut tamper = made("tamper");
    let mut executed = |number| {
        let effect = Effect::Execute {
            sequence: Sequence(number),
            requests: vec![request(100 + number), request(number)],
        };
        match &tamper.alter(effect)[0].effect {
            Effect::Execute { requests, .. } => {
                assert_eq!(requests.len(), 2, "each request has a result");
                assert_eq!(requests[0], request(100 + number));
                requests[1].clone()
            }
            other => panic!("{other:?}"),
        }
    };
    for number in [1, 2, 2, 3] {
        assert_ne!(executed(number).operation, request(number).operation);
    }
    assert_eq!(executed(4).operation, request(3).operation);
    assert_eq!(executed(5).timestamp, Timestamp(5));
    let none = Effect::Execute {
        sequence: Sequence(9),
        requests: Vec::new(),
    };
    assert_eq!(tamper.alter(none.clone()), [none.into()]);
}

#[test]
fn spam_floods_the_others_and_not_itself() {
    let mut spam = faulty("spam");
    assert_eq!(spam.wake_at(), None);
    spam.step(millis(3), Input::Start);
    let mut view_changes = 0;
    for _ in 0..100 {
        let now = spam.wake_at().unwrap();
        let effects = spam.wake(now);
        let to = sent(&effects);
        assert_eq!(to.len(), effects.len());
        assert!(OTHERS.iter().all(|other| to.contains(other)));
        assert!(spam.wake_at().unwrap() > now);
        let is_wish = |effect: &&Effect| {
            matches!(
                effect,
                Effect::Send {
                    message: Message::ViewChange(_),
                    ..
                }
            )
        };
        view_changes += effects.iter().filter(is_wish).count();
        for effect in effects {
            if let Effect::Send { message, .. } = effect {
                let signed = keys(P).sign_message(message).unwrap().into_signed();
                keys(OTHERS[0]).verify_message(signed).unwrap();
            }
        }
    }
    assert!(view_changes > 100, "{view_changes}");
    assert!(
        spam.wake_at() <= Some(millis(3 + 100 * 40)),
        "{:?}",
        spam.wake_at()
    );
}

#[test]
fn flood_sends_the_others_much_of_every_kind_and_all_of_it_is_signed() {
    let mut flood = faulty("flood");
    flood.step(millis(3), Input::Start);
    let heard = keys(OTHERS[0]).sign_message(prepare(0, 1)).unwrap();
    flood.step(millis(3), Input::Message(heard));
    let mut kinds = Vec::new();
    for _ in 0..10 {
        let now = flood.wake_at().unwrap();
        let effects = flood.wake(now);
        let to = sent(&effects);
        assert_eq!(to.len(), effects.len());
        for other in OTHERS {
            let count = to.iter().filter(|to| **to == other).count();
            assert_eq!(count, 40, "{other}");
        }
        for effect in effects {
            let signed = match effect {
                Effect::Send { message, .. } => {
                    keys(P).sign_message(message).unwrap().into_signed()
                }
                Effect::Forward { message, .. } => *message,
                other => panic!("{other:?}"),
            };
            let kind = std::mem::discriminant(&signed);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
            keys(OTHERS[0]).verify_message(signed).unwrap();
        }
    }
    assert_eq!(kinds.len(), 12);
}

#[test]
fn impersonate_signs_for_the_clients_of_others_and_nobody_takes_it() {
    let mut impersonate = faulty("impersonate");
    let of = |number| {
        let client = ClientId::session(OTHERS[0], 1);
        let request = Request::new(client, Timestamp(number), vec![7]);
        VerifiedMessage::Request(keys(OTHERS[0]).sign(request))
    };
    let own = VerifiedMessage::Request(keys(P).sign(request(1)));
    impersonate.step(millis(1), Input::Message(own));
    assert_eq!(impersonate.wake_at(), None);
    let mut next = 0;
    for number in 1..=50 {
        impersonate.step(millis(number), Input::Message(of(number)));
        assert_eq!(impersonate.wake_at(), Some(millis(number)));
        let stolen = impersonate.wake(millis(number));
        let [Effect::Broadcast(Message::Ask(stolen))] = &stolen[..] else {
            panic!("{stolen:?}");
        };
        assert_eq!(stolen.client, ClientId::session(OTHERS[0], 1));
        assert!(stolen.timestamp > Timestamp(number));
        next += u64::from(stolen.timestamp == Timestamp(number + 1));
        let signed = keys(P).sign_message(Message::Ask(stolen.clone())).unwrap();
        let refused = keys(OTHERS[1]).verify_message(signed.into_signed());
        assert!(
            matches!(refused, Err(Misbehaviour::RequestOfAnother { .. })),
            "{refused:?}"
        );
    }
    assert!((10..40).contains(&next), "{next} of 50");
}

#[test]
fn impersonate_gives_clients_the_results_of_other_requests() {
    let mut impersonate = made("impersonate");
    let reply = |number: u64| Reply {
        view: View(0),
        client: ClientId::session(OTHERS[0], number),
        timestamp: Timestamp(1),
        request: digest(number),
        sequence: Sequence(number),
        result: Some(number.to_le_bytes().to_vec()),
    };
    let replies = [1, 2].map(reply).to_vec();
    let message = Message::Replies(Replies { replies });
    let to = OTHERS[0];
    let told = impersonate.alter(Effect::Send { to, message });
    let Effect::Send {
        message: Message::Replies(told),
        ..
    } = &told[0].effect
    else {
        panic!("{told:?}");
    };
    assert_ne!(told.replies[0].result, reply(1).result);
    assert_eq!(told.replies[1].result, reply(1).result);
}

#[test]
fn only_amnesia_forgets() {
    for entry in REGISTRY {
        let forgets = faulty(entry.example).forgets();
        assert_eq!(forgets, entry.name == "amnesia", "{}", entry.name);
    }
    assert!(!Faulty::new(Replica::new(setting().config), None).forgets());
}

#[test]
fn a_behaviour_that_needs_a_gathering_is_refused_without_one() {
    let setting = Setting {
        scene: Scene::Order,
        ..setting()
    };
    for entry in REGISTRY {
        let made = grammar::parse(entry.example, &setting);
        assert_eq!(made.is_ok(), entry.needs == Scene::Order, "{}", entry.name);
    }
    let refused = grammar::parse("late-bid@after=2s", &setting).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "'late-bid' needs a process that makes offers and bids by itself, and those of this cluster do not"
    );
}

#[test]
fn a_behaviour_before_the_founding_says_how_the_process_joins_and_takes_no_trigger() {
    let n = NonZeroU32::new(4).unwrap();
    let before = |words| grammar::parse_before_founding(words, n);
    assert_eq!(before("sybil:3").unwrap().joins(), Some(Joins::Keys(3)));
    assert_eq!(before("flood-join").unwrap().joins(), Some(Joins::Again));
    assert_eq!(before("late-bid@after=2s").unwrap().joins(), None);
    // P cannot deny itself, but another process can deny P.
    assert!(before("deny:P").is_ok() && before("deny:A").is_err());
    for (words, error) in [
        ("sybil", "write how many keys it has"),
        ("sybil:1", "write how many keys it has"),
        ("sybil:many", "write how many keys it has"),
        ("flood-join@after=2s", "leave the trigger out"),
    ] {
        let refused = before(words).unwrap_err().to_string();
        assert!(refused.contains(error), "{words}: {refused}");
    }
    let founded = Setting {
        scene: Scene::Gathering,
        ..setting()
    };
    let refused = grammar::parse("sybil:3", &founded).unwrap_err().to_string();
    assert_eq!(
        refused,
        "'sybil' needs a process that looks for others when it starts, and those of this cluster do not"
    );
}
