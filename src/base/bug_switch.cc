#include "base/bug_switch.h"

#ifdef WEIR_BUGS

#include <algorithm>
#include <array>
#include <cstdlib>

namespace weir {
namespace {

constexpr std::array<std::string_view, static_cast<size_t>(Bug::kCount)> kNames = {
    "ack_before_durable",
    "barrier_not_aligned",
    "offset_saved_late",
    "commit_not_idempotent",
    "metadata_before_data",
    "notify_before_durable",
    "restore_wrong_key_groups",
    "timers_not_restored",
    "commit_before_complete",
    "drop_pending_committables_on_restore",
    "orphans_kept",
    "watermark_ahead_of_records",
    "snapshot_sees_later_writes",
    "end_of_input_before_data",
    "reuse_checkpoint_id",
    "latest_picks_incomplete",
    "retention_deletes_newest",
    "idle_channel_holds_back",
    "active_channel_turns_back",
    "ended_parts_forgotten",
    "ended_parts_not_durable",
    "buckets_not_searched",
    "broadcast_state_not_copied",
    "union_list_dealt",
    "interval_join_cleans_early",
    "second_input_not_aligned",
    "enumerator_state_late",
    "earlier_start_completes",
    "earlier_start_runs",
    "earlier_start_deletes",
    "going_back_not_recorded",
    "commit_during_removal_kept",
    "replaced_pages_kept",
    "credit_lost",
    "frame_repeated",
    "deposed_leader_obeyed",
    "stale_leader_completes",
    "pointer_ignored",
    "result_forgotten",
    "late_message_of_earlier_attempt",
    "start_before_all_deployed",
    "restart_before_all_left",
    "orphans_removed_at_open",
    "notify_before_pointer",
    "pointer_not_fenced",
    "plan_part_of_neighbour",
    "unconfirmed_removed_at_once",
    "worker_forgotten_in_checkpoint",
    "epoch_not_counted",
    "barrier_lost_between_processes",
    "remote_watermark_ahead",
    "ended_with_first_task",
    "snapshot_lacks_a_task",
    "splits_dealt_twice",
    "hosted_state_not_restored",
    "hosted_barrier_not_flushed",
    "changes_since_failed_checkpoint_lost",
    "removed_key_returns",
    "shared_file_deleted_early",
    "shared_files_kept",
    "superseded_state_read",
    "in_flight_dropped",
    "in_flight_twice",
    "in_flight_of_wrong_key_group",
    "in_flight_input_forgotten",
    "overtaken_watermark_lost",
    "recording_ends_early",
    "files_of_next_leader_removed",
    "older_barrier_counts",
    "restart_without_cause",
};

/// WEIR_BUG=name switches a bug on for a whole program (tests/bugs_test.py).
Bug bug_of_environment() {
  const char* const name = std::getenv("WEIR_BUG");
  const auto found = name == nullptr ? kNames.end() : std::find(kNames.begin(), kNames.end(), name);
  return static_cast<Bug>(found - kNames.begin());
}

Bug g_enabled = bug_of_environment();

}  // namespace

bool bug_enabled(Bug bug) { return g_enabled == bug; }
void enable_bug(Bug bug) { g_enabled = bug; }
void disable_bugs() { g_enabled = Bug::kCount; }
std::string_view bug_name(Bug bug) { return kNames[static_cast<size_t>(bug)]; }

}  // namespace weir

#endif
