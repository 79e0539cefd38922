#pragma once

#include <cstddef>
#include <string_view>

namespace weir {

/// Deliberate bugs that can be switched on, one at a time, to prove that the tests find them. Real
/// systems of this kind have had each of them. In a build without WEIR_BUGS every switch is a
/// constant false and costs nothing.
enum class Bug {
  kAckBeforeDurable,       ///< a task acknowledges before its file is closed
  kBarrierNotAligned,      ///< a channel is still read after its barrier
  kOffsetSavedLate,        ///< a source's position includes records after the barrier
  kCommitNotIdempotent,    ///< a committable that is committed twice becomes visible twice
  kMetadataBeforeData,     ///< `_metadata` is written although data files are missing
  kNotifyBeforeDurable,    ///< tasks are notified of completion before `_metadata` exists
  kRestoreWrongKeyGroups,  ///< after rescaling, a subtask reads its neighbor's key groups
  kTimersNotRestored,
  kCommitBeforeComplete,  ///< a sink commits at the barrier
  kDropPendingCommittablesOnRestore,
  kOrphansKept,              ///< orphans of failed attempts are not removed
  kWatermarkAheadOfRecords,  ///< the watermark overtakes the batch it belongs to
  kSnapshotSeesLaterWrites,  ///< pages are not copied on write
  kEndOfInputBeforeData,     ///< end of data overtakes the last records
  kReuseCheckpointId,
  kLatestPicksIncomplete,  ///< a directory without `_metadata` counts as a checkpoint
  kRetentionDeletesNewest,
  kIdleChannelHoldsBack,     ///< the watermark waits for channels that are idle
  kActiveChannelTurnsBack,   ///< a channel that was idle takes the watermark back to its own
  kEndedPartsForgotten,      ///< a file sink commits only the first file that it ended in an epoch
  kEndedPartsNotDurable,     ///< a checkpoint is acknowledged before files ended by size are closed
  kBucketsNotSearched,       ///< a file sink that goes back leaves later part files in buckets
  kBroadcastStateNotCopied,  ///< subtasks beyond the former parallelism start without broadcast
                             ///< state
  kUnionListDealt,           ///< a restored subtask gets only some elements of a union list
  kIntervalJoinCleansEarly,  ///< an interval join drops a record 1 ms before its last partner
  kSecondInputNotAligned,    ///< the second input of an operator is still read after its barrier
  kEnumeratorStateLate,      ///< an enumerator's state is taken when the checkpoint is written
  kEarlierStartCompletes,    ///< a start completes checkpoints though a later one is recorded
  kEarlierStartRuns,         ///< tasks run though a later start was recorded before
  kEarlierStartDeletes,   ///< a canceled start deletes checkpoints though a later one is recorded
  kGoingBackNotRecorded,  ///< checkpoints stay on the line though the job went back before them
  kCommitDuringRemovalKept,  ///< output that is committed while it is taken back stays
  kReplacedPagesKept,        ///< pages replaced under a snapshot are not reused
  kCreditLost,     ///< a barrier from another process uses up a credit that is never returned
  kFrameRepeated,  ///< the element that used the last credit is sent again when new credits arrive
  kDeposedLeaderObeyed,   ///< a worker still obeys a coordinator of an earlier epoch
  kStaleLeaderCompletes,  ///< a deposed leader's checkpoint counts as complete
  kPointerIgnored,        ///< a new leader starts from the newest directory, ignoring the pointer
  kResultForgotten,       ///< a standby runs a finished job again
  kLateMessageOfEarlierAttempt,  ///< a worker's report about an earlier attempt counts for the
                                 ///< current one
  kStartBeforeAllDeployed,       ///< tasks run before all tasks of the attempt are deployed
  kRestartBeforeAllLeft,      ///< an attempt is deployed while tasks of the previous one still run
  kOrphansRemovedAtOpen,      ///< a sink removes orphans before its attempt is certain to run
  kNotifyBeforePointer,       ///< tasks are notified before the pointer names the checkpoint
  kPointerNotFenced,          ///< the pointer is set without checking that the writer still leads
  kPlanPartOfNeighbour,       ///< a worker gets the state of its neighbor's subtasks
  kUnconfirmedRemovedAtOnce,  ///< a new leader removes checkpoints above the pointer too early
  kWorkerForgottenInCheckpoint,  ///< a checkpoint does not wait for the last worker
  kEpochNotCounted,              ///< each leader numbers its attempts from the same epoch
  kBarrierLostBetweenProcesses,
  kRemoteWatermarkAhead,     ///< the watermark of a channel from another process is ahead of its
                             ///< records
  kEndedWithFirstTask,       ///< a worker reports all of its tasks as ended when only one has
  kSnapshotLacksATask,       ///< a worker does not wait for its last task
  kSplitsDealtTwice,         ///< another subtask also reads the first subtask's splits
  kHostedStateNotRestored,   ///< a chain in Flink starts empty, ignoring the state from Flink
  kHostedBarrierNotFlushed,  ///< a chain in Flink keeps records that belong before a barrier
  kChangesSinceFailedCheckpointLost,  ///< changes count from the last checkpoint that was tried
  kRemovedKeyReturns,                 ///< a restore from changes does not remove keys
  kSharedFileDeletedEarly,            ///< a shared file goes with the checkpoint that wrote it
  kSharedFilesKept,                   ///< shared files that nothing refers to are not removed
  kSupersededStateRead,      ///< a restore reads parts that a later checkpoint has written again
  kInFlightDropped,          ///< the last element in flight of a channel is not in the checkpoint
  kInFlightTwice,            ///< a restore gives the first batch in flight of a channel twice
  kInFlightOfWrongKeyGroup,  ///< records in flight follow their old subtask, whoever owns their key
  kInFlightInputForgotten,   ///< only records in flight to the first input are in the checkpoint
  kOvertakenWatermarkLost,   ///< a barrier overtakes a watermark, which is not in the checkpoint
  kRecordingEndsEarly,       ///< a checkpoint does not wait for the barriers of all channels
  kFilesOfNextLeaderRemoved,  ///< an aborted checkpoint takes all files of its directory with it
  kOlderBarrierCounts,        ///< a late barrier counts for the newer checkpoint that is open
  kRestartWithoutCause,       ///< an attempt that has just begun is restarted
  kCount,
};

#ifdef WEIR_BUGS
bool bug_enabled(Bug bug);
/// Switches one bug on and all others off. Not while a job runs.
void enable_bug(Bug bug);
void disable_bugs();
std::string_view bug_name(Bug bug);
#else
constexpr bool bug_enabled(Bug) { return false; }
#endif

}  // namespace weir
