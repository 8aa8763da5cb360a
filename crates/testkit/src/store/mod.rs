//! What every [`Store`] keeps to.
//!
//! [`store_suite!`](crate::store_suite) makes a test of each fact; each gets a store of its own that is empty.

mod access;
mod alerts;
mod catalog;
mod changes;
mod conjunctions;
mod coverage;
mod days;
mod events;
mod inbound;
mod installation;
mod leases;
mod notes;
mod organizations;
mod reconciliation;
mod requests;
mod runs;
mod silence;
mod tenants;
mod upkeep;

use std::any::Any;
use std::sync::Arc;

use astroshield_domain::event::{Event, Payload};
use astroshield_domain::feed::FeedStatus;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Store, StoreError};

pub use self::access::*;
pub use self::alerts::*;
pub use self::catalog::*;
pub use self::changes::*;
pub use self::conjunctions::*;
pub use self::coverage::*;
pub use self::days::*;
pub use self::events::*;
pub use self::inbound::*;
pub use self::installation::*;
pub use self::leases::*;
pub use self::notes::*;
pub use self::organizations::*;
pub use self::reconciliation::*;
pub use self::requests::*;
pub use self::runs::*;
pub use self::silence::*;
pub use self::tenants::*;
pub use self::upkeep::*;
use crate::entities::{at, feed_event};

/// An empty store, and what has to live as long as it does.
pub struct Fresh {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its folder or the like.
    pub keep: Box<dyn Any + Send>,
}

/// Gives all events a position and returns those that had none.
async fn new_events(store: &dyn Store) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let published = store.sequence_events(1_000).await.unwrap();
        if published.is_empty() {
            return events;
        }
        events.extend(published.into_iter().map(|published| published.event));
    }
}

async fn new_payloads(store: &dyn Store) -> Vec<Payload> {
    new_events(store).await.into_iter().map(|event| event.payload).collect()
}

/// Puts an event into the outbox, by way of a feed.
async fn put_event(store: &dyn Store, tenant: &TenantId, feed: &str) {
    let status = FeedStatus { feed: feed.to_owned(), ..FeedStatus::default() };
    store.put_feed(&status, &feed_event(tenant, at(0), feed)).await.unwrap();
}

#[track_caller]
fn assert_conflict<T: std::fmt::Debug>(result: &Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Conflict { .. })), "{result:?}");
}

#[track_caller]
fn assert_not_found<T: std::fmt::Debug>(result: &Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::NotFound { .. })), "{result:?}");
}

