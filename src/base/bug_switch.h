#pragma once

#include <cstddef>
#include <string_view>

namespace weir {

/// Mistakes that can be switched on, one at a time, to prove that the tests would find them. They
/// are ones that systems like this have really made. In a build without WEIR_BUGS every switch is a
/// constant false and costs nothing.
enum class Bug {
  kAckBeforeDurable,       ///< a task acknowledges before its file is closed
  kBarrierNotAligned,      ///< a channel goes on being read after its barrier
  kOffsetSavedLate,        ///< a source's position includes records behind the barrier
  kCommitNotIdempotent,    ///< a committable that comes again is made visible again
  kMetadataBeforeData,     ///< `_metadata` is written although data files are missing
  kNotifyBeforeDurable,    ///< tasks hear of completion before `_metadata` is there
  kRestoreWrongKeyGroups,  ///< after rescaling a subtask reads its neighbour's key groups
  kTimersNotRestored,
  kCommitBeforeComplete,  ///< a sink commits at the barrier
  kDropPendingCommittablesOnRestore,
  kLeftoversKept,            ///< what failed attempts left is not removed
  kWatermarkAheadOfRecords,  ///< the watermark overtakes the batch it belongs to
  kSnapshotSeesLaterWrites,  ///< pages are not copied on write
  kEndOfInputBeforeData,     ///< end of data overtakes the last records
  kReuseCheckpointId,
  kLatestPicksIncomplete,       ///< a directory without `_metadata` is taken for a checkpoint
  kLateAckOfGivenUpCheckpoint,  ///< the acknowledgement of a checkpoint that was given up counts
                                ///< for the one under way
  kRetentionDeletesNewest,
  kCreditLost,  ///< a barrier that comes from another process uses up a credit that is never given
                ///< back
  kFrameRepeated,  ///< the element that used the last credit is sent again when there are new ones
  kDeposedLeaderObeyed,   ///< a worker goes on listening to a coordinator of an earlier epoch
  kStaleLeaderCompletes,  ///< a deposed leader's checkpoint counts as complete
  kPointerIgnored,   ///< a new leader starts from the newest directory instead of what the pointer
                     ///< names
  kResultForgotten,  ///< a standby runs a job again that has ended
  kLateMessageOfEarlierAttempt,  ///< a worker's report on an earlier attempt counts for the one
                                 ///< under way
  kStartBeforeAllDeployed,       ///< tasks run while others of the attempt are not there yet
  kRestartBeforeAllLeft,         ///< an attempt is deployed while tasks of the one before still run
  kLeftoversRemovedAtOpen,  ///< a sink removes what it finds before it is certain that its attempt
                            ///< will run
  kNotifyBeforePointer,     ///< tasks hear of a checkpoint's completion before the pointer names it
  kPointerNotFenced,        ///< the pointer is set without asking whether the writer still leads
  kPlanPartOfNeighbour,     ///< a worker is sent the state of its neighbour's subtasks
  kUnconfirmedRemovedAtOnce,     ///< a new leader removes what lies above the pointer while it
                                 ///< prepares
  kWorkerForgottenInCheckpoint,  ///< a checkpoint does not wait for the last of the workers
  kEpochNotCounted,              ///< each leader numbers its attempts from the same epoch
  kBarrierLostBetweenProcesses,
  kRemoteWatermarkAhead,     ///< the watermark of a channel from another process is ahead of its
                             ///< records
  kEndedWithFirstTask,       ///< a worker says that all of its tasks have ended when one has
  kSnapshotLacksATask,       ///< a worker does not wait for the last of its tasks
  kSplitsDealtTwice,         ///< the first subtask's splits are read by another one too
  kHostedStateNotRestored,   ///< a chain in Flink starts empty whatever Flink gives it
  kHostedBarrierNotFlushed,  ///< a chain in Flink keeps records that belong before a barrier
  kCount,
};

#ifdef WEIR_BUGS
bool bug_enabled(Bug bug);
/// Switches one on, all others off. Not while a job runs.
void enable_bug(Bug bug);
void disable_bugs();
std::string_view bug_name(Bug bug);
#else
constexpr bool bug_enabled(Bug) { return false; }
#endif

}  // namespace weir
