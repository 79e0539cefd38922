#pragma once

#include "config/config_key.h"

namespace weir {

enum class StateBackendType { kHashMap };
enum class ClaimMode { kNoClaim, kClaim };

namespace options {

inline constexpr Option<std::string> kStateRecoveryPath{
    {"execution.state-recovery.path", ConfigType::kString, "",
     "The checkpoint to start from: its directory, 'latest' for the newest completed one of this "
     "job, or 'none'.",
     "execution.savepoint.path"}};
inline constexpr Option<ClaimMode> kClaimMode{
    {"execution.state-recovery.claim-mode", ConfigType::kEnum, "NO_CLAIM",
     "CLAIM: the snapshot to start from, if it is not one of the job's own checkpoints, belongs to "
     "the job from then on, and is deleted when it has execution.checkpointing.num-retained newer "
     "ones. NO_CLAIM: it is never deleted.",
     "execution.savepoint-restore-mode", "NO_CLAIM,CLAIM"}};
inline constexpr Option<bool> kIgnoreUnclaimedState{
    {"execution.state-recovery.ignore-unclaimed-state", ConfigType::kBool, "false",
     "Start even if the checkpoint has state that no operator of the job claims; that state is "
     "dropped.",
     "execution.savepoint.ignore-unclaimed-state"}};
inline constexpr Option<bool> kAcceptChangedJob{{"weir.accept-changed-job", ConfigType::kBool,
                                                 "false",
                                                 "Continue a job even if it ran with other values "
                                                 "of the program's own flags before."}};
inline constexpr Option<bool> kAcceptAbandonedCheckpoint{
    {"weir.accept-abandoned-checkpoint", ConfigType::kBool, "false",
     "Continue from a checkpoint that was abandoned when the job went back to an older one. "
     "Results may be missing then."}};
inline constexpr Option<StateBackendType> kStateBackend{
    {"state.backend.type", ConfigType::kEnum, "hashmap",
     "Storage of keyed state while the job runs.", "state.backend", "hashmap"}};
inline constexpr Option<double> kCopyReserve{
    {"weir.state.copy-reserve", ConfigType::kDouble, "1",
     "While a checkpoint is written, pages of keyed state are copied before they are changed. "
     "Memory for the copies is prepared in advance: as much as the record rate and then the last "
     "checkpoint suggest, but at most this fraction of the state's size; 0: none. Nothing is "
     "prepared for states below 64 mb, or without checkpoints.",
     "", "", 0, 1}};
inline constexpr Option<int64_t> kLargeValueThreshold{
    {"weir.state.large-value-threshold", ConfigType::kSize, "16 mb",
     "A value or a map of one key that takes at least this much in a checkpoint causes a log line, "
     "and another one when it has doubled. A value above 2 gb fails the checkpoint.",
     "", "", 1}};
inline constexpr Option<bool> kLocalBackup{
    {"execution.checkpointing.local-backup.enabled", ConfigType::kBool, "false",
     "A worker keeps a copy of its state of the last checkpoint in io.tmp.dirs."}};
inline constexpr Option<bool> kFromLocal{
    {"execution.state-recovery.from-local", ConfigType::kBool, "false",
     "After a failure, surviving workers restore from their local copies. Implies "
     "execution.checkpointing.local-backup.enabled.",
     "state.backend.local-recovery"}};

}  // namespace options

/// Where state lives, and which checkpoint a job starts from.
inline constexpr const ConfigKey* kStateKeys[] = {
    &options::kStateRecoveryPath,
    &options::kClaimMode,
    &options::kIgnoreUnclaimedState,
    &options::kAcceptChangedJob,
    &options::kAcceptAbandonedCheckpoint,
    &options::kStateBackend,
    &options::kCopyReserve,
    &options::kLargeValueThreshold,
    &options::kLocalBackup,
    &options::kFromLocal,
};

}  // namespace weir
