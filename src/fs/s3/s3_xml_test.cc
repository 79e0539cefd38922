#include "fs/s3/s3_xml.h"

#include <gtest/gtest.h>

#include "fs/testing/mutations.h"

namespace weir {
namespace {

TEST(S3Xml, ReadsAListing) {
  const auto page = parse_s3_listing(R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
<NextContinuationToken>1&amp;2=</NextContinuationToken>
<Contents><Key>a/b%20c%2B</Key><LastModified>2013-05-24T00:00:00.000Z</LastModified><Size>12</Size></Contents>
<CommonPrefixes><Prefix>a/d%C3%A9/</Prefix></CommonPrefixes></ListBucketResult>)");
  ASSERT_TRUE(page.ok()) << page.status().to_string();
  ASSERT_EQ(page->objects.size(), 1u);
  EXPECT_EQ(page->objects[0].key, "a/b c+");
  EXPECT_EQ(page->objects[0].size, 12);
  EXPECT_EQ(page->objects[0].modified_ms, 1369353600000);
  EXPECT_EQ(page->prefixes, std::vector<std::string>{"a/dé/"});
  EXPECT_EQ(page->next, "1&2=");
}

TEST(S3Xml, ReadsUploadsAndParts) {
  const auto uploads = parse_s3_uploads(
      "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>"
      "<NextUploadIdMarker>u</NextUploadIdMarker><Upload><Key>a</Key><UploadId>1</UploadId></"
      "Upload>"
      "<Upload><Key>a</Key><UploadId>2</UploadId></Upload></ListMultipartUploadsResult>");
  ASSERT_TRUE(uploads.ok()) << uploads.status().to_string();
  EXPECT_EQ(uploads->uploads.size(), 2u);
  EXPECT_EQ(uploads->next_key, "k");
  EXPECT_EQ(uploads->next_id, "u");
  const auto parts = parse_s3_parts(
      "<ListPartsResult><Part><PartNumber>1</PartNumber><ETag>\"e\"</ETag><Size>7</Size></Part>"
      "</ListPartsResult>");
  ASSERT_TRUE(parts.ok()) << parts.status().to_string();
  EXPECT_EQ(parts->parts.at(0).etag, "\"e\"");
  EXPECT_EQ(parts->next, "");
  EXPECT_EQ(
      s3_completion(parts->parts),
      "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part>"
      "<PartNumber>1</PartNumber><ETag>&quot;e&quot;</ETag></Part></CompleteMultipartUpload>");
}

TEST(S3Xml, ReadsErrorsAndNothingElse) {
  const S3ErrorBody error = parse_s3_error(
      "<Error><Code>NoSuchBucket</Code><Message>m</Message><RequestId>r</RequestId></Error>");
  EXPECT_EQ(error.code, "NoSuchBucket");
  EXPECT_EQ(error.request_id, "r");
  EXPECT_EQ(parse_s3_error("<html>502</html>").code, "");
  EXPECT_EQ(parse_s3_error("").code, "");
  EXPECT_FALSE(parse_s3_completion("<Error><Code>InternalError</Code></Error>").ok());
  EXPECT_FALSE(parse_s3_completion("<CompleteMultipartUploadResult/>").ok());
  EXPECT_EQ(*parse_s3_completion("<CompleteMultipartUploadResult><ETag>&quot;e-1&quot;</ETag>"
                                 "</CompleteMultipartUploadResult>"),
            "\"e-1\"");
}

TEST(S3Xml, ReadsCredentialsOfSts) {
  const auto found = parse_sts_credentials(
      "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
      "<AccessKeyId>a</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</"
      "SessionToken>"
      "<Expiration>2013-05-24T00:00:00Z</Expiration></Credentials></"
      "AssumeRoleWithWebIdentityResult>"
      "</AssumeRoleWithWebIdentityResponse>");
  ASSERT_TRUE(found.ok()) << found.status().to_string();
  EXPECT_EQ(found->credentials.session_token, "t");
  EXPECT_EQ(found->expires_ms, 1369353600000);
}

TEST(S3Xml, RefusesHostileDocuments) {
  const std::string deep = [] {
    std::string text;
    for (int i = 0; i < 20000; ++i) text += "<a>";
    return text;
  }();
  const std::string laughs =
      "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b "
      "\"&a;&a;&a;\">]><ListBucketResult><Contents><Key>&b;"
      "</Key></Contents></ListBucketResult>";
  for (const std::string& body :
       {std::string(), std::string("\0\xff<", 3), std::string("<ListBucketResult>"), deep, laughs,
        std::string("<html/>"), std::string("{}"),
        std::string("<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></"
                    "ListBucketResult>"),
        std::string("<ListBucketResult><Contents><Key>a</Key><Size>99999999999999999999</Size></"
                    "Contents></ListBucketResult>"),
        std::string(
            "<ListBucketResult><Contents><Key></Key><Size>1</Size></Contents></ListBucketResult>"),
        std::string("<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%zz</"
                    "Key><Size>1</Size></Contents></ListBucketResult>"),
        std::string("<ListBucketResult><CommonPrefixes><Prefix>a</Prefix></CommonPrefixes></"
                    "ListBucketResult>"),
        std::string("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>")}) {
    EXPECT_EQ(parse_s3_listing(body).status().code(), StatusCode::kDataLoss) << body.substr(0, 100);
    EXPECT_FALSE(parse_s3_uploads(body).ok());
    EXPECT_FALSE(parse_s3_parts(body).ok());
    EXPECT_FALSE(parse_s3_upload_id(body).ok());
    EXPECT_FALSE(parse_sts_credentials(body).ok());
    EXPECT_EQ(parse_s3_error(body).code, "");
  }
  EXPECT_FALSE(parse_s3_upload_id("<InitiateMultipartUploadResult/>").ok());
  EXPECT_FALSE(parse_s3_parts("<ListPartsResult><Part><PartNumber>10001</PartNumber><ETag>e</ETag>"
                              "<Size>1</Size></Part></ListPartsResult>")
                   .ok());
  EXPECT_FALSE(parse_s3_parts("<ListPartsResult><IsTruncated>true</IsTruncated>"
                              "<NextPartNumberMarker>0</NextPartNumberMarker></ListPartsResult>")
                   .ok());
}

TEST(S3Xml, DamagedDocumentsAreReadOrRefused) {
  Mutations mutations(
      {"<?xml version=\"1.0\"?><ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true"
       "</IsTruncated><NextContinuationToken>1&amp;2</NextContinuationToken><Contents><Key>a%20c"
       "</Key><LastModified>2013-05-24T00:00:00.000Z</LastModified><Size>12</Size></Contents>"
       "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes></ListBucketResult>",
       "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>"
       "<NextUploadIdMarker>u</NextUploadIdMarker><Upload><Key>a</Key><UploadId>1</UploadId>"
       "</Upload></ListMultipartUploadsResult>",
       "<ListPartsResult><Part><PartNumber>1</PartNumber><ETag>\"e\"</ETag><Size>7</Size></Part>"
       "</ListPartsResult>",
       "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
       "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>",
       "<Error><Code>NoSuchKey</Code><Message>m</Message><RequestId>r</RequestId></Error>"});
  int read = 0;
  for (std::string body; mutations.next(&body);) {
    if (const auto page = parse_s3_listing(body); page.ok()) {
      ++read;
      for (const S3Object& object : page->objects) {
        ASSERT_GE(object.size, 0) << body;
        ASSERT_FALSE(object.key.empty()) << body;
      }
    }
    if (const auto page = parse_s3_parts(body); page.ok()) {
      for (const S3Part& part : page->parts) {
        ASSERT_GE(part.number, 1) << body;
        ASSERT_GE(part.size, 0) << body;
      }
    }
    if (const auto id = parse_s3_upload_id(body); id.ok()) { ASSERT_FALSE(id->empty()) << body; }
    (void)parse_s3_uploads(body);
    (void)parse_s3_completion(body);
    (void)parse_sts_credentials(body);
    ASSERT_LE(parse_s3_error(body).code.size(), body.size());
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace weir
