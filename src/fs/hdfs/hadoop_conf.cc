#include "fs/hdfs/hadoop_conf.h"

#include <algorithm>
#include <pugixml.hpp>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/file_path.h"

namespace weir {
namespace {

constexpr int kSubstitutionsMax = 20;       // the same limit as Hadoop's
constexpr int kIncludesMax = 20;            // maximum depth of includes
constexpr size_t kValueBytesMax = 1 << 20;  // against a value that doubles at each substitution

/// Maps deprecated Hadoop names to the current ones.
std::string current_name(std::string name) {
  static const std::map<std::string_view, std::string_view> kRenamed = {
      {"fs.default.name", "fs.defaultFS"},
      {"dfs.federation.nameservices", "dfs.nameservices"},
      {"dfs.http.address", "dfs.namenode.http-address"},
      {"dfs.https.address", "dfs.namenode.https-address"},
  };
  const auto found = kRenamed.find(name);
  return found == kRenamed.end() ? name : std::string(found->second);
}

/// "include" for "xi:include".
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace

/// Reads one file and the files that it includes.
class HadoopConf::Reader {
 public:
  Reader(HadoopConf& conf, FileSystem& fs, std::string_view xml, const std::string& path, int depth)
      : conf_(conf), fs_(fs), xml_(xml), path_(path), depth_(depth) {}

  Status read() {
    pugi::xml_document document;
    const pugi::xml_parse_result parsed = document.load_buffer(xml_.data(), xml_.size());
    if (!parsed) return refuse(parsed.offset, parsed.description());
    const pugi::xml_node configuration = document.child("configuration");
    if (!configuration) return refuse(0, "it has no <configuration> element");
    return read_children(configuration);
  }

 private:
  std::string place(std::ptrdiff_t offset) const {
    const auto end = xml_.begin() + std::clamp<std::ptrdiff_t>(
                                        offset, 0, static_cast<std::ptrdiff_t>(xml_.size()));
    return cat(path_, ":", std::count(xml_.begin(), end, '\n') + 1);
  }
  Status refuse(std::ptrdiff_t offset, std::string_view why) const {
    return invalid_argument(cat("cannot read the Hadoop configuration ", place(offset), ": ", why));
  }

  Status read_children(const pugi::xml_node& parent) {
    for (const pugi::xml_node node : parent.children()) {
      const std::string_view name = local_name(node);
      if (name == "property") {
        read_property(node);
      } else if (name == "configuration") {  // Hadoop allows one within another
        WEIR_RETURN_IF_ERROR(read_children(node));
      } else if (name == "include") {
        WEIR_RETURN_IF_ERROR(include(node));
      }
    }
    return {};
  }

  void read_property(const pugi::xml_node& node) {
    const auto part = [&](const char* name) {
      const pugi::xml_node child = node.child(name);
      return std::string(trim(child ? child.text().get() : node.attribute(name).value()));
    };
    const std::string name = part("name");
    if (!name.empty())
      conf_.set(current_name(name),
                {part("value"), part("final") == "true", place(node.offset_debug())});
  }

  Status include(const pugi::xml_node& node) {
    std::string href(trim(node.attribute("href").value()));
    if (href.empty())
      return refuse(node.offset_debug(),
                    "an include without href, or of a part of a file, is not supported");
    if (href.starts_with("file://")) href.erase(0, 7);
    if (href.find("://") != std::string::npos)
      return refuse(node.offset_debug(),
                    cat("it includes ", href, ", but weir includes files of this machine only"));
    const std::string path = href.starts_with('/') ? href : join_path(parent_path(path_), href);
    if (depth_ >= kIncludesMax)
      return refuse(node.offset_debug(),
                    cat("it includes ", path, ", and so on; does a file include itself?"));
    const auto text = read_file(fs_, path);
    if (text.ok()) return Reader(conf_, fs_, *text, path, depth_ + 1).read();
    for (const pugi::xml_node child : node.children()) {
      if (local_name(child) == "fallback") return read_children(child);
    }
    return refuse(node.offset_debug(),
                  cat("it includes ", path, ", and has no fallback: ", text.status().message()));
  }

  HadoopConf& conf_;
  FileSystem& fs_;
  const std::string_view xml_;
  const std::string path_;
  const int depth_;
};

Status HadoopConf::add(std::string_view xml, const std::string& path, FileSystem& fs) {
  return Reader(*this, fs, xml, path, 0).read();
}

void HadoopConf::set(std::string name, Property property) {
  const auto found = properties_.find(name);
  if (found == properties_.end()) {
    properties_.emplace(std::move(name), std::move(property));
  } else if (!found->second.is_final) {
    found->second = std::move(property);
  } else if (found->second.value != property.value) {
    WEIR_LOG(kWarning) << "the Hadoop configuration " << property.place << " sets " << name
                       << ", which " << found->second.place << " made final: that stays";
  }
}

std::optional<std::string> HadoopConf::variable(const std::string& name) const {
  std::optional<std::string> value;
  if (name.starts_with("env.") && name.size() > 4) {
    const std::string_view text = std::string_view(name).substr(4);
    const size_t dash = text.find('-');
    const bool or_empty = dash != std::string_view::npos && dash > 0 && text[dash - 1] == ':';
    if (environment_) value = environment_(text.substr(0, or_empty ? dash - 1 : dash));
    if (dash != std::string_view::npos && (!value || (or_empty && value->empty())))
      value = std::string(text.substr(dash + 1));
  } else if (system_) {
    value = system_(name);
  }
  if (value) return value;
  const auto other = properties_.find(current_name(name));
  return other == properties_.end() ? std::nullopt : std::optional(other->second.value);
}

std::optional<std::string> HadoopConf::get(const std::string& key) const {
  const auto found = properties_.find(key);
  if (found == properties_.end() || found->second.value.empty()) return std::nullopt;
  std::string value = found->second.value;
  size_t from = 0;
  for (int i = 0; i < kSubstitutionsMax && value.size() < kValueBytesMax; ++i) {
    const size_t begin = value.find("${", from);
    const size_t end = begin == std::string::npos ? begin : value.find('}', begin);
    if (end == std::string::npos) break;
    const auto other = variable(value.substr(begin + 2, end - begin - 2));
    if (!other) {
      from = end;
    } else {
      value.replace(begin, end + 1 - begin, *other);
    }
  }
  return value;
}

std::string HadoopConf::place(const std::string& key) const {
  const auto found = properties_.find(key);
  return found == properties_.end() ? "" : found->second.place;
}

std::vector<std::string> HadoopConf::keys() const {
  std::vector<std::string> names;
  for (const auto& [name, property] : properties_) names.push_back(name);
  return names;
}

Status load_hadoop_conf(FileSystem& fs, const std::string& directory, HadoopConf& conf) {
  bool any = false;
  for (const std::string_view name : {"core-site.xml", "hdfs-site.xml"}) {
    const std::string path = join_path(directory, name);
    const auto text = read_file(fs, path);
    if (!text.ok()) {
      if (text.status().code() == StatusCode::kNotFound) continue;
      return text.status();
    }
    WEIR_RETURN_IF_ERROR(conf.add(*text, path, fs));
    any = true;
  }
  if (any) return {};
  return not_found(cat("the Hadoop configuration directory ", directory,
                       " holds neither core-site.xml nor hdfs-site.xml: set HADOOP_CONF_DIR to the "
                       "directory that does, or unset it"));
}

}  // namespace weir
