//! Engines with a known bug fail the test of the rule that the bug breaks.

use quorate_protocol::Mutant;

use super::{
    bounds, conviction, evidence, normal, restart, speaking, timers, transfer, view_change,
};
use crate::harness::mutant::fails;

#[test]
fn an_engine_with_a_known_bug_fails_the_test_of_its_rule() {
    let tests: [(Mutant, fn()); 34] = [
        (Mutant::SignaturesNotChecked, normal::rule_01_only_distinct_senders_with_checked_signatures_of_this_cluster_count),
        (Mutant::BodiesNotCompared, normal::rule_02_a_pre_prepare_counts_only_from_the_primary_in_the_view_and_window_with_its_body),
        (Mutant::BodyNotFetched, normal::rule_03_no_prepare_before_the_body_is_held_and_a_missing_body_is_fetched),
        (Mutant::OnlyFullBatches, normal::rule_07_the_primary_batches_waiting_requests_and_keeps_slots_in_flight_up_to_the_window),
        (Mutant::ProposesAboveWindow, normal::rule_07_the_primary_batches_waiting_requests_and_keeps_slots_in_flight_up_to_the_window),
        (Mutant::NewViewNotFollowed, view_change::rule_13_a_backup_agrees_to_nothing_that_its_new_view_settles_or_has_another_batch_for),
        (Mutant::TimerBeforeQuorum, timers::rule_15_each_further_view_change_waits_twice_as_long),
        (Mutant::PatienceNotDoubled, timers::rule_15_patience_doubles_with_each_view_and_halves_with_each_request_that_is_served_quickly),
        (Mutant::JoinsTooFew, timers::rule_16_a_replica_joins_the_lowest_view_that_f_plus_1_others_ask_for_but_not_f),
        (Mutant::JoinsNobody, timers::rule_16_a_replica_joins_the_lowest_view_that_f_plus_1_others_ask_for_but_not_f),
        (Mutant::CrowdedBlamed, timers::rule_28_a_request_behind_others_of_its_speaker_does_not_cost_the_primary_its_view_at_once),
        (Mutant::CrowdedNotTimed, timers::rule_28_a_primary_that_leaves_out_a_request_of_a_busy_speaker_is_left_and_the_next_has_twice_as_long),
        (Mutant::SlowPrimaryKept, timers::rule_18_a_primary_that_serves_every_request_just_in_time_is_left),
        (Mutant::StateNotChecked, transfer::rule_19_a_manifest_that_no_quorum_has_signed_is_refused),
        (Mutant::SilenceForgotten, transfer::rule_19_silent_sources_are_known_though_the_target_changes_faster_than_the_timer),
        (Mutant::OldTargetKept, transfer::rule_19_a_later_target_replaces_one_that_others_no_longer_have),
        (Mutant::NoHelpToVote, restart::rule_23_replicas_that_lose_their_memory_one_after_another_vote_again_though_nothing_is_asked),
        (Mutant::LatePreparesIgnored, evidence::rule_24_two_votes_of_a_view_that_was_left_convict_their_signer),
        (Mutant::LateCommitsIgnored, evidence::rule_24_two_votes_of_a_view_that_was_left_convict_their_signer),
        (Mutant::SurplusForgotten, evidence::rule_24_a_vote_that_nobody_has_checked_convicts_its_signer_once_it_contradicts_itself),
        (Mutant::AnotherLifeExcuses, evidence::rule_24_another_life_in_a_view_change_excuses_only_a_replica_that_lost_its_memory),
        (Mutant::CommitProofIgnored, evidence::rule_24_a_commit_proof_that_contradicts_what_has_committed_is_told_and_convicts_who_signed_both),
        (Mutant::ProofKeptBack, evidence::rule_24_a_proof_is_shown_to_the_others_who_keep_the_first_of_its_kind_for_good),
        (Mutant::ProofNotOnDisk, evidence::rule_24_a_proof_is_shown_to_the_others_who_keep_the_first_of_its_kind_for_good),
        (Mutant::ProvedVoteCounts, conviction::rule_30_what_a_replica_proved_faulty_says_itself_counts_no_more),
        (Mutant::ProvedPrimaryKept, conviction::rule_30_a_primary_proved_faulty_is_left_at_once_and_a_wanted_one_once_a_quorum_asks),
        (Mutant::PardonNotOnDisk, conviction::rule_30_a_pardoned_replica_counts_again_until_it_lies_anew_also_after_a_restart),
        (Mutant::AnyoneSpeaks, speaking::rule_26_a_request_whose_signer_may_not_speak_for_the_client_is_refused_however_it_comes),
        (Mutant::ProposesTooMuch, bounds::rule_27_the_primary_fills_a_batch_up_to_its_bytes_and_all_is_executed),
        (Mutant::EarlyUnbounded, bounds::rule_27_early_proposals_of_one_sender_are_bounded_in_bytes),
        (Mutant::WaitingUnbounded, bounds::rule_27_over_its_bound_a_speaker_is_refused_and_the_others_are_not),
        (Mutant::ResultsUnbounded, bounds::rule_27_a_forgotten_result_is_told_as_forgotten_and_its_request_does_not_execute_again),
        (Mutant::AnswersUnbounded, bounds::rule_28_a_peer_that_asks_without_end_is_answered_within_its_allowance),
        (Mutant::JudgesNothing, bounds::rule_28_a_certificate_longer_than_needed_is_refused_before_its_signatures_are_checked),
    ];
    for unseen in Mutant::UNSEEN {
        assert!(tests.iter().any(|(one, _)| *one == unseen), "{unseen}");
    }
    let passed: Vec<String> = tests
        .into_iter()
        .filter(|(mutant, test)| !fails(*test, *mutant))
        .map(|(mutant, _)| mutant.to_string())
        .collect();
    assert_eq!(passed, [""; 0], "the test of the rule passes with the bug");
}