/// Makes a test of every fact of the suite. The argument is an async function that makes an empty store, a
/// [`Fresh`](crate::store::Fresh), or `None` where that is not possible and the tests are skipped.
#[macro_export]
macro_rules! store_suite {
    ($fresh:path) => {
        $crate::store_suite!($fresh:
            element_sets_come_back_as_they_were_stored
            known_element_sets_are_left_alone
            the_newest_epoch_is_current
            of_equal_epochs_the_better_grade_is_current
            epochs_of_the_far_future_are_not_current
            an_ingest_that_fails_leaves_nothing
            a_catalog_is_as_old_as_its_tenants_own_data
            a_few_epochs_ahead_do_not_make_a_catalog_fresh
            decayed_objects_are_told
            a_tenant_sees_its_own_sets_beside_the_public_ones
            the_current_element_sets_come_in_pages
            element_history_goes_back_in_pages
            satcat_completes_objects
            objects_tell_the_size_of_their_orbit
            objects_are_found_by_name_number_and_orbit
            a_whole_catalog_is_one_ingest
            days_come_back_as_they_were_stored
            days_that_are_the_same_are_left_alone
            a_prediction_never_takes_the_place_of_an_observation
            days_are_given_from_one_to_another
            requests_to_a_host_are_counted_within_each_limit
            requests_counted_at_once_break_no_limit
            a_clock_that_is_set_back_forgets_no_request
            a_feed_keeps_its_last_status
            a_feed_whose_event_fails_keeps_its_old_status
            an_upload_is_stored_whole_or_not_at_all
            an_upload_of_element_sets_is_stored_with_them_or_not_at_all
            uploads_go_back_in_pages
            the_newest_ephemeris_that_covers_counts
            tenants_with_subjects_are_known
            a_second_run_of_a_kind_is_refused
            a_slice_is_done_once
            slices_done_at_once_are_all_counted
            a_failed_run_stays_failed
            a_run_is_concluded_once
            runs_go_back_in_pages
            the_last_completed_run_is_known_however_many_failed_since
            conjunctions_come_back_as_they_were_stored
            a_conjunction_keeps_its_identity_and_history
            a_run_clears_only_what_it_looked_at
            a_conclusion_that_fails_leaves_nothing
            pages_of_conjunctions_have_no_gaps_and_no_doubles
            conjunctions_are_filtered
            relations_are_known_in_every_window
            messages_stand_beside_their_conjunction
            a_message_that_came_first_stands_beside_its_conjunction
            messages_are_known_by_what_they_say
            messages_from_a_time_on_are_given
            the_conjunction_of_a_pair_at_a_time_is_found
            a_large_run_is_concluded_at_once
            trends_are_the_ends_of_histories
            changes_since_a_time_are_told
            what_a_run_found_that_went_on_at_the_time_is_new
            what_is_found_again_was_not_cleared
            what_rises_by_the_factor_is_raised
            changes_are_those_that_a_tenant_sees
            notes_come_back_in_the_order_in_which_they_were_added
            notes_about_a_public_conjunction_are_their_tenants_alone
            a_note_that_is_refused_leaves_nothing
            notes_written_at_once_are_all_counted
            handled_conjunctions_come_by_their_newest_note
            what_is_cleared_or_superseded_is_handled_no_more
            notes_are_forgotten_with_their_conjunction
            alerts_are_stored_with_messages_and_events
            one_alert_of_a_subject_is_unresolved
            alerts_opened_at_once_become_one
            the_last_resolved_alert_of_a_subject_is_found
            a_change_of_an_alert_is_not_written_over
            an_event_is_consumed_once
            what_was_given_up_is_counted
            alerts_about_messages_are_found_by_object
            alerts_are_filtered_and_paged
            alerts_fall_due
            the_line_of_an_alert_follows_until_it_is_resolved
            deliveries_are_taken_for_a_time
            deliveries_taken_at_once_are_taken_once
            one_channel_does_not_keep_the_others_waiting
            changes_of_alerts_that_fail_leave_nothing
            watch_lists_are_kept
            rules_are_kept
            webhooks_are_kept
            api_keys_are_kept
            the_audit_log_goes_back
            the_audit_log_is_searched
            organizations_are_kept
            members_are_kept
            the_last_administrator_stays
            invitations_are_accepted_or_declined
            an_invitation_with_a_greater_role_gives_it
            verified_addresses_are_kept
            members_of_an_issuer_are_invited_again
            the_organization_that_was_chosen_last_is_kept
            keys_end_with_their_organization
            erasing_a_tenant_leaves_nothing_of_it_and_all_of_others
            an_answer_is_given_once
            an_attempt_keeps_its_first_time
            events_are_sequenced_once_in_order
            events_come_back_as_they_were
            events_of_a_later_release_come_back_as_they_were
            events_are_read_by_topic
            events_of_many_writers_are_sequenced_without_loss
            consumers_never_go_back
            commits_with_events_are_told_and_belong_to_their_trace
            the_store_answers
            no_call_gives_another_tenants_rows
            objects_of_one_tenant_are_hidden_from_others
            what_a_tenant_covers_supersedes_public_conjunctions_for_it_alone
            coverage_goes_on_from_run_to_run_and_ends
            conjunctions_become_past_and_come_back_when_they_are_found_again
            relations_become_past_when_no_run_finds_them_for_a_day
            past_and_cleared_conjunctions_are_forgotten
            a_little_is_forgotten_at_a_time
            sent_events_are_forgotten
            answers_and_ended_deliveries_are_forgotten
            old_runs_are_forgotten_but_the_newest
            blobs_are_named_by_what_speaks_of_them
            figures_count_what_there_is
            a_store_is_given_a_name_once
            the_watching_for_silence_is_kept
            a_reconciled_store_goes_on_beyond_all_positions
            blobs_found_by_a_reconciliation_are_kept_or_known_to_be_missing
            a_lease_is_held_by_one_at_a_time
            a_lease_that_many_ask_for_is_given_once
            a_lease_ends_by_itself
            positions_are_given_by_whoever_holds_the_lease
        );
    };
    ($fresh:path: $($fact:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $fact() {
            if let Some(fresh) = $fresh().await {
                $crate::store::$fact(fresh.store.as_ref()).await;
            }
        }
    )*};
}
