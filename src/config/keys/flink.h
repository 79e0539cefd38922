#pragma once

#include "config/config_key.h"

namespace weir {

enum class ExecutionTarget { kWeir, kFlink };

namespace options {

inline constexpr Option<ExecutionTarget> kTarget{
    {"weir.target", ConfigType::kEnum, "weir",
     "The engine that runs the job: weir itself, or a Flink cluster (--target).", "",
     "weir,flink"}};
inline constexpr Option<std::string> kFlinkRest{
    {"weir.flink.rest", ConfigType::kString, "",
     "REST address of the Flink cluster that runs the job: http://HOST:PORT (--rest)."}};
inline constexpr Option<std::string> kFlinkJarOut{
    {"weir.flink.jar-out", ConfigType::kString, "",
     "Write the job's jar for Flink to this file and submit nothing (--jar-out)."}};
inline constexpr Option<bool> kFlinkDetached{
    {"weir.flink.detached", ConfigType::kBool, "false",
     "Return when the Flink cluster has accepted the job, not when it has ended (--detached)."}};
inline constexpr Option<std::string> kFlinkBridge{
    {"weir.flink.bridge-jar", ConfigType::kString, "",
     "The bridge's jar; unset: ../share/weir/weir-flink.jar, relative to the executable's "
     "folder."}};
inline constexpr Option<std::string> kFlinkFrom{
    {"weir.flink.from", ConfigType::kString, "",
     "For a chain in Flink: the weir snapshot that the job started from. Set by --from."}};

}  // namespace options

/// Jobs that a cluster of Flink runs.
inline constexpr const ConfigKey* kFlinkKeys[] = {
    &options::kTarget,        &options::kFlinkRest,   &options::kFlinkJarOut,
    &options::kFlinkDetached, &options::kFlinkBridge, &options::kFlinkFrom,
};

}  // namespace weir
