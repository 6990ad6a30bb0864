//! Nodes with a known bug fail the test of the rule that the bug breaks.

use std::panic;

use quorate_gather::Mutant;

use crate::world::MUTANT;
use crate::{attempts, founding, liars, refusals, restarts, votes};

/// Whether a test fails if the nodes have this bug.
fn fails(test: fn(), mutant: Mutant) -> bool {
    MUTANT.set(Some(mutant));
    let failed = panic::catch_unwind(test).is_err();
    MUTANT.set(None);
    failed
}

#[test]
fn a_node_with_a_known_bug_fails_the_test_of_its_rule() {
    let tests: [(Mutant, fn()); 30] = [
        (Mutant::ChallengeNotChecked, liars::a_packet_that_is_played_again_after_its_challenge_is_old_is_no_answer),
        (Mutant::AddressNotCompared, liars::a_key_that_does_not_sign_or_names_other_addresses_is_not_met),
        (Mutant::OldKeyCounts, liars::what_the_key_before_has_signed_does_not_count_once_another_key_answers_at_an_address),
        (Mutant::HintsBind, refusals::a_forged_hint_changes_nothing_but_one_call),
        (Mutant::NobodyForgotten, founding::a_node_that_left_before_the_others_came_is_not_counted),
        (Mutant::NobodyShutOut, liars::whoever_hands_on_something_invalid_three_times_is_shut_out),
        (Mutant::QuorumTooSmall, votes::one_vote_fewer_than_a_quorum_is_none),
        (Mutant::OneVoteIsEnough, votes::a_quorum_of_rosters_founds_nothing_and_a_quorum_of_founds_does),
        (Mutant::LockNotKept, votes::a_node_that_saw_a_quorum_keeps_to_its_roster_also_after_a_restart_until_a_later_quorum_wants_another),
        (Mutant::LockForgotten, votes::a_node_that_saw_a_quorum_keeps_to_its_roster_also_after_a_restart_until_a_later_quorum_wants_another),
        (Mutant::VotesForgotten, votes::a_node_votes_once_in_an_attempt_whatever_others_want_and_over_a_restart),
        (Mutant::SendsBeforeDisk, votes::what_must_last_is_kept_before_anything_is_sent_or_told),
        (Mutant::NumberNotRaised, restarts::a_member_that_starts_again_elsewhere_is_found_there),
        (Mutant::MovesForgotten, restarts::a_member_remembers_over_its_restart_where_others_have_moved),
        (Mutant::VotesTwice, votes::a_node_votes_once_in_an_attempt_whatever_others_want_and_over_a_restart),
        (Mutant::OwnVoteForgotten, attempts::two_halves_that_each_met_a_node_which_is_gone_agree_on_one_roster),
        (Mutant::TwoKeysCompared, attempts::two_keys_of_one_invitation_do_not_keep_two_halves_apart_for_ever),
        (Mutant::OneLeads, attempts::one_liar_in_a_far_attempt_takes_nobody_along),
        (Mutant::AnybodyLeads, attempts::two_keys_of_one_invitation_in_a_far_attempt_take_nobody_along),
        (Mutant::OwnTime, attempts::a_liar_that_comes_at_the_worst_moment_does_not_keep_the_others_apart_for_ever),
        (Mutant::NothingProved, liars::two_hellos_of_one_key_are_proved_to_everybody_and_the_key_is_barred),
        (Mutant::ProofsNotTold, liars::a_node_that_is_met_later_learns_the_proof_when_it_matters),
        (Mutant::StrangersNotProved, liars::two_proved_liars_that_each_half_knows_one_of_get_the_seats_that_nobody_else_takes),
        (Mutant::StrangersUnbounded, liars::proofs_about_nobody_that_is_known_are_kept_up_to_a_limit),
        (Mutant::LiarsNeverSeated, liars::a_proved_liar_has_no_seat_if_somebody_else_comes_and_one_if_nobody_does),
        (Mutant::LiarsSeatedAtOnce, liars::a_proved_liar_has_no_seat_if_somebody_else_comes_and_one_if_nobody_does),
        (Mutant::FoundingNotTold, founding::a_straggler_gets_the_founding_from_the_others),
        (Mutant::OldFoundingCounts, votes::the_founding_of_nodes_that_are_gone_keeps_nobody_from_founding),
        (Mutant::ChecksUnbounded, liars::a_node_that_makes_others_check_too_much_is_not_heard_for_a_while),
        (Mutant::RepeatsUnbounded, liars::a_node_that_says_something_new_all_the_time_does_not_make_others_repeat_everything),
    ];
    for one in Mutant::ALL {
        assert!(tests.iter().any(|(mutant, _)| *mutant == one), "{one}");
    }
    let passed: Vec<String> = tests
        .into_iter()
        .filter(|(mutant, test)| !fails(*test, *mutant))
        .map(|(mutant, _)| mutant.to_string())
        .collect();
    assert_eq!(passed, [""; 0], "the test of the rule passes with the bug");
}
