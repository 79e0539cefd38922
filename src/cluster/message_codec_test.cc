#include <gtest/gtest.h>

#include "cluster/messages.h"

namespace weir {
namespace {

OperatorId op(uint8_t n) {
  OperatorId id;
  id.bytes[3] = n;
  return id;
}

TypeDescription list_of_points() {
  TypeDescription number{TypeKind::kInt64, "", {}, {}, 0, false};
  TypeDescription point{TypeKind::kStruct, "Point", {"x", "y"}, {number, number}, 0, false};
  return {TypeKind::kList, "", {}, {point}, 0, true};
}

AcknowledgeCheckpoint acknowledgement() {
  AcknowledgeCheckpoint ack;
  ack.attempt = first_attempt_of(7) + 3;
  ack.id = 41;
  ack.process = 2;
  SubtaskState state;
  state.keyed_state = KeyedStateHandle{{3, 5}, {0, 17, 99}, FileSegment{"data-2", 1000, 200}, 0};
  state.operator_state = OperatorStateHandle{{{"offsets", {ListStateMode::kUnion, {4, 8}}}},
                                             InlineBytes{"bytes\0here", "n"}};
  ack.states = {{op(1), 4, state}, {op(2), 0, SubtaskState{std::nullopt, std::nullopt, true}}};
  ack.files = {{"data-2", 1200, 0xFFFF'FFFF'0000'0001u, 262144}};
  ack.descriptions = {{op(1),
                       "counts",
                       list_of_points(),
                       {{KeyedStateInfo::Kind::kMap, "m", {}, list_of_points()}},
                       {{"offsets", ListStateMode::kUnion, {}}}}};
  ack.tasks = {{1, 4, 10, 20, 30, 40, {200, 9}}, {2, 0, 0, 0, 0, 0, {}, -1, true, 99}};
  return ack;
}

Deploy deployment() {
  Deploy deploy;
  deploy.attempt = 5;
  deploy.own = 1;
  deploy.own_shards = {1};
  AttemptPlan common;
  common.shards = 3;
  common.worker_of_shard = {0, 1, 0};
  common.data_addresses = {"10.0.0.1:7", "10.0.0.2:8"};
  common.restored_checkpoint = 9;
  common.restored_directory = "hdfs://nn:8020/c/chk-9";
  auto handle = std::make_shared<KeyedStateHandle>(
      KeyedStateHandle{{0, 1}, {5, 0}, InlineBytes{"x"}, 128, HostedPart{murmur3_128("x"), -7}});
  auto list =
      std::make_shared<OperatorStateHandle>(OperatorStateHandle{{{"l", {}}}, InlineBytes{"y"}});
  auto plan = std::make_shared<RestorePlan>();
  plan->checkpoint_id = 9;
  plan->operators = {
      {"map", "m", op(9), true, 2, 77, {{list, "u", ListStateMode::kUnion, {1}}}, {}}};
  common.plan = plan;
  auto sidecar = std::make_shared<Sidecar>();
  sidecar->checkpoint_id = 9;
  sidecar->operators = acknowledgement().descriptions;
  common.sidecar = sidecar;
  deploy.common = Shared(std::move(common));
  deploy.restores = {{0, 1, {{{handle, {0, 0}}}, {{list, "l", ListStateMode::kSplit, {0, 2}}}}}};
  deploy.files = {{"data-2", 1200, 0xFFFF'FFFF'0000'0001u, 4096}};
  deploy.splits = {{2, 1, {"a", "b"}, true}};
  return deploy;
}

TEST(MessageCodec, AcknowledgementRoundTrips) {
  const auto decoded = decode_from_worker(encode(FromWorker(acknowledgement())));
  ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
  const auto& ack = std::get<AcknowledgeCheckpoint>(*decoded);
  EXPECT_EQ(epoch_of(ack.attempt), 7);
  EXPECT_EQ(ack.process, 2);
  EXPECT_EQ(ack.tasks, acknowledgement().tasks);
  ASSERT_EQ(ack.states.size(), 2u);
  EXPECT_EQ(ack.states[0].operator_id, op(1));
  EXPECT_EQ(ack.states[0].subtask, 4);
  EXPECT_EQ(ack.states[0].state.keyed_state->offsets, (std::vector<int64_t>{0, 17, 99}));
  EXPECT_EQ(std::get<FileSegment>(ack.states[0].state.keyed_state->stream).offset, 1000);
  EXPECT_EQ(ack.states[0].state.operator_state->lists.at("offsets").mode, ListStateMode::kUnion);
  EXPECT_TRUE(ack.states[1].state.finished);
  EXPECT_EQ(ack.files[0].checksum, 0xFFFF'FFFF'0000'0001u);
  EXPECT_EQ(ack.descriptions, acknowledgement().descriptions);
}

MetricsOfWorker metrics() {
  MetricsOfWorker message{first_attempt_of(7) + 3, {}};
  message.report.at_ms = 123;
  message.report.process = {1, 2, 3, 4};
  message.report.left_out = 5;
  TaskFigures task{1, 2, 3, 4, 5, 6, 7, kMinWatermark, 9, 10, 11, 12, {}, 13, 14};
  task.operators = {{1,
                     {{"late", MetricGroup::Kind::kCounter, 3, {}},
                      {"delay", MetricGroup::Kind::kHistogram, 2,
                       HistogramStatistics{2, -1, 5, 0.5, 1.5, 1, 2, 3, 4, 5, 6}}}}};
  message.report.tasks = {task, TaskFigures{}};
  return message;
}

TEST(MessageCodec, MetricsRoundTrip) {
  const auto decoded = decode_from_worker(encode(FromWorker(metrics())));
  ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
  const auto& message = std::get<MetricsOfWorker>(*decoded);
  EXPECT_EQ(message.attempt, metrics().attempt);
  EXPECT_EQ(message.report, metrics().report);
}

TEST(MessageCodec, RequestsForTextsRoundTrip) {
  const auto request =
      decode_from_master(encode(FromMaster(RequestText{7, ProcessText::kStandardOutput})));
  ASSERT_TRUE(request.ok()) << request.status().to_string();
  EXPECT_EQ(std::get<RequestText>(*request).request, 7);
  EXPECT_EQ(std::get<RequestText>(*request).what, ProcessText::kStandardOutput);
  const auto text = decode_from_worker(encode(FromWorker(TextOfProcess{7, "a\nb"})));
  ASSERT_TRUE(text.ok()) << text.status().to_string();
  EXPECT_EQ(std::get<TextOfProcess>(*text).request, 7);
  EXPECT_EQ(std::get<TextOfProcess>(*text).text, "a\nb");
}

TEST(MessageCodec, RefusesAMetricWhoseKindContradictsItsValue) {
  const auto refused = [](MetricValue value) {
    MetricsOfWorker message;
    message.report.tasks.emplace_back().operators = {{0, {std::move(value)}}};
    return decode_from_worker(encode(FromWorker(message))).status().code() == StatusCode::kDataLoss;
  };
  EXPECT_FALSE(refused({"n", MetricGroup::Kind::kMeter, 1, {}}));
  EXPECT_TRUE(refused({"n", MetricGroup::Kind::kHistogram, 1, {}}));
  EXPECT_TRUE(refused({"n", MetricGroup::Kind::kCounter, 1, HistogramStatistics{}}));
  EXPECT_TRUE(refused({"n", static_cast<MetricGroup::Kind>(9), 1, {}}));
}

TEST(MessageCodec, DeploymentRoundTrips) {
  const auto decoded = decode_from_master(encode(FromMaster(deployment())));
  ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
  const auto& deploy = std::get<Deploy>(*decoded);
  EXPECT_EQ(deploy.own, 1);
  EXPECT_EQ(deploy.own_shards, (std::vector<int32_t>{1}));
  EXPECT_EQ(deploy.common->worker_of_shard, (std::vector<int32_t>{0, 1, 0}));
  EXPECT_EQ(deploy.common->data_addresses[1], "10.0.0.2:8");
  ASSERT_EQ(deploy.common->plan->operators.size(), 1u);
  EXPECT_EQ(deploy.common->plan->operators[0].uid, "m");
  EXPECT_EQ(deploy.common->plan->operators[0].for_all[0].elements, (std::vector<int>{1}));
  ASSERT_EQ(deploy.restores.size(), 1u);
  EXPECT_EQ(deploy.restores[0].subtask, 1);
  const SubtaskRestore& restore = deploy.restores[0].restore;
  EXPECT_EQ(restore.keyed[0].handle->offsets, (std::vector<int64_t>{5, 0}));
  EXPECT_EQ(restore.keyed[0].handle->hosted->types, -7);
  EXPECT_EQ(restore.lists[0].elements, (std::vector<int>{0, 2}));
  EXPECT_EQ(deploy.common->sidecar->operators, deployment().common->sidecar->operators);
  ASSERT_EQ(deploy.files.size(), 1u);
  EXPECT_EQ(deploy.files[0].name, "data-2");
  EXPECT_EQ(deploy.files[0].block_bytes, 4096);
  EXPECT_EQ(deploy.splits[0].vertex, 2);
  EXPECT_TRUE(deploy.splits[0].more_follow);
  EXPECT_EQ(deploy.splits[0].splits, (std::vector<std::string>{"a", "b"}));
}

TEST(MessageCodec, SharedPartIsTheSameInEveryMessage) {
  Deploy deploy = deployment();
  const std::string first = encode(FromMaster(deploy));
  EXPECT_EQ(encode(FromMaster(deploy)), first) << "copied";
  EXPECT_EQ(encode(FromMaster(deployment())), first) << "encoded anew";
  deploy.own = 0;
  const auto other = decode_from_master(encode(FromMaster(deploy)));
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(std::get<Deploy>(*other).own, 0);
  EXPECT_EQ(std::get<Deploy>(*other).common->data_addresses, deploy.common->data_addresses);
}

TEST(MessageCodec, FailureKeepsItsCodeAndMessage) {
  const auto decoded =
      decode_from_worker(encode(FromWorker(TaskFailed{3, "map (1/2)", data_loss("it is torn")})));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(std::get<TaskFailed>(*decoded).status.to_string(), data_loss("it is torn").to_string());
}

TEST(MessageCodec, WatermarksToAlignRoundTrip) {
  const auto report = decode_from_worker(encode(FromWorker(ReportWatermark{3, 4, 5, -6})));
  ASSERT_TRUE(report.ok());
  const auto& reported = std::get<ReportWatermark>(*report);
  EXPECT_EQ(reported.attempt, 3);
  EXPECT_EQ(reported.vertex, 4);
  EXPECT_EQ(reported.subtask, 5);
  EXPECT_EQ(reported.watermark, -6);
  const auto align = decode_from_master(encode(FromMaster(AlignWatermark{3, 4, kMaxWatermark})));
  ASSERT_TRUE(align.ok());
  EXPECT_EQ(std::get<AlignWatermark>(*align).vertex, 4);
  EXPECT_EQ(std::get<AlignWatermark>(*align).max_allowed, kMaxWatermark);
}

TEST(MessageCodec, RefusesEveryTruncation) {
  const std::string frame = encode(FromMaster(deployment()));
  for (size_t length = 0; length < frame.size(); ++length) {
    EXPECT_EQ(decode_from_master(std::string_view(frame).substr(0, length)).status().code(),
              StatusCode::kDataLoss)
        << length;
  }
  EXPECT_EQ(decode_from_master(frame + "x").status().code(), StatusCode::kDataLoss);
}

TEST(MessageCodec, ChangedBytesNeverCrashOrAllocateMuch) {
  for (const std::string& frame :
       {encode(FromWorker(acknowledgement())), encode(FromWorker(metrics())),
        encode(FromMaster(deployment()))}) {
    for (size_t i = 0; i < frame.size(); ++i) {
      for (const int change : {1, 0x80, 0xFF}) {
        std::string changed = frame;
        changed[i] = static_cast<char>(changed[i] ^ change);
        (void)decode_from_worker(changed);
        (void)decode_from_master(changed);
      }
    }
  }
}

TEST(MessageCodec, RefusesANumberThatDoesNotFitItsField) {
  const auto bytes_of = [](int64_t number) {
    BinaryWriter out;
    out.put_i64(number);
    return out.take();
  };
  constexpr int kMark = 0x01020304;
  DeclineCheckpoint decline;
  decline.process = kMark;
  decline.reason = aborted("no");
  const std::string frame = encode(FromWorker(decline));
  const size_t at = frame.find(bytes_of(kMark));
  ASSERT_NE(at, std::string::npos);
  const auto decode_with = [&](int64_t number) {
    return decode_from_worker(std::string(frame).replace(at, 8, bytes_of(number))).status().code();
  };
  EXPECT_EQ(decode_with(INT32_MAX), StatusCode::kOk);
  EXPECT_EQ(decode_with(INT32_MIN), StatusCode::kOk);
  EXPECT_EQ(decode_with(int64_t{INT32_MAX} + 1), StatusCode::kDataLoss);
  EXPECT_EQ(decode_with(int64_t{INT32_MIN} - 1), StatusCode::kDataLoss);
}

TEST(MessageCodec, RefusesEndlessNestingOfTypes) {
  TypeDescription type;
  for (int i = 0; i < 1000; ++i) {
    TypeDescription outer{TypeKind::kList, "", {}, {}, 0, false};
    outer.children.push_back(std::move(type));
    type = std::move(outer);
  }
  AcknowledgeCheckpoint ack;
  ack.descriptions = {{op(1), "", type, {}, {}}};
  EXPECT_EQ(decode_from_worker(encode(FromWorker(ack))).status().code(), StatusCode::kDataLoss);
}

TEST(MessageCodec, ReadsTheProtocolOfAnyRegistration) {
  RegisterWorker hello;
  hello.protocol = 77;
  EXPECT_EQ(protocol_of_registration(encode(FromWorker(hello)) + "a field of version 77"), 77);
  EXPECT_EQ(protocol_of_registration(encode(FromWorker(Deployed{0}))), std::nullopt);
  EXPECT_EQ(protocol_of_registration("GET / HTTP/1.1"), std::nullopt);
}

TEST(AttemptText, NamesTheLeaderOnlyWithElection) {
  EXPECT_EQ(attempt_text(first_attempt_of(0) + 3), "3");
  EXPECT_EQ(attempt_text(first_attempt_of(2) + 3), "2.3");
}

}  // namespace
}  // namespace weir
