#pragma once

#include "config/config_key.h"

namespace weir {

namespace options {

inline constexpr Option<int64_t> kRestPort{
    {"rest.port", ConfigType::kInt, "",
     "Port of the REST interface of the coordinator, or of a job in one process; 0: any free one; "
     "unset: there is no such interface. Flink's default is 8081.",
     "", "", 0, 65535}};
inline constexpr Option<std::string> kRestBindPort{
    {"rest.bind-port", ConfigType::kString, "",
     "The same as a port or a range, of which the first free port is taken, such as 8081-8089."}};
inline constexpr Option<std::string> kRestBindAddress{
    {"rest.bind-address", ConfigType::kString, "127.0.0.1",
     "Address on which the REST interface listens. Requests from other machines may change "
     "something "
     "only with weir.rest.token."}};
inline constexpr Option<std::string> kRestAddress{
    {"rest.address", ConfigType::kString, "",
     "A name of this host. Requests with another name than this one or localhost are refused; "
     "those with an address are not."}};
inline constexpr Option<std::string> kRestToken{
    {"weir.rest.token", ConfigType::kSecret, "",
     "Requests that change something must have the header Authorization: Bearer TOKEN. Unset: they "
     "must come from this machine."}};
inline constexpr Option<std::string> kRestTokenFile{
    {"weir.rest.token.file", ConfigType::kString, "",
     "A file that contains it, readable by its owner only."}};
inline constexpr Option<std::string> kDashboard{
    {"web.dashboard.dir", ConfigType::kString, "",
     "A directory with the files of Flink's dashboard, which the REST interface then serves: the "
     "folder web/ of the jar flink-runtime-web, unpacked. Unset: there is no dashboard."}};
inline constexpr Option<bool> kWebCancel{
    {"web.cancel.enable", ConfigType::kBool, "true",
     "Pages have buttons that cancel, stop or save the job. It is no protection: requests that "
     "change the job are answered without it too."}};
inline constexpr Option<std::string> kArchiveDirectory{
    {"jobmanager.archive.fs.dir", ConfigType::kString, "",
     "A directory into which the job is written when it has ended, for Flink's history server. "
     "Unset: nowhere."}};

}  // namespace options

/// How a running job is watched and steered.
inline constexpr const ConfigKey* kOperatingKeys[] = {
    &options::kRestPort,    &options::kRestBindPort, &options::kRestBindAddress,
    &options::kRestAddress, &options::kRestToken,    &options::kRestTokenFile,
    &options::kDashboard,   &options::kWebCancel,    &options::kArchiveDirectory,
};

}  // namespace weir
