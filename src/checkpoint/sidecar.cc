#include "checkpoint/sidecar.h"

#include <xxhash.h>

#include <algorithm>

#include "base/strings.h"
#include "base/version.h"
#include "checkpoint/sidecar_json.h"

namespace weir {
namespace {

constexpr int kFormatVersion = 1;
constexpr size_t kMaxFirstLine = 200;

uint64_t checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Status damaged(std::string_view what) {
  return data_loss(cat("the file of checksums and types (_weir) is damaged: ", what));
}

}  // namespace

const OperatorStateDescription* Sidecar::find(const OperatorId& id) const {
  const auto found =
      std::find_if(operators.begin(), operators.end(),
                   [&](const OperatorStateDescription& op) { return op.operator_id == id; });
  return found == operators.end() ? nullptr : &*found;
}

std::string encode_sidecar(const Sidecar& sidecar) {
  const std::string body = sidecar_to_json(sidecar) + "\n";
  return frame_to_json({kFormatVersion, static_cast<int64_t>(body.size()), checksum(body)}) + "\n" +
         body;
}

StatusOr<Sidecar> decode_sidecar(std::string_view bytes) {
  const size_t newline = bytes.substr(0, kMaxFirstLine).find('\n');
  if (newline == std::string_view::npos) return damaged("it has no first line");
  const auto frame = frame_from_json(bytes.substr(0, newline));
  if (!frame.ok()) return damaged(frame.status().message());
  if (frame->version != kFormatVersion) {
    return failed_precondition(cat("the file of checksums and types (_weir) is in format ",
                                   frame->version, "; this weir (", weir_version(),
                                   ") reads format ", kFormatVersion,
                                   ": restore with the weir that wrote it, or a newer one"));
  }
  const std::string_view body = bytes.substr(newline + 1);
  if (static_cast<int64_t>(body.size()) != frame->length) {
    return damaged(cat("it has ", body.size(), " bytes where ", frame->length, " were written"));
  }
  // Verified before parsing: an error in intact content is then a bug of the writer, not disk
  // damage.
  if (checksum(body) != frame->checksum) return damaged("its checksum does not match");
  auto sidecar = sidecar_from_json(body);
  if (!sidecar.ok()) return damaged(sidecar.status().message());
  return sidecar;
}

Status verify_metadata(const Sidecar& sidecar, std::string_view metadata_bytes) {
  if (static_cast<int64_t>(metadata_bytes.size()) != sidecar.metadata_length) {
    return data_loss(cat("_metadata has ", metadata_bytes.size(), " bytes; ",
                         sidecar.metadata_length, " were written"));
  }
  if (checksum(metadata_bytes) != sidecar.metadata_checksum) {
    return data_loss(
        "_metadata is damaged: its bytes are not those that were written (the checksum in _weir "
        "does not match)");
  }
  return {};
}

}  // namespace weir
