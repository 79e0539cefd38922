#include "fs/s3/s3_xml.h"

#include <charconv>
#include <pugixml.hpp>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

constexpr int kPartNumberMax = 10000;

/// Without entities and document types: pugixml expands only the five standard entities.
StatusOr<pugi::xml_node> root_of(pugi::xml_document& document, std::string_view body,
                                 std::string_view name) {
  const pugi::xml_parse_result parsed =
      document.load_buffer(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed)
    return data_loss(cat("the store sent no XML where ", name, " is due: ", parsed.description()));
  const pugi::xml_node root = document.document_element();
  if (root.name() != name)
    return data_loss(cat("the store sent a document '", std::string(root.name()).substr(0, 64),
                         "' where '", name, "' is due"));
  return root;
}

std::string text_of(const pugi::xml_node& node, const char* name) {
  return node.child(name).text().as_string();
}

StatusOr<int64_t> number_of(const pugi::xml_node& node, const char* name, int64_t max) {
  const std::string text = text_of(node, name);
  int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > max)
    return data_loss(cat("the store sent the ", name, " '", text.substr(0, 64), "'"));
  return value;
}

/// Keys are sent encoded, because XML cannot hold all characters. '+' is a space.
StatusOr<std::string> decoded(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const std::string byte = from_hex(std::string_view(text).substr(i + 1, 2));
    if (byte.size() != 1)
      return data_loss(cat("the store sent the name '", text.substr(0, 200), "'"));
    out += byte;
    i += 2;
  }
  return out;
}

/// True if another page follows.
bool is_truncated(const pugi::xml_node& root) { return text_of(root, "IsTruncated") == "true"; }

Status no_marker(std::string_view name) {
  return data_loss(cat("the store sent a part of ", name, " and no marker of the next one"));
}

}  // namespace

S3ErrorBody parse_s3_error(std::string_view body) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8))
    return {};
  pugi::xml_node root = document.document_element();
  if (std::string_view(root.name()) == "ErrorResponse") root = root.child("Error");  // STS
  if (std::string_view(root.name()) != "Error") return {};
  return {text_of(root, "Code"), text_of(root, "Message"), text_of(root, "Region"),
          text_of(root, "RequestId")};
}

StatusOr<S3Listing> parse_s3_listing(std::string_view body) {
  constexpr std::string_view kName = "ListBucketResult";
  pugi::xml_document document;
  WEIR_ASSIGN_OR_RETURN(const pugi::xml_node root, root_of(document, body, kName));
  S3Listing listing;
  const bool encoded = text_of(root, "EncodingType") == "url";
  const auto name = [encoded](std::string text) -> StatusOr<std::string> {
    if (encoded) return decoded(text);
    return text;
  };
  for (const pugi::xml_node& node : root.children("Contents")) {
    S3Object& object = listing.objects.emplace_back();
    WEIR_ASSIGN_OR_RETURN(object.key, name(text_of(node, "Key")));
    WEIR_ASSIGN_OR_RETURN(object.size, number_of(node, "Size", INT64_MAX));
    object.modified_ms = std::max<int64_t>(0, parse_iso_time(text_of(node, "LastModified")));
    if (object.key.empty()) return data_loss("the store listed an object without a name");
  }
  for (const pugi::xml_node& node : root.children("CommonPrefixes")) {
    WEIR_ASSIGN_OR_RETURN(std::string prefix, name(text_of(node, "Prefix")));
    if (!prefix.ends_with('/'))
      return data_loss(cat("the store listed the directory '", prefix.substr(0, 200), "'"));
    listing.prefixes.push_back(std::move(prefix));
  }
  if (!is_truncated(root)) return listing;
  listing.next = text_of(root, "NextContinuationToken");
  if (listing.next.empty()) return no_marker("a listing");
  return listing;
}

StatusOr<std::string> parse_s3_upload_id(std::string_view body) {
  pugi::xml_document document;
  WEIR_ASSIGN_OR_RETURN(const pugi::xml_node root,
                        root_of(document, body, "InitiateMultipartUploadResult"));
  std::string id = text_of(root, "UploadId");
  if (id.empty()) return data_loss("the store began an upload without an id");
  return id;
}

