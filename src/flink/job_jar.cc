#include "flink/job_jar.h"

#include <zip.h>

#include <memory>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

/// 1980-02-01, in the range of the format in every time zone.
constexpr time_t kTime = 318211200;
constexpr zip_uint32_t kCompressionLevel = 4;  // removes most of a debug build, in a second

struct Discard {
  void operator()(zip_t* zip) const { zip_discard(zip); }
  void operator()(zip_source_t* source) const { zip_source_free(source); }
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using Zip = std::unique_ptr<zip_t, Discard>;
using Source = std::unique_ptr<zip_source_t, Discard>;

std::string sentence_of(zip_error_t* error) {
  std::string text = zip_error_strerror(error);
  zip_error_fini(error);
  return text;
}

StatusOr<Zip> open(std::string_view jar) {
  if (!jar.starts_with("PK"))
    return invalid_argument("this is no jar");  // libzip takes an empty input for an empty archive
  zip_error_t error;
  zip_error_init(&error);
  Source source(zip_source_buffer_create(jar.data(), jar.size(), 0, &error));
  if (source == nullptr) return internal_error(cat("cannot read a jar: ", sentence_of(&error)));
  Zip zip(zip_open_from_source(source.get(), ZIP_RDONLY | ZIP_CHECKCONS, &error));
  if (zip == nullptr) return invalid_argument(cat("this is no jar: ", sentence_of(&error)));
  (void)source.release();  // the archive owns it now
  return zip;
}

Status add(zip_t* zip, const std::string& name, zip_source_t* source) {
  const zip_int64_t index =
      source == nullptr ? -1 : zip_file_add(zip, name.c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index >= 0) return {};
  if (source != nullptr) zip_source_free(source);
  return internal_error(cat("cannot put ", name, " into the jar: ", zip_strerror(zip)));
}

StatusOr<std::string> content_of(zip_source_t* source) {
  zip_stat_t stat;
  std::string bytes;
  if (zip_source_stat(source, &stat) == 0 && zip_source_open(source) == 0) {
    bytes.resize(stat.size);
    const zip_int64_t got = zip_source_read(source, bytes.data(), bytes.size());
    zip_source_close(source);
    if (got == static_cast<zip_int64_t>(bytes.size())) return bytes;
  }
  return internal_error(
      cat("cannot write the jar: ", zip_error_strerror(zip_source_error(source))));
}

}  // namespace

StatusOr<std::string> add_to_jar(std::string_view jar, const JarEntries& entries) {
  WEIR_ASSIGN_OR_RETURN(const Zip old, open(jar));
  zip_error_t error;
  zip_error_init(&error);
  // Writes a new archive: libzip 1.7 frees memory that is not its own when it rewrites an archive
  // in memory.
  const Source target(zip_source_buffer_create(nullptr, 0, 1, &error));
  if (target == nullptr) return internal_error(cat("cannot write a jar: ", sentence_of(&error)));
  zip_source_keep(target.get());  // the archive takes one reference
  Zip zip(zip_open_from_source(target.get(), ZIP_TRUNCATE, &error));
  if (zip == nullptr) {
    zip_source_free(target.get());
    return internal_error(cat("cannot write a jar: ", sentence_of(&error)));
  }
  const zip_int64_t count = zip_get_num_entries(old.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<zip_uint64_t>(i);
    const char* name = zip_get_name(old.get(), index, 0);
    if (name == nullptr)
      return invalid_argument(cat("the jar is damaged: ", zip_strerror(old.get())));
    if (entries.contains(name)) continue;
    WEIR_RETURN_IF_ERROR(add(
        zip.get(), name, zip_source_zip(zip.get(), old.get(), index, ZIP_FL_COMPRESSED, 0, -1)));
  }
  for (const auto& [name, content] : entries) {
    WEIR_RETURN_IF_ERROR(
        add(zip.get(), name, zip_source_buffer(zip.get(), content.data(), content.size(), 0)));
    const auto index = static_cast<zip_uint64_t>(zip_get_num_entries(zip.get(), 0) - 1);
    zip_set_file_compression(zip.get(), index, ZIP_CM_DEFLATE, kCompressionLevel);
    zip_file_set_mtime(zip.get(), index, kTime, 0);
  }
  if (zip_close(zip.get()) != 0)
    return internal_error(cat("cannot write the jar: ", zip_strerror(zip.get())));
  (void)zip.release();
  return content_of(target.get());
}

StatusOr<JarEntries> read_jar(std::string_view jar) {
  WEIR_ASSIGN_OR_RETURN(const Zip opened, open(jar));
  zip_t* zip = opened.get();
  JarEntries entries;
  const zip_int64_t count = zip_get_num_entries(zip, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<zip_uint64_t>(i);
    zip_stat_t stat;
    const std::unique_ptr<zip_file_t, Discard> file(zip_fopen_index(zip, index, 0));
    if (zip_stat_index(zip, index, 0, &stat) != 0 || file == nullptr)
      return invalid_argument(cat("the jar is damaged: ", zip_strerror(zip)));
    std::string content(stat.size, '\0');
    if (zip_fread(file.get(), content.data(), content.size()) !=
        static_cast<zip_int64_t>(content.size())) {
      return invalid_argument(cat("the jar is damaged at ", stat.name, ": ", zip_strerror(zip)));
    }
    entries[stat.name] = std::move(content);
  }
  return entries;
}

}  // namespace weir
