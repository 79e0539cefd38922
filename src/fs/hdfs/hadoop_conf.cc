#include "fs/hdfs/hadoop_conf.h"

#include <pugixml.hpp>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

constexpr int kSubstitutionsMax = 20;       // as many as Hadoop makes
constexpr size_t kValueBytesMax = 1 << 20;  // against a value that doubles itself at each

}  // namespace

Status HadoopConf::add(std::string_view xml, const std::string& file) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed) {
    return invalid_argument(cat("cannot read the Hadoop configuration ", file, ": ", parsed.description(), " at byte ", parsed.offset));
  }
  const pugi::xml_node configuration = document.child("configuration");
  if (!configuration) return invalid_argument(cat("cannot read the Hadoop configuration ", file, ": it has no <configuration> element"));
  for (const pugi::xml_node property : configuration.children("property")) {
    const std::string name(trim(property.child("name").text().get()));
    if (!name.empty()) properties_[name] = std::string(trim(property.child("value").text().get()));
  }
  return {};
}

std::optional<std::string> HadoopConf::get(const std::string& key) const {
  const auto found = properties_.find(key);
  if (found == properties_.end() || found->second.empty()) return std::nullopt;
  std::string value = found->second;
  size_t from = 0;
  for (int i = 0; i < kSubstitutionsMax && value.size() < kValueBytesMax; ++i) {
    const size_t begin = value.find("${", from);
    const size_t end = begin == std::string::npos ? begin : value.find('}', begin);
    if (end == std::string::npos) break;
    const auto other = properties_.find(value.substr(begin + 2, end - begin - 2));
    if (other == properties_.end()) {
      from = end;
    } else {
      value.replace(begin, end + 1 - begin, other->second);
    }
  }
  return value;
}

StatusOr<HadoopConf> load_hadoop_conf(FileSystem& fs, const std::string& directory) {
  HadoopConf conf;
  bool any = false;
  for (const std::string_view name : {"core-site.xml", "hdfs-site.xml"}) {
    const std::string path = join_path(directory, name);
    const auto text = read_file(fs, path);
    if (!text.ok()) {
      if (text.status().code() == StatusCode::kNotFound) continue;
      return text.status();
    }
    WEIR_RETURN_IF_ERROR(conf.add(*text, path));
    any = true;
  }
  if (!any) {
    return not_found(cat("the Hadoop configuration directory ", directory,
                         " holds neither core-site.xml nor hdfs-site.xml: set HADOOP_CONF_DIR to the directory that does, or unset it"));
  }
  return conf;
}

}  // namespace weir