StatusOr<S3Uploads> parse_s3_uploads(std::string_view body) {
  pugi::xml_document document;
  WEIR_ASSIGN_OR_RETURN(const pugi::xml_node root,
                        root_of(document, body, "ListMultipartUploadsResult"));
  S3Uploads page;
  const bool encoded = text_of(root, "EncodingType") == "url";
  for (const pugi::xml_node& node : root.children("Upload")) {
    S3Upload& upload = page.uploads.emplace_back();
    upload.key = text_of(node, "Key");
    if (encoded) { WEIR_ASSIGN_OR_RETURN(upload.key, decoded(upload.key)); }
    upload.id = text_of(node, "UploadId");
    if (upload.key.empty() || upload.id.empty())
      return data_loss("the store listed an upload without a key or without an id");
  }
  if (!is_truncated(root)) return page;
  page.next_key = text_of(root, "NextKeyMarker");
  if (encoded) { WEIR_ASSIGN_OR_RETURN(page.next_key, decoded(page.next_key)); }
  page.next_id = text_of(root, "NextUploadIdMarker");
  if (page.next_key.empty()) return no_marker("a list of uploads");
  return page;
}

StatusOr<S3Parts> parse_s3_parts(std::string_view body) {
  pugi::xml_document document;
  WEIR_ASSIGN_OR_RETURN(const pugi::xml_node root, root_of(document, body, "ListPartsResult"));
  S3Parts page;
  for (const pugi::xml_node& node : root.children("Part")) {
    S3Part& part = page.parts.emplace_back();
    WEIR_ASSIGN_OR_RETURN(const int64_t number, number_of(node, "PartNumber", kPartNumberMax));
    part.number = static_cast<int>(number);
    WEIR_ASSIGN_OR_RETURN(part.size, number_of(node, "Size", INT64_MAX));
    part.etag = text_of(node, "ETag");
    if (part.etag.empty()) return data_loss("the store listed a part without an ETag");
  }
  if (!is_truncated(root)) return page;
  page.next = text_of(root, "NextPartNumberMarker");
  if (page.next.empty() || page.next == "0") return no_marker("a list of parts");
  return page;
}

std::string s3_completion(const std::vector<S3Part>& parts) {
  std::string text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (const S3Part& part : parts) {
    std::string etag;
    for (const char c : part.etag)
      etag += c == '"' ? "&quot;" : c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
    text += cat("<Part><PartNumber>", part.number, "</PartNumber><ETag>", etag, "</ETag></Part>");
  }
  return text + "</CompleteMultipartUpload>";
}

StatusOr<std::string> parse_s3_completion(std::string_view body) {
  pugi::xml_document document;
  WEIR_ASSIGN_OR_RETURN(const pugi::xml_node root,
                        root_of(document, body, "CompleteMultipartUploadResult"));
  std::string etag = text_of(root, "ETag");
  if (etag.empty()) return data_loss("the store completed an upload and sent no ETag");
  return etag;
}

StatusOr<S3ExpiringCredentials> parse_sts_credentials(std::string_view body) {
  pugi::xml_document document;
  WEIR_ASSIGN_OR_RETURN(const pugi::xml_node root,
                        root_of(document, body, "AssumeRoleWithWebIdentityResponse"));
  const pugi::xml_node node = root.child("AssumeRoleWithWebIdentityResult").child("Credentials");
  S3ExpiringCredentials found;
  found.credentials = {text_of(node, "AccessKeyId"), text_of(node, "SecretAccessKey"),
                       text_of(node, "SessionToken")};
  found.expires_ms = parse_iso_time(text_of(node, "Expiration"));
  if (found.credentials.access_key.empty() || found.credentials.secret_key.empty() ||
      found.expires_ms < 0)
    return data_loss("STS sent no credentials");
  return found;
}

}  // namespace weir
